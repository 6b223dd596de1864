"""docs/messages.md: every message that it shows, brought about and compared. With BLESS=1 the page is written instead."""

import json
import os
import pathlib
import re

from aws.caller import client as boto
from clients.understanding import ACCOUNT, Device, own_device
from promise import promise, wait_for
from raw.wire import Wire

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "messages.md"
# A paragraph that begins with a topic, and the message below it.
EXAMPLE = re.compile(r"^`([^`\n]+)`[^\n]*(?:\n[^\n]+)*\n\n```json\n(.*?)```", re.M | re.S)
# Texts that nobody knows beforehand, and what the page shows for them.
UNKNOWN = {
    "principalIdentifier": "4c6e…",
    "sessionIdentifier": "0c8b1a9e-6c3f-4e1c-9a57-2f6d3f0f5b11",
    "eventId": "8b9e2f50-1c1e-4d0a-9d4b-6f0f6f1d2a77",
    "traceId": "6f1d2a77-9d4b-4d0a-8b9e-2f501c1e6f0f",
    "cloudwatchTraceId": "2f6d3f0f-9a57-4e1c-8c3f-0c8b1a9e5b11",
    "thingId": "1c1e8b9e-2f50-4d0a-9d4b-6f0f6f1d2a77",
    "thingTypeId": "9a572f6d-3f0f-4e1c-8c3f-0c8b1a9e5b11",
    "thingGroupId": "6c3f0c8b-1a9e-4e1c-9a57-2f6d3f0f5b11",
    "childGroupId": "3f0f9a57-2f6d-4e1c-8c3f-0c8b1a9e5b11",
    "membershipId": "f100cac3-2d4f-4b55-98aa-9e87f6a1b13e",
    "groupId": "6c3f0c8b-1a9e-4e1c-9a57-2f6d3f0f5b11",
}
SECONDS, MILLISECONDS = 1_764_374_400, 1_764_374_400_000


def steady(value, name=""):
    """The value with everything that differs from run to run made the same."""
    if isinstance(value, dict):
        return {name: steady(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [steady(one, name) for one in value]
    if isinstance(value, str):
        return UNKNOWN.get(name, value) if value else value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and value > 10**12:
        return MILLISECONDS
    return SECONDS if is_number and value > 10**9 else value


def shown(message):
    return json.dumps(steady(message), indent=2, ensure_ascii=False)


def heard_by(wire, topics):
    """The first message on each topic."""
    found = {}
    for message in wire.drain(3):
        found.setdefault(message.topic, json.loads(message.payload))
    assert not set(topics) - found.keys(), f"nothing on {sorted(set(topics) - found.keys())}, but on {sorted(found)}"
    return found


@promise(own=True, seconds=60)
def the_page_of_messages_shows_what_is_sent(place):
    page = PAGE.read_text(encoding="utf-8")
    topics = [topic for topic, _ in EXAMPLE.findall(page)]
    assert len(topics) == 17, topics
    wire = Wire(place.server.address("plain"))
    place.after(wire.drop)
    wire.connect("watcher")
    wire.subscribe("$aws/events/#", "$aws/things/+/shadow/+/+", "errors/#", qos=1)
    live(place, re.search(r"with\n\n```json\n(.*?)\n```", page, re.S).group(1))
    found = heard_by(wire, topics)
    wrong = []

    def compared(match):
        topic, example = match.groups()
        is_text = shown(found[topic])
        if is_text != example.strip():
            wrong.append(f"{topic}: the page has\n{example}and what was sent is\n{is_text}")
        return match.group(0).replace(f"```json\n{example}```", f"```json\n{is_text}\n```")

    written = EXAMPLE.sub(compared, page)
    if os.environ.get("BLESS"):
        PAGE.write_text(written, encoding="utf-8")
        return
    assert not wrong, "\n".join(wrong)


def live(place, update):
    """Everything that the page tells of."""
    iot, data = (boto(place, service, account=ACCOUNT) for service in ("iot", "iot-data"))
    files = own_device(place)
    device = Device(place, files, "pump-1")
    device.subscribe("dt/pump-1/commands")
    Device(place, files, "stranger")
    data.update_thing_shadow(thingName="pump-1", payload=update)
    device.publish("$aws/things/pump-1/shadow/get", "")
    device.publish("$aws/things/pump-1/shadow/update", '{"state": {}, "version": 7, "clientToken": "t-2"}')
    device.publish("$aws/things/pump-1/shadow/delete", "")
    kinds = ("THING", "THING_TYPE", "THING_TYPE_ASSOCIATION", "THING_GROUP", "THING_GROUP_MEMBERSHIP",
             "THING_GROUP_HIERARCHY")
    iot.update_event_configurations(eventConfigurations={kind: {"Enabled": True} for kind in kinds})
    iot.create_thing_type(thingTypeName="sensor", thingTypeProperties={"searchableAttributes": ["site"]})
    iot.create_thing(thingName="pump-2", thingTypeName="sensor", attributePayload={"attributes": {"site": "north"}})
    iot.create_thing_group(thingGroupName="plant")
    iot.create_thing_group(thingGroupName="hall", parentGroupName="plant")
    iot.add_thing_to_thing_group(thingGroupName="plant", thingName="pump-2")
    to = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/rules"}
    iot.create_topic_rule(ruleName="forward", topicRulePayload={
        "sql": "SELECT * FROM 'dt/pump-1/data'",
        "actions": [{"republish": {"topic": "out/${nothing}/#", **to}}],
        "errorAction": {"republish": {"topic": "errors/pump-1", **to}}})
    device.publish("dt/pump-1/data", '{"temperature": 21.5}')
    place.server.run("device", "drop", "pump-1")
    wait_for("the end", lambda: device.gone)
