#!/usr/bin/python3
"""receiver.py DIRECTORY [CERTIFICATE KEY]: a server that is told of jobs, for the tests.

Its port is in DIRECTORY/port once it listens, at all addresses of this machine.  Each POST
becomes a line of DIRECTORY/log: a JSON object of path, headers and body.  What it answers is
in the path: /ok 200, /gone 410, /moved 302 to /ok, /odd 204, /busy 500, /flaky 500 and at the
second attempt 200, /slow 200 after a second, /hang nothing, /endless a body without end,
/cut nothing and the connection closed.
"""
import http.server
import json
import os
import ssl
import sys
import threading
import time

directory = sys.argv[1]
seen = set()
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def note(self, body):
        line = json.dumps({"path": self.path, "body": body.decode(),
                           "headers": {k.lower(): v for k, v in self.headers.items()}})
        with lock, open(os.path.join(directory, "log"), "a") as log:
            log.write(line + "\n")

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 4096)

    def first(self):
        with lock:
            key = self.path + self.headers.get("webhook-id", "")
            first = key not in seen
            seen.add(key)
        return first

    def do_POST(self):
        self.note(self.rfile.read(int(self.headers["Content-Length"])))
        kind = self.path.split("/")[1].split("?")[0]
        try:
            if kind == "moved":
                self.answer(302, Location="/ok/moved")
            elif kind == "flaky":
                self.answer(500 if self.first() else 200)
            elif kind == "endless":
                self.endless()
            elif kind == "hang":
                time.sleep(3600)
            elif kind == "cut":
                self.close_connection = True
            else:
                if kind == "slow":
                    time.sleep(1)
                self.answer({"ok": 200, "slow": 200, "odd": 204, "gone": 410}.get(kind, 500), b"" if kind == "odd" else b"thanks")
        except OSError:
            self.close_connection = True

    def do_GET(self):
        self.note(b"GET")
        self.answer(200)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("0.0.0.0", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(os.path.join(directory, "port.new"), "w") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
server.serve_forever()
