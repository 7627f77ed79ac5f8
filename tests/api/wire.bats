#!/usr/bin/env bats
# tests/api/wire.bats: what only a front sees as it is: headers and lengths as bytes on
# the wire.  Refused by the front or by the worker, in the one form; never half a request
# taken for another.

load ../lib/front

setup_file() { front_setup lighttpd-socket; }
teardown_file() { front_teardown; }

# wire BYTES: as printf has them; sets answer to all that comes back within WAIT seconds.
wire() {
  local port=${URL##*:}
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  # shellcheck disable=SC2059
  printf "$1" >&9
  answer=$(timeout "${WAIT:-5}" cat <&9 | tr -d '\r\0')
  exec 9>&-
}

# The one answer is of this status.
assert_answer() {
  if [ "$(grep -ac '^HTTP/1' <<<"$answer")" != 1 ] || [[ "$answer" != HTTP/1.[01]\ $1* ]]; then
    printf 'expected one answer with %s, got:\n%s\n' "$1" "$answer" >&2
    return 1
  fi
}

post() { # HEADERS [BODY]: a request that ends its connection
  wire "POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n$JSON\r\n$1\r\n\r\n${2-$FEATURES}"
}

@test "the same by hand is a prediction" {
  post "X-API-Key: $KEY\r\nContent-Length: ${#FEATURES}"
  assert_answer 200
  [[ "$answer" == *'"prediction":0'* ]]
}

@test "X_API_Key beside X-API-Key does not take its place, in either order" {
  post "X-API-Key: fg_junk\r\nX_API_Key: $KEY\r\nContent-Length: ${#FEATURES}"
  assert_answer 4
  post "X_API_Key: $KEY\r\nX-API-Key: fg_junk\r\nContent-Length: ${#FEATURES}"
  assert_answer 4
}

@test "a doubled X-API-Key or Authorization is refused" {
  for first in "$KEY" fg_junk; do
    for second in "$KEY" fg_junk; do
      post "X-API-Key: $first\r\nX-API-Key: $second\r\nContent-Length: ${#FEATURES}"
      assert_answer 4
      post "Authorization: Bearer $first\r\nAuthorization: Bearer $second\r\nContent-Length: ${#FEATURES}"
      assert_answer 4
    done
  done
}

@test "a length with a transfer coding, and two lengths, are a 400 and no second request is read" {
  smuggled='GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
  post "X-API-Key: $KEY\r\nContent-Length: ${#FEATURES}\r\nTransfer-Encoding: chunked" "0\r\n\r\n$smuggled"
  assert_answer 400
  post "X-API-Key: $KEY\r\nTransfer-Encoding: chunked\r\nContent-Length: 5" "0\r\n\r\n$smuggled"
  assert_answer 400
  post "X-API-Key: $KEY\r\nContent-Length: 5\r\nContent-Length: ${#FEATURES}" "$FEATURES$smuggled"
  assert_answer 400
  post "X-API-Key: $KEY\r\nContent-Length: -5"
  assert_answer 400
  post "X-API-Key: $KEY\r\nContent-Length: 5x"
  assert_answer 400
  for coding in 'xchunked' 'chunked, identity' 'x, chunked'; do
    post "X-API-Key: $KEY\r\nTransfer-Encoding: $coding" "1e\r\n$FEATURES\r\n0\r\n\r\n"
    assert_answer '[45]'
  done
}

@test "a body shorter than its length never becomes a prediction" {
  WAIT=1 wire "POST /predict HTTP/1.0\r\nHost: localhost\r\n$JSON\r\nX-API-Key: $KEY\r\nContent-Length: 5000\r\n\r\n$FEATURES"
  [[ "$answer" != *'"prediction"'* ]] || { echo "$answer" >&2 && false; }
}

@test "line ends and NUL in a header value reach no header of the answer" {
  wire "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-ID: a\r\n X-Evil: 1\r\n\r\n"
  if grep -qi '^x-evil' <<<"$answer"; then echo "$answer" >&2 && false; fi
  wire "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-ID: a\nX-Evil: 1\r\n\r\n"
  if grep -qi '^x-evil' <<<"$answer"; then echo "$answer" >&2 && false; fi
  wire "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-ID: a\0b\r\n\r\n"
  [[ "$answer" == HTTP/1.[01]\ [24]* ]]
  wire "GET /he\0alth HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
  assert_answer 4
}

@test "methods of any kind are answered in the one form" {
  for method in OPTIONS PATCH PROPFIND TRACE CONNECT BREW get; do
    wire "$method /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert_answer '[45]'
    [[ "$answer" == *application/problem+json* ]] || { echo "$answer" >&2 && false; }
  done
}

@test "the workers are the ones of the start" {
  [ "$(worker_pids | wc -l)" = 4 ]
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
}
