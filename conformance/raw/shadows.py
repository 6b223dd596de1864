"""Shadows under load and through kills: an acknowledged update is in the document, and its version in the messages."""

import json
import threading
import time

from promise import promise
from raw import packets
from raw.wire import Closed, Wire

CLIENTS = 8
KILLS = 3
# How long the storm blows between kills.
LIFE_S = 1.0
# One connect a second for each client id: AWS's quota.
RECONNECT_PAUSE_S = 1.1
UPDATE = "$aws/things/storm/shadow/update"


class Storm:
    """Clients that update members of one document of their own, each waiting for its PUBACK."""

    def __init__(self, server):
        self.server = server
        # How many were, and the newest of them: what a kill cut off stays unanswered.
        self.acknowledged = [0] * CLIENTS
        self.newest = [0] * CLIENTS
        self.sent = [0] * CLIENTS
        self.errors = []

    def blow(self, life):
        """Until the server is killed."""
        threads = [threading.Thread(target=self.update, args=(life, number), daemon=True) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(LIFE_S)
        self.server.kill()
        for thread in threads:
            thread.join(15)

    def update(self, life, number):
        wire = Wire(self.server.address("plain"))
        try:
            wire.connect(f"storm-{life}-{number}")
            while True:
                self.sent[number] += 1
                state = {"reported": {f"client-{number}": self.sent[number]}}
                wire.publish(UPDATE, json.dumps({"state": state}).encode(), 1)
                self.newest[number] = self.sent[number]
                self.acknowledged[number] += 1
        except (Closed, OSError):
            pass
        except AssertionError as error:
            # A kill may cut a packet off, and the wait for it then ends: only a living server can be wrong.
            if self.server.alive():
                self.errors.append(str(error))
        finally:
            wire.drop()


class Watcher:
    """A persistent session that reads every document."""

    def __init__(self, server):
        self.server = server
        self.versions = []
        self.wire = None

    def join(self, expect_present):
        self.wire = Wire(self.server.address("plain"))
        connack = self.wire.connect("watcher", clean=False)
        assert bool(connack.session_present) == expect_present
        if not expect_present:
            assert self.wire.subscribe(f"{UPDATE}/documents") == [1]

    def read(self, version):
        """Until a version has come."""
        end = time.monotonic() + 30
        while not self.versions or max(self.versions) < version:
            assert time.monotonic() < end, f"version {version} did not come: {max(self.versions, default=0)}"
            document = json.loads(self.wire.message(10).payload)
            before = document["previous"]["version"] if document["previous"] else 0
            assert document["current"]["version"] == before + 1, document
            self.versions.append(document["current"]["version"])


def document_of(server):
    wire = Wire(server.address("plain"))
    wire.connect(f"reader-{time.monotonic_ns()}")
    assert wire.subscribe("$aws/things/storm/shadow/get/accepted") == [1]
    wire.send(packets.publish("$aws/things/storm/shadow/get", b"", 1, packet_id=9))
    found = json.loads(wire.message().payload)
    wire.drop()
    return found


@promise(own=True, seconds=120)
def updates_from_8_clients_survive_kills_without_a_gap(place):
    server = place.server
    # A storm is more than AWS's 20 requests a second.
    server.flags += ["--shadow-rate", "off"]
    server.kill()
    server.start()
    storm, watcher = Storm(server), Watcher(server)
    watcher.join(expect_present=False)
    watcher.wire.disconnect()
    for life in range(KILLS):
        storm.blow(life)
        server.start()
        found = document_of(server)
        assert found["version"] >= sum(storm.acknowledged), (found["version"], storm.acknowledged)
        assert found["version"] <= sum(storm.sent), (found["version"], storm.sent)
        reported = found["state"]["reported"]
        for number in range(CLIENTS):
            kept, sent = storm.newest[number], storm.sent[number]
            assert kept <= reported.get(f"client-{number}", 0) <= sent, (number, kept, sent, reported)
        time.sleep(RECONNECT_PAUSE_S)
        watcher.join(expect_present=True)
        watcher.read(found["version"])
        watcher.wire.disconnect()
    assert not storm.errors, storm.errors
    assert sum(storm.acknowledged) > KILLS * CLIENTS, f"hardly an update was acknowledged: {storm.acknowledged}"
    seen = list(dict.fromkeys(watcher.versions))
    assert seen == list(range(1, found["version"] + 1)), f"gaps or disorder: {seen[:50]}"


class Asked:
    """A connection that hears every reply about one shadow."""

    def __init__(self, place, thing, name=""):
        self.base = f"$aws/things/{thing}/shadow" + (f"/name/{name}" if name else "")
        self.wire = Wire(place.server.address("plain"))
        place.after(self.wire.drop)
        self.wire.connect(place.client(f"asks-{thing}{name}"))
        assert self.wire.subscribe(f"{self.base}/+/+") == [1]

    def ask(self, payload, verb="update"):
        """The answer: its topic's end and what it says."""
        topic, text = self.text(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), verb)
        return topic, json.loads(text)

    def text(self, payload, verb):
        self.wire.send(packets.publish(f"{self.base}/{verb}", payload, 0))
        while True:
            message = self.wire.message()
            topic = message.topic.removeprefix(f"{self.base}/")
            if topic in (f"{verb}/accepted", f"{verb}/rejected"):
                return topic, message.payload.decode()


def nested(levels):
    return b'{"state":{"reported":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}}"


def sized(number):
    """Desired and reported of so many bytes."""
    return {"state": {"reported": {"x": "y" * (number - len('{"x":""}'))}}}


REFUSED = (
    (b"{", 400, "Invalid JSON"),
    (b"[]", 400, "Invalid JSON"),
    (b"", 400, "Invalid JSON"),
    (b'{"state":{"reported":{"x":1e}}}', 400, "Invalid JSON"),
    # Nobody could read it as a number.
    (b'{"state":{"reported":{"x":1e400}}}', 400, "Invalid JSON"),
    ({}, 400, "Missing required node: state"),
    ({"state": 1}, 400, "State node must be an object"),
    ({"state": {"desired": []}}, 400, "Desired node must be an object"),
    ({"state": {"reported": "x"}}, 400, "Reported node must be an object"),
    ({"state": {}, "version": "1"}, 400, "Invalid version"),
    ({"state": {}, "version": -1}, 400, "Invalid version"),
    (b'{"state":{},"version":9223372036854775808}', 400, "Invalid version"),
    ({"state": {}, "clientToken": "t" * 65}, 400, "Invalid clientToken"),
    ({"state": {"delta": {}}}, 400, "State contains an invalid node: 'delta'"),
    ({"state": {"reported": {"a": [1, None]}}}, 400, "State contains an invalid node: 'a'"),
    (nested(10), 400, "JSON contains too many levels of nesting; maximum is 8"),
    ({"state": {}, "version": 7}, 409, "Version conflict"),
    (sized(8193), 413, "The payload exceeds the maximum size allowed"),
    (b'{"state":{"reported":{"x":"\xff"}}}', 415, "Unsupported documented encoding; supported encoding is UTF-8"),
)


@promise(values=("", "config"))
def every_refusal_is_answered_with_awss_code_and_words(place, name):
    for number, (payload, code, words) in enumerate(REFUSED):
        asked = Asked(place, place.client(f"t{number}"), name)
        topic, answer = asked.ask(payload)
        assert (topic, answer["code"], answer["message"]) == ("update/rejected", code, words), (payload, topic, answer)
        for verb in ("get", "delete"):
            topic, answer = asked.ask(b"", verb)
            assert (topic, answer["code"]) == (f"{verb}/rejected", 404), (payload, topic, answer)
        asked.wire.disconnect()


@promise()
def what_is_odd_and_allowed_comes_back_to_the_letter(place):
    asked = Asked(place, place.client("odd"))
    for number, state in enumerate((
        '{"reported":{"$a":1,"b.c":2," d e ":3,"":4,"\u00e4\u2603":5}}',
        '{"reported":{"i":9223372036854775807,"j":-9223372036854775808,"k":18446744073709551616}}',
        '{"reported":{"f":1.7976931348623157e308,"g":5e-324,"z":-0.0,"n":123456789012345678901234567890.125}}',
    )):
        topic, answer = asked.ask(b'{"state":' + state.encode() + b"}")
        assert topic == "update/accepted" and answer["version"] == number + 1, answer
    text = asked.text(b"", "get")[1]
    for part in ('"$a":1', '"b.c":2', '" d e ":3', '"":4', '"i":9223372036854775807', '"j":-9223372036854775808',
                 '"k":18446744073709551616', '"g":5e-324', '"z":-0.0', '"n":123456789012345678901234567890.125'):
        assert part in text, (part, text)
    # Of members with one name the last counts.
    topic, answer = asked.ask(b'{"state":{"reported":{"d":1,"d":2}}}')
    assert (topic, answer["state"]) == ("update/accepted", {"reported": {"d": 2}}), answer
    topic, answer = asked.ask(nested(7))
    assert topic == "update/accepted", answer
    asked = Asked(place, place.client("full"))
    assert asked.ask(sized(8192))[0] == "update/accepted"


@promise(values=("put", "Update", "name/n/patch"))
def a_wrong_verb_ends_the_connection_and_is_explained(place, verb):
    wire = Wire(place.server.address("plain"))
    place.after(wire.drop)
    name = place.client("verbs")
    wire.connect(name)
    topic = f"$aws/things/{name}/shadow/{verb}"
    wire.send(packets.publish(topic, b'{"state":{}}', 0))
    wire.expect_end()
    said = place.server.run("why", name)
    assert f"{topic} is a reserved topic that clients cannot publish to" in said, said


@promise()
def requests_beyond_twenty_a_second_are_answered_429_and_explained(place):
    name = place.client("hasty")
    asked = Asked(place, name)
    for number in range(60):
        asked.wire.send(packets.publish(f"{asked.base}/update", b'{"state":{},"clientToken":"%d"}' % number, 0))
    codes = {}
    while len(codes) < 60:
        message = asked.wire.message()
        if message.topic.endswith(("/accepted", "/rejected")):
            found = json.loads(message.payload)
            codes[found["clientToken"]] = found.get("code", 200)
    surplus = [code for code in codes.values() if code != 200]
    assert set(surplus) == {429} and 15 <= len(surplus) <= 40, codes
    assert [codes[str(number)] for number in range(20)] == [200] * 20, codes
    why = place.server.run("why", place.client(f"asks-{name}"))
    assert "more than 20 requests in a second to one shadow" in why, why
    time.sleep(1.1)
    assert asked.ask(b'{"state":{}}')[0] == "update/accepted"
