"""In: the release binary. Out: every case's result and a closing line `N passed, N failed`. Holds no case."""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402
from promise import CASES, Place  # noqa: E402

SUITES = [
    "clients.newcomer",
    "clients.understanding",
    "clients.snippets",
    "clients.mosquitto",
    "clients.paho",
    "clients.awsiotpythonsdk",
    "clients.awsiotsdk",
    "clients.node",
    "clients.shadows",
    "clients.rules",
    "clients.messages",
    "clients.browser",
    "raw.delivery",
    "raw.sessions",
    "raw.five",
    "raw.aws",
    "raw.malformed",
    "raw.doors",
    "raw.restarts",
    "raw.shadows",
    "aws.journeys",
    "aws.iot_things",
    "aws.iot_groups",
    "aws.iot_certificates",
    "aws.iot_policies",
    "aws.iot_settings",
    "aws.iot_cli",
    "aws.iot_raw",
    "aws.model",
    "aws.identity",
    "aws.credentials",
    "aws.tenants",
    "aws.shadows",
    "aws.rules",
    "aws.rule_actions",
    "aws.logs",
]

# Of the disk, for the data of all servers at a time.
ROOM_BYTES = 2 << 30


class Shared:
    """One server per dialect for the cases that leave it as they found it."""

    def __init__(self):
        self.servers = {}
        self.lock = threading.Lock()

    def get(self, dialect):
        with self.lock:
            known = self.servers.get(dialect)
            if known is None or not known.alive():
                known = servers.Server(dialect, flags_of(dialect)).start()
                self.servers[dialect] = known
            return known

    def close(self):
        for server in self.servers.values():
            server.close()


def flags_of(dialect):
    """AWS's SDKs offer ALPN on port 443 only, so one server takes that very port where it may.

    The other has a longest keep-alive, so that a case sees what a client is told of it."""
    if dialect != "aws":
        return ["--keep-alive-max", "60"]
    try:
        socket.create_server(("127.0.0.1", 443)).close()
    except OSError:
        return []
    return ["--tls443", "127.0.0.1:443"]


def run_case(case, shared):
    """None, or why the promise was not kept."""
    place = None
    try:
        server = servers.Server(case.dialect).start() if case.own else shared.get(case.dialect)
        place = Place(server)
        arguments = [place] if case.value is None else [place, case.value]
        case.work(*arguments)
        # A case that is kept by a server that then died is not kept.
        assert case.own or server.alive(), "the server died"
        return None
    except BaseException as error:  # noqa: BLE001 - a case may fail in any way, and every way is a result
        lines = traceback.format_exception(error)
        tail = place.server.tail() if place else ""
        return "".join(lines[-4:]) + tail
    finally:
        if place:
            place.end()
            if case.own:
                place.server.close()


def guarded(case, shared):
    """Runs the case on a thread that is left behind if it hangs."""
    outcome = []
    worker = threading.Thread(target=lambda: outcome.append(run_case(case, shared)), daemon=True)
    start = time.monotonic()
    worker.start()
    worker.join(case.seconds)
    why = outcome[0] if outcome else f"not done within {case.seconds} s"
    return case, why, time.monotonic() - start


def run_cases(cases, jobs):
    shared = Shared()
    failed = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(guarded, case, shared) for case in cases]
        for future in concurrent.futures.as_completed(futures):
            case, why, seconds = future.result()
            print(f"{'FAILED' if why else 'ok    '} {seconds:6.2f} s  {case.name}")
            if why:
                failed.append((case, why))
                print("    " + why.replace("\n", "\n    "))
    shared.close()
    if failed:
        print("\nnot kept:")
        for case, _ in failed:
            print(f"  {case.name}")
    print(f"\n{len(cases) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="Other people's MQTT clients against the release binary.")
    parser.add_argument("--binary", default="target/release/thingstead")
    parser.add_argument("--only", help="cases whose name contains this")
    parser.add_argument("--jobs", type=int, default=8, help="cases at the same time (8)")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--paho", metavar="DIR", help="run paho's own suites from a checkout instead")
    options = parser.parse_args()
    servers.BINARY = pathlib.Path(options.binary).resolve()
    if options.paho:
        import paho_suites

        return paho_suites.run(pathlib.Path(options.paho))
    for suite in SUITES:
        importlib.import_module(suite)
    cases = [case for case in CASES if options.only is None or options.only in case.name]
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    if not cases:
        print(f"no case's name contains `{options.only}`\n\n0 passed, 1 failed")
        return 1
    if not servers.BINARY.exists():
        print(f"{servers.BINARY} is missing: cargo build --release -p thingstead\n\n0 passed, {len(cases)} failed")
        return 1
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < ROOM_BYTES:
        print(f"{free >> 20} MiB are free in {tempfile.gettempdir()}, and the cases need {ROOM_BYTES >> 20}: servers would rightly "
              f"refuse what needs the disk\n\n0 passed, {len(cases)} failed")
        return 1
    # The longest first, so that the end is not one slow case alone.
    cases.sort(key=lambda case: -case.seconds)
    return run_cases(cases, options.jobs)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Client libraries leave threads behind that would hold the process.
    os._exit(code)
