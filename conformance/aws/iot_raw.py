"""Requests that no SDK sends: broken, huge, and with tricks in their paths. Bytes over a socket, no SDK."""

import http.client
import json

from aws.caller import account_of, client
from promise import promise


def send(place, method, target, body=b"", headers=None):
    """One request; its status, its error's name and its members."""
    credential = f"{account_of(place)}/20260101/us-east-1/iot/aws4_request"
    signed = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={'0' * 64}",
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": "application/json",
    }
    connection = http.client.HTTPConnection(*place.server.address("api"), timeout=30)
    try:
        connection.request(method, target, body, {**signed, **(headers or {})})
        response = connection.getresponse()
        content = response.read()
        name = response.getheader("x-amzn-errortype")
        members = json.loads(content) if content else {}
        assert response.getheader("x-amzn-requestid"), response.getheaders()
        return response.status, name, members
    finally:
        connection.close()


def check(place, expected, words, *request, **more):
    status, name, members = send(place, *request, **more)
    assert (status, name) == expected, f"{request[:2]}: {status} {name} {members}"
    if expected[1]:
        assert words in members["message"], members
        assert len(members["message"]) < 2000, "the refusal repeats what was sent"


INVALID = (400, "InvalidRequestException")


@promise()
def bodies_that_are_no_call_are_refused(place):
    for words, body in [
        ("JSON", b"{"), ("JSON", b"nonsense"), ("object", b"[]"), ("object", b'"x"'), ("object", b"1"),
        ("JSON", b'{"thingTypeName":"\xff"}'), ("JSON", b"[" * 100000), ("JSON", b'{"a":' * 100000),
        ("thingTypeName", b'{"thingTypeName":7}'), ("attributePayload", b'{"attributePayload":[]}'),
        ("attributes", b'{"attributePayload":{"attributes":{"a":7}}}'),
        ("attributes", b'{"attributePayload":{"attributes":{"a":null}}}'),
        ("merge", b'{"attributePayload":{"merge":"yes"}}'),
    ]:
        check(place, INVALID, words, "POST", "/things/pump", body)
    assert client(place).list_things()["things"] == []
    check(place, (200, None), "", "POST", "/things/pump", b'{"unknown":{"deep":[1,2]},"thingTypeName":null}')
    check(place, (200, None), "", "POST", "/things/pump", b"")


@promise()
def members_of_a_wrong_type_or_range_are_refused_by_name(place):
    for words, target in [
        ("maxResults", "/things?maxResults=0"), ("maxResults", "/things?maxResults=251"),
        ("maxResults", "/things?maxResults=x"), ("maxResults", "/things?maxResults=99999999999999999999"),
        ("usePrefixAttributeValue", "/things?usePrefixAttributeValue=maybe"),
        ("NUL", "/things?nextToken=%00%ff"), ("token", "/things?nextToken=%21"),
        ("pageSize", "/certificates?pageSize=-1"),
    ]:
        check(place, INVALID, words, "GET", target)
    check(place, INVALID, "newStatus", "PUT", f"/certificates/{'ab' * 32}")
    check(place, INVALID, "x-amzn-principal", "PUT", "/things/pump/principals")
    check(place, INVALID, "policyDocument", "POST", "/policies/p", b"{}")


@promise()
def huge_bodies_names_and_lists_are_refused_and_the_server_goes_on(place):
    big = json.dumps({"attributePayload": {"attributes": {"a": "x" * 900_000}}}).encode()
    check(place, INVALID, "attribute", "POST", "/things/pump", big)
    many = json.dumps({"attributePayload": {"attributes": {str(n): "x" for n in range(60_000)}}}).encode()
    check(place, INVALID, "attributes", "POST", "/things/pump", many)
    check(place, INVALID, "", "POST", "/things/" + "a" * 20_000, b"{}")
    policy = json.dumps({"policyDocument": " " * 900_000}).encode()
    check(place, (400, "MalformedPolicyException"), "", "POST", "/policies/p", policy)
    try:
        status, name, _ = send(place, "POST", "/things/pump", b"{" + b" " * 3_000_000 + b"}")
        assert (status, name) == (413, "RequestEntityTooLargeException"), (status, name)
    except (ConnectionError, http.client.HTTPException):
        pass
    assert client(place).list_things()["things"] == []


@promise()
def paths_are_split_before_they_are_decoded(place):
    iot = client(place)
    iot.create_thing(thingName="pump")
    for target in ("/things/..%2fpump", "/things/pump%2f..%2ffan", "/things/%2e%2e", "/things/pump%00", "/things/pump%0a",
                   "/things/%ff", "/things/a%20b"):
        status, name, _ = send(place, "POST", target, b"{}")
        assert (status, name) == INVALID, (target, status, name)
        status, name, _ = send(place, "GET", target)
        assert status in (400, 404) and name, (target, status, name)
    for target in ("/things/pump/../pump", "/things//pump", "/things/pump/principals/x", "/nothing/here", "/things/./pump"):
        status, name, _ = send(place, "GET", target)
        assert status in (400, 404) and name, (target, status, name)
    check(place, (200, None), "", "GET", "/things/%70ump")
    assert [one["thingName"] for one in iot.list_things()["things"]] == ["pump"]


@promise()
def operations_that_are_not_served_are_named(place):
    for words, method, target in [
        ("CreateJob", "PUT", "/jobs/j"), ("RegisterThing", "POST", "/things"),
        ("SearchIndex", "POST", "/indices/search"), ("CreateDynamicThingGroup", "POST", "/dynamic-thing-groups/g"),
        ("CreateBillingGroup", "POST", "/billing-groups/b"),
    ]:
        check(place, (501, "NotImplementedException"), words, method, target, b"{}")
