#!/usr/bin/env bats
# tests/api/admin_trends.bats: how long calls took and how they ended, over time, as an
# administrator reads it.

# shellcheck disable=SC2154,SC2016 # set by lib/api; dollars of jq
load ../lib/api
load ../lib/admin

# A log of known times: the 100 calls of an hour took 1 to 100 ms, in the next there was one of
# 7 ms that failed, and after an hour without any, three of a user's token, of no model.
setup_file() {
  gate_home
  echo 'call_retention = off' >>"$G/home/forestgate.conf"
  gate_start --workers 2
  admin_make
  gate_stop
  database "
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
    INSERT INTO call SELECT i, 'r' || i, (1767261600 + i * 30) * 1000000, (i * 37 % 101) * 1000,
      'aaaaaaaaaaaa', NULL, 'iris', 1, 'predict', 1, 1, 200, '127.0.0.1', NULL FROM n;
    INSERT INTO call VALUES (101, 'r101', 1767265200000000, 7000, 'aaaaaaaaaaaa', NULL, 'iris', 1,
      'predict', 0, 0, 422, '127.0.0.1', NULL);
    WITH RECURSIVE n (i) AS (SELECT 102 UNION ALL SELECT i + 1 FROM n WHERE i < 104)
    INSERT INTO call SELECT i, 'r' || i, 1767272400000000 + i, 500, '$USER_ID', '$USER_ID', NULL, NULL, 'predict', 0, 0, 404,
      '127.0.0.1', NULL FROM n;
    INSERT INTO call_day VALUES (20454, 1); UPDATE drained SET seq = 104"
  rm "$G/home/ledger"
  gate_start --workers 2
}
teardown_file() { gate_stop; }

SPAN='since=2026-01-01T10:00:00Z&until=2026-01-01T14:00:00Z'

@test "both are refused to users, to their keys, and without the scope" {
  for path in latency outcomes; do
    assert_refused_to_others GET "/admin/$path"
  done
}

@test "a query that cannot be is a 422 that names the parameter" {
  for query in step=week step= since=x until=yesterday key= user= model= by=model nothing=1 since=2100-01-01 \
    since=2026-01-01T10:00:00Z\&until=2026-01-01T10:00:00Z since=2026-01-01\&until=2026-01-03\&step=minute \
    since=2020-01-01\&step=day since=0000-01-01\&until=9999-12-31; do
    admin GET "/admin/latency?$query"
    assert_fault "${query%%=*}" || fail "latency?$query was taken"
  done
  for query in by=user by= step=x; do
    admin GET "/admin/outcomes?$query"
    assert_fault "${query%%=*}" || fail "outcomes?$query was taken"
  done
}

@test "latency has every step, those without calls too, and exact figures" {
  admin GET "/admin/latency?$SPAN"
  assert_status 200
  assert_json '.latency == [
      {at: "2026-01-01T10:00:00.000Z", calls: 100, mean_ms: 50.5, p50_ms: 50, p90_ms: 90, p99_ms: 99, max_ms: 100},
      {at: "2026-01-01T11:00:00.000Z", calls: 1, mean_ms: 7, p50_ms: 7, p90_ms: 7, p99_ms: 7, max_ms: 7},
      {at: "2026-01-01T12:00:00.000Z", calls: 0, mean_ms: null, p50_ms: null, p90_ms: null, p99_ms: null, max_ms: null},
      {at: "2026-01-01T13:00:00.000Z", calls: 3, mean_ms: 0.5, p50_ms: 0.5, p90_ms: 0.5, p99_ms: 0.5, max_ms: 0.5}] and
    .step_seconds == 3600 and .calls == 104 and .complete_from == null and
    .since == "2026-01-01T10:00:00.000Z" and .until == "2026-01-01T14:00:00.000Z"'
  admin GET "/admin/latency?$SPAN&step=day"
  assert_json '[.latency[] | [.at, .calls]] == [["2026-01-01T00:00:00.000Z", 104]]'
  admin GET "/admin/latency?step=minute&since=2026-01-01T10:59:30Z&until=2026-01-01T11:00:01Z"
  assert_json '[.latency[] | [.at, .calls]] == [["2026-01-01T10:59:00.000Z", 0], ["2026-01-01T11:00:00.000Z", 1]]'
}

@test "outcomes are told apart by status, class, model or key, and found by whose they are" {
  admin GET "/admin/outcomes?$SPAN"
  assert_status 200
  assert_json '.by == "status" and .names == ["200", "404", "422"] and .calls == 104 and all(.outcomes[]; .others == 0) and
    [.outcomes[].counts] == [{"200": 100}, {"422": 1}, {}, {"404": 3}] and [.outcomes[].calls] == [100, 1, 0, 3]'
  admin GET "/admin/outcomes?$SPAN&by=class"
  assert_json '.names == ["2xx", "4xx"] and .outcomes[3].counts == {"4xx": 3}'
  admin GET "/admin/outcomes?$SPAN&by=model"
  assert_json '.names == ["", "iris"]'
  admin GET "/admin/outcomes?$SPAN&by=key"
  assert_json --arg user "$USER_ID" '.names == (["aaaaaaaaaaaa", $user] | sort)'
  admin GET "/admin/outcomes?$SPAN&by=key&model=iris"
  assert_json '.names == ["aaaaaaaaaaaa"] and .calls == 101'
  for whose in "key=$USER_ID" user=user@example.org "user=$USER_ID"; do
    admin GET "/admin/outcomes?$SPAN&$whose"
    assert_json '.calls == 3 and .names == ["404"]' || fail "$whose"
  done
  admin GET "/admin/outcomes?$SPAN&key=cccccccccccc"
  assert_json '.calls == 0 and .names == [] and (.outcomes | length) == 4'
}

@test "what has just ended is there, and names past forty are the others" {
  predict "$IRIS"
  admin GET '/admin/outcomes?step=day'
  assert_json '(.outcomes | length) == 31 and .outcomes[-1].counts == {"200": 1}'
  database "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1049)
    INSERT INTO call SELECT i, 's' || i, 1767348000000000, 500, printf('key%09d', i), NULL, NULL, NULL, 'predict', 0, 0, 404,
      '127.0.0.1', NULL FROM n; INSERT INTO call_day VALUES (20455, 1000)"
  admin GET '/admin/outcomes?by=key&since=2026-01-02T10:00:00Z&until=2026-01-02T11:00:00Z'
  assert_json '(.names | length) == 40 and .outcomes[0].others == 10 and .outcomes[0].calls == 50 and .calls == 50'
}

@test "so much of the log is looked at and no more, and the answer says from when on it has all" {
  # All but the ends of a log is gone: the numbers are what is bounded.
  database "UPDATE call SET seq = seq + 700000 WHERE seq >= 101"
  admin GET "/admin/outcomes?$SPAN"
  assert_json '.calls == 4 and .complete_from == "2026-01-01T12:00:00.000Z"'
  admin GET "/admin/outcomes?$SPAN&key=aaaaaaaaaaaa"
  assert_json '.calls == 101 and .complete_from == null'
  admin GET '/admin/latency?since=2026-01-01T10:00:00Z&until=2026-01-01T11:00:00Z'
  assert_json '.calls == 0 and .complete_from == "2026-01-01T11:00:00.000Z"'
}
