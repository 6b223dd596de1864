"""Topic rules through boto3 and the AWS CLI: made, read, switched; what messages make of them; every refusal."""

import base64
import json

from aws.caller import REGION, account_of, arn, client, pages, refused
from aws.iot_cli import run
from promise import promise, wait_for
from raw.wire import joined
from server import Server

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/rules"
VERSION = "2016-03-23"


def payload(sql, *actions, error=None, **more):
    rule = {"sql": sql, "actions": list(actions), "awsIotSqlVersion": VERSION, **more}
    return {**rule, "errorAction": error} if error else rule


def republish(topic, **more):
    return {"republish": {"topic": topic, "roleArn": ROLE, **more}}


class Rules:
    """The default account's rules, with names that no other case uses."""

    def __init__(self, place):
        self.place = place
        self.iot = client(place, account=ACCOUNT)

    def name(self, ending):
        return f"case{self.place.number}_{ending}"

    def make(self, ending, sql, *actions, **more):
        name = self.name(ending)
        self.iot.create_topic_rule(ruleName=name, topicRulePayload=payload(sql, *actions, **more))
        self.place.after(lambda: self.iot.delete_topic_rule(ruleName=name))
        return name


@promise()
def a_rule_is_made_read_listed_switched_replaced_and_deleted(place):
    iot = client(place)
    action = republish("out/${topic(2)}", qos=1, headers={"contentType": "text/plain", "userProperties": [{"key": "k", "value": "${a}"}]})
    made = payload("SELECT * FROM 'in/+'", action, error=republish("errors"), description="a rule", ruleDisabled=False)
    iot.create_topic_rule(ruleName="one", topicRulePayload=made, tags="team=a%20b&empty=")
    found = iot.get_topic_rule(ruleName="one")
    assert found["ruleArn"] == arn(place, "rule/one"), found
    rule = found["rule"]
    assert rule.pop("createdAt").year >= 2024
    assert rule == {**made, "ruleName": "one", "errorAction": republish("errors", qos=0)}, rule
    tags = iot.list_tags_for_resource(resourceArn=found["ruleArn"])["tags"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("empty", ""), ("team", "a b")], tags
    iot.untag_resource(resourceArn=found["ruleArn"], tagKeys=["empty"])
    iot.tag_resource(resourceArn=found["ruleArn"], tags=[{"Key": "x", "Value": "y"}])
    tags = iot.list_tags_for_resource(resourceArn=found["ruleArn"])["tags"]
    assert sorted(tag["Key"] for tag in tags) == ["team", "x"], tags
    iot.disable_topic_rule(ruleName="one")
    listed = iot.list_topic_rules()["rules"]
    assert [(rule["ruleName"], rule["topicPattern"], rule["ruleDisabled"]) for rule in listed] == [("one", "in/+", True)], listed
    assert listed[0]["ruleArn"] == found["ruleArn"]
    iot.enable_topic_rule(ruleName="one")
    assert iot.list_topic_rules(ruleDisabled=True)["rules"] == []
    iot.replace_topic_rule(ruleName="one", topicRulePayload=payload("SELECT a FROM 'other'", republish("x")))
    assert iot.get_topic_rule(ruleName="one")["rule"]["sql"] == "SELECT a FROM 'other'"
    assert len(iot.list_topic_rules(topic="other")["rules"]) == 1 and iot.list_topic_rules(topic="in/+")["rules"] == []
    iot.delete_topic_rule(ruleName="one")
    refused(iot.get_topic_rule, "UnauthorizedException", "Access to topic rule 'one' was denied", ruleName="one")
    refused(iot.delete_topic_rule, "UnauthorizedException", "one", ruleName="one")
    refused(iot.enable_topic_rule, "UnauthorizedException", "one", ruleName="one")


@promise()
def rules_are_read_in_pages(place):
    iot = client(place)
    for number in range(7):
        iot.create_topic_rule(ruleName=f"r{number}", topicRulePayload=payload("SELECT * FROM 'a'", republish("b")))
    assert [rule["ruleName"] for rule in pages(iot.list_topic_rules, "rules", 3)] == [f"r{number}" for number in range(7)]


@promise()
def what_aws_refuses_is_refused_with_its_place(place):
    iot = client(place)
    make = lambda code, words, rule, name="bad": refused(  # noqa: E731
        iot.create_topic_rule, code, words, ruleName=name, topicRulePayload=rule)
    make("SqlParseException", "SELECT", payload("SELEC * FROM 'a'", republish("b")))
    make("SqlParseException", "did you mean", payload("SELECT topik() AS t FROM 'a'", republish("b")))
    make("SqlParseException", "2016-03-23", {**payload("SELECT encode(*, 'base64') AS t FROM 'a'"), "awsIotSqlVersion": "2015-10-08"})
    make("InvalidRequestException", "awsIotSqlVersion", {**payload("SELECT * FROM 'a'"), "awsIotSqlVersion": "2020-01-01"})
    make("InvalidRequestException", "topic of the republish action", payload("SELECT * FROM 'a'", republish("b/${topik()}")))
    make("InvalidRequestException", "at most 10", payload("SELECT * FROM 'a'", *[republish("b")] * 11))
    make("InvalidRequestException", "underscore", payload("SELECT * FROM 'a'", republish("b")), name="a-b")
    make("InvalidRequestException", "wildcard", payload("SELECT * FROM 'a'", republish("b/#")))
    make("InvalidRequestException", "cloudwatchMetric", payload("SELECT * FROM 'a'", {"cloudwatchMetric": {
        "roleArn": ROLE, "metricNamespace": "n", "metricName": "m", "metricValue": "1", "metricUnit": "None"}}))
    make("InvalidRequestException", "--endpoint sqs=", payload("SELECT * FROM 'a'", {"sqs": {"roleArn": ROLE, "queueUrl": "http://q"}}))
    make("InvalidRequestException", "error action", payload("SELECT * FROM 'a'", error=republish("b/${get_thing_shadow('x', 'y').a}")))
    assert iot.list_topic_rules()["rules"] == []
    iot.create_topic_rule(ruleName="bad", topicRulePayload=payload("SELECT * FROM 'a'", republish("b")))
    error = make("ResourceAlreadyExistsException", "bad", payload("SELECT * FROM 'a'", republish("b")))
    assert error["resourceArn"] == arn(place, "rule/bad"), error
    refused(iot.replace_topic_rule, "SqlParseException", "", ruleName="bad", topicRulePayload=payload("SELECT"))
    assert iot.get_topic_rule(ruleName="bad")["rule"]["sql"] == "SELECT * FROM 'a'"


@promise()
def a_message_becomes_another_with_what_its_rule_selects(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("out")
    sql = (f"SELECT temperature AS t, upper(unit) AS unit, clientid() AS who, topic(2) AS level, principal() AS p,"
           f" sourceip() AS ip, traceid() AS trace FROM '{source}' WHERE temperature > 20 AND status <> 'off'")
    rules.make("select", sql, republish(out + "/${unit}", qos=1))
    wire = joined(place, version=5)
    wire.subscribe(out + "/#")
    wire.publish(source, b'{"temperature": 21.5, "unit": "c", "status": "on"}', qos=1)
    message = wire.message()
    assert (message.topic, message.qos) == (out + "/c", 1), message
    found = json.loads(message.payload)
    assert len(found.pop("trace")) == 36
    assert found == {"t": 21.5, "unit": "C", "who": place.client(), "level": "in", "p": "anonymous", "ip": "127.0.0.1"}, found
    for skipped in (b'{"temperature": 20, "unit": "c", "status": "on"}', b'{"temperature": 30}', b"not json", b""):
        wire.publish(source, skipped)
    wire.expect_silence()


@promise()
def properties_go_with_a_republished_message(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("out")
    headers = {"contentType": "${type}", "responseTopic": "answers", "correlationData": "c-${n}", "messageExpiry": "60",
               "payloadFormatIndicator": "UTF8_DATA", "userProperties": [{"key": "k", "value": "${n}"}]}
    rules.make("props", f"SELECT * FROM '{source}'", republish(out, headers=headers))
    wire = joined(place, version=5)
    wire.subscribe(out)
    wire.publish(source, b'{"type": "text/x", "n": 7}')
    found = wire.message().properties
    text = str(found)
    for part in ("text/x", "answers", "c-7"):
        assert part in text, found
    assert "('k', '7')" in text or "'k': '7'" in text or "(b'k', b'7')" in text, found


@promise()
def bytes_that_are_no_json_pass_through_as_they_are(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("out")
    rules.make("raw", f"SELECT * FROM '{source}'", republish(out + "/raw"))
    rules.make("encoded", f"SELECT encode(*, 'base64') AS data FROM '{source}'", republish(out + "/encoded"))
    wire = joined(place)
    wire.subscribe(out + "/#")
    blob = bytes(range(256)) + b"\xff{"
    wire.publish(source, blob)
    found = {message.topic: message.payload for message in wire.messages(2)}
    assert found[out + "/raw"] == blob
    assert base64.b64decode(json.loads(found[out + "/encoded"])["data"]) == blob


@promise()
def what_fails_reaches_the_error_action_with_the_message(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("errors")
    name = rules.make("fails", f"SELECT * FROM '{source}'", republish("$aws/things/x/shadow/update"), error=republish(out))
    wire = joined(place)
    wire.subscribe(out)
    wire.publish(source, b'{"a":1}', qos=1)
    document = json.loads(wire.message().payload)
    assert set(document) == {"ruleName", "topic", "cloudwatchTraceId", "clientId", "base64OriginalPayload", "failures"}, document
    assert (document["ruleName"], document["topic"], document["clientId"]) == (name, source, place.client()), document
    assert base64.b64decode(document["base64OriginalPayload"]) == b'{"a":1}'
    failure, = document["failures"]
    assert failure["failedAction"] == "RepublishAction" and "$$aws/things/x" in failure["errorMessage"], failure


@promise()
def a_disabled_rule_sleeps_and_a_replaced_one_is_another(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("out")
    name = rules.make("switched", f"SELECT 1 AS n FROM '{source}'", republish(out))
    wire = joined(place)
    wire.subscribe(out)
    rules.iot.disable_topic_rule(ruleName=name)
    wire.publish(source, b"{}")
    wire.expect_silence()
    rules.iot.enable_topic_rule(ruleName=name)
    wire.publish(source, b"{}")
    assert wire.message().payload == b'{"n":1}'
    rules.iot.replace_topic_rule(ruleName=name, topicRulePayload=payload(f"SELECT 2 AS n FROM '{source}'", republish(out)))
    wire.publish(source, b"{}")
    assert wire.message().payload == b'{"n":2}'


@promise()
def basic_ingest_wakes_one_rule_and_nobody_else(place):
    rules, out = Rules(place), place.topic("out")
    name = rules.make("ingest", "SELECT topic() AS whole, topic(1) AS first, a FROM 'never/#'", republish(out))
    wire = joined(place)
    wire.subscribe(out)
    wire.publish(f"$aws/rules/{name}/site/line", b'{"a":1}', qos=1)
    assert json.loads(wire.message().payload) == {"whole": "site/line", "first": "site", "a": 1}
    # AWS acknowledges what no rule takes; here `why` says so.
    wire.publish("$aws/rules/nobody/x", b"{}", qos=1)
    wire.expect_silence()


@promise()
def the_houses_own_messages_wake_rules(place):
    rules, out = Rules(place), place.topic("out")
    thing = place.client("thing")
    rules.make("delta", f"SELECT state.on AS is_on FROM '$aws/things/{thing}/shadow/update/delta'", republish(out + "/delta"))
    rules.make("left", f"SELECT disconnectReason AS why FROM '$aws/events/presence/disconnected/{thing}'", republish(out + "/left"))
    rules.make("will", f"SELECT * FROM '{place.topic('will')}'", republish(f"$$aws/things/{thing}/shadow/update"))
    wire = joined(place)
    wire.subscribe(out + "/#")
    client(place, "iot-data", ACCOUNT).update_thing_shadow(thingName=thing, payload=b'{"state":{"desired":{"on":true}}}')
    assert json.loads(wire.message().payload) == {"is_on": True}
    will = json.dumps({"state": {"reported": {"connected": False}}}).encode()
    other = joined(place, "thing", will={"topic": place.topic("will"), "payload": will, "qos": 1})
    other.drop()
    assert json.loads(wire.message().payload)["why"] == "CONNECTION_LOST"
    read = lambda: json.loads(client(place, "iot-data", ACCOUNT).get_thing_shadow(thingName=thing)["payload"].read())  # noqa: E731
    wait_for("the will in the shadow", lambda: read()["state"].get("reported") == {"connected": False})


@promise()
def a_statement_asks_for_shadows_and_things(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("out")
    thing = place.client("thing")
    rules.iot.create_thing(thingName=thing, attributePayload={"attributes": {"room": "hall"}})
    client(place, "iot-data", ACCOUNT).update_thing_shadow(thingName=thing, payload=b'{"state":{"desired":{"limit":5}}}')
    sql = (f"SELECT get_thing_shadow(thing, '{ROLE}').state.desired.limit AS most,"
           f" get_registry_data('DescribeThing', thing, '{ROLE}').attributes.room AS room,"
           f" get_or_default(get_thing_shadow('nobody', '{ROLE}'), 'none') AS other FROM '{source}'")
    rules.make("asks", sql, republish(out + "/asked"), error=republish(out + "/asked"))
    rules.make("misses", f"SELECT get_thing_shadow('nobody', '{ROLE}').state AS s FROM '{source}'", republish(out + "/asked"), error=republish(out + "/failed"))
    wire = joined(place)
    wire.subscribe(out + "/#")
    wire.publish(source, json.dumps({"thing": thing}).encode(), qos=1)
    found = {message.topic: json.loads(message.payload) for message in wire.messages(2)}
    assert found[out + "/asked"] == {"most": 5, "room": "hall", "other": "none"}, found
    assert "nobody" in found[out + "/failed"]["failures"][0]["errorMessage"], found


@promise()
def a_rule_that_hears_itself_ends(place):
    rules, source, out = Rules(place), place.topic("loop"), place.topic("errors")
    rules.make("loop", f"SELECT n + 1 AS n FROM '{source}'", republish(source), error=republish(out))
    wire = joined(place)
    wire.subscribe(source, out)
    wire.publish(source, b'{"n":0}', qos=1)
    found = wire.drain()
    assert len(found) < 30, len(found)
    loop = [message for message in found if message.topic == out]
    assert len(loop) == 1 and "a loop" in json.loads(loop[0].payload)["failures"][0]["errorMessage"], found


@promise(own=True)
def rules_outlive_a_kill_in_accounts_that_have_nothing_else(place):
    other = "123456789012"
    for account in (ACCOUNT, other):
        iot = client(place, account=account)
        iot.create_topic_rule(ruleName="kept", topicRulePayload=payload("SELECT 1 AS n FROM 'in'", republish("out", qos=1)))
    place.server.kill()
    place.server.start()
    for account in (ACCOUNT, other):
        assert client(place, account=account).get_topic_rule(ruleName="kept")["rule"]["sql"] == "SELECT 1 AS n FROM 'in'"
    wire = joined(place)
    wire.subscribe("out")
    wire.publish("in", b"{}", qos=1)
    assert wire.message().payload == b'{"n":1}'
    client(place, "iot-data", other).publish(topic="in", qos=1, payload=b"{}")
    # The other account's rule republishes to its own subscribers alone.
    wire.expect_silence()


@promise()
def the_command_line_makes_a_rule_from_a_file(place):
    path = place.server.data + f"-rule-{place.number}.json"
    with open(path, "w") as file:
        json.dump(payload("SELECT * FROM 'a/#'", republish("b")), file)
    run(place, "aws", "create-topic-rule", "--rule-name", "cli", "--topic-rule-payload", f"file://{path}")
    assert run(place, "aws", "get-topic-rule", "--rule-name", "cli")["ruleArn"] == f"arn:aws:iot:{REGION}:{account_of(place)}:rule/cli"
    assert [rule["ruleName"] for rule in run(place, "aws", "list-topic-rules")["rules"]] == ["cli"]
    run(place, "aws", "disable-topic-rule", "--rule-name", "cli")
    refusal = run(place, "aws", "create-topic-rule", "--rule-name", "cli2", "--topic-rule-payload",
                  json.dumps({"sql": "SELECT FROM", "actions": []}), code=255)
    assert "SqlParseException" in refusal, refusal
    run(place, "aws", "delete-topic-rule", "--rule-name", "cli")


@promise()
def a_role_is_held_to_where_that_was_asked_for(place):
    server = Server(flags=["--roles", "strict"])
    place.after(server.close)
    place.server = server.start()
    iot, iam = client(place, account=ACCOUNT), client(place, "iam", ACCOUNT)
    make = lambda name, topic: dict(ruleName=name, topicRulePayload=payload("SELECT * FROM 'in'", republish(topic), error=republish("errors")))  # noqa: E731
    refused(iot.create_topic_rule, "InvalidRequestException", "there is no role", **make("r", "out"))
    trust = lambda service: json.dumps({"Version": "2012-10-17", "Statement": [  # noqa: E731
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})
    iam.create_role(RoleName="rules", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    refused(iot.create_topic_rule, "InvalidRequestException", "iot.amazonaws.com may not assume role", **make("r", "out"))
    iam.update_assume_role_policy(RoleName="rules", PolicyDocument=trust("iot.amazonaws.com"))
    iot.create_topic_rule(**make("r", "out"))
    wire = joined(place)
    wire.subscribe("out", "errors")
    wire.publish("in", b"{}", qos=1)
    # The role may publish nowhere yet, not even to the error action's topic.
    wire.expect_silence()
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Publish", "Resource": [
        f"arn:aws:iot:{REGION}:{ACCOUNT}:topic/errors"]}]}
    iam.put_role_policy(RoleName="rules", PolicyName="p", PolicyDocument=json.dumps(allowed))
    wire.publish("in", b"{}", qos=1)
    failure = json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    assert "topic/out" in failure, failure
    allowed["Statement"][0]["Resource"].append(f"arn:aws:iot:{REGION}:{ACCOUNT}:topic/out")
    iam.put_role_policy(RoleName="rules", PolicyName="p", PolicyDocument=json.dumps(allowed))
    wire.publish("in", b"{}", qos=1)
    assert wire.message().topic == "out"
    iam.delete_role_policy(RoleName="rules", PolicyName="p")
    iam.delete_role(RoleName="rules")
    wire.publish("in", b"{}", qos=1)
    wire.expect_silence()


@promise()
def results_are_read_back_from_a_log_group(place):
    rules, source, out = Rules(place), place.topic("in"), place.topic("errors")
    logs, group = client(place, "logs", ACCOUNT), f"/rules/{place.number}"
    log = lambda **more: {"cloudwatchLogs": {"roleArn": ROLE, "logGroupName": group, **more}}  # noqa: E731
    name = rules.make("log", f"SELECT a FROM '{source}'", log(), error=republish(out))
    batch = rules.make("batch", f"SELECT VALUE events FROM '{source}/batch'", log(batchMode=True), error=republish(out))
    wire = joined(place)
    wire.subscribe(out)
    wire.publish(source, b'{"a":1}', qos=1)
    assert "log group does not exist" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    logs.create_log_group(logGroupName=group)
    wire.publish(source, b'{"a":2}', qos=1)
    # The PUBACK covers the event: there is nothing to wait for.
    found = logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
    assert [event["message"] for event in found] == ['{"a":2}'], found
    now = found[0]["timestamp"]
    wire.publish(f"{source}/batch", json.dumps({"events": [
        {"timestamp": now, "message": "second"}, {"timestamp": now - 1000, "message": "first"}]}).encode(), qos=1)
    found = logs.get_log_events(logGroupName=group, logStreamName=batch, startFromHead=True)["events"]
    assert [event["message"] for event in found] == ["first", "second"], found
    wire.publish(f"{source}/batch", b'{"events": 7}', qos=1)
    assert "in a batch" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    logs.delete_log_group(logGroupName=group)
