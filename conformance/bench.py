"""In: the dist binary, a load generator and installed brokers. Out: tables of medians, and docs/benchmarks.md on demand.

Interleaves rounds, with a fresh broker for every run. Installs nothing: `cargo xtask bench broker` does.
"""

import argparse
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402
from measure import brokers, disk, page, policies  # noqa: E402
from measure.scenarios import SCENARIOS, measure  # noqa: E402

# Memory hardly varies, and so many connections take long to open.
IDLE_ROUNDS = 2
ON_DISK = {
    "start": lambda load: disk.start_ms(),
    "durable": disk.durable,
    "recovery": disk.recovery,
    "policy": policies.cost,
}


def parse():
    parser = argparse.ArgumentParser(prog="cargo xtask bench broker --", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the thingstead to measure")
    parser.add_argument("--load", required=True, help="the load generator's program")
    parser.add_argument("--peers", default="target/peers", help="where rumqttd and nats-server were installed")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each scenario and broker, interleaved (3)")
    parser.add_argument("--only", help="scenarios whose name contains this; also: " + ", ".join(ON_DISK))
    parser.add_argument("--patience", type=float, default=15, help="seconds to wait for other work to pause (15)")
    parser.add_argument("--results", help="file that keeps each run's report, one JSON line each; runs in it count")
    parser.add_argument("--out", help="the page to put the tables in, such as docs/benchmarks.md")
    return parser.parse_args()


class Results:
    """Reports by scenario and broker, in memory and in a file that a later run adds to."""

    def __init__(self, path):
        self.path = pathlib.Path(path) if path else None
        self.found, self.disk = {}, {}
        if self.path and self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self.take(json.loads(line))

    def take(self, run):
        if run["broker"] is None:
            self.disk[run["scenario"]] = run["report"]
        else:
            self.found.setdefault((run["scenario"], run["broker"]), []).append(run["report"])

    def add(self, scenario, broker, report):
        run = {"scenario": scenario, "broker": broker, "report": report}
        self.take(run)
        if self.path:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")


def main():
    options = parse()
    servers.BINARY = pathlib.Path(options.binary).resolve()
    brokers.PEERS = pathlib.Path(options.peers).resolve()
    there = [broker for broker in brokers.ALL if broker.program()]
    versions = {broker.name: broker.version() if broker in there else f"not installed ({broker.missing})"
                for broker in brokers.ALL}
    print("\n".join(f"{name}: {version}" for name, version in versions.items()))
    results = Results(options.results)

    def wanted(name):
        return options.only is None or options.only in name

    for turn in range(1, options.rounds + 1):
        for name in filter(wanted, SCENARIOS):
            if "idle" in name and turn > IDLE_ROUNDS:
                continue
            for broker in there:
                report = measure(options.load, broker, name, options.patience)
                if report is not None:
                    results.add(name, broker.name, report)
                    print(f"round {turn}: {name}: {broker.name}: {summary(name, report)}")
    if options.rounds > 0:
        for name in filter(wanted, ON_DISK):
            report = ON_DISK[name](options.load)
            results.add(name, None, report)
            print(f"{name}: {report}")
    if not results.found and not results.disk:
        print("nothing was measured: no scenario has such a name")
        return 1
    print("\n" + page.text(results.found, results.disk, versions))
    if options.out:
        page.write(options.out, results.found, results.disk, versions)
    failed = [run for runs in results.found.values() for run in runs if "error" in run]
    return 1 if len(failed) == sum(map(len, results.found.values())) > 0 else 0


def summary(name, report):
    if "error" in report:
        return report["error"]
    figure = SCENARIOS[name].figure
    return f"{figure} {page.shown(report[figure])}, lost {report.get('lost', '-')}, p99 {report.get('p99_us', '-')} µs"


if __name__ == "__main__":
    sys.exit(main())
