#!/usr/bin/env bats
# tests/cli/backup.bats: what a backup refuses, that it is whole whatever goes on, and that
# a home made of it is the home that it was.

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  "$TOP/tests/bench/fill" "$G/home" 50 60000 >/dev/null
  cp -a "$G/home" "$G/whole"
  mkdir "$G/place"
}
teardown_file() { gate_stop; }

# Each test has a home as it was made, and a place that is empty.
setup() {
  rm -rf "${G:?}/home" "${G:?}/place"
  cp -a "$G/whole" "$G/home"
  mkdir "$G/place"
}
teardown() {
  if [ -n "${WRITER:-}" ]; then kill "$WRITER" 2>/dev/null || :; fi
  gate_stop
}

DB() { echo "$G/home/forestgate.db"; }

# refused STATUS REGEX ARGUMENT...: with a message, and nothing left in the place.
refused() {
  local want=$1 message=$2 before after
  shift 2
  before=$(cd "$G/place" && find . -mindepth 1 -printf '%p %y %s %T@\n')
  run --separate-stderr cli backup "$@"
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = "$want" ] || fail "$* ended with $status: $output $stderr" || return 1
  [ -z "$output" ] || fail "$* printed: $output" || return 1
  [[ "$stderr" =~ $message ]] || fail "$* said: $stderr" || return 1
  after=$(cd "$G/place" && find . -mindepth 1 -printf '%p %y %s %T@\n')
  [ "$before" = "$after" ] || fail 'it left something:' "$(diff <(echo "$before") <(echo "$after"))"
}

# The place holds exactly this.
assert_place() { [ "$(ls -A "$G/place")" = "$1" ] || fail "in the place: $(ls -lA "$G/place")"; }

@test "a file that is there is refused and stays, until --force" {
  echo mine >"$G/place/b.db"
  refused 1 'b\.db: it is there already; --force replaces it' "$G/place/b.db"
  [ "$(cat "$G/place/b.db")" = mine ]
  cli backup --force "$G/place/b.db"
  [ "$(sqlite3 "$G/place/b.db" 'SELECT count(*) FROM call')" = 60000 ]
  assert_place b.db
}

@test "what is no file is refused, also with --force" {
  mkdir "$G/place/directory"
  mkfifo "$G/place/pipe"
  for force in '' --force; do
    # shellcheck disable=SC2086 # one word or none
    {
      refused 1 'no file' $force "$G/place/directory"
      refused 1 'no file' $force "$G/place/pipe"
      refused 1 'no file' $force /dev/null
      refused 1 'allowed: a file' $force ''
      refused 1 'allowed: a file' $force "$G/place/"
      refused 1 'allowed: a file' $force "$(printf '/x%.0s' {1..5000})"
      refused 1 'o such file' $force "$G/place/none/b.db"
      refused 1 'ot a directory' $force "$(DB)/b.db"
    }
  done
  [ -c /dev/null ]
  refused 2 'usage: forestgate backup FILE'
  refused 2 'usage|too many' a b
}

@test "a file in the home is refused by every name that it has, and the database is not touched" {
  before=$(sha256sum "$(DB)")
  ln -s "$G/home/models" "$G/place/link"
  for force in '' --force; do
    for file in "$(DB)" "$(DB)-journal" "$G/home/backup.db" "$G/home/models/b.db" "$G/place/../home/b.db" \
      "$G/place/link/b.db" "$G/home/secrets/key.secret"; do
      # shellcheck disable=SC2086
      refused 1 'in the home .*outside' $force "$file"
    done
  done
  cd "$G/home/logs"
  refused 1 'in the home' ../forestgate.db --force
  refused 1 'in the home' b.db
  [ "$(sha256sum "$(DB)")" = "$before" ]
}

@test "a number to keep is one of 1 to 10000, goes with a directory, and replaces nothing" {
  mkdir "$G/place/kept"
  refused 2 'keep.*allowed' --keep 0 "$G/place/kept"
  refused 2 'keep.*allowed' --keep 10001 "$G/place/kept"
  refused 2 'keep.*allowed' --keep -1 "$G/place/kept"
  refused 2 'keep.*allowed' --keep all "$G/place/kept"
  refused 2 'do not go together' --keep 2 --force "$G/place/kept"
  refused 2 'allowed: a directory' --keep 2 ''
  refused 1 'none.*: No such file' --keep 2 "$G/place/none"
  echo mine >"$G/place/file"
  refused 1 'file/.*: Not a directory' --keep 2 "$G/place/file"
  refused 1 'in the home .*outside' --keep 2 "$G/home"
}

@test "a backup that fails removes none of those that are kept" {
  touch "$G/place/forestgate-2020-01-01T000000Z.db" "$G/place/forestgate-2020-01-02T000000Z.db"
  printf x | dd of="$(DB)" conv=notrunc status=none
  refused 1 'not a database' --keep 1 "$G/place"
}

@test "of the backups of a directory the newest are kept, and nothing else there is touched" {
  cd "$G/place"
  # What looks like a backup and is none, or none that is whole.
  touch forestgate.db forestgate-2020-01-01.db forestgate-2020-01-01T000000Z.db.bak Xforestgate-2020-01-01T000000Z.db \
    forestgate-2020-01-01T00000xZ.db forestgate-2020-01-01T000000Z.db.AAAAAA
  mkdir forestgate-2020-01-09T000000Z.db
  ln -s forestgate.db forestgate-2020-01-08T000000Z.db
  touch -d '25 hours ago' forestgate-2020-01-02T000000Z.db.killed forestgate-2020-01-02T000000Z.db.longer.
  others=$(find . -mindepth 1 ! -name '*.killed' -printf '%f\n')
  touch forestgate-20{18,19,20}-12-31T235959Z.db
  run --separate-stderr cli backup --json --keep 3 .
  [ "$status" = 0 ] || fail "$stderr"
  # The oldest backup, and what is left of one that was killed.
  jq -e '.removed == 2 and .calls == 60000 and (.file | test("^\\./forestgate-2[0-9-]{9}T[0-9]{6}Z\\.db$"))' <<<"$output"
  made=$(jq -r .file <<<"$output")
  [ "$(sqlite3 "$made" 'PRAGMA integrity_check; SELECT count(*) FROM call' | tr '\n' ' ')" = 'ok 60000 ' ]
  [ "$(stat -c '%a %U' "$made")" = "600 $(id -un)" ]
  # shellcheck disable=SC2086 # names without spaces
  diff <(LC_ALL=C ls -A) <(printf '%s\n' $others forestgate-20{19,20}-12-31T235959Z.db "${made#./}" | LC_ALL=C sort)
}

@test "a backup that a wrong clock dates before the others is one of those that stay" {
  touch "$G/place"/forestgate-999{7,8,9}-01-01T000000Z.db
  made=$(cli backup --json --keep 2 "$G/place" | jq -r .file)
  [ "$(cd "$G/place" && echo forestgate-2*Z.db forestgate-9*)" = "$(basename "$made") forestgate-9999-01-01T000000Z.db" ] || fail "$(ls "$G/place")"
}

@test "a home that is not there, or has no database, leaves no file" {
  run "$FORESTGATE" --home "$G/none" backup "$G/place/b.db"
  [ "$status" = 1 ]
  [[ "$output" == *'no home'* ]]
  rm "$(DB)"
  refused 1 'forestgate init' "$G/place/b.db"
  assert_place ''
}

@test "a directory without rights is refused" {
  if am_root; then
    # By another user, from where he may walk.
    open=$(mktemp -d /tmp/forestgate-open.XXXXXX)
    chmod 755 "$open"
    cp "$FORESTGATE" "$open"
    run setpriv --reuid www-data --regid www-data --clear-groups "$open/forestgate" --home "$G/home" backup "$open/b.db"
    left=$(ls "$open")
    rm -rf "$open"
    [ "$left" = forestgate ] || fail "left over: $left"
  else
    mkdir -m 555 "$G/place/closed"
    run cli backup "$G/place/closed/b.db"
  fi
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  [[ "$output" == *'b.db: Permission denied' ]] || fail "$output"
}

@test "a backup is one file of the one who made it, for his eyes alone, named from where he stands" {
  cd "$G/place"
  umask 000
  run --separate-stderr cli backup b.db --json
  [ "$status" = 0 ] || fail "$stderr"
  jq -e --argjson bytes "$(stat -c %s b.db)" '. == {file: "b.db", bytes: $bytes, keys: 51, calls: 60000}' <<<"$output"
  assert_place b.db
  [ "$(stat -c '%a %U' b.db)" = "600 $(id -un)" ]
  [ "$(sqlite3 b.db 'PRAGMA journal_mode')" = delete ]
  [ "$(sqlite3 b.db 'PRAGMA integrity_check')" = ok ]
  assert_place b.db
  diff <(sqlite3 b.db .dump) <(sqlite3 "$(DB)" .dump)
  mkdir sub
  cd sub
  cli backup ../c.db | grep -q '^\.\./c\.db: [0-9]* bytes, 51 keys, 60000 calls'
  [ -s ../c.db ]
}

@test "a link is replaced, and what it leads to is not" {
  echo mine >"$G/place/mine"
  ln -s mine "$G/place/b.db"
  refused 1 'there already' "$G/place/b.db"
  cli backup --force "$G/place/b.db"
  [ ! -L "$G/place/b.db" ]
  [ "$(cat "$G/place/mine")" = mine ]
}

# Inserts calls without end, each in a transaction of its own.
writer_start() {
  local write="BEGIN IMMEDIATE; INSERT INTO call SELECT max(seq) + 1, 'w', 1, 1, 'WWWWWWWWWWWW', NULL, NULL, NULL, 'predict',
    1, 1, 200, NULL, NULL FROM call; UPDATE drained SET seq = seq + 1; COMMIT;"
  sqlite3 -cmd '.timeout 5000' "$(DB)" < <(exec yes "$write" 3>&-) >"$BATS_TEST_TMPDIR/writer" 2>&1 3>&- &
  WRITER=$!
  wait_for 100 writer_wrote 60000 2>/dev/null
}

writer_wrote() { [ "$(sqlite3 -cmd '.timeout 5000' "$(DB)" 'SELECT max(seq) FROM call')" -gt "$1" ]; }

writer_stop() {
  kill "$WRITER" 2>/dev/null || fail "the writer has ended: $(tail -n 3 "$BATS_TEST_TMPDIR/writer")"
  wait "$WRITER" 2>/dev/null || :
  WRITER=
  [ ! -s "$BATS_TEST_TMPDIR/writer" ] || fail "the writer could not write: $(head -n 3 "$BATS_TEST_TMPDIR/writer")"
}

# The copy is of one moment: every call is there up to the number that is drained.
assert_of_one_moment() {
  [ "$(sqlite3 "$1" 'PRAGMA integrity_check')" = ok ]
  [ "$(sqlite3 "$1" 'SELECT count(*) = max(seq) AND max(seq) = (SELECT seq FROM drained) FROM call')" = 1 ] ||
    fail "$(sqlite3 "$1" 'SELECT count(*), max(seq), (SELECT seq FROM drained) FROM call')"
}

backups_under_writes() {
  local i last=60000 now
  writer_start
  for i in 1 2 3; do
    wait_for 100 writer_wrote "$last"
    timeout 300 "$FORESTGATE" --home "$G/home" backup "$G/place/$i.db" || fail "backup $i: $?"
    assert_of_one_moment "$G/place/$i.db"
    now=$(sqlite3 "$G/place/$i.db" 'SELECT max(seq) FROM call')
    [ "$now" -gt "$last" ] || fail "backup $i has nothing new: $now"
    last=$now
  done
  writer_stop
}

@test "while another writes without end a backup ends, is of one moment, and no write fails" {
  backups_under_writes
}

@test "the same without WAL, as over a network, where every write starts a copy anew" {
  sqlite3 "$(DB)" 'PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF' >/dev/null
  backups_under_writes
}

@test "a database that is locked for long is a failure that says so, and leaves no file" {
  sqlite3 "$(DB)" 'PRAGMA journal_mode = DELETE' >/dev/null
  mkfifo "$BATS_TEST_TMPDIR/hold"
  sqlite3 "$(DB)" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/held" 3>&- &
  holder=$!
  exec 7>"$BATS_TEST_TMPDIR/hold"
  echo "BEGIN EXCLUSIVE; SELECT 'held';" >&7
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
  refused 1 'locked' "$G/place/b.db"
  exec 7>&-
  wait "$holder"
  cli backup "$G/place/b.db"
}

@test "a backup that is ended by a signal leaves nothing or the whole" {
  for _ in {1..10}; do
    "$FORESTGATE" --home "$G/home" backup "$G/place/b.db" >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "0.0$((RANDOM % 5))"
    kill -TERM "$pid" 2>/dev/null || :
    wait "$pid" || :
    # Whole under its name, or not there.
    case $(ls -A "$G/place") in
    b.db) [ "$(sqlite3 "$G/place/b.db" 'SELECT count(*) FROM call')" = 60000 ] && rm "$G/place/b.db" ;;
    '') ;;
    *) fail "left over: $(ls -A "$G/place")" ;;
    esac
  done
}

@test "a damaged database makes no backup" {
  sqlite3 "$(DB)" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
  page=$(sqlite3 "$(DB)" "SELECT rootpage FROM sqlite_schema WHERE name = 'call_key'")
  dd if=/dev/zero of="$(DB)" bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
  echo mine >"$G/place/b.db"
  refused 1 'b\.db: .*(damaged|malformed)' --force "$G/place/b.db"
  [ "$(cat "$G/place/b.db")" = mine ]
  # A row that the index does not know.
  setup
  sqlite3 "$(DB)" "PRAGMA writable_schema = ON; CREATE TABLE aside AS SELECT sql FROM sqlite_schema WHERE name = 'call_key';
    UPDATE sqlite_schema SET sql = sql || ' WHERE seq <> 7' WHERE name = 'call_key'" 2>/dev/null
  sqlite3 "$(DB)" "DELETE FROM call WHERE seq = 7; INSERT INTO call SELECT 7, request_id, started_us, duration_us, key, user,
    model, version, route, rows, charged, status, address, over FROM call WHERE seq = 8"
  sqlite3 "$(DB)" "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = (SELECT sql FROM aside) WHERE name = 'call_key';
    DROP TABLE aside" 2>/dev/null || :
  refused 1 'damaged: .*call_key' "$G/place/b.db"
}

@test "a database of another schema makes no backup" {
  sqlite3 "$(DB)" 'PRAGMA user_version = 1'
  refused 1 'forestgate init' "$G/place/b.db"
  sqlite3 "$(DB)" 'PRAGMA user_version = 99'
  refused 1 'newer program' "$G/place/b.db"
}

@test "on a full disk a backup fails, leaves nothing and keeps what was there" {
  am_root || skip 'only root can mount'
  mount -t tmpfs -o size=256k,mode=0755 none "$G/place" 2>/dev/null || skip 'mounting is not allowed here'
  echo mine >"$G/place/b.db"
  failed=
  refused 1 'b\.db: .*(full|o space)' --force "$G/place/b.db" || failed=1
  [ "$(cat "$G/place/b.db")" = mine ] || failed=1
  assert_place b.db || failed=1
  umount "$G/place"
  [ -z "$failed" ]
  [ "$(sqlite3 "$(DB)" 'PRAGMA integrity_check')" = ok ]
  # A limit on the size of files is the same.
  run bash -c 'ulimit -f 100; "$0" --home "$1" backup "$2"' "$FORESTGATE" "$G/home" "$G/place/c.db"
  [ "$status" = 1 ] || fail "it ended with $status: $output"
  assert_place ''
}

# Everything that a backup of a home is made of: forestgate.1 says so.
backup_all() {
  cli backup "$G/place/forestgate.db" >/dev/null
  cp -a "$G/home/forestgate.conf" "$G/home/secrets" "$G/home/models" "$G/place/"
}

contents() {
  cli key list --json
  cli model list --json
  cli call list --limit 0 --csv
  cli call stats --csv
  sqlite3 "$(DB)" 'SELECT * FROM tier; SELECT * FROM key; SELECT * FROM drained; SELECT * FROM call_day'
}

@test "everything put back into a fresh home is the home that it was" {
  sqlite3 "$(DB)" "INSERT INTO tier VALUES ('mine', '7/60s', 'row', 1)"
  gate_start
  predict "$IRIS"
  assert_status 200
  backup_all
  before=$(contents)
  gate_stop
  rm -rf "${G:?}/home"
  cli init >/dev/null
  owner=$(stat -c %u:%g "$G/home")
  cp -a "$G/place/." "$G/home"
  chown -R "$owner" "$G/home"
  cli init >/dev/null
  diff <(echo "$before") <(contents)
  [ "$(sqlite3 "$(DB)" 'PRAGMA journal_mode')" = wal ]
  gate_start
  predict "$IRIS"
  assert_status 200
}

@test "put back into a home whose workers were killed it counts, and not what was written after" {
  cli backup "$G/place/b.db" >/dev/null
  later=$(cli key create --name later 2>/dev/null)
  gate_start
  call GET /models -k "$later"
  assert_status 200
  # All at once, so that no worker follows the master.
  kill -STOP "$MASTER"
  # shellcheck disable=SC2046 # a list of process ids
  kill -KILL $(gate_pids)
  kill -KILL "$MASTER"
  wait_for 100 ended "$MASTER"
  gate_stop
  : >"$G/home/ledger"
  # As forestgate.1 has it.
  install -o "$(stat -c %u "$G/home")" -g "$(stat -c %g "$G/home")" -m 600 "$G/place/b.db" "$(DB)"
  rm -f "$(DB)-wal" "$(DB)-shm" "$G/home/ledger"
  cli init >/dev/null
  gate_start
  predict "$IRIS"
  assert_status 200
  call GET /models -k "$later"
  assert_status 401
  [ "$(cli call list --limit 0 --json | jq length)" = 60001 ]
}
