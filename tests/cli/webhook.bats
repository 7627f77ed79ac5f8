#!/usr/bin/env bats
# tests/cli/webhook.bats: that a job has ended is told by a signed POST, until it was taken,
# and to nobody who must not be called.

# shellcheck disable=SC2030,SC2031,SC2154 # set by bats or by lib/api
bats_require_minimum_version 1.5.0
load ../lib/api

A=AAAAAAAAAAAA B=BBBBBBBBBBBB

# A home and a receiver for each test; webhooks of callers to it are allowed.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  R=$BATS_TEST_TMPDIR/receiver
  mkdir "$G" "$R"
  cli init >/dev/null
  receiver_start "$R"
  settings webhook_callers=on webhook_private=127.0.0.0/8
}

teardown() {
  for pid in ${RECEIVER_PIDS:-} ${COURIER:-}; do
    kill -9 "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
}

# receiver_start DIRECTORY [CERTIFICATE KEY]: sets RP to its port.
receiver_start() {
  "$TOP/tests/lib/receiver.py" "$@" 3>&- &
  RECEIVER_PIDS="${RECEIVER_PIDS:-} $!"
  wait_for 100 test -e "$1/port"
  RP=$(cat "$1/port")
}

# settings NAME=VALUE...: the whole file.
settings() {
  local setting
  for setting; do echo "${setting%%=*} = ${setting#*=}"; done >"$G/home/forestgate.conf"
}

work() { sqlite3 -cmd '.timeout 20000' "$G/home/work.db" "$@"; }

uuid_of() { printf '0190a1b2-c3d4-7e5f-8a9b-%012d' "$1"; }

# job_new N ACCOUNT URL: a job that waits.
job_new() {
  work "INSERT INTO job (id, uuid, account, key, request_id, model, kind, result_kind, url, body_bytes, body_in_file,
      created_us, rows) VALUES ($1, '$(uuid_of "$1")', '$2', '$2', 'request', 'iris', 0, 0, NULLIF('$3', ''), 2, 0,
      strftime('%s') * 1000000, 1)"
}

# job_end N [STATUS]: as job_row_end() does it.
job_end() {
  work "UPDATE job SET status = ${2:-2}, version = 3, label = 'setosa', score = 0.25, code = 200,
      ended_us = strftime('%s') * 1000000 + 500000 WHERE id = $1"
}

# ended N ACCOUNT PATH: a job that has ended and is to be told to this receiver.
ended_job() {
  job_new "$1" "$2" "http://127.0.0.1:$RP/$3"
  job_end "$1"
}

tell() { timeout 60 "$FORESTGATE" --home "$G/home" job tell; }

# What waits is due now.
due() { work 'UPDATE hook SET due_ns = 0'; }

# The rows: "1 told 1 200", "2 waiting 1 500 it answered 500".
rows() {
  work -separator ' ' "SELECT job, CASE state WHEN 0 THEN 'waiting' WHEN 1 THEN 'under way' WHEN 2 THEN 'told' ELSE
    'given up' END, attempts, coalesce(answer, '-'), coalesce(problem, '') FROM hook ORDER BY id" | sed 's/ *$//'
}

assert_rows() { [ "$(rows)" = "$1" ] || fail "expected: $1" "there is: $(rows)"; }

# How many POSTs came to a path.
came() { jq -r .path "$R/log" 2>/dev/null | grep -cxF -- "/$1" || :; }

assert_came() { [ "$(came "$1")" = "$2" ] || fail "/$1 came $(came "$1") times, not $2"; }

# verified SECRET...: checks each line of the log against one of these, in order of its
# signatures, by the specification and nothing of ours; prints the types.
verified() {
  /usr/bin/python3 - "$R/log" "$@" <<'END'
import base64, hashlib, hmac, json, sys, time
secrets = [base64.b64decode(s.removeprefix("whsec_"), validate=True) for s in sys.argv[2:]]
for line in open(sys.argv[1]):
    got = json.loads(line)
    head = got["headers"]
    assert abs(int(head["webhook-timestamp"]) - time.time()) < 300, head
    assert head["content-type"] == "application/json", head
    assert "." not in head["webhook-id"]
    signed = ".".join([head["webhook-id"], head["webhook-timestamp"], got["body"]]).encode()
    want = ["v1," + base64.b64encode(hmac.new(s, signed, hashlib.sha256).digest()).decode() for s in secrets]
    assert head["webhook-signature"].split(" ") == want, (head, want)
    print(json.loads(got["body"])["type"])
END
}

# ---- where to ----

@test "an address that is not public is not called, whatever leads there, and is said in a word" {
  settings webhook_callers=on
  n=0
  for host in 127.0.0.1 127.9.9.9 localhost '[::1]' '[::ffff:127.0.0.1]' 0.0.0.0 '[::]' 10.0.0.1 169.254.169.254 \
    '[fe80::1]' '[64:ff9b::7f00:1]' '[2002:7f00:1::]' 192.168.0.1 100.64.0.1 224.0.0.1 255.255.255.255; do
    n=$((n + 1))
    job_new $n $A "http://$host:$RP/ok"
    job_end $n
  done
  for _ in {1..10}; do tell; done
  [ ! -e "$R/log" ] || fail "it was called: $(cat "$R/log")"
  # What a name leads to may change, and is tried again; what is written is not.
  [ "$(work "SELECT count(*) FROM hook WHERE state = 3 AND problem LIKE 'its address is not public but %'")" = $((n - 1)) ]
  [ "$(work "SELECT state || attempts || problem FROM hook WHERE url LIKE '%localhost%'")" = \
    '01its address is not public but loopback (webhook_private)' ]
}

@test "a name that leads to an address of webhook_private is called" {
  job_new 1 $A "http://localhost:$RP/ok"
  job_end 1
  tell
  assert_rows '1 told 1 200'
  assert_came ok 1
}

@test "what is allowed is what is listed, and no neighbour of it" {
  settings webhook_callers=on webhook_private=127.0.0.2
  job_new 1 $A "http://127.0.0.1:$RP/ok" && job_end 1
  job_new 2 $A "http://127.0.0.2:$RP/ok" && job_end 2
  tell
  assert_rows '1 given up 1 - its address is not public but loopback
2 told 1 200'
}

@test "a port of another service, a name and password, another scheme: given up without a call" {
  n=0
  for url in http://127.0.0.1:22/ http://127.0.0.1:25/ "http://u:p@127.0.0.1:$RP/ok" ftp://127.0.0.1/ file:///etc/passwd \
    "gopher://127.0.0.1:$RP/ok" "http://0x7f.1:$RP/ok" "http://2130706433:$RP/ok"; do
    n=$((n + 1))
    job_new $n $A "$url" && job_end $n
  done
  for _ in {1..4}; do tell; done
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 3 AND answer IS NULL')" = $n ] || fail "$(rows)"
  [ ! -e "$R/log" ]
}

@test "a redirect is a failure, and is not followed" {
  ended_job 1 $A moved
  tell
  assert_rows '1 waiting 1 302 it answered 302'
  assert_came moved 1
  assert_came ok/moved 0
}

@test "a proxy of the environment is not asked" {
  ended_job 1 $A ok
  http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 no_proxy='' tell
  assert_rows '1 told 1 200'
}

@test "a certificate that nobody vouches for is a failure, and nothing was said before" {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$R/key" -out "$R/certificate" -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
  mkdir "$R/tls"
  receiver_start "$R/tls" "$R/certificate" "$R/key"
  job_new 1 $A "https://localhost:$RP/ok" && job_end 1
  tell
  [ "$(work 'SELECT state || attempts || (problem LIKE "%certificate%") FROM hook')" = 011 ] || fail "$(rows)"
  [ ! -e "$R/tls/log" ]
}

@test "where callers may name none, theirs is dropped; where the operator has none, so is that" {
  settings webhook_url="http://127.0.0.1:$RP/ok/all" webhook_private=127.0.0.1
  tell
  ended_job 1 $A ok
  settings
  tell
  assert_rows '1 given up 1 - there is no webhook_url
1 given up 1 - webhook_callers is off'
  [ ! -e "$R/log" ]
  ended_job 2 $A '' # the operator is not told of what comes from now on
  [ "$(work 'SELECT count(*) FROM hook WHERE job = 2')" = 1 ]
}

@test "a setting that is no URL stops the start and says what is allowed" {
  for url in ftp://example.org/ example.org http://user@example.org/ 'http://example.org/#x' http://127.1/; do
    settings webhook_url="$url"
    run --separate-stderr cli job tell
    [ "$status" = 1 ] || fail "$url: $status"
    [[ "$stderr" =~ webhook_url.*allowed:.*https://example.org ]] || fail "$url: $stderr"
  done
}

# ---- what is said ----

@test "a message is signed as Standard Webhooks has it, and has no result in it" {
  ended_job 1 $A ok
  ended_job 2 $A ok
  work "UPDATE job SET reason = 'x' WHERE id = 2"
  job_new 3 $A "http://127.0.0.1:$RP/odd" && job_end 3 3
  job_new 4 $A "http://127.0.0.1:$RP/ok" && job_end 4 4
  tell
  [ "$(verified "$(work_secret $A)" | sort | tr '\n' ' ')" = \
    'job.cancelled job.completed job.completed job.failed ' ]
  jq -se 'all(.headers["user-agent"] | startswith("Forestgate/")) and (map(.headers["webhook-id"]) | unique | length) == 4' "$R/log"
  jq -se 'map(select(.path == "/ok").body | fromjson) | .[0] | (.timestamp == .data.ended_at) and (.timestamp | test("^20[0-9-]{8}T[0-9:]{8}.500Z$")) and
    (.data | keys) == (["code","created_at","ended_at","job_uuid","model","reason","result_label","result_score","rows",
      "status","version"]) and .data.result_label == "setosa" and .data.result_score == 0.25 and .data.version == 3' "$R/log"
}

# The secret of an account, which is no user's or key's of this home: by its definition.
work_secret() {
  /usr/bin/python3 -c 'import base64, hashlib, hmac, sys
root = open(sys.argv[1], "rb").read()
print("whsec_" + base64.b64encode(hmac.new(root, b"webhook " + sys.argv[2].encode(), hashlib.sha256).digest()).decode())' \
    "$G/home/secrets/webhook.secret" "$1"
}

@test "the operator is told of every job, with its account, under a secret of the operator's" {
  settings webhook_url="http://127.0.0.1:$RP/ok/all" webhook_private=127.0.0.1 webhook_callers=on
  tell
  job_new 1 $A '' && job_end 1
  ended_job 2 $B odd
  tell
  assert_rows '1 told 1 200
2 told 1 200
2 told 1 204'
  jq -se 'map(select(.path == "/ok/all").body | fromjson | .data.account) == ["'$A'","'$B'"]' "$R/log"
  grep -F '"/ok/all"' "$R/log" >"$R/all" && mv "$R/all" "$R/log"
  verified "$(cli job secret)"
}

@test "each account has a secret of its own, a user's keys the user's" {
  printf 'korrekt pferd batterie' | cli user create ann@example.org --password-stdin >/dev/null
  id=$(cli user show ann@example.org --json | jq -r .id)
  key=$(cli key create --name hers --user ann@example.org 2>/dev/null)
  other=$(cli key create --name nobodys 2>/dev/null)
  hers=$(cli job secret --user ann@example.org)
  [ "$hers" = "$(cli job secret --user "$id")" ]
  [ "$hers" = "$(cli job secret --key "$(cut -d_ -f2 <<<"$key")")" ]
  [ "$hers" = "$(work_secret "$id")" ]
  [ "$(cli job secret --json --user "$id" | jq -r .secret)" = "$hers" ]
  nobodys=$(cli job secret --key "$other")
  operators=$(cli job secret)
  [ "$(printf '%s\n' "$hers" "$nobodys" "$operators" | sort -u | grep -cE '^whsec_[A-Za-z0-9+/]{43}=$')" = 3 ]
  run cli job secret --user nobody@example.org
  [ "$status" = 1 ]
  run cli job secret --key AAAAAAAAAAAA
  [ "$status" = 1 ]
  run cli job secret --key AAAAAAAAAAAA --user "$id"
  [ "$status" = 2 ]
}

@test "a caller is told the secret of the own account, with the scope for it, and to no cache" {
  printf 'korrekt pferd batterie' | cli user create ann@example.org --password-stdin >/dev/null
  hers=$(cli key create --name hers --user ann@example.org 2>/dev/null)
  cgi GET /jobs/webhook-secret -k "$hers"
  [ "$status" = 200 ]
  [ "$(jq -r .secret <<<"$body")" = "$(cli job secret --user ann@example.org)" ]
  grep -qi '^cache-control: no-store' "$header"
  other=$(cli key create --name nobodys 2>/dev/null)
  cgi GET /jobs/webhook-secret -k "$other"
  [ "$(jq -r .secret <<<"$body")" = "$(cli job secret --key "$other")" ]
  narrow=$(cli key create --name narrow --scopes predict,read 2>/dev/null)
  cgi GET /jobs/webhook-secret -k "$narrow"
  [ "$status" = 403 ]
  cgi GET /jobs/webhook-secret
  [ "$status" = 401 ]
}

@test "after a rotation both secrets sign for a day, and then the new one alone" {
  before=$(work_secret $A)
  cli init --rotate webhook | grep -q 'new webhook secrets'
  after=$(work_secret $A)
  [ "$before" != "$after" ]
  [ "$(stat -c %a "$G/home/secrets/webhook.before" "$G/home/secrets/webhook.secret" | sort -u)" = 600 ]
  ended_job 1 $A ok
  tell
  verified "$after" "$before"
  rm "$R/log"
  touch -d '25 hours ago' "$G/home/secrets/webhook.before"
  ended_job 2 $A ok
  tell
  verified "$after"
  [ "$(cli audit list --json | jq -r '.[0].action + .[0].target')" = secret.rotatesecret:webhook ]
}

# ---- until it was taken ----

@test "what was not taken is told again, later, in the same words under the same id" {
  ended_job 1 $A flaky
  tell
  assert_rows '1 waiting 1 500 it answered 500'
  tell # it is not due yet
  assert_came flaky 1
  due
  tell
  assert_rows '1 told 2 200'
  tell
  assert_came flaky 2
  jq -se '(map(.body) | unique | length) == 1 and (map(.headers["webhook-id"]) | unique | length) == 1' "$R/log"
  verified "$(work_secret $A)"
}

@test "each further attempt waits longer, and after the eighth nobody tries any more" {
  before=0
  job_new 1 $A "http://127.0.0.1:$RP/busy?token=confidential" && job_end 1
  for attempt in 1 2 3 4 5 6 7; do
    now=$(/usr/bin/python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_BOOTTIME))')
    tell 2>>"$R/messages"
    assert_rows "1 waiting $attempt 500 it answered 500"
    wait=$(($(work 'SELECT due_ns FROM hook') - now))
    [ "$wait" -gt "$((before * 2))" ] || fail "attempt $attempt: $wait after $before"
    before=$wait
    due
  done
  [ "$before" -ge 86400000000000 ]
  [ ! -s "$R/messages" ] || fail "$(cat "$R/messages")"
  tell 2>"$R/messages"
  assert_rows '1 given up 8 500 it answered 500'
  grep -qE "webhook of job $(uuid_of 1) to 127.0.0.1: given up after 8 attempts: it answered 500$" "$R/messages"
  if grep -rqE 'confidential|setosa|whsec|v1,' "$R/messages"; then fail "$(cat "$R/messages")"; fi
  due
  tell
  [ "$(wc -l <"$R/log")" = 8 ]
}

@test "410 ends it at once" {
  ended_job 1 $A gone
  tell 2>"$R/messages"
  assert_rows '1 given up 1 410 it answered 410'
  grep -q 'given up after 1 attempt: it answered 410' "$R/messages"
}

@test "nobody there, a connection that is cut, an answer without end: a failure, a failure, an answer" {
  job_new 1 $A http://127.0.0.1:1025/ok && job_end 1
  ended_job 2 $B cut
  ended_job 3 CCCCCCCCCCCC endless
  tell
  [ "$(work "SELECT group_concat(state || attempts || (problem IS NULL), ' ') FROM hook WHERE job < 3")" = '010 010' ] || fail "$(rows)"
  [ "$(rows | tail -n 1)" = '3 told 1 200' ]
}

@test "the machine was started anew, or the clock of the delays: nothing waits for ever" {
  ended_job 1 $A ok
  work 'UPDATE hook SET due_ns = 9000000000000000000'
  tell
  assert_rows '1 told 1 200'
}

@test "what is told of a job goes with it, and what is not told yet outlasts it" {
  ended_job 1 $A ok
  ended_job 2 $A flaky
  tell
  work 'DELETE FROM job'
  [ "$(rows)" = '2 waiting 1 500 it answered 500' ]
  due
  tell
  [ -z "$(rows)" ]
  assert_came flaky 2
}

# ---- one for another ----

@test "receivers that hang hold up nobody but themselves" {
  # One account's hang, at one host; another's go to another.
  for n in {1..40}; do job_new "$n" $A "http://127.0.0.1:$RP/hang" && job_end "$n"; done
  for n in {41..60}; do job_new "$n" $B "http://127.0.0.2:$RP/ok" && job_end "$n"; done
  "$FORESTGATE" --home "$G/home" job tell --stay 2>>"$R/messages" 3>&- &
  COURIER=$!
  wait_for 400 told 20
  [ "$(work "SELECT count(*) FROM hook WHERE account = '$A' AND state >= 2")" = 0 ] || fail "$(rows)"
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 1')" -le 2 ] # of one host
  # Nor is whoever ends a job held up by the courier.
  job_new 61 $A '' && job_end 61
  kill -TERM $COURIER
}

told() { [ "$(work 'SELECT count(*) FROM hook WHERE state = 2')" -ge "$1" ]; }

@test "a hundred thousand that wait, and of another that are due, hold up nobody" {
  work "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO hook (job, uuid, account, model, status, rows, created_us, ended_us, url, turn, due_ns)
    SELECT i, printf('0190a1b2-c3d4-7e5f-8a9b-%012d', i), '$A', 'iris', 2, 1, 1, 1, 'http://127.0.0.1:$RP/hang', '$A',
      CASE WHEN i % 2 THEN 0 ELSE 9000000000000000 + i END FROM n"
  work "INSERT INTO job (id, uuid, account, key, request_id, model, kind, result_kind, url, body_bytes, body_in_file,
    created_us, rows) VALUES (400000, '$(uuid_of 400000)', '$B', '$B', 'r', 'iris', 0, 0, 'http://127.0.0.2:$RP/ok', 2, 0, 1, 1)"
  job_end 400000
  "$FORESTGATE" --home "$G/home" job tell --stay 2>>"$R/messages" 3>&- &
  COURIER=$!
  wait_for 1200 told 1 # the disk may be slow: what is due too late for any delay is mended first
  assert_came ok 1
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 1')" -le 2 ]
}

@test "one courier at a time: a second one leaves it to the first" {
  ended_job 1 $A slow
  "$FORESTGATE" --home "$G/home" job tell --stay 2>>"$R/messages" 3>&- &
  COURIER=$!
  wait_for 400 came_some slow # it is the first, then
  for n in {2..5}; do
    ended_job "$n" $B ok
    tell
  done
  wait_for 400 told 5
  kill -TERM $COURIER
  wait $COURIER
  for path in slow ok; do jq -r 'select(.path == "/'$path'").headers["webhook-id"]' "$R/log" | sort | uniq -d; done | (! grep .)
}

@test "SIGTERM: what is under way is waited for, and nothing is begun" {
  for n in {1..9}; do ended_job "$n" $A slow; done
  "$FORESTGATE" --home "$G/home" job tell --stay 2>>"$R/messages" 3>&- &
  COURIER=$!
  wait_for 400 came_some slow
  kill -TERM $COURIER
  wait $COURIER
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 1')" = 0 ]
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 2')" = "$(came slow)" ]
  [ "$(came slow)" -lt 9 ]
}

came_some() { [ "$(came "$1")" -gt 0 ]; }

@test "kill -9 of the courier: each end is told at least once, and none is lost" {
  for n in {1..60}; do
    job_new "$n" "$(printf '%012d' $((n % 6)))" "http://127.0.0.$((n % 6 + 1)):$RP/slow" && job_end "$n"
  done
  for _ in {1..15}; do
    "$FORESTGATE" --home "$G/home" job tell --stay 2>>"$R/messages" 3>&- &
    COURIER=$!
    sleep "0.$((RANDOM % 9))"
    kill -9 $COURIER
    wait $COURIER || :
    work 'UPDATE hook SET due_ns = 0'
  done
  for _ in {1..20}; do
    if told 60; then break; fi
    due
    tell
  done
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 2')" = 60 ] || fail "$(rows)"
  [ "$(jq -r '.headers["webhook-id"]' "$R/log" | sort -u | wc -l)" = 60 ]
}

@test "what killed the courier again and again is not tried for ever" {
  ended_job 1 $A ok
  work 'UPDATE hook SET attempts = 16'
  tell
  assert_rows '1 given up 17 - the courier died of it too often'
}

# ---- beside the runners ----

# work_start: the runner and the courier.
work_start() {
  "$FORESTGATE" --home "$G/home" work 2>>"$R/messages" 3>&- &
  COURIER=$!
}

# job_wait N ACCOUNT URL: a prediction that waits for a runner.
job_wait() {
  job_new "$@"
  work "UPDATE job SET body = CAST('$IRIS' AS BLOB), body_bytes = ${#IRIS} WHERE id = $1"
}

iris() {
  train_iris "$G/iris.fgm"
  cli model publish iris "$G/iris.fgm" >/dev/null
}

completed() { [ "$(work 'SELECT count(*) FROM job WHERE status = 2')" = "$1" ]; }

@test "forestgate work tells what it works off, and a receiver that hangs holds up no job" {
  iris
  settings webhook_url="http://127.0.0.2:$RP/ok/all" webhook_callers=on webhook_private=127.0.0.0/8
  for n in {1..30}; do job_wait "$n" $A "http://127.0.0.1:$RP/hang"; done
  work_start
  wait_for 400 completed 30
  wait_for 400 told 30
  [ "$(came ok/all)" = 30 ]
  [ "$(work "SELECT count(*) FROM hook WHERE url IS NOT NULL AND state >= 2")" = 0 ]
  kill -TERM $COURIER
  wait $COURIER
  [ "$(jq -s 'map(select(.path == "/ok/all").body | fromjson | .data.result_label) | unique' "$R/log" | jq -r .[0])" = setosa ]
}

@test "forestgate work --drain tells what it has worked off before it ends" {
  iris
  for n in {1..5}; do job_wait "$n" $A "http://127.0.0.1:$RP/ok"; done
  ended_job 6 $A busy # which is not waited for
  timeout 60 "$FORESTGATE" --home "$G/home" work --drain
  completed 6
  [ "$(rows | grep -c 'told 1 200')" = 5 ]
  [ "$(work 'SELECT state FROM hook WHERE job = 6')" = 0 ]
}

@test "a courier that dies is replaced, and its runners go on" {
  iris
  for n in {1..12}; do job_wait "$n" "$(printf '%012d' "$n")" "http://127.0.0.$n:$RP/slow"; done
  work_start
  for _ in 1 2 3; do
    wait_for 400 courier_found
    kill -9 "$(courier_found)"
    work 'UPDATE hook SET due_ns = 0'
  done
  wait_for 400 completed 12
  for _ in {1..100}; do
    due
    if told 12; then break; fi
    sleep 0.3
  done
  [ "$(work 'SELECT count(*) FROM hook WHERE state = 2')" = 12 ] || fail "$(rows)"
  [ "$(jq -r '.headers["webhook-id"]' "$R/log" | sort -u | wc -l)" = 12 ]
  grep -q 'was ended by signal 9' "$R/messages"
  kill -TERM $COURIER
  wait $COURIER
}

# Which child of forestgate work holds the lock.
courier_found() {
  local pid
  for pid in $(pgrep -P $COURIER); do
    if readlink /proc/"$pid"/fd/* | grep -q '/courier$'; then echo "$pid" && return; fi
  done
  return 1
}

@test "without settings for it there is no courier" {
  iris
  settings
  job_wait 1 $A "http://127.0.0.1:$RP/ok"
  work_start
  wait_for 400 completed 1
  [ "$(pgrep -cP $COURIER)" = 1 ]
  kill -TERM $COURIER
  [ ! -e "$R/log" ]
}

@test "job show tells what became of it, without what is secret in a URL" {
  job_new 1 $A "http://127.0.0.1:$RP/busy?token=confidential" && job_end 1
  tell
  cli job show "$(uuid_of 1)" >"$R/shown"
  grep -qE '^webhook +127\.0\.0\.1, waiting, 1 attempt, it answered 500$' "$R/shown" || fail "$(cat "$R/shown")"
  cli job show "$(uuid_of 1)" --json >>"$R/shown"
  tail -n 1 "$R/shown" | jq -e '.webhooks == [{"host":"127.0.0.1","state":"waiting","attempts":1,"told_at":null,"answer":500,
    "problem":"it answered 500"}]'
  if grep -q confidential "$R/shown"; then fail "$(cat "$R/shown")"; fi
}

# ---- who is not told ----

@test "an end that was taken back with its transaction is not told" {
  job_new 1 $A "http://127.0.0.1:$RP/ok"
  work 'BEGIN; UPDATE job SET status = 2, ended_us = 1 WHERE id = 1; ROLLBACK'
  tell
  [ -z "$(rows)" ]
  work 'UPDATE job SET status = 1 WHERE id = 1; UPDATE job SET rows = 2 WHERE id = 1'
  [ -z "$(rows)" ]
}

@test "a home without its webhook secret says what completes it" {
  rm "$G/home/secrets/webhook.secret"
  run cli job secret
  [ "$status" = 1 ]
  cli init >/dev/null
  cli job secret >/dev/null
}
