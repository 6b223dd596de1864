"""In: the dist binary and the load generator. Out: what updates of shadows cost: over many things, of one, at a fixed rate.

Compares the rate over many things with appending and syncing the same bytes on the same disk in the same run.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402
from measure import disk  # noqa: E402
from measure.scenarios import generate, wait_for_quiet  # noqa: E402

BEGIN, END = "<!-- measured: written by `cargo xtask bench shadow` -->", "<!-- end of what was measured of shadows -->"
PUBLISHERS, WINDOW = 1000, 10
CLIENTS_OF_ONE = 100
# A connection may publish 100 times a second; beyond that publishes are discarded, as on AWS.
OF_ONE_PER_S = 4_000
MODERATE_PER_S, MODERATE_THINGS = 2_000, 10_000
# Beside the payload: the topic $aws/things/thing-NNNNNN/shadow/update, its length, the packet id and the fixed header.
PUBLISH_BYTES = 43
GOAL_SHARE, GOAL_START_S = 0.40, 3.0


def parse():
    parser = argparse.ArgumentParser(prog="cargo xtask bench shadow --", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the thingstead to measure")
    parser.add_argument("--load", required=True, help="the load generator's program")
    parser.add_argument("--things", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, of which the middle one counts (3)")
    parser.add_argument("--patience", type=float, default=15, help="seconds to wait for other work to pause (15)")
    parser.add_argument("--out", help="the page to put the figures in, such as docs/benchmarks.md")
    return parser.parse_args()


def run(options, words, flags=(), then=None):
    """The generator's report of one run against a fresh server, with what is looked at afterwards."""
    wait_for_quiet(options.patience)
    server = servers.Server("aws", ["--log", "warn", *flags]).start()
    try:
        target = ["--port", server.address("plain")[1], "--pid", server.process.pid]
        with disk.Counters(server.endpoints["api"]) as counters:
            report = generate(options.load, ["shadow", *words, *target], timeout_s=400)
        assert "error" not in report, report["error"]
        assert report["lost"] == report["disconnects"] == 0, report
        messages, commits, size = counters.while_publishing()
        report["group"] = max(1, round(messages / commits))
        report["committed"] = round(size / messages)
        if then:
            then(server, report)
        return report
    finally:
        server.close()


def over_many(options):
    words = ["--things", options.things, "--pubs", PUBLISHERS, "--window", WINDOW, "--subs", 1, "--e2e", 0]

    def then(server, report):
        server.stop(60)
        began = time.monotonic()
        server.start()
        report["start_s"] = time.monotonic() - began
        server.stop(60)
        folder = os.path.dirname(server.data)

        def raw_per_s(size):
            return statistics.mean(disk.raw_per_s(folder, report["group"], size) for _ in range(2))

        report["raw_per_s"] = raw_per_s(report["committed"])
        report["share"] = report["updates_per_s"] / report["raw_per_s"]
        report["raw_publishes_per_s"] = raw_per_s(report["payload"] + PUBLISH_BYTES)
        report["share_of_publishes"] = report["updates_per_s"] / report["raw_publishes_per_s"]

    return run(options, words, then=then)


def of_one(options):
    words = ["--things", 1, "--pubs", CLIENTS_OF_ONE, "--window", 1, "--subs", 1, "--e2e", 0, "--rate", OF_ONE_PER_S]
    report = run(options, words, ["--shadow-rate", "off"])
    # The last acknowledgement may still be under way when the last version has been heard.
    assert report["version_gaps"] == 0 and report["version"] == report["received"] >= report["acked"], report
    return report


def moderate(options):
    words = ["--things", MODERATE_THINGS, "--pubs", PUBLISHERS, "--window", WINDOW, "--subs", 1,
             "--rate", MODERATE_PER_S]
    return run(options, words)


def middle(options, measure, figure):
    runs = []
    for turn in range(1, options.rounds + 1):
        runs.append(measure(options))
        print(f"round {turn}: {measure.__name__}: {figure} {runs[-1][figure]:,.2f}", flush=True)
    return sorted(runs, key=lambda run: run[figure])[len(runs) // 2]


def text(things, many, one, paced):
    met = lambda is_met: "met" if is_met else "missed"
    share, start = many["share"], many["start_s"]
    rows = [
        (f"updates over {things:,} things, groups of {many['group']} on average",
         f"{many['updates_per_s']:,.0f}/s at {many['cpu_s_per_million_updates']:.1f} CPU s/million", "", ""),
        (f"beside append + fdatasync of the {many['committed']} bytes that each commits",
         f"{share:.1%} of {many['raw_per_s']:,.0f}/s", f"≥ {GOAL_SHARE:.0%}", met(share >= GOAL_SHARE)),
        (f"beside the {many['payload'] + PUBLISH_BYTES} bytes of each PUBLISH",
         f"{many['share_of_publishes']:.1%} of {many['raw_publishes_per_s']:,.0f}/s", "", ""),
        ("shadows made", f"{many['made_per_s']:,.0f}/s", "", ""),
        ("memory while they are updated", f"{many['bytes_per_shadow'] / 1024:.2f} KiB per shadow", "", ""),
        (f"start with {things:,} shadows", f"{start:.2f} s", f"≤ {GOAL_START_S:.0f} s", met(start <= GOAL_START_S)),
        (f"one shadow, {CLIENTS_OF_ONE} clients", f"{one['updates_per_s']:,.0f}/s, {one['acked']:,} versions without a gap",
         "no gap", met(one["version_gaps"] == 0)),
        (f"update to accepted at {MODERATE_PER_S:,}/s", f"p50 {paced['p50_us'] / 1000:.2f} ms, p99 "
         f"{paced['p99_us'] / 1000:.2f} ms, p99.9 {paced['p999_us'] / 1000:.2f} ms", "", ""),
    ]
    return "\n".join(["| what | measured | to reach | |", "| --- | --- | --: | --: |",
                      *(f"| {' | '.join(row)} |" for row in rows)])


def main():
    options = parse()
    servers.BINARY = pathlib.Path(options.binary).resolve()
    many = middle(options, over_many, "share")
    one = middle(options, of_one, "updates_per_s")
    paced = middle(options, moderate, "p99_us")
    table = text(options.things, many, one, paced)
    print(table)
    if options.out:
        page = pathlib.Path(options.out)
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, mark, after = rest.partition(END)
        assert mark, f"{page} lacks the line {BEGIN} or {END}"
        page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")
    print("1 passed, 0 failed")


main()
