#!/usr/bin/env bats
# tests/api/metrics.bats: GET /metrics: who may see it, its format by two readers, and that it
# counts exactly, over all workers and whoever is killed.

# shellcheck disable=SC2153,SC2154,SC2034,SC2016 # set or read by lib/api and lib/load; dollars of jq
load ../lib/api
load ../lib/admin
load ../lib/load

setup_file() {
  gate_home
  echo 'metrics_addresses = 192.0.2.0/24, 2001:db8::/32' >>"$G/home/forestgate.conf"
  cli tier set tiny --rate 2/60s >/dev/null
  cli tier set small --quota 1/day >/dev/null
  cli tier set test --rate 10000000/60s >/dev/null
  cli model publish other "$G/iris.fgm" >/dev/null
  METRICS=$(cli key create --name prometheus --scopes metrics 2>/dev/null)
  export METRICS
  gate_start --workers 4
  admin_make
}
teardown_file() { gate_stop; }

scrape() { call GET /metrics -k "$METRICS" "$@" && assert_status 200; }

# metric SAMPLE: its value in the last scrape, 0 if it is not there.
metric() { awk -v s="$1" 'substr($0, 1, length(s) + 1) == s " " {v = $NF} END {print v + 0}' "$body_file"; }

# sum_of NAME [REGEX]: of all samples of this name whose labels match.
sum_of() { awk -v n="$1" -v r="${2:-.}" '(index($0, n "{") == 1 || index($0, n " ") == 1) && $0 ~ r {v += $NF} END {print v + 0}' "$body_file"; }

@test "nobody sees it but a key with the scope metrics, an administrator's token and listed addresses" {
  assert_not() { assert_problem "$1" "$2" && [[ "$body" != *forestgate_* ]]; }
  call GET /metrics
  assert_not 401 unauthorized
  call GET /metrics -k fg_nonsense
  assert_not 401 unauthorized
  for credential in "$USER" "$KEY" "$ROOT" "$USERS_ROOT"; do
    by "$credential" GET /metrics
    assert_not 403 forbidden
  done
  # A user's key does not get there by its scopes, nor may a user ask for one.
  grasping=$(cli key create --name g --user user@example.org --scopes metrics,read 2>/dev/null)
  by "$grasping" GET /metrics
  assert_not 403 forbidden
  by "$USER" POST /users/me/keys '{"name":"g","scopes":"metrics"}'
  assert_fault scopes
  # An address counts for those alone who bring no credential, and only as far as it is believed.
  for address in 192.0.3.1 127.0.0.1 2001:db9::1 ''; do
    call GET /metrics REMOTE_ADDR="$address" HTTP_X_FORWARDED_FOR=192.0.2.1
    assert_not 401 unauthorized
  done
  call GET /metrics -k fg_nonsense REMOTE_ADDR=192.0.2.1
  assert_not 401 unauthorized
  call GET /metrics -k "$KEY" REMOTE_ADDR=192.0.2.1
  assert_not 403 forbidden
  for address in 192.0.2.1 2001:db8::7; do
    call GET /metrics REMOTE_ADDR="$address"
    assert_status 200
  done
  admin GET /metrics
  assert_status 200
  scrape
  # And that key can do nothing else.
  for path in /models /admin/users /users/me /jobs; do
    by "$METRICS" GET "$path"
    assert_problem 403 forbidden
  done
  by "$METRICS" POST /predict "$IRIS"
  assert_problem 403 forbidden
}

@test "promtool and Prometheus' own client take every line of it, also as OpenMetrics" {
  predict "$IRIS"
  scrape
  [ "$(header_of content-type)" = 'text/plain; version=0.0.4; charset=utf-8' ]
  promtool check metrics <"$body_file" >"$BATS_TEST_TMPDIR/promtool" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/promtool")"
  [ ! -s "$BATS_TEST_TMPDIR/promtool" ] || fail "$(cat "$BATS_TEST_TMPDIR/promtool")"
  /usr/bin/python3 "$TOP/tests/lib/metrics.py" prometheus "$body_file" >"$BATS_TEST_TMPDIR/samples"
  grep -qx 'forestgate_build_info{schema="[0-9]*",version="[0-9.]*"} 1' "$BATS_TEST_TMPDIR/samples"
  [ "$(grep -c . "$BATS_TEST_TMPDIR/samples")" = "$(grep -vc '^#' "$body_file")" ]
  scrape HTTP_ACCEPT='application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  [ "$(header_of content-type)" = 'application/openmetrics-text; version=1.0.0; charset=utf-8' ]
  [ "$(tail -n 1 "$body_file")" = '# EOF' ]
  /usr/bin/python3 "$TOP/tests/lib/metrics.py" openmetrics "$body_file" >"$BATS_TEST_TMPDIR/samples"
  grep -q '^forestgate_calls_total{code="200",model="iris",version="1"} ' "$BATS_TEST_TMPDIR/samples"
  for accept in '*/*' text/plain 'application/openmetrics-text;q=0' 'text/plain,application/openmetrics-text;q=0.3' ''; do
    scrape HTTP_ACCEPT="$accept"
    [[ "$(header_of content-type)" == text/plain* ]] || fail "$accept: $(header_of content-type)"
  done
}

@test "no key, user or path of a client's is in it, and what is no route is one label" {
  by "$USER" POST /predict "$IRIS"
  call GET '/nosuch"} 1' && call GET "/secret-$USER_ID" && call GET '/jobs/x%0aforestgate_evil 1'
  call BREW /coffee && call $'GE"T' / && call POST /nosuch -d '{}'
  call POST /models/nix/predict -k "$KEY" -d "$IRIS"
  scrape
  for secret in "${KEY:3:12}" "$USER_ID" "$ADMIN_ID" user@example nosuch secret evil BREW coffee nix 'GE"T' 'GE\"T'; do
    if grep -qF -- "$secret" "$body_file"; then fail "it has $secret"; fi
  done
  [ "$(metric 'forestgate_http_requests_total{method="GET",route="(none)",code="404"}')" -ge 1 ]
  [ "$(metric 'forestgate_http_requests_total{method="GET",route="(none)",code="400"}')" -ge 1 ]
  [ "$(metric 'forestgate_http_requests_total{method="_OTHER",route="(none)",code="404"}')" -ge 1 ]
  [ "$(metric 'forestgate_http_requests_total{method="POST",route="/models/{name}/predict",code="404"}')" -ge 1 ]
  # However many paths and methods come, there are no more series than routes.
  before=$(grep -c '^forestgate_http_requests_total' "$body_file")
  for i in {1..30}; do call "M$i" "/path-$i"; done
  scrape
  [ "$(grep -c '^forestgate_http_requests_total' "$body_file")" -le $((before + 1)) ]
}

@test "each refusal is counted by its kind" {
  local tiny small model where
  tiny=$(cli key create --name tiny --tier tiny 2>/dev/null) small=$(cli key create --name small --tier small 2>/dev/null)
  model=$(cli key create --name m --tier test --models other 2>/dev/null)
  where=$(cli key create --name w --tier test --addresses 198.51.100.0/24 2>/dev/null)
  scrape
  cp "$body_file" "$BATS_TEST_TMPDIR/before"
  for _ in 1 2 3 4; do by "$tiny" POST /predict "$IRIS"; done
  for _ in 1 2 3; do by "$small" POST /predict "$IRIS"; done
  by "$model" POST /models/iris/predict "$IRIS"
  by "$where" GET /models
  by "$KEY" GET /admin/users
  by "$KEY" POST /auth/logout '{}'
  by fg_wrong GET /models
  call POST /login -d '{"username":"user@example.org","password":"wrong"}'
  scrape
  for each in rate=2 quota=2 model=1 address=1 scope=1 kind=1 credential=1 login=1 throttle=0 jobs=0; do
    now=$(metric "forestgate_refusals_total{reason=\"${each%=*}\"}")
    was=$(body_file=$BATS_TEST_TMPDIR/before metric "forestgate_refusals_total{reason=\"${each%=*}\"}")
    [ $((now - was)) = "${each#*=}" ] || fail "$each: $was, then $now"
  done
}

@test "with nobody killed every counter is what the clients saw, over four workers" {
  scrape
  before=$(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}')
  durations=$(metric 'forestgate_http_request_duration_seconds_count{method="POST",route="/predict"}')
  calls=$(sum_of forestgate_calls_total)
  all=$(sum_of forestgate_http_requests_total)
  load_start -c 8 -n 2000 -t 60
  load_end
  [ "$(answers 200)" = 2000 ]
  scrape
  [ "$(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}')" = $((before + 2000)) ]
  [ "$(metric 'forestgate_http_request_duration_seconds_count{method="POST",route="/predict"}')" = $((durations + 2000)) ]
  [ "$(sum_of forestgate_calls_total)" = $((calls + 2000)) ]
  [ "$(sum_of forestgate_http_requests_total)" = $((all + 2001)) ] # with the scrape before
  [ "$(metric forestgate_workers)" = 4 ]
  [ "$(metric forestgate_ledger_waiting_calls)" = 0 ]
  # As plain CGI, and by who has no counters open yet: into the same file.
  cgi POST /predict -k "$KEY" -d "$IRIS"
  scrape
  [ "$(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}')" = $((before + 2001)) ]
}

# Both sides of the books, from one scrape and the database.
books_agree() {
  cli call list --limit 1 >/dev/null
  scrape
  for each in code=\"200\":status=200 code=\"5:status\>=500 model=\"iris\":model=\'iris\' .:1; do
    counted=$(sum_of forestgate_calls_total "${each%%:*}")
    logged=$(database "SELECT count(*) FROM call WHERE ${each#*:}")
    [ "$counted" = "$logged" ] || fail "$each: $counted counted, $logged in the log" || return 1
  done
  [ "$(sum_of forestgate_call_rows_total)" = "$(database 'SELECT sum(rows) FROM call')" ] &&
    [ "$(sum_of forestgate_call_charges_total)" = "$(database 'SELECT sum(charged) FROM call')" ] &&
    [ "$(sum_of forestgate_call_duration_seconds_count)" = "$(database 'SELECT count(*) FROM call')" ]
}

@test "with workers killed at any instant no counter goes back, and calls are the rows of the log" {
  local pids kills=0 last=0 now
  books_agree
  before=$(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}')
  starts=$(metric forestgate_worker_starts_total)
  rm -f "$G/asked"
  load_start -c 8 -t 6
  until=$((SECONDS + 5))
  while [ $SECONDS -lt $until ]; do
    mapfile -t pids < <(gate_pids)
    if [ ${#pids[@]} -gt 0 ] && kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null; then kills=$((kills + 1)); fi
    sleep 0.05
    call GET /metrics -k "$METRICS" || :
    if [ "$status" = 200 ]; then
      now=$(sum_of forestgate_http_requests_total)
      [ "$now" -ge "$last" ] || fail "it went back from $last to $now"
      last=$now
    fi
  done
  load_end
  counted_all() { scrape && [ "$(metric forestgate_workers)" = 4 ]; }
  wait_for 100 counted_all
  books_agree
  counted=$(($(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}') - before))
  answered=$(answers 200) lost=$(answers lost)
  echo "# $kills workers killed; $answered answered, $lost lost, $counted counted" >&3
  [ $kills -ge 2 ]
  [ "$answered" -ge 100 ]
  # Whoever had an answer was counted before it went out; who was not, may have been.
  [ "$counted" -ge "$answered" ]
  [ "$counted" -le $((answered + lost)) ]
  [ "$(metric forestgate_worker_starts_total)" -ge $((starts + kills)) ]
}

@test "while the database takes no call it is told, and told again when it does" {
  refused() { predict "$IRIS" && [ "$status" = 503 ]; }
  served() { predict "$IRIS" && [ "$status" = 200 ]; }
  database_hold
  wait_for 100 refused
  scrape
  held=$(metric forestgate_database_writable)
  database_let_go
  [ "$held" = 0 ]
  wait_for 100 served
  scrape
  [ "$(metric forestgate_database_writable)" = 1 ]
}

@test "jobs are counted as they wait and as they have ended" {
  scrape
  call POST /jobs -k "$KEY" -d "$IRIS"
  assert_status 202
  call POST /jobs -k "$KEY" -d '{"features":[6,3,5,2]}'
  job=$(jq -r .job_uuid "$body_file")
  scrape
  [ "$(metric 'forestgate_jobs{status="pending"}')" = 2 ]
  call DELETE "/jobs/$job" -k "$KEY"
  assert_status 204
  cli work --drain >/dev/null 2>&1
  scrape
  [ "$(metric 'forestgate_jobs{status="pending"}')" = 0 ]
  [ "$(metric 'forestgate_jobs_ended_total{model="iris",status="completed"}')" = 1 ]
  [ "$(metric 'forestgate_jobs_ended_total{model="iris",status="cancelled"}')" = 1 ]
}

# The queries of the dashboard with something in the place of Grafana's own variables.
dashboard_queries() {
  jq -r '[.. | objects | (.expr?, .definition?) | strings] | .[]' "$TOP/etc/grafana/forestgate.json" |
    sed 's/\$__rate_interval/5m/g; s/\$model/.*/g'
}

# There is no Grafana in Debian: this is what can be told without one.
@test "the dashboard for Grafana asks for what there is, by labels that it has, in PromQL" {
  predict "$IRIS"
  scrape
  dashboard_queries >"$BATS_TEST_TMPDIR/queries"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/queries")" -gt 20 ]
  while read -r name; do
    grep -q "^# TYPE $name " "$body_file" || fail "there is no $name"
  done < <(grep -o 'forestgate_[a-z_]*' "$BATS_TEST_TMPDIR/queries" | sed -E 's/_(bucket|sum)$//' | sort -u)
  while read -r label; do
    grep -q "[{,]$label=\"" "$body_file" || fail "nothing has the label $label"
  done < <({
    grep -oE 'by \([a-z, ]*\)|\{[a-z]+' "$BATS_TEST_TMPDIR/queries"
    grep -oE '\{\{[a-z]+' "$TOP/etc/grafana/forestgate.json"
  } | sed 's/^by//' | grep -oE '[a-z]+' | sort -u)
  # JSON is YAML, and a rule's name may be given once for each set of labels.
  grep -v '^label_values' "$BATS_TEST_TMPDIR/queries" |
    jq -Rn '{groups: [{name: "dashboard", rules: [inputs | {record: "panel", labels: {n: (input_line_number | tostring)}, expr: .}]}]}' \
      >"$BATS_TEST_TMPDIR/rules.yml"
  promtool check rules "$BATS_TEST_TMPDIR/rules.yml" >"$BATS_TEST_TMPDIR/promtool" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/promtool")"
  # Each panel has an id and a place of its own, and all ask the data source that was chosen.
  jq -e '([.panels[].id] | length == (unique | length)) and ([.panels[].gridPos | [.x, .y]] | length == (unique | length)) and
    ([.panels[] | .targets[]?.datasource.uid] | unique) == ["${datasource}"] and
    ([.templating.list[].name] == ["datasource", "model"])' "$TOP/etc/grafana/forestgate.json" >/dev/null
}

@test "counters that are damaged or taken away are made anew, and predictions go on" {
  scrape
  calls=$(sum_of forestgate_calls_total)
  rm "$G/home/counters"
  fresh() { predict "$IRIS" && scrape && [ "$(metric forestgate_workers)" = 4 ] && [ -e "$G/home/counters" ]; }
  wait_for 100 fresh
  [ "$(sum_of forestgate_calls_total)" -gt "$calls" ]
  gate_stop
  for damage in '' short "$(head -c 400000 /dev/zero | tr '\0' x)"; do
    printf %s "$damage" >"$G/home/counters"
    gate_start --workers 4
    predict "$IRIS"
    assert_status 200
    scrape
    [ "$(metric 'forestgate_http_requests_total{method="POST",route="/predict",code="200"}')" = 1 ]
    gate_stop
  done
  # Where they cannot be made, nothing else suffers.
  rm "$G/home/counters"
  mkdir "$G/home/counters"
  gate_start --workers 2
  predict "$IRIS"
  assert_status 200
  scrape
  [ "$(sum_of forestgate_calls_total)" -gt "$calls" ]
  grep -q 'requests are not counted for /metrics' "$G/out"
}
