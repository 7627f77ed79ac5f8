#!/usr/bin/env bats
# tests/api/watch.bats: traces that requests are part of, and the access log in formats that
# others read.

# shellcheck disable=SC2154,SC2016 # set by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  cp "$G/home/forestgate.conf" "$G/plain.conf"
  gate_start
}
teardown() {
  if [ -n "${RECEIVER:-}" ]; then kill "$RECEIVER" 2>/dev/null || :; fi
}
teardown_file() { gate_stop; }

LOG=$G/home/logs/access.log
TRACE=0af7651916cd43dd8448eb211c80319c
PARENT=b7ad6b7169203331

# Starts anew with these lines beside those that every home here has, and an empty log.
configure() {
  gate_stop
  printf '%s\n' "$@" | cat "$G/plain.conf" - >"$G/home/forestgate.conf"
  : >"$LOG"
  gate_start
}

# One of each kind, and of each text that a client has a hand in something that could end a
# field or a line.  N is how many lines there are to be, LAST the id of the last.
hostile() {
  predict "$IRIS" HTTP_X_REQUEST_ID=first REMOTE_ADDR=2001:db8::1 HTTP_USER_AGENT='curl/7.88 (x)'
  call GET /models
  N=2
  for evil in $'/a" 200 7 "-" "x"\n127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 7 "-" "-"' $'/a\r\nb' '/a b' \
    '/"quoted",' '/back\slash"' $'/\e[31m' $'/\xff\xfe' $'/ü\xc3' '","log.level":"error","x":"' "/$(printf 'ü%.0s' {1..8000})"; do
    for params in REQUEST_URI REQUEST_METHOD HTTP_X_REQUEST_ID REMOTE_ADDR HTTP_USER_AGENT SERVER_PROTOCOL HTTP_TRACEPARENT; do
      call GET /health "$params=$evil"
      N=$((N + 1))
    done
  done
  call POST /predict -k "$KEY" -d "$IRIS" HTTP_USER_AGENT="x $KEY" HTTP_REFERER="http://x/?key=$KEY"
  N=$((N + 1))
}

# What holds for any format: a line for each request, all of it to be seen, and no secret in it.
lines_hold() {
  [ "$(gate_answers && wc -l <"$LOG")" -ge "$N" ]
  if LC_ALL=C grep -nP '[\x00-\x1f\x7f]' "$LOG"; then fail 'a control character'; fi
  if grep -nF "${KEY:16:20}" "$LOG"; then fail 'a secret'; fi
}

@test "what is no traceparent is passed over, and no trace is begun" {
  for bad in '' x "00-$TRACE-$PARENT" "00-$TRACE-$PARENT-011" "00-${TRACE^^}-$PARENT-01" "ff-$TRACE-$PARENT-01" \
    "00-00000000000000000000000000000000-$PARENT-01" "00-$TRACE-0000000000000000-01" "00-$TRACE-$PARENT-01,00-$TRACE-$PARENT-01" \
    "00-$TRACE-$PARENT-01 " "00-$TRACE-$PARENT-01 x"; do
    call GET /health HTTP_TRACEPARENT="$bad" HTTP_TRACESTATE=a=1
    assert_status 200
    [[ "${headers,,}" != *traceresponse* && "${headers,,}" != *traceparent* ]] || fail "$bad: $headers"
    [[ "$(log_line)" != *trace* ]] || fail "$(log_line)"
  done
  # One that came twice is none.
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  {
    raw_head REQUEST_METHOD=GET REQUEST_URI=/health HTTP_TRACEPARENT="00-$TRACE-$PARENT-01" HTTP_TRACEPARENT="00-$TRACE-$PARENT-01"
    raw_record 5 /dev/null
  } >&8
  raw_answer 8
  exec 8>&-
  assert_status 200
  [ -z "$(header_of traceresponse)" ]
  call GET /health
  [ -z "$(header_of traceresponse)" ]
}

@test "a request of a trace has a span of its own, in the log and in the answer, refusals too" {
  for uri in /health /nosuch /models; do
    call GET "$uri" HTTP_TRACEPARENT="00-$TRACE-$PARENT-01"
    [[ "$(header_of traceresponse)" =~ ^00-$TRACE-([0-9a-f]{16})-01$ ]] || fail "$uri: $(header_of traceresponse)"
    [ "${BASH_REMATCH[1]}" != "$PARENT" ]
    [ "$(header_of traceparent)" = "$(header_of traceresponse)" ]
    [[ "$(log_line)" == *" trace=$TRACE" ]] || fail "$(log_line)"
  done
  call GET /health HTTP_TRACEPARENT="01-$TRACE-$PARENT-ff-what-is-to-come"
  [[ "$(header_of traceresponse)" == "00-$TRACE-"*-03 ]] || fail "$(header_of traceresponse)"
}

@test "whoever is told of a job goes on with the trace of the request that it came with" {
  R=$BATS_TEST_TMPDIR/receiver
  mkdir "$R"
  "$TOP/tests/lib/receiver.py" "$R" 3>&- &
  RECEIVER=$!
  wait_for 100 test -e "$R/port"
  configure 'webhook_callers = on' 'webhook_private = 127.0.0.0/8'
  by_trace() {
    call POST /jobs -k "$KEY" -d "{\"features\":[5.1,3.5,1.4,0.2],\"webhook_url\":\"http://127.0.0.1:$(cat "$R/port")/$1\"}" "${@:2}"
    assert_status 202
  }
  by_trace traced HTTP_TRACEPARENT="00-$TRACE-$PARENT-01" HTTP_TRACESTATE='congo=t61rcWkgMzE, rojo=1'
  [[ "$(header_of traceresponse)" =~ ^00-$TRACE-[0-9a-f]{16}-01$ ]]
  span=$(header_of traceresponse)
  by_trace plain
  cli work --drain >/dev/null 2>&1
  timeout 60 "$FORESTGATE" --home "$G/home" job tell
  jq -es --arg span "$span" 'map(select(.path == "/traced")) | length == 1 and
    (.[0].headers | .traceparent == $span and .tracestate == "congo=t61rcWkgMzE, rojo=1")' "$R/log"
  jq -es 'map(select(.path == "/plain")) | length == 1 and (.[0].headers | has("traceparent") or has("tracestate") | not)' "$R/log"
}

# ecs_holds FILE: each member of each line is a field of the Elastic Common Schema, of its type.
ecs_holds() {
  /usr/bin/python3 -I - "$1" <<'PY'
import ipaddress, json, re, sys
def keyword(value): assert isinstance(value, str) and len(value) <= 1024, value
def text(value): assert isinstance(value, str), value
def long(value): assert type(value) is int and 0 <= value < 2 ** 63, value
def ip(value): ipaddress.ip_address(value)
def date(value): assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z', value), value
def outcome(value): assert value in ('success', 'failure', 'unknown'), value
FIELDS = {'@timestamp': date, 'log.level': keyword, 'message': text, 'ecs.version': keyword, 'service.name': keyword,
          'event.dataset': keyword, 'event.duration': long, 'event.outcome': outcome, 'client.ip': ip, 'source.ip': ip,
          'http.request.method': keyword, 'http.request.id': keyword, 'url.path': text, 'http.response.status_code': long,
          'http.response.body.bytes': long, 'labels.key': keyword, 'trace.id': keyword, 'span.id': keyword,
          'process.name': keyword, 'process.pid': long}
for line in open(sys.argv[1], encoding='utf-8'):
    for name, value in json.loads(line).items():
        try:
            FIELDS[name](value)
        except Exception as error:
            sys.exit('%s: %r in %s' % (name, error, line[:300]))
PY
}

@test "log_format = ecs: an object a line by the Elastic Common Schema, and messages as well" {
  configure 'log_format = ecs' 'trace_begin = on'
  hostile
  lines_hold
  iconv -f UTF-8 -t UTF-8 "$LOG" >/dev/null
  jq -Re 'fromjson | type == "object" and (keys_unsorted[:4] == ["@timestamp", "log.level", "message", "ecs.version"]) and
    all(.["@timestamp"], .message, .["ecs.version"], .["service.name"], .["trace.id"], .["span.id"]; type == "string") and
    (.["event.duration"] | type == "number") and (.["http.response.status_code"] | . >= 200 and . < 600)' "$LOG" >/dev/null
  ecs_holds "$LOG"
  [ "$(jq -r '.["log.level"]' "$LOG" | sort -u | paste -sd,)" = info,warn ]
  head -n 40 "$LOG" | grep -F '"http.request.id":"first"' >"$BATS_TEST_TMPDIR/first"
  jq -e --arg mask "${KEY:0:7}..." '.["client.ip"] == "2001:db8::1" and .["source.ip"] == "2001:db8::1" and
    .["http.request.method"] == "POST" and .["url.path"] == "/predict" and .["http.response.status_code"] == 200 and
    .message == "POST /predict 200" and .["labels.key"] == $mask and (has("user_agent.original") | not) and
    .["event.outcome"] == "success" and .["http.response.body.bytes"] > 10' "$BATS_TEST_TMPDIR/first"
  # A trace that was begun here is told as one that came.
  call GET /health
  [[ "$(header_of traceresponse)" =~ ^00-([0-9a-f]{32})-([0-9a-f]{16})-02$ ]]
  log_line | jq -e --arg id "${BASH_REMATCH[1]}" --arg span "${BASH_REMATCH[2]}" '.["trace.id"] == $id and .["span.id"] == $span'
  # What the workers say on standard error is of the same form.
  : >"$G/out"
  rm "$G/home/counters"
  wait_for 100 grep -q 'replaced under a worker' "$G/out"
  grep 'replaced under a worker' "$G/out" >"$BATS_TEST_TMPDIR/messages"
  ecs_holds "$BATS_TEST_TMPDIR/messages"
  jq -e '.["log.level"] == "warn" and (.["process.pid"] | type == "number")' "$BATS_TEST_TMPDIR/messages" >/dev/null
}

@test "log_format = combined: Apache's format, which goaccess and fail2ban's expressions read" {
  configure 'log_format = combined'
  hostile
  lines_hold
  if grep -nvE '^[^ "]+ - [^ "]+ \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} \+0000\] "[^ "]+ [^ "]+ [^ "]+" [0-9]{3} ([0-9]+|-) "-" "[^"]*"$' "$LOG"; then
    fail 'not the fields of the format'
  fi
  grep -qF "2001:db8::1 - ${KEY:0:7}... [" "$LOG"
  grep -qE '"POST /predict HTTP/1.1" 200 [0-9]+ "-" "curl/7.88 \(x\)"$' "$LOG"
  # As fail2ban would look for guesses, with its <ADDR> written out.
  [ "$(grep -cP '^(?:[\da-fA-F:.]+) - \S+ \[[^]]+\] "[A-Z?]+ \S+ \S+" 401 ' "$LOG")" = 1 ]
  goaccess "$LOG" --log-format=COMBINED --no-global-config -o "$BATS_TEST_TMPDIR/report.json" \
    --invalid-requests="$BATS_TEST_TMPDIR/invalid" >"$BATS_TEST_TMPDIR/goaccess" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/goaccess")"
  # Those whose address is none are none to it either; all else is read.
  addressed=$(grep -cvE '^-' "$LOG")
  jq -e --argjson n "$addressed" '.general.valid_requests == $n' "$BATS_TEST_TMPDIR/report.json" ||
    fail "$addressed lines; $(jq -c .general "$BATS_TEST_TMPDIR/report.json")" "$(head -n 5 "$BATS_TEST_TMPDIR/invalid")"
}
