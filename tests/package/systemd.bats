#!/usr/bin/env bats
# tests/package/systemd.bats: the units of systemd/: that they are without fault, how far they
# shut what they start, and that it works all the same, shut so far.  What they start is started
# by lib/unit.py, which does of a unit what it can without systemd.

# shellcheck disable=SC2034,SC2154 # what lib/api reads, and what it or bats sets
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/runner
load ../lib/load

# One tree and one home for all.  The tree is where all may walk, since the services are
# not started by root.
setup_file() {
  export TREE SOCKET
  TREE=$(mktemp -d /tmp/forestgate-units.XXXXXX)
  chmod 755 "$TREE"
  SOCKET=$TREE/run/forestgate.sock
  make -s -C "$TOP" BUILD="$BUILD" PREFIX="$TREE/usr" install >/dev/null
  gate_home
  mv "$G/home" "$TREE/home"
  ln -s "$TREE/home" "$G/home"
  mkdir -m 700 "$TREE/backups"
  mkdir -m 755 "$TREE/run"
  chown --reference "$TREE/home" "$TREE/backups"
}

teardown_file() { rm -rf "${TREE:?}"; }

teardown() {
  local pid
  for pid in ${SERVICES:-} ${RECEIVER:-}; do
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  rm -f "$SOCKET"
}

units() { ls "$TREE/usr/lib/systemd/system"; }

# unit_file PATH [FROM=>TO...]: becomes what it starts, in this tree.
unit_file() {
  exec env UNIT_USER=www-data "$TOP/tests/lib/unit.py" "$@" \
    "/var/lib/forestgate=>$TREE/home" "StateDirectory=forestgate=>StateDirectory=$TREE/home" \
    "/var/backups/forestgate=>$TREE/backups" "/run/forestgate/=>$TREE/run/"
}

# unit_start NAME [FROM=>TO...]: in the background; sets SERVICE.
unit_start() {
  unit_file "$TREE/usr/lib/systemd/system/$1.service" "${@:2}" >>"$G/out" 2>&1 3>&- &
  SERVICE=$!
  SERVICES="${SERVICES:-} $SERVICE"
}

# unit_stop PID SECONDS: as systemd does, and it has to end in time and well.
unit_stop() {
  local ended=0
  kill -TERM "$1"
  wait_for $(($2 * 20)) ended "$1" || fail "it did not end within $2 s"
  wait "$1" || ended=$?
  [ "$ended" = 0 ] || fail "it ended with $ended:" "$(tail -n 5 "$G/out")"
}

ask() { # METHOD URI [-k KEY] [-d BODY]
  call_arguments "$@"
  answer=$BATS_TEST_TMPDIR/answer
  env -i PATH="$PATH" "${PARAMS[@]}" timeout 30 cgi-fcgi -bind -connect "$SOCKET" <"$BODY" >"$answer" 2>/dev/null || :
  answer_read
}

service_answers() { ask GET /health/live && [ "$status" = 200 ]; }

# The state of a process as the unit wants it.
assert_shut() {
  local state
  state=$(cat "/proc/$1/status")
  for line in 'Seccomp:.*2' 'NoNewPrivs:.*1' 'CapEff:.*0000000000000000'; do
    grep -q "^$line\$" <<<"$state" || fail "process $1 is not shut:" "$state"
  done
  if am_root; then
    grep -q "^Uid:[[:space:]]$(id -u www-data)[[:space:]]" <<<"$state" || fail "$state"
    for space in net mnt user; do
      [ "$(readlink "/proc/$1/ns/$space")" != "$(readlink "/proc/self/ns/$space")" ] || fail "it shares the $space namespace"
    done
  fi
}

@test "systemd finds no fault in any unit" {
  for unit in $(units); do
    run systemd-analyze verify --man=no "$TREE/usr/lib/systemd/system/$unit"
    [ "$status:$output" = 0: ] || fail "$unit:" "$output"
  done
  # It would find one.
  sed 's/^UMask/UMaks/; s/^SystemCallFilter=seccomp/& nosuchcall/' "$TREE/usr/lib/systemd/system/forestgate.service" \
    >"$BATS_TEST_TMPDIR/forestgate.service"
  cp "$TREE/usr/lib/systemd/system/forestgate.socket" "$BATS_TEST_TMPDIR"
  run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/forestgate.service"
  [[ "$output" == *UMaks* && "$output" == *nosuchcall* ]] || fail "$output"
}

@test "systemd rates every service at 1.0 or lower, and those without a network at 0.3" {
  for unit in "$TOP"/systemd/*.service "$TREE"/usr/lib/systemd/system/*.service; do
    case $unit in */forestgate-webhooks.service) most=10 ;; *) most=3 ;; esac
    systemd-analyze security --offline=true --threshold=$most "$unit" >"$BATS_TEST_TMPDIR/rated" ||
      fail "$(grep -v '✓' "$BATS_TEST_TMPDIR/rated")"
  done
  # One line less is too much.
  grep -v '^PrivateUsers=' "$TOP/systemd/forestgate-webhooks.service" >"$BATS_TEST_TMPDIR/more.service"
  run systemd-analyze security --offline=true --threshold=10 "$BATS_TEST_TMPDIR/more.service"
  [ "$status" != 0 ]
}

# The tests below would be worth nothing if lib/unit.py shut nothing.
@test "a service that wants a socket, another's file or code of its own making gets none of them" {
  cat >"$TREE/try.py" <<'EOT'
import ctypes, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def io_uring():
    if libc.syscall(425, 1, 0) < 0: raise OSError(ctypes.get_errno(), "io_uring_setup")
tries = {
    "tcp": lambda: socket.socket(), "unix": lambda: socket.socket(socket.AF_UNIX),
    "owner": lambda: os.chown(sys.argv[2], -1, os.getgid()), "code": lambda: mmap.mmap(-1, 4096, prot=7),
    "io_uring": io_uring, "outside": lambda: open(sys.argv[1], "w"),
    "home": lambda: open(sys.argv[2] + "/tried", "w"), "others": lambda: os.stat("/proc/1"),
}
for name, what in tries.items():
    try:
        what()
        print(name)
    except OSError as error:
        print(name, error.errno)
EOT
  { printf '[Service]\nExecStart=/usr/bin/python3 %s %s %s\n' "$TREE/try.py" "$TREE/outside" "$TREE/home"
    grep -vE '^(ExecStart|\[Service|StandardInput)' "$TOP/systemd/forestgate.service"
  } >"$TREE/try.service"
  touch "$TREE/outside"
  chmod 666 "$TREE/outside"
  (unit_file "$TREE/try.service") >"$BATS_TEST_TMPDIR/tried"
  rm "$TREE/home/tried" # for that it may
  want=$(printf '%s\n' 'tcp 1' 'unix 1' 'owner 1' 'code 1' 'io_uring 1')
  if am_root; then want+=$'\noutside 30\nhome\nothers 2'; else want+=$'\noutside\nhome\nothers'; fi
  diff <(echo "$want") "$BATS_TEST_TMPDIR/tried"
}

@test "the workers serve on the socket as shut as the unit has them, reopen their log, and end in time" {
  unit_start forestgate
  wait_for 100 service_answers || fail "$(cat "$G/out")"
  ask POST /predict -k "$KEY" -d "$IRIS"
  assert_status 200
  assert_json '.prediction == 0'
  ask POST /predict -d "$IRIS"
  assert_problem 401 unauthorized
  MASTER=$SERVICE
  wait_for 100 gate_has 4 || fail "workers: $(gate_pids)"
  for pid in $SERVICE $(gate_pids); do assert_shut "$pid"; done
  [ "$(stat -c '%a %G' "$SOCKET")" = "660 $(am_root && echo www-data || id -gn)" ]
  # ExecReload.
  grep -q '^ExecReload=kill -HUP [$]MAINPID$' "$TREE/usr/lib/systemd/system/forestgate.service"
  mv "$TREE/home/logs/access.log" "$TREE/home/logs/old"
  kill -HUP "$SERVICE"
  logged() { service_answers && grep -qs /health/live "$TREE/home/logs/access.log"; }
  wait_for 100 logged
  [ "$(stat -c %a "$TREE/home/logs/access.log")" = 600 ]
  gate_has 4
  unit_stop "$SERVICE" 5
  cli call list --json | jq -e 'length == 1 and .[0].status == 200'
}

@test "a request in hand is answered though the service is told to end" {
  unit_start forestgate
  wait_for 100 service_answers || fail "$(cat "$G/out")"
  # Its body comes in two parts; the end comes between them.
  mkfifo "$BATS_TEST_TMPDIR/slowly"
  call_arguments POST /predict -k "$KEY" -d "$IRIS"
  env -i PATH="$PATH" "${PARAMS[@]}" timeout 30 cgi-fcgi -bind -connect "$SOCKET" <"$BATS_TEST_TMPDIR/slowly" \
    >"$BATS_TEST_TMPDIR/answer" 3>&- &
  client=$!
  exec 7>"$BATS_TEST_TMPDIR/slowly"
  printf %s "${IRIS:0:10}" >&7
  # Of a connection that was accepted the socket has an inode.
  in_hand() { awk -v path="$SOCKET" '$8 == path && $6 == "03" && $7 != 0 {held = 1} END {exit !held}' /proc/net/unix; }
  wait_for 100 in_hand
  sleep 0.3
  kill -TERM "$SERVICE"
  sleep 0.3
  printf %s "${IRIS:10}" >&7
  exec 7>&-
  wait "$client"
  answer=$BATS_TEST_TMPDIR/answer
  answer_read
  assert_status 200
  wait "$SERVICE"
}

@test "the runner works jobs off and the sender tells of them, both as shut as their units have them" {
  mkdir "$BATS_TEST_TMPDIR/receiver"
  "$TOP/tests/lib/receiver.py" "$BATS_TEST_TMPDIR/receiver" 3>&- &
  RECEIVER=$!
  wait_for 100 test -e "$BATS_TEST_TMPDIR/receiver/port"
  # By its name, which asks the resolver.
  printf 'webhook_url = http://localhost:%s/ok\nwebhook_private = 127.0.0.0/8 ::1\n' "$(cat "$BATS_TEST_TMPDIR/receiver/port")" \
    >>"$TREE/home/forestgate.conf"
  unit_start forestgate-work
  runner=$SERVICE
  unit_start forestgate-webhooks
  sender=$SERVICE
  submit 3
  wait_for 200 job_is "$UUID" completed || fail "$(cat "$G/out")"
  told() { [ "$(wc -l <"$BATS_TEST_TMPDIR/receiver/log")" = 3 ]; } 2>/dev/null
  wait_for 200 told || fail "$(cat "$G/out")" "$(cli job list)"
  result "$UUID" | jq -e '.prediction == 0 or .predictions'
  assert_shut "$runner"
  grep -q '^Seccomp:.*2$' "/proc/$sender/status"
  # What it lowers itself; Nice= would come on top.
  [ "$(ps -o ni= -p "$runner" | tr -d ' ')" = 5 ]
  unit_stop "$runner" 5
  unit_stop "$sender" 5
  run ! grep -iE 'permitted|denied' "$G/out"
}

@test "the daily backup is made beside the home, and the workers' unit does not show it" {
  for _ in 1 2; do
    unit_start forestgate-backup ' --keep 14=> --keep 1'
    wait "$SERVICE" || fail "$(tail -n 3 "$G/out")"
    sleep 1 # its name has the second
  done
  [ "$(find "$TREE/backups" -type f | wc -l)" = 1 ] || fail "$(ls "$TREE/backups")"
  [ "$(sqlite3 "$TREE/backups/"* 'PRAGMA integrity_check; SELECT count(*) FROM key')" = $'ok\n1' ]
  grep -q '^InaccessiblePaths=.*/var/backups' "$TOP/systemd/forestgate.service"
  # The tests' own change: the unit keeps a fortnight.
  grep -q -- ' --keep 14 /var/backups/forestgate$' "$TREE/usr/lib/systemd/system/forestgate-backup.service"
  grep -q '^OnCalendar=daily$' "$TREE/usr/lib/systemd/system/forestgate-backup.timer"
}

@test "logrotate, while clients ask on and on, loses no line of the access log" {
  rm -f "$TREE"/home/logs/*
  unit_start forestgate
  wait_for 100 service_answers || fail "$(cat "$G/out")"
  # What the script of the file asks of systemd is answered by hand.
  mkdir "$BATS_TEST_TMPDIR/bin"
  # shellcheck disable=SC2016 # of the script
  printf '#!/bin/sh\necho "$*" >>"%s"\ncase $1 in reload) kill -HUP %s ;; esac\n' "$G/asked.systemctl" "$SERVICE" \
    >"$BATS_TEST_TMPDIR/bin/systemctl"
  chmod 755 "$BATS_TEST_TMPDIR/bin/systemctl"
  owner=$(stat -c '%U %G' "$TREE/home")
  sed "s|/var/lib/forestgate|$TREE/home|; s|su forestgate forestgate|su $owner|; s|/run/systemd/system|$BATS_TEST_TMPDIR|" \
    "$TREE/usr/etc/logrotate.d/forestgate" >"$BATS_TEST_TMPDIR/logrotate"
  chmod 644 "$BATS_TEST_TMPDIR/logrotate"
  PORT=$SOCKET load_start -c 4 -t 60
  # Nobody writes into the one before any more, which is compressed now.
  left_alone() {
    ! for pid in $(pgrep -P "$SERVICE"); do readlink "/proc/$pid/fd"/* 2>/dev/null; done | grep -q 'access\.log\.1$'
  }
  for i in 1 2 3; do
    sleep 1
    wait_for 100 left_alone
    PATH=$BATS_TEST_TMPDIR/bin:$PATH logrotate -f -s "$BATS_TEST_TMPDIR/state" "$BATS_TEST_TMPDIR/logrotate" ||
      fail "logrotate failed the time $i"
  done
  wait_for 100 test -s "$TREE/home/logs/access.log"
  enough() { [ "$(wc -l <"$ASKED")" -gt 50 ]; }
  wait_for 100 enough
  load_stop
  cd "$TREE/home/logs"
  [ "$(echo ./*)" = './access.log ./access.log.1 ./access.log.2.gz ./access.log.3.gz' ] || fail "$(ls -l)"
  # The request ids of all clients, and each once.
  awk '{print $1}' "$ASKED" | sort >"$BATS_TEST_TMPDIR/asked"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/asked")" -gt 50 ]
  { cat access.log access.log.1 && zcat ./*.gz; } | grep -o 'call-[0-9]*-[0-9]*' | sort >"$BATS_TEST_TMPDIR/logged"
  diff "$BATS_TEST_TMPDIR/asked" "$BATS_TEST_TMPDIR/logged" >"$BATS_TEST_TMPDIR/differ" ||
    fail 'asked (<) and logged (>) differ:' "$(head -n 5 "$BATS_TEST_TMPDIR/differ")" "$(wc -l ./*)" "$(awk '{print $4}' "$ASKED" | sort | uniq -c)"
  [ "$(grep -c '^reload forestgate.service$' "$G/asked.systemctl")" = 3 ]
  [ "$(stat -c '%U %a' access.log)" = "${owner% *} 600" ]
  unit_stop "$SERVICE" 5
}
