"""In: the release binary and a number of kills. Out: whether every acknowledged message arrived. Kills with SIGKILL."""

import argparse
import collections
import os
import pathlib
import random
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.chdir(HERE.parent)

import server as servers  # noqa: E402
from raw import packets  # noqa: E402
from raw.wire import Closed, Wire  # noqa: E402

PUBLISHERS = 4
SUBSCRIBERS = 3
WINDOW = 50
PAYLOAD_BYTES = 100
# How far publishers run ahead of the slowest subscriber: a mailbox that fills up drops messages, and says so.
LEAD = 20_000
# Between kills: long enough for sessions to resume and for traffic, short enough for 50 in three minutes.
LIFE_S = (0.15, 1.2)
DRAIN_TIMEOUT_S = 60


class Tally:
    """A small count for each number from 0 on, one byte each: millions of them fit in memory."""

    def __init__(self):
        self.counts = bytearray()

    def __getitem__(self, number):
        return self.counts[number] if number < len(self.counts) else 0

    def add(self, number):
        self.put(number, min(self[number] + 1, 255))

    def put(self, number, count):
        if number >= len(self.counts):
            self.counts.extend(bytes(number + 1 - len(self.counts)))
        self.counts[number] = count

    def positive(self):
        return len(self.counts) - self.counts.count(0)

    def zeros(self, end):
        """Every number below `end` that was never counted."""
        at = self.counts.find(0)
        while 0 <= at < end:
            yield at
            at = self.counts.find(0, at + 1)
        yield from range(len(self.counts), end)


class Arrivals:
    """What one subscriber received from one publisher."""

    def __init__(self):
        self.ever = Tally()
        self.this_life = collections.Counter()
        self.highest = -1


class Record:
    """Everything that was sent, acknowledged and received."""

    def __init__(self):
        self.lock = threading.Lock()
        self.next = [0] * PUBLISHERS
        self.sent = [Tally() for _ in range(PUBLISHERS)]
        self.acked = [Tally() for _ in range(PUBLISHERS)]
        self.arrived = [[Arrivals() for _ in range(PUBLISHERS)] for _ in range(SUBSCRIBERS)]
        self.copies = 0
        self.out_of_order = []
        self.unexplained = []
        self.lost_sessions = []

    def total_acked(self):
        with self.lock:
            return sum(acked.positive() for acked in self.acked)

    def leads(self, publisher):
        """Whether a publisher is far ahead of some subscriber."""
        with self.lock:
            slowest = min(row[publisher].highest for row in self.arrived)
            return self.next[publisher] - slowest > LEAD

    def begin_life(self, subscriber):
        """A new connection may bring again what the old one did not acknowledge."""
        with self.lock:
            for arrivals in self.arrived[subscriber]:
                arrivals.this_life = collections.Counter()

    def arrive(self, subscriber, publisher, number):
        with self.lock:
            arrivals = self.arrived[subscriber][publisher]
            if arrivals.ever[number]:
                self.copies += 1
            elif number < arrivals.highest:
                self.out_of_order.append((subscriber, publisher, number, arrivals.highest))
            arrivals.ever.add(number)
            arrivals.highest = max(arrivals.highest, number)
            arrivals.this_life[number] += 1
            # On one connection, a message may come as often as its publisher sent it, and no more.
            if arrivals.this_life[number] > self.sent[publisher][number]:
                self.unexplained.append((subscriber, publisher, number))

    def missing(self):
        found = []
        with self.lock:
            for subscriber in range(SUBSCRIBERS):
                for publisher in range(PUBLISHERS):
                    acked, ever = self.acked[publisher], self.arrived[subscriber][publisher].ever
                    lost = [number for number in ever.zeros(len(acked.counts)) if acked[number]]
                    found += [(subscriber, publisher, number) for number in lost]
        return found


class Party(threading.Thread):
    """A client that connects again whenever its connection ends."""

    def __init__(self, server, record, number):
        super().__init__(daemon=True)
        self.server = server
        self.record = record
        self.number = number
        self.stopping = threading.Event()
        self.lives = 0
        self.error = None

    def run(self):
        while not self.stopping.is_set():
            try:
                wire = Wire(self.server.address("plain"))
            except OSError:
                time.sleep(0.01)
                continue
            try:
                self.live(wire)
            except (Closed, OSError):
                pass
            except AssertionError as error:
                # A kill may cut a packet off, and the wait for it then ends: only a living server can be wrong.
                if self.server.alive() and "within" not in str(error):
                    self.error = str(error)
                    return
            finally:
                wire.drop()


class Publisher(Party):
    """Sends numbered QoS 1 messages; what was not acknowledged is sent again."""

    def live(self, wire):
        wire.connect(f"publisher-{self.number}")
        in_flight = {}
        waiting = self.waiting()
        while not self.stopping.is_set() or in_flight:
            while len(in_flight) < WINDOW and not self.stopping.is_set() and not self.record.leads(self.number):
                number = next(waiting)
                packet_id = wire.new_id()
                in_flight[packet_id] = number
                with self.record.lock:
                    self.record.sent[self.number].add(number)
                payload = f"{self.number} {number} ".encode().ljust(PAYLOAD_BYTES, b".")
                wire.send(packets.publish(f"crash/{self.number}", payload, 1, packet_id=packet_id))
            if not in_flight:
                time.sleep(0.01)
                wire.ping()
                continue
            puback = wire.expect(packets.PUBACK, 5)
            number = in_flight.pop(puback.id)
            with self.record.lock:
                self.record.acked[self.number].add(number)

    def waiting(self):
        """First what an earlier connection sent without an answer, then new numbers."""
        with self.record.lock:
            again = list(self.record.acked[self.number].zeros(self.record.next[self.number]))
        yield from again
        while True:
            with self.record.lock:
                number = self.record.next[self.number]
                self.record.next[self.number] += 1
            yield number


class Subscriber(Party):
    """A persistent session that acknowledges everything it reads."""

    def live(self, wire):
        connack = wire.connect(f"subscriber-{self.number}", clean=False)
        if not connack.session_present:
            if self.lives:
                with self.record.lock:
                    self.record.lost_sessions.append(self.number)
            assert wire.subscribe("crash/#", qos=1) == [1]
        self.record.begin_life(self.number)
        self.lives += 1
        while not self.stopping.is_set():
            if not (wire.kept or wire.read or wire.readable(0.1)):
                continue
            publisher, number = map(int, wire.message(5).payload.split()[:2])
            self.record.arrive(self.number, publisher, number)


def kill_and_restart(server, kills, chance, record):
    start = time.monotonic()
    slowest = 0
    for kill in range(1, kills + 1):
        time.sleep(chance.uniform(*LIFE_S))
        server.kill()
        begin = time.monotonic()
        server.start()
        slowest = max(slowest, time.monotonic() - begin)
        if kill % 10 == 0 or kill == kills:
            took = time.monotonic() - start
            print(f"{kill:5} kills  {record.total_acked():9} acknowledged  {took:6.1f} s  slowest start {slowest:.2f} s")


def run(kills, seed):
    chance = random.Random(seed)
    server = servers.Server("standard").start()
    record = Record()
    subscribers = [Subscriber(server, record, number) for number in range(SUBSCRIBERS)]
    for party in subscribers:
        party.start()
    while not all(party.lives for party in subscribers):
        time.sleep(0.02)
    time.sleep(0.3)
    publishers = [Publisher(server, record, number) for number in range(PUBLISHERS)]
    for party in publishers:
        party.start()
    try:
        kill_and_restart(server, kills, chance, record)
        time.sleep(1)
        for party in publishers:
            party.stopping.set()
        for party in publishers:
            party.join(15)
        end = time.monotonic() + DRAIN_TIMEOUT_S
        while record.missing() and time.monotonic() < end:
            time.sleep(0.2)
        for party in subscribers:
            party.stopping.set()
        for party in subscribers:
            party.join(15)
        return judge(record, [*publishers, *subscribers], server, kills)
    finally:
        server.close()


def judge(record, parties, server, kills):
    lost = record.missing()
    acked = record.total_acked()
    deliveries = sum(arrivals.ever.positive() for row in record.arrived for arrivals in row)
    errors = [party.error for party in parties if party.error]
    print(f"{acked} acknowledged, {deliveries} delivered, {record.copies} of them more than once")
    promises = [
        ("every acknowledged message reached every persistent subscriber", not lost, f"{len(lost)} lost: {lost[:20]}"),
        ("messages flowed between the kills", acked > kills * PUBLISHERS, f"{acked} acknowledged"),
        ("no session was forgotten", not record.lost_sessions, f"{record.lost_sessions}"),
        ("a message came twice only when it was sent twice or after a reconnect",
         not record.unexplained, f"{record.unexplained[:20]}"),
        ("each publisher's messages first came in its order", not record.out_of_order, f"{record.out_of_order[:20]}"),
        ("every answer was one that MQTT allows", not errors, f"{errors}"),
        ("the server lives", server.alive(), server.tail()),
    ]
    failed = 0
    for promise, kept, why in promises:
        print(f"{'ok    ' if kept else 'FAILED'} {promise}{'' if kept else ': ' + why}")
        failed += not kept
    if failed:
        print(server.tail())
    print(f"\n{len(promises) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="Kill the server under load; nothing acknowledged may be lost.")
    parser.add_argument("--binary", default="target/release/thingstead")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="for the moments of the kills")
    options = parser.parse_args()
    servers.BINARY = pathlib.Path(options.binary).resolve()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"{options.kills} kills, {PUBLISHERS} publishers, {SUBSCRIBERS} persistent subscribers, seed {seed}")
    return run(options.kills, seed)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
