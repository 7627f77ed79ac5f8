#!/usr/bin/env bats
# tests/api/hf.bats: clients of Hugging Face's inference API, of tables and of texts.  Its limits
# and large bodies are tests/api/v1.bats's.

# shellcheck disable=SC2154 # set by lib/api
load ../lib/api
load ../lib/vectors

setup_file() {
  vectors_home
  gate_start
}
teardown_file() { gate_stop; }

@test "no credential and another's model are refused" {
  local none
  call POST /hf/models/iris -d '{"inputs":"a text"}'
  assert_problem 401 unauthorized
  none=$(cli key create --name none --models price 2>/dev/null)
  call POST /hf/models/iris -k "$none" -d '{"inputs":"a text"}'
  assert_problem 403 forbidden
}

@test "what is wrong is a refusal that says where, and what is right has the protocol's answer" {
  vectors hf.jsonl
}

@test "a credential comes as the client sends it: Bearer" {
  call POST /hf/models/iris -d '{"inputs":{"data":[["5.1","3.5","1.4","0.2"]]}}' "HTTP_AUTHORIZATION=Bearer $KEY"
  assert_status 200
  [ "$(header_of content-type)" = application/json ]
  [ "$body" = '[0]' ]
}
