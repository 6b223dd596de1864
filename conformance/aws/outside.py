"""In: a case's place. Out: somebody else's AWS on a free port of this machine, and clients of it. Calls no Thingstead."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time

import boto3
from botocore.config import Config

REGION = "us-east-1"
START_TIMEOUT_S = 60


class Moto:
    """A `moto` server: SQS, SNS, Kinesis, DynamoDB, Firehose, S3, Lambda and Secrets Manager, in memory."""

    def __init__(self, place):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        # Whatever keys the machine has are nobody's business here.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        place.after(self.stop)
        self.wait()
        # Functions answer at once, without containers.
        self.post("/moto-api/config", {"lambda": {"use_docker": False}})
        self.place = place

    def wait(self):
        end = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self.process.poll() is None, f"moto ended with {self.process.poll()} before it was ready"
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < end, f"moto was not ready within {START_TIMEOUT_S} s"
                time.sleep(0.05)

    def post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status < 300, (path, answer.status, answer.read())
        finally:
            connection.close()

    def client(self, service):
        made = boto3.session.Session().client(
            service, region_name=REGION, endpoint_url=self.endpoint, aws_access_key_id="made-up",
            aws_secret_access_key="made-up", config=Config(retries={"total_max_attempts": 1}, read_timeout=30,
                                                           s3={"addressing_style": "path"}))
        self.place.after(made.close)
        return made

    def flags(self, *services):
        """What a server is started with so that it calls this one."""
        return [word for service in services for word in ("--endpoint", f"{service}={self.endpoint}")]

    def stop(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]
