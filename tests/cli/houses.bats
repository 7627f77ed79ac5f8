#!/usr/bin/env bats
# tests/cli/houses.bats: features of every type, from training to what is written.

# shellcheck disable=SC2154 # set by lib/api
load ../lib/api

setup_file() {
  "$FORESTGATE" model train --csv "$TOP/model/houses.csv" --target price --trees 20 -o "$G/houses.fgm" >/dev/null
  train_iris "$G/iris.fgm"
}

# columns MODEL CSV KIND: the header that is written.
columns() { "$FORESTGATE" predict --model "$G/$1.fgm" --in "$TOP/model/$2.csv" --output "$3" | head -1; }

@test "the script that made up the houses makes them again" {
  "$TOP/model/houses.py" | cmp - "$TOP/model/houses.csv"
}

@test "an output that a model has not is refused" {
  run "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output value
  [ "$status" -eq 1 ]
  [[ $output == *'classes and no value'* ]]
  run "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output labels
  [ "$status" -eq 2 ]
  [[ $output == *'allowed: label, probability, margin, leaf, value or contributions'* ]]
}

@test "a file with a category that there is not is refused by line and column" {
  printf '%s\n' age,surface,attic,garden,address 1,50,true,false,city 1,50,true,false,desert >"$BATS_TEST_TMPDIR/in.csv"
  run "$FORESTGATE" predict --model "$G/houses.fgm" --in "$BATS_TEST_TMPDIR/in.csv"
  [ "$status" -eq 1 ]
  [[ $output == *'in.csv:3: column 5 (address): "desert" is not one of: city, harbour, suburb, town, village'* ]]
}

@test "each output has its columns" {
  [ "$(columns iris iris label)" = prediction ]
  [ "$(columns iris iris probability)" = setosa,versicolor,virginica ]
  [ "$(columns iris iris margin)" = setosa,versicolor,virginica ]
  [ "$(columns iris iris leaf)" = "$(printf ',tree_%d' {0..9} | cut -c2-)" ]
  [ "$(columns houses houses label)" = prediction ]
  [ "$(columns houses houses value)" = prediction ]
  [ "$(columns houses houses margin)" = margin ]
}

@test "arrays and CSV say the same, where a category is its number" {
  /usr/bin/python3 - "$TOP/model/houses.csv" "$BATS_TEST_TMPDIR/in.npy" <<'PYTHON'
import csv
import sys

import numpy as np

names = ["city", "harbour", "suburb", "town", "village"]
rows = [[float(row["age"]), float(row["surface"]), row["attic"] == "true", row["garden"] == "true",
         names.index(row["address"])] for row in csv.DictReader(open(sys.argv[1]))]
np.save(sys.argv[2], np.array(rows, dtype=np.float64))
PYTHON
  for kind in value margin leaf; do
    "$FORESTGATE" predict --model "$G/houses.fgm" --in "$BATS_TEST_TMPDIR/in.npy" --output $kind >"$BATS_TEST_TMPDIR/array"
    "$FORESTGATE" predict --model "$G/houses.fgm" --in "$TOP/model/houses.csv" --output $kind | tail -n +2 |
      cmp - "$BATS_TEST_TMPDIR/array"
    "$FORESTGATE" predict --model "$G/houses.fgm" --in "$BATS_TEST_TMPDIR/in.npy" --output $kind \
      --out "$BATS_TEST_TMPDIR/out.npy"
    /usr/bin/python3 -c '
import sys
import numpy as np
array = np.load(sys.argv[1])
text = np.loadtxt(sys.argv[2], delimiter=",", ndmin=array.ndim)
assert array.shape == text.shape and (array == text).all() and array.dtype.kind == sys.argv[3]
' "$BATS_TEST_TMPDIR/out.npy" "$BATS_TEST_TMPDIR/array" "$([ $kind = leaf ] && echo i || echo f)"
  done
}

@test "houses with an address of their own are told apart" {
  printf '%s\n' age,surface,attic,garden,address 30,120,true,false,village 30,120,true,false,harbour >"$BATS_TEST_TMPDIR/in.csv"
  "$FORESTGATE" predict --model "$G/houses.fgm" --in "$BATS_TEST_TMPDIR/in.csv" | awk '
    NR == 2 {village = $1} NR == 3 {harbour = $1}
    END {exit !(village > 100000 && harbour > 2 * village)}'
}

@test "thresholds decide which class is answered, and are refused where they cannot be" {
  local wrong
  train() { "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 5 -o "$BATS_TEST_TMPDIR/t.fgm" "$@"; }
  for wrong in 0.5 0.5,0.5 0,0,1 0.1,0.1,2 0.1,0.1,-1 0.1,0.1,x 0.1,0.1,0.1,0.1 '' ',,'; do
    run train --thresholds "$wrong"
    [ "$status" -eq 1 ] || fail "taken: $wrong"
    [[ $output == *'--thresholds: not allowed; allowed: 3 numbers'* ]] || fail "$wrong: $output"
  done
  train --thresholds 1,1,0 >/dev/null
  "$FORESTGATE" predict --model "$BATS_TEST_TMPDIR/t.fgm" --in "$TOP/model/iris.csv" --output probability >"$BATS_TEST_TMPDIR/p"
  "$FORESTGATE" predict --model "$BATS_TEST_TMPDIR/t.fgm" --in "$TOP/model/iris.csv" >"$BATS_TEST_TMPDIR/labels"
  paste -d, "$BATS_TEST_TMPDIR/p" "$BATS_TEST_TMPDIR/labels" | tail -n +2 |
    awk -F, '($3 > 0) != ($4 == "virginica") {exit 1} $3 > 0 && $2 > $3 {told++} END {exit !told}'
  run "$FORESTGATE" model train --csv "$TOP/model/houses.csv" --target price --trees 2 -o "$BATS_TEST_TMPDIR/t.fgm" --thresholds 0.5
  [ "$status" -eq 1 ]
  [[ $output == *'no probabilities of classes'* ]]
}

@test "make examples trains a model of each file of data" {
  build=$(dirname "$FORESTGATE")
  rm -rf "$build/examples"
  env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TOP" examples BUILD="$build"
  for name in iris houses sentiment; do
    "$FORESTGATE" model check "$build/examples/$name.fgm"
  done
}
