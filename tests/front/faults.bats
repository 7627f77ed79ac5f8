#!/usr/bin/env bats
# tests/front/faults.bats: each front when something runs out: the disk, descriptors, a worker's
# memory; and when the clock jumps.  What is answered is a whole answer or the refusal's one
# body, nothing that was refused is charged, and afterwards all goes on with the processes that
# there were.
# shellcheck disable=SC2034,SC2154 # what lib/front reads and sets

load ../lib/front

MODES='lighttpd-socket apache-proxy nginx'
export SETTINGS='address_rate = off
ledger_size = 4M'

setup_file() {
  dir_make
  # A small disk for the home and one for what a front keeps in files.
  if am_root && mount -t tmpfs -o size=112m,mode=0755 none "$T/home" 2>/dev/null; then
    MOUNTED=yes
    mount -t tmpfs -o size=3m,mode=0755 none "$T/front"
  fi
  home_make
  jq -nc '{instances: [range(100000) | [5.1,3.5,1.4,0.2]]}' >"$T/rows" # 1.9 MB
  export T KEY MOUNTED
}
setup() { FRONT_PID='' SPAWN_PID=''; }

# Ends a front and its workers, so that the next can take their place.
front_end() {
  local pids
  pids=$(front_pids)
  # shellcheck disable=SC2086 # a list of process ids
  if [ -n "$SPAWN_PID$pids" ]; then kill -TERM $SPAWN_PID $pids 2>/dev/null || :; fi
  wait_for 50 no_pids || :
  pids=$(front_pids)
  # shellcheck disable=SC2086 # a list of process ids
  if [ -n "$pids" ]; then kill -KILL $pids || :; fi
  find "$T/front" -mindepth 1 -delete
  rm -f "$T/worker.sock" "$T"/home/fill
}
teardown() { front_end; }
teardown_file() {
  if [ -n "$MOUNTED" ]; then umount "$T/home" "$T/front"; fi
  rm -rf "$T"
}

# front_make MODE[-tls] [DESCRIPTORS]: no more of them, whatever the front would like.
front_make() {
  MODE=${1%-tls} TLS=''
  if [ "$MODE" != "$1" ]; then TLS=yes; fi
  echo "$MODE:" # in the report of a failure
  if [ $# = 2 ]; then FRONT_BY=(/bin/sh -c "ulimit -n $2 && exec \"\$@\"" sh); else FRONT_BY=(); fi
  front_start
}

predict() { ask --max-time 10 -H "X-API-Key: $KEY" -H "$JSON" "$@" /predict; }
small() { predict -d "$FEATURES"; }
served() { small && [ "$status" = 200 ]; }

# What the log has charged so far: a front's refusal is none of it, and no worker's is.
charged() {
  cli call list --limit 1 >/dev/null
  sqlite3 "$T/home/forestgate.db" 'SELECT total(charged) FROM call'
}

# An answer, or a refusal of the one form; sets refused.
answered() {
  case $status in
  200) ;;
  000) return 1 ;;
  *)
    assert_problem "$status" "$(jq -r .error <<<"$body")" || return 1
    refused=yes
    ;;
  esac
}

serving_pids() { worker_pids | sort; }

# ---- the disk ----

front_disk_full() {
  front_make "$1"
  predict --data-binary "@$T/rows"
  assert_status 200
  dd if=/dev/zero of="$T/front/fill" bs=4096 2>/dev/null || :
  refused=''
  for _ in 1 2; do
    predict --data-binary "@$T/rows"
    answered
    # What needs no file is served.
    small
    assert_status 200
  done
  echo "refused: $refused"
  # Apache takes another place for its files where there is one.
  [ -n "$refused" ] || [ "$1" = apache-proxy ]
  rm "$T/front/fill"
  predict --data-binary "@$T/rows"
  assert_status 200
}

home_disk_full() {
  local before pids
  front_make "$1"
  served
  pids=$(serving_pids)
  before=$(charged)
  dd if=/dev/zero of="$T/home/fill" bs=4096 2>/dev/null || :
  # The rest of the last pages of log and database is used up first.
  served=0 refused=0
  for _ in {1..300}; do
    small
    case $status in
    200) served=$((served + 1)) refused=0 ;;
    *) assert_problem 503 unavailable && refused=$((refused + 1)) ;;
    esac
    [ "$refused" -lt 8 ] || break
  done
  [ "$refused" = 8 ]
  rm "$T/home/fill"
  wait_for 30 served
  [ "$(serving_pids)" = "$pids" ]
  wait_for 20 charged_is $((${before%.*} + served + 1)) || { echo "$(charged) and not $before + $served + 1" >&2 && false; }
}
charged_is() { [ "$(charged)" = "$1.0" ]; }

@test "a front whose disk is full refuses what it has no room for, and then takes it again" {
  [ -n "$MOUNTED" ] || skip 'only root can mount'
  for mode in $MODES; do
    front_disk_full "$mode"
    front_end
  done
}

@test "with no room in the home a call is a 503 through each front, and nothing is charged" {
  [ -n "$MOUNTED" ] || skip 'only root can mount'
  # Over TLS: what it is asked by makes no difference to the others here.
  for mode in $MODES; do
    home_disk_full "$mode-tls"
    front_end
  done
}

# ---- descriptors ----

# Whether it has really run out: Apache and nginx say so, and lighttpd, which stops to accept
# while a third of them is left, has no more.
descriptors_used_up() {
  local pid
  if grep -q 'Too many open files' "$T/front/front.log"; then return 0; fi
  for pid in $(front_pids); do
    if grep -qE '^Max open files +64 ' "/proc/$pid/limits" && [ "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" -ge 40 ]; then return 0; fi
  done 2>/dev/null
  return 1
}

# So many clients are more than 64 descriptors of each process have room for, and not more than
# the kernel has wait for a server.
front_without_descriptors() {
  local pid fd
  front_make "$1" 64
  served
  coproc IDLE { /usr/bin/python3 -I -S "$TOP/tests/lib/siege.py" idle 400 "${URL##*:}" plain >"$T/idle" 2>&1; }
  wait_for 100 grep -qs 'open 400' "$T/idle"
  wait_for 50 descriptors_used_up || { echo 'it has enough of them, and says:' "$(cat "$T/front/front.log")" >&2 && return 1; }
  # Who comes now may have to wait too, but is told nothing else than what others are told.
  ask --max-time 2 /health 2>/dev/null || status=000
  if [ "$status" != 000 ]; then answered; fi
  pid=$IDLE_PID fd=${IDLE[1]}
  exec {fd}>&-
  kill "$pid" 2>/dev/null || :
  wait "$pid" || :
  wait_for 100 served
  kill -0 "$FRONT_PID"
}

@test "a front without a descriptor left goes on when there are some again" {
  for mode in $MODES; do
    front_without_descriptors "$mode"
    front_end
  done
}

# What a worker has that was asked a few times: that of the four which has most, for nobody says
# that each of them was asked.  It has ended its request when two looks see the same.
worker_measure() {
  local before=none
  front_make nginx
  for _ in {1..12}; do served; done
  DESCRIPTORS='' VM_KIB=''
  until [ "$before" = "$VM_KIB/$DESCRIPTORS" ]; do
    before=$VM_KIB/$DESCRIPTORS
    sleep 0.2
    VM_KIB=$(for pid in $(worker_pids); do awk '/^VmSize:/ {print $2}' "/proc/$pid/status"; done | sort -n | tail -n 1)
    DESCRIPTORS=$(for pid in $(worker_pids); do find "/proc/$pid/fd" -mindepth 1 | wc -l; done | sort -n | tail -n 1)
  done
  front_end
}

# The workers' affair, and so behind one of the fronts.
@test "a worker without a descriptor left refuses what needs one, charges nothing, and lives" {
  local before
  worker_measure
  # One for a request and one for the image that it may be the first to need, and none for what a
  # large one needs besides.
  WORKERS_BY=(/bin/sh -c "ulimit -n $((DESCRIPTORS + 2)) && exec \"\$@\"" sh)
  front_make nginx
  short_of_something "$T/rows"
}

# ---- memory ----

# short_of_something FILE: small calls are served, this body is refused, and not charged.
short_of_something() {
  local pids before
  for _ in {1..12}; do served; done
  pids=$(serving_pids)
  before=$(charged)
  for _ in 1 2 3; do
    predict --data-binary "@$1"
    assert_problem 503 unavailable
    [ -n "$(header_of retry-after)" ]
    [ -n "$(header_of x-request-id)" ]
    served
  done
  [ "$(charged)" = "$((${before%.*} + 3)).0" ]
  [ "$(serving_pids)" = "$pids" ]
}

@test "a worker without memory refuses what needs some, charges nothing, and lives" {
  if grep -q __asan_init "$T/bin/forestgate.fcgi"; then skip 'a sanitizer has its own account of memory'; fi
  # Larger ones are read by way of files, and need none.
  jq -nc '{instances: [range(10000) | [5.1,3.5,1.4,0.2]]}' >"$T/some"
  worker_measure
  WORKERS_BY=(/bin/sh -c "ulimit -v $((VM_KIB + 256)) && exec \"\$@\"" sh)
  for mode in $MODES; do
    front_make "$mode"
    short_of_something "$T/some"
    front_end
  done
}

# ---- the clock ----

@test "a clock that jumps ahead and back loses no call, and goes on counting" {
  local library jump before
  if grep -q __asan_init "$T/bin/forestgate.fcgi"; then skip 'libfaketime and a sanitizer do not go together'; fi
  library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
  [ -n "$library" ] || skip 'this needs libfaketime'
  echo +0 >"$T/clock"
  chmod 644 "$T/clock"
  WORKERS_BY=(/usr/bin/env LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE="$T/clock" FAKETIME_NO_CACHE=1
    FAKETIME_DONT_FAKE_MONOTONIC=1)
  front_make nginx
  served
  before=$(charged)
  for jump in +3h +40d -2d +0 -1h; do
    echo "$jump" >"$T/clock.new"
    mv "$T/clock.new" "$T/clock"
    for _ in 1 2 3 4 5 6; do
      served || { echo "after $jump: $status $body" >&2 && false; }
    done
    [[ "$(header_of x-process-time)" =~ ^[0-9]\.[0-9]+$ ]]
    [[ "$(header_of ratelimit)" =~ \"60s\"\;r=[0-9]+\;t=[0-9]+ ]]
    ask /health/ready
    assert_status 200
  done
  # Each was charged, once.
  wait_for 20 charged_is $((${before%.*} + 30)) || { echo "$(charged) and not $before + 30" >&2 && false; }
}
