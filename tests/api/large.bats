#!/usr/bin/env bats
# Bodies of JSON that are too large to be in memory: refused and answered as small ones are.
#
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib/api.bash

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  printf 'bulk_stall = 1s\npredict_body_limit = 256M\npredict_rows_limit = 1000000\nbulk_answer_limit = 16M\n' \
    >>"$G/home/forestgate.conf"
  head -c 300000 /dev/zero | tr '\0' ' ' >"$G/blank"
  gate_start --workers 2
}

teardown_file() { gate_stop; }

# Of two answers what differs from call to call: ids and times.
plain() { sed 's/"request_id":.*//' "$1"; }

# alike JSON [URI]: the same answer whether the body is small or, with blanks in it, large.
alike() {
  local small
  call POST "${2:-/predict}" -k "$KEY" -d "$1"
  small=$status
  plain "$body_file" >"$BATS_TEST_TMPDIR/small"
  { printf %s "$1" && cat "$G/blank"; } >"$BATS_TEST_TMPDIR/padded"
  call POST "${2:-/predict}" -k "$KEY" -f "$BATS_TEST_TMPDIR/padded"
  plain "$body_file" >"$BATS_TEST_TMPDIR/large"
  [ "$status" = "$small" ] || fail "$status is not $small: $1"
  cmp "$BATS_TEST_TMPDIR/small" "$BATS_TEST_TMPDIR/large" || fail "$1" "$(head -c 500 "$BATS_TEST_TMPDIR/small")" "$(head -c 500 "$BATS_TEST_TMPDIR/large")"
}

# instances N ROW
instances() {
  { printf '{"instances":[%s' "$2" && yes ",$2" | head -n $(($1 - 1)) | tr -d '\n' && printf ']}'; } >"$BATS_TEST_TMPDIR/rows"
}

@test "what is wrong with a large body is refused as with a small one" {
  for body_of in '{"instances":[[5.1,3.5,1.4,0.2],[1]]}' '{"instances":[[5.1,3.5,"x",0.2],{"sepal_length":1}]}' \
    '{"instances":[]}' '{"instances":7}' '{"features":[1,2]}' '{"features":[1,2,3,4],"instances":[[1,2,3,4]]}' \
    '{"instances":[[1,2,3,4]],"colour":"red"}' '{"instances":[[1,2,3,4]],"outputs":["red"]}' \
    '{"instances":[[1,2,3,4]],"model":"nobody"}' '{"instances":["a text of some letters"]}' \
    '{"instances":[[1,2 3,4]]}' '[]' '{"instances":[[1,2,3,1e999]]}' '{"a":1,"a":2}'; do
    alike "$body_of"
    [[ "$status" = 4* ]] || fail "$status $body_of"
  done
  alike '{"instances":[[1,2,3,4]],"model":"price"}' /models/iris/predict
}

@test "what a large body is answered has the bytes of a small one's answer" {
  for body_of in '{"features":[5.1,3.5,1.4,0.2]}' '{"instances":[[5.1,3.5,1.4,0.2]]}' \
    '{"instances":[[5.1,3.5,1.4,0.2],{"petal_width":2.5,"petal_length":6,"sepal_width":3,"sepal_length":7},[5,3,4,1]]}' \
    '{"instances":[[5.1,3.5,1.4,0.2],[5,3,4,1]],"outputs":["label","probabilities","margin","leaves"]}' \
    '{"outputs":[],"instances":[[5.1,3.5,1.4,0.2]]}' '{"instances":[[99,3.5,1.4,0.2],[-99,1,1,1]]}' \
    '{"instances":[[0.5,0.5],[0.1,0.2]],"model":"price"}' '{"model":"price","features":{"a":1,"b":0.5}}'; do
    alike "$body_of"
    assert_status 200
  done
}

@test "many rows are answered in their order, as forestgate predict does" {
  cut -d, -f1-4 "$TOP/model/iris.csv" >"$G/rows.csv"
  tail -n +2 "$G/rows.csv" | jq -Rnc '[inputs | split(",") | map(tonumber)] as $r | {instances: [range(200) | $r[]]}' >"$BATS_TEST_TMPDIR/rows"
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$G/rows.csv" | tail -n +2 >"$BATS_TEST_TMPDIR/once"
  for _ in {1..200}; do cat "$BATS_TEST_TMPDIR/once"; done >"$BATS_TEST_TMPDIR/want"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  jq -r '.labels[]' "$body_file" | cmp - "$BATS_TEST_TMPDIR/want"
  assert_json '(.predictions | length) == 30000 and (.probabilities | length) == 30000'
}

@test "rows are charged once, to the row, and not where the body is refused" {
  local KEY
  cli tier set by-row --quota 60000/day --price row >/dev/null
  KEY=$(cli key create --name row --tier by-row 2>/dev/null)
  instances 30000 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  [[ "$(header_of ratelimit)" == *'r=30000'* ]] || fail "$headers"
  truncate -s -1 "$BATS_TEST_TMPDIR/rows"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_problem 400 bad_request
  instances 30001 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  [ "$status" = 429 ] || fail "$status"
  instances 30000 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  [[ "$(header_of ratelimit)" == *'r=0'* ]] || fail "$headers"
  assert_books
}

@test "an answer of more than four million numbers is given, and one over its bytes refused" {
  instances 500000 '[5,3,1,0]'
  sed -i 's/}$/,"outputs":["leaves"]}/' "$BATS_TEST_TMPDIR/rows"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  [ "$(grep -o '\],\[' "$body_file" | wc -l)" = 499999 ]
  sed -i 's/"leaves"/"probabilities","margin","leaves"/' "$BATS_TEST_TMPDIR/rows"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_problem 422 unprocessable_content 'over the limit of its bytes'
}

@test "a large answer is sealed where that is asked for, within what memory may take" {
  instances 20000 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" HTTP_ACCEPT=application/jose
  assert_status 200
  [ "$(header_of content-type)" = application/jose ]
  [ "$(tr -dc . <"$body_file" | wc -c)" = 4 ]
  instances 500000 '[5,3,1,0]'
  sed -i 's/}$/,"outputs":["leaves"]}/' "$BATS_TEST_TMPDIR/rows"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" HTTP_ACCEPT=application/jose
  assert_problem 422 unprocessable_content
}

@test "with an Idempotency-Key another large body is told from the first" {
  instances 30000 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" HTTP_IDEMPOTENCY_KEY=one
  assert_status 200
  cp "$body_file" "$BATS_TEST_TMPDIR/first"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" HTTP_IDEMPOTENCY_KEY=one
  cmp "$BATS_TEST_TMPDIR/first" "$body_file"
  sed -i 's/0.2\]\]}$/0.3]]}/' "$BATS_TEST_TMPDIR/rows"
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" HTTP_IDEMPOTENCY_KEY=one
  [ "$status" = 422 ] || fail "$status"
}

@test "memory does not grow with the rows" {
  if sanitized; then skip 'a sanitizer keeps what was freed'; fi
  local few many
  for n in 20000 20000 20000 20000; do
    instances $n '[5.1,3.5,1.4,0.2]'
    call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  done
  few=$(peak)
  instances 600000 '[5.1,3.5,1.4,0.2]'
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  many=$(peak)
  echo "few $few kB, many $many kB" >&2
  [ "$many" -le $((few + 1024)) ]
}

# The most that any worker had in memory, in kB.
peak() {
  local pid
  for pid in $(gate_pids); do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; done | sort -n | tail -n 1
}

@test "nothing of a body or an answer is left in the home but what a key has kept" {
  [ -z "$(find "$G/home/jobs" -type f ! -name "*.kept")" ]
}
