#!/usr/bin/env bats
# tests/api/versions.bats: which version answers: changes under load, shares, shadows.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # set or read by lib/api and lib/load
load ../lib/api
load ../lib/load

# A home for each test, so that its log has that test's calls alone.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  for i in 2 3; do train_iris "$G/$i.fgm" $((i * 2)) "$i"; done
  CLIENTS=''
}

teardown() {
  load_stop
  gate_stop
}

# Which version answers the body, in VERSION; a failure otherwise.
version_of() {
  call POST /predict -d "$IRIS" "$@"
  assert_status 200
  VERSION=$(jq .version "$body_file")
}

# Compares what the clients saw, with the version that each answer named, with the log.
versions_agree() {
  local wrong
  cli call list --limit 1 >/dev/null
  wrong=$(sqlite3 -batch -bail :memory: <<SQL
CREATE TABLE asked (id TEXT PRIMARY KEY, start INTEGER, end INTEGER, status TEXT, version INTEGER);
.separator ' '
.import '$ASKED' asked
ATTACH 'file:$G/home/forestgate.db?mode=ro' AS home;
SELECT 'no answer: ' || id || ' ' || status FROM asked WHERE status <> '200' LIMIT 5;
SELECT 'answered by ' || asked.version || ', and in the log by ' || coalesce(call.version, 'none') || ': ' || id
  FROM asked LEFT JOIN call ON request_id = id
  WHERE call.version IS NOT asked.version OR call.status IS NOT 200 LIMIT 5;
SELECT 'only ' || n || ' asked' FROM (SELECT count(*) AS n FROM asked) WHERE n < 100;
SQL
  )
  [ -z "$wrong" ] || fail "$wrong" "$(tail -n 20 "$G/out")"
}

# answered VERSION: how many of the clients' answers named it.
answered() { awk -v v="$1" '$5 == v {n++} END {print n + 0}' "$ASKED"; }

@test "published, shared, promoted and taken back twenty times under 64 clients: none fails" {
  gate_start --workers 4
  load_start -v -c 64 -t 120
  for i in {1..20}; do
    cli model publish iris "$G/$((2 + i % 2)).fgm" --canary 50% >/dev/null
    cli model promote iris --canary 10% >/dev/null
    cli model promote iris >/dev/null
    cli model publish iris "$G/iris.fgm" --shadow >/dev/null
    cli model rollback iris >/dev/null 2>&1
    cli model delete iris --keep 1 >/dev/null
  done
  load_stop
  versions_agree
  # Each of the twenty was seen, by some as a canary and by some as the one that serves.
  [ "$(cut -d' ' -f5 "$ASKED" | sort -u | wc -l)" -ge 10 ] || fail "$(cut -d' ' -f5 "$ASKED" | sort | uniq -c)"
  assert_books
}

# change ARGUMENT...: notes when it began and ended, and the version that serves then.
change() {
  local before serving
  clock_ns
  before=$NOW
  serving=$(cli model "$@" --json 2>/dev/null | jq .serving)
  clock_ns
  echo "$before $NOW $serving" >>"$G/changes"
}

@test "once a change has returned no answer is of the version before" {
  gate_start --workers 4
  load_start -v -c 16 -t 120
  for _ in {1..10}; do
    change publish iris "$G/2.fgm"
    change publish iris "$G/3.fgm"
    change rollback iris
    change rollback iris
  done
  load_stop
  versions_agree
  # Whoever began after a change had returned, and was answered before the next one began.
  awk 'NR == FNR {began[NR] = $1; ended[NR] = $2; serves[NR] = $3; n = NR; next}
    {
      for (i = 1; i <= n; i++)
        if ($2 > ended[i] && (i == n || $3 < began[i + 1]) && ++asked && $5 != serves[i] && ++wrong < 5)
          print "answered by " $5 " and not by " serves[i] ": " $1
    }
    END {if (asked < 100) {print "only " asked + 0 " asked"; wrong++}; exit wrong > 0}' "$G/changes" "$ASKED" >&2
}

# Which version has a request is drawn by its id, which the client numbers: so these counts
# are always the same, and the bounds are five deviations.
@test "a canary answers its share of the calls, the same ones each time, and more as it grows" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 10% >/dev/null
  load_start -v -p share- -n 4000 -t 120
  load_end
  versions_agree
  n=$(answered 2)
  [[ $n -gt 305 && $n -lt 495 ]] || fail "$n of 4000"
  [ "$(answered 1)" = $((4000 - n)) ]
  awk '$5 == 2 {print $1}' "$ASKED" | sort >"$G/at10"

  # The same ids are in the log twice then, so it is not compared again.
  cli model promote iris --canary 33.33% >/dev/null
  rm "$ASKED"
  load_start -v -p share- -n 4000 -t 120
  load_end
  n=$(answered 2)
  [[ $n -gt 1184 && $n -lt 1482 ]] || fail "$n of 4000"
  awk '$5 == 2 {print $1}' "$ASKED" | sort >"$G/at33"
  [ -z "$(comm -23 "$G/at10" "$G/at33")" ] || fail 'one that was within the share no longer is'
}

@test "a request that comes again with its id comes to the same version" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 50% >/dev/null
  seen=''
  for id in a b c d e f g h; do
    version_of -k "$KEY" HTTP_X_REQUEST_ID="again-$id"
    first=$VERSION seen+=$VERSION
    version_of -k "$KEY" HTTP_X_REQUEST_ID="again-$id"
    [ "$VERSION" = "$first" ]
  done
  [[ "$seen" == *1* && "$seen" == *2* ]] || fail "all by one: $seen"
}

@test "by key, a key is answered by one version, and the keys share" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 50% --by key >/dev/null
  seen=''
  for _ in {1..24}; do
    key=$(cli key create --name some --tier test 2>/dev/null)
    version_of -k "$key"
    first=$VERSION seen+=$VERSION
    for _ in 1 2 3; do
      version_of -k "$key"
      [ "$VERSION" = "$first" ]
    done
  done
  # That all are of one version has a chance of 1 in 8 million.
  [[ "$seen" == *1* && "$seen" == *2* ]] || fail "all by one: $seen"
}

@test "many rows, a named model and a path are shared alike; GET /models tells the serving version alone" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 99.99% >/dev/null
  call POST /predict -k "$KEY" -d '{"instances":[[5.1,3.5,1.4,0.2],[6,3,5,2]],"model":"iris"}' HTTP_X_REQUEST_ID=many
  assert_json '.version == 2 and (.predictions | length == 2)'
  call POST /models/iris/predict -k "$KEY" -d "$IRIS" HTTP_X_REQUEST_ID=many
  assert_json '.version == 2'
  call POST /predict -k "$KEY" -d '{"model":"iris","features":[5.1,3.5]}'
  assert_problem 422 unprocessable_content
  call GET /models -k "$KEY"
  assert_json '(.models | length == 1) and .models[0].version == 1'
  call GET /models/iris -k "$KEY"
  assert_json '.version == 1 and .trees == 10'
  cli model promote iris >/dev/null
  call GET /models/iris -k "$KEY"
  assert_json '.version == 2 and .trees == 4'
}

@test "an answer is its version's own" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 50% >/dev/null
  for v in 1 2; do
    cli model check iris >/dev/null
    printf 'sepal_length,sepal_width,petal_length,petal_width\n6.0,2.7,5.1,1.6\n' >"$G/row.csv"
    "$FORESTGATE" predict --model "$G/home/models/iris/$v.fgm" --in "$G/row.csv" --output probability | tail -n 1 >"$G/want.$v"
  done
  cmp -s "$G/want.1" "$G/want.2" && fail 'the two versions cannot be told apart'
  for i in {1..12}; do
    call POST /predict -k "$KEY" -d '{"features":[6.0,2.7,5.1,1.6]}' HTTP_X_REQUEST_ID="own-$i"
    assert_status 200
    [ "$(jq -r '.probabilities | map(tostring) | join(",")' "$body_file")" = \
      "$(jq -rn --arg row "$(cat "$G/want.$(jq .version "$body_file")")" '$row | split(",") | map(tonumber | tostring) | join(",")')" ]
  done
}

@test "a canary or shadow that cannot be loaded leaves all to the version that serves" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --canary 99% >/dev/null
  cli model publish iris "$G/3.fgm" --shadow >/dev/null
  rm "$G"/home/models/iris/[23].fgm
  gate_stop
  gate_start --workers 2
  load_start -v -n 200 -t 60
  load_end
  versions_agree
  [ "$(answered 1)" = 200 ]
  grep -q 'model iris version 2 cannot be used' "$G/out"
}

# compared JQ: what was compared of version 2.
compared() { cli model list --json | jq -e ".[0].versions[] | select(.version == 2) | .compared | $1" >/dev/null; }

@test "a shadow is compared with each answer, and never answers" {
  gate_start --workers 2
  cli model publish iris "$G/2.fgm" --shadow >/dev/null
  load_start -v -n 500 -t 60
  load_end
  versions_agree
  [ "$(answered 1)" = 500 ]
  wait_for 200 compared 'length == 1 and .[0].with == 1 and .[0].rows == 500' || fail "$(cli model list --json)"
  compared '.[0].agreed + .[0].differed == 500'
  # Rows on which the two differ, and refused calls, which are not compared.
  jq -Rn '{instances: [inputs | split(",")[0:4] | map(tonumber? // empty) | select(length == 4)]}' "$TOP/model/iris.csv" >"$G/all.json"
  call POST /predict -k "$KEY" -f "$G/all.json"
  assert_json '.version == 1 and (.predictions | length == 150)'
  jq -c .predictions "$body_file" >"$G/answered"
  call POST /predict -k "$KEY" -d '{"features":[1]}'
  assert_status 422
  wait_for 200 compared '.[0].rows == 650' || fail "$(cli model list --json)"
  differ=$(paste -d' ' <("$FORESTGATE" predict --model "$G/iris.fgm" --in "$TOP/model/iris.csv") \
    <("$FORESTGATE" predict --model "$G/2.fgm" --in "$TOP/model/iris.csv") | awk '$1 != $2' | wc -l)
  compared ".[0].differed == $differ and .[0].mean_difference > 0 and .[0].max_difference <= 1"
  run cli model list
  [[ "$output" =~ as\ 1\ in\ $((650 - differ))\ of\ 650\ rows\;\ apart\ by\ [0-9.e-]+\ on\ average,\ [0-9.e-]+\ at\ most ]] || fail "$output"
  # With another serving version it is counted anew, beside the first.
  cli model publish iris "$G/3.fgm" >/dev/null 2>&1
  cli model promote iris --version 2 --shadow >/dev/null
  predict "$IRIS"
  assert_status 200
  wait_for 200 compared 'length == 2 and .[1].with == 3 and .[1].rows == 1' || fail "$(cli model list --json)"
  cli model retire iris >/dev/null 2>&1
  cli model delete iris --version 2 >/dev/null
  [ "$(database 'SELECT count(*) FROM compared')" = 0 ]
}

@test "of a large call the first rows alone are compared" {
  gate_start --workers 1
  cli model publish iris "$G/2.fgm" --shadow >/dev/null
  jq -cn '{instances: [range(1000) | [5.1, 3.5, 1.4, . / 1000]]}' >"$G/large.json"
  call POST /predict -k "$KEY" -f "$G/large.json"
  assert_json '.predictions | length == 1000'
  wait_for 200 compared '.[0].rows == 256' || fail "$(cli model list --json)"
}

@test "what was compared is written by a worker that ends, and by plain CGI" {
  cli model publish iris "$G/2.fgm" --shadow >/dev/null
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_status 200
  compared '.[0].rows == 1'
  gate_start --workers 1
  predict "$IRIS"
  predict "$IRIS"
  gate_stop
  compared '.[0].rows == 3'
}

@test "the answers go on while the database takes nothing of what was compared" {
  gate_start --workers 1
  cli model publish iris "$G/2.fgm" --shadow >/dev/null
  sqlite3 "$G/home/forestgate.db" "CREATE TRIGGER refuse BEFORE INSERT ON compared BEGIN SELECT RAISE(ABORT, 'refused'); END"
  load_start -v -n 300 -t 60
  load_end
  versions_agree
  wait_for 100 grep -q 'what shadows answered cannot be written' "$G/out"
  [ "$(grep -c 'what shadows answered' "$G/out")" = 1 ]
  sqlite3 "$G/home/forestgate.db" 'DROP TRIGGER refuse'
  gate_stop
  compared '.[0].rows == 300'
}

@test "kill -9 of whoever changes versions leaves one that serves, and no call fails" {
  gate_start --workers 3
  load_start -v -c 8 -t 120
  exec {never}<> <(:)
  for _ in {1..60}; do
    for change in "publish iris $G/2.fgm" "publish iris $G/3.fgm --canary 30%" "promote iris" "publish iris $G/3.fgm --shadow" \
      "rollback iris" "delete iris --keep 2"; do
      # shellcheck disable=SC2086
      "$FORESTGATE" --home "$G/home" model $change >/dev/null 2>&1 3>&- &
      changer=$!
      printf -v ms '0.%03d' $((RANDOM % 25))
      read -rt "$ms" -u "$never" || :
      kill -KILL "$changer" 2>/dev/null || :
      { wait "$changer" || :; } 2>/dev/null
    done
    cli model list --json | jq -e '.[0].versions as $v | .[0].version as $now | ([$v[] | select(.state == "serving") | .version] == [$now]) and
      ([$v[] | select(.state == "canary")] | length <= 1) and ([$v[] | select(.state == "shadow")] | length <= 1) and
      all($v[]; .size != null)' >/dev/null || fail "$(cli model list)"
  done
  load_stop
  versions_agree
  # What the killed ones left does not hinder the next, which has no version twice.
  n=$(cli model publish iris "$G/2.fgm" 2>/dev/null)
  version_of -k "$KEY"
  [ "$VERSION" = "$n" ]
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
  cmp "$G/2.fgm" "$G/home/models/iris/$n.fgm"
  [ "$(database 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ]
  cli model delete iris --keep 0 >/dev/null
  # Of the images those of the versions are left.
  [ "$(cd "$G/home/models/iris" && find . -name '*.fgm' | wc -l)" = "$(cli model list --json | jq '.[0].versions | length')" ]
}
