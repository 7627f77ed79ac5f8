#!/usr/bin/env bats
# tests/front/hosting.bats: the tarball of `make hosting` on a shared host: an Apache that is
# not ours, a user who may nothing, and a .htaccess.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # URL, status, body and header are those of ask in lib/front

load ../lib/front

# The user and the environment of somebody with SSH on such a host.
as_user() {
  local as=()
  if am_root; then as=(setpriv --reuid "$(id -u www-data)" --regid "$(id -g www-data)" --clear-groups --); fi
  "${as[@]}" env -i PATH=/usr/bin:/bin HOME="$T/user" "$@"
}
forestgate() { as_user "$T/bin/forestgate" --home "$T/user/home" "$@"; }

# host_conf PORT TLS_PORT: as a host would have it: two users' sites in one, of which .htaccess
# may say what most hosts let it say.
host_conf() {
  local module
  cat <<EOF
ServerRoot "$T/front"
ServerName localhost
TraceEnable Off
Listen 127.0.0.1:$1
Listen 127.0.0.1:$2
PidFile "$T/front/pid"
ErrorLog "$T/front/front.log"
DefaultRuntimeDir "$T/front"
Mutex file:$T/front default
Suexec Off
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
EOF
  for module in authz_core mime dir env setenvif rewrite headers ssl socache_shmcb fcgid cgid; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<EOF
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
TypesConfig /dev/null
ScriptSock "$T/front/cgid.sock"
FcgidIPCDir "$T/front"
FcgidProcessTableFile "$T/front/fcgid_shm"
Header always set X-Frame-Options SAMEORIGIN
Header always set X-Powered-By PleskLin
DocumentRoot "$T/user/public_html"
<Directory />
  AllowOverride None
  Require all denied
</Directory>
<Directory "$T/user/public_html">
  Options Indexes SymLinksIfOwnerMatch ExecCGI
  AllowOverride FileInfo AuthConfig Limit Indexes
  Require all granted
</Directory>
<Directory "$T/user/public_html/shut">
  Options -ExecCGI
</Directory>
<Files ".ht*">
  Require all denied
</Files>
<VirtualHost 127.0.0.1:$2>
  SSLEngine On
  SSLCertificateFile "$T/user/home/tls/localhost.crt"
  SSLCertificateKeyFile "$T/user/home/tls/localhost.key"
</VirtualHost>
EOF
}

host_start() {
  local port tls_port
  port=$(port_free) tls_port=$(port_free)
  host_conf "$port" "$tls_port" >"$T/front/front.conf"
  printf '%s\n' "https_port = $tls_port" >>"$T/user/home/forestgate.conf"
  HOST=https://localhost:$tls_port PLAIN_URL=http://localhost:$port
  forestgate front htaccess --out "$T/user/public_html/api"
  forestgate front htaccess --mode cgi --out "$T/user/public_html/slow"
  as_user /usr/sbin/apache2 -DFOREGROUND -f "$T/front/front.conf" >>"$T/out" 2>&1 </dev/null 3>&- 4>&- &
  FRONT_PID=$! SPAWN_PID=''
  export HOST PLAIN_URL FRONT_PID SPAWN_PID
  wait_for 100 curl -sf -o /dev/null --max-time 2 "$HOST/api/health" || { cat "$T/out" "$T/front/front.log" >&2; return 1; }
}

setup_file() {
  T=$(mktemp -d /tmp/forestgate-test.XXXXXX)
  export T
  chmod 755 "$T"
  mkdir -p "$T/bin" "$T/front" "$T/user/public_html"
  tar xzf "$BUILD"/forestgate-*.tar.gz --strip-components=1 -C "$T/bin"
  if am_root; then chown -R www-data: "$T"; fi
  forestgate init >/dev/null
  as_user "$T/bin/forestgate" model train "$T/bin/iris.csv" --target species --seed 42 -o "$T/user/iris.fgm" >/dev/null
  forestgate model publish iris "$T/user/iris.fgm" >/dev/null
  KEY=$(forestgate key create --name test 2>/dev/null)
  cp "$T/user/home/tls/localhost.crt" "$T/front.crt"
  chmod 644 "$T/front.crt"
  export KEY CURL_CA_BUNDLE=$T/front.crt
  printf '%s\n' 'hosts = localhost' 'address_rate = off' 'cors_origins = https://app.example.org' \
    >>"$T/user/home/forestgate.conf"
  host_start
}
teardown_file() { front_teardown; }

# each COMMAND...: for the directory with mod_fcgid and for the one with plain CGI.
each() {
  for MOUNT in /api /slow; do
    URL=$HOST$MOUNT
    echo "below $MOUNT"
    "$@" # by itself: what a || is behind goes on after a failure
  done
}

predict() { ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" "$@"; }

# has NAME VALUE: the answer has the header once, with this value.
has() {
  local values
  values=$(tr -d '\r' <"$header" | sed -n "s/^$1: *//Ip")
  [ "$values" = "$2" ] || { printf '%s is "%s" and not "%s"\n' "$1" "$values" "$2" >&2; cat "$header" >&2; return 1; }
}
has_not() { [ -z "$(header_of "$1")" ] || { echo "there is $1: $(header_of "$1")" >&2; return 1; }; }

protocols() {
  ask -H "X-API-Key: $KEY" -H "$JSON" -d '{"instances":[[5.1,3.5,1.4,0.2]]}' /v1/models/iris:predict
  [ "$status$body" = '200{"predictions":[0]}' ]
  ask -H "X-API-Key: $KEY" -H 'Content-Type: text/csv' -d '5.1,3.5,1.4,0.2' /endpoints/iris/invocations
  [ "$status$body" = '200{"predictions":[0]}' ]
  ask -H "Authorization: Bearer $KEY" -H "$JSON" -d '{"inputs":{"data":[["5.1","3.5","1.4","0.2"]]}}' /hf/models/iris
  [ "$status$body" = '200[0]' ]
  ask /ping
  assert_status 200
}
@test "clients of other model servers are answered" { each protocols; }

@test "the prediction of README.txt is answered" {
  command=$(sed -n '/^       curl /,/predict$/p' "$T/bin/README.txt")
  [[ "$command" == *KEY*https://example.org/api/predict ]]
  command=${command/KEY/$KEY}
  eval "${command/https:\/\/example.org/$HOST} -sS" >"$BATS_TEST_TMPDIR/answer"
  jq -e '.label == "setosa"' "$BATS_TEST_TMPDIR/answer"
}

# A home as the tarball makes one, in an empty root: no file of this system is there.
@test "the programs ask for no library, and work in an empty root" {
  local program
  for program in "$T/bin/forestgate" "$T/bin/forestgate.fcgi"; do
    [ "$(readelf -d "$program" | grep -c NEEDED)" = 0 ]
    [ "$(readelf -lW "$program" | grep -c INTERP)" = 0 ]
    readelf -hW "$program" | grep -q 'DYN ' # at another address each time
  done
  am_root || skip 'not root, who alone may change the root'
  mkdir -p "$T/root/tmp" "$T/root/state"
  cp "$T/bin/forestgate" "$T/bin/forestgate.fcgi" "$T/bin/iris.csv" "$T/root"
  chown 12345:12345 "$T/root/tmp" "$T/root/state"
  in_root() { chroot --userspec=12345:12345 "$T/root" "$@"; }
  in_root /forestgate --home /state/home init >/dev/null
  in_root /forestgate model train /iris.csv --target species -o /state/iris.fgm
  in_root /forestgate --home /state/home model publish iris /state/iris.fgm
  in_root /forestgate.fcgi --version
  run in_root /forestgate --home /state/home front nginx
  [ "$status" = 1 ]
  [[ "$output" == *'--user: 12345, who runs this, has no name here'* ]]
}

@test "a home that the web server would give out is refused, by who makes it and who serves it" {
  run as_user "$T/bin/forestgate" --home "$T/user/public_html/home" init
  [ "$status" = 1 ]
  [[ "$output" == *"public_html, which a web server gives out"* ]]
  [ ! -e "$T/user/public_html/home" ]
  mkdir "$T/user/site"
  touch "$T/user/site/.htaccess"
  if am_root; then chown -R www-data: "$T/user/site"; fi
  run as_user "$T/bin/forestgate" --home "$T/user/site/home" init
  [ "$status" = 1 ]
  [[ "$output" == *"has a .htaccess"* ]]
  run forestgate front htaccess --out "$T/user"
  [ "$status" = 1 ]
  [[ "$output" == *"which the web server gives out"* ]]
  # One that was made elsewhere and moved, and a site whose name says nothing.
  as_user mv "$T/user/home" "$T/user/public_html/home"
  URL=$HOST/slow
  sed -i "s|$T/user/home|$T/user/public_html/home|" "$T/user/public_html/slow/forestgate.fcgi"
  ask /health
  as_user mv "$T/user/public_html/home" "$T/user/home"
  sed -i "s|$T/user/public_html/home|$T/user/home|" "$T/user/public_html/slow/forestgate.fcgi"
  assert_problem 503 unavailable
  for name in DOCUMENT_ROOT CONTEXT_DOCUMENT_ROOT; do
    as_user env REQUEST_METHOD=GET REQUEST_URI=/health "$name=$T/user" "$T/bin/forestgate.fcgi" \
      --home "$T/user/home" >"$BATS_TEST_TMPDIR/cgi" 2>"$BATS_TEST_TMPDIR/why"
    grep -q '^Status: 503' "$BATS_TEST_TMPDIR/cgi"
    grep -q 'which the web server gives out' "$BATS_TEST_TMPDIR/why"
  done
}

@test "a .htaccess of somebody's own is not overwritten" {
  mkdir "$T/user/public_html/own"
  echo 'Deny from all' >"$T/user/public_html/own/.htaccess"
  if am_root; then chown -R www-data: "$T/user/public_html/own"; fi
  run forestgate front htaccess --out "$T/user/public_html/own"
  [ "$status" = 1 ]
  [[ "$output" == *"was not made by forestgate"* ]]
  [ "$(cat "$T/user/public_html/own/.htaccess")" = 'Deny from all' ]
}

health_answers() {
  ask /health
  assert_status 200
  [ "$(header_of content-type)" = application/json ]
  ask /
  assert_status 200
  jq -e .routes <<<"$body"
}
@test "health and the welcome answer" { each health_answers; }

keys_pass() {
  predict /predict
  assert_status 200
  jq -e '.label == "setosa"' <<<"$body"
  predict '/models/iris/predict?x=1'
  assert_status 200
  ask -H "Authorization: Bearer $KEY" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
  ask -H "$JSON" -d "$FEATURES" /predict
  assert_problem 401 unauthorized
  ask -H "X_API_KEY: $KEY" -H "$JSON" -d "$FEATURES" /predict
  assert_problem 401 unauthorized
}
@test "a prediction by X-API-Key and by Bearer" { each keys_pass; }

no_files() {
  local path
  for path in /nothing /forestgate.fcgi /forestgate.fcgi/predict /.htaccess /.git/config /errors/ \
    //predict /x/../predict /%70redict /predict/ '/predict;x=1'; do
    predict "$path"
    assert_refused || { echo "for the path $path" >&2; return 1; }
  done
  ask /nothing
  assert_problem 404 not_found
  ask /.htaccess
  [[ "$body" != *Rewrite* ]]
}
@test "every path is the program's, and no file is given out" { each no_files; }

# No directory's configuration has a say in these, so they look as the host's do.
refused_before() {
  local path
  for path in /predict%00 /models%2firis%2fpredict "/$(head -c 20000 /dev/zero | tr '\0' a)"; do
    predict "$path"
    [[ "$status" == 4?? && "$body" != *prediction* ]] || { echo "$status for the path ${path:0:60}" >&2; return 1; }
  done
}
@test "what Apache refuses before it reads a .htaccess is refused all the same" { each refused_before; }

headers_are_there() {
  local path
  for path in /health /nothing /.htaccess; do
    ask "$path"
    has X-Content-Type-Options nosniff
    has X-Frame-Options DENY
    has Permissions-Policy 'geolocation=(), microphone=(), camera=()'
    has Cross-Origin-Opener-Policy same-origin
    has X-XSS-Protection 0
    has Referrer-Policy strict-origin-when-cross-origin
    has Content-Security-Policy "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    has Strict-Transport-Security 'max-age=31536000; includeSubDomains'
    has_not X-Powered-By
  done
  ask -H 'Accept: text/html' /
  [[ "$(header_of content-security-policy)" == *"style-src 'self'"* ]]
  [ "$(grep -ci '^content-security-policy:' "$header")" = 1 ]
}
@test "security headers on every answer, once, and the pages' own policy" { each headers_are_there; }

cors_is_exact() {
  local origin
  ask -H 'Origin: https://app.example.org' /health
  has Access-Control-Allow-Origin https://app.example.org
  has Access-Control-Allow-Credentials true
  [[ "$(header_of access-control-expose-headers)" == *X-Request-ID* ]]
  has Vary Origin
  ask -H 'Origin: https://app.example.org' /.htaccess
  has Access-Control-Allow-Origin https://app.example.org
  for origin in https://app.example.org.evil.example http://app.example.org null https://APP.example.org; do
    ask -H "Origin: $origin" /health
    has_not Access-Control-Allow-Origin
    has_not Access-Control-Allow-Credentials
    has Vary Origin
  done
  ask -X OPTIONS -H 'Origin: https://app.example.org' -H 'Access-Control-Request-Method: POST' /predict
  assert_status 204
  [ -z "$body" ]
  has Access-Control-Allow-Origin https://app.example.org
  has Access-Control-Max-Age 600
  [[ "$(header_of access-control-allow-methods)" == *POST* ]]
  [[ "$(header_of access-control-allow-headers)" == *X-API-Key* ]]
  has_not X-Request-ID
  ask -X OPTIONS -H 'Origin: https://evil.example' -H 'Access-Control-Request-Method: POST' /predict
  assert_problem 405 method_not_allowed
  has_not Access-Control-Allow-Origin
  ask -H 'Origin: https://app.example.org' /
  [[ "$(header_of vary)" == *Accept* && "$(header_of vary)" == *Origin* ]]
}
@test "CORS: the listed origin alone, and a preflight that reaches no worker" { each cors_is_exact; }

hosts_are_known() {
  ask -H 'Host: evil.example' /health
  assert_problem 421 misdirected_request
  has X-Frame-Options DENY
  URL=$PLAIN_URL$MOUNT
  ask -H 'Host: evil.example' /health
  assert_problem 421 misdirected_request
  ask '/models?x=1&y=%20'
  assert_status 308
  [ "$(header_of location)" = "$HOST$MOUNT/models?x=1&y=%20" ]
  ask -H 'X-Forwarded-Proto: https' /health
  assert_status 200
}
@test "another host is refused, and http is redirected" { each hosts_are_known; }

# TRACE is the host's (TraceEnable): it is answered, or not, before a .htaccess is read.
methods_are_known() {
  local method
  ask -X TRACE -H "X-API-Key: $KEY" /predict
  assert_status 405
  [[ "$body" != *"$KEY"* ]]
  for method in TRACK BREW; do
    ask -X "$method" -H "X-API-Key: $KEY" /predict
    assert_problem "$status" "$(jq -r .error <<<"$body")"
    [[ "$status" == 405 || "$status" == 501 ]]
  done
}
@test "methods that there are not are refused" { each methods_are_known; }

bodies_have_a_length() {
  predict -H 'Transfer-Encoding: chunked' /predict
  assert_problem 411 length_required
}
@test "a body without a length is refused" { each bodies_have_a_length; }

@test "a body over what mod_fcgid lets through is a 413, and one as large is taken; plain CGI takes more" {
  { printf '{"features":[5.1,3.5,1.4,0.2'; head -c 131042 /dev/zero | tr '\0' ' '; printf ']}'; } >"$BATS_TEST_TMPDIR/most"
  [ "$(stat -c %s "$BATS_TEST_TMPDIR/most")" = 131072 ]
  { cat "$BATS_TEST_TMPDIR/most"; printf ' '; } >"$BATS_TEST_TMPDIR/over"
  each_body() { ask -H "X-API-Key: $KEY" -H "$JSON" --data-binary "@$BATS_TEST_TMPDIR/$1" /predict; }
  URL=$HOST/api
  each_body most
  assert_status 200
  each_body over
  assert_problem 413 content_too_large
  URL=$HOST/slow
  each_body over
  assert_status 200
}

links_are_whole() {
  local job
  ask -H "X-API-Key: $KEY" -H "$JSON" -H 'Prefer: respond-async' -d "$FEATURES" /predict
  assert_status 202
  job=$(header_of location)
  [[ "$job" == "$MOUNT"/jobs/* ]]
  [ "$(jq -r .links.self <<<"$body")" = "$job" ]
  [ "$(jq -r .links.result <<<"$body")" = "$job/result" ]
  forestgate work --drain
  URL=$HOST
  ask -H "X-API-Key: $KEY" "$job"
  assert_status 200
  jq -e --arg job "$job" '.status == "completed" and .links.self == $job' <<<"$body"
}
@test "a job is found where its link says, and cron works it off" { each links_are_whole; }

# found NAME STATE REGEX-OF-DETAIL [COMMAND], of the last examination.
found() {
  jq -e --arg name "$1" --arg state "$2" --arg detail "$3" --arg command "${4:-}" '.[] | select(.name == $name) |
    .state == $state and (.detail | test($detail)) and ($command == "" or .command == $command)' \
    "$BATS_TEST_TMPDIR/findings" >/dev/null || { jq . "$BATS_TEST_TMPDIR/findings" >&2; return 1; }
}
examine() {
  as_user env CURL_CA_BUNDLE="$T/front.crt" "$T/bin/forestgate" --home "$T/user/home" doctor --json --url "$1" \
    >"$BATS_TEST_TMPDIR/findings" || :
}

@test "doctor tells what a body may be, and the line that says so mends it" {
  examine "$HOST/api/"
  jq -e '[.[] | select(.state == "failed") | .name] == ["large bodies"]' "$BATS_TEST_TMPDIR/findings"
  found 'large bodies' failed 'mod_fcgid takes 131072 bytes' \
    'forestgate front htaccess --host-limit BYTES --out ~/public_html/DIRECTORY'
  found "the front's errors" warning "the host's own"
  for check in place TLS interface X-API-Key Authorization headers 'security headers'; do found "$check" ok .; done
  echo 'predict_body_limit = 131072' >>"$T/user/home/forestgate.conf"
  forestgate front htaccess --out "$T/user/public_html/api"
  examine "$HOST/api/"
  jq -e 'all(.[]; .state != "failed")' "$BATS_TEST_TMPDIR/findings"
}

@test "doctor finds what a host lacks: modules, Authorization, FastCGI, the right to run programs" {
  local htaccess=$T/user/public_html/api/.htaccess
  cp "$htaccess" "$BATS_TEST_TMPDIR/good"
  # As if the module were not there.
  sed 's/mod_headers\.c/mod_no_headers.c/' "$BATS_TEST_TMPDIR/good" >"$htaccess"
  examine "$HOST/api/"
  found service failed 'lack mod_rewrite, mod_headers or mod_fcgid'
  sed -e '/^<IfModule !mod_headers/,/^<\/IfModule/d' -e 's/mod_headers\.c/mod_no_headers.c/' "$BATS_TEST_TMPDIR/good" >"$htaccess"
  examine "$HOST/api/"
  found 'security headers' warning 'without X-Content-Type-Options.*the host lacks mod_headers'
  sed 's/E=HTTP_AUTHORIZATION/E=NOTHING/' "$BATS_TEST_TMPDIR/good" >"$htaccess"
  examine "$HOST/api/"
  found Authorization warning 'send X-API-Key' 'echo CGIPassAuth On >>~/public_html/DIRECTORY/.htaccess'
  found X-API-Key ok .
  echo 'CGIPassAuth On' >>"$htaccess"
  examine "$HOST/api/"
  found Authorization ok .
  # A site where no program may be run, and its script is no page to be shown.
  for mode in fcgid cgi; do
    forestgate front htaccess --mode $mode --out "$T/user/public_html/shut"
    examine "$HOST/shut/"
    found service failed 'run programs'
    URL=$HOST/shut
    ask /health
    [ "$status" = 403 ]
    [[ "$body" != *exec* && "$body" != *forestgate.fcgi* ]]
  done
  sed 's/fcgid-script/default-handler/' "$BATS_TEST_TMPDIR/good" >"$htaccess"
  examine "$HOST/api/"
  found service failed 'is no Forestgate'
  cp "$BATS_TEST_TMPDIR/good" "$htaccess"
  examine "$HOST/slow/"
  found interface warning 'plain CGI'
  as_user env PATH=/nowhere "$T/bin/forestgate" --home "$T/user/home" doctor --json --url "$HOST/api/" \
    >"$BATS_TEST_TMPDIR/findings" || :
  found front failed 'there is no program curl here'
  mkdir "$T/ends"
  printf '#!/bin/sh\nkill -KILL $$\n' >"$T/ends/curl"
  chmod 755 "$T/ends/curl"
  as_user env PATH="$T/ends" "$T/bin/forestgate" --home "$T/user/home" doctor --json --url "$HOST/api/" \
    >"$BATS_TEST_TMPDIR/findings" || :
  found front failed 'the program curl was ended'
}

# As a host has it with suEXEC: a user's program is that user's process, in an environment of
# suEXEC's. The user is in a passwd that only these processes see.
suexec_conf() {
  host_conf "$1" "$2" | sed -e '/<VirtualHost/,/<\/VirtualHost/d' -e '/^Listen .*:0$/d' -e '/_module .*mod_ssl/d' \
    -e 's/^Suexec Off/Suexec On/' -e "s|$T/front|$T/su/front|; s|$T/user|$T/su|; s|^DocumentRoot.*|DocumentRoot \"$T/root\"|"
  echo 'LoadModule suexec_module /usr/lib/apache2/modules/mod_suexec.so'
  echo 'LoadModule userdir_module /usr/lib/apache2/modules/mod_userdir.so'
  printf '%s\n' 'UserDir public_html' 'User www-data' 'Group www-data' "<Directory \"$T/root\">" 'Require all granted' '</Directory>'
}

suexec_ask() {
  mount --bind "$T/su/passwd" /etc/passwd
  mount --bind "$T/su/group" /etc/group
  mount -t tmpfs none /var/log
  mkdir /var/log/apache2
  /usr/sbin/apache2 -DFOREGROUND -f "$T/su/front/front.conf" >>"$T/su/out" 2>&1 </dev/null 3>&- 4>&- &
  front=$!
  wait_for 100 curl -sf -o /dev/null --max-time 2 "$1/api/health" || :
  for mount in api slow; do
    curl -sS --max-time 20 -H "Authorization: Bearer $2" -H "$JSON" -d "$FEATURES" "$1/$mount/predict" >"$T/su/$mount.json"
  done
  curl -sS --max-time 20 "$1/api/.htaccess" >"$T/su/refused.json"
  ps -e -o uid=,args= | awk -v home="$T/su/home" '$4 == home {print $1}' >"$T/su/uids"
  kill -TERM "$front"
  wait "$front" || :
  cat /var/log/apache2/suexec.log >>"$T/su/out" || :
}

@test "under suEXEC it is the user's process, and finds its home" {
  am_root || skip 'not root, who alone may have other users'
  local port key uid=20123 as
  port=$(port_free)
  mkdir -p "$T/su/front" "$T/su/public_html" "$T/root"
  { cat /etc/passwd && echo "hosted:x:$uid:$uid::$T/su:/bin/sh"; } >"$T/su/passwd"
  { cat /etc/group && echo "hosted:x:$uid:"; } >"$T/su/group"
  chown -R $uid:$uid "$T/su"
  chmod -R go-w "$T/su"
  chown www-data: "$T/su/front" # in which mod_fcgid makes its sockets
  as=(setpriv --reuid "$uid" --regid "$uid" --clear-groups -- env -i PATH=/usr/bin:/bin "HOME=$T/su"
    "$T/bin/forestgate" --home "$T/su/home")
  "${as[@]}" init >/dev/null
  "${as[@]}" model publish iris "$T/user/iris.fgm" >/dev/null
  key=$("${as[@]}" key create --name su 2>/dev/null)
  printf '%s\n' 'hosts = localhost' 'https_port = 0' >>"$T/su/home/forestgate.conf"
  "${as[@]}" front htaccess --out "$T/su/public_html/api"
  "${as[@]}" front htaccess --mode cgi --out "$T/su/public_html/slow"
  suexec_conf "$port" 0 >"$T/su/front/front.conf"
  export -f suexec_ask wait_for
  export FEATURES JSON
  unshare -m bash -c 'suexec_ask "$@"' suexec_ask "http://localhost:$port/~hosted" "$key"
  cat "$T/su/out" "$T/su/front/front.log" "$T/su/api.json"
  for mount in api slow; do jq -e '.label == "setosa"' "$T/su/$mount.json"; done
  jq -e '.status == 403' "$T/su/refused.json"
  [ "$(sort -u "$T/su/uids")" = $uid ]
}
