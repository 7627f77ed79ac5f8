#!/usr/bin/env bats
# tests/cli/versions.bats: what becomes of published versions: a canary, a shadow, the way
# back, and the end of old ones.

# shellcheck disable=SC2030,SC2031,SC2154 # set by bats or by lib/api
bats_require_minimum_version 1.5.0
load ../lib/api

# A home for each test, with iris 1 serving.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
}

publish() { cli model publish iris "$G/iris.fgm" "$@"; }

# "1 retired, 2 serving": the versions of iris, with the share of a canary.
states() {
  cli model list --json | jq -r '[.[] | select(.name == "iris") | .versions[] |
    "\(.version) \(.state)" + (if .share then " \(.share)" else "" end)] | join(", ")'
}

assert_states() { [ "$(states)" = "$1" ] || fail "expected: $1" "there is: $(states)"; }

# refused STATUS REGEX ARGUMENT...: nothing on standard output, a message, and no change.
refused() {
  local want=$1 regex=$2 before
  shift 2
  before=$(cli model list --json && cd "$G/home/models" && find . | sort)
  run --separate-stderr cli model "$@"
  [ "$status" = "$want" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $regex ]] || fail "$* said: $stderr"
  [ "$(cli model list --json && cd "$G/home/models" && find . | sort)" = "$before" ] || fail "$* changed something"
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
}

@test "a model with one version has none to go back to, none to promote, none to retire" {
  refused 1 'before which none did' rollback iris
  refused 1 'version 1 of iris serves already' rollback iris --to 1
  refused 1 'has no version 2; it has: 1' rollback iris --to 2
  refused 1 'no canary and no shadow' promote iris
  refused 1 'serves already' promote iris --version 1
  refused 1 'serves already' promote iris --version 1 --canary 10%
  refused 1 'no canary and no shadow' retire iris
  refused 1 'serves' retire iris --version 1
  refused 1 'serves, and stays until another does' delete iris --version 1
  refused 1 'has no version 9' delete iris --version 9
  for verb in rollback promote retire; do
    refused 1 'no model "none"' $verb none
  done
  refused 1 'no model "none"' delete none --keep 1
  refused 1 'no model "../x"' rollback ../x
  [ -z "$(cli model delete iris --keep 0)" ]
  assert_states '1 serving'
}

@test "what a change has come to is told beside the number, and with --json or --quiet not" {
  # told WORDS NUMBER VERB...: the number alone on standard output.
  told() {
    local words=$1 number=$2
    shift 2
    run --separate-stderr -0 cli model "$@"
    [ "$output" = "$number" ] || fail "$* printed: $output"
    [ "$stderr" = "$words" ] || fail "$* said: $stderr"
  }
  told 'version 2 of iris is the canary: it answers 10% of the calls' 2 publish iris "$G/iris.fgm" --canary 10%
  told 'version 2 of iris serves: every worker goes by it' 2 promote iris
  told 'version 1 of iris serves: every worker goes by it' 1 rollback iris
  told 'version 3 of iris is the shadow: it is asked beside the one that serves, and only compared' 3 publish iris "$G/iris.fgm" --shadow
  told '' 4 publish iris "$G/iris.fgm" --quiet
  run --separate-stderr -0 cli model rollback iris --json
  [ -z "$stderr" ] || fail "$stderr"
  told 'version 1 of iris is withdrawn with its model: no version answers' 1 withdraw iris
  told 'version 1 of iris serves: every worker goes by it' 1 restore iris
}

@test "what was asked wrongly is a misuse that says what is allowed" {
  for share in 10 0% 0.0% 0.001% 101% 100.01% -1% +5% 1e1% '10 %' ' 10%' 10%% 1.% .5% % '' 99999999999999999999%; do
    refused 2 'allowed: 0.01% to 100%' publish iris "$G/iris.fgm" --canary "$share"
  done
  refused 2 'one of the two' publish iris "$G/iris.fgm" --canary 10% --shadow
  refused 2 'needs it' publish iris "$G/iris.fgm" --by key
  refused 2 'request or key' publish iris "$G/iris.fgm" --canary 10% --by user
  refused 2 'one of the two' promote iris --canary 10% --shadow
  refused 2 'whole number' rollback iris --to 0
  refused 2 'whole number' rollback iris --to -1
  refused 2 'whole number' promote iris --version x
  refused 2 'say which' delete iris
  refused 2 'say which' delete iris --version 1 --keep 1
}

@test "a canary or shadow needs a version that serves, with the same features and classes" {
  refused 1 'no version that serves' publish new "$G/iris.fgm" --canary 10%
  refused 1 'no version that serves' publish new "$G/iris.fgm" --shadow
  [ ! -e "$G/home/models/new" ]
  rows=$BATS_TEST_TMPDIR/rows.csv
  try() { # REGEX SED
    sed "$2" "$TOP/model/iris.csv" >"$rows"
    "$FORESTGATE" model train --csv "$rows" --target species --trees 2 -o "$G/other.fgm" >/dev/null
    refused 1 "beside version 1 of iris: $1" publish iris "$G/other.fgm" --canary 10%
    refused 1 "beside version 1 of iris: $1" publish iris "$G/other.fgm" --shadow
  }
  try 'it has 3 features and not 4' 's/^[^,]*,//'
  try 'its feature 1 is "length" and not "sepal_length"' 1s/sepal_length/length/
  try 'it has 2 classes and not 3' '/virginica/d'
  try 'its class 0 is "iris" and not "setosa"' 's/setosa/iris/'
  train_regression "$G/price.fgm"
  refused 1 'its task is to regress and not to classify' publish iris "$G/price.fgm" --canary 10%
  # One that is to serve alone may be of another kind; but nothing of before stands beside it.
  [ "$(cli model publish iris "$G/other.fgm")" = 2 ]
  refused 1 'cannot be a shadow' promote iris --version 1 --shadow
  [ "$(cli model rollback iris)" = 1 ]
  refused 1 'cannot be a canary' promote iris --version 2 --canary 5%
}

@test "publish, list: each version with its state, size, date and sha" {
  publish >/dev/null
  train_iris "$G/c.fgm" 3
  [ "$(cli model publish iris "$G/c.fgm" --canary 12.5% --by key 2>&1)" = \
    $'version 3 of iris is the canary: it answers 12.5% of the calls, by key\n3' ]
  [ "$(publish --shadow)" = 4 ]
  run cli model list
  [[ "$output" =~ iris\ +1\ \ 20[0-9:\ -]+\ retired\ +[0-9]+\  ]] || fail "$output"
  [[ "$output" =~ iris\ +2\ \ 20[0-9:\ -]+\ serving\ +[0-9]+\  ]] || fail "$output"
  [[ "$output" =~ iris\ +3\ \ 20[0-9:\ -]+\ canary\ 12.5%\ of\ keys\ +$(stat -c %s "$G/c.fgm")\  ]] || fail "$output"
  [[ "$output" =~ iris\ +4\ \ 20[0-9:\ -]+\ shadow\ +[0-9]+\  ]] || fail "$output"
  cli model list --json | jq -e --arg sha "$("$FORESTGATE" model show "$G/c.fgm" --json | jq -r .sha256)" \
    --argjson size "$(stat -c %s "$G/c.fgm")" 'length == 1 and (.[0] | .name == "iris" and .version == 2 and
    (.sha256 | length == 64) and (.published_at | startswith("20"))) and (.[0].versions | length == 4 and
    .[2] == {version: 3, sha256: $sha, published_at: .[2].published_at, state: "canary", share: "12.5%", by: "key",
      size: $size, compared: []})'
  cli model publish wine "$G/iris.fgm" >/dev/null
  [ "$(cli model list --model wine --json | jq -c '[.[].name]')" = '["wine"]' ]
  run cli model list --model none
  [ "$status" = 1 ]
  rm "$G/home/models/iris/1.fgm"
  cli model list --json | jq -e '.[0].versions[0].size == null'
}

@test "publish with --json says the place, and what it has ended" {
  publish --canary 5% --json | jq -e '.version == 2 and .state == "canary" and .share == "5%" and .by == "request" and
    .serving == 1 and .canary_retired == null'
  publish --canary 0.25% --json 2>/dev/null | jq -e '.version == 3 and .share == "0.25%" and .canary_retired == 2'
  publish --json 2>/dev/null | jq -e '.version == 4 and .state == "serving" and .serving == 4 and .canary_retired == 3'
  publish --canary 100% --json | jq -e '.version == 5 and .state == "serving"'
}

@test "publishing while a canary and a shadow run ends both, and says so" {
  publish --canary 10% >/dev/null
  publish --shadow >/dev/null
  assert_states '1 serving, 2 canary 10%, 3 shadow'
  run --separate-stderr publish
  [ "$output" = 4 ]
  [[ "$stderr" == *'version 2 of iris, the canary, is retired'*'version 3 of iris, the shadow, is retired'* ]] || fail "$stderr"
  assert_states '1 retired, 2 retired, 3 retired, 4 serving'
  # Another canary takes the place of the first, and leaves the shadow.
  publish --shadow >/dev/null
  publish --canary 20% >/dev/null
  run --separate-stderr publish --canary 30%
  [[ "$output" = 7 && "$stderr" == *'version 6 of iris, the canary'* ]]
  assert_states '1 retired, 2 retired, 3 retired, 4 serving, 5 shadow, 6 retired, 7 canary 30%'
}

@test "promote: a shadow to a canary, a canary to another share, and to all" {
  publish --shadow >/dev/null
  [ "$(cli model promote iris --canary 10% --by key)" = 2 ]
  assert_states '1 serving, 2 canary 10%'
  cli model promote iris --canary 50% --json | jq -e '.share == "50%" and .by == "key"'
  cli model promote iris --canary 50% --by request --json | jq -e '.by == "request"'
  [ "$(cli model promote iris --canary 100%)" = 2 ]
  assert_states '1 retired, 2 serving'
  publish --canary 10% >/dev/null
  [ "$(cli model promote iris)" = 3 ]
  assert_states '1 retired, 2 retired, 3 serving'
  publish --canary 10% >/dev/null
  publish --shadow >/dev/null
  refused 1 'version 4 as its canary and 5 as its shadow: say which' promote iris
  [ "$(cli model promote iris --version 5 2>/dev/null)" = 5 ]
  assert_states '1 retired, 2 retired, 3 retired, 4 retired, 5 serving'
  [ "$(cli model promote iris --version 1 --shadow)" = 1 ]
  assert_states '1 shadow, 2 retired, 3 retired, 4 retired, 5 serving'
}

@test "retire ends a canary, a shadow, or both, and prints the version that serves" {
  publish --canary 10% >/dev/null
  publish --shadow >/dev/null
  [ "$(cli model retire iris --version 3 2>/dev/null)" = 1 ]
  assert_states '1 serving, 2 canary 10%, 3 retired'
  refused 1 'retired already' retire iris --version 3
  cli model promote iris --version 3 --shadow >/dev/null
  [ "$(cli model retire iris 2>/dev/null)" = 1 ]
  assert_states '1 serving, 2 retired, 3 retired'
}

@test "rollback takes a canary back first, then goes back by the versions that served" {
  publish >/dev/null
  publish >/dev/null
  publish --canary 10% >/dev/null
  [ "$(cli model rollback iris 2>/dev/null)" = 3 ]
  assert_states '1 retired, 2 retired, 3 serving, 4 retired'
  [ "$(cli model rollback iris)" = 2 ]
  # A version that never served is not on the way back, nor is one that was taken back.
  [ "$(publish)" = 5 ]
  [ "$(cli model rollback iris)" = 2 ]
  [ "$(cli model rollback iris)" = 1 ]
  refused 1 'before which none did' rollback iris
  # A rollback is taken back by naming the version.
  [ "$(cli model rollback iris --to 3)" = 3 ]
  [ "$(cli model rollback iris)" = 1 ]
  publish --canary 10% >/dev/null
  refused 1 'its canary, and never served: promote it' rollback iris --to 6
  [ "$(cli model rollback iris --to 3 2>/dev/null)" = 3 ]
  assert_states '1 retired, 2 retired, 3 serving, 4 retired, 5 retired, 6 retired'
}

@test "a version whose image is damaged or gone does not come to serve" {
  publish >/dev/null
  chmod 600 "$G/home/models/iris/1.fgm"
  truncate -s 100 "$G/home/models/iris/1.fgm"
  refused 1 'models/iris/1.fgm' rollback iris
  refused 1 'models/iris/1.fgm' promote iris --version 1 --canary 10%
  rm "$G/home/models/iris/1.fgm"
  refused 1 'models/iris/1.fgm' promote iris --version 1
}

@test "delete: what is in use stays; numbers are never given twice; the way back leads on" {
  for _ in 2 3 4; do publish >/dev/null; done
  publish --canary 10% >/dev/null
  publish --shadow >/dev/null
  refused 1 'version 5 of iris is its canary: end that first' delete iris --version 5
  refused 1 'version 6 of iris is its shadow' delete iris --version 6
  cli model retire iris >/dev/null 2>&1
  [ "$(cli model delete iris --version 6)" = 6 ]
  [ "$(cli model delete iris --version 3)" = 3 ]
  [ "$(cd "$G/home/models/iris" && echo *)" = '1.fgm 2.fgm 4.fgm 5.fgm' ]
  [ "$(publish --canary 1%)" = 7 ]
  cli model retire iris >/dev/null 2>&1
  [ "$(cli model rollback iris)" = 2 ]
  # Of 1, 4, 5 and 7 one is kept, and the one that a rollback leads to.
  [ "$(cli model delete iris --keep 1 --json | jq -c .)" = '[4,5]' ]
  assert_states '1 retired, 2 serving, 7 retired'
  [ "$(cli model rollback iris)" = 1 ]
  [ "$(cli model delete iris --keep 0)" = "2
7" ]
  [ "$(cd "$G/home/models/iris" && echo *)" = 1.fgm ]
  refused 1 'before which none did' rollback iris
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ]
}

@test "delete also removes an image that a killed delete or publish has left" {
  publish >/dev/null
  cp "$G/home/models/iris/1.fgm" "$G/home/models/iris/9.fgm"
  cp "$G/home/models/iris/1.fgm" "$G/home/models/iris/keep.fgm"
  [ "$(cli model delete iris --version 1)" = 1 ]
  [ "$(cd "$G/home/models/iris" && echo *)" = '2.fgm keep.fgm' ]
}

@test "changes at once are one after the other, and what is left is one of them" {
  for _ in 2 3 4; do publish >/dev/null; done
  for i in {1..4}; do
    for change in "promote iris --version $i" "rollback iris" "promote iris --version $i --canary $i%" "retire iris"; do
      # shellcheck disable=SC2086
      cli model $change >/dev/null 2>&1 3>&- &
    done
  done
  wait
  cli model list --json | jq -e '.[0].versions | ([.[] | select(.state == "serving")] | length == 1) and
    ([.[] | select(.state == "canary")] | length <= 1)'
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA integrity_check')" = ok ]
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
}
