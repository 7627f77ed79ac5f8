#!/usr/bin/env bats
# tests/api/v1.bats: clients of KServe v1 and of TensorFlow Serving: what they ask and read, and
# that it is the one prediction path which answers: its limits, its charges, its large bodies.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set by lib/api; dollars of jq
load ../lib/api
load ../lib/vectors

setup_file() {
  vectors_home
  cli tier set rows --rate 1000000/60s --quota 1000/day --price row >/dev/null
  cli tier set few --rate 2/60s >/dev/null
  printf 'predict_body_limit = 8M\npredict_rows_limit = 20000\n' >>"$G/home/forestgate.conf"
  head -c 300000 /dev/zero | tr '\0' ' ' >"$G/blank"
  gate_start
}
teardown_file() { gate_stop; }

V1=/v1/models/iris:predict
ROWS='{"instances":[[5.1,3.5,1.4,0.2],[6.7,3,5.2,2.3]]}'

# key [OPTION...]: a key of these options.
key() { cli key create --name another "$@" 2>/dev/null; }

# Rows that a key was charged today.
charged() {
  cli call stats --json >/dev/null
  database "SELECT coalesce(sum(charged), 0) FROM usage WHERE key = '$(cut -d_ -f2 <<<"$1")'"
}

# alike JSON URI: the same answer whether the body is small or, with blanks in it, large.
alike() {
  local small
  call POST "$2" -k "$KEY" -d "$1"
  small=$status
  sed 's/"request_id":.*//' "$body_file" >"$BATS_TEST_TMPDIR/small"
  { printf %s "$1" && cat "$G/blank"; } >"$BATS_TEST_TMPDIR/padded"
  call POST "$2" -k "$KEY" -f "$BATS_TEST_TMPDIR/padded"
  sed 's/"request_id":.*//' "$body_file" >"$BATS_TEST_TMPDIR/large"
  [ "$status" = "$small" ] || fail "$status is not $small: $1"
  cmp "$BATS_TEST_TMPDIR/small" "$BATS_TEST_TMPDIR/large" || fail "$1" "$(head -c 500 "$BATS_TEST_TMPDIR/small")" "$(head -c 500 "$BATS_TEST_TMPDIR/large")"
}

@test "a key's scopes, models and limits hold for every verb" {
  local none few verb
  none=$(key --models price)
  for verb in predict explain classify regress; do
    call POST "/v1/models/iris:$verb" -d "$ROWS"
    assert_problem 401 unauthorized
    call POST "/v1/models/iris:$verb" -k "$none" -d "$ROWS"
    assert_problem 403 forbidden
    call POST "/v1/models/iris/versions/1:$verb" -k "$none" -d "$ROWS"
    assert_problem 403 forbidden
  done
  for verb in '' /metadata /versions/1 /versions/1/metadata; do
    call GET "/v1/models/iris$verb" -k "$none"
    assert_problem 403 forbidden
  done
  call GET /v1/models -k "$none"
  assert_json '. == {models: ["price"]}'
  few=$(key --tier few)
  call POST $V1 -k "$few" -d "$ROWS"
  assert_status 200
  [ -n "$(header_of ratelimit)" ]
  call POST /v1/models/iris:classify -k "$few" -d '{"examples":[{}]}'
  assert_status 422
  call POST $V1 -k "$few" -d "$ROWS"
  assert_status 429
  [ -n "$(header_of retry-after)" ]
  assert_json '.error == .detail and (.error | length > 10)'
}

@test "what is wrong is a refusal that says where, and what is right has the protocol's answer" {
  vectors v1.jsonl
}

@test "rows are charged as they are everywhere, and refused ones are not" {
  local paid body
  paid=$(key --tier rows)
  for body in "$ROWS" '{"inputs":{"sepal_length":[5.1,1,1],"sepal_width":[3,1,1],"petal_length":[1,1,1],"petal_width":[1,1,1]}}' \
    '{"inputs":[[5.1,3.5,1.4,"x"]]}' '{"inputs":{"sepal_length":[1,2]}}'; do
    call POST $V1 -k "$paid" -d "$body"
  done
  assert_status 422
  call POST /v1/models/iris/versions/1:explain -k "$paid" -d "$ROWS"
  assert_status 200
  [ "$(header_of forestgate-model)" = 'iris; version=1' ]
  [ "$(charged "$paid")" = 7 ]
  database "SELECT route, model, version, rows, status FROM call WHERE key = '$(cut -d_ -f2 <<<"$paid")' ORDER BY started_us" \
    >"$BATS_TEST_TMPDIR/calls"
  diff - "$BATS_TEST_TMPDIR/calls" <<'END'
v1Predict|iris|2|2|200
v1Predict|iris|2|3|200
v1Predict|||0|422
v1Predict|||0|422
v1ExplainVersion|iris|1|2|200
END
  assert_books
}

@test "the same request again under its Idempotency-Key has the answer of before" {
  local id
  call POST $V1 -k "$KEY" -d "$ROWS" HTTP_IDEMPOTENCY_KEY='"v1-1"'
  assert_status 200
  id=$(header_of forestgate-model)
  call POST $V1 -k "$KEY" -d "$ROWS" HTTP_IDEMPOTENCY_KEY='"v1-1"'
  [ "$(header_of idempotency-replayed)" = true ]
  [ "$(header_of forestgate-model)" = "$id" ]
  assert_json '. == {predictions: [0, 2]}'
}

@test "a large body is answered or refused as a small one, in every form" {
  local row='[5.1,3.5,1.4,0.2],[6.7,3,5.2,2.3]' columns='"petal_width","petal_length","sepal_width","sepal_length"'
  alike "$ROWS" $V1
  alike '{"instances":[[5.1,3.5,1.4,0.2],[1]]}' $V1
  alike "{\"inputs\":[$row],\"signature_name\":\"predict_proba\"}" $V1
  alike "{\"inputs\":{\"x\":[$row]}}" $V1
  alike '{"inputs":{"sepal_length":[5.1,1],"sepal_width":[3,1],"petal_length":[1,1],"petal_width":[1,1]}}' $V1
  alike '{"inputs":{"sepal_length":[5.1,1],"sepal_width":[3],"petal_length":[1,1],"petal_width":[1,1]}}' $V1
  alike "{\"instances\":[$row],\"parameters\":{\"output\":\"leaves\"}}" /v1/models/iris/versions/1:predict
  alike '{"examples":[{"sepal_length":5.1,"sepal_width":3,"petal_length":1,"petal_width":1}]}' /v1/models/iris:classify
  alike "$ROWS" /v1/models/iris:explain
  alike "{\"dataframe_split\":{\"columns\":[$columns],\"data\":[$row]}}" /invocations
  alike "{\"dataframe_split\":{\"data\":[$row],\"columns\":[$columns]},\"params\":{\"output\":\"label\"}}" /invocations
  alike "{\"dataframe_split\":{\"data\":[$row],\"columns\":[\"petal_width\"]}}" /invocations
  alike '{"dataframe_records":[{"sepal_length":5.1,"sepal_width":3,"petal_length":1,"petal_width":1,"z":0}]}' /invocations
  alike '{"inputs":["What a lovely day, I am so happy!"]}' /invocations
  alike '{"inputs":{"data":{"petal_width":["0.2"],"petal_length":["1.4"],"sepal_length":["5.1"],"sepal_width":["3.5"]}}}' /hf/models/iris
  alike '{"inputs":["What a lovely day, I am so happy!"]}' /hf/models/sentiment
}

@test "many rows are answered in every form, and too many are refused with the limit" {
  local n
  for n in 20000 20001; do
    python3 - "$n" "$BATS_TEST_TMPDIR" <<'PY'
import json, sys
n, place = int(sys.argv[1]), sys.argv[2]
names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
rows = [[4 + i % 40 / 10, 2 + i % 20 / 10, 1 + i % 60 / 10, 0.1 + i % 24 / 10] for i in range(n)]
columns = {name: [row[k] for row in rows] for k, name in enumerate(names)}
for name, body in {'rows': {'instances': rows}, 'columns': {'inputs': columns},
                   'split': {'dataframe_split': {'data': [row[::-1] for row in rows], 'columns': names[::-1]}}}.items():
    json.dump(body, open(place + '/' + name, 'w'))
PY
    call POST $V1 -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
    if [ "$n" = 20000 ]; then
      assert_json '.predictions | length == 20000'
      jq -c '.predictions' "$body_file" >"$BATS_TEST_TMPDIR/want"
      call POST $V1 -k "$KEY" -f "$BATS_TEST_TMPDIR/columns"
      jq -c '.outputs' "$body_file" | cmp - "$BATS_TEST_TMPDIR/want"
      call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/split"
      jq -c '.predictions' "$body_file" | cmp - "$BATS_TEST_TMPDIR/want"
    else
      assert_problem 422 unprocessable_content 'instances: over the limit of 20000 rows'
      call POST $V1 -k "$KEY" -f "$BATS_TEST_TMPDIR/columns"
      assert_problem 422 unprocessable_content 'inputs: over the limit of 20000 rows'
      call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/split"
      assert_problem 422 unprocessable_content 'dataframe_split.data: over the limit of 20000 rows'
    fi
  done
}

@test "columns that are held are bounded, and a body whose model changes on the way is, too" {
  python3 - "$BATS_TEST_TMPDIR" <<'PY'
import json, sys
place, n = sys.argv[1], 20000
names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
text = [{'text': 'a text of words'}] * n
json.dump({'inputs': {'petal_width': text, 'text': []}}, open(place + '/turned', 'w'))
json.dump({'inputs': {name: [0.5] * n for name in names}, 'parameters': {'output': 'leaves'}}, open(place + '/leaves', 'w'))
PY
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/turned"
  assert_problem 422 unprocessable_content
  call POST $V1 -k "$KEY" -f "$BATS_TEST_TMPDIR/leaves"
  assert_status 200
  assert_json '.outputs | length == 20000 and (.[0] | length == 10)'
  for pid in $(gate_pids); do
    [ "$(awk '/^VmHWM/ {print $2}' "/proc/$pid/status")" -lt 20000 ] || sanitized
  done
}

@test "a body over the limit is a 413 that says it" {
  head -c 9000000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/blank"
  call POST $V1 -k "$KEY" -f "$BATS_TEST_TMPDIR/blank"
  assert_problem 413 content_too_large 'limit of 8388608 bytes'
}

@test "what was asked is kept as the model's setting says, whoever's protocol it came in" {
  cli model keep iris --rate 100% --days 3 >/dev/null
  call POST $V1 -k "$KEY" -d "$ROWS" HTTP_X_REQUEST_ID=kept-v1
  assert_status 200
  call POST /feedback -k "$KEY" -d '{"request_id":"kept-v1","row":1,"truth":"virginica"}'
  assert_status 200
  cli model keep iris --off >/dev/null
}
