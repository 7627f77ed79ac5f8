#!/usr/bin/env bats
# tests/front/end.bats: what a front does when its workers are no more.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

load ../lib/front

teardown() {
  rm -f "${T:-/nowhere}/supervised" # which ends a supervisor that a test has left
  front_teardown
}

gone() { ! kill -0 "$1" 2>/dev/null || [[ "$(ps -o stat= -p "$1")" == Z* ]]; }

# All that the worker's program runs in, and of those the masters, who have children.
program_pids() {
  ps -e -o pid= -o stat= -o args= |
    awk -v prog="$T/bin/forestgate.fcgi" '$2 !~ /^Z/ && $3 == prog {print $1}'
}
master_pids() { comm -23 <(program_pids | sort) <(worker_pids | sort); }

served() { ask --max-time 5 /health && [ "$status" = 200 ]; }

some() { victims=$("$1") && [ -n "$victims" ]; }

# Kills what a command prints, as soon as there is some of it (who was served may have been so by
# a worker that ends with its master), and is served again.
kill_and_wait() {
  local victims
  wait_for 80 some "$1"
  # shellcheck disable=SC2086 # a list of process ids
  kill -KILL $victims 2>/dev/null || : # one that has just ended by itself
  wait_for 80 served || { tail "$T/front/front.log" >&2; return 1; }
}

# lighttpd starts nothing more on a socket that is answered once: so it is not to be.
@test "lighttpd's workers, killed in every way and again at once, are always there again" {
  front_setup lighttpd
  for _ in 1 2 3 4 5; do
    for who in program_pids master_pids worker_pids; do kill_and_wait "$who"; done
  done
  # What was left of each time has ended.
  four_and_one() { [ "$(program_pids | wc -l)" = 5 ] && [ "$(master_pids | wc -l)" = 1 ]; }
  wait_for 50 four_and_one || { ps -o pid,ppid,stat,args -p "$(program_pids | paste -sd,)" >&2; return 1; }
  front_stop
  wait_for 50 no_pids || { ps -o pid,ppid,stat,args -p "$(front_pids | paste -sd,)" >&2; return 1; }
}

@test "lighttpd that was killed finds no workers in its way, and they end for the next" {
  front_setup lighttpd
  old=$(program_pids)
  kill -KILL "$FRONT_PID"
  wait_for 50 gone "$FRONT_PID"
  front_start
  for pid in $old; do wait_for 50 gone "$pid"; done
  served
  kill_and_wait program_pids
}

@test "Apache's workers, all killed and again at once, are always there again" {
  front_setup apache
  for _ in 1 2 3 4 5 6 7 8; do kill_and_wait program_pids; done
}

# As systemd has it (Restart=, RestartSec=1), but sooner.
supervise() {
  kill -TERM "$SPAWN_PID"
  wait_for 50 gone "$SPAWN_PID"
  touch "$T/supervised"
  while [ -e "$T/supervised" ]; do
    workers_start
    wait "$SPAWN_PID" || :
    sleep 0.2
  done 3>&- &
  SUPERVISOR=$!
  wait_for 80 served
}

@test "under a supervisor workers on a socket, all killed and again at once, are always there again" {
  front_setup lighttpd-socket
  supervise
  for _ in 1 2 3 4 5; do
    for who in program_pids master_pids worker_pids; do kill_and_wait "$who"; done
  done
}

@test "behind nginx workers that were killed are there again, and without any it says 503 and when to come back" {
  front_setup nginx
  kill_and_wait worker_pids
  supervise
  for who in program_pids master_pids; do kill_and_wait "$who"; done
  rm "$T/supervised"
  # It may be about to start one more.
  none() {
    # shellcheck disable=SC2046 # a list of process ids
    kill -KILL $(program_pids) 2>/dev/null || :
    gone "$SUPERVISOR" && [ -z "$(program_pids)" ]
  }
  wait_for 50 none
  for path in /health /predict; do
    ask -X POST -d "$FEATURES" "$path"
    assert_problem 503 unavailable
    [ "$(header_of retry-after)" = 1 ]
  done
}

@test "without workers lighttpd says 503 in the form of every refusal" {
  front_setup lighttpd-socket
  kill -TERM "$SPAWN_PID"
  wait_for 50 gone "$SPAWN_PID"
  ask /health
  assert_problem 503 unavailable
}

# What mod_proxy_fcgi does otherwise than mod_fcgid; tests/front/siege.bats has the rest.
@test "behind Apache's proxy queries and bodies pass, slow ones hold no worker, and without workers there is a 503" {
  front_setup apache-proxy
  local fd fds=() chunked
  for chunked in '' chunked; do
    ask -H "X-API-Key: $KEY" -H "$JSON" ${chunked:+-H "Transfer-Encoding: $chunked"} -d "$FEATURES" '/models/iris/predict?a=%2f&b=?c'
    assert_status 200
  done
  jq -nc '{instances: [range(20000) | [5.1,3.5,1.4,0.2]]}' >"$T/rows"
  ask -H "X-API-Key: $KEY" -H "$JSON" --data-binary "@$T/rows" /predict
  assert_status 200
  truncate -s 17825793 "$T/big"
  ask -X POST -T "$T/big" /login
  assert_problem 413 content_too_large
  # More than there are workers.
  for _ in 1 2 3 4 5 6; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    printf 'POST /predict HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\nContent-Length: 99999\r\n\r\n{' "$KEY" >&"$fd"
    head -c 50000 "$T/big" >&"$fd"
    fds+=("$fd")
  done
  for _ in 1 2 3 4; do
    ask --max-time 5 -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
  done
  for fd in "${fds[@]}"; do exec {fd}>&-; done
  kill -TERM "$SPAWN_PID"
  wait_for 50 gone "$SPAWN_PID"
  ask '/health?query=1'
  assert_problem 503 unavailable
  [ "$(header_of retry-after)" = 1 ]
  [ "$(header_of x-content-type-options)" = nosniff ]
  grep -q '"GET /health HTTP/1.1" 503' "$T/front/front.log"
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
