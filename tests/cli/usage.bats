#!/usr/bin/env bats
# tests/cli/usage.bats: the command line: what is wrong with it is said, with status 2;
# what fails is said, with status 1; help is on standard output, with status 0.

load ../lib/api

setup_file() { gate_home; }

# misuse REGEX ARGUMENT...: status 2, a message on standard error alone.
misuse() {
  local want=$1
  shift
  run --separate-stderr "$FORESTGATE" "$@"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = 2 ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
}

# failed REGEX ARGUMENT...: status 1, the same.
failed() {
  local want=$1
  shift
  run --separate-stderr "$FORESTGATE" "$@"
  [ "$status" = 1 ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $want ]] || fail "$* said: $stderr"
}

bats_require_minimum_version 1.5.0

@test "no command, an unknown one and an unknown verb are usage errors that list what there is" {
  misuse 'forestgate init'
  misuse 'there is no command "frobnicate".*' frobnicate
  misuse 'no verb "frobnicate"' key frobnicate
  misuse 'key create' key
  misuse 'model train' model
  misuse 'there is no command ""' ''
}

@test "options that are unknown, given twice, without value or with one too many are usage errors" {
  misuse 'no option --frob' key list --frob
  misuse 'no option -x' key list -x
  misuse '\-\-home is given twice' key list --home "$G/home" --home "$G/home"
  misuse '\-\-home is given twice' --home "$G/home" key list --home "$G/home"
  misuse '\-\-home needs a value' key list --home
  misuse '\-\-json takes no value' key list --json=yes
  misuse 'no option --namex' key create --namex x
}

@test "operands that are missing or too many are usage errors" {
  misuse 'usage: forestgate key show ID' key show
  misuse 'usage: forestgate key revoke ID' key revoke a b
  misuse 'usage: forestgate model publish NAME FILE' model publish iris
  misuse 'usage|too many' model publish iris a b
  misuse 'usage|too many' key list x
  misuse 'usage|too many' init x
  misuse 'too many' key show a b c d e f g h i j
}

@test "options that a command needs are usage errors when they are missing" {
  misuse '\-\-name is needed' key create --home "$G/home"
  misuse '\-\-csv is needed' model train --target x -o "$G/x.fgm"
  misuse '\-\-target is needed' model train --csv "$TOP/model/iris.csv" -o "$G/x.fgm"
  misuse '\-o is needed' model train --csv "$TOP/model/iris.csv" --target species
  misuse 'needed' predict --in "$TOP/model/iris.csv"
  misuse 'needed' predict --model "$G/iris.fgm"
}

@test "values that are not allowed are usage errors that say what is" {
  for value in 0 -1 1.5 x '' 100001 99999999999999999999 '1 ' +1; do
    misuse '\-\-trees: .* from 1 to 100000' model train --csv a --target b -o c --trees "$value"
  done
  misuse '\-\-task: .* classify or regress' model train --csv a --target b -o c --task cluster
  misuse '\-\-threads: ' model train --csv a --target b -o c --threads 0
  misuse '\-\-max-depth: ' model train --csv a --target b -o c --max-depth 0
  misuse '\-\-max-features: ' model train --csv a --target b -o c --max-features 0
  misuse '\-\-min-samples-leaf: ' model train --csv a --target b -o c --min-samples-leaf 0
  misuse '\-\-seed: ' model train --csv a --target b -o c --seed -1
  misuse '--output: .*"chance" .*label.*probability' predict --model a --in b --output chance
  for value in 30 d -1d 0d 1y '1 d' 1.5d 99999999w ''; do
    misuse 'expires: .*30d' key create --name x --expires "$value"
  done
}

@test "help is on standard output with status 0, examples first" {
  run "$FORESTGATE" --help
  [ "$status" = 0 ]
  [[ "$output" == *'forestgate init'* ]]
  for command in init 'key create' 'key list' 'key show' 'key revoke' 'model train' 'model show' 'model check' \
    'model publish' 'model list' predict 'call list' 'call stats' backup 'config check' 'config example'; do
    grep -qF "  $command" <<<"$output" || fail "no $command in the overview"
    # shellcheck disable=SC2086 # noun and verb
    run --separate-stderr "$FORESTGATE" $command --help
    [ "$status" = 0 ] || fail "$command --help ended with $status"
    [ -z "$stderr" ]
    [[ "${lines[0]}" == "  forestgate $command"* ]] || fail "no example first: ${lines[0]}"
    grep -q -- '--home DIR' <<<"$output"
    run "$FORESTGATE" --help
  done
  run "$FORESTGATE" key --help
  [ "$status" = 0 ]
  [[ "$output" == *'key revoke'* ]]
}

@test "help comes before every error of the command line" {
  run "$FORESTGATE" key create --frob --help
  [ "$status" = 0 ]
}

@test "--version of both programs" {
  run "$FORESTGATE" --version
  [ "$status" = 0 ]
  [[ "$output" =~ ^forestgate\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  run "$WORKER" --version
  [ "$status" = 0 ]
  [[ "$output" =~ ^forestgate\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
  run "$WORKER" --help
  [ "$status" = 0 ]
  [[ "$output" == *spawn-fcgi* ]]
}

@test "the home: --home before the noun and after the verb, with and without =, then FORESTGATE_HOME" {
  for arguments in "--home $G/home key list" "key list --home $G/home" "--home=$G/home key list" \
    "key list --home=$G/home" "key --home $G/home list"; do
    # shellcheck disable=SC2086
    run "$FORESTGATE" $arguments
    if [ "$arguments" = "key --home $G/home list" ]; then
      [ "$status" = 2 ]
    else
      [ "$status" = 0 ] || fail "$arguments: $output"
      [[ "$output" == *' test '* ]] || fail "$arguments: $output"
    fi
  done
  FORESTGATE_HOME=$G/home run "$FORESTGATE" key list
  [ "$status" = 0 ]
  FORESTGATE_HOME=/nowhere run "$FORESTGATE" key list --home "$G/home"
  [ "$status" = 0 ]
  FORESTGATE_HOME=/nowhere run "$FORESTGATE" key list
  [ "$status" = 1 ]
  [[ "$output" == *'no home at /nowhere'*init* ]]
}

@test "--json before the noun counts as well" {
  run --separate-stderr "$FORESTGATE" --json --home "$G/home" key list
  [ "$status" = 0 ]
  jq -e 'length == 1' <<<"$output"
}

@test "a home that is a file, or may not be entered, is a failure" {
  : >"$G/file"
  failed "$G/file" key list --home "$G/file"
  failed 'no home' key list --home "$G/none"
  failed "$G/file/x" key list --home "$G/file/x"
}

@test "output that cannot be written is a failure" {
  run bash -c '"$0" --home "$1" key list >/dev/full' "$FORESTGATE" "$G/home"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" == *'o space'* ]]
  run bash -c '"$0" --home "$1" predict --model iris --in "$2" >/dev/full' "$FORESTGATE" "$G/home" "$TOP/model/iris.csv"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  run bash -c '"$0" --help >/dev/full' "$FORESTGATE"
  [ "$status" = 1 ] || fail "--help ended with $status"
}
