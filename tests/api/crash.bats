#!/usr/bin/env bats
# tests/api/crash.bats: kill -9 of anybody, at any instant, hundreds of times under load: the
# call log has each call that was answered, once, and the quota is what the log says.

# shellcheck disable=SC2153,SC2154,SC2034,SC2030,SC2031 # set or read by lib/api and lib/load
load ../lib/api
load ../lib/load
load ../lib/person

DAY=10000000

# A home for each test, so that its log has that test's calls alone.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  cli tier set wide --rate "1000000/60s" --quota "$DAY/day" --quota 100000000/month >/dev/null
  KEY=$(cli key create --name crash --tier wide 2>/dev/null)
  KILLS=0 SUPERVISOR='' DRAINER='' CHANGER='' CLIENTS=''
  exec {never}<> <(:)
}

teardown() {
  crash_over
  load_stop
}

# As whoever keeps a master going does: starts another at once, at the same port.
supervise() {
  PORT=$(port_free)
  (
    while ! [ -e "$G/over" ]; do
      spawn-fcgi -n -a 127.0.0.1 -p "$PORT" -- "$WORKER" --home "$G/home" --workers 4 &
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

# A tier is changed again and again, and whoever changes it is killed, too.
change_on() {
  (
    while ! [ -e "$G/over" ]; do
      for rate in 900000/30s 1000000/60s; do
        "$FORESTGATE" --home "$G/home" tier set wide --rate $rate --quota "$DAY/day" --quota 100000000/month &
        echo $! >"$G/changer"
        wait $! || :
        read -rt 0.05 -u "$never" || :
      done
    done
  ) >/dev/null 2>&1 </dev/null 3>&- &
  CHANGER=$!
}

# Ends all that a test has started, by its process id; the master as its supervisor would.
crash_over() {
  local pid
  touch "$G/over"
  for pid in $DRAINER $CHANGER; do wait "$pid" || :; done
  if [ -n "$SUPERVISOR" ]; then
    # The one that its file names last may have ended for want of the port.
    until ended "$SUPERVISOR"; do
      kill -TERM "$(<"$G/master")" 2>/dev/null || :
      pause 20 50
    done
    wait "$SUPERVISOR" || :
  fi
  SUPERVISOR='' DRAINER='' CHANGER=''
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

# Reads who is there now: MASTER, WORKERS, STATS, the CLI at the journal, and CHANGE, the CLI
# at a tier.
look_around() {
  WORKERS=() MASTER='' STATS='' CHANGE=''
  read -r MASTER <"$G/master" || :
  { read -ra WORKERS <"/proc/$MASTER/task/$MASTER/children"; } 2>/dev/null || :
  if [ -n "$DRAINER" ]; then read -r STATS <"$G/drainer" || :; fi
  if [ -n "$CHANGER" ]; then read -r CHANGE <"$G/changer" || :; fi
}

kill_worker() { if [ ${#WORKERS[@]} -gt 0 ]; then kill_all "${WORKERS[RANDOM % ${#WORKERS[@]}]}"; fi; }
kill_workers() { kill_all "${WORKERS[@]}"; }
kill_everybody() { kill_all "$MASTER" "${WORKERS[@]}"; }
kill_stats() { if [ -n "$STATS" ]; then kill_all "$STATS"; fi; }

kill_change() { if [ -n "$CHANGE" ]; then kill_all "$CHANGE"; fi; }

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
  change_on
  load_start -c 12 -t 13 -b 7
  kill_on 10 5 100 kill_worker kill_worker kill_workers kill_everybody kill_everybody kill_stats kill_change
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 40 ]
  [ "$(answers 200)" -ge 200 ]
}

@test "kill -9 while calls are brought into the database, every few milliseconds" {
  supervise
  drain_on
  load_start -c 8 -t 9 -b 7
  kill_on 6 1 3 kill_at_drain
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 20 ]
}

@test "kill -9 where an answer waits for the disk: durability = power" {
  printf 'durability = power\n' >>"$G/home/forestgate.conf"
  supervise
  drain_on
  load_start -c 12 -t 9 -b 7
  kill_on 6 2 60 kill_worker kill_worker kill_workers kill_everybody kill_stats kill_at_drain
  load_end
  figures
  serves_again
  log_agrees
  quota_agrees
  [ "$KILLS" -ge 20 ]
  [ "$(answers 200)" -ge 100 ]
}

@test "kill -9 opens no window: 50 calls in any second, whoever was killed" {
  cli tier set wide --rate 50/1s --quota "$DAY/day" >/dev/null
  supervise
  drain_on
  load_start -c 8 -t 8
  kill_on 7 5 100 kill_worker kill_worker kill_workers kill_everybody kill_stats
  load_end
  figures
  log_agrees
  windows_hold 50 1000000
  [ "$KILLS" -ge 20 ]
  [ "$(answers 200)" -ge 100 ]
}

@test "kill -9 gives no call away and takes none: a quota is used to the last one" {
  cli tier set wide --rate 400/1s --quota 1500/day >/dev/null
  supervise
  load_start -c 8 -t 4 -b 5
  kill_on 4 5 60 kill_worker kill_workers kill_everybody
  load_end
  # The rest of it, with nobody killed any more, and as fast as it goes.
  cli tier set wide --quota 1500/day >/dev/null
  load_start -c 8 -n 3000 -t 20
  load_end
  figures
  log_agrees
  [ "$(rows 'count(*) FROM call WHERE status = 200')" = 1500 ]
  predict "$IRIS"
  assert_status 429
  [ "$(left_of day)" = 0 ]
}

@test "kill -9 while workers start, also in a home without its ledger, blocks nobody afterwards" {
  supervise
  for i in {1..40}; do
    pause 1 30
    look_around
    kill_everybody
    if [ $((i % 8)) = 0 ]; then rm -f "$G/home/ledger"; fi
  done
  wait_for 60 gate_answers
  load_start -c 8 -n 500 -t 20
  load_end
  figures
  [ "$(answers 200)" = 500 ]
  log_agrees
  quota_agrees
}

# As plain CGI, where a process lives for one call: most have a few milliseconds.
cgi_on() { # NAME COUNT
  local i id ms status
  for ((i = 0; i < $2; i++)); do
    id=cgi-$1-$i
    ms=$((i % 4 == 0 ? 9000 : 1 + RANDOM % 40))
    env -i PATH="$PATH" GATEWAY_INTERFACE=CGI/1.1 "${PARAMS[@]}" HTTP_X_REQUEST_ID="$id" \
      timeout -s KILL "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))" "$WORKER" --home "$G/home" <"$BODY" >"$G/$1" || :
    status=$(sed -n 's/^Status: \([0-9]*\).*/\1/p;q' "$G/$1")
    # What came before the kill came from a call that had ended.
    echo "$id 0 0 ${status:-lost}" >>"$ASKED"
  done
}

@test "kill -9 of workers that live for one call, as plain CGI" {
  ASKED=$G/asked
  : >"$ASKED"
  call_arguments POST /predict -k "$KEY" -d "$IRIS"
  for name in a b c; do cgi_on "$name" 40 2>>"$G/out" 3>&- & done
  wait
  KILLS=$(answers lost)
  figures
  log_agrees
  [ "$(answers 200)" -ge 30 ]
  supervise
  quota_agrees
}

# Else who comes first after a while would be let in by a database that takes no more writes.
@test "who comes after a while is let in once the database was written to, with nothing to bring into it" {
  supervise
  for _ in {1..2}; do
    predict "$IRIS"
    pause 1300 1300 # by then it is in the database, and no write is fresh
    : >"$G/mark"
    pause 20 30 # the files' times go in steps
    predict "$IRIS"
    assert_status 200
    [ "$G/home/forestgate.db-wal" -nt "$G/mark" ]
  done
}

# ---- people: three keys and two logins are one account ----

# The tier of a user is another one again and again, and so are its limits, never above these.
tiers_on() { # EMAIL
  (
    while ! [ -e "$G/over" ]; do
      for each in 'tier set one --rate 30/3s --quota 200/day' "user set $1 --tier two" \
        'tier set one --rate 50/3s --quota 200/day' "user set $1 --tier one"; do
        # shellcheck disable=SC2086 # words
        "$FORESTGATE" --home "$G/home" $each &
        echo $! >"$G/changer"
        wait $! || :
        read -rt 0.1 -u "$never" || :
      done
    done
  ) >/dev/null 2>&1 </dev/null 3>&- &
  CHANGER=$!
}

# people SECONDS FROM TO HOW...: clients for each of CREDENTIALS, 65 in all, for so long, while
# one of HOW is done every FROM to TO milliseconds.  Each has a file: their lines would mix.
people() {
  local clients=() i seconds=$1
  shift
  ASKED=$G/asked
  for i in "${!CREDENTIALS[@]}"; do
    "$LOAD" -k "${CREDENTIALS[i]}" -p "call-$RANDOM-$i-" -c 13 -t "$seconds" -g 20 "$PORT" >"$G/asked.$i" 2>>"$G/out" 3>&- &
    clients+=($!)
  done
  kill_on $((seconds - 1)) "$@"
  wait "${clients[@]}"
  cat "$G"/asked.* >>"$ASKED"
}

@test "kill -9 and changes of tier: a user's keys and logins share one limit, exactly" {
  cli tier set one --rate 50/3s --quota 200/day >/dev/null
  cli tier set two --rate 45/3s --quota 200/day >/dev/null
  supervise
  TIER=one person ann
  CREDENTIALS=("$TOKEN")
  person_login ann
  CREDENTIALS+=("$TOKEN")
  for i in 1 2 3; do CREDENTIALS+=("$(cli key create --name "k$i" --user ann@example.org 2>/dev/null)"); done
  drain_on
  tiers_on ann@example.org
  people 9 20 120 kill_worker kill_worker kill_workers kill_everybody kill_change
  touch "$G/over"
  wait "$CHANGER" || :
  CHANGER=''
  cli user set ann@example.org --tier one >/dev/null
  cli tier set one --rate 50/3s --quota 200/day >/dev/null
  people 12 1000 1000 true # the rest of it
  figures
  log_agrees
  windows_hold 50 3000000
  [ "$(rows 'count(*) FROM call WHERE status = 200')" = 200 ] || fail "$(ask 'SELECT status, sum(charged), count(*) FROM call GROUP BY 1')"
  [ "$(rows "count(DISTINCT key) || ' ' || count(DISTINCT user) FROM call")" = '4 1' ]
  for KEY in "${CREDENTIALS[@]}"; do
    case $KEY in
    fg_*) predict "$IRIS" ;;
    *) as "$KEY" POST /predict -d "$IRIS" ;;
    esac
    assert_status 429
    [ "$(left_of day)" = 0 ]
  done
  assert_books
  [ "$KILLS" -ge 20 ]
}
