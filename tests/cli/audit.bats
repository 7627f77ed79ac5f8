#!/usr/bin/env bats
# tests/cli/audit.bats: every command that changes something is on record, and who changes
# the record is found.

# shellcheck disable=SC2030,SC2031,SC2154,SC2016 # set by bats or by lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

# A home for each test, with iris 1, a tier, a key and an administrator, and FIRST rows.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  cli user create admin@example.org --role admin --password-stdin <<<"$PASSWORD" >/dev/null
  FIRST=$(rows)
}

PASSWORD='correct horse battery staple'

# Past Forestgate, as somebody with the file would: the triggers go first.
forge() {
  sqlite3 "$G/home/forestgate.db" "DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; $1"
}

trail() { cli audit list --limit 0 --json "$@"; }
rows() { trail "$@" | jq length; }

# added ACTION TARGET COMMAND...: the command adds one row, of this kind, and no other.
added() {
  local action=$1 target=$2 before
  shift 2
  before=$(rows)
  cli "$@" >"$G/said" 2>&1 || fail "$* failed: $(cat "$G/said")"
  [ "$(rows)" = $((before + 1)) ] || fail "$* added $(($(rows) - before)) rows"
  trail | jq -e --arg action "$action" --arg target "$target" --arg actor "cli:$(id -un)" '.[0] |
    .action == $action and (.target | test("^" + $target + "$")) and .actor == $actor and
    .address == null and .request_id == null' >/dev/null || fail "$* says: $(trail | jq -c '.[0]')"
}

# added_none COMMAND...: it is refused, and the trail is as it was.
added_none() {
  local before
  before=$(trail)
  run cli "$@"
  [ "$status" != 0 ] || fail "$* did it: $output"
  [ "$(trail)" = "$before" ] || fail "$* left a row: $(trail | jq -c '.[0]')"
}

# unproved REGEX: check says what is wrong and ends with 1; doctor says so too.
unproved() {
  run --separate-stderr cli audit check
  [ "$status" = 1 ] || fail "it ended with $status: $output $stderr"
  [ -z "$output" ]
  [[ "$stderr" =~ $1 ]] || fail "$stderr"
  run --separate-stderr cli audit check --json
  [ "$status" = 1 ]
  jq -e '.proved == false and (.problem | length > 0)' <<<"$output" >/dev/null || fail "$output"
  run --separate-stderr cli doctor --json
  [ "$status" = 1 ]
  finding=$(jq -c '.[] | select(.name == "audit")' <<<"$output")
  jq -e '.state == "failed"' <<<"$finding" >/dev/null || fail "$finding"
  [[ "$(jq -r .detail <<<"$finding")" =~ $1 ]] || fail "$finding"
}

proved() {
  cli audit check >/dev/null || fail 'it is not proved'
  cli doctor --json | jq -e '.[] | select(.name == "audit") | .state == "ok"' >/dev/null || cli doctor
}

@test "what is refused or fails leaves no row" {
  added_none key create
  added_none key create --name x --tier none
  added_none key create --name x --models none
  added_none key set 000000000000 --name x
  added_none key rotate 000000000000
  added_none key revoke 000000000000
  added_none user create BAD
  added_none user create admin@example.org
  added_none user set none@example.org --role admin
  added_none user delete admin@example.org # the last one
  added_none user invite BAD
  added_none invitation revoke 000000000000
  added_none tier set BAD
  added_none tier set x --rate 5
  added_none tier delete none
  added_none tier delete test # which a key is of
  added_none model publish iris /etc/passwd
  added_none model publish BAD "$G/iris.fgm"
  added_none model promote iris
  added_none model rollback iris
  added_none model retire iris
  added_none model delete iris --version 1
  added_none model delete none --version 1
  proved
}

@test "what only reads leaves no row" {
  before=$(trail)
  cli key list >/dev/null
  cli tier list >/dev/null
  cli user list >/dev/null
  cli user show admin@example.org >/dev/null
  cli invitation list >/dev/null
  cli model list >/dev/null
  cli call list >/dev/null
  cli audit list >/dev/null
  cli audit check >/dev/null
  cli doctor >/dev/null || :
  cli backup "$G/backup.db" >/dev/null
  cli init >/dev/null
  [ "$(trail)" = "$before" ]
}

@test "wrong usage is status 2, and says what is allowed" {
  for arguments in 'list --since never' 'list --limit -1' 'list --limit x' 'list --below 0' 'list --json --csv' \
    'list x' 'check x' 'accept x' 'check --csv' 'forget' ''; do
    # shellcheck disable=SC2086 # words
    run cli audit $arguments
    [ "$status" = 2 ] || fail "audit $arguments ended with $status: $output"
  done
}

@test "a row that was changed is found, by its number, with what shows it" {
  forge "UPDATE audit SET actor = 'cli:eve' WHERE seq = 2"
  unproved 'row 2 is not as it was written'
  [[ "$(jq -r .command <<<"$finding")" == "forestgate --home $G/home audit list --below 3 --limit 2" ]] || fail "$finding"
  cli audit list --below 3 --limit 2 --json | jq -e 'map(.seq) == [2, 1] and .[0].actor == "cli:eve"'
  cli audit check --json | jq -e '.wrong == 2 and .rows == 1'
}

@test "rows that are missing in the middle and at the end are found" {
  forge 'DELETE FROM audit WHERE seq = 2'
  unproved '1 row is missing before row 3'
  forge 'DELETE FROM audit WHERE seq > 2'
  unproved "$((FIRST - 1)) rows are missing at the end, behind row 1"
  forge 'DELETE FROM audit'
  unproved "$FIRST rows are missing at the end, behind row 0"
}

@test "after a backup was put back the loss is told until it is accepted, and that is a row" {
  cli backup "$G/backup.db" >/dev/null
  cli tier set later >/dev/null
  cli tier set later --rate 5/60s >/dev/null
  rm -f "$G"/home/forestgate.db*
  cp "$G/backup.db" "$G/home/forestgate.db"
  if am_root; then chown www-data: "$G/home/forestgate.db"; fi
  unproved "2 rows are missing at the end, behind row $FIRST"
  [[ "$(jq -r .detail <<<"$finding")" == *backup* ]] || fail "$finding"
  for i in 1 2 3 4; do
    cli tier set "other$i" >/dev/null 2>&1
    unproved 'missing|lost'
  done
  command=$(jq -r .command <<<"$finding")
  [ "$command" = "forestgate --home $G/home audit accept" ] || fail "$command"
  added audit.accept "audit:$((FIRST + 4))" audit accept
  proved
  trail | jq -e --argjson n "$FIRST" '.[0] | .before == {"head": ($n + 2)} and .after == {"head": ($n + 4)}'
  cli tier set more >/dev/null
  proved
}

@test "without audit.head nothing is made in its place, and all else goes on" {
  rm "$G/home/audit.head"
  unproved 'audit.head is missing'
  run cli init
  [ "$status" = 1 ]
  [[ "$output" == *'forestgate audit accept'* ]] || fail "$output"
  [ ! -e "$G/home/audit.head" ]
  cli tier set x >/dev/null 2>&1
  unproved 'audit.head is missing'
  added audit.accept "audit:$((FIRST + 1))" audit accept
  proved
  cli init >/dev/null
}

@test "every verb that changes something leaves its row" {
  added key.create 'key:[0-9A-Za-z]{12}' key create --name 'Anna Muster' --metadata '{"of":"Muster"}'
  id=$(trail | jq -r '.[0].target | ltrimstr("key:")')
  added key.set "key:$id" key set "$id" --name 'Bert Muster' --tier free
  trail | jq -e '.[0] | .before == {"tier": "standard"} and .after == {"name_changed": true, "tier": "free"}'
  added key.rotate "key:$id" key rotate "$id" --overlap 1h
  added key.revoke "key:$id" key revoke "$id"
  added tier.set tier:gold tier set gold --rate 5/60s
  added tier.set tier:gold tier set gold --rate 6/60s
  trail | jq -e '.[0] | .before == {"limits": "5/60s"} and .after == {"limits": "6/60s"}'
  added tier.delete tier:gold tier delete gold
  added model.publish model:iris model publish iris "$G/iris.fgm" --canary 10%
  trail | jq -e '.[0].after | .version == 2 and .state == "canary" and .share == 1000 and (.sha256 | test("^[0-9a-f]{64}$"))'
  added model.promote model:iris model promote iris
  added model.rollback model:iris model rollback iris
  added model.publish model:iris model publish iris "$G/iris.fgm" --shadow
  added model.retire model:iris model retire iris
  added model.withdraw model:iris model withdraw iris
  added model.restore model:iris model restore iris
  added model.delete model:iris model delete iris --version 2
  trail | jq -e '.[0] | .before.version == 2 and .after == {}'
  added model.keep model:iris model keep iris --rate 10% --days 3
  trail | jq -e '.[0].after != {}'
  added model.export model:iris model kept iris
  added user.create 'user:[0-9A-Za-z]{12}' user create anna@muster.example --first-name Anna --last-name Muster \
    --password-stdin <<<"$PASSWORD"
  user=$(trail | jq -r '.[0].target')
  added user.set "$user" user set anna@muster.example --role admin --last-name Mustermann
  trail | jq -e '.[0] | .before.role == "user" and .after.role == "admin"'
  added user.passwd "$user" user passwd anna@muster.example --password-stdin <<<"$PASSWORD, and more"
  added user.delete "$user" user delete anna@muster.example
  added invitation.create 'invitation:[0-9A-Za-z]{12}' user invite anna@muster.example
  invitation=$(trail | jq -r '.[0].target | ltrimstr("invitation:")')
  added invitation.revoke "invitation:$invitation" invitation revoke "$invitation"
  added secret.rotate secret:token init --rotate token
  added secret.rotate secret:seal init --rotate seal
  proved
  # Who somebody is, and what nobody is to know, is in none of them.
  [ -z "$(trail | grep -iE 'anna|muster|correct horse|fgi?_' || :)" ]
  for digest in $(database "SELECT lower(hex(mac)) FROM key"); do
    [ -z "$(trail | grep -i "$digest" || :)" ]
  done
}

# A verb that is new and has no row above is one that nobody has thought of here.
@test "the commands that change nothing are known by name" {
  mapfile -t changing < <(sed -n 's/^  added [a-z.]* [^ ]* \([a-z]* [a-z]*\) .*/\1/p; s/^  added .* \(audit accept\)$/\1/p' \
    "$BATS_TEST_FILENAME" | grep -v '^init ' | sort -u)
  mapfile -t reading < <(printf '%s\n' 'audit check' 'audit list' 'call list' 'call stats' 'config check' \
    'config example' 'config manual' 'invitation list' 'job list' 'job secret' 'job show' 'job tell' 'key list' 'key show' 'model bench' 'model check' 'model compare' \
    'model draw' 'model import' 'model importances' 'model list' 'model quality' 'model show' 'model train' 'tier list' 'user list' 'user show')
  changing+=('job cancel') # its row is looked at in job.bats
  for noun in key tier model call audit config user invitation job; do
    "$FORESTGATE" "$noun" --help | awk -v noun="$noun" '$1 == noun {print $1 " " $2}'
  done | sort -u >"$G/verbs"
  diff <(printf '%s\n' "${changing[@]}" "${reading[@]}" | sort) "$G/verbs"
}

@test "the actor is the real user, whatever the environment says" {
  SUDO_USER=eve USER=eve LOGNAME=eve cli tier set x >/dev/null
  trail | jq -e --arg actor "cli:$(id -un)" '.[0].actor == $actor'
}

@test "a user without a name is told by its number" {
  am_root || skip 'only root can become somebody'
  W=$(mktemp -d /tmp/forestgate-audit.XXXXXX) # where that user can walk to
  cp -a "$G/home" "$W/home"
  cp "$FORESTGATE" "$W/forestgate"
  chown -R 61234 "$W"
  nobody() { setpriv --reuid 61234 --clear-groups "$W/forestgate" --home "$W/home" "$@"; }
  nobody tier set x >"$G/said" 2>&1 || :
  actor=$(nobody audit list --json 2>&1 | jq -r '.[0].actor' || :)
  rm -rf "$W"
  [ "$actor" = cli:61234 ] || fail "$actor" "$(cat "$G/said")"
}

@test "the list is filtered by who, what, which and when" {
  cli tier set a >/dev/null
  cli tier set b >/dev/null
  cli tier delete b >/dev/null
  [ "$(rows --target tier:b)" = 2 ]
  [ "$(rows --action tier.delete)" = 1 ]
  [ "$(rows --action tier)" = 4 ] # with the one of setup
  [ "$(rows --action tie)" = 0 ]
  all=$((FIRST + 3))
  [ "$(rows --actor "cli:$(id -un)")" = "$all" ]
  [ "$(rows --actor cli:eve)" = 0 ]
  [ "$(rows --since 1h)" = "$all" ]
  [ "$(rows --until 1h)" = 0 ]
  [ "$(rows --since 2100-01-01)" = 0 ]
  [ "$(cli audit list --limit 2 --json | jq -c 'map(.seq)')" = "[$all,$((all - 1))]" ]
  run cli audit list --limit 1
  [[ "${lines[0]}" =~ ^' '+SEQ' '+AT' '+ACTOR && "${lines[1]}" =~ ^' '+$all' ' && "${#lines[@]}" = 2 ]] || fail "$output"
  run cli audit list --limit 1 --csv
  [ "${lines[0]}" = seq,at,actor,address,request_id,action,target,before,after ]
}

# A terminal would obey what somebody has written into the database.
@test "what was written into the trail by others is shown and not obeyed" {
  forge "UPDATE audit SET actor = char(27) || '[31m', after = '{\"a\":' WHERE seq = 1"
  [ -z "$(cli audit list --limit 0 | tr -d '\n' | grep '[[:cntrl:]]' || :)" ]
  trail | jq -e '.[-1].after == "{\"a\":"'
}

@test "a change that is killed leaves a trail that is whole" {
  for i in {1..12}; do
    for _ in {1..100}; do cli tier set "t$i" --rate "$i/60s" >/dev/null 2>&1 || :; done 3>&- &
    loop=$!
    wait_for 200 has_rows "t$i"
    sleep "0.0$((i + 10))"
    kill -STOP "$loop" # so that it starts no other
    pkill -KILL -P "$loop" || :
    kill -KILL "$loop"
    wait "$loop" 2>/dev/null || :
    proved
  done
  cli tier set after >/dev/null
  proved
}

has_rows() { [ "$(rows --target "tier:$1")" -gt 0 ]; }
