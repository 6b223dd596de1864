// In: a host and AWS credentials. Out: the signed WebSocket path that browsers use for AWS IoT. Sends nothing.

import { createHash, createHmac } from "node:crypto";

const hash = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

export function signedPath(host, { key = "test", secret = "test", region = "us-east-1" } = {}) {
  const service = "iotdevicegateway";
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), region, service, "aws4_request"];
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": [key, ...scope].join("/"),
    "X-Amz-Date": time,
    "X-Amz-SignedHeaders": "host",
  }).toString();
  const request = ["GET", "/mqtt", query, `host:${host}`, "", "host", hash("")].join("\n");
  const signingKey = scope.reduce(hmac, `AWS4${secret}`);
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), hash(request)].join("\n");
  return `/mqtt?${query}&X-Amz-Signature=${hmac(signingKey, text).toString("hex")}`;
}
