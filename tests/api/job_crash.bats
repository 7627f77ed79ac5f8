#!/usr/bin/env bats
# tests/api/job_crash.bats: runners, workers and their masters are killed at random, hundreds of
# times, while jobs come: every job that was taken ends, none twice, none is lost.

# shellcheck disable=SC2154 # set or read by lib/api
load ../lib/api
load ../lib/runner

CLIENTS=4

setup_file() {
  gate_home
  cp -a "$G/home" "$G/whole"
}
setup() {
  rm -rf "${G:?}/home" "$G/taken" "$G/enough"
  cp -a "$G/whole" "$G/home"
  mkdir "$G/taken"
  ends_count
  gate_start --workers 3
}
teardown() {
  touch "$G/enough"
  wait_for 200 clients_ended || :
  runners_end
  gate_stop
}

# One client: it takes what it is told for true, and asks again for what it was not.
client() {
  local BATS_TEST_TMPDIR=$G/taken/client.$1
  mkdir -p "$BATS_TEST_TMPDIR"
  until [ -e "$G/enough" ]; do
    # shellcheck disable=SC1091
    . "$G/running" 2>/dev/null || continue
    call POST /jobs -k "$KEY" -d "$IRIS" || continue
    if [ "$status" = 202 ]; then jq -r .job_uuid "$body_file" >>"$G/taken/$1"; fi
  done
}

clients_start() {
  local i
  CLIENT_PIDS=()
  for ((i = 0; i < CLIENTS; i++)); do
    client "$i" >/dev/null 2>&1 3>&- 4>&- &
    CLIENT_PIDS+=($!)
  done
}
clients_ended() {
  local pid
  for pid in "${CLIENT_PIDS[@]}"; do ended "$pid" || return 1; done
}

# Two masters with two runners each; whoever is killed of these comes back.
two_runners() {
  runner_start --workers 2
  FIRST=$RUNNER
  runner_start --workers 2
  SECOND=$RUNNER
}

# Masters first, so that none starts another.
everybody() {
  echo "$FIRST $SECOND $MASTER"
  pgrep -P "$FIRST,$SECOND,$MASTER" || :
}

one_of() { shuf -n 1 <<<"$1"; }

# Kills a process of a kind; a master is started anew.
strike() {
  local pid
  case $1 in
  runner)
    RUNNER=$FIRST
    if [ $((RANDOM % 2)) = 0 ]; then RUNNER=$SECOND; fi
    pid=$(one_of "$(runner_pids)")
    kill -KILL ${pid:+"$pid"} 2>/dev/null || :
    ;;
  worker)
    pid=$(one_of "$(gate_pids)")
    kill -KILL ${pid:+"$pid"} 2>/dev/null || :
    ;;
  'master of runners')
    kill -KILL "$FIRST"
    wait "$FIRST" 2>/dev/null || :
    runner_start --workers 2
    FIRST=$RUNNER
    ;;
  'master of workers')
    kill -KILL "$MASTER"
    wait "$MASTER" 2>/dev/null || :
    gate_start --workers 3
    ;;
  everybody) # as when the machine goes down
    all=$(everybody)
    # shellcheck disable=SC2086
    kill -KILL $all 2>/dev/null || :
    for pid in $all; do wait_for 100 ended "$pid"; done
    wait "$FIRST" "$SECOND" "$MASTER" 2>/dev/null || :
    gate_start --workers 3
    two_runners
    ;;
  esac
}

# strikes COUNT: most of them at runners.
strikes() {
  local i
  for ((i = 1; i <= $1; i++)); do
    case $((i % 20)) in
    0) strike 'master of workers' ;;
    10) strike everybody ;;
    7 | 14) strike 'master of runners' ;;
    3 | 9 | 12 | 17) strike worker ;;
    *) strike runner ;;
    esac
    sleep "0.0$((RANDOM % 10))"
  done
}

# After the storm: the books of the queue.
settle() {
  touch "$G/enough"
  wait_for 400 clients_ended
  wait_for 2400 none_open || fail "still open:" "$(cli job list --status processing --limit 5)" \
    "$(cli job list --status pending --limit 5)" "$(tail -n 20 "$G/runner.out")"
  cat "$G"/taken/[0-9] | sort >"$G/told"
  jobs_database "SELECT uuid FROM job ORDER BY uuid" >"$G/kept"
}

assert_all_ended_once() {
  [ -s "$G/told" ]
  [ -z "$(uniq -d "$G/told")" ]
  lost=$(comm -23 "$G/told" "$G/kept")
  [ -z "$lost" ] || fail "lost: $lost"
  [ "$(jobs_database 'SELECT count(*) - count(DISTINCT id) FROM ended')" = 0 ] || fail 'a job ended twice'
  [ "$(jobs_database 'SELECT count(*) FROM ended')" = "$(wc -l <"$G/kept")" ]
  [ "$(jobs_database "SELECT count(*) FROM job WHERE status = 2 AND label IS NOT 'setosa'")" = 0 ]
  [ "$(jobs_database 'SELECT count(DISTINCT result) FROM job WHERE status = 2')" = 1 ]
  # A job whose runner was killed five times has failed, and says so; there are few.
  [ "$(jobs_database "SELECT count(*) FROM job WHERE status = 3 AND reason NOT LIKE 'the runner died%'")" = 0 ]
  [ "$(jobs_database 'SELECT count(*) FROM job WHERE status NOT IN (2, 3)')" = 0 ]
  [ "$(jobs_database "SELECT open FROM job_total WHERE account = ''")" = 0 ]
}

@test "whoever is killed, every job that was taken ends, and once" {
  two_runners
  clients_start
  strikes 150
  settle
  assert_all_ended_once
}

@test "the same while the runners' clock stands still" {
  sanitized && skip 'libfaketime and a sanitizer do not go together'
  library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
  [ -n "$library" ] || skip 'this needs libfaketime'
  # An absolute time is one at which the clocks stand: the wall's, the boot's, all.
  export LD_PRELOAD=$library FAKETIME='2026-11-01 00:00:00'
  two_runners
  unset LD_PRELOAD FAKETIME
  clients_start
  strikes_of_runners 50
  settle
  assert_all_ended_once
}

# What starts anew has the true time.
strikes_of_runners() {
  local i
  for ((i = 1; i <= $1; i++)); do
    strike runner
    sleep "0.$((RANDOM % 3))"
  done
}

@test "with large bodies and results nothing is half stored, and no file is left over" {
  rows_make "$G/rows.csv" 20000
  two_runners
  for _ in {1..12}; do submit_file "$G/rows.csv" leaf; done
  strikes_of_runners 40
  wait_for 2400 none_open
  [ "$(jobs_database 'SELECT count(*) FROM job WHERE status = 2')" -ge 1 ]
  cli predict --model iris --in "$G/rows.csv" --output leaf --out "$G/expected" 2>/dev/null
  for uuid in $(jobs_database 'SELECT uuid FROM job WHERE status = 2'); do
    result "$uuid" | cmp - "$G/expected"
  done
  [ "$(jobs_database 'SELECT count(*) - count(DISTINCT id) FROM ended')" = 0 ]
  # What no row names goes when a runner starts.
  strike 'master of runners'
  swept() { [ "$(find "$G/home/jobs" -type f | wc -l)" = "$(jobs_database 'SELECT count(*) FROM job WHERE result_try > 0')" ]; }
  wait_for 200 swept || fail "$(ls "$G/home/jobs")"
}
