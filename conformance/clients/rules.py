"""Rules through the command line and the recipes, with other people's clients on both ends."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import time

from aws.caller import client as boto
from clients.newcomer import shell
from clients.understanding import Device, asked, cli, own_device
from promise import Inbox, promise, wait_for

ACCOUNT = "000000000000"
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "rules.md"
# The recipe's.
KEEP_ALIVE_S = 30
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rules"


def connected(place, thing):
    """What the shadow says, None where there is none."""
    # A shadow takes 20 requests a second, those of whoever waits included.
    time.sleep(0.2)
    code, said = cli(place, "shadow", "get", thing, "--json")
    return json.loads(said)["state"]["reported"].get("connected") if code == 0 else None


def listen(device, topic):
    inbox = Inbox()
    device.paho.on_message = lambda _client, _data, message: inbox.put((message.topic, message.payload))
    assert not device.subscribe(topic)[0].is_failure
    return inbox


class Program:
    """The recipe's own program, as it was written."""

    def __init__(self, place, path):
        self.process = subprocess.Popen([sys.executable, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        place.after(self.process.kill)
        line = self.process.stdout.readline()
        assert "is connected" in line, line + (self.process.stdout.read() or "")

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(20)


@promise(own=True, seconds=120)
def the_presence_recipe_turns_the_shadow_false_and_true(place):
    folder = pathlib.Path(place.server.data).parent / "RPI"
    for is_new in (True, False):
        made = asked(place, "init", "presence", "RPI", "--out", str(folder))
        assert made["is_new"] is is_new and made["device"]["is_new"] is is_new, made
        assert made["findings"] == [], made
    program = folder / "presence.py"
    assert f"KEEP_ALIVE_S = {KEEP_ALIVE_S}\n" in program.read_text()
    first = Program(place, program)
    wait_for("connected", lambda: connected(place, "RPI") is True)
    killed = time.monotonic()
    first.end(signal.SIGKILL)
    wait_for("the will", lambda: connected(place, "RPI") is False, 1.5 * KEEP_ALIVE_S)
    assert time.monotonic() - killed < 1.5 * KEEP_ALIVE_S
    time.sleep(1.1)
    again = Program(place, program)
    wait_for("connected again", lambda: connected(place, "RPI") is True)
    place.server.run("device", "drop", "RPI")
    wait_for("the cable's end", lambda: connected(place, "RPI") is False)
    # The library connects again by itself.
    wait_for("connected once more", lambda: connected(place, "RPI") is True, 30)
    again.end(signal.SIGINT)
    time.sleep(1)
    assert connected(place, "RPI") is True, "a clean disconnect sends no will"
    code, said = cli(place, "why", "RPI")
    assert code == 0 and "said goodbye (DISCONNECT)" in said and "rule presence heard nothing" in said, said


@promise(own=True, seconds=120)
def a_network_that_is_gone_turns_the_shadow_false_after_one_and_a_half_keep_alives(place):
    folder = pathlib.Path(place.server.data).parent / "RPI"
    place.server.run("init", "presence", "RPI", "--out", str(folder))
    program = Program(place, folder / "presence.py")
    wait_for("connected", lambda: connected(place, "RPI") is True)
    frozen = time.monotonic()
    # Nothing comes any more, not even the end of the connection.
    program.process.send_signal(signal.SIGSTOP)
    wait_for("1.5 keep-alives", lambda: connected(place, "RPI") is False, 1.5 * KEEP_ALIVE_S + 5)
    # Its last word may be older than the freeze by one exchange.
    assert time.monotonic() - frozen > KEEP_ALIVE_S, "too early"
    program.process.send_signal(signal.SIGCONT)
    wait_for("connected again", lambda: connected(place, "RPI") is True, 30)


@promise(own=True)
def the_alert_recipe_fires_for_failed_readings_and_for_nulls(place):
    place.server.run("init", "alert")
    assert asked(place, "init", "alert")["is_new"] is False
    rule = boto(place, "iot", ACCOUNT).get_topic_rule(ruleName="alert")["rule"]
    assert "isNull(value)" in rule["sql"] and rule["ruleDisabled"] is False, rule
    device = Device(place, place.server.device(), "sensor")
    inbox = listen(device, "alerts/#")
    readings = [
        {"value": 23.6, "status": "success"},
        {"value": None, "status": "fail"},
        {"value": None, "status": "success"},
        {"status": "success"},
        {"value": 1, "status": "fail"},
    ]
    for reading in readings:
        assert device.publish("bme680/temperature", json.dumps(reading))
    alerts = inbox.wait(3)
    time.sleep(0.3)
    assert len(inbox.messages) == 3, inbox.messages
    assert all(topic == "alerts/bme680/temperature" for topic, _ in alerts), alerts
    kept = [{key: alert[key] for key in ("value", "status")} for alert in (json.loads(body) for _, body in alerts)]
    assert kept == [readings[1], readings[2], readings[4]], kept
    said = place.server.run("rule", "explain", "alert")
    assert "fired 3" in said and "skipped by WHERE 2" in said, said


@promise(own=True)
def a_rule_with_one_dollar_is_made_with_a_warning_and_explains_why_nothing_came(place):
    made = place.server.run("rule", "new", "one", "--sql", "SELECT * FROM 'my/+'", "--republish",
                            "$aws/things/x/shadow/update")
    assert "write $$aws/things/x/shadow/update" in made, made
    device = Device(place, own_device(place), "pump-1")
    assert device.publish("pump-1/x") and device.publish("my/pump-1")
    wait_for("a letter", lambda: "two dollars" in cli(place, "rule", "letters")[1])
    trace = place.server.run("trace")
    assert "rule one fired" in trace and "rule one failed: RepublishAction" in trace, trace
    number = next(m["message"] for m in map(json.loads, cli(place, "rule", "messages", "--json")[1].splitlines()))
    said = place.server.run("rule", "explain", "one", str(number))
    assert "FAILED" in said and '"ruleName":"one"' in said, said
    assert "rule failed" in place.server.run("why", "pump-1")


@promise(own=True)
def why_names_a_disabled_rule_and_one_that_is_missed_by_a_letter(place):
    iot = boto(place, "iot", ACCOUNT)
    payload = {"sql": "SELECT * FROM 'Lab/+/data'", "awsIotSqlVersion": "2016-03-23",
               "actions": [{"republish": {"topic": "out/${topic(2)}", "roleArn": ROLE}}]}
    iot.create_topic_rule(ruleName="letters", topicRulePayload=payload)
    device = Device(place, own_device(place), "pump-1")
    assert device.publish("lab/pump-1/data")
    said = place.server.run("why", "pump-1")
    assert "rule letters (FROM 'Lab/+/data') does not hear" in said and "upper and lower case" in said, said
    said = place.server.run("rule", "explain", "letters", "last")
    assert 'FROM wants "Lab", and the topic has "lab"' in said, said
    payload["sql"] = "SELECT * FROM 'lab/+/data'"
    iot.replace_topic_rule(ruleName="letters", topicRulePayload=payload)
    place.server.run("rule", "disable", "letters")
    assert device.publish("lab/pump-1/data")
    said = place.server.run("why", "pump-1")
    assert "is disabled: thingstead rule enable letters" in said, said
    assert "DISABLED" in place.server.run("rule", "ls")
    assert "the rule is disabled" in place.server.run("rule", "explain", "letters", "last")
    place.server.run("rule", "enable", "letters")
    inbox = listen(device, "+/pump-1")
    assert device.publish("lab/pump-1/data")
    assert inbox.wait(1)[0][0] == "out/pump-1"
    assert "letters" not in "".join(asked(place, "why", "pump-1")["hints"])


@promise(own=True)
def a_recorded_list_replays_to_the_bytes_that_went_out(place):
    place.server.run("rule", "new", "mix", "--sql",
                     "SELECT *, newuuid() AS id, rand() AS chance, timestamp() AS at, clientid() AS who FROM 'in/#'",
                     "--republish", "out/${topic(2)}")
    device = Device(place, place.server.device(), "sensor")
    inbox = listen(device, "out/#")
    for number in range(5):
        assert device.publish(f"in/{number}", json.dumps({"n": number}))
    went = {topic: payload.decode() for topic, payload in inbox.wait(5)}
    recorded = pathlib.Path(place.server.data).parent / "recorded.jsonl"
    recorded.write_text(place.server.run("rule", "messages", "--json", "--rule", "mix"))
    for _ in range(2):
        tried = place.server.run("rule", "test", "--rule", "mix", "--messages", str(recorded), "--json").splitlines()
        came = {one["actions"][0]["resource"]: one["output"] for one in map(json.loads, tried)}
        assert came == went, (came, went)


@promise(own=True)
def cases_in_a_file_pass_fail_and_say_what_no_case_has_seen(place):
    cases = pathlib.Path(place.server.data).parent / "cases.md"
    book = re.search(r"````markdown\n(.*?)````", DOCS.read_text(), re.S).group(1)
    cases.write_text(book)
    code, said = cli(place, "rule", "test", "--file", str(cases))
    assert code == 0 and "2 passed, 0 failed" in said and "NOT SEEN  column value Undefined" in said, said
    cases.write_text(book.replace("expect: skipped", "expect: fired"))
    code, said = cli(place, "rule", "test", "--file", str(cases), "--json")
    report = json.loads(said)
    assert code == 1 and report["failed"] == 1 and report["cases"][0]["passed"], said


@promise(own=True)
def the_lines_of_the_page_about_rules_work_as_they_stand(place):
    folder = pathlib.Path(place.server.data).parent / "work"
    folder.mkdir()
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCS.read_text(), re.S | re.M)
    assert len(blocks) == 6, len(blocks)
    said = ""
    for block in blocks:
        done = shell(place, "set -e\n" + block, folder)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        said += done.stdout
    for part in ("rule hot_bench made", "republish alerts/bench", "fired 1", "alerts/bme680/temperature"):
        assert part in said, (part, said)
    assert (folder / "RPI" / "presence.py").exists()


@promise(own=True)
def the_demo_pulls_the_cable_and_the_shadow_follows(place):
    place.server.stop()
    place.server.flags += ["--demo"]
    place.server.start()

    def said():
        return pathlib.Path(place.server.log_path).read_text()

    wait_for("the cable", lambda: '"connected":false' in said(), 30)
    wait_for("the device", lambda: said().count('"connected":true') >= 2, 15)
    assert said().index("the cable of pump-1 is pulled") < said().index('"connected":false'), said()
