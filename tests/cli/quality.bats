#!/usr/bin/env bats
# tests/cli/quality.bats: how good a model has been, by what is kept of it, held to what
# scikit-learn says of the same rows.

# shellcheck disable=SC2154,SC2016 # set by bats or by lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

# A home for each test, with iris 1 serving; predictions are plain CGI's.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  cli model keep iris --rate 100% >/dev/null
}

# refused STATUS REGEX ARGUMENT...: nothing on standard output, and a message.
refused() {
  local want=$1 regex=$2
  shift 2
  run --separate-stderr cli model quality "$@"
  [ "$status" = "$want" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $regex ]] || fail "$* said: $stderr"
}

# asked ID BODY [MODEL]: a prediction under this id.
asked() {
  cgi POST "/models/${3:-iris}/predict" -k "$KEY" -d "$2" HTTP_X_REQUEST_ID="$1"
  assert_status 200
}

told() {
  cgi POST /feedback -k "$KEY" -d "$1"
  assert_status 200
}

quality() { cli model quality "$@"; }

# flowers FROM TO: rows of the data as a body; truths FROM TO: their species as a list.
flowers() {
  sed -n "$(($1 + 1)),$(($2 + 1))p" "$TOP/model/iris.csv" | cut -d, -f1-4 | jq -Rc 'split(",") | map(tonumber)' |
    jq -sc '{instances: .}'
}
truths() {
  sed -n "$(($1 + 1)),$(($2 + 1))p" "$TOP/model/iris.csv" | cut -d, -f5 | jq -Rsc 'rtrimstr("\n") | split("\n")'
}

@test "what is asked wrongly is refused" {
  refused 1 'no model "none"' none
  refused 2 'version' iris --version 0
  refused 2 'since' iris --since yesterday
  refused 2 '--by: "month" is not allowed; allowed: version, day or week' iris --by month
}

@test "of nothing nothing is told, and nobody divides by it" {
  run quality iris
  [ "$status" = 0 ]
  [[ "$output" == *'iris: nothing is kept'* ]] || fail "$output"
  run --separate-stderr quality iris --json
  jq -e '.rows == 0 and .parts == [] and .complete' <<<"$output"
  asked one "$IRIS"
  run quality iris
  [[ "$output" == *'iris, version 1: none of 1 rows has its truth'* ]] || fail "$output"
  [[ "$output" == *'against training: '*'too few rows'* ]] || fail "$output"
  run --separate-stderr quality iris --json
  jq -e '.parts[0] | .rows == 1 and .rows_with_truth == 0 and .targets[0].accuracy == null and
    .targets[0].log_loss == null and all(.drift.features[]; .state == "too few rows")' <<<"$output"
}

@test "the figures of classes are scikit-learn's on the same rows" {
  asked some "$(flowers 40 140)"
  # One in three is told wrongly, so that there is something to see.
  told "{\"request_id\":\"some\",\"truth\":$(truths 40 140 |
    jq -c '[to_entries[] | if .key % 3 == 0 then "virginica" else .value end]')}"
  asked more "$(flowers 1 20)"
  quality iris --json >"$BATS_TEST_TMPDIR/said.json"
  sed -n '41,141p' "$TOP/model/iris.csv" | cut -d, -f1-4 >"$BATS_TEST_TMPDIR/rows.csv"
  cli predict --model iris --in "$BATS_TEST_TMPDIR/rows.csv" --output probability >"$BATS_TEST_TMPDIR/p.csv"
  /usr/bin/python3 - "$BATS_TEST_TMPDIR" "$TOP/model/iris.csv" <<'PY'
import csv, json, sys
import numpy as np
from sklearn import metrics
folder, data = sys.argv[1:]
said = json.load(open(f"{folder}/said.json"))
part, = said["parts"]
assert (said["rows"], part["rows"], part["rows_with_truth"]) == (121, 121, 101), part
labels = ["setosa", "versicolor", "virginica"]
species = [row["species"] for row in csv.DictReader(open(data))][39:140]
truth = [2 if i % 3 == 0 else labels.index(s) for i, s in enumerate(species)]
p = np.loadtxt(f"{folder}/p.csv", delimiter=",")
got = p.argmax(axis=1)
figures = part["targets"][0]
assert figures["target"] == "species" and figures["rows"] == 101
for name, value in (("accuracy", metrics.accuracy_score(truth, got)),
                    ("f1_macro", metrics.f1_score(truth, got, average="macro")),
                    ("f1_micro", metrics.f1_score(truth, got, average="micro")),
                    ("f1_weighted", metrics.f1_score(truth, got, average="weighted")),
                    ("log_loss", metrics.log_loss(truth, p, labels=range(3)))):
    assert abs(figures[name] - value) < 1e-12, (name, figures[name], value)
assert figures["confusion"] == metrics.confusion_matrix(truth, got).tolist()
assert sum(b["rows"] for b in figures["calibration"]["bins"]) == 101
assert [c["label"] for c in figures["classes"]] == labels
assert [c["rows"] for c in figures["classes"]] == np.bincount(truth).tolist()
PY
  run quality iris
  [[ "$output" =~ iris,\ version\ 1:\ accuracy\ 0\.[0-9]+\ over\ 101\ of\ 121\ rows\ that\ have\ their\ truth ]] ||
    fail "$output"
}

@test "the figures of values are scikit-learn's on the same rows" {
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  cli model keep price --rate 100% >/dev/null
  n=$(cli model show price --json | jq '.features | length')
  asked values "$(jq -nc --argjson n "$n" '{instances: [range(40) | [. as $i | range($n) | $i / 4 + .]]}')" price
  jq -c .predictions "$body_file" >"$BATS_TEST_TMPDIR/predicted"
  told "{\"request_id\":\"values\",\"truth\":$(jq -c '[to_entries[] | .value + (.key % 5) - 1.5]' "$BATS_TEST_TMPDIR/predicted")}"
  quality price --json >"$BATS_TEST_TMPDIR/said.json"
  /usr/bin/python3 - "$BATS_TEST_TMPDIR" <<'PY'
import json, sys
import numpy as np
from sklearn import metrics
folder, = sys.argv[1:]
figures = json.load(open(f"{folder}/said.json"))["parts"][0]["targets"][0]
predicted = np.array(json.load(open(f"{folder}/predicted")))
truth = predicted + np.arange(40) % 5 - 1.5
for name, value in (("r2", metrics.r2_score(truth, predicted)),
                    ("mae", metrics.mean_absolute_error(truth, predicted)),
                    ("rmse", metrics.mean_squared_error(truth, predicted, squared=False)),
                    ("bias", (predicted - truth).mean())):
    assert abs(figures[name] - value) < 1e-12 * max(1, abs(value)), (name, figures[name], value)
PY
  run quality price
  [[ "$output" =~ R2\ [-0-9.e+]+\ over\ 40\ of\ 40\ rows ]] || fail "$output"
}

@test "rows that training never saw have drifted, and those like its own have not" {
  asked same "$(flowers 1 150)"
  run --separate-stderr quality iris --json
  jq -e '[.parts[0].drift.features[].state] | unique == ["stable"]' <<<"$output" || fail "$output"
  asked other "$(jq -nc '{instances: [range(300) | [7.9, 3, 6.9, 2.5]]}')"
  run --separate-stderr quality iris --json
  jq -e 'all(.parts[0].drift.features[]; .state == "drifted" and .psi > 0.25 and .rows == 450)' <<<"$output" ||
    fail "$output"
  jq -e '[.parts[0].drift.answers[] | .name] ==
    ["class", "probability of setosa", "probability of versicolor", "probability of virginica"]' <<<"$output"
  run quality iris
  [[ "$output" == *'drifted: PSI '* ]] || fail "$output"
}

@test "versions, days and weeks have figures of their own" {
  asked one "$(flowers 1 3)"
  "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 3 -o "$G/new.fgm" >/dev/null
  cli model publish iris "$G/new.fgm" >/dev/null
  asked two "$(flowers 1 5)"
  run --separate-stderr quality iris --json
  jq -e '[.parts[] | [.version, .rows]] == [[1, 3], [2, 5]] and all(.parts[]; has("begin") | not)' <<<"$output"
  run --separate-stderr quality iris --json --version 2
  jq -e '[.parts[] | [.version, .rows]] == [[2, 5]]' <<<"$output"
  run --separate-stderr quality iris --json --by day
  jq -e --arg today "$(date -u +%F)" --arg before "$(date -u -d yesterday +%F)" \
    'all(.parts[].begin; startswith($today) or startswith($before)) and ([.parts[].rows] | add) == 8' <<<"$output"
  run --separate-stderr quality iris --json --by week
  jq -e 'all(.parts[].begin; .[:19] + "Z" | fromdate | gmtime | .[6] == 1 and .[3] == 0)' <<<"$output"
  run --separate-stderr quality iris --json --until 1h
  jq -e '.rows == 0' <<<"$output"
  run --separate-stderr quality iris --json --since 1h
  jq -e '.rows == 8' <<<"$output"
}

@test "rows of a version whose image is gone are counted, and nothing else is told of them" {
  asked one "$(flowers 1 3)"
  rm -f "$G/home/models/iris/1.fgm"
  run --separate-stderr quality iris --json
  jq -e '.rows == 3 and (.parts[0] | .targets == [] and (has("drift") | not))' <<<"$output"
  run quality iris
  [[ "$output" == *'its image is gone'* ]] || fail "$output"
}
