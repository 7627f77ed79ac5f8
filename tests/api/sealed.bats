#!/usr/bin/env bats
# tests/api/sealed.bats: what is sealed opens for the caller it was sealed for, and for nobody
# else: another's, another home's, changed ones and what never was sealed have one answer.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set or read by the libraries; dollars of jq
load ../lib/api
load ../lib/person

setup_file() {
  gate_home
  gate_start --workers 2
  person ann
  ANN=$TOKEN ANN_ID=$PERSON
  as "$ANN" POST /users/me/keys -d '{"name":"ann"}'
  ANN_KEY=$(jq -r .key "$body_file")
  person bob
  BOB=$TOKEN
  export ANN ANN_ID ANN_KEY BOB KEY
}
teardown_file() { gate_stop; }

# sealed TOKEN: the record of that user, sealed: sets SEALED.
sealed() {
  as "$1" GET /secure-data
  assert_status 200 || return 1
  assert_json 'keys == ["encrypted_data"]' || return 1
  SEALED=$(jq -r .encrypted_data "$body_file")
}

decrypt() { # TOKEN TEXT
  jq -nc --arg t "$2" '{encrypted_data: $t}' >"$BATS_TEST_TMPDIR/sealed.json"
  as "$1" POST /decrypt -f "$BATS_TEST_TMPDIR/sealed.json"
}

DETAIL='not sealed for you here'

# An outside client, which has nothing but the home's keys.
opened_by_jwcrypto() { # FILE
  /usr/bin/python3 - "$G/home/secrets/seal.jwks" "$1" <<'END'
import json, sys
from jwcrypto import jwe, jwk

keys = jwk.JWKSet.from_json(open(sys.argv[1]).read())
token = jwe.JWE()
token.deserialize(open(sys.argv[2]).read())
assert token.jose_header["alg"] == "dir" and token.jose_header["enc"] == "A256GCM", token.jose_header
token.decrypt(keys.get_key(token.jose_header["kid"]))
print(token.payload.decode())
END
}

# ---- refused ----

@test "without a credential or the scope nothing is sealed or opened" {
  call GET /secure-data
  assert_problem 401 unauthorized
  call POST /decrypt -d '{"encrypted_data":"x"}'
  assert_problem 401 unauthorized
  key=$(cli key create --name p --tier test --scopes predict 2>/dev/null)
  call GET /secure-data -k "$key"
  assert_problem 403 forbidden 'scope read'
  call POST /decrypt -k "$key" -d '{"encrypted_data":"x"}'
  assert_problem 403 forbidden 'scope read'
}

@test "what was sealed for another opens for nobody else" {
  sealed "$ANN"
  decrypt "$BOB" "$SEALED"
  assert_problem 422 unprocessable_content "$DETAIL"
  jq -nc --arg t "$SEALED" '{encrypted_data: $t}' >"$BATS_TEST_TMPDIR/sealed.json"
  call POST /decrypt -k "$KEY" -f "$BATS_TEST_TMPDIR/sealed.json"
  assert_problem 422 unprocessable_content "$DETAIL"
  # The same account by its key is the same caller.
  call POST /decrypt -k "$ANN_KEY" -f "$BATS_TEST_TMPDIR/sealed.json"
  assert_status 200
}

@test "what was changed anywhere, or never was sealed, has one answer to the byte" {
  sealed "$ANN"
  IFS=. read -r head key iv text tag <<<"$SEALED"
  [ -z "$key" ]
  flip() { local c=${1:$2:1} d=A; [ "$c" != A ] || d=B; printf %s "${1:0:$2}$d${1:$(($2 + 1))}"; }
  as_bob=$(base64 -d <<<"$(tr '_-' '/+' <<<"$head")==" 2>/dev/null | sed "s/$ANN_ID/$(cli user show bob@example.org --json | jq -r .id)/" |
    base64 -w0 | tr '/+' '_-' | tr -d =)
  for text in "$(flip "$head" 5)..$iv.$text.$tag" "$head..$(flip "$iv" 3).$text.$tag" "$head..$iv.$(flip "$text" 9).$tag" \
    "$head..$iv.$text.$(flip "$tag" 2)" "$head.AAAA.$iv.$text.$tag" "$head..$iv.$text" "$head..$iv.$text." "$head..$iv..$tag" \
    "$as_bob..$iv.$text.$tag" "$SEALED." ".$SEALED" "$SEALED=" " $SEALED" x . .... "$ANN" "$ANN_KEY" '{"protected":"x"}' \
    "$(printf '{"alg":"dir","enc":"A256GCM","sub":"%s"}' "$ANN_ID" | base64 -w0 | tr '/+' '_-' | tr -d =)..$iv.$text.$tag"; do
    decrypt "$ANN" "$text"
    assert_problem 422 unprocessable_content "$DETAIL"
    jq -Sc 'del(.request_id, .timestamp)' "$body_file" >>"$BATS_TEST_TMPDIR/bodies"
  done
  [ "$(sort -u "$BATS_TEST_TMPDIR/bodies" | wc -l)" = 1 ]
  decrypt "$BOB" "$as_bob..$iv.$text.$tag"
  assert_problem 422 unprocessable_content "$DETAIL"
  decrypt "$ANN" "$SEALED"
  assert_status 200
}

@test "what another home has sealed for the same id is refused" {
  other=$BATS_TEST_TMPDIR/other
  "$FORESTGATE" --home "$other" init >/dev/null
  /usr/bin/python3 - "$other/secrets/seal.jwks" "$G/home/secrets/seal.jwks" "$ANN_ID" >"$BATS_TEST_TMPDIR/foreign" <<'END'
import json, sys
from jwcrypto import jwe, jwk

theirs = json.load(open(sys.argv[1]))["keys"][0]
ours = json.load(open(sys.argv[2]))["keys"][0]
for kid in (theirs["kid"], ours["kid"]):  # their key under their name and under ours
    head = {"alg": "dir", "enc": "A256GCM", "kid": kid, "cty": "json", "sub": sys.argv[3]}
    token = jwe.JWE(b'{"a":1}', json.dumps(head))
    token.add_recipient(jwk.JWK(**theirs))
    print(token.serialize(compact=True))
END
  while read -r text; do
    decrypt "$ANN" "$text"
    assert_problem 422 unprocessable_content "$DETAIL"
  done <"$BATS_TEST_TMPDIR/foreign"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/foreign")" = 2 ]
}

@test "what is no JSON inside is not passed on as JSON" {
  /usr/bin/python3 - "$G/home/secrets/seal.jwks" "$ANN_ID" >"$BATS_TEST_TMPDIR/ours" <<'END'
import json, sys
from jwcrypto import jwe, jwk

key = json.load(open(sys.argv[1]))["keys"][0]
head = {"alg": "dir", "enc": "A256GCM", "kid": key["kid"], "cty": "json", "sub": sys.argv[2]}
for data in (b'', b'1,"admin":true', b'\xff', b'{"a":1}'):
    token = jwe.JWE(data, json.dumps(head))
    token.add_recipient(jwk.JWK(**key))
    print(token.serialize(compact=True))
END
  while read -r text; do
    decrypt "$ANN" "$text"
    echo "$status"
  done <"$BATS_TEST_TMPDIR/ours" >"$BATS_TEST_TMPDIR/statuses"
  [ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/statuses")" = '422 422 422 200 ' ]
}

@test "bodies of another form are refused as everywhere" {
  while read -r want json; do
    as "$ANN" POST /decrypt -d "$json"
    assert_status "$want"
  done <<'END'
422 {}
422 {"encrypted_data":""}
422 {"encrypted_data":1}
422 {"encrypted_data":null}
422 {"encrypted_data":"x","owner":"y"}
400 {"encrypted_data":"x","encrypted_data":"y"}
400 x
END
}

# ---- opened ----

@test "the record has the caller's profile, keys, limits and usage, and no secret" {
  as "$ANN" POST /predict -d "$IRIS"
  sealed "$ANN"
  [[ $SEALED =~ ^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}$ ]]
  decrypt "$ANN" "$SEALED"
  assert_status 200
  assert_json 'keys == ["decrypted_data"]'
  assert_json --arg id "$ANN_ID" '.decrypted_data | keys == ["keys","limits","profile","usage"] and .profile.id == $id and
    (.keys | length >= 1) and (.keys[0].masked_key | test("^fg_....\\.\\.\\.$")) and (.limits | length == 3) and .usage[0].calls >= 1'
  [[ $body != *"$ANN_KEY"* && $body != *yescrypt* && $body != *'$y$'* ]]
}

@test "a key without owner has a record of its own" {
  call GET /secure-data -k "$KEY"
  assert_status 200
  cp "$body_file" "$BATS_TEST_TMPDIR/sealed.json"
  call POST /decrypt -k "$KEY" -f "$BATS_TEST_TMPDIR/sealed.json"
  assert_status 200
  assert_json --arg id "${KEY:3:12}" '.decrypted_data | .profile == null and (.keys | map(.id)) == [$id]'
  decrypt "$ANN" "$(jq -r .encrypted_data "$BATS_TEST_TMPDIR/sealed.json")"
  assert_problem 422 unprocessable_content "$DETAIL"
}

@test "no two sealings are the same" {
  for _ in 1 2 3; do
    sealed "$ANN"
    cut -d. -f3 <<<"$SEALED"
  done >"$BATS_TEST_TMPDIR/nonces"
  [ "$(sort -u "$BATS_TEST_TMPDIR/nonces" | wc -l)" = 3 ]
}

@test "after a rotation new ones are under the new key in every worker, and old ones still open" {
  sealed "$ANN"
  old=$SEALED
  cli init --rotate seal >/dev/null
  for _ in 1 2 3 4; do
    sealed "$ANN"
    [ "$(cut -d. -f1 <<<"$SEALED")" != "$(cut -d. -f1 <<<"$old")" ]
    decrypt "$ANN" "$old"
    assert_status 200
    decrypt "$ANN" "$SEALED"
    assert_status 200
    decrypt "$BOB" "$old"
    assert_problem 422 unprocessable_content "$DETAIL"
  done
}

@test "a standard JOSE client with the home's keys opens it" {
  sealed "$ANN"
  printf %s "$SEALED" >"$BATS_TEST_TMPDIR/jwe"
  opened_by_jwcrypto "$BATS_TEST_TMPDIR/jwe" >"$BATS_TEST_TMPDIR/record"
  jq -e --arg id "$ANN_ID" '.profile.id == $id' "$BATS_TEST_TMPDIR/record" >/dev/null
}

# ---- sealed predictions ----

@test "a prediction is sealed for who asks for application/jose, and is the same inside" {
  for what in '/predict {"features":[5.1,3.5,1.4,0.2]}' '/models/iris/predict {"features":[5.1,3.5,1.4,0.2]}' \
    '/models/iris/explain {"features":[5.1,3.5,1.4,0.2]}' '/predict {"instances":[[5.1,3.5,1.4,0.2],[6,3,4,1]]}'; do
    as "$ANN" POST "${what%% *}" -d "${what#* }"
    assert_status 200
    [ "$(header_of vary)" = Accept ]
    [ "$(header_of content-type)" = application/json ]
    cp "$body_file" "$BATS_TEST_TMPDIR/plain"
    as "$ANN" POST "${what%% *}" -d "${what#* }" HTTP_ACCEPT=application/jose
    assert_status 200
    [ "$(header_of vary)" = Accept ]
    [ "$(header_of content-type)" = application/jose ]
    [ -n "$(header_of ratelimit)" ]
    cp "$body_file" "$BATS_TEST_TMPDIR/jwe"
    opened_by_jwcrypto "$BATS_TEST_TMPDIR/jwe" | jq -S . | diff - <(jq -S . "$BATS_TEST_TMPDIR/plain")
    decrypt "$ANN" "$(cat "$BATS_TEST_TMPDIR/jwe")"
    assert_status 200
    diff <(jq -S .decrypted_data "$body_file") <(jq -S . "$BATS_TEST_TMPDIR/plain")
    decrypt "$BOB" "$(cat "$BATS_TEST_TMPDIR/jwe")"
    assert_problem 422 unprocessable_content "$DETAIL"
  done
}

@test "Accept is read as RFC 9110 has it" {
  while IFS='|' read -r want accept; do
    as "$ANN" POST /predict -d "$IRIS" ${accept:+"HTTP_ACCEPT=$accept"}
    assert_status 200
    [ "$(header_of content-type)" = "application/$want" ] || fail "$accept"
  done <<'END'
json|
json|*/*
json|application/*
json|application/json
json|application/josex
json|xapplication/jose
json|application/jose;q=0
json|application/jose; q=0.000, application/json
json|application/json, application/jose;q=0.5
jose|application/jose
jose|APPLICATION/JOSE
jose|text/html, application/jose;q=0.1
jose|application/jose;charset=utf-8;q=0.9,application/json;q=0.8
jose|application/jose,application/json
END
}

@test "errors stay problem details, and what fails is not charged" {
  as "$ANN" POST /predict -d '{"features":[1]}' HTTP_ACCEPT=application/jose
  assert_problem 422 unprocessable_content
  call POST /predict -d "$IRIS" HTTP_ACCEPT=application/jose
  assert_problem 401 unauthorized
}

@test "a sealed answer that is over body_limit goes back through /decrypt" {
  jq -nc '{instances: [range(5000) | [5.1,3.5,1.4,0.2]]}' >"$BATS_TEST_TMPDIR/many"
  as "$ANN" POST /predict -f "$BATS_TEST_TMPDIR/many" HTTP_ACCEPT=application/jose
  assert_status 200
  [ "$(stat -c %s "$body_file")" -gt 65536 ]
  jq -nc --rawfile t "$body_file" '{encrypted_data: $t}' >"$BATS_TEST_TMPDIR/sealed.json"
  as "$ANN" POST /decrypt -f "$BATS_TEST_TMPDIR/sealed.json"
  assert_status 200
  assert_json '.decrypted_data.predictions | length == 5000'
}

@test "without a key in the home nothing is sealed, and nothing goes out unsealed instead" {
  cp -p "$G/home/secrets/seal.jwks" "$BATS_TEST_TMPDIR/kept"
  rm "$G/home/secrets/seal.jwks"
  cli tier set nobodys --rate $((RANDOM + 1))/60s >/dev/null # the epoch moves: they look
  for _ in 1 2 3 4; do
    as "$ANN" GET /secure-data
    [ "$status" = 503 ] || [ "$status" = 500 ]
    [[ $body != *encrypted_data* ]]
    as "$ANN" POST /predict -d "$IRIS" HTTP_ACCEPT=application/jose
    [ "$status" = 503 ] || [ "$status" = 500 ]
    [[ $body != *prediction* ]]
  done
  as "$ANN" POST /predict -d "$IRIS"
  assert_status 200
  call GET /health/detailed -k "$KEY"
  assert_json '.status == "degraded" and .keys.sealing == false'
  cp -p "$BATS_TEST_TMPDIR/kept" "$G/home/secrets/seal.jwks"
  cli tier set nobodys --rate $((RANDOM + 1))/60s >/dev/null
  sealed "$ANN"
  assert_books
}
