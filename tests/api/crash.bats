#!/usr/bin/env bats
# tests/api/crash.bats: kill -9 of anybody, at any instant, hundreds of times under load: the
# call log has each call that was answered, once, and the quota is what the log says.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # set or read by lib/api and lib/load
load ../lib/api
load ../lib/load

DAY=10000000

# A home for each test, so that its log has that test's calls alone.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  cli tier set wide --rate "1000000/60s" --quota "$DAY/day" --quota 100000000/month >/dev/null
  KEY=$(cli key create --name crash --tier wide 2>/dev/null)
  KILLS=0 SUPERVISOR='' DRAINER='' CLIENTS=''
  exec {never}<> <(:)
}

teardown() {
  crash_over
  load_stop
}

# As whoever keeps a master going does: starts another at once, at the same port.
supervise() { # [OPTION...]
  PORT=$(port_free)
  (
    while ! [ -e "$G/over" ]; do
      spawn-fcgi -n -a 127.0.0.1 -p "$PORT" -- "$WORKER" --home "$G/home" --workers 4 "$@" &
      echo $! >"$G/master"
      wait $! || read -rt 0.005 -u "$never" || :
    done
  ) >>"$G/out" 2>&1 </dev/null 3>&- &
  SUPERVISOR=$!
  wait_for 60 gate_answers
}

# The CLI brings the journal into the database as well, again and again.
drain_on() {
  (
    while ! [ -e "$G/over" ]; do
      "$FORESTGATE" --home "$G/home" call stats &
      echo $! >"$G/drainer"
      wait $! || :
    done
  ) >/dev/null 2>&1 </dev/null 3>&- &
  DRAINER=$!
}

# Ends all that a test has started, by its process id; the master as its supervisor would.
crash_over() {
  local pid
  touch "$G/over"
  for pid in $DRAINER; do wait "$pid" || :; done
  if [ -n "$SUPERVISOR" ]; then
    # The one that its file names last may have ended for want of the port.
    until ended "$SUPERVISOR"; do
      kill -TERM "$(<"$G/master")" 2>/dev/null || :
      pause 20 50
    done
    wait "$SUPERVISOR" || :
  fi
  SUPERVISOR='' DRAINER=''
}

# pause FROM TO: so many milliseconds, at random.
pause() {
  local ms=$(($1 + RANDOM % ($2 - $1 + 1)))
  printf -v ms '%d.%03d' $((ms / 1000)) $((ms % 1000))
  read -rt "$ms" -u "$never" || :
}

kill_all() {
  local pid
  for pid; do
    if kill -KILL "$pid" 2>/dev/null; then KILLS=$((KILLS + 1)); fi
  done
}

# Reads who is there now: MASTER, WORKERS and STATS, the CLI at the journal.
look_around() {
  WORKERS=() MASTER='' STATS=''
  read -r MASTER <"$G/master" || :
  { read -ra WORKERS <"/proc/$MASTER/task/$MASTER/children"; } 2>/dev/null || :
  if [ -n "$DRAINER" ]; then read -r STATS <"$G/drainer" || :; fi
}

kill_worker() { if [ ${#WORKERS[@]} -gt 0 ]; then kill_all "${WORKERS[RANDOM % ${#WORKERS[@]}]}"; fi; }
kill_workers() { kill_all "${WORKERS[@]}"; }
kill_everybody() { kill_all "$MASTER" "${WORKERS[@]}"; }
kill_stats() { kill_all $STATS; }

# Whoever could be at it, as soon as somebody writes to the database.
kill_at_drain() {
  local _
  : >"$G/mark"
  for _ in {1..20}; do
    if [ "$G/home/forestgate.db-wal" -nt "$G/mark" ]; then break; fi
    pause 1 1
  done
  look_around
  case $((RANDOM % 8)) in
  0) kill_everybody ;;
  1 | 2) kill_stats ;;
  3) kill_workers && kill_stats ;;
  *) kill_worker ;;
  esac
}

# kill_on SECONDS FROM TO HOW...: one of HOW, every FROM to TO milliseconds.
kill_on() {
  local until=$((SECONDS + $1)) from=$2 to=$3
  shift 3
  while [ $SECONDS -lt "$until" ]; do
    pause "$from" "$to"
    look_around
    local how=("$@")
    "${how[RANDOM % ${#how[@]}]}"
  done
  clock_ns
  LAST_KILL=$NOW
}

# After the last kill somebody is served within three seconds.
serves_again() {
  local n
  n=$(awk -v t="$LAST_KILL" '$4 == "200" && $2 >= t && $3 < t + 3e9' "$ASKED" | wc -l)
  [ "$n" -gt 0 ] || fail "nobody was served within 3 s of the last kill:" "$(tail -n 20 "$G/out")"
}

# What is left of the day by the next answer, whose own call is not in the log yet.
quota_agrees() {
  local charged day
  day=$(date -u +%d)
  charged=$(rows 'total(charged) FROM call')
  predict "$IRIS"
  assert_status 200
  [ "$(date -u +%d)" = "$day" ] || return 0 # another day has begun
  [ "$((DAY - $(left_of day)))" = $((${charged%.*} + 1)) ] ||
    fail "the log has $charged charged, and the next answer says: $(header_of ratelimit)"
}

figures() {
  echo "# $KILLS processes killed; $(wc -l <"$ASKED") requests:" \
    "$(cut -d' ' -f4 "$ASKED" | sort | uniq -c | awk '{printf "%s%s of %s", (NR > 1 ? ", " : " "), $1, $2}');" \
    "$(rows 'count(*) FROM call') calls in the log, $(rows 'count(*) FROM call WHERE status = 200') with 200" >&3
}

@test "kill -9 of workers, masters and the CLI at random: each answered call is in the log, once" {
  supervise
  drain_on
  load_start -c 12 -t 18 -b 7
  kill_on 15 5 100 kill_worker kill_worker kill_workers kill_everybody kill_everybody kill_stats kill_stats
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 200 ]
  [ "$(answers 200)" -ge 500 ]
}

@test "kill -9 while calls are brought into the database, every few milliseconds" {
  supervise
  drain_on
  load_start -c 8 -t 12 -b 7
  kill_on 9 1 3 kill_at_drain
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 100 ]
}

@test "kill -9 where an answer waits for the disk: durability = power" {
  printf 'durability = power\n' >>"$G/home/forestgate.conf"
  supervise
  drain_on
  load_start -c 12 -t 12 -b 7
  kill_on 9 2 60 kill_worker kill_worker kill_workers kill_everybody kill_stats kill_at_drain
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 100 ]
  [ "$(answers 200)" -ge 100 ]
}

@test "kill -9 opens no window: 50 calls in any second, whoever was killed" {
  cli tier set wide --rate 50/1s --quota "$DAY/day" >/dev/null
  supervise
  drain_on
  load_start -c 8 -t 10
  kill_on 9 5 100 kill_worker kill_worker kill_workers kill_everybody kill_stats
  load_end
  figures
  log_agrees
  windows_hold 50 1000000
  [ "$KILLS" -ge 100 ]
  [ "$(answers 200)" -ge 150 ]
}
