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

@test "a build that fails is a failure" {
  unit a 'echo 1..1; echo ok 1 - x'
  run -1 env MAKE=false BUILD=build "$tree/tests/run" unit
  [ "${lines[-1]}" = '0 passed, 1 failed' ]
}
