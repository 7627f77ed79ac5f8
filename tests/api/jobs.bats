#!/usr/bin/env bats
# tests/api/jobs.bats: predictions that are taken now, made later and fetched then.

# shellcheck disable=SC2154,SC2034,SC2016,SC2030,SC2031,SC2153 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/person

setup_file() {
  gate_home
  gate_start
  person ann
  person ben
  ROLE="admin" person chief
  ROLE="admin" person other
  {
    declare -p PASSWORD
    for who in ann ben chief; do
      person_login $who
      echo "${who^^}=$TOKEN"
    done
  } >"$G/people"
}
teardown_file() { gate_stop; }
setup() {
  # shellcheck disable=SC1091
  . "$G/people"
}
teardown() {
  if [ -e "$G/other" ]; then
    rm "$G/other"
    gate_stop
    gate_start
  fi
}

# For the rest of this test, workers with other settings.
gate_with() {
  touch "$G/other"
  gate_stop
  gate_start --workers 2 "$@"
}

# One that nobody has.
NOBODYS=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b

job_field() { jq -r "$1" "$body_file"; }

# take ARGUMENT...: POST /jobs, which takes it: sets UUID.
take() {
  call POST /jobs "$@"
  assert_status 202
  UUID=$(job_field .job_uuid)
}

# Works off all that waits, in a runner of its own.
work() { "$FORESTGATE" --home "$G/home" work --drain >>"$G/out" 2>&1; }

# Asks the database of jobs, past Forestgate.
jobs_database() { sqlite3 -cmd '.timeout 5000' "$G/home/work.db" "$1"; }

# How many jobs and files there are.
stored() {
  jobs_database 'SELECT count(*) FROM job'
  find "$G/home/jobs" -type f | wc -l
}

# assert_nothing_taken COMMAND...: it leaves no job and no file.
assert_nothing_taken() {
  local before
  before=$(stored)
  "$@" || return 1
  [ "$(stored)" = "$before" ] || fail "something was stored by: $*"
}

# rows_csv N: so many rows, the first with a header.
rows_csv() {
  awk -v n="$1" 'BEGIN {print "sepal_length,sepal_width,petal_length,petal_width"; srand(4)
    for (i = 0; i < n; i++) printf "%.3f,%.3f,%.3f,%.3f\n", 4 + 4 * rand(), 2 + 2 * rand(), 1 + 6 * rand(), 2.5 * rand()}'
}

# ---- refusals ----

refuse() { # STATUS ERROR REGEX ARGUMENT...
  call POST /jobs -k "$KEY" "${@:4}"
  assert_problem "$1" "$2" "$3"
}

@test "what a prediction refuses is refused at once, and nothing is queued" {
  call POST /jobs -d "$IRIS"
  assert_problem 401 unauthorized
  assert_nothing_taken refuse 400 bad_request JSON -d '{"features"'
  assert_nothing_taken refuse 422 unprocessable_content '2 values where the model iris has 4' -d '{"features":[1,2]}'
  assert_nothing_taken refuse 422 unprocessable_content 'no such member' -d '{"features":[5.1,3.5,1.4,0.2],"nosuch":1}'
  assert_nothing_taken refuse 422 unprocessable_content 'there is no model' -d '{"model":"nosuch","features":[1]}'
  assert_nothing_taken refuse 415 unsupported_media_type . -d x CONTENT_TYPE=text/plain
  assert_nothing_taken refuse 400 bad_request 'Content-Length says' -d "$IRIS" CONTENT_LENGTH=99
}

@test "a URL that is to be told is refused while no setting lets callers name one" {
  assert_nothing_taken refuse 422 unprocessable_content . \
    -d '{"features":[5.1,3.5,1.4,0.2],"webhook_url":"https://example.org/"}'
}

@test "a URL that is to be told is taken where a setting says so, and checked" {
  gate_with --webhook_callers on
  naming() { call POST /jobs -k "$KEY" -d "{\"webhook_url\":$1,\"features\":[5.1,3.5,1.4,0.2]}"; }
  for wrong in '"http://127.0.0.1/"' '"https://169.254.169.254/latest"' '"ftp://example.org/"' '"https://a:b@example.org/"' \
    '"example.org"' '""' '"\u0000"' '"https://example.org/a\u0000b"' 3 '["https://example.org/"]' "\"https://example.org/$(printf 'a%.0s' {1..1100})\""; do
    assert_nothing_taken naming "$wrong"
    assert_problem 422 unprocessable_content webhook_url || fail "$wrong"
  done
  naming null
  assert_status 202
  naming '"https://example.org/told?a=\u0062"'
  assert_status 202
  UUID=$(job_field .job_uuid)
  [ "$(jobs_database "SELECT url FROM job WHERE uuid = '$UUID'")" = 'https://example.org/told?a=b' ]
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "completed" and .result_label == "setosa"'
  gate_with --webhook_callers on
  call POST /predict -k "$KEY" -d '{"features":[5.1,3.5,1.4,0.2],"webhook_url":"https://example.org/"}' HTTP_PREFER=respond-async
  assert_problem 422 unprocessable_content 'no such member'
}

@test "a model that the key lacks is 403, be it there or not" {
  local other
  other=$(cli key create --name other --tier test --models iris 2>/dev/null)
  call POST /jobs -k "$other" -d '{"model":"nosuch","features":[1]}'
  assert_problem 403 forbidden nosuch
  printf '5.1,3.5,1.4,0.2\n' >"$BATS_TEST_TMPDIR/rows.csv"
  call POST '/jobs?model=nosuch' -k "$other" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  assert_problem 403 forbidden nosuch
}

@test "of a file every row is looked at before it is queued" {
  local csv=$BATS_TEST_TMPDIR/rows.csv
  send() { refuse "$1" "$2" "$3" -f "$csv" CONTENT_TYPE="${4:-text/csv}"; }
  printf 'sepal_length,sepal_width,petal_length\n1,2,3\n' >"$csv"
  assert_nothing_taken send 422 unprocessable_content petal_width
  { rows_csv 20000 && echo '1,2,3,four'; } >"$csv"
  assert_nothing_taken send 422 unprocessable_content 'line 20002, column 4'
  { rows_csv 20000 && echo '1,2,3'; } >"$csv"
  assert_nothing_taken send 400 bad_request CSV
  : >"$csv"
  assert_nothing_taken send 422 unprocessable_content .
  printf '\x93NUMPY\x01' >"$csv"
  assert_nothing_taken send 400 bad_request NumPy application/x-npy
  rows_csv 1 >"$csv"
  assert_nothing_taken refuse 422 unprocessable_content 'output: ' -f "$csv" CONTENT_TYPE=text/csv REQUEST_URI='/jobs?output=nosuch'
}

@test "a client that hangs up in the middle of a body leaves no job and no file" {
  hang_up() {
    rows_csv 40000 >"$BATS_TEST_TMPDIR/rows.csv"
    exec 8<>"/dev/tcp/127.0.0.1/$PORT"
    {
      raw_head REQUEST_METHOD=POST REQUEST_URI=/jobs REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$KEY" \
        CONTENT_TYPE=text/csv CONTENT_LENGTH="$(stat -c %s "$BATS_TEST_TMPDIR/rows.csv")"
      for i in 0 1 2 3 4 5; do
        dd if="$BATS_TEST_TMPDIR/rows.csv" bs=60000 skip=$i count=1 status=none >"$BATS_TEST_TMPDIR/part"
        raw_record 5 "$BATS_TEST_TMPDIR/part"
      done
    } >&8
    exec 8>&-
    wait_for 100 failed_call
  }
  failed_call() { [ "$(cli call list --json --limit 1 | jq -r '.[0] | "\(.route) \(.status)"')" = 'createJob 400' ]; }
  assert_nothing_taken hang_up
}

@test "a body over job_body_limit is 413, announced or not" {
  gate_with --job_body_limit 10000
  rows_csv 1000 >"$BATS_TEST_TMPDIR/rows.csv"
  assert_nothing_taken refuse 413 content_too_large 10000 -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  unannounced() {
    RAW_BODY=$(<"$BATS_TEST_TMPDIR/rows.csv") raw REQUEST_URI=/jobs HTTP_X_API_KEY="$KEY" \
      CONTENT_TYPE=text/csv HTTP_TRANSFER_ENCODING=chunked
    assert_problem 413 content_too_large 10000
  }
  assert_nothing_taken unannounced
}

# ---- whose ----

# The whole answer but for what is of one request alone.
anonymous() { sed -E 's/[0-9a-f]{32}|[0-9T:.-]+Z|X-Process-Time: .*//g' "$answer"; }

@test "another's job is the 404 of one that never was, in the same bytes, to whoever guesses" {
  take -d "$IRIS" HTTP_AUTHORIZATION="Bearer $ANN"
  local mine=$UUID wanted got
  for method in GET DELETE; do
    as "$BEN" $method "/jobs/$NOBODYS"
    assert_problem 404 not_found 'no such job'
    wanted=$(anonymous)
    for id in "$mine" 1 0 -1 "${mine^^}" "${mine:0:35}" "${mine}0" "'" '*' 00000000-0000-0000-0000-000000000000; do
      as "$BEN" $method "/jobs/$id"
      got=$(anonymous)
      [ "$got" = "$wanted" ] || fail "$method $id: $got"
      call $method "/jobs/$id" -k "$KEY"
      [ "$(anonymous)" = "$wanted" ] || fail "$method $id by a key: $(anonymous)"
    done
  done
  as "$BEN" GET "/jobs/$mine/result"
  assert_problem 404 not_found 'no such job'
  as "$BEN" GET /jobs
  assert_json '.jobs == []'
  as "$ANN" GET "/jobs/$mine"
  assert_json '.status == "pending"'
}

@test "a credential that may not use the job's model has nothing of it, cancels and lists none" {
  local wide narrow who="cat$RANDOM" method
  [ -e "$G/rose" ] || cli model publish rose "$G/iris.fgm" >"$G/rose"
  MODELS=iris,rose person "$who"
  wide=$(cli key create --name wide --user "$who@example.org" 2>/dev/null)
  narrow=$(cli key create --name narrow --user "$who@example.org" --models rose 2>/dev/null)
  take -k "$wide" -d "$IRIS"
  for method in DELETE GET; do
    call $method "/jobs/$UUID" -k "$narrow"
    assert_problem 403 forbidden 'may not use the model iris'
  done
  call GET "/jobs/$UUID/result" -k "$narrow"
  assert_problem 403 forbidden 'may not use the model iris'
  call GET /jobs -k "$narrow"
  assert_json '.jobs == []'
  call GET "/jobs?before=$UUID" -k "$narrow"
  assert_json '.jobs == []'
  # A right that is withdrawn ends with what was made by it.
  cli user set "$who@example.org" --models rose >/dev/null
  call GET "/jobs/$UUID" -k "$wide"
  assert_problem 403 forbidden
  as "$CHIEF" GET "/jobs/$UUID"
  assert_json '.status == "pending"'
  cli user set "$who@example.org" --models iris,rose >/dev/null
  call GET "/jobs/$UUID" -k "$wide"
  assert_json '.status == "pending"'
  take -k "$narrow" -d '{"model":"rose","features":[5.1,3.5,1.4,0.2]}'
  call GET /jobs -k "$narrow"
  assert_json --arg id "$UUID" '[.jobs[].job_uuid] == [$id]'
  call GET /jobs -k "$wide"
  assert_json '[.jobs[].model] == ["rose", "iris"]'
}

@test "all keys and tokens of a user are one account, and a key of nobody's is its own" {
  local own nobodys
  own=$(cli key create --name own --user ann@example.org 2>/dev/null)
  nobodys=$(cli key create --name nobodys --tier test 2>/dev/null)
  take -k "$own" -d "$IRIS"
  as "$ANN" GET "/jobs/$UUID"
  assert_status 200
  call GET "/jobs/$UUID" -k "$nobodys"
  assert_problem 404 not_found
  take -k "$nobodys" -d "$IRIS"
  as "$ANN" GET "/jobs/$UUID"
  assert_problem 404 not_found
}

@test "an administrator sees and cancels all, until the role is taken away" {
  take -d "$IRIS" HTTP_AUTHORIZATION="Bearer $ANN"
  as "$ANN" GET '/jobs?all=true'
  assert_problem 403 forbidden
  as "$CHIEF" GET '/jobs?all=true'
  assert_json --arg id "$UUID" --arg who "$(cli user show ann@example.org --json | jq -r .id)" \
    '[.jobs[] | select(.job_uuid == $id) | .account] == [$who]'
  as "$CHIEF" GET /jobs
  assert_json --arg id "$UUID" '[.jobs[].job_uuid] | index($id) == null'
  as "$CHIEF" GET "/jobs/$UUID"
  assert_json '.status == "pending"'
  cli user set chief@example.org --role user >/dev/null
  as "$CHIEF" GET "/jobs/$UUID"
  assert_problem 404 not_found
  as "$CHIEF" DELETE "/jobs/$UUID"
  assert_problem 404 not_found
  as "$CHIEF" GET '/jobs?all=true'
  assert_problem 403 forbidden
  cli user set chief@example.org --role admin >/dev/null
  as "$CHIEF" DELETE "/jobs/$UUID"
  assert_status 204
  as "$CHIEF" DELETE "/jobs/$UUID"
  assert_status 204
  as "$ANN" GET "/jobs/$UUID"
  assert_json '.status == "cancelled" and .links.self != null'
  cli audit list --json | jq -e --arg id "$UUID" '[.[] | select(.action == "job.cancel" and .target == "job:" + $id)] | length == 1'
}

# ---- asking to have it made later ----

prefer() { call POST "${2:-/predict}" -k "${3:-$KEY}" -d "$IRIS" HTTP_PREFER="$1"; }

@test "Prefer: respond-async makes a prediction a job, however the header is written" {
  for value in respond-async Respond-Async 'respond-async, wait=10' 'wait=10, respond-async' \
    ' , handling=lenient;a=b ;; c , respond-async' 'x="a, \"respond", respond-async;q' \
    'respond-async, respond-async=no' 'respond-async=""' 'return=minimal; foo="some parameter",respond-async'; do
    prefer "$value"
    assert_status 202 || fail "$value"
    [ "$(header_of preference-applied)" = respond-async ] || fail "$value"
    [ "$(header_of location)" = "/jobs/$(job_field .job_uuid)" ]
  done
  prefer respond-async /models/iris/predict
  assert_status 202
  [ "$(header_of location)" = "/jobs/$(job_field .job_uuid)" ]
}

@test "any other preference, and what is no such header, is passed over" {
  for value in '' wait=10 respond-asynchronous 'x=respond-async' '"respond-async"' 'x="respond-async' \
    'respond-async=1' 'respond-async respond-async' 'respond-async=no, respond-async' 'respond async' \
    'x;respond-async' 'respond-async, =' 'respond-async; "'; do
    prefer "$value"
    assert_status 200 || fail "$value"
    assert_json '.label == "setosa"'
    [ -z "$(header_of preference-applied)" ]
  done
}

@test "it needs the scope jobs as well, and takes no member that a prediction does not" {
  local alone
  alone=$(cli key create --name alone --tier test --scopes predict 2>/dev/null)
  assert_nothing_taken prefer respond-async /predict "$alone"
  assert_problem 403 forbidden 'scope jobs'
  prefer wait=1 /predict "$alone"
  assert_status 200
  call POST /predict -k "$KEY" -d '{"features":[5.1,3.5,1.4,0.2],"webhook_url":"https://example.org/"}' HTTP_PREFER=respond-async
  assert_problem 422 unprocessable_content webhook_url
}

# ---- limits and charges ----

@test "a quota that is used up refuses before anything is stored, with 429" {
  local poor
  cli tier set poor --quota 3/day --price row >/dev/null
  poor=$(cli key create --name poor --tier poor 2>/dev/null)
  rows_csv 4 >"$BATS_TEST_TMPDIR/four.csv"
  rows_csv 3 >"$BATS_TEST_TMPDIR/three.csv"
  poor_sends() { call POST /jobs -k "$poor" "$@" && [ "$status" -ge 400 ]; }
  assert_nothing_taken poor_sends -f "$BATS_TEST_TMPDIR/four.csv" CONTENT_TYPE=text/csv
  [ "$status" = 413 ]
  assert_nothing_taken poor_sends -d '{"instances":[[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1]]}'
  take -k "$poor" -f "$BATS_TEST_TMPDIR/three.csv" CONTENT_TYPE=text/csv
  assert_nothing_taken poor_sends -d "$IRIS"
  [ "$status" = 429 ]
  assert_json '.["violated-policies"] == ["day"]'
}

@test "rows are charged once, when they are taken" {
  local payer
  cli tier set payer --quota 1000/day --price row >/dev/null
  payer=$(cli key create --name payer --tier payer 2>/dev/null)
  rows_csv 100 >"$BATS_TEST_TMPDIR/rows.csv"
  take -k "$payer" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  take -k "$payer" -d '{"instances":[[1,1,1,1],[1,1,1,1]]}'
  work
  call GET "/jobs/$UUID" -k "$payer"
  assert_json '.status == "completed" and .rows == 2'
  call GET "/jobs/$UUID/result" -k "$payer"
  [ "$(cli call list --key "${payer:3:12}" --json | jq '[.[].charged] | add')" = 102 ]
  assert_books
}

@test "an account with as many jobs or bytes as it may is told which limit it is" {
  local many
  gate_with --job_limit 2 --job_bytes_limit 1M
  many=$(cli key create --name many --tier test 2>/dev/null)
  rows_csv 20000 >"$BATS_TEST_TMPDIR/rows.csv"
  rows_csv 30000 >"$BATS_TEST_TMPDIR/more.csv"
  too_much() { call POST /jobs -k "$many" "$@"; }
  take -k "$many" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  assert_nothing_taken too_much -f "$BATS_TEST_TMPDIR/more.csv" CONTENT_TYPE=text/csv
  assert_status 429
  [ -n "$(header_of retry-after)" ]
  assert_json '.["violated-policies"] == ["job-bytes"] and .type == "https://iana.org/assignments/http-problem-types#quota-exceeded"'
  take -k "$many" -d "$IRIS"
  assert_nothing_taken too_much -d "$IRIS"
  assert_status 429
  assert_json '.["violated-policies"] == ["jobs"]'
  [ "$(cli call list --key "${many:3:12}" --json | jq '[.[] | .charged * (if .status == 202 then 1 else 1000 end)] | add')" = 2 ]
  call DELETE "/jobs/$UUID" -k "$many"
  take -k "$many" -d "$IRIS"
}

@test "a result that its account has no bytes left for fails its job" {
  local wide
  wide=$(cli key create --name wide --tier test 2>/dev/null)
  # Of the leaves of ten trees a row has about three times its own bytes here.
  {
    echo sepal_length,sepal_width,petal_length,petal_width
    yes 5,3,1,0 | head -n 30000
  } >"$BATS_TEST_TMPDIR/rows.csv"
  for _ in 1 2; do
    call POST '/jobs?output=leaf' -k "$wide" -f "$BATS_TEST_TMPDIR/rows.csv" \
      CONTENT_TYPE=text/csv QUERY_STRING=output=leaf
    assert_status 202
  done
  FORESTGATE_JOB_BYTES_LIMIT=1M work
  call GET /jobs -k "$wide"
  assert_json '[.jobs[].status] == ["failed", "completed"] and .jobs[0].code == 429 and
    (.jobs[0].reason | test("1048576 bytes")) and .jobs[1].result_bytes > 524288'
  call GET "/jobs/$(job_field '.jobs[0].job_uuid')/result" -k "$wide"
  assert_problem 404 not_found failed
}

# ---- what becomes of them ----

@test "a job of one row has the bytes that POST /predict answers, its label and its score" {
  predict "$IRIS"
  cp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  take -k "$KEY" -d "$IRIS"
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "pending" and .result == null and .result_label == null and .expires_at == null and .progress == null'
  [ -n "$(header_of retry-after)" ]
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_problem 404 not_found 'pending: it has no result yet'
  [ -n "$(header_of retry-after)" ]
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json --slurpfile p "$BATS_TEST_TMPDIR/predicted" '.status == "completed" and .result == $p[0] and
    .result_label == "setosa" and .result_score == ($p[0].probabilities | max) and .version == 1 and .attempts == 1 and
    .rows == 1 and .kind == "json" and .reason == null and .code == null and
    (.created_at <= .started_at) and (.started_at <= .ended_at) and (.ended_at < .expires_at)'
  [ -z "$(header_of retry-after)" ]
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_status 200
  cmp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  [ "$(header_of content-type)" = application/json ]
}

@test "HEAD has the length of a result and no body" {
  take -k "$KEY" -d "$IRIS"
  work
  call GET "/jobs/$UUID/result" -k "$KEY"
  local length
  length=$(header_of content-length)
  call HEAD "/jobs/$UUID/result" -k "$KEY"
  assert_status 200
  [ "$(header_of content-length)" = "$length" ]
  [ ! -s "$body_file" ]
}

@test "many rows, whose result is a file, are answered alone and within the job as one prediction" {
  local many=$BATS_TEST_TMPDIR/many.json
  rows_csv 20000 | awk -F, 'BEGIN {printf "{\"instances\":["} NR > 1 {printf "%s[%s]", (NR > 2 ? "," : ""), $0} END {printf "]}"}' >"$many"
  call POST /predict -k "$KEY" -f "$many"
  assert_status 200
  cp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  take -k "$KEY" -f "$many"
  work
  call GET "/jobs/$UUID/result" -k "$KEY"
  cmp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json --slurpfile p "$BATS_TEST_TMPDIR/predicted" '.result == $p[0] and .rows == 20000 and .result_label == null'
  [ "$(header_of content-length)" = "$(stat -c %s "$body_file")" ]
}

@test "a result whose file somebody removed is told to be gone" {
  rows_csv 20000 >"$BATS_TEST_TMPDIR/many.csv"
  take -k "$KEY" -f "$BATS_TEST_TMPDIR/many.csv" CONTENT_TYPE=text/csv
  work
  rm "$G/home/jobs/$UUID".*
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_problem 404 not_found 'file of this job.s result is gone'
}

@test "a body whose answer is too large for memory is a job as it is a prediction" {
  train_many "$G/many.fgm"
  cli model publish many "$G/many.fgm" >/dev/null
  # 20,000 rows of 250 classes: five million numbers.
  awk 'BEGIN {printf "{\"instances\":["; for (i = 0; i < 20000; i++) printf "%s[%d,0.%04d0000]", (i ? "," : ""), i % 250, i % 9973; printf "]}"}' >"$BATS_TEST_TMPDIR/many.json"
  call POST /models/many/predict -k "$KEY" -f "$BATS_TEST_TMPDIR/many.json"
  assert_status 200
  mv "$body_file" "$BATS_TEST_TMPDIR/predicted"
  call POST /models/many/predict -k "$KEY" -f "$BATS_TEST_TMPDIR/many.json" HTTP_PREFER=respond-async
  assert_status 202
  UUID=$(job_field .job_uuid)
  work
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_status 200
  cmp "$body_file" "$BATS_TEST_TMPDIR/predicted"
}

@test "a job may name its model and its outputs" {
  call POST /predict -k "$KEY" -d '{"model":"iris","outputs":["margin","leaves"],"features":{"sepal_length":5,"sepal_width":3,"petal_length":2,"petal_width":1}}'
  cp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  take -k "$KEY" -f "$BATS_TEST_TMPDIR/request"
  work
  call GET "/jobs/$UUID/result" -k "$KEY"
  cmp "$body_file" "$BATS_TEST_TMPDIR/predicted"
}

@test "a job may be of a text" {
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 5 -o "$G/texts.fgm" >/dev/null
  cli model publish texts "$G/texts.fgm" >/dev/null
  local praise='{"model":"texts","text":"What a lovely day, and such kind people!"}'
  assert_nothing_taken refuse 422 unprocessable_content . -d '{"model":"texts","text":"short"}'
  call POST /predict -k "$KEY" -d "$praise"
  assert_status 200
  cp "$body_file" "$BATS_TEST_TMPDIR/predicted"
  take -k "$KEY" -d "$praise"
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json --slurpfile p "$BATS_TEST_TMPDIR/predicted" '.status == "completed" and .result == $p[0] and
    .result_label == $p[0].label and .model == "texts"'
}

# The same through the CLI, which is the oracle of files.
oracle() { cli predict --model iris --in "$1" --out "$2" --output "$3"; }

@test "a file of CSV has the result of forestgate predict, to the byte" {
  rows_csv 700000 >"$BATS_TEST_TMPDIR/rows.csv" # 17 MB
  oracle "$BATS_TEST_TMPDIR/rows.csv" "$BATS_TEST_TMPDIR/wanted.csv" probability
  call POST '/jobs?model=iris&output=probability' -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  assert_status 202
  UUID=$(job_field .job_uuid)
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json --argjson bytes "$(stat -c %s "$BATS_TEST_TMPDIR/wanted.csv")" \
    '.status == "completed" and .result == null and .kind == "csv" and .rows == 700000 and .result_bytes == $bytes'
  call GET "/jobs/$UUID/result" -k "$KEY"
  [ "$(header_of content-type)" = 'text/csv; charset=utf-8' ]
  cmp "$body_file" "$BATS_TEST_TMPDIR/wanted.csv"
}

@test "an array is taken and given, and CSV given as an array where the client would have that" {
  rows_csv 5000 >"$BATS_TEST_TMPDIR/rows.csv"
  oracle "$BATS_TEST_TMPDIR/rows.csv" "$BATS_TEST_TMPDIR/wanted.npy" margin
  call POST '/models/iris/predict?output=margin' -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv \
    HTTP_PREFER=respond-async HTTP_ACCEPT=application/x-npy
  assert_status 202
  local first second
  first=$(job_field .job_uuid)
  python3 - "$BATS_TEST_TMPDIR/rows.csv" "$BATS_TEST_TMPDIR/rows.npy" <<'PY'
import struct, sys
rows = [list(map(float, line.split(","))) for line in open(sys.argv[1]).read().split("\n")[1:] if line]
head = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 4), }" % len(rows)
head += " " * (63 - (10 + len(head)) % 64) + "\n"
with open(sys.argv[2], "wb") as out:
    out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
    for row in rows: out.write(struct.pack("<4d", *row))
PY
  oracle "$BATS_TEST_TMPDIR/rows.npy" "$BATS_TEST_TMPDIR/second.npy" label
  call POST '/jobs' -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.npy" CONTENT_TYPE=application/x-npy
  assert_status 202
  second=$(job_field .job_uuid)
  work
  call GET "/jobs/$first/result" -k "$KEY"
  [ "$(header_of content-type)" = application/x-npy ]
  cmp "$body_file" "$BATS_TEST_TMPDIR/wanted.npy"
  call GET "/jobs/$second/result" -k "$KEY"
  cmp "$body_file" "$BATS_TEST_TMPDIR/second.npy"
}

@test "a job whose model is gone when it is worked off has failed, with the reason" {
  train_iris "$G/gone.fgm" 3
  cli model publish gone "$G/gone.fgm" >/dev/null
  take -k "$KEY" -d '{"model":"gone","features":[5.1,3.5,1.4,0.2]}'
  database "DELETE FROM model WHERE name = 'gone'"
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "failed" and .code == 404 and (.reason | test("gone")) and .result == null'
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_problem 404 not_found 'failed: it has no result\.'
  call DELETE "/jobs/$UUID" -k "$KEY"
  assert_problem 409 conflict
}

@test "a result is sealed for who asks for that, and a file of rows never is" {
  rows_csv 3 >"$BATS_TEST_TMPDIR/rows.csv"
  take -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  local file=$UUID
  rows_csv 20000 | awk -F, 'BEGIN {printf "{\"instances\":["} NR > 1 {printf "%s[%s]", (NR > 2 ? "," : ""), $0} END {printf "]}"}' >"$BATS_TEST_TMPDIR/many.json"
  take -k "$KEY" -f "$BATS_TEST_TMPDIR/many.json"
  local many=$UUID
  take -k "$KEY" -d "$IRIS"
  work
  for path in "/jobs/$UUID" "/jobs/$UUID/result" "/jobs/$many" "/jobs/$many/result"; do
    call GET "$path" -k "$KEY"
    cp "$body_file" "$BATS_TEST_TMPDIR/plain"
    call GET "$path" -k "$KEY" HTTP_ACCEPT=application/jose
    [ "$(header_of content-type)" = application/jose ] || fail "$path"
    if [ "$path" = "/jobs/$UUID/result" ]; then
      call POST /decrypt -k "$KEY" -d "{\"encrypted_data\":\"$(<"$body_file")\"}"
      assert_status 200
      assert_json --slurpfile p "$BATS_TEST_TMPDIR/plain" '[.. | objects | select(. == $p[0])] | length == 1'
    fi
  done
  call GET "/jobs/$file/result" -k "$KEY" HTTP_ACCEPT=application/jose
  assert_problem 422 unprocessable_content Accept
  call GET "/jobs/$file/result" -k "$KEY" HTTP_ACCEPT='application/jose, text/csv'
  assert_status 200
}

# ---- ending them ----

@test "a job that waits is cancelled, at once and again, and is never worked off" {
  rows_csv 5000 >"$BATS_TEST_TMPDIR/rows.csv"
  local before
  before=$(find "$G/home/jobs" -type f | wc -l)
  take -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  call DELETE "/jobs/$UUID" -k "$KEY"
  assert_status 204
  [ "$(find "$G/home/jobs" -type f | wc -l)" = "$before" ]
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "cancelled" and .started_at == null and .result == null'
  call DELETE "/jobs/$UUID" -k "$KEY"
  assert_status 204
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_problem 404 not_found 'cancelled: it has no result\.'
}

# Takes a job of so many trees that it takes long whatever the machine; it is to be cancelled in
# the end.
take_slow() {
  if [ ! -e "$G/slow.fgm" ]; then
    train_iris "$G/slow.fgm" 2000
    cli model publish slow "$G/slow.fgm" >/dev/null
    rows_csv 500000 >"$G/slow.csv"
  fi
  call POST '/jobs?output=label&model=slow' -k "$KEY" -f "$G/slow.csv" CONTENT_TYPE=text/csv
  UUID=$(job_field .job_uuid)
}

@test "how far a job in work is, how fast, and how long yet" {
  take_slow
  assert_json '.progress == null'
  "$FORESTGATE" --home "$G/home" work --drain >>"$G/out" 2>&1 3>&- &
  local runner=$! first
  further() { call GET "/jobs/$UUID" -k "$KEY" && [ "$(job_field '.progress.rows_done // 0')" -gt "$1" ]; }
  wait_for 200 further 0
  assert_json '.progress | .rows == 500000 and .rows_done < .rows and .rows_per_s > 0 and .seconds_left >= 0'
  assert_json '.progress | ((.rows - .rows_done) / .rows_per_s) as $left | # at a speed that has lost what is behind its point
    (.seconds_left - $left | fabs) <= 1 + $left / .rows_per_s'
  first=$(job_field .progress.rows_done)
  wait_for 200 further "$first"
  assert_json '.progress | .rows_done < .rows and .rows_per_s > 0'
  call DELETE "/jobs/$UUID" -k "$KEY"
  wait "$runner"
}

@test "a job in work is cancelled, and what was made of it is thrown away" {
  take_slow
  "$FORESTGATE" --home "$G/home" work --drain >>"$G/out" 2>&1 3>&- &
  local runner=$!
  in_work() { call GET "/jobs/$UUID" -k "$KEY" && [ "$(job_field .status)" = processing ]; }
  wait_for 200 in_work
  assert_json '.progress.rows == 500000 and .started_at != null'
  [ -n "$(header_of retry-after)" ]
  call DELETE "/jobs/$UUID" -k "$KEY"
  assert_status 204
  wait "$runner"
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "cancelled"'
  [ "$(find "$G/home/jobs" -name "$UUID*" | wc -l)" = 0 ]
}

@test "how many rows a file has is known for as long as it is worked at" {
  rows_csv 700000 >"$BATS_TEST_TMPDIR/rows.csv"
  call POST '/jobs?output=leaf' -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  UUID=$(job_field .job_uuid)
  "$FORESTGATE" --home "$G/home" work --drain >>"$G/out" 2>&1 3>&- &
  local runner=$! worker
  begun() { call GET "/jobs/$UUID" -k "$KEY" && [ "$(job_field .status)" != pending ]; }
  wait_for 200 begun
  worker=$(pgrep -P "$runner" | head -n 1)
  kill -STOP "$worker" || true # so that it has something to tell when it goes on
  sleep 1.2
  kill -CONT "$worker" || true
  told() { call GET "/jobs/$UUID" -k "$KEY" && [ "$(job_field '.status != "processing" or .progress.rows_done > 0')" = true ]; }
  wait_for 200 told
  assert_json '.rows == 700000 and (.progress == null or .progress.seconds_left != null)'
  wait "$runner"
}

@test "a job that has ended otherwise cannot be cancelled" {
  take -k "$KEY" -d "$IRIS"
  work
  call DELETE "/jobs/$UUID" -k "$KEY"
  assert_problem 409 conflict
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json '.status == "completed"'
}

@test "one that has expired is one that never was, before anybody has swept" {
  take -k "$KEY" -d "$IRIS"
  work
  jobs_database "UPDATE job SET ended_us = ended_us - 8 * 86400000000 WHERE uuid = '$UUID'"
  for path in "/jobs/$UUID" "/jobs/$UUID/result"; do
    call GET "$path" -k "$KEY"
    assert_problem 404 not_found 'no such job'
  done
  call GET "/jobs?limit=1000" -k "$KEY"
  assert_json --arg id "$UUID" '[.jobs[].job_uuid] | index($id) == null'
}

@test "how long a result is kept is a setting, by which it is told, refused and deleted" {
  gate_with --job_retention 2h
  echo 'job_retention = 2h' >>"$G/home/forestgate.conf"
  rows_csv 20000 >"$BATS_TEST_TMPDIR/rows.csv"
  call POST '/jobs?output=probability' -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.csv" CONTENT_TYPE=text/csv
  UUID=$(job_field .job_uuid)
  work
  call GET "/jobs/$UUID" -k "$KEY"
  assert_json 'def us: (.[:19] + "Z" | fromdate) * 1000000 + (.[20:26] | tonumber);
    (.expires_at | us) - (.ended_at | us) == 7200000000'
  [ -e "$G/home/jobs/$UUID.1.out" ]
  jobs_database "UPDATE job SET ended_us = ended_us - 7100000000 WHERE uuid = '$UUID'"
  work
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_status 200
  jobs_database "UPDATE job SET ended_us = ended_us - 100000000 WHERE uuid = '$UUID'"
  call GET "/jobs/$UUID/result" -k "$KEY"
  assert_problem 404 not_found 'no such job'
  # Runners delete it, with its file.
  "$FORESTGATE" --home "$G/home" work >>"$G/out" 2>&1 3>&- &
  local runner=$!
  deleted() { [ "$(jobs_database "SELECT count(*) FROM job WHERE uuid = '$UUID'")" = 0 ] && ! ls "$G/home/jobs/$UUID"* 2>/dev/null; }
  wait_for 200 deleted || fail "$(ls "$G/home/jobs")"
  kill -TERM "$runner"
  wait "$runner"
  sed -i /job_retention/d "$G/home/forestgate.conf"
}

@test "deleting a user ends that user's jobs, empties them and leaves no file" {
  local token id
  for way in http cli; do
    person "leaver-$way"
    token=$TOKEN id=$PERSON
    rows_csv 5000 >"$BATS_TEST_TMPDIR/rows.csv"
    take -f "$BATS_TEST_TMPDIR/rows.csv" HTTP_AUTHORIZATION="Bearer $token" CONTENT_TYPE=text/csv
    take -d "$IRIS" HTTP_AUTHORIZATION="Bearer $token"
    if [ $way = http ]; then
      as "$CHIEF" DELETE "/admin/users/$id"
      assert_status 204
    else
      cli user delete "leaver-$way@example.org" >/dev/null
    fi
    [ "$(jobs_database "SELECT count(*) FROM job WHERE account = '$id' AND (status < 2 OR body IS NOT NULL)")" = 0 ]
    [ "$(find "$G/home/jobs" -name '*.in' -newer "$BATS_TEST_TMPDIR/rows.csv" | wc -l)" = 0 ]
    as "$CHIEF" GET "/jobs/$UUID"
    assert_problem 404 not_found
  done
}

# ---- lists ----

@test "jobs are listed newest first, by page, status and model" {
  local key ids=() next
  key=$(cli key create --name lister --tier test 2>/dev/null)
  for _ in 1 2 3 4 5; do
    take -k "$key" -d "$IRIS"
    ids=("$UUID" "${ids[@]}")
  done
  call DELETE "/jobs/${ids[2]}" -k "$key"
  call GET '/jobs?limit=2' -k "$key"
  assert_json --arg a "${ids[0]}" --arg b "${ids[1]}" '[.jobs[].job_uuid] == [$a, $b] and .next == $b and .limit == 2'
  next=$(job_field .next)
  call GET "/jobs?limit=3&before=$next" -k "$key"
  assert_json --arg a "${ids[2]}" --arg b "${ids[3]}" --arg c "${ids[4]}" '[.jobs[].job_uuid] == [$a, $b, $c] and .next == null'
  call GET '/jobs?status=cancelled' -k "$key"
  assert_json --arg a "${ids[2]}" '[.jobs[].job_uuid] == [$a]'
  call GET '/jobs?status=pending&limit=2' -k "$key"
  assert_json --arg b "${ids[1]}" '(.jobs | length) == 2 and .jobs[1].job_uuid == $b'
  call GET "/jobs?status=pending&limit=2&before=$(job_field .next)" -k "$key"
  assert_json --arg c "${ids[3]}" --arg d "${ids[4]}" '[.jobs[].job_uuid] == [$c, $d] and .next == null'
  call GET '/jobs?model=nosuch' -k "$key"
  assert_json '.jobs == [] and .next == null'
  call GET '/jobs?model=iris' -k "$key"
  assert_json '(.jobs | length) == 5 and all(.jobs[]; has("account") | not)'
}

@test "a query of a list that does not fit is 422, field by field" {
  for query in limit=0 limit=1001 status=done before=1 "before=$NOBODYS" all=maybe; do
    call GET "/jobs?$query" -k "$KEY"
    assert_problem 422 unprocessable_content || fail "$query"
    assert_json --arg field "${query%%=*}" '[.errors[].field] == [$field]'
  done
}

@test "a job that many rows are before in the list is found by paging, however few fit" {
  local key
  key=$(cli key create --name crowd --tier test 2>/dev/null)
  take -k "$key" -d "$IRIS"
  local first=$UUID
  call DELETE "/jobs/$first" -k "$key"
  jobs_database "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
    INSERT INTO job (uuid, account, key, request_id, model, kind, result_kind, status, body_bytes, body_in_file, created_us)
    SELECT printf('01f0a1b2-c3d4-7e5f-8a9b-%012x', i), '${key:3:12}', '${key:3:12}', 'r', 'other', 0, 0, 0, 0, 0, 1 FROM n"
  call GET '/jobs?status=cancelled' -k "$key"
  assert_json '.jobs == [] and .next != null'
  call GET "/jobs?status=cancelled&before=$(job_field .next)" -k "$key"
  assert_json --arg id "$first" '[.jobs[].job_uuid] == [$id] and .next == null'
  jobs_database "DELETE FROM job WHERE account = '${key:3:12}'"
}
