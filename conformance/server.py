"""In: a data folder and flags. Out: a running `thingstead up`, its faces and its log. Does not speak MQTT."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

BINARY = pathlib.Path("target/release/thingstead")
START_TIMEOUT_S = 20
LOG_TAIL_LINES = 30


class Device:
    """The folder that `thingstead device new` wrote."""

    def __init__(self, name, folder):
        folder = pathlib.Path(folder)
        self.name = name
        self.certificate = str(folder / f"{name}-certificate.pem.crt")
        self.key = str(folder / f"{name}-private.pem.key")
        self.ca = str(folder / "AmazonRootCA1.pem")
        for path in (self.certificate, self.key, self.ca):
            assert os.path.exists(path), f"`device new` did not write {path}"


class Server:
    def __init__(self, dialect="aws", flags=(), data=None):
        self.dialect = dialect
        self.flags = list(flags)
        self.folder = None
        if data is None:
            self.folder = tempfile.TemporaryDirectory(prefix="thingstead-", ignore_cleanup_errors=True)
            data = os.path.join(self.folder.name, "data")
        self.data = str(data)
        self.process = None
        self.endpoints = {}
        self.devices = {}
        self.lock = threading.Lock()
        self.log_path = self.data.rstrip("/") + ".log"

    def command(self):
        faces = ["--api", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--tls443", "127.0.0.1:0", "--https", "127.0.0.1:0", "--plain", "127.0.0.1:0"]
        for face in (flag for flag in self.flags if flag in faces):
            at = faces.index(face)
            del faces[at : at + 2]
        up = [str(BINARY), "up", "--data", self.data, "--dialect", self.dialect]
        return up + faces + self.flags

    def start(self):
        written = pathlib.Path(self.data) / "endpoints.json"
        # After a kill the old file is still there and would name dead ports.
        written.unlink(missing_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            code = self.process.poll()
            assert code is None, f"the server ended with {code} before it was ready\n{self.tail()}"
            try:
                self.endpoints = json.loads(written.read_text())
                return self
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.005)
        raise AssertionError(f"the server was not ready within {START_TIMEOUT_S} s\n{self.tail()}")

    def address(self, face):
        """(host, port) of a face, whether it is announced as host:port or as a URL."""
        text = self.endpoints.get(face)
        assert text, f"the face `{face}` is off: {self.endpoints}\n{self.tail()}"
        host, _, port = text.split("://")[-1].rstrip("/").rpartition(":")
        return host.strip("[]"), int(port)

    def device(self, name="pump-1", policy="open"):
        with self.lock:
            if name not in self.devices:
                out = os.path.join(os.path.dirname(self.data), "devices", name)
                self.run("device", "new", name, "--out", out, "--policy", policy)
                found = pathlib.Path(out)
                if not (found / f"{name}-certificate.pem.crt").exists():
                    found = found / name
                self.devices[name] = Device(name, found)
            return self.devices[name]

    def run(self, *words):
        """One CLI verb against this server's data; its output."""
        command = [str(BINARY), *words, "--data", self.data]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        shown = f"$ {' '.join(command)}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, f"{shown}ended with {done.returncode}"
        return done.stdout

    def advance(self, duration):
        self.run("time", "advance", duration)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s=15):
        """SIGTERM; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end the server within {timeout_s} s\n{self.tail()}") from None

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def tail(self):
        try:
            lines = pathlib.Path(self.log_path).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return "(no log)"
        return "\n".join(["--- end of the server's log", *lines[-LOG_TAIL_LINES:], "---"])

    def close(self):
        if self.alive():
            self.kill()
        if self.folder:
            self.folder.cleanup()
