#!/usr/bin/env bats
# tests/cli/key.bats: making, listing and ending keys.

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
    ((.expires_at | sub("\\.[0-9]+Z"; "Z") | fromdate) - $now - 30 * 86400 | fabs < 5)' <<<"$output"
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
