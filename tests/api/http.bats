#!/usr/bin/env bats
# tests/api/http.bats: requests that are wrong before their body is: lengths that lie,
# types, methods, paths, headers.  The worker lives through each.

# shellcheck disable=SC2154,SC2034 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  printf 'predict_body_limit = 2K\nbody_limit = 1K\n' >>"$G/home/forestgate.conf"
  gate_start
  PIDS=$(gate_pids)
  export PIDS
}
teardown_file() { gate_stop; }
teardown() {
  if [ "$(gate_pids)" != "$PIDS" ]; then fail "workers were $PIDS and are $(gate_pids)"; fi
}

blanks() { printf "%$1s" ''; }

@test "a body over the limit is a 413 that says the limit" {
  text=$IRIS$(blanks $((2049 - ${#IRIS})))
  predict "$text"
  assert_problem 413 content_too_large '2048 bytes'
  predict "${text%?}"
  assert_status 200
}

@test "a body over the default limit of 16 MiB is a 413, one under it is read" {
  home=$BATS_TEST_TMPDIR/home
  cp -a "$G/home" "$home"
  sed -i '/^[a-z_]*body_limit/d' "$home/forestgate.conf"
  head -c 16777216 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/most"
  HOME_OF_CGI=$home
  cgi POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/most"
  assert_problem 400 bad_request JSON
  echo >>"$BATS_TEST_TMPDIR/most"
  cgi POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/most"
  assert_problem 413 content_too_large '16777216 bytes'
}

@test "elsewhere a body over the default limit of 64 KiB is a 413, one under it is let pass" {
  home=$BATS_TEST_TMPDIR/home
  cp -a "$G/home" "$home"
  sed -i '/^[a-z_]*body_limit/d' "$home/forestgate.conf"
  head -c 65536 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/most"
  HOME_OF_CGI=$home
  cgi GET /models -k "$KEY" -f "$BATS_TEST_TMPDIR/most"
  assert_status 200
  echo >>"$BATS_TEST_TMPDIR/most"
  cgi GET /models -k "$KEY" -f "$BATS_TEST_TMPDIR/most"
  assert_problem 413 content_too_large '65536 bytes'
}

@test "a body over the limit without a length announced is a 413 as well" {
  RAW_BODY=$IRIS$(blanks 3000)
  raw HTTP_X_API_KEY="$KEY" HTTP_TRANSFER_ENCODING=chunked
  assert_problem 413 content_too_large '2048 bytes'
  RAW_BODY=$IRIS
  raw HTTP_X_API_KEY="$KEY" HTTP_TRANSFER_ENCODING=chunked
  assert_status 200
  raw HTTP_X_API_KEY="$KEY"
  assert_status 200
}

@test "a body over the limit of a route that takes none is a 413" {
  blanks 1025 >"$BATS_TEST_TMPDIR/some"
  for path in /models /health / /models/iris; do
    call GET "$path" -k "$KEY" -f "$BATS_TEST_TMPDIR/some"
    assert_problem 413 content_too_large '1024 bytes' || fail "for $path"
  done
  call GET /health -d '{}'
  assert_status 200
}

@test "a control character in any header is a 400, and a tab or a byte of UTF-8 is none" {
  local bad
  for bad in $'HTTP_X_API_KEY=a\eb' $'HTTP_X_REQUEST_ID=\x01' $'HTTP_USER_AGENT=\e[31mred' $'HTTP_ANY=a\x7f' $'HTTP_ANY=a\nb' $'HTTP_ANY=\r'; do
    for way in call cgi; do
      $way GET /health "$bad"
      assert_problem 400 bad_request 'A header has a control character'
      [[ "$headers$body" != *[$'\e\x01\x7f']* ]]
    done
  done
  $way POST /predict -k "$KEY" -d "$IRIS" $'HTTP_ANY=\e'
  assert_problem 400 bad_request
  call GET /health $'HTTP_ANY=a\tb' HTTP_USER_AGENT=ü $'ANY=\e'
  assert_status 200
}

@test "a length that is no whole number is a 400" {
  RAW_BODY=$IRIS
  for length in -1 -0 +30 abc 30x 0x1e 3.0e1 ' 30' '30 ' '30,30' 30.0 99999999999999999999 \
    9223372036854775808 18446744073709551646 ٣٠ $'30\n'; do
    raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH="$length"
    assert_problem 400 bad_request 'Content-Length' || fail "for the length \"$length\""
  done
}

@test "a length with a header doubled is a 400" {
  RAW_BODY=$IRIS
  raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS} CONTENT_LENGTH=${#IRIS}
  assert_problem 400 bad_request Content-Length
  raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS} CONTENT_LENGTH=5
  assert_problem 400 bad_request Content-Length
}

@test "a body longer or shorter than its length is a 400" {
  RAW_BODY=$IRIS
  for length in 0 1 $((${#IRIS} - 1)) $((${#IRIS} + 1)) 2000; do
    raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH="$length"
    assert_problem 400 bad_request 'Content-Length' || fail "for the length $length"
  done
  cgi POST /predict -k "$KEY" -d "$IRIS" CONTENT_LENGTH=100
  assert_problem 400 bad_request 'Content-Length'
}

@test "a huge length is a 413 at once, and nothing is waited for or allocated" {
  RAW_BODY=$IRIS
  for length in 1000000000000 9223372036854775807; do
    start=$EPOCHREALTIME
    raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH="$length"
    assert_problem 413 content_too_large '2048 bytes'
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {exit b - a > 10}' || fail 'it took too long'
  done
}

@test "a length and a transfer coding together are a 400, after the key" {
  RAW_BODY=$IRIS
  for coding in chunked identity 'gzip, chunked' x; do
    raw HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS} HTTP_TRANSFER_ENCODING="$coding"
    assert_problem 400 bad_request 'Transfer-Encoding'
    raw CONTENT_LENGTH=${#IRIS} HTTP_TRANSFER_ENCODING="$coding"
    assert_problem 401 unauthorized
  done
}

@test "another content type than JSON in UTF-8 is a 415" {
  for type in text/plain application/x-www-form-urlencoded multipart/form-data application/xml text/json \
    application/jsonx 'application/json; charset=utf-16' 'application/json; charset=latin1' \
    'application/json; x=y' 'application/json, text/plain' application/ json '*/*' ' application/json' \
    'application/json;charset=utf-8x'; do
    predict "$IRIS" CONTENT_TYPE="$type"
    assert_problem 415 unsupported_media_type 'application/json' || fail "for the type $type"
    case $type in
    *form-urlencoded) assert_json '.detail | endswith("all that curl -d sends unless -H '"'Content-Type: ...'"' says otherwise.")' ;;
    *) assert_json '.detail | contains("curl") | not' ;;
    esac
  done
}

@test "a body in another packing than gzip or deflate, or in two, is a 415 that says what is taken" {
  for coding in br zstd compress 'gzip, identity' 'identity, gzip' 'gzip, gzip' 'gzip;q=1' x; do
    predict "$IRIS" HTTP_CONTENT_ENCODING="$coding"
    assert_problem 415 unsupported_media_type 'Content-Encoding' || fail "for the coding $coding"
    [ "$(header_of accept-encoding)" = 'gzip, deflate, identity' ]
  done
  for coding in '' identity Identity; do
    predict "$IRIS" HTTP_CONTENT_ENCODING="$coding"
    assert_status 200
  done
  call GET /models -k "$KEY" HTTP_CONTENT_ENCODING=gzip
  assert_status 200
}

# packed FORM FILE: gzip, zlib, or bare deflate.
packed() {
  /usr/bin/python3 -c 'import sys, zlib
data = sys.stdin.buffer.read()
packer = zlib.compressobj(9, zlib.DEFLATED, {"gzip": 31, "zlib": 15, "bare": -15}[sys.argv[1]])
sys.stdout.buffer.write(packer.compress(data) + packer.flush())' "$1" >"$2"
}

@test "a packed body that is damaged, cut short or longer than it says is a 400" {
  local file=$BATS_TEST_TMPDIR/packed
  predict "$IRIS" HTTP_CONTENT_ENCODING=gzip
  assert_problem 400 bad_request 'Content-Encoding'
  predict "$IRIS" HTTP_CONTENT_ENCODING=deflate
  assert_problem 400 bad_request 'Content-Encoding'
  packed gzip "$file.whole" <<<"$IRIS"
  for cut in 1 5 12 20 $(($(stat -c %s "$file.whole") - 1)); do
    head -c "$cut" "$file.whole" >"$file"
    call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=gzip
    assert_problem 400 bad_request 'it ends too early' || fail "cut at $cut"
  done
  cat "$file.whole" <(printf 'more') >"$file"
  call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=gzip
  assert_problem 400 bad_request 'Content-Encoding'
  packed zlib "$file" <<<"$IRIS"
  printf x >>"$file"
  call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=deflate
  assert_problem 400 bad_request 'behind its end'
}

@test "a body is taken by gzip and by deflate in both of its forms, of JSON and of files of rows" {
  local file=$BATS_TEST_TMPDIR/packed form coding
  for form in gzip zlib bare; do
    coding=deflate
    if [ "$form" = gzip ]; then coding=GZip; fi
    packed "$form" "$file" <<<"$IRIS"
    call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING="$coding"
    assert_status 200
    [ "$(jq .prediction "$body_file")" = 0 ]
  done
  { printf '%s' '{"features":' | gzip; printf '%s' '[5.1,3.5,1.4,0.2]}' | gzip; } >"$file"
  call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=x-gzip
  assert_status 200
  printf 'sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n6,3,5,2\n' | gzip >"$file"
  call POST /predict -k "$KEY" -f "$file" CONTENT_TYPE=text/csv HTTP_CONTENT_ENCODING=gzip
  assert_status 200
  [ "$(wc -l <"$body_file")" = 3 ]
}

@test "a packed body is unpacked no further than its route's limit" {
  local file=$BATS_TEST_TMPDIR/bomb
  # 512 MiB of blanks, in half a megabyte.
  head -c 16M /dev/zero | tr '\0' ' ' | gzip -9 >"$file.part"
  for _ in $(seq 32); do cat "$file.part"; done >"$file"
  for type in application/json application/x-www-form-urlencoded; do
    call POST /auth/token -f "$file" CONTENT_TYPE="$type" HTTP_CONTENT_ENCODING=gzip
    assert_problem 413 content_too_large
  done
  head -c 1500 "$file" >"$file.small" # which itself is within the limit
  call POST /predict -k "$KEY" -f "$file.small" HTTP_CONTENT_ENCODING=gzip
  assert_problem 413 content_too_large
  call POST /predict -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=gzip
  assert_problem 413 content_too_large
  call POST /v2/models/iris/infer -k "$KEY" -f "$file" HTTP_CONTENT_ENCODING=gzip
  [ "$status" = 413 ]
  # A worker that had unpacked it would have had that much memory.
  if ! sanitized; then
    for pid in $(gate_pids); do
      [ "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")" -lt 100000 ]
    done
  fi
}

@test "JSON by its usual names, and no type at all, are taken" {
  for type in application/json 'application/json; charset=utf-8' 'application/json;charset=UTF-8' \
    'Application/JSON' 'application/json ; charset="utf-8"' 'application/json;' ''; do
    predict "$IRIS" CONTENT_TYPE="$type"
    assert_status 200 || fail "for the type $type"
  done
}

@test "a wrong method is a 405 that says in Allow what the path takes" {
  for method in GET PUT DELETE PATCH OPTIONS TRACE CONNECT HEAD; do
    call "$method" /predict -k "$KEY"
    assert_status 405
    [ "$(header_of allow)" = POST ] || fail "for $method" "$(cat "$header")"
  done
  call GET /predict
  assert_problem 405 method_not_allowed POST
  for path in / /health /models /models/iris /openapi.json; do
    call POST "$path" -d '{}'
    assert_problem 405 method_not_allowed GET
    [ "$(header_of allow)" = 'GET, HEAD' ]
  done
}

@test "odd methods are a 405, whatever is in them" {
  for method in get Get 'GE T' POSTX 'GET ' '' "$(printf 'X%.0s' {1..3000})" $'GET\r\nX: 1' 'GÉT' '"' '?' '*'; do
    call "$method" /health
    assert_problem 405 method_not_allowed GET || fail "for the method $method"
    [ "$(header_of x)" = '' ]
  done
}

@test "a method is not chosen by a header or by the query" {
  call GET '/predict?_method=POST' -k "$KEY" HTTP_X_HTTP_METHOD_OVERRIDE=POST HTTP_X_METHOD_OVERRIDE=POST
  assert_problem 405 method_not_allowed
  call GET /nothing HTTP_X_ORIGINAL_URL=/health HTTP_X_REWRITE_URL=/health
  assert_problem 404 not_found
}

@test "an unknown path is a 404" {
  for path in /nothing /predicts /predic /Predict /PREDICT /health/x /models/iris/x /models/iris/predict/x \
    /index.html /favicon.ico /api /.env /forestgate.db; do
    call GET "$path" -k "$KEY"
    assert_problem 404 not_found 'no such path' || fail "for the path $path"
  done
}

@test "path tricks lead nowhere" {
  for path in // //health /health/ /health// /./health /x/../health /models/../health /%68ealth //../health /.../health \
    /health%00 /health%2f /%2e/health /x/%2e%2E/health '/health;x' '/health;x=1' '/health%3fx' '/health%23x' \
    /models//iris /models/ '/models/.' '/models/..' '/models/../iris' /models/iris/../iris '/models/iris;x' \
    '/models/%69ris' '/models/iris%00' '/models/iris%20' '/%20health' '\health' "/health\\" 'health' '' '*' \
    'http:/other/health' 'http://other' '://' '/models/iris/1.fgm' $'/health\n' $'/health\r\nX:1' \
    '/models/{name}' '/models/iris.' '/модель' $'/\xff\xfe' '/models/iris/' '/models/'; do
    call GET "$path" -k "$KEY"
    assert_problem 404 not_found || fail "for the path $path"
  done
  # These are none at all, which some fronts say themselves.
  for path in '/../health' /.. /%2e%2e/health /.%2E/health /x/../../health /models/../../../../etc/passwd '/health#x' \
    '/models/iris ' '/ health' /% /%zz /health% /health%2 /health%u0030 '/models/%xris'; do
    call GET "$path" -k "$KEY"
    assert_problem 400 bad_request || fail "for the path $path"
  done
}

# RFC 9112, 3.2.2: Apache hands it on as it came, and every front has judged the host.
@test "a request in the absolute form has the path behind its host" {
  call GET 'http://other/health?x=://y/z'
  assert_status 200
  call GET 'http://other//health'
  assert_problem 404 not_found
}

@test "a query changes nothing of the path" {
  for query in '?' '?x' '?/../models' '?a=b?c' '?%00' "?$(printf 'q%.0s' {1..9000})"; do
    call GET "/health$query"
    assert_status 200
  done
}

@test "a path of 8 KB is a 404, whatever its beginning" {
  long=$(printf 'a%.0s' {1..8192})
  for path in "/$long" "/health/$long" "/models/$long" "/models/iris/$long" "/health$long" \
    "/models/iris/predict$long" "$(printf '/%.0s' {1..8192})" "$(printf '/..%.0s' {1..2730})"; do
    call GET "$path" -k "$KEY"
    assert_problem 404 not_found || fail "for the path ${path:0:60}..."
  done
  # What is cut off is not taken for what was asked.
  call POST "/models/$long/predict" -k "$KEY" -d "$IRIS"
  assert_problem 404 not_found
}

@test "huge and many headers are nothing to a worker" {
  params=()
  for i in {1..500}; do params+=("HTTP_X_$i=$(printf 'h%.0s' {1..100})"); done
  predict "$IRIS" "${params[@]}"
  assert_status 200
  huge=$(printf 'h%.0s' {1..100000})
  predict "$IRIS" HTTP_X_HUGE="$huge" HTTP_ACCEPT="$huge" HTTP_COOKIE="$huge"
  assert_status 200
  call GET /health HTTP_X_FORWARDED_FOR="$huge" HTTP_X_REQUEST_ID="$huge" HTTP_AUTHORIZATION="Bearer $huge" \
    HTTP_X_API_KEY="$huge" REMOTE_ADDR="$huge"
  assert_status 200
}

@test "a request with no parameters at all is answered" {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  { raw_head && raw_record 5 /dev/null; } >&8
  raw_answer 8
  exec 8>&-
  [ "$status" = 405 ] || [ "$status" = 404 ] || fail "$(cat "$header")"
}

@test "what is not FastCGI, and what ends in its middle, leaves the worker whole" {
  for bytes in 'GET / HTTP/1.0\r\n\r\n' '\x01\x01\x00\x01\xff\xff\x00\x00' '\x00' '' \
    '\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x04\x00\x01\x00\x08\x00\x00\x7f\xff' \
    '\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01\x04\x00\x01\x00\x08\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff' \
    '\x01\x09\x00\x00\x00\x00\x00\x00' '\x01\x01\x00\x01\x00\x08\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00'; do
    exec 8<>"/dev/tcp/127.0.0.1/$PORT"
    # shellcheck disable=SC2059
    printf "$bytes" >&8
    exec 8>&-
  done
  # A client that is gone in the middle of its body.
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  printf '{"features":[5.1,' >"$BATS_TEST_TMPDIR/half"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/predict HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS}
    raw_record 5 "$BATS_TEST_TMPDIR/half"
  } >&8
  exec 8>&-
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
  done
}

@test "a connection that is kept is served again" {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  {
    RAW_KEEP=1 raw_head REQUEST_METHOD=GET REQUEST_URI=/health
    raw_record 5 /dev/null
    sleep 0.2
    raw_head REQUEST_METHOD=GET REQUEST_URI=/health
    raw_record 5 /dev/null
  } >&8
  answers=$(timeout 20 cat <&8 | tr -d '\0' | grep -ac 'Status: 200 OK')
  exec 8>&-
  [ "$answers" = 2 ] || fail "$answers answers came"
}

# The wait of a worker for a connection is half a second, and is not to be its patience.
@test "a front that says nothing for a second, before its request and in its body, is served" {
  printf '%s' "${IRIS:0:12}" >"$BATS_TEST_TMPDIR/first"
  printf '%s' "${IRIS:12}" >"$BATS_TEST_TMPDIR/second"
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  sleep 1.2
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/predict HTTP_X_API_KEY="$KEY" CONTENT_LENGTH=${#IRIS}
    raw_record 5 "$BATS_TEST_TMPDIR/first"
    sleep 1.2
    raw_record 5 "$BATS_TEST_TMPDIR/second"
    raw_record 5 /dev/null
  } >&8
  raw_answer 8
  exec 8>&-
  assert_status 200
  assert_json '.prediction == 0'
}

@test "a connection that is kept is served again after a second, and its end frees the worker" {
  for _ in 1 2 3; do
    exec 8<>"/dev/tcp/127.0.0.1/$PORT"
    {
      RAW_KEEP=1 raw_head REQUEST_METHOD=GET REQUEST_URI=/health
      raw_record 5 /dev/null
      sleep 1.2
      RAW_KEEP=1 raw_head REQUEST_METHOD=GET REQUEST_URI=/health
      raw_record 5 /dev/null
    } >&8
    answers=$(timeout 20 grep -acm 2 'Status: 200 OK' <&8)
    exec 8>&-
    [ "$answers" = 2 ] || fail "$answers answers came"
  done
  predict "$IRIS"
  assert_status 200
}

@test "by plain CGI no more is read than the length says, since nothing may end that stream" {
  # RFC 3875, 4.2.  A writer that stays stands for such a server.
  mkfifo "$BATS_TEST_TMPDIR/stdin"
  for params in HTTP_X_API_KEY="$KEY" HTTP_X_API_KEY=junk REQUEST_URI=/nothing REQUEST_METHOD=PUT CONTENT_TYPE=text/plain \
    HTTP_TRANSFER_ENCODING=x REQUEST_URI=/health; do
    exec 7<>"$BATS_TEST_TMPDIR/stdin"
    printf %s "$IRIS" >&7
    answer=$BATS_TEST_TMPDIR/answer
    run timeout 3 env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST REQUEST_URI=/predict CONTENT_LENGTH=${#IRIS} \
      "$params" "$WORKER" --home "$G/home" <&7
    exec 7>&-
    [ "$status" = 0 ] || fail "it ended with $status for ${params:0:30}: $output"
  done
}
