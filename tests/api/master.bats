#!/usr/bin/env bats
# tests/api/master.bats: workers come and go, and no request is lost but the one in hand.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  train_many "$G/kinds.fgm"
  cli model publish kinds "$G/kinds.fgm" >/dev/null
}
teardown_file() { gate_stop; }
setup() { : >"$G/out"; }
teardown() {
  : >"$BATS_TEST_TMPDIR/stop"
  gate_stop
}

# Four clients that ask until the file stop is there; a line "start status version" for
# each answer, and "lost" for none.
load_start() {
  CLIENTS=
  local client asked=$BATS_TEST_TMPDIR/asked
  printf %s "$IRIS" >"$asked"
  for client in 1 2 3 4; do
    (
      while ! [ -e "$BATS_TEST_TMPDIR/stop" ]; do
        env -i PATH="$PATH" REQUEST_METHOD=POST REQUEST_URI=/predict CONTENT_LENGTH=${#IRIS} \
          HTTP_X_API_KEY="$KEY" timeout 10 cgi-fcgi -bind -connect "127.0.0.1:$PORT" <"$asked" 2>/dev/null |
          awk '/^Status:/ {status = $2} match($0, /"version":[0-9]+}$/) {version = substr($0, RSTART + 10) + 0}
            END {print (status ? status : "lost"), version}'
      done >"$BATS_TEST_TMPDIR/codes.$client"
    ) 3>&- &
    CLIENTS="$CLIENTS $!"
  done
}

load_stop() {
  touch "$BATS_TEST_TMPDIR/stop"
  # shellcheck disable=SC2086
  wait $CLIENTS
  good=$(cat "$BATS_TEST_TMPDIR"/codes.* | grep -c '^200 ' || :)
  bad=$(cat "$BATS_TEST_TMPDIR"/codes.* | grep -vc '^200 ' || :)
}

# Some were served, and go on being served: what a slow machine needs longer for.
fifty_good() { [ "$(cat "$BATS_TEST_TMPDIR"/codes.* | grep -c '^200 ')" -ge 50 ]; }

all_ended() {
  local pid
  for pid; do ended "$pid" || return 1; done
}

@test "a worker that is killed is replaced" {
  gate_start --workers 3
  gate_has 3
  sleep 1
  victim=$(gate_pids | head -n 1)
  kill -KILL "$victim"
  replaced() { gate_has 3 && ! gate_pids | grep -qx "$victim"; }
  wait_for 40 replaced || fail "the workers are: $(gate_pids)"
  grep -q "worker $victim was ended by signal 9" "$G/out"
}

@test "workers that are all killed are all replaced, and what waits is served" {
  gate_start --workers 3
  sleep 1
  # shellcheck disable=SC2046
  kill -KILL $(gate_pids)
  predict "$IRIS"
  assert_status 200
  wait_for 40 gate_has 3
}

@test "kill -9 of workers under load loses at most the request in hand each" {
  gate_start --workers 4
  load_start
  sleep 1
  kills=0
  for _ in {1..8}; do
    victim=$(gate_pids | shuf -n 1)
    if [ -n "$victim" ] && kill -KILL "$victim" 2>/dev/null; then kills=$((kills + 1)); fi
    sleep 0.25
  done
  wait_for 400 fifty_good
  load_stop
  echo "$good good, $bad bad, $kills killed" >&2
  [ "$kills" -ge 6 ]
  [ "$bad" -le "$kills" ]
  [ "$good" -ge 50 ]
  wait_for 60 gate_has 4
}

@test "a model that is published anew under load: no request fails, no version goes back" {
  gate_start --workers 4
  first=$(cli model list --json | jq '.[] | select(.name == "iris") | .version')
  load_start
  for seed in 1 2 3 4 5 6; do
    sleep 0.2
    train_iris "$G/next.fgm" 10 "$seed"
    [ "$(cli model publish iris "$G/next.fgm")" = $((first + seed)) ]
  done
  newest() {
    local file
    for file in "$BATS_TEST_TMPDIR"/codes.*; do [ "$(tail -n 1 "$file")" = "200 $((first + 6))" ] || return 1; done
  }
  wait_for 100 newest
  wait_for 400 fifty_good
  load_stop
  [ "$bad" = 0 ] || fail "$good good, $bad bad: $(cat "$BATS_TEST_TMPDIR"/codes.* | grep -v '^200 ' | sort | uniq -c)"
  [ "$good" -ge 50 ]
  for file in "$BATS_TEST_TMPDIR"/codes.*; do
    awk '$2 < last {print FILENAME ": " last " then " $2; bad = 1} {last = $2} END {exit bad}' "$file"
    [ "$(tail -n 1 "$file")" = "200 $((first + 6))" ]
  done
  # After the answer to a publication every worker serves it.
  train_iris "$G/next.fgm" 10 99
  version=$(cli model publish iris "$G/next.fgm")
  for _ in {1..12}; do
    predict "$IRIS"
    assert_json --argjson version "$version" '.version == $version'
  done
}

@test "an image is mapped read-only and shared by whoever has served it" {
  am_root || skip 'only root may look into workers, which are not dumpable'
  gate_start --workers 3
  for _ in $(seq 30); do predict "$IRIS" && assert_status 200; done
  for pid in $(gate_pids); do
    map=$(grep -E '/models/[^/]*/[0-9]*[.]fgm$' "/proc/$pid/maps") || continue
    seen=$((${seen:-0} + 1))
    [[ "$map" == *' r--s '* ]] || fail "$map"
  done
  [ "${seen:-0}" -ge 1 ] || fail 'no worker has mapped the image'
}

@test "no worker and no command with a password leaves a core dump" {
  am_root || skip 'only root may look into workers, which are not dumpable'
  ulimit -S -c "$(ulimit -H -c)" # as who debugs something else has it
  gate_start --workers 2
  mkfifo "$BATS_TEST_TMPDIR/password"
  "$FORESTGATE" --home "$G/home" user create core@example.org --password-stdin <"$BATS_TEST_TMPDIR/password" \
    >/dev/null 3>&- &
  exec 8>"$BATS_TEST_TMPDIR/password"
  asking=$!
  wait_for 100 grep -qE '^Max core file size +0 +0 ' "/proc/$asking/limits" || : # it has only begun
  for pid in $(gate_pids) "$asking"; do
    grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits" || fail "$pid: $(cat "/proc/$pid/limits")"
  done
  echo 'a bicycle for seven cats' >&8
  exec 8>&-
  wait "$asking"
}

@test "SIGTERM ends an idle worker within a second, a hundred times of a hundred" {
  gate_start --workers 25
  tries=0
  for _ in 1 2 3 4; do
    wait_for 100 gate_has 25
    sleep 1.05 # so old is what the master replaces at once
    for pid in $(gate_pids); do
      # One that has just served is idle, too.
      if [ $((tries % 3)) = 0 ]; then call GET /health/live; fi
      kill -TERM "$pid"
      wait_for 20 ended "$pid" || fail "worker $pid is there a second after SIGTERM, try $tries"
      tries=$((tries + 1))
    done
  done
  [ "$tries" = 100 ]
}

# A prediction whose body comes in two parts, the first now, on descriptor 8, and the second with
# late_end; what is answered is in $BATS_TEST_TMPDIR/late.
late_begin() {
  mkfifo "$BATS_TEST_TMPDIR/late.body"
  env -i PATH="$PATH" REQUEST_METHOD=POST REQUEST_URI=/predict CONTENT_LENGTH=${#IRIS} HTTP_X_API_KEY="$KEY" \
    timeout 60 cgi-fcgi -bind -connect "127.0.0.1:$PORT" <"$BATS_TEST_TMPDIR/late.body" >"$BATS_TEST_TMPDIR/late" 3>&- &
  client=$!
  exec 8>"$BATS_TEST_TMPDIR/late.body"
  printf %s "${IRIS:0:20}" >&8
  wait_for 100 gate_holds 1
}

late_end() {
  printf %s "${IRIS:20}" >&8
  exec 8>&-
  wait "$client"
  grep -q '^Status: 200' "$BATS_TEST_TMPDIR/late" || fail "$(cat "$BATS_TEST_TMPDIR/late")"
}

@test "SIGTERM ends a worker that waits on a connection that is kept within a second" {
  gate_start --workers 1
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  { RAW_KEEP=1 raw_head REQUEST_METHOD=GET REQUEST_URI=/health && raw_record 5 /dev/null; } >&8
  sleep 0.3
  pid=$(gate_pids)
  kill -TERM "$pid"
  wait_for 20 ended "$pid" || fail "worker $pid is there a second after SIGTERM"
  timeout 5 cat <&8 | tr -d '\0' | grep -aq 'Status: 200 OK'
  exec 8>&-
}

@test "a worker that nobody asks anything sees that its home was replaced" {
  gate_start --workers 2
  old=$(gate_pids)
  cp "$G/home/epoch" "$G/home/epoch.new"
  if am_root; then chown --reference="$G/home/epoch" "$G/home/epoch.new"; fi
  mv "$G/home/epoch.new" "$G/home/epoch"
  # shellcheck disable=SC2086
  wait_for 60 all_ended $old || fail "there are: $(ps -o pid,stat,args $old)"
  wait_for 60 gate_has 2
  predict "$IRIS"
  assert_status 200
}

@test "SIGTERM and SIGINT of the master end all it started" {
  for signal in TERM INT; do
    gate_start --workers 4
    all="$MASTER $(gate_pids)"
    kill -"$signal" "$MASTER"
    # shellcheck disable=SC2086
    wait_for 30 all_ended $all || fail "after SIG$signal there are: $(ps -o pid,stat,args $all)"
    rm "$G/running"
  done
}

@test "a master that is killed takes its workers along, each after the request in its hand" {
  gate_start --workers 3
  all=$(gate_pids)
  late_begin
  kill -KILL "$MASTER"
  one_is_left() {
    still=0
    for pid in $all; do ended "$pid" || still=$((still + 1)); done
    [ "$still" = 1 ]
  }
  wait_for 100 one_is_left || fail "$still workers are there, and one has a request in hand"
  late_end
  # shellcheck disable=SC2086
  wait_for 20 all_ended $all || fail "there are: $(ps -o pid,stat,args $all)"
  rm "$G/running"
}

none_left() { ! pgrep -f "^$WORKER --home $G/home --workers 8" >/dev/null; }

@test "a master that is killed while it starts leaves no worker" {
  for _ in {1..30}; do
    PORT=$(port_free)
    spawn-fcgi -n -a 127.0.0.1 -p "$PORT" -- "$WORKER" --home "$G/home" --workers 8 >>"$G/out" 2>&1 </dev/null 3>&- &
    MASTER=$!
    # In the middle of its forks, sooner or later.
    wait_for 200 eval '[ -n "$(gate_pids)" ]'
    sleep "0.00$((RANDOM % 10))"
    all=$(gate_pids)
    kill -KILL "$MASTER"
    # shellcheck disable=SC2086
    wait_for 100 all_ended $all || fail "there are: $(ps -o pid,stat,args $all)"
    # One may have been on its way just then.
    wait_for 100 none_left || fail 'a worker is left'
  done
}

# A master with a socket of its own; one_answers says that it serves.
listen_start() { # SOCKET [OPTION...]
  "$WORKER" --home "$G/home" --workers 2 --listen "$@" >>"$G/out" 2>&1 </dev/null 3>&- &
  LISTENER=$!
}

one_answers() {
  env -i PATH="$PATH" REQUEST_METHOD=GET REQUEST_URI=/health/live timeout 5 cgi-fcgi -bind -connect "$1" 2>/dev/null |
    grep -q '^Status: 200'
}

# Where the home's owner may make a socket.
listen_dir() {
  D=$(mktemp -d /tmp/forestgate-listen.XXXXXX)
  if am_root; then chown www-data: "$D"; fi
}

@test "--listen makes its socket, for the home's owner alone, and another start takes it over" {
  listen_dir
  listen_start "$D/gate.sock"
  first=$LISTENER
  wait_for 60 one_answers "$D/gate.sock"
  [ "$(stat -c '%F %a' "$D/gate.sock")" = 'socket 700' ]
  if am_root; then [ "$(stat -c %U "$D/gate.sock")" = www-data ]; fi
  workers=$(pgrep -P "$first")
  listen_start "$D/gate.sock"
  # The first sees within a second or two that nobody finds it any more.
  # shellcheck disable=SC2086
  wait_for 80 all_ended $first $workers || fail "there are: $(ps -o pid,stat,args "$first")"
  one_answers "$D/gate.sock"
  # Its name taken away, this one ends too, and leaves nothing under another name.
  rm "$D/gate.sock"
  wait_for 80 ended "$LISTENER"
  [ -z "$(ls -A "$D")" ]
  rmdir "$D"
}

@test "--listen serves anew at once after everything was killed, ten times" {
  listen_dir
  for _ in {1..10}; do
    listen_start "$D/gate.sock"
    wait_for 60 one_answers "$D/gate.sock"
    workers=$(pgrep -P "$LISTENER")
    # shellcheck disable=SC2086
    kill -KILL "$LISTENER" $workers
  done
  # shellcheck disable=SC2086
  wait_for 40 all_ended $LISTENER $workers
  [ "$(ls -A "$D")" = gate.sock ]
  rm -r "$D"
}

@test "--listen where the home's owner may not write says so, and answers nobody" {
  listen_dir
  mkdir -m 555 "$D/shut"
  run timeout 20 "$WORKER" --home "$G/home" --workers 1 --listen "$D/shut/gate.sock" </dev/null
  [ "$status" = 1 ]
  [[ "$output" == *"$(stat -c %U "$G/home"), whose the home is, may not write in that directory" ]]
  [[ "$output" != *Status:* ]]
}

@test "--listen refuses what is no socket's path" {
  listen_dir
  echo kept >"$D/file"
  for path in "$D/file" gate.sock "$D/none/gate.sock" "$D/$(printf 'a%.0s' {1..120})" "$D"; do
    run timeout 5 "$WORKER" --home "$G/home" --workers 1 --listen "$path" </dev/null
    [ "$status" = 1 ] || fail "$path: it ended with $status: $output"
    [[ "$output" == *--listen* ]] || fail "$output"
  done
  [ "$(cat "$D/file")" = kept ]
  rm -r "$D"
}

@test "a request whose body is on its way at SIGTERM is answered in full" {
  gate_start --workers 1
  late_begin
  kill -TERM "$MASTER"
  sleep 0.2
  late_end
  wait_for 20 ended "$MASTER"
}

@test "a large answer that is on its way at SIGTERM arrives in full" {
  gate_start --workers 1
  { printf '{"instances":[[1,0.5]' && yes ',[17,0.5]' | head -n 16000 | tr -d '\n' && printf ']}'; } >"$BATS_TEST_TMPDIR/rows"
  call_arguments POST /models/kinds/predict -k "$KEY" -f "$BATS_TEST_TMPDIR/rows"
  env -i PATH="$PATH" "${PARAMS[@]}" timeout 20 cgi-fcgi -bind -connect "127.0.0.1:$PORT" <"$BODY" 3>&- | (
    # After its first bytes nothing is read for a while, so that the worker has to wait.
    dd bs=1 count=20 status=none
    touch "$BATS_TEST_TMPDIR/begun"
    sleep 0.7
    cat
  ) >"$BATS_TEST_TMPDIR/answer" &
  client=$!
  wait_for 200 test -e "$BATS_TEST_TMPDIR/begun"
  sleep 0.3
  kill -TERM "$MASTER"
  wait "$client"
  answer=$BATS_TEST_TMPDIR/answer
  answer_read
  assert_status 200
  size=$(stat -c %s "$body_file")
  [ "$size" -gt 6000000 ] || fail "too small to show anything: $size"
  [ "$(header_of content-length)" = "$size" ] || fail "$size bytes came of $(header_of content-length)"
  wait_for 20 ended "$MASTER"
}

@test "SIGHUP at any moment ends nobody" {
  gate_start --workers 4
  pids=$(gate_pids)
  for _ in {1..20}; do kill -HUP "$MASTER"; done
  for _ in {1..8}; do
    predict "$IRIS"
    assert_status 200
  done
  [ "$(gate_pids)" = "$pids" ]
  gate_stop
  # Also at the very start, before a worker has opened anything.
  for _ in {1..10}; do
    PORT=$(port_free)
    spawn-fcgi -n -a 127.0.0.1 -p "$PORT" -- "$WORKER" --home "$G/home" --workers 4 >>"$G/out" 2>&1 </dev/null 3>&- &
    MASTER=$!
    printf 'PORT=%s MASTER=%s\n' "$PORT" "$MASTER" >"$G/running"
    wait_for 50 gate_has 4
    for _ in {1..20}; do kill -HUP "$MASTER"; done
    gate_stop
  done
  if grep 'ended by signal' "$G/out"; then fail 'SIGHUP ended a worker at its start'; fi
}

@test "a worker that cannot start is tried again until it can" {
  gate_start --workers 1
  mv "$G/home/logs" "$G/home/aside"
  begin=$SECONDS
  for pid in $(gate_pids); do kill -KILL "$pid" || :; done # or it ended by itself
  told() { [ "$(grep -c 'access.log: No such file' "$G/out")" -ge 2 ]; }
  wait_for 80 told || fail "$(cat "$G/out")"
  # Once a second, not as fast as it can.
  [ "$(grep -c 'access.log: No such file' "$G/out")" -le $((SECONDS - begin + 2)) ]
  mv "$G/home/aside" "$G/home/logs"
  back() { call GET /health && [ "$status" = 200 ]; }
  wait_for 40 back
}

@test "hundreds of requests of every kind leave no descriptor and little memory behind" {
  gate_start --workers 1
  pid=$(gate_pids)
  round() {
    local _
    for _ in {1..6}; do
      predict "$IRIS"
      predict '{"features":["x"],"y":{"z":[]}}'
      predict '{'
      call GET /models -k junk
      call GET /models/kinds -k "$KEY"
      call GET /
    done
  }
  round
  wait_for 100 gate_holds 0
  files=$(find "/proc/$pid/fd" | wc -l)
  kb=$(awk '/^Private_Dirty/ {print $2}' "/proc/$pid/smaps_rollup")
  round
  round
  # Who was answered may see the end of the connection before the worker does.
  files_are() { [ "$(find "/proc/$pid/fd" | wc -l)" = "$1" ]; }
  wait_for 100 files_are "$files"
  now=$(awk '/^Private_Dirty/ {print $2}' "/proc/$pid/smaps_rollup")
  sanitized || [ $((now - kb)) -le 64 ] || fail "the worker grew from $kb to $now KiB"
}

@test "by root, master and workers are the home's owner for good, in a home that user cannot walk to" {
  am_root || skip 'not root'
  chmod 700 "$G"
  [ "$(stat -c %U "$G")" = root ]
  gate_start --workers 2
  predict "$IRIS"
  assert_status 200
  for pid in $MASTER $(gate_pids); do
    uid=$(id -u www-data)
    grep -qE "^Uid:	$uid	$uid	$uid	$uid$" "/proc/$pid/status" || fail "$(grep -E '^[UG]id' "/proc/$pid/status")"
    gid=$(id -g www-data)
    grep -qE "^Gid:	$gid	$gid	$gid	$gid$" "/proc/$pid/status"
    grep -qE '^Groups:\s*$' "/proc/$pid/status" || fail "$(grep ^Groups "/proc/$pid/status")"
    grep -qE '^CapEff:\s*0+$' "/proc/$pid/status"
  done
  [ -z "$(find "$G/home/" -user root)" ]
}

@test "a home that others could change, or replace by their own, is not served" {
  mkdir -m 755 "$G/open"
  cp -a "$G/home" "$G/open/home"
  chmod 777 "$G/open"
  run timeout 5 "$WORKER" --home "$G/open/home" --workers 1 </dev/null
  [ "$status" = 1 ] && [[ "$output" == *"$G/open may be changed by every user"*"$G/open/home:"* ]] || fail "$output"
  run timeout 5 "$FORESTGATE" --home "$G/open/home" work --drain
  [ "$status" = 1 ] && [[ "$output" == *"$G/open may be changed by every user"* ]] || fail "$output"
  chmod 1777 "$G/open" # as /tmp is
  chmod 707 "$G/open/home"
  run timeout 5 "$WORKER" --home "$G/open/home" --workers 1 </dev/null
  [ "$status" = 1 ] && [[ "$output" == *"$G/open/home may be changed by every user"* ]] || fail "$output"
  chmod 700 "$G/open/home"
  "$FORESTGATE" --home "$G/open/home" work --drain
}

@test "by root, a home of root's own is refused, with what to run" {
  am_root || skip 'not root'
  cp -a "$G/home" "$G/roots"
  chown -R root: "$G/roots"
  run timeout 5 "$WORKER" --home "$G/roots" --workers 1 </dev/null
  [ "$status" = 1 ]
  [[ "$output" == *'chown -R www-data'* ]] || fail "$output"
}
