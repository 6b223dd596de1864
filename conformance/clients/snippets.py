"""Every program that `thingstead device new --snippet` prints, run as it is printed with the device's own policy."""

import os
import pathlib
import shutil
import subprocess
import sys

from clients.newcomer import Watcher
from promise import promise

RUNNERS = {
    "python-v1": [sys.executable, "-c"],
    "python-v2": [sys.executable, "-c"],
    "paho": [sys.executable, "-c"],
    "js-v2": ["node", "-e"],
    "mosquitto": ["sh", "-c"],
    "curl": ["sh", "-c"],
}
MODULES = os.path.abspath(os.path.join(os.environ.get("THINGSTEAD_NODE", "target/node"), "node_modules"))
RUST = pathlib.Path("target/snippet-rust").absolute()


def printed(place, kind):
    """A device with the least policy, and the program printed for it."""
    folder = pathlib.Path(place.server.data).parent / "devices" / kind
    name = f"snippet-{kind}"
    place.server.run("device", "new", name, "--out", str(folder), "--key", "p256")
    return name, place.server.run("device", "show", name, "--snippet", kind, "--folder", str(folder))


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, done.stdout + done.stderr


@promise(own=True, values=tuple(RUNNERS))
def each_program_publishes_as_it_is_printed(place, kind):
    name, program = printed(place, kind)
    watcher = Watcher(place)
    run([*RUNNERS[kind], program], timeout=40, env={**os.environ, "NODE_PATH": MODULES})
    watcher.wait(f'{name}/data  {{"temperature"')


@promise(own=True, seconds=600)
def the_rust_program_publishes_as_it_is_printed(place):
    name, program = printed(place, "rust")
    (RUST / "src").mkdir(parents=True, exist_ok=True)
    for file in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(pathlib.Path(__file__).parent / "snippet" / file, RUST / file)
    (RUST / "src" / "main.rs").write_text(program)
    env = {key: value for key, value in os.environ.items() if not key.startswith("CARGO")}
    run(["cargo", "build", "--quiet", "--locked"], cwd=RUST, env=env, timeout=580)
    watcher = Watcher(place)
    run([str(RUST / "target" / "debug" / "snippet")], timeout=40)
    watcher.wait(f'{name}/data  {{"temperature"')

