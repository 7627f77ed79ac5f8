#!/usr/bin/env bats
# tests/front/doctor.bats: forestgate doctor before real fronts: right ones, and ones that
# are wrong in each of the ways that it looks for.
# shellcheck disable=SC2154,SC2016 # set by lib/front; dollars of sed

load ../lib/front

teardown() {
  # What a test has started beside the front.
  if [ -n "${STUB:-}" ]; then kill -KILL "$STUB" 2>/dev/null || :; fi
  front_teardown
}

# Sets report and status.
diagnose() {
  status=0
  report=$(cli doctor --json --url "$URL" 2>"$T/err") || status=$?
  [ "$status" = "$(jq 'if any(.[]; .state == "failed") then 1 else 0 end' <<<"$report")" ]
  keys_ended
}

field() { jq -r --arg name "$1" --arg field "$2" '.[] | select(.name == $name) | .[$field] // ""' <<<"$report"; }

# found NAME STATE [REGEX-OF-DETAIL [COMMAND]]
found() {
  if [ "$(field "$1" state)" != "$2" ] || ! [[ "$(field "$1" detail)" =~ ${3:-} ]] ||
    { [ -n "${4:-}" ] && [ "$(field "$1" command)" != "$4" ]; }; then
    printf 'expected %s\n' "$*" >&2
    jq . <<<"$report" >&2
    return 1
  fi
}

# No key of a diagnosis is left that works.
keys_ended() { cli key list --json | jq -e 'all(.[]; .name != "doctor" or .state == "revoked")' >/dev/null; }

# Starts the front anew with its configuration changed by a script of sed's; the second
# argument is where the service is then, if it moves.
front_with() {
  local program=(lighttpd -D -f "$T/front/front.conf")
  [ -e "$T/front/good.conf" ] || cp "$T/front/front.conf" "$T/front/good.conf"
  kill -TERM "$FRONT_PID"
  # Beside nginx there are workers that it did not start.
  if [ "$MODE" = nginx ]; then wait "$FRONT_PID" || :; else wait_for 50 no_pids; fi
  sed -E "$1" "$T/front/good.conf" >"$T/front/front.conf"
  if cmp -s "$T/front/good.conf" "$T/front/front.conf"; then echo "nothing was changed: $1" >&2; return 1; fi
  if [ "$MODE" = apache ]; then program=(apache2 -DFOREGROUND -f "$T/front/front.conf"); fi
  if [ "$MODE" = nginx ]; then program=(nginx -e "$T/front/front.log" -g 'daemon off;' -c "$T/front/front.conf"); fi
  cd "$T/front" || return 1
  TMPDIR=$T/front/work PATH=$PATH:/usr/sbin "${program[@]}" >>"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  FRONT_PID=$!
  cd "$OLDPWD" || return 1
  wait_for 100 curl -sf -o /dev/null --max-time 5 "${2:-$URL}/health/live"
}

front_checks=(front service TLS X-API-Key Authorization 'large bodies' 'too large bodies' images "the front's errors" headers
  'security headers' hosts CORS "the front's clock")

all_ok() {
  diagnose
  for check in "${front_checks[@]}"; do found "$check" ok; done
  [ "$status" = 0 ]
}

@test "every front of the templates passes every check, and the key is revoked" {
  for mode in lighttpd lighttpd-cgi apache apache-cgi apache-proxy lighttpd-socket nginx; do
    front_setup "$mode"
    all_ok
    [ "$(cli key list --json | jq '[.[] | select(.name == "doctor")] | length')" = 1 ]
    front_teardown
  done
}

@test "a certificate that is not believed is told from a front that is not there, and its root can be given" {
  front_setup lighttpd-tls
  roots=$CURL_CA_BUNDLE
  unset CURL_CA_BUNDLE
  diagnose
  found front failed 'answers with a certificate that this machine does not believe' \
    "CURL_CA_BUNDLE=$T/home/tls/localhost.crt forestgate doctor --url $URL"
  export CURL_CA_BUNDLE=$T/none.crt
  diagnose
  found front failed 'the roots that CURL_CA_BUNDLE names cannot be read'
  export CURL_CA_BUNDLE=$roots
  all_ok
}

@test "a front that says no HSTS over TLS, where it is wanted" {
  front_setup nginx-tls
  all_ok
  front_with '/Strict-Transport-Security/d'
  diagnose
  found 'security headers' warning 'comes without Strict-Transport-Security'
  echo 'hsts = off' >>"$T/home/forestgate.conf"
  diagnose
  found 'security headers' ok
}

@test "proxies of the environment are not used" {
  front_setup lighttpd
  export http_proxy=http://127.0.0.1:1/ HTTP_PROXY=http://127.0.0.1:1/ all_proxy=http://127.0.0.1:1/
  diagnose
  found X-API-Key ok
}

@test "a home without a model can be asked all the same" {
  front_setup lighttpd
  cli init >/dev/null
  sqlite3 "$T/home/forestgate.db" 'PRAGMA foreign_keys = OFF; DELETE FROM version; DELETE FROM model'
  if am_root; then chown www-data: "$T"/home/forestgate.db*; fi
  all_ok
  found models warning
}

@test "Apache that drops Authorization" {
  front_setup apache
  front_with 's/CGIPassAuth On/CGIPassAuth Off/'
  diagnose
  found Authorization failed 'Apache: put CGIPassAuth On' 'apachectl graceful'
  found X-API-Key ok
  found 'large bodies' ok
}

@test "Apache that drops X-API-Key, and one that takes headers out of answers" {
  front_setup apache
  front_with '$aLoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\nRequestHeader unset X-API-Key'
  diagnose
  found X-API-Key failed 'does not arrive; Apache: ' 'apachectl graceful'
  found Authorization ok
  found 'large bodies' 'not asked'
  front_with '$aLoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\nHeader always unset Cache-Control'
  diagnose
  found headers failed 'without Cache-Control' 'apachectl graceful'
  front_with '$aLoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\nHeader always set Cache-Control public'
  diagnose
  found headers failed 'comes as "public"'
}

@test "Apache and mod_fcgid with limits on bodies that are too small" {
  front_setup apache
  front_with 's/^FcgidMaxRequestLen.*/FcgidMaxRequestLen 131072/'
  diagnose
  found 'large bodies' failed '500 to a body of .* Apache: set LimitRequestBody and, of mod_fcgid, FcgidMaxRequestLen' 'apachectl graceful'
  found 'too large bodies' failed 'is 500 and not 413' 'apachectl graceful'
  front_with 's/17825792/1048576/'
  diagnose
  found 'large bodies' failed '413 to a body of' 'apachectl graceful'
  found 'too large bodies' ok 'the front answers 413'
}

@test "lighttpd with a limit on bodies that is too small" {
  front_setup lighttpd
  front_with 's/^(server.max-request-size *= *).*/\11024/'
  diagnose
  found 'large bodies' failed '413 to a body of 16776704 .* lighttpd: set server.max-request-size' 'systemctl restart lighttpd'
  found 'too large bodies' ok 'the front answers 413'
  found Authorization ok
}

@test "fronts that stop images which the workers would take" {
  front_setup lighttpd
  front_with 's/^(\tserver.max-request-size *= *).*/\165535/'
  diagnose
  found images warning '413 to an upload of 67108864 .* lighttpd: set server.max-request-size' 'systemctl restart lighttpd'
  found 'large bodies' ok
  front_teardown
  front_setup apache
  front_with '/^<LocationMatch/,/^<.LocationMatch/d; s/68157440/17825792/'
  diagnose
  found images warning '413 to an upload of .* Apache: set LimitRequestBody for ' 'apachectl graceful'
  found 'large bodies' ok
  echo 'image_body_limit = 129M' >>"$T/home/forestgate.conf"
  diagnose
  found images 'not asked' 'image_body_limit is over'
}

@test "a limit that was raised in the settings above the front's" {
  front_setup lighttpd
  echo 'predict_body_limit = 32M' >>"$T/home/forestgate.conf"
  diagnose
  # Neither the front nor the workers, who were started before, know of it.
  found 'large bodies' failed 'lighttpd: set server.max-request-size'
  front_with 's/^(server.max-request-size *= *).*/\165536/'
  diagnose
  found 'large bodies' ok
  found 'too large bodies' ok
  echo 'predict_body_limit = 1M' >"$T/home/forestgate.conf"
  diagnose
  found 'too large bodies' failed 'is 400 and not 413'
}

@test "fronts whose own errors are pages" {
  front_setup lighttpd
  front_with '/errorfile-prefix/d'
  diagnose
  found "the front's errors" failed "the front's 4.. to .* lighttpd: set server.errorfile-prefix" 'systemctl restart lighttpd'
  front_with 's/^(server.max-request-size *= *).*/\11024/; /errorfile-prefix/d'
  diagnose
  found 'too large bodies' failed "front's 413 is not of the form"
  front_teardown
  front_setup apache
  front_with '/^ErrorDocument/d'
  diagnose
  found "the front's errors" failed "the front's 4.. to .* Apache: set ErrorDocument" 'apachectl graceful'
  # One status is enough.
  front_with '/^ErrorDocument 414/d'
  diagnose
  found "the front's errors" failed "the front's 414"
}

@test "fronts that leave browsers unguarded" {
  front_setup nginx
  front_with '/X-Frame-Options/d'
  diagnose
  found 'security headers' warning 'of the workers comes without X-Frame-Options; nginx: set them' 'nginx -s reload'
  front_with 's/^(\tadd_header X-Frame-Options.*)/\1\n\1/; s/X-XSS-Protection "0"/X-XSS-Protection "1"/'
  diagnose
  found 'security headers' warning 'has X-Frame-Options 2 times'
  # An inner block with a header of its own has no other.
  front_with 's|return 200 .forestgate_refusal|add_header X-Own 1 always;\n&|'
  diagnose
  found 'security headers' warning "refusal of the front's own comes without X-Content-Type-Options"
  front_with "s|return 421|fastcgi_pass unix:$T/worker.sock|; s/^\\tmap .http_origin .*/&\n~. \$http_origin;/"
  diagnose
  found hosts warning 'under any name: 200 to .* nginx: have a default_server' 'nginx -s reload'
  found CORS failed 'pages of any origin may read .* nginx: make its configuration anew' 'nginx -s reload'
  front_with 's/return 204/return 404/'
  diagnose
  found CORS failed 'https://app.example.org is one of cors_origins, and its pages may not call: a preflight'
  found hosts ok 'refused with 421'
  front_with 's/^\t\t\t127.0.0.1$//' "$PLAIN_URL"
  diagnose
  found service failed 'does not go by the name that is in http://127.0.0.1:'
  front_with '/error_page/d'
  diagnose
  found "the front's errors" failed "the front's 4.. to .* nginx: set error_page" 'nginx -s reload'
}

@test "a front without workers, and none at all" {
  front_setup lighttpd-socket
  kill -TERM "$SPAWN_PID"
  no_answer() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$URL/health")" = 503 ]; }
  wait_for 50 no_answer
  diagnose
  found front ok
  found service failed 'answers 503' 'systemctl restart lighttpd'
  for check in "${front_checks[@]:2}"; do found "$check" 'not asked' 'not asked: '; done
  front_stop 2>/dev/null || :
  wait_for 50 no_pids
  diagnose
  found front failed 'does not answer'
  found service 'not asked'
}

@test "a service of another home" {
  front_setup lighttpd
  mv "$T/home" "$T/served"
  mkdir -m 700 "$T/home"
  if am_root; then chown www-data: "$T/home"; fi
  cli init >/dev/null
  diagnose
  found X-API-Key failed 'another home'
  found Authorization 'not asked'
  found 'large bodies' 'not asked'
}

@test "a service below a path of the front" {
  front_setup apache
  front_with 's|^ScriptAlias "/"|ScriptAlias "/gate/"|' "$URL/gate"
  URL=$URL/gate
  diagnose
  found service ok
  found X-API-Key ok
  found 'large bodies' ok
  # Clients that have a path in their address find everything below it.
  /usr/bin/python3 "$TOP/tests/lib/oip.py" replay "$URL" "$KEY" "$(cli key create --name root --tier test --scopes admin,predict,read 2>/dev/null)" \
    'infer, texts as bytes=404' 'infer, texts as JSON=404'
}

# A server of a few lines: answers each connection with the file of the path asked for, or
# with what is in "any", and hangs if there is neither or nothing in it.
stub_start() {
  mkdir "$T/stub"
  perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 0, Listen => 9, ReuseAddr => 1) or die;
    open(my $p, ">", "$ARGV[0]/port.new"); print $p $s->sockport; close $p; rename "$ARGV[0]/port.new", "$ARGV[0]/port";
    my @kept;
    while (my $c = $s->accept) {
      my ($line, $l) = (scalar <$c>);
      while (defined($l = <$c>) && $l !~ /^\r?\n$/) {}
      my ($n) = $line =~ m{^\S+ /(\S*)}; $n =~ tr{/}{_};
      open(my $log, ">>", "$ARGV[0]/asked"); print $log "$line"; close $log;
      my $f = -e "$ARGV[0]/$n" ? "$ARGV[0]/$n" : "$ARGV[0]/any";
      if (-s $f && open(my $h, "<", $f)) { local $/; my $all = <$h>; print $c $all; close $c } else { push @kept, $c }
    }' "$T/stub" 3>&- &
  STUB=$!
  wait_for 50 test -e "$T/stub/port"
  URL=http://127.0.0.1:$(cat "$T/stub/port")
}

stub_says() { # FILE STATUS HEADER BODY
  printf 'HTTP/1.1 %s\r\n%b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' "$2" "$3" "${#4}" "$4" >"$T/stub/$1"
}

stub_setup() {
  MODE=stub
  FRONT_PID='' SPAWN_PID=''
  dir_make
  home_make
  stub_start
}

@test "what answers and is no Forestgate gets no key" {
  stub_setup
  stub_says any '200 OK' 'Content-Type: text/html' '<h1>It works</h1>'
  diagnose
  found front ok
  found service failed 'is no Forestgate'
  found X-API-Key 'not asked'
  [ "$(cli key list --json | jq '[.[] | select(.name == "doctor")] | length')" = 0 ]
  [ "$(wc -l <"$T/stub/asked")" = 1 ]
}

@test "a redirect is not followed" {
  stub_setup
  stub_says any '302 Found' "Location: $URL/elsewhere" ''
  diagnose
  found service failed 'status 302'
  [ "$(wc -l <"$T/stub/asked")" = 1 ]
}

@test "workers of another version, and a clock that is away" {
  stub_setup
  stub_says any '200 OK' 'Content-Type: application/json\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT' \
    '{"status":"alive","timestamp":"x","version":"0.0.9"}'
  diagnose
  found service warning 'version 0.0.9'
  found "the front's clock" failed 'seconds from this one'
  found headers failed 'without X-Request-ID'
}

@test "an answer without end, and none, end in time and end the key" {
  stub_setup
  stub_says any '404 Not Found' 'Content-Type: text/plain' 'none'
  stub_says health_live '200 OK' 'Content-Type: application/json' '{"status":"alive","version":"0.1.0"}'
  {
    printf 'HTTP/1.1 200 OK\r\n\r\n'
    head -c 3000000 /dev/zero | tr '\0' ' '
  } >"$T/stub/models"
  # By the program curl as well.
  BUILD=$BUILD/hosting diagnose
  found X-API-Key failed 'could not be made and tried: curl: .23. '
  : >"$T/stub/api_status"
  diagnose
  found X-API-Key failed 'could not be made and tried: Failure writing'
  found interface failed 'is not answered: .* 20[0-9]+ milliseconds'
}

@test "a signal ends the questions and the key" {
  stub_setup
  stub_says health_live '200 OK' 'Content-Type: application/json' '{"status":"alive","version":"0.1.0"}'
  stub_says api_status '200 OK' 'Content-Type: application/json' '{"interface":"fastcgi"}'
  for signal in INT TERM HUP; do
    : >"$T/stub/asked"
    env --default-signal=INT,TERM,HUP "$BUILD/forestgate" --home "$T/home" doctor --url "$URL" >"$T/told" 2>&1 3>&- &
    doctor=$!
    wait_for 50 grep -q /models "$T/stub/asked"
    [ "$(cli key list --json | jq '[.[] | select(.name == "doctor" and .state == "active")] | length')" = 1 ]
    kill -"$signal" "$doctor"
    ended=0
    wait "$doctor" || ended=$?
    [ "$ended" = $((128 + $(kill -l "$signal"))) ]
    keys_ended
  done
}
