#!/usr/bin/env bats
# tests/cli/work.bats: forestgate work: who may run it, what it does with jobs, how it ends.

# shellcheck disable=SC2154,SC2016 # set by bats and lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/runner

setup_file() {
  gate_home
  train_iris "$G/2.fgm" 5 7
  rows_make "$G/rows.csv" 400000
  # Work for seconds, so that a runner can be met in the midst of it.
  for _ in {1..12}; do tail -n +2 "$G/rows.csv"; done | cat <(head -n 1 "$G/rows.csv") - >"$G/long.csv"
  cp -a "$G/home" "$G/whole"
}
setup() {
  rm -rf "${G:?}/home" "$G/runner.out"
  cp -a "$G/whole" "$G/home"
  RUNNER=
}
teardown() { runners_end; }

misuse() {
  local text=$1
  shift
  run --separate-stderr cli "$@"
  [ "$status" = 2 ] || fail "$* ended with $status: $stderr"
  [[ "$stderr" == *"$text"* ]] || fail "$*: $stderr"
}

@test "options that are not allowed are usage errors, and what is allowed is told" {
  misuse 'from 1 to 64' work --workers 0
  misuse 'from 1 to 64' work --workers 65
  misuse 'from 1 to 64' work --workers two
  misuse 'usage: forestgate work' work --workers
  misuse '--wait' work --wait
  misuse 'usage: forestgate work' work now
}

@test "without a home, or in one without work.db, it fails and says what to run" {
  run --separate-stderr "$FORESTGATE" --home "$G/none" work --drain
  [ "$status" = 1 ]
  [[ "$stderr" == *'there is no home'* ]] || fail "$stderr"
  rm "$G/home"/work.db*
  run --separate-stderr cli work --drain
  [ "$status" = 1 ]
  [[ "$stderr" == *'complete it with forestgate init'* ]] || fail "$stderr"
}

@test "a setting that is wrong stops the start" {
  echo 'job_lease = soon' >>"$G/home/forestgate.conf"
  run --separate-stderr cli work --drain
  [ "$status" = 1 ]
  [[ "$stderr" == *job_lease* ]] || fail "$stderr"
}

@test "a home of root is refused" {
  am_root || skip 'only root can have one'
  chown -R root: "$G/home"
  run --separate-stderr cli work --drain
  [ "$status" = 1 ]
  [[ "$stderr" == *'never runs as root'* ]] || fail "$stderr"
}

@test "a runner is the home's owner, polite, and has no socket" {
  runner_start
  owner=$(stat -c %U "$G/home") own=$(ps -o ni= -p $$ | tr -d ' ')
  for pid in $(runner_pids); do
    [ "$(stat -c %U "/proc/$pid")" = "$owner" ] || [ "$(stat -c %U "/proc/$pid")" = root ]
    [ "$(awk '/^Uid:/ {print $3}' "/proc/$pid/status")" = "$(id -u "$owner")" ]
    [ "$(ps -o ni= -p "$pid" | tr -d ' ')" = "$((own + 5 < 19 ? own + 5 : 19))" ]
    if find "/proc/$pid/fd" -lname 'socket:*' | grep -q .; then fail 'it has a socket'; fi
  done
}

@test "an idle runner looks once a second, and no more" {
  runner_start
  submit 1
  wait_for 200 job_is "$UUID" completed
  pid=$(runner_pids)
  switches() { awk '/^voluntary_ctxt_switches/ {print $2}' "/proc/$pid/status"; }
  sleep 0.5
  before=$(switches) begin=$SECONDS
  sleep 4
  after=$(switches) seconds=$((SECONDS - begin + 1))
  [ $((after - before)) -le $((3 * seconds)) ] || fail "$((after - before)) switches in $seconds seconds"
}

@test "a job of JSON has the result that a prediction would have" {
  bodies=("$IRIS" '{"instances":[[5.1,3.5,1.4,0.2],[6.3,3.3,6.0,2.5]]}'
    '{"features":{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}}'
    '{"features":[5.1,3.5,1.4,0.2],"outputs":["margin","leaves"]}')
  for wish in "${bodies[@]}"; do
    cgi POST /models/iris/predict -k "$KEY" -d "$wish"
    assert_status 200
    submit 1 "$wish"
    cli work --drain
    [ "$(job "$UUID" status)" = completed ]
    [ "$(result "$UUID")" = "$body" ] || fail "$wish" "$(result "$UUID")" "$body"
  done
  submit 1
  cli work --drain
  cli job show "$UUID" --json | jq -e '.result_label == "setosa" and .result_score > 0.5 and
    .rows == 1 and .rows_done == 1 and .attempts == 1 and .version == 1 and .code == 200' >/dev/null
}

@test "a body that a prediction would refuse fails with its reason, at the first attempt" {
  for wish in '{' '{"features":[1]}' '{"features":["x",1,1,1]}' '{"model":"other","features":[5.1,3.5,1.4,0.2]}'; do
    cgi POST /models/iris/predict -k "$KEY" -d "$wish"
    submit 1 "$wish"
    cli work --drain
    [ "$(job "$UUID" status)" = failed ]
    [ "$(job "$UUID" code)" = "$status" ] || fail "$wish: $(job "$UUID" code) and not $status"
    [ "$(job "$UUID" reason)" = "$(jq -r .detail "$body_file")" ]
    [ "$(job "$UUID" attempts)" = 1 ]
  done
}

@test "a job of CSV has what forestgate predict writes, in every output" {
  head -n 2001 "$G/rows.csv" >"$G/few.csv"
  for output in label probability margin leaf; do
    submit_file "$G/few.csv" "$output"
    cli work --drain
    cli predict --model iris --in "$G/few.csv" --output "$output" --out "$G/out.csv" 2>/dev/null
    result "$UUID" >"$G/result"
    cmp "$G/result" "$G/out.csv"
    [ "$(job "$UUID" rows_done)" = 2000 ]
  done
  submit_file "$G/few.csv" probability npy
  cli work --drain
  cli predict --model iris --in "$G/few.csv" --output probability --out "$G/out.npy" 2>/dev/null
  result "$UUID" >"$G/result"
  cmp "$G/result" "$G/out.npy"
}

@test "a file that does not fit the model fails, and says where" {
  printf 'sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n5.1,x,1.4,0.2\n' >"$G/bad.csv"
  submit_file "$G/bad.csv" label
  cli work --drain
  [ "$(job "$UUID" status)" = failed ]
  [ "$(job "$UUID" code)" = 422 ]
  [[ "$(job "$UUID" reason)" == *'body:3: column 2'* ]] || fail "$(job "$UUID" reason)"
  submit_file "$G/rows.csv" value
  cli work --drain
  [ "$(job "$UUID" status)" = failed ]
  [ -z "$(ls "$G/home/jobs")" ]
}

@test "what waits is answered by the version that serves when it is worked off" {
  submit 1
  cli model publish iris "$G/2.fgm" >/dev/null
  cli model delete iris --version 1 >/dev/null
  cli work --drain
  [ "$(job "$UUID" status)" = completed ]
  [ "$(job "$UUID" version)" = 2 ]
}

@test "a model that takes other rows by now fails its jobs that waited, with what is wrong" {
  submit 1
  old=$UUID
  head -n 101 "$G/rows.csv" >"$G/few.csv"
  submit_file "$G/few.csv" label
  file=$UUID
  "$FORESTGATE" model train --csv "$TOP/model/houses.csv" --target price --trees 3 -o "$G/houses.fgm" >/dev/null
  cli model publish iris "$G/houses.fgm" >/dev/null
  cli model delete iris --version 1 >/dev/null
  cli work --drain
  for uuid in "$old" "$file"; do
    [ "$(job "$uuid" status)" = failed ]
    [ "$(job "$uuid" code)" = 422 ] || fail "$(cli job show "$uuid")"
    [ "$(job "$uuid" attempts)" = 1 ]
    [[ "$(job "$uuid" reason)" =~ features|column ]] || fail "$(job "$uuid" reason)"
  done
  [ -z "$(ls "$G/home/jobs")" ]
}

@test "a canary that is retired while jobs wait answers none of them" {
  cli model publish iris "$G/2.fgm" --canary 90% >/dev/null
  submit 20
  cli model retire iris >/dev/null
  cli model delete iris --version 2 >/dev/null
  cli work --drain
  [ "$(jobs_database 'SELECT count(*) FROM job WHERE status = 2 AND version = 1')" = 20 ]
  # One that stays answers most.
  cli model publish iris "$G/2.fgm" --canary 90% >/dev/null
  submit 20
  cli work --drain
  [ "$(jobs_database 'SELECT count(*) FROM job WHERE status = 2 AND version = 3')" -gt 0 ]
  [ "$(jobs_database 'SELECT count(*) FROM job WHERE status = 2')" = 40 ]
}

@test "a model that is there no more fails its jobs, with a plain reason" {
  cli model publish other "$G/2.fgm" >/dev/null
  MODEL=other submit 1
  database "PRAGMA foreign_keys = OFF; DELETE FROM version WHERE model = 'other'; DELETE FROM model WHERE name = 'other'"
  MODEL=iris submit 1 && iris=$UUID
  other=$(jobs_database "SELECT uuid FROM job WHERE model = 'other'")
  cli work --drain
  [ "$(job "$other" status)" = failed ]
  [ "$(job "$other" reason)" = 'the model other is there no more' ]
  [ "$(job "$other" code)" = 404 ]
  [ "$(job "$iris" status)" = completed ]
}

tried() { [ "$(job "$UUID" attempts)" -ge "$1" ]; }

@test "a model that cannot be loaded for a moment is waited for" {
  submit 1
  mv "$G/home/models/iris/1.fgm" "$G/away"
  runner_start
  wait_for 200 tried 1
  [ "$(job "$UUID" status)" = pending ]
  [[ "$(job "$UUID" reason)" == *'cannot be served now'* ]] || fail "$(job "$UUID" reason)"
  mv "$G/away" "$G/home/models/iris/1.fgm"
  wait_for 400 job_is "$UUID" completed
}

@test "what cannot be done five times has failed" {
  submit 1
  mv "$G/home/models/iris/1.fgm" "$G/away"
  runner_start
  for i in 1 2 3 4; do
    wait_for 200 tried "$i"
    jobs_database 'UPDATE job SET due_ns = 0'
  done
  wait_for 200 job_is "$UUID" failed
  [ "$(job "$UUID" attempts)" = 5 ]
  [ "$(job "$UUID" code)" = 503 ]
}

@test "SIGTERM ends an idle runner, with status 0" {
  runner_start --workers 2
  wait_for 100 runner_has 2
  pids=$(runner_pids)
  runner_stop
  [ "$status" = 0 ]
  for pid in $pids; do ended "$pid"; done
}

begun() { [ "$(jobs_database "SELECT rows_done FROM job WHERE uuid = '$UUID'")" -gt 0 ]; }

@test "a long job is handed back at SIGTERM, as if it had not been begun" {
  submit_file "$G/long.csv" leaf
  runner_start
  wait_for 600 begun
  runner_stop
  [ "$status" = 0 ]
  [ "$(job "$UUID" status)" = pending ]
  [ "$(job "$UUID" attempts)" = 0 ]
  [ "$(job "$UUID" rows_done)" = 0 ]
  [ "$(ls "$G/home/jobs")" = "$UUID.in" ]
}

@test "a long job that is cancelled ends, and leaves nothing" {
  submit_file "$G/long.csv" leaf
  runner_start
  wait_for 600 begun
  cli job cancel "$UUID"
  submit 1
  wait_for 400 job_is "$UUID" completed
  [ -z "$(ls "$G/home/jobs")" ]
}

@test "a runner that is killed is replaced, and what it had in hand is done by the next" {
  submit_file "$G/long.csv" leaf
  runner_start
  first=$(runner_pids)
  wait_for 600 begun
  kill -KILL "$first"
  wait_for 1600 job_is "$UUID" completed
  [ "$(job "$UUID" attempts)" = 2 ]
  [ "$(runner_pids)" != "$first" ]
  grep -q 'ended by signal 9' "$G/runner.out"
}

@test "a master that is killed takes its runners along" {
  runner_start --workers 2
  wait_for 100 runner_has 2
  pids=$(runner_pids)
  kill -KILL "$RUNNER"
  for pid in $pids; do wait_for 100 ended "$pid"; done
}

@test "SIGHUP ends nothing" {
  runner_start
  pids=$(runner_pids)
  kill -HUP "$RUNNER"
  submit 1
  wait_for 200 job_is "$UUID" completed
  [ "$(runner_pids)" = "$pids" ]
}

@test "a runner that stands still is ended by another after the lease, and its job done" {
  echo 'job_lease = 5s' >>"$G/home/forestgate.conf"
  submit_file "$G/long.csv" leaf
  runner_start
  wait_for 600 begun
  hung=$(runner_pids)
  kill -STOP "$hung"
  first=$RUNNER
  runner_start
  wait_for 1600 job_is "$UUID" completed
  [ "$(job "$UUID" attempts)" = 2 ]
  kill -KILL "$first"
  wait_for 100 ended "$hung"
}

@test "a runner that is alone and stands still is ended by its master, and its job done" {
  echo 'job_lease = 5s' >>"$G/home/forestgate.conf"
  submit_file "$G/long.csv" leaf
  runner_start
  wait_for 600 begun
  kill -STOP "$(runner_pids)"
  wait_for 1600 job_is "$UUID" completed
  [ "$(job "$UUID" attempts)" = 2 ]
  grep -q 'stood still for 5 s: it is ended' "$G/runner.out"
}

@test "a home that is replaced is not worked on" {
  runner_start
  first=$(runner_pids)
  mv "$G/home" "$G/old"
  cp -a "$G/whole" "$G/home"
  rm "$G/old"/work.db*
  wait_for 100 ended "$first"
  grep -q 'replaced under a runner' "$G/runner.out"
  rm -rf "$G/old"
}

@test "a home that is deleted ends runner and master, and nothing is started again and again" {
  runner_start
  rm -rf "${G:?}/home"
  wait_for 200 ended "$RUNNER"
  status=0
  wait "$RUNNER" || status=$?
  [ "$status" = 1 ]
  grep -q 'the home was deleted' "$G/runner.out"
}

@test "a result for which there is no room is tried again; other jobs go on, and nothing is half stored" {
  submit_file "$G/rows.csv" leaf
  large=$UUID
  prlimit --fsize=4000000 "$FORESTGATE" --home "$G/home" work >>"$G/runner.out" 2>&1 </dev/null 3>&- 4>&- &
  RUNNER=$!
  echo "$RUNNER" >>"$G/runners"
  UUID=$large
  wait_for 600 tried 1
  [[ "$(job "$large" reason)" == *'could not be written: File too large'* ]] || fail "$(job "$large" reason)"
  submit 1
  wait_for 200 job_is "$UUID" completed
  UUID=$large
  for i in 2 3 4; do
    jobs_database 'UPDATE job SET due_ns = 0'
    wait_for 600 tried "$i"
  done
  jobs_database 'UPDATE job SET due_ns = 0'
  wait_for 600 job_is "$large" failed
  [[ "$(job "$large" reason)" == *'File too large'* ]]
  [ -z "$(ls "$G/home/jobs")" ]
}

@test "on a full disk jobs wait, and go on when there is room" {
  am_root || skip 'only root can mount'
  mkdir -p "$G/small"
  mount -t tmpfs -o size=16m,mode=0755 none "$G/small" 2>/dev/null || skip 'mounting is not allowed here'
  cp -a "$G/home/." "$G/small/"
  chown "$(stat -c %U: "$G/home")" "$G/small"
  chmod 700 "$G/small"
  "$FORESTGATE" --home "$G/small" work >>"$G/runner.out" 2>&1 </dev/null 3>&- 4>&- &
  RUNNER=$!
  has_ended() { [ "$("$FORESTGATE" --home "$G/small" job list --status "$1" --limit 0 --json | jq length)" = "$2" ]; }
  "$BUILD/jobs" "$G/small" submit 1 account iris >/dev/null
  wait_for 200 has_ended completed 1
  # It is idle, and the others come while it stands.
  idle=$(runner_pids)
  kill -STOP "$idle"
  "$BUILD/jobs" "$G/small" submit 199 account iris >/dev/null
  # The database's log has no room left of what was longer before.
  sqlite3 "$G/small/work.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  head -c 100M /dev/zero >"$G/small/filler" 2>/dev/null || :
  kill -CONT "$idle"
  good=0
  # It says that there is no room, and none of them is lost by that: some may have been done.
  wait_for 200 grep -qE 'no space|is full' "$G/runner.out" || good=1
  if has_ended completed 200; then good=2; fi
  has_ended failed 0 || good=3
  rm "$G/small/filler"
  wait_for 600 has_ended completed 200 || good=4
  runner_stop
  umount "$G/small"
  [ "$good" = 0 ] || fail "$good" "$(cat "$G/runner.out")"
}
