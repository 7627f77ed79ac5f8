#!/usr/bin/env bats
# tests/front/siege.bats: a thousand connections that say no more leave room for others, and
# fronts and workers are restarted under load with no failed request.  How long good clients
# wait meanwhile is measured by `make siege`.
#
# The workers are under a supervisor that holds their socket, as systemd does.
# shellcheck disable=SC2034,SC2154 # what lib/front reads and sets

load ../lib/front

SIEGE=$TOP/tests/lib/siege.py
siege() { /usr/bin/python3 -I -S "$SIEGE" "$@"; }

setup_file() {
  dir_make
  home_make
  export T KEY
}
setup() { FRONT_PID='' SPAWN_PID=''; }
teardown() {
  local pids
  pids=$(front_pids)
  # shellcheck disable=SC2086 # a list of process ids
  if [ -n "$SPAWN_PID$pids" ]; then kill -TERM $SPAWN_PID $pids 2>/dev/null || :; fi
  wait_for 30 no_pids || :
  rm -rf "$T/front" "$T/worker.sock"
  mkdir "$T/front"
}
teardown_file() { rm -rf "$T"; }

# As lib/front has it, but with a supervisor.
workers_start() {
  FORESTGATE_HOME=$T/home SIEGE_UID=$(id -u "$(front_user)") /usr/bin/python3 -I -S "$SIEGE" supervise "$T/worker.sock" \
    "$T/bin/forestgate.fcgi" --workers 4 >>"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  SPAWN_PID=$!
  wait_for 50 test -S "$T/worker.sock"
}

front_make() {
  MODE=$1 TLS=yes
  front_start
}

# The master of the workers, who has children of the same program.
master() { pgrep -P "$SPAWN_PID" -f "^$T/bin/forestgate.fcgi" | head -n 1; }
other_master() { [ -n "$(master)" ] && [ "$(master)" != "$1" ]; }

load_start() {
  coproc LOAD { siege load "${URL##*:}" "$KEY" >"$T/load" 2>&1; }
  wait_for 100 grep -qs '^asking' "$T/load"
}

# Fails unless all was answered.
load_end() {
  local pid=$LOAD_PID fd=${LOAD[1]}
  exec {fd}>&-
  wait "$pid" || { cat "$T/load" "$T/front/front.log" >&2 && return 1; }
  [ "$(sed -n 's/ answered.*//p' "$T/load")" -gt 100 ] || { cat "$T/load" >&2 && return 1; }
}

# Of the front, those that answer: what a restart makes others of.
answering() {
  case $MODE in
  lighttpd*) stat -c %Y:%i "$T/front/front.log" && grep -c 'server started' "$T/front/front.log" ;;
  *) pgrep -P "$FRONT_PID" | sort ;;
  esac
}
others_answer() { [ "$(answering)" != "$1" ]; }

front_restart() {
  local before
  before=$(answering)
  kill "-$1" "$FRONT_PID"
  wait_for 100 others_answer "$before" || { echo 'there was no restart' >&2 && return 1; }
  sleep 0.5
}

restarts() {
  front_make "$1"
  load_start
  front_restart "$2"
  front_restart "$2"
  load_end
}

a_thousand() {
  local begin
  if [ "$(ulimit -n)" -lt 1100 ]; then ulimit -n 1100 2>/dev/null || skip 'no 1,100 descriptors here'; fi
  front_make "$1"
  begin=$SECONDS
  coproc IDLE { siege idle 1000 "${URL##*:}" tls >"$T/idle" 2>&1; }
  wait_for 200 grep -qs 'open 1000' "$T/idle" || { cat "$T/idle" >&2 && return 1; }
  for _ in 1 2 3 4 5; do
    ask --max-time 10 -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
  done
  local pid=$IDLE_PID fd=${IDLE[1]}
  exec {fd}>&-
  wait "$pid"
  # They were really there, where all this took less than the ten seconds that fronts give them.
  [ $((SECONDS - begin)) -ge 9 ] || [ "$(sed -n 's/^ended //p' "$T/idle")" -lt 100 ] || { cat "$T/idle" >&2 && return 1; }
}

workers_restart() {
  local before
  front_make "$1"
  load_start
  for _ in 1 2 3; do
    before=$(master)
    kill -TERM "$before"
    wait_for 100 other_master "$before"
    sleep 0.3
    kill -HUP "$(master)"
  done
  load_end
  # The front was there all the time, and so were its connections.
  grep -q ', 0 asked again$' "$T/load" || { cat "$T/load" >&2 && return 1; }
}

@test "lighttpd answers beside a thousand idle connections" { a_thousand lighttpd-socket; }
@test "Apache answers beside a thousand idle connections" { a_thousand apache-proxy; }
@test "nginx answers beside a thousand idle connections" { a_thousand nginx; }

@test "workers that are restarted behind lighttpd under load fail no request" { workers_restart lighttpd-socket; }
@test "workers that are restarted behind Apache under load fail no request" { workers_restart apache-proxy; }
@test "workers that are restarted behind nginx under load fail no request" { workers_restart nginx; }

@test "lighttpd, restarted under load, fails no request" { restarts lighttpd-socket USR1; }
@test "Apache, restarted under load, fails no request" { restarts apache-proxy USR1; }
@test "nginx, restarted under load, fails no request" { restarts nginx HUP; }
