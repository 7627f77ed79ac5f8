# tests/lib/load.bash: many clients (load.c) against the workers of api.bash, and what the
# call log has to say of them afterwards.
#
#   load_start [OPTION...]   clients in the background, until load_stop or their -t
#   load_stop                ends them; what they saw is added to $ASKED, a line a request
#   load_end                 waits for their own end
#   clock_ns                 sets NOW, on the clock of $ASKED
#   log_agrees               fails unless log and clients agree to the last call; of a home
#                            whose only calls were those of $ASKED
#   ask SQL...               the rows of the database, with asked (id, start, end, status)
#   windows_hold N US        fails if N + 1 calls were admitted within US microseconds
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what a test or api.bash reads or sets

LOAD=$BUILD/load

load_start() {
  ASKED=$G/asked
  "$LOAD" -k "$KEY" -p "call-$RANDOM-" "$@" "$PORT" >>"$ASKED" 2>>"$G/out" 3>&- &
  CLIENTS=$!
}

load_end() {
  local client=$CLIENTS
  CLIENTS=
  wait "$client"
}

load_stop() {
  if [ -z "${CLIENTS:-}" ]; then return 0; fi
  kill "$CLIENTS" 2>/dev/null || :
  load_end
}

clock_ns() { NOW=$("$LOAD" -r true); }

# What counts is the log as any reader of it sees it: with all that was in the journal.
ask() {
  cli call list --limit 1 >/dev/null
  sqlite3 -batch -bail :memory: <<SQL
CREATE TABLE asked (id TEXT PRIMARY KEY, start INTEGER, end INTEGER, status TEXT);
.separator ' '
.import '$ASKED' asked
ATTACH 'file:$G/home/forestgate.db?mode=ro' AS home;
$*
SQL
}

# Each statement gives a line for what is wrong, and none if all is well.
log_agrees() {
  local wrong
  wrong=$(ask "
SELECT 'answered with ' || asked.status || ' and in the log with ' || coalesce(call.status, 'nothing') || ': ' || id
  FROM asked LEFT JOIN call ON request_id = id
  WHERE asked.status IN ('200', '422') AND call.status IS NOT asked.status + 0 LIMIT 5;
SELECT 'in the log with 200 and answered with ' || asked.status || ': ' || id
  FROM asked JOIN call ON request_id = id
  WHERE call.status = 200 AND asked.status NOT IN ('200', 'lost') LIMIT 5;
SELECT 'in the log, and refused: ' || id || ' with ' || asked.status FROM asked JOIN call ON request_id = id
  WHERE asked.status IN ('refused', '401', '429') LIMIT 5;
SELECT 'in the log ' || count(*) || ' times: ' || request_id FROM call
  GROUP BY request_id HAVING count(*) > 1 LIMIT 5;
SELECT 'in the log, and nobody asked: ' || request_id FROM call
  WHERE request_id NOT IN (SELECT id FROM asked) LIMIT 5;
SELECT 'charged ' || charged || ' with status ' || status || ': ' || request_id FROM call
  WHERE charged <> (status = 200) LIMIT 5;
SELECT 'the numbers are ' || min(seq) || ' to ' || max(seq) || ' of ' || count(*) || ' calls' FROM call
  HAVING count(*) > 0 AND (min(seq) <> 1 OR max(seq) <> count(*));
SELECT 'the sums are not those of the calls: ' || calls || ' for ' || mine || ', charged ' || charged
    || ' for ' || paid || ', failed ' || failed || ' for ' || bad
  FROM (SELECT total(calls) AS calls, total(charged) AS charged, total(failed) AS failed FROM usage),
    (SELECT count(*) AS mine, total(charged) AS paid, total(status >= 400) AS bad FROM call)
  WHERE calls <> mine OR charged <> paid OR failed <> bad;
SELECT 'took ' || (end - start) / 1000000 || ' ms: ' || id || ', ' || status FROM asked
  WHERE end - start > 15000000000 LIMIT 5;
")
  wrong+=$(sqlite3 "file:$G/home/forestgate.db?mode=ro" 'PRAGMA integrity_check' | grep -vx ok || :)
  [ -z "$wrong" ] || fail 'the call log and the clients do not agree:' "$wrong" \
    '-- the worker said:' "$(tail -n 20 "$G/out")"
}

# The count of the lines of $ASKED with a status.
answers() { awk -v s="$1" '$4 == s {n++} END {print n + 0}' "$ASKED"; }

# Rows have wall time and windows go by a clock that nobody can set: a thousandth is for the
# difference between the two.
windows_hold() {
  local wrong
  wrong=$(ask "SELECT request_id || ': with $1 others within ' || (until - started_us) || ' us'
    FROM (SELECT request_id, started_us, lead(started_us, $1) OVER (ORDER BY started_us, seq) AS until FROM call)
    WHERE until - started_us < $2 - $2 / 1000 LIMIT 5")
  [ -z "$wrong" ] || fail "more than $1 calls were admitted within $2 us:" "$wrong"
}

# rows SQL: one number from the log.
rows() { ask "SELECT $1"; }

# What is left of a quota, by the last answer's RateLimit.
left_of() {
  local field
  field=$(header_of ratelimit)
  [[ "$field" =~ \"$1\"\;r=([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}
