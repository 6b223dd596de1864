"""Stops and kills between messages: what was acknowledged is still there."""

import json
import os
import socket
import subprocess

import server as servers
from promise import promise, wait_for
from raw.doors import context, open_tls
from raw.wire import Closed, Wire, joined, kept_session, open_plain

OWN = {"own": True, "dialect": "standard"}


def end(server, how):
    if how == "SIGKILL":
        server.kill()
    else:
        assert server.stop() == 0, f"SIGTERM must end with exit code 0\n{server.tail()}"


@promise(values=(("SIGTERM", 4), ("SIGTERM", 5), ("SIGKILL", 4), ("SIGKILL", 5)), **OWN)
def a_session_its_subscriptions_and_its_messages_survive(place, how_version):
    how, version = how_version
    server = place.server
    reader = joined(place, "reader", version, **kept_session(version))
    reader.subscribe(place.topic(), qos=1)
    reader.disconnect()
    writer = joined(place, "writer", version)
    for number in range(20):
        writer.publish(place.topic(), str(number), 1)
    end(server, how)
    server.start()
    again = joined(place, "reader", version, **kept_session(version))
    assert again.connack.session_present
    assert [int(message.payload) for message in again.messages(20)] == list(range(20))
    again.publish(place.topic(), b"still subscribed", 1)
    assert again.message().payload == b"still subscribed"


@promise(values=("SIGTERM", "SIGKILL"), **OWN)
def retained_messages_survive(place, how):
    joined(place).publish(place.topic(), b"kept", 1, retain=True)
    end(place.server, how)
    place.server.start()
    later = joined(place)
    later.subscribe(place.topic(), qos=1)
    message = later.message()
    assert message.retain and message.payload == b"kept"


@promise(values=("SIGTERM", "SIGKILL"), **OWN)
def acknowledged_messages_do_not_come_back(place, how):
    reader = joined(place, "reader", **kept_session(4))
    reader.subscribe(place.topic(), qos=1)
    writer = joined(place, "writer")
    for number in range(5):
        writer.publish(place.topic(), str(number), 1)
    reader.messages(5)
    # The server has read the acknowledgements that came before.
    reader.ping()
    reader.disconnect()
    # What the subscriber acknowledged may be trimmed lazily: only a clean stop promises it for all.
    end(place.server, how)
    place.server.start()
    again = joined(place, "reader", **kept_session(4))
    assert again.connack.session_present
    if how == "SIGTERM":
        again.expect_silence(1)


@promise(**OWN)
def a_stop_tells_mqtt_5_clients_and_removes_the_endpoints_file(place):
    server = place.server
    wire = joined(place, version=5)
    assert os.path.exists(os.path.join(server.data, "endpoints.json"))
    assert server.stop() == 0
    wire.expect_end(0x8B)
    assert not os.path.exists(os.path.join(server.data, "endpoints.json"))


@promise(**OWN)
def the_device_folder_still_opens_the_door_after_a_restart(place):
    device = place.server.device()
    place.server.kill()
    place.server.start()
    Wire(None, stream=open_tls(place, "mqtt", context(device))).connect(place.client())


@promise(**OWN)
def a_port_in_use_is_named_with_the_flag_that_moves_it(place):
    taken = socket.create_server(("127.0.0.1", 0))
    place.after(taken.close)
    port = taken.getsockname()[1]
    other = servers.Server("aws", ["--mqtt", f"127.0.0.1:{port}"])
    place.after(other.close)
    done = subprocess.run(other.command(), capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and str(port) in said and "--mqtt" in said, said


@promise(**OWN)
def a_second_server_on_the_same_data_is_refused(place):
    other = servers.Server("standard", data=place.server.data)
    other.log_path += ".second"
    done = subprocess.run(other.command(), capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and place.server.data in done.stdout + done.stderr, done
    joined(place).ping()


@promise(**OWN)
def a_client_that_was_connected_at_the_kill_can_come_back_at_once(place):
    old = joined(place, version=5, **kept_session(5))
    place.server.kill()
    try:
        assert old.packet() is None
    except Closed:
        pass
    place.server.start()
    assert joined(place, version=5, **kept_session(5)).connack.session_present


@promise(**OWN)
def status_tells_the_faces_of_the_running_server(place):
    told = json.loads(place.server.run("status", "--json"))
    assert place.server.endpoints["mqtt"] in json.dumps(told), told
    wait_for("a ready server", place.server.alive)


@promise(**OWN)
def what_a_full_disk_has_no_room_for_is_refused_and_the_rest_goes_on(place):
    server = place.server
    reader = joined(place, "reader", 5, **kept_session(5))
    reader.subscribe(place.topic("kept"), qos=1)
    reader.disconnect()
    end(server, "SIGTERM")
    # No disk has so much room, so for the server it is full.
    server.flags += ["--keep-free", str(10**17)]
    server.start()
    writer = joined(place, "writer", 5)
    for refused in (
        writer.publish(place.topic("kept"), b"lost", 1),
        writer.publish(place.topic("other"), b"lost", 1, retain=True),
    ):
        assert refused.code == 0x97 and "disk is full" in refused.properties["reason_string"], refused
    passer = joined(place, "passer", 5)
    assert passer.subscribe(place.topic("live"), qos=1) == [1]
    assert writer.publish(place.topic("live"), b"goes on", 1).code == 0
    assert passer.message().payload == b"goes on"
    open_plain(place, 5).connect(place.client("keeper"), expect=0x88, **kept_session(5))
    end(server, "SIGTERM")
    del server.flags[-2:]
    server.start()
    assert joined(place, "writer", 5).publish(place.topic("kept"), b"stored", 1).code == 0
    again = joined(place, "reader", 5, **kept_session(5))
    assert again.connack.session_present and again.message().payload == b"stored"
