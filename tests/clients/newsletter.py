"""The service of docs/schema-changes.md: every request is somebody who subscribes. RELEASE and DATABASE stand above."""

import os
import signal
import sqlite3
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What each release knows of the schema.
STATEMENTS = {
    41: "INSERT INTO subscriptions (email, name) VALUES (:email, :name)",
    42: "INSERT INTO subscriptions (email, name, status) VALUES (:email, :name, 'pending_confirmation')",
}


def subscribe():
    who = uuid.uuid4().hex
    with sqlite3.connect(DATABASE, timeout=20) as db:  # noqa: F821
        made = db.execute(STATEMENTS[RELEASE], {"email": f"{who}@example.com", "name": who})  # noqa: F821
        if RELEASE >= 42:  # noqa: F821
            db.execute("INSERT INTO subscription_tokens VALUES (?, ?)", (who, made.lastrowid))


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            if self.path != "/health":
                subscribe()
            status = 200
        except sqlite3.Error as error:
            print(error, file=sys.stderr, flush=True)
            status = 500
        self.send_response(status)
        self.send_header("x-version", str(RELEASE))  # noqa: F821
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


server = Server((os.environ["LAB_ADDRESS"], int(os.environ["LAB_PORT"])), Service)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
