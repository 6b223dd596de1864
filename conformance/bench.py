"""In: the release binary, a load generator and the brokers installed here. Out: one table of medians. Judges nothing."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402

CLOSED = ["--warmup", "1", "--duration", "4"]
PACED = ["--warmup", "2", "--duration", "5"]
# name: (over TLS, the generator's arguments)
SCENARIOS = {
    "fan-in, QoS 0": (False, ["fanin", "--pubs", "50", "--subs", "1", "--qos", "0", *CLOSED]),
    "fan-in, QoS 1": (False, ["fanin", "--pubs", "50", "--subs", "1", "--qos", "1", *CLOSED]),
    "pairs, QoS 0": (False, ["pairs", "--pairs", "100", "--qos", "0", *CLOSED]),
    "pairs, QoS 1": (False, ["pairs", "--pairs", "100", "--qos", "1", "--window", "20", *CLOSED]),
    "fan-out, QoS 0": (False, ["fanout", "--subs", "1000", "--qos", "0", "--e2e", "50", *CLOSED]),
    "wildcards": (False, ["shared-wild", "--subs", "1000", "--filters", "100", "--pubs", "20", *CLOSED]),
    "paced, QoS 0": (False, ["pairs", "--pairs", "1000", "--qos", "0", "--rate", "20000", *PACED]),
    "paced, QoS 1": (False, ["pairs", "--pairs", "1000", "--qos", "1", "--rate", "10000", *PACED]),
    "paced, QoS 1, TLS": (True, ["pairs", "--pairs", "500", "--qos", "1", "--rate", "10000", *PACED]),
    "idle": (False, ["idle", "--conns", "9900", "--hold", "3", "--ping", "10"]),
    "idle, TLS": (True, ["idle", "--conns", "5000", "--hold", "3", "--ping", "10", "--at-once", "50"]),
    "connect, TLS": (True, ["connect", "--at-once", "20", *CLOSED]),
}
COLUMNS = [
    ("delivered_per_s", "messages/s"),
    ("cpu_s_per_million", "CPU s/million"),
    ("p50_us", "p50 us"),
    ("p99_us", "p99 us"),
    ("p999_us", "p999 us"),
    ("rss_mib", "MiB"),
    ("bytes_per_conn", "bytes/connection"),
    ("cpu_ms_per_connect", "CPU ms/connect"),
    ("lost", "lost"),
]


class Thingstead:
    name = "thingstead"

    def __init__(self):
        self.server = servers.Server("standard").start()
        device = self.server.device()
        self.pid = self.server.process.pid
        self.plain, self.tls = self.server.address("plain")[1], self.server.address("mqtt")[1]
        self.credentials = ["--ca", device.ca, "--cert", device.certificate, "--key", device.key]

    def close(self):
        self.server.stop()
        self.server.close()


class Peer:
    """A broker from a package, with a plain listener only."""

    tls = None

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="peer-", ignore_cleanup_errors=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.plain = free.getsockname()[1]
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self.process.pid
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.plain), 1).close()
                return
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, f"{self.name} did not start"
                time.sleep(0.05)

    def write(self, text):
        path = os.path.join(self.folder.name, "settings.conf")
        pathlib.Path(path).write_text(text, encoding="utf-8")
        return path

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Mosquitto(Peer):
    name = "mosquitto"
    program = "mosquitto"

    def __init__(self):
        certificates()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.tls = free.getsockname()[1]
        self.credentials = ["--ca", f"{PKI}/ca.pem", "--cert", f"{PKI}/device.pem", "--key", f"{PKI}/device.key"]
        super().__init__()

    def command(self):
        limits = "allow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 1000\nmax_queued_messages 0\n"
        tls = f"cafile {PKI}/ca.pem\ncertfile {PKI}/server.pem\nkeyfile {PKI}/server.key\nrequire_certificate true\n"
        own = f"user {os.environ.get('USER', 'root')}\n" if os.geteuid() == 0 else ""
        listeners = f"listener {self.plain} 127.0.0.1\nlistener {self.tls} 127.0.0.1\n{tls}"
        return ["mosquitto", "-c", self.write("log_type none\n" + own + limits + listeners)]


class Nats(Peer):
    name = "nats-server"
    program = "nats-server"

    def command(self):
        store = f'jetstream {{ store_dir: "{self.folder.name}" }}\n'
        mqtt = f'server_name: bench\nlisten: "127.0.0.1:-1"\nmqtt {{ listen: "127.0.0.1:{self.plain}" }}\n'
        return ["nats-server", "-c", self.write(mqtt + store)]


class Rumqttd(Peer):
    name = "rumqttd"
    program = "rumqttd"

    def command(self):
        return ["rumqttd", "-q", "-c", self.write(
            "id = 0\n[router]\nmax_connections = 20000\nmax_outgoing_packet_count = 200\n"
            "max_segment_size = 104857600\nmax_segment_count = 10\n"
            f'[v4.1]\nname = "bench"\nlisten = "127.0.0.1:{self.plain}"\nnext_connection_delay_ms = 0\n'
            "[v4.1.connections]\nconnection_timeout_ms = 60000\nmax_payload_size = 20480\n"
            "max_inflight_count = 1000\ndynamic_filters = true\n"
        )]


PKI = os.path.join(tempfile.gettempdir(), f"thingstead-bench-{os.getpid()}")


def certificates():
    """A CA, a server and a device for the peers, made once."""
    if os.path.exists(f"{PKI}/device.pem"):
        return
    os.makedirs(PKI, exist_ok=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    openssl("req", "-x509", *key, "-subj", "/CN=ca", "-days", "2", "-keyout", f"{PKI}/ca.key", "-out", f"{PKI}/ca.pem")
    for name in ("server", "device"):
        stem = f"{PKI}/{name}"
        openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        pathlib.Path(f"{stem}.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
        openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", f"{PKI}/ca.pem", "-CAkey", f"{PKI}/ca.key", "-days", "2",
                "-CAcreateserial", "-extfile", f"{stem}.ext", "-out", f"{stem}.pem")


def measure(load, make, scenario):
    """One run against a fresh broker; the generator's report, or None where the broker has no such door."""
    tls, words = SCENARIOS[scenario]
    broker = make()
    try:
        port = broker.tls if tls else broker.plain
        if port is None:
            return None
        command = [load, *words, "--port", str(port), "--pid", str(broker.pid)]
        done = subprocess.run(command + (broker.credentials if tls else []), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            print(f"{broker.name}, {scenario}: {done.stderr.strip()[-300:]}")
            return None
        return json.loads(done.stdout)
    finally:
        broker.close()


def shown(value):
    return "" if value is None else f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def median(runs, field):
    values = [run[field] for run in runs if run.get(field) is not None]
    return statistics.median(values) if values else None


def ratio(found, scenario, name, field="cpu_s_per_million"):
    """This broker's CPU for each message as a part of mosquitto's in the same runs."""
    own = median(found[scenario, name], field)
    base = median(found.get((scenario, Mosquitto.name), []), field)
    return own / base if own is not None and base else None


def table(found):
    lines = ["| scenario | broker | runs | " + " | ".join(title for _, title in COLUMNS) + " | CPU to mosquitto's |"]
    lines.append("|---|---|--:|" + "--:|" * (len(COLUMNS) + 1))
    for (scenario, name), runs in found.items():
        cells = [shown(median(runs, field)) for field, _ in COLUMNS]
        cells.append("" if (part := ratio(found, scenario, name)) is None else f"{part:.3f}")
        lines.append(f"| {scenario} | {name} | {len(runs)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(found):
    """Bars of CPU seconds for a million messages, as SVG; within each scenario the longest fills the width."""
    bars, y = [], 10
    for scenario in dict.fromkeys(scenario for scenario, _ in found):
        costs = {name: median(runs, "cpu_s_per_million") for (case, name), runs in found.items() if case == scenario}
        costs = {name: cost for name, cost in costs.items() if cost is not None}
        if not costs:
            continue
        bars.append(f'<text x="10" y="{y + 12}" font-weight="bold">{scenario}</text>')
        for name, cost in costs.items():
            y += 20
            width = max(1, 400 * cost / max(costs.values()))
            colour = "#2a6f97" if name == Thingstead.name else "#b8c4cc"
            bars.append(f'<text x="10" y="{y + 12}">{name}</text>')
            bars.append(f'<rect x="110" y="{y + 1}" width="{width:.0f}" height="14" fill="{colour}"/>')
            bars.append(f'<text x="{115 + width:.0f}" y="{y + 12}">{cost:.2f}</text>')
        y += 30
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{y}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, "<title>CPU seconds for a million messages</title>", *bars, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description="The release binary beside the brokers installed here.")
    parser.add_argument("--binary", default="target/release/thingstead")
    parser.add_argument("--load", default="mqttload", help="the load generator's program (mqttload, on the path)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each scenario and broker, interleaved (3)")
    parser.add_argument("--only", help="scenarios whose name contains this")
    parser.add_argument("--out", help="a page for the table, such as docs/bench-broker.md; its plot goes beside it")
    options = parser.parse_args()
    servers.BINARY = pathlib.Path(options.binary).resolve()
    load = shutil.which(options.load)
    if load is None:
        print(f"there is no load generator `{options.load}`: name its program with --load")
        return 1
    brokers = [Thingstead] + [peer for peer in (Mosquitto, Nats, Rumqttd) if shutil.which(peer.program)]
    print("brokers: " + ", ".join(broker.name for broker in brokers))
    found = {}
    for turn in range(1, options.rounds + 1):
        for scenario in (name for name in SCENARIOS if options.only is None or options.only in name):
            for make in brokers:
                report = measure(load, make, scenario)
                if report is not None:
                    found.setdefault((scenario, make.name), []).append(report)
                print(f"round {turn}: {scenario}: {make.name}: {'measured' if report else 'nothing'}")
    shutil.rmtree(PKI, ignore_errors=True)
    if not found:
        print("nothing was measured")
        return 1
    text = table(dict(sorted(found.items(), key=lambda item: list(SCENARIOS).index(item[0][0]))))
    print(f"\n{text}")
    if options.out:
        page = pathlib.Path(options.out)
        picture = page.with_suffix(".svg")
        picture.write_text(plot(found), encoding="utf-8")
        shows = f"![CPU seconds for a million messages]({picture.name})"
        page.write_text(f"# Brokers side by side\n\n{shows}\n\n{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
