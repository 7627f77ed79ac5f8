#!/usr/bin/env bats
# tests/cli/call.bats: the call log as it is listed and summed up.

bats_require_minimum_version 1.5.0
load ../lib/api

A=AAAAAAAAAAAA B=BBBBBBBBBBBB
DAY=86400000000
NOON=1732190400000000 # 2024-11-21T12:00:00Z

# call_put SEQ STARTED_US KEY MODEL STATUS CHARGED [COLUMN=VALUE...]: as the ledger does it.
call_put() {
  local seq=$1 started=$2 key=$3 model=$4 status=$5 charged=$6
  shift 6
  cat <<SQL
INSERT INTO call VALUES ($seq, 'request-$seq', $started, 250, '$key', NULL, NULLIF('$model', ''), 3, 'predict', 1,
  $charged, $status, '192.0.2.7', NULL);
INSERT INTO usage VALUES ('$key', floor($started / ($DAY * 1.0)), '$model', 1, 1, $charged, $status >= 400, 0, 250, $started)
  ON CONFLICT DO UPDATE SET calls = calls + 1, rows = rows + 1, charged = charged + excluded.charged,
  failed = failed + excluded.failed, duration_us = duration_us + excluded.duration_us;
INSERT INTO call_day VALUES (floor($started / ($DAY * 1.0)), $seq) ON CONFLICT DO NOTHING;
SQL
  for set; do echo "UPDATE call SET $set WHERE seq = $seq;"; done
}

setup_file() {
  cli init >/dev/null
  {
    echo 'BEGIN;'
    echo "INSERT INTO user VALUES ('carol', 'carol@example.org', '', '', NULL, 0, 1, '*', 'free', 0, 0, NULL, '!');"
    echo "INSERT INTO key (id, name, mac, models, created_at, user) VALUES ('$A', '', x'', '*', 0, 'carol');"
    call_put 1 $((NOON - 3 * DAY)) $A iris 200 1
    call_put 2 $((NOON - DAY)) $A iris 200 1 "user = 'carol'"
    call_put 3 $((NOON - DAY + 1)) $B wine 429 0 "over = '60s'"
    call_put 4 $NOON $A '' 401 0 'version = NULL' 'address = NULL'
    call_put 5 $((NOON + 123456)) $B iris 503 0 'rows = 7'
    echo 'COMMIT;'
  } | sqlite3 "$G/home/forestgate.db"
}

# calls ARGUMENT...: the numbers of what is listed, newest first.
calls() { cli call list --json "$@" | jq -r '[.[].request_id[8:]] | join(" ")'; }

assert_calls() {
  local want=$1 got
  shift
  got=$(calls "$@")
  [ "$got" = "$want" ] || fail "$* listed: $got"
}

# The columns of the widest line of a file.
widest() { LC_ALL=C.UTF-8 wc -L <"$1"; }

# misuse REGEX ARGUMENT...
misuse() {
  local want=$1
  shift
  run --separate-stderr cli "$@"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = 2 ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
}

@test "what is no time, status, number, key or sum is a usage error that says what is allowed" {
  for time in '' now 2026 2026-13-01 2026-02-30 2026-11-21T10:00:00 10:00 30 -1h 1y 2026-11-21T25:00:00Z 0x10 \
    99999999999999999999 "$(printf '9%.0s' {1..500})"; do
    for option in --since --until; do
      misuse "$option: .*2026-11-21T10:00:00Z.*30d" call list "$option" "$time"
      misuse "$option: .*2026-11-21T10:00:00Z.*30d" call stats "$option" "$time"
    done
  done
  for text in '' 99 600 0 -1 4x xx 0xx 6xx 4xxx 200-100 100-600 200- -200 - 200-300-400 200,300 99999999999999999999; do
    misuse '\-\-status: .*429.*4xx.*400-499' call list "--status=$text"
  done
  for text in -1 '' x 1.5 99999999999999999999; do misuse '\-\-limit: ' call list --limit "$text"; done
  for text in '' x AAAA "$A$A"; do misuse 'key' call list --key "$text"; done
  for text in '' all Key key,day; do misuse '\-\-by: .*key, model or day' call stats --by "$text"; done
  misuse 'one of them' call list --json --csv
  misuse 'one of them' call stats --json --csv
  misuse 'no option --by' call list --by key
  misuse 'no option --limit' call stats --limit 1
}

@test "a whole key is taken where its id is, and shown by none of it" {
  key=$(cli key create --name whole 2>/dev/null)
  id=$(cut -d_ -f2 <<<"$key")
  call_put 100 $((NOON - 9 * DAY)) "$id" iris 200 1 | sqlite3 "$G/home/forestgate.db"
  assert_calls 100 --key "$key"
  run cli call list --key "${key%?}"
  [ "$status" = 2 ]
  if grep -qF "$(cut -d_ -f3 <<<"$key")" <<<"$output"; then fail "the secret is shown: $output"; fi
  sqlite3 "$G/home/forestgate.db" "DELETE FROM call WHERE seq = 100; DELETE FROM usage WHERE key = '$id';
    DELETE FROM call_day WHERE first_seq = 100"
}

@test "calls are listed newest first, and each filter leaves out what does not fit" {
  assert_calls '5 4 3 2 1'
  assert_calls '5 4' --limit 2
  assert_calls '5 4 3 2 1' --limit 0
  assert_calls '5 4 3 2 1' --limit 9223372036854775807
  assert_calls '4 2 1' --key $A
  assert_calls '4 2' --key $A --limit 2
  assert_calls '' --key CCCCCCCCCCCC
  assert_calls '2' --user carol
  assert_calls '2' --user carol@example.org
  assert_calls '2' --user carol --key $A
  assert_calls '' --user carol --key $B
  assert_calls '' --user ''
  assert_calls '5 2 1' --model iris
  assert_calls '3' --request-id request-3
  assert_calls '2 1' --status 200
  assert_calls '4 3' --status 4xx
  assert_calls '5' --status 5xx
  assert_calls '3' --status 402-503 --key $B --model wine
  assert_calls '5 4' --since 2024-11-21
  assert_calls '5 4' --since 2024-11-21T12:00:00Z
  assert_calls '5' --since 2024-11-21T12:00:00.000001Z
  assert_calls '5 4' --since 2024-11-21T13:00:00+01:00
  assert_calls '3 2 1' --until 2024-11-21
  assert_calls '3 2' --since 2024-11-20 --until 2024-11-21T00:00:00Z
  assert_calls '' --since 2024-11-22
  assert_calls '' --since 2024-11-21 --until 2024-11-20
  assert_calls '5 4 3 2 1' --since 0000-01-01 --until 9999-12-31T23:59:59Z
  assert_calls '' --until 1970-01-01
  assert_calls '5 4 3 2 1' --since 1970-01-01
  assert_calls '5 4 3 2 1' --since 5000w
}

@test "a duration is so long ago" {
  "$FORESTGATE" --home "$G/ago" init >/dev/null
  call_put 1 $((($(date +%s) - 7200) * 1000000)) $A iris 200 1 | sqlite3 "$G/ago/forestgate.db"
  for range in '121m 119m 1' '119m 1m 0' '1d 1h 1' '100w 3h 0'; do
    read -r since until want <<<"$range"
    got=$("$FORESTGATE" --home "$G/ago" call list --since "$since" --until "$until" --json | jq length)
    [ "$got" = "$want" ] || fail "$range: $got"
  done
}

@test "JSON has every field of a call, null where there is none" {
  cli call list --json --limit 2 | jq -e --arg a $A --arg b $B '. == [
    {request_id: "request-5", started_at: "2024-11-21T12:00:00.123456Z", duration_us: 250, key: $b, user: null,
     model: "iris", version: 3, route: "predict", rows: 7, charged: 0, status: 503, address: "192.0.2.7", over: null},
    {request_id: "request-4", started_at: "2024-11-21T12:00:00.000000Z", duration_us: 250, key: $a, user: null,
     model: null, version: null, route: "predict", rows: 1, charged: 0, status: 401, address: null, over: null}]'
  [ "$(cli call list --json --user nobody)" = '[]' ]
}

@test "CSV has a head, nothing where there is no value, and quotes what has to be quoted" {
  run cli call list --csv --request-id request-4
  [ "${lines[0]}" = 'request_id,started_at,duration_us,key,user,model,version,route,rows,charged,status,address,over' ]
  [ "${lines[1]}" = "request-4,2024-11-21T12:00:00.000000Z,250,$A,,,,predict,1,0,401,," ]
  [ "${#lines[@]}" = 2 ]
  sqlite3 "$G/home/forestgate.db" "UPDATE call SET user = 'a \"b\", c' WHERE seq = 4"
  cli call list --csv --limit 2 | grep -qF ",$A,\"a \"\"b\"\", c\",,"
  cli call list --json --limit 2 | jq -e '.[1].user == "a \"b\", c"'
  sqlite3 "$G/home/forestgate.db" 'UPDATE call SET user = NULL WHERE seq = 4'
  run --separate-stderr cli call list --csv --user nobody
  [ "${#lines[@]}" = 1 ]
}

@test "the table has a line for each call, with - where there is no value" {
  run cli call list
  [ "${#lines[@]}" = 6 ]
  [[ "${lines[0]}" =~ ^'STARTED AT'\ +MS\ +STATUS\ +KEY\ .*'REQUEST ID'$ ]] || fail "${lines[0]}"
  [[ "${lines[2]}" =~ ^2024-11-21T12:00:00.000000Z\ +0.25\ +401\ +$A\ +-\ +-\ +-\ +predict\ +1\ +0\ +-\ +-\ +request-4$ ]] ||
    fail "${lines[2]}"
}

@test "sums are of key, day and model, or of one of them" {
  cli call stats --json | jq -e --arg a $A --arg b $B '. == [
    {key: $a, day: "2024-11-18", model: "iris", calls: 1, rows: 1, charged: 1, failed: 0, over: 0, mean_ms: 0.25},
    {key: $a, day: "2024-11-20", model: "iris", calls: 1, rows: 1, charged: 1, failed: 0, over: 0, mean_ms: 0.25},
    {key: $a, day: "2024-11-21", model: null, calls: 1, rows: 1, charged: 0, failed: 1, over: 0, mean_ms: 0.25},
    {key: $b, day: "2024-11-20", model: "wine", calls: 1, rows: 1, charged: 0, failed: 1, over: 0, mean_ms: 0.25},
    {key: $b, day: "2024-11-21", model: "iris", calls: 1, rows: 1, charged: 0, failed: 1, over: 0, mean_ms: 0.25}]'
  cli call stats --json --by key | jq -e --arg a $A --arg b $B 'map([.key, .calls, .charged, .failed, has("day")]) ==
    [[$a, 3, 2, 1, false], [$b, 2, 0, 2, false]]'
  cli call stats --json --by model | jq -e 'map([.model, .calls]) == [[null, 1], ["iris", 3], ["wine", 1]]'
  cli call stats --json --by day | jq -e 'map([.day, .calls]) == [["2024-11-18", 1], ["2024-11-20", 2], ["2024-11-21", 2]]'
  cli call stats --json --by day --key $A --model iris | jq -e 'map(.day) == ["2024-11-18", "2024-11-20"]'
  # A day counts whole, whatever of it lies within.
  cli call stats --json --by day --since 2024-11-20T23:00:00Z --until 2024-11-21 | jq -e 'map(.day) == ["2024-11-20"]'
  cli call stats --json --by day --until 2024-11-21T00:00:01Z | jq -e 'length == 3'
  [ "$(cli call stats --json --key CCCCCCCCCCCC)" = '[]' ]
  run cli call stats --csv --by model
  [ "$output" = 'model,calls,rows,charged,failed,over,mean_ms
,1,1,0,1,0,0.25
iris,3,3,2,1,0,0.25
wine,1,1,0,1,0,0.25' ]
}

@test "below the table stands a chart of the calls per day, with the days that had none" {
  COLUMNS=30 LC_ALL=C run cli call stats --by key
  [ "${lines[3]}" = 'calls per day' ] || fail "$output"
  [ "${lines[4]}" = '2024-11-18  1 ########' ] || fail "$output"
  [ "${lines[5]}" = '2024-11-19  0' ]
  [ "${lines[6]}" = '2024-11-20  2 ################' ]
  [ "${#lines[@]}" = 8 ]
  COLUMNS=18 LC_ALL=C.UTF-8 run cli call stats --by key
  [ "${lines[4]}" = '2024-11-18  1 ██' ] || fail "$output"
  for width in 1 10 14 15 16; do
    COLUMNS=$width LC_ALL=C.UTF-8 cli call stats --by model | sed '1,/calls per day/d' >"$BATS_TEST_TMPDIR/chart"
    [ "$(widest "$BATS_TEST_TMPDIR/chart")" -le "$width" ] || fail "wider than $width"
  done
  for form in --json --csv; do if cli call stats "$form" | grep -q 'per day'; then fail "$form has a chart"; fi; done
  if cli call stats --key CCCCCCCCCCCC | grep -q 'per day'; then fail 'a chart of nothing'; fi
}

@test "a terminal's own width counts, and a pipe is 80 wide" {
  unset COLUMNS
  cli call stats --by key | sed '1,/calls per day/d' >"$BATS_TEST_TMPDIR/piped"
  [ "$(widest "$BATS_TEST_TMPDIR/piped")" = 80 ]
  script -qec "stty cols 40; '$FORESTGATE' --home '$G/home' call stats --by key" /dev/null </dev/null 3>&- |
    tr -d '\r' | sed '1,/calls per day/d' >"$BATS_TEST_TMPDIR/typed"
  [ "$(widest "$BATS_TEST_TMPDIR/typed")" = 40 ] || fail "$(cat "$BATS_TEST_TMPDIR/typed")"
}

@test "an empty log is an empty list" {
  "$FORESTGATE" --home "$G/empty" init >/dev/null
  for arguments in 'list' 'list --csv' 'stats' 'stats --csv' 'stats --by day' 'list --since 1h' "list --key $A"; do
    # shellcheck disable=SC2086
    run --separate-stderr "$FORESTGATE" --home "$G/empty" call $arguments
    [ "$status" = 0 ]
    [ "${#lines[@]}" = 1 ] || fail "$arguments: $output"
  done
  [ "$("$FORESTGATE" --home "$G/empty" call list --json)" = '[]' ]
  [ "$("$FORESTGATE" --home "$G/empty" call stats --json)" = '[]' ]
}

# 60000 calls are some 15 MB of JSON.
many() {
  if [ -e "$G/many" ]; then return 0; fi
  "$FORESTGATE" --home "$G/many" init >/dev/null
  "$TOP/tests/bench/fill" "$G/many" 100 60000
}

@test "of a log of any length the memory does not grow, and a list that breaks off ends" {
  many
  run "$TOP/tests/bench/fill" "$G/many" 1 1
  [ "$status" = 1 ]
  mcli() { "$FORESTGATE" --home "$G/many" "$@"; }
  [ "$(mcli call list --limit 0 --json | jq length)" = 60000 ]
  [ "$(mcli call list --limit 0 --csv | tail -n +2 | sort -u | wc -l)" = 60000 ]
  # The list, the sums and what is charged agree.
  [ "$(mcli call list --limit 0 --json | jq 'map(.charged) | add')" = "$(mcli call stats --json | jq 'map(.charged) | add')" ]
  for by in key model day; do
    [ "$(mcli call stats --json --by "$by" | jq 'map(.calls) | add')" = 60000 ] || fail "by $by"
  done
  key=$(mcli call stats --json --by key | jq -r 'max_by(.calls).key')
  mcli call list --limit 0 --key "$key" --json | jq -e --arg key "$key" \
    --argjson want "$(mcli call stats --by key --key "$key" --json | jq '.[0].calls')" 'length == $want and all(.[]; .key == $key)'
  if ! sanitized; then
    run bash -c 'ulimit -v 60000; "$0" --home "$1" call list --limit 0 --json | tail -c 3' "$FORESTGATE" "$G/many"
    [ "$output" = '}]' ] || fail "$output"
  fi
  run bash -c '"$0" --home "$1" call list --limit 0 >/dev/full' "$FORESTGATE" "$G/many"
  [ "$status" = 1 ]
  [ "${#lines[@]}" = 1 ]
  [[ "$output" == *'standard output'*'o space'* ]] || fail "$output"
  run bash -c '"$0" --home "$1" call stats >/dev/full' "$FORESTGATE" "$G/many"
  [ "$status" = 1 ]
  # A reader that has seen enough: by signal, and where that is ignored by error.
  run bash -c '"$0" --home "$1" call list --limit 0 | head -n 1; exit "${PIPESTATUS[0]}"' "$FORESTGATE" "$G/many"
  [ "$status" = 141 ] || fail "it ended with $status: $output"
  run bash -c 'trap "" PIPE; "$0" --home "$1" call list --limit 0 | head -n 1; exit "${PIPESTATUS[0]}"' "$FORESTGATE" "$G/many"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" == *'roken pipe'* ]] || fail "$output"
}

@test "a reader that stands still holds up no checkpoint" {
  many
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  "$FORESTGATE" --home "$G/many" call list --limit 0 >"$BATS_TEST_TMPDIR/pipe" 3>&- &
  lister=$!
  exec 7<"$BATS_TEST_TMPDIR/pipe"
  read -r _ <&7
  for _ in {1..3}; do
    sqlite3 "$G/many/forestgate.db" "UPDATE drained SET seq = seq + 1"
    # 0|N|N: not busy, and all of the WAL is in the database.
    run sqlite3 "$G/many/forestgate.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
    [ "$output" = '0|0|0' ] || fail "$output"
  done
  kill -0 "$lister"
  kill "$lister"
  exec 7<&-
}
