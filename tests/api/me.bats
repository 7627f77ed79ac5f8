#!/usr/bin/env bats
# tests/api/me.bats: what users see of themselves and may change: who is refused, what is not
# theirs, what nobody may say of himself, and that an answer has the members listed here and
# no other.

# shellcheck disable=SC2153,SC2154,SC2016,SC2030,SC2031 # set or read by the libraries; dollars of jq
load ../lib/api
load ../lib/person

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  cli tier set small --rate 50/60s --quota 60/day >/dev/null
  gate_start --workers 2
  person ann
  ANN=$TOKEN ANN_ID=$PERSON
  person bob
  BOB=$TOKEN
  as "$ANN" POST /users/me/keys -d '{"name":"ann"}'
  ANN_KEY=$(jq -r .key "$body_file")
  export ANN ANN_ID ANN_KEY BOB KEY
}
teardown_file() { gate_stop; }

# Every answer has these members, however deep they are not looked at.
assert_members() { assert_json --argjson m "$2" "$1 | keys == (\$m | sort)"; }

USER_MEMBERS='["id","username","first_name","last_name","country","role","is_active","models","tier","created_at","last_login_at"]'
KEY_MEMBERS='["id","name","masked_key","state","user","tier","scopes","models","addresses","limits","own_limits","created_at","expires_at","revoked_at","rotated_at","old_until","last_used_at","metadata"]'
CALL_MEMBERS='["request_id","started_at","duration_us","key","user","model","version","route","rows","charged","status","address"]'
USAGE_MEMBERS='["key","day","model","calls","rows","charged","failed"]'
SESSION_MEMBERS='["id","created_at","expires_at","used_at","address","current"]'

OWNED='GET /users/me
GET /users/me/calls
GET /users/me/usage
GET /users/me/keys
GET /users/me/keys/0123456789ab'

LOGGED_IN='PUT /users/me {"first_name":"X"}
PUT /users/me/password {"password":"x","new_password":"y"}
GET /users/me/sessions
DELETE /users/me/sessions/01234567
POST /users/me/keys {"name":"x"}
DELETE /users/me/keys/0123456789ab
POST /users/me/keys/0123456789ab/rotate {}'

# new_key TOKEN [JSON]: sets NEW, its text, and NEW_ID.
new_key() {
  as "$1" POST /users/me/keys -d "${2:-"{\"name\":\"k\"}"}"
  assert_status 201 || return 1
  NEW=$(jq -r .key "$body_file") NEW_ID=$(jq -r .id "$body_file")
}

# ---- who is refused ----

@test "without a credential, and with one that does not hold, nothing is told" {
  while read -r method path json; do
    call "$method" "$path" ${json:+-d "$json"}
    assert_problem 401 unauthorized
    as "${ANN}x" "$method" "$path" ${json:+-d "$json"}
    assert_problem 401 unauthorized
  done <<<"$OWNED"$'\n'"$LOGGED_IN"
}

@test "a key without owner is nobody's, and is refused by all of them" {
  while read -r method path json; do
    call "$method" "$path" -k "$KEY" ${json:+-d "$json"}
    assert_problem 403 forbidden
  done <<<"$OWNED"$'\n'"$LOGGED_IN"
}

@test "a key of a user reads, and changes nothing" {
  while read -r method path json; do
    call "$method" "$path" -k "$ANN_KEY" ${json:+-d "$json"}
    [ "$status" = 200 ] || [ "$path $status" = '/users/me/keys/0123456789ab 404' ]
  done <<<"$OWNED"
  while read -r method path json; do
    call "$method" "$path" -k "$ANN_KEY" ${json:+-d "$json"}
    assert_problem 403 forbidden token
  done <<<"$LOGGED_IN"
}

@test "a key without the scope read sees nothing of its user" {
  new_key "$ANN" '{"name":"p","scopes":["predict"]}'
  while read -r method path _; do
    call "$method" "$path" -k "$NEW"
    assert_problem 403 forbidden 'scope read'
  done <<<"$OWNED"
}

@test "another's key is the same 404 as one that never was" {
  new_key "$ANN"
  free=$(cli key list --json | jq -r '.[] | select(.name == "test") | .id')
  for id in "$NEW_ID" "$free" 0123456789ab "$ANN_ID" x "$(printf 'a%.0s' {1..128})"; do
    for what in "GET /users/me/keys/$id" "DELETE /users/me/keys/$id" "POST /users/me/keys/$id/rotate"; do
      as "$BOB" "${what%% *}" "${what#* }"
      assert_problem 404 not_found
      jq -Sc 'del(.request_id, .timestamp)' "$body_file" >>"$BATS_TEST_TMPDIR/bodies"
    done
  done
  [ "$(sort -u "$BATS_TEST_TMPDIR/bodies" | wc -l)" = 1 ] || fail "$(sort -u "$BATS_TEST_TMPDIR/bodies")"
  call GET /models -k "$NEW"
  assert_status 200
  as "$ANN" GET "/users/me/keys/$NEW_ID"
  assert_status 200
}

@test "another's session is the same 404 as none" {
  as "$ANN" GET /users/me/sessions
  short=$(jq -r '.sessions[0].id' "$body_file")
  long=$(database "SELECT id FROM session WHERE id LIKE '$short%'")
  for id in "$short" "$long" AAAAAAAA A "${short%?}"; do
    as "$BOB" DELETE "/users/me/sessions/$id"
    assert_problem 404 not_found 'no such session'
  done
  as "$ANN" GET /users/me
  assert_status 200
}

# ---- what nobody may say of himself ----

@test "role, rights and whatever else is not one's own to say is a 422 that names it" {
  before=$(cli user show ann@example.org --json)
  for member in '"role":"admin"' '"is_active":true' '"tier":"small"' '"models":"*"' '"id":"000000000000"' \
    '"owner":"000000000000"' '"created_at":"2020-01-01T00:00:00Z"' '"username":"x@example.org"' \
    '"password":"korrekt pferd batterie 2"' '"last_login_at":null' '"__proto__":{}' '"Role":"admin"'; do
    as "$ANN" PUT /users/me -d "{\"first_name\":\"Eve\",$member}"
    assert_problem 422 unprocessable_content
    assert_json --arg m "$(cut -d'"' -f2 <<<"$member")" '.errors | map(.field) == [$m]'
  done
  [ "$(cli user show ann@example.org --json)" = "$before" ]
}

@test "a key's owner, tier, limits and id are not for its maker to say" {
  count=$(database 'SELECT count(*) FROM key')
  for member in '"user":"'"$PERSON"'"' '"owner":"x"' '"tier":"small"' '"limits":""' '"rates":"9/1s"' '"quotas":""' \
    '"id":"000000000000"' '"key":"x"' '"created_at":1' '"revoked_at":null' '"state":"active"' '"role":"admin"'; do
    as "$ANN" POST /users/me/keys -d "{\"name\":\"k\",$member}"
    assert_problem 422 unprocessable_content
    assert_json --arg m "$(cut -d'"' -f2 <<<"$member")" '.errors | map(.field) == [$m]'
  done
  [ "$(database 'SELECT count(*) FROM key')" = "$count" ]
}

@test "what does not fit is told by its field" {
  while read -r field json; do
    as "$ANN" POST /users/me/keys -d "$json"
    assert_problem 422 unprocessable_content
    assert_json --arg m "$field" '.errors | map(.field) == [$m]'
  done <<'END'
name {}
name {"name":""}
name {"name":"a\u0007b"}
models {"name":"k","models":"price"}
models {"name":"k","models":["iris","price"]}
models {"name":"k","models":"none"}
models {"name":"k","models":[]}
scopes {"name":"k","scopes":"admin"}
scopes {"name":"k","scopes":["read","admin"]}
scopes {"name":"k","scopes":"write"}
addresses {"name":"k","addresses":"everywhere"}
expires {"name":"k","expires":"soon"}
expires {"name":"k","expires":"0s"}
metadata {"name":"k","metadata":[]}
END
  for field in first_name last_name; do
    as "$ANN" PUT /users/me -d "{\"$field\":\"\"}"
    assert_problem 422 unprocessable_content
    as "$ANN" PUT /users/me -d "{\"$field\":null}"
    assert_problem 422 unprocessable_content
  done
}

@test "queries that do not fit are told by their field" {
  while read -r field path; do
    as "$ANN" GET "/users/me/$path"
    assert_problem 422 unprocessable_content
    assert_json --arg m "$field" '.errors | map(.field) == [$m]'
  done <<'END'
limit calls?limit=0
limit calls?limit=1001
limit calls?limit=x
before calls?before=0
before calls?before=-1
before calls?before=1e400
status calls?status=999
status calls?status=4x4
status calls?status=xxx
status calls?status=40
since usage?since=2020-01-01
since calls?since=yesterday
until usage?until=2026-13-01
revoked keys?revoked=maybe
END
}

# ---- who one is ----

@test "users see themselves, with the listed members alone" {
  for way in "HTTP_AUTHORIZATION=Bearer $ANN" "HTTP_X_API_KEY=$ANN_KEY"; do
    call GET /users/me "$way"
    assert_status 200
    assert_members . "$USER_MEMBERS"
    assert_json --arg id "$ANN_ID" '.id == $id and .username == "ann@example.org" and .role == "user" and
      .is_active and .models == "iris" and .tier == "test" and .country == null and .last_login_at != null'
  done
}

@test "names and country may be changed, each alone, and the trail tells of it without them" {
  person cy
  as "$TOKEN" PUT /users/me -d '{"first_name":"Zoë","country":"Sweden"}'
  assert_status 200
  assert_members . "$USER_MEMBERS"
  assert_json '.first_name == "Zoë" and .last_name == "Berg" and .country == "Sweden"'
  as "$TOKEN" PUT /users/me -d '{"country":null}'
  assert_json '.first_name == "Zoë" and .country == null'
  [ "$(database "SELECT count(*) FROM audit WHERE actor = 'user:$PERSON' AND target = 'user:$PERSON'
    AND action = 'user.set'")" = 2 ]
  [ "$(database "SELECT count(*) FROM audit WHERE after || before LIKE '%Zo%' OR after || before LIKE '%Sweden%'")" = 0 ]
}

# ---- the password ----

@test "another password needs the old one, and ends the other sessions" {
  person dan
  other=$TOKEN
  person_login dan
  as "$TOKEN" PUT /users/me/password -d '{"password":"wrong wrong wrong","new_password":"neuer hund batterie"}'
  assert_problem 403 forbidden 'not right'
  as "$TOKEN" PUT /users/me/password -d "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: "short"}')"
  assert_problem 422 unprocessable_content
  assert_json '.errors | map(.field) == ["new_password"]'
  as "$TOKEN" PUT /users/me/password -d "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: "dan@example.org"}')"
  assert_problem 422 unprocessable_content
  as "$other" GET /users/me
  assert_status 200
  as "$TOKEN" PUT /users/me/password -d "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: "neuer hund batterie"}')"
  assert_status 204
  [ ! -s "$body_file" ]
  for _ in 1 2 3 4; do
    as "$other" GET /users/me
    assert_problem 401 unauthorized
    as "$TOKEN" GET /users/me
    assert_status 200
  done
  call POST /login -d "$(jq -nc --arg p "$PASSWORD" '{username: "dan@example.org", password: $p}')"
  assert_problem 401 unauthorized
  person_login dan 'neuer hund batterie'
}

@test "wrong old passwords are slowed down as logins are, and no session begins by a right one" {
  person eli
  sessions=$(database "SELECT count(*) FROM session WHERE user = '$PERSON'")
  for _ in {1..30}; do
    as "$TOKEN" PUT /users/me/password -d '{"password":"wrong wrong wrong","new_password":"neuer hund batterie"}' \
      REMOTE_ADDR=192.0.2.77
    if [ "$status" = 429 ]; then break; fi
    assert_problem 403 forbidden
  done
  assert_problem 429 too_many_requests
  [ "$(header_of retry-after)" -ge 1 ]
  # Nobody looks at the right one now either, however long this test takes.
  database 'UPDATE attempt SET until_us = until_us + 60000000'
  as "$TOKEN" PUT /users/me/password -d "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: "neuer hund batterie"}')" \
    REMOTE_ADDR=192.0.2.77
  assert_problem 429 too_many_requests
  database 'DELETE FROM attempt'
  as "$TOKEN" PUT /users/me/password -d "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: "neuer hund batterie"}')"
  assert_status 204
  [ "$(database "SELECT count(*) FROM session WHERE user = '$PERSON'")" = "$sessions" ]
}

# from_nowhere URI JSON: a PUT with TOKEN by a front that tells no address.
from_nowhere() {
  call_arguments PUT "$1" -d "$2" HTTP_AUTHORIZATION="Bearer $TOKEN"
  answer=$BATS_TEST_TMPDIR/answer
  env -i PATH="$PATH" "${PARAMS[@]/#REMOTE_ADDR=*/NO_ADDRESS=}" timeout 30 cgi-fcgi -bind -connect "127.0.0.1:$PORT" \
    <"$BODY" >"$answer"
  answer_read
}

@test "a change of the password whose client's address nobody tells is nobody else's" {
  person zoe
  database "DELETE FROM known WHERE user = '$PERSON'; DELETE FROM attempt"
  for i in {1..8}; do
    for _ in 1 2 3; do as "$TOKEN" GET /users/me REMOTE_ADDR="203.0.113.$i"; done # each worker
    assert_status 200
    from_nowhere /users/me/password "$(jq -nc --arg p "$PASSWORD" '{password: $p, new_password: $p}')"
    assert_status 204
  done
  [ "$(database "SELECT count(*) FROM known WHERE user = '$PERSON'")" = 1 ]
}

# ---- sessions ----

@test "sessions are listed without what tokens are made of, and each may be ended" {
  person fay
  first=$TOKEN
  person_login fay
  as "$TOKEN" GET /users/me/sessions
  assert_status 200
  assert_members . '["sessions"]'
  assert_json '.sessions | length == 2 and (map(select(.current)) | length == 1)'
  assert_members '.sessions[0]' "$SESSION_MEMBERS"
  assert_json '.sessions | all(.id | length == 8)'
  id=$(jq -r '.sessions[] | select(.current | not) | .id' "$body_file")
  as "$TOKEN" DELETE "/users/me/sessions/$id"
  assert_status 204
  for _ in 1 2 3 4; do
    as "$first" GET /users/me
    assert_problem 401 unauthorized
  done
  as "$TOKEN" DELETE "/users/me/sessions/$id"
  assert_problem 404 not_found
  as "$TOKEN" GET /users/me
  assert_status 200
}

# ---- keys ----

@test "a key is shown once, and later its mask" {
  as "$ANN" POST /users/me/keys -d '{"name":"shop","models":["iris"],"scopes":"predict","addresses":["127.0.0.0/8","10.0.0.0/8"],
    "expires":"30d","metadata":{"a":[1,2]}}'
  assert_status 201
  assert_members . "$(jq -c '. + ["key"]' <<<"$KEY_MEMBERS")"
  id=$(jq -r .id "$body_file") key=$(jq -r .key "$body_file")
  [ "$(header_of location)" = "/users/me/keys/$id" ]
  [[ $key =~ ^fg_${id}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$ ]]
  assert_json --arg me "$ANN_ID" '.user == $me and .tier == "test" and .state == "active" and .scopes == "predict" and
    .models == "iris" and .metadata == {"a":[1,2]} and .addresses == "127.0.0.0/8,10.0.0.0/8" and .expires_at != null'
  as "$ANN" GET "/users/me/keys/$id"
  assert_members . "$KEY_MEMBERS"
  assert_json --arg m "fg_${id:0:4}..." '.masked_key == $m'
  [[ $body != *"$key"* ]]
  as "$ANN" GET /users/me/keys
  assert_members . '["keys"]'
  assert_members '.keys[0]' "$KEY_MEMBERS"
  [[ $body != *"$key"* ]]
  ! grep -qF -- "$key" "$G/home/logs/access.log" "$G/out" || fail 'the key is in a log'
  call POST /predict -k "$key" -d "$IRIS"
  assert_status 200
  call GET /models -k "$key"
  assert_problem 403 forbidden 'scope read'
  call POST /predict -k "$key" -d "$IRIS" REMOTE_ADDR=192.0.2.1
  assert_problem 403 forbidden
}

@test "a key is revoked at once in every worker, and again is no fault" {
  new_key "$ANN"
  call GET /models -k "$NEW"
  assert_status 200
  for _ in 1 2; do
    as "$ANN" DELETE "/users/me/keys/$NEW_ID"
    assert_status 204
    for _ in 1 2 3 4; do
      call GET /models -k "$NEW"
      assert_problem 401 unauthorized
    done
  done
  as "$ANN" GET /users/me/keys
  assert_json --arg id "$NEW_ID" '.keys | all(.id != $id)'
  as "$ANN" GET '/users/me/keys?revoked=true'
  assert_json --arg id "$NEW_ID" '.keys[] | select(.id == $id) | .state == "revoked" and .revoked_at != null'
  as "$ANN" POST "/users/me/keys/$NEW_ID/rotate" -d '{}'
  assert_problem 409 conflict
}

@test "a rotation gives a new secret, and the old one holds for the overlap alone" {
  new_key "$ANN"
  old=$NEW
  as "$ANN" POST "/users/me/keys/$NEW_ID/rotate" -d '{"overlap":"soon"}'
  assert_problem 422 unprocessable_content
  as "$ANN" POST "/users/me/keys/$NEW_ID/rotate" -d '{"overlap":"1h"}'
  assert_status 200
  assert_members . "$(jq -c '. + ["key"]' <<<"$KEY_MEMBERS")"
  assert_json '.old_until != null and .rotated_at != null'
  new=$(jq -r .key "$body_file")
  for key in "$old" "$new"; do
    call GET /models -k "$key"
    assert_status 200
  done
  as "$ANN" POST "/users/me/keys/$NEW_ID/rotate"
  assert_status 200
  assert_json '.old_until == null'
  for key in "$old" "$new"; do
    call GET /models -k "$key"
    assert_problem 401 unauthorized
  done
}

@test "nobody has more than a hundred keys" {
  person gus
  database "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
    INSERT INTO key (id, name, mac, models, tier, scopes, created_at, user)
    SELECT printf('g%011d', i), 'k', zeroblob(32), '*', 'test', 1, 1, '$PERSON' FROM n" || {
    database '.schema key'
    false
  }
  new_key "$TOKEN"
  as "$TOKEN" POST /users/me/keys -d '{"name":"k"}'
  assert_problem 409 conflict '100 keys'
  as "$TOKEN" DELETE "/users/me/keys/$NEW_ID"
  new_key "$TOKEN"
}

@test "an administrator may make a key that administers, and it says so until the role is gone" {
  ROLE=admin MODELS='*' person hal
  new_key "$TOKEN" '{"name":"root","scopes":["read","admin"],"models":"price"}'
  assert_json '.scopes == "read,admin"'
  call GET /protected -k "$NEW"
  assert_json '.scopes == "read,admin" and .role == "admin"'
  cli user set hal@example.org --role user --force >/dev/null
  call GET /protected -k "$NEW"
  assert_json '.scopes == "read" and .role == "user"'
}

# ---- calls and sums ----

@test "calls are those of the user's keys and tokens, newest first, a page at a time" {
  person ida
  new_key "$TOKEN"
  for i in 1 2 3; do call POST /predict -k "$NEW" -d "$IRIS" HTTP_X_REQUEST_ID="ida-key-$i"; done
  for i in 1 2; do as "$TOKEN" POST /predict -d "$IRIS" HTTP_X_REQUEST_ID="ida-token-$i"; done
  as "$TOKEN" POST /predict -d '{"features":[1]}' HTTP_X_REQUEST_ID=ida-bad
  assert_status 422
  as "$TOKEN" GET /users/me/calls
  assert_status 200
  assert_members . '["calls","next","totals"]'
  assert_members '.calls[0]' "$CALL_MEMBERS"
  assert_members .totals '["calls","rows","charged","failed","mean_ms"]'
  assert_json --arg me "$PERSON" '(.calls | map(.request_id)) == ["ida-bad","ida-token-2","ida-token-1","ida-key-3","ida-key-2","ida-key-1"]
    and .next == null and (.calls | all(.user == $me)) and (.totals | del(.mean_ms)) == {"calls":6,"rows":5,"charged":5,"failed":1}'
  assert_json --arg k "$NEW_ID" '(.calls | map(.key)) == [null,null,null,$k,$k,$k]'
  # Page by page nothing is left out and nothing comes twice, whatever comes in between.
  next='' seen=''
  for _ in 1 2 3 4; do
    as "$TOKEN" GET "/users/me/calls?limit=2${next:+&before=$next}"
    assert_status 200
    seen+=$(jq -r '.calls[].request_id' "$body_file")$'\n'
    next=$(jq -r '.next // empty' "$body_file")
    as "$TOKEN" POST /predict -d "$IRIS"
    [ -n "$next" ] || break
  done
  [ "$seen" = $'ida-bad\nida-token-2\nida-token-1\nida-key-3\nida-key-2\nida-key-1\n' ]
}

@test "calls are found by model, key, status and time" {
  MODELS='*' person joe
  new_key "$TOKEN"
  call POST /predict -k "$NEW" -d "$IRIS" HTTP_X_REQUEST_ID=joe-1
  as "$TOKEN" POST /models/price/predict -d '{"features":[1,2]}' HTTP_X_REQUEST_ID=joe-2
  as "$TOKEN" POST /predict -d '{}' HTTP_X_REQUEST_ID=joe-3
  while read -r query want; do
    as "$TOKEN" GET "/users/me/calls?$query"
    assert_status 200
    assert_json --arg w "$want" '.calls | map(.request_id) | join(",") == $w'
  done <<END
model=price joe-2
model=none 
key=$NEW_ID joe-1
key=$PERSON joe-3,joe-2
status=422 joe-3
status=4xx joe-3
status=2xx joe-2,joe-1
status=5xx 
since=2020-01-01&until=2020-02-01 
since=2020-01-01 joe-3,joe-2,joe-1
until=2020-01-01 
END
  as "$ANN" GET "/users/me/calls?key=$NEW_ID"
  assert_json '.calls == [] and .totals.calls == 0'
  as "$ANN" GET "/users/me/calls?key=$PERSON"
  assert_json '.calls == []'
}

@test "sums are by day and model over all keys, and limits say what is left" {
  TIER=small person kim
  new_key "$TOKEN"
  call POST /predict -k "$NEW" -d "$IRIS"
  as "$TOKEN" POST /predict -d "$IRIS"
  as "$TOKEN" GET /users/me/usage
  assert_status 200
  assert_members . '["usage","limits"]'
  assert_members '.usage[0]' "$USAGE_MEMBERS"
  assert_json '.usage | length == 1 and .[0].model == "iris" and .[0].calls == 2 and .[0].charged == 2 and .[0].key == null'
  assert_json '(.limits | map(.name)) == ["60s","day"] and (.limits | map(.remaining)) == [48,58] and
    (.limits | all(keys == ["limit","name","remaining","reset_seconds"]))'
  as "$TOKEN" GET '/users/me/usage?since=2020-01-01&until=2020-02-01'
  assert_json '.usage == [] and (.limits | length == 2)'
}

@test "sums by key are of each key and of what was asked without one, of one model or key if that is said" {
  MODELS='iris,price' person lou
  new_key "$TOKEN"
  for body in "$IRIS" '{"model":"price","features":[1,2]}' '{"features":[1]}'; do
    call POST /predict -k "$NEW" -d "$body"
  done
  as "$TOKEN" POST /predict -d "$IRIS"
  as "$TOKEN" GET '/users/me/usage?by=key'
  assert_members '.usage[0]' "$USAGE_MEMBERS"
  assert_json --arg key "$NEW_ID" --arg user "$PERSON" '(.usage | all(.model == null)) and
    (.usage | map({(.key): [.calls, .charged, .failed]}) | add) == {($key): [3, 2, 1], ($user): [1, 1, 0]}'
  as "$TOKEN" GET "/users/me/usage?by=key&model=price"
  assert_json --arg key "$NEW_ID" '.usage | length == 1 and .[0].key == $key and .[0].calls == 1'
  as "$TOKEN" GET "/users/me/usage?by=model&key=$PERSON"
  assert_json '.usage | length == 1 and .[0].model == "iris" and .[0].calls == 1 and .[0].key == null'
  # Another's key is that of nobody.
  as "$BOB" GET "/users/me/usage?by=key&key=$NEW_ID"
  assert_json '.usage == []'
  as "$TOKEN" GET '/users/me/usage?by=user'
  assert_problem 422 unprocessable_content
  assert_json '.errors | map(.field) == ["by"]'
}

# ---- what counts at once ----

@test "who is not active any more sees nothing, by token or key" {
  person lea
  new_key "$TOKEN"
  cli user set lea@example.org --active no >/dev/null
  for _ in 1 2 3 4; do
    as "$TOKEN" GET /users/me
    assert_problem 401 unauthorized
    call GET /users/me -k "$NEW"
    assert_problem 401 unauthorized
  done
}

@test "the books of all this balance" {
  assert_books
}
