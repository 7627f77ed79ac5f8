#!/usr/bin/python3
"""complete.py bash|zsh SETUP TYPED...: what a real shell makes of what is typed and a Tab.

The shell runs on a pseudo-terminal, after the commands of SETUP.  For each TYPED, which is typed
into a line of its own, a line is printed: what the line is then, a tab, and the words that were
shown below it where there were several.  "{TAB}" in TYPED is a Tab of its own; one follows it.
"""
import os
import pty
import re
import select
import signal
import sys
import time

WAIT = 60
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "PS1='$ '; bind 'set show-all-if-ambiguous on'; bind 'set completion-query-items 0';"
        "bind 'set page-completions off'; bind 'set enable-bracketed-paste off'; bind 'set bell-style none';"
        "bind -x '\"\\C-g\": printf \"<<%s>>\\n\" \"$READLINE_LINE\"'",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='$ '; unsetopt zle_bracketed_paste; LISTMAX=9999; autoload -U compinit; compinit -D -u;"
        "setopt no_beep no_auto_remove_slash no_list_ambiguous no_always_last_prompt;"
        "dump() { print -r -- \"<<$BUFFER>>\"; zle redisplay }; zle -N dump; bindkey '^G' dump; bindkey '^U' kill-whole-line",
    ),
}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\x07\x0f]")


class Shell:
    def __init__(self, name, setup):
        command, prepare = SHELLS[name]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, dict(os.environ, TERM="xterm", COLUMNS="200", LINES="100"))
        self.seen = ""
        self.send("stty cols 200 rows 100 -echo\n" + prepare + "\n" + setup + "\n")
        self.send("printf 'rea''dy\\n'\n")
        self.until("ready")

    def send(self, text):
        os.write(self.fd, text.encode())

    def until(self, wanted):
        """What comes up to the text and behind it, the text included."""
        end = time.monotonic() + WAIT
        while wanted not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                sys.exit(f"complete.py: no {wanted!r} in {WAIT} s, but: {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        at = self.seen.index(wanted) + len(wanted)
        got, self.seen = self.seen[:at], self.seen[at:]
        return got

    def ask(self, typed):
        self.send(typed.replace("{TAB}", "\t") + "\t\x07")
        got = ESCAPES.sub("", self.until(">>")).replace("\r", "\n")
        self.send("\x15")
        before, line = got.rsplit("<<", 1)
        shown = [word for text in before.split("\n")[1:] for word in [text.strip()] if word and not word.startswith("$ ")]
        return line[:-2] + "\t" + " ".join(shown)

    def end(self):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def main():
    shell = Shell(sys.argv[1], sys.argv[2])
    for typed in sys.argv[3:]:
        print(shell.ask(typed))
    shell.end()


main()
