// In: a journey's name and a door. Out: what MQTT.js saw, as JSON. Judges nothing: see clients/node.py.

import fs from "node:fs";

import { given, load, reconnectPause, run, until } from "./given.mjs";
import { signedPath } from "./sigv4.mjs";

const mqtt = load("mqtt");

function door() {
  const tls = {
    host: "localhost",
    cert: fs.readFileSync(given.certificate),
    key: fs.readFileSync(given.key),
    ca: fs.readFileSync(given.ca),
  };
  const doors = {
    tls: { ...tls, protocol: "mqtts", port: given.mqtt },
    alpn: { ...tls, protocol: "mqtts", port: given.tls443, ALPNProtocols: ["x-amzn-mqtt-ca"] },
    plain: { protocol: "mqtt", host: "127.0.0.1", port: given.plain },
    websocket: { protocol: "ws", host: "127.0.0.1", port: given.api, path: "/mqtt" },
    "secure-websocket": {
      protocol: "wss",
      host: "localhost",
      port: given.tls443,
      path: signedPath(given.tls443 === 443 ? "localhost" : `localhost:${given.tls443}`),
      wsOptions: { ca: tls.ca },
    },
  };
  return doors[given.door];
}

async function connect(ending, options = {}) {
  const client = await mqtt.connectAsync({
    ...door(),
    protocolVersion: given.version,
    clientId: `${given.client}-${ending}`,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...options,
  });
  client.seen = [];
  client.on("message", (topic, payload, packet) => client.seen.push({ payload: payload.toString(), packet }));
  return client;
}

const kept = () => ({
  clean: false,
  ...(given.version === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}),
});

await run({
  async talk() {
    const client = await connect("a");
    await client.subscribeAsync(given.topic, { qos: 1 });
    await client.publishAsync(given.topic, "hello 0", { qos: 0 });
    await client.publishAsync(given.topic, "hello 1", { qos: 1 });
    await until("two messages", () => client.seen.length >= 2);
    await client.endAsync();
    return client.seen.map(({ payload, packet }) => [payload, packet.qos]);
  },

  async resume() {
    const present = [];
    const seen = [];
    const join = async () => {
      const client = mqtt.connect({ ...door(), protocolVersion: given.version, clientId: given.client, reconnectPeriod: 0, ...kept() });
      client.on("message", (topic, payload) => seen.push(payload.toString()));
      await new Promise((resolve, reject) => {
        client.once("connect", (connack) => resolve(present.push(connack.sessionPresent)));
        client.once("error", reject);
      });
      return client;
    };
    const first = await join();
    await first.subscribeAsync(given.topic, { qos: 1 });
    await first.endAsync();
    const writer = await connect("writer");
    await writer.publishAsync(given.topic, "while away", { qos: 1 });
    await reconnectPause();
    await join();
    await until("the message", () => seen.length >= 1);
    return { present, messages: seen };
  },

  async will() {
    const reader = await connect("reader");
    await reader.subscribeAsync(given.topic, { qos: 1 });
    const mortal = await connect("mortal", { will: { topic: given.topic, payload: "gone", qos: 1, retain: false } });
    mortal.on("error", () => {});
    mortal.stream.destroy();
    await until("the will", () => reader.seen.length >= 1);
    return reader.seen.map(({ payload }) => payload);
  },

  async properties() {
    const client = await connect("a");
    await client.subscribeAsync(given.topic, { qos: 1 });
    const properties = {
      contentType: "application/json",
      userProperties: { unit: "hPa" },
      correlationData: Buffer.from("42"),
    };
    await client.publishAsync(given.topic, "{}", { qos: 1, properties });
    await until("the message", () => client.seen.length >= 1);
    const found = client.seen[0].packet.properties;
    return {
      contentType: found.contentType,
      user: { ...found.userProperties },
      correlation: found.correlationData.toString(),
    };
  },
});
