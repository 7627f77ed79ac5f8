#!/usr/bin/env bats
# tests/runner.bats: tests/run counts what really ran, and a test that did not is a
# failure.

bats_require_minimum_version 1.5.0

# A tree of its own, whose builds are nothing.
setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/tests/unit" "$tree/build/tests"
  cp "$BATS_TEST_DIRNAME/run" "$tree/tests/"
}

# unit NAME SCRIPT: a unit test that says this.
unit() {
  touch "$tree/tests/unit/test_$1.c"
  printf '#!/bin/sh\n%s\n' "$2" >"$tree/build/tests/test_$1"
  chmod 755 "$tree/build/tests/test_$1"
}

# runs STATUS LAST-LINE
runs() {
  run "-$1" env MAKE=true BUILD=build "$tree/tests/run" unit
  [ "${lines[-1]}" = "$2" ]
}

@test "what passed and what was skipped is counted over all jobs" {
  unit a 'echo 1..2; echo ok 1 - x; echo ok 2 - y'
  unit b 'echo 1..3; echo ok 1 - x; echo "ok 2 - y # skip no reason"; echo "not ok 3 # SKIP z"'
  runs 0 '3 passed, 0 failed, 2 skipped'
}

@test "a failure is shown in full and fails the run" {
  unit a 'echo 1..2; echo ok 1 - x; echo not ok 2 - y; echo "# why"; exit 1'
  runs 1 '1 passed, 1 failed'
  [[ "$output" == *'# why'* ]]
}

@test "a job that ends before its plan has failed in what is missing" {
  unit a 'echo 1..5; echo ok 1 - x; exit 0'
  runs 1 '1 passed, 4 failed'
}

@test "a job that ends badly after its last test has failed" {
  unit a 'echo 1..1; echo ok 1 - x; exit 3'
  runs 1 '1 passed, 1 failed'
}

@test "a job that runs nothing has failed, and so has a group without jobs" {
  unit a 'exit 0'
  runs 1 '0 passed, 1 failed'
  rm "$tree"/tests/unit/*
  run -1 env MAKE=true BUILD=build "$tree/tests/run" bats
  [ "${lines[-1]}" = '0 passed, 1 failed' ]
}

# A fuzzer that says what it was told.
fuzzer() {
  mkdir -p "$tree/tests/fuzz/corpus/$1" "$tree/build/fuzzers/fuzz"
  touch "$tree/tests/fuzz/fuzz_$1.c"
  printf '#!/bin/sh\necho fuzzed %s "$@" >>"%s/fuzzed"\n' "$1" "$tree" >"$tree/build/fuzzers/fuzz/fuzz_$1"
  chmod 755 "$tree/build/fuzzers/fuzz/fuzz_$1"
}

# `make fuzz ...`, with an etc/setup that has all that is needed, and builds that are noted.
make_fuzz() {
  mkdir -p "$tree/etc"
  printf '#!/bin/sh\n' >"$tree/etc/setup"
  printf '#!/bin/sh\necho "$@" >>"%s/built"\n' "$tree" >"$tree/builder"
  chmod 755 "$tree/etc/setup" "$tree/builder"
  cp "$BATS_TEST_DIRNAME/../Makefile" "$tree/"
  run env -u MAKEFLAGS -u MAKELEVEL make -s -C "$tree" fuzz BUILD=build MAKE="$tree/builder" "$@"
}

@test "make fuzz SECONDS= runs each fuzzer for so long, on its corpus, and FUZZERS= those alone" {
  fuzzer url
  fuzzer json
  make_fuzz SECONDS=7
  [ "$status" = 0 ] && [ "${lines[-1]}" = '2 passed, 0 failed' ]
  [ "$(grep -cE '^fuzzed (url|json) -max_total_time=7 .*/found/fuzz_(url|json) tests/fuzz/corpus/(url|json)$' "$tree/fuzzed")" = 2 ]
  grep -q 'build/fuzzers/fuzz/fuzz_json build/fuzzers/fuzz/fuzz_url ' "$tree/built"
  rm "$tree/fuzzed"
  make_fuzz SECONDS=1 FUZZERS=url
  [ "$status" = 0 ] && [ "${lines[-1]}" = '1 passed, 0 failed' ]
  [ "$(cut -d' ' -f2,3 "$tree/fuzzed")" = 'url -max_total_time=1' ]
  make_fuzz SECONDS=1 FUZZERS='url none'
  [ "$status" != 0 ] && [[ "$output" == *'no fuzzer tests/fuzz/fuzz_none.c'* ]]
}

@test "a fuzzer that finds something fails the run, and says how to see it again" {
  fuzzer url
  echo 'exit 77' >>"$tree/build/fuzzers/fuzz/fuzz_url"
  make_fuzz SECONDS=1
  [ "$status" != 0 ] && [[ "$output" == *'again: build/fuzzers/fuzz/fuzz_url FILE'* ]]
}

@test "a build that fails is a failure" {
  unit a 'echo 1..1; echo ok 1 - x'
  run -1 env MAKE=false BUILD=build "$tree/tests/run" unit
  [ "${lines[-1]}" = '0 passed, 1 failed' ]
}
