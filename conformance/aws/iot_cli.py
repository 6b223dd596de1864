"""AWS's command line against the control plane, as people type it."""

import json
import os
import pathlib
import subprocess
import sys

from aws.caller import DOCUMENT, account_of, arn, endpoint_of
from promise import promise

TOOLS = pathlib.Path(sys.executable).parent


def start(place, tool, *words):
    """A command line that has ended."""
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": account_of(place),
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint_of(place),
        "AWS_PAGER": "",
        "AWS_MAX_ATTEMPTS": "1",
    }
    return subprocess.run([sys.executable, str(TOOLS / tool), *words], env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def run(place, tool, *words, code=0):
    """What `aws iot …` prints; its errors if it has to fail."""
    done = start(place, tool, "iot", *words)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip() and code == 0 else done.stderr


@promise(values=("aws", "awslocal"), seconds=120)
def a_device_is_set_up_by_hand(place, tool):
    made = run(place, tool, "create-thing", "--thing-name", "pump", "--attribute-payload", '{"attributes":{"a":"1"}}')
    assert made["thingArn"] == arn(place, "thing/pump")
    keys = run(place, tool, "create-keys-and-certificate", "--set-as-active")
    assert "RSA PRIVATE KEY" in keys["keyPair"]["PrivateKey"]
    run(place, tool, "create-policy", "--policy-name", "p", "--policy-document", DOCUMENT)
    run(place, tool, "attach-policy", "--policy-name", "p", "--target", keys["certificateArn"])
    run(place, tool, "attach-thing-principal", "--thing-name", "pump", "--principal", keys["certificateArn"])
    assert run(place, tool, "list-thing-principals", "--thing-name", "pump")["principals"] == [keys["certificateArn"]]
    endpoint = run(place, tool, "describe-endpoint", "--endpoint-type", "iot:Data-ATS")["endpointAddress"]
    assert endpoint.endswith("-ats.iot.us-east-1.amazonaws.com")
    refusal = run(place, tool, "describe-thing", "--thing-name", "fan", code=255)
    assert "ResourceNotFoundException" in refusal and "fan" in refusal
