#!/usr/bin/env bats
# tests/front/end.bats: what a front does when its workers are no more.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

load ../lib/front

teardown() { front_teardown; }

master_pid() {
  ps -e -o pid= -o ppid= -o args= | awk -v front="$FRONT_PID" -v prog="$T/bin/forestgate.fcgi" \
    '$2 == front && $3 == prog {print $1}'
}
gone() { ! kill -0 "$1" 2>/dev/null || [[ "$(ps -o stat= -p "$1")" == Z* ]]; }

# lighttpd 1.4.69 finds the socket answered and starts nothing, so the workers do.
@test "a master that is killed is followed by another, which ends with the front" {
  front_setup lighttpd
  master=$(master_pid)
  workers=$(worker_pids)
  [ "$(wc -w <<<"$workers")" = 4 ]
  kill -KILL "$master"
  for pid in $workers; do wait_for 50 gone "$pid"; done
  for _ in $(seq 20); do
    ask /health
    assert_status 200
  done
  front_stop
  wait_for 50 no_pids || { ps -o pid,ppid,stat,args -p "$(front_pids | paste -sd,)"; return 1; }
}

@test "without workers lighttpd says 503 in the form of every refusal" {
  front_setup lighttpd-socket
  kill -TERM "$SPAWN_PID"
  wait_for 50 gone "$SPAWN_PID"
  ask /health
  assert_problem 503 unavailable
}

@test "a worker that cannot start is Apache's 5xx in the same form" {
  front_setup apache
  # What is started from now on is not a program.
  echo 'no program' >"$T/bin/new"
  chmod 755 "$T/bin/new"
  mv "$T/bin/new" "$T/bin/forestgate.fcgi"
  # shellcheck disable=SC2046 # a list of process ids
  kill -KILL $(worker_pids)
  ask --max-time 60 /health
  assert_problem "$status" "$(jq -r .error <<<"$body")"
  [[ "$status" == 50? ]]
}
