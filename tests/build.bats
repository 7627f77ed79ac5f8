#!/usr/bin/env bats
# tests/build.bats: what make builds anew, and what the programs are.
# shellcheck disable=SC2030 # each test has a status of its own

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
  # Of all it is never said, as it has a command: the one that says nothing.
  local made=(build/forestgate build/forestgate.fcgi)
  for first in build "$tree/build"; do
    for second in build "$tree/build"; do
      build BUILD="$first" all
      build BUILD="$second" -q "${made[@]}" # 0: nothing is to be done
      touch -d '1 minute' "$tree/src/base/one.h"
      run -1 build BUILD="$second" -q "${made[@]}"
      rm -r "$tree/build"
      touch "$tree/src/base/one.h"
    done
  done
}

@test "whatever is built in and has changed is built in anew, and so is all by a Makefile that has" {
  local file
  cd "$BATS_TEST_DIRNAME/.."
  # From the table that is made of www/ its first and its last, since each takes a make.
  files=$(sed -n 's/^EMBED([a-z_0-9]*, "\(.*\)");$/\1/p' src/*/*.c)
  [ "$(wc -w <<<"$files")" -ge 5 ]
  for file in $files www/index.html www/ui/style.css; do
    by=$(grep -lF "\"$file\"" src/*/*.c || echo src/http/pages.c)
    run -0 make -n BUILD="${BUILD:-build}" LIBS= CLI_LIBS= -W "$file" all
    [[ "$output" == *" CC $by"* ]] || { echo "not for $file" >&2; return 1; }
  done
  run -0 make -n BUILD="${BUILD:-build}" LIBS= CLI_LIBS= -W Makefile all
  [[ "$output" == *' CC src/cmd/worker.c'* ]]
}

# ---- what the programs are ----

# What make would do is in output, with all that it knows; whether something is to be done does
# not matter.
says() {
  # shellcheck disable=SC2031 # that of this run
  run make -s -C "$BATS_TEST_DIRNAME/.." -pn -q LIBS= && [ "$status" -le 1 ]
}

# Those that are there: this file does not build them.
each_program() {
  programs=${BUILD:-$BATS_TEST_DIRNAME/../build}
  case $programs in /*) ;; *) programs=$BATS_TEST_DIRNAME/../$programs ;; esac
  if grep -q __asan_init "$programs/forestgate"; then skip 'a sanitizer is in the way'; fi
  for program in forestgate forestgate.fcgi; do
    "$@" "$programs/$program" || {
      echo "$program: $*" >&2
      return 1
    }
  done
}

is_moved_anywhere() { # position-independent
  readelf -hW "$1" | grep -q 'Type:.*DYN' && readelf -dW "$1" | grep -q 'Flags:.* PIE'
}

is_bound_and_read_only() { # full RELRO
  readelf -lW "$1" | grep -q GNU_RELRO && readelf -dW "$1" | grep -qE 'Flags:.* NOW|BIND_NOW'
}

has_no_executable_stack() {
  readelf -lW "$1" | awk '$1 == "GNU_STACK" {stack = $7} END {exit stack != "RW"}'
}

# Nothing that is executed is written, and what is only read is not executed.
has_separate_code() {
  readelf -lW "$1" | awk '$1 == "LOAD" {flags = ""; for (i = 7; i < NF; i++) flags = flags $i
      if (flags ~ /E/) { code++; if (flags ~ /W/) bad = 1 } else plain++ }
    END {exit bad || code != 1 || plain < 2}'
}

checks_its_stack() { readelf --dyn-syms -W "$1" | grep -q __stack_chk_fail; }

checks_its_buffers() { # _FORTIFY_SOURCE
  [ "$(readelf --dyn-syms -W "$1" | grep -cE ' __(memcpy|snprintf|vsnprintf|fprintf|read|pread)_chk')" -ge 3 ]
}

has_no_path_of_the_builder() { ! readelf -dW "$1" | grep -qE 'RPATH|RUNPATH'; }

@test "the programs are moved anywhere, bound at the start and read-only where they can be" {
  each_program is_moved_anywhere
  each_program is_bound_and_read_only
  each_program has_no_executable_stack
  each_program has_separate_code
  each_program has_no_path_of_the_builder
}

@test "the programs check their stack and their buffers" {
  # Of which level a program does not tell.
  says
  [[ "$output" == *-D_FORTIFY_SOURCE=3* && "$output" == *-fstack-protector-strong* ]]
  each_program checks_its_stack
  each_program checks_its_buffers
}

@test "where the compiler has marks for jumps (CET), each function that is jumped to has one" {
  case $(uname -m) in x86_64) ;; *) skip 'of x86 alone' ;; esac
  says
  [[ "$output" == *'HARDENED := '*'-fcf-protection=full'* ]] || skip 'this compiler has none'
  # main() is called by the C library through a pointer.
  each_program begins_main_with_a_mark
}

begins_main_with_a_mark() { objdump -d --disassemble=main "$1" | grep -A1 '<main>:' | grep -q endbr64; }

# ---- those of `make hosting`, which have all libraries in them and no names ----

each_static() {
  programs=${BUILD:-$BATS_TEST_DIRNAME/../build}
  case $programs in /*) ;; *) programs=$BATS_TEST_DIRNAME/../$programs ;; esac
  for program in "$programs/hosting/forestgate" "$programs/hosting/forestgate.fcgi"; do
    "$@" "$program" || {
      echo "$program: $*" >&2
      return 1
    }
  done
}

has_all_in_it() { ! readelf -dW "$1" | grep -q NEEDED && ! readelf -lW "$1" | grep -q INTERP; }

# Here the C library's checks are inside: what ends a program for its stack, and for a buffer.
has_the_checks() {
  LC_ALL=C grep -aq 'stack smashing detected' "$1" && LC_ALL=C grep -aq 'buffer overflow detected' "$1"
}

# Where the C library is told of main() is all that is left of its name.
marks_main() {
  local start main
  start=$(readelf -hW "$1" | awk '/Entry point/ {print $NF}')
  main=$(objdump -d --start-address="$start" --stop-address=$((start + 64)) "$1" | sed -n 's/.*lea .*(%rip),%rdi *# \(0x\)*\([0-9a-f]*\).*/0x\2/p' | head -n 1)
  [ -n "$main" ] && objdump -d --start-address="$main" --stop-address=$((main + 4)) "$1" | grep -q endbr64
}

@test "the static programs are moved anywhere, bound at the start and read-only where they can be" {
  each_static has_all_in_it
  each_static is_moved_anywhere
  each_static is_bound_and_read_only
  each_static has_no_executable_stack
  each_static has_separate_code
  each_static has_no_path_of_the_builder
}

@test "the static programs check their stack and their buffers" {
  each_static has_the_checks
  # By whom these are called cannot be seen any more, but in what they were linked of.
  local checks
  checks=$(nm -u "$programs/hosting/libforestgate.a")
  [ "$(grep -c ' __stack_chk_fail$' <<<"$checks")" -ge 100 ]
  [ "$(grep -cE ' __(memcpy|snprintf|vsnprintf|fprintf|read|pread)_chk$' <<<"$checks")" -ge 20 ]
}

@test "where the compiler has marks for jumps (CET), main of the static programs has one" {
  case $(uname -m) in x86_64) ;; *) skip 'of x86 alone' ;; esac
  says
  [[ "$output" == *'HARDENED := '*'-fcf-protection=full'* ]] || skip 'this compiler has none'
  each_static marks_main
}
