"""A front under a path of another server: what is below PREFIX goes to UPSTREAM without it, and
nothing else is there.  mount.py PORT UPSTREAM PREFIX"""
import http.client
import http.server
import sys
import urllib.parse

UPSTREAM = urllib.parse.urlsplit(sys.argv[2])
PREFIX = sys.argv[3]
OWN = {"connection", "keep-alive", "transfer-encoding", "host"}


class Mount(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.path.startswith(PREFIX + "/"):
            self.send_error(404)
            return
        upstream = http.client.HTTPConnection(UPSTREAM.hostname, UPSTREAM.port, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        upstream.request(self.command, self.path[len(PREFIX):], body or None, headers)
        answer = upstream.getresponse()
        said = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OWN | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)
        upstream.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Mount).serve_forever()
