#!/usr/bin/env bats
# tests/api/login.bats: registration, logins and sessions over the wire: who is refused and
# learns nothing by it, who has to wait and for how long, and what counts in every worker.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016,SC2317 # set or read by lib/api; dollars of jq
load ../lib/api

PASS='korrekt pferd batterie'

setup_file() {
  gate_home
  gate_start --workers 4 --password_hashes 3
}
teardown_file() { gate_stop; }

# Each test comes from an address of its own, and nothing was counted before.
setup() {
  database 'DELETE FROM attempt; DELETE FROM known'
  FROM=192.0.2.$((BATS_TEST_NUMBER % 250 + 1))
}

teardown() {
  local pid
  for pid in $(gate_pids); do kill -CONT "$pid"; done
}

# Starts anew with one setting more, or with none.
configure() {
  gate_stop
  sed -i '/^registration/d' "$G/home/forestgate.conf"
  if [ $# -gt 0 ]; then echo "$1" >>"$G/home/forestgate.conf"; fi
  gate_start --workers 4 --password_hashes 3
}

post() { # URI JSON [PARAMETER...]
  call POST "$1" -d "$2" REMOTE_ADDR="$FROM" "${@:3}"
}

form() { # TEXT [PARAMETER...]
  call POST /auth/token -d "$1" REMOTE_ADDR="$FROM" \
    CONTENT_TYPE=application/x-www-form-urlencoded "${@:2}"
}

person() { # USERNAME [PASSWORD] [JSON of further members]
  jq -nc --arg u "$1" --arg p "${2:-$PASS}" --argjson more "${3:-"{}"}" \
    '{username: $u, first_name: "Ann", last_name: "Berg", password: $p} + $more'
}

register() {
  post /auth/create "$(person "$@")"
}

# An account that may log in; USER is its username.
account() {
  USER=${1:-u$RANDOM$RANDOM@example.org}
  register "$USER" "${2:-$PASS}"
  assert_status 201 || return 1
  database "UPDATE user SET active = 1, models = '*' WHERE username = '$USER'"
}

login() { # USERNAME [PASSWORD [PARAMETER...]]
  post /login "$(jq -nc --arg u "$1" --arg p "${2:-$PASS}" '{username: $u, password: $p}')" "${@:3}"
}

# Logs in and keeps TOKEN and REFRESH.
enter() {
  login "$@"
  assert_status 200 || return 1
  TOKEN=$(jq -r .token "$body_file") REFRESH=$(jq -r .refresh_token "$body_file")
}

refresh() { form "grant_type=refresh_token&refresh_token=$1"; }

# What somebody may who has this token; 200 or 401.
with_token() { call GET /models HTTP_AUTHORIZATION="Bearer $1" REMOTE_ADDR="$FROM"; }

# Who waits for a request, rather than to be stopped with a lock in hand.
idle() { grep -qs '^State:.S' "/proc/$1/status"; }

# others SIGNAL PID: to all workers but this one.
others() {
  local other
  for other in $(gate_pids); do
    if [ "$other" = "$2" ]; then continue; fi
    if [ "$1" = STOP ]; then wait_for 100 idle "$other"; fi
    kill "-$1" "$other"
  done
}

# in_each COMMAND...: runs it once for each worker, the others standing still; again if nobody
# answered, as one of those had something in hand after all.
in_each() {
  local pid good
  for pid in $(gate_pids); do
    for _ in 1 2 3; do
      good=yes
      others STOP "$pid"
      "$@" || good=no
      others CONT "$pid"
      if [ -n "$status" ]; then break; fi
      read -rt 1 <> <(:) || :
    done
    [ $good = yes ] || return 1
  done
}

# The answer without what is of one request alone: its id and its times.
answer_told() {
  sed -E 's/^(X-Request-ID|X-Process-Time): .*/\1:/; s/"(request_id|timestamp)":"[^"]*"/"\1":""/g' "$answer"
}

# It is so many seconds later, for what is counted.
pass() { database "UPDATE attempt SET last_us = last_us - $1 * 1000000, until_us = until_us - $1 * 1000000"; }

# fail_times N USERNAME...: so many logins fail, with these names in turn, none of them having
# to wait.  With 8 the next wait is 32 s, which no machine is as slow as.
fail_times() {
  local n=$1
  shift
  for ((i = 0; i < n; i++)); do
    database 'UPDATE attempt SET until_us = 0'
    login "$1" wrong
    assert_status 401 || return 1
    set -- "${@:2}" "$1"
  done
}

# assert_wait S: the last answer is 429, with a wait of S that has begun.
assert_wait() {
  local wait
  assert_status 429 || return 1
  wait=$(header_of retry-after)
  if [ "$wait" -gt "$1" ] || [ $((wait * 2)) -le "$1" ]; then fail "expected a wait of $1 s:" "$headers"; fi
}

# Holds all places in which passwords are hashed until `slots_let_go`.
slots_hold() {
  mkfifo "$BATS_TEST_TMPDIR/slots"
  /usr/bin/python3 -c 'import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    open(sys.argv[2]).read()' "$G/home/hashing" "$BATS_TEST_TMPDIR/slots" >"$BATS_TEST_TMPDIR/slots.held" 3>&- &
  SLOTS=$!
  wait_for 100 test -s "$BATS_TEST_TMPDIR/slots.held"
}
slots_let_go() {
  : >"$BATS_TEST_TMPDIR/slots"
  wait "$SLOTS"
}

# ---- who is refused ----

@test "an unknown user and a wrong password have one answer to the byte, by both routes" {
  account
  login "$USER" 'not the password'
  assert_problem 401 unauthorized 'not right'
  answer_told >"$BATS_TEST_TMPDIR/wrong"
  login nobody@example.org 'not the password'
  answer_told | cmp - "$BATS_TEST_TMPDIR/wrong"
  login "no e-mail at all" ''
  answer_told | cmp - "$BATS_TEST_TMPDIR/wrong"
  FROM=192.0.2.251 form "username=$USER&password=wrong"
  assert_problem 401 invalid_grant 'not right'
  answer_told >"$BATS_TEST_TMPDIR/wrong"
  FROM=192.0.2.251 form "username=nobody@example.org&password=wrong"
  answer_told | cmp - "$BATS_TEST_TMPDIR/wrong"
}

@test "an address that makes accounts without end has to wait, and nobody else" {
  FROM=192.0.2.77
  for ((i = 0; i < 107; i++)); do
    register "n$i@example.org" password1234
    assert_status 422 || break
    database 'UPDATE attempt SET until_us = 0 WHERE failures < 107'
  done
  register m@example.org
  assert_status 429
  assert_json '.error == "too_many_requests" and ."violated-policies" == ["registration"]'
  [ "$(header_of retry-after)" -gt 60 ]
  FROM=192.0.2.78
  register m@example.org
  assert_status 201
}

@test "who has to wait is told the same, be there such a user or not" {
  told() { answer_told | sed -E 's/^(Retry-After|Content-Length): .*/\1:/; s/in [0-9]+ s/in N s/'; }
  account
  fail_times 8 "$USER"
  login "$USER" wrong
  assert_wait 32
  told >"$BATS_TEST_TMPDIR/known"
  FROM=192.0.2.251
  fail_times 8 nobody@example.org
  login nobody@example.org wrong
  assert_wait 32
  told | cmp - "$BATS_TEST_TMPDIR/known"
  assert_json '.type == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    and .["violated-policies"] == ["login"] and .error == "too_many_requests"'
}

@test "in another case a username is the same, and its failures count together" {
  account
  fail_times 8 "${USER^^}" "${USER^}" "$USER"
  login "$USER"
  assert_wait 32
  pass 32
  login "${USER^^}"
  assert_status 200
}

@test "an account that is not active is told so only with the right password" {
  register idle@example.org
  assert_status 201
  login idle@example.org wrong
  assert_problem 401 unauthorized 'not right'
  login idle@example.org
  assert_problem 403 forbidden 'not active'
  form "username=idle@example.org&password=${PASS// /+}"
  assert_problem 403 forbidden 'not active'
  [ "$(database "SELECT count(*) FROM session s JOIN user u ON u.id = s.user WHERE u.username = 'idle@example.org'")" = 0 ]
}

@test "a wrong password counts as a refusal in the log, and stands in none" {
  account
  login "$USER" 'a very secret mistake'
  assert_status 401
  log_line "$(header_of x-request-id)" | grep -q 401
  run grep -rF 'secret mistake' "$G/home/logs" "$G/out"
  [ "$status" = 1 ]
  [ -z "$output" ]
}

# ---- who has to wait ----

@test "failures count over all workers and over a restart, and are obeyed with success" {
  account
  fail_times 7 "$USER"
  for wait in 16 32 64 128; do
    login "$USER" wrong
    assert_wait "$wait"
    pass "$(header_of retry-after)"
    login "$USER" wrong
    assert_status 401
  done
  must_wait() {
    login "$USER"
    assert_wait 256
  }
  in_each must_wait
  configure
  in_each must_wait
  pass "$(header_of retry-after)"
  login "$USER"
  assert_status 200
}

@test "a Retry-After is obeyed with success by the clock" {
  account
  fail_times 4 "$USER"
  login "$USER"
  [ "$status" = 200 ] || { # a machine that is as slow as that has waited by now
    assert_status 429
    sleep "$(header_of retry-after)"
    login "$USER"
    assert_status 200
  }
}

@test "of many attempts at once after a wait one is looked at" {
  local n pids=''
  account
  fail_times 8 "$USER"
  pass 32
  for ((n = 0; n < 12; n++)); do
    (
      BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$n
      mkdir "$BATS_TEST_TMPDIR"
      login "$USER" wrong
      echo "$status" >"$BATS_TEST_TMPDIR/status"
    ) 3>&- &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086
  wait $pids
  [ "$(sort "$BATS_TEST_TMPDIR"/*/status | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" = '401x1 429x11 ' ] ||
    fail "$(cat "$BATS_TEST_TMPDIR"/*/status)"
}

@test "what strangers fail does not lock an owner out at an address that the account knows" {
  account
  login "$USER"
  assert_status 200
  own=$FROM
  for ((n = 0; n < 27; n++)); do FROM=198.51.100.$n fail_times 1 "$USER"; done
  FROM=198.51.100.99 login "$USER" wrong
  assert_wait 60
  FROM=$own login "$USER"
  assert_status 200
}

@test "an address that tries many accounts waits, whatever header it sends" {
  for ((n = 0; n < 16; n++)); do fail_times 1 "user$n@example.org"; done
  login another@example.org wrong HTTP_X_FORWARDED_FOR=203.0.113.99
  assert_wait 64
  FROM=192.0.2.251 login another@example.org wrong
  assert_status 401
}

# ---- passwords ----

@test "passwords of 64 characters, of other alphabets and of blanks log in, and no part of them does" {
  local long='a meadow, nine goats & the ferry to Bergen: (half past) $7.25 -->'
  [ ${#long} -ge 64 ]
  for password in "${long:0:64}" 'пароль из нескольких слов' '天気がいいから散歩しましょう' '  a  b  c  d  e  ' '🌲🌳🐺🦉🍄🌙🔥⛰️🏕️🚪🗝️🪵'; do
    account "u$RANDOM$RANDOM@example.org" "$password"
    login "$USER" "${password%?}"
    assert_status 401
    login "$USER" "$password"
    assert_status 200
  done
  account "u$RANDOM$RANDOM@example.org" "$long $long"
  password="$long $long"
  login "$USER" "${password:0:72}" # all that bcrypt would look at
  assert_status 401
}

@test "a password with a NUL in it is refused, and is not the one before the NUL" {
  account
  post /login "{\"username\":\"$USER\",\"password\":\"$PASS\\u0000\"}"
  assert_status 422
  post /auth/create "$(person nul@example.org)"
  post /auth/create '{"username":"nul2@example.org","first_name":"A","last_name":"B","password":"twelve chars\u0000"}'
  assert_problem 422 unprocessable_content password
  form "username=$USER&password=${PASS// /+}%00"
  [[ $status = 4* ]]
  [ "$status" != 429 ]
  assert_status 400
}

@test "a password of a megabyte is refused before anything is hashed" {
  account
  head -c 1048576 /dev/zero | tr '\0' a >"$BATS_TEST_TMPDIR/a"
  jq -nc --arg u "$USER" --rawfile p "$BATS_TEST_TMPDIR/a" '{username: $u, password: $p}' >"$BATS_TEST_TMPDIR/big"
  slots_hold # nobody can hash now
  call POST /login -f "$BATS_TEST_TMPDIR/big" REMOTE_ADDR="$FROM"
  assert_problem 413 content_too_large
  jq -nc --arg u "$USER" --arg p "$(head -c 20000 "$BATS_TEST_TMPDIR/a")" '{username: $u, password: $p}' >"$BATS_TEST_TMPDIR/big"
  call POST /login -f "$BATS_TEST_TMPDIR/big" REMOTE_ADDR="$FROM"
  assert_problem 422 unprocessable_content password
  slots_let_go
}

@test "a password of 300 characters is no password to have and a wrong one to log in with" {
  local long
  long=$(printf 'long%.0s' {1..75})
  register long@example.org "$long"
  assert_problem 422 unprocessable_content password
  account
  login "$USER" "$long"
  assert_problem 401 unauthorized
}

# ---- tokens ----

@test "Swagger's form logs in, whatever client it says it is" {
  account
  form "grant_type=password&username=${USER/@/%40}&password=${PASS// /%20}&scope=predict+read&client_id=swagger&client_secret=x" \
    HTTP_AUTHORIZATION='Basic c3dhZ2dlcjp4'
  assert_status 200
  assert_json '.token_type == "bearer" and .expires_in == 3600 and (.access_token | type == "string")
    and (.refresh_token | startswith("fgr_")) and (keys | length == 4)'
  [ "$(header_of cache-control)" = no-store ]
  [ "$(header_of pragma)" = no-cache ]
  with_token "$(jq -r .access_token "$body_file")"
  assert_status 200
}

@test "/login answers the access token as token, and no member more" {
  account
  login "$USER"
  assert_status 200
  assert_json 'keys == ["expires_in","refresh_token","token","token_type"] and .expires_in == 3600'
  with_token "$(jq -r .token "$body_file")"
  assert_status 200
  post /login "$(jq -nc --arg u "$USER" --arg p "$PASS" '{username: $u, password: $p, grant_type: "password"}')"
  assert_problem 422 unprocessable_content grant_type
}

@test "an empty grant_type, none at all, and JSON are taken as well" {
  account
  form "grant_type=&username=$USER&password=${PASS// /+}"
  assert_status 200
  form "username=$USER&password=${PASS// /+}&client_id="
  assert_status 200
  post /auth/token "$(jq -nc --arg u "$USER" --arg p "$PASS" '{username: $u, password: $p, scope: ""}')"
  assert_status 200
}

@test "another grant, a missing part, a repeated one and another type are told in OAuth's words" {
  form 'grant_type=client_credentials&client_id=a&client_secret=b'
  assert_json '.status == 400 and .error == "unsupported_grant_type" and .error_description == .detail'
  form 'grant_type=password&username=a@example.org'
  assert_json '.status == 400 and .error == "invalid_request"'
  form 'grant_type=password&password=a'
  assert_json '.status == 400 and .error == "invalid_request"'
  form 'grant_type=refresh_token'
  assert_json '.status == 400 and .error == "invalid_request"'
  form ''
  assert_json '.status == 400 and .error == "invalid_request"'
  form 'username=a&username=b&password=c'
  assert_json '.status == 400 and .error == "invalid_request"'
  form 'username=%zz&password=c'
  assert_json '.status == 400 and .error == "invalid_request"'
  call POST /auth/token -d 'username: a' CONTENT_TYPE=text/plain
  assert_problem 415 unsupported_media_type
  [ "$(database 'SELECT count(*) FROM attempt')" = 0 ]
}

@test "what a login takes from the URL is nothing" {
  account
  call POST "/auth/token?grant_type=password&username=$USER&password=${PASS// /+}" REMOTE_ADDR="$FROM" \
    CONTENT_TYPE=application/x-www-form-urlencoded CONTENT_LENGTH=0
  assert_status 400
  call GET "/login?username=$USER&password=${PASS// /+}" REMOTE_ADDR="$FROM"
  assert_problem 405 method_not_allowed
}

@test "a refresh token holds once; used again it ends the session in every worker" {
  account
  enter "$USER"
  first=$REFRESH
  refresh "$first"
  assert_status 200
  second=$(jq -r .refresh_token "$body_file") access=$(jq -r .access_token "$body_file")
  [ "$second" != "$first" ]
  with_token "$access"
  assert_status 200
  refresh "$first"
  assert_problem 401 invalid_grant 'does not hold'
  dead() {
    with_token "$access" && assert_status 401 && with_token "$TOKEN" && assert_status 401
  }
  in_each dead
  refresh "$second"
  assert_problem 401 invalid_grant 'does not hold'
  [ "$(database "SELECT count(*) FROM audit WHERE action = 'session.reuse'")" -ge 1 ]
}

@test "a refresh token that is junk, cut or of another session ends nothing" {
  account
  enter "$USER"
  for junk in x "${REFRESH%?}" "${REFRESH}A" "fgr_${REFRESH:4:22}_0000000000_${REFRESH:38}" \
    "fgr_AAAAAAAAAAAAAAAAAAAAAA${REFRESH:26}" "${REFRESH/_0000000001_/_0000000002_}" "$TOKEN"; do
    refresh "${junk:0:127}"
    assert_status 401
  done
  with_token "$REFRESH" # and it is no access token
  assert_status 401
  with_token "$TOKEN"
  assert_status 200
  refresh "$REFRESH"
  assert_status 200
}

@test "a logout counts in every worker at once, everywhere ends all sessions, and none is left to go on with" {
  account
  enter "$USER"
  one=$TOKEN one_refresh=$REFRESH
  enter "$USER"
  use() { with_token "$TOKEN" && assert_status 200; }
  in_each use
  call POST /auth/logout HTTP_AUTHORIZATION="Bearer $TOKEN"
  assert_status 204
  gone() { with_token "$TOKEN" && assert_status 401; }
  in_each gone
  refresh "$REFRESH"
  assert_status 401
  with_token "$one"
  assert_status 200
  enter "$USER"
  in_each use
  call POST /auth/logout -d '{"everywhere":true}' HTTP_AUTHORIZATION="Bearer $TOKEN"
  assert_status 204
  in_each gone
  TOKEN=$one
  in_each gone
  refresh "$one_refresh"
  assert_status 401
}

@test "a logout asks for a login: neither nobody nor a key has one to end" {
  call POST /auth/logout
  assert_problem 401 unauthorized
  call POST /auth/logout -k "$KEY"
  assert_problem 403 forbidden
}

@test "an account that is switched off, gets another password or is deleted is out at once in every worker" {
  account
  use() { with_token "$TOKEN" && assert_status 200; }
  gone() { with_token "$TOKEN" && assert_status 401; }
  enter "$USER"
  in_each use
  cli user set "$USER" --active no >/dev/null
  in_each gone
  refresh "$REFRESH"
  assert_status 401
  cli user set "$USER" --active yes >/dev/null
  in_each gone # what has ended stays so
  enter "$USER"
  echo 'quite another phrase' | cli user passwd "$USER" --password-stdin >/dev/null
  in_each gone
  refresh "$REFRESH"
  assert_status 401
  login "$USER"
  assert_status 401
  enter "$USER" 'quite another phrase'
  cli user delete "$USER" >/dev/null
  in_each gone
  login "$USER" 'quite another phrase'
  assert_status 401
}

# ---- registration ----

@test "who registers is answered with the account and without the password, and may nothing yet" {
  post /auth/create "$(person 'New.User@Example.ORG' "$PASS" '{"country": "Norway"}')"
  assert_status 201
  assert_json '.username == "new.user@example.org" and .first_name == "Ann" and .last_name == "Berg"
    and .country == "Norway" and .role == "user" and .is_active == false and .models == ""
    and .tier == "standard" and (.id | length == 12) and (.created_at | endswith("Z"))'
  assert_json 'keys == ["country","created_at","first_name","id","is_active","last_login_at","last_name","models","role","tier","username"]'
  run grep -c "$PASS\|password\|\\\$y" "$body_file"
  [ "$output" = 0 ]
  [ "$(database "SELECT substr(password, 1, 3) FROM user WHERE username = 'new.user@example.org'")" = '$y$' ]
}

@test "nobody gives themselves a role, rights, a tier or an id" {
  for more in '{"role":"admin"}' '{"is_active":true}' '{"tier":"test"}' '{"models":"*"}' '{"id":"0123456789ab"}' \
    '{"active":1}' '{"created_at":"2020-01-01"}' '{"owner":"x"}' '{"password_hash":"x"}'; do
    post /auth/create "$(person mass@example.org "$PASS" "$more")"
    assert_problem 422 unprocessable_content unknown
  done
  [ "$(database "SELECT count(*) FROM user WHERE username = 'mass@example.org'")" = 0 ]
}

@test "each wrong part of a registration is named, with what is allowed" {
  wrong() { # FIELD JSON
    post /auth/create "$(person wrong@example.org "$PASS" "$2")"
    assert_problem 422 unprocessable_content "$1"
    assert_json --arg f "$1" '.errors | length == 1 and .[0].field == $f and (.[0].problem | length > 0) and (.[0].allowed | length > 0)'
  }
  wrong username '{"username":"no address"}'
  wrong username '{"username":""}'
  wrong username '{"username":null}'
  wrong first_name '{"first_name":"a\u0007b"}'
  wrong first_name '{"first_name":"\u202egro.elpmaxe"}'
  wrong first_name '{"first_name":"Ann\u200b"}'
  wrong last_name '{"last_name":7}'
  # Of which nobody would see anything in a list.
  for nothing in '   ' '\u00a0' '\u3000\u2003' '\u200d' '\u200c\u200d' '\u3164' '\u2800' '\ufe0f'; do
    wrong last_name "{\"last_name\":\"$nothing\"}"
  done
  wrong password '{"password":"eleven char"}'
  wrong password '{"password":"password1234"}'
  wrong password '{"password":"wrong@example.org"}'
  post /auth/create '{}'
  assert_json '[.errors[].field] == ["username", "first_name", "last_name", "password"]'
  [ "$(database "SELECT count(*) FROM user WHERE username = 'wrong@example.org'")" = 0 ]
}

@test "a username that is taken is a conflict, in any case of its letters" {
  account taken@example.org
  register Taken@Example.org
  assert_problem 409 conflict
}

@test "of some who race for one name one has it and the others a conflict" {
  local n pids=''
  for ((round = 0; round < 5; round++)); do
    pids=''
    for n in 1 2 3; do
      (
        BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$round.$n
        mkdir "$BATS_TEST_TMPDIR"
        register "race$round@example.org"
        echo "$status" >"$BATS_TEST_TMPDIR/status"
      ) 3>&- &
      pids="$pids $!"
    done
    # shellcheck disable=SC2086
    wait $pids
    [ "$(sort "$BATS_TEST_TMPDIR/$round".*/status | tr '\n' ' ')" = '201 409 409 ' ] ||
      fail "$(cat "$BATS_TEST_TMPDIR/$round".*/answer)"
  done
}

@test "closed and by invitation nobody registers without one, and the others stay" {
  account
  for mode in closed invitation; do
    configure "registration = $mode"
    register "late-$mode@example.org"
    assert_problem 403 forbidden
    post /auth/create "$(person "late-$mode@example.org" "$PASS" '{"invitation":"fgi_0123456789ab_x"}')"
    assert_problem 403 forbidden 'invitation'
    login "$USER"
    assert_status 200
  done
  configure
  post /auth/create "$(person late@example.org "$PASS" '{"invitation":"fgi_0123456789ab_x"}')"
  assert_problem 403 forbidden 'invitation'
  [ "$(database "SELECT count(*) FROM user WHERE username LIKE 'late%'")" = 0 ]
}

@test "an invitation makes one account, active at once with its rights, in every mode" {
  local text
  for mode in closed invitation open; do
    configure "registration = $mode"
    text=$(cli user invite --models iris --tier test 2>/dev/null)
    post /auth/create "$(jq -nc --arg i "$text" '{invitation: $i}')" # whatever else is wrong it stays whole
    assert_status 422
    post /auth/create "$(person "guest-$mode@example.org" "$PASS" "{\"invitation\":\"$text\",\"role\":\"admin\"}")"
    assert_status 422
    post /auth/create "$(person "guest-$mode@example.org" "$PASS" "{\"invitation\":\"$text\"}")"
    assert_status 201
    assert_json '.is_active and .models == "iris" and .tier == "test" and .role == "user"'
    post /auth/create "$(person "second-$mode@example.org" "$PASS" "{\"invitation\":\"$text\"}")"
    assert_problem 403 forbidden 'does not hold'
    enter "guest-$mode@example.org"
    call POST /predict -d "$IRIS" HTTP_AUTHORIZATION="Bearer $TOKEN"
    assert_status 200
  done
  run grep -rF "$text" "$G/home/logs" "$G/out"
  [ "$status" = 1 ]
}

@test "an invitation that is for somebody is for nobody else" {
  local text
  text=$(cli user invite bob@example.org 2>/dev/null)
  post /auth/create "$(person eve@example.org "$PASS" "{\"invitation\":\"$text\"}")"
  assert_problem 403 forbidden 'does not hold'
  post /auth/create "$(person Bob@example.org "$PASS" "{\"invitation\":\"$text\"}")"
  assert_status 201
}

@test "of some who race with one invitation one has the account" {
  local text n pids=''
  text=$(cli user invite 2>/dev/null)
  for n in 1 2 3; do
    (
      BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$n
      mkdir "$BATS_TEST_TMPDIR"
      post /auth/create "$(person "racer$n@example.org" "$PASS" "{\"invitation\":\"$text\"}")"
      echo "$status" >"$BATS_TEST_TMPDIR/status"
    ) 3>&- &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086
  wait $pids
  [ "$(sort "$BATS_TEST_TMPDIR"/*/status | tr '\n' ' ')" = '201 403 403 ' ] ||
    fail "$(cat "$BATS_TEST_TMPDIR"/*/answer)"
  [ "$(database "SELECT count(*) FROM user WHERE username LIKE 'racer%'")" = 1 ]
}

@test "no more than 1000 accounts wait, and who was let in is none of them" {
  database "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO user (id, username, first_name, last_name, role, active, models, tier, created_at, password_at, password)
    SELECT printf('wait%08d', i), 'wait' || i || '@example.org', 'A', 'B', 0, 0, '', 'standard', 1, 1, '' FROM n"
  register many@example.org
  assert_problem 503 unavailable 'wait for an administrator'
  [ "$(header_of retry-after)" = 3600 ]
  [ "$(grep -ci '^retry-after:' "$header")" = 1 ]
  database "DELETE FROM user WHERE active = 0"
  register many@example.org
  assert_status 201
}

# ---- much at once ----

@test "when too many passwords are hashed logins are told so, count nothing, and predictions go on" {
  local counted
  account
  counted=$(database 'SELECT hex(subject), failures FROM attempt') # the account that was made
  slots_hold
  for ((i = 0; i < 8; i++)); do
    login "$USER"
    assert_problem 503 unavailable 'just now'
    login nobody@example.org
    assert_problem 503 unavailable 'just now'
    predict "$IRIS"
    assert_status 200
  done
  register busy@example.org
  assert_problem 503 unavailable 'just now'
  [ "$(database 'SELECT hex(subject), failures FROM attempt')" = "$counted" ]
  slots_let_go
  login "$USER"
  assert_status 200
}

@test "a hash of an older kind or cost is made anew at a login, and no session ends by it" {
  local before after
  account
  enter "$USER"
  before=$(/usr/bin/python3 -W ignore -c 'import crypt, sys; print(crypt.crypt(sys.argv[1], "$2b$05$" + "a" * 21 + "u"))' "$PASS")
  [ "${before:0:4}" = '$2b$' ]
  database "UPDATE user SET password = '$before' WHERE username = '$USER'"
  login "$USER" wrong
  assert_status 401
  [ "$(database "SELECT password FROM user WHERE username = '$USER'")" = "$before" ]
  login "$USER"
  assert_status 200
  after=$(database "SELECT password FROM user WHERE username = '$USER'")
  [ "${after:0:3}" = '$y$' ]
  with_token "$TOKEN"
  assert_status 200
  login "$USER"
  assert_status 200
  [ "$(database "SELECT password FROM user WHERE username = '$USER'")" = "$after" ]
}

@test "logins, refreshes and logouts are in the audit trail, which proves itself" {
  local id
  account
  id=$(database "SELECT id FROM user WHERE username = '$USER'")
  enter "$USER"
  call POST /auth/logout HTTP_AUTHORIZATION="Bearer $TOKEN" REMOTE_ADDR="$FROM"
  [ "$(database "SELECT actor || ' ' || action || ' ' || target || ' ' || address FROM audit
    WHERE target = 'user:$id' AND action LIKE 'session.%' ORDER BY seq")" = \
    "user:$id session.begin user:$id $FROM"$'\n'"user:$id session.end user:$id $FROM" ]
  run grep -c "$USER\|fgr_" <(database 'SELECT * FROM audit')
  [ "$output" = 0 ]
}

# ---- the page ----

@test "the setup page is whole without any other site, and runs nothing but its own script" {
  call GET /setup
  assert_status 200
  [ "$(header_of content-type)" = 'text/html; charset=utf-8' ]
  [[ "$(header_of content-security-policy)" == "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"* ]]
  [[ "$(header_of content-security-policy)" != *unsafe* ]]
  run grep -En '<style|<script>|javascript:| on[a-z]+=| style=|https?://' "$body_file"
  [ "$status" = 1 ]
  for field in username first_name last_name password; do
    grep -q "<label for=\"$field\">" "$body_file"
    grep -q "id=\"$field-error\"" "$body_file"
  done
  # It is hidden, and whatever fills in or pastes passwords may.
  grep -q '<input id="password" name="password" type="password" autocomplete="new-password"' "$body_file"
  grep -q 'aria-live' "$body_file"
  call GET /ui/setup.js
  assert_status 200
  [ "$(header_of content-type)" = 'text/javascript; charset=utf-8' ]
}
