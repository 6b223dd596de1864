"""In: a broker and a scenario's name. Out: the generator's report of one run. Does not compare."""

import json
import subprocess
import time
from typing import NamedTuple

CLOSED = ["--warmup", "1", "--duration", "4"]
PACED = ["--warmup", "2", "--duration", "5"]
QUIET_SHARE = 0.25


class Scenario(NamedTuple):
    tls: bool
    words: list
    # The figure that is compared, and what it must reach: a share of mosquitto's, or bytes.
    figure: str
    ratio: float = 0.0
    bytes: int = 0
    paced: bool = False


COST, MEMORY, CONNECT = "cpu_s_per_million", "bytes_per_conn", "cpu_ms_per_connect"

SCENARIOS = {
    "fan-in, QoS 0": Scenario(
        False, ["fanin", "--pubs", "50", "--subs", "1", "--qos", "0", *CLOSED], COST, 0.12),
    "fan-in, QoS 1": Scenario(
        False, ["fanin", "--pubs", "50", "--subs", "1", "--qos", "1", *CLOSED], COST, 0.07),
    "pairs, QoS 0": Scenario(
        False, ["pairs", "--pairs", "100", "--qos", "0", *CLOSED], COST, 0.05),
    "pairs, QoS 1": Scenario(
        False, ["pairs", "--pairs", "100", "--qos", "1", "--window", "20", *CLOSED], COST, 0.08),
    "fan-out, QoS 0": Scenario(
        False, ["fanout", "--subs", "1000", "--qos", "0", "--e2e", "50", *CLOSED], COST, 0.055),
    "wildcards": Scenario(
        False, ["shared-wild", "--subs", "1000", "--filters", "100", "--pubs", "20", *CLOSED], COST, 0.20),
    "fixed rate, QoS 0": Scenario(
        False, ["pairs", "--pairs", "1000", "--qos", "0", "--rate", "20000", *PACED], COST, 0.85, paced=True),
    "fixed rate, QoS 1": Scenario(
        False, ["pairs", "--pairs", "1000", "--qos", "1", "--rate", "10000", *PACED], COST, 0.95, paced=True),
    "fixed rate, QoS 1, mutual TLS": Scenario(
        True, ["pairs", "--pairs", "500", "--qos", "1", "--rate", "10000", *PACED], COST, 0.95, paced=True),
    "15,000 idle": Scenario(
        False, ["idle", "--conns", "15000", "--hold", "3", "--ping", "10"], MEMORY, bytes=5 * 1024),
    "10,000 idle, mutual TLS": Scenario(
        True, ["idle", "--conns", "10000", "--hold", "3", "--ping", "10", "--at-once", "50"], MEMORY,
        bytes=21 * 1024),
    "connects, mutual TLS": Scenario(
        True, ["connect", "--at-once", "20", *CLOSED], CONNECT, 0.40),
}


def measure(load, make, name, patience_s):
    """One run against a fresh broker; None where the broker has no such listener."""
    scenario = SCENARIOS[name]
    if scenario.tls and not make.has_tls:
        return None
    wait_for_quiet(patience_s)
    try:
        broker = make(scenario.tls)
    except AssertionError as error:
        return {"error": str(error)}
    try:
        port = broker.tls if scenario.tls else broker.plain
        credentials = broker.credentials if scenario.tls else []
        return generate(load, [*scenario.words, "--port", port, "--pid", broker.pid, *credentials])
    finally:
        broker.close()


def generate(load, words, timeout_s=150):
    command = [str(word) for word in [load, *words]]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return {"error": f"no result within {timeout_s} s"}
    if done.returncode != 0:
        return {"error": done.stderr.strip()[-200:]}
    return json.loads(done.stdout)


def wait_for_quiet(patience_s):
    """Until other work leaves the machine alone, or patience ends."""
    end = time.monotonic() + patience_s
    while busy_share(0.3) > QUIET_SHARE and time.monotonic() < end:
        pass


def busy_share(seconds):
    before = ticks()
    time.sleep(seconds)
    idle, whole = (now - then for now, then in zip(ticks(), before))
    return 1 - idle / max(whole, 1)


def ticks():
    with open("/proc/stat", encoding="ascii") as stat:
        numbers = [int(word) for word in stat.readline().split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
