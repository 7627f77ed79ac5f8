#!/usr/bin/python3
"""unit.py SERVICE [FROM=>TO ...]: becomes what a unit of systemd starts, where there is no systemd.

Each FROM in the unit and in its socket's is taken as TO, from left to right.  Done is what is
likely to be in a program's way: the socket as descriptor 0, the umask, the user, the filters of
system calls; and as root mount, network and user namespaces of its own, with all of the file
system's root read-only but what the unit has as its own, and a /proc without the others.

The user of the unit is UNIT_USER, where that is set and we are root.
"""
import ctypes
import functools
import grp
import os
import pwd
import shlex
import socket
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
ALLOW, ERRNO_EPERM = 0x7FFF0000, 0x00050001
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p


class Compare(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def unit_read(path, changes):
    """All lines NAME=VALUE of a unit: a dictionary of lists."""
    lines = {}
    with open(path) as unit:
        text = unit.read()
    for change in changes:
        text = text.replace(*change.split("=>", 1))
    for line in text.replace("\\\n", " ").splitlines():
        if "=" in line and line[0] not in "#;":
            name, value = line.split("=", 1)
            lines.setdefault(name, []).append(value)
    return lines


def done(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind, flags, data=None):
    encoded = [x and x.encode() for x in (source, target, kind)]
    done(libc.mount(*encoded, ctypes.c_ulong(flags), data and data.encode()), f"mount {target}")


def file_system_shut(unit):
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    own = [f"/var/lib/{path}" if path[0] != "/" else path
           for path in unit.get("StateDirectory", []) + unit.get("ReadWritePaths", [])]
    for path in own:
        mount(path, path, None, MS_BIND)
    mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY)
    subset = "".join(f",subset={x}" for x in unit.get("ProcSubset", []))
    mount("proc", "/proc", "proc", 0, f"hidepid={unit['ProtectProc'][-1]}{subset}")


class Mapper:
    """A child that stays root, to write the maps of our user namespace."""

    def __init__(self, uid, gid):
        self.asked, ask = os.pipe()
        self.ready, tell = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ask)
            os.read(self.asked, 1)
            for name, number in ("uid_map", uid), ("gid_map", gid):
                with open(f"/proc/{parent}/{name}", "w") as file:
                    file.write(f"0 0 1\n{number} {number} 1\n")
            os.write(tell, b"x")
            os._exit(0)
        os.close(tell)
        self.ask = ask

    def use(self):
        done(libc.unshare(CLONE_NEWUSER), "a user namespace")
        os.close(self.ask)
        if os.read(self.ready, 1) != b"x":
            raise OSError("no map of users")
        os.waitpid(self.pid, 0)
        os.close(self.asked)
        os.close(self.ready)


@functools.lru_cache(maxsize=None)
def sets_of_calls():
    """Systemd's sets of system calls: a dictionary of lists, in which sets are named, too."""
    text = subprocess.run(["systemd-analyze", "syscall-filter"], check=True,
                          capture_output=True, text=True).stdout
    sets, members = {}, None
    for line in text.splitlines():
        if line[:1] == "@":
            members = sets[line] = []
        elif line.strip() and line.strip()[0] != "#" and line[0] == " ":
            members.append(line.strip())
    return sets


def calls_of(name):
    """The system calls behind a name, which may be a set of systemd's."""
    if name[0] != "@":
        return frozenset([name])
    return frozenset().union(*(calls_of(x) for x in sets_of_calls()[name]))


def calls_allowed(lines):
    allowed = set()
    for line in lines:
        calls = frozenset().union(*(calls_of(x) for x in line.lstrip("~").split()))
        allowed = allowed - calls if line[0] == "~" else allowed | calls
    return allowed


def families_of(unit):
    names = " ".join(unit.get("RestrictAddressFamilies", [])).split()
    return [int(getattr(socket, name)) for name in names if name != "none"]


def filter_load(unit):
    """Systemd's own filters differ in the errno of a socket alone."""
    context = ctypes.c_void_p(seccomp.seccomp_init(ERRNO_EPERM))

    def allow(call, *compares):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        array = (Compare * len(compares))(*compares)
        if number >= 0 and seccomp.seccomp_rule_add_array(context, ALLOW, number, len(compares), array) != 0:
            raise OSError(f"no rule for {call}")

    with_rules = {"socket", "mmap", "mprotect"}
    for call in calls_allowed(unit["SystemCallFilter"]) - with_rules:
        allow(call)
    for family in families_of(unit):
        allow("socket", Compare(0, EQUAL, family, 0))
    # MemoryDenyWriteExecute=yes
    allow("mprotect", Compare(2, MASKED_EQUAL, PROT_EXEC, 0))
    allow("mmap", Compare(2, MASKED_EQUAL, PROT_EXEC, 0))
    allow("mmap", Compare(2, MASKED_EQUAL, PROT_WRITE, 0))
    if seccomp.seccomp_load(context) != 0:
        raise OSError("the filter could not be loaded")


def descriptor_zero(unit, path, changes):
    if unit.get("StandardInput") != ["socket"]:
        listener = os.open("/dev/null", os.O_RDONLY)
    else:
        sockets = unit_read(path.replace(".service", ".socket"), changes)
        server = socket.socket(socket.AF_UNIX)
        server.bind(sockets["ListenStream"][0])
        server.listen(128)
        if os.getuid() == 0:
            os.chown(sockets["ListenStream"][0], -1, grp.getgrnam(sockets["SocketGroup"][0]).gr_gid)
        os.chmod(sockets["ListenStream"][0], int(sockets["SocketMode"][0], 8))
        listener = server.detach()
    os.dup2(listener, 0)


def main():
    path, changes = sys.argv[1], sys.argv[2:]
    unit = unit_read(path, changes)
    command = shlex.split(unit["ExecStart"][0])
    # Before the file system is shut, and before systemd-analyze cannot be started any more.
    calls_allowed(unit["SystemCallFilter"])
    descriptor_zero(unit, path, changes)
    os.umask(int(unit["UMask"][0], 8))
    if os.getuid() == 0:
        user = pwd.getpwnam(os.environ.get("UNIT_USER", unit["User"][0]))
        mapper = Mapper(user.pw_uid, user.pw_gid)
        # Without a network of its own it has that of the tests, for a receiver in it.
        private = CLONE_NEWNET if unit.get("PrivateNetwork") == ["yes"] else 0
        done(libc.unshare(CLONE_NEWNS | private), "namespaces")
        file_system_shut(unit)
        os.setgroups([])
        os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
        os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
        mapper.use()
    os.chdir("/")
    filter_load(unit)
    os.execve(command[0], command, {"PATH": "/usr/bin:/bin"})


main()
