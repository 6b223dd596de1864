"""In: a broker and a load generator. Out: figures that hang on the disk: start, recovery, durable QoS 1. Compares nothing."""

import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

import server as servers
from measure.brokers import PREFIX, Thingstead, free_port
from measure.scenarios import generate

STARTS = 9
DURABLE_RUNS = 3
SESSIONS, MESSAGES = 100_000, 1_000_000
# A PUBLISH of 128 bytes to off/NNN/cmd with its header, topic and packet id: the least that must be written of it.
MESSAGE_BYTES = 128 + 16
RAW_S = 2.0
CONNECT = bytes.fromhex("101000044d515454040200000004") + b"once"


def start_ms():
    """Spawn to the first CONNACK, with a data folder that is new and with one that was used and is empty."""
    first, again = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
            port = free_port()
            server = servers.Server("standard", ["--plain", f"127.0.0.1:{port}"], data=os.path.join(folder, "data"))
            first.append(until_connack_ms(server, port))
            server.stop()
            again.append(until_connack_ms(server, port))
            server.stop()
    return {"first_ms": statistics.median(first), "again_ms": statistics.median(again), "runs": STARTS}


def until_connack_ms(server, port, timeout_s=120):
    begun = time.monotonic()
    with open(server.log_path, "ab") as log:
        server.process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    while time.monotonic() - begun < timeout_s:
        assert server.process.poll() is None, server.tail()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout_s) as client:
                client.sendall(CONNECT)
                answer = client.recv(4)
                if len(answer) == 4:
                    assert answer == bytes.fromhex("20020000"), f"CONNECT was answered with {answer.hex()}"
                    return (time.monotonic() - begun) * 1000
        except OSError:
            pass
        time.sleep(0.001)
    raise AssertionError(f"no CONNACK within {timeout_s} s\n{server.tail()}")


def recovery(load):
    """Start to the first CONNACK with many persistent sessions and queued messages: after a kill, and after a stop."""
    broker = Thingstead()
    try:
        filled = generate(load, ["fill", "--sessions", SESSIONS, "--messages", MESSAGES, "--port", broker.plain,
                                 "--pid", broker.pid], timeout_s=400)
        if "error" in filled:
            return filled
        broker.server.kill()
        found = {"sessions": SESSIONS, "messages": filled["acked"], "fill_per_s": filled["queue_per_s"]}
        for after in ("kill", "stop"):
            port = free_port()
            broker.server.flags += ["--plain", f"127.0.0.1:{port}"]
            found[f"after_{after}_s"] = until_connack_ms(broker.server, port) / 1000
            found["rss_mib"] = rss_mib(broker.server.process.pid)
            broker.server.flags = broker.server.flags[:-2]
            broker.server.stop(60)
        found["disk_mib"] = sum(f.stat().st_size for f in pathlib.Path(broker.server.data).rglob("*")
                                if f.is_file()) / 2**20
        return found
    finally:
        broker.server.close()
        broker.folder.cleanup()


def rss_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def durable(load):
    """The middle one of some runs of QoS 1 to persistent sessions that are away."""
    runs = [durable_once(load) for _ in range(DURABLE_RUNS)]
    failed = [run for run in runs if "error" in run]
    return failed[0] if failed else sorted(runs, key=lambda run: run["share"])[len(runs) // 2]


def durable_once(load):
    """Messages a second, beside appending and syncing the same bytes in groups as large to a file in the same place."""
    broker = Thingstead()
    try:
        with Counters(broker.server.endpoints["api"]) as counters:
            report = generate(load, ["offline", "--sessions", 1000, "--messages", 400_000, "--pubs", 50,
                                     "--window", 100, "--port", broker.plain, "--pid", broker.pid])
        if "error" in report:
            return report
        messages, commits, _ = counters.while_publishing()
        group = max(1, round(messages / commits))
        folder = broker.folder.name
        raw = statistics.mean([raw_per_s(folder, group), raw_per_s(folder, group)])
        return {"durable_per_s": report["queue_per_s"], "group": group, "raw_per_s": raw, "lost": report["lost"],
                "share": report["queue_per_s"] / raw, "cpu_s_per_million": report["queue_cpu_s_per_million"],
                "commits_per_s": report["queue_per_s"] / group}
    finally:
        broker.close()


class Counters:
    """Samples of messages received and groups committed, taken while something else goes on."""

    def __init__(self, api):
        self.url = f"{api}/metrics"
        self.samples = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while not self.over.wait(0.05):
            text = urllib.request.urlopen(self.url, timeout=10).read().decode()
            names = ("messages_received", "commits", "commit_bytes")
            self.samples.append(tuple(count(text, name) for name in names))

    def while_publishing(self):
        """(messages, commits, bytes) between the first and the last sample in which messages came in."""
        at = [i for i in range(1, len(self.samples)) if self.samples[i][0] > self.samples[i - 1][0]]
        assert len(at) > 2, f"publishing was too short to be sampled: {len(self.samples)} samples"
        first, last = self.samples[at[0]], self.samples[at[-2]]
        messages, commits, size = (after - before for before, after in zip(first, last))
        return messages, max(1, commits), size


def count(text, name):
    for line in text.splitlines():
        word, _, value = line.rpartition(" ")
        if word.split("{")[0] in (f"thingstead_{name}_total", f"thingstead_{name}", f"{name}_total"):
            return int(float(value))
    raise AssertionError(f"/metrics has no {name}")


def raw_per_s(folder, group, message_bytes=MESSAGE_BYTES):
    """Messages a second of appending a group's bytes to a file and syncing it, again and again."""
    block = bytes([7]) * (message_bytes * group)
    file = os.open(os.path.join(folder, "raw"), os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC)
    try:
        begun, groups = time.monotonic(), 0
        while time.monotonic() - begun < RAW_S:
            os.write(file, block)
            os.fdatasync(file)
            groups += 1
        return groups * group / (time.monotonic() - begun)
    finally:
        os.close(file)
