#!/usr/bin/env bats
# tests/api/schema.bats: features of every type, and the JSON Schema of them: what it
# says and what is taken are the same.

# shellcheck disable=SC2154,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  "$FORESTGATE" model train --csv "$TOP/model/houses.csv" --target price --trees 20 -o "$G/houses.fgm" >/dev/null
  cli model publish houses "$G/houses.fgm" >/dev/null
  gate_start
}
teardown_file() { gate_stop; }

HOUSE='"age":30,"surface":120.5,"attic":true,"garden":false,"address":"suburb"'

houses() { call POST /models/houses/predict -k "$KEY" -d "$1"; }

# unfit FIELD PROBLEM ALLOWED BODY...: regular expressions for the first error.
unfit() {
  local field=$1 problem=$2 allowed=$3 one
  shift 3
  for one; do
    houses "$one"
    assert_problem 422 unprocessable_content "$problem" || fail "for the body: $one"
    assert_json --arg field "$field" --arg problem "$problem" --arg allowed "$allowed" \
      '.errors[0] | (.field | test($field)) and (.problem | test($problem)) and (.allowed | test($allowed))' ||
      fail "for the body: $one"
  done
}

@test "a fraction of an integer is a 422 that says what is allowed" {
  unfit '^features\[0\]$' 'a fraction' 'a whole number' '{"features":[30.5,120.5,true,false,"suburb"]}'
  unfit '^features\.age$' 'a fraction' 'a whole number' "{\"features\":{${HOUSE/30/30.5}}}"
  houses '{"features":[3.0e1,120.5,true,false,"suburb"]}'
  assert_status 200
}

@test "what is neither true nor false is a 422" {
  unfit '^features\[2\]$' 'neither 0 nor 1' 'true or false' '{"features":[30,120.5,2,false,"suburb"]}' \
    '{"features":[30,120.5,0.5,false,"suburb"]}' '{"features":[30,120.5,-1,false,"suburb"]}'
  unfit '^features\.attic$' 'a string where true or false' 'true or false' "{\"features\":{${HOUSE/true/\"true\"}}}"
  unfit '^features\.attic$' 'null where true or false' 'true or false' "{\"features\":{${HOUSE/true/null}}}"
  unfit '^features\[0\]$' 'a boolean where a whole number' 'whole' '{"features":[true,120.5,1,0,"suburb"]}'
}

@test "a category that there is not is a 422 that lists them" {
  list='^one of: city, harbour, suburb, town, village$'
  unfit '^features\.address$' 'none of the' "$list" "{\"features\":{${HOUSE/suburb/Suburb}}}" \
    "{\"features\":{${HOUSE/suburb/suburb }}}" "{\"features\":{${HOUSE/suburb/}}}" "{\"features\":{${HOUSE/suburb/suburb\\u0000}}}"
  unfit '^features\.address$' "a number where a category's name" "$list" "{\"features\":{${HOUSE/\"suburb\"/2}}}"
  unfit '^features\[4\]$' "null where a category's name" "$list" '{"features":[30,120.5,true,false,null]}'
}

@test "a value that is missing where training saw none is a 422" {
  unfit '^features\[1\]$' 'null where a number.*no missing value' 'number' '{"features":[30,null,true,false,"suburb"]}'
  unfit '^features\.garden$' 'missing' 'true or false' '{"features":{"age":30,"surface":120.5,"attic":true,"address":"city"}}'
}

@test "names, truth values and their numbers give one answer" {
  local want
  houses '{"features":[30,120.5,true,false,"suburb"]}'
  assert_status 200
  want=$(jq .prediction <<<"$body")
  for one in "{\"features\":{$HOUSE}}" '{"features":[30,120.5,1,0,"suburb"]}' \
    '{"features":[30,120.5,1.0,-0,"sub\u0075rb"]}'; do
    houses "$one"
    assert_status 200
    assert_json --argjson want "$want" '.prediction == $want and (has("warnings") | not)' || fail "for the body: $one"
  done
  printf '%s\n' age,surface,attic,garden,address '30,120.5,TRUE,0,suburb' >"$BATS_TEST_TMPDIR/rows.csv"
  [ "$(cli predict --model houses --in "$BATS_TEST_TMPDIR/rows.csv" | tail -1)" = "$want" ] || fail 'the CLI says otherwise'
}

@test "values outside of what training saw are taken, and told" {
  houses '{"features":[500,1000.5,true,false,"suburb"]}'
  assert_status 200
  assert_json '.prediction > 0 and (.warnings | length == 2) and
    .warnings[0] == {"field":"features[0]","problem":"500 is outside of what training saw","allowed":"0 to 119"} and
    .warnings[1].field == "features[1]"'
  houses "{\"instances\":[{${HOUSE/30/-1}},{$HOUSE},[500,50,0,0,\"city\"]]}"
  assert_status 200
  assert_json '[.warnings[].field] == ["instances[0].age","instances[2][0]"]'
  houses "{\"instances\":[$(printf '[500,50,0,0,"city"],%.0s' {1..100})[1,50,0,0,\"city\"]]}"
  assert_status 200
  assert_json '(.warnings | length == 20) and (.predictions | length == 101)'
}

@test "outputs are what was asked for, and a class's where there are classes" {
  houses "{\"features\":{$HOUSE},\"outputs\":[\"margin\",\"leaves\"]}"
  assert_status 200
  assert_json '.margin == .prediction and (.leaves | length == 20 and all(. >= 0)) and (keys | length == 5)'
  unfit '^outputs$' 'values and no classes' 'margin, leaves' "{\"features\":{$HOUSE},\"outputs\":[\"label\"]}"
  unfit '^outputs$' 'no output "Label"' 'label, probabilities' "{\"features\":{$HOUSE},\"outputs\":[\"Label\"]}"
  unfit '^outputs$' 'a number where a string' 'label' "{\"features\":{$HOUSE},\"outputs\":[1]}"
  unfit '^outputs$' 'a string where an array' 'label' "{\"features\":{$HOUSE},\"outputs\":\"label\"}"
  for outputs in '' '"label"' '"probabilities"' '"label","margin"' '"leaves","label","label"'; do
    call POST /predict -k "$KEY" -d "{\"outputs\":[$outputs],\"features\":[5.1,3.5,1.4,0.2]}"
    assert_status 200
    assert_json --argjson want "[$outputs]" '.prediction == 0 and
      (keys - ["prediction","model","version"]) == ($want | unique)' || fail "for $outputs: $body"
  done
  call POST /predict -k "$KEY" -d '{"instances":[[5.1,3.5,1.4,0.2],[6,3,5,2]],"outputs":["margin","leaves","probabilities"]}'
  assert_status 200
  assert_json '.predictions == [0,2] and .margins == .probabilities and (.margins | length == 2) and
    (.leaves | length == 2 and all(length == 10)) and (has("labels") | not)'
}

@test "GET /models/NAME tells types, values and the JSON Schema" {
  call GET /models/houses -k "$KEY"
  assert_status 200
  assert_json '[.features[].type] == ["integer","real","boolean","boolean","category"] and
    .features[4].values == ["city","harbour","suburb","town","village"] and all(.features[]; .missing == false) and
    .schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"'
}

@test "the examples of GET /models/NAME are taken as they are, for what they are called" {
  call GET /models/houses -k "$KEY"
  assert_json '.explainable and [.examples[].name] == ["low","middle","high"]'
  examples=$(jq -c '{instances: [.examples[].features]}' <<<"$body")
  houses "$examples"
  assert_status 200
  assert_json '(has("warnings") | not) and (.predictions | .[0] < .[1] and .[1] < .[2])'
  call GET /models/iris -k "$KEY"
  examples=$(jq -c '{instances: [.examples[].features]}' <<<"$body")
  call POST /models/iris/predict -k "$KEY" -d "$examples"
  assert_status 200
  assert_json '.labels == ["setosa","versicolor","virginica"]'
}

# Bodies of which each is judged by Debian's python3-jsonschema and by POST.
bodies() {
  local value i
  local -a row=(30 120.5 true '"city"')
  printf '%s\n' '{}' '[]' '{"features":[]}' '{"instances":[]}' "{\"features\":{$HOUSE}}" "{\"instances\":[{$HOUSE}]}" \
    "{\"features\":{$HOUSE},\"instances\":[{$HOUSE}]}" "{\"features\":{$HOUSE,\"x\":1}}" "{\"features\":{$HOUSE},\"x\":1}" \
    "{\"features\":{$HOUSE},\"model\":\"houses\"}" "{\"features\":{$HOUSE},\"model\":\"iris\"}" \
    "{\"features\":{$HOUSE},\"outputs\":[\"margin\"]}" "{\"features\":{$HOUSE},\"outputs\":[\"label\"]}" \
    "{\"features\":{$HOUSE},\"outputs\":[]}" "{\"features\":{$HOUSE},\"outputs\":null}" "{\"features\":{\"age\":1}}" \
    '{"features":[30,120.5,1,0]}' '{"features":[30,120.5,1,0,"city",1]}' '{"features":"x"}' '{"instances":{}}'
  for value in 0 1 -1 2 30 30.0 30.5 1e3 -0.0 3.4e38 3.5e38 -3.5e38 1e-400 true false null '""' '"city"' '"City"' '"1"' \
    '"true"' '[]' '{}' '[1]'; do
    for i in 0 1 2 3; do
      row=(30 120.5 true '"city"')
      row[i]=$value
      printf '{"features":[%s,%s,%s,0,%s]}\n{"instances":[[30,50,1,0,"city"],{"garden":false,"age":%s,"surface":%s,"attic":%s,"address":%s}]}\n' \
        "${row[@]}" "${row[@]}"
    done
  done
}

@test "the JSON Schema takes what is taken, and nothing else" {
  call GET /models/houses -k "$KEY"
  jq .schema <<<"$body" >"$BATS_TEST_TMPDIR/schema"
  bodies >"$BATS_TEST_TMPDIR/bodies"
  /usr/bin/python3 - "$BATS_TEST_TMPDIR/schema" "$BATS_TEST_TMPDIR/bodies" >"$BATS_TEST_TMPDIR/verdicts" <<'PYTHON'
import json
import sys

from jsonschema import Draft202012Validator

schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for line in open(sys.argv[2]):
    print(200 if validator.is_valid(json.loads(line)) else 422)
PYTHON
  [ "$(sort -u "$BATS_TEST_TMPDIR/verdicts" | tr '\n' ' ')" = '200 422 ' ]
  while read -r -u 3 one && read -r -u 4 verdict; do
    houses "$one"
    [ "$status" = "$verdict" ] || fail "the schema says $verdict and the service $status to $one"
  done 3<"$BATS_TEST_TMPDIR/bodies" 4<"$BATS_TEST_TMPDIR/verdicts"
}
