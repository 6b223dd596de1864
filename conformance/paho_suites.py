"""In: a checkout of eclipse-paho/paho.mqtt.testing. Out: its interoperability suites' results. Changes nothing in it."""

import re
import subprocess
import sys
import tempfile

import server as servers

# The suite's own broker fails this case: it waits for a DISCONNECT while it sends nothing that could cause one.
EXPECTED_FAILURES = {"test_flow_control2"}
REFUSED_FILTER = "test/nosubscribe"


def policy():
    """Everything is allowed but the one filter whose refusal the suites test."""
    arn = "arn:aws:iot:us-east-1:000000000000:topicfilter/" + REFUSED_FILTER
    return (
        '{"Version": "2012-10-17", "Statement": ['
        '{"Effect": "Allow", "Action": "iot:*", "Resource": "*"},'
        '{"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "%s"}]}' % arn
    )


def run(checkout):
    folder = checkout / "interoperability"
    if not (folder / "client_test.py").exists():
        print(f"{folder} has no client_test.py: name a checkout of eclipse-paho/paho.mqtt.testing\n\n0 passed, 1 failed")
        return 1
    passed, failed = 0, 0
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(policy())
        file.flush()
        for suite in ("client_test.py", "client_test5.py"):
            # Each on a fresh server: both use the same client ids.
            server = servers.Server("standard", ["--anonymous-policy", file.name, "--keep-alive-max", "60"]).start()
            try:
                good, bad = run_suite(folder, suite, server)
            finally:
                server.close()
            passed, failed = passed + good, failed + bad
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


def run_suite(folder, suite, server):
    """The suites read their own host and port, then hand over to unittest: this does both from outside."""
    host, port = server.address("plain")
    print(f"== {suite}")
    start = (
        "import sys, unittest; sys.path.insert(0, '.'); module = __import__(sys.argv[1]);"
        "module.topics = ('TopicA', 'TopicA/B', 'Topic/C', 'TopicA/C', '/TopicA');"
        "module.wildtopics = ('TopicA/+', '+/C', '#', '/#', '/+', '+/+', 'TopicA/#');"
        "module.nosubscribe_topics = ('test/nosubscribe',); module.topic_prefix = 'client_test5/';"
        "module.host, module.port = sys.argv[2], int(sys.argv[3]);"
        "unittest.main(module, argv=[sys.argv[1]], verbosity=2)"
    )
    command = [sys.executable, "-c", start, suite.removesuffix(".py"), host, str(port)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900)
    good, bad = 0, 0
    for name, result in re.findall(r"^(test\w*) \([^)]*\)(?:.*?) \.\.\. ?.*?\b(ok|FAIL|ERROR)$", done.stderr, re.M | re.S):
        expected = name in EXPECTED_FAILURES
        kept = result == "ok" or expected
        print(f"{'ok    ' if kept else 'FAILED'} {suite}: {name}{' (expected to fail)' if result != 'ok' and expected else ''}")
        good, bad = good + kept, bad + (not kept)
    if good + bad == 0 or bad:
        print(done.stdout[-6000:], done.stderr[-6000:], server.tail(), sep="\n")
    return good, bad + (good + bad == 0)
