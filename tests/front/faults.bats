#!/usr/bin/env bats
# tests/front/faults.bats: each front when something runs out: the disk, descriptors, a worker's
# memory; and when the clock jumps.  What is answered is a whole answer or the refusal's one
# body, nothing that was refused is charged, and afterwards all goes on with the processes that
# there were.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

load ../lib/front

MODES='lighttpd-socket apache-proxy nginx'
export SETTINGS='address_rate = off
ledger_size = 4M'

setup_file() {
  dir_make
  # A small disk for the home and one for what a front keeps in files.
  if am_root && mount -t tmpfs -o size=24m,mode=0755 none "$T/home" 2>/dev/null; then
    MOUNTED=yes
    mount -t tmpfs -o size=3m,mode=0755 none "$T/front"
  fi
  home_make
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

front_make() {
  MODE=$1 TLS=''
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
  local before n
  front_make "$1"
  jq -nc '{instances: [range(110000) | [5.1,3.5,1.4,0.2]]}' >"$BATS_TEST_TMPDIR/rows" # 2 MB
  predict --data-binary "@$BATS_TEST_TMPDIR/rows"
  assert_status 200
  before=$(charged)
  dd if=/dev/zero of="$T/front/work/fill" bs=4096 2>/dev/null || :
  refused='' served=0
  for n in 1 2; do
    predict --data-binary "@$BATS_TEST_TMPDIR/rows"
    answered
    if [ "$status" = 200 ]; then served=$((served + 110000)); fi
    # What needs no file is served.
    small
    assert_status 200
    served=$((served + 1))
  done
  echo "$1: $status, refused: $refused"
  rm "$T/front/work/fill"
  predict --data-binary "@$BATS_TEST_TMPDIR/rows"
  assert_status 200
}

home_disk_full() {
  local before pids n
  front_make "$1"
  served
  pids=$(serving_pids)
  before=$(charged)
  dd if=/dev/zero of="$T/home/fill" bs=4096 2>/dev/null || :
  # The rest of the last pages of log and database is used up first.
  served=0 refused=0
  for n in {1..300}; do
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
  for mode in $MODES; do
    home_disk_full "$mode"
    front_end
  done
}

# ---- descriptors ----

# Of all the front's processes; by prlimit, since a front raises its own limit at the start.
front_descriptors() {
  local pid
  for pid in $(front_pids | grep -vxF "$(worker_and_master_pids)"); do prlimit --pid "$pid" --nofile="$1" || :; done
}
worker_and_master_pids() { pgrep -f "^$T/bin/forestgate.fcgi"; }

front_without_descriptors() {
  local fd fds=() pid pids
  front_make "$1"
  served
  pids=$(serving_pids)
  front_descriptors 24:4096
  for _ in {1..40}; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    fds+=("$fd")
  done
  # Whoever comes now may have to wait, but is told nothing else than what others are told.
  ask --max-time 2 /health 2>/dev/null || :
  [ "$status" = 000 ] || answered
  for fd in "${fds[@]}"; do exec {fd}>&-; done
  wait_for 50 served
  front_descriptors 1024:4096
  served
  [ "$(serving_pids)" = "$pids" ]
  kill -0 "$FRONT_PID"
}

@test "a front without a descriptor left goes on when there are some again" {
  for mode in $MODES; do
    front_without_descriptors "$mode" || { echo "$mode" >&2 && false; }
    front_end
  done
}

# Behind one of the fronts: it is the workers' affair.
@test "workers without a descriptor left go on when there are some again, or others do" {
  local pid
  front_make nginx
  served
  for pid in $(worker_pids); do prlimit --pid "$pid" --nofile=3:4096; done
  for _ in 1 2 3 4; do
    ask --max-time 2 /health 2>/dev/null || :
    [ "$status" = 000 ] || answered
  done
  for pid in $(worker_pids); do prlimit --pid "$pid" --nofile=1024:4096; done
  wait_for 50 served
  for _ in 1 2 3 4 5 6 7 8; do served; done
}

# ---- memory ----

without_memory() {
  local pid pids before size
  front_make "$1"
  # Each has been asked once, so that what it keeps is there.
  for _ in {1..12}; do served; done
  pids=$(serving_pids)
  before=$(charged)
  for pid in $pids; do
    size=$(awk '/^VmSize:/ {print $2 * 1024}' "/proc/$pid/status")
    prlimit --pid "$pid" --as=$((size + (1 << 20))):unlimited
  done
  for _ in 1 2; do
    predict --data-binary "@$T/rows"
    assert_problem 503 unavailable
    [ -n "$(header_of retry-after)" ]
    [ -n "$(header_of x-request-id)" ]
    served
  done
  [ "$(charged)" = "$((${before%.*} + 2)).0" ]
  for pid in $pids; do prlimit --pid "$pid" --as=unlimited:unlimited; done
  predict --data-binary "@$T/rows"
  assert_status 200
  [ "$(serving_pids)" = "$pids" ]
}

@test "a worker without memory refuses what needs some, charges nothing, and lives" {
  grep -q __asan_init "$T/bin/forestgate.fcgi" && skip 'a sanitizer has its own account of memory'
  jq -nc '{instances: [range(200000) | [5.1,3.5,1.4,0.2]]}' >"$T/rows" # 3.8 MB
  for mode in $MODES; do
    without_memory "$mode" || { echo "$mode" >&2 && false; }
    front_end
  done
}

# ---- the clock ----

@test "a clock that jumps ahead and back loses no call, and goes on counting" {
  local library
  grep -q __asan_init "$T/bin/forestgate.fcgi" && skip 'libfaketime and a sanitizer do not go together'
  library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
  [ -n "$library" ] || skip 'this needs libfaketime'
  echo +0 >"$T/clock"
  chmod 644 "$T/clock"
  # Only the workers': lib/front starts these by this name.
  eval "workers_real() $(declare -f workers_start | tail -n +2)"
  workers_start() {
    export LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$T/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
    workers_real
    unset LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC
  }
  front_make nginx
  served
  for jump in +3h +40d -2d +0 -1h; do
    echo "$jump" >"$T/clock.new"
    mv "$T/clock.new" "$T/clock"
    for _ in 1 2 3 4 5 6; do served || { echo "after $jump: $status $body" >&2 && return 1; }; done
    [[ "$(header_of x-process-time)" =~ ^[0-9]\.[0-9]+$ ]]
    [[ "$(header_of ratelimit)" =~ \"60s\"\;r=[0-9]+\;t=[0-9]+ ]]
    ask /health/ready
    assert_status 200
  done
}
