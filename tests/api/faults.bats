#!/usr/bin/env bats
# tests/api/faults.bats: the state of a home at fault.  What cannot be served is refused
# with a 503, what can be is served, and what comes right is taken up again.

# shellcheck disable=SC2154,SC2030,SC2031 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  cp -a "$G/home" "$G/whole"
}
teardown_file() { gate_stop; }

# Each test has a home as it was made.
setup() {
  rm -rf "${G:?}/home"
  cp -a "$G/whole" "$G/home"
}
teardown() { gate_stop; }

PRICE='{"features":[0.5,0.5]}'
image() { echo "$G/home/models/$1/1.fgm"; }

# Puts another file in the place of a published image, as a restore would: mode and
# owner kept, nothing written in place.
image_replace() {
  if am_root; then chown --reference "$(image "$1")" "$2"; fi
  chmod --reference "$(image "$1")" "$2"
  mv -f "$2" "$(image "$1")"
}

# The worker (or its start) was refused, with a message on standard error that has it.
assert_start_refused() {
  run timeout 10 "$WORKER" --home "$G/home" --workers 1 </dev/null
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" =~ $1 ]] || fail "the message is another: $output"
}

assert_cli_refused() {
  run cli key list
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" =~ $1 ]] || fail "the message is another: $output"
}

flip() { # FILE OFFSET: one bit of it
  local byte
  byte=$(od -An -tu1 -j "$2" -N1 "$1" | tr -d ' ')
  # shellcheck disable=SC2059
  printf "\\x$(printf %02x $((byte ^ (1 << (RANDOM % 8)))))" |
    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a damaged image is a 503, the other model is served, and the repaired one again" {
  cp -f "$(image iris)" "$G/good.fgm"
  head -c 1000 "$G/good.fgm" >"$G/cut.fgm"
  image_replace iris "$G/cut.fgm"
  gate_start
  pids=$(gate_pids)
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_problem 503 unavailable 'iris'
    call POST /models/price/predict -k "$KEY" -d "$PRICE"
    assert_status 200
  done
  call GET /health/ready
  assert_problem 503 unavailable
  call GET /health
  assert_status 200
  call GET /models -k "$KEY"
  assert_json '[.models[] | [.name, .state]] == [["iris","unavailable"],["price","ready"]]'
  call GET /models/iris -k "$KEY"
  assert_status 200
  assert_json '.state == "unavailable"'
  grep -q 'model iris version 1 cannot be used' "$G/out"
  # No path of ours in an answer.
  if grep -q 'fgm' "$body_file"; then fail 'a path is in the answer'; fi
  image_replace iris "$G/good.fgm"
  sleep 1.1
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
  done
  call GET /health/ready
  assert_status 200
  [ "$(gate_pids)" = "$pids" ]
}

@test "a model published anew takes the place of a damaged one at once" {
  head -c 1000 "$(image iris)" >"$G/cut.fgm"
  image_replace iris "$G/cut.fgm"
  gate_start
  predict "$IRIS"
  assert_problem 503 unavailable iris
  [ "$(cli model publish iris "$G/iris.fgm")" = 2 ]
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
    assert_json '.version == 2'
  done
}

@test "one flipped bit, wherever it is, is a 503 and no worker dies of it" {
  size=$(stat -c %s "$(image iris)")
  cp -f "$(image iris)" "$G/good.fgm"
  for at in 0 1 4 7 8 9 12 16 20 24 28 32 40 48 56 63 64 72 $((size / 2)) $((size - 1)) \
    $((RANDOM % size)) $((RANDOM % size)) $((RANDOM % size)) $((RANDOM % size)) $((RANDOM % size)) $((RANDOM % size)); do
    cp --no-preserve=mode "$G/good.fgm" "$G/bad.fgm"
    flip "$G/bad.fgm" "$at"
    image_replace iris "$G/bad.fgm"
    cgi POST /predict -k "$KEY" -d "$IRIS"
    [ "$cgi_status" = 0 ] || fail "the worker ended with $cgi_status for a flip at $at of $size"
    assert_problem 503 unavailable iris || fail "for a flip at $at of $size"
  done
}

@test "an image of any shorter length, and a longer one, is a 503" {
  cp -f "$(image iris)" "$G/good.fgm"
  size=$(stat -c %s "$G/good.fgm")
  for length in 0 1 7 8 63 64 100 1000 4096 $((size / 2)) $((size - 1)) $((size + 1)) $((size + 4096)); do
    rm -f "$G/bad.fgm"
    { head -c "$length" "$G/good.fgm" && head -c $((length > size ? length - size : 0)) /dev/zero; } >"$G/bad.fgm"
    image_replace iris "$G/bad.fgm"
    cgi POST /predict -k "$KEY" -d "$IRIS"
    [ "$cgi_status" = 0 ] || fail "the worker ended with $cgi_status for a length of $length"
    assert_problem 503 unavailable iris || fail "for a length of $length"
  done
}

@test "another good image in the place of the published one is not served" {
  train_iris "$G/other.fgm" 10 7
  image_replace iris "$G/other.fgm"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_problem 503 unavailable iris
}

@test "an image that is missing, a directory or not to be read is a 503" {
  mv "$(image iris)" "$G/aside"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_problem 503 unavailable iris
  mkdir "$(image iris)"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_problem 503 unavailable iris
  rmdir "$(image iris)"
  mv "$G/aside" "$(image iris)"
  chmod 000 "$(image iris)"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_problem 503 unavailable iris
}

@test "an image that is cut off in place under its mapping costs no more than the request in hand" {
  "$FORESTGATE" model train --csv "$G/regression.csv" --target price --trees 300 -o "$G/big.fgm" >/dev/null
  cli model publish big "$G/big.fgm" >/dev/null
  gate_start
  for _ in {1..8}; do
    call POST /models/big/predict -k "$KEY" -d "$PRICE"
    assert_status 200
  done
  chmod u+w "$(image big)"
  truncate -s 4096 "$(image big)"
  lost=0
  for _ in {1..16}; do
    call POST /models/big/predict -k "$KEY" -d "$PRICE"
    case $status in
    503) ;;
    *) lost=$((lost + 1)) ;;
    esac
    call POST /models/price/predict -k "$KEY" -d "$PRICE"
    assert_status 200
  done
  [ "$lost" -le 2 ] || fail "$lost answers were lost or wrong with two workers"
  assert_problem_of_last() { call POST /models/big/predict -k "$KEY" -d "$PRICE" && [ "$status" = 503 ]; }
  wait_for 40 assert_problem_of_last || show_answer
}

@test "no model at all: not ready, predictions are a 503" {
  rm -rf "${G:?}/home"
  cli init >/dev/null
  KEY=$(cli key create --name first 2>/dev/null)
  gate_start
  call GET /health/ready
  assert_problem 503 unavailable 'No model'
  predict "$IRIS"
  assert_problem 503 unavailable 'No model'
  call GET /models -k "$KEY"
  assert_json '.models == []'
  [ "$(cli model publish iris "$G/iris.fgm")" = 1 ]
  call GET /health/ready
  assert_status 200
  predict "$IRIS"
  assert_status 200
}

@test "a default model that is not published is named in the refusal" {
  echo 'default_model = wine' >>"$G/home/forestgate.conf"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_problem 503 unavailable wine
  cgi POST /predict -k "$KEY" -d '{"features":[5.1,3.5,1.4,0.2],"model":"iris"}'
  assert_status 200
}

@test "the setting default_model chooses" {
  echo 'default_model = price' >>"$G/home/forestgate.conf"
  cgi POST /predict -k "$KEY" -d "$PRICE"
  assert_json '.model == "price"'
  cgi GET /models -k "$KEY"
  assert_json '[.models[] | select(.default) | .name] == ["price"]'
}

# Nothing is admitted that the database would not take: after the half second for which
# its last write counts, every call is a 503, and none of them leaves a trace.
assert_nothing_is_admitted() {
  sleep 0.7
  for _ in {1..6}; do
    predict "$IRIS" HTTP_X_REQUEST_ID=unwritten
    assert_problem 503 unavailable || return 1
    [ -z "$(header_of ratelimit)" ] || fail 'it has been counted' || return 1
  done
}

# Whatever happened, the log has a row for each answer and no other.
assert_rows_of() {
  assert_books || return 1
  [ "$(database "SELECT count(*) FROM call WHERE status = 200")" = "$1" ] ||
    fail "not $1 rows:" "$(database 'SELECT status, count(*) FROM call GROUP BY 1')" || return 1
  [ -z "$(database "SELECT * FROM call WHERE request_id = 'unwritten'")" ] ||
    fail 'a refused call has a row'
}

@test "while a writer has the database no call is admitted, and after it all are" {
  gate_start
  pids=$(gate_pids)
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
  done
  database_hold
  assert_nothing_is_admitted
  # What counts nothing is answered.
  call GET /models -k "$KEY"
  assert_status 200
  call GET /health/ready
  assert_status 200
  # Who would change something waits five seconds and says what is the matter.
  run cli key create --name late
  database_let_go
  [ "$status" = 1 ]
  [[ "$output" == *locked* || "$output" == *busy* ]] || fail "$output"
  run cli key list --json
  [ "$(jq length <<<"$output")" = 1 ]
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
  done
  [ "$(gate_pids)" = "$pids" ]
  assert_rows_of 8
  [ "$(grep -c 'calls cannot be brought' "$G/out")" -le 4 ] || fail 'too much was said' "$(cat "$G/out")"
}

@test "a writer that is done within a quarter of a second costs no call" {
  gate_start
  # So short a time may be over before a slow machine has asked, or let go of it.
  for _ in {1..5}; do
    sleep 0.7
    database_hold
    (sleep 0.1 && database_let_go 2>/dev/null) &
    exec 7>&-
    predict "$IRIS"
    # shellcheck disable=SC2153 # it is of database_hold
    wait "$HOLDER" || :
    rm -f "$BATS_TEST_TMPDIR/hold" "$BATS_TEST_TMPDIR/held"
    if [ "$status" = 200 ]; then break; fi
  done
  assert_status 200
}

@test "by plain CGI a locked database is a 503 with the body of every refusal" {
  sqlite3 "$G/home/forestgate.db" 'PRAGMA journal_mode = DELETE' >/dev/null
  mkfifo "$BATS_TEST_TMPDIR/hold"
  sqlite3 "$G/home/forestgate.db" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/held" 3>&- &
  holder=$!
  exec 7>"$BATS_TEST_TMPDIR/hold"
  echo "BEGIN EXCLUSIVE; SELECT 'held';" >&7
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
  cgi POST /predict -k "$KEY" -d "$IRIS"
  exec 7>&-
  wait "$holder"
  assert_problem 503 unavailable
}

@test "by plain CGI a home that cannot be opened is a 503 that tells nothing of it" {
  for fault in 'rm forestgate.db' 'rm secrets/key.secret' 'chmod 644 secrets/key.secret' 'rm epoch' 'rm -r logs' \
    'cp /etc/passwd forestgate.db' 'echo nothing=1 >>forestgate.conf'; do
    setup
    (cd "$G/home" && eval "$fault")
    cgi POST /predict -k "$KEY" -d "$IRIS"
    assert_problem 503 unavailable || fail "after: $fault"
    if grep -qE "secret|\.db|$G|conf" "$body_file"; then fail "it tells too much: $body"; fi
  done
}

@test "by plain CGI, workers = N serves one request and ends" {
  echo 'workers = 2' >>"$G/home/forestgate.conf"
  cgi GET /health
  [ "$cgi_status" = 0 ] || fail "the program ended with $cgi_status (124: not at all)"
  [ "$(grep -c '^Status:' "$answer")" = 1 ]
  assert_status 200
}

@test "a read-only database admits no call and takes no change, and writable again it does" {
  chmod 0400 "$G/home"/forestgate.db*
  gate_start
  pids=$(gate_pids)
  assert_nothing_is_admitted
  call GET /models -k "$KEY"
  assert_status 200
  run cli key create --name one
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" == *'readonly'* || "$output" == *'read-only'* ]] || fail "$output"
  run cli model publish iris "$G/iris.fgm"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [ ! -e "$G/home/models/iris/2.fgm" ]
  [ -z "$(find "$G/home/models" -name 'incoming*')" ]
  chmod 0600 "$G/home"/forestgate.db*
  sleep 0.2
  for _ in 1 2 3 4; do
    predict "$IRIS"
    assert_status 200
    assert_json '.version == 1'
  done
  [ "$(gate_pids)" = "$pids" ]
  assert_rows_of 4
}

# Who brings calls into it opens it again; where nobody predicts, somebody else has to.
@test "a read-only database that becomes writable takes changes again, with no prediction asked" {
  local admin i
  cli key create --name admin --scopes admin >"$G/admin.key" 2>/dev/null
  admin=$(<"$G/admin.key")
  chmod 0400 "$G/home"/forestgate.db*
  gate_start --workers 2
  call PUT /admin/tiers/mine -k "$admin" -d '{"limits":"5/60s"}'
  assert_problem 503 unavailable read-only
  chmod 0600 "$G/home"/forestgate.db*
  taken() {
    call PUT /admin/tiers/mine -k "$admin" -d '{"limits":"5/60s"}'
    [ "$status" = 200 ]
  }
  wait_for 100 taken || fail "it stays read-only: $status"
  sleep 1.1
  for i in 1 2 3 4 5 6; do taken || :; done
  for i in 1 2 3 4 5 6 7 8; do taken || fail 'a worker has it read-only still'; done
}

@test "a missing database stops the start and says what to run" {
  rm "$G/home"/forestgate.db*
  assert_start_refused 'forestgate .*init'
  assert_cli_refused 'forestgate .*init'
  [ ! -e "$G/home/forestgate.db" ]
}

@test "a missing home stops the start and says what to run" {
  rm -r "${G:?}/home"
  assert_start_refused 'forestgate .*init'
  assert_cli_refused 'forestgate .*init'
}

@test "a database that is none stops the start" {
  rm -f "$G/home"/forestgate.db-*
  cp --no-preserve=all /etc/passwd "$G/home/forestgate.db.new"
  chown --reference "$G/home/forestgate.db" "$G/home/forestgate.db.new"
  mv "$G/home/forestgate.db.new" "$G/home/forestgate.db"
  assert_start_refused 'not a database'
  assert_cli_refused 'not a database'
}

@test "a schema of a newer program stops the start, and init leaves it as it is" {
  sqlite3 "$G/home/forestgate.db" 'PRAGMA user_version = 99'
  assert_start_refused 'schema is 99'
  assert_cli_refused 'schema is 99'
  run cli init
  [ "$status" = 1 ]
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA user_version')" = 99 ]
}

@test "a schema of an older program stops the start and says what to run" {
  rm "$G/home"/forestgate.db*
  sqlite3 "$G/home/forestgate.db" 'CREATE TABLE t (x)'
  if am_root; then chown www-data: "$G/home/forestgate.db"; fi
  assert_start_refused 'forestgate init'
}

@test "a secret that is missing, open to others, of another length or a link stops the start" {
  secret=$G/home/secrets/key.secret
  mv "$secret" "$G/aside"
  assert_start_refused 'key.secret.*No such file'
  assert_cli_refused 'key.secret.*No such file'
  ln -s "$G/aside" "$secret"
  assert_start_refused 'key.secret'
  rm "$secret"
  mv "$G/aside" "$secret"
  for mode in 0640 0604 0644 0777; do
    chmod "$mode" "$secret"
    assert_start_refused 'chmod 600'
    assert_cli_refused 'chmod 600'
  done
  chmod 600 "$secret"
  echo >>"$secret"
  assert_start_refused '32 bytes'
  : >"$secret"
  assert_start_refused '32 bytes'
}

@test "an epoch file that is missing or cut off stops the start" {
  mv "$G/home/epoch" "$G/aside"
  assert_start_refused 'epoch'
  : >"$G/home/epoch"
  if am_root; then chown www-data: "$G/home/epoch"; fi
  assert_start_refused '8 bytes'
}

@test "another secret makes every key unknown, not the worker fail" {
  head -c 32 /dev/urandom >"$G/home/secrets/key.secret"
  gate_start
  predict "$IRIS"
  assert_problem 401 unauthorized
}

@test "a damaged key row is a 503 for that key alone" {
  other=$(cli key create --name other 2>/dev/null)
  sqlite3 "$G/home/forestgate.db" "UPDATE key SET mac = x'00' WHERE name = 'other'"
  gate_start
  call GET /models -k "$other"
  assert_problem 503 unavailable
  predict "$IRIS"
  assert_status 200
}

@test "a log that can grow no more stops no prediction, and no worker" {
  # A limit on the size of files, as hosts set it, sends a signal for every such write.
  # This one is above all that the home has but the log.
  echo 'ledger_size = 4M' >>"$G/home/forestgate.conf"
  head -c 5120000 /dev/zero | tr '\0' '\n' >"$G/home/logs/access.log"
  if am_root; then chown www-data: "$G/home/logs/access.log"; fi
  : >"$G/out"
  (
    ulimit -f 5000
    gate_start || :
  )
  # shellcheck disable=SC1091
  . "$G/running"
  pids=$(gate_pids)
  for _ in {1..6}; do
    predict "$IRIS"
    assert_status 200
  done
  [ "$(gate_pids)" = "$pids" ]
  grep -q 'access.log: lines are being lost' "$G/out" || fail "nothing was said: $(cat "$G/out")"
}

answered_with() { cat "$BATS_TEST_TMPDIR"/client.* 2>/dev/null | grep -q "^Status: $1"; }

# under_load STATUS COMMAND...: while six clients ask, of whom one was answered with this; then there is a row for each answer, what is
# left of the quota is what was charged, and all goes on with the workers that there were.
under_load() {
  local pids load result served used
  pids=$(gate_pids)
  clients "$KEY" 6 "${TIMES:-150}" >"$BATS_TEST_TMPDIR/load" &
  load=$!
  wait_for 100 answered_with "$1"
  "${@:2}"
  wait "$load"
  result=$(cat "$BATS_TEST_TMPDIR/load")
  grep -qE '^200x[0-9]+ 503x[0-9]+ $' <<<"$result" || fail "the answers were: $result" || return 1
  served=$(grep -oE '200x[0-9]+' <<<"$result" | cut -dx -f2)
  sleep 0.2
  predict "$IRIS"
  assert_status 200 || return 1
  assert_rows_of $((served + 1)) || fail "of $result" || return 1
  used=$((10000000 - $(header_of ratelimit | grep -oE '"day";r=[0-9]+' | cut -d= -f2)))
  [ "$used" = "$(database 'SELECT sum(charged) FROM call')" ] &&
    [ "$used" = "$(database 'SELECT sum(charged) FROM usage')" ] && [ "$used" = $((served + 1)) ] ||
    fail "used $used of $result" "$headers" || return 1
  [ "$(gate_pids)" = "$pids" ] || fail 'a worker has ended'
}

lock_a_while() {
  for _ in 1 2 3; do
    database_hold
    sleep 0.9
    database_let_go
    sleep 0.3
  done
}

@test "a database that is locked again and again under load: a row for each answer, and no other" {
  gate_start --workers 4
  under_load 200 lock_a_while
}

@test "the same with durability = power" {
  echo 'durability = power' >>"$G/home/forestgate.conf"
  gate_start --workers 4
  under_load 200 lock_a_while
}

@test "a read-only database that becomes writable under load" {
  chmod 0400 "$G/home"/forestgate.db*
  gate_start --workers 4
  under_load 503 chmod 0600 "$G/home"/forestgate.db*
}

# A small file system of its own, by root alone; what is not root has no such right.
small_home() {
  am_root || skip 'only root can mount'
  mkdir -p "$G/small"
  mount -t tmpfs -o "size=$1,mode=0755" none "$G/small" 2>/dev/null || skip 'mounting is not allowed here'
  cp -a "$G/home" "$G/small/home"
  rm -rf "${G:?}/home"
  ln -s small/home "$G/home"
}

small_away() {
  gate_stop
  umount "$G/small"
}

fill() { dd if=/dev/zero of="$G/small/fill" bs=4096 2>/dev/null || :; }

full_disk() {
  local before after
  gate_start || return 1
  predict "$IRIS" HTTP_X_REQUEST_ID=before-full
  assert_status 200 || return 1
  fill
  : >"$G/out"
  pids=$(gate_pids)
  # The rest of the last pages of log and database is used up first.
  served=1 refused=0
  for _ in {1..300}; do
    predict "$IRIS"
    case $status in
    200) served=$((served + 1)) refused=0 ;;
    *) assert_problem 503 unavailable '\(no space left\)|\(busy\)' && refused=$((refused + 1)) || return 1 ;;
    esac
    [ "$refused" -lt 60 ] || break
  done
  [ "$refused" = 60 ] || fail 'calls are admitted on a full disk for ever' || return 1
  [ "$(gate_pids)" = "$pids" ] || return 1
  call GET /models -k "$KEY"
  assert_status 200 || return 1
  grep -q 'access.log: lines are being lost' "$G/out" || fail 'nothing was said' "$(cat "$G/out")" || return 1
  [ "$(grep -c 'lines are being lost' "$G/out")" -le 8 ] || fail 'too much was said' || return 1
  before=$(cd "$G/home" && find . -not -name '*-shm' -not -name '*-wal' | sort)
  run cli key create --name none
  [ "$status" = 1 ] || fail "key create ended with $status: $output" || return 1
  [[ "$output" == *full* || "$output" == *'o space'* ]] || fail "key create: $output" || return 1
  if grep -q fg_ <<<"$output"; then fail 'a key was shown that is not there' || return 1; fi
  run cli model publish iris "$G/iris.fgm"
  [ "$status" = 1 ] || fail "publish ended with $status: $output" || return 1
  [[ "$output" == *full* || "$output" == *'o space'* ]] || fail "publish: $output" || return 1
  run cli model publish another "$G/iris.fgm"
  [ "$status" = 1 ] || fail "publish ended with $status: $output" || return 1
  run "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species -o "$G/small/new.fgm"
  [ "$status" = 1 ] || fail "train ended with $status: $output" || return 1
  [[ "$output" == *new.fgm*'o space'* ]] || fail "train: $output" || return 1
  run cli predict --model iris --in "$TOP/model/iris.csv" --out "$G/small/out.csv"
  [ "$status" = 1 ] || fail "predict ended with $status: $output" || return 1
  [ "$(ls "$G/small")" = $'fill\nhome' ] || fail "left over: $(ls "$G/small")" || return 1
  after=$(cd "$G/home" && find . -not -name '*-shm' -not -name '*-wal' | sort)
  [ "$before" = "$after" ] || fail 'left over in the home:' "$(diff <(echo "$before") <(echo "$after"))" || return 1
  rm "$G/small/fill"
  sleep 0.2
  # With room again everything goes on, and no line is glued to a torn one.
  for i in 1 2 3 4 5 6; do
    predict "$IRIS" HTTP_X_REQUEST_ID="after-full-$i"
    assert_status 200 && assert_json '.version == 1' || return 1
  done
  [ "$(gate_pids)" = "$pids" ] || return 1
  assert_rows_of $((served + 6)) || return 1
  for i in 1 2 3 4 5 6; do
    grep -qE "^20[^ ]+ info 127.0.0.1 POST /predict 200 [0-9.]+ after-full-$i fg_.{4}\.\.\.$" \
      "$G/home/logs/access.log" || fail "no whole line of after-full-$i:" "$(tail -n 7 "$G/home/logs/access.log")" || return 1
  done
  [ "$(cli model publish iris "$G/iris.fgm")" = 2 ] || return 1
  cli key create --name more >/dev/null 2>&1 || return 1
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA integrity_check')" = ok ]
}

@test "on a full disk no call is admitted, and every change fails loudly with nothing half-made" {
  echo "ledger_size = 4M" >>"$G/home/forestgate.conf"
  small_home 6m
  if full_disk; then failed=; else failed=1; fi
  small_away
  [ -z "$failed" ]
}

full_a_while() {
  for _ in 1 2 3; do
    fill
    sleep 0.9
    rm "$G/small/fill"
    sleep 0.3
  done
}

@test "a disk that is full again and again under load: a row for each answer, and no other" {
  echo "ledger_size = 4M" >>"$G/home/forestgate.conf"
  small_home 24m # SQLite's log takes 4 MB before any of it is given back
  gate_start --workers 4
  if TIMES=300 under_load 200 full_a_while; then failed=; else failed=1; fi
  small_away
  [ -z "$failed" ]
}
