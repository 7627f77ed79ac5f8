#!/usr/bin/env bats
# tests/cli/compare.bats: where two models differ on the rows of a file.  What is said is held to
# what each predicts by itself, and to scikit-learn's figures of that.

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  export S=$BATS_FILE_TMPDIR/shared
  mkdir "$S"
  model "$TOP/model/iris.csv" species a.fgm
  model "$TOP/model/iris.csv" species b.fgm --trees 5 --max-depth 2 --seed 7
  model "$TOP/model/houses.csv" price houses.fgm --trees 20
  model "$TOP/model/houses.csv" price houses2.fgm --trees 3 --seed 3
}

setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
}

# model DATA TARGET IMAGE OPTION...
model() {
  local data=$1 target=$2 image=$3
  shift 3
  "$FORESTGATE" model train "$data" --target "$target" -o "$S/$image" "$@" >/dev/null
}

compare() { "$FORESTGATE" model compare "$@"; }

# refused STATUS REGEX ARGUMENT...
refused() {
  local code=$1 want=$2
  shift 2
  run --separate-stderr compare "$@"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = "$code" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
}

@test "models that do not fit each other are refused, saying how" {
  refused 1 'do not answer the same: one is to classify, one to regress' \
    "$S/a.fgm" "$S/houses.fgm" --data "$TOP/model/iris.csv"
  sed 's/virginica/blue flag/' "$TOP/model/iris.csv" >"$D/other.csv"
  model "$D/other.csv" species other.fgm --trees 3
  refused 1 'the classes do not fit: .*a.fgm has "virginica", .*other.fgm has not' \
    "$S/a.fgm" "$S/other.fgm" --data "$TOP/model/iris.csv"
  refused 1 'the classes do not fit: .*other.fgm has "blue flag"' \
    "$S/other.fgm" "$S/a.fgm" --data "$TOP/model/iris.csv"
  cut -d, -f1-3 "$TOP/model/houses.csv" >"$D/narrow.csv"
  refused 1 'no column .*, which the model needs .read for' "$S/houses.fgm" "$S/houses2.fgm" --data "$D/narrow.csv"
}

@test "data that cannot be compared on is refused" {
  refused 2 '--data is needed' "$S/a.fgm" "$S/b.fgm"
  refused 2 'usage: forestgate model compare A B' "$S/a.fgm" --data "$TOP/model/iris.csv"
  refused 2 'limit' "$S/a.fgm" "$S/b.fgm" --data "$TOP/model/iris.csv" --limit -1
  refused 1 'none.csv' "$S/a.fgm" "$S/b.fgm" --data "$D/none.csv"
  refused 1 'not a regular file' "$S/a.fgm" "$S/b.fgm" --data /dev/stdin
  head -1 "$TOP/model/iris.csv" >"$D/head.csv"
  refused 1 'head.csv: no rows' "$S/a.fgm" "$S/b.fgm" --data "$D/head.csv"
  sed '7s/setosa/tulip/' "$TOP/model/iris.csv" >"$D/tulip.csv"
  refused 1 'tulip.csv:7: column 5 .species.: "tulip" is no class of the models' \
    "$S/a.fgm" "$S/b.fgm" --data "$D/tulip.csv"
  sed '7s/,[^,]*$/,dear/' "$TOP/model/houses.csv" >"$D/dear.csv"
  refused 1 'dear.csv:7: .*"dear" is not a number' "$S/houses.fgm" "$S/houses2.fgm" --data "$D/dear.csv"
  refused 1 'no column "colour"' "$S/a.fgm" "$S/b.fgm" --data "$TOP/model/iris.csv" --target colour
}

@test "features by their place have to be the same ones" {
  awk -F, -v OFS=, '{ print $2, $1, $3, $4, $5 }' "$TOP/model/iris.csv" >"$D/turned.csv"
  model "$D/turned.csv" species turned.fgm --trees 3
  tail -n +2 "$TOP/model/iris.csv" | cut -d, -f1-4 >"$D/bare.csv"
  refused 1 'no header, by which columns were found, and feature 1 is "sepal_length"' \
    "$S/a.fgm" "$S/turned.fgm" --data "$D/bare.csv"
  run --separate-stderr compare "$S/a.fgm" "$S/turned.fgm" --data "$TOP/model/iris.csv" --json
  jq -e '.rows == 150 and .differ < 20' <<<"$output"
  run --separate-stderr compare "$S/a.fgm" "$S/b.fgm" --data "$D/bare.csv" --json
  jq -e '.rows == 150 and (has("truth") | not)' <<<"$output"
}

@test "a model does not differ from itself" {
  run --separate-stderr compare "$S/a.fgm" "$S/a.fgm" --data "$TOP/model/iris.csv" --json
  jq -e '.rows == 150 and .agree == 150 and .differ == 0 and .apart_most == 0 and .apart_mean == 0 and
    .rows_that_differ == [] and .truth.a == .truth.b and .truth.a.right_alone == 0' <<<"$output"
  run compare "$S/a.fgm" "$S/a.fgm" --data "$TOP/model/iris.csv"
  [[ "$output" == *'150 rows: 150 agree, 0 differ'* ]] || fail "$output"
}

@test "what is said of classes is what each predicts, and what scikit-learn says of that" {
  for m in a b; do
    for kind in label probability; do
      "$FORESTGATE" predict --model "$S/$m.fgm" --in "$TOP/model/iris.csv" --output $kind >"$D/$m.$kind"
    done
  done
  compare "$S/a.fgm" "$S/b.fgm" --data "$TOP/model/iris.csv" --json --limit 1000 >"$D/said.json"
  /usr/bin/python3 - "$D" "$TOP/model/iris.csv" <<'PY'
import csv, json, sys
import numpy as np
from collections import Counter
from sklearn import metrics
folder, data = sys.argv[1:]
said = json.load(open(f"{folder}/said.json"))
truth = np.array([row["species"] for row in csv.DictReader(open(data))])
label = {m: np.array([row[0] for row in list(csv.reader(open(f"{folder}/{m}.label")))[1:]]) for m in "ab"}
p = {m: np.loadtxt(f"{folder}/{m}.probability", delimiter=",", skiprows=1) for m in "ab"}
apart = abs(p["a"] - p["b"]).max(axis=1)
differ = np.flatnonzero(label["a"] != label["b"])
assert len(differ) > 0
assert (said["rows"], said["agree"], said["differ"]) == (150, 150 - len(differ), len(differ)), said
assert said["apart_most"] == apart.max() and abs(said["apart_mean"] - apart.mean()) < 1e-12
assert [row["line"] for row in said["rows_that_differ"]] == list(differ + 2)
for row, i in zip(said["rows_that_differ"], differ):
    for m in "ab":
        assert row[m]["label"] == label[m][i] and row[m]["probabilities"] == list(p[m][i])
    assert row["apart"] == apart[i]
pairs = Counter(zip(label["a"], label["b"]))
assert {(c["a"], c["b"]): c["rows"] for c in said["confusion"]} == pairs
for m, other in ("ab", "ba"):
    figures = said["truth"][m]
    for name, value in (("accuracy", metrics.accuracy_score(truth, label[m])),
                        ("f1_macro", metrics.f1_score(truth, label[m], average="macro")),
                        ("log_loss", metrics.log_loss(truth, p[m]))):
        assert abs(figures[name] - value) < 1e-12, (m, name)
    assert figures["right_alone"] == ((label[m] == truth) & (label[other] != truth)).sum()
PY
}

@test "what is said of values is what scikit-learn says" {
  for m in houses houses2; do
    "$FORESTGATE" predict --model "$S/$m.fgm" --in "$TOP/model/houses.csv" >"$D/$m"
  done
  compare "$S/houses.fgm" "$S/houses2.fgm" --data "$TOP/model/houses.csv" --json --limit 3 >"$D/said.json"
  /usr/bin/python3 - "$D" "$TOP/model/houses.csv" <<'PY'
import csv, json, sys
import numpy as np
from sklearn import metrics
folder, data = sys.argv[1:]
said = json.load(open(f"{folder}/said.json"))
truth = np.array([float(row["price"]) for row in csv.DictReader(open(data))])
a, b = (np.loadtxt(f"{folder}/{m}", skiprows=1) for m in ("houses", "houses2"))
assert said["differ"] == (a != b).sum() and said["compared"] == "value" and len(said["rows_that_differ"]) == 3
assert said["apart_most"] == abs(a - b).max()
assert abs(said["apart_mean"] / abs(a - b).mean() - 1) < 1e-12
for m, got in (("a", a), ("b", b)):
    assert abs(said["truth"][m]["r2"] - metrics.r2_score(truth, got)) < 1e-12
    assert abs(said["truth"][m]["mae"] / metrics.mean_absolute_error(truth, got) - 1) < 1e-12
    assert abs(said["truth"][m]["rmse"] / metrics.mean_squared_error(truth, got, squared=False) - 1) < 1e-12
PY
}

@test "classes in another order, and rows without their truth, are no difference" {
  awk -F, -v OFS=, 'NR > 1 && NR % 3 == 0 { $5 = "" } { print }' "$TOP/model/iris.csv" >"$D/some.csv"
  run --separate-stderr compare "$S/a.fgm" "$S/b.fgm" --data "$D/some.csv" --json
  jq -e '.rows == 150 and .truth.rows == 100' <<<"$output"
  X=$BATS_TEST_DIRNAME/../fixtures/xgboost
  "$FORESTGATE" model import "$X/binary_logistic.json" -o "$D/no.fgm" --classes no,yes >/dev/null
  "$FORESTGATE" model import "$X/binary_logistic.json" -o "$D/yes.fgm" --classes yes,no >/dev/null
  cut -d, -f1-6 "$X/binary_logistic.csv" >"$D/rows.csv"
  run --separate-stderr compare "$D/no.fgm" "$D/yes.fgm" --data "$D/rows.csv" --json --limit 1
  jq -e '.rows > 0 and .agree == 0' <<<"$output"
  jq -e '.rows_that_differ[0] | .a.probabilities[0] == .b.probabilities[1] and .a.label != .b.label' <<<"$output"
}

@test "versions of a published model are compared by number" {
  cli model publish lotus "$S/a.fgm"
  cli model publish lotus "$S/b.fgm"
  run --separate-stderr cli model compare lotus:1 lotus --data "$TOP/model/iris.csv" --json
  jq -e --slurpfile said <("$FORESTGATE" model compare "$S/a.fgm" "$S/b.fgm" --data "$TOP/model/iris.csv" --json) \
    'del(.a, .b) == ($said[0] | del(.a, .b)) and .a.model == "lotus:1"' <<<"$output"
  refused 1 'lotus has no version 9' lotus:9 lotus --data "$TOP/model/iris.csv" --home "$G/home"
  refused 1 'NAME:VERSION' lotus:x lotus --data "$TOP/model/iris.csv" --home "$G/home"
  refused 1 'no model "lily"' lily:1 lotus --data "$TOP/model/iris.csv" --home "$G/home"
}

@test "models of texts are compared" {
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 5 -o "$D/a.fgm" >/dev/null
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 3 -o "$D/b.fgm" >/dev/null
  run --separate-stderr compare "$D/a.fgm" "$D/b.fgm" --data "$TOP/tests/data/sentiment_heldout.csv" --json
  jq -e '.rows == 166 and .truth.rows == 166 and .truth.a.accuracy > 0.6' <<<"$output"
}

@test "memory does not grow with the rows" {
  if sanitized; then skip 'a sanitizer takes memory of its own'; fi
  { head -1 "$TOP/model/iris.csv"; for _ in {1..4000}; do tail -n +2 "$TOP/model/iris.csv"; done; } >"$D/long.csv"
  (ulimit -v 60000 && compare "$S/a.fgm" "$S/b.fgm" --data "$D/long.csv" --json) >"$D/said.json"
  jq -e '.rows == 600000 and (.rows_that_differ | length) == 10' "$D/said.json"
}
