"""mosquitto_pub and mosquitto_sub: MQTT 3.1, 3.1.1 and 5 over 8883, the ALPN port and the plain listener."""

import subprocess
import threading
import time

from promise import promise, wait_for

VERSIONS = ("mqttv31", "mqttv311", "mqttv5")
DOORS = ("mqtt", "tls443", "plain")


def door_options(place, door):
    host, port = place.server.address(door)
    if door == "plain":
        return ["-h", host, "-p", str(port)]
    device = place.server.device()
    tls = ["-h", "localhost", "-p", str(port), "--cafile", device.ca]
    tls += ["--cert", device.certificate, "--key", device.key]
    return tls + (["--tls-alpn", "x-amzn-mqtt-ca"] if door == "tls443" else [])


class Subscriber:
    """A running mosquitto_sub that has its SUBACK."""

    def __init__(self, place, door, version, topic, *more):
        # The debug output tells when the subscription stands; lines of messages begin with `got`.
        # Without stdbuf a pipe gets whole blocks only.
        command = ["stdbuf", "-oL", "mosquitto_sub", *door_options(place, door), "-V", version, "-t", topic, "-d"]
        command += ["-F", "got %q %r %t %p", *more]
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        stdin=subprocess.DEVNULL, bufsize=1)
        place.after(self.process.kill)
        threading.Thread(target=self.read, daemon=True).start()
        wait_for("SUBACK", lambda: self.ended() or any("SUBACK" in line for line in self.lines))
        assert self.process.poll() is None, self.lines

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def ended(self):
        return self.process.poll() is not None

    def wait(self, *expected):
        def found():
            return [line for line in self.lines if line.startswith("got ")]

        wait_for(f"{expected} after {self.lines}", lambda: len(found()) >= len(expected))
        assert found() == list(expected), found()


def publish(place, door, version, topic, payload, *more):
    command = ["mosquitto_pub", *door_options(place, door), "-V", version, "-t", topic, "-m", payload, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@promise(values=tuple((door, version) for door in DOORS for version in VERSIONS))
def qos_0_and_1_arrive_through_every_door_in_every_version(place, door_version):
    door, version = door_version
    reader = Subscriber(place, door, version, place.topic(), "-q", "1")
    for qos in (0, 1):
        publish(place, door, version, place.topic(), f"hello {qos}", "-q", str(qos))
    reader.wait(*[f"got {qos} 0 {place.topic()} hello {qos}" for qos in (0, 1)])


@promise(dialect="standard", values=VERSIONS)
def qos_2_arrives_in_the_standard_dialect(place, version):
    reader = Subscriber(place, "plain", version, place.topic(), "-q", "2")
    publish(place, "plain", version, place.topic(), "exactly once", "-q", "2")
    reader.wait(f"got 2 0 {place.topic()} exactly once")


@promise(values=VERSIONS)
def a_retained_message_greets_a_later_subscriber(place, version):
    publish(place, "mqtt", version, place.topic(), "kept", "-q", "1", "-r")
    Subscriber(place, "mqtt", version, place.topic(), "-q", "1").wait(f"got 1 1 {place.topic()} kept")


@promise(values=VERSIONS)
def a_will_is_published_when_the_client_is_killed(place, version):
    reader = Subscriber(place, "mqtt", version, place.topic("will"), "-q", "1")
    will = ["--will-topic", place.topic("will"), "--will-payload", "gone", "--will-qos", "1"]
    Subscriber(place, "mqtt", version, place.topic("other"), *will).process.kill()
    reader.wait(f"got 1 0 {place.topic('will')} gone")


@promise(values=("mqttv311", "mqttv5"))
def a_persistent_session_keeps_messages_for_later(place, version):
    more = ["-q", "1", "-i", place.client(), "-c"]
    more += ["-x", "600"] if version == "mqttv5" else []
    first = Subscriber(place, "mqtt", version, place.topic(), *more)
    first.process.terminate()
    first.process.wait(10)
    publish(place, "mqtt", version, place.topic(), "while away", "-q", "1")
    time.sleep(1.1)
    Subscriber(place, "mqtt", version, place.topic(), *more).wait(f"got 1 0 {place.topic()} while away")


@promise()
def many_lines_are_published_in_order(place):
    reader = Subscriber(place, "plain", "mqttv311", place.topic(), "-q", "1")
    command = ["mosquitto_pub", *door_options(place, "plain"), "-t", place.topic(), "-q", "1", "-l"]
    lines = "".join(f"{number}\n" for number in range(50))
    subprocess.run(command, input=lines, text=True, check=True, timeout=20)
    reader.wait(*[f"got 1 0 {place.topic()} {number}" for number in range(50)])


@promise()
def a_shared_subscription_works_from_the_command_line(place):
    readers = [Subscriber(place, "mqtt", "mqttv5", f"$share/crew/{place.topic()}", "-q", "1") for _ in range(2)]
    for number in range(6):
        publish(place, "mqtt", "mqttv5", place.topic(), str(number), "-q", "1")

    def found():
        return sorted(line.split()[-1] for reader in readers for line in reader.lines if line.startswith("got "))

    wait_for("six messages", lambda: len(found()) >= 6)
    assert found() == [str(number) for number in range(6)]


@promise()
def a_client_without_a_certificate_is_told_no(place):
    _, port = place.server.address("mqtt")
    command = ["mosquitto_pub", "-h", "localhost", "-p", str(port), "--cafile", place.server.device().ca]
    done = subprocess.run([*command, "-t", "a", "-m", "b", "-q", "1"], capture_output=True, timeout=20)
    assert done.returncode != 0
