#!/usr/bin/env bats
# tests/cli/user.bats: making, listing, changing and deleting users, and inviting them.

# shellcheck disable=SC2154,SC2016 # set or read by bats and lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

PASSWORD='a bicycle for seven cats'

setup_file() {
  gate_home
  echo 'password_cost = 1' >>"$G/home/forestgate.conf"
}

# create EMAIL [OPTION...]: with the password; prints the id.
create() { cli user create "$@" --password-stdin <<<"$PASSWORD"; }

user() { cli user show "$1" --json; }

# misuse TEXT ARGUMENT...: a usage error whose message has the text; failed: a failure.
refused() {
  local want=$1 text=$2
  shift 2
  run --separate-stderr cli "$@" <<<"${INPUT-$PASSWORD}"
  [ "$status" = "$want" ] || fail "$* ended with $status: $stderr"
  [[ "$stderr" == *"$text"* ]] || fail "$*: $stderr"
  [ -z "$output" ] || fail "$* printed: $output"
}
misuse() { refused 2 "$@"; }
failed() { refused 1 "$@"; }

@test "users that cannot be are refused, and none is made" {
  for name in '' ann ann@ @example.org 'a b@example.org' ann@example a@@example.org "$(printf 'x%.0s' {1..65})@example.org"; do
    misuse 'e-mail address' user create "$name" --password-stdin
  done
  misuse 'usage: forestgate user create EMAIL' user create --password-stdin
  misuse 'role is user or admin' user create a@example.org --role root --password-stdin
  misuse 'control characters' user create a@example.org --first-name $'A\nB' --password-stdin
  misuse 'at most 100' user create a@example.org --last-name "$(printf 'ä%.0s' {1..101})" --password-stdin
  misuse 'at most 64' user create a@example.org --country "$(printf 'x%.0s' {1..65})" --password-stdin
  failed 'no model' user create a@example.org --models nothing --password-stdin
  failed 'no tier' user create a@example.org --tier nothing --password-stdin
  misuse 'one too many' user create a@example.org --password-stdin --password-hash-stdin
  misuse 'no option --password' user create a@example.org --password x
  [ "$(cli user list --json)" = '[]' ]
}

@test "passwords that are not allowed are refused, and none is in a message" {
  local input
  for input in short "$(printf 'x%.0s' {1..12})" password1234 123456789012 a@example.org "$(head -c 2000 /dev/zero | tr '\0' 'x')"; do
    INPUT=$input failed 'a password' user create a@example.org --password-stdin
    [[ "$stderr" != *"$input"* ]]
  done
  INPUT=$'twelve\xfftwelve' failed 'UTF-8' user create a@example.org --password-stdin
  INPUT='' misuse 'no password' user create a@example.org --password-stdin
  run --separate-stderr cli user create a@example.org --password-stdin < <(printf 'twelve\0twelve')
  [ "$status" = 1 ]
  [[ "$stderr" == *NUL* ]]
  run --separate-stderr cli user create a@example.org --password-stdin < <(head -c 1000000 /dev/zero | tr '\0' 'x')
  [ "$status" = 2 ]
  [[ "$stderr" == *'too long'* ]]
  [ "$(cli user list --json)" = '[]' ]
}

@test "without a terminal a password comes from standard input alone" {
  misuse '--password-stdin' user create a@example.org
  misuse '--password-stdin' user passwd a@example.org
}

# asked TEXT...: what is typed at a terminal, each line when it is asked for; out has what it shows.
asked() {
  out=$BATS_TEST_TMPDIR/shown
  : >"$out"
  local prompts=0 line
  for line in "$@"; do
    prompts=$((prompts + 1))
    for _ in $(seq 400); do
      [ "$(grep -acE 'Password: |The same again: ' "$out")" -lt "$prompts" ] || break
      sleep 0.05
    done
    printf '%s\n' "$line"
  done | script -qefc "$FORESTGATE --home $G/home user create typed@example.org" "$out" >/dev/null 3>&- || true
}

@test "at a terminal it is asked for twice and not shown" {
  asked "$PASSWORD" 'another bicycle'
  grep -aq 'not the same' "$out" || fail "$(cat "$out")"
  failed 'no user' user show typed@example.org
  asked "$PASSWORD" "$PASSWORD"
  user typed@example.org | jq -e .is_active
  run grep -ac bicycle "$out"
  [ "$output" = 0 ] || fail "$(cat "$out")"
  cli user delete typed@example.org
}

@test "create prints the id alone, or the object that HTTP has" {
  run --separate-stderr create Ann@Example.org
  [ "$status" = 0 ]
  [ -z "$stderr" ]
  [[ "$output" =~ ^[0-9A-Za-z]{12}$ ]]
  user "$output" | jq -e '.username == "ann@example.org" and .is_active and .models == "" and .tier == "standard"
    and .keys == [] and .sessions == [] and .usage == {day: 0, month: 0, calls: 0, rows: 0, failed: 0}'
  create bob@example.org --role admin --models iris --tier free --first-name Bob --last-name "O'Neil" \
    --country Éire --inactive --json | jq -e 'keys_unsorted == ["id", "username", "first_name", "last_name", "country",
    "role", "is_active", "models", "tier", "created_at", "last_login_at"] and .role == "admin" and .models == "iris" and
    .tier == "free" and .last_name == "O'"'"'Neil" and .country == "Éire" and (.is_active | not)'
  failed 'already' user create ANN@example.org --password-stdin
}

@test "a list of models is a, b and no other, and all of them must be there" {
  cli model publish wine "$G/iris.fgm" >/dev/null
  failed 'no model' user create models@example.org --models iris,nothing --password-stdin
  id=$(create models@example.org --models iris,wine)
  user "$id" | jq -e '.models == "iris,wine"'
  create all@example.org --models '*' --json | jq -e '.models == "*"'
  failed 'no model' user set "$id" --models nothing
  user "$id" | jq -e '.models == "iris,wine"'
}

@test "a hash that is brought along is taken if it is one of bcrypt or yescrypt" {
  local input
  for input in '$1$abcdefgh$0123456789012345678901' 'rl.3StKT.4T8M' '$6$abcdefgh$x' '$2b$31$0123456789012345678901uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu' "$PASSWORD"; do
    INPUT=$input failed 'brought along' user create hash@example.org --password-hash-stdin
  done
  hash='$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
  cli user create hash@example.org --password-hash-stdin <<<"$hash"
  [ "$(database "SELECT password FROM user WHERE username = 'hash@example.org'")" = "$hash" ]
}

@test "a password is kept as yescrypt of the cost that is set, and nowhere in clear" {
  create kept@example.org
  [[ "$(database "SELECT password FROM user WHERE username = 'kept@example.org'")" == '$y$j75$'* ]]
  ! grep -rqF "$PASSWORD" "$G/home" || fail 'the password is in the home'
}

@test "list searches by what is in a name, and by role" {
  create search1@example.org --first-name Zebulon
  create search2@example.org --role admin
  [ "$(cli user list --search SEARCH --json | jq -c 'map(.username) | sort')" = '["search1@example.org","search2@example.org"]' ]
  [ "$(cli user list --search zebul --json | jq length)" = 1 ]
  [ "$(cli user list --search search --role admin --json | jq -r '.[].username')" = search2@example.org ]
  [ "$(cli user list --search '%' --json)" = '[]' ]
  misuse 'user or admin' user list --role root
  run cli user list
  [[ "${lines[0]}" == ID*USERNAME*MODELS ]]
  [ "${#lines[@]}" = $(($(cli user list --json | jq length) + 1)) ]
}

@test "set changes what is given and refuses the rest" {
  create set@example.org --first-name Old
  misuse 'nothing to change' user set set@example.org
  misuse 'yes or no' user set set@example.org --active true
  misuse 'role is' user set set@example.org --role Admin
  failed 'no user' user set none@example.org --role admin
  failed 'no user' user set 000000000000 --role admin
  before=$(user set@example.org | jq .created_at)
  cli user set SET@example.org --first-name New --models '*' --tier premium --active no
  user set@example.org | jq -e --argjson before "$before" '.first_name == "New" and .models == "*" and
    .tier == "premium" and (.is_active | not) and .created_at == $before and .role == "user"'
  cli user set set@example.org --models '' --active yes --json | jq -e '.models == "" and .is_active'
}

@test "passwd gives another password, and logs out" {
  id=$(create passwd@example.org)
  before=$(database "SELECT password FROM user WHERE id = '$id'")
  database "INSERT INTO session (id, user, created_at, expires_at, generation, used_at)
    VALUES ('0123456789abcdefghijkl', '$id', 1, 9999999999, 1, 1)"
  user "$id" | jq -e '.sessions[0] | .id == "01234567" and .address == null'
  INPUT=short failed 'a password' user passwd "$id" --password-stdin
  user "$id" | jq -e '.sessions | length == 1'
  failed 'no user' user passwd none@example.org --password-stdin
  run cli user passwd "$id" --password-stdin <<<'eight dogs on a bus'
  [ "$status" = 0 ]
  [ "$(database "SELECT password FROM user WHERE id = '$id'")" != "$before" ]
  user "$id" | jq -e '.sessions == []'
  # As an object it is the user, and has neither password nor hash.
  cli user passwd "$id" --password-stdin --json <<<'nine cows at a bar' |
    jq -e --arg id "$id" '.id == $id and .username == "passwd@example.org" and (tostring | test("cows|[$]y[$]") | not)'
}

@test "the last active administrator is not lost unless that is forced" {
  for id in $(cli user list --role admin --json | jq -r '.[].id'); do cli user set "$id" --role user --force; done
  id=$(create admin@example.org --role admin)
  failed 'last active administrator' user set "$id" --role user
  failed 'last active administrator' user set "$id" --active no
  failed 'last active administrator' user delete "$id"
  user "$id" | jq -e '.role == "admin" and .is_active'
  create admin2@example.org --role admin
  cli user set "$id" --role user
  failed 'last active administrator' user delete admin2@example.org
  cli user delete admin2@example.org --force
  [ "$(cli user list --role admin --json)" = '[]' ]
}

@test "a user's key has the user's tier, and limits of its own are refused" {
  id=$(create keys@example.org --tier free)
  failed 'no such user' key create --name x --user none@example.org
  failed "user's tier" key create --name x --user "$id" --tier premium
  failed "user's tier" key create --name x --user "$id" --rate 5/1s
  failed "user's tier" key create --name x --user "$id" --quota 5/day
  key=$(cli key create --name x --user KEYS@example.org --json | jq -r .id)
  failed "user's tier" key set "$key" --rate 5/1s
  cli key show "$key" --json | jq -e --arg id "$id" '.user == $id and .tier == "free"'
  cli key list --json | jq -e --arg id "$id" 'map(select(.user == $id) | .id) | length == 1'
  [ "$(cli key list --user keys@example.org --json | jq -r '.[].id')" = "$key" ]
  cli key list --json | jq -e 'any(.user == null)'
  cli user set "$id" --tier premium
  cli key show "$key" --json | jq -e '.tier == "premium"'
  user "$id" | jq -e --arg key "$key" '.keys | map(.id) == [$key]'
  failed 'no user' key list --user none@example.org
}

@test "a tier that a user is of is not deleted" {
  cli tier set gold
  create gold@example.org --tier gold
  failed '1 user is of the tier gold' tier delete gold
  cli user delete gold@example.org
  cli tier delete gold
}

@test "delete takes keys along and leaves nothing of the person in the home" {
  id=$(create gone.person@example.org --first-name Gonefirst --last-name Gonelast --country Gonecountry)
  key=$(cli key create --name Gonekey --user "$id" --json 2>/dev/null | jq -r .id)
  cli user delete gone.person@example.org --json | jq -e --arg id "$id" '. == {id: $id, deleted: true}'
  failed 'no user' user show "$id"
  cli key show "$key" --json | jq -e '.state == "revoked" and .name == "(deleted)"'
  dump=$(sqlite3 "$G/home/forestgate.db" .dump)
  ! grep -iE 'gone\.person|Gonefirst|Gonelast|Gonecountry|Gonekey' <<<"$dump" || fail 'it is in the database'
  grep -qF "$id" <<<"$dump"
}

@test "an invitation is printed alone, listed without its secret and revoked" {
  misuse 'e-mail address' user invite nobody
  misuse 'from 1m to 365d' user invite --expires 59s
  misuse 'from 1m to 365d' user invite --expires 366d
  misuse 'from 1m to 365d' user invite --expires never
  misuse 'role is' user invite --role root
  failed 'no tier' user invite --tier nothing
  failed 'no model' user invite --models nothing
  create invited@example.org
  failed 'already' user invite invited@example.org
  text=$(cli user invite New@example.org --role admin --models iris --tier free --expires 1h 2>/dev/null)
  [[ "$text" =~ ^fgi_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$ ]]
  id=$(cut -d_ -f2 <<<"$text")
  cli invitation list --json | jq -e --arg id "$id" '.[] | select(.id == $id) | .username == "new@example.org" and
    .role == "admin" and .models == "iris" and .tier == "free" and (.made_by | startswith("cli:"))'
  secret=$(cut -d_ -f3 <<<"$text")
  ! grep -rqF "$secret" "$G/home" || fail 'the secret is in the home'
  run cli invitation list
  [[ "$output" == *"$id"*new@example.org* ]]
  cli invitation revoke "$id"
  failed 'no invitation' invitation revoke "$id"
  cli user invite --json 2>/dev/null | jq -e '.username == null and (.id as $id | .invitation | startswith("fgi_" + $id))'
}
