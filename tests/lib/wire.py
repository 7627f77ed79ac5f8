#!/usr/bin/python3
"""wire.py: sends raw requests to a front, many at once, and says which answer was not the
expected one.  A case is a line of standard input:

  EXPECTED | BYTES [| PATTERN...]

BYTES: ~ is CR LF, {NAME} what NAME=VALUE on the command line says, {a*8000} so many of a, and
\\r \\n \\0 \\t \\e \\" \\\\ \\~ \\xHH as in C.

EXPECTED: the statuses of all answers, with commas between; each may be one of several (200/400),
or a class (4xx).  One behind the name of a front is what that one says, and no other does:
400/lighttpd:501.  Of names that fit (--front nginx-tls) the longest counts.  Behind it, with
blanks between:
  end           the server ends the connection, and a rest of ten seconds would be a failure
  none          not one answer, and the server ends the connection
  cut           the same with an answer or without, within a minute: for who does not go on
  twice         sent again on the same connection once it was answered; for keep-alive
  origin=TEXT   the answers have the CORS headers of this origin, without it they have none
                (any: either)
  from=ADDRESS  where the client is (a loopback address); without it at one for each case, so
                that nobody's rate is used up
  plain         to the port of http, where the rest goes to https

PATTERN: what the last answer has, headers and body, as a regular expression without regard to
case; with a ! before it, what it has not.

Whatever the case, an answer has to be whole, with one length, and a refusal the one body that
every refusal has, with the word of its status.  Each answer is added to the file of --seen, as
JSON: the tests of headers read it.

  wire.py --port N [--tls-port N] [--seen FILE] [--front NAME] [NAME=VALUE...]
"""
import concurrent.futures
import json
import os
import random
import re
import socket
import ssl
import sys
import time

PATIENCE_S = 15
END_S = 10
CUT_S = 60
# mod_fcgid has no other word for a body that does not come.
CUT = "408/apache:408/apache:500/apache-proxy:408"
QUIET_S = 0.15

# As src/http/reply.c and etc/errors.tsv have them.
WORDS = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "request_timeout", 409: "conflict", 411: "length_required",
    413: "content_too_large", 414: "uri_too_long", 415: "unsupported_media_type",
    417: "expectation_failed", 421: "misdirected_request", 422: "unprocessable_content",
    429: "too_many_requests", 431: "headers_too_large", 500: "internal_error",
    501: "not_implemented", 502: "bad_gateway", 503: "unavailable", 504: "gateway_timeout",
    505: "version_not_supported",
}
MEMBERS = ("type", "title", "status", "error", "detail", "request_id", "timestamp")


class Bad(Exception):
    """What is wrong with an answer."""


def unescape(text, values):
    """The bytes that a case stands for."""
    def value(match):
        name = match.group(1)
        if name in values:
            return values[name]
        if "*" not in name:
            raise SystemExit("wire.py: no value for {%s}" % name)
        return name[0] * int(name[2:])

    def escape(match):
        named = {"r": "\r", "n": "\n", "0": "\0", "t": "\t", "e": "\033", "\\": "\\", '"': '"', "~": "~"}
        word = match.group(1)
        return chr(int(word[1:], 16)) if word[0] == "x" else named[word]

    parts = re.split(r"(\\(?:x[0-9a-fA-F]{2}|.))", re.sub(r"\{([A-Z]+|.\*[0-9]+)\}", value, text))
    return "".join(
        re.sub(r"\\(x[0-9a-fA-F]{2}|.)", escape, part) if i % 2 else part.replace("~", "\r\n")
        for i, part in enumerate(parts)).encode("latin-1")


class Answers:
    """Reads answers off a connection, one after the other."""

    def __init__(self, connection):
        self.connection, self.data, self.ended = connection, b"", False

    def more(self, until):
        """False at the end, or when the time is up."""
        while not self.ended:
            left = until - time.monotonic()
            if left <= 0:
                return False
            self.connection.settimeout(left)
            try:
                got = self.connection.recv(65536)
            except (TimeoutError, socket.timeout):
                return False
            except OSError:
                got = b""
            if got == b"":
                self.ended = True
                return False
            self.data += got
            return True
        return False

    def need(self, enough, until, what):
        while not enough():
            if not self.more(until):
                raise Bad("%s: %r" % (what, self.data[:300]))

    def chunks(self, until):
        body = b""
        while True:
            self.need(lambda: b"\r\n" in self.data, until, "a chunk is not whole")
            size, rest = self.data.split(b"\r\n", 1)
            size = int(size.split(b";")[0], 16)
            self.data = rest
            self.need(lambda: len(self.data) >= size + 2, until, "a chunk is not whole")
            body, self.data = body + self.data[:size], self.data[size + 2:]
            if size == 0:
                return body

    def next(self, head_alone, until):
        """The next answer: status, headers with names in lower case, body."""
        self.need(lambda: b"\r\n\r\n" in self.data, until, "no whole answer")
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.[01] ([1-5]\d\d)( [ -~]*)?", lines[0])
        if match is None:
            raise Bad("not a status line: %r" % lines[0])
        headers = []
        for line in lines[1:]:
            if re.fullmatch(r"[A-Za-z0-9-]+:[ -~]*", line) is None:
                raise Bad("not a header line: %r" % line)
            name, text = line.split(":", 1)
            headers.append((name.lower(), text.strip()))
        status = int(match.group(1))
        if status == 100:
            return self.next(head_alone, until)
        lengths = [v for n, v in headers if n == "content-length"]
        codings = [v for n, v in headers if n == "transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise Bad("lengths %s, codings %s" % (lengths, codings))
        if head_alone or status in (204, 304):
            return status, headers, b""
        if codings:
            return status, headers, self.chunks(until)
        if lengths:
            size = int(lengths[0])
            self.need(lambda: len(self.data) >= size, until, "the body is cut short")
            body, self.data = self.data[:size], self.data[size:]
            return status, headers, body
        while self.more(until):
            pass
        body, self.data = self.data, b""
        return status, headers, body


def of(headers, name):
    return [v for n, v in headers if n == name]


def check_refusal(status, headers, body, head_alone):
    if of(headers, "content-type") != ["application/problem+json"]:
        raise Bad("content-type %s" % of(headers, "content-type"))
    if head_alone:
        return
    problem = json.loads(body)
    missing = [m for m in MEMBERS if m not in problem]
    if missing or problem["status"] != status:
        raise Bad("status %s, missing %s" % (problem.get("status"), missing))
    if problem["error"] != WORDS.get(status):
        raise Bad("the word is %s" % problem["error"])


def check_origin(headers, origin):
    """Nor has an answer one that was not expected, which no pattern of a name would find."""
    if origin == "any":
        return
    allowed = of(headers, "access-control-allow-origin")
    if allowed != ([origin] if origin else []):
        raise Bad("Access-Control-Allow-Origin: %s" % allowed)
    if of(headers, "access-control-allow-credentials") != (["true"] if origin else []):
        raise Bad("Access-Control-Allow-Credentials: %s" % of(headers, "access-control-allow-credentials"))
    if not origin and any(n.startswith("access-control-") for n, _ in headers):
        raise Bad("a CORS header for a stranger")


def wanted_of(front, wanted):
    """Those of the statuses that are meant for this front."""
    words = [w.rpartition(":") for w in wanted.split("/")]
    name = max((n for n, _, _ in words if n == front or (n and front.startswith(n + "-"))), key=len, default="")
    return [status for n, _, status in words if n == name]


def status_fits(status, wanted, front):
    return any(str(status) == w or (w.endswith("xx") and w[0] == str(status)[0]) for w in wanted_of(front, wanted))


def connect(args, flags):
    where = flags.get("from") or "127.%d.%d.%d" % (random.randint(16, 254), random.randint(0, 255), random.randint(1, 254))
    tls = args["tls-port"] and "plain" not in flags
    port = int(args["tls-port"] if tls else args["port"])
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S, (where, 0))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname="localhost")
    return connection


def send(connection, data):
    """A server may refuse before it has read all."""
    try:
        connection.sendall(data)
    except OSError:
        pass


def exchange(args, data, statuses, flags):
    """All answers of one connection, and whether it was ended by the server in time."""
    got = []
    with connect(args, flags) as connection:
        answers = Answers(connection)
        head_alone = data.startswith(b"HEAD ")
        if "cut" in flags:
            send(connection, data)
            until = time.monotonic() + CUT_S
            while answers.more(until):
                pass
            if answers.data:
                got.append(answers.next(head_alone, until))
            return got, answers.ended
        for _ in range(2 if "twice" in flags else 1):
            send(connection, data)
            for _ in statuses:
                got.append(answers.next(head_alone, time.monotonic() + PATIENCE_S))
        answers.more(time.monotonic() + (END_S if "end" in flags or "none" in flags else QUIET_S))
        if answers.data:
            raise Bad("more than was expected: %r" % answers.data[:300])
        return got, answers.ended


def text_of(answer):
    status, headers, body = answer
    return "%d\n%s\n\n%s" % (status, "\n".join("%s: %s" % h for h in headers), body.decode("latin-1"))


def case_run(args, values, line):
    """None, or what was wrong."""
    expected, data, *patterns = line.split(" | ")
    words = expected.split()
    statuses = [] if words[0] in ("none", "cut") else words[0].split(",")
    flags = {w.partition("=")[0]: w.partition("=")[2] for w in words if w != words[0] or not statuses}
    got = []
    try:
        sent = unescape(data, values)
        got, ended = exchange(args, sent, statuses, flags)
        for i, (status, headers, body) in enumerate(got):
            wanted = statuses[i % len(statuses)] if statuses else CUT
            if not status_fits(status, wanted, args["front"]):
                raise Bad("%s was expected" % wanted)
            if status >= 400:
                check_refusal(status, headers, body, sent.startswith(b"HEAD "))
            check_origin(headers, flags.get("origin"))
            if values.get("KEY", "") and values["KEY"] in text_of(got[i]):
                raise Bad("the key is told")
        if ("end" in flags or not statuses) and not ended:
            raise Bad("the connection is open still")
        for pattern in patterns:
            wrong = pattern.startswith("!")
            pattern = re.sub(r"\{([A-Z]+)\}", lambda m: re.escape(values[m.group(1)]), pattern.lstrip("!").strip())
            if (re.search(pattern, text_of(got[-1]), re.I | re.M) is not None) == wrong:
                raise Bad("%s %s" % ("there is" if wrong else "there is not", pattern))
    except (Bad, ValueError, OSError) as error:
        return got, "%s\n  %s\n  %s" % (line[:400], error, text_of(got[-1])[:1500].replace("\n", "\n  ") if got else "")
    return got, None


def path_of(line):
    words = line.split(" | ")[1].split(" ")
    return words[1] if len(words) > 1 else ""


def seen_write(path, all_got, tls):
    with open(path, "a", encoding="ascii") as out:
        for asked, got in all_got:
            for status, headers, body in got:
                out.write(json.dumps({"status": status, "path": asked, "tls": tls, "headers": headers, "size": len(body)}) + "\n")


def main():
    args, values, words = {"port": "", "tls-port": "", "seen": "", "front": ""}, {}, iter(sys.argv[1:])
    for word in words:
        if word.startswith("--"):
            args[word[2:]] = next(words)
        else:
            values[word.partition("=")[0]] = word.partition("=")[2]
    lines = [line.rstrip("\n") for line in sys.stdin if line.strip() and not line.startswith("#")]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("WIRE_AT_ONCE", "16"))) as pool:
        results = list(pool.map(lambda line: case_run(args, values, line), lines))
    if args["seen"]:
        for plain in (False, True):
            seen_write(args["seen"], [(path_of(line), got) for line, (got, _) in zip(lines, results)
                                      if (" plain" in line.split(" | ")[0]) == plain], bool(args["tls-port"]) and not plain)
    wrong = [w for _, w in results if w is not None]
    for text in wrong:
        print(text, file=sys.stderr)
    if not lines:
        print("wire.py: no case", file=sys.stderr)
    print("%d of %d cases as expected" % (len(lines) - len(wrong), len(lines)))
    return 1 if wrong or not lines else 0


sys.exit(main())
