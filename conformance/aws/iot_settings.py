"""Endpoints, events and tags, as boto3 sees them; accounts and regions that know nothing of each other."""

import json
import os
import re
import socket
import ssl
import tempfile

from aws.caller import DOCUMENT, account_of, arn, client, refused, unserved
from promise import promise, wait_for
from raw import packets
from raw.wire import Closed, Wire

KINDS = {"THING", "THING_GROUP", "THING_TYPE", "THING_GROUP_MEMBERSHIP", "THING_GROUP_HIERARCHY",
         "THING_TYPE_ASSOCIATION", "JOB", "JOB_EXECUTION", "POLICY", "CERTIFICATE", "CA_CERTIFICATE"}


@promise()
def the_endpoint_is_a_bare_host_name_that_lasts(place):
    iot = client(place)
    host = iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    assert re.fullmatch(r"[a-z0-9]{13,14}-ats\.iot\.us-east-1\.amazonaws\.com", host), host
    assert iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"] == host
    older = host.replace("-ats", "")
    assert iot.describe_endpoint()["endpointAddress"] == older
    assert iot.describe_endpoint(endpointType="iot:Data")["endpointAddress"] == older
    west = client(place, region="eu-west-1").describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
    assert west == host.replace("us-east-1", "eu-west-1")
    for kind in ("iot:CredentialProvider", "iot:Jobs", "iot:DeviceAdvisor", "iot:Data-Beta"):
        unserved(iot.describe_endpoint, kind, endpointType=kind)
    refused(iot.describe_endpoint, "InvalidRequestException", "iot:Data-ATS", endpointType="nonsense")


@promise()
def events_are_off_until_they_are_turned_on_one_by_one(place):
    iot = client(place)
    before = iot.describe_event_configurations()
    assert before["eventConfigurations"] == {kind: {"Enabled": False} for kind in KINDS}
    assert "creationDate" not in before
    iot.update_event_configurations(eventConfigurations={"THING": {"Enabled": True}, "POLICY": {"Enabled": True}})
    iot.update_event_configurations(eventConfigurations={"POLICY": {"Enabled": False}})
    after = iot.describe_event_configurations()
    on = {kind for kind, one in after["eventConfigurations"].items() if one["Enabled"]}
    assert on == {"THING"} and after["creationDate"] <= after["lastModifiedDate"]
    refused(iot.update_event_configurations, "InvalidRequestException", "THINGS",
            eventConfigurations={"THINGS": {"Enabled": True}})


@promise(own=True)
def registry_events_are_published_once_they_are_turned_on(place):
    iot = client(place, account="000000000000")
    wire = Wire(place.server.address("plain"))
    place.after(wire.drop)
    wire.connect(place.client())
    wire.subscribe("$aws/events/thing/#", qos=0)
    iot.create_thing(thingName="silent")
    iot.update_event_configurations(eventConfigurations={"THING": {"Enabled": True}})
    iot.create_thing(thingName="pump", attributePayload={"attributes": {"a": "1"}})
    iot.update_thing(thingName="pump", attributePayload={"attributes": {}})
    iot.delete_thing(thingName="pump")
    for operation, version in (("created", 1), ("updated", 2), ("deleted", 2)):
        message = wire.message()
        assert message.topic == f"$aws/events/thing/pump/{operation}", message.topic
        said = json.loads(message.payload)
        assert said["eventType"] == "THING_EVENT" and said["operation"] == operation.upper(), said
        assert said["thingName"] == "pump" and said["versionNumber"] == version and said["accountId"] == "0" * 12


@promise()
def tags_are_added_replaced_listed_and_removed(place):
    iot = client(place)
    iot.create_policy(policyName="p", policyDocument=DOCUMENT, tags=[{"Key": "a", "Value": "1"}])
    iot.create_thing_type(thingTypeName="kind", tags=[{"Key": "a", "Value": "1"}])
    iot.create_thing_group(thingGroupName="g", tags=[{"Key": "a", "Value": "1"}])
    for resource in ("policy/p", "thingtype/kind", "thinggroup/g"):
        name = arn(place, resource)
        iot.tag_resource(resourceArn=name, tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
        assert iot.list_tags_for_resource(resourceArn=name)["tags"] == [
            {"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
        iot.untag_resource(resourceArn=name, tagKeys=["a", "nobody"])
        assert iot.list_tags_for_resource(resourceArn=name)["tags"] == [{"Key": "b", "Value": ""}]
        error = refused(iot.tag_resource, "LimitExceededException", "50", resourceArn=name,
                        tags=[{"Key": str(number), "Value": "x"} for number in range(50)])
        assert error["status"] == 410
        refused(iot.tag_resource, "InvalidRequestException", "aws:", resourceArn=name,
                tags=[{"Key": "aws:x", "Value": "x"}])
    full = arn(place, "policy/p")
    iot.tag_resource(resourceArn=full, tags=[{"Key": f"k{number:02}", "Value": "x"} for number in range(49)])
    answer = iot.list_tags_for_resource(resourceArn=full)
    assert len(answer["tags"]) == 50 and "nextToken" not in answer


@promise()
def what_carries_no_tags_is_refused(place):
    iot = client(place)
    iot.create_thing(thingName="pump")
    tag = [{"Key": "a", "Value": "1"}]
    for name in ("nonsense", arn(place, "thing/pump"), "arn:aws:iot:us-east-1:999999999999:policy/p"):
        refused(iot.tag_resource, "InvalidRequestException", "ARN", resourceArn=name, tags=tag)
        refused(iot.untag_resource, "InvalidRequestException", "ARN", resourceArn=name, tagKeys=["a"])
        refused(iot.list_tags_for_resource, "InvalidRequestException", "ARN", resourceArn=name)
    for resource in ("policy/nobody", "thingtype/nobody", "thinggroup/nobody", "cacert/" + "ab" * 32):
        name = arn(place, resource)
        refused(iot.tag_resource, "ResourceNotFoundException", "no", resourceArn=name, tags=tag)
        refused(iot.untag_resource, "ResourceNotFoundException", "no", resourceArn=name, tagKeys=["a"])
        refused(iot.list_tags_for_resource, "ResourceNotFoundException", "no", resourceArn=name)


def fill(iot):
    """One of everything; what lists show of it."""
    certificate = iot.create_keys_and_certificate()["certificateArn"]
    iot.create_thing_type(thingTypeName="kind")
    iot.create_thing_group(thingGroupName="g")
    iot.create_thing(thingName="pump", thingTypeName="kind")
    iot.create_policy(policyName="p", policyDocument=DOCUMENT)
    iot.attach_thing_principal(thingName="pump", principal=certificate)
    iot.attach_policy(policyName="p", target=certificate)
    iot.add_thing_to_thing_group(thingGroupName="g", thingName="pump")
    iot.update_event_configurations(eventConfigurations={"JOB": {"Enabled": True}})
    return certificate


def seen(iot):
    return {
        "things": [one["thingArn"] for one in iot.list_things()["things"]],
        "types": [one["thingTypeArn"] for one in iot.list_thing_types()["thingTypes"]],
        "groups": [one["groupArn"] for one in iot.list_thing_groups()["thingGroups"]],
        "policies": [one["policyArn"] for one in iot.list_policies()["policies"]],
        "certificates": [one["certificateArn"] for one in iot.list_certificates()["certificates"]],
        "job": iot.describe_event_configurations()["eventConfigurations"]["JOB"]["Enabled"],
    }


NOTHING = {"things": [], "types": [], "groups": [], "policies": [], "certificates": [], "job": False}


@promise(values=("account", "region"))
def what_one_account_or_region_holds_no_other_one_sees(place, by):
    own = client(place)
    other = client(place, account=f"9{account_of(place)[1:]}") if by == "account" else client(place, region="eu-west-1")
    certificate = fill(own)
    before = seen(own)
    assert seen(other) == NOTHING
    for call, arguments in [
        (other.describe_thing, {"thingName": "pump"}),
        (other.describe_certificate, {"certificateId": certificate.split("/")[1]}),
        (other.update_certificate, {"certificateId": certificate.split("/")[1], "newStatus": "ACTIVE"}),
        (other.delete_certificate, {"certificateId": certificate.split("/")[1], "forceDelete": True}),
        (other.get_policy, {"policyName": "p"}),
        (other.describe_thing_group, {"thingGroupName": "g"}),
        (other.describe_thing_type, {"thingTypeName": "kind"}),
        (other.list_thing_principals, {"thingName": "pump"}),
    ]:
        refused(call, "ResourceNotFoundException", **arguments)
    refused(other.list_principal_things, "InvalidRequestException", "belong", principal=certificate)
    other.delete_thing(thingName="pump")
    other.delete_thing_group(thingGroupName="g")
    fill(other)
    theirs = seen(other)
    assert all(len(theirs[kind]) == 1 and theirs[kind] != before[kind] for kind in NOTHING if kind != "job")
    refused(other.attach_thing_principal, "InvalidRequestException", "belong", thingName="pump", principal=certificate)
    assert seen(own) == before


@promise(own=True, seconds=120)
def everything_is_there_again_after_a_kill(place):
    iot = client(place)
    fill(iot)
    before = seen(iot)
    code = iot.get_registration_code()["registrationCode"]
    place.server.kill()
    place.server.start()
    iot = client(place)
    assert seen(iot) == before
    assert iot.get_registration_code()["registrationCode"] == code
    assert iot.list_things_in_thing_group(thingGroupName="g")["things"] == ["pump"]
    assert len(iot.list_thing_principals(thingName="pump")["principals"]) == 1
    assert len(iot.list_targets_for_policy(policyName="p")["targets"]) == 1


@promise()
def a_certificate_made_by_a_call_connects_as_its_policy_says(place):
    iot = client(place, account="000000000000")
    made = iot.create_keys_and_certificate(setAsActive=True)
    place.after(lambda: iot.delete_certificate(certificateId=made["certificateId"], forceDelete=True))
    place.after(lambda: iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE"))
    name = f"connects-{place.number}"
    asked = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"arn:aws:iot:us-east-1:000000000000:client/{name}"}]}
    iot.create_policy(policyName=name, policyDocument=json.dumps(asked))
    place.after(lambda: iot.delete_policy(policyName=name))
    place.after(lambda: iot.detach_policy(policyName=name, target=made["certificateArn"]))
    connect = connector(place, made)
    assert connect(name) is False, "a certificate without a policy connected"
    iot.attach_policy(policyName=name, target=made["certificateArn"])
    assert connect(name) is True and connect("other") is False
    iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
    wait_for("an inactive certificate is refused", lambda: connect(name) is False)


def connector(place, made):
    """Tells whether a client id is let in with the certificate."""
    folder = tempfile.TemporaryDirectory()
    place.after(folder.cleanup)
    paths = [os.path.join(folder.name, name) for name in ("c.pem", "c.key")]
    for path, text in zip(paths, (made["certificatePem"], made["keyPair"]["PrivateKey"])):
        with open(path, "w") as file:
            file.write(text)
    context = ssl.create_default_context(cafile=place.server.endpoints["ca"])
    context.load_cert_chain(*paths)

    def connect(name):
        stream = socket.create_connection(place.server.address("mqtt"), timeout=10)
        try:
            wire = Wire(None, stream=context.wrap_socket(stream, server_hostname="localhost"))
            wire.send(packets.connect(name))
            packet = wire.packet()
            return packet is not None and packet.code == 0
        except (ssl.SSLError, ConnectionError, Closed):
            return False
        finally:
            stream.close()

    return connect
