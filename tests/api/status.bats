#!/usr/bin/env bats
# tests/api/status.bats: who calls, what is offered, how the service is, and the test that
# really predicts: who is refused, and what each answer has in it and has not.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set or read by the libraries; dollars of jq
load ../lib/api
load ../lib/person

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  cli tier set rows --rate 1000/60s --quota 1000/day --price row >/dev/null
  gate_start --workers 2
  person ann
  ANN=$TOKEN ANN_ID=$PERSON
  as "$ANN" POST /users/me/keys -d '{"name":"ann"}'
  ANN_KEY=$(jq -r .key "$body_file")
  export ANN ANN_ID ANN_KEY KEY
}
teardown_file() { gate_stop; }

assert_members() { assert_json --argjson m "$2" "$1 | keys == (\$m | sort)"; }

try() { call POST /api/test -k "$KEY" -d "$@"; }

# ---- who calls ----

@test "who does not say who calls is told nothing, and one who says it wrongly nowhere" {
  for path in /protected /health/detailed; do
    call GET "$path"
    assert_problem 401 unauthorized
  done
  try '{"test_name":"x"}' HTTP_X_API_KEY=
  assert_problem 401 unauthorized
  for path in /protected /health/detailed /api/status; do
    call GET "$path" -k "${KEY%?}$([ "${KEY: -1}" = x ] && echo y || echo x)"
    assert_problem 401 unauthorized
    as "${ANN}x" GET "$path"
    assert_problem 401 unauthorized
  done
}

WHO='["way","key","masked_key","user","username","role","scopes","models","tier"]'

@test "a key is told by its mask, a user by name, and neither has more than the listed members" {
  call GET /protected -k "$KEY"
  assert_status 200
  assert_members . "$WHO"
  assert_json --arg id "${KEY:3:12}" '. == {way: "key", key: $id, masked_key: "fg_\($id[:4])...", user: null, username: null,
    role: null, scopes: "predict,jobs,read", models: "*", tier: "test"}'
  [[ $body != *"$KEY"* ]]
  call GET /protected -k "$ANN_KEY"
  assert_json --arg me "$ANN_ID" '.way == "key" and .user == $me and .username == "ann@example.org" and .role == "user" and .models == "iris"'
  as "$ANN" GET /protected
  assert_members . "$WHO"
  assert_json --arg me "$ANN_ID" '.way == "token" and .key == null and .masked_key == null and .user == $me and .scopes == "predict,jobs,read"'
  [[ $body != *"$ANN"* ]]
}

@test "a key needs no scope to learn which ones it has" {
  key=$(cli key create --name j --tier test --scopes jobs 2>/dev/null)
  call GET /protected -k "$key"
  assert_json '.scopes == "jobs"'
  call GET /health/detailed -k "$key"
  assert_problem 403 forbidden 'scope read'
  call POST /api/test -k "$key" -d '{"test_name":"x"}'
  assert_problem 403 forbidden 'scope predict'
}

# ---- what is offered ----

@test "the status is for all, and a caller's own for the caller" {
  call GET /api/status
  assert_status 200
  assert_members . '["status","version","timestamp","interface","authentication"]'
  assert_json '.status == "healthy" and .interface == "fastcgi" and .authentication.authenticated == false and (.authentication.ways | length == 3) and
    .authentication.registration == "open"'
  as "$ANN" GET /api/status
  assert_members . '["status","version","timestamp","interface","authentication","models","limits"]'
  assert_json '.authentication.authenticated and (.models == [{"name":"iris","version":1,"state":"ready"}]) and
    (.limits | map(.name)) == ["60s","day","month"]'
  call GET /api/status -k "$KEY"
  assert_json '.models | map(.name) == ["iris","price"]'
}

# ---- how it is ----

@test "health in detail names no path, no person and no secret" {
  as "$ANN" GET /health/detailed
  assert_status 200
  assert_members . '["status","version","timestamp","uptime_seconds","database","ledger","keys","models","disk"]'
  assert_json '.status == "healthy" and .database.writable and (.database.schema | type == "number") and .keys == {"sealing":true,"token":true}
    and (.models | map(.name)) == ["iris"] and .disk.free_bytes > 0 and .disk.total_bytes > .disk.free_bytes
    and (.ledger | keys == ["in_hand","room","waiting"])'
  ! grep -qE "$G|@|/home|fg_|secrets|[0-9a-f]{64}" "$body_file" || fail "$body"
}

@test "workers, jobs and who does them are told to administrators alone" {
  call GET /health/detailed -k "$KEY"
  assert_json '(has("jobs") or has("workers")) | not'
  root=$(cli key create --name root --tier test --scopes read,admin 2>/dev/null)
  call GET /health/detailed -k "$root"
  assert_json '.jobs == {open: 0, kept: 0, bytes: 0, runners: 0} and .workers.alive >= 1 and .workers.busy >= 1 and .workers.busy <= .workers.alive'
  call POST /jobs -k "$KEY" -d "$IRIS"
  assert_status 202
  call GET /health/detailed -k "$root"
  assert_json '.jobs.open == 1 and .jobs.kept == 1 and .jobs.bytes > 0'
}

@test "a model that cannot be served makes it degraded" {
  image=$(ls "$G"/home/models/price/*.fgm)
  mv "$image" "$G/kept"
  gate_stop
  gate_start --workers 2
  call GET /health/detailed -k "$KEY"
  assert_status 200
  assert_json '.status == "degraded" and ([.models[] | select(.name == "price") | .state] == ["unavailable"])'
  mv "$G/kept" "$image"
  gate_stop
  gate_start --workers 2
  call GET /health/detailed -k "$KEY"
  assert_json '.status == "healthy"'
}

@test "without the home's key for tokens it is degraded" {
  mv "$G/home/secrets/token.secret" "$G/kept"
  call GET /health/detailed -k "$KEY"
  assert_json '.status == "degraded" and .keys == {"sealing":true,"token":false}'
  mv "$G/kept" "$G/home/secrets/token.secret"
  call GET /health/detailed -k "$KEY"
  assert_json '.status == "healthy"'
}

# ---- the test that predicts ----

@test "what does not fit is told by its field, and nothing is charged" {
  while read -r field json; do
    try "$json"
    assert_problem 422 unprocessable_content
    assert_json --arg m "$field" '.errors | map(.field) == [$m]'
  done <<'END'
test_name {}
test_name {"test_name":""}
test_name {"test_name":1}
test_name {"test_name":null}
iterations {"test_name":"x","iterations":0}
iterations {"test_name":"x","iterations":10001}
iterations {"test_name":"x","iterations":1.5}
iterations {"test_name":"x","iterations":"10"}
timeout {"test_name":"x","timeout":31}
timeout {"test_name":"x","timeout":-1}
model {"test_name":"x","model":"price"}
END
  try '{"test_name":"x","timeout":1e400}'
  assert_problem 400 bad_request
  try "$(jq -nc '{test_name: ("x" * 101)}')"
  assert_problem 422 unprocessable_content
  try "$(jq -nc '{test_name: ("é" * 100)}')"
  assert_status 200
}

@test "a key that may not use the default model cannot have it tried" {
  key=$(cli key create --name p --tier test --models price 2>/dev/null)
  call POST /api/test -k "$key" -d '{"test_name":"x"}'
  assert_problem 403 forbidden iris
}

@test "so many predictions are made, timed, counted and logged" {
  try '{"test_name":"smoke <&>","iterations":1000,"timeout":20}' HTTP_X_REQUEST_ID=test-1
  assert_status 200
  assert_members . '["success","test_id","test_name","received_data","timestamp","model","version","iterations_done","times_us"]'
  assert_json '.success and .iterations_done == 1000 and .model == "iris" and .version == 1 and .test_name == "smoke <&>" and
    .received_data == {"test_name":"smoke <&>","iterations":1000,"timeout":20}'
  assert_members .times_us '["total","mean","min","max","p50","p99"]'
  assert_json '.times_us | .min > 0 and .min <= .p50 and .p50 <= .p99 and .p99 <= .max and .min <= .mean and .mean <= .max and
    .total >= .mean * 999'
  [ -n "$(header_of ratelimit)" ]
  id=$(jq -r .test_id "$body_file")
  try '{"test_name":"smoke","iterations":1}'
  [ "$(jq -r .test_id "$body_file")" != "$id" ]
  assert_json '.times_us | .min == .max and .p50 == .p99'
  try '{"test_name":"defaults"}'
  assert_json '.received_data == {"test_name":"defaults","iterations":10,"timeout":10} and .iterations_done == 10'
  [ "$(cli call list --request-id test-1 --json | jq -c '.[0] | [.route, .model, .version, .rows, .charged, .status]')" = \
    '["test","iris",1,1000,1,200]' ]
  assert_books
}

@test "where a tier counts rows a test costs its iterations, and what is left bounds it" {
  key=$(cli key create --name rows --tier rows 2>/dev/null)
  call POST /api/test -k "$key" -d '{"test_name":"x","iterations":600}' HTTP_X_REQUEST_ID=rows-1
  assert_status 200
  call POST /api/test -k "$key" -d '{"test_name":"x","iterations":600}'
  assert_status 429
  call POST /api/test -k "$key" -d '{"test_name":"x","iterations":400}'
  assert_status 200
  [ "$(cli call list --request-id rows-1 --json | jq -c '.[0] | [.rows, .charged]')" = '[600,600]' ]
  assert_books
}

@test "a timeout ends it, and it says how far it came" {
  try '{"test_name":"none","iterations":10000,"timeout":0}' HTTP_X_REQUEST_ID=none-1
  assert_status 200
  assert_json '.success == false and .iterations_done == 0 and .times_us.mean == null and .times_us.p99 == null'
  # A forest that takes a while for each row: far more than fit in the time.
  awk 'BEGIN {srand(1); printf "y"; for (j = 0; j < 20; j++) printf ",f%d", j; print ""
    for (i = 0; i < 2000; i++) {printf "%f", rand(); for (j = 0; j < 20; j++) printf ",%f", rand(); print ""}}' >"$G/slow.csv"
  "$FORESTGATE" model train --csv "$G/slow.csv" --target y --trees 300 -o "$G/slow.fgm" >/dev/null
  cli model publish iris "$G/slow.fgm" >/dev/null
  try '{"test_name":"slow","iterations":10000,"timeout":0.02}' HTTP_X_REQUEST_ID=slow-1
  assert_status 200
  assert_json '.success == false and .iterations_done > 0 and .iterations_done < 10000 and .version == 2 and
    .times_us.total >= 20000 and .times_us.total < 5000000'
  done=$(jq .iterations_done "$body_file")
  [ "$(cli call list --request-id slow-1 --json | jq -c '.[0].rows')" = "$done" ]
  cli model rollback iris >/dev/null
  assert_books
}

# Else whoever may predict could keep all workers for half a minute with as many requests.
@test "of many tests at once one runs, and the other workers are there for others" {
  local i
  awk 'BEGIN {srand(1); printf "y"; for (j = 0; j < 20; j++) printf ",f%d", j; print ""
    for (i = 0; i < 2000; i++) {printf "%f", rand(); for (j = 0; j < 20; j++) printf ",%f", rand(); print ""}}' >"$G/slow.csv"
  "$FORESTGATE" model train --csv "$G/slow.csv" --target y --trees 400 -o "$G/slow.fgm" >/dev/null
  cli model publish iris "$G/slow.fgm" >/dev/null
  mkdir -p "$G/aside"
  try '{"test_name":"first"}' # makes the file, as who the workers are
  assert_status 200
  # Held as one that takes its thirty seconds would hold it.
  exec 6>>"$G/home/testing"
  flock 6
  for i in 1 2 3 4 5 6; do
    try '{"test_name":"slow","iterations":10000,"timeout":30}' HTTP_X_REQUEST_ID="held-$i"
    assert_problem 503 unavailable 'one at a time'
  done
  exec 6>&-
  [ "$(cli call list --request-id held-3 --json | jq -c '.[0] | [.charged, .status]')" = '[0,503]' ]
  # One that runs keeps the place, which is seen of one of a few, and gives it back.
  taken=''
  for i in {1..20}; do
    (
      # shellcheck disable=SC2030,SC2034 # lib/api reads it
      BATS_TEST_TMPDIR=$G/aside
      try '{"test_name":"slow","iterations":10000,"timeout":2}'
      echo "$status" >"$G/aside/status"
    ) 3>&- &
    while kill -0 $! 2>/dev/null; do
      flock -n "$G/home/testing" true || taken=1
    done
    wait $!
    if [ -n "$taken" ]; then break; fi
  done
  [ -n "$taken" ]
  try '{"test_name":"slow","iterations":10}'
  assert_status 200
  cli model rollback iris >/dev/null
  assert_books
}
