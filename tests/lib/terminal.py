#!/usr/bin/python3
"""terminal.py [--type LINE] COMMAND...: a command on a terminal, and all that it wrote there.

COLUMNS_THERE is how wide the terminal is (80).  LINE is typed once something was asked, with
"? " or "] " at the end.  Ends as the command does.
"""
import fcntl
import os
import pty
import struct
import sys
import termios

args, line = sys.argv[1:], None
if args[0] == "--type":
    line, args = args[1], args[2:]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(os.environ.get("COLUMNS_THERE", "80")), 0, 0))
    os.environ.pop("COLUMNS", None)
    os.execvp(args[0], args)
out = b""
while True:
    try:
        got = os.read(fd, 65536)
    except OSError:  # the other end is closed
        break
    if not got:
        break
    out += got
    if line is not None and out.endswith((b"? ", b"] ")):
        os.write(fd, line.encode() + b"\n")
        line = None
sys.stdout.buffer.write(out.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
