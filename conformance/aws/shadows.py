"""Shadows through boto3's iot-data: the four calls, their pages, and every refusal by its exception's class."""

import http.client
import json
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from aws.caller import REGION, client, refused
from aws.iot_cli import start
from promise import promise, wait_for
from raw.wire import joined

ACCOUNT = "000000000000"


def asked(call, payload=None, **arguments):
    """The document that a call returns."""
    if payload is not None:
        arguments["payload"] = payload if isinstance(payload, (bytes, str)) else json.dumps(payload)
    return json.loads(call(**arguments)["payload"].read())


def post_topic(place, device, target, payload):
    """The status of a publish over HTTPS with a device's certificate."""
    context = ssl.create_default_context(cafile=device.ca)
    context.load_cert_chain(device.certificate, device.key)
    connection = http.client.HTTPSConnection("localhost", place.server.address("https")[1], context=context, timeout=30)
    try:
        connection.request("POST", target, payload)
        return connection.getresponse().status
    finally:
        connection.close()


def named(name, thing="t"):
    return {"thingName": thing, **({"shadowName": name} if name else {})}


@promise(values=("", "config"))
def a_shadow_is_made_changed_read_and_deleted(place, name):
    data, which = client(place, "iot-data"), named(name)
    refused(data.get_thing_shadow, "ResourceNotFoundException", "No shadow exists with name", **which)
    made = asked(data.update_thing_shadow, {"state": {"reported": {"on": False}}, "clientToken": "t-1"}, **which)
    assert (made["version"], made["clientToken"], made["state"]) == (1, "t-1", {"reported": {"on": False}}), made
    changed = asked(data.update_thing_shadow, {"state": {"desired": {"on": True}}, "version": 1}, **which)
    assert changed["version"] == 2 and set(changed) == {"state", "metadata", "version", "timestamp"}, changed
    found = asked(data.get_thing_shadow, **which)
    assert found["state"] == {"desired": {"on": True}, "reported": {"on": False}, "delta": {"on": True}}, found
    deleted = asked(data.delete_thing_shadow, **which)
    assert deleted["version"] == 2 and "timestamp" in deleted, deleted
    refused(data.delete_thing_shadow, "ResourceNotFoundException", "No shadow exists with name", **which)
    assert asked(data.update_thing_shadow, {"state": {"reported": {}}}, **which)["version"] == 3


@promise()
def a_things_shadows_are_apart(place):
    data = client(place, "iot-data")
    for number, name in enumerate(["", "a", "b"]):
        asked(data.update_thing_shadow, {"state": {"desired": {"n": number}}}, **named(name))
    for number, name in enumerate(["", "a", "b"]):
        assert asked(data.get_thing_shadow, **named(name))["state"]["desired"] == {"n": number}
    asked(data.delete_thing_shadow, **named("a"))
    assert data.list_named_shadows_for_thing(thingName="t")["results"] == ["b"]
    assert asked(data.get_thing_shadow, **named(""))["version"] == 1
    other = client(place, "iot-data", "999999999999")
    refused(other.get_thing_shadow, "ResourceNotFoundException", **named("b"))
    assert other.list_named_shadows_for_thing(thingName="t")["results"] == []


@promise()
def names_come_in_pages(place):
    data = client(place, "iot-data")
    names = sorted(f"shadow-{number}" for number in range(57))
    for name in ["", *names]:
        asked(data.update_thing_shadow, {"state": {"reported": {"x": 1}}}, **named(name))
    asked(data.update_thing_shadow, {"state": {"reported": {"x": 1}}}, **named("foreign", "t2"))
    for size in (1, 10, 57, 100):
        found, more = [], {}
        while True:
            page = data.list_named_shadows_for_thing(thingName="t", pageSize=size, **more)
            assert page["timestamp"] and len(page["results"]) <= size
            found += page["results"]
            if "nextToken" not in page:
                break
            more = {"nextToken": page["nextToken"]}
        assert found == names, (size, found)
    assert len(data.list_named_shadows_for_thing(thingName="t")["results"]) == 25
    refused(data.list_named_shadows_for_thing, "InvalidRequestException", "pageSize", thingName="t", pageSize=101)
    refused(data.list_named_shadows_for_thing, "InvalidRequestException", thingName="t", nextToken="nonsense")


def wait_for_version(data, version, **which):
    def is_there():
        try:
            return asked(data.get_thing_shadow, **which)["version"] >= version
        except data.exceptions.ResourceNotFoundException:
            return False

    wait_for(f"version {version}", is_there)


@promise()
def a_message_published_over_http_to_a_shadows_topic_is_a_request(place):
    data, name = client(place, "iot-data", ACCOUNT), place.client("thing")
    topic = f"$aws/things/{name}/shadow/name/n/update"
    data.publish(topic=topic, qos=1, payload=b'{"state":{"desired":{"on":true}}}')
    wait_for_version(data, 1, **named("n", name))
    device = place.server.device()
    answer = post_topic(place, device, f"/topics/{quote(topic, safe='')}?qos=1", b'{"state":{"reported":{"on":true}}}')
    assert answer == 200, answer
    wait_for_version(data, 2, **named("n", name))
    assert asked(data.get_thing_shadow, **named("n", name))["state"] == {"desired": {"on": True}, "reported": {"on": True}}
    refused(data.publish, "ForbiddenException", topic=f"{topic}/accepted", payload=b"{}")


@promise(own=True)
def updates_over_http_are_told_over_mqtt(place):
    data = client(place, "iot-data", ACCOUNT)
    wire = joined(place)
    assert wire.subscribe("$aws/things/t/shadow/#") == [1]
    asked(data.update_thing_shadow, {"state": {"desired": {"on": True}}}, thingName="t")
    heard = [wire.message() for _ in range(3)]
    assert [one.topic.removeprefix("$aws/things/t/shadow/") for one in heard] == [
        "update/accepted", "update/delta", "update/documents"], heard
    asked(data.get_thing_shadow, thingName="t")
    wire.expect_silence()
    asked(data.delete_thing_shadow, thingName="t")
    assert wire.message().topic == "$aws/things/t/shadow/delete/accepted"
    refused(data.delete_thing_shadow, "ResourceNotFoundException", thingName="t")
    wire.expect_silence()


@promise()
def every_refusal_has_its_class_and_says_why(place):
    data = client(place, "iot-data")
    update = data.update_thing_shadow
    asked(update, {"state": {"reported": {"x": 1}}}, thingName="t")
    invalid = {
        "Invalid JSON": b"{",
        "Missing required node: state": {},
        "State node must be an object": {"state": 1},
        "Desired node must be an object": {"state": {"desired": []}},
        "Reported node must be an object": {"state": {"reported": "x"}},
        "Invalid version": {"state": {}, "version": "1"},
        "Invalid clientToken": {"state": {}, "clientToken": "t" * 65},
        "State contains an invalid node: 'delta'": {"state": {"delta": {}}},
        "JSON contains too many levels of nesting": b'{"state":{"reported":' + b'{"a":' * 10 + b"1" + b"}" * 10 + b"}}",
    }
    for words, payload in invalid.items():
        payload = payload if isinstance(payload, bytes) else json.dumps(payload)
        answer = refused(update, "InvalidRequestException", words, thingName="t", payload=payload)
        assert answer["status"] == 400, answer
    conflict = {"state": {"reported": {"x": 2}}, "version": 7}
    answer = refused(update, "ConflictException", "Version conflict", thingName="t", payload=json.dumps(conflict))
    assert answer["status"] == 409, answer
    answer = refused(update, "UnsupportedDocumentEncodingException", thingName="t",
                     payload=b'{"state":{"reported":{"x":"\xff"}}}')
    assert answer["status"] == 415, answer
    for call in (data.get_thing_shadow, data.delete_thing_shadow):
        answer = refused(call, "ResourceNotFoundException", thingName="t", shadowName="none")
        assert answer["status"] == 404, answer
        refused(call, "InvalidRequestException", thingName="t", shadowName="a b")
        refused(call, "InvalidRequestException", thingName="t", shadowName="n" * 65)
    refused(update, "InvalidRequestException", thingName="a/b", payload=b'{"state":{}}')
    found = asked(data.get_thing_shadow, thingName="t")
    assert (found["version"], found["state"]) == (1, {"reported": {"x": 1}}), found


@promise()
def a_refusals_body_names_the_cause_and_the_way_out(place):
    connection = http.client.HTTPConnection(*place.server.address("api"), timeout=30)
    place.after(connection.close)
    connection.request("POST", f"/things/{place.client('thing')}/shadow", b'{"state":{},"version":7}')
    response = connection.getresponse()
    body = json.loads(response.read())
    assert (response.status, response.getheader("x-amzn-errortype")) == (409, "ConflictException"), body
    assert (body["code"], body["message"]) == (409, "Version conflict") and body["traceId"], body
    assert "names version 7" in body["hint"] and "leave the version out" in body["hint"], body


@promise()
def a_document_of_8_kilobytes_fits_and_one_byte_more_does_not(place):
    data = client(place, "iot-data")
    # {"x":"…"} is what counts: desired and reported without their names.
    fits = {"state": {"reported": {"x": "y" * (8192 - len('{"x":""}'))}}}
    assert asked(data.update_thing_shadow, fits, thingName="t")["version"] == 1
    fits["state"]["reported"]["x"] += "y"
    answer = refused(data.update_thing_shadow, "RequestEntityTooLargeException", "maximum size", thingName="t",
                     payload=json.dumps(fits))
    assert answer["status"] == 413, answer
    # What does not count: the token, the metadata, and another section that is taken out at once.
    asked(data.update_thing_shadow, {"state": {"desired": {"y": None}}, "clientToken": "t" * 64}, thingName="t")
    answer = refused(data.update_thing_shadow, "RequestEntityTooLargeException", thingName="t",
                     payload=json.dumps({"state": {"desired": {"y": 1}}}))
    assert answer["status"] == 413, answer


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["iot:GetThingShadow", "iot:DeleteThingShadow"],
         "Resource": "arn:aws:iot:us-east-1:000000000000:thing/reader-1"},
        {"Effect": "Allow", "Action": "iot:UpdateThingShadow",
         "Resource": "arn:aws:iot:us-east-1:000000000000:thing/reader-1/open"},
    ],
}


@promise(own=True)
def a_devices_certificate_calls_over_https_as_its_policy_says(place):
    server = place.server
    device = server.device("reader-1", "own")
    control = client(place, "iot", ACCOUNT)
    control.create_policy_version(policyName="reader-1", policyDocument=json.dumps(POLICY), setAsDefault=True)
    data = boto3.session.Session().client(
        "iot-data",
        region_name=REGION,
        endpoint_url=f"https://localhost:{server.address('https')[1]}",
        verify=device.ca,
        config=Config(signature_version=UNSIGNED, client_cert=(device.certificate, device.key),
                      retries={"total_max_attempts": 1}),
    )
    place.after(data.close)
    payload = json.dumps({"state": {"reported": {"on": True}}})
    refused(data.get_thing_shadow, "ResourceNotFoundException", thingName="reader-1")
    answer = refused(data.update_thing_shadow, "ForbiddenException", "iot:UpdateThingShadow", thingName="reader-1",
                     payload=payload)
    assert answer["status"] == 403, answer
    refused(data.get_thing_shadow, "ForbiddenException", thingName="reader-2")
    refused(data.update_thing_shadow, "ForbiddenException", thingName="reader-1", shadowName="shut", payload=payload)
    opened = data.update_thing_shadow(thingName="reader-1", shadowName="open", payload=payload)
    assert json.loads(opened["payload"].read())["version"] == 1
    assert "iot:UpdateThingShadow" in server.run("why", "reader-1")


@promise(own=True)
def a_deleted_shadows_version_is_remembered_for_48_hours(place):
    data, which = client(place, "iot-data"), {"thingName": "t"}
    state = {"state": {"reported": {"x": 1}}}
    for version in (1, 2, 3):
        assert asked(data.update_thing_shadow, state, **which)["version"] == version
    asked(data.delete_thing_shadow, **which)
    place.server.advance("47h")
    assert asked(data.update_thing_shadow, state, **which)["version"] == 4
    asked(data.delete_thing_shadow, **which)
    place.server.kill()
    # Its clock is the machine's again.
    place.server.start()
    data = client(place, "iot-data")
    place.server.advance("96h")
    assert asked(data.update_thing_shadow, state, **which)["version"] == 1


@promise(values=("aws", "awslocal"), seconds=120)
def the_aws_cli_keeps_a_shadow(place, tool):
    def cli(*words):
        done = start(place, tool, "iot-data", *words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    which = ("--thing-name", "t", "--shadow-name", "n")
    cli("update-thing-shadow", *which, "--payload", '{"state":{"desired":{"on":true}}}', "/dev/null")
    assert '"delta":{"on":true}' in cli("get-thing-shadow", *which, "/dev/stdout")
    assert json.loads(cli("list-named-shadows-for-thing", "--thing-name", "t"))["results"] == ["n"]
    assert '"version":1' in cli("delete-thing-shadow", *which, "/dev/stdout")
    refusal = start(place, tool, "iot-data", "get-thing-shadow", *which, "/dev/null").stderr
    assert "ResourceNotFoundException" in refusal and "No shadow exists with name" in refusal, refusal


@promise()
def requests_beyond_twenty_a_second_are_answered_429_over_http(place):
    connection = http.client.HTTPConnection(*place.server.address("api"), timeout=30)
    place.after(connection.close)
    found = []
    for _ in range(60):
        connection.request("POST", f"/things/{place.client('hasty')}/shadow", b'{"state":{}}')
        response = connection.getresponse()
        found.append((response.status, json.loads(response.read()).get("message")))
    assert [status for status, _ in found[:20]] == [200] * 20, found
    surplus = [one for one in found if one[0] != 200]
    assert surplus and set(surplus) == {(429, "Too many requests")}, found


@promise(seconds=240)
def ten_thousand_named_shadows_of_one_thing_are_kept_and_listed(place):
    thing, count, callers = place.client("many"), 10_000, 8

    def make(first):
        connection = http.client.HTTPConnection(*place.server.address("api"), timeout=60)
        for number in range(first, count, callers):
            connection.request("POST", f"/things/{thing}/shadow?name=s{number:05}", b'{"state":{"reported":{"x":1}}}')
            response = connection.getresponse()
            assert response.status == 200, response.read()
            response.read()
        connection.close()

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(make, range(callers)))
    data, found, more = client(place, "iot-data", ACCOUNT), [], {}
    while True:
        page = data.list_named_shadows_for_thing(thingName=thing, pageSize=100, **more)
        found += page["results"]
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert found == [f"s{number:05}" for number in range(count)], len(found)
