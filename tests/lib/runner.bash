# tests/lib/runner.bash: runners of jobs, jobs without a front, and what became of them.
#
#   runner_start [OPTION...]  forestgate work, in the background; sets RUNNER
#   runner_stop               ends what runner_start started; sets status to how it ended
#   runner_pids               the runners, without their master
#   submit N [BODY]           N jobs for the model iris, without a front; sets UUIDS and UUID
#   submit_file FILE OUTPUT   one whose body is a file of CSV; sets UUID
#   job UUID FIELD            what forestgate job show says of it
#   result UUID               its result
#   jobs_database SQL         asks the database of jobs, past Forestgate
#   ends_count                from now on the database counts each end of a job
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what a test reads, or lib/api sets

runner_start() {
  "$FORESTGATE" --home "$G/home" work "$@" >>"$G/runner.out" 2>&1 </dev/null 3>&- 4>&- &
  RUNNER=$!
  echo "$RUNNER" >>"$G/runners"
  # shellcheck disable=SC2034
  wait_for 100 runner_has 1 || fail 'no runner came up:' "$(cat "$G/runner.out")"
}

runner_pids() { pgrep -P "$RUNNER" || :; }
runner_has() { [ "$(runner_pids | wc -l)" -ge "$1" ]; }

runner_stop() {
  status=0
  [ -n "${RUNNER:-}" ] || return 0
  kill -TERM "$RUNNER" 2>/dev/null || :
  wait "$RUNNER" 2>/dev/null || status=$?
  RUNNER=
}

# At the end of a test, whatever became of it.
runners_end() {
  local pid
  [ -e "$G/runners" ] || return 0
  while read -r pid; do
    if grep -qsz -- "$G/home" "/proc/$pid/cmdline"; then kill -KILL "$pid" 2>/dev/null || :; fi
  done <"$G/runners"
  for pid in $(pgrep -f "^$FORESTGATE --home $G/home work"); do kill -KILL "$pid" 2>/dev/null || :; done
  rm -f "$G/runners"
}

submit() {
  UUIDS=$("$BUILD/jobs" "$G/home" submit "$1" account "${MODEL:-iris}" ${2:+"$2"})
  UUID=${UUIDS##*$'\n'}
}

submit_file() { UUID=$("$BUILD/jobs" "$G/home" file "$1" csv account "${MODEL:-iris}" "$2" "${3:-csv}"); }

job() { cli job show "$1" --json | jq -r ".$2"; }
job_is() { [ "$(job "$1" status)" = "$2" ]; }
result() { "$BUILD/jobs" "$G/home" result "$1"; }

jobs_database() { sqlite3 -cmd '.timeout 20000' "$G/home/work.db" "$1"; }

none_open() { [ "$(jobs_database 'SELECT count(*) FROM job WHERE status < 2')" = 0 ]; }

ends_count() {
  jobs_database "CREATE TABLE IF NOT EXISTS ended (id INTEGER);
    DELETE FROM ended;
    CREATE TRIGGER IF NOT EXISTS ended_note AFTER UPDATE OF status ON job WHEN new.status >= 2
    BEGIN INSERT INTO ended VALUES (new.id); END"
}

# A file of rows for iris.
rows_make() { # FILE ROWS
  awk -v rows="$2" 'BEGIN {
    srand(7); print "sepal_length,sepal_width,petal_length,petal_width"
    for (i = 0; i < rows; i++)
      printf "%.1f,%.1f,%.1f,%.1f\n", 4 + 4 * rand(), 2 + 3 * rand(), 1 + 6 * rand(), 3 * rand()
  }' >"$1"
}
