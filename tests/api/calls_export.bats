#!/usr/bin/env bats
# tests/api/calls_export.bats: the calls that fit as CSV, however many, and what they come to.

# shellcheck disable=SC2030,SC2031,SC2154 # set by bats or by lib/api
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/admin

HEAD_LINE=request_id,started_at,duration_us,key,user,model,version,route,rows,charged,status,address,over

setup_file() {
  gate_home
  printf 'call_retention = off\n' >>"$G/home/forestgate.conf" # calls of long ago are made up below
  gate_start --workers 2
  admin_make
  A=$(cli key create --name a --tier test 2>/dev/null) B=$(cli key create --name b --user "$USER_ID" 2>/dev/null)
  C=$(cli key create --name c --user "$ADMIN_ID" 2>/dev/null)
  export A B C A_ID=${A:3:12} B_ID=${B:3:12}
  export BATS_TEST_TMPDIR=$G
  for n in 1 2 3; do by "$A" POST /predict "$IRIS" HTTP_X_REQUEST_ID="a$n"; done
  by "$A" POST /predict '{"features":[1]}' HTTP_X_REQUEST_ID=-bad
  for n in 1 2; do by "$B" POST /predict "$IRIS" HTTP_X_REQUEST_ID="b$n"; done
  by "$USER" POST /predict '{"instances":[[1,2,3,4],[4,3,2,1]]}' HTTP_X_REQUEST_ID=t1
  by "$USER" POST /predict '{}' HTTP_X_REQUEST_ID=-t2
  by "$C" POST /predict "$IRIS" HTTP_X_REQUEST_ID=c1
}
teardown_file() { gate_stop; }

header_of() { grep -i "^$1:" "$header" | sed 's/^[^:]*: *//; s/\r$//'; }

# same_as ARGUMENT...: the answer is what forestgate call list --csv prints.
same_as() {
  case "$*" in *--limit*) ;; *) set -- --limit 0 "$@" ;; esac
  cli call list --csv "$@" >"$BATS_TEST_TMPDIR/cli.csv"
  diff "$BATS_TEST_TMPDIR/cli.csv" "$body_file" || fail "it is not call list --csv $*"
}

ids() { tail -n +2 "$body_file" | cut -d, -f1 | paste -sd ' '; }

# ---- refusals ----

@test "an export asks for what the list asks for, and its query is checked" {
  assert_refused_to_others GET '/admin/calls?format=csv'
  by '' GET '/users/me/calls?format=csv'
  assert_problem 401 unauthorized
  by "$A" GET '/users/me/calls?format=csv' # nobody's key
  assert_problem 403 forbidden
  for query in format=xml format= format=csv,json format=CSV 'format=csv&format=json' 'format=csv&limit=0' 'format=csv&status=abc' \
    'format=csv&since=yesterday' 'format=csv&user=x&nonsense=1'; do
    admin GET "/admin/calls?$query"
    assert_status 422 || assert_status 400
    if grep -qi '^content-disposition' "$header"; then fail "$query: $headers"; fi
  done
  by "$USER" GET '/users/me/calls?format=csv&user=someone'
  assert_status 422
}

@test "a user exports the own calls, and no filter shows another's" {
  by "$USER" GET '/users/me/calls?format=csv'
  assert_status 200
  [ "$(ids)" = "\"'-t2\" t1 b2 b1" ] || fail "$(cat "$body_file")"
  same_as --user "$USER_ID"
  for query in "key=$A_ID" "key=$ADMIN_ID" model=none; do
    by "$USER" GET "/users/me/calls?format=csv&$query"
    assert_status 200
    [ "$(cat "$body_file")" = "$HEAD_LINE" ] || fail "$query: $(cat "$body_file")"
  done
}

@test "as many exports at once as files of rows, so that workers are left" {
  # All of those slots are held by somebody.
  /usr/bin/python3 -c 'import fcntl, os, sys, time
f = open(sys.argv[1], "r+b" if os.path.exists(sys.argv[1]) else "w+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(60)' "$G/home/bulk" "$BATS_TEST_TMPDIR/held" 3>&- &
  local holder=$!
  wait_for 100 test -e "$BATS_TEST_TMPDIR/held"
  admin GET '/admin/calls?format=csv'
  kill $holder
  assert_problem 503 unavailable
  [ -n "$(header_of retry-after)" ]
  if grep -qi '^content-disposition' "$header"; then fail "$headers"; fi
}

# ---- what it is ----

@test "an export is what the CLI prints, by the query or by Accept, as a file" {
  for how in '?format=csv' ''; do
    admin GET "/admin/calls$how" HTTP_ACCEPT='text/csv;q=0.9, application/json;q=0.5'
    assert_status 200
    [ "$(header_of content-type)" = 'text/csv; charset=utf-8' ]
    [[ "$(header_of content-disposition)" =~ ^attachment\;\ filename=\"calls-20[0-9]{2}-[0-9]{2}-[0-9]{2}\.csv\"$ ]]
    [ "$(header_of content-length)" = "$(stat -c %s "$body_file")" ]
    [ "$(header_of cache-control)" = no-store ]
    [ "$(head -n 1 "$body_file")" = "$HEAD_LINE" ]
    same_as
  done
  admin GET '/admin/calls?format=csv' HTTP_ACCEPT=application/json
  same_as
}

@test "who does not ask for CSV is answered JSON" {
  for accept in '*/*' 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' 'application/json, text/csv' \
    'text/csv;q=0' 'text/csv;q=0.1, */*;q=0.5'; do
    admin GET /admin/calls HTTP_ACCEPT="$accept"
    assert_status 200
    [ "$(header_of content-type)" = application/json ] || fail "$accept: $headers"
  done
  admin GET '/admin/calls?format=json' HTTP_ACCEPT=text/csv
  [ "$(header_of content-type)" = application/json ]
}

@test "every filter of the list is one of the export" {
  admin GET "/admin/calls?format=csv&key=$A_ID"
  same_as --key "$A_ID"
  admin GET "/admin/calls?format=csv&user=$USER_ID&status=4xx"
  same_as --user "$USER_ID" --status 4xx
  [ "$(ids)" = "\"'-t2\"" ]
  admin GET '/admin/calls?format=csv&model=iris&status=200'
  same_as --model iris --status 200
  admin GET '/admin/calls?format=csv&request_id=t1'
  same_as --request-id t1
  [ "$(ids)" = t1 ]
  admin GET '/admin/calls?format=csv&since=2020-01-01&until=2020-02-01'
  [ "$(cat "$body_file")" = "$HEAD_LINE" ]
  admin GET '/admin/calls?format=csv&limit=3'
  same_as --limit 3
  # Behind a page of the list.
  admin GET '/admin/calls?limit=3'
  admin GET "/admin/calls?format=csv&before=$(jq .next "$body_file")"
  [ "$(wc -l <"$body_file")" = 7 ]
}

@test "HEAD has the head of it and no body" {
  admin GET '/admin/calls?format=csv'
  length=$(header_of content-length)
  admin HEAD '/admin/calls?format=csv'
  assert_status 200
  [ "$(header_of content-length)" = "$length" ]
  [ -n "$(header_of content-disposition)" ]
  [ ! -s "$body_file" ]
}

@test "what a spreadsheet would take for a formula is a text" {
  by "$A" POST /predict "$IRIS" HTTP_X_REQUEST_ID=-2-3
  database "INSERT INTO call SELECT max(seq) - 100000, '=1+1', 1000000, 1, '@a', '+b', 'x,\"y', 1, 'predict', 1, 1, 200, NULL,
    char(9) || 'c' FROM call"
  admin GET '/admin/calls?format=csv'
  grep -qxE "\"'-2-3\",.*" "$body_file"
  tail -n 1 "$body_file" | grep -qxF "\"'=1+1\",1970-01-01T00:00:01.000000Z,1,\"'@a\",\"'+b\",\"x,\"\"y\",1,predict,1,1,200,,\"'$(printf '\t')c\""
  same_as
  database "DELETE FROM call WHERE request_id = '=1+1'"
}

@test "a user is not told which limits are only tried" {
  database "UPDATE call SET over = 'day' WHERE request_id = 'b1'"
  by "$USER" GET '/users/me/calls?format=csv'
  grep -qE '^b1,.*,$' "$body_file"
  admin GET '/admin/calls?format=csv'
  grep -qE '^b1,.*,day$' "$body_file"
  database "UPDATE call SET over = NULL WHERE request_id = 'b1'"
}

# ---- totals ----

@test "totals are of all that fits, on whatever page" {
  admin GET '/admin/calls?limit=1&model=iris'
  all=$(jq -c .totals "$body_file")
  admin GET "/admin/calls?limit=1&model=iris&before=$(jq .next "$body_file")"
  [ "$(jq -c .totals "$body_file")" = "$all" ]
  admin GET "/admin/calls?user=$USER_ID"
  assert_json '(.totals | del(.mean_ms)) == {"calls":4,"rows":4,"charged":3,"failed":1} and (.totals.mean_ms > 0)'
  by "$USER" GET '/users/me/calls?limit=1'
  assert_json '(.totals | del(.mean_ms)) == {"calls":4,"rows":4,"charged":3,"failed":1}'
}

@test "totals are of the status, the id, the key and the part of a day that are asked for" {
  noon=$(database "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', started_us / 1e6 + 0.0005, 'unixepoch') FROM call WHERE request_id = 'b2'")
  while read -r query where; do
    admin GET "/admin/calls?limit=1&$query"
    assert_status 200
    want=$(database "SELECT json_object('calls', count(*), 'rows', total(rows), 'charged', total(charged), 'failed',
      coalesce(sum(status >= 400), 0), 'mean_ms', CASE WHEN count(*) THEN sum(duration_us) / count(*) / 1000.0 END) FROM call
      WHERE $where")
    # shellcheck disable=SC2016 # jq's
    assert_json --argjson want "$want" '.totals == $want' || fail "$query: $want, $(jq -c .totals "$body_file")"
  done <<END
status=422 status = 422
status=2xx status = 200
status=5xx 0
request_id=t1 request_id = 't1'
user=$USER_ID&status=2xx user = '$USER_ID' AND status = 200
user=$USER_ID&key=$B_ID&status=2xx key = '$B_ID'
key=$A_ID&status=4xx key = '$A_ID' AND status >= 400
key=$A_ID&status=2xx&model=iris key = '$A_ID' AND status < 400
since=$noon started_us >= (SELECT started_us FROM call WHERE request_id = 't1')
until=$noon started_us <= (SELECT started_us FROM call WHERE request_id = 'b2')
END
}

@test "totals that would take too long to count are null, and an index finds a user's" {
  database "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    INSERT INTO call SELECT (SELECT min(seq) FROM call) - 400000 + i, 'bulk-' || i, 1700000000000000 + i, 250, 'ZZZZZZZZZZZZ', NULL,
      'iris', 1, 'predict', 1, 1, 200, '192.0.2.1', NULL FROM n"
  admin GET '/admin/calls?status=200'
  assert_json '.totals == null and (.calls | length) > 0'
  admin GET "/admin/calls?user=$USER_ID&status=200"
  assert_json '.totals.calls == 3'
  by "$USER" GET '/users/me/calls?status=200'
  assert_json '.totals.calls == 3'
}

# ---- many ----

# The most that any worker had in memory, in kB.
peak() {
  local pid
  for pid in $(gate_pids); do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; done | sort -n | tail -n 1
}

@test "300,000 calls take no more memory than a few, and nothing stays" {
  if sanitized; then skip 'the memory is the sanitizer'; fi
  for _ in {1..10}; do admin GET '/admin/calls?format=csv&limit=1000'; done
  few=$(peak)
  for _ in {1..4}; do admin GET '/admin/calls?format=csv'; done
  assert_status 200
  [ "$(wc -l <"$body_file")" -gt 300000 ]
  many=$(peak)
  same_as
  echo "few $few kB, many $many kB" >&2
  [ "$many" -le $((few + 2048)) ] || fail "few $few kB, many $many kB"
  [ -z "$(ls -A "$G/home/jobs")" ]
}

@test "a disk without room is a 503 without half an answer" {
  if ! am_root; then skip 'needs root for a file system'; fi
  mount -t tmpfs -o "size=8m,uid=$(stat -c %u "$G/home"),mode=700" none "$G/home/jobs" ||
    skip 'no file system can be mounted'
  gate_stop # workers know a directory by what it was when they were begun
  gate_start
  admin GET '/admin/calls?format=csv'
  umount "$G/home/jobs"
  assert_problem 503 unavailable '(no space|no room|full)'
  if grep -qi '^content-disposition' "$header"; then fail "$headers"; fi
}
