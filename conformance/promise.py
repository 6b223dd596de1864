"""In: functions marked as promises. Out: a list of cases. Does not run them: see run.py."""

import itertools
import threading
import time

CASES = []
NUMBERS = itertools.count(1)


class Case:
    def __init__(self, suite, work, dialect, own, seconds, value):
        self.suite = suite
        self.work = work
        self.dialect = dialect
        self.own = own
        self.seconds = seconds
        self.value = value
        ending = "" if value is None else f"[{value}]"
        self.name = f"{suite}.{work.__name__}{ending}"


class Place:
    """What one case works with: a server, and names that no other case uses."""

    def __init__(self, server):
        self.server = server
        self.number = next(NUMBERS)
        self.later = []

    def topic(self, ending="t"):
        return f"case{self.number}/{ending}"

    def client(self, ending="a"):
        return f"case{self.number}-{ending}"

    def after(self, work):
        """Runs when the case is over, whatever its end."""
        self.later.append(work)
        return work

    def end(self):
        for work in reversed(self.later):
            try:
                work()
            except Exception:  # noqa: BLE001 - the case has its result; closing a dead client cannot change it
                pass


def promise(dialect="aws", own=False, seconds=120, values=(None,)):
    """Marks a case. `own`: on a server of its own, which it may kill. `values`: once per value."""

    def mark(work):
        suite = work.__module__
        for value in values:
            CASES.append(Case(suite, work, dialect, own, seconds, value))
        return work

    return mark


def wait_for(what, test, seconds=10):
    """Polls until `test()` is true; its value."""
    end = time.monotonic() + seconds
    while True:
        found = test()
        if found:
            return found
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


class Inbox:
    """Messages that a client library's callback brings, to be waited for."""

    def __init__(self):
        self.messages = []
        self.changed = threading.Condition()

    def put(self, message):
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def wait(self, count=1, seconds=10):
        with self.changed:
            arrived = self.changed.wait_for(lambda: len(self.messages) >= count, seconds)
            assert arrived, f"{len(self.messages)} of {count} messages came within {seconds} s: {self.messages}"
            return list(self.messages)
