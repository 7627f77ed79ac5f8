#!/usr/bin/env bats
# tests/cli/model.bats: training, showing, checking and publishing models, and
# predictions of files.

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() { gate_home; }

# What a test writes; Bats puts files of its own beside it.
setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
}

listing() { (cd "$G/home" && find . -not -name 'forestgate.db-*' | sort) && cli model list --json; }

# refused REGEX ARGUMENT...: status 1, nothing on standard output, a message that fits.
refused() {
  local want=$1
  shift
  run --separate-stderr cli "$@"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = 1 ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
}

@test "train says what it made, as text and as JSON, on one and the same image" {
  run "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 5 -o "$D/a.fgm"
  [ "$status" = 0 ]
  [[ "$output" == *'5 trees to classify'*'150 rows of 4 features'*'out-of-bag accuracy'* ]] || fail "$output"
  run --separate-stderr "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 5 \
    -o "$D/b.fgm" --json
  jq -e '.task == "classify" and .rows == 150 and .features == 4 and .classes == 3 and .trees == 5 and .seed == 42 and
    .metric == "accuracy" and (.oob_score > 0.8)' <<<"$output"
  cmp "$D/a.fgm" "$D/b.fgm"
  run "$FORESTGATE" model show "$D/a.fgm"
  [[ "$output" == *'baseline of 150 rows'* ]] || fail "$output"
}

@test "the same seed gives the same bytes whatever the threads, another seed others" {
  for threads in 1 2 7; do
    "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 20 --threads "$threads" \
      -o "$D/$threads.fgm" >/dev/null
  done
  cmp "$D/1.fgm" "$D/2.fgm"
  cmp "$D/1.fgm" "$D/7.fgm"
  train_iris "$D/other.fgm" 20 43
  run ! cmp -s "$D/1.fgm" "$D/other.fgm"
}

# fact NAME: of the image that train has just made
fact() { "$FORESTGATE" model show "$BATS_TEST_TMPDIR/o.fgm" --json | jq -r "$1"; }

@test "each option of training does what it says" {
  rows=$BATS_TEST_TMPDIR/o.csv
  { echo a,b,c,d,e,f,g,h,i,y && for i in $(seq 400); do
    echo "$i,$((i * 7919 % 1000)),$((i * 31 % 7)),$((i % 11)),$((i % 13)),$((i % 17)),$((i % 19)),$((i % 23)),$((i % 29)),$((i * i % 3))"
  done; } >"$rows"
  train() { "$FORESTGATE" model train --csv "$rows" --target y -o "$BATS_TEST_TMPDIR/o.fgm" --trees 7 "$@" >/dev/null; }

  # The defaults are scikit-learn's: the root of 9 features for classes, all to regress.
  train
  [ "$(fact .training.max_features)" = 3 ]
  [ "$(fact .trees)" = 7 ]
  nodes=$(fact .nodes) sum=$(fact .sha256)
  [ "$(fact .depth)" -gt 3 ]
  train --task regress
  [ "$(fact .task)/$(fact .training.max_features)" = regress/9 ]

  train --max-depth 2
  [ "$(fact .depth)" = 2 ]
  train --min-samples-leaf 40
  [ "$(fact .nodes)" -lt $((nodes / 4)) ]
  train --max-features 9
  [ "$(fact .training.max_features)" = 9 ]
  [ "$(fact .sha256)" != "$sum" ]
  train --seed 43
  [ "$(fact .sha256)" != "$sum" ]
  train --seed 42
  [ "$(fact .sha256)" = "$sum" ]
}

@test "a CSV that is wrong is refused by file, line and column, and no image is written" {
  csv=$D/bad.csv
  check() { # REGEX CONTENT
    # shellcheck disable=SC2059
    printf "$2" >"$csv"
    refused "$1" model train --csv "$csv" --target kind -o "$D/bad.fgm"
    [ "$(ls "$D")" = bad.csv ] || fail "left over: $(ls "$D")"
  }
  check 'bad\.csv:3.*b' 'a,b,kind\n1,2,x\n3,hello,y\n5,6,x\n'
  check 'bad\.csv:4.*a' 'a,b,kind\n1,2,x\n3,4,y\n1e999,6,x\n'
  check 'bad\.csv:3' 'a,b,kind\n1,2,x\n3,4\n5,6,y\n'
  check 'bad\.csv:3' 'a,b,kind\n1,2,x\n3,4,y,z\n'
  check 'bad\.csv:2.*a' 'a,b,kind\n,2,x\n3,4,y\n'
  check 'bad\.csv' 'a,b,kind\n"1,2,x\n3,4,y\n'
  check 'kind' 'a,b,other\n1,2,x\n'
  check 'bad\.csv' 'a,a,kind\n1,2,x\n3,4,y\n'
  check 'bad\.csv' 'a,b,kind\n'
  check 'bad\.csv' ''
  check 'bad\.csv' '\n\n'
}

@test "a CSV that is not there, a directory, or an output that cannot be written is refused by name" {
  refused 'none.csv' model train --csv "$D/none.csv" --target x -o "$D/x.fgm"
  refused "$D" model train --csv "$D" --target x -o "$D/x.fgm"
  refused 'no/x.fgm' model train --csv "$TOP/model/iris.csv" --target species --trees 2 -o "$D/no/x.fgm"
  [ -z "$(ls "$D")" ]
}

@test "a training that fails leaves the image that was there" {
  cp "$G/iris.fgm" "$D/keep.fgm"
  refused 'nothing' model train --csv "$TOP/model/iris.csv" --target nothing -o "$D/keep.fgm"
  cmp "$G/iris.fgm" "$D/keep.fgm"
  # Over a limit of file size: no signal, no half of a file.
  run bash -c 'ulimit -f 4; "$0" model train --csv "$1" --target species -o "$2"' "$FORESTGATE" "$TOP/model/iris.csv" \
    "$D/keep.fgm"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" == *keep.fgm* ]]
  cmp "$G/iris.fgm" "$D/keep.fgm"
  [ "$(ls "$D")" = keep.fgm ] || fail "left over: $(ls "$D")"
}

@test "no bar is drawn where there is no terminal" {
  run --separate-stderr "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 300 \
    -o "$D/a.fgm"
  [ -z "$stderr" ]
}

@test "on a terminal a bar with the time left is drawn, and taken away at the end" {
  { echo a,b,y && for i in $(seq 3000); do echo "$i,$((i * 7919 % 1000)),$((i * 31 % 7))"; done; } >"$BATS_TEST_TMPDIR/rows.csv"
  TERM=xterm LC_ALL=C script -qec "$FORESTGATE model train --csv $BATS_TEST_TMPDIR/rows.csv --target y --trees 300 -o $BATS_TEST_TMPDIR/bar.fgm" \
    "$BATS_TEST_TMPDIR/typescript" >/dev/null </dev/null
  grep -qE 'training #*\.+ [0-9]+ of 300 trees, [0-9]+ a second, [0-9]+ s left' "$BATS_TEST_TMPDIR/typescript" || fail "$(cat -v "$BATS_TEST_TMPDIR/typescript")"
  # Carriage return and erase: what stays on the screen is the result alone.
  grep -q $'\r\e\\[K' "$BATS_TEST_TMPDIR/typescript" || fail "$(cat -v "$BATS_TEST_TMPDIR/typescript")"
}

@test "show: facts, classes and importances as bars; the same as JSON" {
  run cli model show iris
  [ "$status" = 0 ]
  [[ "$output" == *'classify by 10 trees'*'0 setosa, 1 versicolor, 2 virginica'*'petal_width'*'####'* ]] || fail "$output"
  run cli model show "$G/iris.fgm" --json
  jq -e '.task == "classify" and .trees == 10 and (.features | length == 4) and
    ([.features[].importance] | add - 1 | fabs < 1e-6) and (.sha256 | length == 64)' <<<"$output"
  cli model show iris --json | jq -e --argjson file "$output" 'del(.keep) == $file'
}

@test "show tells of an imported model what is not known, and where a value may be missing" {
  "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/hist_two.fgs" -o "$D/hist.fgm" >/dev/null
  run cli model show "$D/hist.fgm"
  [ "$status" = 0 ]
  [[ "$output" =~ 'real '\ +-\ +-\ +(allowed|no)\ +- ]] || fail "$output"
  [[ "$output" != *' 0 rows'* && "$output" != *'seed'* ]] || fail "$output"
  "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/extra_outputs.fgs" -o "$D/two.fgm" >/dev/null
  run cli model show "$D/two.fgm"
  [[ "$output" == *'target 0'*'target 1'* ]] || fail "$output"
  "$FORESTGATE" model train "$TOP/model/houses.csv" --target price --trees 3 -o "$D/houses.fgm" >/dev/null
  run cli model show "$D/houses.fgm"
  [[ "$output" == *'address is one of: city, harbour, suburb, town, village'* ]] || fail "$output"
}

@test "check proves a whole image and refuses a damaged one" {
  run cli model check "$G/iris.fgm"
  [ "$status" = 0 ]
  [[ "$output" == *'is good'* ]]
  cli model check iris --json | jq -e '.state == "good" and (.sha256 | length == 64)'
  for length in 0 10 100 1000; do
    head -c "$length" "$G/iris.fgm" >"$D/cut.fgm"
    refused 'cut.fgm' model check "$D/cut.fgm"
  done
  size=$(stat -c %s "$G/iris.fgm")
  for at in 0 8 100 $((size / 2)) $((size - 1)); do
    cp "$G/iris.fgm" "$D/bit.fgm"
    printf 'Z' | dd of="$D/bit.fgm" bs=1 seek="$at" conv=notrunc status=none
    if cmp -s "$G/iris.fgm" "$D/bit.fgm"; then continue; fi
    refused 'bit.fgm' model check "$D/bit.fgm"
  done
  refused 'none.fgm' model check "$D/none.fgm"
  refused 'no model "none"' model check none
}

@test "publish prints the number alone, and counts on" {
  run --separate-stderr cli model publish count "$G/iris.fgm"
  [ "$status" = 0 ]
  [ "$output" = 1 ]
  [ "$stderr" = 'version 1 of count serves: every worker goes by it' ]
  run cli model publish count "$G/iris.fgm" --quiet
  [ "$output" = 2 ]
  cli model publish count "$G/iris.fgm" --json | jq -e '.name == "count" and .version == 3 and (.sha256 | length == 64)'
  [ "$(cd "$G/home/models/count" && echo *)" = '1.fgm 2.fgm 3.fgm' ]
  cmp "$G/iris.fgm" "$G/home/models/count/3.fgm"
  [ "$(stat -c %a "$G/home/models/count/3.fgm")" = 400 ]
  cli model list --json | jq -e 'any(.[]; .name == "count" and .version == 3)'
  run cli model list
  [[ "$output" =~ count\ +3\ +20 ]]
}

@test "publish of a broken image, or of none, changes nothing" {
  before=$(listing)
  head -c 1000 "$G/iris.fgm" >"$D/cut.fgm"
  { cat "$G/iris.fgm" && echo; } >"$D/longer.fgm"
  cp "$G/iris.fgm" "$D/bit.fgm"
  printf 'Z' | dd of="$D/bit.fgm" bs=1 seek=200 conv=notrunc status=none
  : >"$D/empty.fgm"
  for name in iris fresh; do
    for file in cut longer bit empty; do
      refused "$file.fgm" model publish "$name" "$D/$file.fgm"
      if [[ "$stderr" == *incoming* ]]; then fail "the message names our copy: $stderr"; fi
    done
    refused 'none.fgm' model publish "$name" "$D/none.fgm"
    refused "$D" model publish "$name" "$D"
    refused 'iris.csv' model publish "$name" "$TOP/model/iris.csv"
  done
  [ "$(listing)" = "$before" ] || fail "$(diff <(echo "$before") <(listing))"
}

@test "names that are none are refused, and nothing outside models/ is touched" {
  before=$(listing)
  for name in '' . .. ../x x/../y /abs .hidden -dash _under Iris 'a b' $'a\nb' ünï "$(printf 'n%.0s' {1..65})" 'a;b' "a'b" \
    'a/b' 'x%2f' '*' 'a,b'; do
    run cli model publish -- "$name" "$G/iris.fgm"
    [ "$status" != 0 ] || fail "the name \"$name\" was taken"
  done
  [ "$(listing)" = "$before" ] || fail "$(diff <(echo "$before") <(listing))"
  for name in a 0 a.b_c-d "$(printf 'n%.0s' {1..64})"; do
    [ "$(cli model publish "$name" "$G/iris.fgm")" = 1 ]
  done
}

@test "a publication whose row cannot be written leaves no file" {
  sqlite3 "$G/home/forestgate.db" "CREATE TRIGGER refuse BEFORE INSERT ON version BEGIN SELECT RAISE(ABORT, 'refused'); END"
  before=$(listing)
  run cli model publish iris "$G/iris.fgm"
  refusal=$status
  after=$(listing)
  sqlite3 "$G/home/forestgate.db" 'DROP TRIGGER refuse'
  [ "$refusal" = 1 ]
  [ "$before" = "$after" ] || fail "$(diff <(echo "$before") <(echo "$after"))"
}

@test "a publication whose commit fails leaves no file" {
  # A limit of file size that the image keeps and the database's log is over already,
  # since a reader holds that log.
  mkfifo "$D/hold"
  sqlite3 "$G/home/forestgate.db" <"$D/hold" >"$D/held" 3>&- &
  reader=$!
  exec 7>"$D/hold"
  echo "BEGIN; SELECT count(*) FROM key;" >&7
  wait_for 100 test -s "$D/held"
  for _ in {1..40}; do cli key create --name fill >/dev/null 2>&1; done
  size=$(stat -c %s "$G/home/forestgate.db-wal")
  image=$(stat -c %s "$G/iris.fgm")
  [ "$size" -gt $((image + 2048)) ]
  before=$(listing)
  run bash -c 'ulimit -f "$1"; "$0" --home "$2" model publish iris "$3"' "$FORESTGATE" $((image / 1024 + 1)) "$G/home" \
    "$G/iris.fgm"
  exec 7>&-
  wait "$reader"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [ "$(listing)" = "$before" ] || fail "$output" "$(diff <(echo "$before") <(listing))"
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA integrity_check')" = ok ]
}

@test "ten publications at once get ten numbers, and each its own image" {
  for i in {1..10}; do
    train_iris "$D/$i.fgm" 2 "$i"
    cli model publish race "$D/$i.fgm" >"$D/number.$i" 3>&- &
  done
  wait
  [ "$(cat "$D"/number.* | sort -n | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 ' ]
  for i in {1..10}; do
    cmp "$D/$i.fgm" "$G/home/models/race/$(cat "$D/number.$i").fgm"
  done
}

@test "predict: labels by default, probabilities by class, numbers for a regression" {
  run cli predict --model iris --in "$TOP/model/iris.csv"
  [ "$status" = 0 ]
  [ "${lines[0]}" = prediction ]
  [ "${#lines[@]}" = 151 ]
  [ "${lines[1]}" = setosa ]
  run cli predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv" --output probability
  [ "${lines[0]}" = setosa,versicolor,virginica ]
  awk -F, 'NR > 1 {s = $1 + $2 + $3; if (s < 0.999999 || s > 1.000001) exit 1}' <<<"$output"
  train_regression "$G/price.fgm"
  run cli predict --model "$G/price.fgm" --in "$G/regression.csv"
  [ "${#lines[@]}" = 201 ]
  [[ "${lines[1]}" =~ ^-?[0-9.e-]+$ ]]
}

@test "predict: standard input, and an output that is whole or not there" {
  cli predict --model iris --in - <"$TOP/model/iris.csv" >"$D/a"
  cli predict --model iris --in "$TOP/model/iris.csv" --out "$D/b"
  cmp "$D/a" "$D/b"
  { cat "$TOP/model/iris.csv" && echo '5.1,x,1.4,0.2,setosa'; } >"$D/bad.csv"
  refused 'bad.csv:152.*sepal_width' predict --model iris --in "$D/bad.csv" --out "$D/c"
  [ "$(ls "$D")" = $'a\nb\nbad.csv' ]
}

# numpy PROGRAM ARGUMENT...: a Python program with numpy as np.
numpy() { /usr/bin/python3 -c "import sys, numpy as np; a = sys.argv[1:]; $1" "${@:2}"; }

@test "predict: an array in and out says what CSV says, to the bit, for any number of threads" {
  numpy 'x = np.random.default_rng(1).uniform(0, 8, (20003, 4)); np.save(a[0], x)
np.savetxt(a[1], x, delimiter=",", fmt="%.17g"); np.save(a[2], x.astype(">f4")); np.save(a[3], x[:0])' \
    "$D/x.npy" "$D/x.csv" "$D/big.npy" "$D/none.npy"
  for threads in 1 2 5; do
    cli predict --model iris --in "$D/x.npy" --out "$D/p$threads.npy" --output probability --threads $threads
    cli predict --model iris --in "$D/x.csv" --output probability --threads $threads >"$D/p$threads.csv"
    cmp "$D/p1.npy" "$D/p$threads.npy"
    cmp "$D/p1.csv" "$D/p$threads.csv"
  done
  cli predict --model iris --in "$D/x.npy" --out "$D/l.npy"
  cli predict --model iris --in "$D/x.csv" >"$D/l.csv"
  cli predict --model iris --in - --out "$D/b.npy" --output probability <"$D/big.npy"
  cli predict --model iris --in "$D/none.npy" --out "$D/e.npy" --output probability
  numpy 'p = np.load(a[0]); q = np.loadtxt(a[1], delimiter=","); l = np.load(a[2])
assert p.shape == (20003, 3) and p.dtype == "<f8" and (p == q).all()
names = np.array(["setosa", "versicolor", "virginica"])
assert l.dtype == "<i8" and l.shape == (20003,) and (l == p.argmax(1)).all()
assert list(names[l]) == open(a[3]).read().split()
assert np.load(a[4]).shape == p.shape and np.load(a[5]).shape == (0, 3)' \
    "$D/p1.npy" "$D/p1.csv" "$D/l.npy" "$D/l.csv" "$D/b.npy" "$D/e.npy"
}

@test "predict refuses arrays that are not the model's rows, and leaves no output" {
  numpy 'x = np.ones((5, 4)); d = a[0]; y = x.copy(); y[3, 2] = np.inf
np.save(d + "/wide.npy", np.ones((5, 5))); np.save(d + "/flat.npy", x[0]); np.save(d + "/inf.npy", y)
np.save(d + "/fortran.npy", np.asfortranarray(x)); np.save(d + "/half.npy", x.astype("f2")); np.save(d + "/x.npy", x)' "$D"
  head -c 200 "$D/x.npy" >"$D/cut.npy"
  refused 'wide.npy: 5 columns, where the model has 4 features' predict --model iris --in "$D/wide.npy" --out "$D/o.npy"
  refused 'flat.npy: an array of 1 dim' predict --model iris --in "$D/flat.npy" --out "$D/o.npy"
  refused 'fortran.npy.*ascontiguousarray' predict --model iris --in "$D/fortran.npy" --out "$D/o.npy"
  refused 'half.npy: an array of dtype <f2' predict --model iris --in "$D/half.npy" --out "$D/o.npy"
  for threads in 1 3; do
    refused 'inf.npy: row 4, column 3: too large' predict --model iris --in "$D/inf.npy" --out "$D/o.npy" --threads $threads
    refused 'cut.npy: cut short: it ends within row 3 of 5' predict --model iris --in "$D/cut.npy" --out "$D/o.csv" --threads $threads
  done
  run ls "$D"
  [ "$output" = $'cut.npy\nflat.npy\nfortran.npy\nhalf.npy\ninf.npy\nwide.npy\nx.npy' ]
}

@test "predict: on a terminal a bar says how many rows, how fast, and what is left" {
  numpy 'np.save(a[0], np.random.default_rng(1).uniform(0, 8, (3000000, 4)))' "$D/x.npy"
  TERM=xterm LC_ALL=C script -qec "stty cols 100; '$FORESTGATE' predict --home '$G/home' --model iris --in '$D/x.npy' --out '$D/o.csv'" /dev/null >"$D/said"
  grep -aqE 'predicting [#.]{30} [0-9]+ of 3000000 rows, [0-9]+ a second, [0-9]+ s left' "$D/said" || fail "$(cat "$D/said")"
}

@test "bench measures a model in bulk and row by row, and refuses what it cannot measure" {
  run --separate-stderr cli model bench "$G/iris.fgm" --in "$TOP/model/iris.csv" --json
  [ "$status" = 0 ]
  jq -e '.rows == 150 and .features == 4 and .trees > 0 and .bulk_rows_per_s > 0 and .single_us > 0 and
    .single_p99_us >= 0' <<<"$output"
  run cli model bench iris --in "$TOP/model/iris.csv"
  [[ "$output" == *'rows a second'*'us a row'* ]] || fail "$output"
  printf 'sepal_length,sepal_width,petal_length,petal_width\n' >"$D/none.csv"
  refused 'none.csv: no rows' model bench iris --in "$D/none.csv"
  run cli model bench iris
  [ "$status" = 2 ]
}

@test "predict tells the cell of a first row that does not fit, where no header is like it" {
  printf '5.1,,1.4,0.2\n' >"$D/first.csv"
  run --separate-stderr cli predict --model iris --in "$D/first.csv"
  [ "$status" = 1 ]
  [[ "$stderr" == *'first.csv:1: column 2'*'missing value'* ]] || fail "$stderr"
  printf 'a,b,c,d\n1,2,3,4\n' >"$D/first.csv"
  run --separate-stderr cli predict --model iris --in "$D/first.csv"
  [[ "$stderr" == *'no column "sepal_length"'* ]] || fail "$stderr"
}

@test "predict takes no more memory for more rows" {
  if sanitized; then skip 'a sanitizer takes memory of its own'; fi
  yes '5.1,3.5,1.4,0.2' | head -n 3000000 |
    (ulimit -v 50000 && exec "$FORESTGATE" predict --model "$G/iris.fgm" --in - --out "$D/out")
  [ "$(sort "$D/out" | uniq -c | awk '{ print $1, $2 }')" = '3000000 setosa' ]
}

@test "predict takes the words of the API for its outputs" {
  tail -n +2 "$TOP/model/iris.csv" | cut -d, -f1-4 >"$D/rows.csv"
  cmp <(cli predict --model iris --in "$D/rows.csv" --output leaves) \
    <(cli predict --model iris --in "$D/rows.csv" --output leaf)
  cmp <(cli predict --model iris --in "$D/rows.csv" --output probabilities) \
    <(cli predict --model iris --in "$D/rows.csv" --output probability)
}

@test "predict refuses a model or a file that is not there, and rows that do not fit" {
  refused 'no model "none"' predict --model none --in "$TOP/model/iris.csv"
  refused 'none.csv' predict --model iris --in "$D/none.csv"
  refused 'none.fgm' predict --model "$D/none.fgm" --in "$TOP/model/iris.csv"
  printf 'a,b\n1,2\n' >"$D/other.csv"
  refused 'other.csv' predict --model iris --in "$D/other.csv"
  printf 'sepal_length,sepal_width,petal_length,petal_width\n1,2,3\n' >"$D/short.csv"
  refused 'short.csv:2' predict --model iris --in "$D/short.csv" --out "$D/out"
  [ ! -e "$D/out" ]
}

@test "by root, files of root's own are read and written as root" {
  am_root || skip 'not root'
  mkdir -m 700 "$D/private"
  cp "$G/iris.fgm" "$TOP/model/iris.csv" "$D/private/"
  chmod 600 "$D/private"/*
  [ "$(cli model publish private "$D/private/iris.fgm")" = 1 ]
  cli predict --model private --in "$D/private/iris.csv" --out "$D/private/out.csv"
  [ "$(stat -c %U "$D/private/out.csv")" = root ]
}

@test "predict: whatever ends it, what was there stays and nothing is left beside it" {
  numpy 'np.save(a[0], np.random.default_rng(1).uniform(0, 8, (3000000, 4)))' "$D/x.npy"
  mkdir "$D/out"
  echo before >"$D/out/o.csv"
  ended_by() {
    echo before >"$D/out/o.csv"
    env --default-signal=INT "$FORESTGATE" predict --model "$G/iris.fgm" --in "$D/x.npy" --out "$D/out/o.csv" &
    sleep 0.2
    kill -s "$1" $! || :
    ! wait $! 2>/dev/null
  }
  for signal in TERM INT KILL; do
    # Who was slow to end it finds it done.
    wait_for 20 ended_by $signal || fail "it was done before $signal"
    [ "$(ls "$D/out")" = o.csv ] || fail "after $signal: $(ls "$D/out")"
    [ "$(cat "$D/out/o.csv")" = before ]
  done
}

@test "what is written to a device or a pipe goes into it, and it stays what it is" {
  mkfifo "$D/pipe"
  timeout 60 cat "$D/pipe" >"$D/got" &
  cli predict --model iris --in "$TOP/model/iris.csv" --out "$D/pipe"
  wait $!
  cmp "$D/got" <(cli predict --model iris --in "$TOP/model/iris.csv")
  [ -p "$D/pipe" ]
  timeout 60 cat "$D/pipe" >"$D/got.fgm" &
  "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 3 -o "$D/pipe" >/dev/null
  wait $!
  "$FORESTGATE" model check "$D/got.fgm"
  [ -p "$D/pipe" ]
  mkfifo "$D/pipe.npy"
  refused 'pipe.npy: not a regular file' predict --model iris --in "$TOP/model/iris.csv" --out "$D/pipe.npy"
}
