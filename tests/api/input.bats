#!/usr/bin/env bats
# tests/api/input.bats: bodies that are wrong.  Each gets its status, its error word and
# a detail that names the fault, and the worker lives.

# shellcheck disable=SC2154,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  # Names that a program would not choose: quotes, escapes, several bytes, very long.
  gate_home
  {
    printf '"say ""a""",tab\\t,x%s,b,kind\n' "$(printf 'ü%.0s' {1..300})"
    for i in {1..20}; do echo "$i,$((i % 7)),$((i % 5)),$((i * i)),k$((i % 2))"; done
  } >"$G/odd.csv"
  "$FORESTGATE" model train --csv "$G/odd.csv" --target kind --trees 3 -o "$G/odd.fgm" >/dev/null
  cli model publish odd "$G/odd.fgm" >/dev/null
  sed 's/"num_feature":"6","num_target"/"num_feature":"5000","num_target"/' \
    "$TOP/tests/fixtures/xgboost/binary_logistic.json" >"$G/wide.json"
  "$FORESTGATE" model import "$G/wide.json" -o "$G/wide.fgm" >/dev/null
  cli model publish wide "$G/wide.fgm" >/dev/null
  printf 'predict_rows_limit = 1000\n' >>"$G/home/forestgate.conf"
  gate_start
  PIDS=$(gate_pids)
  export PIDS
}
teardown_file() { gate_stop; }

# The same workers as at the start answer still, all of them.
teardown() {
  if [ "$(gate_pids)" != "$PIDS" ]; then fail "workers were $PIDS and are $(gate_pids)"; fi
}

# refused STATUS WORD DETAIL BODY...: each body gets that.
refused() {
  local want="$1 $2" detail=$3 one
  shift 3
  for one; do
    predict "$one"
    # shellcheck disable=SC2086 # status and word
    assert_problem $want "$detail" || fail "for the body: ${one:0:300}"
  done
}

malformed() { refused 400 bad_request "$@"; }

# unfit FIELD PROBLEM ALLOWED BODY...: regular expressions for the first error.
unfit() {
  local field=$1 problem=$2 allowed=$3 one
  shift 3
  for one; do
    predict "$one"
    assert_problem 422 unprocessable_content "$problem" || fail "for the body: ${one:0:300}"
    assert_json --arg field "$field" --arg problem "$problem" --arg allowed "$allowed" '
      .errors | type == "array" and length >= 1 and length <= 20 and
      any(.[]; (.field | test($field)) and (.problem | test($problem)) and (.allowed | test($allowed)))
      and all(.[]; keys == ["allowed","field","problem"])' || fail "for the body: ${one:0:300}"
  done
}

@test "an empty body is a 400" {
  malformed 'JSON' '' ' ' $'\r\n'
  call POST /predict -k "$KEY"
  assert_problem 400 bad_request JSON
}

@test "what is not JSON is a 400" {
  malformed 'JSON' 'hello' '{' '[' '}' '"' '{"features":[1,2,3,4]' '{"features":[1,2,3,4}' \
    '{"features":[1,,2]}' '{"features":[1,2,]}' '{features:[1]}' "{'features':[1]}" '{"features" [1]}' \
    '{"features":[1 2]}' '{"features":[01]}' '{"features":[.5]}' '{"features":[5.]}' '{"features":[+1]}' \
    '{"features":[0x10]}' '{"features":[1e]}' '{"features":[1e+]}' '{"features":[-]}' '{"features":[tru]}' \
    '{"features":[TRUE]}' '{"features":[1]/*x*/}' '{,}' '{"features":[1],}' 'features=1&b=2' '<a/>' \
    $'{"features":[1]\v}' $'\xef\xbb\xbf{"features":[5.1,3.5,1.4,0.2]}' "$(printf '{"a\x01b":1}')" '{"a":"\x"}' \
    '{"a":"\u12"}' '{"a":"\ud800"}' '{"a":"\udc00x"}'
}

@test "what comes behind the JSON is a 400" {
  malformed 'JSON' "$IRIS x" "$IRIS$IRIS" "$IRIS," "$IRIS}" "$IRIS
null"
}

@test "NUL bytes are a 400, inside and behind" {
  for text in '{"features":[5.1,3.5,1.4,0.2]}\0' '{"features":[5.1,3.5\0,1.4,0.2]}' '{"fea\0tures":[1]}' '\0'; do
    # shellcheck disable=SC2059
    printf "$text" >"$BATS_TEST_TMPDIR/nul"
    call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/nul"
    assert_problem 400 bad_request JSON
  done
}

@test "a repeated key is a 400, also when it is written differently" {
  malformed '[Tt]wice|repeat|again|duplicate' '{"features":[5.1,3.5,1.4,0.2],"features":[5.1,3.5,1.4,0.2]}' \
    '{"features":[5.1,3.5,1.4,0.2],"f\u0065atures":[1,2,3,4]}' \
    '{"model":"iris","model":"iris","features":[5.1,3.5,1.4,0.2]}' \
    '{"features":{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4,"sepal_length":1}}' \
    '{"instances":[{"sepal_length":1,"sepal_length":2}]}' '{"x":{"a":1,"a":2},"features":[5.1,3.5,1.4,0.2]}'
}

@test "nesting 100,000 deep is a 400, in every place where a value may be" {
  deep=$(printf '[%.0s' {1..100000})
  shut=$(printf ']%.0s' {1..100000})
  brace=$(printf '{"a":%.0s' {1..50000})
  malformed 'deep' "$deep" "$deep$shut" "{\"features\":$deep$shut}" "{\"instances\":$deep$shut}" \
    "{\"x\":$deep$shut}" "{\"model\":$deep$shut}" "{\"features\":{\"sepal_length\":$deep$shut}}" "$brace" \
    "{\"features\":$brace"
}

@test "bad UTF-8 is a 400" {
  malformed 'UTF-8' $'{"features":[1,2,3,4],"\xff":1}' $'{"\xc3\x28":1}' $'{"\xc0\xaf":1}' $'{"\xed\xa0\x80":1}' \
    $'{"\xf5\x80\x80\x80":1}' $'{"model":"\xe2\x82"}' $'{"features":{"\x80":1}}' $'{"a":"\xf0\x9f\x98"}'
}

@test "NaN, Infinity and numbers too large for any float are a 400" {
  for number in NaN Infinity -Infinity nan inf 1e999 -1e999 1e400; do
    malformed 'JSON' "{\"features\":[$number,3.5,1.4,0.2]}" "{\"features\":{\"sepal_length\":$number}}" \
      "{\"instances\":[[5.1,3.5,1.4,$number]]}"
  done
}

@test "a number too large for the model's is a 422 that names it" {
  unfit '^features\[0\]$' 'too large' 'number' '{"features":[1e300,3.5,1.4,0.2]}'
  unfit '^instances\[1\]\[3\]$' 'too large' 'number' '{"instances":[[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,-3.5e38]]}'
  unfit '^features\.petal_width$' 'too large' 'number' \
    '{"features":{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":1e39}}'
}

@test "a wrong count of values is a 422 that says how many there are to be" {
  unfit '^features$' '^3 values .* 4 features|3 values' '^4 numbers$' '{"features":[5.1,3.5,1.4]}'
  unfit '^features$' '5 values' '4 numbers' '{"features":[5.1,3.5,1.4,0.2,1]}'
  unfit '^features$' '0 values' '4 numbers' '{"features":[]}'
  unfit '^features$' '1 value ' '4 numbers' '{"features":[1]}'
  unfit '^instances\[2\]$' '2 values' '4 numbers' '{"instances":[[1,2,3,4],[1,2,3,4],[1,2],[1,2,3,4]]}'
  unfit '^features$' '100000 values' '4 numbers' "{\"features\":[$(printf '1,%.0s' {1..99999})1]}"
}

@test "an unknown feature name is a 422 that lists the known ones" {
  unfit '^features\.sepal_lenght$' 'no such feature' 'sepal_length, sepal_width' \
    '{"features":{"sepal_lenght":5.1,"sepal_width":2,"petal_length":3,"petal_width":4}}'
  unfit '^instances\[0\]\.species$' 'no such feature' 'petal_width' \
    '{"instances":[{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4,"species":"setosa"}]}'
  # Names are exact: case, blanks, prefixes.
  for name in Sepal_length 'sepal_length ' sepal_lengt sepal_lengthh '' 'sepal_length\u0000'; do
    unfit 'features\.' 'no such feature' 'sepal_length' \
      "{\"features\":{\"$name\":5.1,\"sepal_width\":2,\"petal_length\":3,\"petal_width\":4}}"
  done
}

@test "each missing feature is named" {
  predict '{"features":{"sepal_width":3.5,"petal_width":0.2}}'
  assert_problem 422 unprocessable_content missing
  assert_json '[.errors[].field] == ["features.sepal_length","features.petal_length"]'
  predict '{"features":{}}'
  assert_json '.errors | length == 4'
}

@test "a string, null, boolean, object or array where a number belongs is a 422" {
  for bad in '"5.1"|a string' '""|a string' 'null|null' 'true|a boolean' 'false|a boolean' '{}|an object' \
    '{"a":[1]}|an object' '[5.1]|an array' '[]|an array'; do
    unfit '^features\[1\]$' "${bad#*|} where a number" 'number' "{\"features\":[5.1,${bad%|*},1.4,0.2]}"
    unfit '^features\.sepal_width$' "${bad#*|} where a number" 'number' \
      "{\"features\":{\"sepal_length\":1,\"sepal_width\":${bad%|*},\"petal_length\":3,\"petal_width\":4}}"
    unfit '^instances\[1\]\[0\]$' "${bad#*|} where a number" 'number' \
      "{\"instances\":[[5.1,3.5,1.4,0.2],[${bad%|*},3.5,1.4,0.2]]}"
  done
}

@test "something else than a row where a row belongs is a 422" {
  for bad in '"x"' null true 5 5.5; do
    unfit '^features$' 'where a row' 'array of 4 numbers' "{\"features\":$bad}"
    unfit '^instances\[1\]$' 'where a row' 'array of 4 numbers' "{\"instances\":[[5.1,3.5,1.4,0.2],$bad]}"
  done
  for bad in '"x"' null true 5 '{}' '{"a":[1,2,3,4]}'; do
    unfit '^instances$' 'where an array' 'array' "{\"instances\":$bad}"
  done
}

@test "features and instances together, or neither, is a 422" {
  unfit '^instances$' 'features are there' 'not both' \
    '{"features":[5.1,3.5,1.4,0.2],"instances":[[5.1,3.5,1.4,0.2]]}' \
    '{"instances":[[5.1,3.5,1.4,0.2]],"features":[5.1,3.5,1.4,0.2]}'
  unfit '^features$' 'missing' 'features .* instances' '{}' '{"model":"iris"}'
}

@test "no instances, and too many, is a 422" {
  unfit '^instances$' 'empty' 'one row' '{"instances":[]}'
  row='[5.1,3.5,1.4,0.2]'
  predict "{\"instances\":[$row$(printf ",$row%.0s" {1..999})]}"
  assert_status 200
  assert_json '.predictions | length == 1000'
  unfit '^instances$' '1000 rows' 'fewer' "{\"instances\":[$row$(printf ",$row%.0s" {1..1000})]}"
}

@test "an unknown member is a 422 that names the known ones" {
  unfit '^feature$' 'no such member' 'features' '{"feature":[5.1,3.5,1.4,0.2]}'
  unfit '^x$' 'no such member' 'instances' '{"features":[5.1,3.5,1.4,0.2],"x":{"deep":[1,{"a":null}]}}'
  unfit 'Features' 'no such member' 'model' '{"Features":[5.1,3.5,1.4,0.2]}'
}

@test "a body that is JSON but no object is a 422" {
  unfit '' 'the body is' 'object' '[5.1,3.5,1.4,0.2]' '[]' '"x"' '5' 'null' 'true' '[{"features":[1]}]'
}

@test "a model that is no name, or none that is published, is a 422" {
  unfit '^model$' 'no model "none"' 'GET /models' '{"model":"none","features":[5.1,3.5,1.4,0.2]}' \
    '{"features":[5.1,3.5,1.4,0.2],"model":"none"}'
  unfit '^model$' 'where a string' 'name' '{"model":5,"features":[5.1,3.5,1.4,0.2]}' \
    '{"model":null,"features":[5.1,3.5,1.4,0.2]}' '{"model":["iris"],"features":[5.1,3.5,1.4,0.2]}'
  unfit '^model$' 'no model' 'GET /models' '{"model":"../iris","features":[1]}' '{"model":"iris\u0000","features":[1]}' \
    "{\"model\":\"$(printf 'm%.0s' {1..5000})\",\"features\":[1]}" '{"model":"","features":[1]}' \
    '{"model":"<script>\u001b[31m\r\n\"","features":[1]}'
}

@test "what a client wrote comes back as JSON text and nothing else" {
  predict "$(printf '{"\\u001b[31m\\r\\n\\u0000\\ud83d\\ude00\\u202e<b>\\"%s":1}' "$(printf 'é%.0s' {1..300})")"
  assert_problem 422 unprocessable_content
  iconv -f UTF-8 -t UTF-8 "$body_file" >/dev/null || fail 'the answer is not UTF-8'
  if LC_ALL=C grep -qP '[\x00-\x1f]' "$body_file"; then fail 'control characters are in it'; fi
}

@test "feature names of any kind are answered as valid JSON" {
  long=x$(printf 'ü%.0s' {1..300})
  call POST /models/odd/predict -k "$KEY" -d '{"features":{"b":1}}'
  assert_problem 422 unprocessable_content 'missing'
  iconv -f UTF-8 -t UTF-8 "$body_file" >/dev/null || fail 'the answer is not UTF-8'
  if grep -q $'\xef\xbf\xbd' "$body_file"; then fail 'a character was cut in two'; fi
  assert_json '.errors[0].field == "features.say \"a\"" and .errors[1].field == "features.tab\\t"'
  call POST /models/odd/predict -k "$KEY" -d "{\"features\":{\"say \\\"a\\\"\":1,\"tab\\\\t\":2,\"$long\":3,\"b\":4}}"
  assert_status 200
  call GET /models/odd -k "$KEY"
  assert_json --arg long "$long" '[.features[].name] == ["say \"a\"","tab\\t",$long,"b"]'
}

@test "JSON that is broken is a 400 whatever was unfit before it" {
  malformed JSON '{"x":1,"features":["a"],' '{"model":"none","features":[1],]' '{"model":"odd","features":[1,2,3,4]'
}

@test "twenty faults are told and no more" {
  predict "{\"instances\":[$(printf '["x"],%.0s' {1..500})[1]]}"
  assert_problem 422 unprocessable_content
  assert_json '.errors | length == 20'
}

# Two bytes of each are 40,000 of the worker's.
@test "rows by name that leave all out are bounded by the numbers that they stand for" {
  call POST /models/wide/predict -k "$KEY" -d "{\"instances\":[$(printf '{},%.0s' {1..800}){}]}"
  assert_status 200
  assert_json '.predictions | length == 801'
  call POST /models/wide/predict -k "$KEY" -d "{\"instances\":[$(printf '{},%.0s' {1..900}){}]}"
  assert_problem 422 unprocessable_content 'over the limit of 838 rows'
}

@test "a large body is taken in its time and its memory is given back" {
  if sanitized; then skip 'a sanitizer keeps memory'; fi
  row='[5.1,3.5,1.4,0.2]'
  { printf '{"instances":[%s' "$row"; yes ",$row" | head -n 300000 | tr -d '\n'; printf ']}'; } >"$BATS_TEST_TMPDIR/large"
  for _ in 1 2 3 4; do
    call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/large"
    assert_problem 422 unprocessable_content '1000 rows'
  done
  given_back() {
    local pid kb
    predict "$IRIS"
    for pid in $PIDS; do
      kb=$(awk '/^Private_(Clean|Dirty)/ {sum += $2} END {print sum}' "/proc/$pid/smaps_rollup")
      echo "worker $pid has $kb KiB of its own" >"$BATS_TEST_TMPDIR/memory"
      [ "$kb" -le 2048 ] || return 1
    done
  }
  wait_for 20 given_back || fail "$(cat "$BATS_TEST_TMPDIR/memory")"
}
