#!/usr/bin/env bats
# tests/cli/config.bats: settings: where they come from, and that a wrong one stops the
# start with its place and with what is allowed.

load ../lib/api

setup_file() {
  gate_home
  cp -a "$G/home/forestgate.conf" "$G/example"
}
setup() { cp -a "$G/example" "$G/home/forestgate.conf"; }
teardown() { gate_stop; }

CONF=$G/home/forestgate.conf

# bad REGEX [ENVIRONMENT...]: the CLI and the worker both refuse, the worker before it
# has started any other.
bad() {
  local want=$1
  shift
  run env "$@" "$FORESTGATE" config check --home "$G/home"
  [ "$status" = 1 ] || fail "config check ended with $status: $output"
  [[ "$output" =~ $want ]] || fail "config check said: $output"
  run timeout 5 env "$@" "$WORKER" --home "$G/home" --workers 1 </dev/null
  [ "$status" = 1 ] || fail "the worker ended with $status: $output"
  [[ "$output" =~ $want ]] || fail "the worker said: $output"
}

bad_line() { # REGEX LINE: appended; the number of the line is asked for, too
  cp -a "$G/example" "$CONF"
  # shellcheck disable=SC2059
  printf "$2\n" >>"$CONF"
  bad "forestgate\.conf:$(($(wc -l <"$G/example") + 1)).*$1"
}

@test "the example that init writes is good, names every setting and shows every default" {
  run cli config check
  [ "$status" = 0 ]
  sed -i '/^address_rate = off$/d' "$CONF" # which is the tests' own
  cli config example | diff - "$CONF"
  [ "$(grep -cE '^#[a-z_]+ = ' "$CONF")" -ge 7 ]
  # With every setting uncommented it means the same.
  sed -i -E 's/^#([a-z_]+ =)/\1/' "$CONF"
  run cli config check
  [ "$status" = 0 ] || fail "$output"
}

@test "an unknown setting stops the start and lists those that it could be" {
  bad_line 'no setting "worker".*workers.*config example' 'worker = 4'
  bad_line 'no setting "Workers"' 'Workers = 4'
  bad_line 'no setting' '= 4'
}

@test "a value that is not allowed stops the start and says what is" {
  bad_line 'workers: "-1" is not allowed; allowed: .*0 to 1024' 'workers = -1'
  bad_line 'workers: "1025".*0 to 1024' 'workers = 1025'
  bad_line 'workers: "four"' 'workers = four'
  bad_line 'workers: ""' 'workers ='
  bad_line 'workers: "4 5"' 'workers = 4 5'
  bad_line 'predict_body_limit: "1T".*1K to 1G' 'predict_body_limit = 1T'
  bad_line 'predict_body_limit: "-1M"' 'predict_body_limit = -1M'
  bad_line 'predict_body_limit: "2G"' 'predict_body_limit = 2G'
  bad_line 'predict_body_limit: "99999999999999999999G"' 'predict_body_limit = 99999999999999999999G'
  bad_line 'predict_rows_limit: "0"' 'predict_rows_limit = 0'
  bad_line 'log_format: "xml".*text or json' 'log_format = xml'
  bad_line 'default_model: "Iris"' 'default_model = Iris'
  bad_line 'trusted_proxies: "10.0.0.0/33"' 'trusted_proxies = 10.0.0.0/33'
  bad_line 'trusted_proxies: "10.0.0.1/8"' 'trusted_proxies = 10.0.0.1/8'
  bad_line 'trusted_proxies: "localhost"' 'trusted_proxies = localhost'
  bad_line 'trusted_proxies: ' 'trusted_proxies = 10.0.0.0/8, x'
}

@test "a line that is none, a section and a line that is too long stop the start" {
  bad_line 'name = value' 'workers'
  bad_line 'no sections' '[server]\nworkers = 2'
  bad_line 'over 190 characters' "default_model = $(printf 'm%.0s' {1..300})"
  bad_line 'over 190 characters' "# $(printf 'm%.0s' {1..300})"
}

@test "a section without a setting in it stops the start as well" {
  bad_line 'no sections' '[server]'
}

@test "the first of two faults is told" {
  printf 'workers = x\nlog_format = y\n' >>"$CONF"
  bad 'workers: "x"'
}

@test "a file with a NUL, or a huge one, stops the start" {
  printf 'workers = 2\0\n' >>"$CONF"
  bad 'forestgate\.conf.*NUL'
  yes '#' | head -c 2000000 >"$CONF"
  bad 'forestgate\.conf.*over'
}

@test "no file at all is every default" {
  rm "$CONF"
  run cli config check
  [ "$status" = 0 ]
}

@test "a file that cannot be read stops the start" {
  rm "$CONF"
  mkdir "$CONF"
  bad 'forestgate\.conf'
  rmdir "$CONF"
}

@test "an unknown FORESTGATE_ variable stops the start" {
  bad 'FORESTGATE_WORKER: there is no setting' FORESTGATE_WORKER=4
  bad 'FORESTGATE_WORKERS: workers: "x"' FORESTGATE_WORKERS=x
  bad 'FORESTGATE_LOG_FORMAT.*text or json' FORESTGATE_LOG_FORMAT=xml
}

@test "a wrong option of the worker stops the start" {
  for options in '--frob 1' '--workers' '--workers x' '--workers=' 'x' '-w 2' '--log_format=xml'; do
    # shellcheck disable=SC2086
    run timeout 5 "$WORKER" --home "$G/home" $options </dev/null
    [ "$status" = 1 ] || fail "$options ended with $status: $output"
    [[ "$output" =~ --|option ]] || fail "$options: $output"
  done
}

@test "the command line goes before the environment, that before the file, that before the default" {
  log_is() { # FORMAT [OPTION...]
    local want=$1
    shift
    gate_start --workers 1 "$@"
    call GET "/health" HTTP_X_REQUEST_ID="is-$want"
    if [ "$want" = json ]; then log_line | jq -e .path >/dev/null; else [[ "$(log_line)" == *' info '* ]]; fi
    gate_stop
  }
  log_is text
  echo 'log_format = json' >>"$CONF"
  log_is json
  FORESTGATE_LOG_FORMAT=text log_is text
  FORESTGATE_LOG_FORMAT=text log_is json --log_format json
  FORESTGATE_LOG_FORMAT=json log_is text --log_format=text
}

@test "forms that are allowed: comments, blanks, quotes of none, sizes, a final line without its end" {
  printf '; a comment\n\n  \nworkers=2\npredict_body_limit =  2048\nbody_limit=1M ; a remark\nlog_format = text' >>"$CONF"
  run cli config check
  [ "$status" = 0 ] || fail "$output"
}

@test "a list that goes on in an indented line has all its items" {
  printf 'trusted_proxies = 10.0.0.0/8,\n  192.0.2.1,\n  2001:db8::/32\n' >>"$CONF"
  run cli config check
  [ "$status" = 0 ] || fail "$output"
  gate_start --workers 1
  for proxy in 10.1.1.1 192.0.2.1 2001:db8::7; do
    call GET /health REMOTE_ADDR="$proxy" HTTP_X_FORWARDED_FOR=203.0.113.9
    [ "$(log_line | cut -d' ' -f3)" = 203.0.113.9 ] || fail "$proxy is not trusted: $(log_line)"
  done
}

@test "lines that were pasted with blanks before them are told from a bad value" {
  printf 'hosts = api.example.org\n    cors_origins = https://app.example.org\n' >>"$CONF"
  run cli config check
  [ "$status" = 1 ]
  [[ "$output" == *'hosts: "api.example.org cors_origins'*'a line that begins with a blank goes on with the one before' ]] ||
    fail "$output"
  printf 'workers = 2\n    workers = 3\n' >"$CONF"
  run cli config check
  [[ "$status" = 1 && "$output" == *'workers is set twice; a line that begins'* ]] || fail "$output"
  printf 'workers = 2\nbody_limit = 1M\nworkers = 3\n' >"$CONF"
  run cli config check
  [[ "$status" = 1 && "$output" == *'workers is set twice' ]] || fail "$output"
}

@test "a bad item in a further line of a list stops the start" {
  printf 'trusted_proxies = 10.0.0.0/8,\n  nonsense\n' >>"$CONF"
  bad 'forestgate\.conf:.*trusted_proxies'
}
