"""Speaks the colour protocol of docs/clients.md over HTTP: what is begun on a generation finishes on it.

    service = Pinned("http://127.0.0.1:8080")
    work = service.begin()
    status, headers, body = work.ask("/first")
    status, headers, body = work.ask("/second")    # the same generation, whatever production does meanwhile

A reference to read and to copy. One service may be shared by threads; a piece of work belongs to one of them.
"""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request

CLOSED = 456


class Cut(Exception):
    """The colour was closed under work that had begun: the grace is shorter than the work."""


class Pinned:
    def __init__(self, url, colours=("blue", "green"), header="x-client-mode", beacon="/.well-known/swingbridge",
                 fresh=1.0, patience=30.0):
        self.url, self.colours, self.header, self.beacon = url, colours, header, beacon
        # For how long what the beacon said is believed, and how long a colour is looked for when all are closed.
        self.fresh, self.patience = fresh, patience
        self.colour, self.until, self.lock = None, 0.0, threading.Lock()

    def begin(self):
        return Work(self)

    def send(self, path, colour=None, data=None, timeout=60):
        request = urllib.request.Request(self.url + path, data, {self.header: colour} if colour else {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                # A closed door has said all by its status, also when the rest is cut off.
                return error.code, error.headers, b"" if error.code == CLOSED else error.read()

    def which(self):
        """The colour for new work: as the beacon says, or the one that answered last, or the first."""
        with self.lock:
            if self.beacon and time.monotonic() >= self.until:
                live = self.live()
                self.colour = live if live in self.colours else self.colour
                self.until = time.monotonic() + self.fresh
            return self.colour or self.colours[0]

    def live(self):
        """What the beacon says. Where there is none, somebody else answers, or nobody, and the colours are tried."""
        try:
            status, _, body = self.send(self.beacon, timeout=2)
            return json.loads(body).get("live") if status == 200 and body.startswith(b"{") else None
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def answered(self, colour):
        """Kept where no beacon is to be believed: until its door closes."""
        with self.lock:
            self.colour = self.colour or colour

    def closed(self, colour):
        with self.lock:
            if self.colour == colour:
                self.colour, self.until = None, 0.0


class Work:
    """Several requests that must meet the same generation."""

    def __init__(self, service):
        self.service, self.colour = service, None

    def ask(self, path, data=None):
        if self.colour is None:
            return self.first(path, data)
        answer = self.service.send(path, self.colour, data)
        if answer[0] == CLOSED:
            self.service.closed(self.colour)
            raise Cut(f"{self.colour} was closed under work that had begun")
        return answer

    def first(self, path, data):
        """Nothing has begun yet, and a closed door let nobody see the request: it may be sent to the other one."""
        service, wait = self.service, 0.1
        end = time.monotonic() + service.patience
        while True:
            first = service.which()
            for colour in (first, *(other for other in service.colours if other != first)):
                # Pinned before it is answered: what is cut off until then may have begun there.
                self.colour = colour
                answer = service.send(path, colour, data)
                if answer[0] != CLOSED:
                    service.answered(colour)
                    return answer
                self.colour = None
                service.closed(colour)
            if time.monotonic() + wait > end:
                return answer
            time.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, 5.0)
