"""In: a server. Out: access keys, clients that sign with them, and signatures made by hand, so that they can be wrong."""

import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import socket
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import server as servers
from raw.websocket import WebSocket
from raw.wire import Wire

REGION = "us-east-1"


class Key:
    def __init__(self, access, secret="test", token=None):
        self.access = access
        self.secret = secret
        self.token = token

    @classmethod
    def of(cls, credentials):
        """From what STS answers."""
        return cls(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def other_server(place, *flags):
    """A server of this case's own, started with flags."""
    server = servers.Server("aws", list(flags)).start()
    place.after(server.close)
    return server


def new_key(server, account=None, name=None):
    words = ["keys", "new", "--json"]
    words += ["--account", account] if account else []
    words += ["--name", name] if name else []
    made = json.loads(server.run(*words))
    return Key(made["access_key_id"], made["secret_access_key"])


def signed(place, service, key, region=REGION, server=None):
    """A boto3 client that signs with the key."""
    host, port = (server or place.server).address("api")
    made = boto3.session.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id=key.access,
        aws_secret_access_key=key.secret,
        aws_session_token=key.token,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )
    place.after(made.close)
    return made


def denied(code, status, call, *words, **arguments):
    """The call is refused with the code and the status, in words that hold all of `words`; the text."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response
    else:
        raise AssertionError(f"{code} was expected, and the answer was {answer}")
    text = found["Error"]["Message"]
    assert (found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]) == (code, status), found
    assert all(word in text for word in words), f"{words} should be in `{text}`"
    return text


class Signing:
    """SigV4 by hand. What a case wants to be wrong is a parameter."""

    def __init__(self, key, service, region=REGION, late_s=0):
        self.key, self.service, self.region = key, service, region
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=late_s)
        self.at = at.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.at[:8]}/{region}/{service}/aws4_request"

    def headers(self, method, host, path, query="", body=b"", content_type=None):
        """The headers of a signed request."""
        found = {"host": host, "x-amz-date": self.at}
        if content_type:
            found["content-type"] = content_type
        if self.key.token:
            found["x-amz-security-token"] = self.key.token
        names = ";".join(sorted(found))
        lines = "".join(f"{name}:{found[name]}\n" for name in sorted(found))
        digest = hashlib.sha256(body).hexdigest()
        signature = self.signature("\n".join([method, path, query, lines, names, digest]))
        credential = f"{self.key.access}/{self.scope}"
        found["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return found

    def url(self, host, path, query=(), expires_s=None, token_outside=False):
        """The path and query of a presigned GET."""
        pairs = dict(query)
        pairs |= {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.key.access}/{self.scope}",
            "X-Amz-Date": self.at,
            "X-Amz-SignedHeaders": "host",
        }
        if expires_s is not None:
            pairs["X-Amz-Expires"] = str(expires_s)
        if self.key.token and not token_outside:
            pairs["X-Amz-Security-Token"] = self.key.token
        text = encoded(pairs)
        digest = hashlib.sha256(b"").hexdigest()
        signature = self.signature("\n".join(["GET", path, text, f"host:{host}\n", "host", digest]))
        outside = {"X-Amz-Signature": signature}
        if self.key.token and token_outside:
            outside["X-Amz-Security-Token"] = self.key.token
        return f"{path}?{text}&{encoded(outside)}"

    def signature(self, canonical):
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256", self.at, self.scope, digest])
        secret = b"AWS4" + self.key.secret.encode()
        for part in self.scope.split("/"):
            secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def encoded(pairs):
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")  # noqa: E731 - one line, used twice in the next
    return "&".join(f"{quote(name)}={quote(pairs[name])}" for name in sorted(pairs))


def host_of(server):
    host, port = server.address("api")
    return f"{host}:{port}"


def ask(server, method, target, headers=None, body=b""):
    """One HTTP request as it stands; its status and text."""
    host, port = server.address("api")
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=10)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": f"{host}:{port}", **(headers or {})}.items():
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


FORM = "application/x-www-form-urlencoded"
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"


def who(server, signing, body=WHO, **changed):
    """GetCallerIdentity, signed by hand for `WHO` and then changed."""
    headers = signing.headers("POST", host_of(server), "/", body=WHO, content_type=FORM)
    return ask(server, "POST", "/", {**headers, **changed}, body)


def websocket(place, server, target, version=4, headers=()):
    """MQTT over a WebSocket at the target; `stream.status` says how the upgrade ended."""
    stream = socket.create_connection(server.address("api"), timeout=10)
    place.after(stream.close)
    return Wire(None, version, WebSocket(stream, host_of(server), path=target, headers=headers))


def policy(*statements):
    """A policy document; a statement is an effect, an action and a resource."""
    listed = [{"Effect": effect, "Action": action, "Resource": of} for effect, action, of in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": listed})


def trust(principal, **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
