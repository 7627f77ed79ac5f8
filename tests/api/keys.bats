#!/usr/bin/env bats
# tests/api/keys.bats: who is let in, and who never.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  gate_start --workers 4
  export LC_ALL=C.UTF-8
}
teardown_file() { gate_stop; }

new_key() { cli key create --name "$@" 2>/dev/null; }
id_of() { cut -d_ -f2 <<<"$1"; }

# A key of the right form and check that nobody was given: its CRC-32 is made here by
# another program than ours.
stranger() {
  local text crc out='' digits
  text=fg_AAAAAAAAAAAA_$(printf 'B%.0s' {1..43})_
  digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
  crc=$(printf %s "$text" | gzip -c | tail -c 8 | od -An -tu4 -N4 --endian=little | tr -d ' ')
  for _ in 1 2 3 4 5 6; do
    out=${digits:$((crc % 62)):1}$out
    crc=$((crc / 62))
  done
  echo "$text$out"
}

# The answer without what may differ from one refusal to the next.
refusal() {
  assert_problem 401 unauthorized
  grep -ivE '^(x-request-id|x-process-time):' "$header"
  jq -S 'del(.request_id, .timestamp)' "$body_file"
  sed -E 's/"(request_id|timestamp)":"[^"]*"/"\1":""/g' "$body_file"
}

@test "missing, malformed, mistyped, unknown, expired and revoked keys get the same 401" {
  revoked=$(new_key gone)
  cli key revoke "$(id_of "$revoked")"
  expired=$(new_key old --expires 1s)
  good=$(new_key good)
  sleep 1.1
  call POST /predict -d "$IRIS"
  refusal >"$BATS_TEST_TMPDIR/first"
  grep -q 'Bearer realm=' "$BATS_TEST_TMPDIR/first"
  # The last character is another; the id and check are right and the secret is not.
  mistyped=${good%?}$([ "${good: -1}" = 0 ] && echo 1 || echo 0)
  for key in '' x fg_ "$mistyped" "${good%?}" "${good}0" " $good" "${good^^}" "$(stranger)" \
    "$revoked" "$expired" "${good//_/-}" 'fg_é' "$(printf 'A%.0s' {1..5000})" "' OR 1=1 --" '*' '%'; do
    call POST /predict -k "$key" -d "$IRIS"
    refusal >"$BATS_TEST_TMPDIR/other"
    diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/other" || fail "for the key: $key"
  done
  call POST /predict -k "$good" -d "$IRIS"
  assert_status 200
}

@test "the same id with another secret and a right check is refused" {
  good=$(new_key good)
  # The secret of a second key under the first one's id is refused by its check already,
  # so change the stored id instead: then only the HMAC is wrong.
  other=$(new_key other)
  sqlite3 "$G/home/forestgate.db" "DELETE FROM key WHERE id = '$(id_of "$other")';
    UPDATE key SET id = '$(id_of "$other")' WHERE id = '$(id_of "$good")'"
  call POST /predict -k "$other" -d "$IRIS"
  assert_problem 401 unauthorized
}

@test "every route that asks for a key refuses without one, whatever else is wrong" {
  for route in 'POST /predict' 'GET /models' 'GET /models/iris' 'GET /models/none' \
    'POST /models/iris/predict' 'POST /models/none/predict' 'HEAD /models'; do
    # shellcheck disable=SC2086 # method and path
    call $route -d 'not JSON' CONTENT_TYPE=text/plain
    if [[ "$route" == HEAD* ]]; then assert_status 401; else assert_problem 401 unauthorized; fi
  done
}

@test "X-API-Key and Authorization: Bearer each let in, and both with the same key" {
  for params in "HTTP_X_API_KEY=$KEY" "HTTP_AUTHORIZATION=Bearer $KEY" "HTTP_AUTHORIZATION=bearer $KEY" \
    "HTTP_AUTHORIZATION=BEARER   $KEY"; do
    call POST /predict -d "$IRIS" "$params"
    assert_status 200
  done
  call POST /predict -d "$IRIS" HTTP_X_API_KEY="$KEY" HTTP_AUTHORIZATION="Bearer $KEY"
  assert_status 200
}

@test "two different credentials are refused, even if each holds" {
  other=$(new_key other)
  call POST /predict -d "$IRIS" HTTP_X_API_KEY="$KEY" HTTP_AUTHORIZATION="Bearer $other"
  assert_problem 401 unauthorized
  call POST /predict -d "$IRIS" HTTP_X_API_KEY="$KEY" HTTP_AUTHORIZATION="Bearer x"
  assert_problem 401 unauthorized
  call POST /predict -d "$IRIS" HTTP_X_API_KEY=x HTTP_AUTHORIZATION="Bearer $KEY"
  assert_problem 401 unauthorized
}

@test "another scheme than Bearer is refused" {
  for value in "Basic $KEY" "$KEY" "Bearer$KEY" "Bearer" "Token $KEY" "Bearer $KEY x"; do
    call POST /predict -d "$IRIS" HTTP_AUTHORIZATION="$value"
    assert_problem 401 unauthorized
  done
}

@test "a doubled header is refused, in either order, whether the two are equal or not" {
  other=$(new_key other)
  RAW_BODY=$IRIS
  raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS}
  assert_status 200
  for pair in "$KEY $KEY" "$KEY $other" "x $KEY" "$KEY x"; do
    raw HTTP_X_API_KEY="${pair% *}" HTTP_X_API_KEY="${pair#* }" CONTENT_LENGTH=${#IRIS}
    assert_problem 401 unauthorized
    raw HTTP_AUTHORIZATION="Bearer ${pair% *}" HTTP_AUTHORIZATION="Bearer ${pair#* }" \
      CONTENT_LENGTH=${#IRIS}
    assert_problem 401 unauthorized
  done
  # As a front joins two header lines.
  call POST /predict -d "$IRIS" HTTP_X_API_KEY="$KEY, $KEY"
  assert_problem 401 unauthorized
}

@test "a key is nothing in the query, in a cookie or in the body" {
  call POST "/predict?api_key=$KEY&x-api-key=$KEY" -d "$IRIS" QUERY_STRING="api_key=$KEY"
  assert_problem 401 unauthorized
  call POST /predict -d "$IRIS" HTTP_COOKIE="X-API-Key=$KEY" HTTP_API_KEY="$KEY" \
    REDIRECT_HTTP_X_API_KEY="$KEY" X_API_KEY="$KEY"
  assert_problem 401 unauthorized
  call POST /predict -d "{\"features\":[1,2,3,4],\"key\":\"$KEY\"}"
  assert_problem 401 unauthorized
}

@test "a key is good in every worker at once, and after its revocation in none" {
  for round in 1 2 3 4 5; do
    key=$(new_key "round $round")
    for _ in {1..8}; do
      call GET /models -k "$key"
      assert_status 200
    done
    cli key revoke "$(id_of "$key")" >/dev/null
    for _ in {1..8}; do
      call GET /models -k "$key"
      assert_status 401
    done
  done
}

# answered_with STATUS N: so many clients were.
answered_with() { [ "$(cat "$BATS_TEST_TMPDIR"/codes.* | grep -c " $1\$")" -ge "$2" ]; }

@test "no worker admits a key after the answer to its revocation, under load" {
  key=$(new_key loaded)
  calls() {
    local code
    while ! [ -e "$BATS_TEST_TMPDIR/stop" ]; do
      start=$EPOCHREALTIME
      code=$(env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI=/models HTTP_X_API_KEY="$key" \
        cgi-fcgi -bind -connect "127.0.0.1:$PORT" </dev/null | sed -n 's/^Status: \([0-9]*\).*/\1/p')
      echo "$start $code"
    done >"$BATS_TEST_TMPDIR/codes.$1"
  }
  clients=
  for client in 1 2 3 4; do
    calls "$client" 3>&- &
    clients="$clients $!"
  done
  wait_for 400 answered_with 200 20
  cli key revoke "$(id_of "$key")" >/dev/null
  revoked=$EPOCHREALTIME
  wait_for 400 answered_with 401 20
  touch "$BATS_TEST_TMPDIR/stop"
  # shellcheck disable=SC2086
  wait $clients
  cat "$BATS_TEST_TMPDIR"/codes.* | awk -v revoked="$revoked" '
    $1 > revoked {after++; if ($2 != 401) {print "after the revocation: " $0; bad = 1}}
    $1 <= revoked && $2 == 200 {before++}
    $2 != 200 && $2 != 401 {print "neither: " $0; bad = 1}
    END {print before " before, " after " after"; exit bad || before < 10 || after < 10}'
}

@test "an expired key is refused by a worker that knew it" {
  # Where that has taken longer than two seconds, once more.
  for _ in 1 2 3 4 5; do
    key=$(new_key short --expires 2s)
    call GET /models -k "$key"
    if [ "$status" = 200 ]; then break; fi
  done
  assert_status 200
  sleep 2.1
  for _ in {1..8}; do
    call GET /models -k "$key"
    assert_status 401
  done
}

@test "the database keeps an HMAC of a key and nothing of its secret" {
  key=$(new_key hidden)
  secret=$(cut -d_ -f3 <<<"$key")
  if grep -aqF "$secret" "$G/home/forestgate.db"*; then fail 'the secret is in the database'; fi
  mac=$(sqlite3 "$G/home/forestgate.db" "SELECT hex(mac) FROM key WHERE name = 'hidden'")
  expected=$(printf %s "$key" | openssl dgst -sha256 -mac HMAC \
    -macopt "hexkey:$(od -An -tx1 -v "$G/home/secrets/key.secret" | tr -d ' \n')" | sed 's/.*= *//')
  [ "${mac,,}" = "$expected" ]
}

@test "no file of the home and no output has a full key, and logs show its head" {
  key=$(new_key seen)
  call POST /predict -k "$key" -d "$IRIS" HTTP_X_REQUEST_ID=seen-one
  call POST /predict -d "$IRIS" HTTP_AUTHORIZATION="Bearer $key" HTTP_X_REQUEST_ID=seen-two
  call POST /predict -k "${key%?}" -d "$IRIS"
  cli key revoke "$(id_of "$key")" >/dev/null
  call POST /predict -k "$key" -d "$IRIS" HTTP_X_REQUEST_ID=seen-three
  if grep -raF -e "$(cut -d_ -f3 <<<"$key")" "$G/home" "$G/out"; then
    fail 'it is there'
  fi
  for id in seen-one seen-two seen-three; do
    log_line "$id" | grep -qF " ${key:0:7}..." || fail "$(log_line "$id")"
  done
}

@test "a malformed key never reaches the database, and an unknown one is a 503 while it is locked" {
  # As on a file system over a network, where a writer locks readers out.
  gate_stop
  sqlite3 "$G/home/forestgate.db" 'PRAGMA journal_mode = DELETE' >/dev/null
  gate_start --workers 2
  known=$(new_key known)
  for _ in {1..8}; do
    call GET /models -k "$known"
    assert_status 200
  done
  mkfifo "$BATS_TEST_TMPDIR/hold"
  sqlite3 "$G/home/forestgate.db" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/held" 3>&- &
  holder=$!
  exec 7>"$BATS_TEST_TMPDIR/hold"
  echo "BEGIN EXCLUSIVE; SELECT 'held';" >&7
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
  call POST /predict -k "${known%?}" -d "$IRIS"
  malformed=$status
  call POST /predict -k "fg_junk" -d "$IRIS"
  junk=$status
  start=$EPOCHREALTIME
  call POST /predict -k "$(stranger)" -d "$IRIS"
  took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%d", (b - a) * 1000}')
  assert_problem 503 unavailable busy
  [ -n "$(header_of retry-after)" ]
  # A key that a worker knows is let in on, as is what asks for none; a call that the log
  # could not take is not admitted.
  for _ in {1..8}; do
    call GET /models -k "$known"
    assert_status 200
  done
  call POST /predict -k "$known" -d "$IRIS"
  assert_problem 503 unavailable
  call GET /health
  assert_status 200
  run cli key list
  [ "$status" = 1 ]
  exec 7>&-
  wait "$holder"
  call POST /predict -k "$(stranger)" -d "$IRIS"
  assert_problem 401 unauthorized
  [ "$malformed $junk" = '401 401' ]
  [ "$took" -lt 10000 ] # and not as long as the database is locked
}

# Asks often enough that every worker has answered.
assert_all() { # assert_all STATUS METHOD PATH ARGUMENT...
  local want=$1 i
  shift
  for i in {1..10}; do
    call "$@"
    assert_status "$want"
  done
}

rotate() { cli key rotate "$@" 2>/dev/null; }

@test "after a rotation no worker admits the old secret, and every worker the new one" {
  old=$(new_key rotated)
  assert_all 200 GET /models -k "$old"
  new=$(rotate "$(id_of "$old")")
  assert_all 401 GET /models -k "$old"
  assert_all 200 GET /models -k "$new"
  call GET /models -k "$old"
  refusal >"$BATS_TEST_TMPDIR/rotated"
  call GET /models
  refusal | diff "$BATS_TEST_TMPDIR/rotated" -
}

@test "within an overlap every worker admits both secrets, and at its end the new one alone" {
  old=$(new_key overlapped)
  id=$(id_of "$old")
  cli key rotate "$id" --overlap 3s --json >"$BATS_TEST_TMPDIR/rotated" 2>/dev/null
  new=$(jq -r .key "$BATS_TEST_TMPDIR/rotated")
  ends=$(jq -r '.old_until | sub("\\.[0-9]+Z"; "Z") | fromdate' "$BATS_TEST_TMPDIR/rotated")
  for _ in {1..8}; do
    call GET /models -k "$old"
    before=$EPOCHSECONDS
    [ "$status" = 200 ] || [ "$before" -ge "$ends" ] || fail "refused at $before, before $ends"
    call GET /models -k "$new"
    assert_status 200
  done
  [ "$EPOCHSECONDS" -lt "$ends" ] || skip 'this machine was too slow to see the overlap'
  while [ "$EPOCHSECONDS" -lt "$ends" ]; do sleep 0.1; done
  assert_all 401 GET /models -k "$old"
  assert_all 200 GET /models -k "$new"
}

@test "a rotation within an overlap ends the oldest secret in every worker" {
  first=$(new_key three)
  id=$(id_of "$first")
  second=$(rotate "$id" --overlap 1h)
  assert_all 200 GET /models -k "$first"
  third=$(rotate "$id" --overlap 1h)
  assert_all 401 GET /models -k "$first"
  assert_all 200 GET /models -k "$second"
  assert_all 200 GET /models -k "$third"
  cli key revoke "$id" >/dev/null
  for key in "$first" "$second" "$third"; do assert_all 401 GET /models -k "$key"; done
}

@test "no worker admits the old secret after the answer to a rotation, under load" {
  old=$(new_key loaded-rotation)
  calls() {
    local code
    while ! [ -e "$BATS_TEST_TMPDIR/stop" ]; do
      start=$EPOCHREALTIME
      code=$(env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI=/models HTTP_X_API_KEY="$old" \
        cgi-fcgi -bind -connect "127.0.0.1:$PORT" </dev/null | sed -n 's/^Status: \([0-9]*\).*/\1/p')
      echo "$start $code"
    done >"$BATS_TEST_TMPDIR/codes.$1"
  }
  clients=
  for client in 1 2 3; do
    calls "$client" 3>&- &
    clients="$clients $!"
  done
  wait_for 400 answered_with 200 20
  rotate "$(id_of "$old")" >/dev/null
  rotated=$EPOCHREALTIME
  wait_for 400 answered_with 401 20
  touch "$BATS_TEST_TMPDIR/stop"
  # shellcheck disable=SC2086
  wait $clients
  cat "$BATS_TEST_TMPDIR"/codes.* | awk -v rotated="$rotated" '
    $1 > rotated {after++; if ($2 != 401) {print "after the rotation: " $0; bad = 1}}
    $1 <= rotated && $2 == 200 {before++}
    $2 != 200 && $2 != 401 {print "neither: " $0; bad = 1}
    END {print before " before, " after " after"; exit bad || before < 5 || after < 5}'
}

@test "a key without a route's scope gets 403 that names it, whatever else is wrong" {
  reader=$(new_key reader --scopes read,jobs)
  for path in /predict /models/iris/predict /models/none/predict; do
    call POST "$path" -k "$reader" -d 'not JSON' CONTENT_TYPE=text/plain
    assert_problem 403 forbidden 'lacks the scope predict\.'
  done
  call GET /models -k "$reader"
  assert_status 200
  caller=$(new_key caller --scopes predict)
  for path in /models /models/iris /models/none; do
    call GET "$path" -k "$caller"
    assert_problem 403 forbidden 'lacks the scope read\.'
  done
  call POST /predict -k "$caller" -d "$IRIS"
  assert_status 200
  admin=$(new_key admin --scopes admin)
  call POST /predict -k "$admin" -d "$IRIS"
  assert_problem 403 forbidden 'lacks the scope predict\.'
  # The open routes ask for none.
  call GET /health -k "$admin"
  assert_status 200
}

@test "a change of scopes, addresses and models counts in every worker at once" {
  key=$(new_key changing)
  id=$(id_of "$key")
  for round in 1 2 3; do
    assert_all 200 GET /models/iris -k "$key"
    cli key set "$id" --scopes predict >/dev/null
    assert_all 403 GET /models/iris -k "$key"
    cli key set "$id" --scopes read --addresses 192.0.2.7 >/dev/null
    assert_all 403 GET /models/iris -k "$key"
    cli key set "$id" --addresses '' --expires 1h >/dev/null
  done
  cli key set "$id" --expires 1s >/dev/null
  sleep 1.1
  assert_all 401 GET /models/iris -k "$key"
  cli key set "$id" --expires never >/dev/null
  assert_all 200 GET /models/iris -k "$key"
}

@test "a key with addresses is refused from any other, before its scope is looked at" {
  key=$(new_key placed --addresses 10.1.0.0/16,2001:db8::/32,192.0.2.7 --scopes read)
  for address in 10.1.0.0 10.1.255.255 ::ffff:10.1.2.3 192.0.2.7 ::ffff:192.0.2.7 2001:db8::1 \
    2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff; do
    call GET /models -k "$key" REMOTE_ADDR="$address"
    assert_status 200
  done
  for address in 10.2.0.0 10.0.255.255 192.0.2.8 ::ffff:192.0.2.8 127.0.0.1 2001:db9::1 ::1 ::10.1.2.3 ::; do
    call GET /models -k "$key" REMOTE_ADDR="$address"
    assert_problem 403 forbidden 'may not be used from'
    call POST /predict -k "$key" -d "$IRIS" REMOTE_ADDR="$address"
    assert_problem 403 forbidden 'may not be used from'
  done
  call GET /models -k "$key" REMOTE_ADDR=10.2.0.0
  assert_problem 403 forbidden 'from 10\.2\.0\.0\.'
  # Who cannot be told is in no list.
  for address in '' unix: localhost 10.1.0.1:80; do
    call GET /models -k "$key" REMOTE_ADDR="$address"
    assert_problem 403 forbidden 'an unknown address'
  done
  # A header that a client writes makes no address.
  call GET /models -k "$key" REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR=10.1.2.3 HTTP_X_REAL_IP=10.1.2.3 \
    HTTP_FORWARDED='for=10.1.2.3'
  assert_problem 403 forbidden
  # One that does not hold says nothing of addresses.
  cli key revoke "$(id_of "$key")" >/dev/null
  call GET /models -k "$key" REMOTE_ADDR=127.0.0.1
  assert_problem 401 unauthorized
  call GET /models -k "$key" REMOTE_ADDR=10.1.2.3
  assert_problem 401 unauthorized
}

@test "behind a trusted proxy the client's address counts, not the proxy's" {
  key=$(new_key proxied --addresses 10.1.0.0/16)
  gate_stop
  gate_start --workers 1 --trusted_proxies 127.0.0.0/8
  call GET /models -k "$key" REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR=10.1.2.3
  assert_status 200
  call GET /models -k "$key" REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR='10.1.2.3, 10.2.0.1'
  assert_problem 403 forbidden 'from 10\.2\.0\.1\.'
  gate_stop
  gate_start --workers 4
}

@test "a key whose tier, limits, addresses or scopes cannot be read lets nobody in, and it is logged" {
  for column in "tier = 'gone'" "limits = '5'" "addresses = 'x'" "addresses = ' '" "scopes = ''" "scopes = 'all'" \
    "mac = x'00'" "before_until = 9999999999" "limits = printf('%300s', '')"; do
    key=$(new_key damaged)
    sqlite3 "$G/home/forestgate.db" "UPDATE key SET $column WHERE id = '$(id_of "$key")'"
    for _ in 1 2; do
      call POST /predict -k "$key" -d "$IRIS"
      assert_problem 503 unavailable malformed
    done
    tail -n 1 "$G/out" | grep -qF "$(id_of "$key")" || fail "$column: $(tail -n 1 "$G/out")"
    sqlite3 "$G/home/forestgate.db" "DELETE FROM key WHERE id = '$(id_of "$key")'"
  done
  key=$(new_key unpriced --tier unlimited)
  sqlite3 "$G/home/forestgate.db" "UPDATE tier SET limits = 'junk' WHERE name = 'unlimited'"
  call POST /predict -k "$key" -d "$IRIS"
  assert_problem 503 unavailable malformed
  # Another key's tier is not touched by it, and a change of the tier mends it everywhere.
  call POST /predict -k "$KEY" -d "$IRIS"
  assert_status 200
  cli tier set unlimited >/dev/null
  assert_all 200 POST /predict -k "$key" -d "$IRIS"
}

@test "/openapi.json and / say which scope each route needs" {
  call GET /openapi.json
  assert_json '.paths["/predict"].post.security == [{"key":["predict"]},{"bearer":["predict"]},{"login":[]}] and
    .paths["/models"].get.security == [{"key":["read"]},{"bearer":["read"]},{"login":[]}] and
    .paths["/health"].get.security == [] and
    (.paths["/models/{name}/predict"].post.description | test("scope predict"))'
  call GET /
  assert_json 'all(.routes[]; .credential != "none" or .scope == null) and
    (.routes[] | select(.path == "/predict") | .scope) == "predict"'
}
