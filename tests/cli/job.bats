#!/usr/bin/env bats
# tests/cli/job.bats: forestgate job: list, show, cancel.

# shellcheck disable=SC2154,SC2016 # set by bats and lib/api; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/runner

setup_file() {
  gate_home
  submit 3
  cli work --drain
  "$BUILD/jobs" "$G/home" submit 1 account missing >/dev/null
  cli work --drain
  "$BUILD/jobs" "$G/home" submit 2 another iris >/dev/null
}

NOBODYS=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b

misuse() {
  local text=$1
  shift
  run --separate-stderr cli "$@"
  [ "$status" = 2 ] || fail "$* ended with $status: $stderr"
  [[ "$stderr" == *"$text"* ]] || fail "$*: $stderr"
}

list() { cli job list --json "$@"; }

@test "options that are not allowed are usage errors, and what is allowed is told" {
  misuse 'allowed: pending, processing, completed, failed or cancelled' job list --status 'done'
  misuse '--limit' job list --limit -1
  misuse 'one too many' job list --account a --user b
  misuse 'one of them' job list --json --csv
  misuse 'usage: forestgate job show UUID' job show
  misuse 'usage: forestgate job cancel UUID' job cancel
  run cli job
  [ "$status" = 2 ]
  run cli job run
  [ "$status" = 2 ]
}

@test "a job that is not there is neither shown nor cancelled" {
  for verb in show cancel; do
    for uuid in "$NOBODYS" x '' "../../etc/passwd" "a' OR 1 --"; do
      run --separate-stderr cli job "$verb" "$uuid"
      [ "$status" = 1 ]
      [[ "$stderr" == *'there is no such job'* ]] || fail "$verb $uuid: $stderr"
    done
  done
  run --separate-stderr cli job list --user nobody@example.org
  [ "$status" = 1 ]
}

@test "the list is newest first, and can be narrowed" {
  list --limit 0 | jq -e 'length == 6 and ([.[].created_at] | . == (sort | reverse))' >/dev/null
  list --status completed | jq -e 'length == 3 and all(.[]; .status == "completed" and .result_label == "setosa")' >/dev/null
  list --status failed | jq -e 'length == 1 and .[0].reason == "the model missing is there no more"' >/dev/null
  list --status processing | jq -e 'length == 0' >/dev/null
  list --model missing | jq -e 'length == 1' >/dev/null
  list --account another | jq -e 'length == 2 and all(.[]; .account == "another" and .status == "pending")' >/dev/null
  list --user another | jq -e 'length == 2' >/dev/null
  list --limit 4 | jq -e 'length == 4' >/dev/null
  [ "$(cli job list --csv --limit 0 | wc -l)" = 7 ]
  run cli job list
  [[ "${lines[0]}" == 'JOB UUID'*STATUS*MODEL*REASON ]] || fail "${lines[0]}"
}

@test "a job is shown, to a person as to a program" {
  uuid=$(list --status completed --limit 1 | jq -r '.[0].job_uuid')
  cli job show "$uuid" --json | jq -e '.job_uuid == "'"$uuid"'" and .model == "iris" and .version == 1 and
    .attempts == 1 and .code == 200 and (.result_score | type) == "number" and .ended_at >= .started_at and
    .reason == null' >/dev/null
  run cli job show "$uuid"
  [[ "$output" == *'status        completed'* ]] || fail "$output"
  pending=$(list --status pending --limit 1 | jq -r '.[0].job_uuid')
  cli job show "$pending" --json | jq -e '.started_at == null and .ended_at == null and .version == null and
    .result_score == null' >/dev/null
}

@test "cancelling is told in the audit trail; what has ended is not cancelled" {
  uuid=$(list --status pending --limit 1 | jq -r '.[0].job_uuid')
  run cli job cancel "$uuid"
  [ "$status" = 0 ]
  [ "$output" = "job $uuid is cancelled" ]
  [ "$(job "$uuid" status)" = cancelled ]
  cli audit list --action job.cancel --json | jq -e 'length == 1 and .[0].target == "job:'"$uuid"'" and
    .[0].before.status == "pending" and .[0].after.status == "cancelled"' >/dev/null ||
    fail "$(cli audit list --json | jq '.[0]')"
  run --separate-stderr cli job cancel "$uuid"
  [ "$status" = 1 ]
  [[ "$stderr" == *'it is cancelled'* ]]
  uuid=$(list --status completed --limit 1 | jq -r '.[0].job_uuid')
  run --separate-stderr cli job cancel "$uuid"
  [ "$status" = 1 ]
  [[ "$stderr" == *'it is completed'* ]]
  cli audit check >/dev/null
  cli job cancel "$(list --status pending --limit 1 | jq -r '.[0].job_uuid')" --json |
    jq -e '.status == "cancelled"' >/dev/null
}
