"""Works on a sample behind colours by turns through the reference client, while a lab's production swings.

    python pinned_load.py http://127.0.0.1:PORT

Each piece of work is several requests that must all be answered by the same version.
"""

import sys
import time

from pinned import Pinned
from working import until_served, work_until_told


def main():
    service = Pinned(sys.argv[1])

    def asked(ask, path):
        status, headers, _ = ask(path)
        if status != 200:
            raise AssertionError(f"{path} was answered {status}")
        return headers["x-version"]

    def work(_, seconds):
        doing, end, requests = service.begin(), time.monotonic() + seconds, 1
        version = asked(doing.ask, "/version")
        while time.monotonic() < end:
            met = asked(doing.ask, f"/slow?ms={int(seconds * 100)}")
            requests += 1
            if met != version:
                raise AssertionError(f"begun on {version}, and met {met}")
        return version, asked(service.send, "/version"), requests + 1

    until_served(lambda: service.send("/version")[0] == 200)
    work_until_told(work, short=4, long=5)


if __name__ == "__main__":
    main()
