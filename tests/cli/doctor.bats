#!/usr/bin/env bats
# tests/cli/doctor.bats: forestgate doctor finds each fault of a home that is made here for
# real, and the command that it names mends it.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set by run; dollars of jq
load ../lib/api

# Where the home's owner may walk to, and with a whole home to copy from.
setup_file() {
  W=$(mktemp -d /tmp/forestgate-doctor.XXXXXX)
  chmod 755 "$W"
  export W G=$W
  gate_home
  mv "$W/home" "$W/whole"
}
teardown_file() { rm -rf "$W"; }

setup() {
  G=$W
  rm -rf "${W:?}/home"
  cp -a "$W/whole" "$W/home"
  PATH=$BUILD:$PATH
}

owner() { if am_root; then echo www-data; else id -un; fi; }
owned() { if am_root; then chown "$(owner):" "$@"; fi; }

# diagnose [OPTION...]: sets report (JSON) and status; checks the form of it.
diagnose() {
  status=0
  report=$(cli doctor --json "$@" 2>"$W/err") || status=$?
  [ ! -s "$W/err" ] || fail "$(cat "$W/err")" || return 1
  jq -e 'length == 29 and [.[].number] == [range(1; 30)] and
    all(.[]; (keys == ["command","detail","name","number","state"]) and (.detail | length > 0) and
      ([.state] | inside(["ok","warning","failed","not asked"])))' <<<"$report" >/dev/null || fail "$report" || return 1
  # Failures and nothing else make it fail.
  [ "$status" = "$(jq 'if any(.[]; .state == "failed") then 1 else 0 end' <<<"$report")" ] || fail "status $status: $report"
}

field() { jq -r --arg name "$1" --arg field "$2" '.[] | select(.name == $name) | .[$field] // ""' <<<"$report"; }

# found NAME STATE [REGEX-OF-DETAIL [REGEX-OF-COMMAND]]
found() {
  [ "$(field "$1" state)" = "$2" ] || fail "$1 is $(field "$1" state) and not $2: $(field "$1" detail)" || return 1
  [[ "$(field "$1" detail)" =~ ${3:-} ]] || fail "$1: $(field "$1" detail)" || return 1
  [[ "$(field "$1" command)" =~ ${4:-} ]] || fail "$1: $(field "$1" command)"
}

# Runs the command that is named for a check, after which the check is ok.
obey() {
  local command
  command=$(field "$1" command)
  [ -n "$command" ] || fail "no command for $1: $(field "$1" detail)"
  bash -euc "$command" >/dev/null || fail "it failed: $command"
  diagnose
  found "$1" "${2:-ok}"
}

flip() { # FILE OFFSET: all bits of one byte
  local byte
  byte=$(od -An -tu1 -j "$2" -N1 "$1" | tr -d ' ')
  # shellcheck disable=SC2059
  printf "\\x$(printf %02x $((byte ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# But the ledger, whose lock is taken in it.
all_of_home() {
  (cd "$W/home" && find . -mindepth 1 -not -name '*-shm' -not -name '*-wal' -not -name ledger -printf '%p %m %u %T@\n' | sort &&
    find . -type f -not -name '*-shm' -not -name '*-wal' -not -name ledger -exec sha256sum {} + | sort)
}

@test "jobs: a damaged work.db, one that is not there, and jobs that nobody works off" {
  diagnose
  found jobs ok '0 jobs wait or are in work, 0 runners'
  if [ -x "$BUILD/jobs" ]; then
    "$BUILD/jobs" "$W/home" submit 2 account iris >/dev/null
    diagnose
    found jobs warning '2 jobs wait, and no runner works' 'work --drain$'
    obey jobs
  fi
  rm "$W/home"/work.db*
  diagnose
  found jobs failed 'has no work.db'
  cli init >/dev/null
  diagnose
  found jobs ok
  sqlite3 "$W/home/work.db" 'PRAGMA user_version = 99'
  owned "$W"/home/work.db*
  diagnose
  found jobs failed 'schema is 99'
  [ -z "$(field jobs command)" ]
  rm "$W/home"/work.db*
  printf 'not a database at all' >"$W/home/work.db"
  owned "$W/home/work.db"
  diagnose
  found jobs failed 'not a database'
}

@test "a whole home: nothing is wrong, nothing is changed, and the front is not asked" {
  diagnose
  before=$(all_of_home)
  diagnose
  for check in home rights settings database ledger models kept disk secrets audit; do found "$check" ok; done
  [ "$(jq '[.[10:][] | select(.state == "not asked" and (.detail | contains("--url")))] | length' <<<"$report")" = 15 ]
  [ "$(all_of_home)" = "$before" ] || fail "$(diff <(echo "$before") <(all_of_home))"
}

@test "for a person a line a check, with its number, and below it what mends it" {
  chmod 755 "$W/home"
  run cli doctor
  [ "$status" = 1 ]
  [[ "${lines[0]}" =~ ^' 1  ok       home: ' ]] || fail "$output"
  [[ "${lines[1]}" =~ ^' 2  FAILED   rights: the home has mode 0755' ]] || fail "$output"
  [[ "${lines[2]}" =~ ^' '+'mend it with: chmod -R go= '"$W/home"$ ]] || fail "$output"
  [ "$(grep -cE '^( [1-9]|1[0-9]|20)  (ok|warning|FAILED|-) +[^ ].*: ' <<<"$output")" = 20 ] || fail "$output"
  # Names that somebody has made are not printed as they are.
  touch "$W/home/$(printf 'a\033[31m\nb')"
  owned "$W"/home/a*
  chmod 666 "$W"/home/a*
  chmod 700 "$W/home"
  run cli doctor
  [ "$status" = 1 ]
  [[ "$output" == *'a?[31m?b has mode'* ]] || fail "$output"
}

@test "wrong usage is status 2 and asks nothing" {
  for url in ftp://localhost/ file:///etc/passwd localhost http:// http://u:p@localhost/ 'http://h/?x' 'http://h/#x' 'http://a b/' ''; do
    run cli doctor --url "$url"
    [ "$status" = 2 ] || fail "$url: $status $output"
  done
  run cli doctor now
  [ "$status" = 2 ]
  run cli doctor --fix=yes
  [ "$status" = 2 ]
}

@test "the worker is linked without what speaks HTTP for the doctor" {
  ! ldd "$WORKER" | grep -q curl || fail "$(ldd "$WORKER")"
}

@test "output that cannot be written is a failure" {
  run bash -c '"$0" --home "$1" doctor >/dev/full' "$FORESTGATE" "$W/home"
  [ "$status" = 1 ]
}

@test "no home, and a directory that is none: said, and --fix makes nothing of it" {
  rm -r "${W:?}/home"
  diagnose --fix
  found home failed 'no home at' "forestgate --home $W/home init"
  found rights 'not asked'
  [ ! -e "$W/home" ]
  obey home
  # Somebody's own, with a name that a home has too.
  rm -r "${W:?}/home"
  mkdir -p "$W/home/logs" "$W/home/models"
  echo mine >"$W/home/logs/mine"
  chmod -R a+rwX "$W/home"
  before=$(all_of_home)
  diagnose --fix
  found home failed 'no home'
  [ -z "$(field home command)" ]
  [ "$(all_of_home)" = "$before" ]
}

@test "a part of a home that is missing or another thing" {
  for part in logs models epoch secrets/key.secret secrets forestgate.db; do
    setup
    rm -r "${W:?}/home/$part"
    rm -f "$W"/home/forestgate.db-*
    if [ "$part" = forestgate.db ]; then rm "$W/home/secrets/key.secret"; fi
    diagnose
    found home failed "(key.secret|secrets|${part##*/}) is not there" "forestgate --home $W/home init"
    case $part in secrets*) continue ;; esac # not made anew where there are keys
    obey home
  done
  setup
  rm -r "$W/home/logs"
  echo file >"$W/home/logs"
  diagnose
  found home failed 'logs is not there, or not'
  setup
  rm "$W/home/forestgate.conf"
  diagnose
  found home warning 'forestgate.conf'
  [ "$status" = 0 ]
  diagnose --fix
  found home ok 'mended'
  [ -s "$W/home/forestgate.conf" ]
}

@test "--fix makes missing parts, but no new secret where there are keys" {
  rm -r "$W/home/logs" "$W/home/epoch"
  diagnose --fix
  found home ok mended
  [ "$status" = 0 ]
  if am_root; then [ -z "$(find "$W/home" -not -user "$(owner)")" ]; fi
  rm "$W/home/secrets/key.secret"
  diagnose --fix
  found home failed 'not mended: .*backup'
  found secrets failed 'key.secret' "cp -p BACKUP/secrets/key.secret $W/home/secrets/key.secret"
  [ ! -e "$W/home/secrets/key.secret" ]
}

@test "what a publication that was cut off has left is found, and removed by --fix alone" {
  touch "$W/home/models/iris/incoming.4711" "$W/home/models/iris/incoming.4711.aB3dE6"
  owned "$W"/home/models/iris/incoming*
  chmod 600 "$W"/home/models/iris/incoming*
  diagnose
  found home warning 'cut off' 'doctor --fix'
  [ -e "$W/home/models/iris/incoming.4711" ]
  obey home
  [ "$(ls "$W/home/models/iris")" = 1.fgm ]
  found models ok
}

@test "a home in a directory that its owner cannot walk to" {
  am_root || skip 'not root'
  mkdir -m 700 "$W/shut"
  mv "$W/home" "$W/shut/home"
  status=0
  report=$("$FORESTGATE" doctor --json --home "$W/shut/home") || status=$?
  found home warning 'may not walk' "namei -l $W/shut/home"
  [ "$status" = 0 ]
}

@test "modes that let others in: each is found, and mended by the command and by --fix" {
  touch "$W/home/logs/access.log"
  owned "$W/home/logs/access.log"
  chmod 600 "$W/home/logs/access.log"
  while read -r mode file state; do
    chmod "$mode" "$W/home/$file"
    diagnose
    found rights "$state" "(the home|${file}) has mode 0?$mode" "chmod -R go= $W/home"
    obey rights
    chmod "$mode" "$W/home/$file"
    diagnose --fix
    found rights ok mended
    [ -z "$(find "$W/home" -perm /077)" ]
  done <<'END'
755 . failed
710 . failed
777 . failed
644 secrets/key.secret failed
640 secrets/key.secret failed
750 secrets failed
644 forestgate.db warning
666 forestgate.db failed
620 forestgate.conf failed
604 logs/access.log warning
755 models warning
444 models/iris/1.fgm warning
END
}

@test "modes that keep the owner out" {
  while read -r mode file; do
    chmod "$mode" "$W/home/$file"
    diagnose
    found rights failed "$file has mode .* its owner needs" "chmod u\\+rw"
    obey rights
    chmod "$mode" "$W/home/$file"
    diagnose --fix
    found rights ok mended
    chmod -R u+rwX "$W/home"
  done <<'END'
400 forestgate.db
200 models/iris/1.fgm
500 logs
600 models
0 secrets
0 secrets/key.secret
END
}

@test "what belongs to somebody else, or all of it to root" {
  am_root || skip 'not root'
  chown root: "$W/home/epoch"
  diagnose --fix
  found rights failed 'epoch belongs to root, and the home to www-data' "chown -R www-data: $W/home"
  obey rights
  chown -R root: "$W/home"
  diagnose
  found rights failed 'belongs to root, and a worker never' "chown -R www-data: $W/home"
  obey rights
}

@test "somebody who is neither the owner nor root is told who has to run it" {
  am_root || skip 'not root'
  run setpriv --reuid=nobody --clear-groups -- "$FORESTGATE" doctor --home "$W/home"
  [ "$status" = 1 ]
  [[ "$output" == *'FAILED   home: '*'Permission denied'* ]] || fail "$output"
  [[ "$output" == *"sudo forestgate --home $W/home doctor"* ]] || fail "$output"
  chmod 755 "$W/home"
  run setpriv --reuid=nobody --clear-groups -- "$FORESTGATE" doctor --home "$W/home" --fix
  [ "$status" = 1 ]
  [[ "$output" == *'belongs to www-data, who has to run this'* ]] || fail "$output"
}

@test "a path with spaces and quotes is a word of the command" {
  H="$W/it's a \"home\""
  mv "$W/home" "$H"
  chmod 755 "$H"
  report=$("$FORESTGATE" doctor --json --home "$H") || :
  found rights failed 'mode 0755'
  bash -euc "$(field rights command)"
  [ "$(stat -c %a "$H")" = 700 ]
  rm -r "$H"
}

@test "settings that are wrong, in the file and in the environment" {
  echo 'nothing = 1' >>"$W/home/forestgate.conf"
  diagnose
  found settings failed 'forestgate.conf:[0-9]+: there is no setting "nothing"' "editor $W/home/forestgate.conf"
  sed -i '$d' "$W/home/forestgate.conf"
  export FORESTGATE_WORKERS=many
  diagnose
  found settings failed 'FORESTGATE_WORKERS.*many' '^unset FORESTGATE_WORKERS$'
  unset FORESTGATE_WORKERS
  diagnose
  found settings ok
}

@test "a database with bytes overwritten, wherever they are" {
  rm -f "$W"/home/forestgate.db-*
  pages=$(sqlite3 "$W/home/forestgate.db" 'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA page_count' | tail -n 1)
  cp -a "$W/home/forestgate.db" "$W/good.db"
  # Of the schema's pages and of all the others some, which no two runs have alike.
  for page in 0 1 $(seq $((2 + RANDOM % 4)) 4 $((pages - 1))); do
    cp -a "$W/good.db" "$W/home/forestgate.db"
    rm -f "$W"/home/forestgate.db-*
    head -c 40 /dev/zero | tr '\0' '\377' | dd of="$W/home/forestgate.db" bs=1 seek=$((page * 4096)) conv=notrunc status=none
    diagnose
    found database failed '(not a database|malformed|database: ).*backup' "sqlite3 $W/home/forestgate.db .recover" || fail "page $page of $pages"
    diagnose --fix
    found database failed
  done
  # Cut off.
  head -c 6000 "$W/good.db" >"$W/home/forestgate.db"
  diagnose
  found database failed
  : >"$W/home/forestgate.db"
  diagnose
  found database failed 'schema is 0' 'init'
}

@test "a row that refers to one that is not there" {
  sqlite3 "$W/home/forestgate.db" "PRAGMA foreign_keys = OFF; INSERT INTO version (model, version, sha256, published_at) VALUES ('ghost', 1, '00', 0)"
  owned "$W"/home/forestgate.db*
  diagnose
  found database failed 'version refers to one of model'
}

@test "a schema of an older program is upgraded by --fix, one of a newer is left" {
  now=$(sqlite3 "$W/home/forestgate.db" 'PRAGMA user_version')
  rm -f "$W"/home/forestgate.db*
  sqlite3 "$W/home/forestgate.db" 'CREATE TABLE other (x)'
  owned "$W"/home/forestgate.db*
  chmod 600 "$W"/home/forestgate.db*
  diagnose
  found database failed 'schema is 0 and this program needs' "forestgate --home $W/home init"
  diagnose --fix
  found database ok mended
  [ "$(sqlite3 "$W/home/forestgate.db" 'PRAGMA user_version')" = "$now" ]
  sqlite3 "$W/home/forestgate.db" 'PRAGMA user_version = 99'
  owned "$W"/home/forestgate.db*
  diagnose --fix
  found database failed 'schema is 99'
  [ -z "$(field database command)" ]
  [ "$(sqlite3 "$W/home/forestgate.db" 'PRAGMA user_version')" = 99 ]
}

@test "a journal that is not WAL is a warning, which --fix mends" {
  sqlite3 "$W/home/forestgate.db" 'PRAGMA journal_mode = DELETE' >/dev/null
  diagnose
  found database warning '"delete" and not "wal"' init
  if ! sanitized; then
    found sandbox warning 'may write all of the home'
    FORESTGATE_SANDBOX=require diagnose
    found sandbox failed 'may write all of the home, and sandbox = require'
  fi
  diagnose --fix
  found database ok mended
  [ "$(sqlite3 "$W/home/forestgate.db" 'PRAGMA journal_mode')" = wal ]
}

@test "images that are damaged, missing or not the ones published" {
  image=$W/home/models/iris/1.fgm
  size=$(stat -c %s "$image")
  train_iris "$W/other.fgm" 10 7
  for fault in "truncate -s $((size / 2)) $image" "truncate -s 0 $image" "flip $image $((size / 2))" \
    "rm $image" "cp --no-preserve=all $W/other.fgm $image"; do
    setup
    chmod 600 "$image"
    eval "$fault"
    diagnose
    found models failed 'iris version 1: ' "forestgate --home $W/home model publish iris iris.fgm" || fail "after: $fault"
  done
  # Published anew it is another version; the damaged one is a warning until it is deleted.
  (cd "$W" && obey models warning)
  diagnose
  found models warning 'iris version 1, retired' "forestgate --home $W/home model delete iris --version 1"
  [ "$status" = 0 ]
  obey models ok
}

@test "a canary whose image is missing is retired" {
  cli model publish iris "$W/iris.fgm" --canary 10% >/dev/null
  rm "$W/home/models/iris/2.fgm"
  diagnose
  found models failed 'iris version 2, canary: ' "forestgate --home $W/home model retire iris --version 2"
  obey models warning
}

@test "no model, and a default model that is not published" {
  echo 'default_model = wine' >>"$W/home/forestgate.conf"
  diagnose
  found models failed 'default_model is wine' 'model publish wine wine.fgm'
  rm -rf "${W:?}/home"
  cli init >/dev/null
  diagnose
  found models warning 'none is published' 'model publish NAME FILE.fgm'
}

@test "a clock that is behind the newest row" {
  later=$(($(date +%s) + 3600))
  for sql in "UPDATE key SET created_at = $later" "UPDATE version SET published_at = $later" \
    "INSERT INTO usage VALUES ('k', 1, 'm', 1, 1, 1, 0, 0, 1, ${later}000000)" \
    "INSERT INTO call (seq, request_id, started_us, duration_us, key, route, rows, charged, status) VALUES (1, 'a', ${later}000000, 1, 'k', 'r', 1, 1, 200)"; do
    setup
    sqlite3 "$W/home/forestgate.db" "$sql"
    owned "$W"/home/forestgate.db*
    diagnose
    found clock failed 'newest row' 'timedatectl set-ntp true' || fail "after: $sql"
  done
}

# By root alone, who may mount.
small() { # OPTIONS
  am_root || skip 'only root can mount'
  mkdir -p "$W/small"
  mount -t tmpfs -o "$1,mode=0755" none "$W/small" 2>/dev/null || skip 'mounting is not allowed here'
  cp -a "$W/home" "$W/small/home"
  rm -rf "${W:?}/home"
  ln -s small/home "$W/home"
}

small_away() {
  umount "$W/small"
  rm "$W/home"
}

@test "a disk that is nearly full, or full, or out of inodes" {
  small size=200m
  small_checks() {
    diagnose || return 1
    found disk warning '1[0-9][0-9] MiB are free' 'du -xh' || return 1
    fallocate -l 150M "$W/small/fill"
    diagnose || return 1
    found disk failed '[0-9]+ MiB are free' || return 1
    dd if=/dev/zero of="$W/small/more" bs=64k 2>/dev/null || :
    diagnose || return 1
    found disk failed '^0 MiB are free' || return 1
    diagnose --fix || return 1
    found disk failed
  }
  ended=0
  small_checks || ended=1
  small_away
  [ "$ended" = 0 ]
  setup
  small size=400m,nr_inodes=500
  ended=0
  { diagnose && found disk warning 'more files may be made' && for i in $(seq 470); do touch "$W/small/$i" 2>/dev/null || break; done &&
    diagnose && found disk failed 'more files may be made' 'du -x --inodes'; } || ended=1
  small_away
  [ "$ended" = 0 ]
}

@test "a file system that is read-only" {
  small size=400m
  mount -o remount,ro "$W/small" || { small_away; skip 'remounting is not allowed here'; }
  ended=0
  { diagnose && found disk failed 'read-only'; } || ended=1
  small_away
  [ "$ended" = 0 ]
}

@test "secrets of another length, never written, links, and open to others" {
  secret=$W/home/secrets/key.secret
  head -c 31 /dev/urandom >"$secret"
  diagnose
  found secrets failed '32 bytes' 'cp -p BACKUP/'
  head -c 32 /dev/zero >"$secret"
  diagnose
  found secrets failed 'never written'
  setup
  chmod 644 "$secret"
  diagnose
  found secrets failed 'others may read' "^chmod 600 $secret$"
  obey secrets
  mv "$secret" "$W/aside"
  ln -s "$W/aside" "$secret"
  diagnose
  found secrets failed
  # No byte of it is ever shown.
  hex() { od -An -v -tx1 | tr -d ' \n'; } # a secret may have newlines, which grep takes for patterns
  run cli doctor
  ! grep -qF "$(head -c 8 "$W/aside" | hex)" <<<"$(printf %s "$output" | hex)" || fail 'the secret is shown'
}

@test "sandbox: what a worker must not do is tried; off, and a kernel that has not all of it, are warnings" {
  if sanitized; then skip 'a build with a sanitizer has no sandbox'; fi
  diagnose
  found sandbox ok 'stopped at all of 8'
  FORESTGATE_SANDBOX=off diagnose
  found sandbox warning 'off by the setting'
  FORESTGATE=$W/forestgate
  printf '#!/bin/sh\nexec %s landlock %s "$@"\n' "$BUILD/without" "$BUILD/forestgate" >"$FORESTGATE"
  chmod 755 "$FORESTGATE"
  diagnose
  found sandbox warning 'Landlock'
  FORESTGATE_SANDBOX=require diagnose
  found sandbox failed 'Landlock'
}
