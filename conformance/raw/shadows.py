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
