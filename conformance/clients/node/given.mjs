// In: the journey's settings on the command line. Out: those, a module loader, and small waits. Speaks no MQTT.

import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const given = JSON.parse(process.argv[2]);
export const load = createRequire(path.join(path.resolve(process.env.THINGSTEAD_MODULES), "anchor.js"));
// AWS's quota is one connect a second for each client id.
export const reconnectPause = () => sleep(1100);

export async function until(what, test, timeout_ms = 10_000) {
  const end = Date.now() + timeout_ms;
  while (!test()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout_ms} ms`);
    await sleep(20);
  }
}

export async function run(journeys) {
  try {
    const seen = await journeys[given.journey]();
    console.log(JSON.stringify(seen));
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
