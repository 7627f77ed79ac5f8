#!/usr/bin/env bats
# tests/cli/completion.bats: what real shells complete, of the tables and of the home.

# shellcheck disable=SC2154,SC2016,SC2088 # set by bats or by lib/api; dollars and tildes of other shells
bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  cli tier set gold --rate 5/1s >/dev/null
  cli user create ann@example.org --password-stdin <<<'correct horse battery staple' >/dev/null
  cli model publish wine "$G/iris.fgm" >/dev/null
  cli model publish wine "$G/iris.fgm" >/dev/null
  mkdir -p "$G/files/sub" "$G/bin"
  touch "$G/files/rows.csv" "$G/files/my rows.csv"
  ln -s "$FORESTGATE" "$G/bin/forestgate"
}

setup() {
  export PATH=$G/bin:$PATH FORESTGATE_HOME=$G/home HOME=$G/files
  cd "$G/files" || return
}

words() { "$FORESTGATE" completion --words "$@" | cut -f1; }

# is WANT WORD...: the words that are offered, in one line.
is() {
  local want=$1
  shift
  [ "$(words "$@" | paste -sd' ')" = "$want" ] || fail "$*: $(words "$@" | paste -sd' ')"
}

# ---- the program's own answer ----

@test "a home that is not there, and one that may not be read, offer no names, and no error" {
  for home in /nowhere "$G/files" /dev/null ''; do
    run --separate-stderr "$FORESTGATE" completion --words --home "$home" key create --tier ''
    [ "$status" = 0 ] || fail "$home: $status"
    [ -z "$output$stderr" ] || fail "$home: $output $stderr"
  done
  FORESTGATE_WORKERS=none is '' key show ''
}

@test "what makes no sense offers nothing, and ends" {
  is '' frobnicate ''
  is '' key frobnicate ''
  is '' key list --frob=
  is '' "$(printf 'x%.0s' {1..100000})"
  is '' model show ':'
  is '' key create --name ''
  "$FORESTGATE" completion --words >/dev/null
}

@test "an unknown shell is a usage error that says which there are" {
  run --separate-stderr "$FORESTGATE" completion tcsh
  [ "$status" = 2 ]
  [[ "$stderr" == *'bash, zsh or fish'* ]]
  run -2 "$FORESTGATE" completion
}

@test "nouns, verbs, options and choices are those of the tables" {
  is key ke
  is 'create' key cr
  [ "$(words '' | LC_ALL=C sort)" = "$("$FORESTGATE" --help | sed -nE '/^  forestgate /d; s/^  ([a-z]+).*/\1/p' | LC_ALL=C sort -u)" ]
  [ "$(words model '')" = "$("$FORESTGATE" model --help | sed -nE '/^  forestgate /d; s/^  model ([a-z]+).*/\1/p')" ]
  [ "$(words key create -- | grep -cxFf <("$FORESTGATE" key create --help | sed -nE 's/^  (--[a-z-]+) .*/\1/p'))" = "$(words key create -- | wc -l)" ]
  is 'user admin' user create a@b.c --role ''
  is '--role=user --role=admin' user create a@b.c --role=
  is 'lighttpd' front l
  is ':nospace predict,jobs' key create --scopes predict,j
  is '--home' --ho
}

@test "an option that was given is not offered again, but one that may be repeated is" {
  [ -z "$(words key create --name x --na)" ]
  is '--name' key create --na
  is '--rate' tier set x --rate 1/1s --ra
  [ -z "$(words tier set x --price call --pri)" ]
}

@test "names are the home's, and stand for the place where they are asked" {
  is 'free gold premium standard test unlimited' key create --tier ''
  is 'gold' tier delete g
  is 'ann@example.org' user show a
  is 'iris wine :files' model show ''
  is 'wine:1 wine:2' model show wine:
  is 'iris wine :files' model compare iris ''
  is '' model publish iris rows.csv extra
  is ':files' model publish iris ''
  is ':nospace iris,wine' key create --models iris,
  id=$(cli key list --json | jq -r '.[0].id')
  is "$id" key revoke ''
  is ':directories' backup x --home ''
  is ':files' model import x --verify rows.csv ''
  [ "$(FORESTGATE_HOME=/nowhere words --home "$G/home" tier delete g)" = gold ]
  [ "$(FORESTGATE_HOME=/nowhere words tier delete --home="$G/home" g)" = gold ]
  ln -sfn "$G/home" "$G/files/sub/h"
  [ "$(FORESTGATE_HOME=/nowhere words tier delete --home '~/sub/h' g)" = gold ]
}

@test "a key that is revoked is not offered, and a name that a terminal would obey is shown with ?" {
  id=$(cli key create --name gone --json | jq -r .id)
  cli key revoke "$id"
  run ! grep -q "$id" <<<"$(words key show '')"
  id=$(cli key create --name ok --json | jq -r .id)
  sqlite3 "$G/home/forestgate.db" "UPDATE key SET name = 'a' || char(27) || '[2J' || char(9) WHERE id = '$id'"
  "$FORESTGATE" completion --words key show "$id" >"$BATS_TEST_TMPDIR/out"
  grep -q $'\ta?\[2J?, standard$' "$BATS_TEST_TMPDIR/out" || fail "$(cat -A "$BATS_TEST_TMPDIR/out")"
  cli key revoke "$id"
}

# ---- what shells make of it ----

# The lines and the files that every shell completes: what is typed, and what the line is then.
tried=(
  'forestgate ke' 'forestgate key '
  'forestgate key cr' 'forestgate key create '
  'forestgate key create --ti' 'forestgate key create --tier '
  'forestgate key create --tier go' 'forestgate key create --tier gold '
  'forestgate key create --tier=go' 'forestgate key create --tier=gold '
  'forestgate key create --models iris,w' 'forestgate key create --models iris,wine'
  'forestgate user show an' 'forestgate user show ann@example.org '
  'forestgate model compare iris wine:2' 'forestgate model compare iris wine:2 '
  'forestgate model import row' 'forestgate model import rows.csv '
  'forestgate model import --data=row' 'forestgate model import --data=rows.csv '
  'forestgate model import my' 'forestgate model import my\ rows.csv '
  'forestgate init --home su' 'forestgate init --home sub/'
)

# tries SHELL SETUP
tries() {
  local typed=() i
  for ((i = 0; i < ${#tried[@]}; i += 2)); do
    typed+=("${tried[i]}")
    echo "${tried[i + 1]}"
  done >"$BATS_TEST_TMPDIR/want"
  "$TOP/tests/lib/complete.py" "$1" "$2" "${typed[@]}" >"$BATS_TEST_TMPDIR/out" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
  diff "$BATS_TEST_TMPDIR/want" <(cut -f1 "$BATS_TEST_TMPDIR/out")
}

@test "bash completes, with and without the package bash-completion" {
  tries bash 'source <(forestgate completion bash)'
  tries bash "COMP_WORDBREAKS=\${COMP_WORDBREAKS//[=:]}; source <(forestgate completion bash)"
  mkdir -p "$G/share/bash-completion/completions"
  "$FORESTGATE" completion bash >"$G/share/bash-completion/completions/forestgate"
  tries bash "XDG_DATA_DIRS=$G/share; source /usr/share/bash-completion/bash_completion"
  "$TOP/tests/lib/complete.py" bash 'source <(forestgate completion bash)' 'forestgate tier ' >"$BATS_TEST_TMPDIR/out"
  grep -q 'delete *list *set$' "$BATS_TEST_TMPDIR/out" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "zsh completes, and shows what each is" {
  tries zsh 'source <(forestgate completion zsh)'
  "$TOP/tests/lib/complete.py" zsh 'source <(forestgate completion zsh)' 'forestgate tier ' >"$BATS_TEST_TMPDIR/out"
  grep -q 'list  -- list the tiers' "$BATS_TEST_TMPDIR/out" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
  mkdir -p "$G/zsh"
  "$FORESTGATE" completion zsh >"$G/zsh/_forestgate"
  "$TOP/tests/lib/complete.py" zsh "fpath=($G/zsh \$fpath); compinit -D -u" 'forestgate ke' >"$BATS_TEST_TMPDIR/out"
  [ "$(cut -f1 "$BATS_TEST_TMPDIR/out")" = 'forestgate key ' ] || fail "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "fish completes, and shows what each is" {
  "$FORESTGATE" completion fish >"$G/forestgate.fish"
  fished() { fish --no-config -c "source '$G/forestgate.fish'; for typed in \$argv; complete -C \$typed; echo; end" "$@"; }
  local typed=() i
  for ((i = 0; i < ${#tried[@]}; i += 2)); do
    typed+=("${tried[i]}")
    # fish tells the last word, unquoted, and adds the blank itself.
    printf '%s\n\n' "$(sed 's/ $//; s/my\\ /my_/; s/.* //; s/_/ /' <<<"${tried[i + 1]}")"
  done >"$BATS_TEST_TMPDIR/want"
  diff "$BATS_TEST_TMPDIR/want" <(fished "${typed[@]}" | cut -f1)
  fished 'forestgate tier ' | grep -qx $'list\tlist the tiers'
}
