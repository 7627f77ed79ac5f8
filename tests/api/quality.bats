#!/usr/bin/env bats
# tests/api/quality.bats: GET /models/NAME/quality: who is told what.  That the figures are right
# is for tests/cli/quality.bats.

# shellcheck disable=SC2154,SC2016 # set by lib/api and lib/admin; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/admin

setup_file() {
  gate_home
  cli model keep iris --rate 100% >/dev/null
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  gate_start
  admin_make
  OTHER=$(cli key create --name other --tier test 2>/dev/null)
  NARROW=$(cli key create --name narrow --tier test --models price 2>/dev/null)
  export OTHER NARROW
}
teardown_file() { gate_stop; }

# quality [QUERY [CREDENTIAL]]
quality() { by "${2:-$KEY}" GET "/models/iris/quality${1:+?$1}"; }

# rows CREDENTIAL N: as soon as the rows are there; the other worker may have them for a moment.
rows() {
  for _ in {1..300}; do
    quality '' "$1"
    assert_status 200
    [ "$(jq .rows "$body_file")" != "$2" ] || return 0
    sleep 0.05
  done
  fail "not $2 rows"
}

@test "who may not use the model is told nothing, and there is nothing of a model that is none" {
  by '' GET /models/iris/quality
  assert_problem 401 unauthorized
  quality '' "$NARROW"
  assert_problem 403 forbidden
  by "$KEY" GET /models/nosuch/quality
  assert_problem 404 not_found
  by "$KEY" POST /models/iris/quality '{}'
  assert_problem 405 method_not_allowed
}

@test "a query that does not fit is refused with what is allowed" {
  for query in version=0 version=x by=month since=yesterday until=2026-13-01 since=2026-01-01T25:00:00Z; do
    quality "$query"
    assert_problem 422 unprocessable_content || fail "$query"
    assert_json --arg field "${query%%=*}" '[.errors[].field] == [$field]' || fail "$query"
  done
}

@test "as many are told at once as files of rows are read, so that workers are left" {
  quality # so that the slots are there
  assert_status 200
  /usr/bin/python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "r+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(60)' "$G/home/bulk" "$BATS_TEST_TMPDIR/held" 3>&- &
  local holder=$!
  wait_for 100 test -e "$BATS_TEST_TMPDIR/held"
  quality
  kill $holder
  assert_problem 503 unavailable 'Too many figures'
  quality
  assert_status 200
}

@test "a caller is told of that account's calls, and an administrator of all" {
  by "$KEY" POST /models/iris/predict '{"instances":[[5.1,3.5,1.4,0.2],[6.3,3.3,6.0,2.5]]}' HTTP_X_REQUEST_ID=mine
  assert_status 200
  by "$OTHER" POST /models/iris/predict '{"instances":[[5.1,3.5,1.4,0.2]]}' HTTP_X_REQUEST_ID=others
  assert_status 200
  rows "$KEY" 2
  rows "$OTHER" 1
  admin GET /models/iris/quality
  assert_status 200
  assert_json '.rows == 3 and .complete and .model == "iris"'
  by "$KEY" POST /feedback '{"request_id":"mine","truth":["setosa","setosa"]}'
  assert_status 200
  quality
  assert_json '.parts[0] | .rows_with_truth == 2 and .targets[0].accuracy == 0.5 and .version == 1'
  quality '' "$OTHER"
  assert_json '.parts[0] | .rows_with_truth == 0 and .targets[0].accuracy == null'
}

@test "an administrator is told over HTTP what the command tells" {
  for by in version day; do
    admin GET "/models/iris/quality?by=$by&since=2020-01-01"
    assert_status 200
    cli model quality iris --json --by $by --since 2020-01-01 >"$BATS_TEST_TMPDIR/said.json"
    diff <(jq -S 'del(.until)' "$body_file") <(jq -S 'del(.until)' "$BATS_TEST_TMPDIR/said.json")
    assert_json '.parts[0].targets[0].confusion | flatten | add == 2'
  done
}

@test "version, time and parts can be asked for" {
  rows "$KEY" 2
  quality version=2
  assert_json '.rows == 0 and .parts == []'
  quality since=2020-01-01
  assert_json '.rows == 2 and (.since | startswith("2020-01-01T00:00:00"))'
  quality until=2020-01-01
  assert_json '.rows == 0'
  quality by=day
  assert_json '.rows == 2 and all(.parts[]; .begin | contains("T00:00:00"))'
}
