#!/usr/bin/python3
"""screen.py ROWSxCOLUMNS ACTION... -- COMMAND...: a command on a terminal of its own, and its frames.

A frame is what stands between ESC [H and ESC [J.  The actions, one after the other:
  wait:TEXT       until a frame has the text            key:K           press a key (^C, ^Z are one)
  size:RxC        another size of the window            kill:NAME       a signal to the command
  next            one more frame                        frame           print the last frame
  run:COMMAND     what a shell does meanwhile
  seen:TEXT       until it stands anywhere              close           the terminal goes away
At last the command's end is waited for, and printed: "ended N", or "killed by SIGNAL", with
"restored" where the terminal is as it was before, or what it is else.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

WAIT = 60


class Screen:
    def __init__(self, size, command):
        self.raw, self.closed = "", False
        self.master, slave = pty.openpty()
        self.resize(size)
        self.before = termios.tcgetattr(slave)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 256)
            os.execvp(command[0], command)
        self.slave = slave

    def resize(self, size):
        rows, columns = size.split("x")
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.raw += os.read(self.master, 65536).decode(errors="replace")
        return True

    def all_frames(self):
        return re.findall(r"\x1b\[H(.*?)\x1b\[J", self.raw, re.S)

    def until(self, what, condition):
        end = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > end:
                sys.exit(f"screen.py: {what} did not come in {WAIT} s; there is: {self.raw[-3000:]!r}")
            self.read(0.2)

    def next_frame(self):
        count = len(self.all_frames())
        self.until("a frame", lambda: len(self.all_frames()) > count)

    def ended(self):
        if not hasattr(self, "status"):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return hasattr(self, "status")

    def settings(self):
        return "restored" if termios.tcgetattr(self.slave) == self.before else "not restored"

    def act(self, action):
        verb, _, value = action.partition(":")
        if verb == "wait":
            self.until(value, lambda: any(value in frame for frame in self.all_frames()[-1:]))
        elif verb == "key":
            os.write(self.master, bytes([ord(value[1]) & 0x1F]) if value[0] == "^" and len(value) == 2 else value.encode())
        elif verb == "size":
            self.resize(value)
        elif verb == "kill":
            os.kill(self.pid, getattr(signal, "SIG" + value))
        elif verb == "run":
            subprocess.run(value, shell=True, check=True, stdout=subprocess.DEVNULL)
        elif verb == "next":
            self.next_frame()
        elif verb == "frame":
            print(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.all_frames()[-1]).replace("\r", ""))
        elif verb == "seen":
            self.until(value, lambda: value in self.raw)
        elif verb == "close":
            os.close(self.slave)
            os.close(self.master)
            self.closed = True
        else:
            sys.exit(f"screen.py: {action}?")

    def end(self):
        if self.closed:
            end = time.monotonic() + WAIT
            while not self.ended():
                if time.monotonic() > end:
                    sys.exit("screen.py: it did not end")
                time.sleep(0.05)
            print("ended without a terminal")
            return
        self.until("the end", self.ended)
        while self.read(0):
            pass
        left = self.raw.rsplit("\x1b[?1049h", 1)[-1]
        whole = "\x1b[?1049h" not in self.raw or ("\x1b[?1049l" in left and "\x1b[?25h" in left)
        how = f"killed by {os.WTERMSIG(self.status)}" if os.WIFSIGNALED(self.status) else f"ended {os.WEXITSTATUS(self.status)}"
        print(how, self.settings() if whole else "screen left as it was")


def main():
    at = sys.argv.index("--")
    screen = Screen(sys.argv[1], sys.argv[at + 1:])
    for action in sys.argv[2:at]:
        screen.act(action)
    screen.end()


main()
