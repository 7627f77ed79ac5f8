#!/usr/bin/env bats
# tests/build.bats: what make builds anew.

bats_require_minimum_version 1.5.0

# A tree of its own, of one header, one source that includes it, and programs of nothing.
setup() {
  tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/src/base" "$tree/src/cmd"
  cp "$BATS_TEST_DIRNAME/../Makefile" "$tree/"
  echo 'int one(void);' >"$tree/src/base/one.h"
  printf '#include "base/one.h"\nint one(void)\n{\n    return 1;\n}\n' >"$tree/src/base/one.c"
  for program in worker forestgate; do
    printf 'int main(void)\n{\n    return 0;\n}\n' >"$tree/src/cmd/$program.c"
  done
}

# make, as a newcomer has it, whatever this test was started by.
build() { env -u MAKEFLAGS -u MAKELEVEL -u BUILD make -s -C "$tree" LIBS= CLI_LIBS= "$@"; }

@test "a header that has changed builds anew what includes it, however BUILD was spelled before" {
  for first in build "$tree/build"; do
    for second in build "$tree/build"; do
      build BUILD="$first" all
      build BUILD="$second" -q all # 0: nothing is to be done
      touch -d '1 minute' "$tree/src/base/one.h"
      run -1 build BUILD="$second" -q all
      rm -r "$tree/build"
      touch "$tree/src/base/one.h"
    done
  done
}
