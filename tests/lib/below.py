"""A front of the plainest kind, below a path: below.py PORT URL PREFIX.

What is asked of 127.0.0.1:PORT below PREFIX is asked of URL without it, and nothing else is
there: so a page that asks for an absolute path finds nothing.
"""

import http.client
import http.server
import sys
import urllib.parse

PORT, URL, PREFIX = int(sys.argv[1]), urllib.parse.urlsplit(sys.argv[2]), sys.argv[3]
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")


class Below(http.server.BaseHTTPRequestHandler):
    """One request, handed on."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Says nothing."""

    def hand_on(self):
        """Asks, and answers what was answered."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, answer = 404, [], b""
        if self.path.startswith(PREFIX + "/"):
            other = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)
            sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            other.request(self.command, self.path[len(PREFIX):], body or None, sent)
            got = other.getresponse()
            answer = got.read()
            status = got.status
            headers = [(name, value) for name, value in got.getheaders() if name.lower() not in HOP]
            other.close()
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = hand_on


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Below).serve_forever()
