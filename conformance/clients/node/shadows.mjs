// In: a thing and perhaps a shadow's name. Out: what the SDK's shadow clients saw, as JSON. Judges nothing.

import { once } from "node:events";

import { given, load, run, until } from "./given.mjs";

const { iot, iotshadow, mqtt, mqtt5 } = load("aws-iot-device-sdk-v2");
const kind = given.shadow ? "Named" : "";
const shadow = given.shadow ? { thingName: given.thing, shadowName: given.shadow } : { thingName: given.thing };

async function three() {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(given.certificate, given.key)
    .with_certificate_authority_from_path(undefined, given.ca)
    .with_endpoint("localhost")
    .with_port(given.mqtt)
    .with_client_id(given.client)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  connection.on("error", () => {});
  await connection.connect();
  return connection;
}

async function five() {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
    "localhost",
    given.certificate,
    given.key,
  );
  builder.withCertificateAuthorityFromPath(undefined, given.ca);
  builder.withPort(given.mqtt);
  builder.withConnectProperties({ keepAliveIntervalSeconds: 60, clientId: given.client });
  const client = new mqtt5.Mqtt5Client(builder.build());
  client.on("error", () => {});
  const connected = once(client, "connectionSuccess");
  client.start();
  await connected;
  return client;
}

async function opened(stream, events) {
  const established = once(stream, "subscriptionStatus");
  stream.on("incomingPublish", ({ message }) => events.push(message));
  stream.open();
  await established;
}

// The code of the refusal that a request has to end in.
async function refused(request) {
  try {
    return await request;
  } catch (error) {
    return error.modeledError?.code ?? String(error);
  }
}

await run({
  async second() {
    const options = { maxRequestResponseSubscriptions: 4, maxStreamingSubscriptions: 4, operationTimeoutInSeconds: 10 };
    const { IotShadowClientv2: Client } = iotshadow;
    const client =
      given.version === 4 ? Client.newFromMqtt311(await three(), options) : Client.newFromMqtt5(await five(), options);
    const ask = (verb, more) => client[`${verb}${kind}Shadow`]({ ...shadow, ...more });
    const deltas = [];
    const documents = [];
    await opened(client[`create${kind}ShadowDeltaUpdatedStream`](shadow), deltas);
    await opened(client[`create${kind}ShadowUpdatedStream`](shadow), documents);
    const missing = await refused(ask("get"));
    const made = await ask("update", { state: { reported: { on: false } } });
    const desired = await ask("update", { state: { desired: { on: true } } });
    await until("the events", () => deltas.length >= 1 && documents.length >= 2);
    const conflict = await refused(ask("update", { state: { reported: { on: true } }, version: 1 }));
    const found = await ask("get");
    const deleted = await ask("delete");
    const again = await ask("update", { state: { reported: { on: true } } });
    return {
      missing,
      made: made.version,
      desired: desired.version,
      delta: { version: deltas[0].version, state: deltas[0].state },
      documents: documents.slice(0, 2).map(({ previous, current }) => [previous?.version ?? null, current.version]),
      conflict,
      found: { version: found.version, delta: found.state.delta },
      deleted: deleted.version,
      again: again.version,
    };
  },

  async first() {
    const client = new iotshadow.IotShadowClient(await three());
    const heard = { missing: [], made: [], delta: [] };
    const keep = (key) => (error, answer) => heard[key].push(error ?? answer);
    await client.subscribeToGetShadowRejected(shadow, 1, keep("missing"));
    await client.subscribeToUpdateShadowAccepted(shadow, 1, keep("made"));
    await client.subscribeToShadowDeltaUpdatedEvents(shadow, 1, keep("delta"));
    await client.publishGetShadow({ ...shadow, clientToken: "t-1" }, 1);
    await until("the refusal", () => heard.missing.length >= 1);
    await client.publishUpdateShadow({ ...shadow, state: { reported: { on: false } } }, 1);
    await client.publishUpdateShadow({ ...shadow, state: { desired: { on: true } } }, 1);
    await until("the delta", () => heard.delta.length >= 1);
    const [{ version, state }] = heard.delta;
    return { missing: heard.missing[0].code, made: heard.made[0].version, delta: { version, state } };
  },
});
