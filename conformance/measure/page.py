"""In: the reports of all runs. Out: tables, verdicts, a plot, and the page they stand in. Runs nothing."""

import pathlib
import platform
import statistics

from measure.brokers import ALL, Mosquitto, Thingstead
from measure.scenarios import MEMORY, SCENARIOS

BEGIN, END = "<!-- measured: written by `cargo xtask bench broker` -->", "<!-- end of what was measured -->"
COLUMNS = [
    ("delivered_per_s", "messages/s"),
    ("cpu_s_per_million", "CPU s/million"),
    ("p50_us", "p50 µs"),
    ("p99_us", "p99 µs"),
    ("p999_us", "p999 µs"),
    ("rss_mib", "MiB"),
    ("bytes_per_conn", "bytes/connection"),
    ("cpu_ms_per_connect", "CPU ms/connect"),
    ("connects_per_s", "connects/s"),
    ("lost", "lost"),
    ("late", "out of order"),
]
START_MS, RECOVERY_S, DURABLE_SHARE, POLICY_SHARE = 150, 10, 0.5, 0.05


def text(found, disk, versions):
    parts = [machine(), verdicts(found), disk_table(disk), every_broker(found)]
    named = "; ".join(f"{name}: {version}" for name, version in versions.items())
    return "\n\n".join(part for part in [*parts, f"Brokers: {named}."] if part)


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(":")[1].strip() for line in cpu.splitlines() if line.startswith("model name")), "CPU")
    cores = cpu.count("processor\t")
    memory = int(pathlib.Path("/proc/meminfo").read_text(encoding="ascii").split()[1]) // 2**20
    return f"Machine: {model}, {cores} cores, {memory} GiB, {platform.system()} {platform.release()}, loopback."


def verdicts(found):
    head = ["scenario", "figure", "mosquitto", "thingstead", "to reach", "reached", "", "p99 µs: mosquitto", "thingstead",
            "lost", "out of order", "runs"]
    rows = []
    for name, scenario in SCENARIOS.items():
        own = found.get((name, Thingstead.name), [])
        peer = found.get((name, Mosquitto.name), [])
        if not good(own):
            continue
        wanted, reached, verdict = judge(scenario, median(own, scenario.figure), median(peer, scenario.figure))
        p99 = [shown(median(runs, "p99_us")) if scenario.paced else "" for runs in (peer, own)]
        if scenario.paced and (median(own, "p99_us") or 0) > (median(peer, "p99_us") or 0):
            p99[1] += " (worse)"
        figures = [shown(median(runs, scenario.figure)) for runs in (peer, own)]
        losses = [shown(most(own, field)) for field in ("lost", "late")]
        title = dict(COLUMNS)[scenario.figure]
        rows.append([name, title, *figures, wanted, reached, verdict, *p99, *losses, str(len(good(own)))])
    return table(head, rows, left=2) if rows else ""


def judge(scenario, own, peer):
    if scenario.figure == MEMORY:
        return compared(own, scenario.bytes, lambda value: f"{value:,.0f}")
    if not peer:
        return f"≤ {scenario.ratio}", "", "mosquitto was not measured"
    return compared(own / peer, scenario.ratio, lambda value: f"{value:.3f}")


def compared(value, limit, show):
    verdict = "met" if value <= limit else f"missed by {100 * (value / limit - 1):.0f} %"
    return f"≤ {show(limit)}", show(value), verdict


def disk_table(disk):
    rows = []
    for name, figures in disk.items():
        if "error" in figures:
            rows.append([name, figures["error"], "", ""])
        elif name == "start":
            for title, key in (("data folder is new", "first_ms"), ("data folder is empty of sessions", "again_ms")):
                limit, value, verdict = compared(figures[key], START_MS, lambda value: f"{value:,.0f} ms")
                rows.append([f"start to first CONNACK, {title}", value, limit, verdict])
        elif name == "recovery":
            for after in ("kill", "stop"):
                limit, value, verdict = compared(figures[f"after_{after}_s"], RECOVERY_S, lambda value: f"{value:.1f} s")
                what = f"{figures['sessions']:,} sessions, {figures['messages']:,} messages"
                rows.append([f"recovery after a {after}: {what}", value, limit, verdict])
            rows.append(["data folder and resident memory after it",
                         f"{figures['disk_mib']:,.0f} MiB, {figures['rss_mib']:,.0f} MiB", "", ""])
        elif name == "policy":
            limit, value, verdict = compared(figures["share"], POLICY_SHARE, lambda value: f"{value:.1%}")
            what = f"a policy's share of a QoS 0 publish ({figures['without']:.3f} CPU s/million without one)"
            rows.append([what, value, limit, verdict])
        elif name == "durable":
            share = figures["share"]
            rows.append([
                f"durable QoS 1, groups of {figures['group']:,} on average",
                f"{figures['durable_per_s']:,.0f}/s at {figures['cpu_s_per_million']:.1f} CPU s/million,"
                f" {share:.0%} of append + fdatasync ({figures['raw_per_s']:,.0f}/s)",
                f"≥ {DURABLE_SHARE:.0%}",
                "met" if share >= DURABLE_SHARE else f"missed by {100 * (1 - share / DURABLE_SHARE):.0f} %",
            ])
    return table(["what", "measured", "to reach", ""], rows, left=2) if rows else ""


def every_broker(found):
    rows = []
    for scenario in SCENARIOS:
        for broker in ALL:
            runs = found.get((scenario, broker.name))
            if runs is None:
                continue
            if not good(runs):
                rows.append([scenario, broker.name, "0", f"failed: {runs[-1]['error']}"] + [""] * (len(COLUMNS) - 1))
                continue
            cells = [shown(median(runs, field)) for field, _ in COLUMNS]
            rows.append([scenario, broker.name, str(len(good(runs))), *cells])
    return table(["scenario", "broker", "runs"] + [title for _, title in COLUMNS], rows, left=2) if rows else ""


def table(head, rows, left):
    rule = ["---"] * left + ["--:"] * (len(head) - left)
    clean = [[cell.replace("|", "/").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *clean])


def good(runs):
    return [run for run in runs if "error" not in run]


def values(runs, field):
    return [run[field] for run in good(runs) if run.get(field) is not None]


def median(runs, field):
    return statistics.median(values(runs, field)) if values(runs, field) else None


def most(runs, field):
    return max(values(runs, field), default=None)


def shown(value):
    if value is None:
        return ""
    return f"{value:.3f}" if 0 < value < 1 else f"{value:.1f}" if 0 < value < 100 else f"{value:,.0f}"


def plot(found):
    """Bars of each scenario's figure, as SVG; within a scenario the longest fills the width, a mark shows the goal."""
    bars, y, wide = [], 14, 420
    for name, scenario in SCENARIOS.items():
        costs = {broker.name: median(found.get((name, broker.name), []), scenario.figure) for broker in ALL}
        costs = {broker: cost for broker, cost in costs.items() if cost is not None}
        if Thingstead.name not in costs:
            continue
        longest = max(max(costs.values()), 1e-9)
        goal = scenario.bytes or scenario.ratio * costs.get(Mosquitto.name, 0)
        bars.append(f'<text x="10" y="{y + 12}" font-weight="bold">{name} ({dict(COLUMNS)[scenario.figure]})</text>')
        for broker, cost in costs.items():
            y += 20
            width = max(1, wide * max(cost, 0) / longest)
            colour = "#2a6f97" if broker == Thingstead.name else "#b8c4cc"
            bars.append(f'<text x="10" y="{y + 12}">{broker}</text>')
            bars.append(f'<rect x="110" y="{y + 1}" width="{width:.0f}" height="14" fill="{colour}"/>')
            bars.append(f'<text x="{115 + width:.0f}" y="{y + 12}">{shown(cost)}</text>')
            if broker == Thingstead.name and 0 < goal <= longest:
                at = 110 + wide * goal / longest
                bars.append(f'<rect x="{at:.0f}" y="{y - 1}" width="2" height="18" fill="#c1121f"/>')
        y += 32
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="620" height="{y}" font-family="sans-serif" font-size="12">'
    ground = f'<rect width="620" height="{y}" fill="#ffffff"/>'
    return "\n".join([head, "<title>What each broker spends; red: the goal</title>", ground, *bars, "</svg>", ""])


def write(path, found, disk, versions):
    """Puts the tables between the page's two marks, and the plot beside the page."""
    page = pathlib.Path(path)
    old = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = old.partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{path} lacks the line {BEGIN} or {END}"
    picture = page.with_suffix(".svg")
    shows = f"![What each broker spends; red: the goal]({picture.name})"
    page.write_text(f"{before}{BEGIN}\n\n{shows}\n\n{text(found, disk, versions)}\n\n{END}{after}", encoding="utf-8")
    picture.write_text(plot(found), encoding="utf-8")
