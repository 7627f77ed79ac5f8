#!/usr/bin/env bats
# tests/cli/comfort.bats: what makes the command line easy: what may have been meant, quiet,
# colours, progress, questions before what cannot be taken back, and help.

# shellcheck disable=SC2154,SC2016 # set by bats or by lib/api; dollars of jq and other shells
bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  cli user create ann@example.org --password-stdin <<<'correct horse battery staple' >/dev/null
}

# says STATUS TEXT ARGUMENT...: the text is on standard error, and nothing on standard output.
says() {
  local want=$1 text=$2
  shift 2
  run --separate-stderr cli "$@"
  [ "$status" = "$want" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" == *"$text"* ]] || fail "$* said: $stderr"
}

# On a terminal; what is typed is one line after the other.
on_terminal() { TERM=${TERM_THERE-xterm} "$TOP/tests/lib/terminal.py" "$@"; }

@test "a word that is nearly one is told which it may be, in one line" {
  says 2 'did you mean: forestgate model' modle list
  says 2 'did you mean: forestgate key' keys list
  says 2 'did you mean: forestgate key list' list keys
  says 2 'did you mean: forestgate key create' key craete
  says 2 'did you mean: forestgate key revoke' key delete x
  says 2 'did you mean: forestgate tier list' tier ls
  says 2 'did you mean: forestgate model publish' model deploy
  says 2 'did you mean --name?' key create --nmae x
  says 2 'did you mean --json?' key list --jsn
  says 1 'no model "irsi" is published; did you mean "iris"?' model show irsi
  says 1 'did you mean "iris"?' model promote iri
  says 1 'there is no tier "standrad"; did you mean "standard"?' key create --name x --tier standrad
  says 1 'did you mean "premium"?' tier delete premuim
  [ "${#stderr_lines[@]}" = 1 ]
}

@test "a word that is near none is told what there is" {
  says 2 'there is no command "frobnicate"; there are: init, ' frobnicate
  [ "${#stderr_lines[@]}" = 1 ]
  says 2 'key has no verb "frobnicate"; it has: create, list' key frobnicate
  [ "${#stderr_lines[@]}" = 1 ]
  run -2 --separate-stderr "$FORESTGATE" -q
  [[ "$stderr" == *'no command behind -q'* ]]
  says 2 'there is no option --frobnicate here; see --help' key list --frobnicate
  says 1 'there is no tier "xyzzy"; there are: ' tier delete xyzzy
  says 1 'no model "xyzzy" is published; there are: iris' model show xyzzy
  says 2 'there is no option' key list "--$(printf 'x%.0s' {1..100000})"
  [ "${#stderr}" -lt 1000 ]
  says 2 'there is no command' "$(printf 'k%.0s' {1..100000})"
}

@test "a list without a row says what to do next, beside its head and not with --json or --quiet" {
  "$FORESTGATE" --home "$G/bare" init >/dev/null
  "$FORESTGATE" --home "$G/bare" invitation list --json | jq -r '.[].id' |
    xargs -n 1 "$FORESTGATE" --home "$G/bare" invitation revoke -q
  for each in 'key list:key create --name' 'user list:user create' 'invitation list:user invite' 'model list:model publish' \
    'call list:key create' 'call stats:key create' 'job list:POST /jobs'; do
    # shellcheck disable=SC2086 # noun and verb
    run --separate-stderr -0 "$FORESTGATE" --home "$G/bare" ${each%%:*}
    [[ "${#lines[@]}" = 1 && "${#stderr_lines[@]}" = 1 && "$stderr" == "forestgate: "*"${each#*:}"* ]] || fail "$each: $output $stderr"
    for option in --json --quiet; do
      # shellcheck disable=SC2086
      run --separate-stderr -0 "$FORESTGATE" --home "$G/bare" ${each%%:*} $option
      [ -z "$stderr" ] || fail "$each $option: $stderr"
    done
  done
  run --separate-stderr -0 cli key list
  [ -z "$stderr" ]
}

@test "a setting that is misspelt is told which it may be, in the file and in the environment" {
  FORESTGATE_WORKRES=3 run -1 cli key list
  [[ "$output" == *'FORESTGATE_WORKRES'*'did you mean "workers"?'* ]] || fail "$output"
  mkdir -p "$G/other"
  "$FORESTGATE" --home "$G/other/home" init >/dev/null
  echo 'predcit_body_limit = 1M' >>"$G/other/home/forestgate.conf"
  run -1 "$FORESTGATE" --home "$G/other/home" config check
  [[ "$output" == *'forestgate.conf:'*'did you mean "predict_body_limit"?'* ]] || fail "$output"
}

@test "--quiet leaves out sentences and notes, and neither data nor errors" {
  id=$(cli key create --name q --json | jq -r .id)
  run --separate-stderr -0 cli key create --name quiet --quiet
  [[ "$output" == fg_* && -z "$stderr" ]]
  run --separate-stderr -0 cli key create --name loud
  [[ "$stderr" == *'shown this once'* ]]
  for arguments in "key set $id --name other" 'tier set quiet --rate 5/1s' 'config check' 'model keep iris --off' \
    "model train $TOP/model/iris.csv --target species --trees 2 -o $G/q.fgm" "model check $G/iris.fgm" "key revoke $id" 'tier delete quiet' \
    'user set ann@example.org --first-name A' "backup $G/quiet.db" 'init --rotate seal' 'audit check' 'init'; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr cli -q $arguments
    [ "$status" = 0 ] || fail "$arguments: $stderr"
    [[ -z "$stderr" && ( -z "$output" || "$output" == 'setup link: '* ) ]] || fail "$arguments: $output $stderr"
  done
  run -0 cli --quiet tier list
  [[ "$output" == NAME*standard* ]]
  run -0 cli model publish iris "$G/iris.fgm" --quiet
  [ "$output" -ge 2 ]
  cli tier set quiet --rate 5/1s --quiet --json | jq -e '.name == "quiet"'
  says 1 'there is no tier' tier delete none --quiet
}

@test "every command has help with examples first, in three ways, and fits the table" {
  local command
  while read -r command; do
    # shellcheck disable=SC2086 # noun and verb
    run --separate-stderr -0 "$FORESTGATE" $command --help
    [[ "${lines[0]}" == "  "*"forestgate $command"* && -z "$stderr" ]] || fail "$command: ${lines[0]}"
    [[ "$output" == *'--no-color'* && "$output" != *$'\033'* ]]
    if [ "$command" = predict ] || [[ $command == *" list" ]]; then
      # shellcheck disable=SC2086
      [ "$("$FORESTGATE" help $command)" = "$output" ] && [ "$("$FORESTGATE" $command -h)" = "$output" ] || fail "$command"
    fi
  done < <("$FORESTGATE" --help | sed -nE '/^  forestgate /d; s/^  ([a-z]+( [a-z]+)?).*/\1/p')
  for noun in key model job; do
    run -0 "$FORESTGATE" $noun --help
    [[ "${lines[0]}" == "  forestgate $noun "* ]] || fail "${lines[0]}"
    [ "$("$FORESTGATE" help $noun)" = "$output" ]
  done
  says 2 'did you mean: forestgate key' help kye
  says 2 'has no verb' help key frobnicate
  [ "$("$FORESTGATE" version)" = "$("$FORESTGATE" --version)" ]
}

@test "what lists and shows prints JSON with --json, and nothing else" {
  for arguments in 'key list' 'tier list' 'user list' 'invitation list' 'model list' 'model show iris' 'call list' 'call stats' \
    'job list' 'audit list' 'audit check' 'config check' 'doctor' 'top' 'user show ann@example.org' 'model check iris'; do
    # shellcheck disable=SC2086 # words
    cli $arguments --json >"$BATS_TEST_TMPDIR/out" || [ "$arguments" = doctor ]
    jq -e . "$BATS_TEST_TMPDIR/out" >/dev/null || fail "$arguments: $(cat "$BATS_TEST_TMPDIR/out")"
    [ "$(jq -s length "$BATS_TEST_TMPDIR/out")" = 1 ]
  done
}

@test "colours are on a terminal alone, and not with NO_COLOR, --no-color or a dumb one" {
  says 2 'allowed: one of them' key list --color --no-color
  run cli model show none
  [[ "$output" != *$'\033'* ]]
  run cli --color model show none
  [[ "$output" == $'\033[31mforestgate:\033[0m '* ]] || fail "$(cat -v <<<"$output")"
  NO_COLOR=1 run cli --color model show none
  [[ "$output" == $'\033[31m'* ]]
  fails() { on_terminal "$FORESTGATE" --home "$G/home" model show none "$@" || :; }
  fails >"$BATS_TEST_TMPDIR/out"
  grep -q $'^\033\[31mforestgate' "$BATS_TEST_TMPDIR/out" || fail "$(cat -v "$BATS_TEST_TMPDIR/out")"
  NO_COLOR='' fails | grep -q $'\033\[31m'
  {
    NO_COLOR=1 fails
    TERM_THERE=dumb fails
    TERM_THERE='' fails
    fails --no-color
  } >"$BATS_TEST_TMPDIR/none"
  [ "$(grep -c '^forestgate: no model' "$BATS_TEST_TMPDIR/none")" = 4 ] || fail "$(cat -v "$BATS_TEST_TMPDIR/none")"
}

@test "progress is on a terminal alone, fits it, and is gone at the end" {
  awk 'BEGIN {srand(1); print "a,b,c,d,y"; for (i = 0; i < 20000; i++) {a = rand(); print a "," rand() "," rand() "," rand() "," (a > 0.5 ? "yes" : "no")}}' >"$G/rows.csv"
  train=("$FORESTGATE" model train "$G/rows.csv" --target y --trees 800 --threads 1 -o "$G/big.fgm")
  COLUMNS_THERE=50 on_terminal "${train[@]}" >"$BATS_TEST_TMPDIR/out"
  tr '\r' '\n' <"$BATS_TEST_TMPDIR/out" | grep '^training' >"$BATS_TEST_TMPDIR/bars" || fail "$(cat -v "$BATS_TEST_TMPDIR/out")"
  grep -q ' of 800 trees.* left' "$BATS_TEST_TMPDIR/bars" || fail "$(cat -v "$BATS_TEST_TMPDIR/bars")"
  [ "$(sed 's/\x1b\[K$//' "$BATS_TEST_TMPDIR/bars" | LC_ALL=C.UTF-8 wc -L)" -le 49 ]
  tail -n 2 "$BATS_TEST_TMPDIR/out" | grep -q $'^\r\033\[K'"$G/big.fgm: 800 trees" || tr '\r' '\n' <"$BATS_TEST_TMPDIR/out" | grep -q $'^\033\[K'"$G/big.fgm: 800 trees" ||
    fail "$(cat -v "$BATS_TEST_TMPDIR/out")"
  TERM_THERE=dumb on_terminal "${train[@]}" >"$BATS_TEST_TMPDIR/none"
  on_terminal "${train[@]}" --quiet >>"$BATS_TEST_TMPDIR/none"
  "${train[@]}" >>"$BATS_TEST_TMPDIR/none" 2>&1
  run ! grep -qE $'training|\033' "$BATS_TEST_TMPDIR/none"
}

# LightGBM's text of many trees, which takes a while to read.
many_trees() {
  /usr/bin/python3 -I - "$TOP/tests/fixtures/lightgbm/forest.txt" "$1" <<'PY'
import re, sys
head, trees, tail = re.fullmatch(r'(.*?)(Tree=0\n.*?)(end of trees.*)', open(sys.argv[1]).read(), re.S).groups()
trees = re.split(r'(?=Tree=\d+\n)', trees)[1:]
trees = [re.sub(r'\ATree=\d+', 'Tree=%d' % n, trees[n % len(trees)]) for n in range(45000)]
head = re.sub(r'tree_sizes=.*', 'tree_sizes=' + ' '.join(str(len(tree)) for tree in trees), head)
open(sys.argv[2], 'w').write(head + ''.join(trees) + tail)
PY
}

@test "import, compare and predict show how far they are" {
  many_trees "$G/many.txt"
  on_terminal "$FORESTGATE" model import "$G/many.txt" -o "$G/many.fgm" >"$BATS_TEST_TMPDIR/out"
  grep -q 'importing .* MB of ' "$BATS_TEST_TMPDIR/out" || fail "$(head -c 2000 "$BATS_TEST_TMPDIR/out" | cat -v)"
  rm "$G/many.txt" "$G/many.fgm"
  [ -e "$G/big.fgm" ] || "$FORESTGATE" model train "$G/rows.csv" --target y --trees 100 -o "$G/big.fgm" >/dev/null
  for ((i = 0; i < 12; i++)); do tail -n +2 "$G/rows.csv"; done | cat <(head -n 1 "$G/rows.csv") - >"$G/many.csv"
  on_terminal "$FORESTGATE" model compare "$G/big.fgm" "$G/big.fgm" --data "$G/many.csv" >"$BATS_TEST_TMPDIR/out"
  grep -q 'comparing .* MB of ' "$BATS_TEST_TMPDIR/out" || fail "$(head -c 2000 "$BATS_TEST_TMPDIR/out" | cat -v)"
  on_terminal "$FORESTGATE" predict --model "$G/big.fgm" --in "$G/many.csv" --out "$G/out.csv" >"$BATS_TEST_TMPDIR/out"
  grep -q 'predicting .*rows' "$BATS_TEST_TMPDIR/out" || fail "$(head -c 2000 "$BATS_TEST_TMPDIR/out" | cat -v)"
}

@test "what cannot be taken back is asked on a terminal, and done with yes alone" {
  id=$(cli key create --name asked --json | jq -r .id)
  state() { cli key show "$id" --json | jq -r .state; }
  for answer in n '' no nein Y? ye; do
    status=0
    on_terminal --type "$answer" "$FORESTGATE" --home "$G/home" key revoke "$id" >"$BATS_TEST_TMPDIR/out" || status=$?
    [ "$status" = 1 ] || fail "$answer: $status $(cat "$BATS_TEST_TMPDIR/out")"
    grep -q "This will end key $id (asked), at once and for good" "$BATS_TEST_TMPDIR/out"
    grep -q 'nothing was done' "$BATS_TEST_TMPDIR/out"
    [ "$(state)" = active ]
  done
  on_terminal --type YES "$FORESTGATE" --home "$G/home" key revoke "$id" | grep -q 'is revoked'
  [ "$(state)" = revoked ]
  id=$(cli key create --name unasked --json | jq -r .id)
  on_terminal "$FORESTGATE" --home "$G/home" key revoke "$id" -y >"$BATS_TEST_TMPDIR/out"
  run ! grep -q 'Go on' "$BATS_TEST_TMPDIR/out"
  [ "$(state)" = revoked ]
}

@test "--dry-run tells what would be done, and does nothing" {
  cli model publish iris "$G/iris.fgm" >/dev/null
  cli model publish iris "$G/iris.fgm" >/dev/null
  cli tier set dry >/dev/null
  id=$(cli key create --name dry --json | jq -r .id)
  invitation=$(cli user invite --json | jq -r .id)
  before=$(cli audit list --limit 0 --json | jq length)
  dry() {
    local want=$1
    shift
    run --separate-stderr -0 cli "$@" --dry-run
    [[ "$output" == "would $want"* && -z "$stderr" ]] || fail "$*: $output $stderr"
    cli "$@" --dry-run --json | jq -e '.dry_run == true and (.would | type == "string")' >/dev/null || fail "$*"
  }
  dry "end key $id (dry)" key revoke "$id"
  dry 'delete tier dry' tier delete dry
  dry 'delete user ann@example.org, with 0 keys' user delete ann@example.org
  dry "end invitation $invitation" invitation revoke "$invitation"
  dry 'delete version 1' model delete iris --keep 0
  dry 'delete version 1 ' model delete iris --version 1
  dry 'delete version none' model delete iris --keep 1000
  dry 'delete what is kept of iris' model kept iris --delete
  dry 'take the end of the audit trail' audit accept
  dry 'give the home' init --rotate token
  [ "$(cli audit list --limit 0 --json | jq length)" = "$before" ]
  says 2 'goes with --rotate' init --dry-run
  says 1 'there is no key' key revoke 4hT0aYb2Zq9c --dry-run
  says 1 'there is no tier' tier delete none --dry-run
  says 1 '' job cancel 0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b --dry-run
}
