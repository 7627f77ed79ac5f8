#!/usr/bin/env bats
# tests/cli/keep.bats: what is kept of predictions, by the CLI: the setting, the rows, their end.

# shellcheck disable=SC2030,SC2031,SC2154,SC2016 # set by bats or by lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

# A home for each test, with iris 1 serving; predictions are plain CGI's.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
}

# refused STATUS REGEX ARGUMENT...: nothing on standard output, and a message.
refused() {
  local want=$1 regex=$2
  shift 2
  run --separate-stderr cli model "$@"
  [ "$status" = "$want" ] || fail "$* ended with $status: $output $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
  [[ "$stderr" =~ $regex ]] || fail "$* said: $stderr"
}

# asked ID [BODY]: a prediction under this id.
asked() {
  cgi POST /predict -k "$KEY" -d "${2:-$IRIS}" HTTP_X_REQUEST_ID="$1"
  assert_status 200
}

told() {
  cgi POST /feedback -k "$KEY" -d "$1"
  assert_status 200
}

kept() { cli model kept iris "$@" 2>/dev/null; }

@test "a setting that is none, and a model that is none, are refused" {
  refused 2 'one of the two' keep iris
  refused 2 'one of the two' keep iris --rate 10% --off
  for rate in 10 0% 101% -1% 0.001% ''; do
    refused 2 'allowed: 0.01% to 100%' keep iris --rate "$rate"
  done
  refused 2 'allowed' keep iris --rate 1% --days 0
  refused 2 'allowed' keep iris --rate 1% --days 3651
  refused 1 'no model "none"' keep none --rate 10%
  refused 1 'no model "none" is published' kept none
  refused 1 'iris has no version 9' kept iris --version 9
  refused 2 'all or training' kept iris --columns some
  refused 2 'delete takes all' kept iris --delete --since 1h
  refused 1 'no model "none"' kept none --delete
}

@test "texts are not kept, and who wants that is told" {
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 5 \
    -o "$G/sentiment.fgm" >/dev/null
  cli model publish sentiment "$G/sentiment.fgm"
  refused 1 'texts are not kept' keep sentiment --rate 10%
}

@test "the setting is printed, listed, kept by new versions, and in the audit trail" {
  [ "$(cli model keep iris --rate 12.5% --days 9)" = 'iris: 12.5% of the requests are kept, for 9 days' ]
  cli model publish iris "$G/iris.fgm"
  cli model list --json | jq -e '.[0].keep == {"rate":"12.5%","days":9}'
  cli model list | grep -q 'keeps 12.5% of the requests for 9 days'
  cli model keep iris --rate 50% --json | jq -e '. == {"name":"iris","keep":{"rate":"50%","days":9}}'
  cli model keep iris --off | grep -q 'nothing is kept'
  cli model list --json | jq -e '.[0].keep == null'
  [ "$(cli audit list --json | jq '[.[] | select(.action == "model.keep")] | length')" = 3 ]
  cli model keep iris --off
  [ "$(cli audit list --json | jq '[.[] | select(.action == "model.keep")] | length')" = 3 ]
}

@test "without the setting nothing is kept; with it all is, and again nothing" {
  asked before
  cli model keep iris --rate 100%
  asked one
  asked two '{"instances":[[6.3,3.3,6.0,2.5],[5.9,3.0,4.2,1.5]]}'
  cli model keep iris --off
  asked after
  kept >"$G/kept.csv"
  [ "$(head -1 "$G/kept.csv")" = sepal_length,sepal_width,petal_length,petal_width,label,probability.setosa,probability.versicolor,probability.virginica,truth,at,model,version,account,request_id,job_uuid,row ]
  [ "$(sed 1d "$G/kept.csv" | cut -d, -f1-5,9,11,12,14-)" = "5.1,3.5,1.4,0.2,setosa,,iris,1,one,,0
6.3,3.3,6,2.5,virginica,,iris,1,two,,0
5.9,3,4.2,1.5,versicolor,,iris,1,two,,1" ] || fail "$(cat "$G/kept.csv")"
}

@test "rows whose truth is told are a file that a model is trained on" {
  cli model keep iris --rate 100%
  sed 1d "$TOP/model/iris.csv" | awk -F, 'NR % 5 == 1' >"$G/rows"
  awk -F, '{printf "%s[%s,%s,%s,%s]", (NR > 1 ? "," : "{\"instances\":["), $1, $2, $3, $4} END {print "]}"}' \
    "$G/rows" >"$G/body"
  asked many "$(cat "$G/body")"
  told "{\"request_id\":\"many\",\"truth\":$(awk -F, '{print $5}' "$G/rows" | jq -R . | jq -sc .)}"
  asked untold
  cli model kept iris --columns training --since 2020-01-01 --until 2020-01-02 2>"$G/said" >/dev/null
  grep -q 'no such row that is kept has its truth' "$G/said"
  cli model kept iris --columns training --out "$G/more.csv" 2>"$G/said"
  grep -q "$(wc -l <"$G/rows") rows" "$G/said"
  [ "$(stat -c %a "$G/more.csv")" = 600 ]
  [ "$(sed 1d "$G/more.csv")" = "$(sed 's/\.0,/,/g; s/\.0$//' "$G/rows")" ] || fail "$(cat "$G/more.csv")"
  "$FORESTGATE" model train --csv "$G/more.csv" --target truth --trees 5 -o "$G/more.fgm"
  cli model publish iris "$G/more.fgm"
  [ "$(kept --with-truth | sed 1d | wc -l)" = "$(wc -l <"$G/rows")" ]
}

@test "rows are chosen by version and by time; those of a version with other columns are counted" {
  cli model keep iris --rate 100%
  asked one
  printf 'a,b\n1,x\n2,y\n3,x\n4,y\n' >"$G/other.csv"
  "$FORESTGATE" model train --csv "$G/other.csv" --target b --trees 3 -o "$G/other.fgm"
  cli model publish iris "$G/other.fgm"
  asked other '{"features":[1]}'
  [ "$(kept | sed 1d | wc -l)" = 1 ]
  kept | head -1 | grep -q ^a,label
  [ "$(kept --version 1 | sed 1d | cut -d, -f14)" = one ]
  run --separate-stderr cli model kept iris
  [[ "$stderr" =~ '1 rows are of versions with other columns' ]]
  [ "$(kept --version 1 --until 1h | sed 1d | wc -l)" = 0 ]
  [ "$(kept --version 1 --since 1h | sed 1d | wc -l)" = 1 ]
}

@test "an export tells on a terminal how far it is, and nothing where the rows are what is on it" {
  cli model keep iris --rate 100%
  asked many "$(jq -nc '{instances: [range(5000) | [5.1,3.5,1.4,0.2]]}')"
  # Who reads nothing for a moment, so that a moment passes.
  out=$("$TOP/tests/lib/terminal.py" bash -c '"$0" --home "$1" model kept iris | { sleep 0.3 && cat >"$2"; }' \
    "$FORESTGATE" "$G/home" "$G/kept.csv")
  [ "$(wc -l <"$G/kept.csv")" = 5001 ]
  [[ "$out" == *$'\rexporting '*' rows, '*' a second'*$'\r\033[K'*'5000 rows'* ]] || fail "$(cat -v <<<"$out")"
  out=$("$TOP/tests/lib/terminal.py" "$FORESTGATE" --home "$G/home" model kept iris)
  [[ "$out" != *exporting* && "$out" == *'5000 rows'* ]]
}

@test "what is kept is deleted by version and as a whole, and that is in the audit trail" {
  cli model keep iris --rate 100%
  asked one
  cli model publish iris "$G/iris.fgm"
  asked two
  cli model kept iris --delete --version 1
  [ "$(kept | sed 1d | cut -d, -f14)" = two ]
  cli model kept iris --delete
  [ "$(kept | sed 1d | wc -l)" = 0 ]
  [ "$(cli audit list --json | jq '[.[] | select(.action == "model.forget")] | length')" = 2 ]
}

@test "deleting a user deletes what was kept of the user" {
  printf %s 'korrekt pferd batterie' |
    cli user create ann@example.org --first-name Ann --last-name Berg --models '*' --password-stdin
  anns=$(cli key create --name a --user ann@example.org 2>/dev/null)
  cli model keep iris --rate 100%
  asked mine
  KEY=$anns asked anns
  [ "$(kept | sed 1d | wc -l)" = 2 ]
  cli user delete ann@example.org
  [ "$(kept | sed 1d | cut -d, -f14)" = mine ]
}
