#!/usr/bin/env bats
# tests/api/tokens.bats: who comes with an access token or with a key of a user: what is
# refused, what ends at the next request in every worker, and what counts together.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031 # set or read by the libraries
load ../lib/api
load ../lib/load
load ../lib/token

ROUNDS=4

# A home for each test, so that its log has that test's calls alone.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
  gate_start --workers 4
}

teardown() {
  load_stop
  gate_stop
}

DETAIL='^The API key or access token is missing or not valid\.$'

# login NAME [COLUMN=VALUE...]: a user with a session and a token.
login() {
  user_new "$@"
  session_new
  token_new
}

# ---- what is refused ----

@test "whatever does not hold gets one and the same 401" {
  login ann
  good=$TOKEN
  bearer GET /models
  assert_status 200
  gone=$SESSION
  database "DELETE FROM session"
  session_new -1
  token_new
  past=$TOKEN
  SESSION=$gone
  token_new
  lost=$TOKEN
  for TOKEN in "$past" "$lost" "$good" "${good%?}" "$good." x eyJ '' "$(token_sign '{}')" "$KEY.$good"; do
    # The epoch has changed with the session that ended: no worker goes by what it knew.
    bearer GET /models
    assert_problem 401 unauthorized "$DETAIL"
    jq -S 'del(.request_id, .timestamp)' "$body_file" >>"$G/bodies"
  done
  call GET /models
  assert_problem 401 unauthorized "$DETAIL"
  jq -S 'del(.request_id, .timestamp)' "$body_file" >>"$G/bodies"
  [ "$(jq -c . "$G/bodies" | sort -u | wc -l)" = 1 ]
}

@test "a token in X-API-Key, beside a key, beside another, or twice is refused" {
  login ann
  other=$TOKEN
  token_new
  call GET /models -k "$TOKEN"
  assert_problem 401 unauthorized
  call GET /models -k "$TOKEN" HTTP_AUTHORIZATION="Bearer $TOKEN"
  assert_problem 401 unauthorized
  call GET /models -k "$KEY" HTTP_AUTHORIZATION="Bearer $TOKEN"
  assert_problem 401 unauthorized
  RAW_BODY='' raw REQUEST_METHOD=GET REQUEST_URI=/models HTTP_AUTHORIZATION="Bearer $TOKEN" \
    HTTP_AUTHORIZATION="Bearer $other"
  assert_problem 401 unauthorized
  call GET /models HTTP_AUTHORIZATION="Basic $TOKEN"
  assert_problem 401 unauthorized
  call GET /models HTTP_AUTHORIZATION="bearer  $TOKEN"
  assert_status 200
  call GET /models -k "$KEY" HTTP_AUTHORIZATION="Bearer $KEY"
  assert_status 200
}

@test "a token for another's session is refused" {
  login ann
  of_ann=$SESSION
  login bea
  SESSION=$of_ann
  token_new
  bearer GET /models
  assert_problem 401 unauthorized "$DETAIL"
}

@test "a user and the user's keys may no model that the user's list lacks" {
  cli model publish wine "$G/iris.fgm" >/dev/null
  login ann "models = 'wine'"
  owned_new --models iris,wine
  bearer POST /models/iris/predict -d "$IRIS"
  assert_problem 403 forbidden '^You may not use the model "?iris"?\.$'
  call POST /models/iris/predict -k "$KEY" -d "$IRIS"
  assert_problem 403 forbidden '^This key may not use the model "?iris"?\.$'
  bearer POST /models/wine/predict -d "$IRIS"
  assert_status 200
  call GET /models -k "$KEY"
  assert_json '[.models[].name] == ["wine"]'
  change "UPDATE user SET models = '' WHERE id = '$USER_ID'"
  bearer POST /models/wine/predict -d "$IRIS"
  assert_problem 403 forbidden
  bearer GET /models
  assert_json '.models == []'
}

# ---- what the logs say ----

@test "the access log shows whose token it was and neither log has the token" {
  login ann
  bearer POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=by-token
  assert_status 200
  [[ "$(log_line by-token)" == *" user:${USER_ID:0:4}..." ]] || fail "$(log_line by-token)"
  database "DELETE FROM session"
  cli tier set other --rate 1/60s >/dev/null
  bearer POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=logged-out
  assert_status 401
  [[ "$(log_line logged-out)" == *" user:${USER_ID:0:4}..." ]] || fail "$(log_line logged-out)"
  TOKEN=${TOKEN%????????}AAAAAAAA
  bearer POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=forged
  assert_status 401
  [[ "$(log_line forged)" != *user:* ]] || fail "$(log_line forged)"
  if grep -rF "${TOKEN:60:60}" "$G/home/logs" "$G/out"; then fail 'a token is in a log'; fi
}

@test "two keys of a user and the user's token are one account, with a row for each call" {
  cli tier set five --rate 5/60s --quota 100/day >/dev/null
  login ann "tier = 'five'"
  owned_new
  first=$KEY first_id=$ID
  owned_new
  change "UPDATE key SET limits = '1000/60s,1000/day' WHERE id = '$ID'" # which a user's key does not have
  for left in 4 3 2 1 0; do
    case $left in
    4 | 2) call POST /predict -k "$first" -d "$IRIS" ;;
    3) call POST /predict -k "$KEY" -d "$IRIS" ;;
    *) bearer POST /predict -d "$IRIS" ;;
    esac
    assert_status 200
    [ "$(left_of 60s)" = $left ] || fail "$(header_of ratelimit), not $left"
    [ "$(left_of day)" = $((95 + left)) ] || fail "$(header_of ratelimit), not $left"
  done
  for with in "-k $first" "-k $KEY" "HTTP_AUTHORIZATION=Bearer $TOKEN"; do
    case $with in
    -k*) call POST /predict -k "${with#-k }" -d "$IRIS" ;;
    *) bearer POST /predict -d "$IRIS" ;;
    esac
    assert_status 429
  done
  [ "$(cli call list --json --user "$USERNAME" | jq -r '[.[].key] | join(" ")')" = \
    "$USER_ID $USER_ID $first_id $ID $first_id" ]
  cli call list --json --user "$USER_ID" | jq -e --arg id "$USER_ID" 'all(.[]; .user == $id)'
  cli call stats --json --by day --user "$USER_ID" | jq -e 'map(.calls) == [5]'
  cli key show "$ID" --json | jq -e '.usage.day == 5 and .usage.limits[0].remaining == 0'
  assert_books
}

# ---- what ends ----

# Runs a command while 64 clients are at it: none that begins after its return is let through.
amid_load() {
  rm -f "$G/asked"
  load_start -c 64 -g 0
  read -rt 0.25 <> <(:) || :
  "$LOAD" -r "$@" >"$G/said" 2>>"$G/out" || fail "$* failed:" "$(tail -n 5 "$G/out")"
  NOW=$(tail -n 1 "$G/said")
  read -rt 0.25 <> <(:) || :
  load_stop
  read -r BEFORE AFTER LATE < <(awk -v now="$NOW" '
    $2 <= now && $4 == "200" {before++} $2 > now && $4 == "401" {after++}
    $2 > now && $4 != "401" {late++} END {print before + 0, after + 0, late + 0}' "$ASKED")
  [ "$LATE" = 0 ] || fail "$LATE calls that began after the return of $* were not answered with 401:" \
    "$(awk -v now="$NOW" '$2 > now && $4 != "401" {print ($2 - now) / 1000 " us after it: " $0}' "$ASKED" | head -n 5)"
  [ $((BEFORE < AFTER ? BEFORE : AFTER)) -ge 64 ] || fail "only $BEFORE calls went before $*, $AFTER after it"
}

@test "disabled under 64 clients: no call with the user's token or key begins after that" {
  for ((i = 0; i < ROUNDS; i++)); do
    login "u$i"
    owned_new
    if ((i % 2 == 0)); then KEY=$TOKEN; fi
    amid_load "$FORESTGATE" --home "$G/home" user set "$USERNAME" --active no
  done
}

@test "deleted under 64 clients: no call with the user's token or key begins after that" {
  for ((i = 0; i < ROUNDS; i++)); do
    login "u$i"
    owned_new
    if ((i % 2 == 0)); then KEY=$TOKEN; fi
    amid_load "$FORESTGATE" --home "$G/home" user delete "$USERNAME"
  done
}

# logout: ends the session of KEY; what it answers is the first line of its output.
logout() {
  amid_load env -i PATH="$PATH" REQUEST_METHOD=POST REQUEST_URI=/auth/logout REMOTE_ADDR=127.0.0.1 \
    HTTP_AUTHORIZATION="Bearer $KEY" cgi-fcgi -bind -connect "127.0.0.1:$PORT" </dev/null
  grep -q '^Status: 204' "$G/said" || fail "$(cat "$G/said")"
}

@test "logged out under 64 clients: no call with that session begins after that, others go on" {
  for ((i = 0; i < ROUNDS; i++)); do
    login "u$i"
    KEY=$TOKEN
    session_new
    token_new
    logout
    bearer GET /models
    assert_status 200
  done
}

@test "another password under 64 clients: no call with any older session begins after that" {
  login ann
  for ((i = 0; i < ROUNDS; i++)); do
    session_new
    token_new
    KEY=$TOKEN
    echo "the password number $i" >"$G/password"
    amid_load bash -c "'$FORESTGATE' --home '$G/home' user passwd '$USERNAME' --password-stdin <'$G/password'"
  done
}

# asks STATUS DETAIL: what each of the four workers answers, which have all been asked by then.
asks() {
  for _ in {1..12}; do
    bearer GET /admin/users
    assert_status "$1"
    [ "$1" = 200 ] || assert_problem "$1" forbidden '^This needs the role admin\.$'
    call GET /admin/users -k "$KEY"
    assert_status "$1"
    [ "$1" = 200 ] || assert_problem "$1" forbidden '^This key lacks the scope admin\.$'
  done
}

@test "a role counts at the next request, for the user's token and key, in every worker" {
  login ann
  owned_new --scopes read,admin
  for _ in 1 2; do
    asks 403
    cli user set "$USERNAME" --role admin >/dev/null
    asks 200
    cli user set "$USERNAME" --role user --force >/dev/null
  done
  asks 403
}

@test "a route for logins takes no key, and one for users no key that is nobody's" {
  login ann
  nobodys=$KEY
  owned_new
  call GET /users/me/sessions -k "$KEY"
  assert_problem 403 forbidden '^This route needs an access token from /auth/token; a key is not enough\.$'
  call GET /users/me/sessions -k "$nobodys"
  assert_problem 403 forbidden '^This route needs an access token from /auth/token; a key is not enough\.$'
  call GET /users/me -k "$nobodys"
  assert_problem 403 forbidden "^This route needs a user's key or access token\.$"
  call GET /users/me -k "$KEY"
  assert_status 200
  bearer GET /users/me/sessions
  assert_status 200
}

@test "an optional credential need not be there, and one that is there has to hold" {
  login ann
  call GET /api/status
  assert_status 200
  assert_json '.authentication.authenticated == false'
  bearer GET /api/status
  assert_json '.authentication.authenticated'
  cli user set "$USERNAME" --active no >/dev/null
  bearer GET /api/status
  assert_problem 401 unauthorized "$DETAIL"
  call GET /api/status -k "${KEY%?}"
  assert_problem 401 unauthorized "$DETAIL"
}

@test "what is changed by a token or a key is in the audit trail under its name" {
  login ann "role = 1"
  owned_new --scopes admin
  for by in "user:$USER_ID" "key:$ID"; do
    case $by in
    user:*) bearer POST /admin/keys -d '{"name":"new"}' HTTP_X_REQUEST_ID="by-${by%%:*}" ;;
    *) call POST /admin/keys -k "$KEY" -d '{"name":"new"}' HTTP_X_REQUEST_ID="by-${by%%:*}" ;;
    esac
    assert_status 201
    cli audit list --json --limit 1 | jq -e --arg by "$by" --arg id "by-${by%%:*}" \
      '.[0] | .actor == $by and .request_id == $id and .address == "127.0.0.1"' || fail "$(cli audit list --limit 1)"
  done
}
