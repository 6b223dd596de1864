"""Actions that leave the house: somebody else's AWS and plain HTTP receivers get what rules send, also after a kill."""

import base64
import http.server
import io
import json
import socket
import threading
import time
import urllib.error
import urllib.request
import zipfile

from aws.caller import client, refused
from aws.outside import REGION, Moto, free_port
from aws.rules import ACCOUNT, ROLE, payload, republish
import promise as promises
from promise import promise
from raw.wire import joined
from server import Server

BLOB = bytes(range(256))


def wait_for(what, test, seconds=30):
    """Somebody else's AWS answers slowly while seven other cases run."""
    return promises.wait_for(what, test, seconds)


def started(place, *flags):
    """A server of the case's own."""
    server = Server(flags=flags)
    place.after(server.close)
    place.server = server.start()
    return server


def make(place, name, sql, *actions, error="errors"):
    iot = client(place, account=ACCOUNT)
    iot.create_topic_rule(ruleName=name, topicRulePayload=payload(sql, *actions, error=republish(error)))


class Listener:
    """An HTTP receiver on this machine; answers with the codes given, then 200; one that hangs answers questions only."""

    def __init__(self, place, port=0, codes=(), hangs=False):
        self.requests, left = [], list(codes)
        ends = threading.Event()
        place.after(ends.set)
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["content-length"]))
                listener.requests.append((self.path, dict(self.headers), body))
                is_question = self.headers.get("x-amz-rules-engine-message-type")
                if hangs and not is_question:
                    ends.wait(60)
                    return
                self.send_response(left.pop(0) if left and not is_question else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        place.after(self.server.shutdown)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def questions(self):
        return [json.loads(body) for _, headers, body in self.requests if headers.get("x-amz-rules-engine-message-type")]

    def messages(self):
        return [request for request in self.requests if not request[1].get("x-amz-rules-engine-message-type")]


@promise(seconds=120)
def queues_and_streams_get_what_a_rule_sends(place):
    moto = Moto(place)
    started(place, *moto.flags("sqs", "sns", "kinesis", "firehose", "s3"))
    sqs, sns, kinesis, firehose, s3 = (moto.client(name) for name in ("sqs", "sns", "kinesis", "firehose", "s3"))
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    heard = sqs.create_queue(QueueName="heard")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:heard", Attributes={"RawMessageDelivery": "true"})
    kinesis.create_stream(StreamName="k", ShardCount=1)
    s3.create_bucket(Bucket="bucket")
    firehose.create_delivery_stream(DeliveryStreamName="f", ExtendedS3DestinationConfiguration={
        "RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket", "Prefix": "fire/"})
    make(place, "all", "SELECT a, topic(2) AS level FROM 'in/+'",
         {"sqs": {"queueUrl": queue, "roleArn": ROLE}},
         {"sns": {"targetArn": topic, "roleArn": ROLE}},
         {"kinesis": {"streamName": "k", "partitionKey": "${topic(2)}", "roleArn": ROLE}},
         {"firehose": {"deliveryStreamName": "f", "separator": "\n", "roleArn": ROLE}},
         {"s3": {"bucketName": "bucket", "key": "${topic(2)}/${a} ä.json", "roleArn": ROLE}})
    make(place, "bytes", "SELECT * FROM 'bytes'", {"sqs": {"queueUrl": queue, "useBase64": True, "roleArn": ROLE}},
         {"s3": {"bucketName": "bucket", "key": "bytes", "roleArn": ROLE}})
    make(place, "batch", "SELECT VALUE rows FROM 'batch'", {"firehose": {
        "deliveryStreamName": "f", "separator": "\n", "batchMode": True, "roleArn": ROLE}})
    wire = joined(place)
    wire.subscribe("errors")
    wire.publish("in/x", b'{"a": 1.50, "b": 2}', qos=1)
    expected = '{"a":1.50,"level":"x"}'
    read = lambda url: wait_for("a message", lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]["Body"]  # noqa: E731
    assert read(queue) == expected and read(heard) == expected
    shard = kinesis.get_shard_iterator(StreamName="k", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    record, = wait_for("a record", lambda: kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"])
    assert (record["Data"].decode(), record["PartitionKey"]) == (expected, "x"), record
    stored = lambda key: s3.get_object(Bucket="bucket", Key=key)["Body"].read()  # noqa: E731
    keys = lambda prefix: [found["Key"] for found in s3.list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])]  # noqa: E731
    wait_for("the object", lambda: keys("x/"))
    assert stored("x/1.50 ä.json") == expected.encode()
    delivered = lambda: b"".join(stored(key) for key in sorted(keys("fire/")))  # noqa: E731
    wait_for("the delivery", lambda: delivered() == expected.encode() + b"\n")
    wire.publish("bytes", BLOB, qos=1)
    assert base64.b64decode(read(queue)) == BLOB
    wait_for("the bytes", lambda: keys("bytes"))
    assert stored("bytes") == BLOB
    wire.publish("batch", b'{"rows": [{"z":1,"a":12345678901234567890123}, 2, "x"]}', qos=1)
    wait_for("the batch", lambda: (b'{"z":1,"a":12345678901234567890123}\n2\n"x"\n' in delivered()))
    wire.expect_silence()


@promise(seconds=120)
def tables_get_items_and_statements_read_them(place):
    moto = Moto(place)
    started(place, *moto.flags("dynamodb", "secretsmanager", "lambda"))
    tables, secrets = moto.client("dynamodb"), moto.client("secretsmanager")
    for name, keys in (("one", [("id", "S", "HASH"), ("at", "N", "RANGE")]), ("two", [("device", "S", "HASH")])):
        tables.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys],
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, _, role in keys])
    secrets.create_secret(Name="s", SecretString='{"user":"u","pass":"p"}')
    column = {"dynamoDB": {"tableName": "one", "hashKeyField": "id", "hashKeyValue": "${topic(2)}", "rangeKeyField": "at",
                           "rangeKeyValue": "${timestamp}", "rangeKeyType": "NUMBER", "payloadField": "data",
                           "operation": "${op}", "roleArn": ROLE}}
    make(place, "v1", "SELECT value, note FROM 'one/+'", column)
    make(place, "v2", "SELECT * FROM 'two'", {"dynamoDBv2": {"putItem": {"tableName": "two"}, "roleArn": ROLE}})
    make(place, "reads", "SELECT get_dynamodb('two', 'device', device, 'r').n AS n, get_secret('s', 'SecretString', 'user', 'r') AS u"
         " FROM 'ask'", republish("asked"))
    wire = joined(place)
    wire.subscribe("errors", "asked")
    find = lambda table, key: tables.get_item(TableName=table, Key=key).get("Item")  # noqa: E731
    key = {"id": {"S": "x"}, "at": {"N": "7"}}
    wire.publish("one/x", b'{"op":"INSERT","timestamp":7,"value":null,"note":"a"}', qos=1)
    item = wait_for("the item", lambda: find("one", key))
    assert item["data"] == {"M": {"value": {"NULL": True}, "note": {"S": "a"}}}, item
    wire.publish("one/x", b'{"op":"UPDATE","timestamp":7,"value":12345678901234567890.5}', qos=1)
    wait_for("the update", lambda: find("one", key)["data"] == {"M": {"value": {"N": "12345678901234567890.5"}}})
    wire.publish("one/x", b'{"op":"DELETE","timestamp":7}', qos=1)
    wait_for("the deletion", lambda: find("one", key) is None)
    wire.publish("two", b'{"device":"d","n":1,"on":true,"list":[1,"a"],"none":null}', qos=1)
    item = wait_for("the item", lambda: find("two", {"device": {"S": "d"}}))
    assert item == {"device": {"S": "d"}, "n": {"N": "1"}, "on": {"BOOL": True}, "list": {"L": [{"N": "1"}, {"S": "a"}]}, "none": {"NULL": True}}, item
    wire.publish("ask", b'{"device":"d"}', qos=1)
    assert json.loads(wire.message().payload) == {"n": 1, "u": "u"}
    wire.publish("ask", b'{"device":"nobody"}', qos=1)
    assert "has no item" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    wire.publish("two", b'[1]', qos=1)
    assert "no JSON object" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]


@promise(seconds=120)
def functions_are_invoked(place):
    moto = Moto(place)
    started(place, *moto.flags("lambda"))
    functions, packed = moto.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", "def handler(event, context): return event")
    moto.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    made = functions.create_function(FunctionName="f", Runtime="python3.12", Handler="f.handler", Code={"ZipFile": packed.getvalue()},
                                     Role="arn:aws:iam::123456789012:role/r")
    make(place, "act", "SELECT * FROM 'act'", {"lambda": {"functionArn": made["FunctionArn"]}})
    make(place, "ask", f"SELECT aws_lambda('{made['FunctionArn']}', a) AS answer FROM 'ask'", republish("asked"))
    wire = joined(place)
    wire.subscribe("errors", "asked")
    wire.publish("act", b'{"a":1}', qos=1)
    # This function answers with what it is asked.
    wire.publish("ask", b'{"a":{"b":1}}', qos=1)
    assert json.loads(wire.message().payload) == {"answer": {"b": 1}}
    wire.expect_silence()


@promise(seconds=90)
def an_address_gets_messages_once_its_owner_has_said_yes(place):
    started(place)
    iot, listener = client(place, account=ACCOUNT), Listener(place, codes=[503, 200, 400])
    action = {"http": {"url": listener.url + "/in/${topic(2)}", "confirmationUrl": listener.url + "/in",
                       "headers": [{"key": "x-device", "value": "${clientid()}"}]}}
    make(place, "post", "SELECT a FROM 'in/+'", action)
    wire = joined(place)
    wire.subscribe("errors")
    question, = wait_for("the question", listener.questions)
    assert question["messageType"] == "DestinationConfirmation" and question["confirmationToken"] in question["enableUrl"], question
    wire.publish("in/early", b'{"a":1}', qos=1)
    assert "waits for its owner" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    refused(iot.update_topic_rule_destination, "InvalidRequestException", "has not been confirmed", arn=question["arn"], status="ENABLED")
    with urllib.request.urlopen(question["enableUrl"], timeout=10) as answer:
        assert answer.status == 200
    assert iot.get_topic_rule_destination(arn=question["arn"])["topicRuleDestination"]["status"] == "ENABLED"
    refused(iot.confirm_topic_rule_destination, "InvalidRequestException", "used already", confirmationToken=question["confirmationToken"])
    wire.publish("in/x", b'{"a":2}', qos=1)
    wait_for("the second attempt", lambda: len(listener.messages()) == 2)
    for path, headers, body in listener.messages():
        assert (path, body, headers["content-type"], headers["x-device"]) == ("/in/x", b'{"a":2}', "application/json", place.client()), headers
    wire.publish("in/x", b'{"a":3}', qos=1)
    failure = json.loads(wire.message().payload)["failures"][0]
    assert failure["failedAction"] == "HttpAction" and "400" in failure["errorMessage"], failure
    iot.update_topic_rule_destination(arn=question["arn"], status="DISABLED")
    wire.publish("in/x", b'{"a":4}', qos=1)
    assert "disabled" in json.loads(wire.message().payload)["failures"][0]["errorMessage"]
    assert [found["arn"] for found in iot.list_topic_rule_destinations()["destinationSummaries"]] == [question["arn"]]
    iot.delete_topic_rule_destination(arn=question["arn"])
    assert iot.list_topic_rule_destinations()["destinationSummaries"] == []


@promise(seconds=60)
def what_nothing_can_be_posted_to_is_refused(place):
    started(place)
    iot = client(place, account=ACCOUNT)
    for url, words in [
        ("http:///", "no host"), ("https://a b", "blank"), ("http://a\r\nb", "control character"), ("http://u:p@h/", "password"),
        ("http://a:99999/", "port"), ("http://a/?a=1", "query"), ("http://a/#f", "#"),
    ]:
        made = {"httpUrlConfiguration": {"confirmationUrl": url}}
        refused(iot.create_topic_rule_destination, "InvalidRequestException", words, destinationConfiguration=made)
    for changed, words in [
        ({"url": "https"}, "neither with https://"),
        ({"confirmationUrl": "h"}, "neither with https://"),
        ({"headers": [{"key": "Content-Length", "value": "1"}]}, "belongs to the connection"),
        ({"headers": [{"key": "transfer-encoding", "value": "chunked"}]}, "belongs to the connection"),
        ({"headers": [{"key": "${topic()}", "value": "1"}]}, "only a header's value"),
    ]:
        action = {"http": {"url": "http://127.0.0.1:1/in", **changed}}
        rule = payload("SELECT * FROM 'in'", action)
        refused(iot.create_topic_rule, "InvalidRequestException", words, ruleName="post", topicRulePayload=rule)


@promise(seconds=60)
def a_full_disk_leaves_confirmations_for_later(place):
    server, listener = started(place), Listener(place)
    iot = client(place, account=ACCOUNT)
    iot.create_topic_rule_destination(destinationConfiguration={"httpUrlConfiguration": {"confirmationUrl": listener.url}})
    wait_for("the question", listener.questions)
    server.kill()
    server.flags += ["--keep-free", str(10**17)]
    server.start()
    _, again = wait_for("the question after the start", lambda: listener.questions()[1:] and listener.questions())
    try:
        urllib.request.urlopen(again["enableUrl"], timeout=10).close()
    except urllib.error.HTTPError as refusal:
        assert refusal.code == 503 and "disk is full" in refusal.read().decode(), refusal.code
    else:
        raise AssertionError("a confirmation was taken that cannot be kept")
    server.kill()
    server.flags = server.flags[:-2]
    server.start()
    *_, last = wait_for("the third question", lambda: listener.questions()[2:] and listener.questions())
    urllib.request.urlopen(last["enableUrl"], timeout=10).close()
    found, = client(place, account=ACCOUNT).list_topic_rule_destinations()["destinationSummaries"]
    assert found["status"] == "ENABLED", found


@promise(seconds=60)
def nothing_that_leaves_the_server_comes_back_in(place):
    server = started(place)
    iot = client(place, account=ACCOUNT)
    host, port = server.address("api")
    configuration = {"httpUrlConfiguration": {"confirmationUrl": f"http://{host}:{port}/topics/x"}}
    arn = iot.create_topic_rule_destination(destinationConfiguration=configuration)["topicRuleDestination"]["arn"]

    def failed():
        found = iot.get_topic_rule_destination(arn=arn)["topicRuleDestination"]
        return found if found["status"] == "ERROR" else None

    assert "is this server itself" in wait_for("the refusal", failed)["statusReason"]


@promise(seconds=90)
def a_receiver_that_hangs_holds_up_nobody_else(place):
    started(place)
    hangs, well = Listener(place, hangs=True), Listener(place)
    make(place, "a_hangs", "SELECT n FROM 'hangs'", {"http": {"url": hangs.url + "/in?token=TOPSECRET"}})
    make(place, "b_well", "SELECT n FROM 'well'", {"http": {"url": well.url + "/in"}})
    for listener in (hangs, well):
        question, = wait_for("the question", listener.questions)
        urllib.request.urlopen(question["enableUrl"], timeout=10).close()
    wire = joined(place)
    for number in range(80):
        wire.publish("hangs", json.dumps({"n": number}).encode(), qos=1)
        # A connection may publish 100 times a second; what is more is discarded without an answer, as on AWS.
        time.sleep(0.011)
    wait_for("the first that hangs", hangs.messages)
    wire.publish("well", b'{"n":1}', qos=1)
    wait_for("the other's message", well.messages, 3)
    # Eight at a time, each for three attempts of three seconds: most have not begun.
    begun = {body for _, _, body in hangs.messages()}
    assert len(begun) <= 40, len(begun)
    wire.subscribe("errors")
    failure = json.loads(wire.message(seconds=30).payload)["failures"][0]
    assert failure["failedResource"] == hangs.url + "/in", failure


@promise(seconds=120)
def what_was_acknowledged_is_delivered_after_a_kill(place):
    server, port = started(place), free_port()
    listener = Listener(place, port)
    make(place, "post", "SELECT n FROM 'in'", {"http": {"url": listener.url + "/in"}})
    question, = wait_for("the question", listener.questions)
    urllib.request.urlopen(question["enableUrl"], timeout=10).close()
    listener.server.shutdown()
    listener.server.server_close()
    # Whoever connects waits for an answer, so that no job has used up its attempts before the kill.
    silent = socket.create_server(("127.0.0.1", port), backlog=64)
    place.after(silent.close)
    wire = joined(place)
    for number in range(20):
        wire.publish("in", json.dumps({"n": number}).encode(), qos=1)
    server.kill()
    silent.close()
    later = Listener(place, port)
    server.start()
    wait_for("all twenty", lambda: {json.loads(body)["n"] for _, _, body in later.messages()} >= set(range(20)), 30)
