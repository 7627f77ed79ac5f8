#!/usr/bin/env bats
# tests/api/job_faults.bats: bodies and results of jobs, and of files of rows, where the disk is
# full in their middle, where a client stops sending or reading, and where they are large.

# shellcheck disable=SC2030,SC2031,SC2154 # each test has its own; set or read by lib/api
load ../lib/api
load ../lib/runner

setup_file() {
  gate_home
  printf 'bulk_stall = 3s\n' >>"$G/home/forestgate.conf"
  rows_make "$G/rows.csv" 900000 # 14 MB
  rows_make "$G/few.csv" 20000
  gate_start --workers 2
}
teardown_file() { gate_stop; }
teardown() {
  runners_end
  if mountpoint -q "$G/home/jobs"; then
    umount -l "$G/home/jobs"
    gate_again
  fi
}

# Workers know a directory by what it was when they were begun.
gate_again() {
  gate_stop
  gate_start --workers 2
}

# The directory of bodies and results on a file system of its own, of so many MB.
small() {
  am_root || skip 'only root can mount'
  mount -t tmpfs -o "size=${1}m,uid=$(stat -c %u "$G/home"),mode=700" none "$G/home/jobs" 2>/dev/null ||
    skip 'mounting is not allowed here'
  gate_again
}
room() { mount -o "remount,size=${1}m" "$G/home/jobs"; }

# What the directory of bodies holds, with names and without: the kernel knows what is used.
used() { df --output=used "$G/home/jobs" | tail -n 1 | tr -d ' '; }
nothing_used() { [ "$(used)" = 0 ]; }

send() { call POST "$1" -k "$KEY" -f "$2" CONTENT_TYPE=text/csv "${@:3}"; }

last_call() { cli call list --json --limit 1 | jq -r '.[0] | "\(.route) \(.status) \(.charged) \(.rows)"'; }
last_call_is() { [ "$(last_call)" = "$1" ]; }

# ---- a full disk ----

@test "a disk that is full in the middle of a job's body is a 503 that leaves nothing and charges nothing" {
  small 71 # of which 64 are never touched, and four are looked for ahead
  for length in "$(stat -c %s "$G/rows.csv")" ''; do
    call POST /jobs -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv ${length:+CONTENT_LENGTH="$length"}
    assert_problem 503 unavailable
    last_call_is 'createJob 503 0 0' || fail "$(last_call)"
    wait_for 40 nothing_used || fail "$(used) kB are used:" "$(ls -la "$G/home/jobs")"
  done
  [ "$(jobs_database 'SELECT count(*) FROM job')" = 0 ]
  # What needs no file goes on, and with room the file is taken.
  call POST /jobs -k "$KEY" -d "$IRIS"
  assert_status 202
  room 200
  send /jobs "$G/rows.csv"
  assert_status 202
  cmp "$G/rows.csv" "$G/home/jobs/$(jq -r .job_uuid "$body_file").in"
  jobs_database 'DELETE FROM job'
  assert_books
}

@test "a disk that is full in the middle of an answer to a file of rows is a 503 without a byte of it" {
  small 71
  send '/predict?output=probability' "$G/rows.csv"
  assert_problem 503 unavailable
  last_call_is 'predict 503 0 0' || fail "$(last_call)"
  wait_for 40 nothing_used || fail "$(used) kB are used"
  send /predict "$G/few.csv"
  assert_status 200
  room 200
  send '/predict?output=probability' "$G/rows.csv"
  assert_status 200
  [ "$(wc -l <"$body_file")" = 900001 ]
  assert_books
}

no_room_for() { [[ "$(job "$1" reason)" == *'no room for more jobs'* ]]; }

@test "a disk that is full in the middle of a job's result: it is tried again, and done when there is room" {
  small 200
  send '/jobs?output=leaf' "$G/rows.csv"
  assert_status 202
  room 32 # for the first 16 MB of a result
  large=$(jq -r .job_uuid "$body_file")
  before=$(used)
  runner_start
  wait_for 600 no_room_for "$large" || fail "$(cli job show "$large")"
  job_is "$large" pending || fail "$(cli job show "$large")"
  [ "$(ls "$G/home/jobs")" = "$large.in" ]
  [ "$(used)" = "$before" ] || fail "$(used) kB are used, not $before"
  submit 1
  wait_for 200 job_is "$UUID" completed
  room 200
  jobs_database 'UPDATE job SET due_ns = 0'
  wait_for 800 job_is "$large" completed
  call GET "/jobs/$large/result" -k "$KEY"
  cli predict --model iris --in "$G/rows.csv" --out "$G/want.csv" --output leaf 2>/dev/null
  cmp "$body_file" "$G/want.csv"
  [ "$(ls "$G/home/jobs")" = "$large.2.out" ]
  jobs_database 'DELETE FROM job'
}

# ---- clients that stop ----

# Begins a job of which it sends the first bytes, on descriptor 8.
begin() {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  head -c 60000 "$G/few.csv" >"$BATS_TEST_TMPDIR/part"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/jobs REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$KEY" \
      CONTENT_TYPE=text/csv CONTENT_LENGTH="$(stat -c %s "$G/few.csv")"
    raw_record 5 "$BATS_TEST_TMPDIR/part"
  } >&8
}

@test "a client that stops sending a job's body is given up, and nothing is queued or charged" {
  jobs_database 'SELECT count(*) FROM job' >"$BATS_TEST_TMPDIR/before"
  begin
  raw_answer 8
  exec 8>&-
  assert_problem 400 bad_request 'Content-Length'
  last_call_is 'createJob 400 0 0' || fail "$(last_call)"
  jobs_database 'SELECT count(*) FROM job' >"$BATS_TEST_TMPDIR/after"
  cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  [ -z "$(ls "$G/home/jobs")" ]
  assert_books
}

fetch_begin() { # DESCRIPTOR: asks for the large result, and reads nothing
  eval "exec $1<>/dev/tcp/127.0.0.1/$PORT"
  {
    raw_head REQUEST_METHOD=GET REQUEST_URI="/jobs/$large/result" REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$KEY"
    raw_record 5 /dev/null
  } >&"$1"
}
fetch_whole() { call GET "/jobs/$large/result" -k "$KEY" && [ "$status" = 200 ]; }

@test "a client that reads nothing of a large result, or hangs up in it, holds up nobody, and it can be fetched" {
  send '/jobs?output=leaf' "$G/rows.csv"
  large=$(jq -r .job_uuid "$body_file")
  cli work --drain
  job_is "$large" completed
  cli predict --model iris --in "$G/rows.csv" --out "$G/want.csv" --output leaf 2>/dev/null
  gate_stop
  gate_start --workers 2 --bulk_stall 5s
  workers=$(gate_pids)
  # The other worker answers all that is not large; what is large waits until the time is up.
  fetch_begin 5
  wait_for 100 gate_sends
  call GET "/jobs/$large/result" -k "$KEY"
  assert_problem 503 unavailable 'large results'
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
    call GET "/jobs/$large" -k "$KEY"
    assert_status 200
  done
  wait_for 300 fetch_whole || fail 'the first was never given up'
  cmp "$body_file" "$G/want.csv"
  exec 5>&-
  fetch_begin 8
  head -c 100000 <&8 >/dev/null
  exec 8>&-
  wait_for 40 fetch_whole
  cmp "$body_file" "$G/want.csv"
  [ "$(gate_pids)" = "$workers" ]
  # Where others have all the slots it is told so, which a job without a large result is not.
  /usr/bin/python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "r+b")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(60)' "$G/home/bulk" "$BATS_TEST_TMPDIR/held" 3>&- &
  local holder=$!
  wait_for 100 test -e "$BATS_TEST_TMPDIR/held"
  call GET "/jobs/$large" -k "$KEY"
  assert_status 200
  call GET "/jobs/$large/result" -k "$KEY"
  kill $holder
  assert_problem 503 unavailable 'Too many large results'
  jobs_database 'DELETE FROM job'
}

# ---- large ones ----

# The most that any of these processes had in memory, in kB.
peak_of() { # PIDS
  local pid files=()
  for pid in $1; do files+=("/proc/$pid/status"); done
  sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "${files[@]}" | sort -n | tail -n 1
}

@test "a job of 100 MB, in and out, takes no more memory of worker and runner than a small one" {
  if sanitized; then skip 'a sanitizer keeps what was freed'; fi
  awk 'BEGIN {srand(3); for (i = 0; i < 28; i++) printf "f%d,", i; print "y"
    for (r = 0; r < 300; r++) {for (i = 0; i < 28; i++) printf "%.1f,", rand(); print r % 2}}' >"$G/t.csv"
  "$FORESTGATE" model train --csv "$G/t.csv" --target y --trees 5 -o "$G/wide.fgm" >/dev/null
  cli model publish wide "$G/wide.fgm" >/dev/null
  yes "$(sed -n 2p "$G/t.csv" | cut -d, -f1-28)" | head -c 112000000 | head -n -1 >"$G/large.csv"
  head -n 20000 "$G/large.csv" >"$G/small.csv"
  cli predict --model wide --in "$G/large.csv" --out "$G/want.npy" --output leaf 2>/dev/null
  runner_start
  done_with() {
    send '/jobs?model=wide&output=leaf' "$1" HTTP_ACCEPT=application/x-npy
    assert_status 202
    UUID=$(jq -r .job_uuid "$body_file")
    wait_for 1200 job_is "$UUID" completed
    call GET "/jobs/$UUID/result" -k "$KEY"
    assert_status 200
  }
  for _ in 1 2 3 4; do done_with "$G/small.csv"; done
  worker=$(peak_of "$(gate_pids)") runner=$(peak_of "$(runner_pids)")
  done_with "$G/large.csv"
  cmp "$body_file" "$G/want.npy"
  echo "worker: $worker kB, $(peak_of "$(gate_pids)") kB; runner: $runner kB, $(peak_of "$(runner_pids)") kB" >&2
  [ "$(peak_of "$(gate_pids)")" -le $((worker + 2048)) ]
  [ "$(peak_of "$(runner_pids)")" -le $((runner + 2048)) ]
  rm "$G/large.csv" "$G/want.npy"
}
