#!/usr/bin/env bats
# tests/api/admin_lists.bats: the call log, the sums over it and the audit trail, as an
# administrator reads them.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/admin

# Calls with ids of their own: a1 to a6 by one key, 4 and 5 of them refused, b1 to b3 by a
# user's key, t1 by a token.
setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  gate_start --workers 2
  admin_make
  A=$(cli key create --name a --tier test 2>/dev/null) B=$(cli key create --name b --user "$USER_ID" 2>/dev/null)
  export A B A_ID=${A:3:12} B_ID=${B:3:12}
  export BATS_TEST_TMPDIR=$G
  asked "$A" a1 a2 a3
  by "$A" POST /predict '{"features":[1]}' HTTP_X_REQUEST_ID=a4
  by "$A" POST /models/none/predict '{"features":[1]}' HTTP_X_REQUEST_ID=a5
  by "$A" POST /models/price/predict '{"instances":[[0.5,0.5],[0.1,0.2],[1,1]]}' HTTP_X_REQUEST_ID=a6
  asked "$B" b1 b2 b3
  asked "$USER" t1
}
teardown_file() { gate_stop; }

asked() { # CREDENTIAL ID...
  local credential=$1 id
  shift
  for id; do by "$credential" POST /predict "$IRIS" HTTP_X_REQUEST_ID="$id"; done
}

# listed QUERY: the request ids of the calls, joined.
listed() {
  admin GET "/admin/calls?$1"
  assert_status 200 || return 1
  jq -r '[.calls[].request_id] | join(" ")' "$body_file"
}

MEMBERS='["address","charged","duration_us","key","model","request_id","route","rows","started_at","status","user","version"]'

@test "the log, the sums and the trail are refused to users, to their keys, and without the scope" {
  for path in calls usage audit; do
    assert_refused_to_others GET "/admin/$path"
    assert_refused_to_others GET "/admin/$path?limit=1000"
  done
}

@test "a query that cannot be is a 422 that names the parameter" {
  for query in limit=0 limit=1001 limit=x limit= before=0 before=-1 before=x status=600 status=4x status=abcd status=99 key= \
    user= request_id= since=yesterday since=2026-13-01 until=x nothing=1 "model=$(printf 'x%.0s' {1..65})"; do
    admin GET "/admin/calls?$query"
    assert_fault "${query%%=*}" || fail "calls?$query was taken"
  done
  for query in limit=0 offset=-1 since=x until=x key=short user= by=key since=2020-01-01; do
    admin GET "/admin/usage?$query"
    assert_fault "${query%%=*}" || fail "usage?$query was taken"
  done
  for query in limit=0 before=0 actor= target= action= since=x offset=1; do
    admin GET "/admin/audit?$query"
    assert_fault "${query%%=*}" || fail "audit?$query was taken"
  done
  admin GET '/admin/calls?limit=1&limit=2'
  assert_problem 400 bad_request
  admin GET '/admin/calls?limit=%'
  assert_problem 400 bad_request
}

@test "calls are listed newest first as soon as they have ended, with the listed members alone" {
  admin GET /admin/calls
  assert_status 200
  assert_json --argjson members "$MEMBERS" '(keys == ["calls","limit","next","totals"]) and .limit == 50 and .next == null and
    ([.calls[].request_id] == ["t1","b3","b2","b1","a6","a5","a4","a3","a2","a1"]) and all(.calls[]; keys == $members)'
  assert_json --arg a "$A_ID" --arg b "$B_ID" --arg user "$USER_ID" '.calls | map({key: .request_id, value: .}) | from_entries |
    (.a1 | [.key, .user, .model, .version, .status, .rows, .charged, .route, .address] ==
      [$a, null, "iris", 1, 200, 1, 1, "predict", "127.0.0.1"]) and
    (.a4 | [.status, .charged] == [422, 0]) and (.a5 | [.status, .model] == [404, null]) and (.a6 | [.model, .rows] == ["price", 3]) and
    (.b1 | [.key, .user] == [$b, $user]) and (.t1 | [.key, .user] == [null, $user])'
  asked "$KEY" just-now
  [ "$(listed limit=1)" = just-now ]
  database "SELECT count(*) FROM call WHERE request_id = 'just-now'" | grep -qx 1
}

@test "calls are found by key, user, model, status, id and time" {
  [ "$(listed "key=$A_ID")" = 'a6 a5 a4 a3 a2 a1' ]
  [ "$(listed "user=$USER_ID")" = 't1 b3 b2 b1' ]
  [ "$(listed 'user=User@example.org')" = 't1 b3 b2 b1' ]
  [ "$(listed "user=$USER_ID&key=$B_ID")" = 'b3 b2 b1' ]
  [ "$(listed 'user=nobody@example.org')" = '' ]
  [ "$(listed 'model=price')" = a6 ]
  [ "$(listed "status=4xx&key=$A_ID")" = 'a5 a4' ]
  [ "$(listed 'status=404')" = a5 ]
  [ "$(listed 'status=5xx')" = '' ]
  [ "$(listed 'request_id=b2')" = b2 ]
  [ "$(listed "request_id='")" = '' ]
  # Down to the millisecond: %f would round, perhaps to one that is later.
  since=$(database "SELECT strftime('%Y-%m-%dT%H:%M:%S', started_us / 1000000, 'unixepoch') || printf('.%03dZ', started_us / 1000 % 1000)
    FROM call WHERE request_id = 'b1'")
  [ "$(listed 'since=2100-01-01')" = '' ]
  [ "$(listed 'until=2020-01-01')" = '' ]
  [ "$(listed 'since=2020-01-01&until=2100-01-01&key='"$A_ID")" = 'a6 a5 a4 a3 a2 a1' ]
  [ "$(listed "user=$USER_ID&since=$since")" = 't1 b3 b2 b1' ]
}

@test "pages by a cursor have every call once, while others are added" {
  seen='' next=''
  for ((page = 0; page < 6; page++)); do
    admin GET "/admin/calls?key=$A_ID&limit=2${next:+&before=$next}"
    assert_status 200
    seen+="$(jq -r '[.calls[].request_id] | join(" ")' "$body_file") "
    next=$(jq -r '.next // empty' "$body_file")
    asked "$KEY" "between-$page"
    [ -n "$next" ] || break
  done
  [ "$(xargs <<<"$seen")" = 'a6 a5 a4 a3 a2 a1' ] || fail "$seen"
  admin GET '/admin/calls?before=1'
  assert_json '.calls == [] and .next == null'
  admin GET '/admin/calls?before=9007199254740992&limit=1000'
  assert_json '(.calls | length) >= 11 and .next == null'
}

@test "a page looks at so much of the log and no more, and the next one goes on" {
  asked "$KEY" first
  # A log of which all but the ends is gone: the numbers are what is bounded.
  gate_stop
  database "UPDATE call SET seq = seq + 1200000 WHERE seq > (SELECT max(seq) FROM call WHERE request_id = 'a1');
    UPDATE call_day SET first_seq = 1; UPDATE drained SET seq = (SELECT max(seq) FROM call)"
  rm "$G/home/ledger"
  gate_start --workers 2
  pages=0 next='' seen=''
  while :; do
    admin GET "/admin/calls?request_id=a1${next:+&before=$next}"
    assert_status 200
    seen+=$(jq -r '.calls[].request_id' "$body_file")
    pages=$((pages + 1))
    next=$(jq -r '.next // empty' "$body_file")
    if [ -z "$next" ] || [ $pages = 9 ]; then break; fi
  done
  [ "$pages $seen" = '3 a1' ]
}

@test "sums by key, day and model, with totals over all of them" {
  admin GET "/admin/usage?key=$A_ID"
  assert_status 200
  assert_json '(keys == ["limit","offset","since","total","totals","until","usage"]) and .total == 3 and
    (.totals | del(.mean_ms)) == {"calls":6,"rows":6,"charged":4,"failed":2} and
    ([.usage[] | [.model, .calls, .rows, .failed]] | sort == [[null,2,0,2],["iris",3,3,0],["price",1,3,0]]) and
    all(.usage[]; keys == ["calls","charged","day","failed","key","model","rows"] and (.day | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")))'
  day=$(jq -r '.usage[0].day' "$body_file")
  admin GET "/admin/usage?key=$A_ID&limit=1&offset=1"
  assert_json '.total == 3 and (.usage | length == 1) and .totals.calls == 6'
  admin GET "/admin/usage?user=user@example.org&model=iris"
  assert_json --arg user "$USER_ID" --arg b "$B_ID" '.totals.calls == 4 and ([.usage[].key] | sort == ([$user, $b] | sort))'
  admin GET "/admin/usage?since=$day&model=price"
  assert_json '(.totals | del(.mean_ms)) == {"calls":1,"rows":3,"charged":1,"failed":0}'
  admin GET "/admin/usage?until=$day"
  assert_json '.usage == [] and .totals.calls == 0'
  admin GET /admin/usage
  [ "$(jq .totals.calls "$body_file")" = "$(database 'SELECT sum(calls) FROM usage')" ]
}

@test "the trail is told newest first, with who it was as long as there is that user" {
  admin POST /admin/users "{\"username\":\"noted@example.org\",\"password\":\"$ADMIN_PASSWORD\",\"role\":\"admin\"}"
  id=$(jq -r .id "$body_file")
  token=$(admin_login noted)
  by "$token" PUT /admin/tiers/noted '{"limits":"1/60s"}' HTTP_X_REQUEST_ID=noted-1
  by "$token" PUT /admin/tiers/noted '{"limits":"2/60s"}' HTTP_X_REQUEST_ID=noted-2
  admin GET "/admin/audit?actor=user:$id&action=tier"
  assert_status 200
  assert_json --arg actor "user:$id" '(keys == ["audit","limit","next"]) and .next == null and ([.audit[].request_id] == ["noted-2","noted-1"]) and
    all(.audit[]; keys == ["action","actor","actor_name","address","after","at","before","request_id","seq","target"] and
      .actor == $actor and .actor_name == "noted@example.org" and .target == "tier:noted" and .address == "127.0.0.1")'
  admin DELETE "/admin/users/$id"
  assert_status 204
  admin GET "/admin/audit?actor=user:$id"
  assert_json 'all(.audit[]; .actor_name == null) and (.audit | length >= 2)'
  admin GET /admin/audit?limit=1000
  if grep -q 'noted@example.org' "$body_file"; then fail 'the name outlasts the user'; fi
}

@test "the trail is found by actor, target, action and time, and paged without a gap" {
  admin GET '/admin/audit?action=tier.set&target=tier:noted'
  assert_json '[.audit[].request_id] == ["noted-2","noted-1"]'
  admin GET '/admin/audit?action=tie'
  assert_json '.audit == []'
  admin GET '/admin/audit?since=2100-01-01'
  assert_json '.audit == [] and .next == null'
  admin GET '/admin/audit?until=2020-01-01'
  assert_json '.audit == []'
  admin GET "/admin/audit?actor=' OR 1=1"
  assert_json '.audit == []'
  next='' seqs=''
  while :; do
    admin GET "/admin/audit?limit=3${next:+&before=$next}"
    assert_status 200
    seqs+=$(jq -r '.audit[].seq' "$body_file")$'\n'
    next=$(jq -r '.next // empty' "$body_file")
    [ -n "$next" ] || break
  done
  [ "$(grep . <<<"$seqs" | tac)" = "$(database 'SELECT seq FROM audit ORDER BY seq')" ]
}

@test "the trail is proved whole, and shows where a row was changed" {
  assert_refused_to_others GET /admin/audit/check
  admin GET /admin/audit/check
  assert_status 200
  assert_json --argjson rows "$(database 'SELECT count(*) FROM audit')" \
    '. == {proved: true, rows: $rows, wrong: 0, lost: 0, problem: null}'
  trigger=$(database "SELECT sql FROM sqlite_schema WHERE name = 'audit_no_update'")
  kept=$(database 'SELECT target FROM audit WHERE seq = 2')
  database "DROP TRIGGER audit_no_update; UPDATE audit SET target = 'other' WHERE seq = 2"
  admin GET /admin/audit/check
  database "UPDATE audit SET target = '$kept' WHERE seq = 2; $trigger"
  assert_status 200
  assert_json '.proved == false and .wrong == 2 and (.problem | contains("2"))'
  admin GET /admin/audit/check
  assert_json .proved
}

@test "while the database takes no write the log is still read" {
  database_hold
  admin GET /admin/calls
  calls=$status
  admin GET /admin/usage
  usage=$status
  admin GET /admin/keys
  keys=$status
  admin PUT "/admin/users/$USER_ID" '{"first_name":"Late"}'
  changed=$status
  database_let_go
  [ "$calls $usage $keys $changed" = '200 200 200 503' ] || fail "$calls $usage $keys $changed"
}
