"""Shadows through AWS's own device libraries, unmodified: what is asked for, answered, and told to others."""

import json
import time
import uuid

from awscrt import mqtt, mqtt_request_response
from awsiot import ServiceStreamOptions, V2ServiceException, iotshadow
from AWSIoTPythonSDK.exception.AWSIoTExceptions import publishTimeoutException, subackError
from AWSIoTPythonSDK.MQTTLib import AWSIoTMQTTShadowClient

from aws.caller import client as boto
from aws.caller import refused
from clients.awsiotsdk import PATIENCE_S, Five, Three
from clients.node import journey
from promise import Inbox, promise, wait_for
from raw.wire import Wire

ACCOUNT = "000000000000"
QOS = mqtt.QoS.AT_LEAST_ONCE
# One connect a second for each client id: AWS's quota.
RECONNECT_PAUSE_S = 1.1
# The classic shadow has no name.
NAMES = ("", "config")


def data(place):
    """boto3's side of the same shadows."""
    return boto(place, "iot-data", ACCOUNT)


def set_state(place, thing, name="", **state):
    given = {"shadowName": name} if name else {}
    answer = data(place).update_thing_shadow(thingName=thing, payload=json.dumps({"state": state}), **given)
    return json.loads(answer["payload"].read())


class Manager:
    """AWSIoTPythonSDK's shadow manager of one thing."""

    def __init__(self, place, thing, ending="manager", device=None, kept=True):
        device = device or place.server.device()
        self.client = AWSIoTMQTTShadowClient(place.client(ending) if device.name == "pump-1" else device.name)
        self.client.configureEndpoint("localhost", place.server.address("mqtt")[1])
        self.client.configureCredentials(device.ca, device.key, device.certificate)
        self.client.configureConnectDisconnectTimeout(10)
        self.client.configureMQTTOperationTimeout(5)
        assert self.client.connect()
        place.after(self.client.disconnect)
        self.shadow = self.client.createShadowHandlerWithName(thing, kept)

    def ask(self, call, *arguments):
        """The answer's status and payload."""
        inbox = Inbox()
        call(*arguments, lambda payload, status, token: inbox.put((status, payload)), 5)
        status, payload = inbox.wait(1)[0]
        return status, None if status == "timeout" else json.loads(payload)

    def update(self, **state):
        return self.ask(self.shadow.shadowUpdate, json.dumps({"state": state}))

    def get(self):
        return self.ask(self.shadow.shadowGet)

    def delete(self):
        return self.ask(self.shadow.shadowDelete)


@promise(values=(True, False))
def awsiotpythonsdk_manages_a_shadow(place, kept):
    thing = place.client("thing")
    manager = Manager(place, thing, kept=kept)
    deltas = Inbox()
    manager.shadow.shadowRegisterDeltaCallback(lambda payload, status, token: deltas.put((status, json.loads(payload))))
    status, answer = manager.get()
    assert (status, answer["code"]) == ("rejected", 404), answer
    status, answer = manager.update(reported={"on": False, "speed": 1})
    assert (status, answer["version"]) == ("accepted", 1), answer
    set_state(place, thing, desired={"on": True, "speed": 1})
    status, delta = deltas.wait(1)[0]
    assert (status, delta["state"], delta["version"]) == (f"delta/{thing}", {"on": True}, 2), delta
    status, answer = manager.update(reported=delta["state"])
    assert (status, answer["version"]) == ("accepted", 3), answer
    status, answer = manager.get()
    assert (status, answer["state"]) == (
        "accepted", {"desired": {"on": True, "speed": 1}, "reported": {"on": True, "speed": 1}}), answer
    status, answer = manager.delete()
    assert (status, answer["version"]) == ("accepted", 3), answer
    status, answer = manager.update(reported={"on": True})
    # The library names the version it saw last, and forgets it when it deletes.
    assert (status, answer["version"]) == ("accepted", 4), answer


@promise()
def awsiotpythonsdk_finds_on_reconnect_what_was_desired_meanwhile(place):
    thing = place.client("thing")
    first = Manager(place, thing, "device")
    assert first.update(reported={"on": False})[0] == "accepted"
    first.client.disconnect()
    set_state(place, thing, desired={"on": True})
    time.sleep(RECONNECT_PAUSE_S)
    again = Manager(place, thing, "device")
    status, answer = again.get()
    assert (status, answer["state"]["delta"], answer["version"]) == ("accepted", {"on": True}, 2), answer


@promise(values=(4, 5))
def a_kept_session_brings_the_delta_of_the_time_offline(place, version):
    thing, kind = place.client("thing"), {4: Three, 5: Five}[version]
    topic = f"$aws/things/{thing}/shadow/update/delta"
    device = kind(place, "device", "mqtt", kept=True)
    device.subscribe(topic)
    device.stop()
    for speed in range(3):
        set_state(place, thing, desired={"speed": speed})
    time.sleep(RECONNECT_PAUSE_S)
    again = kind(place, "device", "mqtt", kept=True)
    found = [json.loads(payload) for _, payload, _ in again.inbox.wait(3)]
    assert [(delta["version"], delta["state"]) for delta in found] == [
        (version, {"speed": version - 1}) for version in (1, 2, 3)], found


class First:
    """awsiotsdk's first shadow client over MQTT 3.1.1, which has a call for every topic; each reply in its inbox."""

    def __init__(self, place, thing, name):
        self.client = iotshadow.IotShadowClient(Three(place, "first", "mqtt").connection)
        self.given = {"thing_name": thing, **({"shadow_name": name} if name else {})}
        self.middle = "_named" if name else ""
        self.inboxes = {}
        kind = "Named" if name else ""
        for verb in ("get", "update", "delete"):
            request = getattr(iotshadow, f"{verb.title()}{kind}ShadowSubscriptionRequest")(**self.given)
            for answer in ("accepted", "rejected"):
                self.listen(f"subscribe_to_{verb}{self.middle}_shadow_{answer}", request, f"{verb} {answer}")
        middle = "named_" if name else ""
        for what, event in (("updated", "Updated"), ("delta_updated", "DeltaUpdated")):
            request = getattr(iotshadow, f"{kind}Shadow{event}SubscriptionRequest")(**self.given)
            self.listen(f"subscribe_to_{middle}shadow_{what}_events", request, what)

    def listen(self, call, request, key):
        self.inboxes[key] = Inbox()
        future, _ = getattr(self.client, call)(request, QOS, self.inboxes[key].put)
        future.result(PATIENCE_S)

    def ask(self, verb, **more):
        kind = "Named" if self.middle else ""
        request = getattr(iotshadow, f"{verb.title()}{kind}ShadowRequest")(
            client_token=str(uuid.uuid4()), **self.given, **more)
        getattr(self.client, f"publish_{verb}{self.middle}_shadow")(request, QOS).result(PATIENCE_S)
        return request.client_token

    def expect(self, key, count=1):
        return self.inboxes[key].wait(count)[count - 1]


@promise(values=NAMES)
def awsiotsdks_first_client_hears_every_topic(place, name):
    thing = place.client("thing")
    first = First(place, thing, name)
    token = first.ask("get")
    missing = first.expect("get rejected")
    assert (missing.code, missing.client_token) == (404, token), missing
    token = first.ask("update", state=iotshadow.ShadowState(reported={"on": False}))
    made = first.expect("update accepted")
    assert (made.version, made.client_token, made.state.reported) == (1, token, {"on": False}), made
    assert first.expect("updated").current.version == 1
    first.ask("update", state=iotshadow.ShadowState(desired={"on": True}))
    delta = first.expect("delta_updated")
    assert (delta.version, delta.state) == (2, {"on": True}), delta
    assert delta.metadata["on"]["timestamp"], delta
    documents = first.expect("updated", 2)
    assert (documents.previous.version, documents.current.version) == (1, 2), documents
    assert documents.current.state.desired == {"on": True} and documents.previous.state.desired is None
    token = first.ask("update", state=iotshadow.ShadowState(desired={"on": None}), version=1)
    conflict = first.expect("update rejected")
    assert (conflict.code, conflict.message, conflict.client_token) == (409, "Version conflict", token), conflict
    first.ask("get")
    document = first.expect("get accepted")
    assert (document.version, document.state.delta, document.state.desired) == (2, {"on": True}, {"on": True})
    token = first.ask("delete")
    deleted = first.expect("delete accepted")
    assert (deleted.version, deleted.client_token) == (2, token), deleted
    first.ask("delete")
    assert first.expect("delete rejected").code == 404
    first.ask("update", state=iotshadow.ShadowState(reported={"on": True}))
    assert first.expect("update accepted", 3).version == 3
    assert len(first.inboxes["delta_updated"].messages) == 1


class Second:
    """awsiotsdk's second shadow client: requests that return answers, and streams."""

    def __init__(self, place, thing, name, version):
        protocol = Three(place, "second", "mqtt").connection if version == 4 else Five(place, "second", "mqtt").client
        options = mqtt_request_response.ClientOptions(
            max_request_response_subscriptions=4, max_streaming_subscriptions=4, operation_timeout_in_seconds=PATIENCE_S)
        self.client = iotshadow.IotShadowClientV2(protocol, options)
        self.given = {"thing_name": thing, **({"shadow_name": name} if name else {})}
        self.kind, self.middle = ("Named", "named_") if name else ("", "")

    def ask(self, verb, **more):
        request = getattr(iotshadow, f"{verb.title()}{self.kind}ShadowRequest")(**self.given, **more)
        return getattr(self.client, f"{verb}_{self.middle}shadow")(request).result(PATIENCE_S)

    def refused(self, verb, code, **more):
        try:
            answer = self.ask(verb, **more)
        except V2ServiceException as error:
            assert error.modeled_error is not None, f"{error.message} {error.inner_error}"
            assert error.modeled_error.code == code, error.modeled_error
            return
        raise AssertionError(f"{code} was expected, and the answer was {answer}")

    def stream(self, what, event):
        inbox, states = Inbox(), Inbox()
        request = getattr(iotshadow, f"{self.kind}Shadow{event}SubscriptionRequest")(**self.given)
        options = ServiceStreamOptions(
            incoming_event_listener=inbox.put,
            subscription_status_listener=states.put,
            deserialization_failure_listener=inbox.put,
        )
        stream = getattr(self.client, f"create_{self.middle}shadow_{what}_stream")(request, options)
        stream.open()
        established = states.wait(1)[0].type
        assert established == mqtt_request_response.SubscriptionStatusEventType.SUBSCRIPTION_ESTABLISHED, established
        inbox.stream = stream
        return inbox


@promise(values=tuple((name, version) for name in NAMES for version in (4, 5)))
def awsiotsdks_second_client_asks_and_streams(place, name_version):
    name, version = name_version
    thing = place.client("thing")
    second = Second(place, thing, name, version)
    deltas, documents = second.stream("delta_updated", "DeltaUpdated"), second.stream("updated", "Updated")
    second.refused("get", 404)
    second.refused("delete", 404)
    made = second.ask("update", state=iotshadow.ShadowState(reported={"on": False}))
    assert made.version == 1, made
    set_state(place, thing, name, desired={"on": True})
    delta = deltas.wait(1)[0]
    assert (delta.version, delta.state) == (2, {"on": True}), delta
    changed = documents.wait(2)[1]
    assert (changed.previous.version, changed.current.version) == (1, 2), changed
    second.refused("update", 409, state=iotshadow.ShadowState(reported={"on": True}), version=1)
    second.refused("update", 413, state=iotshadow.ShadowState(reported={"text": "x" * 9000}))
    found = second.ask("get")
    assert (found.version, found.state.delta) == (2, {"on": True}), found
    assert second.ask("update", state=iotshadow.ShadowState(reported=delta.state), version=2).version == 3
    assert second.ask("delete").version == 3
    assert second.ask("update", state=iotshadow.ShadowState(reported={"on": True})).version == 4
    assert len(deltas.messages) == 1, deltas.messages


@promise(values=tuple((name, version) for name in NAMES for version in (4, 5)))
def aws_iot_device_sdk_v2_asks_and_streams(place, name_version):
    name, version = name_version
    seen = journey(place, "shadows.mjs", "second", version=version, thing=place.client("thing"), shadow=name)
    assert seen == {
        "missing": 404,
        "made": 1,
        "desired": 2,
        "delta": {"version": 2, "state": {"on": True}},
        "documents": [[None, 1], [1, 2]],
        "conflict": 409,
        "found": {"version": 2, "delta": {"on": True}},
        "deleted": 2,
        "again": 3,
    }, seen


@promise()
def aws_iot_device_sdk_v2s_first_client_hears_its_topics(place):
    seen = journey(place, "shadows.mjs", "first", version=4, thing=place.client("thing"))
    assert seen == {"missing": 404, "made": 1, "delta": {"version": 2, "state": {"on": True}}}, seen


@promise(own=True)
def a_devices_own_policy_reaches_its_own_shadow_and_no_other(place):
    device = place.server.device("valve-1", "own")
    own = Manager(place, "valve-1", device=device)
    assert own.update(reported={"open": True})[0] == "accepted"
    assert own.get()[1]["state"] == {"reported": {"open": True}}
    set_state(place, "pump-9", desired={"on": True})
    other = own.client.createShadowHandlerWithName("pump-9", False)
    try:
        other.shadowUpdate('{"state":{"desired":{"on":false}}}', lambda *_answer: None, 2)
        raise AssertionError("it subscribed to the answers of another thing's shadow")
    except subackError:
        pass
    topic = "$aws/things/pump-9/shadow/update"
    # AWS ends a connection that publishes where it may not; the library connects again by itself.
    try:
        own.client.getMQTTConnection().publish(topic, '{"state":{"desired":{"on":false}}}', 1)
    except publishTimeoutException:
        pass
    wait_for("the reason", lambda: f"iot:Publish on topic/{topic}" in place.server.run("why", "valve-1"))
    document = json.loads(data(place).get_thing_shadow(thingName="pump-9")["payload"].read())
    assert (document["version"], document["state"]["desired"]) == (1, {"on": True}), document


@promise(own=True)
def who_changed_a_shadow_is_remembered_over_a_kill(place):
    thing = "remembered"
    device = Three(place, "writer", "mqtt")
    device.publish(f"$aws/things/{thing}/shadow/update", '{"state":{"reported":{"on":false}}}')
    set_state(place, thing, desired={"on": True})
    place.server.run("shadow", "set", thing, "--desired", '{"on":null}')
    place.server.run("shadow", "rm", thing)
    place.server.kill()
    place.server.start()
    changes = json.loads(place.server.run("shadow", "log", thing, "--json"))["changes"]
    assert [(change["version"], change["source"]) for change in changes] == [
        (1, "mqtt"), (2, "http"), (3, "operator"), (3, "operator")], changes
    assert changes[0]["by"] == place.client("writer") and changes[1]["by"] == ACCOUNT, changes
    assert changes[1]["state"] == {"desired": {"on": True}} and changes[3]["deleted"], changes


@promise()
def a_library_of_its_own_makes_changes_deletes_and_makes_a_shadow_again(place):
    thing = place.client("thing")
    library = Manager(place, thing, "library").client.getMQTTConnection()
    heard = Inbox()

    def ask(verb, answer, payload=""):
        count = len(heard.messages)
        library.publish(f"$aws/things/{thing}/shadow/{verb}", payload if isinstance(payload, str) else json.dumps(payload), 1)
        for topic, found in heard.wait(count + 1)[count:]:
            if topic.endswith(answer):
                return found
        return next(found for topic, found in heard.wait(count + 2)[count:] if topic.endswith(answer))

    # connect_shadow: all eight topics, each with a callback.
    for ending in ("update/accepted", "update/rejected", "update/delta", "update/documents",
                   "get/accepted", "get/rejected", "delete/accepted", "delete/rejected"):
        assert library.subscribe(f"$aws/things/{thing}/shadow/{ending}", 1, lambda _client, _data, message: heard.put(
            (message.topic, json.loads(message.payload))))
    # create_shadow: only if there is none.
    assert ask("get", "get/rejected")["code"] == 404
    made = ask("update", "update/documents", {"state": {"desired": {"led": "off"}, "reported": {"led": "off"}}})
    assert (made["previous"], made["current"]["version"]) == (None, 1), made
    # The counterpart in the cloud wants something, and the device follows.
    count = len(heard.messages)
    set_state(place, thing, desired={"led": "on"})
    delta = next(found for topic, found in heard.wait(count + 3)[count:] if topic.endswith("update/delta"))
    assert (delta["state"], delta["version"]) == ({"led": "on"}, 2), delta
    assert delta["metadata"]["led"]["timestamp"], delta
    assert ask("update", "update/accepted", {"state": {"reported": delta["state"]}})["version"] == 3
    heard.wait(count + 5)
    found = ask("get", "get/accepted")
    assert found["state"] == {"desired": {"led": "on"}, "reported": {"led": "on"}}, found
    assert set(found["metadata"]) == {"desired", "reported"}, found
    assert ask("delete", "delete/accepted")["version"] == 3
    assert ask("get", "get/rejected")["code"] == 404
    assert ask("update", "update/documents", {"state": {"reported": {"led": "off"}}})["current"]["version"] == 4


@promise(own=True)
def a_version_is_restored_over_a_kill_and_the_device_hears_of_it(place):
    thing = "restored"
    set_state(place, thing, desired={"led": "on", "speed": 3}, reported={"led": "on"})
    set_state(place, thing, desired={"speed": None, "new": 1}, reported=None)
    data(place).delete_thing_shadow(thingName=thing)
    place.server.kill()
    place.server.start()
    device = Three(place, "device", "mqtt")
    device.subscribe(f"$aws/things/{thing}/shadow/update/delta")
    said = place.server.run("shadow", "restore", thing, "--version", "1")
    assert said == "the shadow of restored is at version 3, with the state of version 1\n", said
    delta = json.loads(device.inbox.wait(1)[0][1])
    assert (delta["version"], delta["state"]) == (3, {"speed": 3}), delta
    document = json.loads(data(place).get_thing_shadow(thingName=thing)["payload"].read())
    assert document["state"]["desired"] == {"led": "on", "speed": 3}, document
    assert document["state"]["reported"] == {"led": "on"}, document
    changes = json.loads(place.server.run("shadow", "log", thing, "--json"))["changes"]
    assert [change["source"] for change in changes] == ["http", "http", "http", "restore"], changes


@promise(own=True)
def a_will_into_a_shadow_is_said_to_come_to_nothing(place):
    place.server.device("pump-1")
    wire = Wire(place.server.address("plain"))
    topic = "$aws/things/pump-1/shadow/update"
    wire.connect("pump-1", will={"topic": topic, "payload": b'{"state":{"reported":{"connected":false}}}'})
    wait_for("the reason", lambda: "will ignored" in place.server.run("why", "pump-1"))
    text = place.server.run("why", "pump-1")
    assert topic in text and "use a plain topic for the will and a rule that republishes it there" in text, text
    wire.drop()
    time.sleep(0.3)
    refused(data(place).get_thing_shadow, "ResourceNotFoundException", thingName="pump-1")


@promise(own=True)
def a_shadow_with_a_clients_name_and_no_things_is_pointed_out(place):
    device = place.server.device("valve-7", "open")
    other = Three(place, "device", "mqtt")
    name = place.client("device")
    other.publish(f"$aws/things/{name}/shadow/update", '{"state":{"reported":{"on":true}}}')
    wait_for("the hint", lambda: f"no thing is called {name}, a client is" in place.server.run("why", name))
    assert device.name == "valve-7"
