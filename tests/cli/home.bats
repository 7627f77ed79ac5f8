#!/usr/bin/env bats
# tests/cli/home.bats: forestgate init, and what a home is.

# shellcheck disable=SC2016,SC2030,SC2031 # set or read by lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

setup() { G=$BATS_TEST_TMPDIR; }

# All of the home: names, modes, owners and bytes; SQLite's side files aside.
state() {
  (cd "$G/home" && find . -not -name '*.db-*' -printf '%p %m %u\n' | sort &&
    find . -type f -not -name '*.db-*' -not -name '*.db' -exec sha256sum {} + | sort &&
    sqlite3 forestgate.db .dump)
}

@test "init makes a home that is its owner's alone" {
  run cli init
  [ "$status" = 0 ]
  [[ "$output" == *"$G/home"* ]]
  [ "$(cd "$G/home" && find . -maxdepth 1 -not -name '*.db-*' -printf '%f\n' | sort | tr '\n' ' ')" = \
    '. audit.head epoch forestgate.conf forestgate.db jobs kept lock logs models secrets tls work.db ' ]
  [ -z "$(find "$G/home" -perm /077)" ] || fail "$(find "$G/home" -perm /077 -printf '%p %m\n')"
  [ "$(stat -c %s "$G/home/secrets/key.secret")" = 32 ]
}

@test "by root the home is www-data's, or the user's that is named" {
  am_root || skip 'not root'
  cli init >/dev/null
  [ -z "$(find "$G/home" -not -user www-data)" ]
  "$FORESTGATE" init --home "$G/other" --user daemon >/dev/null
  [ -z "$(find "$G/other" -not -user daemon)" ]
  run "$FORESTGATE" init --home "$G/none" --user no-such-user
  [ "$status" = 1 ]
  [[ "$output" == *'no user no-such-user'* ]]
  [ ! -e "$G/none" ]
}

@test "by root a home that stays root's is told of, with what to do" {
  am_root || skip 'not root'
  mkdir "$BATS_TEST_TMPDIR/roots"
  run --separate-stderr "$FORESTGATE" init --home "$BATS_TEST_TMPDIR/roots"
  [ "$status" = 0 ]
  # shellcheck disable=SC2154 # run sets it
  [[ "$stderr" == *'belongs to root'*"chown -R www-data: $BATS_TEST_TMPDIR/roots" ]] || fail "$stderr"
  run --separate-stderr "$FORESTGATE" init --home "$BATS_TEST_TMPDIR/new"
  [ "$status" = 0 ]
  [ -z "$stderr" ]
}

@test "by root nothing in the home ever becomes root's" {
  am_root || skip 'not root'
  gate_home
  cli key create --name two >/dev/null 2>&1
  cli key list >/dev/null
  cli model publish iris "$G/iris.fgm" >/dev/null
  cli model show iris >/dev/null
  cli predict --model iris --in "$TOP/model/iris.csv" >/dev/null
  [ -z "$(find "$G/home" -user root)" ] || fail "$(find "$G/home" -user root)"
}

@test "by root a link in the home leads to nothing that its owner could not read himself" {
  am_root || skip 'not root'
  cli init >/dev/null
  install -o root -g root -m 640 /dev/null "$G/roots"
  chmod 755 "$G"
  ln -sf ../roots "$G/home/forestgate.conf" # a way that all may walk
  run setpriv --groups 0,4 -- "$FORESTGATE" --home "$G/home" config check
  rm "$G/home/forestgate.conf"
  [ "$status" = 1 ]
  [[ "$output" == *'Permission denied'* ]] || fail "$output"
}

@test "init again keeps everything" {
  gate_home
  cli user create ann@example.org --role admin --password-stdin <<<'a bicycle for seven cats'
  echo '# mine' >>"$G/home/forestgate.conf"
  before=$(state)
  run cli init
  [ "$status" = 0 ]
  [ "$(state)" = "$before" ] || fail "$(diff <(echo "$before") <(state))"
  run cli init --json
  jq -e --arg home "$G/home" '. == {home: $home}' <<<"$output"
}

@test "a new home has nobody in it, and no key" {
  cli init >/dev/null
  cli user list --json | jq -e '. == []'
  cli key list --json | jq -e '. == []'
  cli audit list --json | jq -e 'all(.action != "user.create" and .action != "key.create")'
}

@test "init without an administrator makes a setup link, and each ends the one before" {
  gate_home
  run --separate-stderr cli init
  [ "$status" = 0 ]
  [ -z "$stderr" ]
  [ "${lines[0]}" = "the home is ready: $G/home" ]
  [[ "${lines[1]}" =~ ^'setup link: http://127.0.0.1:8080/setup#fgi_'[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$ ]] ||
    fail "$output"
  [ "${#lines[@]}" = 2 ]
  first=$(cli invitation list --json | jq -r '.[].id')
  [[ "${lines[1]}" == *"#fgi_${first}_"* ]]
  cli init --json --url https://api.example.org/gate/ |
    jq -e '.setup | test("^https://api.example.org/gate/setup#fgi_")'
  cli invitation list --json | jq -e --arg first "$first" '
    length == 1 and .[0].id != $first and .[0].role == "admin" and .[0].made_by == "setup" and
    (.[0] | (.expires_at | .[:19] + "Z" | fromdate) - (.created_at | .[:19] + "Z" | fromdate)) == 1800'
  # No home keeps it in a form that opens anything.
  link=$(cli init | tail -1)
  ! grep -rqF "${link##*_}" "$G/home" || fail 'the secret is in the home'
  cli user create ann@example.org --role admin --password-stdin <<<'a bicycle for seven cats'
  run cli init
  [ "$output" = "the home is ready: $G/home" ]
  # One who may not log in is none.
  cli user set ann@example.org --active no --force
  run cli init
  [[ "$output" == *'setup link: '* ]]
}

@test "a URL that is none makes no home" {
  for url in '' x http:/x ftp://x 'http://a b' 'http://x#y' 'http://x?y' $'http://x\ny' 'http://ä' "http://$(printf 'x%.0s' {1..300})"; do
    run --separate-stderr "$FORESTGATE" init --home "$BATS_TEST_TMPDIR/none" --url "$url"
    [ "$status" = 2 ] || fail "$url: $status"
    [[ "$stderr" == *'https://api.example.org'* ]] || fail "$url: $stderr"
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
  done
}

@test "init that may not open a file of the home sends to doctor, who names it" {
  cli init >/dev/null
  chmod 000 "$G/home/lock"
  run -1 cli init
  [[ "$output" == *"may not open files of the home: forestgate doctor tells which"* ]]
  run -1 cli doctor
  [[ "$output" == *lock* ]] || fail "$output"
}

@test "init completes a home that lacks something" {
  gate_home
  rm -r "$G/home/logs" "$G/home/forestgate.conf" "$G/home/epoch"
  run cli init
  [ "$status" = 0 ]
  [ -d "$G/home/logs" ]
  [ -s "$G/home/forestgate.conf" ]
  [ "$(stat -c %s "$G/home/epoch")" = 8 ]
  cli key list --json | jq -e 'length == 1'
}

@test "two inits at once make one whole home" {
  for i in 1 2 3 4; do
    cli init >"$G/out.$i" 2>&1 3>&- &
  done
  wait
  KEY=$(cli key create --name one 2>/dev/null) || fail "$(cat "$G"/out.*)"
  [ ${#KEY} = 66 ]
  [ "$(sqlite3 "$G/home/forestgate.db" 'PRAGMA integrity_check')" = ok ]
  [ -z "$(find "$G/home" -name '*.??????' -not -name '*.secret')" ] || fail "$(find "$G/home")"
}

@test "init where it cannot be made is a failure that names the place" {
  run "$FORESTGATE" init --home "$G/no/such/parent"
  [ "$status" = 1 ]
  [[ "$output" == *"$G/no/such/parent"* ]]
  : >"$G/file"
  run "$FORESTGATE" init --home "$G/file"
  [ "$status" = 1 ]
  [[ "$output" == *"$G/file"* ]]
}

@test "a home may have any path" {
  for name in 'with blanks' "quote's" 'dollar$x' '-dash' 'ünï' $'new\nline' '%s%n' "$(printf 'l%.0s' {1..200})"; do
    (
      cd "$G"
      "$FORESTGATE" init --home "./$name" >/dev/null
      key=$("$FORESTGATE" key create --name x --home "./$name" 2>/dev/null)
      [ ${#key} = 66 ]
    )
  done
}

@test "a relative home, and files beside it, are those of the directory one is in" {
  cd "$G"
  "$FORESTGATE" --home home init >/dev/null
  train_iris iris.fgm
  [ "$("$FORESTGATE" --home home model publish iris iris.fgm)" = 1 ]
  cp "$TOP/model/iris.csv" rows.csv
  "$FORESTGATE" --home home predict --model iris --in rows.csv --out out.csv
  [ "$(wc -l <out.csv)" = 151 ]
  "$FORESTGATE" --home home model show iris | grep -q 'classify'
}

# Makes the database of the home what the first schema was, with its keys.
downgrade() {
  rm -f "$G/old.db"
  sqlite3 "$G/old.db" "ATTACH '$G/home/forestgate.db' AS new;
    CREATE TABLE key (id TEXT PRIMARY KEY, name TEXT NOT NULL, mac BLOB NOT NULL, models TEXT NOT NULL,
      created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE TABLE model (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL) STRICT;
    CREATE TABLE version (model TEXT NOT NULL REFERENCES model (name), version INTEGER NOT NULL,
      sha256 TEXT NOT NULL, published_at INTEGER NOT NULL, PRIMARY KEY (model, version)) STRICT, WITHOUT ROWID;
    INSERT INTO key SELECT id, name, mac, models, created_at, expires_at, revoked_at FROM new.key;
    INSERT INTO model SELECT id, name, version FROM new.model;
    INSERT INTO version SELECT model, version, sha256, published_at FROM new.version;
    PRAGMA user_version = 1"
  rm -f "$G"/home/forestgate.db*
  cp "$G/old.db" "$G/home/forestgate.db"
  chmod 600 "$G/home/forestgate.db"
  if am_root; then chown www-data: "$G/home/forestgate.db"; fi
}

@test "init upgrades a database of the first schema, and its keys go on" {
  gate_home
  cli key set "$(cut -d_ -f2 <<<"$KEY")" --tier standard >/dev/null
  ended=$(cli key create --name ended 2>/dev/null)
  cli key revoke "$(cut -d_ -f2 <<<"$ended")" >/dev/null
  some=$(cli key create --name some --models iris --expires 1d 2>/dev/null)
  before=$(cli key list --json)
  downgrade
  run cli key list
  [[ "$status" = 1 && "$output" == *'forestgate init'* ]] || fail "$output"
  cgi GET /models -k "$KEY"
  assert_problem 503 unavailable
  cli init >/dev/null
  [ "$(cli key list --json)" = "$before" ]
  cli key list --json | jq -e 'all(.[]; .tier == "standard" and .scopes == "predict,jobs,read" and .metadata == {})'
  for key in "$KEY" "$some"; do
    cgi POST /predict -k "$key" -d "$IRIS"
    assert_status 200
  done
  cgi POST /predict -k "$ended" -d "$IRIS"
  assert_problem 401 unauthorized
  cli key rotate "$(cut -d_ -f2 <<<"$some")" --overlap 1h >/dev/null 2>&1
  cgi POST /predict -k "$some" -d "$IRIS"
  assert_status 200
  cli init >/dev/null
  [ "$(cli tier list --json | jq length)" = 4 ]
}

@test "init upgrades a database of the second schema, whose models can be taken back then" {
  gate_home
  for _ in 2 3; do cli model publish iris "$G/iris.fgm" >/dev/null; done
  cli model publish wine "$G/iris.fgm" >/dev/null
  before=$(cli model list --json)
  sqlite3 "$G/home/forestgate.db" 'ALTER TABLE model DROP COLUMN last_version; ALTER TABLE model DROP COLUMN canary;
    ALTER TABLE model DROP COLUMN share; ALTER TABLE model DROP COLUMN by_key; ALTER TABLE model DROP COLUMN shadow;
    ALTER TABLE model DROP COLUMN keep_share; ALTER TABLE model DROP COLUMN keep_days;
    ALTER TABLE version DROP COLUMN back; DROP TABLE compared; DROP TABLE user; DROP INDEX key_user;
    ALTER TABLE key DROP COLUMN user; DROP TABLE session; DROP TABLE invitation; DROP TABLE attempt; DROP TABLE known;
    DROP TABLE audit; ALTER TABLE model DROP COLUMN withdrawn; DROP TABLE served; PRAGMA user_version = 2'
  rm "$G/home/audit.head"
  run cli model list
  [[ "$status" = 1 && "$output" == *'forestgate init'* ]] || fail "$output"
  cli init >/dev/null
  [ "$(cli model list --json)" = "$before" ] || fail "$before" "$(cli model list)"
  [ "$(cli model rollback iris)" = 2 ]
  [ "$(cli model rollback iris)" = 1 ]
  run cli model rollback iris
  [ "$status" = 1 ]
  run cli model rollback wine
  [ "$status" = 1 ]
  [ "$(cli model publish iris "$G/iris.fgm")" = 4 ]
  [ "$(cli model rollback iris)" = 1 ]
}
