#!/usr/bin/env bats
# tests/cli/key.bats: making, listing and ending keys.

# shellcheck disable=SC2154,SC2030,SC2031 # set or read by bats and lib/api
bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  train_iris "$G/wine.fgm"
  cli model publish wine "$G/wine.fgm" >/dev/null
}

CRC_OK=' (fg_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6})'

@test "create prints the key alone on standard output" {
  run --separate-stderr cli key create --name partner
  [ "$status" = 0 ]
  [ "${#lines[@]}" = 1 ]
  [[ " $output" =~ ^$CRC_OK$ ]] || fail "$output"
}

@test "create --json is an object with at least id and key" {
  run --separate-stderr cli key create --name partner --models iris,wine --expires 30d --json
  [ "$status" = 0 ]
  jq -e --argjson now "$(date +%s)" '(.key | split("_")[1]) == .id and .name == "partner" and .models == "iris,wine" and
    .state == "active" and .revoked_at == null and
    ((.expires_at | sub("\\.[0-9]+Z"; "Z") | fromdate) - $now - 30 * 86400 | fabs < 60)' <<<"$output"
}

@test "twenty keys are twenty different ones" {
  for _ in {1..20}; do cli key create --name many 2>/dev/null; done | sort -u >"$BATS_TEST_TMPDIR/keys"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/keys")" = 20 ]
  [ "$(cut -d_ -f2 "$BATS_TEST_TMPDIR/keys" | sort -u | wc -l)" = 20 ]
}

@test "names and models that are not allowed are refused and make no key" {
  before=$(cli key list --json | jq length)
  for name in '' "$(printf 'n%.0s' {1..129})" $'new\nline' $'esc\e[31m' $'bad\xff' $'del\x7f'; do
    run cli key create --name "$name"
    [ "$status" != 0 ] || fail "the name $name was taken"
    if grep -q fg_ <<<"$output"; then fail 'a key was printed'; fi
  done
  for models in none '' ',' 'iris,' ',iris' 'iris,,wine' 'iris, wine' 'iris wine' Iris '*,iris' 'iris,*' '**' ../iris \
    "$(printf 'iris,%.0s' {1..300})iris"; do
    run cli key create --name x --models "$models"
    [ "$status" = 1 ] || fail "the models \"$models\" ended with $status: $output"
    if grep -q fg_ <<<"$output"; then fail 'a key was printed'; fi
  done
  run cli key create --name x --models none
  [[ "$output" == *'iris, wine'* ]] || fail "it does not say what there is: $output"
  [ "$(cli key list --json | jq length)" = "$before" ]
}

@test "a name of 128 bytes, in any writing, is taken and comes back" {
  for name in "$(printf 'ü%.0s' {1..64})" 'a "quoted", name' "it's" '日本語' '--name'; do
    cli key create --name="$name" --json 2>/dev/null | jq -e --arg name "$name" '.name == $name'
    cli key list --json | jq -e --arg name "$name" 'any(.[]; .name == $name)'
  done
}

@test "list and show tell all but the secret" {
  key=$(cli key create --name seen 2>/dev/null)
  id=$(cut -d_ -f2 <<<"$key")
  for command in 'key list' 'key list --json' "key show $id" "key show $id --json"; do
    # shellcheck disable=SC2086
    run cli $command
    [ "$status" = 0 ]
    [[ "$output" == *"$id"* && "$output" == *seen* ]] || fail "$command: $output"
    if grep -qF "$(cut -d_ -f3 <<<"$key")" <<<"$output"; then fail "$command shows the secret"; fi
    if grep -qi mac <<<"$output"; then fail "$command shows the hash"; fi
  done
  cli key list --json | jq -e 'type == "array" and all(.[]; has("id") and has("name") and has("state") and has("models"))'
  cli key show "$id" --json | jq -e '.state == "active" and .expires_at == null'
}

@test "revoke ends a key once; a second time, and one that is not there, is a failure" {
  id=$(cli key create --name end --json 2>/dev/null | jq -r .id)
  run cli key revoke "$id"
  [ "$status" = 0 ]
  cli key show "$id" --json | jq -e '.state == "revoked" and .revoked_at != null'
  run cli key revoke "$id"
  [ "$status" = 1 ]
  run cli key revoke AAAAAAAAAAAA
  [ "$status" = 1 ]
  [[ "$output" == *AAAAAAAAAAAA* ]]
  run cli key show AAAAAAAAAAAA
  [ "$status" = 1 ]
}

@test "an expired key is shown as one" {
  id=$(cli key create --name short --expires 1s --json 2>/dev/null | jq -r .id)
  sleep 1.1
  cli key show "$id" --json | jq -e '.state == "expired"'
}

@test "a full key that is pasted where an id belongs is not printed again" {
  key=$(cli key create --name pasted 2>/dev/null)
  for verb in show revoke; do
    run cli key "$verb" "$key"
    if grep -qF "$(cut -d_ -f3 <<<"$key")" <<<"$output"; then fail "$verb prints it: $output"; fi
  done
}

@test "many makers at once: every key is there and every one is good" {
  for i in {1..10}; do cli key create --name "at once $i" >"$BATS_TEST_TMPDIR/key.$i" 2>/dev/null 3>&- & done
  wait
  [ "$(cat "$BATS_TEST_TMPDIR"/key.* | grep -c ^fg_)" = 10 ]
  [ "$(cli key list --json | jq '[.[] | select(.name | startswith("at once"))] | length')" = 10 ]
  [ "$(od -An -tu8 "$G/home/epoch" | tr -d ' ')" -gt 0 ]
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
}

@test "a maker that was killed in a change leaves workers asking, not wrong" {
  # The epoch is odd then, until the next change.
  printf '\x01' | dd of="$G/home/epoch" bs=1 conv=notrunc status=none
  cgi GET /models -k "$KEY"
  assert_status 200
  id=$(cut -d_ -f2 <<<"$(cli key create --name after 2>/dev/null)")
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
  cli key show "$id" >/dev/null
}

# misuse TEXT ARGUMENT...: a usage error whose message has the text.
misuse() {
  local text=$1
  shift
  run --separate-stderr cli "$@"
  [ "$status" = 2 ] || fail "$* ended with $status: $stderr"
  [[ "$stderr" == *"$text"* ]] || fail "$*: $stderr"
  [ -z "$output" ] || fail "it printed: $output"
}

new_id() { cli key create --name "$@" --json 2>/dev/null | jq -r .id; }
show() { cli key show "$1" --json; }

@test "scopes, addresses, limits, expiry and metadata that are not allowed are usage errors" {
  before=$(cli key list --json)
  id=$(jq -r '.[0].id' <<<"$before")
  for verb in 'create --name x' "set $id"; do
    read -ra words <<<"key $verb"
    for scopes in '' ',' 'predict,' ',predict' 'predict, read' Predict write predictread "$(printf 'read,%.0s' {1..20000})x"; do
      misuse 'predict,jobs,read,admin' "${words[@]}" --scopes "$scopes"
    done
    for addresses in localhost 10.0.0.1/8 10.0.0.0/33 1.2.3 '::/129' '[::1]' fe80::1%eth0 ' ' ',' '10.0.0.0/8;::1' 'any'; do
      misuse '10.0.0.0/8' "${words[@]}" --addresses "$addresses"
    done
    misuse 'at most 32' "${words[@]}" --addresses "$(printf '10.0.0.%s ' {1..33})"
    misuse '1023' "${words[@]}" --addresses "$(printf '2001:db8:aaaa:bbbb:cccc:dddd:eeee:%x00 ' {1..32})"
    for rate in 5 5/day 0/60s ',5/60s' x; do misuse '5/60s' "${words[@]}" --rate "$rate"; done
    for quota in 5 5/60s 0/day x; do misuse '1000/day' "${words[@]}" --quota "$quota"; done
    for expires in '' 0s 30 30y -1d Never ' never' 999999999999d; do misuse never "${words[@]}" --expires "$expires"; done
    for metadata in '' x '[]' '"a"' null '{' '{"a":1,"a":2}' "{'a':1}" '{"a":NaN}' $'{"a":"\xff"}' '{} {}'; do
      misuse metadata "${words[@]}" --metadata "$metadata"
    done
    misuse '4096' "${words[@]}" --metadata "{\"a\":\"$(printf 'x%.0s' {1..4090})\"}"
    misuse 'metadata' "${words[@]}" --metadata "{\"a\":\"$(printf 'x%.0s' {1..100000})\"}"
    run cli "${words[@]}" --tier none
    [[ "$status" = 1 && "$output" == *'free, premium, standard, test, unlimited'* ]] || fail "$output"
  done
  misuse 'nothing to change' key set "$id"
  misuse 'nothing to change' key set "$id" --json
  [ "$(cli key list --json)" = "$before" ]
}

@test "a key has the tier standard and the scopes predict, jobs and read if nothing is said" {
  show "$(new_id plain)" | jq -e '.tier == "standard" and .scopes == "predict,jobs,read" and .models == "*" and
    .limits == "100/60s,10000/day" and .own_limits == "" and (.policies | length) == 2 and .price == "call" and
    .addresses == "" and .metadata == {} and .expires_at == null and .rotated_at == null and .old_until == null and
    .last_used_at == null and (.shadow | not)'
}

@test "all that is said of a key comes back from create, list and show" {
  cli tier set gold --rate 5/1s --quota 1000/day --price row --shadow >/dev/null
  cli key create --name full --tier gold --scopes read,predict --addresses '10.0.0.0/8 ::ffff:192.0.2.1' \
    --addresses 2001:DB8::/32 --rate 100/1m --rate 5/1h --quota 20000/month --models iris --expires 1d \
    --metadata '{ "team": "risk & co", "n": 12345678901234567890 }' --json >"$BATS_TEST_TMPDIR/created" 2>/dev/null
  id=$(jq -r .id "$BATS_TEST_TMPDIR/created")
  jq -e '.tier == "gold" and .scopes == "predict,read" and .addresses == "10.0.0.0/8,192.0.2.1,2001:db8::/32" and
    .limits == "100/60s,5/1h,1000/day,20000/month" and .own_limits == "100/60s,5/1h,20000/month" and
    .price == "row" and .shadow and .models == "iris" and .metadata.team == "risk & co"' "$BATS_TEST_TMPDIR/created"
  show "$id" >"$BATS_TEST_TMPDIR/shown"
  diff <(jq -S 'del(.key)' "$BATS_TEST_TMPDIR/created") <(jq -S 'del(.usage)' "$BATS_TEST_TMPDIR/shown")
  diff <(cli key list --json | jq -S --arg id "$id" '.[] | select(.id == $id)') <(jq -S 'del(.usage)' "$BATS_TEST_TMPDIR/shown")
  grep -qF '12345678901234567890' "$BATS_TEST_TMPDIR/shown"
  run cli key show "$id"
  for text in 'tier       gold' 'predict,read' '2001:db8::/32' 'its own: 100/60s,5/1h,20000/month' \
    'each row counted, not enforced' '{"team":"risk & co","n":12345678901234567890}'; do
    [[ "$output" == *"$text"* ]] || fail "no $text in: $output"
  done
}

@test "the last use is the latest of the key's sums" {
  id=$(new_id used)
  sqlite3 "$G/home/forestgate.db" "INSERT INTO usage VALUES
    ('$id', 1, 'iris', 1, 1, 1, 0, 0, 5, 86400000001), ('$id', 2, 'wine', 1, 1, 1, 0, 0, 5, 172800999999),
    ('$id', 2, '', 1, 1, 1, 0, 0, 5, 172800000000), ('other', 9, '', 1, 1, 1, 0, 0, 5, 999999999999999)"
  show "$id" | jq -e '.last_used_at == "1970-01-03T00:00:00.000Z"'
  cli key list | grep "^$id" | grep -qF '1970-01-03 00:00'
}

@test "set changes what is given and nothing else, and an empty value clears" {
  id=$(new_id changed --tier free --scopes read --addresses ::1 --rate 5/60s --quota 7/day --expires 1d --metadata '{"a":1}')
  before=$(show "$id" | jq 'del(.usage)')
  check() { # check FILTER OPTION...: the filter makes the expected of what was before
    local filter=$1
    shift
    run cli key set "$id" "$@"
    [ "$status" = 0 ] || fail "$*: $output"
    diff <(jq -S "$filter" <<<"$before") <(show "$id" | jq -S "del(.usage)") || fail "$*"
    before=$(show "$id" | jq 'del(.usage)')
  }
  check '.name = "other"' --name other
  check '.models = "iris,wine"' --models iris,wine
  check '.scopes = "predict,admin"' --scopes admin,predict
  check '.addresses = "10.0.0.0/8"' --addresses 10.0.0.0/8
  check '.addresses = ""' --addresses ''
  check '.metadata = {"b": [1, 2]}' --metadata '{"b": [1, 2]}'
  check '.metadata = {}' --metadata '{}'
  check '.expires_at = null' --expires never
  check '.own_limits = "9/1h,7/day" | .limits = "9/1h,7/day" |
    .policies = [{name: "1h", kind: "rate", count: 9, seconds: 3600}, {name: "day", kind: "quota", count: 7}]' --rate 9/1h
  check '.own_limits = "7/day" | .limits = "5/60s,7/day" |
    .policies[0] = {name: "60s", kind: "rate", count: 5, seconds: 60}' --rate ''
  check '.own_limits = "" | .limits = "5/60s,100/day" | .policies[1].count = 100' --quota ''
  check '.tier = "unlimited" | .limits = "" | .policies = []' --tier unlimited
  check '.name = "twice" | .scopes = "read"' --name twice --scopes read
  run cli key set "$id" --expires 30d --json
  jq -e --arg id "$id" --argjson now "$(date +%s)" '.id == $id and
    ((.expires_at | sub("\\.[0-9]+Z"; "Z") | fromdate) - $now - 30 * 86400 | fabs < 60)' <<<"$output"
}

@test "a key that is revoked, or is not there, is neither changed nor rotated" {
  id=$(new_id ended)
  cli key revoke "$id"
  for command in "set $id --name x" "rotate $id" "set AAAAAAAAAAAA --name x" 'rotate AAAAAAAAAAAA'; do
    read -ra words <<<"$command"
    run cli key "${words[@]}"
    [ "$status" = 1 ] || fail "$command ended with $status: $output"
    [[ "$output" == *revoked* || "$output" == *'there is no key AAAAAAAAAAAA'* ]] || fail "$output"
    if grep -q fg_ <<<"$output"; then fail 'a key was printed'; fi
  done
  misuse 'named by its id' key rotate short
  misuse 'named by its id' key set short --name x
  misuse 'usage: forestgate key rotate ID' key rotate
  show "$id" | jq -e '.rotated_at == null and .name == "ended"'
}

@test "rotate gives the same id another secret, alone on its line" {
  old=$(cli key create --name rotated 2>/dev/null)
  id=$(cut -d_ -f2 <<<"$old")
  run --separate-stderr cli key rotate "$id"
  [ "$status" = 0 ]
  [ "${#lines[@]}" = 1 ]
  [[ " $output" =~ ^$CRC_OK$ ]] || fail "$output"
  [ "$(cut -d_ -f2 <<<"$output")" = "$id" ]
  [ "$(cut -d_ -f3 <<<"$output")" != "$(cut -d_ -f3 <<<"$old")" ]
  [[ "$stderr" == *'shown this once'*'has ended now'* ]] || fail "$stderr"
  show "$id" | jq -e '.rotated_at != null and .old_until == null'
  [ "$(sqlite3 "$G/home/forestgate.db" "SELECT mac_before IS NULL AND before_until IS NULL FROM key WHERE id = '$id'")" = 1 ]
}

@test "rotate --overlap keeps the old secret for so long, and a second rotation ends it at once" {
  id=$(new_id overlapped)
  for overlap in '' 1 1y -1h x 'never'; do misuse --overlap key rotate "$id" --overlap "$overlap"; done
  cli key rotate "$id" --overlap 1h --json 2>"$BATS_TEST_TMPDIR/told" |
    jq -e --arg id "$id" '.id == $id and (.key | split("_")[1]) == $id and
      ((.old_until | sub("\\.[0-9]+Z"; "Z") | fromdate) - (.rotated_at | sub("\\.[0-9]+Z"; "Z") | fromdate)) == 3600'
  grep -q 'holds until' "$BATS_TEST_TMPDIR/told"
  if grep -q 'still good' "$BATS_TEST_TMPDIR/told"; then fail 'there was no older one'; fi
  show "$id" | jq -e '.old_until != null'
  cli key show "$id" | grep -q '^old until '
  run --separate-stderr cli key rotate "$id" --overlap 2h
  [[ "$stderr" == *'still good, and has ended now'*'holds until'* ]] || fail "$stderr"
  run --separate-stderr cli key rotate "$id"
  [[ "$stderr" == *'still good, and has ended now'*'replaces has ended now'* ]] || fail "$stderr"
  cli key revoke "$id"
  show "$id" | jq -e '.old_until == null'
}

@test "an expired key is rotated only when it has time again" {
  id=$(new_id late --expires 1s)
  sleep 1.1
  run cli key rotate "$id"
  [[ "$status" = 1 && "$output" == *expired*'key set'* ]] || fail "$output"
  cli key set "$id" --expires 1h
  cli key rotate "$id" >/dev/null
}

@test "many rotations at once: each gives a key, and exactly the last is good" {
  id=$(new_id raced --scopes read)
  for i in {1..8}; do cli key rotate "$id" >"$BATS_TEST_TMPDIR/key.$i" 2>/dev/null 3>&- & done
  wait
  good=0
  for i in {1..8}; do
    [ "$(cut -d_ -f2 "$BATS_TEST_TMPDIR/key.$i")" = "$id" ]
    cgi GET /models -k "$(cat "$BATS_TEST_TMPDIR/key.$i")"
    case $status in 200) good=$((good + 1)) ;; 401) ;; *) fail "$status" ;; esac
  done
  [ "$good" = 1 ]
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
}

@test "two changes at once of two things: neither undoes the other" {
  id=$(new_id both)
  for i in {1..6}; do
    cli key set "$id" --name "name $i" >/dev/null 3>&- &
    cli key set "$id" --addresses "10.0.0.$i" >/dev/null 3>&- &
    cli key set "$id" --rate "$i/60s" >/dev/null 3>&- &
    wait
    show "$id" | jq -e --arg i "$i" '.name == "name " + $i and .addresses == "10.0.0." + $i and .own_limits == $i + "/60s"'
  done
}

@test "a full key that is pasted where an id belongs names it, and is not printed again" {
  key=$(cli key create --name whole 2>/dev/null)
  run cli key set "$key" --name again
  [ "$status" = 0 ]
  if grep -qF "$(cut -d_ -f3 <<<"$key")" <<<"$output"; then fail "$output"; fi
  run --separate-stderr cli key rotate "$key"
  [ "$status" = 0 ]
  if grep -qF "$(cut -d_ -f3 <<<"$key")" <<<"$output$stderr"; then fail "$output"; fi
}
