#!/usr/bin/env bats
# tests/api/sandbox.bats: real workers, runners and couriers are shut in, what could not be had
# is refused where it is required and said where it is not, and all of the work can be done
# inside.  What each of them can no longer do is tests/unit/test_sandbox.c's.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set or read by the libraries; dollars of jq
bats_require_minimum_version 1.5.0

load ../lib/api
load ../lib/admin
load ../lib/runner

setup_file() {
  gate_home
  admin_make_home
}
teardown_file() { gate_stop; }
teardown() { runners_end; }

# The administrator's key is enough here, and needs no login.
admin_make_home() {
  ROOT=$(cli key create --name root --tier test --scopes admin,read,predict,jobs 2>/dev/null)
  export ROOT
}

setup() {
  if sanitized; then skip 'a build with a sanitizer has no sandbox'; fi
}

# A member of /proc/PID/status.
status_of() { awk -v name="$2:" '$1 == name {print $2}' "/proc/$1/status"; }

# As on a kernel that has no Landlock, or no seccomp.
worker_without() {
  printf '#!/bin/sh\nexec %s %s %s "$@"\n' "$BUILD/without" "$1" "$BUILD/forestgate.fcgi" >"$G/worker"
  chmod 755 "$G/worker"
  WORKER=$G/worker
}

# What was said since.
said_since() { tail -n "+$(($1 + 1))" "$G/out"; }
lines() { wc -l <"$G/out"; }

assert_sandbox() { # JSON
  call GET /health/detailed -k "$ROOT"
  assert_status 200
  assert_json --argjson want "$1" '.sandbox | del(.landlock) == $want'
}

@test "where it is required and cannot be had nothing is served, and it is said why" {
  for kind in landlock seccomp; do
    worker_without $kind
    run -1 timeout 20 "$WORKER" --home "$G/home" --workers 1 --sandbox require <"/dev/null"
    [[ "$output" == *'sandbox = require: this kernel does not'* ]] || fail "$output"
    WORKER=$BUILD/forestgate.fcgi
    run -1 timeout 20 env FORESTGATE_SANDBOX=require "$BUILD/without" $kind "$FORESTGATE" --home "$G/home" work --drain
    [[ "$output" == *'sandbox = require'* ]] || fail "$output"
  done
  worker_without landlock
  printf 'sandbox = require\n' >>"$G/home/forestgate.conf"
  cgi GET /health
  sed -i '$d' "$G/home/forestgate.conf"
  assert_problem 503 unavailable
}

@test "without Landlock, without filters and off it serves, and says so in the log, to administrators and by doctor" {
  for kind in landlock seccomp off; do
    before=$(lines)
    case $kind in
    off) gate_start --workers 2 --sandbox off ;;
    *) worker_without $kind && gate_start --workers 2 ;;
    esac
    WORKER=$BUILD/forestgate.fcgi
    [ "$(said_since "$before" | grep -c 'the sandbox is not whole')" = 1 ] || fail "$kind: $(said_since "$before")"
    predict "$IRIS"
    assert_status 200
    case $kind in
    landlock)
      assert_sandbox '{"state":"partial","system_calls":true,"files":false}'
      report=$("$BUILD/without" landlock "$FORESTGATE" --home "$G/home" doctor --json) || :
      jq -e '.[] | select(.name == "sandbox") | .state == "warning" and (.detail | test("Landlock"))' <<<"$report" >/dev/null || fail "$report"
      ;;
    seccomp)
      assert_sandbox '{"state":"partial","system_calls":false,"files":true}'
      report=$("$BUILD/without" seccomp "$FORESTGATE" --home "$G/home" doctor --json) || :
      jq -e '.[] | select(.name == "sandbox") | .state == "warning" and (.detail | test("seccomp"))' <<<"$report" >/dev/null || fail "$report"
      ;;
    off)
      assert_sandbox '{"state":"off","system_calls":false,"files":false}'
      for pid in $(gate_pids); do [ "$(status_of "$pid" Seccomp)" = 0 ]; done
      ;;
    esac
    gate_stop
  done
}

# Who has this file open, of these processes.
who_has_left() { for pid; do find "/proc/$pid/fd" -lname "$G/left" -printf "$pid %p\n"; done; }

@test "what who started it has left open, a worker, a runner and a courier have not" {
  printf 'webhook_url = http://127.0.0.1:9/\n' >>"$G/home/forestgate.conf"
  exec 9>"$G/left"
  gate_start --workers 2
  runner_start --workers 1
  exec 9>&-
  wait_for 100 gate_has 2
  wait_for 100 runner_has 2
  sed -i '$d' "$G/home/forestgate.conf"
  # shellcheck disable=SC2046 # lists of process ids
  left=$(who_has_left "$MASTER" $(gate_pids) $(runner_pids))
  runner_stop
  gate_stop
  [ -z "$left" ] || fail "$left"
}

@test "each worker, runner and courier has no new privileges, a filter and its limits" {
  before=$(lines)
  gate_start --workers 2
  printf 'webhook_url = http://127.0.0.1:9/\n' >>"$G/home/forestgate.conf"
  runner_start --workers 1
  wait_for 100 runner_has 2
  sed -i '$d' "$G/home/forestgate.conf"
  for pid in $(gate_pids) $(runner_pids); do
    # It opens all that it needs first, and so is not shut in at once.
    wait_for 100 has_filter "$pid" || fail "$pid: $(grep -E 'Seccomp|NoNewPrivs' "/proc/$pid/status")"
    [ "$(status_of "$pid" NoNewPrivs)" = 1 ]
    awk '/Max core file size/ {exit !($5 == 0 && $6 == 0)}' "/proc/$pid/limits"
    # What is not dumpable is root's below /proc, so that its own user cannot read its memory.
    if [ "$(status_of "$pid" Uid)" != 0 ]; then [ "$(stat -c %U "/proc/$pid/mem")" = root ] || fail "$pid is dumpable"; fi
    awk '/Max open files/ {exit !($5 <= 1024)}' "/proc/$pid/limits"
  done
  for pid in $(gate_pids); do
    awk '/Max processes/ {exit !($3 == 0 && $4 == 0)}' "/proc/$pid/limits" || fail "$(cat "/proc/$pid/limits")"
  done
  runner_stop
  [ "$(said_since "$before" | grep -c sandbox)" = 0 ] || fail "$(said_since "$before")"
  assert_sandbox '{"state":"whole","system_calls":true,"files":true}'
  call GET /health/detailed -k "$KEY"
  assert_json 'has("sandbox") | not'
}

has_filter() { [ "$(status_of "$1" Seccomp)" = 2 ]; }

# ---- memory ----

# What the workers have of the secrets in $BATS_TEST_TMPDIR/secrets.
memory_look() {
  # shellcheck disable=SC2046 # a list of process ids
  /usr/bin/python3 -I -S "$TOP/tests/lib/memory.py" $(gate_pids) <"$BATS_TEST_TMPDIR/secrets" >"$BATS_TEST_TMPDIR/found"
}

memory_has() { ! memory_look && grep -q " $1 " "$BATS_TEST_TMPDIR/found"; }

# secret NAME TEXT: from the middle of it, which what comes into its place covers last.
secret() { printf '%s=%s\n' "$1" "${2:${#2}/2-12:24}" >>"$BATS_TEST_TMPDIR/secrets"; }

# Each answer has gone out before its worker is done with it.
assert_memory_is_clean() {
  wait_for 40 memory_look || fail "after $1 there is" "$(cat "$BATS_TEST_TMPDIR/found")"
}

@test "when a request is over no worker has in its memory what it had of keys, passwords and tokens" {
  am_root || skip 'only root may look into workers, which are not dumpable'
  local password='a bicycle for fifteen blue cats' other='another one that is not my password' token refresh made
  gate_stop
  printf %s "$password" | cli user create cat@example.org --models iris --tier test --password-stdin >/dev/null
  export -n KEY # which would be in each worker's environment
  gate_start --workers 2
  secret key "$KEY"
  secret password "$password"
  # While a request goes on they can be found, so that to find none is not for want of sight.
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  printf '{"username":"cat@example.org","password":"%s' "$password" >"$BATS_TEST_TMPDIR/half"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/login REMOTE_ADDR=127.0.0.1 CONTENT_LENGTH=100 \
      CONTENT_TYPE=application/json HTTP_X_API_KEY="$KEY"
    raw_record 5 "$BATS_TEST_TMPDIR/half"
  } >&8
  wait_for 100 memory_has key && wait_for 100 memory_has password || fail "$(cat "$BATS_TEST_TMPDIR/found")"
  exec 8>&-
  assert_memory_is_clean 'a client that hung up'
  for _ in 1 2 3 4; do predict "$IRIS" && assert_status 200; done
  assert_memory_is_clean 'a prediction'
  call POST /login -d "$(jq -nc --arg p "$password" '{username: "cat@example.org", password: $p}')"
  assert_status 200
  token=$(jq -r .token <<<"$body") refresh=$(jq -r .refresh_token <<<"$body")
  secret token "${token##*.}"
  secret refresh "${refresh: -43}" # a MAC, which may have a _ itself
  assert_memory_is_clean 'a login'
  call POST /login -d "$(jq -nc --arg p "$other" '{username: "cat@example.org", password: $p}')"
  assert_status 401
  secret wrong "$other"
  printf 'grant_type=refresh_token&refresh_token=%s' "$refresh" >"$BATS_TEST_TMPDIR/form"
  call POST /auth/token -f "$BATS_TEST_TMPDIR/form" CONTENT_TYPE=application/x-www-form-urlencoded
  assert_status 200
  assert_memory_is_clean 'a refresh'
  call POST /users/me/keys HTTP_AUTHORIZATION="Bearer $token" -d '{"name":"mine"}'
  assert_status 201
  made=$(jq -r .key <<<"$body")
  secret made "$made"
  assert_memory_is_clean 'the making of a key'
  call POST /predict HTTP_AUTHORIZATION="Bearer $token" -d "$IRIS"
  assert_status 200
  call GET /models -k "${made}x"
  assert_status 401
  # Longer than what libfcgi takes in at once, and than a buffer that is kept.
  printf '{"username":"%0200000d","password":"%s"}' 0 "$password" >"$BATS_TEST_TMPDIR/long"
  call POST /login -f "$BATS_TEST_TMPDIR/long" -k "$KEY"
  [ "$status" -ge 400 ]
  assert_memory_is_clean 'all that'
}

# hex FILE MASK: its bytes, each with this one XORed to it.
hex() {
  local byte
  for byte in $(od -An -v -tu1 "$1"); do printf '\\x%02x' $((byte ^ $2)); done
}

@test "the home's keys are in memory that is locked and in no core dump, and nowhere else" {
  am_root || skip 'only root may look into workers, which are not dumpable'
  local name
  jq -j '.keys[0].k + "="' "$G/home/secrets/seal.jwks" | basenc --base64url -d >"$BATS_TEST_TMPDIR/seal"
  for name in key token; do cp "$G/home/secrets/$name.secret" "$BATS_TEST_TMPDIR/$name"; done
  # As they are, and as HMAC has them (RFC 2104).
  for name in key token seal; do
    printf '%s=%s\n%s=%s\n%s=%s\n' "$name" "$(hex "$BATS_TEST_TMPDIR/$name" 0)" "$name-inner" \
      "$(hex "$BATS_TEST_TMPDIR/$name" 0x36)" "$name-outer" "$(hex "$BATS_TEST_TMPDIR/$name" 0x5c)"
  done >"$BATS_TEST_TMPDIR/secrets"
  call GET /health
  if memory_look; then fail 'none was found'; fi
  [ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/found" | sort -u | tr '\n' ' ')" = 'key-inner key-outer seal token token-inner token-outer ' ] ||
    fail "$(cat "$BATS_TEST_TMPDIR/found")"
  if grep -v ',dd,' "$BATS_TEST_TMPDIR/found"; then fail 'these could be dumped'; fi
  if grep -v ',lo,' "$BATS_TEST_TMPDIR/found"; then fail 'these could be written to a disk'; fi
}

@test "all of the work is done inside, by the same workers and with nothing refused" {
  pids=$(gate_pids)
  before=$(lines)
  for model in iris second; do # an image published, asked, and deleted
    call POST "/admin/models/$model/versions" -k "$ROOT" -f "$G/iris.fgm" CONTENT_TYPE=application/octet-stream
    assert_status 201
  done
  call POST /models/second/predict -k "$ROOT" -d "$IRIS"
  assert_status 200
  cmp "$G/iris.fgm" "$G/home/models/second/1.fgm"
  [ -z "$(find "$G/home/models/.incoming" -type f)" ]
  call DELETE /admin/models/iris/versions/1 -k "$ROOT"
  assert_status 204
  cli model keep iris --rate 100% >/dev/null # kept rows
  for _ in 1 2 3; do
    predict "$IRIS"
    assert_status 200
  done
  (echo sepal_length,sepal_width,petal_length,petal_width && yes 5.1,3.5,1.4,0.2 | head -20000) >"$G/rows.csv"
  call POST /predict -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv # a large body, and its spool
  assert_status 200
  [ "$(wc -l <"$body_file")" = 20001 ]
  call POST /jobs -k "$KEY" -d "$IRIS" # a job, worked off and fetched
  assert_status 202
  location=$(header_of location)
  cli work --drain --no-webhooks >>"$G/runner.out" 2>&1
  wait_for 100 job_done "$location" || fail "$body"
  mv "$G/home/logs/access.log" "$G/home/logs/access.log.1" # the log begun anew
  kill -HUP "$MASTER"
  wait_for 100 log_is_new
  cli init --new-token-secret >/dev/null 2>&1 || : # secrets replaced under it
  cp -p "$G/home/secrets/seal.jwks" "$G/seal"
  mv "$G/seal" "$G/home/secrets/seal.jwks"
  call GET /health/detailed -k "$ROOT"
  assert_json '.keys == {"sealing":true,"token":true} and .status == "healthy"'
  [ "$(gate_pids)" = "$pids" ] || fail "others: $(said_since "$before")"
  said=$(said_since "$before" | grep -F forestgate) || :
  [ -z "$said" ] || fail "$said"
}

job_done() {
  call GET "$1" -k "$KEY" && [[ "$body" == *'"completed"'* ]]
}

log_is_new() {
  call GET /health
  [ -s "$G/home/logs/access.log" ]
}

@test "plain CGI does it too, and leaves the database's log empty" {
  cgi POST /jobs -k "$KEY" -d "$IRIS"
  assert_status 202
  gate_stop
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_status 200
  for log in forestgate work; do
    [ ! -s "$G/home/$log.db-wal" ] || fail "$(ls -l "$G/home")"
  done
  gate_start --workers 2
}

@test "a worker whose file was replaced, which it may not write, makes room for one who may" {
  cli key list >/dev/null
  old=$(gate_pids)
  mv "$G/home/bulk" "$G/bulk"
  cp -p "$G/bulk" "$G/home/bulk"
  wait_for 200 all_others "$old" || fail "still $old: $(tail -n 3 "$G/out")"
  predict "$IRIS"
  assert_status 200
}

all_others() {
  local pid
  call GET /health/live
  for pid in $1; do if [ -e "/proc/$pid" ] && ! ended "$pid"; then return 1; fi; done
  gate_has 2
}

@test "a worker that the sandbox ended is told by that, and replaced" {
  before=$(lines)
  pid=$(gate_pids | head -n 1)
  kill -SYS "$pid"
  wait_for 100 replaced "$pid"
  said_since "$before" | grep -q "worker $pid was ended by its sandbox" || fail "$(said_since "$before")"
  predict "$IRIS"
  assert_status 200
}

replaced() { ended "$1" && gate_has 2; }
