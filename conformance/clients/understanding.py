"""Why something was refused, what is missing, what mends it: the command line's answers, held against what then happens."""

import json
import os
import pathlib
import re
import ssl
import subprocess
import tempfile

import paho.mqtt.client as mqtt

import server as servers
from aws.caller import client as boto
from promise import promise, wait_for

ACCOUNT = "000000000000"
ARN = f"arn:aws:iot:us-east-1:{ACCOUNT}"


class Device:
    """A connected paho client with a certificate of its own."""

    def __init__(self, place, files, client, version=mqtt.MQTTv311):
        self.codes = []
        self.gone = []
        self.granted = []
        self.paho = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client, protocol=version, reconnect_on_failure=False)
        self.paho.on_connect = lambda _client, _data, _flags, code, _properties: self.codes.append(code)
        self.paho.on_disconnect = lambda _client, _data, _flags, code, _properties: self.gone.append(code)
        self.paho.on_subscribe = lambda _client, _data, _mid, codes, _properties: self.granted.append(codes)
        context = ssl.create_default_context(cafile=files.ca)
        context.load_cert_chain(files.certificate, files.key)
        self.paho.tls_set_context(context)
        self.paho.connect("localhost", place.server.address("mqtt")[1])
        place.after(self.paho.loop_stop)
        self.paho.loop_start()
        wait_for("CONNACK", lambda: self.codes or self.gone)

    def publish(self, topic, payload="{}"):
        """Whether the message was acknowledged."""
        sent = self.paho.publish(topic, payload, 1)

        def is_answered():
            try:
                return sent.is_published() or self.gone
            except RuntimeError:
                # The server can be quicker to end the connection than paho to note what it has sent.
                return bool(self.gone)

        wait_for("an answer", is_answered)
        return not self.gone

    def subscribe(self, topic):
        self.paho.subscribe(topic, 1)
        wait_for("SUBACK", lambda: self.granted)
        return self.granted.pop()

    def close(self):
        self.paho.disconnect()
        wait_for("the end", lambda: self.gone)
        self.paho.loop_stop()


def own_device(place, name="pump-1"):
    """A device whose policy allows its own client id and topics."""
    folder = pathlib.Path(place.server.data).parent / name
    place.server.run("device", "new", name, "--policy", "own", "--out", str(folder))
    return servers.Device(name, folder)


def cli(place, *words):
    """Exit code and output of a verb."""
    command = [str(servers.BINARY), *words, "--data", place.server.data]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def asked(place, *words):
    return json.loads(cli(place, *words, "--json")[1])


def paste(line):
    """Runs a line as it was printed, with `thingstead` on the path."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(servers.BINARY, os.path.join(folder, "thingstead"))
        path = folder + os.pathsep + os.environ["PATH"]
        done = subprocess.run(["sh", "-c", line], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, line + "\n" + done.stdout + done.stderr


def fix_of(text):
    return re.search(r"^\s*fix\s+(thingstead .*)$", text, re.M).group(1)


@promise(own=True)
def a_denied_publish_names_policy_statement_and_a_fix_that_works(place):
    files = own_device(place)
    device = Device(place, files, "pump-1")
    assert device.publish("pump-1/temperature")
    assert not device.publish("Pump-1/temperature"), "the policy of pump-1 does not allow that"
    code, text = cli(place, "why", "pump-1")
    assert code == 0, text
    for part in ("publish denied", 'policy "pump-1"', "statement", "topic/Pump-1/temperature", '"pump-1/temperature"'):
        assert part in text, f"{part} is missing in\n{text}"
    paste(fix_of(text))
    again = Device(place, files, "pump-1")
    assert again.publish("Pump-1/temperature"), "the fix did not help"
    assert "the policies allow it" in cli(place, "why", "pump-1")[1]


@promise(own=True)
def a_refused_connect_names_both_client_ids_and_a_fix_that_works(place):
    files = own_device(place)
    refused = Device(place, files, "another")
    assert refused.codes and refused.codes[0].is_failure
    text = cli(place, "why", "pump-1")[1]
    for part in ("connect refused", '"another"', '"pump-1"', "client/another"):
        assert part in text, f"{part} is missing in\n{text}"
    paste(fix_of(text))
    assert not Device(place, files, "another").codes[0].is_failure


@promise(own=True)
def a_client_without_an_id_is_told_to_have_one(place):
    files = own_device(place)
    refused = Device(place, files, "")
    assert refused.codes[0].is_failure, refused.codes
    why = cli(place, "why", "pump-1")[1]
    assert "the client sent no client id" in why and "-i pump-1" in why, why
    assert "policy allow" not in why, f"an id that is another one next time would be allowed: {why}"


@promise(own=True)
def a_denied_filter_is_explained_and_mended(place):
    files = own_device(place)
    device = Device(place, files, "pump-1", mqtt.MQTTv5)
    assert device.subscribe("plant/#")[0].is_failure
    text = cli(place, "why", "pump-1")[1]
    assert "iot:Subscribe on topicfilter/plant/#" in text, text
    paste(fix_of(text))
    assert not device.subscribe("plant/#")[0].is_failure


@promise(own=True)
def a_ninth_filter_is_explained(place):
    device = Device(place, own_device(place), "pump-1", mqtt.MQTTv5)
    device.paho.subscribe([(f"pump-1/{number}", 1) for number in range(9)])
    wait_for("SUBACK or the end", lambda: device.granted or device.gone)
    text = cli(place, "why", "pump-1")[1]
    assert "subscribe refused" in text and "9 filters" in text, text


@promise(own=True)
def a_certificate_that_is_inactive_is_named_although_no_client_id_was_seen(place):
    files = own_device(place)
    id = asked(place, "device", "show", "pump-1")["certificates"][0]["id"]
    boto(place, account=ACCOUNT).update_certificate(certificateId=id, newStatus="INACTIVE")
    device = Device(place, files, "pump-1")
    assert device.gone or device.codes[0].is_failure
    text = cli(place, "why", "pump-1")[1]
    assert f"certificate {id} is INACTIVE" in text and "aws iot update-certificate" in text, text


@promise(own=True)
def nothing_wrong_is_said_with_what_was_done(place):
    device = Device(place, own_device(place), "pump-1")
    for _ in range(3):
        assert device.publish("pump-1/data")
    text = cli(place, "why", "pump-1")[1]
    assert "nothing went wrong" in text and "published 3" in text and "pump-1/data" in text, text
    assert 'nobody is subscribed to "pump-1/data"' in text, text


def stops_at(place, name):
    """The doctor's list ends with this check, and nothing before it is wrong."""
    code, text = cli(place, "device", "doctor", "d-1")
    report = asked(place, "device", "doctor", "d-1")
    last = report["checks"][-1]
    assert code == 1 and not report["healthy"], text
    assert last["name"] == name and not last["ok"] and last["fixes"], text
    assert all(check["ok"] for check in report["checks"][:-1]), text
    assert "✘ " + name in text, text
    return last


@promise(own=True)
def the_doctor_stops_at_each_failure_in_order(place):
    iot = boto(place, account=ACCOUNT)
    stops_at(place, "thing known")
    iot.create_thing(thingName="d-1")
    stops_at(place, "certificate known")
    made = iot.create_keys_and_certificate(setAsActive=False)
    files = write(place, made)
    iot.attach_thing_principal(thingName="d-1", principal=made["certificateArn"])
    stops_at(place, "certificate active")
    iot.update_certificate(certificateId=made["certificateId"], newStatus="ACTIVE")
    stops_at(place, "policy attached")
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{ARN}:client/x-1"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iot.create_policy(policyName="strange", policyDocument=document)
    iot.attach_policy(policyName="strange", target=made["certificateArn"])
    paste_fix(place, stops_at(place, "client id allowed"))
    stops_at(place, "connected lately")
    assert not Device(place, files, "d-1").publish("d-1/data")
    paste_fix(place, stops_at(place, "publishes allowed"))
    device = Device(place, files, "d-1")
    assert device.publish("d-1/data")
    stops_at(place, "somebody listens")
    watch(place, "d-1/#")
    code, text = cli(place, "device", "doctor", "d-1")
    assert code == 0 and text.count("✔") == 10, text
    iot.detach_thing_principal(thingName="d-1", principal=made["certificateArn"])
    stops_at(place, "thing attached")
    iot.attach_thing_principal(thingName="d-1", principal=made["certificateArn"])
    device.close()
    place.server.advance("36500d")
    stops_at(place, "certificate in date")


def paste_fix(place, check):
    paste(check["fixes"][0] + f" --data {place.server.data}")


def watch(place, filter):
    command = [str(servers.BINARY), "sub", filter, "--data", place.server.data]
    log = pathlib.Path(place.server.data + ".watch")
    with open(log, "wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    place.after(process.kill)
    wait_for("the subscription", lambda: "subscribed to" in log.read_text())


def write(place, made):
    """What create-keys-and-certificate returned, as files."""
    folder = pathlib.Path(place.server.data).parent / "d-1"
    folder.mkdir()
    (folder / "d-1-certificate.pem.crt").write_text(made["certificatePem"])
    (folder / "d-1-private.pem.key").write_text(made["keyPair"]["PrivateKey"])
    (folder / "AmazonRootCA1.pem").write_text(pathlib.Path(place.server.endpoints["ca"]).read_text())
    return servers.Device("d-1", folder)


@promise(own=True)
def the_tightened_policy_lets_pass_what_was_seen_and_nothing_foreign(place):
    files = own_device(place)

    def seen(device):
        return device.publish("pump-1/data") and not device.subscribe("pump-1/commands/+")[0].is_failure

    device = Device(place, files, "pump-1")
    assert seen(device)
    assert cli(place, "policy", "check", "pump-1", "publish", "pump-1/other")[0] == 0
    shown = asked(place, "policy", "tighten", "pump-1")
    assert not shown["applied"] and shown["beyond"] and not shown["would_have_denied"], shown
    assert cli(place, "policy", "check", "pump-1", "publish", "pump-1/other")[0] == 0, "it was only shown"
    assert asked(place, "policy", "tighten", "pump-1", "--apply")["applied"]
    assert seen(Device(place, files, "pump-1")), "what was seen before is denied now"
    assert cli(place, "policy", "check", "pump-1", "receive", "pump-1/commands/stop")[0] == 0
    code, text = cli(place, "policy", "check", "pump-1", "publish", "pump-1/other")
    assert code == 1 and "✘" in text, text
    assert not Device(place, files, "pump-1").publish("pump-1/other")


@promise(own=True)
def what_happened_survives_a_restart(place):
    files = own_device(place)
    for _ in range(2):
        device = Device(place, files, "pump-1")
        assert device.publish("pump-1/data")
        assert not device.publish("plant/secret")
    before = asked(place, "why", "pump-1")
    assert place.server.stop() == 0
    place.server.start()
    after = asked(place, "why", "pump-1")
    assert after["trouble"]["verdict"] == before["trouble"]["verdict"]
    assert after["trouble"]["count"] == 2 and after["did_last"]["published"] == 2, after
    assert after["did_last"]["topic"] == "pump-1/data" and not after["did_last"]["connected"], after


@promise(own=True)
def allowing_says_first_what_it_would_do(place):
    own_device(place)
    wish = ("policy", "allow", "pump-1", "publish", "plant/a")
    shown = asked(place, *wish, "--dry-run")
    assert not shown["changed"] and shown["statement"]["Resource"] == f"{ARN}:topic/plant/a", shown
    assert cli(place, "policy", "check", "pump-1", "publish", "plant/a")[0] == 1
    assert asked(place, *wish)["changed"]
    assert cli(place, "policy", "check", "pump-1", "publish", "plant/a")[0] == 0
    assert not asked(place, *wish)["changed"], "it was allowed already"
    assert "pump-1" in cli(place, "policy", "show")[1]


@promise()
def lint_finds_what_cannot_work_and_says_where(place):
    path = pathlib.Path(place.server.data + f".{place.number}.json")
    document = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": f"{ARN}:topic/plant/#"}]}
    path.write_text(json.dumps(document, indent=1))
    place.after(path.unlink)
    code, text = cli(place, "policy", "lint", str(path))
    assert code == 1 and re.search(r":\d+:\d+: Statement\[0\]\.Resource\[0\]", text), text
    document["Statement"][0]["Resource"] = f"{ARN}:topic/plant/*"
    path.write_text(json.dumps(document))
    assert cli(place, "policy", "lint", str(path))[0] == 0
