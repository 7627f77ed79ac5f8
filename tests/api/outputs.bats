#!/usr/bin/env bats
# tests/api/outputs.bats: models of several targets, of anomalies, with missing values.

# shellcheck disable=SC2154,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  local model
  gate_home
  for model in forest_outputs extra_outputs isolation forest_missing gradient_two; do
    "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/$model.fgs" -o "$G/$model.fgm" >/dev/null
    cli model publish "$model" "$G/$model.fgm" >/dev/null
  done
  gate_start
}
teardown_file() { gate_stop; }

ask() { call POST "/models/$1/predict" -k "$KEY" -d "$2"; }

# The CLI's answer to the same row, as a JSON list.
cli_says() {
  printf '%s\n' '0.5,0.25,-1,2,0' >"$BATS_TEST_TMPDIR/row.csv"
  cli predict --model "$1" --in "$BATS_TEST_TMPDIR/row.csv" --output "$2" | jq -Rc 'split(",") | map(tonumber? // .)'
}

ROW='[0.5,0.25,-1,2,0]'

@test "several targets with classes are answered by lists over them" {
  ask forest_outputs "{\"features\":$ROW}"
  assert_status 200
  assert_json --argjson want "$(cli_says forest_outputs label)" --argjson p "$(cli_says forest_outputs probability)" '
    (.label | map(tonumber)) == $want and (.prediction | length == 2) and
    (.probabilities | map(length)) == [2,3] and (.probabilities | add) == $p and (has("targets") | not)'
  ask forest_outputs "{\"instances\":[$ROW,$ROW],\"outputs\":[\"label\",\"margin\"]}"
  assert_status 200
  assert_json '.predictions[0] == .predictions[1] and (.labels | map(length)) == [2,2] and
    (.margins | map(length)) == [5,5] and (has("probabilities") | not)'
}

@test "several values are a list" {
  ask extra_outputs "{\"features\":$ROW}"
  assert_status 200
  assert_json --argjson want "$(cli_says extra_outputs value)" '
    .prediction == $want and ($want | length == 3) and (has("label") | not)'
  ask extra_outputs "{\"instances\":[$ROW]}"
  assert_json --argjson want "$(cli_says extra_outputs value)" '.predictions == [$want]'
}

@test "an anomaly has a class and a score, and no probabilities" {
  ask isolation '{"instances":[[0,0,0,0,0],[900,-900,900,-900,900]]}'
  assert_status 200
  assert_json '.predictions == [1,0] and .labels == ["inlier","outlier"] and .scores[0] > .scores[1] and
    (has("probabilities") | not)'
  ask isolation "{\"features\":$ROW,\"outputs\":[\"margin\"]}"
  assert_status 200
  assert_json --argjson want "$(cli_says isolation value)" '[.score] == $want and .margin > 0'
  run cli predict --model isolation --in "$BATS_TEST_TMPDIR/row.csv" --output probability
  [ "$status" -eq 1 ]
  [[ $output == *'no probabilities'* ]]
}

@test "a missing value is null, or a name that is not there, where training saw one" {
  ask forest_missing '{"features":[null,0.25,-1,2,0]}'
  assert_status 200
  want=$(jq -c .probabilities <<<"$body")
  call GET /models/forest_missing -k "$KEY"
  names=$(jq -c '[.features[].name]' <<<"$body")
  by_name=$(jq -nc --argjson names "$names" '{features: ([$names, [null,0.25,-1,2,0]] | transpose | map({key: .[0], value: .[1]}) |
    map(select(.value != null)) | from_entries)}')
  ask forest_missing "$by_name"
  assert_status 200
  assert_json --argjson want "$want" '.probabilities == $want'
  ask gradient_two '{"features":[null,0.25,-1,2,0]}'
  assert_problem 422 unprocessable_content 'no missing value'
}

@test "one margin of two classes is a number, with the probability of each" {
  ask gradient_two "{\"features\":$ROW,\"outputs\":[\"margin\",\"probabilities\"]}"
  assert_status 200
  assert_json '(.margin | type == "number") and (.probabilities | length == 2 and (add - 1 | fabs) < 1e-12) and
    (.probabilities[1] - 1 / (1 + (-.margin | exp)) | fabs) < 1e-12 and .prediction == (if .margin > 0 then 1 else 0 end)'
}
