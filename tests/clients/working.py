"""Workers that must not notice a deployment, and the account of what they met.

A program gives one function, a piece of work. It is done all the time, short and long, by several threads, until
standard input is closed. What is met for the first time is printed at once, as a line; at the end the account, as JSON.
"""

import json
import sys
import threading
import time
import traceback
from collections import Counter

SHORT, LONG = 0.2, 5.0
# Long work is begun so much apart, so that some of it is under way at any moment.
APART = 1.0


class Account:
    def __init__(self):
        self.lock, self.began = threading.Lock(), time.monotonic()
        self.works, self.requests = 0, 0
        self.versions, self.crossed, self.failures = Counter(), Counter(), []

    def work(self, version, production, requests):
        """`production`: who was live when the work was done."""
        with self.lock:
            self.works += 1
            self.requests += requests
            self.count(self.versions, version)
            if production != version:
                self.count(self.crossed, f"{version} after {production}")

    def count(self, counter, what):
        if what not in counter:
            print(what, flush=True)
        counter[what] += 1

    def failure(self, worker, seconds):
        at = time.monotonic() - self.began
        with self.lock:
            self.failures.append(f"{worker}, {seconds} s, at {at:.1f} s: {traceback.format_exc()}")

    def printed(self):
        print(json.dumps({
            "works": self.works, "requests": self.requests, "versions": self.versions, "crossed": self.crossed,
            "failures": self.failures[:5], "failed": len(self.failures),
        }), flush=True)


def until_served(serves):
    """A lab's data plane hears of a healthy target a moment after its API does."""
    end = time.monotonic() + 20
    while not serves():
        if time.monotonic() > end:
            sys.exit("nobody serves")
        time.sleep(0.05)


def work_until_told(work, short, long):
    """`work(worker, seconds)` takes so long, and gives the version that it met, who is live at its end, and how many
    requests it took; anything wrong is raised."""
    account, ended = Account(), threading.Event()

    def worker(name, seconds, pause):
        ended.wait(pause)
        while not ended.is_set():
            try:
                account.work(*work(name, seconds))
            except Exception:
                account.failure(name, seconds)

    threads = [threading.Thread(target=worker, args=(f"short {n}", SHORT, 0)) for n in range(short)]
    threads += [threading.Thread(target=worker, args=(f"long {n}", LONG, n * APART)) for n in range(long)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    account.printed()
