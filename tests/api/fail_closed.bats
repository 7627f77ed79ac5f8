#!/usr/bin/env bats
# tests/api/fail_closed.bats: every route that changes something, while nothing can be written:
# 503 with Retry-After, nothing half-done, and afterwards an audit trail that is proved.

# shellcheck disable=SC2154,SC2030,SC2031 # set or read by lib/api; dollars of jq
load ../lib/api
load ../lib/admin
load ../lib/person

TABLE=$BATS_TEST_DIRNAME/policy.tsv
NEW='another phrase altogether'

setup_file() {
  gate_home
  train_iris "$G/2.fgm" 5 7
  echo 'ledger_size = 4M' >>"$G/home/forestgate.conf"
  cp -a "$G/home" "$G/whole"
}
teardown_file() { gate_stop; }

setup() {
  rm -rf "${G:?}/home"
  cp -a "$G/whole" "$G/home"
}
teardown() {
  gate_stop
  if mountpoint -q "$G/small"; then umount "$G/small"; fi
}

# Something for each of the routes to change.  Its requests stand in WISHES, a line each: the
# route as the table has it, who asks, the path, and the body.
wishes_make() {
  local key own spare invited refresh session person waiting
  cli model publish iris "$G/2.fgm" >/dev/null
  cli model publish gone "$G/2.fgm" >/dev/null
  cli model withdraw gone >/dev/null
  admin_make
  person ann
  call POST /auth/token -d "{\"username\":\"ann@example.org\",\"password\":\"$PASSWORD\"}"
  refresh=$(jq -r .refresh_token "$body_file")
  as "$TOKEN" GET /users/me/sessions
  session=$(jq -r '.sessions[] | select(.current | not) | .id' "$body_file")
  as "$TOKEN" POST /users/me/keys -d '{"name":"own"}'
  own=$(jq -r .id "$body_file")
  person=$USER_ID
  spare=$(cli key create --name spare --tier test 2>/dev/null)
  key=${spare:3:12}
  cli tier set lone --rate 5/60s >/dev/null
  cli model keep iris --rate 100% >/dev/null
  as "$TOKEN" POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=wish
  as "$TOKEN" POST /jobs -d "$IRIS"
  waiting=$(jq -r .job_uuid "$body_file")
  admin POST /admin/invitations '{}'
  invited=$(jq -r .id "$body_file")
  WISHES="POST /auth/create|-|/auth/create|{\"username\":\"new@example.org\",\"first_name\":\"A\",\"last_name\":\"B\",\"password\":\"$NEW\",\"invitation\":\"$(jq -r .invitation "$body_file")\"}
POST /auth/create|-|/auth/create|{\"username\":\"new@example.org\",\"first_name\":\"A\",\"last_name\":\"B\",\"password\":\"$NEW\"}
POST /auth/token|-|/auth/token|{\"grant_type\":\"refresh_token\",\"refresh_token\":\"$refresh\"}
POST /auth/token|-|/auth/token|{\"username\":\"ann@example.org\",\"password\":\"$PASSWORD\"}
POST /login|-|/login|{\"username\":\"ann@example.org\",\"password\":\"$PASSWORD\"}
POST /login|-|/login|{\"username\":\"ann@example.org\",\"password\":\"not the one\"}
POST /login|-|/login|{\"username\":\"nobody@example.org\",\"password\":\"not the one\"}
POST /auth/logout|ann|/auth/logout|{}
POST /auth/logout|ann|/auth/logout|{\"everywhere\":true}
PUT /users/me|ann|/users/me|{\"first_name\":\"Anna\"}
PUT /users/me/password|ann|/users/me/password|{\"password\":\"$PASSWORD\",\"new_password\":\"$NEW\"}
POST /users/me/keys|ann|/users/me/keys|{\"name\":\"more\"}
DELETE /users/me/keys/{id}|ann|/users/me/keys/$own|
POST /users/me/keys/{id}/rotate|ann|/users/me/keys/$own/rotate|{}
POST /jobs|ann|/jobs|$IRIS
POST /feedback|ann|/feedback|{\"request_id\":\"wish\",\"truth\":0}
DELETE /jobs/{id}|ann|/jobs/$waiting|
DELETE /users/me/sessions/{id}|ann|/users/me/sessions/$session|
POST /admin/users|admin|/admin/users|{\"username\":\"new@example.org\",\"password\":\"$NEW\"}
POST /admin/users|admin|/admin/users|{\"username\":\"new@example.org\"}
PUT /admin/users/{id}|admin|/admin/users/$person|{\"role\":\"admin\"}
DELETE /admin/users/{id}|admin|/admin/users/$person|
PUT /admin/users/{id}/password|admin|/admin/users/$person/password|{\"new_password\":\"$NEW\"}
DELETE /admin/users/{id}/sessions|admin|/admin/users/$person/sessions|
POST /admin/invitations|admin|/admin/invitations|{}
DELETE /admin/invitations/{id}|admin|/admin/invitations/$invited|
POST /admin/keys|admin|/admin/keys|{\"name\":\"more\"}
PUT /admin/keys/{id}|admin|/admin/keys/$key|{\"name\":\"another\"}
DELETE /admin/keys/{id}|admin|/admin/keys/$key|
POST /admin/keys/{id}/rotate|admin|/admin/keys/$key/rotate|{}
PUT /admin/tiers/{name}|admin|/admin/tiers/lone|{\"limits\":\"6/60s\"}
DELETE /admin/tiers/{name}|admin|/admin/tiers/lone|
POST /admin/models/{name}/versions|admin|/admin/models/iris/versions|image
POST /admin/models/{name}/promote|admin|/admin/models/iris/promote|{\"version\":1}
POST /admin/models/{name}/rollback|admin|/admin/models/iris/rollback|{}
POST /admin/models/{name}/retire|admin|/admin/models/iris/retire|{}
PUT /admin/models/{name}/keep|admin|/admin/models/iris/keep|{\"rate\":\"10%\"}
POST /v2/repository/models/{name}/unload|admin|/v2/repository/models/iris/unload|{}
POST /v2/repository/models/{name}/load|admin|/v2/repository/models/gone/load|{}
DELETE /admin/models/{name}/versions/{version}|admin|/admin/models/iris/versions/1|"
  ANN=$TOKEN
}

# What there is, but for calls and the times at which keys were used.
state() {
  local table
  for table in user key tier model session invitation audit attempt; do
    echo "-- $table"
    database "SELECT * FROM $table ORDER BY 1, 2" || return 1
  done
  echo '-- what is known of what is kept'
  sqlite3 -cmd '.timeout 5000' "$G/home/work.db" 'SELECT total(known) FROM kept' || return 1
  echo '-- job'
  sqlite3 -cmd '.timeout 5000' "$G/home/work.db" 'SELECT * FROM job ORDER BY 1' || return 1
  find "$G/home/models" "$G/home/jobs" "$G/home/secrets" -type f | sort
}

# wish WHO METHOD PATH BODY
wish() {
  local parameters=()
  case $1 in
  ann) parameters=(HTTP_AUTHORIZATION="Bearer $ANN") ;;
  admin) parameters=(HTTP_AUTHORIZATION="Bearer $ADMIN") ;;
  esac
  case $4 in
  image) parameters=(-f "$G/2.fgm" "${parameters[@]}" CONTENT_TYPE=application/octet-stream) ;;
  ?*) parameters=(-d "$4" "${parameters[@]}") ;;
  esac
  call "$2" "$3" "${parameters[@]}"
}

nothing_kept() { [ "$(sqlite3 "$G/home/work.db" 'SELECT count(*) FROM kept')" = 0 ]; }

assert_all_refused() { # WORDS
  local route who path body
  while IFS='|' read -r route who path body <&5; do
    # No canary is there to be retired, which shows without a write.
    wish "$who" "${route%% *}" "$path" "$body"
    case "$route $status" in *'/retire 409') continue ;; esac
    # Nothing is kept on a disk as small as that of a test here.
    case "$route $status" in *'/feedback 404') nothing_kept && continue ;; esac
    assert_problem 503 unavailable "$1" || fail "$route $body" || return 1
  done 5<<<"$WISHES"
}

assert_untouched() {
  local now
  [ "$(gate_pids)" = "$PIDS" ] || fail 'a worker has ended' || return 1
  now=$(state)
  [ "$now" = "$STATE" ] || fail 'something was changed:' "$(diff <(echo "$STATE") <(echo "$now"))" || return 1
  cli doctor --json | jq -e '[.[]? // .checks[] | select(.name == "audit") | .state] == ["ok"]' >/dev/null ||
    fail 'the trail is not proved:' "$(cli doctor)" || return 1
  as "$ANN" PUT /users/me -d '{"first_name":"Anna"}'
  assert_status 200
}

begin() {
  gate_start --workers 2
  wishes_make
  sleep 0.6
  PIDS=$(gate_pids) STATE=$(state)
}

@test "every route of the table that changes something is asked here" {
  gate_start
  wishes_make
  diff <(awk -F'\t' '$1 ~ /^(POST|PUT|DELETE)$/ && $2 !~ /predict|explain|classify|regress|infer|invocations|hf|repository.index|compare|draw|decrypt|\/api\/test/ {print $1, $2}' "$TABLE" | sort) \
    <(cut -d'|' -f1 <<<"$WISHES" | sort -u)
}

@test "while another holds the database every change is a 503, and nothing is half-done" {
  begin
  database_hold
  assert_all_refused busy\|work\|looked
  database_let_go
  assert_untouched
}

@test "on a read-only database every change is a 503, and nothing is half-done" {
  begin
  gate_stop
  chmod 0400 "$G/home"/forestgate.db* "$G/home"/work.db*
  gate_start --workers 2
  PIDS=$(gate_pids)
  assert_all_refused read-only
  chmod 0600 "$G/home"/forestgate.db* "$G/home"/work.db*
  # By both workers: of so many in a row each takes some.
  taken() {
    for name in A B C D E F G H; do
      as "$ANN" PUT /users/me -d "{\"first_name\":\"$name\"}" && [ "$status" = 200 ] || return 1
    done
  }
  [ "$(state)" = "$STATE" ] || fail "$(diff <(echo "$STATE") <(state))"
  wait_for 100 taken
  STATE=$(state)
  assert_untouched
}

@test "on a full disk every change is a 503, and nothing is half-done" {
  am_root || skip 'only root can mount'
  mkdir -p "$G/small"
  mount -t tmpfs -o size=24m,mode=0755 none "$G/small" 2>/dev/null || skip 'mounting is not allowed here'
  mv "$G/home" "$G/small/home"
  ln -s small/home "$G/home"
  begin
  dd if=/dev/zero of="$G/small/fill" bs=4096 2>/dev/null || :
  # The rest of the last pages of the database's own log is used up first.
  for _ in {1..300}; do
    as "$ANN" PUT /users/me -d '{"first_name":"Ann","country":"Fill"}'
    [ "$status" = 200 ] || break
  done
  STATE=$(state)
  assert_all_refused 'no space|busy|work|looked'
  rm "$G/small/fill"
  assert_untouched
  gate_stop
  rm "$G/home" && umount "$G/small"
}
