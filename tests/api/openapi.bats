#!/usr/bin/env bats
# tests/api/openapi.bats: /openapi.json, as anybody gets it and as callers do, by our own rules
# and by those of linters.  That it has every route is in routes.bats; that answers are what it
# says is looked at after every file of these tests.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/npm

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 20 \
    -o "$G/sentiment.fgm" >/dev/null
  cli model publish sentiment "$G/sentiment.fgm" >/dev/null
  PRICE=$(cli key create --name some --models price 2>/dev/null)
  export PRICE
  cgi GET /openapi.json
  cp "$body_file" "$G/anybody.json"
  cgi GET /openapi.json -k "$KEY"
  cp "$body_file" "$G/caller.json"
}

teardown_file() { answers_conform "$ASK_RECORD"; }

conforms() { /usr/bin/python3 -I "$TOP/tests/lib/conforms.py" "$@"; }

# fits DOCUMENT SCHEMA BODY: whether a body is what a schema of the components says.
fits() {
  jq --arg name "$2" '{"$ref": ("#/components/schemas/" + $name), components}' "$1" >"$BATS_TEST_TMPDIR/schema"
  /usr/bin/python3 -I -c 'import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
sys.exit(not jsonschema.Draft202012Validator(schema).is_valid(json.loads(sys.argv[2])))' "$BATS_TEST_TMPDIR/schema" "$3"
}

@test "a credential that does not hold is refused, though none is needed" {
  for wrong in HTTP_X_API_KEY=fg_none 'HTTP_AUTHORIZATION=Bearer eyJ' HTTP_X_API_KEY="${KEY%?}"; do
    cgi GET /openapi.json "$wrong"
    assert_problem 401 unauthorized
  done
}

@test "nobody learns of a model from the document who may not use it" {
  run grep -c 'Predict[.]' "$G/anybody.json"
  [ "$output" = 0 ]
  cgi GET /openapi.json -k "$PRICE"
  assert_json '[.components.schemas | keys[] | select(startswith("Predict."))] == ["Predict.price"]'
  run grep -c 'Predict.iris' "$body_file"
  [ "$output" = 0 ]
}

@test "a caller finds the schema of each model, which takes what the model takes and nothing else" {
  jq -e '[.components.schemas | keys[] | select(startswith("Predict."))] ==
    ["Predict.iris", "Predict.price", "Predict.sentiment"]' "$G/caller.json"
  for good in '{"features":[5.1,3.5,1.4,0.2]}' '{"text":"What a lovely day"}' '{"model":"price","instances":[[0.5,0.5]]}' \
    '{"model":"price","features":{"a":1,"b":2}}'; do
    fits "$G/caller.json" Predict "$good" || fail "it does not take $good"
    cgi POST /predict -k "$KEY" -d "$good"
    assert_status 200
  done
  for bad in '{"features":[5.1,3.5,1.4]}' '{"instances":[[0.5,0.5]]}' '{"features":["a","b"]}' '{"text":"short"}' '{"rows":[[1,2]]}' \
    '{"model":"iris","features":[0.5,0.5]}' '{}'; do
    if fits "$G/caller.json" Predict "$bad"; then fail "it takes $bad"; fi
    cgi POST /predict -k "$KEY" -d "$bad"
    assert_problem 422 unprocessable_content
  done
}

@test "every good answer has a schema, and every example is what its schema says" {
  conforms "$G/anybody.json"
  conforms "$G/caller.json"
  # Who asks by a document without answers is told so.
  jq 'del(.paths["/predict"].post.responses["200"].content)' "$G/anybody.json" >"$BATS_TEST_TMPDIR/less.json"
  run conforms "$BATS_TEST_TMPDIR/less.json"
  [ "$status" = 1 ]
  [[ "$output" == *'predict: of 200 nothing is said'* ]]
}

# recorded STATUS TYPE BODY: whether this answer to GET /health is what the document says.
recorded() {
  local head
  head=$(printf 'Status: %s X\nContent-Type: %s' "$1" "$2")$'\n'
  printf '%s %s GET /health\n%s%s' "${#head}" "${#3}" "$head" "$3" >"$BATS_TEST_TMPDIR/record"
  run conforms "$G/anybody.json" "$BATS_TEST_TMPDIR/record"
}

# The same of one that is not: it is told, with the operation.
otherwise() {
  recorded "$@"
  [[ "$status $output" == '1 health: '* ]] || fail "nothing is wrong with $*: $output"
}

@test "an answer that is other than is said is found: its status, its type, a member more or less" {
  good='{"status":"healthy","timestamp":"2026-11-22T08:00:00.000Z","version":"1"}'
  recorded 200 application/json "$good"
  [ "$status" = 0 ] || fail "$output"
  otherwise 418 application/json "$good"
  otherwise 200 text/plain "$good"
  otherwise 200 application/json '{"status":"healthy"}'
  otherwise 200 application/json "${good%\}},\"more\":1}"
  otherwise 200 application/json "${good/2026-/26-}"
  otherwise 200 application/json "${good/healthy/merry}"
  otherwise 200 application/json '{'
  otherwise 503 application/json "$good"
}

@test "each operation has a tag that is described, a summary, and what it refuses with" {
  jq -e '[.tags[].name] as $tags | [.paths[][]] | all(.[];
    (.tags - $tags == []) and (.summary | length > 0) and (.responses | has("400") and has("500") and has("503")))' \
    "$G/anybody.json"
  jq -e '[.paths[][].operationId] | length == (unique | length)' "$G/anybody.json"
  # Who has to come with a credential can be told that it does not hold.
  jq -e '[.paths[][] | select(.security != [])] | all(.[]; .responses | has("401") and has("403"))' "$G/anybody.json"
}

@test "below a path of the front's own the document is the same, its server relative" {
  cgi GET /ml/v1/openapi.json PATH_INFO=/openapi.json SCRIPT_NAME=/ml/v1
  assert_status 200
  assert_json '.servers == [{url: "."}]'
  cmp "$body_file" "$G/anybody.json"
}

# spoiled FILE: the document with a fault of each kind that one may get: an example and a schema
# that do not fit each other, an answer that is not there, an operation twice, one that nobody
# describes, and a variable of a path that is not told.
spoiled() {
  jq '.paths["/predict"].post.requestBody.content["application/json"].example = {"features": "none"}
    | .paths["/health"].get.responses["200"] = {"$ref": "#/components/responses/Nosuch"}
    | .paths["/health/live"].get.operationId = "health"
    | del(.paths["/health/ready"].get.summary, .paths["/health/ready"].get.description)
    | .paths["/jobs/{id}"].get.parameters = []' "$G/anybody.json" >"$1"
}

@test "spectral finds nothing in it, and what is wrong in one that is spoiled" {
  npm_needed @stoplight/spectral-cli
  spectral() { "$NPM/.bin/spectral" lint -r "$TOP/tests/npm/spectral.yaml" --fail-severity hint "$@"; }
  spectral "$G/anybody.json" "$G/caller.json"
  spoiled "$BATS_TEST_TMPDIR/spoiled.json"
  run spectral "$BATS_TEST_TMPDIR/spoiled.json"
  [ "$status" = 1 ]
  for rule in oas3-valid-media-example invalid-ref operation-operationId-unique operation-description path-params; do
    [[ "$output" == *" $rule "* ]] || fail "no $rule: $output"
  done
}

@test "redocly finds nothing in it, and what is wrong in one that is spoiled" {
  npm_needed @redocly/cli
  node_needed 20
  redocly() { REDOCLY_TELEMETRY=off "$NPM/.bin/redocly" lint --config "$TOP/tests/npm/redocly.yaml" "$@"; }
  redocly "$G/anybody.json" "$G/caller.json"
  spoiled "$BATS_TEST_TMPDIR/spoiled.json"
  run redocly --format stylish "$BATS_TEST_TMPDIR/spoiled.json"
  [ "$status" = 1 ]
  for rule in no-unresolved-refs operation-operationId-unique operation-summary path-parameters-defined; do
    [[ "$output" == *"$rule"* ]] || fail "no $rule: $output"
  done
}
