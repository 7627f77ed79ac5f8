#!/usr/bin/env bats
# tests/cli/text.bats: text models from the command line: trained, shown, asked from
# files; and how good the one of model/sentiment.csv is.

# shellcheck disable=SC2154,SC2016 # set by run; dollars of jq

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  train model/sentiment.csv "$G/sentiment.fgm" --target sentiment --text text >/dev/null
}
setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
}

# train FILE IMAGE OPTION...
train() { "$FORESTGATE" model train "$TOP/$1" -o "$2" "${@:3}"; }

# refused REGEX ARGUMENT...: status 1 or 2, nothing on standard output, a message that fits.
refused() {
  run --separate-stderr "$FORESTGATE" "${@:2}"
  [ "$status" = 1 ] || [ "$status" = 2 ] || fail "${*:2} ended with $status: $output $stderr"
  [ -z "$output" ] || fail "${*:2} printed: $output"
  [[ "$stderr" =~ $1 ]] || fail "${*:2} said: $stderr"
}

ask() { "$FORESTGATE" predict --model "$G/sentiment.fgm" --in "$D/rows.csv" "$@"; }

@test "train refuses texts that it cannot learn from" {
  refused 'no column "words"; the columns are: text, sentiment' model train "$TOP/model/sentiment.csv" \
    --target sentiment --text words -o "$D/x.fgm"
  refused 'the texts are the target' model train "$TOP/model/sentiment.csv" --target text --text text -o "$D/x.fgm"
  refused 'classes, not values' model train "$TOP/model/sentiment.csv" --target sentiment --text text \
    --task regress -o "$D/x.fgm"
  refused 'given twice' model train "$TOP/model/sentiment.csv" --csv "$TOP/model/sentiment.csv" \
    --target sentiment --text text -o "$D/x.fgm"
  printf 'text,kind\nfine words,a\n"???",b\n' >"$D/rows.csv"
  refused 'rows.csv:3: column 1 \(text\).*no letter and no digit' model train "$D/rows.csv" --target kind \
    --text text -o "$D/x.fgm"
  { echo text,kind && printf 'x%.0s' {1..5001} && echo ,a && echo b,b; } >"$D/rows.csv"
  refused 'rows.csv:2: column 1 \(text\).*too long' model train "$D/rows.csv" --target kind --text text -o "$D/x.fgm"
  [ ! -e "$D/x.fgm" ]
}

@test "the same texts give the same image whatever the threads" {
  for threads in 1 3; do
    SOURCE_DATE_EPOCH=1 train model/sentiment.csv "$D/$threads.fgm" --target sentiment --text text --trees 10 \
      --threads "$threads" >/dev/null
  done
  cmp "$D/1.fgm" "$D/3.fgm"
}

@test "show says that it takes texts, and which words tell most" {
  run "$FORESTGATE" model show "$G/sentiment.fgm" --json
  jq -e '.input == "text" and .classes == ["negative","positive"] and .task == "classify" and
    .features[0].name == "<score positive>" and (.features | any(.name == "good"))' <<<"$output"
}

@test "predict finds the texts by the name of their column" {
  printf 'id,text,more\n7,"I love it, it is wonderful",x\n8,"This is awful, I hate it",\n' >"$D/rows.csv"
  [ "$(ask)" = $'prediction\npositive\nnegative' ]
  ask --output probability | awk -F, 'NR == 1 {if ($0 != "negative,positive") exit 1}
    NR == 2 && $2 < 0.6 {exit 1} NR == 3 && $1 < 0.6 {exit 1}'
}

@test "predict takes a file of one column without a header" {
  printf 'I love it so much\n"This is awful, I hate it"\n' >"$D/rows.csv"
  [ "$(ask)" = $'positive\nnegative' ]
}

@test "predict refuses rows that are no texts, by line and column" {
  asked() { refused "$1" predict --model "$G/sentiment.fgm" --in "$D/rows.csv"; }
  printf 'a,b\nI love it so much,1\n' >"$D/rows.csv"
  asked 'no column "text"'
  printf 'id,text\n1,I love it so much\n2,short\n' >"$D/rows.csv"
  run --separate-stderr ask
  [ "$status" = 1 ]
  [[ "$stderr" == *'rows.csv:3: column 2 (text): "short" is too short'* ]] || fail "$stderr"
  printf 'id,text\n1,......................\n' >"$D/rows.csv"
  run --separate-stderr ask
  [[ "$stderr" == *'no letter and no digit'* ]] || fail "$stderr"
  { printf 'id,text\n1,' && printf 'x%.0s' {1..5001} && echo; } >"$D/rows.csv"
  run --separate-stderr ask
  [[ "$stderr" == *'too long'* ]] || fail "$stderr"
  printf '\x93NUMPY\x01\x00v\x00%-117s\n' "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 137), }" >"$D/rows.csv"
  asked 'the model reads texts'
}

# The sentences of tests/data were written before those that the model learns from, and no
# model saw them.
@test "of sentences that it never saw the sentiment model tells 85 in 100 at least" {
  right=$(paste -d, <("$FORESTGATE" predict --model "$G/sentiment.fgm" --in "$TOP/tests/data/sentiment_heldout.csv") \
    <(sed 's/.*,//' "$TOP/tests/data/sentiment_heldout.csv") | awk -F, 'NR > 1 && $1 == $2' | wc -l)
  rows=$(($(wc -l <"$TOP/tests/data/sentiment_heldout.csv") - 1))
  echo "# $right of $rows are right" >&3
  ((right * 100 >= rows * 85)) || fail "$right of $rows are right"
}
