#!/usr/bin/env bats
# tests/cli/import.bats: other libraries' models as images.  That their numbers are the
# library's is for tests/unit/test_import_*.c; this is the way through the programs.

bats_require_minimum_version 1.5.0
load ../lib/api

X=$BATS_TEST_DIRNAME/../fixtures/xgboost

setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
}

import() { "$FORESTGATE" model import "$@"; }

# refused STATUS REGEX ARGUMENT...: nothing printed, a message that fits, no image left.
refused() {
  local code=$1 want=$2
  shift 2
  run --separate-stderr import "$@" -o "$D/no.fgm"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = "$code" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
  [ ! -e "$D/no.fgm" ]
}

# columns KIND FILE: the columns of a fixture's table whose names begin so, as a CSV.
columns() {
  awk -F, -v OFS=, -v kind="$1" '
    NR == 1 { for (i = 1; i <= NF; i++) if (index($i, kind) == 1) at[++n] = i }
    { for (i = 1; i <= n; i++) printf "%s%s", $(at[i]), i < n ? OFS : "\n" }' "$2"
}

# nines FILE: all numbers behind the header with nine digits, which tell float32 apart.
nines() { tail -n +2 "$1" | tr , '\n' | awk '{ printf "%.9g\n", $1 }'; }

@test "what is no model is refused with what to do instead" {
  printf '\200\004\225rest of a pickle' >"$D/model.pkl"
  refused 1 'model.pkl: a pickle; .*never read' "$D/model.pkl"
  refused 1 'a pickle' "$D/model.pkl" --from xgboost
  printf '\037\213\010packed' >"$D/model.gz"
  refused 1 'model.gz: compressed' "$D/model.gz"
  printf 'binf....' >"$D/model.bin"
  refused 1 "old binary format; .*save_model" "$D/model.bin"
  printf '[{ "nodeid": 0, "depth": 0 }]' >"$D/dump.json"
  refused 1 "a dump of trees" "$D/dump.json"
  refused 1 "a dump of trees" "$D/dump.json" --from xgboost
  printf 'hello' >"$D/hello"
  refused 1 'no model format that is known' "$D/hello"
  : >"$D/empty"
  refused 1 'the file is empty' "$D/empty"
  refused 1 'none: No such file' "$D/none"
  refused 1 '"lgbm" is not a format' "$X/named.ubj" --from lgbm
}

@test "a model that is not whole is refused with its place" {
  head -c 3000 "$X/named.ubj" >"$D/short.ubj"
  refused 1 'short.ubj: byte 3000, learner.*the file ends' "$D/short.ubj"
  sed 's/"split_conditions":\[/&null,/' "$X/one_leaf.json" >"$D/bad.json"
  refused 1 'trees\[0\].split_conditions\[0\]: not a number' "$D/bad.json"
  refused 1 'gblinear' "$X/refused_gblinear.json"
}

@test "what a file has beside the model takes no memory" {
  if sanitized; then skip 'a sanitizer takes memory of its own'; fi
  /usr/bin/python3 -c 'import sys
text = open(sys.argv[1]).read()
assert text.startswith("{")
with open(sys.argv[2], "w") as out:
    out.write("{\"more\":[")
    for _ in range(400):
        out.write("[1.5,{\"a\":\"b\"},null]," * 8000)
    out.write("0]," + text[1:])' "$X/binary_logistic.json" "$D/large.json"
  (ulimit -v 50000 && import "$D/large.json" --from xgboost -o "$D/large.fgm" >/dev/null)
  import "$X/binary_logistic.json" -o "$D/small.fgm" >/dev/null
  cmp "$D/small.fgm" "$D/large.fgm"
}

@test "names that are too many or too few are refused" {
  refused 1 '--features: 3 names for 4 features' "$X/named.ubj" --features a,b,c
  refused 1 '--features: name 1 is empty' "$X/named.ubj" --features a,,c,d
  refused 1 '"a" is there twice' "$X/named.ubj" --features a,b,c,a
  refused 1 '--classes: 2 labels for 3 classes' "$X/multi_softmax.ubj" --classes no,yes
  refused 1 '--classes: 2 labels for 0 classes' "$X/named.ubj" --classes no,yes
  refused 1 'no-such-file' "$X/named.ubj" --features @no-such-file
  sed 's/"best_iteration"/"other"/' "$X/dart.json" >"$D/all.json"
  refused 1 'no best iteration' "$D/all.json" --best-iteration --from xgboost
}

@test "a usage that is wrong ends with 2" {
  run ! import "$X/named.ubj"
  run -2 import "$X/named.ubj"
  run -2 import -o "$D/a.fgm"
  run -2 import "$X/named.ubj" -o "$D/a.fgm" --verify rows.csv
}

@test "what was found is told, as text and as JSON" {
  run --separate-stderr import "$X/named.ubj" -o "$D/a.fgm"
  [ "$status" = 0 ] || fail "$stderr"
  [[ "$output" == *'from XGBoost UBJSON 1.7.4, reg:squarederror, to regress'* ]] || fail "$output"
  [[ "$output" == *'4 (age, surface m2, garden, größe)'* ]] || fail "$output"
  run --separate-stderr import "$X/category_binary.ubj" -o "$D/b.fgm" --json --classes no,yes --features x,y,z
  jq -e '.from == "xgboost" and .version == "1.7.4" and .objective == "binary:logistic" and .task == "classify" and
    .trees == 5 and .splits_by_category > 0 and .features == ["x", "y", "z"] and .features_with_missing == 3 and
    .targets == [{"name": null, "classes": ["no", "yes"]}]' <<<"$output"
  printf 'x\ny\nz\n' >"$D/names"
  import "$X/category_binary.ubj" -o "$D/c.fgm" --classes no,yes --features "@$D/names" >/dev/null
  cmp "$D/b.fgm" "$D/c.fgm"
}

@test "the image predicts the library's own margins to the bit" {
  for model in "$X"/*.json "$X"/*.ubj; do
    case $model in *refused* | *v3_1_cats*) continue ;; esac
    name=$(basename "${model%.*}")
    columns margin "$X/$name.csv" >"$D/$name.margin"
    run --separate-stderr import "$model" -o "$D/$name.fgm" --json --verify "$X/$name.csv" "$D/$name.margin"
    [ "$status" = 0 ] || fail "$name: $stderr"
    jq -e '.verified | .what == "margin" and .rows >= 10 and .rows == .equal and .worst_ulp == 0' <<<"$output" \
      >"$D/said" || fail "$name: $output"
    "$FORESTGATE" predict --model "$D/$name.fgm" --in "$X/$name.csv" --output margin >"$D/out"
    cmp <(nines "$D/out") <(nines "$D/$name.margin") || fail "$name: predict says other margins"
  done
}

@test "objectives that leave the sum as it is are read under all their names" {
  columns margin "$X/reg_squarederror.csv" >"$D/margin"
  for objective in linear quantileerror expectileerror; do
    sed "s/reg:squarederror/reg:$objective/" "$X/reg_squarederror.json" >"$D/$objective.json"
    run --separate-stderr import "$D/$objective.json" -o "$D/a.fgm" --json --verify "$X/reg_squarederror.csv" "$D/margin"
    [ "$status" = 0 ] || fail "$objective: $stderr"
    jq -e --arg name "reg:$objective" '.objective == $name and .task == "regress" and .verified.worst_ulp == 0' <<<"$output"
  done
  grep -q '"reg:squarederror"' "$X/v2_1_vector.json"
  sed 's/reg:squarederror/reg:expectileerror/' "$X/v2_1_vector.json" >"$D/ordered.json"
  refused 1 'several quantiles or expectiles' "$D/ordered.json"
}

@test "categories with names are asked for by their names" {
  awk -F, -v OFS=, '
    NR == 1 { print "f0,f1,f2" > rows; print "m" > margins; next }
    $1 != "" && ($1 !~ /^[0-9]+$/ || $1 > 39) || $2 != "" && $2 !~ /^[0-3]$/ { next }
    {
      if ($1 != "") $1 = "city " $1 " ü"
      if ($2 != "") $2 = $2 == 3 ? "-5" : 2020 + $2
      print $1, $2, $3 > rows
      print $4 > margins
    }' rows="$D/rows" margins="$D/margins" "$X/v3_1_cats.csv"
  run --separate-stderr import "$X/v3_1_cats.json" -o "$D/a.fgm" --json --verify "$D/rows" "$D/margins"
  [ "$status" = 0 ] || fail "$stderr"
  jq -e '.verified | .rows >= 30 and .rows == .equal' <<<"$output"
  run --separate-stderr "$FORESTGATE" predict --model "$D/a.fgm" --in "$X/v3_1_cats.csv"
  [ "$status" = 1 ]
  [[ "$stderr" == *'is not one of'*2020* ]] || fail "$stderr"
}

@test "its answers are within one unit in the last place" {
  for model in binary_logistic.json binary_hinge.json reg_gamma.json survival_aft.json multi_softmax.ubj \
    multi_softprob.ubj labels.json; do
    columns answer "$X/${model%.*}.csv" >"$D/answer"
    run --separate-stderr import "$X/$model" -o "$D/a.fgm" --verify "$X/${model%.*}.csv" "$D/answer"
    [ "$status" = 0 ] || fail "$model: $stderr"
    [[ "$output" == *'rows have the expected'* ]] || fail "$output"
  done
}

@test "probabilities may be off by what exp() differs in, and by no more" {
  columns answer "$X/multi_softprob.csv" >"$D/answer"
  for ulp in 4 5; do
    /usr/bin/python3 -c 'import sys, numpy as np
rows = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1, dtype="f4")
rows.view("i4")[2, 1] += int(sys.argv[2])
np.savetxt(sys.argv[3], rows, delimiter=",", fmt="%.9g")' "$D/answer" $ulp "$D/off"
    run --separate-stderr import "$X/multi_softprob.ubj" -o "$D/$ulp.fgm" --verify "$X/multi_softprob.csv" "$D/off"
    [[ "$output" == *"row 3 is furthest off, by $ulp ulp"* ]] || fail "$output"
    [ "$status" = $((ulp - 4)) ] || fail "$ulp: $stderr"
  done
  [ -e "$D/4.fgm" ]
  [ ! -e "$D/5.fgm" ]
}

# What LightGBM itself predicted with models of its own, where those are at hand.
@test "LightGBM's models predict from file to file what LightGBM did" {
  L=${MODELS:-$TOP/../shared/models/lightgbm}
  [ -d "$L" ] || skip 'no models of LightGBM here'
  awk '{ for (i = 2; i <= NF; i++) { sub(/^[0-9]+:/, "", $i); printf "%s%s", $i, i < NF ? "," : "\n" } }' \
    "$L/iris_test.libsvm" >"$D/lg_rf_iris"
  tr '\t' , <"$L/breast_cancer_test.tsv" >"$D/lg_dart_breast_cancer"
  cut -f2- "$L/multiclass_test.tsv" | tr '\t' , >"$D/lgmulticlass"
  tr '\t' , <"$L/genlin_fmtp_tweedie_PurePremium_features.tsv" >"$D/genlin_fmtp_tweedie_PurePremium"
  for model in lg_rf_iris lg_dart_breast_cancer lgmulticlass genlin_fmtp_tweedie_PurePremium; do
    tr '\t' , <"$L/${model}_true_predictions.txt" >"$D/true"
    run --separate-stderr import "$L/$model.model" -o "$D/a.fgm" --verify "$D/$model" "$D/true"
    [ "$status" = 0 ] || fail "$model: $output $stderr"
    case $model in genlin*) output=value ;; *) output=probability ;; esac
    "$FORESTGATE" predict --model "$D/a.fgm" --in "$D/$model" --output "$output" >"$D/out"
    paste -d, "$D/out" "$D/true" | awk -F, -v ours="$(head -1 "$D/out" | tr , '\n' | wc -l)" '
      { theirs = NF - ours
        for (i = 0; i < theirs; i++) { d = $(NF - i) - $(ours - i); if (d * d > 1e-28 * $(NF - i) ^ 2) bad = 1 } }
      END { exit bad || NR < 30 }' || fail "$model: predict says otherwise"
  done
}

@test "in files a missing value is an empty cell, nan, or NaN of an array" {
  columns f "$X/binary_logistic.csv" >"$D/rows.csv"
  columns margin "$X/binary_logistic.csv" | nines /dev/stdin >"$D/margin"
  grep -q ',,\|,$' "$D/rows.csv"
  import "$X/binary_logistic.json" -o "$D/a.fgm" >/dev/null
  sed -e ':a' -e 's/,,/,NaN,/;ta' -e 's/,$/,nan/' "$D/rows.csv" >"$D/words.csv"
  /usr/bin/python3 -c 'import sys, numpy as np
rows = np.genfromtxt(sys.argv[1], delimiter=",", skip_header=1)
assert np.isnan(rows).any()
np.save(sys.argv[2], rows.astype("f4"))
np.save(sys.argv[3], rows)' "$D/rows.csv" "$D/f4.npy" "$D/f8.npy"
  tail -n +2 "$D/rows.csv" >"$D/headless.csv"
  for file in rows.csv words.csv headless.csv f4.npy f8.npy; do
    "$FORESTGATE" predict --model "$D/a.fgm" --in "$D/$file" --output margin >"$D/out"
    sed '/margin/d' "$D/out" | awk '{ printf "%.9g\n", $1 }' | cmp - "$D/margin" || fail "$file"
  done
}

@test "an image that is not what was expected is not written" {
  columns margin "$X/binary_logistic.csv" | sed '3s/[0-9]*$/7/' >"$D/wrong"
  run --separate-stderr import "$X/binary_logistic.json" -o "$D/a.fgm" --verify "$X/binary_logistic.csv" "$D/wrong"
  [ "$status" = 1 ]
  [[ "$output" == *'row 2 is furthest off'* ]] || fail "$output"
  [[ "$stderr" == *'a.fgm is not written'* ]] || fail "$stderr"
  [ ! -e "$D/a.fgm" ]
  columns margin "$X/binary_logistic.csv" | head -5 >"$D/few"
  refused 1 'fewer than there are rows' "$X/binary_logistic.json" --verify "$X/binary_logistic.csv" "$D/few"
  columns leaf "$X/binary_logistic.csv" >"$D/many"
  refused 1 '5 numbers in a row' "$X/binary_logistic.json" --verify "$X/binary_logistic.csv" "$D/many"
}

@test "an import has a baseline of the rows that it is given, and without any none" {
  columns f "$X/binary_logistic.csv" >"$D/rows.csv"
  refused 1 'no-rows.csv: No such file' "$X/binary_logistic.json" --data "$D/no-rows.csv"
  head -1 "$D/rows.csv" >"$D/none.csv"
  refused 1 'none.csv: no rows' "$X/binary_logistic.json" --data "$D/none.csv"
  printf 'x,y\n1,2\n' >"$D/other.csv"
  refused 1 'other.csv' "$X/binary_logistic.json" --data "$D/other.csv"

  import "$X/binary_logistic.json" -o "$D/a.fgm" >/dev/null
  run "$FORESTGATE" model show "$D/a.fgm"
  [[ "$output" == *'no baseline: drift cannot be told'* ]] || fail "$output"
  import "$X/binary_logistic.json" -o "$D/b.fgm" --data "$D/rows.csv" >/dev/null
  rows=$(($(wc -l <"$D/rows.csv") - 1))
  run "$FORESTGATE" model show "$D/b.fgm" --json
  jq -e --argjson rows "$rows" '.baseline_rows == $rows' <<<"$output"
  cmp <("$FORESTGATE" predict --model "$D/a.fgm" --in "$D/rows.csv" --output margin) \
    <("$FORESTGATE" predict --model "$D/b.fgm" --in "$D/rows.csv" --output margin)
}
