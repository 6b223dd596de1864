"""Whole journeys: boto3 makes and changes what devices may do, and AWS's device SDKs and paho live through it."""

import json
import os
import shutil
import tempfile
import time

import paho.mqtt.client as paho
from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTClient
from awscrt import mqtt
from awsiot import mqtt_connection_builder

from aws.caller import client, refused
from aws.iot_certificates import Workshop, id_of
from promise import Inbox, promise, wait_for

ACCOUNT = "000000000000"
TRUST = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
PATIENCE_S = 10


def statement(action, tail, effect="Allow"):
    return {"Effect": effect, "Action": action, "Resource": f"arn:aws:iot:us-east-1:{ACCOUNT}:{tail}"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Equipment:
    """A thing with a certificate and a policy, made by calls as a tutorial makes them."""

    def __init__(self, place, *statements):
        self.place = place
        self.iot = client(place, account=ACCOUNT)
        self.name = f"journey-{place.number}"
        self.iot.create_thing(thingName=self.name)
        made = self.iot.create_keys_and_certificate(setAsActive=True)
        self.id, self.arn = made["certificateId"], made["certificateArn"]
        self.folder = tempfile.TemporaryDirectory(prefix="journey-")
        place.after(self.folder.cleanup)
        self.certificate = self.keep("certificate.pem", made["certificatePem"])
        self.key = self.keep("private.key", made["keyPair"]["PrivateKey"])
        self.ca = place.server.endpoints["ca"]
        self.iot.create_policy(policyName=self.name, policyDocument=document(*statements))
        self.iot.attach_policy(policyName=self.name, target=self.arn)
        self.iot.attach_thing_principal(thingName=self.name, principal=self.arn)

    def keep(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def status(self, status):
        self.iot.update_certificate(certificateId=self.id, newStatus=status)

    def policy(self, *statements):
        """The policy's new default version; at most four times."""
        self.iot.create_policy_version(policyName=self.name, policyDocument=document(*statements), setAsDefault=True)

    def events(self):
        return self.place.server.run("events")


class Paho:
    """A paho client that remembers everything it is told."""

    def __init__(self, device, name=None, version=paho.MQTTv5):
        self.inbox, self.acks, self.codes, self.gone = Inbox(), {}, [], []
        self.connack = None
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, name or device.name, protocol=version)
        self.paho.tls_set(device.ca, device.certificate, device.key)
        self.paho.reconnect_delay_set(60, 60)
        self.paho.on_connect = lambda _c, _d, _f, code, _p: setattr(self, "connack", code)
        self.paho.on_message = lambda _c, _d, message: self.inbox.put((message.topic, message.payload))
        self.paho.on_publish = lambda _c, _d, mid, code, _p: self.acks.__setitem__(mid, code)
        self.paho.on_subscribe = lambda _c, _d, _m, codes, _p: self.codes.append(codes[0])
        self.paho.on_disconnect = lambda _c, _d, _f, code, _p: self.gone.append(code)
        self.port = device.place.server.address("mqtt")[1]
        device.place.after(self.close)

    def connect(self):
        """The reason in CONNACK; none if the door stays shut."""
        try:
            self.paho.connect("localhost", self.port, keepalive=60)
        except (OSError, ConnectionError):
            return None
        self.paho.loop_start()
        end = time.monotonic() + PATIENCE_S
        while self.connack is None and not self.gone and time.monotonic() < end:
            time.sleep(0.01)
        return self.connack

    def publish(self, topic, qos=1):
        """The reason in PUBACK."""
        sent = self.paho.publish(topic, "x", qos)
        wait_for("an acknowledgement", lambda: sent.mid in self.acks)
        return self.acks[sent.mid]

    def subscribe(self, topic):
        before = len(self.codes)
        self.paho.subscribe(topic, 1)
        wait_for("SUBACK", lambda: len(self.codes) > before)
        return self.codes[-1]

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


def is_in(device):
    found = Paho(device)
    reason = found.connect()
    found.close()
    return reason is not None and not reason.is_failure


@promise(own=True)
def with_awsiotpythonsdk_from_the_first_thing_to_a_certificate_turned_off_and_on(place):
    device = Equipment(place, statement("iot:Connect", "client/*"), statement("iot:Publish", "topic/allowed/*"))

    def connected():
        made = AWSIoTMQTTClient(device.name)
        made.configureEndpoint("localhost", place.server.address("mqtt")[1])
        made.configureCredentials(device.ca, device.key, device.certificate)
        made.configureConnectDisconnectTimeout(5)
        made.configureMQTTOperationTimeout(5)
        # It gives up nothing by itself.
        made.configureAutoReconnectBackoffTime(30, 30, 31)
        assert made.connect()
        return made

    sdk = connected()
    assert sdk.publish("allowed/a", "1", 1)
    try:
        denied = sdk.publish("other/a", "1", 1)
    except Exception:  # noqa: BLE001 - the SDK's own exceptions: the connection is closed instead of an answer
        denied = False
    assert not denied, "a publish that no policy allows was acknowledged"
    wait_for("the reason", lambda: "iot:Publish on topic/other/a is not allowed" in device.events())
    device.status("INACTIVE")
    wait_for("the door to shut", lambda: not is_in(device))
    device.status("ACTIVE")
    wait_for("the door to open", lambda: is_in(device))


@promise(own=True)
def with_awsiotsdk_from_the_first_thing_to_a_certificate_turned_off_and_on(place):
    device = Equipment(place, statement("iot:Connect", "client/*"), statement("iot:Publish", "topic/allowed/*"))
    lost, back = Inbox(), Inbox()
    connection = mqtt_connection_builder.mtls_from_path(
        device.certificate, device.key, endpoint="localhost", port=place.server.address("mqtt")[1],
        ca_filepath=device.ca, client_id=device.name, clean_session=True, reconnect_min_timeout_secs=1,
        reconnect_max_timeout_secs=1, on_connection_interrupted=lambda connection, error, **_: lost.put(error),
        on_connection_resumed=lambda connection, return_code, session_present, **_: back.put(return_code))
    connection.connect().result(PATIENCE_S)
    place.after(lambda: connection.disconnect().result(PATIENCE_S))
    published, _ = connection.publish("allowed/a", "1", mqtt.QoS.AT_LEAST_ONCE)
    published.result(PATIENCE_S)
    connection.publish("other/a", "1", mqtt.QoS.AT_MOST_ONCE)
    lost.wait(1)
    wait_for("the reason", lambda: "iot:Publish on topic/other/a is not allowed" in device.events())
    back.wait(1)
    device.status("INACTIVE")
    lost.wait(2)
    wait_for("the reason", lambda: f"certificate {device.id} is INACTIVE" in device.events())
    device.status("ACTIVE")
    back.wait(2)
    published, _ = connection.publish("allowed/a", "2", mqtt.QoS.AT_LEAST_ONCE)
    published.result(PATIENCE_S)


@promise(own=True)
def a_denied_publish_is_answered_as_aws_does_in_each_version(place):
    device = Equipment(place, statement("iot:Connect", "client/*"), statement("iot:Publish", "topic/allowed"))
    five = Paho(device)
    assert not five.connect().is_failure
    assert five.publish("allowed").value == 0 and five.publish("denied").value == 0x87
    assert five.publish("allowed").value == 0, "the connection stayed"
    five.paho.publish("denied", "x", 0)
    wait_for("DISCONNECT for a denied QoS 0", lambda: five.gone)
    assert five.gone[0].value == 0x87, five.gone
    five.close()
    three = Paho(device, version=paho.MQTTv311)
    assert not three.connect().is_failure
    three.paho.publish("denied", "x", 1)
    wait_for("the closed socket", lambda: three.gone)
    assert not three.acks, "a denied publish was acknowledged"


@promise(own=True)
def a_connection_that_is_open_follows_its_policy_at_once(place):
    connect = statement("iot:Connect", "client/*")
    device = Equipment(place, connect)
    found = Paho(device)
    assert not found.connect().is_failure
    assert found.publish("a/b").value == 0x87 and found.subscribe("a/#").is_failure
    device.policy(connect, statement("iot:Publish", "topic/a/*"), statement("iot:Subscribe", "topicfilter/a/#"))
    assert found.publish("a/b").value == 0 and not found.subscribe("a/#").is_failure
    # Subscribed, and still not allowed to receive.
    assert found.publish("a/b").value == 0
    wait_for("the reason", lambda: "iot:Receive on topic/a/b is not allowed" in device.events())
    device.policy(connect, statement("iot:Publish", "topic/a/*"), statement("iot:Receive", "topic/a/*"))
    found.publish("a/b")
    assert found.inbox.wait(1) == [("a/b", b"x")], "only what came after it was allowed"
    device.iot.set_default_policy_version(policyName=device.name, policyVersionId="1")
    assert found.publish("a/b").value == 0x87
    device.iot.detach_policy(policyName=device.name, target=device.arn)
    assert found.publish("a/b").value == 0x87
    assert not found.gone, "a policy that changes ends no connection"
    assert not is_in(device), "without a policy nobody comes in"


@promise(own=True)
def a_connection_ends_when_its_certificate_is_turned_off(place):
    device = Equipment(place, statement("iot:*", "*"))
    watcher = Paho(device, "watcher")
    assert not watcher.connect().is_failure
    assert not watcher.subscribe("$aws/events/presence/disconnected/+").is_failure
    found = Paho(device)
    assert not found.connect().is_failure
    other = Equipment.__new__(Equipment)
    other.__dict__ = {**device.__dict__, "name": device.name + "-b"}
    made = device.iot.create_keys_and_certificate(setAsActive=True)
    other.certificate = device.keep("other.pem", made["certificatePem"])
    other.key = device.keep("other.key", made["keyPair"]["PrivateKey"])
    device.iot.attach_policy(policyName=device.name, target=made["certificateArn"])
    second = Paho(other)
    assert not second.connect().is_failure
    device.iot.update_certificate(certificateId=made["certificateId"], newStatus="INACTIVE")
    wait_for("the end", lambda: second.gone)
    assert second.gone[0].value == 0x87, second.gone
    (_, payload), = watcher.inbox.wait(1)
    event = json.loads(payload)
    assert event["clientId"] == other.name and event["disconnectReason"] == "FORBIDDEN_ACCESS", event
    assert event["clientInitiatedDisconnect"] is False and not found.gone, "the other certificate's connection stays"


@promise(own=True)
def on_a_full_disk_rights_are_taken_away_and_nothing_new_is_made(place):
    device, server = Equipment(place, statement("iot:*", "*")), place.server
    device.policy(statement("iot:Connect", "*"))
    spare = device.iot.create_keys_and_certificate(setAsActive=True)["certificateId"]
    rule = {"sql": "SELECT * FROM 'a'", "actions": [{"republish": {"topic": "b", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}}]}
    for name in ("loud", "louder"):
        device.iot.create_topic_rule(ruleName=name, topicRulePayload=rule)
    role = {"RoleName": "r", "PolicyName": "p"}
    iam = client(place, "iam", account=ACCOUNT)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(TRUST))
    iam.put_role_policy(**role, PolicyDocument=document(statement("iot:*", "*")))
    server.kill()
    # For the server, so much belongs to the reserve that half of it is gone.
    server.flags += ["--keep-free", str(2 * shutil.disk_usage(server.data).free)]
    server.start()
    device.iot, iam = client(place, account=ACCOUNT), client(place, "iam", account=ACCOUNT)
    found = Paho(device)
    assert not found.connect().is_failure
    for call, more in ((device.iot.create_thing, {"thingName": "new"}), (device.iot.create_keys_and_certificate, {}),
                       (device.iot.create_policy, {"policyName": "new", "policyDocument": document(statement("iot:*", "*"))}),
                       (device.iot.create_topic_rule, {"ruleName": "new", "topicRulePayload": rule})):
        refused(call, "ServiceUnavailableException", "disk is full", **more)
    device.iot.set_default_policy_version(policyName=device.name, policyVersionId="1")
    device.iot.update_certificate(certificateId=spare, newStatus="REVOKED")
    device.iot.delete_certificate(certificateId=spare)
    device.iot.disable_topic_rule(ruleName="loud")
    device.iot.delete_topic_rule(ruleName="louder")
    iam.delete_role_policy(**role)
    device.status("INACTIVE")
    wait_for("the end", lambda: found.gone)
    device.iot.detach_policy(policyName=device.name, target=device.arn)
    server.kill()
    server.flags[-1] = str(10**17)
    server.start()
    device.iot, iam = client(place, account=ACCOUNT), client(place, "iam", account=ACCOUNT)
    assert device.iot.describe_certificate(certificateId=device.id)["certificateDescription"]["status"] == "INACTIVE"
    refused(device.iot.update_certificate, "ServiceUnavailableException", "disk is full", certificateId=device.id,
            newStatus="ACTIVE")
    shown, = device.iot.list_topic_rules()["rules"]
    assert shown["ruleName"] == "loud" and shown["ruleDisabled"], shown
    device.iot.delete_topic_rule(ruleName="loud")
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == []


@promise(own=True)
def groups_bring_policies_to_their_things(place):
    device = Equipment(place, statement("iot:Connect", "client/*"))
    iot, name = device.iot, device.name
    iot.create_thing_group(thingGroupName="plant")
    iot.create_thing_group(thingGroupName="hall", parentGroupName="plant")
    iot.create_policy(policyName="plant", policyDocument=document(
        statement("iot:Publish", "topic/plant/${iot:Connection.Thing.Attributes[line]}/*")))
    iot.attach_policy(policyName="plant", target=iot.describe_thing_group(thingGroupName="plant")["thingGroupArn"])
    found = Paho(device)
    assert not found.connect().is_failure
    assert found.publish("plant/7/a").value == 0x87
    iot.add_thing_to_thing_group(thingGroupName="hall", thingName=name)
    assert found.publish("plant/7/a").value == 0x87, "the attribute has no value yet"
    iot.update_thing(thingName=name, attributePayload={"attributes": {"line": "7"}})
    assert found.publish("plant/7/a").value == 0 and found.publish("plant/8/a").value == 0x87
    iot.update_thing(thingName=name, attributePayload={"attributes": {"line": "8"}})
    assert found.publish("plant/7/a").value == 0x87 and found.publish("plant/8/a").value == 0
    iot.remove_thing_from_thing_group(thingGroupName="hall", thingName=name)
    assert found.publish("plant/8/a").value == 0x87


@promise(own=True)
def two_customers_share_a_thing_and_not_their_topics(place):
    iot = client(place, account=ACCOUNT)
    iot.create_thing(thingName="shared")
    customers = []
    for customer in ("a", "b"):
        device = Equipment.__new__(Equipment)
        device.__dict__ = {"place": place, "iot": iot, "name": f"shared-{customer}"}
        made = iot.create_keys_and_certificate(setAsActive=True)
        device.folder = tempfile.TemporaryDirectory(prefix="customer-")
        place.after(device.folder.cleanup)
        device.certificate = device.keep("certificate.pem", made["certificatePem"])
        device.key = device.keep("private.key", made["keyPair"]["PrivateKey"])
        device.ca = place.server.endpoints["ca"]
        iot.create_policy(policyName=device.name, policyDocument=document(
            statement("iot:Connect", f"client/{device.name}"), statement("iot:Publish", f"topic/{customer}/*")))
        iot.attach_policy(policyName=device.name, target=made["certificateArn"])
        iot.attach_thing_principal(thingName="shared", principal=made["certificateArn"])
        found = Paho(device)
        assert not found.connect().is_failure
        customers.append(found)
    for at, found in enumerate(customers):
        codes = [found.publish(f"{customer}/data").value for customer in ("a", "b")]
        assert codes == ([0, 0x87], [0x87, 0])[at], codes


@promise(own=True)
def a_certificate_of_a_willing_ca_registers_when_it_first_connects(place):
    device = Equipment(place, statement("iot:*", "*"))
    watcher = Paho(device)
    assert not watcher.connect().is_failure
    shop = Workshop(place)
    authority = shop.authority("works")
    code = device.iot.get_registration_code()["registrationCode"]
    ca = device.iot.register_ca_certificate(
        caCertificate=authority, verificationCertificate=shop.signed("proof", "works", f"/CN={code}"),
        setAsActive=True, allowAutoRegistration=True)["certificateId"]
    assert not watcher.subscribe(f"$aws/events/certificates/registered/{ca}").is_failure
    pem = shop.signed("leaf", "works", "/CN=newcomer")
    new = Equipment.__new__(Equipment)
    new.__dict__ = {**device.__dict__, "name": "newcomer", "certificate": shop.path("leaf.pem"), "key": shop.path("leaf.key")}
    assert not is_in(new)
    (_, payload), = watcher.inbox.wait(1)
    event = json.loads(payload)
    assert (event["certificateId"], event["certificateStatus"]) == (id_of(pem), "PENDING_ACTIVATION"), event
    described = device.iot.describe_certificate(certificateId=id_of(pem))["certificateDescription"]
    assert described["status"] == "PENDING_ACTIVATION" and described["caCertificateId"] == ca, described
    assert not is_in(new), "it waits to be activated"
    device.iot.attach_policy(policyName=device.name, target=described["certificateArn"])
    device.iot.update_certificate(certificateId=id_of(pem), newStatus="ACTIVE")
    assert is_in(new)
