#!/usr/bin/env bats
# tests/cli/tier.bats: making, listing and deleting tiers.

# shellcheck disable=SC2154,SC2016 # set or read by bats and lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() { cli init >/dev/null; }

tier() { cli tier list --json | jq -c --arg name "$1" '.[] | select(.name == $name)'; }

# misuse TEXT ARGUMENT...: a usage error whose message has the text.
misuse() {
  local text=$1
  shift
  run --separate-stderr cli "$@"
  [ "$status" = 2 ] || fail "$* ended with $status: $stderr"
  [[ "$stderr" == *"$text"* ]] || fail "$*: $stderr"
  [ -z "$output" ]
}

@test "a new home has four tiers" {
  cli tier list --json | jq -e 'map([.name, .limits, .price, .shadow, .keys]) == [
    ["free", "5/60s,100/day", "call", false, 0], ["premium", "1000/60s", "call", false, 0],
    ["standard", "100/60s,10000/day", "call", false, 0], ["unlimited", "", "call", false, 0]]'
  run cli tier list
  [ "$status" = 0 ]
  [[ "${lines[0]}" == NAME*LIMITS && "${lines[1]}" == free*5/60s,100/day ]]
}

@test "names, rates, quotas and prices that are not allowed are usage errors that say what is" {
  before=$(cli tier list --json)
  for name in '' A 'a b' a.b _a 'ä' "$(printf 'x%.0s' {1..33})" "$(printf 'x%.0s' {1..100000})" "a'--"; do
    misuse 'a-z, 0-9' tier set "$name"
  done
  for rate in 5 5/ /60s 5/60 0/60s 5/0s 5/day 5/60x 1.5/60s 1e3/60s 5/367d 1000000001/60s ' 5/60s' ',' \
    "5/60s,,6/1h" "$(printf '9%.0s' {1..100000})/60s"; do
    misuse 'such as 5/60s' tier set x --rate "$rate"
  done
  misuse 'ends in a comma' tier set x --rate 5/60s,
  for quota in 5 5/60s 5/Day 5/week 5/year 0/day -1/day 1000000001/day 'day' '5/day/day'; do
    misuse 'such as 1000/day' tier set x --quota "$quota"
  done
  misuse 'two limits for 60s' tier set x --rate 5/60s --rate 6/1m
  misuse 'two limits for a day' tier set x --quota 5/day --quota 6/day
  misuse '4 rates' tier set x --rate 1/1s --rate 1/2s --rate 1/3s --rate 1/4s --rate 1/5s
  misuse 'call or row' tier set x --price rows
  misuse 'call or row' tier set x --price ''
  misuse 'given twice' tier set x --price row --price row
  mapfile -t many < <(printf -- '--rate=1/%ds\n' {1..20})
  misuse 'too often' tier set x "${many[@]}"
  misuse 'takes no value' tier set x --shadow=no
  misuse 'usage: forestgate tier set NAME' tier set
  misuse 'usage: forestgate tier delete NAME' tier delete
  [ "$(cli tier list --json)" = "$before" ]
}

@test "set makes a tier, with repeated options and with lists" {
  cli tier set gold --rate 100/1m --rate=5/1s --quota 20000/month --quota 1000/day --price row --shadow --json |
    jq -e '.name == "gold" and .limits == "5/1s,100/60s,1000/day,20000/month" and .price == "row" and .shadow and
      .policies == [{name: "1s", kind: "rate", count: 5, seconds: 1}, {name: "60s", kind: "rate", count: 100, seconds: 60},
        {name: "day", kind: "quota", count: 1000}, {name: "month", kind: "quota", count: 20000}]'
  run cli tier set silver --rate 5/1s,100/60s --quota 1000/day,20000/month
  [ "$status" = 0 ]
  [[ "$output" == *"silver has 5/1s,100/60s,1000/day,20000/month"* ]]
  [ "$(tier gold | jq -c .policies)" = "$(tier silver | jq -c .policies)" ]
}

@test "set replaces all of a tier that there is" {
  cli tier set again --rate 5/1s --quota 1000/day --price row --shadow
  run cli tier set again --quota 7/month
  [ "$status" = 0 ]
  tier again | jq -e '.limits == "7/month" and .price == "call" and (.shadow | not)'
  run cli tier set again
  [[ "$output" == *'no limits'* ]]
  tier again | jq -e '.limits == "" and .policies == []'
}

@test "a tier that keys have is not deleted, and how many they are is told" {
  cli tier set held
  one=$(cli key create --name one --tier held --json | jq -r .id)
  two=$(cli key create --name two --tier held --json | jq -r .id)
  run cli tier delete held
  [ "$status" = 1 ]
  [[ "$output" == *'2 keys are'*'forestgate key set'* ]] || fail "$output"
  tier held | jq -e '.keys == 2'
  cli key revoke "$one"
  run cli tier delete held
  [[ "$status" = 1 && "$output" == *'1 key is'* ]] || fail "$output"
  cli key set "$two" --tier free
  run cli tier delete held
  [ "$status" = 0 ]
  [ -z "$(tier held)" ]
  run cli tier delete held
  [[ "$status" = 1 && "$output" == *'there are: '*free* ]] || fail "$output"
  # The revoked key is still shown, and listed.
  cli key show "$one" --json | jq -e '.tier == "held" and .limits == null and .state == "revoked"'
  cli key show "$one" | grep -q '^limits  *-'
  cli key list --json | jq -e --arg id "$one" 'any(.[]; .id == $id)'
}

@test "an expired key holds its tier: its time may be given back" {
  cli tier set short
  id=$(cli key create --name short --tier short --expires 1s --json | jq -r .id)
  sleep 1.1
  run cli tier delete short
  [ "$status" = 1 ]
  cli key set "$id" --expires never --json | jq -e '.state == "active" and .expires_at == null'
}

@test "many makers at once: every tier is there and the epoch is settled" {
  for i in {1..8}; do cli tier set "many-$i" --rate "$i/60s" >/dev/null 3>&- & done
  wait
  [ "$(cli tier list --json | jq '[.[] | select(.name | startswith("many-"))] | length')" = 8 ]
  [ $(($(od -An -tu8 "$G/home/epoch") % 2)) = 0 ]
}

@test "a key made while its tier is deleted: either it is refused or the tier stays" {
  for round in {1..8}; do
    cli tier set race >/dev/null
    cli tier delete race >/dev/null 2>&1 3>&- &
    cli key create --name race --tier race --json >"$BATS_TEST_TMPDIR/key" 2>/dev/null 3>&- &
    wait
    if [ -s "$BATS_TEST_TMPDIR/key" ]; then
      tier race | jq -e '.keys == 1' || fail "round $round: $(cat "$BATS_TEST_TMPDIR/key")"
      cli key revoke "$(jq -r .id "$BATS_TEST_TMPDIR/key")" >/dev/null
    fi
  done
  cli key list >/dev/null
}
