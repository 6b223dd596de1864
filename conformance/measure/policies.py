"""In: the load generator. Out: what a policy costs on the publish lane, in turns with and without one."""

import statistics

from measure.brokers import Thingstead
from measure.scenarios import SCENARIOS, generate

ROUNDS = 5


def cost(load):
    """CPU seconds for a million QoS 0 messages of 100 pairs."""
    words = SCENARIOS["pairs, QoS 0"].words
    found = {True: [], False: []}
    for _ in range(ROUNDS):
        for judged in found:
            broker = Thingstead(judged=judged)
            try:
                report = generate(load, [*words, "--port", broker.plain, "--pid", broker.pid])
            finally:
                broker.close()
            if "error" in report:
                return report
            found[judged].append(report["cpu_s_per_million"])
    without, with_policy = statistics.median(found[False]), statistics.median(found[True])
    return {"without": without, "with": with_policy, "share": with_policy / without - 1}
