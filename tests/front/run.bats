#!/usr/bin/env bats
# tests/front/run.bats: `make run`, from the first line to the Ctrl-C.

load ../lib/front
bats_require_minimum_version 1.5.0

# Every run in a test has $T in the environment of all that it starts or a home
# below $T, so that what is left of it can be told.
setup() {
  T=$(mktemp -d /tmp/forestgate-test.XXXXXX)
  chmod 755 "$T"
  RUN_PID=''
  tree=$TOP
}

teardown() {
  local pids
  if [ -n "$RUN_PID" ]; then kill -TERM -- "-$RUN_PID" 2>/dev/null || :; fi
  wait_for 50 nothing_left || :
  pids=$(left)
  # shellcheck disable=SC2086 # a list of process ids
  if [ -n "$pids" ]; then kill -KILL $pids || :; fi
  if [ -n "${linked:-}" ]; then rm -rf "$linked"; fi
  if [ -n "${private:-}" ]; then rm -rf "$private"; fi
  rm -rf "$T"
}

# nginx writes over its environment, and is told by where it was started.
left() {
  local place
  place=$(sed -n 's|^ *\(/.*\)/front.log$|\1|p' "$T/out" 2>/dev/null || :)
  {
    grep -lsF -e "FGTEST=$T" -e "FORESTGATE_HOME=$T" /proc/[0-9]*/environ || :
    [ -z "$place" ] || find /proc/[0-9]*/cwd -maxdepth 0 -lname "$place*" 2>/dev/null || :
  } | cut -d/ -f3 | sort -u
}
nothing_left() { [ -z "$(left)" ]; }

# run_start [NAME=VALUE...]: make run in a process group of its own, as a terminal
# would have it, with what it says in $T/out.
run_start() {
  PORT=$(port_free)
  URL=http://127.0.0.1:$PORT
  : >"$T/out" # of which an earlier run's words would be taken for this one's
  set -m
  env FGTEST="$T" BUILD="$BUILD" make -s -C "$tree" run PORT="$PORT" STATE="$T/home" "$@" \
    >"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  RUN_PID=$!
  set +m
}

cli() { "$BUILD/forestgate" --home "$T/home" "$@"; }

said() { grep -q "$1" "$T/out"; }
ended() { ! kill -0 "$RUN_PID" 2>/dev/null; }
ready_or_ended() { said 'Try it:' || ended; }

run_ready() {
  wait_for 600 ready_or_ended
  said 'Try it:' || { cat "$T/out"; return 1; }
  wait_for 10 said '^curl '
  KEY=$(sed -n 's/^Key *//p' "$T/out")
}

# run_end SIGNAL: to the whole group, as the terminal sends it.  Who crashes on the way is told
# of by make.
run_end() {
  kill "-$1" -- "-$RUN_PID"
  wait_for 100 ended
  wait_for 30 nothing_left || { ps -f -p "$(left | paste -sd,)"; return 1; }
  if said '^make: .*\(Segmentation fault\|Aborted\)'; then cat "$T/out"; return 1; fi
  RUN_PID=''
}

# It cannot start: it says this, fails, and leaves nothing.
refused() {
  run -1 env FGTEST="$T" BUILD="$BUILD" "$tree/etc/run" 3>&- 4>&-
  [[ "$output" == *"$1"* ]] || { echo "expected: $1; got: $output"; return 1; }
  nothing_left
}

# A copy of the tree with what is built, for a user or a place of its own.
tree_copy() {
  mkdir -p "$1"
  tar -C "$TOP" --exclude=./.git --exclude=./var --exclude=./build --exclude=node_modules -cf - . | tar -C "$1" -xf -
  mkdir "$1/build"
  tar -C "$BUILD" --exclude=./sanitize --exclude=./fuzzers --exclude=./tests --exclude=./docs -cf - . |
    tar -C "$1/build" -xf -
  tree=$1
}

@test "make run serves a prediction, tells how, and Ctrl-C ends all of it" {
  run_start
  run_ready
  bash -c "$(grep '^curl ' "$T/out")" >"$T/answer" 2>/dev/null
  jq -e '.prediction == 0' "$T/answer"
  bash -c "$(grep '^export ' "$T/out")"$'\nforestgate model list; forestgate key show "$KEY"' >"$T/commands"
  grep -q '^iris .* serving' "$T/commands"
  grep -q '^name  *first' "$T/commands"
  # And a runner, which works off jobs and ends with the rest.
  key=$(sed -n 's/^Key *\(fg_[^ ]*\)$/\1/p' "$T/out")
  job=$(curl -sS -H "X-API-Key: $key" -H 'Content-Type: application/json' -d '{"features":[5.1,3.5,1.4,0.2]}' "$URL/jobs" | jq -r .job_uuid)
  for _ in {1..100}; do
    job_status=$(curl -sS -H "X-API-Key: $key" "$URL/jobs/$job" | jq -r .status)
    if [ "$job_status" = completed ]; then break; fi
    sleep 0.1
  done
  [ "$job_status" = completed ]
  runner=$(pgrep -f "/forestgate work --home $T/home" | head -n 1)
  [ -n "$runner" ]
  said "^Address  $URL/\$"
  said "^Logs     $T/home/logs/access.log\$"
  [ -s "$T/home/logs/access.log" ]
  if said '^forestgate: '; then cat "$T/out" && false; fi
  # Calm: few lines but the build's, and none over 80 columns but those to paste
  # and the answer.
  [ "$(grep -vc '^  [A-Z]' "$T/out")" -le 22 ]
  [ "$(grep -vE '^(curl|export|Key|Setup|One prediction)' "$T/out" | grep -cE '.{81}')" = 0 ]
  run_end INT
  said '^Stopped'
  if kill -0 "$runner" 2>/dev/null; then echo 'the runner lives on' >&2 && false; fi
  [ ! -e "$(sed -n 's|^ *\(/.*\)/front.log$|\1|p' "$T/out")" ]
}

@test "a second run keeps home and first key, and makes a key for a day" {
  run_start
  run_ready
  first=$KEY
  # A supervisor tells make alone, and not all of its group.
  kill -TERM "$RUN_PID"
  wait_for 100 ended
  wait_for 30 nothing_left || { ps -f -p "$(left | paste -sd,)"; return 1; }
  run_start FRONT=apache
  run_ready
  [ "$KEY" != "$first" ]
  for key in "$first" "$KEY"; do
    ask -H "X-API-Key: $key" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
  done
  said 'shown only once'
  run_end INT
}

# What the page of the link sends, for a user of this name; the status is told.
invited() { # NAME INVITATION
  jq -nc --arg name "$1" --arg invitation "$2" '{username: $name, first_name: "Ann",
    last_name: "Berg", password: "a bicycle for seven cats", invitation: $invitation}' |
    curl -sS --max-time 30 -o "$T/answer.$1" -w '%{http_code}' -H "$JSON" \
      -H 'Accept: application/json' -d @- "$URL/auth/create"
}

@test "the setup link of the first run makes the administrator, once, and is not shown again" {
  run_start
  run_ready
  link=$(sed -n 's/^Setup *//p' "$T/out")
  [[ "$link" == "$URL/setup#fgi_"* ]]
  # The page as a browser gets it, without what is behind the #, and what it runs.
  page=$(curl -sSf "${link%%#*}")
  [[ "$page" == *'<script src="ui/setup.js"'* ]]
  script=$(curl -sSf "$URL/ui/setup.js")
  [[ "$script" == *"fetch('auth/create'"* ]]
  # Two at once, of whom one may; of more some would wait for their turn to hash (503).
  pids=''
  for name in ann bob; do
    invited "$name@example.org" "${link#*#}" >"$T/code.$name" 3>&- 4>&- &
    pids="$pids $!"
  done
  # shellcheck disable=SC2086 # a list of process ids
  wait $pids
  codes=$(for name in ann bob; do echo "$(<"$T/code.$name")"; done | sort | paste -sd' ')
  [ "$codes" = '201 403' ] || { echo "$codes"; cat "$T"/answer.*; false; }
  first=$(grep -l 201 "$T"/code.*)
  first=${first##*.}@example.org
  jq -e '.role == "admin" and .is_active' "$T/answer.$first"
  [ "$(invited late@example.org "${link#*#}")" = 403 ]
  [ "$(accounts)" = "$first" ]
  # Who was made may administer.
  token=$(curl -sS -H "$JSON" -d "{\"username\":\"$first\",\"password\":\"a bicycle for seven cats\"}" \
    "$URL/login" | jq -r .token)
  ask -H "Authorization: Bearer $token" /admin/users
  assert_status 200
  # Nobody has written the invitation down.
  if grep -rqF "${link#*#}" "$T/home" "$(sed -n 's|^ *\(/.*/front.log\)$|\1|p' "$T/out")"; then false; fi
  run_end INT
  run_start
  run_ready
  if said '^Setup' || said setup#; then cat "$T/out"; return 1; fi
  run_end INT
}

@test "a second start before the setup shows another link, and the older one is worth nothing" {
  run_start
  run_ready
  older=$(sed -n 's/^Setup *//p' "$T/out")
  run_end INT
  run_start
  run_ready
  link=$(sed -n 's/^Setup *//p' "$T/out")
  [ "${link#*#}" != "${older#*#}" ]
  [ "$(invited a@example.org "${older#*#}")" = 403 ]
  [ "$(invited a@example.org "${link#*#}")" = 201 ]
  run_end INT
}

accounts() { cli user list --json | jq -r '.[].username'; }

@test "the administrator of a demo is there while it runs, and gone after Ctrl-C" {
  run_start DEMO=1
  run_ready
  demo=$(sed -n 's/^Login *//p' "$T/out")
  [[ "$demo" =~ ^demo-[0-9a-f]{8}@localhost$ ]]
  [[ "$(sed -n 's/^Password *//p' "$T/out")" =~ ^[0-9A-Za-z_-]{24}$ ]]
  if said setup#; then cat "$T/out"; return 1; fi
  shown=$(cli user show "$demo" --json)
  jq -e '.role == "admin" and .is_active and .models == "*"' <<<"$shown"
  run_end INT
  said "demo account $demo is deleted"
  rest=$(cli user list --json)
  [ "$rest" = '[]' ]
}

@test "what a demo left behind when it was killed goes at the next start, and nobody else" {
  run_start DEMO=1
  run_ready
  first=$(accounts)
  cli user create demo-x@localhost --password-stdin <<<'a bicycle for seven cats'
  cli user create demo-1@example.org --password-stdin <<<'a bicycle for seven cats'
  # shellcheck disable=SC2046 # a list of process ids
  kill -KILL -- "-$RUN_PID" $(left)
  wait_for 50 nothing_left
  RUN_PID=''
  [[ "$(accounts)" == *"$first"* ]]
  run_start
  run_ready
  [ "$(accounts | sort)" = "$(printf 'demo-1@example.org\ndemo-x@localhost')" ]
  said '^Setup .*#fgi_'
  run_end INT
}

@test "TERM and HUP end all of it as well" {
  for signal in TERM HUP; do
    run_start
    run_ready
    run_end "$signal"
  done
}

@test "a run that is stopped while it starts leaves nothing, and the next one goes on" {
  for delay in 0.05 0.2 0.4 0.6 0.8 1; do
    run_start
    sleep "$delay"
    run_end TERM
  done
  run_start
  run_ready
  run_end INT
}

@test "a front that dies is told, and the run fails and leaves nothing" {
  for front in lighttpd apache nginx; do
    run_start FRONT=$front
    run_ready
    kill -KILL "$(pgrep -o -f "^(lighttpd|apache2|nginx: master process nginx) .*$(sed -n 's|.*/\(.*\)/front.log$|\1|p' "$T/out")")"
    wait_for 150 ended
    said "$front ended by itself"
    wait_for 30 nothing_left
  done
}

# A curl that kills the front when the run has asked for its prediction.
curl_that_kills() {
  mkdir "$T/bin"
  cat >"$T/bin/curl" <<'END'
#!/bin/bash
/usr/bin/curl "$@"
status=$?
case $* in
*/predict)
  for pid in $(grep -lsF "FGTEST=$FGTEST" /proc/[0-9]*/environ | cut -d/ -f3); do
    if [ "$(cat "/proc/$pid/comm")" = lighttpd ]; then kill -KILL "$pid"; fi
  done
  sleep 0.3
  ;;
esac
exit $status
END
  chmod 755 "$T/bin/curl"
}

@test "a front that dies before anybody waits for its end is told as well" {
  curl_that_kills
  PATH=$T/bin:$PATH run_start FRONT=lighttpd
  wait_for 300 ended
  said 'lighttpd ended by itself (status 137)'
  wait_for 30 nothing_left
}

@test "workers that nginx has not started are watched, and the run does not go on without them" {
  run_start FRONT=nginx
  run_ready
  kill -KILL "$(pgrep -o -f "/forestgate.fcgi --home $T/home --workers")"
  wait_for 150 ended
  said 'the workers ended by themselves (status 137)'
  wait_for 30 nothing_left
}

@test "a runner that dies is told, and the run goes on answering" {
  run_start
  run_ready
  kill -KILL "$(pgrep -o -f "^[^ ]*/forestgate work --home $T/home")"
  wait_for 100 said 'the runner of jobs ended (status 137)'
  bash -c "$(grep '^curl ' "$T/out")" 2>/dev/null | jq -e '.prediction == 0'
  run_end INT
}

@test "a home whose path has spaces" {
  run_start STATE="$T/the home"
  run_ready
  [ -s "$T/the home/logs/access.log" ]
  run_end INT
}

@test "a port in use is named, with the way out" {
  run_start
  run_ready
  run -1 env BUILD="$BUILD" PORT="$PORT" STATE="$T/other" "$TOP/etc/run" 3>&- 4>&-
  [[ "$output" == *"port $PORT is in use"*'make run PORT='* ]]
  [ ! -e "$T/other" ]
  run_end INT
}

@test "settings that cannot be are refused before anything is made" {
  export STATE=$T/home
  PORT=http refused 'PORT=http is not a port number'
  PORT=0 refused 'PORT=0 is not from 1 to 65535'
  PORT=65536 refused 'PORT=65536 is not from 1 to 65535'
  FRONT=iis refused 'FRONT=iis is not known; there are lighttpd, apache and nginx'
  DEMO=yes refused 'DEMO=yes is not known'
  WORKERS=none refused 'WORKERS=none is not a number of workers'
  PORT=$(port_free)
  export PORT
  touch "$T/file"
  STATE=$T/file refused "STATE=$T/file is not a directory"
  [ ! -e "$T/home" ]
}

@test "an ordinary user's run is that user's throughout" {
  as=()
  if am_root; then
    tree_copy "$T/tree"
    chown -R nobody: "$T"
    BUILD=$tree/build
    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
  fi
  PORT=$(port_free)
  URL=http://127.0.0.1:$PORT
  set -m
  "${as[@]}" env FGTEST="$T" HOME="$T" BUILD="$BUILD" make -s -C "$tree" run PORT="$PORT" \
    STATE="$T/home" >"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  RUN_PID=$!
  set +m
  run_ready
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
  user=$(stat -c %U "$T/home")
  [ "$user" != root ]
  [ -z "$(find "$T/home" ! -user "$user")" ]
  run_end INT
}

@test "by root, front and workers are www-data, and the home is theirs alone" {
  am_root || skip 'not root'
  run_start
  run_ready
  for pid in $(left); do
    case $(ps -o comm= -p "$pid") in
    forestgate* | lighttpd) [ "$(stat -c %U "/proc/$pid")" = www-data ] ;;
    esac
  done
  [ "$(stat -c '%U %a' "$T/home")" = 'www-data 700' ]
  [ -z "$(find "$T/home" -user root)" ]
  run_end INT
}

@test "by root, a checkout in a directory of root's own works" {
  am_root || skip 'not root'
  private=$(mktemp -d /root/forestgate-test.XXXXXX)
  tree_copy "$private/tree"
  BUILD=$tree/build
  for state in fresh again; do
    run_start STATE=var
    run_ready
    ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
    linked=$(readlink "$private/tree/var")
    [ "$(stat -c '%U %a' "$linked")" = 'www-data 700' ]
    if [ $state = fresh ]; then said 'cannot reach .*: it is now a link to'; fi
    run_end INT
  done
}

@test "by root, an empty home that www-data cannot reach gives way, a full one stops the run" {
  am_root || skip 'not root'
  chmod 700 "$T"
  mkdir "$T/home"
  run_start
  run_ready
  linked=$(readlink "$T/home")
  run_end INT
  mkdir "$T/full"
  touch "$T/full/file"
  chown www-data: "$T/full"
  PORT=$(port_free)
  export PORT
  STATE=$T/full refused 'www-data cannot reach it'
  [ -e "$T/full/file" ]
}

@test "by root, the owner of a home that is there runs the workers" {
  am_root || skip 'not root'
  mkdir "$T/home"
  chown nobody: "$T/home"
  run_start
  run_ready
  for pid in $(left); do
    case $(ps -o comm= -p "$pid") in
    forestgate* | lighttpd) [ "$(stat -c %U "/proc/$pid")" = nobody ] ;;
    esac
  done
  run_end INT
  PORT=$(port_free)
  export PORT
  STATE=$T/home RUN_USER=www-data refused 'belongs to nobody'
}

@test "an ordinary user is told whose a home is, and a port" {
  am_root || skip 'needs two users'
  mkdir "$T/home"
  touch "$T/home/file"
  chown -R www-data: "$T/home"
  chmod 700 "$T/home"
  chmod 777 "$T"
  tree_copy "$T/tree"
  chown -R nobody: "$T/tree"
  run -1 setpriv --reuid=nobody --regid=nogroup --clear-groups env BUILD="$T/tree/build" \
    STATE="$T/home" PORT="$(port_free)" "$T/tree/etc/run" 3>&- 4>&-
  [[ "$output" == *"belongs to www-data"*'make run STATE='* ]]
  first=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
  [ "$first" -gt 1 ] || return 0 # of a machine where all ports are everybody's
  run -1 setpriv --reuid=nobody --regid=nogroup --clear-groups env BUILD="$T/tree/build" \
    STATE="$T/another" PORT="$((first - 1))" "$T/tree/etc/run" 3>&- 4>&-
  [[ "$output" == *"port $((first - 1)) is for root alone"*"from $first on"* ]]
  [ ! -e "$T/another" ]
}
