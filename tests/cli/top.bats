#!/usr/bin/env bats
# tests/cli/top.bats: forestgate top: what it counts, on a terminal, off one and once.

# shellcheck disable=SC2154,SC2016 # set by bats or by lib/api
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/load

setup_file() {
  gate_home
  cli user create ann@example.org --password-stdin <<<'correct horse battery staple' >/dev/null
  cli key create --name partner --user ann@example.org >/dev/null 2>&1
  gate_start
}

teardown_file() { gate_stop; }

screen() { TERM=xterm LC_ALL=C.UTF-8 "$TOP/tests/lib/screen.py" "$@"; }

# Frames of forestgate top, with what comes before the -- done meanwhile.
top() {
  local size=$1
  shift
  screen "$size" "$@" -- "$FORESTGATE" --home "$G/home" top --interval 0.2
}

@test "what is not allowed is a usage error that says what is" {
  for interval in 0 0.1 -1 x '' 3601 nan inf 1e9 1m; do
    run --separate-stderr cli top --interval "$interval"
    [[ "$status" = 2 && "$stderr" == *'0.2 to 3600'* && -z "$output" ]] || fail "$interval: $status $output $stderr"
  done
  run -2 cli top --by user
  [[ "$output" == *'key, model or route'* ]]
  run -2 cli top --sort time
  [[ "$output" == *'p99'* ]]
  run -2 cli top x
}

@test "without a home it fails, and without a ledger it says that no worker has taken a call" {
  run -1 "$FORESTGATE" --home /nowhere top --once
  "$FORESTGATE" --home "$G/new" init >/dev/null
  run -0 "$FORESTGATE" --home "$G/new" top --once
  [[ "$output" == *'no worker has taken a call'* ]] || fail "$output"
  "$FORESTGATE" --home "$G/new" top --json | jq -e '.calls == 0 and .keys == [] and .duration_ms.p99 == 0'
  for bytes in 0 100 4096 70000; do
    head -c "$bytes" /dev/urandom >"$G/new/ledger"
    run -0 "$FORESTGATE" --home "$G/new" top --once
    [[ "$output" == *'no worker has taken a call'* ]] || fail "$bytes: $output"
  done
}

@test "each call is counted once, by key, model and route, with its status" {
  for _ in 1 2 3 4 5; do predict "$IRIS"; done
  assert_status 200
  predict '{"features":[1]}'
  assert_status 422
  predict '{"instances":[[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,0.2]]}'
  assert_status 200
  cli top --json >"$BATS_TEST_TMPDIR/top"
  jq -e '.calls == 7 and .rows == 8 and .failed == 1 and .statuses == {"200": 6, "422": 1} and .seconds == 60 and
    (.keys | length) == 1 and (.keys[0] | .calls == 7 and .failed == 1 and (.name | startswith("test ("))) and
    ([.models[] | [.name, .calls]] == [["iris", 6], ["-", 1]]) and .routes[0].calls == 7 and .in_hand == 0 and
    .workers == 2 and .busy == 0 and .answers["422"] == 1 and .duration_ms.p50 > 0 and .duration_ms.p50 <= .duration_ms.p99 and
    .duration_ms.p99 <= .duration_ms.max' "$BATS_TEST_TMPDIR/top" || fail "$(cat "$BATS_TEST_TMPDIR/top")"
  cli top --json | jq -e '.calls_per_second == (.calls / 60 * 1000 | round / 1000)'
}

@test "once, and off a terminal or on a dumb one, it tells and ends, with no control characters" {
  for how in 'top --once' 'top' 'top --interval 1 --by model --sort name'; do
    # shellcheck disable=SC2086 # several words
    run -0 cli $how
    [[ "$output" == 'forestgate top '*'status'*'200'* ]] || fail "$how: $output"
    [[ "$output" != *$'\033'* ]]
  done
  TERM=dumb run -0 "$TOP/tests/lib/screen.py" 24x80 -- "$FORESTGATE" --home "$G/home" top
  [ "$output" = 'ended 0 restored' ] || fail "$output"
  run -0 env -u TERM "$TOP/tests/lib/screen.py" 24x80 -- "$FORESTGATE" --home "$G/home" top
  [ "$output" = 'ended 0 restored' ] || fail "$output"
  run -1 bash -c '"$0" --home "$1" top --once >/dev/full' "$FORESTGATE" "$G/home"
}

@test "looking on changes nothing: neither the ledger nor what a worker waits for" {
  predict "$IRIS"
  cli call list --limit 1 >/dev/null # all that waits is in the database
  before=$(sha256sum "$G/home/ledger")
  cli top --once >/dev/null
  cli top --json >/dev/null
  [ "$(sha256sum "$G/home/ledger")" = "$before" ]
  # A database that somebody writes in is read all the same.
  database_hold
  run -0 timeout 20 "$FORESTGATE" --home "$G/home" top --once
  database_let_go
}

@test "on a terminal it fills the window, goes along with it, and q puts the terminal back" {
  predict "$IRIS"
  top 24x80 wait:'forestgate top' frame size:10x40 next next frame size:3x20 next next frame key:q >"$BATS_TEST_TMPDIR/out"
  tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -qx 'ended 0 restored' || fail "$(cat "$BATS_TEST_TMPDIR/out")"
  # Of each size a frame: as many lines, and none wider.
  local LC_ALL=C.UTF-8 sizes=(80 40 20) lines=() frame=-1 line
  while IFS= read -r line; do
    case $line in 'forestgate top'*) frame=$((frame + 1)) ;; 'ended 0'*) break ;; esac
    lines[frame]=$((${lines[frame]:-0} + 1))
    [ "${#line}" -le "${sizes[frame]}" ] || fail "${#line} wide: $line"
  done <"$BATS_TEST_TMPDIR/out"
  [ "${lines[*]}" = '24 10 3' ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "keys change what is shown: models, routes, the order" {
  predict "$IRIS"
  top 24x80 wait:'KEY  ' key:m wait:'MODEL  ' key:r wait:'ROUTE  ' key:k wait:'KEY  ' \
    wait:'sort: calls' key:s wait:'sort: rows' key:$'\033[A' next wait:'sort: rows' key:q >"$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'ended 0 restored' ]
}

@test "whatever ends it puts the terminal back, and is seen by who started it" {
  for how in key:^C:2 kill:TERM:15 kill:HUP:1 kill:QUIT:3 kill:INT:2; do
    top 24x80 wait:'forestgate top' "${how%:*}" >"$BATS_TEST_TMPDIR/out"
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = "killed by ${how##*:} restored" ] || fail "$how: $(cat "$BATS_TEST_TMPDIR/out")"
  done
  top 24x80 wait:'forestgate top' close >"$BATS_TEST_TMPDIR/out"
  grep -qx 'ended without a terminal' "$BATS_TEST_TMPDIR/out"
}

@test "a home that goes away under it ends it with an error, and the terminal is put back" {
  "$FORESTGATE" --home "$G/gone" init >/dev/null
  screen 24x80 wait:'forestgate top' run:"rm -r '$G/gone'" -- "$FORESTGATE" --home "$G/gone" top --interval 0.2 >"$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'ended 1 restored' ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "a name that a terminal would obey is shown with ?" {
  predict "$IRIS"
  database "UPDATE key SET name = 'a' || char(27) || '[2Jb' WHERE name = 'test'"
  run -0 cli top --once
  database "UPDATE key SET name = 'test' WHERE name LIKE 'a%'"
  [[ "$output" != *$'\033'* && "$output" == *'a?[2Jb'* ]] || fail "$(cat -A <<<"$output")"
}

@test "more calls than the journal holds: what is told is of the time that is left of them" {
  gate_stop
  rm -f "$G/home/ledger"
  printf 'ledger_size = 4M\n' >>"$G/home/forestgate.conf"
  gate_start
  load_start -c 4 -n 3000 -t 120
  load_end
  cli top --json >"$BATS_TEST_TMPDIR/top"
  jq -e '.calls > 1000 and .calls < 2100 and .seconds < 60 and .calls_per_second > 1000 / 60 and
    .answers["200"] >= 3000' "$BATS_TEST_TMPDIR/top" || fail "$(cat "$BATS_TEST_TMPDIR/top")"
}

@test "while calls come in, frames have their rate, and the answers of each status" {
  load_start -c 2 -n 0 -t 60
  top 24x80 wait:'answers' wait:', 200 ' next frame key:q >"$BATS_TEST_TMPDIR/out"
  load_stop
  grep -qE '^calls   [0-9.]+/s now' "$BATS_TEST_TMPDIR/out"
  grep -qE '^answers [0-9.]+/s, 200 [0-9.]+/s' "$BATS_TEST_TMPDIR/out" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
  grep -qE '^test \(' "$BATS_TEST_TMPDIR/out"
}

@test "Ctrl-Z gives the terminal back until it goes on" {
  # A shell that has jobs, or nobody could go on with it.
  screen 24x80 wait:'forestgate top' key:^Z seen:BACK next key:q -- \
    bash -mc '"$@"; if stty -a | grep -q " icanon.* echo "; then echo BACK; fi; fg >/dev/null' bash \
    "$FORESTGATE" --home "$G/home" top --interval 0.2 >"$BATS_TEST_TMPDIR/out"
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'ended 0 restored' ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}
