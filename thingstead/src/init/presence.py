"""Keeps `connected` in the shadow of {THING}: true while it runs, false when its connection breaks."""

import json
import pathlib
import signal

from awscrt import mqtt
from awsiot import mqtt_connection_builder

THING = "{THING}"
# A plain topic: AWS ignores wills on reserved ones. The rule `presence` brings it to the shadow.
TOPIC = f"my/things/{THING}/update"
FOLDER = pathlib.Path(__file__).parent
KEEP_ALIVE_S = 30


def state(connected):
    return json.dumps({"state": {"reported": {"connected": connected}}})


def tell(connection, **_):
    connection.publish(TOPIC, state(True), mqtt.QoS.AT_LEAST_ONCE)


connection = mqtt_connection_builder.mtls_from_path(
    endpoint="{HOST}",
    port={PORT},
    cert_filepath=str(FOLDER / f"{THING}-certificate.pem.crt"),
    pri_key_filepath=str(FOLDER / f"{THING}-private.pem.key"),
    ca_filepath=str(FOLDER / "AmazonRootCA1.pem"),
    client_id=THING,
    clean_session=True,
    keep_alive_secs=KEEP_ALIVE_S,
    will=mqtt.Will(TOPIC, mqtt.QoS.AT_LEAST_ONCE, state(False).encode(), False),
    on_connection_resumed=tell,
)
connection.connect().result()
published, _ = connection.publish(TOPIC, state(True), mqtt.QoS.AT_LEAST_ONCE)
published.result()
print(f"{THING} is connected; kill -9 pulls the cable, Ctrl-C says goodbye", flush=True)
signal.sigwait({signal.SIGINT, signal.SIGTERM})
connection.disconnect().result()
