#!/usr/bin/env bats
# tests/api/log.bats: one line a request, its fields right, nothing of a client's in it
# that could pass for another line, and whose address it shows.

# shellcheck disable=SC2154 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  gate_start
}
teardown_file() { gate_stop; }

LOG=$G/home/logs/access.log
MASK=
setup() { MASK=${KEY:0:7}...; }

# Starts anew with these lines of settings and no others, but for the limit that would
# refuse what a test sends.
configure() {
  gate_stop
  printf '%s\n' 'address_rate = off' "$@" >"$G/home/forestgate.conf"
  gate_start
}

# The field with the address in the line of the last request.
address() {
  call GET /health "$@"
  log_line | cut -d' ' -f3
}

@test "a request is one line: time, level, address, method, path, status, duration, id, key" {
  before=$(wc -l <"$LOG")
  predict "$IRIS" HTTP_X_REQUEST_ID=line-1 REMOTE_ADDR=192.0.2.7
  [ "$(wc -l <"$LOG")" = $((before + 1)) ]
  [[ "$(log_line)" =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z\ info\ 192\.0\.2\.7\ POST\ /predict\ 200\ [0-9]+\.[0-9]{6}\ line-1\ (.*)$ ]] ||
    fail "$(log_line)"
  [ "${BASH_REMATCH[1]}" = "$MASK" ]
  call GET '/nothing?secret=1' HTTP_X_REQUEST_ID=line-2
  [[ "$(log_line)" =~ \ info\ 127\.0\.0\.1\ GET\ /nothing\ 404\ [0-9.]+\ line-2\ -$ ]] || fail "$(log_line)"
}

@test "a refused credential is a warning, and nothing else is" {
  call POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=refused-1
  [[ "$(log_line)" =~ ^[^\ ]+\ warning\ 127\.0\.0\.1\ POST\ /predict\ 401\ .*\ refused-1\ -$ ]] || fail "$(log_line)"
  call GET /models -k fg_junk
  [[ "$(log_line)" =~ ^[^\ ]+\ warning\ .*\ 401\ .*\ -$ ]] || fail "$(log_line)"
  predict '{'
  [[ "$(log_line)" =~ ^[^\ ]+\ info\ .*\ 400\ .*\ "$MASK"$ ]] || fail "$(log_line)"
  call GET /nothing
  [[ "$(log_line)" =~ ^[^\ ]+\ info\  ]] || fail "$(log_line)"
}

@test "a key, an invitation or a token that somebody puts into the path is cut there" {
  invitation=$(cli user invite 2>/dev/null | grep -o 'fgi_[0-9A-Za-z_]*')
  refresh=fgr_AAAAAAAAAAAAAAAAAAAAAA_0000000001_${KEY:16:43}
  token=eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJmb3Jlc3RnYXRlIn0.${KEY:16:43}
  for secret in "$KEY" "${KEY%??????????}" "x$KEY" "$KEY$KEY" "$invitation" "$refresh" "$token"; do
    call DELETE "/users/me/keys/$secret" HTTP_X_REQUEST_ID=in-path
    [[ "$(log_line)" == *" DELETE /users/me/keys/"*"... 40"*" in-path "* ]] || fail "$(log_line)"
    call GET "/$secret/x" HTTP_X_REQUEST_ID=in-path
    [[ "$(log_line)" == *" GET /"*".../x 40"*" in-path "* ]] || fail "$(log_line)"
  done
  if grep -F "${KEY:16:20}" "$LOG"; then fail 'a secret is in the log'; fi
  for path in /models/fg_short /models/fgi_/predict /fg_ /eyJ.eyJ /health/x; do
    call GET "$path"
    [[ "$(log_line)" == *" $path "* ]] || fail "$(log_line)"
  done
}

@test "the file is its owner's alone" {
  [ "$(stat -c %a "$LOG")" = 600 ] || [ "$(stat -c %a "$LOG")" = 640 ]
  if am_root; then [ "$(stat -c %U "$LOG")" = www-data ]; fi
}

@test "no path, method, id or address makes a second line or a false field" {
  before=$(wc -l <"$LOG")
  n=0
  for evil in $'/a\n2026-01-01T00:00:00.000Z info 1.1.1.1 GET /admin 200 0.1 x fg_root...' $'/a\r\nb' $'/a\tb' \
    '/a b c' $'/\e[31mred' '/"quoted"' '/back\slash\x0a' $'/\x7f' $'/\xff\xfe' '/ü' $'/\u2028x' "/$(printf 'p%.0s' {1..8000})"; do
    for params in REQUEST_URI REQUEST_METHOD HTTP_X_REQUEST_ID REMOTE_ADDR HTTP_X_FORWARDED_FOR HTTP_X_API_KEY; do
      call GET /health "$params=$evil"
      n=$((n + 1))
    done
  done
  tail -n +$((before + 1)) "$LOG" >"$BATS_TEST_TMPDIR/new"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/new")" = "$n" ]
  if LC_ALL=C grep -nP '[^\x20-\x7e]' "$BATS_TEST_TMPDIR/new"; then fail 'what cannot be seen is in a line'; fi
  if grep -nvE '^[^ ]+ (info|warning) [^ ]+ [^ ]+ [^ ]+ [0-9]{3} [0-9.]+ [0-9a-f]{32} -$' "$BATS_TEST_TMPDIR/new"; then
    fail 'not nine fields'
  fi
  if grep -n '"' "$BATS_TEST_TMPDIR/new"; then fail 'a quote'; fi
}

@test "a key that somebody sends as the method is in no line" {
  call "$KEY" /health
  call "X$KEY" /health HTTP_X_REQUEST_ID=as-method
  call PROPFIND /health HTTP_X_REQUEST_ID=as-itself
  if grep -nF "${KEY:8:24}" "$LOG"; then fail 'it is'; fi
  grep -qE ' \? /health 405 .* as-method ' "$LOG"
  grep -qE ' PROPFIND /health 405 .* as-itself ' "$LOG"
}

@test "log_format = json: one object a line, with the same fields" {
  configure 'log_format = json'
  before=$(wc -l <"$LOG")
  predict "$IRIS" HTTP_X_REQUEST_ID=json-1 REMOTE_ADDR=2001:db8::1
  log_line | jq -e --arg mask "$MASK" '(.time | test("Z$")) and .level == "info" and .address == "2001:db8::1" and
    .method == "POST" and .path == "/predict" and .status == 200 and (.duration | type == "number") and
    .request_id == "json-1" and .key == $mask'
  call GET /models
  log_line | jq -e '.level == "warning" and .status == 401'
  n=2
  for evil in $'/a\n{"x":1}' $'/a\r\nb' '/"quoted",' '/back\slash' $'/\e[31m' $'/\xff\xfe' $'/ü\xc3' "/$(printf 'ü%.0s' {1..8000})" \
    "/x$(printf 'ü%.0s' {1..8000})"; do
    for params in REQUEST_URI REQUEST_METHOD HTTP_X_REQUEST_ID REMOTE_ADDR; do
      call GET /health "$params=$evil"
      n=$((n + 1))
    done
  done
  tail -n +$((before + 1)) "$LOG" >"$BATS_TEST_TMPDIR/new"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/new")" = "$n" ]
  # Each line by itself parses, and is UTF-8.
  jq -Re 'fromjson | type == "object"' "$BATS_TEST_TMPDIR/new" >/dev/null
  iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/new" >/dev/null
  if LC_ALL=C grep -nP '[\x00-\x1f\x7f]' "$BATS_TEST_TMPDIR/new"; then fail 'control characters'; fi
  configure ''
}

@test "lines of many workers at once do not mix" {
  configure 'workers = 0' # the option --workers goes before it
  before=$(wc -l <"$LOG")
  clients=
  for client in 1 2 3 4; do
    # shellcheck disable=SC2034
    (for i in {1..40}; do
      env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI="/$client$(printf 'x%.0s' {1..450})" \
        cgi-fcgi -bind -connect "127.0.0.1:$PORT" </dev/null >/dev/null
    done) 3>&- &
    clients="$clients $!"
  done
  # shellcheck disable=SC2086
  wait $clients
  tail -n +$((before + 1)) "$LOG" >"$BATS_TEST_TMPDIR/new"
  [ "$(grep -cE '^[^ ]+ info - GET /[1-4]x{450} 404 [0-9.]+ [0-9a-f]{32} -$' "$BATS_TEST_TMPDIR/new")" = 160 ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/new")" = 160 ]
}

@test "after SIGHUP the lines go to the new file, from the next request on" {
  call GET /before
  mv "$LOG" "$LOG.1"
  kill -HUP "$MASTER"
  # The master passes it on; a moment passes.
  wait_for 20 hup_arrived
  before=$(wc -l <"$LOG")
  for _ in {1..8}; do call GET /after; done
  [ "$(wc -l <"$LOG")" = $((before + 8)) ]
  gate_has 2
  if grep -q ' /after ' "$LOG.1"; then fail 'a line went to the old file'; fi
}

# In both workers, of whom each is asked some of so many.
hup_arrived() {
  local before
  before=$(grep -c ' /hup ' "$LOG.1" || :)
  for _ in {1..8}; do call GET /hup; done
  [ -e "$LOG" ] && [ "$(grep -c ' /hup ' "$LOG.1" || :)" = "$before" ]
}

@test "a log that was renamed without a signal is followed within two seconds" {
  call GET /before
  mv "$LOG" "$LOG.2"
  sleep 1.1
  for _ in {1..6}; do call GET /after; done
  [ "$(grep -c ' /after ' "$LOG")" = 6 ]
}

@test "X-Forwarded-For is believed from nobody by default" {
  [ "$(address REMOTE_ADDR=127.0.0.1 HTTP_X_FORWARDED_FOR=203.0.113.9)" = 127.0.0.1 ]
  [ "$(address REMOTE_ADDR=::1 HTTP_X_FORWARDED_FOR=203.0.113.9)" = ::1 ]
}

@test "X-Forwarded-For from a trusted proxy: the rightmost address that is not one" {
  configure 'trusted_proxies = 10.0.0.0/8, 192.0.2.1, 2001:db8::/32'
  check() {
    local want=$1 got
    shift
    got=$(address "$@")
    [ "$got" = "$want" ] || fail "wanted $want, got $got, for $*"
  }
  check 203.0.113.9 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR=203.0.113.9
  check 203.0.113.9 REMOTE_ADDR=192.0.2.1 HTTP_X_FORWARDED_FOR=203.0.113.9
  check 203.0.113.9 REMOTE_ADDR=2001:db8::5 HTTP_X_FORWARDED_FOR=203.0.113.9
  check 203.0.113.9 REMOTE_ADDR=::ffff:10.1.2.3 HTTP_X_FORWARDED_FOR=203.0.113.9
  check 203.0.113.9 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR='1.1.1.1, 203.0.113.9, 10.9.9.9,2001:db8::7'
  check 203.0.113.9 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR=$'1.1.1.1,\t203.0.113.9 \t,  10.9.9.9  '
  check 2a00::1 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR='2a00:0:0::1'
  check 203.0.113.9 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR=::ffff:203.0.113.9
  # All of them trusted: the first.
  check 10.5.5.5 REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR='10.5.5.5, 10.6.6.6'
  # From another peer nothing of it counts.
  check 192.0.2.2 REMOTE_ADDR=192.0.2.2 HTTP_X_FORWARDED_FOR=203.0.113.9
  check 11.0.0.1 REMOTE_ADDR=11.0.0.1 HTTP_X_FORWARDED_FOR='203.0.113.9, 10.1.1.1'
}

@test "junk in X-Forwarded-For ends the search at what is known" {
  for junk in unknown '' ' ' ',' ',,' 203.0.113.9:80 '[2a00::1]' '[2a00::1]:80' 256.1.1.1 1.2.3 01.2.3.4 0x7f.1 localhost \
    'fe80::1%eth0' '203.0.113.9 x' '203.0.113.9;' $'203.0.113.9\r\nX: 1' '"203.0.113.9"' "$(printf '1%.0s' {1..5000})" \
    '1.1.1.1, unknown' '1.1.1.1,,' '1.1.1.1, 203.0.113.9/32'; do
    [ "$(address REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR="$junk")" = 10.1.2.3 ] || fail "for \"$junk\": $(log_line)"
  done
  [ "$(address REMOTE_ADDR=10.1.2.3 HTTP_X_FORWARDED_FOR='junk, 10.7.7.7')" = 10.7.7.7 ]
}

@test "a doubled X-Forwarded-For is not believed" {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  {
    raw_head REQUEST_METHOD=GET REQUEST_URI=/health REMOTE_ADDR=10.1.2.3 HTTP_X_REQUEST_ID=doubled-1 \
      HTTP_X_FORWARDED_FOR=203.0.113.9 HTTP_X_FORWARDED_FOR=203.0.113.10
    raw_record 5 /dev/null
  } >&8
  raw_answer 8
  exec 8>&-
  assert_status 200
  log_line doubled-1 | grep -qF ' 10.1.2.3 GET '
}

@test "a client's address is never its name for the one it calls from" {
  # Headers of other kinds that name an address.
  [ "$(address REMOTE_ADDR=10.1.2.3 HTTP_X_REAL_IP=203.0.113.9 HTTP_FORWARDED='for=203.0.113.9' HTTP_CLIENT_IP=203.0.113.9)" = 10.1.2.3 ]
  [ "$(address REMOTE_ADDR=junk HTTP_X_FORWARDED_FOR=203.0.113.9)" = - ]
}
