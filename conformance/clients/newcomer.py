"""The path of somebody who has just built the project: the README's own lines, run as they stand."""

import os
import pathlib
import re
import subprocess
import sys

import server as servers
from promise import promise, wait_for

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def snippet(language, containing):
    """The README's block of code that holds some text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    return next(block for block in blocks if containing in block)


class Watcher:
    """A running `thingstead sub '#'`."""

    def __init__(self, place, *more):
        command = [servers.BINARY, "sub", "#", "--data", place.server.data, *more]
        self.path = place.server.data + ".sub"
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        place.after(self.process.kill)
        wait_for("the subscription", lambda: "subscribed to" in self.said() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()

    def said(self):
        return pathlib.Path(self.path).read_text(encoding="utf-8", errors="replace")

    def wait(self, text):
        wait_for(f"`{text}`", lambda: text in self.said() or self.process.poll() is not None)
        assert text in self.said(), self.said()


def folder_of(place):
    device = place.server.device("pump-1", policy="own")
    return pathlib.Path(device.certificate).parent.parent


@promise(own=True)
def the_readmes_python_reaches_thingstead_sub(place):
    folder = folder_of(place)
    watcher = Watcher(place)
    code = snippet("python", "awsiot").replace("port=8883", f"port={place.server.address('mqtt')[1]}")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    watcher.wait('pump-1/pressure  {"hPa": 1013}')


@promise(own=True)
def the_readmes_mosquitto_pub_reaches_thingstead_sub(place):
    folder = folder_of(place)
    watcher = Watcher(place)
    line = snippet("sh", "mosquitto_pub").replace("-p 8883", f"-p {place.server.address('mqtt')[1]}")
    done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=30,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    watcher.wait('pump-1/pressure  {"hPa": 1013}')


def shell(place, script, folder):
    """Runs lines of the README in a shell in which `thingstead` means this server's."""
    tools = pathlib.Path(place.server.data).parent / "bin"
    tools.mkdir(exist_ok=True)
    wrapper = tools / "thingstead"
    wrapper.write_text(f'#!/bin/sh\nexec {servers.BINARY.absolute()} "$@" --data {place.server.data}\n')
    wrapper.chmod(0o755)
    path = os.pathsep.join([str(tools), str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(["sh", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True,
                          text=True, timeout=50, stdin=subprocess.DEVNULL)


@promise(own=True)
def the_readmes_lines_explain_a_denied_publish_and_mend_it(place):
    folder = folder_of(place)
    publish = snippet("sh", "mosquitto_pub").replace("-p 8883", f"-p {place.server.address('mqtt')[1]}")
    publish = publish.replace("-t pump-1/pressure", "-t weather/hall")
    # As a line before says.
    Watcher(place)
    assert shell(place, publish, folder).returncode != 0, "the policy of a new device allows foreign topics"
    lines = snippet("sh", "thingstead why").splitlines()
    why = shell(place, lines[0], folder).stdout
    for part in ("publish denied", "iot:Publish on topic/weather/hall", "thingstead policy allow pump-1 publish weather/hall"):
        assert part in why, why
    for line in lines[1:]:
        done = shell(place, line, folder)
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        if "policy allow" in line:
            done = shell(place, publish, folder)
            assert done.returncode == 0, done.stderr


@promise(own=True)
def the_readmes_lines_set_a_shadow_and_show_what_differs(place):
    done = shell(place, "set -e\n" + snippet("sh", "thingstead shadow"), folder_of(place))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert any(row[:3] == ["speed", "3", "2"] for row in rows), done.stdout
    assert rows[-1][0] == "2" and "operator" in rows[-1], done.stdout


@promise(own=True)
def the_readmes_lines_make_a_rule_try_it_and_bring_a_will_to_a_shadow(place):
    folder = folder_of(place)
    done = shell(place, "set -e\n" + snippet("sh", "init presence"), folder)
    assert done.returncode == 0 and "$$aws/things/${topic(3)}/shadow/update" in done.stdout, done.stdout + done.stderr
    assert (folder / "RPI" / "presence.py").exists(), list(folder.iterdir())
    done = shell(place, "set -e\n" + snippet("sh", "rule new hot"), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alerts/bench" in done.stdout and '{"value":21}' in done.stdout, done.stdout


@promise(own=True)
def the_readmes_aws_cli_makes_things(place):
    folder = folder_of(place)
    done = shell(place, snippet("sh", "aws iot"), folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"pump-2"' in done.stdout and (folder / "pump-2.key").exists(), done.stdout


@promise(own=True)
def pub_and_sub_work_without_any_setting(place):
    watcher = Watcher(place, "--count", "1")
    place.server.run("pub", "lab/bench", "hello")
    watcher.wait("lab/bench  hello")
    assert watcher.process.wait(10) == 0


@promise(own=True)
def the_demo_shows_readings_that_arrive(place):
    place.server.stop()
    place.server.flags += ["--demo"]
    place.server.start()
    wait_for("readings", lambda: pathlib.Path(place.server.log_path).read_text().lower().count("temperature") >= 2, 20)


@promise(own=True)
def keys_are_readable_by_their_owner_only(place):
    device = place.server.device("pump-1")
    assert os.stat(device.key).st_mode & 0o777 == 0o600
    loose = [
        str(path)
        for path in pathlib.Path(place.server.data).rglob("*")
        if path.is_file() and "key" in path.name.lower() and path.stat().st_mode & 0o077
    ]
    assert not loose, loose
