#!/usr/bin/env bats
# tests/api/admin_users.bats: administration of people: who may, what is refused, and that a
# change counts at once, in every worker, and is on record.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/admin

setup_file() {
  gate_home
  gate_start --workers 3
  admin_make
}
teardown_file() { gate_stop; }

# A user who was made for the test: NAME, ID and TOKEN.
one() {
  NAME=u$RANDOM$RANDOM
  admin POST /admin/users "{\"username\":\"$NAME@example.org\",\"password\":\"$ADMIN_PASSWORD\",\"models\":\"*\"}"
  assert_status 201 || return 1
  ID=$(jq -r .id "$body_file")
  TOKEN=$(admin_login "$NAME")
}

# The same status from every worker: many more calls than there are of them.
everywhere() { # STATUS COMMAND...
  local wanted=$1
  shift
  for _ in {1..12}; do
    "$@"
    assert_status "$wanted" || return 1
  done
}

MEMBERS='["country","created_at","first_name","id","is_active","last_login_at","last_name","models","role","tier","username"]'

@test "all of it is refused to users, to their keys with the scope, and to keys without it" {
  before="$(rows user) $(rows invitation)"
  assert_refused_to_others GET /admin/users
  assert_refused_to_others POST /admin/users '{"username":"x@example.org","role":"admin"}'
  assert_refused_to_others GET "/admin/users/$USER_ID"
  assert_refused_to_others PUT "/admin/users/$USER_ID" '{"role":"admin"}'
  assert_refused_to_others DELETE "/admin/users/$ADMIN_ID"
  assert_refused_to_others PUT "/admin/users/$ADMIN_ID/password" '{"new_password":"something that is long"}'
  assert_refused_to_others DELETE "/admin/users/$ADMIN_ID/sessions"
  assert_refused_to_others POST /admin/invitations '{"role":"admin"}'
  assert_refused_to_others GET /admin/invitations
  assert_refused_to_others DELETE /admin/invitations/000000000000
  [ "$(rows user) $(rows invitation)" = "$before" ]
}

@test "a user, a body and a query are refused what no form has: id, password, times, owner" {
  before=$(rows user)
  for member in id created_at password_at last_login_at owner is_active hash; do
    admin POST /admin/users "{\"username\":\"mass@example.org\",\"password\":\"$ADMIN_PASSWORD\",\"$member\":true}"
    assert_fault "$member" || fail "$member was taken"
  done
  for member in id username password new_password created_at password_at owner user; do
    admin PUT "/admin/users/$USER_ID" "{\"first_name\":\"Eve\",\"$member\":\"eve@example.org\"}"
    assert_fault "$member" || fail "$member was taken"
  done
  admin PUT "/admin/users/$USER_ID/password" "{\"new_password\":\"$ADMIN_PASSWORD!\",\"password\":\"x\"}"
  assert_fault password
  admin GET '/admin/users?password=x'
  assert_fault password
  [ "$(rows user)" = "$before" ]
}

@test "what a member may not be is a 422 that names it, and nothing is changed" {
  before=$(rows user)
  local bad='role:"root" role:1 role:null models:"none" models:"iris,none" models:1 tier:"none" tier:"" first_name:1
    last_name:"a\u0000b" country:["a"]'
  for each in $bad 'first_name:"a\u001bb"' "last_name:\"$(printf 'x%.0s' {1..101})\""; do
    admin PUT "/admin/users/$USER_ID" "{\"${each%%:*}\":${each#*:}}"
    assert_fault "${each%%:*}" || fail "$each was taken"
  done
  for each in 'is_active:"true"' is_active:1 is_active:null; do
    admin PUT "/admin/users/$USER_ID" "{\"${each%%:*}\":${each#*:}}"
    assert_fault is_active || fail "$each was taken"
  done
  for name in '""' '"nobody"' '"a@b"' '"a b@example.org"' 1 null; do
    admin POST /admin/users "{\"username\":$name,\"password\":\"$ADMIN_PASSWORD\"}"
    assert_fault username || fail "$name was taken"
  done
  for password in '"short"' '"password1234"' '"weak@example.org"' '"correct horse\u0000 battery"' null 1; do
    admin POST /admin/users "{\"username\":\"weak@example.org\",\"password\":$password}"
    assert_fault password || fail "$password was taken"
    admin PUT "/admin/users/$USER_ID/password" "{\"new_password\":${password/weak@/user@}}"
    assert_fault new_password || fail "$password was taken"
  done
  admin POST /admin/users "{\"username\":\"weak@example.org\",\"password\":\"$ADMIN_PASSWORD\",\"expires\":\"7d\"}"
  assert_fault expires
  [ "$(rows user)" = "$before" ]
  if grep -q 'password1234' "$G/out" "$G/home/logs/access.log"; then fail 'a password is in a log'; fi
}

@test "a username that is taken is a 409, in any case of its letters" {
  for name in user@example.org User@Example.ORG; do
    admin POST /admin/users "{\"username\":\"$name\",\"password\":\"$ADMIN_PASSWORD\"}"
    assert_problem 409 conflict
    admin POST /admin/users "{\"username\":\"$name\"}"
    assert_problem 409 conflict
    admin POST /admin/invitations "{\"username\":\"$name\"}"
    assert_problem 409 conflict
  done
}

@test "an id that is not there, or cannot be one, is the one 404" {
  for id in 000000000000 1 user@example.org "${USER_ID}x" "$(printf 'x%.0s' {1..128})" "'--" "${USER_ID:0:11}"; do
    assert_missing user GET "/admin/users/$id"
    assert_missing user PUT "/admin/users/$id" '{"first_name":"Eve"}'
    assert_missing user PUT "/admin/users/$id" '{}'
    assert_missing user PUT "/admin/users/$id/password" '{"new_password":"something that is long"}'
    assert_missing user DELETE "/admin/users/$id"
    assert_missing user DELETE "/admin/users/$id/sessions"
    assert_missing invitation DELETE "/admin/invitations/$id"
  done
}

@test "the last active administrator cannot be demoted, disabled or deleted" {
  for body in '{"role":"user"}' '{"is_active":false}' '{"role":"user","is_active":false}'; do
    admin PUT "/admin/users/$ADMIN_ID" "$body"
    assert_problem 409 conflict 'last active administrator'
  done
  by "$ROOT" DELETE "/admin/users/$ADMIN_ID"
  assert_problem 409 conflict 'last active administrator'
  # One who is not active is none.
  one
  admin PUT "/admin/users/$ID" '{"role":"admin","is_active":false}'
  assert_status 200
  admin DELETE "/admin/users/$ADMIN_ID"
  assert_problem 409 conflict 'last active administrator'
  admin GET "/admin/users/$ADMIN_ID"
  assert_json '.role == "admin" and .is_active'
  admin DELETE "/admin/users/$ID"
  assert_status 204
}

@test "of two administrators who demote each other at once one stays" {
  one
  for round in {1..6}; do
    admin PUT "/admin/users/$ID" '{"role":"admin"}'
    by "$ROOT" PUT "/admin/users/$ADMIN_ID" '{"role":"admin"}'
    TOKEN=$(admin_login "$NAME")
    mkdir "$BATS_TEST_TMPDIR/$round.a" "$BATS_TEST_TMPDIR/$round.b"
    (BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$round.a by "$ADMIN" PUT "/admin/users/$ID" '{"role":"user"}'; echo "$status" >"$BATS_TEST_TMPDIR/$round.a/status") 3>&- &
    a=$!
    (BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$round.b by "$TOKEN" PUT "/admin/users/$ADMIN_ID" '{"role":"user"}'; echo "$status" >"$BATS_TEST_TMPDIR/$round.b/status") 3>&- &
    wait $a $!
    [ "$(database 'SELECT count(*) FROM user WHERE role = 1 AND active = 1')" = 1 ]
    both="$(cat "$BATS_TEST_TMPDIR/$round".*/status | sort | tr '\n' ' ')"
    case $both in '200 409 ' | '200 403 ') ;; *) fail "they were answered $both" ;; esac
  done
  by "$ROOT" PUT "/admin/users/$ADMIN_ID" '{"role":"admin"}'
  by "$ROOT" DELETE "/admin/users/$ID"
}

@test "lists are of what fits, a page at a time, with how many there are" {
  for i in 1 2 3; do admin_person "list$i" --role user; done
  cli user set list3@example.org --active no >/dev/null
  admin GET '/admin/users?search=LIST&limit=2'
  assert_status 200
  assert_json --argjson members "$MEMBERS" '(keys == ["limit","offset","total","users"]) and .total == 3 and .limit == 2 and
    .offset == 0 and (.users | length == 2) and all(.users[]; keys == $members)'
  cp "$body_file" "$BATS_TEST_TMPDIR/first"
  admin GET '/admin/users?search=list&limit=2&offset=2'
  assert_json --slurpfile first "$BATS_TEST_TMPDIR/first" '.total == 3 and ([.users[], $first[0].users[]] | map(.username) | sort ==
    ["list1@example.org","list2@example.org","list3@example.org"])'
  admin GET '/admin/users?search=list&is_active=false'
  assert_json '[.users[].username] == ["list3@example.org"] and .total == 1'
  admin GET '/admin/users?role=admin&is_active=true'
  assert_json --arg id "$ADMIN_ID" '[.users[].id] == [$id]'
  admin GET "/admin/users?search=$USER_ID"
  assert_json '[.users[].username] == ["user@example.org"]'
  for search in '%25' '_ist' "'"; do
    admin GET "/admin/users?search=$search"
    assert_json '.users == [] and .total == 0'
  done
  for query in limit=0 limit=1001 limit=x limit=-1 offset=-1 role=root is_active=maybe "search=$(printf 'x%.0s' {1..129})"; do
    admin GET "/admin/users?$query"
    assert_fault "${query%%=*}" || fail "$query was taken"
  done
}

@test "a user who was made with a password is active and logs in; told where it is" {
  admin POST /admin/users '{"username":"New@example.org","password":"korrekt pferd batterie","first_name":"Nina","last_name":"Ew",
    "country":"IS","role":"user","models":["iris"],"tier":"free"}'
  assert_status 201
  id=$(jq -r .id "$body_file")
  [ "$(header_of location)" = "users/$id" ]
  assert_json --argjson members "$MEMBERS" 'keys == $members and .username == "new@example.org" and .first_name == "Nina" and
    .last_name == "Ew" and .country == "IS" and .role == "user" and .is_active and .models == "iris" and .tier == "free"'
  token=$(admin_login new)
  by "$token" POST /predict "$IRIS"
  assert_status 200
  by "$ADMIN" GET "/admin/users/$id"
  assert_json '.last_login_at != null'
  admin PUT "/admin/users/$id" '{"country":null}'
  assert_json '.country == null and .first_name == "Nina"'
}

@test "a user without a password comes by an invitation, which is answered once and holds once" {
  admin POST /admin/users '{"username":"guest@example.org","role":"admin","models":["iris"],"tier":"free","expires":"1h"}'
  assert_status 201
  assert_json '(keys == ["created_at","expires_at","id","invitation","made_by","models","role","tier","username"]) and
    .username == "guest@example.org" and .role == "admin" and .models == "iris" and .tier == "free" and
    ((.expires_at | sub("\\.000"; "") | fromdate) - (.created_at | sub("\\.000"; "") | fromdate) == 3600)'
  invitation=$(jq -r .invitation "$body_file") id=$(jq -r .id "$body_file")
  admin GET /admin/invitations
  assert_json --arg id "$id" '[.invitations[] | select(.id == $id) | has("invitation")] == [false]'
  if grep -qF "${invitation:17:43}" "$body_file" "$G/out" "$G/home/logs/access.log"; then fail 'the secret is told again'; fi
  account="{\"username\":\"guest@example.org\",\"first_name\":\"G\",\"last_name\":\"T\",\"password\":\"$ADMIN_PASSWORD\",\"invitation\":\"$invitation\"}"
  by '' POST /auth/create "$account"
  assert_status 201
  by '' POST /auth/create "$account"
  assert_status 403
  token=$(admin_login guest)
  by "$token" GET /admin/users
  assert_status 200
  by "$ROOT" DELETE "/admin/users/$(jq -r '.users[] | select(.username == "guest@example.org") | .id' "$body_file")"
  assert_status 204
}

@test "an invitation is refused what cannot be, and one that is revoked holds no longer" {
  for each in role:'"root"' models:'"none"' tier:'"none"' username:'"x"' expires:'"never"' expires:'"59s"' expires:'"366d"' expires:'""' setup:true; do
    admin POST /admin/invitations "{\"${each%%:*}\":${each#*:}}"
    assert_fault "${each%%:*}" || fail "$each was taken"
  done
  admin POST /admin/invitations '{}'
  assert_status 201
  assert_json '.username == null and .role == "user" and .models == "" and .tier == "standard"'
  id=$(jq -r .id "$body_file") invitation=$(jq -r .invitation "$body_file")
  admin DELETE "/admin/invitations/$id"
  assert_status 204
  [ ! -s "$body_file" ]
  assert_missing invitation DELETE "/admin/invitations/$id"
  by '' POST /auth/create "{\"username\":\"late@example.org\",\"first_name\":\"G\",\"last_name\":\"T\",\"password\":\"$ADMIN_PASSWORD\",\"invitation\":\"$invitation\"}"
  assert_status 403
}

# invited NAME INVITATION: an account by an invitation
invited() {
  by '' POST /auth/create "{\"username\":\"$1@example.org\",\"first_name\":\"G\",\"last_name\":\"T\",\"password\":\"$ADMIN_PASSWORD\",\"invitation\":\"$2\"}"
}

# Who was shut out could else come in again, as an administrator, by an invitation kept for that.
@test "an invitation holds no longer when who made it may not administer, by token or by key" {
  admin_person leaver --role admin
  id=$(admin_id leaver) token=$(admin_login leaver)
  by "$token" POST /users/me/keys '{"name":"k","scopes":"admin"}'
  key=$(jq -r .key "$body_file")
  revoked=$(cli key create --name passing --scopes admin 2>/dev/null)
  made=()
  for each in "$token" "$key" "$revoked" "$token" "$key" "$token"; do
    by "$each" POST /admin/invitations '{"role":"admin"}'
    assert_status 201
    made+=("$(jq -r .invitation "$body_file")")
  done
  admin PUT "/admin/users/$id" '{"role":"user"}'
  assert_status 200
  cli key revoke "${revoked:3:12}" >/dev/null
  for i in 0 1 2; do
    invited "again$i" "${made[i]}"
    assert_problem 403 forbidden || fail "invitation $i of who was demoted"
  done
  admin PUT "/admin/users/$id" '{"is_active":false,"role":"admin"}'
  invited again3 "${made[3]}"
  assert_problem 403 forbidden
  admin PUT "/admin/users/$id" '{"is_active":true}'
  invited again3 "${made[3]}"
  assert_status 201
  admin DELETE "/admin/users/$(jq -r .id "$body_file")"
  admin DELETE "/admin/users/$id"
  assert_status 204
  for i in 4 5; do
    invited "again$i" "${made[i]}"
    assert_problem 403 forbidden || fail "invitation $i of who was deleted"
  done
}

# amid TOKEN METHOD PATH JSON COMMAND...: a request whose body is half there when a command is
# run, and has the other half after it.
amid() {
  local token=$1 method=$2 path=$3 half=$((${#4} / 2)) file=$BATS_TEST_TMPDIR/half json=$4
  shift 4
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  printf %s "${json:0:half}" >"$file"
  {
    raw_head REQUEST_METHOD="$method" REQUEST_URI="$path" REMOTE_ADDR=127.0.0.1 CONTENT_TYPE=application/json \
      CONTENT_LENGTH=${#json} HTTP_AUTHORIZATION="Bearer $token"
    raw_record 5 "$file"
  } >&8
  # It has been let in once a worker waits for the rest of it.
  wait_for 100 gate_holds 1 || fail 'no worker has the request'
  "$@"
  printf %s "${json:half}" >"$file"
  { raw_record 5 "$file" && raw_record 5 /dev/null; } >&8
  raw_answer 8
  exec 8>&-
}

@test "a request that is under way when its user loses the right changes nothing" {
  admin_person slow --role admin
  id=$(admin_id slow) token=$(admin_login slow)
  before=$(rows user | grep -v "^$id|")
  amid "$token" POST /admin/users \
    '{"username":"crony@example.org","password":"a phrase for my crony","role":"admin"}' \
    cli user set slow@example.org --role user
  assert_problem 403 forbidden 'role admin'
  amid "$token" PUT "/admin/users/$USER_ID" '{"role":"admin","models":"*"}' true
  assert_problem 403 forbidden
  cli user set slow@example.org --role admin >/dev/null
  amid "$token" PUT /users/me '{"first_name":"Mallory"}' cli user set slow@example.org --active no
  assert_problem 401 unauthorized
  cli user set slow@example.org --active yes >/dev/null
  token=$(admin_login slow)
  amid "$token" POST /users/me/keys '{"name":"kept","scopes":"admin,read"}' by "$token" POST /auth/logout '{}'
  assert_problem 401 unauthorized
  [ "$(rows user | grep -v "^$id|")" = "$before" ]
  [ "$(database "SELECT count(*) FROM key WHERE user = '$id'; SELECT first_name FROM user WHERE id = '$id'")" = $'0\nAnn' ]
  # Another's change in the meantime takes nothing away.
  token=$(admin_login slow)
  amid "$token" PUT /users/me '{"first_name":"Anna"}' cli tier set nobodys --rate 7/60s
  assert_status 200
  assert_json '.first_name == "Anna"'
  admin DELETE "/admin/users/$id" # so that one administrator is the last one again
  assert_status 204
}

@test "disabled, and let in again: the next request of every worker goes by it" {
  one
  key=$(cli key create --name theirs --user "$ID" 2>/dev/null)
  everywhere 200 by "$TOKEN" GET /models
  everywhere 200 by "$key" GET /models
  admin PUT "/admin/users/$ID" '{"is_active":false}'
  assert_json '.is_active == false'
  everywhere 401 by "$TOKEN" GET /models
  everywhere 401 by "$key" GET /models
  admin PUT "/admin/users/$ID" '{"is_active":true}'
  everywhere 401 by "$TOKEN" GET /models # that session has ended
  everywhere 200 by "$key" GET /models
}

@test "role, models and tier count in every worker from the answer on" {
  one
  everywhere 403 by "$TOKEN" GET /admin/users
  admin PUT "/admin/users/$ID" '{"role":"admin"}'
  everywhere 200 by "$TOKEN" GET /admin/users
  admin PUT "/admin/users/$ID" '{"role":"user"}'
  everywhere 403 by "$TOKEN" GET /admin/users
  everywhere 200 by "$TOKEN" POST /predict "$IRIS"
  admin PUT "/admin/users/$ID" '{"models":[]}'
  assert_json '.models == ""'
  everywhere 403 by "$TOKEN" POST /predict "$IRIS"
  cli tier set once --rate 1/1h >/dev/null
  admin PUT "/admin/users/$ID" '{"models":"iris","tier":"once"}'
  assert_json '.models == "iris" and .tier == "once"'
  everywhere 429 by "$TOKEN" POST /predict "$IRIS"
}

@test "another password ends the sessions, and the old one logs nobody in" {
  one
  admin PUT "/admin/users/$ID/password" '{"new_password":"another horse, another battery"}'
  assert_status 204
  [ ! -s "$body_file" ]
  everywhere 401 by "$TOKEN" GET /models
  call POST /login -d "{\"username\":\"$NAME@example.org\",\"password\":\"$ADMIN_PASSWORD\"}"
  assert_status 401
  TOKEN=$(admin_login "$NAME" 'another horse, another battery')
  everywhere 200 by "$TOKEN" GET /models
  [ "$(audited user.passwd | jq -r '.target')" = "user:$ID" ]
}

@test "logged out by the administrator: the sessions there were end, and others begin" {
  one
  second=$(admin_login "$NAME")
  admin DELETE "/admin/users/$ID/sessions"
  assert_status 204
  everywhere 401 by "$TOKEN" GET /models
  everywhere 401 by "$second" GET /models
  TOKEN=$(admin_login "$NAME")
  everywhere 200 by "$TOKEN" GET /models
  everywhere 200 by "$ADMIN" GET /models
}

@test "a deleted user's keys and tokens end at once, and the log has the calls without the name" {
  one
  key=$(cli key create --name "of $NAME" --user "$ID" 2>/dev/null)
  by "$TOKEN" POST /predict "$IRIS" HTTP_X_REQUEST_ID="token-$NAME"
  by "$key" POST /predict "$IRIS" HTTP_X_REQUEST_ID="key-$NAME"
  assert_status 200
  admin DELETE "/admin/users/$ID"
  assert_status 204
  everywhere 401 by "$TOKEN" GET /models
  everywhere 401 by "$key" GET /models
  assert_missing user GET "/admin/users/$ID"
  admin GET "/admin/calls?user=$ID"
  assert_json --arg id "$ID" --arg name "$NAME" '([.calls[] | [.user, .request_id]] ==
    [[$id, "key-" + $name], [$id, "token-" + $name]])'
  admin GET "/admin/calls?user=$NAME@example.org"
  assert_json '.calls == []'
  # Nothing of the person is left in the database but what others called a request.
  for table in user key session audit; do
    if database "SELECT * FROM $table" | grep -qF "$NAME"; then fail "the name is in $table"; fi
  done
  call POST /login -d "{\"username\":\"$NAME@example.org\",\"password\":\"$ADMIN_PASSWORD\"}"
  assert_status 401
  # The name is free again, and is another user then.
  admin POST /admin/users "{\"username\":\"$NAME@example.org\",\"password\":\"$ADMIN_PASSWORD\"}"
  assert_status 201
  assert_json --arg id "$ID" '.id != $id'
}

@test "every change is on record: who, what, before, after, from where, in which request" {
  one
  row=$(audited user.create)
  jq -e --arg actor "user:$ADMIN_ID" --arg target "user:$ID" '.actor == $actor and .actor_name == "admin@example.org" and
    .target == $target and .before == {} and .after.role == "user" and .address == "127.0.0.1"' <<<"$row" || fail "$row"
  admin PUT "/admin/users/$ID" '{"tier":"free"}' HTTP_X_REQUEST_ID="change-$NAME"
  row=$(audited user.set)
  jq -e --arg id "change-$NAME" '.before == {"tier":"standard"} and .after == {"tier":"free"} and .request_id == $id' <<<"$row" ||
    fail "$row"
  by "$ROOT" DELETE "/admin/users/$ID"
  row=$(audited user.delete)
  jq -e --arg target "user:$ID" --arg root "key:$(cut -d_ -f2 <<<"$ROOT")" '.target == $target and .actor == $root and
    .actor_name == null and .before.tier == "free" and .after == {}' <<<"$row" || fail "$row"
  # What was refused, and what changed nothing, has no row.
  before=$(database 'SELECT max(seq) FROM audit')
  admin PUT "/admin/users/$USER_ID" '{"tier":"none"}'
  admin PUT "/admin/users/$USER_ID" '{}'
  assert_status 200
  admin DELETE "/admin/users/$ADMIN_ID"
  admin GET "/admin/users/$USER_ID"
  [ "$(database 'SELECT max(seq) FROM audit')" = "$before" ]
}

@test "by plain CGI, each request with a process of its own, it is the same" {
  by_cgi() { cgi "$@" HTTP_AUTHORIZATION="Bearer $ADMIN"; }
  by_cgi POST /admin/users -d "{\"username\":\"cgi@example.org\",\"password\":\"$ADMIN_PASSWORD\"}"
  assert_status 201
  id=$(jq -r .id "$body_file")
  by_cgi PUT "/admin/users/$id" -d '{"is_active":false}'
  assert_status 200
  admin GET "/admin/users/$id"
  assert_json '.is_active == false'
  by_cgi DELETE "/admin/users/$id"
  assert_status 204
}
