#!/usr/bin/env bats
# tests/front/crowd.bats: what address_connections bounds: how much of a front one address may
# hold, while others are served.
# shellcheck disable=SC2034,SC2154 # what lib/front reads and sets

load ../lib/front

setup() { T='' FRONT_PID='' SPAWN_PID=''; }
teardown() { front_teardown; }

firewalled() {
  am_root || skip 'not root, who alone has a firewall'
  unshare --net /usr/sbin/nft list ruleset || skip 'the kernel has no nftables here'
  unshare --net nft list ruleset >/dev/null 2>&1 || skip 'this kernel gives out no firewall'
  unshare --net "$TOP/tests/lib/crowd" "$1"
}

predict_from() { ask --interface "$1" -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict; }
served_from() { predict_from "$1" && [ "$status" = 200 ]; }

# hold ADDRESS: thirty slow bodies, until let_go.
hold() {
  rm -f "$T/idle"
  coproc IDLE { /usr/bin/python3 -I -S "$TOP/tests/lib/siege.py" idle 30 "${URL##*:}" body "$1" >"$T/idle" 2>&1; }
  wait_for 200 grep -qs 'open 30' "$T/idle" || { cat "$T/idle" >&2 && return 1; }
}
let_go() {
  local pid=$IDLE_PID fd=${IDLE[1]}
  exec {fd}>&-
  wait "$pid"
}

@test "behind the firewall's rules an address holds so many connections to lighttpd, and others are served" {
  firewalled lighttpd-socket
}
@test "behind the firewall's rules an address holds so many connections to Apache, and others are served" {
  firewalled apache-proxy
}
@test "behind the firewall's rules an address holds so many connections to nginx, and others are served" {
  firewalled nginx
}

@test "nginx refuses an address one request more than it may have on their way, with a 429, and serves others" {
  SETTINGS='address_rate = off
address_connections = 20
trusted_proxies = 127.0.0.3' front_setup nginx
  hold 127.0.0.1
  refused() { ask --interface 127.0.0.1 "$@" && [ "$status" = 429 ]; }
  wait_for 100 refused /health
  assert_problem 429 too_many_requests
  [ "$(header_of retry-after)" = 1 ]
  [ "$(header_of x-content-type-options)" = nosniff ]
  predict_from 127.0.0.1
  assert_problem 429 too_many_requests
  # What was refused is told without its query, and nowhere else.
  refused '/models?secret=1'
  grep -q '"GET /models" 429$' "$T/front/front.log"
  run grep -r secret=1 "$T/front" "$T/out" "$T/home/logs"
  [ "$status" = 1 ] || { echo "$output" >&2 && return 1; }
  predict_from 127.0.0.2
  assert_status 200
  let_go
  wait_for 100 served_from 127.0.0.1

  hold 127.0.0.3
  predict_from 127.0.0.3
  assert_status 200
  let_go
}
