#!/usr/bin/env bats
# tests/cli/front.bats: forestgate front: what it refuses, what it prints, what it makes.
# That the fronts do what is printed is for tests/front.

# shellcheck disable=SC2030,SC2031,SC2154 # set or read by lib/api; stderr by run
bats_require_minimum_version 1.5.0
load ../lib/api

MODES='lighttpd/spawn lighttpd/socket lighttpd/cgi apache/fcgid apache/cgi apache/proxy nginx/socket'

setup_file() {
  cli init >/dev/null
  cp -a "$G/home/forestgate.conf" "$G/example"
}
setup() {
  export FORESTGATE_HOME=$G/home
  cp -a "$G/example" "$G/home/forestgate.conf"
  PATH=$PATH:/usr/sbin
  OUT=$BATS_TEST_TMPDIR/out
}

# front SERVER/MODE [OPTION...]
front() { cli front "${1%/*}" --mode "${1#*/}" "${@:2}"; }

# refused STATUS REGEX ARGUMENT...: nothing is printed, and nothing made.
refused() {
  run --separate-stderr "$FORESTGATE" front "${@:3}"
  [ "$status" = "$1" ] || fail "${*:3} ended with $status: $output $stderr" || return 1
  [[ "$stderr" =~ $2 ]] || fail "${*:3} said: $stderr" || return 1
  [ -z "$output" ] || fail "${*:3} printed: $output" || return 1
  [ ! -e "$OUT" ] || fail "${*:3} made $OUT"
}

# accepted SERVER FILE: by the server's own check.
accepted() {
  local said
  case $1 in
  lighttpd) said=$(lighttpd -tt -f "$2" 2>&1) ;;
  apache) said=$(apache2 -t -f "$2" 2>&1) ;;
  nginx) said=$(nginx -t -e "$BATS_TEST_TMPDIR/nginx.log" -c "$2" 2>&1) ;;
  esac || fail "$1 refuses $2:" "$said" "$(cat "$2")"
}

@test "what is no front is a misuse that lists those that there are" {
  for words in iis 'lighttpd --mode fcgid' 'nginx --mode cgi' 'apache --mode spawn' 'errors'; do
    # shellcheck disable=SC2086 # words
    refused 2 'lighttpd --mode socket.*nginx --mode socket|needs --out' $words
  done
  refused 2 'operand|SERVER' --mode cgi
  refused 2 'option' nginx --no-such
}

@test "settings that no front can have are refused" {
  refused 1 'both 0: there is nothing to listen at' nginx --set http_port=0 --set https_port=0
  refused 1 'http_port and https_port are the same' nginx --set http_port=443
  refused 1 'hosts is empty: every request would be refused' nginx --set hosts=
  refused 1 'tls_key is set, and tls_certificate is not' nginx --set tls_key=/k.pem
  refused 1 '"http_port" is not NAME=VALUE' nginx --set http_port
  refused 1 'no setting "port"' nginx --set port=80
  refused 1 '65536.*from 0 to 65535' nginx --set http_port=65536
  refused 1 'no home at' nginx --home "$BATS_TEST_TMPDIR/none"
  echo 'hosts =' >>"$G/home/forestgate.conf"
  refused 1 'hosts is empty' nginx
}

@test "what would end a quotation or begin a variable is refused in every value" {
  for bad in $'a\nb' 'a"b' "a'b" 'a\b' "a\$b" 'a%b' 'a&b' 'a|b' 'a;b' 'a{b' 'a}b' 'a#b'; do
    for server in lighttpd nginx; do
      refused 1 '(--socket|--out|--worker): .*this character' $server --mode socket --socket "/tmp/$bad"
      refused 1 'tls_certificate: .*not allowed' $server --set "tls_certificate=/tmp/$bad"
      refused 1 'hosts: .*not allowed' $server --set "hosts=$bad"
      refused 1 'cors_origins: .*not allowed' $server --set "cors_origins=https://$bad"
    done
  done
  for bad in 'a*b' 'a?b' 'a[b' 'a]b'; do
    OUT=$BATS_TEST_TMPDIR/$bad refused 1 '--out: .*this character' apache --mode cgi --out "$BATS_TEST_TMPDIR/$bad"
  done
  OUT=$BATS_TEST_TMPDIR/o\"ut refused 1 '"' lighttpd --mode socket --out "$BATS_TEST_TMPDIR/o\"ut"
  refused 1 'no program' lighttpd --mode spawn --worker "$BATS_TEST_TMPDIR/a\"b"
  refused 1 'no user "www-data;x"' nginx --user 'www-data;x'
  refused 1 'no user ""' nginx --user ''
  refused 1 'front_address: .*not allowed' nginx --set 'front_address=*;'
}

@test "a home whose path no configuration can have is refused" {
  "$FORESTGATE" init --home "$BATS_TEST_TMPDIR/a\"b" >/dev/null
  refused 1 'home.*this character' lighttpd --home "$BATS_TEST_TMPDIR/a\"b"
}

@test "where lighttpd starts the workers, a space or too long a path is refused" {
  cp "$WORKER" "$BATS_TEST_TMPDIR/the worker"
  refused 1 'a space is not possible' lighttpd --mode spawn --worker "$BATS_TEST_TMPDIR/the worker"
  refused 1 'a space is not possible' lighttpd --mode spawn --out "$BATS_TEST_TMPDIR/an out"
  long=/tmp/$(printf 'x%.0s' {1..100})
  refused 1 'too long for the path of a socket' lighttpd --mode spawn --out "$long"
  refused 1 'path is too long' nginx --socket "/$(printf 'x/%.0s' {1..2040})"
  # Elsewhere both are well.
  front lighttpd/cgi --worker "$BATS_TEST_TMPDIR/the worker" | grep -F '/the worker"'
}

@test "what is made for every server and mode is accepted by the server itself, over TLS or not" {
  for mode in $MODES; do
    for ports in '8080 8443' '0 8443' '8080 0'; do
      rm -rf "$OUT"
      front "$mode" --out "$OUT" --set "http_port=${ports% *}" --set "https_port=${ports#* }" \
        --set 'cors_origins=https://app.example.org, http://[::1]:3000' --set 'hosts=api.example.org, [::1]'
      accepted "${mode%/*}" "$OUT/front.conf"
    done
  done
}

@test "what is printed without a place is accepted, with the places of a system" {
  for mode in $MODES; do
    server=${mode%/*}
    front "$mode" >"$BATS_TEST_TMPDIR/printed"
    # Which are not there on a machine that only builds.
    mkdir -p "$BATS_TEST_TMPDIR/run/work" "$BATS_TEST_TMPDIR/log"
    sed "s|/run/forestgate-front|$BATS_TEST_TMPDIR/run|g; s|/var/log/[a-z0-9]*/|$BATS_TEST_TMPDIR/log/|g" \
      "$BATS_TEST_TMPDIR/printed" >"$BATS_TEST_TMPDIR/conf"
    accepted "$server" "$BATS_TEST_TMPDIR/conf"
  done
}

@test "the firewall's rules are printed alone, for the ports there are, and none where an address may have any number" {
  refused 2 '--out: front nftables is printed alone' nftables --out "$OUT"
  refused 2 'nftables --mode rules' nftables --mode socket
  refused 1 '65536.*from 0 to 65535' nftables --set address_connections=65536
  rules=$(cli front nftables --set trusted_proxies=10.0.0.0/8,2001:db8::/32)
  [[ "$rules" == *'tcp dport != { 80, 443 } accept'* && "$rules" == *'ct count over 512 }'* ]]
  [[ "$rules" == *'ip saddr 10.0.0.0/8 accept'* && "$rules" == *'ip6 saddr 2001:db8::/32 accept'* ]]
  [[ "$(cli front nftables --set http_port=0)" == *'tcp dport != 443 accept'* ]]
  [[ "$(cli front nftables --set https_port=0)" == *'tcp dport != 80 accept'* ]]
  [[ "$(cli front nftables --set address_connections=0)" != *'ct count'* ]]
  [[ "$(cli front nginx --set address_connections=7)" == *'limit_conn forestgate_holders 7;'* ]]
  [[ "$(cli front nginx --set address_connections=0)" != *limit_conn* ]]
  if ! am_root || ! unshare --net nft list ruleset; then return 0; fi
  for set in http_port=0 https_port=0 address_connections=0 trusted_proxies=10.0.0.0/8,2001:db8::/32,::1,10.1.0.0/16; do
    # Twice: the second takes the place of the first.
    { cli front nftables --set "$set" && cli front nftables --set "$set"; } | unshare --net nft -f - ||
      fail "$set is refused"
  done
}

@test "nothing that was to be put in is left, and no line of the template's language" {
  for mode in $MODES htaccess/fcgid htaccess/cgi nftables/rules; do
    front "$mode" >"$BATS_TEST_TMPDIR/printed"
    [ -s "$BATS_TEST_TMPDIR/printed" ]
    if grep -nE '@[A-Z_]+@|^[[:blank:]]*#(if |else$|fi$|each |done$)' "$BATS_TEST_TMPDIR/printed"; then false; fi
  done
}

@test "every template says every security header, and HSTS over TLS as it is set" {
  for mode in $MODES; do
    printed=$(front "$mode" --set https_port=0)
    for name in X-Content-Type-Options X-Frame-Options Permissions-Policy Cross-Origin-Opener-Policy \
      X-XSS-Protection Content-Security-Policy Referrer-Policy; do
      [[ "$printed" == *"$name"* ]] || fail "$mode: no $name"
    done
    [[ "$printed" != *Strict-Transport-Security* ]] || fail "$mode: HSTS without TLS"
    [[ "$(front "$mode" --set hsts=7d)" == *'max-age=604800; includeSubDomains'* ]] || fail "$mode: no HSTS"
    [[ "$(front "$mode" --set hsts=off)" != *Strict-Transport-Security* ]] || fail "$mode: HSTS is off"
  done
}

@test "nginx has its number where its unit looks for it, or systemd would not believe that it started" {
  unit=/lib/systemd/system/nginx.service
  [[ "$(cli front nginx)" == *"pid \"$(sed -n 's/^PIDFile=//p' "$unit")\";"* ]]
  cli front nginx --out "$OUT"
  grep -qx "pid \"$OUT/nginx.pid\";" "$OUT/front.conf"
}

@test "workers that could not enter the home are told of, where the front starts them" {
  for mode in lighttpd/spawn lighttpd/cgi apache/fcgid apache/cgi; do
    run --separate-stderr front "$mode" --user daemon
    [ "$status" = 0 ]
    [ -n "$output" ]
    [[ "$stderr" == *"will be daemon, and the home is $(stat -c %U "$G/home")'s"* ]]
    run --separate-stderr front "$mode" --user "$(stat -c %U "$G/home")"
    [ "$status" = 0 ]
    [ -z "$stderr" ]
  done
  for mode in lighttpd/socket apache/proxy nginx/socket; do
    run --separate-stderr front "$mode" --user daemon
    [ "$status" = 0 ]
    [ -z "$stderr" ]
  done
}

@test "what is printed follows the settings of the home, the environment and --set, the last first" {
  for server in lighttpd apache nginx; do
    printf 'http_port = 8111\nhttps_port = 8112\n' >>"$G/home/forestgate.conf"
    printed=$(FORESTGATE_HTTPS_PORT=8113 cli front $server --set http_port=8114)
    [[ "$printed" == *8113* && "$printed" == *8114* && "$printed" != *8111* && "$printed" != *8112* ]]
    cp -a "$G/example" "$G/home/forestgate.conf"
    for origin in https://app.example.org http://localhost:3000; do
      [[ "$(cli front $server)" != *Access-Control* ]]
      [[ "$(cli front $server --set "cors_origins=$origin")" == *Access-Control-Allow-Origin* ]]
    done
    # Of a pattern a dot is one, and no other sign.
    [[ "$(cli front $server --set hosts=a.example.org)" == *a\\.example\\.org* ]] ||
      [[ "$(cli front $server --set hosts=a.example.org)" == *$'\t'a.example.org* ]]
    [[ "$(cli front $server --set tls_certificate=/c.pem)" == *'/c.pem'* ]]
    [[ "$(cli front $server --set tls_certificate=/c.pem --set tls_key=/k.pem)" == *'/k.pem'* ]]
    [[ "$(cli front $server)" == *"$(cd "$G/home" && pwd -P)/tls/localhost.crt"* ]]
    # 64 MiB and one more.
    [ "$(cli front $server | cksum)" != "$(cli front $server --set image_body_limit=128M | cksum)" ]
  done
}

@test "a home without a certificate has one when a front is to speak TLS with it" {
  rm -r "$G/home/tls"
  cli front nginx --set https_port=0 >/dev/null
  [ ! -e "$G/home/tls" ]
  cli front nginx --set tls_certificate=/c.pem >/dev/null
  [ ! -e "$G/home/tls" ]
  cli front nginx >/dev/null
  openssl x509 -in "$G/home/tls/localhost.crt" -noout -checkhost localhost -checkend 2592000
  owner=$(stat -c %U "$G/home")
  [ "$(stat -c '%a %U' "$G/home/tls" "$G/home/tls/localhost.key" | tr '\n' ' ')" = "700 $owner 600 $owner " ]
  before=$(sha256sum "$G/home/tls/"*)
  cli front nginx >/dev/null
  [ "$(sha256sum "$G/home/tls/"*)" = "$before" ]
}

@test "all that a front needs is in one directory, of which its user may write little" {
  (
    umask 077
    front lighttpd/spawn --out "$OUT"
  )
  user=$(id -un)
  if am_root; then user=www-data; fi
  [ "$(cd "$OUT" && stat -c '%n %a %U' . empty errors errors/404.html front.conf)" = \
    "$(printf '. 755 %s\nempty 755 %s\nerrors 755 %s\nerrors/404.html 644 %s\nfront.conf 644 %s' \
      "$(id -un)" "$(id -un)" "$(id -un)" "$(id -un)" "$(id -un)")" ]
  [ "$(cd "$OUT" && stat -c '%n %a %U' front.log work)" = "$(printf 'front.log 644 %s\nwork 700 %s' "$user" "$user")" ]
  [ -z "$(find "$OUT/empty" "$OUT/work" -mindepth 1)" ]
  # Again, over what is there; what was logged stays.
  echo before >>"$OUT/front.log"
  front lighttpd/spawn --out "$OUT" --set http_port=8123
  grep -q 8123 "$OUT/front.conf"
  [ "$(cat "$OUT/front.log")" = before ]
  am_root || skip 'the rest is for root'
  front lighttpd/spawn --out "$OUT" --user daemon
  [ "$(stat -c %U "$OUT/work" "$OUT/front.log" | sort -u)" = daemon ]
  grep -q '"daemon"' "$OUT/front.conf"
}

@test "what a front makes while it is root is not where its user could put a link in its place" {
  for mode in apache/fcgid apache/cgi apache/proxy nginx/socket; do
    front "$mode" --out "$OUT"
    front "$mode" >"$OUT/printed"
    # What mod_fcgid's processes make when they are the user, alone.
    theirs=$(grep -hE '/(out|forestgate-front)/work' "$OUT/front.conf" "$OUT/printed" | grep -vE '^(#|FcgidIPCDir )') || :
    [ -z "$theirs" ] || fail "$mode:" "$theirs"
    grep -qE '^(PidFile +"/run/forestgate-front/apache|pid "/run/nginx)\.pid"' "$OUT/printed"
  done
}

@test "a directory whose files others could replace is refused, and nothing is made there" {
  mkdir -m 777 "$OUT"
  for mode in nginx/socket htaccess/cgi; do
    run front "$mode" --out "$OUT"
    [ "$status" = 1 ] && [[ "$output" == *'may be changed by every user'* ]] || fail "$output"
    # Nor below one, unless there everybody's files are his own.
    mkdir -p "$OUT/in"
    chmod 755 "$OUT/in"
    run front "$mode" --out "$OUT/in"
    [ "$status" = 1 ] && [[ "$output" == *"$OUT may be changed by every user"* ]] || fail "$output"
    [ -z "$(find "$OUT" -type f)" ]
  done
  chmod 1777 "$OUT"
  front nginx/socket --out "$OUT/in"
  am_root || skip 'the rest is for root'
  chmod 755 "$OUT"
  chown daemon "$OUT"
  run front apache/fcgid --out "$OUT"
  [ "$status" = 1 ] && [[ "$output" == *'belongs to another user'* ]] || fail "$output"
  chown root:daemon "$OUT"
  chmod 775 "$OUT"
  run front apache/fcgid --out "$OUT"
  [ "$status" = 1 ] && [[ "$output" == *'may be changed by a group'* ]] || fail "$output"
  [ ! -e "$OUT/front.conf" ]
}

@test "a log that leads elsewhere is not given away" {
  mkdir "$OUT"
  : >"$BATS_TEST_TMPDIR/precious"
  ln -s "$BATS_TEST_TMPDIR/precious" "$OUT/front.log"
  run front lighttpd/cgi --out "$OUT"
  [ "$status" = 1 ]
  [[ "$output" == *front.log* ]]
  [ "$(stat -c %U "$BATS_TEST_TMPDIR/precious")" = "$(id -un)" ]
}

@test "the bodies of refusals are problem documents, one for each status" {
  cli front errors --out "$OUT"
  for file in "$OUT"/*.json; do
    jq -e --arg status "$(basename "$file" .json)" '.type == "about:blank" and (.status | tostring) == $status and
      (.error | test("^[a-z_]+$")) and (.title | length > 0) and (.detail | endswith(".")) and
      has("request_id") and has("timestamp")' "$file" >/dev/null || fail "$file"
    cmp "$file" "${file%.json}.html"
  done
  [ "$(find "$OUT" -name '*.json' | wc -l)" -ge 12 ]
}

@test "who lets others read nothing makes directories that a front can read all the same" {
  umask 077
  cli front errors --out "$OUT"
  cli front htaccess --out "$OUT.site"
  for directory in "$OUT" "$OUT.site"; do
    [ "$(stat -c %a "$directory")" = 755 ] || fail "$directory: $(stat -c %A "$directory")"
  done
  [ "$(stat -c %a "$OUT/503.json" "$OUT.site/.htaccess" "$OUT.site/forestgate.fcgi" | xargs)" = '644 644 755' ]
}

@test "a full disk is a failure, and not half a configuration" {
  [ -w /dev/full ] || skip 'no /dev/full'
  run bash -c '"$0" front nginx --home "$1" >/dev/full' "$FORESTGATE" "$G/home"
  [ "$status" = 1 ]
}
