"""A load balancer in small whose answers are written down beforehand: what a lab says seldom or never can be forced.

    with Doors() as doors:
        doors.say("blue", answer(456), answer(200))    # the second one stays
        doors.say("beacon", beacon("green"))

It hangs up after each answer. An answer is the bytes that are sent until then, so one that is cut is a part of one.
"""

import json
import socket
import socketserver
import struct
import threading
from typing import NamedTuple, Optional

HEADER, BEACON = "x-client-mode", "/.well-known/swingbridge"
# Takes the request, and breaks the connection off; does so in the midst of the request; takes it and says nothing.
RESET, UNREAD, SILENCE = "reset", "unread", "silence"
# Who asks more than this would ask for ever, and is to fail instead.
FAR_TOO_OFTEN = 500


def answer(status, body=b"", *headers):
    lines = (f"HTTP/1.1 {status} As Written", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


def beacon(live):
    said = {"app": "shop", "header": HEADER, "live": live, "open": [live]}
    return answer(200, json.dumps(said, separators=(",", ":")).encode(), "Content-Type: application/json")


class Asked(NamedTuple):
    where: str
    method: str
    path: str
    colour: Optional[str]
    body: Optional[bytes]


class Doors(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Door)
        self.url = "http://{}:{}".format(*self.server_address)
        self.asked, self.script, self.lock, self.ended = [], {}, threading.Lock(), threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()

    def say(self, where, *answers):
        """What is answered to a colour, or at the beacon, from now on: one after the other, and the last one always."""
        with self.lock:
            self.script[where] = list(answers)

    def next(self, where):
        with self.lock:
            answers = self.script.get(where) or [answer(599, b"nobody wrote down what is answered here")]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def met(self):
        """Where the requests went, in their order; and nobody is asked for that again."""
        with self.lock:
            asked, self.asked = self.asked, []
        return [each.where for each in asked]

    def handle_error(self, *_):
        """A client that has gone meanwhile: what it makes of that is its own affair."""


class Door(socketserver.StreamRequestHandler):
    def handle(self):
        method, path, _ = self.rfile.readline().decode().split()
        headers = {}
        for line in iter(self.rfile.readline, b"\r\n"):
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        colour = headers.get(HEADER)
        where = "beacon" if path == BEACON else colour or "production"
        said = self.server.next(where)
        body = None if said == UNREAD else self.rfile.read(int(headers.get("content-length", 0)))
        with self.server.lock:
            self.server.asked.append(Asked(where, method, path, colour, body))
            if len(self.server.asked) > FAR_TOO_OFTEN:
                said = RESET
        if said == SILENCE:
            self.server.ended.wait()
        elif said in (RESET, UNREAD):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.wfile.write(said)
