#!/usr/bin/env bats
# tests/floors.bats: tests/floors holds for this house, and sees what it is to see.

bats_require_minimum_version 1.5.0

setup() {
  src=$BATS_TEST_TMPDIR/src
  mkdir -p "$src"/{cmd,http,gate,forest,store,base}
  echo '#include <fcgiapp.h>' >"$src/http/fcgi.c"
  printf '#include "store/db.h"\n#include <sqlite3.h>\n' >"$src/store/db.c"
  printf '#include "base/buf.h"\n' >"$src/store/db.h"
  printf '#include <stdio.h>\n' >"$src/base/buf.h"
  printf '#include "http/fcgi.h"\n#include "base/buf.h"\n' >"$src/cmd/main.c"
}

floors() { "$BATS_TEST_DIRNAME/floors" "$@"; }

# plant LINE FILE: the file gets the line, and floors names the file.
plant() {
  echo "$1" >>"$src/$2"
  run -1 floors "$src"
  [[ "$output" == *"src/$2:"* ]]
}

@test "this house has no arrow up" {
  floors
}

@test "a house without one passes" {
  floors "$src"
}

@test "an arrow up is found" {
  plant '#include "gate/key.h"' base/buf.h
}

@test "an arrow up by one floor is found, with spaces in it" {
  plant '  #  include "http/reply.h"' gate/key.c
}

@test "the forest may not know the store" {
  plant '#include "store/db.h"' forest/walk.c
}

@test "fcgiapp.h is for http/fcgi.c alone" {
  plant '#include <fcgiapp.h>' http/reply.c
}

@test "sqlite3.h is for the .c files of store alone" {
  plant '#include <sqlite3.h>' store/db.h
}

@test "a circle of headers is found" {
  echo '#include "base/a.h"' >"$src/base/b.h"
  echo '#include "base/c.h"' >"$src/base/a.h"
  echo '#include "base/b.h"' >"$src/base/c.h"
  run -1 floors "$src"
  [[ "$output" == *'a circle of headers'*a.h* ]]
}

@test "a directory that is no floor is found" {
  mkdir "$src/util"
  echo >"$src/util/x.c"
  run -1 floors "$src"
  [[ "$output" == *'util is not a floor'* ]]
}

@test "an empty house is no pass" {
  rm -r "${src:?}"/*
  run -1 floors "$src"
}
