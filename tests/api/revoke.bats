#!/usr/bin/env bats
# tests/api/revoke.bats: what a change of keys and tiers, and a limit, are worth while many
# clients are at it: no call that begins after the command has returned is let through, none
# over a limit ever is, and none under it is refused.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # set or read by lib/api and lib/load
load ../lib/api
load ../lib/load
load ../lib/person

ROUNDS=10

# A home for each test, so that its log has that test's calls alone.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  gate_start --workers 4
}

teardown() {
  load_stop
  gate_stop
}

key_new() { # TIER
  KEY=$(cli key create --name load --tier "$1" 2>/dev/null)
  ID=${KEY:3:12}
}

# So many were answered with 200, and so many asked after NOW and were not.
served() { [ "$(answers 200)" -ge 100 ]; }
told() { [ "$(awk -v now="$NOW" '$2 > now {n++} END {print n + 0}' "$ASKED")" -ge 100 ]; }

# Runs a command while 64 clients are at it; NOW is the instant at which it had returned.
amid_load() {
  rm -f "$G/asked"
  load_start -c 64 -g 0 -t 60
  wait_for 400 served
  "$LOAD" -r "$@" >"$G/said" 2>>"$G/out" || fail "$* failed:" "$(tail -n 5 "$G/out")"
  NOW=$(tail -n 1 "$G/said")
  wait_for 400 told
  load_stop
  read -r BEFORE AFTER LATE < <(awk -v now="$NOW" -v want="$WANT" '
    $2 <= now && $4 == "200" {before++} $2 > now && $4 == want {after++}
    $2 > now && $4 != want {late++} END {print before + 0, after + 0, late + 0}' "$ASKED")
  [ "$LATE" = 0 ] || fail "$LATE calls that began after the return of $* were not answered with $WANT:" \
    "$(awk -v now="$NOW" -v want="$WANT" '$2 > now && $4 != want {print ($2 - now) / 1000 " us after it: " $0}' "$ASKED" | head -n 5)"
  [ $((BEFORE < AFTER ? BEFORE : AFTER)) -ge 64 ] || fail "only $BEFORE calls went before $*, $AFTER after it"
  BEFORES=$((${BEFORES:-0} + BEFORE)) AFTERS=$((${AFTERS:-0} + AFTER))
}

figures() {
  echo "# $ROUNDS rounds: $BEFORES calls let through before, $AFTERS that began after it, all refused" >&3
}

@test "key revoke under 64 clients: none that begins after its return is let through" {
  WANT=401
  for ((i = 0; i < ROUNDS; i++)); do
    key_new test
    amid_load "$FORESTGATE" --home "$G/home" key revoke "$ID"
  done
  figures
}

@test "key rotate under 64 clients: the old secret ends with its return, and the new one holds" {
  WANT=401
  key_new test
  for ((i = 0; i < ROUNDS; i++)); do
    amid_load "$FORESTGATE" --home "$G/home" key rotate "$ID"
    KEY=$(head -n 1 "$G/said")
    predict "$IRIS"
    assert_status 200
  done
  figures
}

@test "tier set under 64 clients: a lower limit counts from its return, and what was admitted before it" {
  WANT=429
  for ((i = 0; i < ROUNDS; i++)); do
    # What was kept of the calls before has the same span, or has to be read from the log.
    span=$((i % 2 == 0 ? 60 : 30))
    cli tier set "wide$i" --rate 1000000/60s >/dev/null
    key_new "wide$i"
    amid_load "$FORESTGATE" --home "$G/home" tier set "wide$i" --rate "5/${span}s"
  done
  figures
}

# person_round NAME: a user with a login, KEY, and a key, OWNED.
person_round() {
  person "$1"
  KEY=$TOKEN OWNED=$(cli key create --name owned --user "$1@example.org" 2>/dev/null)
}

# over_http TOKEN METHOD PATH [JSON]: as a command that amid_load can run.
over_http() {
  cat >"$G/over_http" <<'END'
#!/bin/bash
BATS_TEST_DIRNAME=$1 BATS_TEST_TMPDIR=$2 G=$3 BUILD=$4
shift 4
. "$BATS_TEST_DIRNAME/../lib/api.bash"
. "$BATS_TEST_DIRNAME/../lib/person.bash"
as "$@" && case $status in 20?) ;; *) exit 1 ;; esac
END
  chmod +x "$G/over_http"
  mkdir -p "$G/aside"
  amid_load "$G/over_http" "$BATS_TEST_DIRNAME" "$G/aside" "$G" "$BUILD" "$@"
}

assert_owned_refused() {
  KEY=$OWNED
  predict "$IRIS"
  assert_problem 401 unauthorized
}

@test "user set --active no under 64 clients: no call by token that begins after it is let through, nor by key" {
  WANT=401
  for ((i = 0; i < ROUNDS; i++)); do
    person_round "person$i"
    if [ $((i % 2)) = 0 ]; then KEY=$OWNED OWNED=$TOKEN; fi
    amid_load "$FORESTGATE" --home "$G/home" user set "person$i@example.org" --active no
  done
  figures
}

@test "user delete and user passwd under 64 clients: the tokens end with the return" {
  WANT=401
  for ((i = 0; i < ROUNDS; i++)); do
    person_round "person$i"
    if [ $((i % 2)) = 0 ]; then
      amid_load "$FORESTGATE" --home "$G/home" user delete "person$i@example.org"
      assert_owned_refused
    else
      printf 'another phrase altogether' >"$G/phrase"
      # shellcheck disable=SC2016 # of the other shell
      amid_load bash -c '"$0" --home "$1/home" user passwd "$2" --password-stdin <"$1/phrase"' \
        "$FORESTGATE" "$G" "person$i@example.org"
    fi
  done
  figures
}

@test "logout and the end of a key over HTTP under 64 clients: every worker counts by it from the answer on" {
  WANT=401
  for ((i = 0; i < ROUNDS; i++)); do
    person_round "person$i"
    if [ $((i % 2)) = 0 ]; then
      over_http "$TOKEN" POST /auth/logout -d '{}'
    else
      KEY=$OWNED
      over_http "$TOKEN" DELETE "/users/me/keys/${OWNED:3:12}"
    fi
  done
  figures
}

@test "user set --models under 64 clients: another model alone, from the return on" {
  WANT=403
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  for ((i = 0; i < ROUNDS; i++)); do
    person_round "person$i"
    if [ $((i % 2)) = 0 ]; then KEY=$OWNED; fi
    amid_load "$FORESTGATE" --home "$G/home" user set "person$i@example.org" --models price
  done
  figures
}

# The windows of another span are made from the log, of which a busy key has a long part.
@test "tier set to limits that nobody reaches refuses nobody, however much was called before" {
  cli tier set wide --rate 1000000/60s >/dev/null
  key_new wide
  for span in 60 50 40; do
    cli tier set wide --rate "1000000/${span}s" >/dev/null
    load_start -c 16 -n 6000 -t 120
    load_end
  done
  [ "$(answers 200)" = 18000 ] || fail "$(cut -d' ' -f4 "$ASKED" | sort | uniq -c)"
}

@test "16 clients at one key of 200/2s: never more in any two seconds, and hardly ever fewer" {
  cli tier set narrow --rate 200/2s >/dev/null
  key_new narrow
  load_start -c 16 -t 10 -g 1
  load_end
  log_agrees
  windows_hold 200 2000000
  admitted=$(rows 'count(*) FROM call')
  span=$(rows '(max(started_us) - min(started_us)) / 1000 FROM call')
  echo "# $(wc -l <"$ASKED") requests, $admitted admitted of $((200 * (1 + span / 2000))) in $span ms" >&3
  [ "$admitted" = "$(answers 200)" ]
  [ "$(answers 200)" = "$(($(wc -l <"$ASKED") - $(answers 429)))" ] || fail "$(cut -d' ' -f4 "$ASKED" | sort | uniq -c)"
  # Of each window the 200 come at once.
  [ "$admitted" -ge $((200 * (1 + span / 2000) * 95 / 100)) ]
}

@test "who comes again after Retry-After is let in, each time" {
  cli tier set polite --rate 3/2s >/dev/null
  key_new polite
  waits=0
  for _ in {1..20}; do
    predict "$IRIS"
    if [ "$status" = 429 ]; then
      waits=$((waits + 1))
      sleep "$(header_of retry-after)"
      predict "$IRIS"
    fi
    assert_status 200
  done
  [ "$waits" -ge 3 ] # or six, where the machine is never slow
}
