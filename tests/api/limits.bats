#!/usr/bin/env bats
# tests/api/limits.bats: what counts, over the wire: who is over a limit is refused and is
# told when to come again, and nobody else is, whatever worker is asked and whoever dies.

# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  cli model publish other "$G/iris.fgm" >/dev/null
  gate_start --workers 3
}
teardown_file() { gate_stop; }

# Starts anew with these lines of settings, and three workers.
configure() {
  gate_stop
  printf '%s\n' "$@" >"$G/home/forestgate.conf"
  grep -q '^address_rate =' "$G/home/forestgate.conf" || echo 'address_rate = off' >>"$G/home/forestgate.conf"
  gate_start --workers 3
}

# limited [OPTION...]: sets K to a key of a tier of its own, with these options; ID to its
# id; TIER to the tier.
limited() {
  TIER=t$((RANDOM * 32768 + RANDOM))
  cli tier set "$TIER" "$@" >/dev/null
  K=$(cli key create --name limited --tier "$TIER" 2>/dev/null)
  ID=$(cut -d_ -f2 <<<"$K")
}

ask() { call POST /predict -k "$K" -d "$IRIS" "$@"; }

# Of a rate of seconds a slow machine may use up less than there is: it asks until it is over.
over() {
  ask
  [ "$status" = 429 ]
}

# N rows in one body.
rows() { jq -nc --argjson n "$1" '{instances: [range($n) | [5.1, 3.5, 1.4, 0.2]]}'; }

# Asks N times and fails unless each is answered with this status.
ask_times() {
  for ((i = 0; i < $1; i++)); do
    ask
    assert_status "$2" || return 1
  done
}

# Reads a list of strings with parameters, by RFC 9651 and no more than that, and prints
# it as [[name, {parameter: value}], ...]; fails for all else.
SF_LIST='
def parameters: if . == "" then {} else
  capture("^; *(?<k>[a-z*][a-z0-9_.*-]*)=(?<v>-?[0-9]{1,15}|\"[ !#-\\[\\]-~]*\")(?<rest>.*)$")
    // error("no parameters: \(.)")
  | {(.k): (.v | fromjson)} + (.rest | parameters) end;
def members:
  capture("^\"(?<name>[ !#-\\[\\]-~]*)\"(?<p>(; *[a-z*][a-z0-9_.*-]*=(-?[0-9]{1,15}|\"[ !#-\\[\\]-~]*\"))*)(?<rest>.*)$")
    // error("no member: \(.)")
  | [.name, (.p | parameters)], (.rest | if . == "" then empty
    else (capture("^[ \t]*,[ \t]*(?<next>.+)$") // error("no list: \(.)")).next | members end);
[members]'
fields() {
  [ "$(grep -ci "^$1: " "$header")" = 1 ] || fail "not one field $1:" "$headers" || return 1
  header_of "$1" | jq -cR "$SF_LIST" || fail "$1 is no list:" "$headers"
}

# The last answer has these policies, as NAME;q=N;w=N of each, and so many left of each.
assert_fields() {
  local policy limit
  policy=$(fields ratelimit-policy) && limit=$(fields ratelimit) || return 1
  jq -en --argjson p "$policy" --argjson l "$limit" --arg want "$1" --arg left "$2" '
    ($p | map("\(.[0]);q=\(.[1].q);w=\(.[1].w)" + (if .[1].qu then ";qu=\(.[1].qu)" else "" end)) | join(" ")) == $want and
    ($p | map(.[0])) == ($l | map(.[0])) and ([$l[][1].r | tostring] | join(" ")) == $left and
    all($p[]; (.[1] | keys - ["q", "qu", "w"]) == []) and all($l[]; (.[1] | keys) == ["r", "t"]) and
    ([$p, $l] | transpose | all(.[1][1].t >= 1 and .[1][1].t <= .[0][1].w))' >/dev/null ||
    fail "expected $1 and $2 left:" "$headers"
}

assert_no_fields() {
  [ -z "$(header_of ratelimit)$(header_of ratelimit-policy)" ] || fail 'there are fields:' "$headers"
}

# What is left of each limit, by the last answer.
left() { fields ratelimit | jq -r '[.[][1].r | tostring] | join(" ")'; }

# assert_over STATUS POLICY...: the whole of the refusal.
assert_over() {
  local want=$1 error=too_many_requests
  shift
  if [ "$want" = 413 ]; then error=content_too_large; fi
  assert_status "$want" || return 1
  [ "$(header_of content-type)" = application/problem+json ] || fail 'not a problem' "$headers" || return 1
  assert_json --argjson status "$want" --arg error "$error" --arg id "$(header_of x-request-id)" '
    .type == "https://iana.org/assignments/http-problem-types#quota-exceeded" and
    .status == $status and .error == $error and .request_id == $id and
    (.detail | length > 10) and (.title | length > 3) and .["violated-policies"] == $ARGS.positional and
    keys == ["detail", "error", "request_id", "status", "timestamp", "title", "type", "violated-policies"]' \
    --args "$@" || return 1
  if [ "$want" = 413 ]; then
    [ -z "$(header_of retry-after)" ] || fail 'waiting does not help' "$headers"
  else
    [[ "$(header_of retry-after)" =~ ^[1-9][0-9]*$ ]] || fail 'no time to come again' "$headers"
  fi
}

# The rows of the log of this key, one a line: status, charged, rows, over.
log_of() {
  cli call stats --json >/dev/null
  database "SELECT status, charged, rows, coalesce(over, '-') FROM call WHERE key = '$ID' ORDER BY seq"
}

assert_log() {
  local got
  got=$(log_of | tr '\n' ' ')
  [ "${got% }" = "$*" ] || fail "the log has: $got" "it should: $*"
}

# ---- refusals ----

@test "a call over a rate gets 429 with the policy, the time to come again and nothing charged" {
  limited --rate 3/60s
  ask_times 3 200
  ask
  assert_over 429 60s
  assert_fields '60s;q=3;w=60' 0
  [ "$(header_of retry-after)" -le 60 ]
  [ "$(header_of retry-after)" -ge 50 ]
  [[ "$body" == *'3 calls in 60 s'* ]] || fail "$body"
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-'
}

@test "what is left counts down exactly, over all workers" {
  limited --rate 12/60s --quota 100/day --quota 1000/month
  local month
  month=$(($(date -u -d "$(date -u +%Y-%m-01) +1 month -1 day" +%d) * 86400))
  for ((n = 11; n >= 0; n--)); do
    ask
    assert_status 200
    assert_fields "60s;q=12;w=60 day;q=100;w=86400 month;q=1000;w=$month" "$n $((n + 88)) $((n + 988))"
  done
  ask
  assert_over 429 60s
  assert_fields "60s;q=12;w=60 day;q=100;w=86400 month;q=1000;w=$month" '0 88 988'
}

@test "who obeys Retry-After is served, again and again" {
  limited --rate 2/2s
  for _ in 1 2 3; do
    ask_times 1 200
    wait_for 40 over
    assert_over 429 2s
    [ "$(header_of retry-after)" -le 2 ]
    sleep "$(header_of retry-after)"
  done
  ask_times 1 200
}

@test "the shortest of several rates refuses first, and each by its own name" {
  # Three calls in a second, which a slow machine may miss.
  for _ in {1..10}; do
    limited --rate 2/1s --rate 3/60s
    ask_times 2 200
    if over; then break; fi
  done
  assert_over 429 1s
  sleep "$(header_of retry-after)"
  ask_times 1 200
  ask
  [[ "$body" == *'"60s"'* ]] || fail "$body"
  [ "$(header_of retry-after)" -gt 40 ]
}

day_left() { echo $((86400 - $(date +%s) % 86400)); }
month_left() { echo $(($(date -u -d "$(date -u +%Y-%m-01) +1 month" +%s) - $(date +%s))); }

@test "over a day's or a month's quota: 429 until the end of it" {
  limited --quota 2/day
  ask_times 2 200
  before=$(day_left)
  ask
  assert_over 429 day
  [ "$(header_of retry-after)" -le "$before" ]
  [ "$(header_of retry-after)" -ge "$(day_left)" ]
  [[ "$body" == *'2 calls a day (UTC)'* ]] || fail "$body"
  limited --quota 2/month
  ask_times 2 200
  before=$(month_left)
  ask
  assert_over 429 month
  [ "$(header_of retry-after)" -le "$before" ]
  [ "$(header_of retry-after)" -ge "$(month_left)" ]
  assert_log '200|1|1|-' '200|1|1|-'
}

@test "a refusal by one limit leaves all others as they are" {
  limited --rate 10/60s --quota 2/day
  ask_times 2 200
  for _ in 1 2 3; do
    ask
    assert_over 429 day
    [ "$(left)" = '8 0' ] || fail "$headers"
  done
  limited --rate 2/60s --quota 10/day
  ask_times 2 200
  for _ in 1 2 3; do
    ask
    assert_over 429 60s
    [ "$(left)" = '0 8' ] || fail "$headers"
  done
  limited --rate 1/60s --quota 1/day
  ask_times 1 200
  ask
  assert_over 429 60s day
}

@test "a call that fails after its admission is not charged, and its window keeps it" {
  limited --rate 20/60s --quota 10/day
  ask -d '{"features":["a",2,3,4]}'
  assert_status 422
  ask -d '{'
  assert_status 400
  ask CONTENT_TYPE=text/plain
  assert_status 415
  ask CONTENT_LENGTH=99999999
  assert_status 413
  ask -d '{"features":[1,2,3,4],"model":"nothing"}'
  assert_status 422
  call POST /models/nothing/predict -k "$K" -d "$IRIS"
  assert_problem 404 not_found
  assert_log '422|0|0|-' '400|0|0|-' '415|0|0|-' '413|0|0|-' '422|0|0|-' '404|0|0|-'
  ask
  [ "$(left)" = '13 9' ] || fail "$headers"
  assert_books
}

@test "of a call that was given back its own answer says what is left" {
  limited --rate 20/60s --quota 10/day
  ask -d '{'
  assert_status 400
  [ "$(left)" = '19 10' ] || fail "$headers"
}

@test "a call that fails for the service's fault is not charged" {
  limited --rate 20/60s --quota 10/day
  cli model publish broken "$G/iris.fgm" >/dev/null
  rm "$G/home/models/broken/1.fgm"
  call POST /models/broken/predict -k "$K" -d "$IRIS"
  assert_problem 503 unavailable
  assert_log '503|0|0|-'
  ask
  [ "$(left)" = '18 9' ] || fail "$headers"
}

@test "what is refused before its admission has no row and counts nowhere" {
  limited --rate 5/60s --quota 5/day
  assert_books
  before=$(database 'SELECT seq FROM drained')
  call POST /predict -d "$IRIS"
  assert_problem 401 unauthorized
  call POST /predict -k "${K%?}" -d "$IRIS"
  assert_problem 401 unauthorized
  call POST /nothing -k "$K" -d "$IRIS"
  assert_problem 404 not_found
  call GET /predict -k "$K"
  assert_problem 405 method_not_allowed
  call GET /models -k "$K"
  assert_status 200
  assert_no_fields
  cli key set "$ID" --scopes read >/dev/null
  ask
  assert_problem 403 forbidden
  assert_no_fields
  cli key set "$ID" --scopes predict --models other >/dev/null
  call POST /models/iris/predict -k "$K" -d "$IRIS"
  assert_problem 403 forbidden
  assert_no_fields
  cli key set "$ID" --models '*' >/dev/null
  assert_log
  [ "$(database 'SELECT seq FROM drained')" = "$before" ]
  ask
  [ "$(left)" = '4 4' ] || fail "$headers"
}

# ---- price, shadow, override, none ----

@test "by the row: each is counted, what does not fit is a 429 and given back, what never will is a 413" {
  limited --price row --rate 20/60s --quota 10/day
  ask -d "$(rows 4)"
  assert_status 200
  assert_fields '60s;q=20;w=60 day;q=10;w=86400;qu=rows' '19 6'
  ask -d "$(rows 7)"
  assert_over 429 day
  [[ "$body" == *'10 rows a day'* ]] || fail "$body"
  ask -d "$(rows 11)"
  assert_over 413 day
  ask -d "$(rows 6)"
  assert_status 200
  [ "$(left)" = '16 0' ] || fail "$headers"
  ask
  assert_over 429 day
  assert_log '200|4|4|-' '429|0|0|-' '413|0|0|-' '200|6|6|-'
  assert_books
}

@test "by the row: a body at fault costs nothing, however many rows it has" {
  limited --price row --quota 10/day
  ask -d '{"instances":[[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,0.2],[5.1,3.5,1.4,"x"]]}'
  assert_status 422
  ask -d '{"instances":[]}'
  [ "$status" -ge 400 ]
  ask -d "$(rows 10)"
  assert_status 200
  [ "$(left)" = 0 ] || fail "$headers"
}

@test "by the call, many rows are one" {
  limited --quota 10/day
  ask -d "$(rows 50)"
  assert_status 200
  [ "$(left)" = 9 ] || fail "$headers"
  assert_log '200|1|50|-'
}

@test "in shadow nobody is refused or told, and the log says what would have been" {
  limited --shadow --rate 2/60s --quota 4/day
  for _ in {1..6}; do
    ask
    assert_status 200
    assert_no_fields
    [ -z "$(header_of retry-after)" ]
  done
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|60s' '200|1|1|60s' '200|1|1|60s' '200|1|1|60s'
  [ "$(database "SELECT over FROM usage WHERE key = '$ID'")" = 4 ]
}

@test "in shadow a quota of rows refuses nothing" {
  limited --shadow --price row --quota 5/day
  ask -d "$(rows 4)"
  assert_status 200
  ask -d "$(rows 4)"
  assert_status 200
  ask -d "$(rows 9)"
  assert_status 200
  assert_log '200|4|4|-' '200|4|4|day' '200|9|9|day'
}

@test "a key's own limit goes before its tier's, and the tier's others hold" {
  limited --rate 100/60s --quota 50/day
  cli key set "$ID" --rate 2/60s >/dev/null
  ask_times 2 200
  assert_fields '60s;q=2;w=60 day;q=50;w=86400' '0 48'
  ask
  assert_over 429 60s
  cli key set "$ID" --rate '' --quota 3/day >/dev/null
  ask_times 1 200
  assert_fields '60s;q=100;w=60 day;q=3;w=86400' '97 0'
  ask
  assert_over 429 day
}

@test "a tier without limits: no fields, and a row for each call" {
  limited
  for _ in 1 2 3; do
    ask
    assert_status 200
    assert_no_fields
  done
  ask -d '{'
  assert_status 400
  assert_no_fields
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-' '400|0|0|-'
}

# ---- changes in use ----

@test "a tier that is set counts at once in every worker, raised and lowered, and forgets nothing" {
  limited --rate 3/60s --quota 10/day
  ask_times 3 200
  ask
  assert_over 429 60s
  cli tier set "$TIER" --rate 5/60s --quota 10/day >/dev/null
  ask_times 2 200
  [ "$(left)" = '0 5' ] || fail "$headers"
  for _ in {1..6}; do
    ask
    assert_over 429 60s
  done
  cli tier set "$TIER" --rate 4/60s --quota 3/day >/dev/null
  for _ in {1..6}; do
    ask
    assert_over 429 60s day
    [ "$(left)" = '0 0' ] || fail "$headers"
  done
  # Another window begins with what the log has of it.
  cli tier set "$TIER" --rate 7/120s --quota 20/day >/dev/null
  ask_times 2 200
  assert_fields '120s;q=7;w=120 day;q=20;w=86400' '0 13'
  ask
  assert_over 429 120s
  cli tier set "$TIER" >/dev/null
  ask_times 3 200
  assert_no_fields
  assert_books
}

@test "what was called under no limit counts for a quota that is set later" {
  limited --quota 10/day
  ask_times 2 200
  cli tier set "$TIER" >/dev/null
  ask_times 3 200
  cli tier set "$TIER" --quota 10/day >/dev/null
  ask_times 1 200
  [ "$(left)" = 4 ] || fail "$headers"
}

@test "two keys of a tier do not share" {
  limited --rate 2/60s
  other=$(cli key create --name other --tier "$TIER" 2>/dev/null)
  ask_times 2 200
  ask
  assert_over 429 60s
  K=$other
  ask_times 2 200
  ask
  assert_over 429 60s
}

@test "after a rotation the two secrets are one key, with one count" {
  limited --rate 10/60s --quota 5/day
  ask_times 2 200
  old=$K
  new=$(cli key rotate "$ID" --overlap 1h 2>/dev/null)
  K=$new
  ask_times 1 200
  [ "$(left)" = '7 2' ] || fail "$headers"
  K=$old
  ask_times 1 200
  [ "$(left)" = '6 1' ] || fail "$headers"
  K=$new
  ask_times 1 200
  ask
  assert_over 429 day
  K=$old
  ask
  assert_over 429 day
}

@test "plain CGI and FastCGI have one count" {
  limited --rate 6/60s --quota 5/day
  for n in '5 4' '3 2' '1 0'; do
    cgi POST /predict -k "$K" -d "$IRIS"
    assert_status 200
    [ "$(left)" = "$n" ] || fail "$headers"
    [ "$n" != '1 0' ] || break
    ask_times 1 200
  done
  ask
  assert_over 429 day
  cgi POST /predict -k "$K" -d "$IRIS"
  assert_over 429 day
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-'
}

# ---- many at once, and the dead ----

@test "of many clients at once exactly as many are admitted as the limit says" {
  limited --rate 37/60s
  [ "$(clients "$K" 8 10)" = '200x37 429x43 ' ]
  limited --quota 41/day
  [ "$(clients "$K" 8 10)" = '200x41 429x39 ' ]
  [ "$(log_of | sort | uniq -c | xargs)" = '41 200|1|1|-' ]
  assert_books
}

@test "limits that change to and fro under load let no call too many through, nor refuse one" {
  limited --rate 60/300s --quota 1000/day
  (for _ in {1..12}; do
    cli tier set "$TIER" --rate 60/600s --quota 1000/day
    cli key set "$ID" --rate 60/900s
    cli tier set "$TIER" --rate 60/300s --rate 60/600s
    cli key set "$ID" --rate ''
  done) >/dev/null 3>&- &
  changer=$!
  result=$(clients "$K" 8 25)
  wait "$changer"
  [ "$result" = '200x60 429x140 ' ] || fail "$result"
  assert_books
}

# Opens a call of K on fd 8 and leaves it without its body until hold_end, in the hand of a
# worker; a second one of a test with an id of its own.
hold_begin() {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  raw_head REQUEST_METHOD=POST REQUEST_URI=/predict REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$K" \
    CONTENT_TYPE=application/json CONTENT_LENGTH="${#IRIS}" HTTP_X_REQUEST_ID="held-$ID${1:-}" >&8
  wait_for 100 gate_holds 1
}

hold_end() {
  printf %s "$IRIS" >"$BATS_TEST_TMPDIR/raw.body"
  {
    raw_record 5 "$BATS_TEST_TMPDIR/raw.body"
    raw_record 5 /dev/null
  } >&8
  raw_answer 8
  exec 8>&-
}

row_of_held() { [ "$(database "SELECT status, charged FROM call WHERE request_id = 'held-$ID'")" = "$1" ]; }

@test "a call in hand is counted before it is answered" {
  limited --rate 10/60s --quota 2/day
  hold_begin
  ask_times 1 200
  [ "$(left)" = '8 0' ] || fail "$headers"
  ask
  assert_over 429 day
  hold_end
  assert_status 200
  assert_log '200|1|1|-' '200|1|1|-'
}

@test "the call of a worker that is killed is a row with 500, not charged, within two seconds" {
  limited --rate 10/60s --quota 2/day
  hold_begin
  ask_times 1 200
  # shellcheck disable=SC2046
  kill -KILL $(gate_pids)
  exec 8>&-
  wait_for 50 row_of_held '500|0' || fail "$(log_of)"
  wait_for 60 gate_has 3
  ask_times 1 200
  [ "$(left)" = '7 0' ] || fail "$headers"
  ask
  assert_over 429 day
  assert_books
}

@test "a worker that is stopped holds up no other, keeps its call, and gives it back once it is dead" {
  limited --rate 10/60s --quota 3/day
  hold_begin
  ask_times 1 200
  am_root || skip 'only root can see which one it is'
  # The one that waits for the body has one socket more than the others: its connection.
  stopped=$(for pid in $(gate_pids); do
    echo "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l) $pid"
  done | sort -rn | awk 'NR == 1 {most = $1; pid = $2} NR == 2 && $1 < most {print pid}')
  [ -n "$stopped" ] || fail 'no worker has a connection'
  kill -STOP "$stopped"
  sleep 1.5
  ask_times 1 200
  [ "$(left)" = '7 0' ] || fail "it was given back while it lives" "$headers"
  kill -KILL "$stopped"
  exec 8>&-
  wait_for 40 row_of_held '500|0' || fail "$(log_of)"
  ask_times 1 200
  [ "$(left)" = '6 0' ] || fail "$headers"
  assert_books
}

@test "workers that are killed one after the other under load lose no call and charge none twice" {
  limited --quota 100000/day
  (for _ in {1..8}; do
    sleep 0.25
    kill -KILL "$(gate_pids | shuf -n 1)" 2>/dev/null || :
  done) 3>&- &
  killer=$!
  result=$(clients "$K" 6 60)
  wait "$killer"
  served=$(grep -oE '200x[0-9]+' <<<"$result" | cut -dx -f2)
  wait_for 60 gate_has 3
  books_agree() { assert_books 2>/dev/null; }
  wait_for 60 books_agree || assert_books
  charged=$(database "SELECT sum(charged) FROM call WHERE key = '$ID'")
  # Who is killed between the count and the answer has answered nobody: at most eight.
  [ "$charged" -ge "$served" ] && [ "$charged" -le $((served + 8)) ] || fail "charged $charged of $result"
  ask_times 1 200
  [ "$(left)" = $((100000 - charged - 1)) ] || fail "$headers" "charged $charged"
}

# ---- addresses ----

# stranger ADDRESS [ARGUMENT...]: a request without a key from there.
stranger() {
  local from=$1
  shift
  call GET /models REMOTE_ADDR="$from" "$@"
}

assert_address_over() {
  assert_over 429 address || return 1
  assert_fields 'address;q=5;w=60' 0
}

@test "a stranger's sixth request is refused before its key is looked at, whatever it asked" {
  configure 'address_rate = 5/60s'
  stranger 192.0.2.1
  assert_problem 401 unauthorized
  assert_no_fields
  call POST /predict -k "${KEY%?}" -d "$IRIS" REMOTE_ADDR=192.0.2.1
  assert_problem 401 unauthorized
  call GET / REMOTE_ADDR=192.0.2.1
  assert_status 200
  call GET /nothing REMOTE_ADDR=192.0.2.1
  assert_problem 404 not_found
  call DELETE /predict REMOTE_ADDR=192.0.2.1
  assert_problem 405 method_not_allowed
  for _ in {1..4}; do
    stranger 192.0.2.1
    assert_address_over
    [ -z "$(header_of www-authenticate)" ] || fail 'it says 401 as well' "$headers"
    call POST /predict -k "${KEY%?}" -d "$IRIS" REMOTE_ADDR=192.0.2.1
    assert_address_over
    call GET / REMOTE_ADDR=192.0.2.1
    assert_address_over
    call GET /nothing REMOTE_ADDR=192.0.2.1
    assert_address_over
    call DELETE /predict REMOTE_ADDR=192.0.2.1
    assert_address_over
    [ -z "$(header_of allow)" ] || fail 'it says 405 as well' "$headers"
  done
  # Not who has a key, nor health, nor somebody else.
  for _ in {1..4}; do
    call POST /predict -k "$KEY" -d "$IRIS" REMOTE_ADDR=192.0.2.1
    assert_status 200
    call GET /models -k "$KEY" REMOTE_ADDR=192.0.2.1
    assert_status 200
    call GET /health/live REMOTE_ADDR=192.0.2.1
    assert_status 200
  done
  stranger 192.0.2.2
  assert_problem 401 unauthorized
}

@test "who has a key is not counted as a stranger, whatever becomes of the request" {
  configure 'address_rate = 5/60s'
  limited --rate 3/60s
  cli key set "$ID" --scopes predict >/dev/null
  for _ in {1..8}; do
    ask REMOTE_ADDR=192.0.2.9
    call GET /models -k "$K" REMOTE_ADDR=192.0.2.9
    assert_problem 403 forbidden
  done
  for _ in {1..5}; do
    stranger 192.0.2.9
    assert_problem 401 unauthorized
  done
  stranger 192.0.2.9
  assert_address_over
}

@test "IPv6 counts by /64, IPv4 in IPv6 as IPv4, and who has no address as one" {
  configure 'address_rate = 5/60s'
  for i in 1 2 3 4 5; do
    stranger "2001:db8::$i"
    assert_problem 401 unauthorized
    stranger "192.0.2.2$i"
    assert_problem 401 unauthorized
  done
  stranger 2001:db8::ffff:ffff:ffff:ffff
  assert_address_over
  stranger 2001:db8:0:1::1
  assert_problem 401 unauthorized
  for _ in 1 2 3 4 5; do
    stranger 192.0.2.77
    assert_problem 401 unauthorized
  done
  stranger ::ffff:192.0.2.77
  assert_address_over
  stranger ::ffff:192.0.2.78
  assert_problem 401 unauthorized
  for i in 1 2 3 4 5; do
    stranger "junk$i"
    assert_problem 401 unauthorized
  done
  stranger more-junk
  assert_address_over
}

@test "address_rate_all counts everybody but health, and does not spare a key" {
  configure 'address_rate_all = 5/60s'
  call POST /predict -k "$KEY" -d "$IRIS" REMOTE_ADDR=192.0.2.3
  assert_status 200
  call GET /models -k "$KEY" REMOTE_ADDR=192.0.2.3
  assert_status 200
  stranger 192.0.2.3
  assert_problem 401 unauthorized
  call GET /nothing REMOTE_ADDR=192.0.2.3
  assert_problem 404 not_found
  call GET / REMOTE_ADDR=192.0.2.3
  assert_status 200
  limited --quota 10/day
  for _ in 1 2 3; do
    ask REMOTE_ADDR=192.0.2.3
    assert_address_over
    stranger 192.0.2.3
    assert_address_over
    call GET /health REMOTE_ADDR=192.0.2.3
    assert_status 200
  done
  assert_log
  ask REMOTE_ADDR=192.0.2.4
  assert_status 200
  [ "$(left)" = 9 ] || fail "$headers"
}

@test "address_rate = off is off" {
  configure
  for _ in {1..120}; do call GET /nothing REMOTE_ADDR=192.0.2.5; done
  assert_problem 404 not_found
}

@test "an address limit obeyed lets in again" {
  configure 'address_rate = 2/2s'
  for _ in 1 2; do
    stranger 192.0.2.6
    assert_problem 401 unauthorized
    stranger_over() { stranger 192.0.2.6 && [ "$status" = 429 ]; }
    wait_for 40 stranger_over
    assert_over 429 address
    sleep "$(header_of retry-after)"
  done
  stranger 192.0.2.6
  assert_problem 401 unauthorized
}

@test "behind a trusted proxy each client has its own count, and nobody names another's" {
  configure 'address_rate = 5/60s' 'trusted_proxies = 127.0.0.1'
  for _ in 1 2 3 4 5; do
    stranger 127.0.0.1 HTTP_X_FORWARDED_FOR='203.0.113.1, 192.0.2.10'
    assert_problem 401 unauthorized
  done
  stranger 127.0.0.1 HTTP_X_FORWARDED_FOR='203.0.113.2, 192.0.2.10'
  assert_address_over
  stranger 127.0.0.1 HTTP_X_FORWARDED_FOR='203.0.113.1'
  assert_problem 401 unauthorized
  stranger 192.0.2.11 HTTP_X_FORWARDED_FOR='192.0.2.10'
  assert_problem 401 unauthorized
}

# ---- the database, and the disk ----

@test "durability = power: the row is in the database before the answer is" {
  configure 'durability = power'
  limited --rate 100/60s --quota 100/day
  for i in {1..8}; do
    ask HTTP_X_REQUEST_ID="power-$ID-$i"
    assert_status 200
    [ "$(database "SELECT status, charged FROM call WHERE request_id = 'power-$ID-$i'")" = '200|1' ]
  done
  [ "$(left)" = '92 92' ] || fail "$headers"
  [ "$(clients "$K" 6 5)" = '200x30 ' ]
  [ "$(database "SELECT count(*) FROM call WHERE key = '$ID'")" = 38 ]
  assert_books
}

@test "durability = power: what a locked database did not take is a 503, and not charged" {
  configure 'durability = power'
  limited --rate 100/60s --quota 100/day
  ask_times 1 200
  # Admitted, since there was a write a moment ago; then the writer comes.
  database_hold
  for _ in 1 2 3; do
    ask
    assert_problem 503 unavailable
  done
  [ "$(database "SELECT count(*) FROM call WHERE key = '$ID'")" = 1 ]
  database_let_go
  sleep 0.2
  ask_times 1 200
  [ "$(left | cut -d' ' -f2)" = 98 ] || fail "$headers"
  assert_books
  [ "$(database "SELECT group_concat(charged, '') FROM call WHERE key = '$ID' AND status = 200")" = 11 ]
}

@test "call_retention: old rows go in steps, their sums stay, and younger rows stay" {
  configure 'call_retention = 2d'
  limited --quota 100/month
  ask_times 1 200
  assert_books
  gate_stop
  # Numbers below all that there are, as old calls have.
  now=$(date +%s)
  database "
    DELETE FROM call; DELETE FROM usage; DELETE FROM call_day; UPDATE drained SET seq = 5000;
    WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO call SELECT i, 'old-' || i, ($now - 3 * 86400) * 1000000 + i, 1, '$ID', NULL, 'iris', 1, 'predict',
        1, 1, 200, NULL, NULL FROM n;
    WITH n(i) AS (SELECT 4001 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO call SELECT i, 'new-' || i, ($now - 86400) * 1000000 + i, 1, '$ID', NULL, 'iris', 1, 'predict',
        1, 1, 200, NULL, NULL FROM n;
    CREATE TABLE gone (at TEXT);
    CREATE TRIGGER gone_note AFTER DELETE ON call BEGIN
      INSERT INTO gone VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now')); END;
    INSERT INTO usage SELECT key, started_us / 86400000000, model, count(*), sum(rows), sum(charged), 0, 0, 1, max(started_us)
      FROM call GROUP BY 1, 2, 3;
    INSERT INTO call_day SELECT started_us / 86400000000, min(seq) FROM call GROUP BY 1"
  gate_start --workers 3
  K=$KEY
  none_old() {
    ask
    [ "$status" = 200 ] && [ "$(database "SELECT count(*) FROM call WHERE request_id LIKE 'old-%'")" = 0 ]
  }
  wait_for 400 none_old || fail "$(database "SELECT count(*) FROM call WHERE request_id LIKE 'old-%'") left"
  # The time stands still for a statement.
  steps=$(database 'SELECT count(*) FROM gone GROUP BY at')
  database 'DROP TRIGGER gone_note; DROP TABLE gone'
  [ "$(sort -n <<<"$steps" | tail -n 1)" -le 1024 ] && [ "$(wc -l <<<"$steps")" -ge 3 ] || fail 'no small steps:' "$steps"
  [ "$(database "SELECT count(*) FROM call WHERE request_id LIKE 'new-%'")" = 1000 ]
  [ "$(database "SELECT sum(calls), sum(charged) FROM usage WHERE key = '$ID'")" = '3000|3000' ]
  database "DELETE FROM usage WHERE key = '$ID' AND day < $now / 86400 - 1" # for assert_books
}

@test "ledger_size is taken when all workers have ended, and what was counted stays" {
  configure 'ledger_size = 8M'
  limited --rate 10/60s --quota 10/day
  ask_times 3 200
  small=$(stat -c %s "$G/home/ledger")
  sed -i 's/8M/16M/' "$G/home/forestgate.conf"
  # While anybody uses it, it stays.
  cgi POST /predict -k "$K" -d "$IRIS"
  assert_status 200
  [ "$(stat -c %s "$G/home/ledger")" = "$small" ]
  gate_stop
  gate_start --workers 3
  [ "$(stat -c %s "$G/home/ledger")" -gt "$small" ]
  ask
  [ "$(left)" = '5 5' ] || fail "$headers"
  assert_books
}

workers_other() { gate_has 3 && [ -z "$(comm -12 <(gate_pids | sort) <(sort <<<"$1"))" ]; }

@test "a ledger that was removed under the workers: they end and come back, and the count is the log's" {
  configure
  limited --rate 10/60s --quota 10/day
  ask_times 3 200
  cli call stats >/dev/null
  pids=$(gate_pids)
  rm "$G/home/ledger"
  asked_workers_other() { call GET /health && workers_other "$pids"; }
  wait_for 100 asked_workers_other || fail "$pids" "$(gate_pids)" "$(tail "$G/out")"
  ask_times 1 200
  [ "$(left)" = '6 6' ] || fail "$headers"
  assert_books
}

@test "a ledger that is damaged at the start is made anew, and the count is the log's" {
  configure
  limited --rate 100/60s --quota 100/day
  n=99
  for damage in ': >ledger' 'truncate -s 4096 ledger' 'truncate -s -4096 ledger' 'truncate -s +4096 ledger' \
    'head -c 16M /dev/urandom >ledger' 'head -c 100 /dev/urandom >ledger' 'rm ledger' \
    'printf x | dd of=ledger bs=1 conv=notrunc'; do
    ask_times 1 200
    [ "$(left)" = "$n $n" ] || fail "before: $damage" "$headers"
    gate_stop
    assert_books
    (cd "$G/home" && eval "$damage" 2>/dev/null)
    gate_start --workers 3
    n=$((n - 1))
  done
  ask_times 1 200
  [ "$(left)" = "$n $n" ] || fail "$headers"
  assert_books
}

# Ends all at once, without any notice.
gate_kill() {
  local pids
  pids="$MASTER $(gate_pids)"
  # shellcheck disable=SC2086
  kill -KILL $pids
  for pid in $pids; do wait_for 100 ended "$pid"; done
  rm -f "$G/running"
  MASTER=
}

@test "what all who served took with them at a kill -9 is in the log after the next start" {
  configure
  limited --rate 100/60s --quota 100/day
  hold_begin
  ask_times 5 200
  gate_kill
  exec 8>&-
  gate_start --workers 3
  wait_for 60 row_of_held '500|0' || fail "$(log_of)"
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-' '500|0|0|-'
  ask
  [ "$(left)" = '93 94' ] || fail "$headers"
  assert_books
}

@test "the same if the ledger is made anew for another size" {
  configure 'ledger_size = 8M'
  limited --rate 100/60s --quota 100/day
  ask_times 5 200
  gate_kill
  sed -i 's/8M/16M/' "$G/home/forestgate.conf"
  gate_start --workers 3
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-'
  ask
  [ "$(left)" = '94 94' ] || fail "$headers"
  assert_books
}

@test "a call in hand at the kill is not lost either if the ledger is made anew" {
  configure 'ledger_size = 8M'
  limited --rate 100/60s --quota 100/day
  hold_begin
  gate_kill
  exec 8>&-
  sed -i 's/8M/16M/' "$G/home/forestgate.conf"
  gate_start --workers 3
  wait_for 60 row_of_held '500|0' || fail "$(log_of)"
}

@test "a database that was put back from a backup counts what it has" {
  configure
  limited --rate 100/60s --quota 100/day
  ask_times 2 200
  gate_stop
  cp -p "$G/home/forestgate.db" "$BATS_TEST_TMPDIR/backup"
  gate_start --workers 3
  ask_times 3 200
  [ "$(left)" = '95 95' ] || fail "$headers"
  gate_stop
  rm -f "$G/home"/forestgate.db-*
  cp -p "$BATS_TEST_TMPDIR/backup" "$G/home/forestgate.db"
  gate_start --workers 3
  ask_times 2 200
  [ "$(left | cut -d' ' -f2)" = 96 ] || fail "$headers"
  assert_log '200|1|1|-' '200|1|1|-' '200|1|1|-' '200|1|1|-'
  assert_books
}

# ---- midnight ----

# With clocks that stand at so many seconds before a time, which comes at $COMES of our clock.
gate_start_at() {
  local offset library
  offset=$(($(date -u -d "$1" +%s) - $2 - $(date +%s)))
  library=$(find /usr/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
  [ -n "$library" ] || skip 'this needs libfaketime'
  gate_stop
  COMES=$(($(date -u -d "$1" +%s) - offset))
  export FAKETIME=+${offset}s FAKETIME_DONT_FAKE_MONOTONIC=1
  LD_PRELOAD=$library gate_start --workers 3
}

# What is to be before midnight is tried again by who found no time for it.
in_time() { [ "$EPOCHSECONDS" -lt "$COMES" ]; }

@test "at midnight UTC the day's quota is whole again, and the month's goes on; at a month's end both are" {
  sanitized && skip 'libfaketime and a sanitizer do not go together'
  configure
  month=$(date -u -d "$(date -u +%Y-%m-01) +1 month" +%Y-%m)
  for at in "$month-15" "$month-01"; do
    for seconds in 5 20 60; do
      limited --quota 2/day --quota 10/month
      gate_start_at "$at" $seconds
      ask_times 2 200
      before=$(left)
      ask
      if in_time; then break; fi
    done
    [ "$before" = '0 8' ] || fail "$before"
    assert_over 429 day
    wait=$(header_of retry-after)
    [ "$wait" -le "$seconds" ] || fail "$headers"
    sleep "$wait"
    ask_times 1 200
    if [ "$at" = "$month-15" ]; then expected='1 7'; else expected='1 9'; fi
    [ "$(left)" = "$expected" ] || fail "after $at:" "$headers"
    assert_books
    [ "$(database "SELECT group_concat(n) FROM (SELECT calls AS n FROM usage WHERE key = '$ID' ORDER BY day)")" = 2,1 ]
  done
}

@test "a call over midnight is of the day on which it began" {
  sanitized && skip 'libfaketime and a sanitizer do not go together'
  configure
  for seconds in 4 20 60; do
    limited --quota 5/day --quota 10/month
    gate_start_at "$(date -u -d "$(date -u +%Y-%m-01) +2 month" +%Y-%m)-15" $seconds
    hold_begin
    ask_times 1 200
    if in_time; then break; fi
    hold_end
  done
  [ "$(left)" = '3 8' ] || fail "$headers"
  while in_time; do sleep 0.1; done
  ask_times 1 200
  [ "$(left)" = '4 7' ] || fail "$headers"
  hold_end
  assert_status 200
  hold_begin -2
  ask -d '{'
  assert_status 400
  hold_end
  ask_times 1 200
  [ "$(left)" = '2 5' ] || fail "$headers"
  assert_books
  [ "$(database "SELECT group_concat(n) FROM (SELECT sum(charged) AS n FROM usage WHERE key = '$ID' GROUP BY day ORDER BY day)")" = 2,3 ]
}
