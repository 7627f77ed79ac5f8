#!/usr/bin/env bats
# tests/front/each.bash: what every front must do, the same for each.  The .bats
# files beside it are links to this one and say by their names which front it is.
# What costs much is asked of each server once, where the front's part is the same in all modes:
# those tests have the tag "once", by which tests/run leaves them out for the other modes.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

load ../lib/front

PASSWORD='a bicycle & 7% cats = 1+1 ü'

setup_file() {
  front_setup "$(basename "$BATS_TEST_FILENAME" .bats)"
  printf %s "$PASSWORD" | cli user create root@example.org --role admin --models '*' \
    --tier test --password-stdin >/dev/null
  BATS_TEST_TMPDIR=$T login root@example.org
  ADMIN=$TOKEN
  export ADMIN
}
teardown_file() { front_teardown; }

predict() { ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" "$@"; }

# by TOKEN [CURL OPTION...] PATH
by() { ask -H "Authorization: Bearer $1" "${@:2}"; }

send() { ask -H "$JSON" -d "$1" "${@:2}"; }

# Sets TOKEN and REFRESH.
login() {
  send "$(jq -nc --arg u "$1" --arg p "$PASSWORD" '{username: $u, password: $p}')" /login
  assert_status 200 || return 1
  TOKEN=$(jq -r .token <<<"$body") REFRESH=$(jq -r .refresh_token <<<"$body")
}

# A user who may use iris, and is logged in: sets what login does.
person() {
  printf %s "$PASSWORD" |
    cli user create "$1@example.org" --models iris --tier test --password-stdin >/dev/null
  login "$1@example.org"
}

# A file of 20 MB of rows, and what is predicted of them, for all the tests of a file.
rows_make() {
  if [ -e "$T/want.csv" ]; then return 0; fi
  yes 5.1,3.5,1.4,0.2 | head -n 1310720 >"$T/rows.csv"
  "$BUILD/forestgate" predict --model "$T/iris.fgm" --in "$T/rows.csv" --out "$T/want.csv"
}

# A model that is larger than anything but an image may be.
large_image() {
  "$BUILD/forestgate" model train --csv "$TOP/model/iris.csv" --target species --seed 42 \
    --trees 45000 -o "$BATS_TEST_TMPDIR/large.fgm" >/dev/null
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/large.fgm")" -gt 17825792 ]
}

# upload FILE PATH [CURL OPTION...]: from a file that is not read into memory.
upload() {
  by "$ADMIN" -H 'Content-Type: application/octet-stream' -X POST -T "$1" "${@:3}" "$2"
}

@test "health answers 200 with JSON" {
  for path in /health /health/live /health/ready; do
    ask "$path"
    assert_status 200
    [ "$(header_of content-type)" = application/json ]
    jq -e .status <<<"$body"
  done
}

@test "the front tells no version of itself" {
  ask /health
  [[ "$(header_of server)" != */* ]]
  [ -z "$(header_of x-powered-by)" ]
}

@test "a request without a key is a 401 with WWW-Authenticate" {
  ask -H "$JSON" -d "$FEATURES" /predict
  assert_problem 401 unauthorized
  [[ "$(header_of www-authenticate)" == *realm=* ]]
}

@test "a wrong key is the same 401" {
  ask -H 'X-API-Key: fg_none' -H "$JSON" -d "$FEATURES" /predict
  assert_problem 401 unauthorized
}

@test "a prediction with a key" {
  predict /predict
  assert_status 200
  jq -e '.prediction == 0 and .label == "setosa" and .model == "iris" and .version == 1' <<<"$body"
  predict /models/iris/predict
  assert_status 200
  predict '/models/iris/predict?x=1'
  assert_status 200
}

@test "clients of other model servers are answered, and a refusal has their error" {
  asked() { ask -H "X-API-Key: $KEY" -H "$JSON" "$@"; }
  asked -d '{"instances":[[5.1,3.5,1.4,0.2]]}' /v1/models/iris:predict
  [ "$status$body" = '200{"predictions":[0]}' ]
  asked -d '{"inputs":[[5.1,3.5,1.4,0.2]]}' /v1/models/iris/versions/1:predict
  [ "$status$body" = '200{"outputs":[0]}' ]
  ask -H "X-API-Key: $KEY" -H 'Content-Type:' -d '{"inputs":[[5.1,3.5,1.4,0.2]]}' /invocations
  [ "$status$body" = '200{"predictions":[0]}' ]
  ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -H 'Accept: text/csv' -d '5.1,3.5,1.4,0.2' \
    /endpoints/iris/invocations
  [ "$status$body" = 2000 ]
  [ "$(header_of forestgate-model)" = 'iris; version=1' ]
  asked -d '{"inputs":{"data":[["5.1","3.5","1.4","0.2"]]}}' /hf/models/iris
  [ "$status$body" = '200[0]' ]
  asked /v1/models/iris
  jq -e '.ready and .model_version_status[0].state == "AVAILABLE"' <<<"$body"
  ask /ping
  assert_status 200
  asked -d '{"instances":[[5.1]]}' /v1/models/iris:predict
  assert_status 422
  jq -e '.error == .detail and (.error | test("instances"))' <<<"$body"
}

@test "the key's header in any case of letters" {
  for name in x-api-key X-API-KEY X-Api-Key; do
    ask -H "$name: $KEY" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
  done
}

@test "Authorization: Bearer reaches the worker" {
  ask -H "Authorization: Bearer $KEY" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
}

@test "who registers predicts after an administrator's grant, with the token of either login" {
  send "$(jq -nc --arg p "$PASSWORD" '{username: "ann+1@example.org", first_name: "Änn",
    last_name: "Berg", password: $p}')" /auth/create
  assert_status 201
  jq -e '.username == "ann+1@example.org" and .first_name == "Änn" and .is_active == false' <<<"$body"
  id=$(jq -r .id <<<"$body")
  swagger=(-H 'Authorization: Basic Og==' -d grant_type=password -d scope= -d client_id=
    --data-urlencode username=ann+1@example.org --data-urlencode "password=$PASSWORD")
  ask "${swagger[@]}" /auth/token
  assert_problem 403 forbidden
  by "$ADMIN" -X PUT -H "$JSON" -d '{"is_active":true,"models":["iris"],"tier":"test"}' "/admin/users/$id"
  assert_status 200
  jq -e '.is_active and .models == "iris" and .tier == "test"' <<<"$body"
  ask "${swagger[@]}" /auth/token
  assert_status 200
  jq -e '.token_type == "bearer" and .expires_in > 0' <<<"$body"
  token=$(jq -r .access_token <<<"$body")
  login ann+1@example.org
  for each in "$token" "$TOKEN"; do
    by "$each" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
    jq -e '.prediction == 0' <<<"$body"
  done
}

@test "a session goes on with its newest refresh token, and a logout ends it in every worker" {
  person session
  old=$REFRESH
  ask -d grant_type=refresh_token -d "refresh_token=$old" /auth/token
  assert_status 200
  token=$(jq -r .access_token <<<"$body") next=$(jq -r .refresh_token <<<"$body")
  by "$token" /users/me
  assert_status 200
  # lighttpd wants a length of every POST, also of one that has nothing to say.
  by "$token" -d '' /auth/logout
  assert_status 204
  codes=$(curl -s -Z --parallel-max 8 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" \
    "$URL/users/me?x=[1-32]" | sort | uniq -c)
  [ "$(tr -d ' ' <<<"$codes")" = 32401 ]
  ask -d grant_type=refresh_token -d "refresh_token=$next" /auth/token
  assert_problem 401 invalid_grant
}

@test "a refresh token that was used before ends the session" {
  person reused
  ask -d grant_type=refresh_token -d "refresh_token=$REFRESH" /auth/token
  assert_status 200
  token=$(jq -r .access_token <<<"$body")
  ask -d grant_type=refresh_token -d "refresh_token=$REFRESH" /auth/token
  assert_problem 401 invalid_grant
  by "$token" /users/me
  assert_problem 401 unauthorized
}

@test "a POST without a length and a body is done, or refused with the way out" {
  person silent
  by "$TOKEN" -X POST /auth/logout
  case $MODE in
  lighttpd*)
    assert_problem 411 length_required
    by "$TOKEN" -X POST -H 'Content-Length: 0' /auth/logout
    ;;
  esac
  assert_status 204
}

@test "a preflight is the front's, and its own refusals have the one form and the origin they are for" {
  local origin=https://app.example.org
  ask -X OPTIONS -H "Origin: $origin" -H 'Access-Control-Request-Method: POST' /predict
  assert_status 204
  [ -z "$body" ]
  [ -z "$(header_of x-request-id)" ]
  [ "$(header_of access-control-allow-origin)" = $origin ]
  [ "$(header_of access-control-allow-credentials)" = true ]
  [ "$(header_of access-control-max-age)" = 600 ]
  ask -X OPTIONS -H 'Origin: https://evil.example' -H 'Access-Control-Request-Method: POST' /predict
  assert_problem 405 method_not_allowed
  [ -z "$(header_of access-control-allow-origin)" ]
  truncate -s 17825793 "$BATS_TEST_TMPDIR/big"
  for sent in "421 misdirected_request -H Host:evil.example" "413 content_too_large -T $BATS_TEST_TMPDIR/big -X POST"; do
    read -ra sent <<<"$sent"
    for from in $origin https://evil.example; do
      ask -H "Origin: $from" "${sent[@]:2}" /login
      assert_problem "${sent[0]}" "${sent[1]}"
      [ -z "$(header_of x-request-id)" ]
      [ "$(header_of access-control-allow-origin)" = "${from/https:\/\/evil.example/}" ]
      [ "$(header_of x-content-type-options)" = nosniff ]
      [ "$(header_of content-security-policy)" = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'" ]
    done
  done
}

@test "PUT and DELETE pass, and after a 204 without a body the connection goes on" {
  person puts
  by "$TOKEN" -H "$JSON" -d '{"name":"mine"}' /users/me/keys
  assert_status 201
  id=$(jq -r .id <<<"$body")
  bearer="Authorization: Bearer $TOKEN"
  answers=$(curl -sS --max-time 30 -o /dev/null -D "$BATS_TEST_TMPDIR/headers" \
    -w '%{http_code} %{num_connects} %{size_download}\n' \
    -X PUT -H "$bearer" -H "$JSON" -d '{"first_name":"Äda"}' "$URL/users/me" --next \
    -sS -o /dev/null -D "$BATS_TEST_TMPDIR/headers" -w '%{http_code} %{num_connects} %{size_download}\n' \
    -X DELETE -H "$bearer" "$URL/users/me/keys/$id" --next \
    -sS -o "$BATS_TEST_TMPDIR/me" -w '%{http_code} %{num_connects}\n' -H "$bearer" "$URL/users/me")
  [[ "$answers" =~ ^200\ 1\ [0-9]+$'\n'204\ 0\ 0$'\n'200\ 0$ ]] || { echo "$answers" >&2; false; }
  jq -e '.first_name == "Äda"' "$BATS_TEST_TMPDIR/me"
}

@test "what is sealed comes through, by its path and by Accept, and opens" {
  person sealed
  by "$TOKEN" /secure-data
  assert_status 200
  by "$TOKEN" -H "$JSON" -d "$body" /decrypt
  assert_status 200
  jq -e '.decrypted_data.profile.username == "sealed@example.org"' <<<"$body"
  by "$TOKEN" -H 'Accept: application/jose' -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
  [ "$(header_of content-type)" = application/jose ]
  by "$TOKEN" -H "$JSON" -d "$(jq -nc --arg text "$body" '{encrypted_data: $text}')" /decrypt
  assert_status 200
  jq -e '.decrypted_data.prediction == 0' <<<"$body"
}

@test "the page of an invitation comes with its policy, and with its script" {
  ask /setup
  assert_status 200
  [ "$(header_of content-type)" = 'text/html; charset=utf-8' ]
  [[ "$(header_of content-security-policy)" == "default-src 'none';"*"script-src 'self';"* ]]
  [ "$(header_of referrer-policy)" = no-referrer ]
  ask /ui/setup.js
  assert_status 200
  [ "$(header_of content-type)" = 'text/javascript; charset=utf-8' ]
  [ "$body" = "$(cat "$TOP/www/ui/setup.js")" ]
}

@test "variables of a path and what a query has percent-encoded arrive as they are" {
  person a+b%c
  by "$ADMIN" '/admin/users?search=%61%2Bb%25C%40example.org&limit=%31'
  assert_status 200
  jq -e '[.users[].username] == ["a+b%c@example.org"]' <<<"$body"
  id=$(jq -r '.users[0].id' <<<"$body")
  by "$ADMIN" "/admin/users/$id"
  assert_status 200
  jq -e --arg id "$id" '.id == $id' <<<"$body"
  for path in "/admin/users/%${id:0:1}" "/admin/users/$id/" "/admin/users/$id%2f" /admin/models/iris/versions/1%00; do
    by "$ADMIN" "$path"
    assert_refused
  done
  for status_wanted in 201 200; do
    by "$ADMIN" -X PUT -H "$JSON" -d '{"rates":["5/60s"]}' /admin/tiers/a-b_1
    assert_status "$status_wanted"
  done
  by "$ADMIN" -X DELETE /admin/tiers/a-b_1
  assert_status 204
  by "$ADMIN" '/admin/users?search=%zz'
  assert_problem 400 bad_request
}

# bats test_tags=once
@test "an image of more than 17 MiB is published, and the next one as its canary" {
  large_image
  upload "$BATS_TEST_TMPDIR/large.fgm" /admin/models/large/versions
  assert_status 201
  [ "$(header_of location)" = versions/1 ]
  upload "$BATS_TEST_TMPDIR/large.fgm" '/admin/models/large/versions?as=canary&share=10%25' \
    -H 'Transfer-Encoding: chunked'
  assert_status 201
  jq -e '.version == 2 and .state == "canary" and .share == "10%" and .serving == 1' <<<"$body"
  predict /models/large/predict
  assert_status 200
  jq -e '.prediction == 0' <<<"$body"
}

# bats test_tags=once
@test "an image over the worker's limit is its 413, and one over the front's has the same form" {
  truncate -s 67108865 "$BATS_TEST_TMPDIR/over.worker"
  truncate -s 68157441 "$BATS_TEST_TMPDIR/over.front"
  for chunked in '' chunked; do
    for over in worker front; do
      upload "$BATS_TEST_TMPDIR/over.$over" /admin/models/over/versions \
        ${chunked:+-H "Transfer-Encoding: $chunked"}
      assert_problem 413 content_too_large
      [ $over = front ] || [ -n "$(header_of x-request-id)" ]
    done
  done
}

@test "only where images are uploaded does a front take a body as large as one" {
  truncate -s 17825793 "$BATS_TEST_TMPDIR/big"
  for path in /login /admin/models/iris/promote /admin/models/iris/versions/1 \
    /admin/models/a/b/versions /x/admin/models/iris/versions /admin/models/iris/versionsx; do
    upload "$BATS_TEST_TMPDIR/big" "$path"
    assert_problem 413 content_too_large
    [ -z "$(header_of x-request-id)" ]
  done
  # There it is the worker who says what is wrong, and to a stranger first that he is one.
  upload "$BATS_TEST_TMPDIR/big" /admin/models/zeros/versions
  assert_problem 422 unprocessable_content
  ask -X POST -T "$BATS_TEST_TMPDIR/big" /admin/models/zeros/versions
  assert_problem 401 unauthorized
}

@test "a query string is no option of the program" {
  # In plain CGI one without = arrives as arguments (RFC 3875, 4.4).
  for query in '--version' '--help' '--home+/nowhere' '--workers+3' '1' '-x+-y'; do
    ask "/health?$query"
    assert_status 200
    [[ "$body" == '{'* ]]
    predict "/predict?$query"
    assert_status 200
  done
}

@test "a request id that is given comes back, and the time it took" {
  ask -H 'X-Request-ID: abc-1.2_3' /health
  [ "$(header_of x-request-id)" = abc-1.2_3 ]
  [[ "$(header_of x-process-time)" == *.* ]]
}

@test "an unknown path is the worker's 404" {
  for path in /nothing /index.html /.errors/404.json /models/none /%70redict; do
    ask "$path"
    assert_refused
  done
  ask /nothing
  assert_problem 404 not_found
  [ -n "$(header_of x-request-id)" ]
}

@test "a wrong method is a 405 with Allow" {
  ask /predict
  assert_problem 405 method_not_allowed
  [ "$(header_of allow)" = POST ]
  ask -X DELETE /health
  assert_problem 405 method_not_allowed
  [[ "$(header_of allow)" == *GET* ]]
}

@test "TRACE is refused and echoes nothing" {
  ask -X TRACE -H "X-API-Key: $KEY" /predict
  assert_problem 405 method_not_allowed
  [[ "$body" != *"$KEY"* ]]
}

@test "HEAD has the header of GET and no body" {
  ask -I /health
  assert_status 200
  ask -I /nothing
  assert_status 404
}

@test "a trailing slash is another path" {
  predict /predict/
  assert_refused
  ask /health/
  assert_refused
}

@test "path tricks are refused with JSON" {
  for path in //predict /./predict /x/../predict /models/../predict /../predict \
    /x/..%2fpredict /%2e%2e/predict /%2e/predict /predict%00 /predict%2500 /%00 \
    /models%2firis%2fpredict /models/iris%2fpredict /predict%2f '/predict;x=1' \
    /../../../../etc/passwd /%2e%2e%2f%2e%2e%2fetc%2fpasswd /%c0%ae%c0%ae/ /%zz /%; do
    predict "$path"
    assert_refused || { echo "for the path $path" >&2; return 1; }
  done
}

# bats test_tags=once
@test "what Triton's client sends is answered, byte for byte, but for a POST without a length" {
  local admin expected=('infer, texts as bytes=404' 'infer, texts as JSON=404')
  admin=$(cli key create --name triton --tier test --scopes admin,predict,read 2>/dev/null)
  case $MODE in lighttpd*) expected+=(index=411) ;; esac
  /usr/bin/python3 "$TOP/tests/lib/oip.py" replay "$URL" "$KEY" "$admin" "${expected[@]}"
}

# bats test_tags=once
@test "Triton's own client is served, where TRITON_CLIENT says where that is" {
  [ -n "${TRITON_CLIENT:-}" ] || skip 'TRITON_CLIENT is the src/python/library of triton-inference-server/client'
  local admin
  admin=$(cli key create --name triton2 --tier test --scopes admin,predict,read 2>/dev/null)
  /usr/bin/python3 "$TOP/tests/lib/triton_client.py" "${URL#http://}" "$KEY" "$admin"
}

# bats test_tags=once
@test "a large tensor of bytes comes through, and a packed body" {
  local length tensor=$BATS_TEST_TMPDIR/tensor
  length=$(yes 5.1 3.5 1.4 0.2 | head -n 20000 | /usr/bin/python3 "$TOP/tests/lib/oip.py" binary FP64 '[20000,4]' 2>&1 >"$tensor")
  ask -H "X-API-Key: $KEY" -H 'Content-Type: application/octet-stream' -H "Inference-Header-Content-Length: $length" \
    --data-binary "@$tensor" /v2/models/iris/infer
  assert_status 200
  grep -qi '^inference-header-content-length: [0-9]' "$header"
  gzip "$tensor"
  ask -H "X-API-Key: $KEY" -H 'Content-Encoding: gzip' -H "Inference-Header-Content-Length: $length" \
    --data-binary "@$tensor.gz" -H 'Content-Type:' /v2/models/iris/infer
  assert_status 200
}

@test "paths, header lines and whole headers that are too long are refused with JSON" {
  # Who is still at sending when the connection is ended may not come to read why: then again.
  wait_for 20 ask "/$(head -c 20000 /dev/zero | tr '\0' a)"
  assert_refused
  wait_for 20 ask -H "X-Long: $(head -c 20000 /dev/zero | tr '\0' a)" /health
  assert_refused
  # Each line is short, and there are too many.
  for i in {1..200}; do printf 'X-Line-%d: %0500d\n' "$i" 0; done >"$BATS_TEST_TMPDIR/lines"
  wait_for 20 ask -H "@$BATS_TEST_TMPDIR/lines" /health
  assert_refused
}

@test "what is not HTTP is refused with JSON" {
  answer=$(raw 'NONSENSE\r\n\r\n')
  [[ "$answer" == *'application/problem+json'*'"status":400'* ]]
}

@test "a chunked body arrives whole" {
  predict -H 'Transfer-Encoding: chunked' /predict
  assert_status 200
  jq -nc '{instances: [range(20000) | [5.1,3.5,1.4,0.2]]}' >"$BATS_TEST_TMPDIR/rows"
  ask -H "X-API-Key: $KEY" -H "$JSON" -H 'Transfer-Encoding: chunked' \
    --data-binary "@$BATS_TEST_TMPDIR/rows" /predict
  assert_status 200
}

@test "a body of 131073 bytes and one of a megabyte are taken" {
  for size in 131073 1000000; do
    jq -nc --argjson n "$((size / 18 + 1))" '{instances: [range($n) | [5.1,3.5,1.4,0.2]]}' \
      >"$BATS_TEST_TMPDIR/rows"
    ask -H "X-API-Key: $KEY" -H "$JSON" --data-binary "@$BATS_TEST_TMPDIR/rows" /predict
    assert_status 200
  done
}

@test "a body over the route's limit is the worker's 413" {
  head -c 16777217 /dev/zero >"$BATS_TEST_TMPDIR/big"
  for chunked in '' chunked; do
    ask -H "X-API-Key: $KEY" -H "$JSON" ${chunked:+-H "Transfer-Encoding: $chunked"} \
      --data-binary "@$BATS_TEST_TMPDIR/big" /predict
    assert_problem 413 content_too_large
    [ -n "$(header_of x-request-id)" ]
  done
}

@test "a body over the front's limit is a 413 of the same form" {
  head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/big"
  for chunked in '' chunked; do
    ask -H "X-API-Key: $KEY" -H "$JSON" ${chunked:+-H "Transfer-Encoding: $chunked"} \
      --data-binary "@$BATS_TEST_TMPDIR/big" /predict
    assert_problem 413 content_too_large
  done
}

# bats test_tags=once
@test "a file of rows of 20 MB is predicted, with its length and in pieces" {
  rows_make
  [ "$(stat -c %s "$T/rows.csv")" -ge 20000000 ]
  for chunked in '' chunked; do
    status=$(curl -sS --max-time 60 -o "$BATS_TEST_TMPDIR/rows.out" -w '%{http_code} %{content_type}' \
      -H "X-API-Key: $KEY" -H 'Content-Type: text/csv; charset=utf-8' -X POST \
      -T "$T/rows.csv" ${chunked:+-H "Transfer-Encoding: $chunked"} "$URL/predict")
    [ "$status" = '200 text/csv; charset=utf-8' ] || { echo "$status" && head -c 500 "$BATS_TEST_TMPDIR/rows.out" && false; } >&2
    cmp "$T/want.csv" "$BATS_TEST_TMPDIR/rows.out"
  done
}

# bats test_tags=once
@test "a job of a file of rows of 20 MB is taken, found by its Location, fetched and cancelled" {
  rows_make
  ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -X POST -T "$T/rows.csv" '/jobs?output=label'
  assert_status 202
  local first second
  first=$(header_of location)
  ask -H "X-API-Key: $KEY" -H "$JSON" -H 'Prefer: wait=1' -H 'Prefer: respond-async' -d "$FEATURES" /predict
  assert_status 202
  [ "$(header_of preference-applied)" = respond-async ]
  second=$(header_of location)
  ask -H "X-API-Key: $KEY" -X DELETE "/${second#/}"
  assert_status 204
  ask -H "X-API-Key: $KEY" "/${first#/}"
  [ "$(jq -r .status <<<"$body")" = pending ]
  cli work --drain >>"$T/out" 2>&1
  ask -H "X-API-Key: $KEY" "/${first#/}"
  [ "$(jq -r .status <<<"$body")" = completed ]
  curl -sS --max-time 60 -o "$BATS_TEST_TMPDIR/rows.out" -H "X-API-Key: $KEY" "$URL/${first#/}/result"
  cmp "$T/want.csv" "$BATS_TEST_TMPDIR/rows.out"
  ask -H "X-API-Key: $KEY" -X DELETE "/${first#/}"
  assert_problem 409 conflict
  ask -H "X-API-Key: $KEY" "/${second#/}"
  [ "$(jq -r .status <<<"$body")" = cancelled ]
}

# bats test_tags=once
@test "clients that hang up in a file of rows leave no job, and those that read nothing of a result hold up nobody" {
  local before job fd fds=()
  rows_make
  jobs() { cli job list --limit 0 --json | jq length; }
  before=$(jobs)
  for _ in 1 2 3; do
    # Not whole within its second.
    if curl -s --max-time 1 --limit-rate 2M -o /dev/null -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -X POST \
      -T "$T/rows.csv" "$URL/jobs"; then return 1; fi
  done
  [ "$(jobs)" = "$before" ]
  # A result that is more than the kernel takes off a worker's hands.
  head -n 200000 "$T/rows.csv" >"$BATS_TEST_TMPDIR/some.csv"
  ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -X POST -T "$BATS_TEST_TMPDIR/some.csv" '/jobs?output=leaf'
  assert_status 202
  job=$(header_of location)
  cli work --drain >>"$T/out" 2>&1
  # More than there are workers.
  for _ in 1 2 3 4 5 6; do
    exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
    printf 'GET /%s/result HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n\r\n' "${job#/}" "$KEY" >&"$fd"
    fds+=("$fd")
  done
  sleep 0.5
  for _ in 1 2 3 4; do
    predict --max-time 10 /predict
    assert_status 200
  done
  for fd in "${fds[@]}"; do exec {fd}>&-; done
  # Some were refused, since a few at once are given out; these are noticed to be gone.
  for _ in {1..100}; do
    if curl -sSf --max-time 60 -o "$BATS_TEST_TMPDIR/rows.out" -H "X-API-Key: $KEY" "$URL/${job#/}/result"; then break; fi
    sleep 0.1
  done
  [ "$(wc -l <"$BATS_TEST_TMPDIR/rows.out")" = 200000 ]
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/rows.out")" -gt 30000000 ]
}

@test "only where files of rows are predicted does a front take a body as large as one" {
  truncate -s 68157441 "$BATS_TEST_TMPDIR/big"
  for path in /login /models/iris/explain /x/predict /models/a/b/predict /predictx; do
    ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -X POST -T "$BATS_TEST_TMPDIR/big" "$path"
    assert_problem 413 content_too_large
    [ -z "$(header_of x-request-id)" ]
  done
  ask -H "X-API-Key: $KEY" -H "$JSON" -X POST -T "$BATS_TEST_TMPDIR/big" /predict
  assert_problem 413 content_too_large
  [ -z "$(header_of x-request-id)" ]
  # There it is the worker who says what is wrong.
  ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -X POST -T "$BATS_TEST_TMPDIR/big" \
    /models/iris/predict
  assert_problem 400 bad_request
}

# bats test_tags=once
@test "a large body without a key is refused and the answer arrives" {
  head -c 15000000 /dev/zero >"$BATS_TEST_TMPDIR/big"
  for _ in 1 2 3 4 5; do
    ask -H "$JSON" --data-binary "@$BATS_TEST_TMPDIR/big" /predict
    assert_problem 401 unauthorized
  done
}

# A worker that closed its connection too early, with something unread, would have the
# kernel throw the answer away.
# bats test_tags=once
@test "of large bodies without a key on eight connections at once every refusal arrives whole" {
  head -c 700000 /dev/zero >"$BATS_TEST_TMPDIR/big"
  answers=$(curl -s -Z --parallel-max 8 -o "$BATS_TEST_TMPDIR/answer.#1" -w '%{http_code} %{size_download}\n' \
    -H "$JSON" --data-binary "@$BATS_TEST_TMPDIR/big" "$URL/predict?x=[1-160]" | sort | uniq -c)
  [[ "$(tr -s ' ' <<<"$answers")" =~ ^\ 160\ 401\ [0-9]+$ ]] || { echo "$answers" >&2 && false; }
  jq -e -n '[inputs | select(.status == 401)] | length == 160' "$BATS_TEST_TMPDIR"/answer.*
}

@test "a part of an answer cannot be asked for" {
  ask -H 'Range: bytes=0-3' /health
  assert_status 200
}

@test "the file of a key, a model or the configuration is no path" {
  for path in /forestgate.conf /forestgate.db /keys /front.conf /.git/config /home /logs/access.log; do
    ask "$path"
    assert_refused
  done
}

@test "by root, no worker is root" {
  am_root || skip 'not root'
  [ -n "$(worker_pids)" ] || [[ "$MODE" == *-cgi ]]
  for pid in $(worker_pids); do
    [ "$(stat -c %U "/proc/$pid")" != root ]
  done
  # What a worker writes has the home's owner, in plain CGI as well.
  [ -z "$(find "$T/home" -user root)" ]
}

# In plain CGI a worker is there for one request, and one that hashes a password for a while.
one_shut_in() {
  local pid
  for pid in $(worker_pids); do if shut_in_kept "$pid"; then return 0; fi; done
  return 1
}

logins() {
  while ! [ -e "$BATS_TEST_TMPDIR/enough" ]; do
    curl -s -o /dev/null --max-time 20 -H "$JSON" -d "$1" "$URL/login" || :
  done
}

@test "each worker that the front has is shut in: no new privileges, a filter, its limits, not dumpable" {
  if sanitized; then skip 'a build with a sanitizer has no sandbox'; fi
  case $MODE in
  *-cgi)
    for _ in 1 2 3; do
      logins "$(jq -nc --arg p "$PASSWORD" '{username: "root@example.org", password: $p}')" 3>&- &
    done
    wait_for 300 one_shut_in || touch "$BATS_TEST_TMPDIR/none"
    touch "$BATS_TEST_TMPDIR/enough"
    wait
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
    shut_in_check
    ;;
  *) workers_are_shut_in ;;
  esac
}

@test "a hundred requests on one connection" {
  codes=$(curl -s -o /dev/null -w '%{http_code}\n' -H "X-API-Key: $KEY" -H "$JSON" \
    -d "$FEATURES" "$URL/predict?x=[1-100]" | sort | uniq -c)
  [ "$(tr -d ' ' <<<"$codes")" = 100200 ]
}

# Four clients that ask until the file $T/stop is there; a line for each answer.
load_start() {
  for client in 1 2 3 4; do
    while ! [ -e "$T/stop" ]; do
      curl -s -o /dev/null -w '%{http_code}\n' --max-time 20 -H "X-API-Key: $KEY" -H "$JSON" \
        -d "$FEATURES" "$URL/predict?x=[1-50]" || :
    done >"$T/codes.$client" 3>&- &
  done
}

a_worker() { [ -n "$(worker_pids)" ]; }
sixty_good() { [ "$(cat "$T"/codes.* | grep -c '^200$')" -gt 60 ]; }

@test "kill -9 of workers under load fails no request but the one in hand" {
  # In plain CGI a worker is one request, so that there is only now and then one.
  kills=0
  load_start
  for _ in 1 2 3 4 5 6; do
    sleep 0.2
    # mod_fcgid waits a second before it starts another.
    wait_for 15 a_worker || continue
    if kill -KILL "$(worker_pids | shuf -n 1)" 2>/dev/null; then kills=$((kills + 1)); fi
  done
  sleep 0.5
  # A client says what it got when it has asked fifty times.
  wait_for 300 sixty_good || :
  touch "$T/stop"
  wait
  good=$(cat "$T"/codes.* | grep -c '^200$')
  bad=$(cat "$T"/codes.* | grep -vc '^200$' || :)
  echo "$good good, $bad bad, $kills killed"
  [ "$bad" -le "$kills" ]
  [ "$good" -gt 60 ]
  [[ "$MODE" == *-cgi ]] || [ "$kills" -ge 3 ]
}

four_workers() { [ "$(worker_pids | wc -l)" = 4 ]; }

@test "workers that died are replaced" {
  case $MODE in
  *-cgi) [ -z "$(worker_pids)" ] ;;
  apache) # mod_fcgid starts them as there is need
    predict /predict
    before=$(worker_pids)
    [ -n "$before" ]
    # shellcheck disable=SC2086 # a list of process ids
    kill -KILL $before
    # The first to come may meet the dead one; the next one is served by another.
    predict /predict || :
    predict /predict
    assert_status 200
    [ -n "$(worker_pids)" ]
    [ "$(worker_pids)" != "$before" ]
    ;;
  *)
    wait_for 30 four_workers
    # shellcheck disable=SC2046 # a list of process ids
    kill -KILL $(worker_pids)
    wait_for 30 four_workers
    predict /predict
    assert_status 200
    ;;
  esac
}

# The last one: there is no front after it.
@test "SIGTERM of the front leaves no process" {
  front_stop
  wait_for 50 no_pids || { ps -p "$(front_pids | paste -sd,)" -f; return 1; }
}
