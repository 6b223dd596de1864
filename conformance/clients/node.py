"""MQTT.js and aws-iot-device-sdk-v2 from npm: each case is a journey in clients/node/*.mjs, run by Node."""

import json
import os
import pathlib
import subprocess

from promise import promise

SCRIPTS = pathlib.Path(__file__).resolve().parent / "node"


def journey(place, script, name, **more):
    """Runs one journey; its last line says what it saw."""
    device = place.server.device()
    given = {
        "journey": name,
        "topic": place.topic(),
        "client": place.client(),
        "certificate": device.certificate,
        "key": device.key,
        "ca": device.ca,
        **{face: place.server.address(face)[1] for face in ("mqtt", "tls443", "plain", "api")},
        **more,
    }
    environment = dict(os.environ, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    # The scripts live in the project and the modules under target/: this tells them where.
    environment["THINGSTEAD_MODULES"] = os.path.join(os.environ.get("THINGSTEAD_NODE", "target/node"), "node_modules")
    process = subprocess.Popen(["node", SCRIPTS / script, json.dumps(given)], env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    place.after(process.kill)
    said, _ = process.communicate(timeout=50)
    assert process.returncode == 0, said
    return json.loads(said.strip().splitlines()[-1])


MQTTJS = tuple((door, version) for door in ("tls", "alpn", "plain", "websocket", "secure-websocket") for version in (4, 5))


@promise(values=MQTTJS)
def mqttjs_publishes_and_subscribes(place, door_version):
    door, version = door_version
    seen = journey(place, "mqttjs.mjs", "talk", door=door, version=version)
    assert seen == [["hello 0", 0], ["hello 1", 1]], seen


@promise(values=(4, 5))
def mqttjs_resumes_its_session(place, version):
    seen = journey(place, "mqttjs.mjs", "resume", door="tls", version=version)
    assert seen == {"present": [False, True], "messages": ["while away"]}, seen


@promise(values=(4, 5))
def mqttjs_leaves_a_will(place, version):
    seen = journey(place, "mqttjs.mjs", "will", door="tls", version=version)
    assert seen == ["gone"], seen


@promise()
def mqttjs_forwards_mqtt_5_properties(place):
    seen = journey(place, "mqttjs.mjs", "properties", door="tls", version=5)
    assert seen == {"contentType": "application/json", "user": {"unit": "hPa"}, "correlation": "42"}, seen


@promise(values=tuple((door, version) for door in ("tls", "alpn", "websocket") for version in (4, 5)))
def aws_iot_device_sdk_v2_publishes_and_subscribes(place, door_version):
    door, version = door_version
    seen = journey(place, "awssdk.mjs", "talk", door=door, version=version)
    assert seen == [["hello 0", 0], ["hello 1", 1]], seen


@promise(values=(4, 5))
def aws_iot_device_sdk_v2_resumes_its_session(place, version):
    seen = journey(place, "awssdk.mjs", "resume", door="tls", version=version)
    assert seen == {"present": [False, True], "messages": ["while away"]}, seen
