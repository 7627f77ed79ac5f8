#!/usr/bin/python3
"""siege.py: what stands before a front for long.

  siege.py idle COUNT PORT plain|tls|body [FROM]
    holds COUNT connections that begin a request, a handshake or a body, and then say nothing: of
    one without a byte the kernel would not tell a server that asks for those with data alone
    (TCP_DEFER_ACCEPT, as Apache does).  They come from the address FROM (127.0.0.1).  Prints
    `open N`, which are fewer where connections are refused, and waits for the end of standard
    input; then prints how many the server has ended since

  siege.py load PORT KEY [THREADS]
    predicts until the end of standard input, and until LEAST were answered, over TLS, half of
    the threads on a connection for each request and half on one that is kept.  Prints `asking` after
    the first answer, and in the end `N answered, M failed, N asked again`, what failed, and ends with 1 if any did.  A kept connection may be found
    ended before a byte of an answer, as at any time in HTTP: then, once, another is taken.

  siege.py good PORT KEY SECONDS RATE plain|tls
    predicts so many times a second, each on a connection of its own and from another address
    (127.0.0.2) than an attack has, and prints the 50th and 99th of a hundred times in
    milliseconds, how many failed, and how many connections others had in the middle of it

  siege.py besieged COUNT PORT SECONDS
    waits until clients at 127.0.0.1 have so many connections, and no longer than that

  siege.py supervise SOCKET COMMAND...
    listens at the path, and keeps the command running with that as its standard input, as a
    systemd socket does: who connects while there is none waits.  SIGTERM ends both.
"""
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

BODY = b'{"features":[5.1,3.5,1.4,0.2]}'
PATIENCE_S = 20
LEAST = 101


def idle(count, port, what, source="127.0.0.1"):
    begin = {
        "plain": b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
        "tls": b"\x16\x03\x01",
        "body": b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    }[what]
    connections = []
    for _ in range(int(count)):
        try:
            connections.append(socket.create_connection(("127.0.0.1", int(port)), PATIENCE_S, (source, 0)))
        except ConnectionRefusedError:
            continue
        connections[-1].sendall(begin)
    print("open", len(connections), flush=True)
    sys.stdin.read()
    gone = select.poll()
    for connection in connections:
        gone.register(connection, select.POLLIN)
    print("ended", len(gone.poll(0)), flush=True)
    return 0


# One for all: to make one costs more than a handshake.
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE


def connections_held(port):
    """How many of the clients that are at 127.0.0.1, as an attack is, have a connection to the port."""
    here, there, established = "0100007F:", ":%04X" % int(port), "01"
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split()[1:4] for line in table]
    return sum(r[0].startswith(here) and r[1].endswith(there) and r[2] == established for r in rows)


class Client:
    """One thread's requests."""

    def __init__(self, port, key, kept, tls=True, source="127.0.0.1"):
        self.port, self.kept, self.source = int(port), kept, source
        self.context = CONTEXT if tls else None
        self.request = b"".join([
            b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-Key: ", key.encode(),
            b"\r\nContent-Length: ", str(len(BODY)).encode(), b"" if kept else b"\r\nConnection: close", b"\r\n\r\n", BODY])
        self.connection = None
        self.answered, self.again, self.failed = 0, 0, []

    def connect(self):
        self.connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S, (self.source, 0))
        if self.context:
            self.connection = self.context.wrap_socket(self.connection, server_hostname="localhost")

    def answer(self):
        """The first bytes of an answer, and whether the connection goes on; b"" for an end."""
        data = b""
        while b'"version":' not in data and b'"timestamp"' not in data:
            more = self.connection.recv(65536)
            if more == b"":
                break
            data += more
        return data

    def drop(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def once(self):
        reused = self.connection is not None
        data = b""
        try:
            if not reused:
                self.connect()
            self.connection.sendall(self.request)
            data = self.answer()
            error = None
        except OSError as problem:
            error = problem
        if reused and data == b"":
            self.drop()
            self.again += 1
            return self.once()
        if not self.kept or error or b"\r\nconnection: close" in data.lower():
            self.drop()
        if error or not data.startswith(b"HTTP/1.1 200"):
            self.failed.append("%.3f %s %r %r" % (time.time(), "kept" if self.kept else "fresh", error, data[:400]))
        else:
            self.answered += 1
        return data


def load(port, key, threads=4):
    stop = threading.Event()
    clients = [Client(port, key, i % 2 == 1) for i in range(int(threads))]

    def run(client):
        while not stop.is_set():
            client.once()
            time.sleep(0.005) # the processors are for the servers, too

    running = [threading.Thread(target=run, args=(c,)) for c in clients]
    def wait_for_answers(count):
        until = time.monotonic() + PATIENCE_S
        while sum(c.answered for c in clients) < count and time.monotonic() < until:
            time.sleep(0.02)

    for thread in running:
        thread.start()
    wait_for_answers(1)
    print("asking", flush=True)
    sys.stdin.read()
    wait_for_answers(LEAST)
    stop.set()
    for thread in running:
        thread.join()
    failed = [f for c in clients for f in c.failed]
    print("%d answered, %d failed, %d asked again" % (
        sum(c.answered for c in clients), len(failed), sum(c.again for c in clients)))
    print("\n".join(failed[:10]))
    return 1 if failed else 0


def good(port, key, seconds, rate, what):
    times, failed, lock, threads, held = [], [0], threading.Lock(), [], 0
    count, rate = int(float(seconds) * float(rate)), float(rate)

    def one():
        client = Client(port, key, False, what == "tls", "127.0.0.2")
        begin = time.monotonic()
        client.once()
        with lock:
            times.append((time.monotonic() - begin) * 1000)
            failed[0] += len(client.failed)

    begin = time.monotonic()
    for i in range(count):
        time.sleep(max(0.0, begin + i / rate - time.monotonic()))
        threads.append(threading.Thread(target=one))
        threads[-1].start()
        if i == count // 2:
            held = connections_held(port)
    for thread in threads:
        thread.join()
    times.sort()
    print("%.2f %.2f %d %d" % (times[len(times) // 2], times[len(times) * 99 // 100], failed[0], held))
    return 0


def besieged(count, port, seconds):
    end = time.monotonic() + float(seconds)
    while connections_held(port) < int(count) and time.monotonic() < end:
        time.sleep(0.1)
    return 0


def supervise(path, *command):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o600)
    if os.getuid() == 0 and "SIEGE_UID" in os.environ:
        os.chown(path, int(os.environ["SIEGE_UID"]), -1)
    listener.listen(1024)
    ended, child = [], []

    def end(*_):
        ended.append(True)
        if child:
            child[0].terminate()

    signal.signal(signal.SIGTERM, end)
    while not ended:
        child[:] = [subprocess.Popen(command, stdin=listener)]
        child[0].wait()
    return 0


sys.exit({"idle": idle, "load": load, "good": good, "besieged": besieged, "supervise": supervise}[sys.argv[1]](*sys.argv[2:]))
