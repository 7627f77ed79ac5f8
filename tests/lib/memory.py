#!/usr/bin/python3
"""memory.py: where a secret is in the memory of a process, as the kernel has it.

  memory.py PID... <SECRETS      a secret a line, NAME=BYTES, with \\xHH as in C

All that the process may write is looked at, also what it has freed.  Prints a line for each
place, `PID NAME FLAGS MAPPING+OFFSET`, with the mapping's flags as smaps has them between commas
(",dd," is left out of core dumps, ",lo," is never swapped).  Exit 0: none, 1: some, 2: a process
that could not be read.  For root: no process of ours is dumpable.
"""
import re
import sys

STEP = 1 << 20


def mappings(pid):
    """Begin, end, flags and name of each that may be written."""
    with open("/proc/%s/smaps" % pid, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. \S+ \S+ \S+ *(.*)", line)
            if match:
                begin, end, name = int(match[1], 16), int(match[2], 16), match[3] or "nameless"
            elif re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                name = ""
            elif line.startswith("VmFlags:") and name:
                yield begin, end, ",%s," % ",".join(line.split()[1:]), name


def places(memory, begin, end, secrets):
    """Each secret in a range, also across two steps."""
    longest, kept = max(len(s) for s in secrets.values()) - 1, b""
    memory.seek(begin)
    while begin < end:
        try:
            got = memory.read(min(STEP, end - begin))
        except OSError:  # a page of a file that was cut, which nobody can read
            got = b""
        if not got:
            break
        both = kept + got
        for name, secret in secrets.items():
            at = -1
            while (at := both.find(secret, at + 1)) >= 0:
                yield name, begin - len(kept) + at
        kept, begin = both[-longest:], begin + len(got)


def main():
    secrets = {}
    for line in sys.stdin:
        name, _, value = line.rstrip("\n").partition("=")
        if len(value) < 8:  # which would be found anywhere
            raise OSError("%s is too short to look for" % name)
        secrets[name] = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), value.encode())
    found = [
        "%s %s %s %s+%#x" % (pid, name, flags, mapping, at - begin)
        for pid in sys.argv[1:]
        for begin, end, flags, mapping in mappings(pid)
        for name, at in places(open("/proc/%s/mem" % pid, "rb", buffering=0), begin, end, secrets)]
    if found:
        print("\n".join(found))
    return 1 if found else 0


try:
    sys.exit(main())
except OSError as error:
    print("memory.py: %s" % error, file=sys.stderr)
    sys.exit(2)
