"""In: the dist binary and a number of things. Out: how the registry behaves as it grows, as a table, a plot and a page.

Makes things with certificates, policies and attachments through the API, lists them, and starts again.
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402
from measure import chart  # noqa: E402

CALLERS = 32
STEP = 5_000
BEGIN, END = "<!-- measured: written by `cargo xtask bench fleet` -->", "<!-- end of what was measured of fleets -->"
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/${iot:Connection.Thing.ThingName}"},
    {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:*:topic/${iot:Connection.Thing.ThingName}/*"},
]}


def parse():
    parser = argparse.ArgumentParser(prog="cargo xtask bench fleet --", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the thingstead to measure")
    parser.add_argument("--things", type=int, default=100_000)
    parser.add_argument("--out", help="the page to put the figures in, such as docs/benchmarks.md")
    return parser.parse_args()


class Api:
    """One HTTP connection that is kept."""

    def __init__(self, address):
        self.address = address

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(*self.address)

    async def call(self, method, path, body=None, headers=""):
        text = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {len(text)}\r\n\r\n"
        self.writer.write(head.encode() + text)
        status = (await self.reader.readuntil(b"\r\n")).split()[1]
        length = 0
        while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        reply = await self.reader.readexactly(length)
        assert status == b"200", f"{method} {path}: {status.decode()} {reply.decode()}"
        return json.loads(reply or b"{}")


async def make(api, csr, numbers, progress):
    for number in numbers:
        name = f"thing-{number:06}"
        await api.call("POST", f"/things/{name}", {"attributePayload": {"attributes": {"site": f"s{number % 100}"}}})
        made = await api.call("POST", "/certificates?setAsActive=true", {"certificateSigningRequest": csr})
        arn = made["certificateArn"]
        await api.call("PUT", "/target-policies/fleet", {"target": arn})
        await api.call("PUT", f"/things/{name}/principals", headers=f"x-amzn-principal: {arn}\r\n")
        progress.done()


class Progress:
    def __init__(self, total):
        self.total, self.count, self.began, self.rates = total, 0, time.monotonic(), []

    def done(self):
        self.count += 1
        if self.count % STEP == 0 or self.count == self.total:
            now = time.monotonic()
            size = STEP if self.count % STEP == 0 else self.count % STEP
            self.rates.append((self.count, size / (now - self.began)))
            print(f"{self.count:>8} things, {self.rates[-1][1]:,.0f} a second", flush=True)
            self.began = now


async def fill(address, things):
    csr = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
         "-subj", "/CN=fleet"], check=True, capture_output=True, text=True).stdout
    apis = [Api(address) for _ in range(CALLERS)]
    await asyncio.gather(*(api.open() for api in apis))
    await apis[0].call("POST", "/policies/fleet", {"policyDocument": json.dumps(POLICY)})
    progress = Progress(things)
    numbers = iter(range(things))
    await asyncio.gather(*(make(api, csr, numbers, progress) for api in apis))
    return progress.rates


async def page_through(address, query):
    """Milliseconds of every page."""
    api = Api(address)
    await api.open()
    times, token, seen = [], "", 0
    while True:
        began = time.perf_counter()
        page = await api.call("GET", f"/things?maxResults=250{query}" + (f"&nextToken={token}" if token else ""))
        times.append((time.perf_counter() - began) * 1000)
        seen += len(page["things"])
        token = page.get("nextToken")
        if not token:
            return times, seen


def rss_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def measure(things):
    figures = {"things": things}
    server = servers.Server().start()
    try:
        empty = rss_mib(server.process.pid)
        figures["rates"] = asyncio.run(fill(server.address("api"), things))
        figures["kib_per_thing_made"] = (rss_mib(server.process.pid) - empty) * 1024 / things
        for name, query in (("all", ""), ("one in a hundred", "&attributeName=site&attributeValue=s7")):
            times, seen = asyncio.run(page_through(server.address("api"), query))
            figures[f"pages of {name}"] = {
                "pages": len(times), "things": seen, "p50_ms": statistics.median(times),
                "p99_ms": sorted(times)[max(0, len(times) * 99 // 100 - 1)],
            }
        server.stop()
        began = time.monotonic()
        server.start()
        figures["start_s"] = time.monotonic() - began
        figures["kib_per_thing_started"] = (rss_mib(server.process.pid) - empty) * 1024 / things
        disk = sum(file.stat().st_size for file in pathlib.Path(server.data, "store").rglob("*") if file.is_file())
        figures["disk_kib_per_thing"] = disk / 1024 / things
    finally:
        server.close()
    return figures


def text(figures):
    rates = [rate for _, rate in figures["rates"]]
    rows = [
        ("made through the API, first tenth", f"{statistics.median(rates[: max(1, len(rates) // 10)]):,.0f} things/s"),
        ("made through the API, last tenth", f"{statistics.median(rates[-max(1, len(rates) // 10):]):,.0f} things/s"),
        ("memory after making them", f"{figures['kib_per_thing_made']:.2f} KiB per thing"),
        ("memory after a start", f"{figures['kib_per_thing_started']:.2f} KiB per thing"),
        ("on disk", f"{figures['disk_kib_per_thing']:.2f} KiB per thing"),
        ("start, from the process to every face", f"{figures['start_s']:.2f} s"),
    ]
    for name in ("all", "one in a hundred"):
        pages = figures[f"pages of {name}"]
        rows.append((f"ListThings, pages of 250 of {name}",
                     f"p50 {pages['p50_ms']:.2f} ms, p99 {pages['p99_ms']:.2f} ms ({pages['things']:,} things)"))
    lines = [f"{figures['things']:,} things, each with a certificate, a policy and two attachments: four calls.", "",
             "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines)


def main():
    options = parse()
    servers.BINARY = pathlib.Path(options.binary).absolute()
    figures = measure(options.things)
    print(text(figures))
    if options.out:
        page = pathlib.Path(options.out)
        picture = page.with_name("fleet.svg")
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, mark, after = rest.partition(END)
        assert mark, f"{page} lacks the line {BEGIN} or {END}"
        shows = f"![Things made in a second as the registry grows]({picture.name})"
        page.write_text(f"{before}{BEGIN}\n\n{shows}\n\n{text(figures)}\n\n{END}{after}", encoding="utf-8")
        picture.write_text(chart.line(figures["rates"], "things", "things made in a second"), encoding="utf-8")
    print("1 passed, 0 failed")


main()
