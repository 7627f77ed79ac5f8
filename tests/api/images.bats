#!/usr/bin/env bats
# tests/api/images.bats: what a worker holds of an image: a mapping of the one file, of which
# it has looked at little before it is asked.

bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  gate_home
  "$FORESTGATE" model train "$TOP/model/houses.csv" --target price --trees 200 -o "$G/houses.fgm" >/dev/null
  cli model publish houses "$G/houses.fgm" >/dev/null
  gate_start --workers 3
}

teardown_file() { gate_stop; }

# mapped PID FIELD: what the kernel says of the worker's mappings of the image, in KB.
mapped() {
  awk -v field="$2:" '/^[0-9a-f]+-[0-9a-f]+ / { ours = /models\/houses\/1.fgm$/ }
    ours && $1 == field { sum += $2 } END { print sum + 0 }' "/proc/$1/smaps"
}

# holders: the workers that have mapped the image, as each does with its first call.
holders() {
  for pid in $(gate_pids); do
    if [ "$(mapped "$pid" Size)" -gt 5000 ]; then echo "$pid"; fi
  done
}

some_hold() {
  clients "$KEY" 6 3 >/dev/null
  [ "$(holders | wc -l)" -ge 2 ]
}

@test "a worker serves before it has read the trees of an image" {
  wait_for 20 some_hold || fail "the image is mapped in: $(holders)"
  for pid in $(holders); do
    [ "$(mapped "$pid" Rss)" -lt $(($(mapped "$pid" Size) / 4)) ] || fail "$(mapped "$pid" Rss) KB were read"
  done
}

@test "all workers hold one copy of an image" {
  for _ in $(seq 12); do
    call POST /models/houses/predict -k "$KEY" -d '{"features":[30,120.5,true,false,"suburb"]}'
    assert_status 200
  done
  for pid in $(holders); do
    [ "$(mapped "$pid" Private_Dirty) $(mapped "$pid" Anonymous)" = '0 0' ] || fail "worker $pid has pages of its own"
    grep 'models/houses/1.fgm$' "/proc/$pid/maps" | awk '{ print $4, $5, substr($2, 1, 2) }' >>"$BATS_TEST_TMPDIR/all"
  done
  sort -u "$BATS_TEST_TMPDIR/all" >"$BATS_TEST_TMPDIR/copies"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/all")" -ge 2 ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/copies")" = 1 ] || fail "$(cat "$BATS_TEST_TMPDIR/copies")"
  grep -q ' r-$' "$BATS_TEST_TMPDIR/copies"
}
