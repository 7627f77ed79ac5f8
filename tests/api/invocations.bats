#!/usr/bin/env bats
# tests/api/invocations.bats: clients of MLflow's scoring server and of SageMaker.  Its limits
# and large bodies are tests/api/v1.bats's.

# shellcheck disable=SC2154,SC2016 # set by lib/api; dollars of jq
load ../lib/api
load ../lib/vectors

setup_file() {
  vectors_home
  cli tier set rows --rate 1000000/60s --quota 1000/day --price row >/dev/null
  printf 'predict_body_limit = 1M\n' >>"$G/home/forestgate.conf"
  gate_start
}
teardown_file() { gate_stop; }

@test "no credential, another's model and too long a file are refused" {
  local none
  call POST /invocations -d '{"inputs":[[1,2,3,4]]}'
  assert_problem 401 unauthorized
  assert_json '.error_code == "UNAUTHENTICATED" and .message == .detail'
  none=$(cli key create --name none --models price 2>/dev/null)
  call POST /invocations -k "$none" -d '{"inputs":[[1,2,3,4]]}'
  assert_problem 403 forbidden
  assert_json '.error_code == "PERMISSION_DENIED"'
  printf '1,2,3,4\n' >"$BATS_TEST_TMPDIR/rows"
  call POST /invocations -k "$none" -f "$BATS_TEST_TMPDIR/rows" CONTENT_TYPE=text/csv
  assert_problem 403 forbidden
  call POST /endpoints/iris/invocations -k "$none" -d '{"inputs":[[1,2,3,4]]}'
  assert_problem 403 forbidden
  head -c 1200000 /dev/zero | tr '\0' '\n' >"$BATS_TEST_TMPDIR/long"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/long" CONTENT_TYPE=text/csv
  assert_problem 413 content_too_large 'limit of 1048576 bytes'
}

@test "what is wrong is a refusal that says where, and what is right has the protocol's answer" {
  vectors invocations.jsonl
}

@test "a file's rows are charged, and those of one at fault are not" {
  local paid
  paid=$(cli key create --name paid --tier rows 2>/dev/null)
  printf '5.1,3.5,1.4,0.2\n6.7,3,5.2,2.3\n' >"$BATS_TEST_TMPDIR/good"
  printf '5.1,3.5,1.4,0.2\n6.7,3,5.2,red\n' >"$BATS_TEST_TMPDIR/bad"
  call POST /invocations -k "$paid" -f "$BATS_TEST_TMPDIR/good" CONTENT_TYPE=text/csv
  assert_status 200
  [ "$(header_of forestgate-model)" = 'iris; version=2' ]
  call POST /invocations -k "$paid" -f "$BATS_TEST_TMPDIR/bad" CONTENT_TYPE=text/csv
  assert_status 422
  cli call stats --json >/dev/null
  [ "$(database "SELECT sum(charged) FROM usage WHERE key = '$(cut -d_ -f2 <<<"$paid")'")" = 2 ]
}

@test "many rows of a file are answered as those of a body of JSON" {
  awk 'BEGIN {for (i = 0; i < 20000; i++) printf "%.1f,%.1f,%.1f,%.1f\n", 4 + i % 40 / 10, 2 + i % 20 / 10, 1 + i % 60 / 10, 0.1 + i % 24 / 10}' \
    >"$BATS_TEST_TMPDIR/rows"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" CONTENT_TYPE=text/csv
  assert_status 200
  jq -c '.predictions[]' "$body_file" >"$BATS_TEST_TMPDIR/json"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" CONTENT_TYPE=text/csv HTTP_ACCEPT=text/csv
  [ "$(header_of content-type)" = 'text/csv; charset=utf-8' ]
  cmp "$BATS_TEST_TMPDIR/json" "$body_file"
  jq -Rnc '{instances: [inputs | split(",") | map(tonumber)]}' "$BATS_TEST_TMPDIR/rows" >"$BATS_TEST_TMPDIR/instances"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/instances"
  jq -c '.predictions[]' "$body_file" | cmp - "$BATS_TEST_TMPDIR/json"
}

@test "packed bodies are unpacked, and the answer to a file is never sealed" {
  printf '5.1,3.5,1.4,0.2\n' | gzip >"$BATS_TEST_TMPDIR/rows.gz"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.gz" CONTENT_TYPE=text/csv HTTP_CONTENT_ENCODING=gzip
  assert_status 200
  [ "$body" = '{"predictions":[0]}' ]
  printf '{"inputs":[[5.1,3.5,1.4,0.2]]}' | gzip >"$BATS_TEST_TMPDIR/json.gz"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/json.gz" HTTP_CONTENT_ENCODING=gzip
  [ "$body" = '{"predictions":[0]}' ]
  printf '5.1,3.5,1.4,0.2\n' >"$BATS_TEST_TMPDIR/rows"
  call POST /invocations -k "$KEY" -f "$BATS_TEST_TMPDIR/rows" CONTENT_TYPE=text/csv HTTP_ACCEPT=application/jose
  assert_problem 422 unprocessable_content 'not sealed'
  call POST /invocations -k "$KEY" -d '{"inputs":[[5.1,3.5,1.4,0.2]]}' HTTP_ACCEPT=application/jose
  assert_status 200
  [ "$(header_of content-type)" = application/jose ]
}

@test "ping and version are open, and ping says whether the default model can be asked" {
  call GET /ping
  assert_status 200
  [ "$(od -An -c "$body_file" | tr -d ' ')" = '\n' ]
  call GET /version
  assert_status 200
  [ "$body" = "$("$WORKER" --version | awk '{print $2}')" ]
  printf 'default_model = nosuch\n' >>"$G/home/forestgate.conf"
  cgi GET /ping
  assert_problem 503 unavailable 'default model nosuch'
  assert_json '.error_code == "TEMPORARILY_UNAVAILABLE"'
  sed -i '/^default_model/d' "$G/home/forestgate.conf"
}
