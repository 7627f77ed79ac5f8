# tests/lib/front.bash: a real front with a home of its own, for a Bats file.
#
#   front_setup MODE     makes home, model and key, starts the front, waits for it;
#                        sets T (its directory), URL, KEY, FRONT_PID, MODE; with -tls behind
#                        the mode the URL is of https, and PLAIN_URL that of http
#                        SETTINGS may have lines for forestgate.conf instead of address_rate = off
#   wire                 sends the raw requests of standard input, many at once, and fails with
#                        what was not answered as it says (wire.py); what came is in $T/seen
#   raw TEXT             sends bytes as they are (printf's escapes), and prints the answer
#   front_stop           ends it by its process id
#   front_teardown       the same, kills what is left and removes T
#   front_pids           processes of this T that are alive
#   worker_pids          of those, the ones that serve
#   workers_are_shut_in  fails, saying how, unless the kernel says so of each of them
#   ask [CURL OPTION...] PATH   one request; sets status, body and header (a file)
#
# By root the front and the workers are www-data, so T is under /tmp and not in
# Bats's own directory, which is root's alone.  Nothing here has a fixed name or
# port, so files run side by side.
#
# shellcheck shell=bash
# shellcheck disable=SC2034 # what a test reads

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
FEATURES='{"features":[5.1,3.5,1.4,0.2]}'
JSON='Content-Type: application/json'

# shellcheck disable=SC1091
. "$TOP/tests/lib/port.bash"
# shellcheck disable=SC1091
. "$TOP/tests/lib/record.bash"

am_root() { [ "$(id -u)" = 0 ]; }
front_user() { if am_root; then echo www-data; else id -un; fi; }

# A directory that the front's user may enter.
dir_make() {
  T=$(mktemp -d /tmp/forestgate-test.XXXXXX)
  chmod 755 "$T"
  mkdir "$T/bin" "$T/home" "$T/front"
  cp "$BUILD/forestgate.fcgi" "$T/bin/"
  chmod 755 "$T/bin/forestgate.fcgi"
}

cli() { "$BUILD/forestgate" --home "$T/home" "$@"; }

home_make() {
  if am_root; then chown "$(front_user):" "$T/home"; fi
  chmod 700 "$T/home"
  cli init >/dev/null
  "$BUILD/forestgate" model train --csv "$TOP/model/iris.csv" --target species --seed 42 \
    -o "$T/iris.fgm" >/dev/null 2>&1
  chmod 644 "$T/iris.fgm"
  cli model publish iris "$T/iris.fgm" >/dev/null
  # Limits that no test reaches, but all is counted.
  printf '%s\ncors_origins = https://app.example.org, http://localhost:3000\n' \
    "${SETTINGS-address_rate = off}" >>"$T/home/forestgate.conf"
  # The front's own for localhost, which curl believes.
  cp "$T/home/tls/localhost.crt" "$T/front.crt"
  chmod 644 "$T/front.crt"
  export CURL_CA_BUNDLE=$T/front.crt
  cli tier set test --rate 1000000/60s --quota 10000000/day --quota 100000000/month >/dev/null
  KEY=$(cli key create --name test --tier test 2>/dev/null)
}

# Where they listen at a socket the workers are ours to start: by the program that WORKERS_BY
# names, and the front by that of FRONT_BY.
WORKERS_BY=() FRONT_BY=()
workers_start() {
  local as=()
  if am_root; then as=(-u "$(front_user)" -U "$(front_user)"); fi
  FORESTGATE_HOME=$T/home spawn-fcgi -n -s "$T/worker.sock" -M 0600 "${as[@]}" -- \
    "${WORKERS_BY[@]}" "$T/bin/forestgate.fcgi" --workers 4 >>"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  SPAWN_PID=$!
}

front_start() {
  local port tls_port=0 begin=$SECONDS
  port=$(port_free)
  PLAIN_URL=http://localhost:$port
  URL=http://127.0.0.1:$port
  if [ -n "$TLS" ]; then
    tls_port=$(port_free)
    URL=https://localhost:$tls_port
  fi
  SPAWN_PID=''
  case $MODE in lighttpd-socket | apache-proxy | nginx) workers_start ;; esac
  "${FRONT_BY[@]}" "$TOP/etc/front" run "$MODE" cli="$BUILD/forestgate" dir="$T/front" port="$port" tls_port="$tls_port" \
    worker="$T/bin/forestgate.fcgi" home="$T/home" socket="$T/worker.sock" workers=4 \
    >>"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  FRONT_PID=$!
  while [ $((SECONDS - begin)) -lt 30 ]; do
    if curl -sf -o /dev/null --max-time 5 "$URL/health/ready"; then return 0; fi
    kill -0 "$FRONT_PID" || break
    sleep 0.1
  done
  cat "$T/out" "$T/front/front.log" >&2
  return 1
}

front_setup() {
  MODE=${1%-tls} TLS=''
  if [ "$MODE" != "$1" ]; then TLS=yes; fi
  dir_make
  home_make
  front_start
  export MODE TLS T URL PLAIN_URL KEY FRONT_PID SPAWN_PID
}

# Told by the files that only they are given (and grep is not, which reads them), and those of
# nginx, which write over their command lines, by where they were started.
front_pids() {
  {
    printf '%s\n' "$T/bin/forestgate.fcgi" "$T/front/front.conf" |
      grep -lsxzFf /dev/stdin /proc/[0-9]*/cmdline || :
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$T/front" 2>/dev/null || :
  } | cut -d/ -f3 | sort -u
}

# The serving processes: the worker's program without the master, who has children.
worker_pids() {
  ps -e -o pid= -o ppid= -o stat= -o args= | awk -v prog="$T/bin/forestgate.fcgi" '
    $3 !~ /^Z/ && $4 == prog {pid[$1]; parent[$2]}
    END {for (p in pid) if (!(p in parent)) print p}'
}

sanitized() { grep -q __asan_init "$T/bin/forestgate.fcgi"; }

# What the kernel says of a worker, in a directory: false where it has ended, or is not shut in yet.
shut_in_kept() {
  local kept=$BATS_TEST_TMPDIR/kept.$1
  mkdir -p "$kept" && cat "/proc/$1/limits" >"$kept/limits" && stat -c %U "/proc/$1/mem" >"$kept/memory" &&
    cat "/proc/$1/status" >"$kept/status" && grep -q '^Seccomp:.2$' "$kept/status"
} 2>/dev/null

# Of all that were kept.  Whose memory is root's is not dumpable: its own user, who may be that of
# other services, cannot read it.
shut_in_check() {
  local kept name
  for kept in "$BATS_TEST_TMPDIR"/kept.*; do
    grep -qs '^Seccomp:.2$' "$kept/status" || continue # one of plain CGI that was looked at too soon
    grep -qx 'NoNewPrivs:.1' "$kept/status" || { cat "$kept/status" >&2 && return 1; }
    if [ "$(cat "$kept/memory")" != root ] || grep -q '^Uid:.0' "$kept/status"; then
      echo "its memory is that of $(cat "$kept/memory")" >&2
      return 1
    fi
    for name in 'core file size' processes 'locked memory' 'msgqueue size'; do
      grep -qE "^Max $name +0 +0 " "$kept/limits" || { cat "$kept/limits" >&2 && return 1; }
    done
    awk '/^Max open files/ {exit !($4 <= 256 && $5 <= 256)}' "$kept/limits" || { cat "$kept/limits" >&2 && return 1; }
  done
}

# All that there are, where they go on serving.
workers_are_shut_in() {
  local pid pids
  pids=$(worker_pids)
  [ -n "$pids" ] || return 1
  for pid in $pids; do
    # It opens all that it needs first.
    wait_for 100 shut_in_kept "$pid" || { grep -E 'State|Seccomp' "/proc/$pid/status" >&2 && return 1; }
  done
  shut_in_check
}

# Waits until a command is true, N tenths of a second or more: a machine with other things to do
# is given twenty seconds for anything.
wait_for() {
  local i n=$1 begin=$SECONDS
  shift
  for ((i = 0; i < n || SECONDS - begin < 20; i++)); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  return 1
}

no_pids() { [ -z "$(front_pids)" ]; }

front_stop() {
  kill -TERM "$FRONT_PID"
  if [ -n "$SPAWN_PID" ]; then kill -TERM "$SPAWN_PID"; fi
}

front_teardown() {
  local pids wrong=0
  [ -n "${T:-}" ] || return 0
  pids="$FRONT_PID $SPAWN_PID $(front_pids)"
  # shellcheck disable=SC2086 # a list of process ids
  kill -TERM $pids 2>/dev/null || :
  wait_for 30 no_pids || :
  pids=$(front_pids)
  # shellcheck disable=SC2086 # a list of process ids
  if [ -n "$pids" ]; then kill -KILL $pids || :; fi
  answers_conform "$T/answers" || wrong=1
  rm -rf "$T"
  return "$wrong"
}

# ask [CURL OPTION...] PATH: the path goes as it is.
ask() {
  local path=${*: -1}
  header=$BATS_TEST_TMPDIR/header
  status=$(curl -sS --max-time 30 --path-as-is -D "$header" -o "$BATS_TEST_TMPDIR/body" \
    -w '%{http_code} %{method}' "${@:1:$#-1}" "$URL$path") || return
  # Of the fronts' own refusals the document says nothing.  MOUNT is a path that it is below.
  if grep -qi '^x-request-id:' "$header"; then
    answer_record "$T/answers" "${status#* }" "${path#"${MOUNT:-}"}" "$(<"$header")" "$BATS_TEST_TMPDIR/body"
  fi
  status=${status% *}
  body=$(tr -d '\0' <"$BATS_TEST_TMPDIR/body")
}

# raw TEXT: until the server ends the connection, five seconds at most.
raw() {
  local port=${URL##*:}
  if [ -n "$TLS" ]; then
    { printf %b "$1" && sleep 5; } | timeout 6 openssl s_client -quiet -no_ign_eof -verify_quiet \
      -connect "localhost:$port" 2>/dev/null || :
    return
  fi
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  printf %b "$1" >&9
  timeout 5 cat <&9 || :
  exec 9>&-
}

wire() {
  local host=localhost:${URL##*:} tls=''
  if [ -n "$TLS" ]; then tls=${URL##*:}; fi
  /usr/bin/python3 -I -S "$TOP/tests/lib/wire.py" --port "${PLAIN_URL##*:}" --tls-port "$tls" --seen "$T/seen" --front "$MODE${TLS:+-tls}" \
    KEY="$KEY" H="Host: $host" HOST="$host" PORT="${URL##*:}" J="Content-Type: application/json" "$@"
}

# The last answer's header line of this name, without the name.
header_of() {
  tr -d '\r' <"$header" | sed -n "s/^$1: *//Ip" | tail -n 1
}

# Fails, saying what there was, unless the last answer is a problem document of
# this status and error word.
assert_problem() {
  if [ "$status" != "$1" ] || [ "$(header_of content-type)" != application/problem+json ] ||
    ! jq -e --argjson status "$1" --arg error "$2" '.type == "about:blank" and
      .status == $status and .error == $error and (.title | length > 0) and
      (.detail | length > 0) and has("request_id") and has("timestamp")' <<<"$body" >/dev/null; then
    printf 'expected problem %s %s, got %s:\n' "$1" "$2" "$status" >&2
    cat "$header" >&2
    printf '%s\n' "$body" >&2
    return 1
  fi
}

# Any refusal will do, as long as it is one and reads as every other.
assert_refused() {
  case $status in
  4??) assert_problem "$status" "$(jq -r .error <<<"$body")" ;;
  *)
    printf 'expected a refusal, got %s: %s\n' "$status" "$body" >&2
    return 1
    ;;
  esac
}
assert_status() {
  if [ "$status" != "$1" ]; then
    printf 'expected %s, got %s: %s\n' "$1" "$status" "$body" >&2
    return 1
  fi
}
