// In: a journey's name and a door. Out: what aws-iot-device-sdk-v2 saw, as JSON. Judges nothing: see clients/node.py.

import { once } from "node:events";

import { given, load, reconnectPause, run, until } from "./given.mjs";

const { auth, iot, mqtt, mqtt5 } = load("aws-iot-device-sdk-v2");
const port = given.door === "tls" ? given.mqtt : given.tls443;

// Both clients behind one face: publish, subscribe, stop, and whether a session was present.
const clients = { 4: three, 5: five };

async function three(clientId, seen, kept) {
  const builders = {
    tls: () => iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(given.certificate, given.key),
    websocket: () =>
      iot.AwsIotMqttConnectionConfigBuilder.new_with_websockets({
        region: "us-east-1",
        credentials_provider: auth.AwsCredentialsProvider.newStatic("test", "test"),
      }),
  };
  const config = (builders[given.door] ?? builders.tls)()
    .with_certificate_authority_from_path(undefined, given.ca)
    .with_endpoint("localhost")
    .with_port(port)
    .with_client_id(clientId)
    .with_clean_session(!kept)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  connection.on("message", (topic, payload, dup, qos) => seen.push([Buffer.from(payload).toString(), qos]));
  connection.on("error", () => {});
  const present = await connection.connect();
  return {
    present,
    subscribe: () => connection.subscribe(given.topic, 1),
    publish: (text, qos) => connection.publish(given.topic, text, qos),
    stop: () => connection.disconnect(),
  };
}

async function five(clientId, seen, kept) {
  const Builder = iot.AwsIotMqtt5ClientConfigBuilder;
  const builders = {
    tls: () => Builder.newDirectMqttBuilderWithMtlsFromPath("localhost", given.certificate, given.key),
    websocket: () =>
      Builder.newWebsocketMqttBuilderWithSigv4Auth("localhost", {
        region: "us-east-1",
        credentialsProvider: auth.AwsCredentialsProvider.newStatic("test", "test"),
      }),
  };
  const builder = (builders[given.door] ?? builders.tls)();
  builder.withCertificateAuthorityFromPath(undefined, given.ca);
  builder.withPort(port);
  builder.withConnectProperties({ keepAliveIntervalSeconds: 60, clientId, sessionExpiryIntervalSeconds: kept ? 600 : 0 });
  builder.withSessionBehavior(kept ? mqtt5.ClientSessionBehavior.RejoinAlways : mqtt5.ClientSessionBehavior.Clean);
  const client = new mqtt5.Mqtt5Client(builder.build());
  client.on("error", () => {});
  client.on("messageReceived", ({ message }) => seen.push([Buffer.from(message.payload).toString(), message.qos]));
  const failure = once(client, "connectionFailure").then(([event]) => Promise.reject(event.error));
  failure.catch(() => {});
  client.start();
  const [event] = await Promise.race([once(client, "connectionSuccess"), failure]);
  return {
    present: event.connack.sessionPresent,
    subscribe: () => client.subscribe({ subscriptions: [{ topicFilter: given.topic, qos: 1 }] }),
    publish: (payload, qos) => client.publish({ topicName: given.topic, payload, qos }),
    stop: async () => {
      const stopped = once(client, "stopped");
      client.stop();
      await stopped;
    },
  };
}

const connect = clients[given.version];

await run({
  async talk() {
    const seen = [];
    const client = await connect(given.client, seen, false);
    await client.subscribe();
    await client.publish("hello 0", 0);
    await client.publish("hello 1", 1);
    await until("two messages", () => seen.length >= 2);
    await client.stop();
    return seen;
  },

  async resume() {
    const seen = [];
    const first = await connect(given.client, seen, true);
    await first.subscribe();
    await first.stop();
    const writer = await connect(`${given.client}-writer`, [], false);
    await writer.publish("while away", 1);
    await reconnectPause();
    const again = await connect(given.client, seen, true);
    await until("the message", () => seen.length >= 1);
    return { present: [first.present, again.present], messages: seen.map(([payload]) => payload) };
  },
});
