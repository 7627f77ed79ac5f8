#!/usr/bin/env bats
# tests/api/idempotency.bats: requests that are sent again under the same Idempotency-Key: the
# same answer, charged once, whoever is killed when.

# shellcheck disable=SC2154,SC2030,SC2031 # set or read by lib/api
load ../lib/api
load ../lib/person

OTHER='{"features":[6.3,3.3,6.0,2.5]}'

setup_file() {
  gate_home
  cli tier set few --rate 1000000/60s --quota 3/day >/dev/null
  cli tier set slow --rate 4/60s --quota 1000/day >/dev/null
  cli tier set rows --rate 1000000/60s --quota 1000/day --price row >/dev/null
  "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees 900 --seed 7 \
    -o "$G/large.fgm" >/dev/null
  cli model publish large "$G/large.fgm" >/dev/null
  awk 'BEGIN {printf "{\"instances\":["
    for (i = 0; i < 4000; i++) printf "%s[%.1f,3.%d,1.%d,0.2]", i ? "," : "", 4 + i % 40 / 10, i % 9, i % 7
    print "]}"}' >"$G/many.json"
  gate_start --workers 6
}
teardown_file() { gate_stop; }

work() { sqlite3 -cmd '.timeout 5000' "$G/home/work.db" "$1"; }

# keyed KEY BODY [NAME=VALUE...]: a prediction under an idempotency key.
keyed() {
  local key=$1 text=$2
  shift 2
  call POST /predict -k "$KEY" -d "$text" HTTP_IDEMPOTENCY_KEY="$key" "$@"
}

# What the log says that a key was charged, and in how many calls: "3 of 5".
charged() {
  cli call list --limit 1 >/dev/null
  database "SELECT sum(charged) || ' of ' || count(*) FROM call WHERE key = '${1:3:12}'"
}

# A key of a tier, which is counted by itself.
key_of() { KEY=$(cli key create --name "key-$RANDOM" --tier "$1" 2>/dev/null); }

# A file of rows that takes a second or two: its answer is made while the test looks.
slow_body() {
  awk 'BEGIN {print "sepal_length,sepal_width,petal_length,petal_width"
    for (i = 0; i < 120000; i++) printf "%.1f,3.%d,1.%d,0.2\n", 4 + i % 40 / 10, i % 9, i % 7
  }' >"$G/slow.csv"
}

# It is asked for under an idempotency key, now.
slow() { call POST /models/large/predict -k "$KEY" -f "$G/slow.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY="$1"; }

# Those of the workers that were at work in each of three looks.
working() {
  local pid _
  for pid in $(gate_pids); do
    for _ in 1 2 3; do
      [ "$(awk '{print $3}' "/proc/$pid/stat")" = R ] || continue 2
      sleep 0.01
    done
    echo "$pid"
  done
}
one_working() {
  STOPPED=$(working)
  [[ "$STOPPED" =~ ^[0-9]+$ ]] || ! in_flight
}

# A key of ours, and the worker that has an idempotency key of it in flight, stopped in the middle
# of it: sets KEY and STOPPED.  Where it had ended by then, another is tried.
slow_start() {
  [ -e "$G/slow.csv" ] || slow_body
  for _ in 1 2 3 4 5; do
    key_of test
    slow_stop "$1"
    if in_flight; then return 0; fi
    kill -CONT "$STOPPED" || :
    wait "$SLOW"
  done
  fail 'it had ended before it was stopped'
}
slow_stop() {
  call_arguments POST /models/large/predict -k "$KEY" -f "$G/slow.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY="$1"
  env -i PATH="$PATH" "${PARAMS[@]}" timeout 60 cgi-fcgi -bind -connect "127.0.0.1:$PORT" \
    <"$BODY" >"$BATS_TEST_TMPDIR/slow" 2>/dev/null 3>&- &
  SLOW=$!
  wait_for 200 in_flight || fail 'nothing came to be in flight'
  wait_for 100 one_working || fail 'no worker is at work'
  kill -STOP "$STOPPED" || :
}

in_flight() { [ "$(work "SELECT count(*) FROM replay WHERE account = '${KEY:3:12}' AND claim IS NOT NULL")" = 1 ]; }

# ---- refusals ----

@test "a header that is no key is a 400, and nothing is predicted" {
  local long bad
  key_of test
  long=$(printf 'k%.0s' {1..256})
  # shellcheck disable=SC1003 # a backslash at the end is one of them
  for bad in '' '""' '"' '"a' 'a b' 'a,b' '"a", "b"' '"a"b' '"a";x=1' 'ä' '"ä"' $'"a\tb"' '"a\b"' \
    '"a\' "$long" "\"$long\"" 'a"b' 'a\b'; do
    keyed "$bad" "$IRIS"
    assert_problem 400 bad_request Idempotency-Key || fail "of: $bad"
  done
  [ "$(charged "$KEY")" = '0 of 18' ]
}

@test "two headers are a 400" {
  RAW_BODY=$IRIS raw HTTP_X_API_KEY="$KEY" CONTENT_TYPE=application/json CONTENT_LENGTH=${#IRIS} \
    HTTP_IDEMPOTENCY_KEY='"a"' HTTP_IDEMPOTENCY_KEY='"b"'
  assert_problem 400 bad_request Idempotency-Key
}

@test "a key that was used for another request is a 422: another body, path, query or type" {
  key_of test
  keyed other "$IRIS"
  assert_status 200
  keyed other "$OTHER"
  assert_problem 422 unprocessable_content 'another request'
  call POST /models/iris/predict -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=other
  assert_problem 422 unprocessable_content 'another request'
  call POST '/predict?a=b' -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=other
  assert_problem 422 unprocessable_content 'another request'
  call_arguments POST /predict -k "$KEY" -d "$IRIS"
  call POST /predict -k "$KEY" -f "$BODY" HTTP_IDEMPOTENCY_KEY=other 'CONTENT_TYPE=application/json; charset=utf-8'
  assert_problem 422 unprocessable_content 'another request'
  [ "$(charged "$KEY")" = '1 of 5' ]
}

@test "while the first is being served, a second is a 409 with Retry-After, and another body a 422" {
  slow_start flight
  slow flight
  assert_problem 409 conflict 'being served'
  [ "$(header_of retry-after)" = 1 ]
  call POST /models/large/predict -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=flight
  assert_problem 422 unprocessable_content 'another request'
  kill -CONT "$STOPPED"
  wait "$SLOW"
  grep -q '^Status: 200' "$BATS_TEST_TMPDIR/slow"
  slow flight
  assert_status 200
  [ "$(header_of idempotency-replayed)" = true ]
  sed '1,/^\r*$/d' "$BATS_TEST_TMPDIR/slow" | cmp - "$body_file"
  [ "$(charged "$KEY")" = '1 of 4' ]
}

@test "a credential without the right to the model is not given its answer by another's key" {
  local name="sam$RANDOM" narrow
  MODELS=iris,large person "$name"
  call POST /users/me/keys HTTP_AUTHORIZATION="Bearer $TOKEN" -d '{"name":"wide"}'
  KEY=$(jq -r .key "$body_file")
  call POST /users/me/keys HTTP_AUTHORIZATION="Bearer $TOKEN" -d '{"name":"narrow","models":"large"}'
  assert_status 201
  narrow=$(jq -r .key "$body_file")
  keyed shared '{"model":"iris","features":[5.1,3.5,1.4,0.2]}'
  assert_status 200
  keyed refused '{"model":"iris","features":[5.1]}'
  assert_problem 422 unprocessable_content iris
  keyed refused '{"model":"iris","features":[5.1]}'
  [ "$(header_of idempotency-replayed)" = true ]
  printf 'sepal_length\n1\n' >"$BATS_TEST_TMPDIR/short.csv"
  short() {
    call POST '/predict?model=iris' -k "$KEY" -f "$BATS_TEST_TMPDIR/short.csv" \
      CONTENT_TYPE=text/csv QUERY_STRING=model=iris HTTP_IDEMPOTENCY_KEY=short
  }
  short
  assert_status 422
  KEY=$narrow
  keyed shared '{"model":"iris","features":[5.1,3.5,1.4,0.2]}'
  assert_problem 403 forbidden
  # Nor what is wrong with a body, which tells of the model's features.
  keyed refused '{"model":"iris","features":[5.1]}'
  assert_problem 403 forbidden
  short
  assert_problem 403 forbidden
}

@test "an account whose kept answers are all that it may have is refused, until they expire" {
  key_of test
  echo 'idempotency_bytes_limit = 64K' >>"$G/home/forestgate.conf"
  gate_stop
  gate_start --workers 2
  keyed room-0 "$IRIS"
  assert_status 200
  work "UPDATE replay SET bytes = 70000 WHERE account = '${KEY:3:12}'"
  keyed room-1 "$IRIS"
  [ "$status" = 429 ]
  [ "$(header_of retry-after)" -gt 86000 ]
  keyed room-0 "$IRIS"
  [ "$status" = 503 ] # it is not as long as it was, and nothing is made up
  work "UPDATE replay SET at_us = 1 WHERE account = '${KEY:3:12}'"
  wait_for 100 swept
  keyed room-1 "$IRIS"
  assert_status 200
  sed -i /idempotency_bytes_limit/d "$G/home/forestgate.conf"
  gate_stop
  gate_start --workers 6
}
swept() { [ "$(work "SELECT count(*) FROM replay WHERE account = '${KEY:3:12}'")" = 0 ]; }

# ---- what is given again ----

@test "a repetition has the same status and bytes, its own request id, and is charged nothing" {
  local first id
  key_of test
  keyed '"8e03978e-40d5-43dd-bc93-6894a57f9324"' "$IRIS"
  assert_status 200
  [ -z "$(header_of idempotency-replayed)" ]
  first=$(sha256sum <"$body_file") id=$(header_of x-request-id)
  keyed '"8e03978e-40d5-43dd-bc93-6894a57f9324"' "$IRIS"
  assert_status 200
  [ "$(header_of idempotency-replayed)" = true ]
  [ "$(sha256sum <"$body_file")" = "$first" ]
  [ "$(header_of x-request-id)" != "$id" ]
  [ "$(header_of content-type)" = application/json ]
  keyed 8e03978e-40d5-43dd-bc93-6894a57f9324 "$IRIS" # bare, as some clients send it
  [ "$(header_of idempotency-replayed)" = true ]
  [ "$(charged "$KEY")" = '1 of 3' ]
  assert_books
}

@test "a quota that is used up refuses new requests, and not the answer that was paid for" {
  key_of few
  for i in 1 2 3; do
    keyed "paid-$i" "$IRIS"
    assert_status 200
  done
  keyed paid-4 "$IRIS"
  assert_status 429
  keyed paid-2 "$IRIS"
  assert_status 200
  [ "$(header_of idempotency-replayed)" = true ]
  keyed paid-2 "$OTHER"
  assert_problem 422 unprocessable_content 'another request'
  predict "$IRIS"
  assert_status 429
  [[ "$(header_of ratelimit)" = *'"day";r=0;'* ]]
  [ "$(charged "$KEY")" = '3 of 5' ]
  assert_books
}

@test "repetitions count in the rate, as every attempt does" {
  key_of slow
  for i in 1 2 3 4; do
    keyed often "$IRIS"
    assert_status 200
  done
  keyed often "$IRIS"
  assert_status 429
}

@test "rows that were charged are charged once" {
  key_of rows
  for i in 1 2 3; do
    keyed many '{"instances":[[5.1,3.5,1.4,0.2],[6.3,3.3,6.0,2.5],[6.3,3.3,6.0,2.5]]}'
    assert_status 200
    [[ "$(header_of ratelimit)" = *'"day";r=997;'* ]] || fail "$headers"
  done
  [ "$(charged "$KEY")" = '3 of 3' ]
  assert_books
}

@test "what is wrong with the body is answered again, byte by byte" {
  local first
  key_of test
  for text in '{"features":[1]}' '{"features":'; do
    keyed "wrong-${#text}" "$text"
    [ "$status" = 422 ] || [ "$status" = 400 ]
    first=$status$(sha256sum <"$body_file")
    keyed "wrong-${#text}" "$text"
    [ "$status$(sha256sum <"$body_file")" = "$first" ]
    [ "$(header_of idempotency-replayed)" = true ]
    [ "$(header_of content-type)" = application/problem+json ]
  done
  [ "$(charged "$KEY")" = '0 of 4' ]
}

@test "what may be otherwise the next time is not kept: the key is free" {
  key_of few
  for i in 1 2 3; do predict "$IRIS"; done
  keyed later "$IRIS"
  assert_status 429
  [ "$(work "SELECT count(*) FROM replay WHERE account = '${KEY:3:12}'")" = 0 ]
  key_of test
  call POST /models/none/predict -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=none
  assert_status 404
  cli model publish none "$G/iris.fgm" >/dev/null
  call POST /models/none/predict -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=none
  assert_status 200
}

@test "the same key of another account is another key" {
  key_of test
  keyed mine "$IRIS"
  assert_status 200
  key_of test
  keyed mine "$OTHER"
  assert_status 200
  [ -z "$(header_of idempotency-replayed)" ]
}

@test "of two keys of one user either is given the answer of the other" {
  person "kim$RANDOM"
  for i in 1 2; do
    call POST /users/me/keys HTTP_AUTHORIZATION="Bearer $TOKEN" -d "{\"name\":\"key-$i\"}"
    KEY=$(jq -r .key "$body_file")
    keyed ours "$IRIS"
    assert_status 200
  done
  [ "$(header_of idempotency-replayed)" = true ]
}

@test "a route that takes no key passes the header over" {
  call GET /models -k "$KEY" HTTP_IDEMPOTENCY_KEY='not " a key'
  assert_status 200
}

@test "an answer of many rows is kept in a file, and given again after all workers were others" {
  local first
  key_of test
  call POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=large
  assert_status 200
  [ "$(stat -c %s "$body_file")" -gt 65536 ]
  first=$(sha256sum <"$body_file")
  [ -e "$G/home/jobs/$(work "SELECT id FROM replay WHERE in_file AND account = '${KEY:3:12}'").kept" ]
  gate_stop
  gate_start --workers 6
  call POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=large
  assert_status 200
  [ "$(header_of idempotency-replayed)" = true ]
  [ "$(sha256sum <"$body_file")" = "$first" ]
  [ "$(charged "$KEY")" = '1 of 2' ]
}

@test "a file of rows is answered again as the file that it was" {
  local first type
  key_of test
  for rows in 3 20000; do
    awk -v n=$rows 'BEGIN {print "sepal_length,sepal_width,petal_length,petal_width"
      for (i = 0; i < n; i++) printf "%.1f,3.%d,1.%d,0.2\n", 4 + i % 40 / 10, i % 9, i % 7}' >"$G/rows.csv"
    call POST '/predict?output=probability' -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY="csv-$rows"
    assert_status 200
    first=$(sha256sum <"$body_file") type=$(header_of content-type)
    [ "$(wc -l <"$body_file")" = $((rows + 1)) ]
    call POST '/predict?output=probability' -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY="csv-$rows"
    assert_status 200
    [ "$(header_of idempotency-replayed)" = true ]
    [ "$(sha256sum <"$body_file")" = "$first" ]
    [ "$(header_of content-type)" = "$type" ]
    [ "$(header_of forestgate-model)" = 'iris; version=1' ]
    echo '5,3,1,1' >>"$G/rows.csv"
    call POST '/predict?output=probability' -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY="csv-$rows"
    assert_problem 422 unprocessable_content 'another request'
  done
  [ "$(charged "$KEY")" = '2 of 6' ]
}

@test "an answer that has expired is gone, with its file, and the key may be used anew" {
  key_of test
  call POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=old
  assert_status 200
  work "UPDATE replay SET at_us = at_us - 86400000000 WHERE account = '${KEY:3:12}'"
  keyed old "$OTHER"
  assert_status 200
  [ -z "$(header_of idempotency-replayed)" ]
  work "UPDATE replay SET at_us = at_us - 86400000000"
  wait_for 100 all_swept || fail "$(ls "$G/home/jobs")"
  [ "$(work 'SELECT count(*) FROM replay_total')" = 0 ]
}
all_swept() { [ "$(work 'SELECT count(*) FROM replay')" = 0 ] && ! ls "$G"/home/jobs/*.kept >/dev/null 2>&1; }

# ---- many at once, and deaths ----

@test "of 64 clients at once with one key one is charged, and all that are answered have its answer" {
  local pids='' c
  key_of test
  call_arguments POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=crowd
  for ((c = 0; c < 64; c++)); do
    env -i PATH="$PATH" "${PARAMS[@]}" timeout 60 cgi-fcgi -bind -connect "127.0.0.1:$PORT" \
      <"$BODY" >"$BATS_TEST_TMPDIR/crowd.$c" 2>/dev/null 3>&- &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086
  wait $pids
  [ "$(grep -al '^Status: 200' "$BATS_TEST_TMPDIR"/crowd.* | wc -l)" -ge 1 ]
  [ "$(grep -aLE '^Status: (200|409)' "$BATS_TEST_TMPDIR"/crowd.* | wc -l)" = 0 ]
  [ "$(grep -al '^Status: 200' "$BATS_TEST_TMPDIR"/crowd.* | xargs grep -aL '^Idempotency-Replayed' | wc -l)" = 1 ]
  [ "$(grep -al '^Status: 200' "$BATS_TEST_TMPDIR"/crowd.* | while read -r f; do
    sed '1,/^\r*$/d' "$f" | sha256sum
  done | sort -u | wc -l)" = 1 ]
  [ "$(charged "$KEY")" = '1 of 64' ]
  assert_books
}

@test "kill -9 of a worker with a key in flight: the key is free at once, and charged once in the end" {
  slow_start killed
  kill -KILL "$STOPPED"
  wait "$SLOW" || :
  slow killed
  assert_status 200
  [ -z "$(header_of idempotency-replayed)" ]
  slow killed
  [ "$(header_of idempotency-replayed)" = true ]
  wait_for 100 gate_has 6
  wait_for 100 buried || fail "$(charged "$KEY")"
  assert_books
}
buried() { [ "$(charged "$KEY")" = '1 of 3' ]; }

@test "hundreds of keys under kill -9: each that is asked for until it is answered is charged once at most" {
  local i tries first
  key_of test
  for ((i = 0; i < 60; i++)); do
    first=''
    for ((tries = 0; tries < 40; tries++)); do
      if [ $((tries % 2)) = 0 ]; then
        read -ra pids <<<"$(gate_pids | tr '\n' ' ')"
        (kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || :) &
      fi
      keyed "storm-$i" "$IRIS"
      if [ "$status" = 200 ]; then
        [ -z "$first" ] || [ "$first" = "$(sha256sum <"$body_file")" ] || fail 'two answers'
        [ -z "$first" ] || break
        first=$(sha256sum <"$body_file")
      fi
    done
    [ -n "$first" ] || fail "no answer to storm-$i"
  done
  wait_for 100 gate_has 6
  cli call list --limit 1 >/dev/null
  # Who was killed between the two may have kept an answer that was not charged, none is twice.
  [ "$(database "SELECT sum(charged) <= 60 AND sum(charged) > 30 FROM call WHERE key = '${KEY:3:12}'")" = 1 ] ||
    fail "$(charged "$KEY")"
  assert_books
}

# ---- large bodies ----

@test "a large body of JSON is known whole: another of the same length is a 422" {
  local many='BEGIN {printf "{\"instances\":["; for (i = 0; i < 30000; i++) printf "%s[5.1,3.5,1.4,0.%d]", i ? "," : "", i < 29999 ? 2 : last; print "]}"}'
  key_of test
  awk -v last=2 "$many" >"$G/many.json"
  awk -v last=3 "$many" >"$G/other.json"
  [ "$(stat -c %s "$G/many.json")" = "$(stat -c %s "$G/other.json")" ]
  [ "$(stat -c %s "$G/many.json")" -gt $((256 << 10)) ]
  call POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=many
  assert_status 200
  call POST /predict -k "$KEY" -f "$G/other.json" HTTP_IDEMPOTENCY_KEY=many
  assert_problem 422 unprocessable_content 'another request'
  call POST /predict -k "$KEY" -f "$G/many.json" HTTP_IDEMPOTENCY_KEY=many
  assert_status 200
  [ "$(header_of idempotency-replayed)" = true ]
}

# ---- jobs ----

jobs_of() { work "SELECT count(*) FROM job WHERE account = '${KEY:3:12}'"; }

@test "a job that is asked for again is the same job, charged once, whatever has become of it" {
  local uuid first
  key_of test
  call POST /jobs -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=job
  assert_status 202
  uuid=$(jq -r .job_uuid "$body_file") first=$(sha256sum <"$body_file")
  [ "$(header_of location)" = "/jobs/$uuid" ] || fail "$headers"
  call DELETE "/jobs/$uuid" -k "$KEY"
  assert_status 204
  call POST /jobs -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY=job
  assert_status 202
  [ "$(header_of idempotency-replayed)" = true ]
  [ "$(header_of location)" = "/jobs/$uuid" ]
  [ "$(sha256sum <"$body_file")" = "$first" ]
  call POST /jobs -k "$KEY" -d "$OTHER" HTTP_IDEMPOTENCY_KEY=job
  assert_problem 422 unprocessable_content 'another request'
  [ "$(jobs_of)" = 1 ]
  [ "$(charged "$KEY")" = '1 of 3' ]
}

@test "a prediction that becomes a job by preference, and a file of rows as a job, are asked for again" {
  local first
  key_of test
  for i in 1 2; do
    keyed deferred "$IRIS" HTTP_PREFER=respond-async
    assert_status 202
    [ "$(header_of preference-applied)" = respond-async ]
    first=${first:-$(sha256sum <"$body_file")}
    [ "$(sha256sum <"$body_file")" = "$first" ]
  done
  awk 'BEGIN {print "sepal_length,sepal_width,petal_length,petal_width"
    for (i = 0; i < 9000; i++) printf "%.1f,3.%d,1.%d,0.2\n", 4 + i % 40 / 10, i % 9, i % 7}' >"$G/job.csv"
  first=''
  for i in 1 2; do
    call POST /jobs -k "$KEY" -f "$G/job.csv" CONTENT_TYPE=text/csv HTTP_IDEMPOTENCY_KEY=file
    assert_status 202
    first=${first:-$(sha256sum <"$body_file")}
    [ "$(sha256sum <"$body_file")" = "$first" ]
  done
  cmp "$G/job.csv" "$G/home/jobs/$(jq -r .job_uuid "$body_file").in"
  [ "$(jobs_of)" = 2 ]
  [ "$(charged "$KEY")" = '2 of 4' ]
}

@test "kill -9 at any instant makes no second job of a key, and loses none that was answered" {
  local i tries pids uuid
  key_of test
  for ((i = 0; i < 60; i++)); do
    uuid=''
    for ((tries = 0; tries < 40; tries++)); do
      if [ $((tries % 2)) = 0 ]; then
        read -ra pids <<<"$(gate_pids | tr '\n' ' ')"
        (kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || :) &
      fi
      call POST /jobs -k "$KEY" -d "$IRIS" HTTP_IDEMPOTENCY_KEY="job-$i"
      if [ "$status" = 202 ]; then
        [ -z "$uuid" ] || [ "$uuid" = "$(jq -r .job_uuid "$body_file")" ] || fail 'two jobs'
        [ -z "$uuid" ] || break
        uuid=$(jq -r .job_uuid "$body_file")
      fi
    done
    [ -n "$uuid" ] || fail "no job for job-$i"
  done
  [ "$(jobs_of)" = 60 ]
  wait_for 100 gate_has 6
  cli call list --limit 1 >/dev/null
  [ "$(database "SELECT sum(charged) <= 60 AND sum(charged) > 30 FROM call WHERE key = '${KEY:3:12}'")" = 1 ] ||
    fail "$(charged "$KEY")"
  assert_books
}

# ---- what cannot be kept is not served ----

@test "while work.db cannot be written, what has a key is a 503 that is not charged, and the rest is served" {
  local hold=$BATS_TEST_TMPDIR/hold
  key_of test
  keyed before "$IRIS"
  assert_status 200
  mkfifo "$hold"
  sqlite3 "$G/home/work.db" <"$hold" >"$BATS_TEST_TMPDIR/held" 3>&- &
  exec 7>"$hold"
  printf "BEGIN IMMEDIATE; SELECT 'held';\n" >&7
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
  keyed locked "$IRIS"
  assert_problem 503 unavailable
  predict "$IRIS"
  assert_status 200
  keyed before "$IRIS" # which needs no lock
  assert_status 200
  exec 7>&-
  wait $!
  keyed locked "$IRIS"
  assert_status 200
  [ "$(charged "$KEY")" = '3 of 5' ]
}

@test "while work.db is read-only, what has a key is a 503, what is kept is given, and later all goes on" {
  key_of test
  keyed before "$IRIS"
  assert_status 200
  gate_stop
  chmod 444 "$G/home/work.db"
  gate_start --workers 2
  if am_root || ! [ -w "$G/home/work.db" ]; then
    keyed fixed "$IRIS"
    assert_problem 503 unavailable
    keyed before "$IRIS"
    assert_status 200
    [ "$(header_of idempotency-replayed)" = true ]
    predict "$IRIS"
    assert_status 200
  fi
  chmod 600 "$G/home"/work.db* # its log as well, which was made as it was
  wait_for 100 taken || fail 'it stays read-only'
  gate_stop
  gate_start --workers 6
}
taken() {
  keyed fixed "$IRIS"
  [ "$status" = 200 ]
}

@test "without work.db what has a key is a 503, and the rest is served" {
  key_of test
  gate_stop
  mv "$G/home/work.db" "$G/work.db"
  gate_start --workers 2
  keyed gone "$IRIS"
  assert_problem 503 unavailable
  predict "$IRIS"
  assert_status 200
  gate_stop
  mv "$G/work.db" "$G/home/work.db"
  gate_start --workers 6
  [ "$(charged "$KEY")" = '1 of 2' ]
}

@test "no text of a key, and none of a request, is in the database" {
  key_of test
  keyed 'a-key-that-nobody-else-has' '{"features":[5.1,3.5,1.4,0.2]}'
  assert_status 200
  ! grep -aq 'a-key-that-nobody-else-has' "$G"/home/work.db* "$G"/home/forestgate.db* "$G"/home/logs/access.log || false
}
