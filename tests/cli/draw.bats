#!/usr/bin/env bats
# tests/cli/draw.bats: pictures of models, and contributions of files.

# shellcheck disable=SC2154,SC2016 # set by lib/api or run; dollars of awk

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  # Names that would be markup, or are none that XML can hold.
  { printf '"a<b>&""c""",]]>,"d\xc3\xa9'\''","a very long name of a feature which no card has room for",y\n'
    for i in $(seq 80); do echo "$i,$((i % 7)),$((i * 31 % 11)),$((i * 17 % 5)),<k$((i % 3))>"; done; } >"$G/odd.csv"
  "$FORESTGATE" model train --csv "$G/odd.csv" --target y --trees 3 -o "$G/odd.fgm" >/dev/null
  train_regression "$G/r.fgm"
}

setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
}

# Whether a file is well-formed XML, of SVG, without script, event or reference.
picture_is_good() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
SVG = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
assert len(list(root.iter(SVG + "rect"))) > 1
for element in root.iter():
    space, name = element.tag[1:].split("}")
    assert space == "http://www.w3.org/2000/svg", element.tag
    assert name in "svg title style rect text path circle line g".split(), name
    for key, value in element.attrib.items():
        assert not key.startswith("on") and "href" not in key and "url" not in value, (key, value)
assert "url" not in root.find(SVG + "style").text and "@import" not in root.find("{*}style").text
box = [float(number) for number in root.get("viewBox").split()]
assert box[2] == float(root.get("width")) and box[3] == float(root.get("height"))
for element in root.iter(SVG + "rect"):
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    w, h = float(element.get("width")), float(element.get("height"))
    assert 0 <= x <= x + w <= box[2] + 0.1 and 0 <= y <= y + h <= box[3] + 0.1, element.attrib
PYTHON
}

texts() { /usr/bin/python3 -c 'import sys, xml.etree.ElementTree as t
for e in t.parse(sys.argv[1]).getroot().iter("{http://www.w3.org/2000/svg}text"): print(e.text)' "$1"; }

# refused STATUS REGEX ARGUMENT...
refused() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr "$FORESTGATE" "$@"
  [ "$status" = "$want" ] || fail "$* ended with $status: $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $words ]] || fail "$* said: $stderr"
}

@test "draw refuses what is not there, and leaves no file" {
  refused 1 'there is no tree 10; the last of them is 9' model draw "$G/iris.fgm" --tree 10 -o "$D/x.svg"
  refused 2 'depth' model draw "$G/iris.fgm" --depth 13
  refused 2 'one of them is enough' model draw "$G/iris.fgm" --row 1,2,3,4 --in "$TOP/model/iris.csv"
  refused 2 'line is of --in' model draw "$G/iris.fgm" --line 3
  refused 1 'there is no row 151; it has 150' model draw "$G/iris.fgm" --in "$TOP/model/iris.csv" --line 151
  refused 1 '--row' model draw "$G/iris.fgm" --row 1,2,3
  refused 1 '--row' model draw "$G/iris.fgm" --row 1,2,3,x
  refused 1 '--row' model draw "$G/iris.fgm" --row ''
  refused 1 'No such file' model draw "$D/none.fgm" -o "$D/x.svg"
  [ ! -e "$D/x.svg" ]
}

@test "a tree of any depth, with and without a row, is a good picture" {
  for depth in 0 1 2 4 12; do
    "$FORESTGATE" model draw "$G/iris.fgm" --tree 3 --depth "$depth" -o "$D/x.svg"
    picture_is_good "$D/x.svg"
    "$FORESTGATE" model draw "$G/iris.fgm" --tree 9 --depth "$depth" --row 6.1,2.8,4.9,1.6 >"$D/x.svg"
    picture_is_good "$D/x.svg"
    "$FORESTGATE" model draw "$G/r.fgm" --depth "$depth" --in "$G/regression.csv" --line 7 -o "$D/x.svg"
    picture_is_good "$D/x.svg"
  done
}

@test "names that would be markup are texts" {
  "$FORESTGATE" model draw "$G/odd.fgm" --depth 12 --row 1,2,3,4 -o "$D/x.svg"
  picture_is_good "$D/x.svg"
  texts "$D/x.svg" >"$D/texts"
  grep -qxF 'a<b>&"c"' "$D/texts" || fail "$(cat "$D/texts")"
  grep -qxF '<k1>' "$D/texts"
  "$FORESTGATE" model importances "$G/odd.fgm" -o "$D/x.svg"
  picture_is_good "$D/x.svg"
  texts "$D/x.svg" >"$D/texts"
  grep -qxF ']]>' "$D/texts"
  grep -q $'^a very long.*\xe2\x80\xa6$' "$D/texts" || fail "$(cat "$D/texts")"
}

@test "the lit way ends in the leaf that the tree answers, however little is drawn" {
  "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 1 -o "$D/one.fgm" >/dev/null
  "$FORESTGATE" predict --model "$D/one.fgm" --in "$TOP/model/iris.csv" --out "$D/labels" >/dev/null
  for line in 1 60 99 120 150; do
    for depth in 0 2 12; do
      "$FORESTGATE" model draw "$D/one.fgm" --depth "$depth" --in "$TOP/model/iris.csv" --line "$line" -o "$D/x.svg"
      want=$(sed -n "$((line + 1))p" "$D/labels")
      [ "$(grep -c 'class="leaf litcard"' "$D/x.svg")" = 1 ]
      grep -A3 'class="leaf litcard"' "$D/x.svg" | grep -qF ">$want</text>" || fail "row $line at depth $depth is no $want"
    done
  done
}

@test "without a row nothing is lit or dim, and a depth of 0 is the root alone" {
  "$FORESTGATE" model draw "$G/iris.fgm" -o "$D/x.svg"
  run ! grep -qE 'class="[^"]*(litcard|litedge|dim)' "$D/x.svg"
  "$FORESTGATE" model draw "$G/iris.fgm" --depth 0 -o "$D/x.svg"
  [ "$(grep -c '<g' "$D/x.svg")" = 1 ]
  texts "$D/x.svg" | grep -q 'nodes$'
}

@test "draw and importances take a published model, and name its version" {
  cli model draw iris -o "$D/x.svg"
  [ "$(texts "$D/x.svg" | head -1)" = 'iris 1' ]
  cli model importances iris >"$D/x.svg"
  [ "$(texts "$D/x.svg" | head -1)" = 'iris 1' ]
}

@test "importances are those of the model, the greatest first" {
  "$FORESTGATE" model importances "$G/iris.fgm" -o "$D/x.svg"
  picture_is_good "$D/x.svg"
  texts "$D/x.svg" | tail -n +3 | paste - - | cut -f1 >"$D/drawn"
  "$FORESTGATE" model show "$G/iris.fgm" --json | jq -r '.features | sort_by(-.importance)[].name' >"$D/told"
  diff "$D/drawn" "$D/told"
  texts "$D/x.svg" | grep -qx 'importance, as the model was trained'
}

@test "importances of many features are 30, or all" {
  /usr/bin/python3 -c 'print(",".join(f"f{i}" for i in range(50)) + ",y")
for r in range(60): print(",".join(str(r * (i + 3) % 17) for i in range(50)) + f",{r * r}")' >"$D/wide.csv"
  "$FORESTGATE" model train --csv "$D/wide.csv" --target y --trees 5 -o "$D/wide.fgm" >/dev/null
  "$FORESTGATE" model importances "$D/wide.fgm" -o "$D/x.svg"
  picture_is_good "$D/x.svg"
  [ "$(grep -c 'class="bar"' "$D/x.svg")" = 30 ]
  texts "$D/x.svg" | grep -qx 'and 20 more features'
  "$FORESTGATE" model importances "$D/wide.fgm" --all -o "$D/x.svg"
  [ "$(grep -c 'class="bar"' "$D/x.svg")" = 50 ]
}

@test "importances may be measured on rows" {
  "$FORESTGATE" model importances "$G/r.fgm" --in "$G/regression.csv" -o "$D/x.svg"
  picture_is_good "$D/x.svg"
  texts "$D/x.svg" | sed -n 2,3p | paste -sd' ' | grep -qx 'mean |contribution| to the margin, over 200 rows a'
  refused 1 'columns? .*missing|lacks|no column' model importances "$G/r.fgm" --in "$TOP/model/iris.csv"
}

@test "contributions have a column for each feature, and sum to the answer" {
  "$FORESTGATE" predict --model "$G/r.fgm" --in "$G/regression.csv" --output contributions --out "$D/c.csv"
  [ "$(head -1 "$D/c.csv")" = a,b,bias ]
  "$FORESTGATE" predict --model "$G/r.fgm" --in "$G/regression.csv" >"$D/p.csv"
  paste -d, "$D/c.csv" "$D/p.csv" | awk -F, 'NR > 1 {d = $1 + $2 + $3 - $4; if (d < 0) d = -d; if (d > 1e-12) exit 1}
    END {if (NR != 201) exit 1}'
}

@test "contributions of classes have columns for each of them, whatever the threads" {
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output contributions >"$D/c.csv"
  [ "$(head -1 "$D/c.csv" | cut -d, -f1,5,6)" = setosa:sepal_length,setosa:bias,versicolor:sepal_length ]
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output probability >"$D/p.csv"
  paste -d, "$D/c.csv" "$D/p.csv" | awk -F, 'NR > 1 {for (k = 0; k < 3; k++) {
    s = -$(16 + k); for (i = 1; i <= 5; i++) s += $(5 * k + i); if (s > 1e-12 || s < -1e-12) exit 1}}
    END {if (NR != 151) exit 1}'
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output contributions --threads 3 --out "$D/t.csv"
  cmp "$D/c.csv" "$D/t.csv"
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output contributions --out "$D/c.npy"
  /usr/bin/python3 -c 'import sys, numpy as np
a, b = np.load(sys.argv[1]), np.loadtxt(sys.argv[2], delimiter=",", skiprows=1)
assert a.shape == (150, 15) and (a == b).all()' "$D/c.npy" "$D/c.csv"
}

@test "contributions of several targets have the names of their columns in other outputs" {
  "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/forest_outputs.fgs" -o "$G/targets.fgm" >/dev/null
  features=$("$FORESTGATE" model show "$G/targets.fgm" --json | jq '.features | length')
  for _ in $(seq 3); do seq -s, "$features"; done >"$G/targets.csv"
  "$FORESTGATE" model show "$G/targets.fgm" --json | jq -r '.features | map(.name) | @csv' | tr -d '"' |
    cat - "$G/targets.csv" >"$G/targets_named.csv"
  run "$FORESTGATE" predict --model "$G/targets.fgm" --in "$G/targets_named.csv" --output margin
  head=${lines[0]}
  run "$FORESTGATE" predict --model "$G/targets.fgm" --in "$G/targets_named.csv" --output contributions
  [ "$(tr , '\n' <<<"${lines[0]}" | cut -d: -f1 | uniq | paste -sd,)" = "$head" ] || fail "$head: ${lines[0]}"
}

@test "what the API explains, contributions of a file are" {
  head -2 "$TOP/model/iris.csv" >"$D/row.csv"
  "$FORESTGATE" predict --model "$G/iris.fgm" --in "$D/row.csv" --output contributions | tail -1 | cut -d, -f1-4 >"$D/c"
  gate_start
  predict_body=$(tail -1 "$D/row.csv" | jq -Rc 'split(",")[:4] | map(tonumber) | {features: ., classes: "all"}')
  call POST /models/iris/explain -k "$KEY" -d "$predict_body"
  gate_stop
  assert_status 200
  [ "$(jq -r '[.explanations[0].contributions[] | tostring] | join(",")' "$body_file")" = "$(jq -Rr 'split(",") | map(tonumber | tostring) | join(",")' "$D/c")" ]
}

@test "a split of categories names those that go left, as the file has them" {
  { echo 'place,y' && for i in $(seq 30); do printf 'east,1\nnorth,5\nwest,9\n'; done; } >"$D/places.csv"
  "$FORESTGATE" model train --csv "$D/places.csv" --target y --task regress --trees 1 -o "$D/p.fgm" >/dev/null
  "$FORESTGATE" model draw "$D/p.fgm" --row north -o "$D/p.svg"
  picture_is_good "$D/p.svg"
  run texts "$D/p.svg"
  [[ "$output" == *'in {east}'* && "$output" == *'in {east, north}'* && "$output" != *'≤'* ]] || fail "$output"
}
