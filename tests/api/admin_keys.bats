#!/usr/bin/env bats
# tests/api/admin_keys.bats: administration of API keys and of tiers.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/admin

setup_file() {
  gate_home
  gate_start --workers 3
  admin_make
}
teardown_file() { gate_stop; }

# A key that was made for the test: ID and MADE.
made() { # [MEMBERS]
  admin POST /admin/keys "{\"name\":\"made\",\"tier\":\"test\"${1:+,$1}}"
  assert_status 201 || return 1
  ID=$(jq -r .id "$body_file") MADE=$(jq -r .key "$body_file")
}

everywhere() { # STATUS COMMAND...
  local wanted=$1
  shift
  for _ in {1..12}; do
    "$@"
    assert_status "$wanted" || return 1
  done
}

MEMBERS='["addresses","created_at","expires_at","id","last_used_at","limits","masked_key","metadata","models","name","old_until","own_limits","revoked_at","rotated_at","scopes","state","tier","user"]'

@test "all of it is refused to users, to their keys with the scope, and to keys without it" {
  made
  before=$(rows key)
  assert_refused_to_others GET /admin/keys
  assert_refused_to_others POST /admin/keys '{"name":"x","scopes":"admin"}'
  assert_refused_to_others GET "/admin/keys/$ID"
  assert_refused_to_others PUT "/admin/keys/$ID" '{"name":"x"}'
  assert_refused_to_others POST "/admin/keys/$ID/rotate" '{}'
  assert_refused_to_others DELETE "/admin/keys/$ID"
  assert_refused_to_others GET /admin/tiers
  assert_refused_to_others PUT /admin/tiers/free '{"limits":""}'
  assert_refused_to_others DELETE /admin/tiers/premium
  [ "$(rows key)" = "$before" ]
  [ "$(database "SELECT count(*) FROM tier WHERE name = 'premium' OR (name = 'free' AND limits = '')")" = 1 ]
}

@test "what no form has is a 422: id, key, owner, times, digests, the state" {
  made
  before=$(rows key)
  for member in id key mac owner created_at revoked_at rotated_at state masked_key limits own_limits last_used_at; do
    admin POST /admin/keys "{\"name\":\"mass\",\"$member\":\"x\"}"
    assert_fault "$member" || fail "$member was taken"
    admin PUT "/admin/keys/$ID" "{\"name\":\"mass\",\"$member\":\"x\"}"
    assert_fault "$member" || fail "$member was taken"
  done
  admin PUT "/admin/keys/$ID" "{\"user\":\"$USER_ID\"}"
  assert_fault user
  admin POST "/admin/keys/$ID/rotate" '{"key":"x"}'
  assert_fault key
  admin POST /admin/keys '{}'
  assert_fault name
  [ "$(rows key)" = "$before" ]
}

@test "what a member may not be is a 422 that names it, and nothing is changed" {
  made
  before=$(rows key)
  long=$(printf 'x%.0s' {1..4100})
  for each in 'name:""' name:1 name:null 'name:"a\u0007"' 'name:"a\u0000"' tier:'"none"' tier:'""' models:'"none"' models:'["iris","none"]' \
    models:'""' models:'[]' scopes:'"root"' scopes:'["admin","root"]' scopes:'""' addresses:'"localhost"' addresses:'["10.0.0.1/8"]' \
    rates:'"5/day"' rates:'["5/60s","6/60s"]' rates:'"0/60s"' quotas:'"5/60s"' quotas:'"x"' expires:'"0s"' expires:'"30"' expires:'"soon"' \
    expires:30 metadata:'[]' metadata:'"x"' "metadata:{\"a\":\"$long\"}"; do
    member=${each%%:*} value=${each#*:}
    admin PUT "/admin/keys/$ID" "{\"$member\":$value}"
    assert_fault "$member" || fail "$each was taken"
    if [ "$member" = name ]; then continue; fi
    admin POST /admin/keys "{\"name\":\"wrong\",\"$member\":$value}"
    assert_fault "$member" || fail "$each was taken"
  done
  for user in '"nobody@example.org"' '"000000000000"' 1; do
    admin POST /admin/keys "{\"name\":\"wrong\",\"user\":$user}"
    assert_fault user || fail "$user was taken"
  done
  for overlap in '"x"' '"1"' 1 '"-1h"'; do
    admin POST "/admin/keys/$ID/rotate" "{\"overlap\":$overlap}"
    assert_fault overlap || fail "$overlap was taken"
  done
  [ "$(rows key)" = "$before" ]
  # What is allowed is told, and in no words of the command line.
  admin PUT "/admin/keys/$ID" '{"expires":"soon"}'
  assert_json '.errors[0].allowed | test("30d")'
  if grep -q -- '--' "$body_file"; then fail "$body"; fi
}

@test "an id that is not there, or cannot be one, is the one 404" {
  made
  for id in 000000000000 1 "${ID}x" "${ID:0:11}" "$MADE" "$(printf 'x%.0s' {1..128})" "'--"; do
    assert_missing key GET "/admin/keys/$id"
    assert_missing key PUT "/admin/keys/$id" '{"name":"x"}'
    assert_missing key PUT "/admin/keys/$id" '{}'
    assert_missing key POST "/admin/keys/$id/rotate" '{}'
    assert_missing key DELETE "/admin/keys/$id"
  done
}

@test "a key is answered once, with where it is, and is what was asked for" {
  admin POST /admin/keys '{"name":"partner","tier":"free","models":["iris"],"scopes":["predict","read"],"addresses":["10.0.0.0/8","127.0.0.1"],
    "rates":["5/60s"],"quotas":["7/day"],"expires":"1d","metadata":{"team":"é"}}'
  assert_status 201
  assert_json --argjson members "$MEMBERS" '(keys == ($members + ["key"] | sort)) and .name == "partner" and .tier == "free" and
    .models == "iris" and .scopes == "predict,read" and (.limits | startswith("5/60s,7/day")) and .own_limits == "5/60s,7/day" and .metadata == {"team":"é"} and
    .user == null and .state == "active" and .last_used_at == null and
    ((.expires_at | sub("\\.000"; "") | fromdate) - (.created_at | sub("\\.000"; "") | fromdate) == 86400)'
  ID=$(jq -r .id "$body_file") MADE=$(jq -r .key "$body_file")
  [ "$(header_of location)" = "keys/$ID" ]
  [[ "$MADE" == "fg_${ID}_"* ]]
  by "$MADE" GET /models
  assert_status 200
  admin GET "/admin/keys/$ID"
  assert_json --argjson members "$MEMBERS" 'keys == $members'
  for place in "$body_file" "$G/out" "$G/home/logs/access.log"; do
    if grep -qF "${MADE:16:43}" "$place"; then fail "the secret is in $place"; fi
  done
  admin GET /admin/keys
  if grep -qF "${MADE:16:43}" "$body_file"; then fail 'the secret is told again'; fi
}

@test "a user's key is of the user's tier, has no limits of its own, and may what both may" {
  for user in user@example.org "$USER_ID"; do
    admin POST /admin/keys "{\"name\":\"theirs\",\"user\":\"$user\"}"
    assert_status 201
    assert_json --arg id "$USER_ID" '.user == $id and .tier == "standard"'
  done
  ID=$(jq -r .id "$body_file") MADE=$(jq -r .key "$body_file")
  admin POST /admin/keys "{\"name\":\"theirs\",\"user\":\"$USER_ID\",\"tier\":\"test\"}"
  assert_fault tier
  admin PUT "/admin/keys/$ID" '{"tier":"test"}'
  assert_fault tier
  for limits in 'rates:"5/60s"' 'quotas:"5/day"'; do
    admin PUT "/admin/keys/$ID" "{\"${limits%%:*}\":${limits#*:}}"
    assert_fault "${limits%%:*}"
    admin POST /admin/keys "{\"name\":\"theirs\",\"user\":\"$USER_ID\",\"${limits%%:*}\":${limits#*:}}"
    assert_fault "${limits%%:*}"
  done
  everywhere 200 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/users/$USER_ID" '{"models":""}'
  everywhere 403 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/users/$USER_ID" '{"models":"*"}'
  everywhere 200 by "$MADE" POST /predict "$IRIS"
}

@test "a change counts in every worker from the answer on, and changes nothing else" {
  made '"metadata":{"a":1}'
  everywhere 200 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/keys/$ID" '{"scopes":"read"}'
  assert_status 200
  assert_json '.scopes == "read" and .name == "made" and .tier == "test" and .models == "*" and .metadata == {"a":1} and .last_used_at != null'
  everywhere 403 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/keys/$ID" '{"scopes":["predict"],"rates":"1/1h"}'
  everywhere 429 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/keys/$ID" '{"rates":[]}'
  everywhere 200 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/keys/$ID" '{"addresses":"10.0.0.0/8"}'
  everywhere 403 by "$MADE" POST /predict "$IRIS"
  admin PUT "/admin/keys/$ID" '{"expires":"1h"}'
  assert_json '.expires_at != null'
  admin PUT "/admin/keys/$ID" '{"expires":null}'
  assert_json '.expires_at == null and .addresses == "10.0.0.0/8"'
}

@test "a revoked key is refused by every worker at once, for good" {
  made
  everywhere 200 by "$MADE" GET /models
  admin DELETE "/admin/keys/$ID"
  assert_status 204
  [ ! -s "$body_file" ]
  everywhere 401 by "$MADE" GET /models
  admin GET "/admin/keys/$ID"
  assert_json '.state == "revoked" and .revoked_at != null'
  # Again it is as it was wanted; anything else is not done to it.
  admin DELETE "/admin/keys/$ID"
  assert_status 204
  admin PUT "/admin/keys/$ID" '{"name":"again"}'
  assert_problem 409 conflict revoked
  admin POST "/admin/keys/$ID/rotate" '{}'
  assert_problem 409 conflict revoked
}

@test "under load no call with a key is admitted after the answer that it is revoked" {
  made
  printf '%s' "$MADE" >"$BATS_TEST_TMPDIR/key"
  mkdir "$BATS_TEST_TMPDIR/load"
  clients=()
  for c in 1 2 3 4; do
    (
      BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/load/$c
      mkdir "$BATS_TEST_TMPDIR"
      until [ -e "$BATS_TEST_TMPDIR/../stop" ]; do
        began=$(date +%s%N)
        by "$MADE" GET /models
        echo "$began $status"
      done >"$BATS_TEST_TMPDIR.seen"
    ) 3>&- &
    clients+=("$!")
  done
  # seen STATUS N: of so many answers.
  seen() { [ "$(cat "$BATS_TEST_TMPDIR"/load/*.seen | grep -c " $1\$")" -ge "$2" ]; }
  wait_for 400 seen 200 40
  admin DELETE "/admin/keys/$ID"
  assert_status 204
  answered=$(date +%s%N)
  wait_for 400 seen 401 40
  touch "$BATS_TEST_TMPDIR/load/stop"
  wait "${clients[@]}"
  cat "$BATS_TEST_TMPDIR"/load/*.seen >"$BATS_TEST_TMPDIR/seen"
  awk -v answered="$answered" '$2 == 200 {before++} $1 > answered {after++; if ($2 != 401) wrong++}
    END {print before + 0, after + 0, wrong + 0; exit !(before > 0 && after > 0 && wrong == 0)}' "$BATS_TEST_TMPDIR/seen"
}

@test "a rotated key has a new secret, and the old one holds as long as was said" {
  made
  admin POST "/admin/keys/$ID/rotate" '{"overlap":"1h"}'
  assert_status 200
  assert_json --arg id "$ID" '.id == $id and .old_until != null and .rotated_at != null and .state == "active"'
  second=$(jq -r .key "$body_file")
  everywhere 200 by "$MADE" GET /models
  everywhere 200 by "$second" GET /models
  call POST "/admin/keys/$ID/rotate" HTTP_AUTHORIZATION="Bearer $ADMIN" # an empty body is no overlap
  assert_status 200
  assert_json '.old_until == null'
  third=$(jq -r .key "$body_file")
  everywhere 401 by "$MADE" GET /models
  everywhere 401 by "$second" GET /models
  everywhere 200 by "$third" GET /models
  [ "$second" != "$third" ]
}

@test "keys are found by name, id, user and state, a page at a time" {
  for i in 1 2 3; do
    admin POST /admin/keys "{\"name\":\"Found $i\",\"user\":\"$ADMIN_ID\"}"
    assert_status 201
  done
  id=$(jq -r .id "$body_file")
  admin DELETE "/admin/keys/$id"
  admin GET '/admin/keys?search=found&limit=2'
  assert_status 200
  assert_json --argjson members "$MEMBERS" '(keys == ["keys","limit","offset","total"]) and .total == 3 and (.keys | length == 2) and
    all(.keys[]; keys == $members and (.name | startswith("Found")))'
  admin GET '/admin/keys?search=found&limit=2&offset=2'
  assert_json '.total == 3 and (.keys | length == 1)'
  admin GET '/admin/keys?search=found&state=revoked'
  assert_json --arg id "$id" '[.keys[].id] == [$id] and .total == 1'
  admin GET "/admin/keys?user=admin@example.org&state=active"
  assert_json --arg id "$ADMIN_ID" '.total == 2 and all(.keys[]; .user == $id)'
  admin GET "/admin/keys?search=$id"
  assert_json '.total == 1'
  admin GET '/admin/keys?user=nobody@example.org'
  assert_json '.keys == [] and .total == 0'
  for query in limit=0 limit=1001 offset=-1 state=gone user= nothing=1; do
    admin GET "/admin/keys?$query"
    assert_fault "${query%%=*}" || fail "$query was taken"
  done
}

@test "a tier is put as a whole, and counts at once; without its limits it is refused" {
  made
  for each in limits: 'limits:"5"' 'limits:"5/60s,5/60s"' limits:5 'rates:"5/day"' 'quotas:"5/60s"' 'price:"free","limits":""' 'shadow:1,"limits":""' \
    'keys:1,"limits":""' 'name:"x","limits":""'; do
    case $each in limits:) body='{"price":"row"}' ;; *) body="{\"${each%%:*}\":${each#*:}}" ;; esac
    admin PUT /admin/tiers/gold "$body"
    assert_fault "${each%%:*}" || fail "$body was taken"
  done
  admin PUT /admin/tiers/gold '{"limits":"5/60s","rates":"5/60s"}'
  assert_fault rates
  for name in Gold _gold "$(printf 'x%.0s' {1..33})"; do
    admin PUT "/admin/tiers/$name" '{"limits":""}'
    assert_fault name || fail "$name was taken"
  done
  admin PUT /admin/tiers/gold '{"limits":"1/1h,7/day","price":"row","shadow":true}'
  assert_status 201
  assert_json '. == {"name":"gold","limits":"1/1h,7/day","price":"row","shadow":true}'
  admin PUT "/admin/keys/$ID" '{"tier":"gold"}'
  everywhere 200 by "$MADE" POST /predict "$IRIS"
  admin PUT /admin/tiers/gold '{"rates":["1/1h"],"quotas":"1000/day"}'
  assert_status 200
  assert_json '. == {"name":"gold","limits":"1/1h,1000/day","price":"call","shadow":false}'
  everywhere 429 by "$MADE" POST /predict "$IRIS"
  admin PUT /admin/tiers/gold '{"limits":[]}'
  assert_json '.limits == ""'
  everywhere 200 by "$MADE" POST /predict "$IRIS"
}

@test "a tier that keys or users are of stays; one that nobody is of goes" {
  cli tier set held --rate 100/60s >/dev/null
  made
  admin PUT "/admin/keys/$ID" '{"tier":"held"}'
  admin DELETE /admin/tiers/held
  assert_problem 409 conflict
  admin DELETE "/admin/keys/$ID"
  admin PUT "/admin/users/$USER_ID" '{"tier":"held"}'
  assert_status 200
  admin DELETE /admin/tiers/held
  assert_problem 409 conflict
  admin PUT "/admin/users/$USER_ID" '{"tier":"standard"}'
  admin DELETE /admin/tiers/held
  assert_status 204
  for name in held none Held "'" "$(printf 'x%.0s' {1..128})"; do assert_missing tier DELETE "/admin/tiers/$name"; done
  admin GET /admin/tiers
  assert_json '(keys == ["limit","offset","tiers","total"]) and ([.tiers[].name] | index("held") == null and index("test") != null) and
    all(.tiers[]; keys == ["keys","limits","name","price","shadow"]) and .total == (.tiers | length)'
  total=$(jq .total "$body_file")
  admin GET '/admin/tiers?limit=1&offset=1'
  assert_json --argjson total "$total" '.total == $total and (.tiers | length == 1)'
}

@test "every change is on record, with what was before, and no secret" {
  made
  jq -e --arg actor "user:$ADMIN_ID" --arg target "key:$ID" '.actor == $actor and .target == $target and .before == {} and
    .after.tier == "test"' <<<"$(audited key.create)"
  admin PUT "/admin/keys/$ID" '{"models":"iris"}'
  jq -e --arg target "key:$ID" '.target == $target and .before.models == "*" and .after.models == "iris" and
    (.after | has("tier") | not)' <<<"$(audited key.set)"
  admin POST "/admin/keys/$ID/rotate" '{}'
  jq -e --arg target "key:$ID" '.target == $target' <<<"$(audited key.rotate)"
  by "$ROOT" DELETE "/admin/keys/$ID"
  jq -e --arg target "key:$ID" '.target == $target and (.actor | startswith("key:"))' <<<"$(audited key.revoke)"
  admin PUT /admin/tiers/noted '{"limits":"1/60s"}'
  admin PUT /admin/tiers/noted '{"limits":"2/60s"}'
  jq -e '.target == "tier:noted" and .before.limits == "1/60s" and .after.limits == "2/60s"' <<<"$(audited tier.set)"
  admin DELETE /admin/tiers/noted
  jq -e '.target == "tier:noted"' <<<"$(audited tier.delete)"
  admin GET '/admin/audit?limit=1000'
  if grep -qF "${MADE:16:43}" "$body_file"; then fail 'a secret is in the trail'; fi
  cli doctor 2>&1 | grep -qi 'audit' # which proves the chain
}
