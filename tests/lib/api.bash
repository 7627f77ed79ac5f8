# tests/lib/api.bash: workers of our own, spoken to in FastCGI with no front between,
# so that a test can say what a front would not let through.
#
#   gate_home           makes a home in $G with iris published, and a key; sets KEY
#   gate_start [OPTION...]   starts a master with two workers, or as the options say
#   gate_stop           ends what gate_start started, by its process id
#   gate_pids           the workers, without their master (MASTER)
#   gate_holds N        whether so many requests are in hand, of which there is more to come
#   gate_sends          whether an answer waits for who reads it
#   call METHOD URI ... one request; sets status, body, header and answer (files)
#   raw ...             the same byte by byte, for what cgi-fcgi cannot say
#   cgi METHOD URI ...  the same, to a worker of its own as plain CGI
#   clients KEY N TIMES  predicts from N clients at once, and counts the statuses
#   database SQL        asks the home's database, past Forestgate
#   assert_books        the call log and its sums agree, with nothing left in the ledger
#   database_hold       is a writer in the databases until database_let_go
#
# $G is in Bats's directory of the file. By root that one cannot be walked by anyone
# else, and yet the workers, who are www-data then, serve the home in it.
#
# shellcheck shell=bash
# shellcheck disable=SC2034 # what a test reads

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
G=${G:-$BATS_FILE_TMPDIR}
# What is called before the first test has no directory of a test: without this its answers
# would lie in /, where all the files that run at once would find them.
BATS_TEST_TMPDIR=${BATS_TEST_TMPDIR:-$G}
export ASK_RECORD=$BATS_FILE_TMPDIR/answers
unset "${!FORESTGATE_@}" # a setting of the user's own service
FORESTGATE=$BUILD/forestgate
WORKER=$BUILD/forestgate.fcgi
IRIS='{"features":[5.1,3.5,1.4,0.2]}'

# shellcheck disable=SC1091
. "$TOP/tests/lib/port.bash"
# shellcheck disable=SC1091
. "$TOP/tests/lib/record.bash"

# What was started by setup_file or by an earlier test of the file.
# shellcheck disable=SC1091
if [ -e "$G/running" ]; then . "$G/running"; fi

am_root() { [ "$(id -u)" = 0 ]; }

# Whether the programs carry a sanitizer, whose memory is not ours to count.
sanitized() { grep -q __asan_init "$WORKER"; }

cli() { "$FORESTGATE" --home "$G/home" "$@"; }

# Prints what is there, for the log of a failure, and fails.
fail() {
  printf '%s\n' "$@" >&2
  return 1
}

train_iris() {
  "$FORESTGATE" model train --csv "$TOP/model/iris.csv" --target species --trees "${2:-10}" \
    --seed "${3:-42}" -o "$1" >/dev/null
}

# A model of a number, 3a - b, and one of 250 classes, k000 to k249.
train_regression() {
  awk 'BEGIN {srand(1); print "a,b,price"
    for (i = 0; i < 200; i++) {a = rand(); b = rand(); printf "%f,%f,%f\n", a, b, 3 * a - b}
  }' >"$G/regression.csv"
  "$FORESTGATE" model train --csv "$G/regression.csv" --target price --trees 10 -o "$1" >/dev/null
}

train_many() {
  awk 'BEGIN {srand(2); print "a,b,kind"
    for (i = 0; i < 1000; i++) printf "%d,%f,k%03d\n", i % 250, rand(), i % 250
  }' >"$G/many.csv"
  "$FORESTGATE" model train --csv "$G/many.csv" --target kind --trees 5 -o "$1" >/dev/null
}

gate_home() {
  cli init >/dev/null
  train_iris "$G/iris.fgm"
  cli model publish iris "$G/iris.fgm" >/dev/null
  # Everything is counted, against limits that no test reaches but those about limits.
  printf 'address_rate = off\n' >>"$G/home/forestgate.conf"
  cli tier set test --rate 1000000/60s --quota 10000000/day --quota 100000000/month >/dev/null
  KEY=$(cli key create --name test --tier test 2>/dev/null)
  export KEY
}

# Waits until a command is true, N twentieths of a second or more: a machine with other
# things to do is given twenty seconds for anything.
wait_for() {
  local i n=$1 begin=$SECONDS
  shift
  for ((i = 0; i < n || SECONDS - begin < 20; i++)); do
    if "$@"; then return 0; fi
    sleep 0.05
  done
  return 1
}

gate_answers() {
  call GET /health/live && [ "$status" = 200 ]
}

# A port that was free a moment ago may be taken: then another is tried.  The first worker
# answers while the master may still be starting the others.
gate_start() {
  if [ $# = 0 ]; then set -- --workers 2; fi
  for _ in 1 2 3; do
    PORT=$(port_free)
    spawn-fcgi -n -a 127.0.0.1 -p "$PORT" -- "$WORKER" --home "$G/home" "$@" \
      >>"$G/out" 2>&1 </dev/null 3>&- &
    MASTER=$!
    printf 'PORT=%s MASTER=%s\n' "$PORT" "$MASTER" >"$G/running"
    wait_for 60 gate_answers_or_ended
    if kill -0 "$MASTER" 2>/dev/null; then break; fi
  done
  gate_answers || fail 'the workers do not answer:' "$(tail -n 20 "$G/out")" || return 1
  if [[ " $*" =~ \ --workers\ ([0-9]+) ]]; then wait_for 100 gate_has "${BASH_REMATCH[1]}"; fi
}

gate_answers_or_ended() {
  ! kill -0 "$MASTER" 2>/dev/null || gate_answers
}

# Also one that nobody has waited for yet.
ended() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"; }

# After five seconds by force, and then that is a failure.
gate_stop() {
  local pids
  # shellcheck disable=SC1091
  if [ -e "$G/running" ]; then . "$G/running"; fi
  if [ -z "${MASTER:-}" ]; then return 0; fi
  pids="$MASTER $(gate_pids)"
  kill -TERM "$MASTER" 2>/dev/null || :
  for pid in $pids; do
    wait_for 100 ended "$pid" || {
      kill -KILL "$pid" 2>/dev/null
      echo "process $pid did not end" >&2
    }
  done
  rm -f "$G/running"
  MASTER=
  problems_parse
  if [ "$BATS_TEST_TMPDIR" = "$G" ]; then answers_conform "$ASK_RECORD"; fi
}

gate_pids() { pgrep -P "$MASTER" || :; }

# The workers by number of how many there should be.
gate_has() { [ "$(gate_pids | wc -l)" = "$1" ]; }

# Whether so many connections are in the hands of workers, who have read what came and wait for
# more: a socket that nobody has accepted has no inode.
gate_holds() {
  awk -v port="$(printf :%04X "$PORT")" -v n="$1" '
    substr($2, 9) == port && $4 == "01" && $5 ~ /:0+$/ && $10 != 0 {held++}
    END {exit held != n}' /proc/net/tcp &&
    ! ps -o stat= -p "$(gate_pids | paste -sd,)" | grep -qv '^[ST]'
}

gate_sends() {
  awk -v port="$(printf :%04X "$PORT")" 'substr($2, 9) == port && $4 == "01" && $5 !~ /^0+:/ {waits = 1}
    END {exit !waits}' /proc/net/tcp &&
    ! ps -o stat= -p "$(gate_pids | paste -sd,)" | grep -qv '^[ST]'
}

# call METHOD URI [-k KEY] [-d TEXT | -f FILE] [NAME=VALUE...]
#
# A body is sent as JSON with its length, unless the parameters say otherwise.  cgi-fcgi
# sends no more of it than CONTENT_LENGTH says.
call_arguments() {
  local LC_ALL=C # lengths are in bytes
  PARAMS=(REQUEST_METHOD="$1" REQUEST_URI="$2" SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=127.0.0.1)
  BODY=/dev/null
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
    -k) PARAMS+=(HTTP_X_API_KEY="$2") && shift 2 ;;
    -d)
      BODY=$BATS_TEST_TMPDIR/request
      printf %s "$2" >"$BODY"
      PARAMS+=(CONTENT_LENGTH="${#2}" CONTENT_TYPE=application/json)
      shift 2
      ;;
    -f)
      BODY=$2
      PARAMS+=(CONTENT_LENGTH="$(stat -c %s "$BODY")" CONTENT_TYPE=application/json)
      shift 2
      ;;
    *) PARAMS+=("$1") && shift ;;
    esac
  done
}

# What ask has taken apart: the body as text up to 64 KB, and whole as a file.
answer_take() {
  local LC_ALL=C
  header=$BATS_TEST_TMPDIR/header
  body_file=$BATS_TEST_TMPDIR/body
  headers='' status='' body=''
  IFS= read -r -d '' headers <"$header" || :
  if [[ "$headers" =~ (^|$'\n')Status:\ ([0-9]{3}) ]]; then status=${BASH_REMATCH[2]}; fi
  IFS= read -r -d '' -n 65536 body <"$body_file" || :
}

# Takes $answer, as CGI has it, apart in the same way.
answer_read() {
  local LC_ALL=C line length=0
  header=$BATS_TEST_TMPDIR/header
  body_file=$BATS_TEST_TMPDIR/body
  headers='' status='' body=''
  while IFS= read -r line; do
    length=$((length + ${#line} + 1))
    line=${line%$'\r'}
    [ -n "$line" ] || break
    case $line in 'Status: '*) status=${line:8:3} ;; esac
    headers+=$line$'\n'
  done <"$answer"
  printf %s "$headers" >"$header"
  tail -c "+$((length + 1))" "$answer" >"$body_file"
  IFS= read -r -d '' -n 65536 body <"$body_file" || :
}

# Bats looks at each command of a function before it runs, which takes longer than most of these:
# what a function calls after set +T is left alone.
call() {
  local -
  set +T
  call_now "$@"
}

call_now() {
  call_arguments "$@"
  answer=$BATS_TEST_TMPDIR/answer
  "$BUILD/ask" "127.0.0.1:$PORT" "$BATS_TEST_TMPDIR" "$BODY" "${PARAMS[@]}" 2>>"$G/out" || :
  answer_take
}

# As plain CGI, with a home of its own in HOME_OF_CGI if that is set.  Sets cgi_status to
# the program's exit status.
cgi() {
  call_arguments "$@"
  answer=$BATS_TEST_TMPDIR/answer
  cgi_status=0
  env -i PATH="$PATH" GATEWAY_INTERFACE=CGI/1.1 "${PARAMS[@]}" timeout 20 "$WORKER" \
    --home "${HOME_OF_CGI:-$G/home}" <"$BODY" >"$answer" 2>>"$G/out" || cgi_status=$?
  answer_read
  if [ -n "$status" ]; then answer_record "$ASK_RECORD" "$1" "$(asked_path "$2")" "$headers" "$body_file"; fi
}

# The path that is asked: behind where it is mounted.
asked_path() {
  local parameter path=$1
  for parameter in "${PARAMS[@]}"; do case $parameter in PATH_INFO=?*) path=${parameter#*=} ;; esac; done
  printf %s "$path"
}

# A FastCGI record of a type with the bytes of a file.
raw_record() {
  local size
  size=$(stat -c %s "$2")
  # shellcheck disable=SC2059 # the format is made of the numbers
  printf "\\x01\\x$(printf %02x "$1")\\x00\\x01\\x$(printf %02x $((size >> 8)))\\x$(
    printf %02x $((size & 255)))\\x00\\x00"
  cat "$2"
}

raw_length() {
  # shellcheck disable=SC2059
  printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 >> 24 | 128)) $(($1 >> 16 & 255)) \
    $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# The head of a request: its begin, and its parameters, in this order, doubled or not.
# RAW_KEEP=1 asks to keep the connection.
raw_head() {
  local LC_ALL=C pair name value file=$BATS_TEST_TMPDIR/raw.params
  # shellcheck disable=SC2059
  printf "\\x00\\x01\\x0${RAW_KEEP:-0}\\x00\\x00\\x00\\x00\\x00" >"$BATS_TEST_TMPDIR/raw.begin"
  raw_record 1 "$BATS_TEST_TMPDIR/raw.begin"
  for pair; do
    name=${pair%%=*} value=${pair#*=}
    raw_length ${#name}
    raw_length ${#value}
    printf '%s%s' "$name" "$value"
  done >"$file"
  if [ -s "$file" ]; then raw_record 4 "$file"; fi
  raw_record 4 /dev/null
}

# Reads records from a descriptor until the end and keeps what came as the answer: its
# text is whole, as an answer of up to 8 KB is one record.
raw_answer() {
  answer=$BATS_TEST_TMPDIR/answer
  timeout 20 cat <&"$1" >"$BATS_TEST_TMPDIR/raw.answer" || :
  # Off go the 8 bytes before the text and all from the record after it.
  tail -c +9 "$BATS_TEST_TMPDIR/raw.answer" | tr -d '\0' |
    LC_ALL=C sed 's/\x01[\x03\x06]\x01.*//' >"$answer"
  answer_read
}

# raw NAME=VALUE...: the parameters as they are, the body from $RAW_BODY, if it is set.
raw() {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/predict REMOTE_ADDR=127.0.0.1 "$@"
    if [ -n "${RAW_BODY:-}" ]; then
      printf %s "$RAW_BODY" >"$BATS_TEST_TMPDIR/raw.body"
      raw_record 5 "$BATS_TEST_TMPDIR/raw.body"
    fi
    raw_record 5 /dev/null
  } >&8
  raw_answer 8
  exec 8>&-
}

predict() { call POST /predict -k "$KEY" -d "$@"; }

# The last answer's header line of this name, without the name.
header_of() {
  local value
  header_take "$1"
  echo "$value"
}

# The same, as value.
header_take() {
  local lower=$'\n'${headers,,} before
  before=${lower%$'\n'"${1,,}: "*} value=''
  if [ "$before" != "$lower" ]; then value=${headers:${#before}+${#1}+2}; fi
  value=${value%%$'\n'*}
}

show_answer() {
  {
    cat "$header"
    head -c 2000 "$body_file"
    printf '\n-- the worker said:\n'
    tail -n 5 "$G/out"
  } >&2
}

assert_status() {
  if [ "$status" != "$1" ]; then
    echo "expected $1, got \"$status\":" >&2
    show_answer
    return 1
  fi
}

# assert_json FILTER: the answer is JSON for which it holds.
assert_json() {
  if ! jq -e "$@" "$body_file" >/dev/null; then
    printf 'this does not hold: %s\n' "$*" >&2
    show_answer
    return 1
  fi
}

# Sets want to what the member error has: the word, or under the paths of other servers' protocols the
# detail, for which their clients look there.
error_wanted() {
  case ${PARAMS[1]#REQUEST_URI=} in
  /v1/* | /v2 | /v2/* | /hf/* | /invocations* | /endpoints/* | /ping)
    want=missing
    if [[ "$body" =~ \"detail\":(\"([^\"\\]|\\.)+\") ]]; then want="\"error\":${BASH_REMATCH[1]}"; fi
    ;;
  *) want="\"error\":\"$1\"" ;;
  esac
}

# assert_problem STATUS ERROR [REGEX]: the whole of the one error body, and a detail
# that names the fault.  That all of them are JSON is looked at once, by problems_parse.
assert_problem() {
  local -
  set +T
  assert_problem_now "$@"
}

assert_problem_now() {
  local id want value wrong=''
  header_take x-request-id
  id=$value
  [ -n "$id" ] || wrong+=" x-request-id"
  [ "$status" = "$1" ] || wrong+=" status"
  header_take content-type
  [ "$value" = application/problem+json ] || wrong+=" content-type"
  header_take www-authenticate
  [ "$1" != 401 ] || [ -n "$value" ] || wrong+=" www-authenticate"
  header_take retry-after
  [ "$1" != 503 ] || [ -n "$value" ] || wrong+=" retry-after"
  error_wanted "$2"
  for want in '"type":"about:blank"' "\"status\":$1" "$want" "\"request_id\":\"$id\""; do
    [[ "$body" == *"$want"* ]] || wrong+=" $want"
  done
  [[ "$body" =~ \"detail\":\"(([^\"\\]|\\.)+)\" && "${BASH_REMATCH[1]//\\\"/\"}" =~ ${3:-.} ]] ||
    wrong+=" detail ~ $3"
  [[ "$body" =~ \"timestamp\":\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z\" ]] || wrong+=" timestamp"
  if [ -n "$wrong" ]; then
    echo "expected a problem $1 $2; wrong:$wrong" >&2
    show_answer
    return 1
  fi
  echo "${body//$'\n'/}" >>"$G/problems"
}

# All the error bodies of the file: JSON with all the members and no unknown one.
problems_parse() {
  [ -s "$G/problems" ] || return 0
  jq -e -n '[inputs] | all(.[]; (.status | type == "number") and
    ((keys - ["errors", "error_description", "error_code", "message"]) == ["detail","error","request_id","status","timestamp","title","type"]) and
    (has("errors") | not) or .status == 422)' "$G/problems" >/dev/null ||
    fail 'an error body was not of the one form; see above' "$(head -c 2000 "$G/problems")"
}

# ---- many at once ----

# clients KEY COUNT TIMES: so many at once predict, each so often; prints how often each
# status came: 200x37 429x3
clients() {
  local pids=''
  call_arguments POST /predict -k "$1" -d "$IRIS"
  rm -f "$BATS_TEST_TMPDIR"/client.*
  for ((c = 0; c < $2; c++)); do
    (for ((i = 0; i < $3; i++)); do
      env -i PATH="$PATH" "${PARAMS[@]}" timeout 30 cgi-fcgi -bind -connect "127.0.0.1:$PORT" <"$BODY" |
        head -n 1 | tr -d '\r' || :
    done >"$BATS_TEST_TMPDIR/client.$c") 3>&- &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086
  wait $pids
  sort "$BATS_TEST_TMPDIR"/client.* | cut -d' ' -f2 | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' '
}

# ---- what was counted ----

database() { sqlite3 -cmd '.timeout 5000' "$G/home/forestgate.db" "$1"; }

# database_hold EXCLUSIVE locks readers out as well, without WAL.
database_hold() {
  mkfifo "$BATS_TEST_TMPDIR/hold"
  sqlite3 "$G/home/forestgate.db" <"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/held" 3>&- &
  HOLDER=$!
  exec 7>"$BATS_TEST_TMPDIR/hold"
  echo ".timeout 5000" >&7
  # Whoever begins to write begins in all that are attached.
  if [ -e "$G/home/work.db" ]; then echo "ATTACH '$G/home/work.db' AS work;" >&7; fi
  echo "BEGIN ${1:-IMMEDIATE}; SELECT 'held';" >&7
  wait_for 100 test -s "$BATS_TEST_TMPDIR/held"
}

database_let_go() {
  exec 7>&-
  wait "$HOLDER"
  rm "$BATS_TEST_TMPDIR/hold" "$BATS_TEST_TMPDIR/held"
}

# What the ledger still has goes to the database first, as for everybody who asks.
assert_books() {
  local wrong
  cli call stats --json >/dev/null || return 1
  wrong=$(database "
    SELECT 'key and day', key, day, sum(n), sum(c), sum(f), sum(r) FROM (
      SELECT key, started_us / 86400000000 AS day, count(*) AS n, sum(charged) AS c,
        sum(status >= 400) AS f, sum(rows) AS r FROM call GROUP BY 1, 2
      UNION ALL SELECT key, day, -calls, -charged, -failed, -rows FROM usage)
    GROUP BY key, day HAVING sum(n) <> 0 OR sum(c) <> 0 OR sum(f) <> 0 OR sum(r) <> 0;
    SELECT 'refused and charged', * FROM call WHERE status >= 400 AND charged <> 0;
    SELECT 'numbers', max(seq), count(*), (SELECT seq FROM drained) FROM call
      HAVING count(*) > 0 AND (max(seq) <> (SELECT seq FROM drained) OR max(seq) - min(seq) + 1 <> count(*));
    SELECT 'twice', request_id FROM call GROUP BY request_id HAVING count(*) > 1")
  [ -z "$wrong" ] || fail 'the books do not balance:' "$wrong"
}

# The last line of the access log, or the one of a request id.
log_line() {
  if [ $# = 0 ]; then
    tail -n 1 "$G/home/logs/access.log"
  else
    grep -F -- "$1" "$G/home/logs/access.log"
  fi
}
