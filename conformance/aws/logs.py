"""CloudWatch Logs through boto3 and AWS's command line: groups, streams, events, their pages and patterns, and kills."""

import http.client
import json
import time

from botocore.exceptions import ClientError

from aws.caller import REGION, account_of, client, refused, unserved
from aws.iot_cli import start
from promise import promise

DAY_MS = 24 * 3600 * 1000


def now_ms():
    return int(time.time() * 1000)


def logs_of(place):
    return client(place, "logs")


def filled(place, events, group="/aws/iot/g", stream="s"):
    """A client whose account has a group and a stream with these events."""
    logs = logs_of(place)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    put(logs, events, group, stream)
    return logs


def put(logs, events, group="/aws/iot/g", stream="s"):
    sent = [{"timestamp": at, "message": message} for at, message in events]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=sent)


def messages(answer):
    return [event["message"] for event in answer["events"]]


def found(logs, pattern="", group="/aws/iot/g", **arguments):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern, **arguments)
    return [event["message"] for page in pages for event in page["events"]]


@promise()
def a_group_is_made_shown_changed_and_deleted(place):
    logs = logs_of(place)
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    refused(logs.create_log_group, "ResourceAlreadyExistsException", "already exists", logGroupName="g")
    (shown,) = logs.describe_log_groups()["logGroups"]
    arn = f"arn:aws:logs:{REGION}:{account_of(place)}:log-group:g"
    assert (shown["arn"], shown["logGroupArn"]) == (f"{arn}:*", arn), shown
    assert (shown["storedBytes"], shown["metricFilterCount"]) == (0, 0) and "retentionInDays" not in shown, shown
    assert abs(shown["creationTime"] - now_ms()) < 60_000, shown
    logs.put_retention_policy(logGroupName="g", retentionInDays=14)
    assert logs.describe_log_groups(logGroupNamePrefix="g")["logGroups"][0]["retentionInDays"] == 14
    refused(logs.put_retention_policy, "InvalidParameterException", "1, 3, 5", logGroupName="g", retentionInDays=2)
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
    logs.delete_log_group(logGroupName="g")
    assert logs.describe_log_groups()["logGroups"] == []
    refused(logs.delete_log_group, "ResourceNotFoundException", "does not exist", logGroupName="g")


@promise()
def groups_and_streams_come_in_pages(place):
    logs = logs_of(place)
    for number in range(7):
        logs.create_log_group(logGroupName=f"/g/{number}")
        logs.create_log_stream(logGroupName="/g/0", logStreamName=f"s{number}")
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 3})
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    assert names == [f"/g/{number}" for number in range(7)], names
    matching = logs.describe_log_groups(logGroupNamePattern="/5")["logGroups"]
    assert [group["logGroupName"] for group in matching] == ["/g/5"], matching
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName="/g/0", PaginationConfig={"PageSize": 3})
    names = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    assert names == [f"s{number}" for number in range(7)], names
    for number in (4, 2):
        put(logs, [(now_ms() - number, "x")], "/g/0", f"s{number}")
    by_time = logs.describe_log_streams(logGroupName="/g/0", orderBy="LastEventTime", descending=True)["logStreams"]
    assert [stream["logStreamName"] for stream in by_time[:2]] == ["s2", "s4"], by_time
    assert by_time[0]["firstEventTimestamp"] == by_time[0]["lastEventTimestamp"], by_time[0]


@promise()
def events_are_read_from_either_end(place):
    begin = now_ms() - 100
    logs = filled(place, [(begin + number, f"m{number}") for number in range(10)])
    where = {"logGroupName": "/aws/iot/g", "logStreamName": "s", "limit": 4}
    last = logs.get_log_events(**where)
    assert messages(last) == ["m6", "m7", "m8", "m9"], last
    assert messages(logs.get_log_events(**where, nextToken=last["nextBackwardToken"])) == ["m2", "m3", "m4", "m5"]
    first = logs.get_log_events(**where, startFromHead=True)
    assert messages(first) == ["m0", "m1", "m2", "m3"], first
    assert first["events"][0]["timestamp"] == begin and first["events"][0]["ingestionTime"] >= begin, first
    token, seen = first["nextForwardToken"], messages(first)
    while True:
        page = logs.get_log_events(**where, startFromHead=True, nextToken=token)
        seen += messages(page)
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert seen == [f"m{number}" for number in range(10)], seen
    put(logs, [(begin + 50, "later")])
    assert messages(logs.get_log_events(**where, nextToken=token)) == ["later"]
    within = logs.get_log_events(**where, startTime=begin + 2, endTime=begin + 4)
    assert messages(within) == ["m2", "m3"], within
    refused(logs.get_log_events, "InvalidParameterException", "nextToken", **where, nextToken="x")
    refused(logs.get_log_events, "ResourceNotFoundException", "log stream", logGroupName="/aws/iot/g", logStreamName="x")


@promise()
def events_of_several_streams_are_found_in_the_order_of_time(place):
    begin = now_ms() - 1000
    logs = filled(place, [(begin + number, f"a{number:03}") for number in range(0, 200, 2)])
    logs.create_log_stream(logGroupName="/aws/iot/g", logStreamName="t")
    put(logs, [(begin + number, f"a{number:03}") for number in range(1, 200, 2)], stream="t")
    expected = [f"a{number:03}" for number in range(200)]
    assert found(logs) == expected
    assert found(logs, PaginationConfig={"PageSize": 7}) == expected
    assert found(logs, logStreamNames=["t"]) == expected[1::2]
    assert found(logs, logStreamNamePrefix="s") == expected[::2]
    assert found(logs, startTime=begin + 10, endTime=begin + 12) == expected[10:13]
    event = logs.filter_log_events(logGroupName="/aws/iot/g", limit=1)["events"][0]
    assert event["logStreamName"] == "s" and event["eventId"] and event["timestamp"] == begin, event
    refused(logs.filter_log_events, "ResourceNotFoundException", "log stream", logGroupName="/aws/iot/g",
            logStreamNames=["s", "none"])


@promise()
def patterns_choose_events(place):
    at = now_ms()
    texts = ["ERROR disk full", "WARN disk slow", "INFO ok", '{"level": "error", "temp": 21.5, "on": true}',
             '{"level": "info", "temp": 3}']
    logs = filled(place, [(at, text) for text in texts])
    check = {
        "": texts, "disk": texts[:2], "ERROR disk": texts[:1], '"disk full"': texts[:1], "?ERROR ?WARN": texts[:2],
        "disk -WARN": texts[:1], '{ $.level = "error" }': texts[3:4], "{ $.temp > 2 && $.temp < 4 }": texts[4:],
        '{ ($.level = "info") || ($.on IS TRUE) }': texts[3:], "{ $.on NOT EXISTS }": texts[4:],
        '{ $.level = "*o*" }': texts[3:],
    }
    for pattern, expected in check.items():
        assert found(logs, pattern) == expected, (pattern, found(logs, pattern))
    for pattern, words in {"[a, b]": "space-delimited", "%a%": "regular expression", "{ $.a": "operator",
                           '"open': "quotation mark"}.items():
        refused(logs.filter_log_events, "InvalidParameterException", words, logGroupName="/aws/iot/g",
                filterPattern=pattern)


@promise()
def a_batch_is_held_to_the_rules_of_aws(place):
    at = now_ms()
    logs = filled(place, [(at, "first")])
    call = dict(logGroupName="/aws/iot/g", logStreamName="s")
    refuse = lambda words, *events: refused(  # noqa: E731 - one shape for all cases
        logs.put_log_events, "InvalidParameterException", words, **call,
        logEvents=[{"timestamp": when, "message": message} for when, message in events])
    refuse("chronological order", (at, "b"), (at - 1, "a"))
    refuse("24 hours", (at - DAY_MS - 1, "a"), (at, "b"))
    refuse("Upload too large", *[(at, "x" * 1000)] * 1023)
    refuse("10000", *[(at, "x")] * 10_001)
    answer = put(logs, [(at - 15 * DAY_MS, "old"), (at - 15 * DAY_MS + 1, "older")])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2}, answer
    answer = put(logs, [(at, "now"), (at + 3 * 3600 * 1000, "soon")])
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}, answer
    answer = logs.put_log_events(**call, logEvents=[{"timestamp": at, "message": "e"}], sequenceToken="any",
                                 entity={"keyAttributes": {"Type": "Service", "Name": "n"}})
    assert answer["nextSequenceToken"] and answer["rejectedEntityInfo"]["errorType"] == "UnsupportedLogGroupType"
    put(logs, [(at, '"' * 100_000)] * 10)
    assert found(logs, '-"\\""') == ["first", "now", "e"]
    refused(logs.put_log_events, "ResourceNotFoundException", "log group", logGroupName="x", logStreamName="s",
            logEvents=[{"timestamp": at, "message": "m"}])


@promise()
def tags_are_set_read_and_removed(place):
    logs = logs_of(place)
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    arn = f"arn:aws:logs:{REGION}:{account_of(place)}:log-group:g"
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert logs.list_tags_for_resource(resourceArn=f"{arn}:*")["tags"] == {"a": "1", "b": "2"}
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"b": "2"}
    refused(logs.tag_resource, "TooManyTagsException", "50", resourceArn=arn, tags={f"k{n}": "" for n in range(50)})
    refused(logs.list_tags_for_resource, "ResourceNotFoundException", resourceArn=arn.replace(":g", ":h"))
    refused(logs.list_tags_for_resource, "InvalidParameterException", resourceArn=arn.replace("log-group", "x"))


@promise()
def what_is_not_served_says_so_by_name(place):
    logs = logs_of(place)
    unserved(logs.start_query, "StartQuery", logGroupName="g", startTime=0, endTime=1, queryString="fields @message")
    unserved(logs.put_metric_filter, "PutMetricFilter", logGroupName="g", filterName="f", filterPattern="",
             metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}])
    unserved(logs.create_log_group, "kmsKeyId", logGroupName="g", kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    unserved(logs.create_log_group, "logGroupClass", logGroupName="g", logGroupClass="INFREQUENT_ACCESS")
    unserved(client(place, "firehose").list_delivery_streams, "ListDeliveryStreams")


@promise()
def an_error_is_read_from_the_body(place):
    host, port = place.server.address("api")
    connection = http.client.HTTPConnection(host, port, timeout=30)
    place.after(connection.close)
    headers = {"X-Amz-Target": "Logs_20140328.DeleteLogGroup", "Content-Type": "application/x-amz-json-1.1"}
    connection.request("POST", "/", json.dumps({"logGroupName": "none"}), headers)
    answer = connection.getresponse()
    body = json.load(answer)
    assert (answer.status, body["__type"]) == (400, "ResourceNotFoundException"), body
    assert "none" in body["message"] and answer.headers["Content-Type"] == "application/x-amz-json-1.1", body


@promise(seconds=120)
def the_command_line_writes_and_reads_events(place):
    def run(*words):
        done = start(place, "aws", "logs", *words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    run("create-log-group", "--log-group-name", "g", "--tags", "a=1")
    run("create-log-stream", "--log-group-name", "g", "--log-stream-name", "s")
    event = json.dumps([{"timestamp": now_ms(), "message": "hello pump"}])
    run("put-log-events", "--log-group-name", "g", "--log-stream-name", "s", "--log-events", event)
    assert messages(run("filter-log-events", "--log-group-name", "g", "--filter-pattern", "pump")) == ["hello pump"]
    assert messages(run("get-log-events", "--log-group-name", "g", "--log-stream-name", "s")) == ["hello pump"]
    assert run("describe-log-groups")["logGroups"][0]["storedBytes"] > 0
    run("delete-log-group", "--log-group-name", "g")
    assert run("describe-log-groups")["logGroups"] == []


@promise(own=True, seconds=120)
def every_event_that_was_taken_is_there_after_a_kill(place):
    at = now_ms()
    logs = filled(place, [(at, "0")])
    logs.put_retention_policy(logGroupName="/aws/iot/g", retentionInDays=30)
    taken = ["0"]
    for number in range(1, 40):
        put(logs, [(at + number, str(number)), (at + number, "x" * 3000)])
        taken += [str(number), "x" * 3000]
        if number % 13 == 0:
            place.server.kill()
            place.server.start()
            logs = logs_of(place)
    place.server.kill()
    place.server.start()
    logs = logs_of(place)
    assert found(logs) == taken
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 30
    assert found(logs, "-x", PaginationConfig={"PageSize": 3}) == [text for text in taken if "x" not in text]
    try:
        put(logs, [(at + 50, "again")], stream="none")
        raise AssertionError("a stream that does not exist took an event")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException", error
    put(logs, [(at + 50, "again")])
    assert found(logs)[-1] == "again"
