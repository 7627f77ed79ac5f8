#!/usr/bin/env bats
# tests/api/explain.bats: POST /models/NAME/explain and /models/NAME/draw.

# shellcheck disable=SC2154,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  { echo x,y,z,price && for i in $(seq 60); do echo "$i,$((i % 7)),$((i * 31 % 11)),$((i * i + i % 7))"; done; } >"$G/r.csv"
  "$FORESTGATE" model train --csv "$G/r.csv" --target price --task regress --trees 9 -o "$G/price.fgm" >/dev/null
  cli model publish price "$G/price.fgm" >/dev/null
  { echo x,y,kind && for i in $(seq 60); do echo "$i,$((i * 31 % 11)),k$((i % 7))"; done; } >"$G/k.csv"
  "$FORESTGATE" model train --csv "$G/k.csv" --target kind --trees 80 -o "$G/kind.fgm" >/dev/null
  cli model publish kind "$G/kind.fgm" >/dev/null
  gate_start
}
teardown_file() { gate_stop; }

# explain MODEL BODY
explain() { call POST "/models/$1/explain" -k "$KEY" -d "$2"; }

ROW='{"features":[6.1,2.8,4.9,1.6]}'

# A number is another's but for rounding.
NEAR='def near($a; $b): ($a - $b) | fabs < 1e-12;'

@test "what is no row is refused as in a prediction" {
  explain iris '{"features":[1,2]}'
  assert_problem 422 unprocessable_content '2 values where the model iris has 4 features'
  explain iris '{"features"'
  assert_problem 400 bad_request JSON
  explain nothing "$ROW"
  assert_problem 404 not_found 'no such model'
  call POST /models/iris/explain -d "$ROW"
  assert_problem 401 unauthorized
}

@test "classes other than predicted and all are refused, and predictions take none" {
  for wrong in '"some"' 3 null '["all"]' '{"all":true}'; do
    explain iris "{\"features\":[6.1,2.8,4.9,1.6],\"classes\":$wrong}"
    assert_problem 422 unprocessable_content 'classes'
    assert_json '.errors[0].allowed == "\"predicted\" or \"all\""'
  done
  call POST /models/iris/predict -k "$KEY" -d '{"features":[6.1,2.8,4.9,1.6],"classes":"all"}'
  assert_problem 422 unprocessable_content 'no such member'
}

@test "a class is explained by name, and bias and contributions sum to its margin" {
  explain iris "$ROW"
  assert_status 200
  assert_json "$NEAR"' .prediction == .class and .label == "versicolor" and .model == "iris" and .version == 1 and
    (.contributions | keys_unsorted) == ["sepal_length","sepal_width","petal_length","petal_width"] and
    .margin == .probabilities[.class] and near(.bias + ([.contributions[]] | add); .margin)'
}

@test "the prediction beside it is that of predict" {
  call POST /models/iris/predict -k "$KEY" -d "$ROW"
  cp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  explain iris "$ROW"
  assert_json --slurpfile p "$BATS_TEST_TMPDIR/predicted" 'with_entries(select(.key | IN($p[0] | keys[]))) == $p[0]'
}

@test "all classes are explained where that is asked for" {
  explain iris '{"classes":"all","features":{"petal_width":1.6,"sepal_width":2.8,"petal_length":4.9,"sepal_length":6.1}}'
  assert_status 200
  assert_json "$NEAR"' .probabilities as $p | [.explanations[].class] == [0,1,2] and
    all(.explanations[]; .margin == $p[.class] and near(.bias + ([.contributions[]] | add); .margin)) and
    near([.explanations[].bias] | add; 1) and (has("contributions") | not)'
  cp "$body_file" "$BATS_TEST_TMPDIR/all"
  explain iris "$ROW"
  assert_json --slurpfile all "$BATS_TEST_TMPDIR/all" "$NEAR"'
    . as $one | $all[0].explanations[.class] | near(.bias; $one.bias) and
    all(.contributions | to_entries[]; near(.value; $one.contributions[.key]))'
}

@test "many rows have lists, each row what it has alone" {
  explain iris '{"instances":[[5.1,3.5,1.4,0.2],[6.1,2.8,4.9,1.6],[7.7,3.0,6.1,2.3]]}'
  assert_status 200
  assert_json "$NEAR"' .predictions == [0,1,2] and .classes == .predictions and .features[3] == "petal_width" and
    (.contributions | map(length)) == [4,4,4] and
    all(range(3) as $i | {m: .margins[$i], s: (.biases[$i] + (.contributions[$i] | add))}; near(.m; .s))'
  cp "$body_file" "$BATS_TEST_TMPDIR/many"
  explain iris "$ROW"
  assert_json --slurpfile many "$BATS_TEST_TMPDIR/many" "$NEAR"' [.contributions[]] as $c |
    all(range(4); near($c[.]; $many[0].contributions[1][.]))'
  explain iris '{"classes":"all","instances":[[5.1,3.5,1.4,0.2],[6.1,2.8,4.9,1.6]]}'
  assert_json '(.contributions | map(map(length))) == [[4,4,4],[4,4,4]] and (.margins | map(length)) == [3,3] and
    .classes == [[0,1,2],[0,1,2]]'
}

@test "a value is explained without a class" {
  explain price '{"features":[30,2,5]}'
  assert_status 200
  assert_json 'has("class") | not'
  assert_json '.margin == .prediction and (((.bias + ([.contributions[]] | add)) - .margin) | fabs < 1e-9) and
    .contributions.x != 0'
}

# rows N: a body of so many, in a file.
rows() {
  { printf '{"instances":[[1,2]' && yes ',[1,2]' | head -n $(($1 - 1)) | tr -d '\n' && printf ']%s}' "$2"; } \
    >"$BATS_TEST_TMPDIR/rows"
}

@test "as many rows are explained as about a second is enough for, and fewer of all classes" {
  most=$(("$(cli model show kind --json | jq .nodes)"))
  most=$((50 * 1048576 / most))
  rows $((most / 4 + 1)) ''
  call POST /models/kind/explain -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_status 200
  rows $((most / 4 + 1)) ',"classes":"all"'
  call POST /models/kind/explain -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_problem 422 unprocessable_content 'too long: ask for fewer rows at once'
  rows $((most + 1)) ''
  call POST /models/kind/explain -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  assert_problem 422 unprocessable_content "over the limit of $most rows"
}

@test "it counts as one call with its rows, under its own name" {
  explain iris '{"instances":[[5.1,3.5,1.4,0.2],[6.1,2.8,4.9,1.6]]}'
  assert_status 200
  id=$(header_of x-request-id)
  [ "$(cli call list --json | jq -r --arg id "$id" '.[] | select(.request_id == $id) | "\(.route) \(.model) \(.rows) \(.status)"')" = 'explain iris 2 200' ]
}

@test "openapi.json tells what it takes and gives" {
  call GET /openapi.json
  assert_json '.paths["/models/{name}/explain"].post | .operationId == "explain" and
    .requestBody.content["application/json"].schema["$ref"] == "#/components/schemas/Explain" and
    (.responses | has("422") and has("413") and has("415"))'
  assert_json '.components.schemas | .Explain.properties.classes.enum == ["predicted","all"] and has("Explanation")'
}

# ---- a tree as a picture ----

# draw MODEL QUERY BODY
draw() { call POST "/models/$1/draw$2" -k "$KEY" -d "$3"; }

@test "a drawing is refused what is no row, several rows, no such tree, and a query that it has not" {
  draw iris '' '{"features":[1,2]}'
  assert_problem 422 unprocessable_content '4 features'
  draw iris '' '{"features"'
  assert_problem 400 bad_request JSON
  draw iris '' '{"instances":[[6.1,2.8,4.9,1.6],[6.1,2.8,4.9,1.6]]}'
  assert_problem 422 unprocessable_content
  assert_json '.errors[0].field == "instances"'
  draw iris '?tree=10' "$ROW"
  assert_problem 422 unprocessable_content 'cannot be drawn'
  for query in '?tree=-1' '?tree=x' '?depth=0' '?depth=13' '?leaf=1' '?tree=1&tree=2' '?tree=99999999999999999999'; do
    draw iris "$query" "$ROW"
    [[ "$status" = 4?? ]] || fail "$query: $status"
  done
  draw nothing '' "$ROW"
  assert_problem 404 not_found 'no such model'
  call POST /models/iris/draw -d "$ROW"
  assert_problem 401 unauthorized
}

@test "a drawing is of the tree that is asked for, as deep as is asked for, with the row's way lit" {
  draw iris '' "$ROW"
  assert_status 200
  [ "$(header_of content-type)" = image/svg+xml ]
  [ -n "$(header_of ratelimit)" ]
  /usr/bin/python3 -I -c 'import sys, xml.etree.ElementTree as e; sys.exit(e.parse(sys.argv[1]).getroot().tag != "{http://www.w3.org/2000/svg}svg")' "$body_file"
  grep -q 'class="litedge"' "$body_file"
  first=$body
  draw iris '?tree=0&depth=4' "$ROW"
  [ "$body" = "$first" ]
  draw iris '?tree=1' "$ROW"
  [ "$body" != "$first" ]
  draw iris '?depth=1' '{"instances":[[6.1,2.8,4.9,1.6]]}'
  assert_status 200
  [ ${#body} -lt ${#first} ]
}

@test "a drawing counts as a call of one row" {
  draw iris '' "$ROW"
  id=$(header_of x-request-id)
  [ "$(cli call list --json | jq -r --arg id "$id" '.[] | select(.request_id == $id) | "\(.route) \(.model) \(.rows) \(.status)"')" = 'draw iris 1 200' ]
}
