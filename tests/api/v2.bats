#!/usr/bin/env bats
# tests/api/v2.bats: the Open Inference Protocol: what is refused, and what is answered, as the
# vectors have it (tests/vectors/oip).

# shellcheck disable=SC2154,SC2016 # set by lib/api; dollars of jq
load ../lib/api

oip() { /usr/bin/python3 "$TOP/tests/lib/oip.py" "$@"; }

setup_file() {
  gate_home
  cli tier set rows --rate 1000000/60s --quota 10000/day --price row >/dev/null
  cli key create --name admin --tier test --scopes admin,predict,read 2>/dev/null >"$G/admin"
  cli key create --name reader --tier test --scopes read 2>/dev/null >"$G/reader"
  cli key create --name asker --tier test --scopes predict 2>/dev/null >"$G/asker"
  cli key create --name rows --tier rows 2>/dev/null >"$G/rows"
  "$FORESTGATE" model train --csv "$TOP/model/houses.csv" --target price --trees 10 -o "$G/houses.fgm" >/dev/null
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 20 \
    -o "$G/mood.fgm" >/dev/null
  "$FORESTGATE" model import "$TOP/tests/fixtures/xgboost/binary_logistic.json" -o "$G/gaps.fgm" >/dev/null
  train_regression "$G/price.fgm"
  for model in houses mood gaps price; do cli model publish "$model" "$G/$model.fgm" >/dev/null; done
  cli key create --name narrow --tier test --models price 2>/dev/null >"$G/narrow"
  gate_start
}
teardown_file() { gate_stop; }

# refused STATUS SENTENCE: the sentence is in error, where clients of the protocol look.
refused() {
  [ "$status" = "$1" ] || fail "expected $1, got $status: ${body:0:500}"
  jq -e --arg error "$2" '(.error | test($error)) and .status == '"$1" "$body_file" >/dev/null || fail "no \"$2\": ${body:0:500}"
}

# infer MODEL BODY [PARAMETER...]
infer() {
  local model=$1 text=$2
  shift 2
  call POST "/v2/models/$model/infer" -k "$KEY" -d "$text" CONTENT_TYPE= "$@"
}

# binary MODEL TYPE SHAPE [OPTION...] <NUMBERS, a tensor as bytes
binary() {
  local model=$1 file=$BATS_TEST_TMPDIR/tensor length
  shift
  length=$(oip binary "$@" 2>&1 >"$file")
  call POST "/v2/models/$model/infer" -k "$KEY" -f "$file" CONTENT_TYPE= HTTP_INFERENCE_HEADER_CONTENT_LENGTH="$length"
}

numbers() { oip numbers "$body_file" "$(header_of inference-header-content-length)"; }

ROW='{"inputs":[{"name":"input","shape":[1,4],"datatype":"FP64","data":[5.1,3.5,1.4,0.2]}]}'

@test "every vector is answered as it says" {
  mkdir "$BATS_TEST_TMPDIR/vectors"
  cd "$BATS_TEST_TMPDIR/vectors"
  oip split . >list
  [ "$(wc -l <list)" -gt 100 ]
  while read -r n model; do
    call POST "/v2/models/$model/infer" -k "$KEY" -f "$n.request" CONTENT_TYPE=
    echo "$status" >"$n.status"
    cp "$body_file" "$n.answer"
  done <list
  oip check .
}

@test "what is not JSON is a 400, and so are a repeated key and a number in no form of JSON" {
  for text in '' ' ' '{' '{"inputs":' '[' 'null' '"x"' '{"inputs":[{"name":"a","name":"b"}]}' "${ROW}x" "$ROW$ROW" \
    '{"inputs":[{"name":"input","shape":[1,1],"datatype":"FP64","data":[Infinity]}]}' \
    '{"inputs":[{"name":"input","shape":[1,1],"datatype":"FP64","data":[nan]}]}' \
    '{"inputs":[{"name":"input","shape":[1,1],"datatype":"FP64","data":[1e999]}]}' \
    '{"inputs":[{"name":"input","shape":[1,1],"datatype":"FP64","data":[1,]}]}' \
    '{"inputs":[{"name":"input","shape":[01,1],"datatype":"FP64","data":[1]}]}'; do
    infer iris "$text"
    refused 400 . || fail "for the body $text"
  done
}

@test "a body of no type, of JSON, of bytes and as curl calls it is taken, and of another it is a 415" {
  for type in '' application/json 'application/json; charset=utf-8' application/octet-stream application/x-www-form-urlencoded; do
    infer iris "$ROW" CONTENT_TYPE="$type"
    [ "$status" = 200 ] || fail "for the type $type"
  done
  for type in text/plain text/csv multipart/form-data application/x-npy; do
    infer iris "$ROW" CONTENT_TYPE="$type"
    refused 415 'application/json'
  done
}

@test "a model or version that there is not is a 404 in Triton's words, whatever is asked of it" {
  for path in /ready /config /stats ''; do
    call GET "/v2/models/nosuch$path" -k "$KEY"
    refused 404 "^Request for unknown model: 'nosuch' is not found$"
    for version in 0 2 99 -1 01 1.0 x 99999999999999999999; do
      call GET "/v2/models/iris/versions/$version$path" -k "$KEY"
      refused 404 "^Request for unknown model: 'iris' version $version is not found$"
    done
  done
  infer nosuch "$ROW"
  refused 404 "^Request for unknown model: 'nosuch' is not found$"
  call POST /v2/models/iris/versions/7/infer -k "$KEY" -d "$ROW"
  refused 404 "^Request for unknown model: 'iris' version 7 is not found$"
  call GET /v2/nosuch -k "$KEY"
  refused 404 'no such path'
}

@test "keys, their scopes and their models hold" {
  call POST /v2/models/iris/infer -d "$ROW"
  refused 401 'missing or not valid'
  [ -n "$(header_of www-authenticate)" ]
  call GET /v2/models
  refused 401 .
  call POST /v2/models/iris/infer -k "$(cat "$G/reader")" -d "$ROW"
  refused 403 .
  call GET /v2/models -k "$(cat "$G/asker")"
  refused 403 .
  for verb in index models/iris/load models/iris/unload; do
    call POST "/v2/repository/$verb" -k "$KEY" -d '{}'
    refused 403 .
  done
  call POST /v2/models/iris/infer -k "$(cat "$G/narrow")" -d "$ROW"
  refused 403 .
  call GET /v2/models/iris/stats -k "$(cat "$G/narrow")"
  refused 403 .
  call GET /v2/models -k "$(cat "$G/narrow")"
  assert_json '.models == ["price"]'
  call GET /v2/models/stats -k "$(cat "$G/narrow")"
  assert_json '[.model_stats[].name] == ["price"]'
}

@test "the server tells what it is, that it lives and is ready, to anyone and without counting" {
  call GET /v2/ # as the protocol's OpenAPI file has it
  assert_json '.name == "forestgate"'
  for path in /v2// /v2/models/ /v2/health/; do
    call GET "$path" -k "$KEY"
    refused 404 'no such path'
  done
  call GET /v2
  assert_json '.name == "forestgate" and (.version | length > 0) and (.extensions | contains(["binary_tensor_data", "classification", "statistics", "model_repository"]))'
  call GET /v2/health/live
  assert_json '. == {live: true}'
  call GET /v2/health/ready
  assert_json '. == {live: true, ready: true}'
  call POST /v2/health/ready -d '{}'
  refused 405 .
}

@test "a model tells its tensors, and they are what it takes and gives" {
  call GET /v2/models -k "$KEY"
  assert_json '.models | sort == ["gaps", "houses", "iris", "mood", "price"]'
  call GET /v2/models/iris -k "$KEY"
  assert_json '.name == "iris" and .versions == ["1"] and (.platform | test("^[a-z]+_[a-z]+$"))
    and .inputs == [{name: "input", datatype: "FP32", shape: [-1, 4]}]
    and .outputs == [{name: "predict", datatype: "INT64", shape: [-1]}, {name: "predict_proba", datatype: "FP64", shape: [-1, 3]}]
    and (.properties.features | fromjson | .[3] == "petal_width")'
  call GET /v2/models/price -k "$KEY"
  assert_json '.outputs == [{name: "predict", datatype: "FP64", shape: [-1]}]'
  call GET /v2/models/mood -k "$KEY"
  assert_json '.inputs == [{name: "text", datatype: "BYTES", shape: [-1]}]'
  call GET /v2/models/houses -k "$KEY"
  assert_json '[.inputs[].name] == ["age", "surface", "attic", "garden", "address"] and .inputs[4].datatype == "BYTES" and .inputs[0].shape == [-1]'
  call GET /v2/models/iris/config -k "$KEY"
  assert_json '.name == "iris" and .max_batch_size == 100000 and .input[0] == {name: "input", data_type: "TYPE_FP32", dims: [4]} and (.output | length == 2)'
  for path in /v2/models/iris/ready /v2/models/iris/versions/1/ready; do
    call GET "$path" -k "$KEY"
    assert_json '. == {name: "iris", ready: true}'
  done
}

@test "an inference has the answers that POST /predict has, bit for bit" {
  local rows='[[0.1,0.9],[0.5,0.25],[0.123456789012345,0.7],[3,-2],[0,0]]'
  call POST /models/price/predict -k "$KEY" -d "{\"instances\":$rows}"
  assert_status 200
  predictions=$(jq -c .predictions "$body_file")
  infer price "{\"inputs\":[{\"name\":\"input\",\"shape\":[5,2],\"datatype\":\"FP64\",\"data\":$rows}]}"
  [ "$(jq -c '.outputs[0].data' "$body_file")" = "$predictions" ]
  binary price FP64 '[5,2]' output=predict:json < <(jq -r '.[][]' <<<"$rows")
  assert_status 200
  [ "$(jq -c '.outputs[0].data' "$body_file")" = "$predictions" ]
  call POST /models/houses/predict -k "$KEY" -d '{"instances":[[82,145.2,false,true,"village"],[1,99.5,true,false,"town"]]}'
  predictions=$(jq -c .predictions "$body_file")
  infer houses '{"inputs":[{"name":"address","shape":[2],"datatype":"BYTES","data":["village","town"]},
    {"name":"age","shape":[2],"datatype":"INT64","data":[82,1]},{"name":"surface","shape":[2],"datatype":"FP64","data":[145.2,99.5]},
    {"name":"attic","shape":[2],"datatype":"BOOL","data":[false,true]},{"name":"garden","shape":[2],"datatype":"BOOL","data":[true,false]}]}'
  [ "$(jq -c '.outputs[0].data' "$body_file")" = "$predictions" ]
  call POST /models/gaps/predict -k "$KEY" -d '{"instances":[[null,0.4,0.1,null,-1,2],{"f3":0.3}]}'
  predictions=$(jq -c .probabilities "$body_file")
  infer gaps '{"inputs":[{"name":"x","shape":[2,6],"datatype":"FP64","data":[null,0.4,0.1,null,-1,2,null,null,null,0.3,null,null]}],"outputs":[{"name":"predict_proba"}]}'
  [ "$(jq -c '[.outputs[0].data | _nwise(2)]' "$body_file")" = "$predictions" ]
  # What Python's json and Triton's client write for a missing value, and Triton reads.
  infer gaps '{"inputs":[{"name":"x","shape":[2,6],"datatype":"FP64","data":[NaN,0.4,0.1,NaN,-1,2,NaN,NaN,NaN,0.3,NaN,NaN]}],"outputs":[{"name":"predict_proba"}]}'
  [ "$(jq -c '[.outputs[0].data | _nwise(2)]' "$body_file")" = "$predictions" ]
  infer gaps '{"inputs":[{"name":"x","shape":[2,6],"datatype":"INT64","data":[NaN,0,0,0,-1,2,0,0,0,0,0,0]}]}'
  refused 400 "element 0 of input 'x'"
  infer iris '{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[NaN,1,1,1]}]}'
  refused 422 'sepal_length'
  binary gaps FP64 '[2,6]' output=predict_proba:json <<<'nan 0.4 0.1 nan -1 2 nan nan nan 0.3 nan nan'
  [ "$(jq -c '[.outputs[0].data | _nwise(2)]' "$body_file")" = "$predictions" ]
}

@test "tensors of bytes are taken in every datatype, and answered so" {
  for type in UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64; do
    binary iris "$type" '[2,4]' <<<'5 3 1 0 6 3 5 2'
    assert_status 200
    [ "$(header_of content-type)" = application/octet-stream ]
    [ "$(numbers)" = 'predict INT64 [0, 2]' ] || fail "$type: $(numbers)"
  done
  binary iris BOOL '[1,4]' <<<'1 0 1 0'
  assert_status 200
  binary iris FP32 '[1,4]' output=predict_proba output=predict <<<'5.1 3.5 1.4 0.2'
  [ "$(numbers)" = $'predict_proba FP64 [1.0, 0.0, 0.0]\npredict INT64 [0]' ]
  binary iris FP32 '[4]' output=predict:json output=predict_proba:classes=2 <<<'5.1 3.5 1.4 0.2'
  [ "$(numbers)" = $'predict INT64 [0]\npredict_proba BYTES ["1:0:setosa", "0:1:versicolor"]' ]
  binary mood BYTES '[2]' <<<$'What a lovely day, I am so happy!\nWhat an awful day, I am so sad.'
  assert_status 200
  [ "$(numbers | wc -l)" = 1 ]
}

@test "bytes that are not those of the tensors are a 400" {
  binary iris FP32 '[1,4]' cut=1 <<<'5 3 1 0'
  refused 400 'binary_data_size is over the bytes'
  binary iris FP32 '[1,4]' more=1 <<<'5 3 1 0'
  refused 400 '1 bytes behind the JSON belong to no input'
  binary iris FP32 '[2,4]' <<<'5 3 1 0'
  refused 400 "^unexpected total byte size 16 for input 'input', expecting 32$"
  binary iris INT64 '[1,4]' <<<'9007199254740993 3 1 0' # which a float64 rounds
  refused 400 'element 0 .* up to 2\^53'
  binary iris UINT64 '[1,4]' <<<'18446744073709551615 3 1 0'
  refused 400 'element 0'
  printf '{"inputs":[{"name":"x","datatype":"BOOL","shape":[1,4],"parameters":{"binary_data_size":4}}]}\1\0\2\0' \
    >"$BATS_TEST_TMPDIR/truths"
  call POST /v2/models/iris/infer -k "$KEY" -f "$BATS_TEST_TMPDIR/truths" CONTENT_TYPE= HTTP_INFERENCE_HEADER_CONTENT_LENGTH=93
  refused 400 'element 2 .* 0 or 1'
  binary iris FP32 '[1,4]' <<<'nan 1 1 0'
  refused 422 'a missing value.*sepal_length'
  binary iris FP32 '[1,4]' <<<'inf 1 1 0'
  refused 422 'too large.*sepal_length'
  binary mood BYTES '[2]' <<<$'What a lovely day'
  refused 400 'must be 2 elements'
  binary mood BYTES '[1]' <<<$'What a lovely day\nand another one of them'
  refused 400 'must be 1 elements'
  for length in -1 x 1e2 ' 5' 99999 18446744073709551616; do
    infer iris "$ROW" HTTP_INFERENCE_HEADER_CONTENT_LENGTH="$length"
    refused 400 'Inference-Header-Content-Length' || fail "for the length $length"
  done
  infer iris "$ROW" HTTP_INFERENCE_HEADER_CONTENT_LENGTH="$((${#ROW} - 1))"
  refused 400 'not JSON'
  infer iris "$ROW" HTTP_INFERENCE_HEADER_CONTENT_LENGTH="${#ROW}"
  assert_status 200
}

@test "a body that is one tensor is rows of the model's own datatype, or a text" {
  local file=$BATS_TEST_TMPDIR/raw
  raw() { call POST "/v2/models/$1/infer" -k "$KEY" -f "$file" CONTENT_TYPE=application/octet-stream HTTP_INFERENCE_HEADER_CONTENT_LENGTH=0; }
  /usr/bin/python3 -c 'import struct, sys
sys.stdout.buffer.write(struct.pack("<8f", 5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6, 2.5))' >"$file"
  raw iris
  assert_status 200
  [ "$(numbers)" = 'predict INT64 [0, 2]' ]
  printf x >>"$file"
  raw iris
  refused 400 'unexpected total byte size 33'
  : >"$file"
  raw iris
  refused 400 'unexpected total byte size 0'
  printf 'What a lovely day, I am so happy!' >"$file"
  raw mood
  assert_status 200
  printf 'What a lovely \377 day' >"$file"
  raw mood
  refused 400 'one text in UTF-8'
}

@test "bytes may be packed, by gzip and deflate" {
  local file=$BATS_TEST_TMPDIR/tensor length
  length=$(echo '5.1 3.5 1.4 0.2' | oip binary FP32 '[1,4]' 2>&1 >"$file")
  gzip -k "$file"
  call POST /v2/models/iris/infer -k "$KEY" -f "$file.gz" CONTENT_TYPE= HTTP_CONTENT_ENCODING=gzip \
    HTTP_INFERENCE_HEADER_CONTENT_LENGTH="$length"
  assert_status 200
  [ "$(numbers)" = 'predict INT64 [0]' ]
}

@test "a large tensor is answered as its rows are one by one, in bounded memory" {
  seq 1 280000 | awk '{printf "%.3f\n", ($1 * 7919 % 8000) / 1000}' >"$BATS_TEST_TMPDIR/numbers"
  binary iris FP32 '[70000,4]' <"$BATS_TEST_TMPDIR/numbers"
  assert_status 200
  [ "$(header_of inference-header-content-length)" -gt 0 ]
  numbers >"$BATS_TEST_TMPDIR/bytes"
  jq -Rsc '{inputs: [{name: "x", shape: [70000, 4], datatype: "FP32", data: (split("\n") | map(select(. != "") | tonumber))}]}' \
    "$BATS_TEST_TMPDIR/numbers" >"$BATS_TEST_TMPDIR/json"
  call POST /v2/models/iris/infer -k "$KEY" -f "$BATS_TEST_TMPDIR/json" CONTENT_TYPE=
  assert_status 200
  cmp <(jq -c '.outputs[0].data' "$body_file") <(sed 's/^predict INT64 //; s/ //g' "$BATS_TEST_TMPDIR/bytes")
  yes 1 | head -n 400004 >"$BATS_TEST_TMPDIR/ones"
  binary iris INT8 '[100001,4]' <"$BATS_TEST_TMPDIR/ones"
  refused 422 'over the limit of 100000 rows'
  # What it took is given back once there is nothing to do.
  if ! sanitized; then
    few() { [ "$(for pid in $(gate_pids); do awk '/^RssAnon/ {print $2}' "/proc/$pid/status"; done | sort -n | tail -n 1)" -lt 8000 ]; }
    wait_for 100 few
  fi
}

@test "each inference is a call in the log, charged by its rows where the tier says so" {
  local key
  key=$(cat "$G/rows")
  call POST /v2/models/iris/infer -k "$key" -d '{"inputs":[{"name":"x","shape":[3,4],"datatype":"UINT8","data":[1,2,3,4,1,2,3,4,1,2,3,4]}]}'
  assert_status 200
  [[ "$(header_of ratelimit)" == *'"day";r=9997'* ]]
  call POST /v2/models/iris/infer -k "$key" -d '{"inputs":[{"name":"x","shape":[2,4],"datatype":"FP64","data":[1,2,3,4,1,2,null,4]}]}'
  refused 422 .
  [[ "$(header_of ratelimit)" == *'"day";r=9997'* ]]
  cli call list --json --limit 2 >"$BATS_TEST_TMPDIR/calls"
  jq -e '[.[] | [.route, .model, .version, .rows, .charged, .status]] | sort == [["v2Infer", "iris", 1, 0, 0, 422], ["v2Infer", "iris", 1, 3, 3, 200]]' \
    "$BATS_TEST_TMPDIR/calls" || fail "$(cat "$BATS_TEST_TMPDIR/calls")"
  seq 40000 | sed 's/.*/1/' >"$BATS_TEST_TMPDIR/ones"
  KEY=$key binary iris UINT8 '[10000,4]' <"$BATS_TEST_TMPDIR/ones"
  refused 429 .
  assert_books
}

@test "versions are asked by their numbers: canary, shadow and retired ones too" {
  train_iris "$G/two.fgm" 20 7
  train_iris "$G/three.fgm" 30 8
  cli model publish many "$G/iris.fgm" >/dev/null
  cli model publish many "$G/two.fgm" >/dev/null
  cli model publish many "$G/three.fgm" --canary 50% >/dev/null
  for version in 1 2 3; do
    call GET "/v2/models/many/versions/$version" -k "$KEY"
    assert_json --arg version "$version" '.versions == [$version]'
    call POST "/v2/models/many/versions/$version/infer" -k "$KEY" -d "$ROW"
    assert_json --arg version "$version" '.model_version == $version'
    call GET "/v2/models/many/versions/$version/ready" -k "$KEY"
    assert_status 200
  done
  call GET /v2/models/many -k "$KEY"
  assert_json '.versions == ["2", "3"]'
  cli model delete many --version 1 >/dev/null
  call POST /v2/models/many/versions/1/infer -k "$KEY" -d "$ROW"
  refused 404 "version 1 is not found"
}

@test "statistics are the same whichever worker is asked, and exact" {
  train_iris "$G/counted.fgm" 10 9
  cli model publish counted "$G/counted.fgm" >/dev/null
  for _ in 1 2 3 4 5 6 7 8; do infer counted "${ROW/\[1,4\]/[4]}"; done
  infer counted '{"inputs":[]}'
  for _ in 1 2 3; do
    call GET /v2/models/counted/versions/1/stats -k "$KEY"
    assert_json '.model_stats | length == 1 and (.[0] | .name == "counted" and .version == "1" and .inference_count == 8
      and .execution_count == 8 and .inference_stats.success.count == 8 and .inference_stats.fail.count == 1
      and .inference_stats.success.ns > 0 and .last_inference > 1600000000000 and .batch_stats == [])'
  done
  call GET /v2/models/counted/stats -k "$KEY"
  assert_json '.model_stats | length == 1'
  call GET /v2/models/stats -k "$KEY"
  assert_json '[.model_stats[].name] | contains(["iris", "counted"])'
}

@test "the repository: an index, and load and unload that every worker knows at once" {
  local admin
  admin=$(cat "$G/admin")
  call POST /v2/repository/index -k "$admin"
  assert_json 'any(.[]; .name == "iris" and .version == "1" and .state == "READY" and .reason == "")'
  for wrong in '{"ready":"yes"}' '[]' '{"nosuch":1}'; do
    call POST /v2/repository/index -k "$admin" -d "$wrong"
    refused 422 .
  done
  call POST /v2/repository/index -k "$admin" -d '{'
  refused 400 'not JSON'
  call POST /v2/repository/models/nosuch/load -k "$admin" -d '{}'
  refused 404 "^failed to load 'nosuch', "
  call POST /v2/repository/models/nosuch/unload -k "$admin" -d '{}'
  refused 404 "^failed to unload 'nosuch', "
  call POST /v2/repository/models/gaps/load -k "$admin" -d '{"parameters":{"config":"{}"}}'
  refused 400 "^failed to load 'gaps', "
  for _ in 1 2; do
    call POST /v2/repository/models/gaps/unload -k "$admin" -d '{"parameters":{"unload_dependents":false}}'
    assert_status 200
    for _ in 1 2 3 4; do
      call GET /v2/models/gaps/ready -k "$KEY"
      refused 404 "^Request for unknown model: 'gaps' is not found$"
      call POST /models/gaps/predict -k "$KEY" -d '{"features":{"f0":1}}'
      assert_status 404
    done
  done
  call POST /v2/repository/index -k "$admin" -d '{}'
  assert_json 'any(.[]; .name == "gaps" and .state == "UNAVAILABLE" and .reason == "unloaded")'
  call POST /v2/repository/index -k "$admin" -d '{"ready":true}'
  assert_json 'all(.[]; .state == "READY") and (any(.[]; .name == "gaps") | not)'
  for _ in 1 2; do
    call POST /v2/repository/models/gaps/load -k "$admin" -d '{}'
    assert_status 200
    call GET /v2/models/gaps/ready -k "$KEY"
    assert_status 200
  done
  [ "$(cli audit list --json | jq -c '[.[] | select(.target == "model:gaps") | .action] | sort')" = \
    '["model.publish","model.restore","model.withdraw"]' ]
}

@test "the command line withdraws and restores, and says so in its list" {
  [ "$(cli model withdraw price)" = 1 ]
  call GET /v2/models/price/ready -k "$KEY"
  refused 404 .
  [ "$(cli model list --model price --json | jq -r '.[0].versions[0].state')" = withdrawn ]
  run cli model retire price
  [ "$status" = 1 ]
  run cli model delete price --version 1
  [ "$status" = 1 ]
  [ "$(cli model restore price)" = 1 ]
  call GET /v2/models/price/ready -k "$KEY"
  assert_status 200
  run cli model withdraw nosuch
  [ "$status" = 1 ]
}

@test "a model that cannot be loaded is not ready, and the server is" {
  cli model publish broken "$G/iris.fgm" >/dev/null
  call GET /v2/models/broken/ready -k "$KEY"
  assert_status 200
  mv "$G/home/models/broken/1.fgm" "$G/aside"
  cli tier set test --rate 1000000/60s --quota 10000000/day --quota 100000000/month >/dev/null # who has it mapped keeps it
  cli model publish broken "$G/houses.fgm" >/dev/null
  call GET /v2/models/broken/versions/1/ready -k "$KEY"
  refused 503 'cannot be served'
  call POST /v2/models/broken/versions/1/infer -k "$KEY" -d "$ROW"
  refused 503 'cannot be served'
  call GET /v2/health/ready
  assert_json .ready
  mv "$G/aside" "$G/home/models/broken/1.fgm"
  call GET /v2/models/broken/versions/1/ready -k "$KEY"
  assert_status 200
}

@test "the server is called what v2_server_name says" {
  gate_stop
  echo 'v2_server_name = triton' >>"$G/home/forestgate.conf"
  gate_start
  call GET /v2
  assert_json '.name == "triton"'
}
