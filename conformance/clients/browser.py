"""Chromium: the page people look at, and MQTT over WebSocket from a page served on this machine."""

import contextlib
import html
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading

from promise import promise

# In CI everything runs as root in a container, where Chromium's own sandbox cannot be set up.
FLAGS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]

# CONNECT, then SUBSCRIBE and PUBLISH in one frame, then whatever comes back: types of packets, and the payload.
PAGE = """<!doctype html><title>x</title><script>
const seen = [];
const socket = new WebSocket("ws://127.0.0.1:PORT/mqtt", ["mqtt"]);
socket.binaryType = "arraybuffer";
const send = (...bytes) => socket.send(new Uint8Array(bytes));
const text = (word) => [0, word.length, ...new TextEncoder().encode(word)];
const tell = () => fetch("/result", { method: "POST", body: JSON.stringify({ seen, protocol: socket.protocol }) });
socket.onopen = () => send(0x10, 12 + 7, ...text("MQTT"), 4, 2, 0, 60, ...text("browser"));
socket.onmessage = (event) => {
  const bytes = new Uint8Array(event.data);
  seen.push({ kind: bytes[0] >> 4, tail: new TextDecoder().decode(bytes.slice(-5)) });
  if (bytes[0] >> 4 === 2) send(0x82, 8, 0, 1, ...text("a/b"), 0, 0x30, 10, ...text("a/b"), ...new TextEncoder().encode("hello"));
  if (bytes[0] >> 4 === 3) tell();
};
socket.onclose = tell;
</script>"""


def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no chromium on the path: install the Debian package `chromium`"
    return found


@contextlib.contextmanager
def browsing(url, *more):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium(), *FLAGS, f"--user-data-dir={profile}", *more, url]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@promise(seconds=90)
def the_first_page_shows_what_runs_and_what_was_refused(place):
    api = place.server.endpoints["api"]
    with browsing(api + "/", "--dump-dom") as process:
        page = html.unescape(process.communicate(timeout=60)[0].decode())
    for word in ("Thingstead", place.server.endpoints["mqtt"], place.server.endpoints["ca"], "Latest activity"):
        assert word in page, f"{word} is not on the page:\n{page[:2000]}"


@promise(seconds=90)
def a_page_of_this_machine_talks_mqtt_over_websocket(place):
    told = threading.Event()
    result = {}

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = PAGE.replace("PORT", str(place.server.address("api")[1])).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            result.update(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()
            told.set()

        def log_message(self, *_arguments):
            pass

    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    try:
        with browsing(f"http://127.0.0.1:{pages.server_port}/", "--remote-debugging-port=0"):
            assert told.wait(60), "the page never told what it saw"
    finally:
        pages.shutdown()
        pages.server_close()
    assert result["protocol"] == "mqtt", result
    assert [packet["kind"] for packet in result["seen"]] == [2, 9, 3], result
    assert result["seen"][-1]["tail"] == "hello", result
