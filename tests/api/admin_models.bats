#!/usr/bin/env bats
# tests/api/admin_models.bats: administration of models: what is no image leaves nothing, and
# what is published, promoted or taken back is so in every worker at once.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016,SC2034 # set or read by lib/api and lib/load
load ../lib/api
load ../lib/load
load ../lib/admin

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  for i in 2 3; do train_iris "$G/$i.fgm" $((i * 2)) "$i"; done
  # The least limit for images that the real ones of this file fit in.
  echo 'image_body_limit = 1M' >>"$G/home/forestgate.conf"
  gate_start --workers 3
  admin_make
}
teardown_file() { gate_stop; }
teardown() { load_stop; }

BYTES=CONTENT_TYPE=application/octet-stream

# upload MODEL[?QUERY] FILE [PARAMETER...]: as the administrator.
upload() {
  local path=$1 query=''
  case $1 in *\?*) path=${1%%\?*} query=${1#*\?} ;; esac
  call POST "/admin/models/$path/versions${query:+?$query}" -f "$2" "$BYTES" QUERY_STRING="$query" \
    HTTP_AUTHORIZATION="Bearer $ADMIN" "${@:3}"
}

post() { admin POST "/admin/models/$1" "${2:-"{}"}" "${@:3}"; }

# What is on the disk below models, and in the rows of models.
models_are() {
  (cd "$G/home/models" && find . | sort)
  database 'SELECT * FROM model; SELECT * FROM version'
}

# The states of a model's versions: {"1":"serving","2":"canary"}.
states() {
  admin GET "/admin/models?name=$1&limit=1000"
  jq -c '.models[0].versions | map({key: "\(.version)", value: .state}) | from_entries' "$body_file"
}

# Every worker answers with this version.
everywhere() { # VERSION [MODEL [BODY]]
  for _ in {1..12}; do
    by "$KEY" POST "/models/${2:-iris}/predict" "${3:-$IRIS}"
    assert_status 200 || return 1
    assert_json --argjson version "$1" '.version == $version' || return 1
  done
}

# A model of the test's own with so many versions, the last of which serves.
model() { # COUNT
  MODEL=m$RANDOM$RANDOM
  for ((i = 1; i <= $1; i++)); do
    upload "$MODEL" "$G/$((2 + i % 2)).fgm"
    assert_status 201 || return 1
  done
}

@test "all of it is refused to users, to their keys with the scope, and to keys without it" {
  before=$(models_are)
  assert_refused_to_others GET /admin/models
  assert_refused_to_others POST /admin/models/iris/promote '{"version":1}'
  assert_refused_to_others POST /admin/models/iris/rollback '{}'
  assert_refused_to_others POST /admin/models/iris/retire '{}'
  assert_refused_to_others DELETE /admin/models/iris/versions/1
  for credential in "$USER" "$USERS_ROOT" "$KEY" ''; do
    by "$credential" POST /admin/models/iris/versions -f "$G/2.fgm" "$BYTES"
    case $credential in '') assert_problem 401 unauthorized ;; *) assert_problem 403 forbidden ;; esac
  done
  [ "$(models_are)" = "$before" ]
}

@test "what is no image is a 422 that says why, and leaves nothing" {
  before=$(models_are)
  size=$(stat -c %s "$G/2.fgm")
  : >"$G/none"
  printf 'x' >"$G/one"
  head -c 5000 /dev/urandom >"$G/rubbish"
  cp "$TOP/model/iris.csv" "$G/csv"
  head -c $((size - 1)) "$G/2.fgm" >"$G/cut"
  head -c 64 "$G/2.fgm" >"$G/head"
  { cat "$G/2.fgm" && printf x; } >"$G/longer"
  cp "$G/2.fgm" "$G/flipped"
  # shellcheck disable=SC2059
  printf "\\x$(printf %02x $(($(od -An -tu1 -j $((size / 2)) -N1 "$G/2.fgm") ^ 1)))" |
    dd of="$G/flipped" bs=1 seek=$((size / 2)) conv=notrunc status=none
  for file in none one rubbish csv cut head longer flipped; do
    for name in iris fresh; do
      upload "$name" "$G/$file"
      assert_fault body || fail "$file was taken"
      if grep -qE 'models/|incoming|/tmp' "$body_file"; then fail "a path is in the answer: $(cat "$body_file")"; fi
    done
  done
  [ "$(models_are)" = "$before" ]
  everywhere 1
}

@test "a body over image_body_limit is a 413 before it is read, and one of another type a 415" {
  before=$(models_are)
  head -c 1048577 /dev/zero >"$G/large"
  upload iris "$G/large"
  assert_problem 413 content_too_large
  # One that announces no length is read up to the limit.
  { cat "$G/large" "$G/large"; } >"$G/larger"
  upload iris "$G/larger" CONTENT_LENGTH=1048577
  assert_problem 413 content_too_large
  for type in application/json text/plain application/octet-streams multipart/form-data; do
    upload iris "$G/2.fgm" CONTENT_TYPE="$type"
    assert_problem 415 unsupported_media_type
  done
  # One byte less than announced, and one more.
  upload iris "$G/2.fgm" CONTENT_LENGTH=$(($(stat -c %s "$G/2.fgm") + 1))
  assert_problem 400 bad_request
  [ "$(models_are)" = "$before" ]
}

@test "names, places and shares that cannot be are a 422 that names them" {
  before=$(models_are)
  for name in Iris _x "$(printf 'x%.0s' {1..65})" x@y; do
    upload "$name" "$G/2.fgm"
    assert_fault name || fail "$name was taken"
  done
  for each in as:as=retired as:as= share:as=canary 'share:as=canary&share=0%25' 'share:as=canary&share=100%25' \
    'share:as=canary&share=10' 'share:share=10%25' 'share:as=shadow&share=10%25' 'by:as=serving&by=key' \
    'by:as=canary&share=10%25&by=user' version:version=9 nothing:nothing=1; do
    upload "iris?${each#*:}" "$G/2.fgm"
    assert_fault "${each%%:*}" || fail "${each#*:} was taken"
  done
  for each in version:'{"version":0}' version:'{"version":"1"}' version:'{"version":99}' as:'{"version":1,"as":"retired"}' \
    share:'{"version":1,"as":"canary"}' by:'{"version":1,"by":"key"}' state:'{"state":"serving"}'; do
    post iris/promote "${each#*:}"
    assert_fault "${each%%:*}" || fail "${each#*:} was taken"
  done
  for each in to:'{"to":0}' to:'{"to":99}' version:'{"version":1}'; do
    post iris/rollback "${each#*:}"
    assert_fault "${each%%:*}" || fail "${each#*:} was taken"
  done
  post iris/retire '{"version":99}'
  assert_fault version
  [ "$(models_are)" = "$before" ]
}

@test "a model or a version that is not there is the one 404" {
  for name in none Iris "'" "$(printf 'x%.0s' {1..128})"; do
    assert_missing model POST "/admin/models/$name/promote" '{"version":1}'
    assert_missing model POST "/admin/models/$name/rollback" '{}'
    assert_missing model POST "/admin/models/$name/retire" '{}'
    assert_missing model DELETE "/admin/models/$name/versions/1"
  done
  for version in 0 99 -1 x 1.0 01x 99999999999999999999; do
    assert_missing 'version of this model' DELETE "/admin/models/iris/versions/$version"
  done
}

@test "what the versions are not fit for is a 409 that says why" {
  model 1
  before=$(models_are)
  for each in promote:'{"version":1}' promote: rollback: retire: retire:'{"version":1}'; do
    post "$MODEL/${each%%:*}" "${each#*:}"
    assert_problem 409 conflict || fail "$each"
  done
  admin DELETE "/admin/models/$MODEL/versions/1"
  assert_problem 409 conflict serves
  # A canary takes what the version that serves takes.
  upload "$MODEL?as=canary&share=10%25" "$G/price.fgm"
  assert_fault as
  upload "$MODEL?as=shadow" "$G/price.fgm"
  assert_fault as
  [ "$(models_are)" = "$before" ]
  upload none-yet?as=shadow "$G/2.fgm"
  assert_fault as
  [ ! -e "$G/home/models/none-yet" ]
}

@test "published: 201 with the version, where it is, and all workers answer with it" {
  upload iris "$G/2.fgm"
  assert_status 201
  n=$(jq .version "$body_file")
  [ "$(header_of location)" = "versions/$n" ]
  assert_json '(keys == ["by","canary_retired","name","published_at","serving","sha256","shadow_retired","share","state","version"]) and
    .name == "iris" and .state == "serving" and .serving == .version and .share == null'
  cmp "$G/2.fgm" "$G/home/models/iris/$n.fgm"
  everywhere "$n"
  post iris/rollback
  assert_status 200
  assert_json '.version == 1 and .serving == 1'
  everywhere 1
  post iris/rollback "{\"to\":$n}"
  assert_status 200
  everywhere "$n"
  post iris/promote '{"version":1}'
  assert_status 200
  everywhere 1
}

@test "a canary has its share, becomes the one that serves, or ends; so does a shadow" {
  model 1
  upload "$MODEL?as=canary&share=99.99%25&by=key" "$G/3.fgm"
  assert_status 201
  assert_json '.version == 2 and .state == "canary" and .share == "99.99%" and .by == "key" and .serving == 1'
  [ "$(states "$MODEL")" = '{"1":"serving","2":"canary"}' ]
  upload "$MODEL?as=shadow" "$G/2.fgm"
  assert_json '.version == 3 and .state == "shadow"'
  post "$MODEL/promote" '{}'
  assert_problem 409 conflict
  post "$MODEL/promote" '{"version":2,"as":"canary","share":"50%","by":"request"}'
  assert_json '.share == "50%" and .by == "request"'
  post "$MODEL/retire" '{"version":3}'
  assert_status 200
  [ "$(states "$MODEL")" = '{"1":"serving","2":"canary","3":"retired"}' ]
  post "$MODEL/promote"
  assert_json '.version == 2 and .serving == 2 and .state == "serving"'
  everywhere 2 "$MODEL"
  post "$MODEL/promote" '{"version":3,"as":"shadow"}'
  call POST "/admin/models/$MODEL/retire" HTTP_AUTHORIZATION="Bearer $ADMIN" # an empty body says nothing
  assert_json '.shadow_retired == 3'
  [ "$(states "$MODEL")" = '{"1":"retired","2":"serving","3":"retired"}' ]
}

@test "a retired version is deleted with its image, and its number is not given again" {
  model 2
  admin DELETE "/admin/models/$MODEL/versions/1"
  assert_status 204
  [ ! -s "$body_file" ]
  [ "$(ls "$G/home/models/$MODEL")" = 2.fgm ]
  assert_missing 'version of this model' DELETE "/admin/models/$MODEL/versions/1"
  upload "$MODEL" "$G/2.fgm"
  assert_json '.version == 3'
}

# compare QUERY FILE [TYPE]: as the administrator, of iris.
compare() {
  call POST "/admin/models/iris/compare?$1" -f "$2" CONTENT_TYPE="${3:-text/csv}" QUERY_STRING="$1" \
    HTTP_AUTHORIZATION="Bearer $ADMIN"
}

@test "what versions cannot be compared on is refused, saying why, in the rows' own terms" {
  assert_refused_to_others POST '/admin/models/iris/compare?a=1&b=1' '' CONTENT_TYPE=text/csv
  data=$TOP/model/iris.csv
  for query in '' a=1 b=1 'a=1&b=0' 'a=1&b=x' 'a=1&b=1&limit=1001' 'a=1&b=1&target='; do
    compare "$query" "$data"
    assert_problem 422 unprocessable_content || fail "$query"
  done
  compare 'a=1&b=99' "$data"
  assert_fault b
  assert_missing model POST '/admin/models/none/compare?a=1&b=1' -d 'a' CONTENT_TYPE=text/csv
  compare 'a=1&b=1' "$data" application/json
  assert_problem 415 unsupported_media_type
  : >"$BATS_TEST_TMPDIR/empty"
  compare 'a=1&b=1' "$BATS_TEST_TMPDIR/empty"
  assert_fault body
  compare 'a=1&b=1&target=nosuch' "$data"
  assert_fault body
  assert_json '.errors[0].problem == "no column \"nosuch\""'
  { head -n 3 "$data" && printf '1,2,x,4,setosa\n' && printf '\0\377'; } >"$BATS_TEST_TMPDIR/bad"
  compare 'a=1&b=1' "$BATS_TEST_TMPDIR/bad"
  assert_fault 'line 4, column 3 (petal_length)'
}

@test "versions are compared on rows as forestgate model compare does it, and nothing is kept" {
  upload 'iris?as=shadow' "$G/2.fgm"
  before=$(models_are)
  file=$TOP/model/iris.csv
  compare 'a=1&b=1&limit=0' "$file"
  assert_status 200
  assert_json '.rows == 150 and .agree == 150 and .differ == 0 and .rows_that_differ == [] and .truth.target == "species"'
  compare 'a=1&b=2&limit=3' "$file"
  assert_status 200
  cli model compare iris:1 iris:2 --data "$file" --limit 3 --json |
    jq -S 'del(.a.model, .b.model)' >"$BATS_TEST_TMPDIR/cli"
  jq -S 'del(.a.model, .b.model)' "$body_file" | diff - "$BATS_TEST_TMPDIR/cli"
  assert_json '.a.model == "iris 1" and .b.model == "iris 2"'
  [ "$(models_are)" = "$before" ]
}

@test "versions are listed by model, a page at a time" {
  model 3
  admin GET "/admin/models?name=$MODEL"
  assert_json --arg name "$MODEL" '(keys == ["limit","models","offset","total"]) and .total == 3 and (.models | length == 1) and
    .models[0].name == $name and ([.models[0].versions[].version] == [1,2,3]) and
    all(.models[0].versions[]; keys == ["by","published_at","sha256","share","state","version"] and (.sha256 | length == 64) and
    (.published_at | test("Z$")))'
  admin GET "/admin/models?name=$MODEL&limit=1&offset=1"
  assert_json '.total == 3 and ([.models[].versions[].version] == [2])'
  admin GET /admin/models?limit=1000
  assert_json '([.models[].versions[]] | length) == .total and (.models | map(.name) | unique | length) == (.models | length)'
  admin GET "/admin/models?name=none"
  assert_json '.models == [] and .total == 0'
}

@test "under load no answer is of the version before, once the administrator has been answered" {
  upload iris "$G/2.fgm"
  a=$(jq .version "$body_file")
  load_start -v -c 8 -t 120
  for _ in {1..8}; do
    for change in "promote:{\"version\":1}" "rollback:{\"to\":$a}"; do
      clock_ns
      began=$NOW
      post "iris/${change%%:*}" "${change#*:}"
      assert_status 200
      clock_ns
      echo "$began $NOW $(jq .serving "$body_file")" >>"$BATS_TEST_TMPDIR/changes"
    done
  done
  load_stop
  awk 'NR == FNR {began[NR] = $1; ended[NR] = $2; serves[NR] = $3; n = NR; next}
    $4 != 200 {print "refused: " $0; wrong++}
    {
      for (i = 1; i <= n; i++)
        if ($2 > ended[i] && (i == n || $3 < began[i + 1]) && ++asked && $5 != serves[i] && ++wrong < 5)
          print "answered by " $5 " and not by " serves[i] ": " $1
    }
    END {if (asked < 50) {print "only " asked + 0 " asked"; wrong++}; exit wrong > 0}' "$BATS_TEST_TMPDIR/changes" "$ASKED" >&2
  post iris/promote '{"version":1}'
}

@test "while another changes versions it is a 503 in a moment, and the other workers answer" {
  exec 9>"$G/home/lock"
  flock 9
  upload iris "$G/2.fgm"
  assert_problem 503 unavailable
  post iris/rollback
  [ "$status" = 503 ] || assert_status 409
  by "$KEY" POST /predict "$IRIS"
  assert_status 200
  exec 9>&-
  [ -z "$(find "$G/home/models" -name 'incoming*')" ]
}

# The worker that has a request of which the body is still to come.
@test "kill -9 of the worker in mid-upload leaves nothing, and the next upload works" {
  before=$(models_are)
  pids=$(gate_pids)
  half=$(($(stat -c %s "$G/2.fgm") / 2))
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  head -c "$half" "$G/2.fgm" >"$BATS_TEST_TMPDIR/half"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/admin/models/iris/versions REMOTE_ADDR=127.0.0.1 "$BYTES" \
      CONTENT_LENGTH="$(stat -c %s "$G/2.fgm")" HTTP_AUTHORIZATION="Bearer $ADMIN"
    head -c 30000 "$BATS_TEST_TMPDIR/half" >"$BATS_TEST_TMPDIR/piece"
    raw_record 5 "$BATS_TEST_TMPDIR/piece"
  } >&8
  worker=''
  for _ in {1..400}; do
    for pid in $pids; do
      if find "/proc/$pid/fd" -lname '*/home/models/*(deleted)' 2>/dev/null | grep -q .; then worker=$pid; fi
    done
    if [ -n "$worker" ]; then break; fi
    sleep 0.05
  done
  [ -n "$worker" ] || fail 'no worker has a file for the body'
  # A file without a name: whatever ends the process takes it along.
  [ "$(models_are)" = "$before" ]
  kill -KILL "$worker"
  exec 8>&-
  wait_for 60 gate_has 3
  [ "$(models_are)" = "$before" ]
  upload iris "$G/2.fgm"
  assert_status 201
  everywhere "$(jq .version "$body_file")"
  post iris/promote '{"version":1}'
}

@test "kill -9 of workers that publish leaves one version that serves, and no copies for long" {
  model 1
  exec {never}<> <(:)
  for _ in {1..25}; do
    upload "$MODEL" "$G/$((2 + RANDOM % 2)).fgm" 3>&- &
    client=$!
    printf -v ms '0.%03d' $((RANDOM % 30))
    read -rt "$ms" -u "$never" || :
    # shellcheck disable=SC2046
    kill -KILL $(gate_pids) 2>/dev/null || :
    { wait "$client" || :; } 2>/dev/null
    wait_for 60 gate_has 3
  done
  wait_for 60 gate_answers
  upload "$MODEL" "$G/2.fgm"
  assert_status 201
  n=$(jq .version "$body_file")
  [ "$(states "$MODEL" | jq -c '[to_entries[] | select(.value == "serving") | .key | tonumber]')" = "[$n]" ]
  [ -z "$(find "$G/home/models" -name 'incoming*' -o -name '.upload*')" ] || fail "$(find "$G/home/models")"
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
  everywhere "$n" "$MODEL"
  [ "$(database 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ]
}

@test "every change is on record" {
  model 1
  upload "$MODEL?as=canary&share=10%25" "$G/3.fgm"
  jq -e --arg actor "user:$ADMIN_ID" --arg target "model:$MODEL" '.actor == $actor and .target == $target and
    .after.version == 2 and .after.state == "canary"' <<<"$(audited model.publish)"
  for verb in promote rollback; do
    post "$MODEL/$verb"
    jq -e --arg target "model:$MODEL" '.target == $target' <<<"$(audited "model.$verb")"
  done
  post "$MODEL/promote" '{"version":2,"as":"shadow"}'
  post "$MODEL/retire"
  jq -e --arg target "model:$MODEL" '.target == $target' <<<"$(audited model.retire)"
  admin DELETE "/admin/models/$MODEL/versions/2"
  jq -e --arg target "model:$MODEL" '.target == $target and .before.version == 2' <<<"$(audited model.delete)"
  before=$(database 'SELECT max(seq) FROM audit')
  upload "$MODEL" "$G/rubbish"
  post "$MODEL/rollback"
  [ "$(database 'SELECT max(seq) FROM audit')" = "$before" ]
}

# By root alone: a small file system of its own.
@test "on a full disk an upload is a 503 and leaves nothing; with room again it works" {
  am_root || skip 'only root can mount'
  gate_stop
  mkdir -p "$G/small"
  # The home as it is, a ledger of the least size, and some room.
  size=$(($(du -sk --exclude=ledger "$G/home" | cut -f1) + 4096 + 2048))
  mount -t tmpfs -o "size=${size}k,mode=0755" none "$G/small" 2>/dev/null || {
    gate_start --workers 3
    skip 'mounting is not allowed here'
  }
  mv "$G/home" "$G/large.home"
  sed -i '/^ledger_size/d' "$G/large.home/forestgate.conf"
  (cd "$G/large.home" && tar cf - --exclude=ledger .) | (mkdir "$G/small/home" && cd "$G/small/home" && tar xf -)
  echo 'ledger_size = 4M' >>"$G/small/home/forestgate.conf"
  chown --reference "$G/large.home" "$G/small/home"
  ln -s small/home "$G/home"
  if full; then failed=; else failed=1; fi
  gate_stop
  umount "$G/small"
  rm "$G/home"
  mv "$G/large.home" "$G/home"
  gate_start --workers 3
  [ -z "$failed" ]
}

full() {
  gate_start --workers 2 || return 1
  upload iris "$G/2.fgm"
  assert_status 201 || return 1
  dd if=/dev/zero of="$G/small/fill" bs=4096 2>/dev/null || :
  before=$(models_are)
  for _ in 1 2 3 4; do
    upload iris "$G/2.fgm"
    assert_problem 503 unavailable || return 1
    upload fresh "$G/2.fgm"
    assert_problem 503 unavailable || return 1
  done
  [ "$(models_are)" = "$before" ] || return 1
  if grep -qE 'models/|\.fgm' "$body_file"; then fail "a path is in the answer: $(cat "$body_file")" || return 1; fi
  rm "$G/small/fill"
  sleep 0.3
  upload iris "$G/2.fgm"
  assert_status 201
}
