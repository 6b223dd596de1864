"""Things, their types and their principals, as boto3 sees them."""

import re
import time

from aws.caller import account_of, arn, client, pages, refused, unserved
from promise import promise, wait_for
from raw.wire import joined

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@promise()
def a_thing_is_created_described_updated_and_deleted(place):
    iot = client(place)
    made = iot.create_thing(thingName="pump", attributePayload={"attributes": {"room": "12", "floor": "1"}})
    assert made["thingName"] == "pump" and made["thingArn"] == arn(place, "thing/pump")
    assert UUID.fullmatch(made["thingId"]), made
    shown = iot.describe_thing(thingName="pump")
    assert shown["defaultClientId"] == "pump" and shown["thingId"] == made["thingId"] and shown["version"] == 1
    assert shown["attributes"] == {"room": "12", "floor": "1"} and "thingTypeName" not in shown
    iot.update_thing(thingName="pump", attributePayload={"attributes": {"room": "13"}, "merge": True})
    assert iot.describe_thing(thingName="pump")["attributes"] == {"room": "13", "floor": "1"}
    iot.update_thing(thingName="pump", attributePayload={"attributes": {"room": ""}, "merge": True})
    assert iot.describe_thing(thingName="pump")["attributes"] == {"floor": "1"}
    iot.update_thing(thingName="pump", attributePayload={"attributes": {"model": "x"}}, expectedVersion=3)
    shown = iot.describe_thing(thingName="pump")
    assert shown["attributes"] == {"model": "x"} and shown["version"] == 4
    iot.update_thing(thingName="pump", attributePayload={"attributes": {}})
    assert iot.describe_thing(thingName="pump")["attributes"] == {}
    iot.delete_thing(thingName="pump", expectedVersion=5)
    refused(iot.describe_thing, "ResourceNotFoundException", "pump", thingName="pump")
    iot.delete_thing(thingName="pump")


@promise()
def creating_a_thing_again_succeeds_only_with_the_same_settings(place):
    iot = client(place)
    first = iot.create_thing(thingName="pump", attributePayload={"attributes": {"a": "1"}})
    again = iot.create_thing(thingName="pump", attributePayload={"attributes": {"a": "1"}})
    assert again["thingId"] == first["thingId"]
    error = refused(iot.create_thing, "ResourceAlreadyExistsException", "pump", thingName="pump")
    assert error["status"] == 409
    assert error["resourceId"] == first["thingId"] and error["resourceArn"] == first["thingArn"], error


@promise()
def a_thing_is_refused_by_the_rule_it_breaks(place):
    iot = client(place)
    four = {"attributes": {str(number): "x" for number in range(4)}}
    for words, arguments in [
        ("letters", {"thingName": "a b"}),
        ("letters", {"thingName": "../../etc"}),
        ("128", {"thingName": "a" * 129}),
        ("3 attributes", {"thingName": "pump", "attributePayload": four}),
        ("attribute", {"thingName": "pump", "attributePayload": {"attributes": {"a": "x y"}}}),
        ("attribute", {"thingName": "pump", "attributePayload": {"attributes": {"a": "x" * 801}}}),
    ]:
        refused(iot.create_thing, "InvalidRequestException", words, **arguments)
    refused(iot.create_thing, "ResourceNotFoundException", "no-type", thingName="pump", thingTypeName="no-type")
    unserved(iot.create_thing, "billing groups", thingName="pump", billingGroupName="ours")
    assert iot.list_things()["things"] == []
    refused(iot.update_thing, "ResourceNotFoundException", "pump", thingName="pump")
    iot.create_thing(thingName="pump")
    for call in (iot.update_thing, iot.delete_thing):
        error = refused(call, "VersionConflictException", "version", thingName="pump", expectedVersion=7)
        assert error["status"] == 409
        refused(call, "VersionConflictException", "version", thingName="pump", expectedVersion=-1)


@promise()
def things_are_listed_in_pages_and_by_attribute_and_type(place):
    iot = client(place)
    iot.create_thing_type(thingTypeName="kind")
    for number in range(7):
        arguments = {"thingTypeName": "kind"} if number % 2 else {}
        attributes = {"room": f"1{number}", "floor": "1" if number < 4 else "2"}
        iot.create_thing(thingName=f"t{number}", attributePayload={"attributes": attributes}, **arguments)

    def names(**arguments):
        return [thing["thingName"] for thing in pages(iot.list_things, "things", 2, **arguments)]

    assert names() == [f"t{number}" for number in range(7)]
    assert names(thingTypeName="kind") == ["t1", "t3", "t5"]
    assert names(attributeName="floor", attributeValue="2") == ["t4", "t5", "t6"]
    assert names(attributeName="floor", attributeValue="2", thingTypeName="kind") == ["t5"]
    assert names(attributeName="room", attributeValue="1", usePrefixAttributeValue=True) == names()
    assert names(attributeName="room", attributeValue="1") == []
    assert names(thingTypeName="no-type") == []
    one = iot.list_things(maxResults=1)["things"][0]
    assert one["thingArn"] == arn(place, "thing/t0") and one["version"] == 1 and one["attributes"]["room"] == "10"
    listed = [thing["thingName"] for page in iot.get_paginator("list_things").paginate() for thing in page["things"]]
    assert listed == names()
    refused(iot.list_things, "InvalidRequestException", "together", attributeName="room")
    refused(iot.list_things, "InvalidRequestException", "token", nextToken="ä")


@promise()
def a_page_has_25_items_unless_the_call_says_otherwise(place):
    iot = client(place)
    for number in range(30):
        iot.create_thing(thingName=f"t{number:02}")
    answer = iot.list_things()
    assert len(answer["things"]) == 25 and answer["nextToken"]
    rest = iot.list_things(nextToken=answer["nextToken"])
    assert len(rest["things"]) == 5 and "nextToken" not in rest
    assert len(iot.list_things(maxResults=250)["things"]) == 30
    refused(iot.list_things, "InvalidRequestException", "maxResults", maxResults=251)


@promise(own=True, seconds=120)
def a_type_is_deprecated_for_five_minutes_before_it_is_deleted(place):
    iot = client(place)
    made = iot.create_thing_type(
        thingTypeName="kind",
        thingTypeProperties={"thingTypeDescription": "a kind", "searchableAttributes": ["room"]},
        tags=[{"Key": "team", "Value": "x"}],
    )
    assert made["thingTypeArn"] == arn(place, "thingtype/kind") and UUID.fullmatch(made["thingTypeId"])
    shown = iot.describe_thing_type(thingTypeName="kind")
    assert shown["thingTypeId"] == made["thingTypeId"]
    assert shown["thingTypeProperties"]["thingTypeDescription"] == "a kind"
    assert shown["thingTypeProperties"]["searchableAttributes"] == ["room"]
    assert shown["thingTypeMetadata"]["deprecated"] is False
    assert shown["thingTypeMetadata"]["creationDate"].year > 2000
    refused(iot.delete_thing_type, "InvalidRequestException", "deprecate", thingTypeName="kind")
    iot.create_thing(thingName="pump", thingTypeName="kind")
    iot.deprecate_thing_type(thingTypeName="kind")
    assert iot.describe_thing_type(thingTypeName="kind")["thingTypeMetadata"]["deprecationDate"].year > 2000
    refused(iot.delete_thing_type, "InvalidRequestException", "five minutes", thingTypeName="kind")
    refused(iot.create_thing, "InvalidRequestException", "deprecated", thingName="two", thingTypeName="kind")
    iot.deprecate_thing_type(thingTypeName="kind", undoDeprecate=True)
    iot.create_thing(thingName="two", thingTypeName="kind")
    iot.deprecate_thing_type(thingTypeName="kind")
    place.server.advance("301s")
    refused(iot.delete_thing_type, "InvalidRequestException", "has things", thingTypeName="kind")
    iot.update_thing(thingName="pump", removeThingType=True)
    iot.delete_thing(thingName="two")
    iot.delete_thing_type(thingTypeName="kind")
    refused(iot.describe_thing_type, "ResourceNotFoundException", "kind", thingTypeName="kind")


@promise()
def types_are_created_once_updated_in_part_and_listed(place):
    iot = client(place)
    first = iot.create_thing_type(thingTypeName="a")
    assert iot.create_thing_type(thingTypeName="a")["thingTypeId"] == first["thingTypeId"]
    other = {"thingTypeDescription": "another"}
    error = refused(iot.create_thing_type, "ResourceAlreadyExistsException", "a", thingTypeName="a",
                    thingTypeProperties=other)
    assert error["resourceArn"] == first["thingTypeArn"]
    refused(iot.create_thing_type, "InvalidRequestException", "searchable", thingTypeName="b",
            thingTypeProperties={"searchableAttributes": list("abcd")})
    mqtt = {"propagatingAttributes": [{"userPropertyKey": "client", "connectionAttribute": "iot:ClientId"}]}
    iot.update_thing_type(thingTypeName="a", thingTypeProperties={**other, "searchableAttributes": ["x"]})
    iot.update_thing_type(thingTypeName="a", thingTypeProperties={"mqtt5Configuration": mqtt})
    shown = iot.describe_thing_type(thingTypeName="a")["thingTypeProperties"]
    assert shown == {**other, "searchableAttributes": ["x"], "mqtt5Configuration": mqtt}, shown
    both = {"userPropertyKey": "x", "connectionAttribute": "iot:ClientId", "thingAttribute": "room"}
    refused(iot.update_thing_type, "InvalidRequestException", "one place", thingTypeName="a",
            thingTypeProperties={"mqtt5Configuration": {"propagatingAttributes": [both]}})
    for call in (iot.update_thing_type, iot.deprecate_thing_type, iot.delete_thing_type):
        refused(call, "ResourceNotFoundException", "nothing", thingTypeName="nothing")
    iot.create_thing_type(thingTypeName="b")
    iot.create_thing_type(thingTypeName="c")
    listed = pages(iot.list_thing_types, "thingTypes", 2)
    assert [kind["thingTypeName"] for kind in listed] == ["a", "b", "c"]
    assert [kind["thingTypeName"] for kind in iot.list_thing_types(thingTypeName="b")["thingTypes"]] == ["b"]
    assert iot.list_thing_types(thingTypeName="z")["thingTypes"] == []


@promise()
def a_certificate_is_attached_to_things_and_keeps_them_from_deletion(place):
    iot = client(place)
    ids = [iot.create_keys_and_certificate() for _ in range(3)]
    arns = [made["certificateArn"] for made in ids]
    iot.create_thing(thingName="pump")
    iot.create_thing(thingName="fan")
    for principal in arns:
        iot.attach_thing_principal(thingName="pump", principal=principal)
    iot.attach_thing_principal(thingName="pump", principal=arns[0])
    iot.attach_thing_principal(thingName="fan", principal=arns[0])
    assert sorted(pages(iot.list_thing_principals, "principals", 2, thingName="pump")) == sorted(arns)
    assert pages(iot.list_principal_things, "things", 1, principal=arns[0]) == ["fan", "pump"]
    refused(iot.delete_thing, "InvalidRequestException", "detach", thingName="pump")
    for principal in arns:
        iot.detach_thing_principal(thingName="pump", principal=principal)
    iot.detach_thing_principal(thingName="pump", principal=arns[0])
    assert iot.list_thing_principals(thingName="pump")["principals"] == []
    iot.delete_thing(thingName="pump")
    refused(iot.list_thing_principals, "ResourceNotFoundException", "pump", thingName="pump")
    refused(iot.attach_thing_principal, "ResourceNotFoundException", "pump", thingName="pump", principal=arns[0])


@promise()
def an_exclusive_certificate_has_one_thing(place):
    iot = client(place)
    shared, own = (iot.create_keys_and_certificate()["certificateArn"] for _ in range(2))
    for name in ("pump", "fan"):
        iot.create_thing(thingName=name)
    iot.attach_thing_principal(thingName="pump", principal=own, thingPrincipalType="EXCLUSIVE_THING")
    iot.attach_thing_principal(thingName="pump", principal=shared)
    refused(iot.attach_thing_principal, "InvalidRequestException", "exclusively", thingName="fan", principal=own)
    refused(iot.attach_thing_principal, "InvalidRequestException", "exclusively", thingName="fan", principal=shared,
            thingPrincipalType="EXCLUSIVE_THING")
    kinds = {own: "EXCLUSIVE_THING", shared: "NON_EXCLUSIVE_THING"}
    listed = pages(iot.list_thing_principals_v2, "thingPrincipalObjects", 1, thingName="pump")
    assert {one["principal"]: one["thingPrincipalType"] for one in listed} == kinds
    only = iot.list_thing_principals_v2(thingName="pump", thingPrincipalType="EXCLUSIVE_THING")
    assert [one["principal"] for one in only["thingPrincipalObjects"]] == [own]
    things = iot.list_principal_things_v2(principal=own)["principalThingObjects"]
    assert things == [{"thingName": "pump", "thingPrincipalType": "EXCLUSIVE_THING"}]
    none = iot.list_principal_things_v2(principal=own, thingPrincipalType="NON_EXCLUSIVE_THING")
    assert none["principalThingObjects"] == []


@promise()
def a_principal_that_is_none_is_refused(place):
    iot = client(place)
    iot.create_thing(thingName="pump")
    unknown = arn(place, "cert/" + "ab" * 32)
    for call in (iot.attach_thing_principal, iot.detach_thing_principal):
        refused(call, "ResourceNotFoundException", "abab", thingName="pump", principal=unknown)
        for principal in ("nonsense", arn(place, "cert/xyz"), arn(place, "thinggroup/g"),
                          unknown.replace(account_of(place), "999999999999")):
            refused(call, "InvalidRequestException", thingName="pump", principal=principal)
    for call in (iot.list_principal_things, iot.list_principal_things_v2):
        refused(call, "ResourceNotFoundException", "abab", principal=unknown)
    identity = "us-east-1:01234567-89ab-cdef-0123-456789abcdef"
    unserved(iot.attach_thing_principal, "Cognito", thingName="pump", principal=identity)


@promise()
def connectivity_is_that_of_the_client_with_the_things_name(place):
    iot, name = client(place, account="000000000000"), place.client("thing")
    ask = iot.get_thing_connectivity_data
    refused(ask, "ResourceNotFoundException", name, thingName=name)
    iot.create_thing(thingName=name)
    found = ask(thingName=name)
    del found["ResponseMetadata"]
    assert found == {"thingName": name, "connected": False}, found
    wire = joined(place, "thing", keep_alive=77)
    found = ask(thingName=name)
    assert (found["connected"], found["clientId"], found["keepAliveDuration"]) == (True, name, 77), found
    assert found["cleanSession"] is True and "sourceIp" not in found and "disconnectReason" not in found, found
    since = found["timestamp"]
    assert ask(thingName=name, includeSocketInformation=True)["sourceIp"] == "127.0.0.1"
    wire.disconnect()
    found = wait_for("the end", lambda: (found := ask(thingName=name))["connected"] is False and found)
    assert found["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT" and found["timestamp"] >= since, found
    refused(client(place).get_thing_connectivity_data, "ResourceNotFoundException", name, thingName=name)


@promise(own=True)
def connectivity_is_known_after_a_kill_and_long_after_leaving(place):
    server, name, account = place.server, place.client("thing"), "000000000000"
    client(place, account=account).create_thing(thingName=name)
    ask = lambda: client(place, account=account).get_thing_connectivity_data(thingName=name)  # noqa: E731
    wire = joined(place, "thing")
    assert ask()["connected"] is True
    server.kill()
    server.start()
    found = ask()
    assert (found["connected"], found["disconnectReason"], found["clientId"]) == (False, "SERVER_ERROR", name), found
    since = found["timestamp"]
    time.sleep(1.1)
    server.kill()
    server.start()
    assert ask()["timestamp"] == since
    wire = joined(place, "thing")
    assert ask()["connected"] is True
    wire.disconnect()
    wait_for("the end", lambda: ask()["connected"] is False)
    server.advance("40d")
    found = ask()
    assert (found["connected"], found["disconnectReason"]) == (False, "CLIENT_INITIATED_DISCONNECT"), found
    server.kill()
    server.start()
    assert ask()["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"
    client(place, account=account).delete_thing(thingName=name)
    client(place, account=account).create_thing(thingName=name)
    found = ask()
    assert found["connected"] is False and "timestamp" not in found, found
