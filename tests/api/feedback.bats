#!/usr/bin/env bats
# tests/api/feedback.bats: predictions that are kept, the truth about them, and who gets to see
# them.

# shellcheck disable=SC2154,SC2016,SC2034 # set or read by lib/api and lib/admin; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/admin

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  # Classes that are called by numbers, which are not those of their places.
  awk 'BEGIN {print "a,grade"; for (i = 0; i < 90; i++) print i "," 3 + int(i / 30)}' >"$G/grades.csv"
  "$FORESTGATE" model train --csv "$G/grades.csv" --target grade --task classify --trees 5 \
    -o "$G/grades.fgm" >/dev/null
  cli model publish grades "$G/grades.fgm" >/dev/null
  for model in iris price grades; do cli model keep "$model" --rate 100% >/dev/null; done
  printf '5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n6.3,3.3,6.0,2.5\n' >"$G/rows.csv"
  gate_start
  admin_make
  OTHER=$(cli key create --name other --tier test 2>/dev/null)
  export OTHER
}
teardown_file() { gate_stop; }

TWO='{"instances":[[5.1,3.5,1.4,0.2],[6.3,3.3,6.0,2.5]]}'

# asked ID BODY [MODEL [KEY]]: a prediction under this request id.
asked() {
  by "${4:-$KEY}" POST "/models/${3:-iris}/predict" "$2" HTTP_X_REQUEST_ID="$1"
  assert_status 200
}

# told BODY [CREDENTIAL]: as soon as it is there; the other worker may have it for a moment.
told() {
  for _ in {1..300}; do
    by "${2:-$KEY}" POST /feedback "$1"
    [ "$status" = 404 ] || return 0
    sleep 0.05
  done
}

# unfit FIELD PROBLEM BODY
unfit() {
  told "$3"
  assert_fault "$1" || fail "for the body: $3" || return 1
  assert_json --arg problem "$2" '.errors[0].problem | test($problem)' || fail "for the body: $3"
}

# kept MODEL [QUERY]: the rows as CSV.
kept() {
  admin GET "/admin/models/$1/kept${2:+?$2}"
  assert_status 200
}

# cell NAME ID: what the CSV has in that column in the rows of a request, joined by blanks.
cell() {
  awk -F, -v name="$1" -v id="$2" 'NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i; next}
    $at["request_id"] == id {printf "%s%s", n++ ? " " : "", $at[name]}' "$body_file"
}

@test "who may not predict may not tell, and only administrators see rows or say what is kept" {
  by '' POST /feedback '{"request_id":"a","truth":1}'
  assert_problem 401 unauthorized
  by "$ROOT" POST /feedback '{"request_id":"a","truth":1}'
  assert_problem 403 forbidden
  assert_refused_to_others GET /admin/models/iris/kept
  assert_refused_to_others PUT /admin/models/iris/keep '{"rate":"10%"}'
  assert_missing model GET /admin/models/nosuch/kept
  assert_missing model PUT /admin/models/nosuch/keep '{"rate":"10%"}'
}

@test "what is no feedback is refused, with what is" {
  for body in '' '{' '{"request_id":"a","truth":1}x' '{"truth":1,"truth":2}' '{"truth":[1,}'; do
    call POST /feedback -k "$KEY" -d "$body"
    assert_problem 400 bad_request || fail "$body"
  done
  unfit '' 'no object' '[1]'
  unfit request_id missing '{"truth":1}'
  unfit request_id job_uuid '{"request_id":"a","job_uuid":"b","truth":1}'
  unfit request_id 'no text' '{"request_id":7,"truth":1}'
  unfit truth missing '{"request_id":"a"}'
  unfit truth 'neither a value' '{"request_id":"a","truth":{"a":1}}'
  unfit truth 'neither a value' '{"request_id":"a","truth":[[[1]]]}'
  unfit row 'no row' '{"request_id":"a","truth":1,"row":-1}'
  unfit row 'no row' '{"request_id":"a","truth":1,"row":1.5}'
  unfit '' 'not known' '{"request_id":"a","truth":1,"rows":1}'
  call POST /feedback -k "$KEY" -d '{}' CONTENT_TYPE=text/plain
  assert_problem 415 unsupported_media_type
}

@test "what is not kept, and what is another's, is the same 404" {
  asked mine "$IRIS"
  told '{"request_id":"mine","truth":"setosa"}'
  assert_status 200
  for body in '{"request_id":"mine","truth":"setosa"}' '{"request_id":"never","truth":1}' \
    '{"job_uuid":"never","truth":1}' "{\"request_id\":\"$(printf 'x%.0s' {1..5000})\",\"truth\":1}" \
    '{"request_id":"","truth":1}' '{"request_id":"a\u0000b","truth":1}'; do
    by "$OTHER" POST /feedback "$body"
    assert_problem 404 not_found || fail "$body"
    jq -r .detail "$body_file" >>"$BATS_TEST_TMPDIR/details"
  done
  [ "$(sort -u "$BATS_TEST_TMPDIR/details" | wc -l)" = 1 ]
}

@test "a credential that may not use the model tells nothing of what the account asked it" {
  local wide narrow
  wide=$(cli key create --name wide --user user@example.org 2>/dev/null)
  narrow=$(cli key create --name narrow --user user@example.org --models price 2>/dev/null)
  asked of-iris "$IRIS" iris "$wide"
  told '{"request_id":"of-iris","truth":0}' "$wide"
  assert_status 200
  told '{"request_id":"of-iris","truth":2}' "$narrow"
  assert_problem 403 forbidden 'may not use the model iris'
  asked of-price '{"features":[0.5,0.5]}' price "$narrow"
  told '{"request_id":"of-price","truth":1}' "$narrow"
  assert_status 200
  told '{"request_id":"of-price","truth":1}' "$ADMIN"
  assert_status 200
}

@test "a truth that does not fit the model is refused with what is allowed, and changes nothing" {
  asked unfit "$IRIS"
  told '{"request_id":"unfit","truth":"virginica"}'
  assert_status 200
  for truth in '"Setosa"' '""' 3 -1 1.5 true '["setosa","setosa"]' '[]' '[["setosa"]]'; do
    told "{\"request_id\":\"unfit\",\"truth\":$truth}"
    assert_problem 422 unprocessable_content || fail "$truth"
  done
  told '{"request_id":"unfit","truth":"rose"}'
  assert_json '.errors[0].allowed == "one of: setosa, versicolor, virginica"'
  unfit row 'no such row' '{"request_id":"unfit","truth":0,"row":1}'
  kept iris
  [ "$(cell truth unfit)" = virginica ]
  asked number '{"features":[0.5,0.5]}' price
  for truth in '"1"' true '[1,2]' '[true]'; do
    told "{\"request_id\":\"number\",\"truth\":$truth}"
    assert_problem 422 unprocessable_content || fail "$truth"
  done
}

@test "a class is told by its label or its index; telling again replaces, null takes back" {
  asked again "$IRIS"
  told '{"request_id":"again","truth":"versicolor"}'
  assert_json '. == {"request_id":"again","job_uuid":null,"model":"iris","version":1,"rows":1,"kept":1,"with_truth":1}'
  kept iris
  [ "$(cell truth again)" = versicolor ]
  [ "$(cell label again)" = setosa ]
  for _ in 1 2; do
    told '{"truth":2,"request_id":"again"}'
    assert_json '.with_truth == 1'
  done
  kept iris
  [ "$(cell truth again)" = virginica ]
  told '{"request_id":"again","truth":null}'
  assert_json '.with_truth == 0'
  kept iris
  [ -z "$(cell truth again)" ]
}

@test "a number is the label where the labels are numbers" {
  asked grade '{"features":[10]}' grades
  told '{"request_id":"grade","truth":5}'
  assert_status 200
  kept grades
  [ "$(cell truth grade)" = 5 ]
  for truth in 0 2 6; do
    told "{\"request_id\":\"grade\",\"truth\":$truth}"
    assert_problem 422 unprocessable_content
    assert_json '.errors[0].allowed == "one of: 3, 4, 5"'
  done
  told '{"request_id":"grade","truth":"4"}'
  assert_status 200
}

@test "of several rows a list tells all, and row tells one" {
  asked two "$TWO"
  unfit truth 'no list' '{"request_id":"two","truth":"setosa"}'
  unfit truth 'no list' '{"request_id":"two","truth":["setosa"]}'
  unfit 'truth[1]' 'none of the' '{"request_id":"two","truth":["setosa","rose"]}'
  told '{"request_id":"two","truth":[null,"virginica"]}'
  assert_json '.rows == 2 and .kept == 2 and .with_truth == 1'
  kept iris
  [ "$(cell truth two)" = ' virginica' ]
  told '{"request_id":"two","row":0,"truth":"setosa"}'
  assert_json '.with_truth == 2'
  kept iris
  [ "$(cell truth two)" = 'setosa virginica' ]
  [ "$(cell row two)" = '0 1' ]
}

@test "of several requests of one id the account's newest is told, whoever else used it" {
  asked same '{"features":[5.1,3.5,1.4,0.2]}'
  asked same '{"features":[6.3,3.3,6.0,2.5]}'
  asked same '{"features":[1,1,1,1]}' iris "$OTHER"
  told '{"request_id":"same","truth":1}'
  assert_status 200
  kept iris
  awk -F, '$NF == 0 && /,same,/ {print $1 "," $9}' "$body_file" | sort >"$BATS_TEST_TMPDIR/same"
  [ "$(grep -c versicolor "$BATS_TEST_TMPDIR/same")" = 1 ]
  grep -q '^6.3,versicolor' "$BATS_TEST_TMPDIR/same"
}

@test "an administrator tells of everybody's, and a user of what the user's keys and tokens asked" {
  users_key=$(cli key create --name u --user user@example.org 2>/dev/null)
  asked of-a-user "$IRIS" iris "$users_key"
  told '{"request_id":"of-a-user","truth":0}' "$USER"
  assert_status 200
  by "$KEY" POST /feedback '{"request_id":"of-a-user","truth":0}'
  assert_problem 404 not_found
  told '{"request_id":"of-a-user","truth":1}' "$ADMIN"
  assert_status 200
}

@test "predictions that were refused are not kept" {
  by "$KEY" POST /predict '{"features":[1,2,3]}' HTTP_X_REQUEST_ID=refused
  assert_status 422
  sleep 0.6
  kept iris
  [ -z "$(cell label refused)" ]
}

@test "rows of a file are kept as those of JSON are, and told by a list" {
  call POST /predict -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv HTTP_X_REQUEST_ID=file
  assert_status 200
  told '{"request_id":"file","truth":["setosa","virginica",null]}'
  assert_json '.rows == 3 and .with_truth == 2'
  kept iris
  [ "$(cell label file)" = 'setosa virginica virginica' ]
  [ "$(cell petal_width file)" = '0.2 2.5 2.5' ]
}

@test "the rows of jobs are kept by the runner, and told by the job's id" {
  by "$KEY" POST /jobs '{"features":[6.3,3.3,6.0,2.5]}' HTTP_X_REQUEST_ID=a-job
  assert_status 202
  job=$(jq -r .job_uuid "$body_file")
  call POST /models/iris/predict -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv HTTP_PREFER=respond-async
  assert_status 202
  file=$(jq -r .job_uuid "$body_file")
  told "{\"job_uuid\":\"$job\",\"truth\":2}"
  assert_problem 404 not_found
  cli work --drain
  told "{\"job_uuid\":\"$job\",\"truth\":2}"
  assert_json --arg job "$job" '.job_uuid == $job and .request_id == "a-job" and .with_truth == 1'
  by "$OTHER" POST /feedback "{\"job_uuid\":\"$job\",\"truth\":2}"
  assert_problem 404 not_found
  told "{\"job_uuid\":\"$file\",\"truth\":[0,1,\"virginica\"]}"
  assert_json '.rows == 3 and .with_truth == 3'
  kept iris
  [ "$(cell truth a-job)" = virginica ]
  [ "$(cell job_uuid a-job)" = "$job" ]
}

@test "of a body of many rows in JSON the first ones are kept" {
  { printf '{"instances":[[5.1,3.5,1.4,0.2]'; printf ',[6.3,3.3,6.0,2.5]%.0s' {1..99999}; printf ']}'; } >"$G/large.json"
  call POST /models/iris/predict -k "$KEY" -f "$G/large.json" HTTP_X_REQUEST_ID=large
  assert_status 200
  told '{"request_id":"large","row":0,"truth":"setosa"}'
  assert_json '.rows == 100000 and .kept > 10000 and .kept < 100000 and .with_truth == 1'
  kept iris with_truth=true
  [ "$(grep ,large, "$body_file" | cut -d, -f1,9)" = 5.1,setosa ]
}

@test "of a job of many rows in JSON, too, by the job's id" {
  call POST /models/iris/predict -k "$KEY" -f "$G/large.json" HTTP_PREFER=respond-async
  assert_status 202
  job=$(jq -r .job_uuid "$body_file")
  cli work --drain
  told "{\"job_uuid\":\"$job\",\"row\":0,\"truth\":\"setosa\"}"
  assert_json --arg job "$job" '.job_uuid == $job and .rows == 100000 and .kept > 10000 and .with_truth == 1'
}

@test "the setting is said over HTTP, counts at once in every worker, and is in the trail" {
  admin PUT /admin/models/iris/keep '{"rate":"off"}'
  assert_json '. == {"name":"iris","keep":null}'
  for _ in {1..6}; do asked off "$IRIS"; done
  admin PUT /admin/models/iris/keep '{"rate":"100%","days":7}'
  assert_json '.keep == {"rate":"100%","days":7}'
  [ "$(audited model.keep | jq -c '[.before, .after]')" = '[{"keep_share":null,"keep_days":30},{"keep_share":10000,"keep_days":7}]' ] ||
    fail "$(audited model.keep)"
  admin GET '/admin/models?name=iris'
  assert_json '.models[0].keep == {"rate":"100%","days":7}'
  asked on "$IRIS"
  told '{"request_id":"on","truth":0}'
  kept iris
  [ "$(cell label on)" = setosa ]
  [ -z "$(cell label off)" ]
  for body in '{}' '{"rate":"10"}' '{"rate":"0%"}' '{"rate":"101%"}' '{"rate":10}' '{"rate":"10%","days":0}' \
    '{"rate":"10%","days":3651}'; do
    admin PUT /admin/models/iris/keep "$body"
    assert_problem 422 unprocessable_content || fail "$body"
  done
}

@test "an export is in the trail before it is out" {
  kept iris columns=training
  [ "$(head -1 "$body_file")" = sepal_length,sepal_width,petal_length,petal_width,truth ]
  [ "$(audited model.export | jq -r '.target, .after.columns, .actor')" = "model:iris
training
user:$ADMIN_ID" ] || fail "$(audited model.export)"
}

@test "what was kept of a user goes with the user" {
  admin_person leaver
  leaver=$(admin_id leaver)
  leavers_key=$(cli key create --name l --user leaver@example.org 2>/dev/null)
  asked leaving "$IRIS" iris "$leavers_key"
  told '{"request_id":"leaving","truth":0}' "$leavers_key"
  assert_status 200
  admin DELETE "/admin/users/$leaver"
  assert_status 204
  kept iris
  [ -z "$(cell label leaving)" ]
}

@test "no feature stands in clear in the home" {
  asked clear '{"features":[5.123456789,3.5,1.4,0.2]}'
  told '{"request_id":"clear","truth":0}'
  kept iris
  [ "$(cell sepal_length clear)" = 5.123456789 ]
  printf 'import struct,sys\nsys.stdout.buffer.write(struct.pack("<d",5.123456789))' | python3 - >"$BATS_TEST_TMPDIR/value"
  pattern=$(od -An -tx1 "$BATS_TEST_TMPDIR/value" | sed 's/ \(..\)/\\x\1/g')
  run ! env LC_ALL=C grep -rlaP "$pattern" "$G/home"
  run ! grep -rla 5.123456789 "$G/home"
}

@test "a worker as plain CGI keeps what it answers" {
  cgi POST /predict -k "$KEY" -d "$IRIS" HTTP_X_REQUEST_ID=cgi
  assert_status 200
  told '{"request_id":"cgi","truth":0}'
  assert_status 200
}

@test "a database that is locked refuses no prediction" {
  sqlite3 "$G/home/work.db" >"$BATS_TEST_TMPDIR/held" 2>&1 < <(
    echo 'BEGIN EXCLUSIVE; SELECT 1;'
    sleep 3
  ) &
  holder=$!
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
  for i in {1..20}; do asked "locked-$i" "$IRIS"; done
  kill "$holder" 2>/dev/null || :
  wait "$holder" || :
  for i in 1 20; do
    told "{\"request_id\":\"locked-$i\",\"truth\":0}"
    assert_status 200
  done
}
