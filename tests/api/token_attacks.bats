#!/usr/bin/env bats
# tests/api/token_attacks.bats: access tokens as one makes them who wants to come in without a
# login, over the wire and with four workers.  What is forged here is good in all but the one
# thing that its test is about, and mostly signed with the home's own secret: so it is that
# thing for which it is refused.

# shellcheck disable=SC2154,SC2034,SC2030,SC2031,SC2016 # set or read by the libraries
load ../lib/api
load ../lib/token

DETAIL='^The API key or access token is missing or not valid\.$'
PASS='korrekt pferd batterie'
HEAD='{"typ":"at+jwt","alg":"HS256"}'

setup_file() {
  gate_home
  gate_start --workers 4
}
teardown_file() { gate_stop; }

# A user with a session, of whom a token as it should be is taken.
setup() {
  user_new "u$BATS_TEST_NUMBER"
  session_new
  GOOD=$(token_claims)
  SECRET=$(od -An -v -tx1 "$G/home/secrets/token.secret" | tr -d ' \n')
  taken "$(forge "$HEAD" "$GOOD")"
}

mac() { openssl dgst -"${2:-sha256}" -mac HMAC -macopt "hexkey:$1" -binary | base64url; }

# forge HEAD CLAIMS [KEY IN HEX [HASH]]: a token signed by HMAC, with the home's secret.
forge() {
  local signed
  signed=$(printf %s "$1" | base64url).$(printf %s "$2" | base64url)
  printf '%s.%s' "$signed" "$(printf %s "$signed" | mac "${3:-$SECRET}" "${4:-sha256}")"
}

# with NAME VALUE: the good claims with this one as it stands here, or without it if there is
# no value.
with() {
  if [ -n "$2" ]; then
    sed -E "s#\"$1\":(\"[^\"]*\"|[0-9]+)#\"$1\":$2#" <<<"$GOOD"
  else
    sed -E "s#\"$1\":(\"[^\"]*\"|[0-9]+),?##; s#,}#}#" <<<"$GOOD"
  fi | tr -d '\n'
}

taken() {
  TOKEN=$1
  bearer GET /models
  assert_status 200 || fail "not taken: $(head -c 400 <<<"$1")"
}

refused() {
  TOKEN=$1
  bearer GET /models
  assert_problem 401 unauthorized "$DETAIL" || fail "not refused: $(head -c 400 <<<"$1")"
}

# ---- the algorithm ----

@test "alg none is refused in any case, unsigned and signed" {
  for alg in none None NONE nOnE NonE noNE; do
    head="{\"typ\":\"at+jwt\",\"alg\":\"$alg\"}"
    token=$(forge "$head" "$GOOD")
    refused "$token"
    refused "${token%.*}."
    refused "${token%.*}"
  done
}

@test "no alg, an empty one, two of them, and one that is no text are refused" {
  for head in '{"typ":"at+jwt"}' '{"typ":"at+jwt","alg":""}' '{"typ":"at+jwt","alg":null}' \
    '{"typ":"at+jwt","alg":["HS256"]}' '{"typ":"at+jwt","alg":256}' '{"typ":"at+jwt","alg":{}}' \
    '{"typ":"at+jwt","alg":"none","alg":"HS256"}' '{"typ":"at+jwt","alg":"HS256","alg":"none"}' \
    '{"typ":"at+jwt","alg":"HS256","ALG":"none","alg":"HS256"}' '{"typ":"at+jwt","alg":"HS256\u0000"}' \
    '{"typ":"at+jwt","ALG":"HS256"}' '{}' '[]' 'null' '"HS256"' ''; do
    refused "$(forge "$head" "$GOOD")"
  done
}

@test "another alg is refused, with a MAC of its own or with one that would be right" {
  for alg in hs256 Hs256 HS256K HS384 HS512 RS256 RS384 PS256 ES256 ES256K EdDSA Ed25519 dir A256GCM A256KW RSA-OAEP PBES2-HS256+A128KW; do
    refused "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"$alg\"}" "$GOOD")"
  done
  refused "$(forge '{"typ":"at+jwt","alg":"HS384"}' "$GOOD" "$SECRET" sha384)"
  refused "$(forge '{"typ":"at+jwt","alg":"HS512"}' "$GOOD" "$SECRET" sha512)"
}

@test "a token under another secret, an empty one, or a common one is refused" {
  # One with a zero more would be the same to HMAC, which fills a block with them.
  for key in 00 736563726574 "${SECRET%??}" "${SECRET}01" "$(printf '%064d' 0)" \
    "$(od -An -v -tx1 "$G/home/secrets/key.secret" | tr -d ' \n')" \
    "$(printf %s "$SECRET" | od -An -v -tx1 | tr -d ' \n')"; do
    refused "$(forge "$HEAD" "$GOOD" "$key")"
  done
}

# confused ALGORITHM: starts with such a key; the tokens of a login are taken, and none that
# has what everybody knows, the public key, for the secret of an HMAC.
confused() {
  local algorithm=$1 pem=$G/home/secrets/$1.pem public
  case $algorithm in
  EdDSA) openssl genpkey -algorithm ed25519 -out "$pem" ;;
  RS256) openssl genrsa -out "$pem" 2048 ;;
  esac 2>/dev/null
  chmod 600 "$pem"
  if am_root; then chown www-data: "$pem"; fi
  gate_stop
  gate_start --workers 4 --token_algorithm "$algorithm" --token_key "secrets/$algorithm.pem"
  cli user create "$algorithm@example.org" --models '*' --password-stdin <<<"$PASS" >/dev/null
  call POST /login -d "{\"username\":\"$algorithm@example.org\",\"password\":\"$PASS\"}"
  assert_status 200 || return 1
  ours=$(jq -r .token "$body_file")
  taken "$ours" || return 1
  GOOD=$(cut -d. -f2 <<<"$ours" | tr '_-' '/+' | base64 -d 2>/dev/null || :)
  [[ "$GOOD" == *'"sid"'* ]] || fail "not the claims: $GOOD"
  public=$BATS_TEST_TMPDIR/public
  openssl pkey -in "$pem" -pubout -out "$public.pem"
  openssl pkey -in "$pem" -pubout -outform DER -out "$public.der"
  head -c -1 "$public.pem" >"$public.cut"
  sed 's/$/\r/' "$public.pem" >"$public.crlf"
  tail -c 32 "$public.der" >"$public.raw"
  for file in "$public".* "$pem"; do
    key=$(od -An -v -tx1 "$file" | tr -d ' \n')
    for alg in HS256 "$algorithm"; do
      refused "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"$alg\"}" "$GOOD" "$key")" || return 1
    done
  done
  # Nor is the old secret of any use, or no signature at all, or a key of the client's own.
  for alg in HS256 none "$algorithm"; do
    refused "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"$alg\"}" "$GOOD")" || return 1
  done
  refused "${ours%.*}." || return 1
  refused "$(own_key "$algorithm")" || return 1
  taken "$ours"
}

# own_key ALGORITHM: a token that a key of the client's own has signed, which stands in it.
own_key() {
  /usr/bin/python3 -c 'import json, sys
from jwcrypto import jwk, jws
algorithm, claims = sys.argv[1:]
key = jwk.JWK.generate(kty="RSA", size=2048) if algorithm == "RS256" else jwk.JWK.generate(kty="OKP", crv="Ed25519")
head = {"typ": "at+jwt", "alg": algorithm, "jwk": json.loads(key.export_public())}
token = jws.JWS(claims)
token.add_signature(key, None, json.dumps(head))
print(token.serialize(compact=True), end="")' "$1" "$GOOD"
}

@test "with RS256 or EdDSA no HMAC under the public key is taken for a signature" {
  confused RS256
  confused EdDSA
  gate_stop
  gate_start --workers 4
  refused "$ours" # and back under HS256 no signature by the key
}

# ---- the key's id and other keys ----

@test "a kid is compared and nothing else: no path, no SQL, no number, no length reads a key" {
  kid=$("$BUILD/jose" "$G/home" issue "$USER_ID" "$SESSION" | cut -d. -f1 | tr '_-' '/+' | base64 -d 2>/dev/null |
    grep -o '"kid":"[^"]*"')
  taken "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",$kid}" "$GOOD")"
  big=$(printf '%065536d' 0)
  for kid in '"../../../../../../dev/null"' '"/dev/null"' '"secrets/token.secret"' '"file:///dev/null"' \
    "\"' OR 1=1 --\"" "\"' UNION SELECT 'A' --\"" '"%00"' '"\u0000"' '"$(id)"' '"|id"' '""' 0 1 -1 1e400 null true \
    '[]' '{}' '"\ud800"' "\"$big\"" "\"${big:0:2000}\"" "\"${big:0:255}\""; do
    head="{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"kid\":$kid}"
    refused "$(forge "$head" "$GOOD")"
    refused "$(forge "$head" "$GOOD" 00)"
  done
  call GET /health/live
  assert_status 200
}

@test "jwk, jku, x5u and x5c are passed over: none brings a key, and nobody is asked for one" {
  /usr/bin/python3 -c 'import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
listener.accept()
print("asked", flush=True)' >"$BATS_TEST_TMPDIR/asked" 3>&- &
  listener=$!
  wait_for 100 test -s "$BATS_TEST_TMPDIR/asked"
  url=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/asked")/keys
  own=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  k=$(printf %s $own | xxd -r -p | base64url)
  for more in "\"jwk\":{\"kty\":\"oct\",\"k\":\"$k\"}" "\"jku\":\"$url\"" "\"x5u\":\"$url\"" '"x5c":["MIIB"]' \
    "\"jku\":\"$url\",\"jwk\":{\"kty\":\"oct\",\"k\":\"$k\"},\"x5t\":\"AA\",\"x5c\":[\"$k\"]"; do
    head="{\"typ\":\"at+jwt\",\"alg\":\"HS256\",$more}"
    refused "$(forge "$head" "$GOOD" $own)"
    taken "$(forge "$head" "$GOOD")"
  done
  refused "$(own_key RS256)"
  kill "$listener" # nobody has come in all that time
  [ "$(wc -l <"$BATS_TEST_TMPDIR/asked")" = 1 ] || fail 'the worker has connected to the jku'
}

@test "crit, b64 and zip are refused: what they ask for is not done here" {
  for more in '"crit":["exp"]' '"crit":[]' '"b64":false' '"b64":true' '"zip":"DEF"' '"enc":"A256GCM"'; do
    refused "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",$more}" "$GOOD")"
  done
}

# ---- the claims ----

@test "an exp that is past, missing, no whole number or no number is refused" {
  now=$(date +%s)
  for exp in $((now - 1)) "$now" 0 -1 '' null true '"'$((now + 600))'"' $((now + 600)).5 $((now + 600)).0 1e400 -1e400 1e10 \
    9223372036854775808 99999999999999999999999 '[]' "[$((now + 600))]" '{}' 0x7fffffff NaN Infinity; do
    refused "$(forge "$HEAD" "$(with exp "$exp")")"
  done
  refused "$(forge "$HEAD" "$(with exp "1,\"exp\":$((now + 600))")")"
}

@test "a token whose time passes while workers know it holds no longer" {
  # Within two seconds at the most, which a slow machine may miss.
  for _ in 1 2 3 4 5; do
    token=$(forge "$HEAD" "$(with exp $(($(date +%s) + 2)))")
    if ! ends "$token"; then break; fi
  done
  assert_status 200
  wait_for 100 ends "$token"
  refused "$token"
}
ends() {
  TOKEN=$1
  bearer GET /models
  [ "$status" = 401 ]
}

@test "an nbf or iat that is to come, missing where it is needed, or no number is refused" {
  now=$(date +%s)
  for nbf in $((now + 60)) 1e400 '"'"$now"'"' null '[]' 9223372036854775808; do
    refused "$(forge "$HEAD" "$(with nbf "$nbf")")"
  done
  for iat in $((now + 60)) 1e400 '"'"$now"'"' null '' '{}' $((now - 1)).5; do
    refused "$(forge "$HEAD" "$(with iat "$iat")")"
  done
  taken "$(forge "$HEAD" "$(with nbf '')")"
}

@test "another iss, aud or typ, or none, is refused" {
  for iss in '"forestgate2"' '"Forestgate"' '"forestgate\u0000"' '"https://forestgate"' '""' null 1 '["forestgate"]' ''; do
    refused "$(forge "$HEAD" "$(with iss "$iss")")"
  done
  for aud in '"other"' '"Forestgate"' '"forestgate "' '""' null 1 '[]' '["other"]' '["forestgate","other"]' \
    '["forestgate"]' '[["forestgate"]]' '{"0":"forestgate"}' ''; do
    refused "$(forge "$HEAD" "$(with aud "$aud")")"
  done
  for typ in '' '"typ":"JWT",' '"typ":"AT+JWT",' '"typ":"application/at+jwt",' '"typ":"at+jwt ",' '"typ":"id_token",' \
    '"typ":"refresh+jwt",' '"typ":null,' '"typ":["at+jwt"],' '"typ":"",'; do
    refused "$(forge "{$typ\"alg\":\"HS256\"}" "$GOOD")"
  done
}

@test "a sub, sid or jti that is missing, another's or none of ours is refused" {
  mine=$USER_ID my_session=$SESSION good=$GOOD
  user_new other
  session_new
  GOOD=$good
  for sub in "\"$USER_ID\"" "\"u1@example.org\"" '"admin"' "\"' OR 1=1 --\"" '"*"' '""' null 0 '' "\"${mine,,}x\"" "\"${mine%?}\"" "\"$mine\u0000\""; do
    refused "$(forge "$HEAD" "$(with sub "$sub")")"
  done
  for sid in "\"$SESSION\"" '"AAAAAAAAAAAAAAAAAAAAAA"' "\"${my_session%?}B\"" "\"${my_session%?}\"" "\"' OR 1=1 --\"" '"%"' '""' null 1 ''; do
    refused "$(forge "$HEAD" "$(with sid "$sid")")"
  done
  for jti in '""' '"x"' null 7 ''; do
    refused "$(forge "$HEAD" "$(with jti "$jti")")"
  done
  taken "$(forge "$HEAD" "$good")"
}

@test "claims that the token adds give no right" {
  token=$(forge "$HEAD" "${GOOD%\}},\"role\":\"admin\",\"roles\":[\"admin\"],\"scope\":\"admin\",\"admin\":true,\"models\":\"*\",\"groups\":[\"admin\"]}")
  taken "$token"
  TOKEN=$token
  bearer GET /admin/users
  assert_problem 403 forbidden
}

@test "a payload that is no object, has a claim twice, or goes on behind its end is refused" {
  for payload in '[]' null '""' '' "[$GOOD]" "$GOOD$GOOD" "$GOOD," "${GOOD%\}}" "${GOOD%\}},\"sub\":\"$USER_ID\"}" \
    "${GOOD%\}},\"\u0073ub\":\"$USER_ID\"}" "${GOOD/\"iss\"/iss}" "${GOOD//\"/\'}" "$(printf '%s\x00' "$GOOD" 2>/dev/null | tr '\0' '\1')" \
    $'\xef\xbb\xbf'"$GOOD" "${GOOD%\}},\"x\":\"$(printf '\xff')\"}"; do
    refused "$(forge "$HEAD" "$payload")"
  done
}

# ---- the serialisation ----

@test "a token that is padded, broken by blanks or of more or fewer parts is refused" {
  token=$(forge "$HEAD" "$GOOD")
  IFS=. read -r a b c <<<"$token"
  for text in "$a=.$b.$c" "$a==.$b.$c" "$a.$b=.$c" "$a.$b.$c=" "$a.$b.$c==" "$a. $b.$c" "$a .$b.$c" "$token " "$token;" "$token," \
    "$a.$b" "$a..$c" ".$b.$c" "$a.$b." "..$c" ".." "." "$a.$b.$c." ".$token" "$a.$b.$c.$c" "$a.$b.$c.$c.$c" "$a.$b.$c, $token" \
    "\"$token\"" "<$token>" "$token$a" "${token//./%2e}" "$token"$'\t'; do
    refused "$text"
  done
  for text in "$token"$'\n' "$token"$'\r\nX: y'; do
    TOKEN=$text
    bearer GET /models
    assert_problem 400 bad_request control
  done
}

@test "no other spelling of a token is taken: standard base 64, other bits at the end, another case" {
  token=$(forge "$HEAD" "$GOOD")
  IFS=. read -r a b c <<<"$token"
  digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_
  before=${digits%%"${c: -1}"*}
  for ((i = 1; i < 4; i++)); do # the two last bits of 43 characters are nobody's
    refused "$a.$b.${c%?}${digits:$(((${#before} & 60) + ((${#before} + i) & 3))):1}"
  done
  refused "${a^^}.$b.$c"
  refused "$a.$b.${c,,}"
  # One that has both of the characters that differ: in the payload, which is signed as it is.
  claims="${GOOD%\}},\"x\":\"???>>>~~~\"}"
  token=$(forge "$HEAD" "$claims")
  taken "$token"
  other=$(printf '%s' "$token" | tr -- '-_' '+/')
  [ "$other" != "$token" ] || fail 'there is nothing to spell otherwise'
  refused "$other"
  signed=$(printf %s "$HEAD" | base64url).$(printf %s "$claims" | openssl base64 -A | tr -d =)
  [[ "$signed" == *[+/]* ]] || fail 'there is nothing to spell otherwise'
  refused "$signed.$(printf %s "$signed" | mac "$SECRET")"
}

@test "a token in JSON serialisation, flattened or general, is refused" {
  IFS=. read -r a b c <<<"$(forge "$HEAD" "$GOOD")"
  for text in "{\"protected\":\"$a\",\"payload\":\"$b\",\"signature\":\"$c\"}" \
    "{\"payload\":\"$b\",\"signatures\":[{\"protected\":\"$a\",\"signature\":\"$c\"}]}" \
    "$(printf '{"protected":"%s","payload":"%s","signature":"%s"}' "$a" "$b" "$c" | base64url)"; do
    refused "$text"
  done
}

@test "a token that is cut anywhere, or of which any byte is another, is refused" {
  token=$(forge "$HEAD" "$GOOD")
  for ((len = 0; len < ${#token}; len += 7)); do refused "${token:0:len}"; done
  for ((cut = 1; cut < 5; cut++)); do
    refused "${token:0:$((${#token} - cut))}"
    refused "${token:cut}"
  done
  for ((at = 0; at < ${#token}; at += 11)); do
    other=A
    if [ "${token:at:1}" = A ]; then other=B; fi
    refused "${token:0:at}$other${token:at+1}"
  done
  taken "$token"
}

@test "a token of 120 KB is refused, and the worker lives" {
  pids=$(gate_pids)
  many=$(printf '%040000d' 0)
  for text in "$many$many$many" "$many.$many.$many" "$(forge "$HEAD" "${GOOD%\}},\"x\":\"$many\"}")" \
    "$(printf '%050000d' 0 | tr 0 .)" "$(forge "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"x\":$(printf '%030000d' 0 | tr 0 '[')}" "$GOOD")"; do
    refused "$text"
  done
  [ "$(gate_pids)" = "$pids" ] || fail 'a worker has died'
}

# ---- one kind of credential for another ----

# Logs somebody in for real: ACCESS and REFRESH.
enter() {
  cli user create "$1" --models '*' --password-stdin <<<"$PASS" >/dev/null
  call POST /login -d "{\"username\":\"$1\",\"password\":\"$PASS\"}"
  assert_status 200 || return 1
  ACCESS=$(jq -r .token "$body_file") REFRESH=$(jq -r .refresh_token "$body_file")
}

refresh() {
  call POST /auth/token -d "{\"grant_type\":\"refresh_token\",\"refresh_token\":\"$1\"}"
}

@test "a refresh token is no access token and no key, and an access token refreshes nothing" {
  enter kinds@example.org
  taken "$ACCESS"
  refused "$REFRESH"
  call GET /models -k "$REFRESH"
  assert_problem 401 unauthorized "$DETAIL"
  for text in "$ACCESS" "$KEY" "${REFRESH/fgr_/fg_}" "${REFRESH/fgr_/fgi_}"; do
    refresh "$text"
    [[ "$status" = 4?? ]] || fail "$status"
    [ "$status" != 429 ]
  done
  taken "$ACCESS"
  refresh "$REFRESH"
  assert_status 200
}

@test "an invitation is no key and no token, and neither of those invites" {
  cli user invite --models '*' --role admin >"$BATS_TEST_TMPDIR/invited" 2>&1
  invitation=$(grep -o 'fgi_[0-9A-Za-z_]*' "$BATS_TEST_TMPDIR/invited")
  refused "$invitation"
  refused "${invitation/fgi_/fg_}"
  call GET /models -k "$invitation"
  assert_problem 401 unauthorized "$DETAIL"
  enter invites@example.org
  person() {
    printf '{"username":"new@example.org","first_name":"A","last_name":"B","password":"%s","invitation":"%s"}' "$PASS" "$1"
  }
  mistyped=${invitation%?}$([ "${invitation: -1}" = x ] && echo y || echo x)
  for text in "$KEY" "${KEY/fg_/fgi_}" "$REFRESH" "$mistyped" "${invitation^^}"; do
    call POST /auth/create -d "$(person "$text")"
    assert_problem 403 forbidden '^This invitation does not hold'
  done
  call POST /auth/create -d "$(person "$invitation")"
  assert_status 201
}

@test "tokens, keys, refresh tokens and invitations of another home are refused, the same user and session being there" {
  here=$G
  enter homes@example.org
  refresh=$REFRESH
  # Another home with the very same rows, and secrets of its own.
  there=$G/there
  mkdir "$there"
  G=$there
  gate_home
  database "ATTACH '$here/home/forestgate.db' AS here; DELETE FROM key; INSERT INTO tier SELECT * FROM here.tier
    WHERE name NOT IN (SELECT name FROM tier); INSERT INTO user SELECT * FROM here.user; INSERT INTO session SELECT * FROM here.session;"
  refused "$(token_sign "$GOOD")"
  refused "$("$BUILD/jose" "$there/home" issue "$USER_ID" "$SESSION")"
  call GET /models -k "$(cli key create --name other 2>/dev/null)"
  assert_problem 401 unauthorized "$DETAIL"
  call POST /auth/create -d "{\"username\":\"new2@example.org\",\"first_name\":\"A\",\"last_name\":\"B\",\"password\":\"$PASS\",
    \"invitation\":\"$(cli user invite 2>/dev/null | grep -o 'fgi_[0-9A-Za-z_]*')\"}"
  assert_problem 403 forbidden '^This invitation does not hold'
  refresh "$refresh"
  assert_status 200
  refresh=$(jq -r .refresh_token "$body_file")
  G=$there
  gate_start --workers 1
  taken "$(token_sign "$GOOD")" || wrong=there
  refresh "$refresh"
  [ "$status" = 401 ] || wrong="a refresh there: $status"
  gate_stop
  G=$here
  # shellcheck disable=SC1091
  . "$here/running"
  [ -z "${wrong:-}" ] || fail "$wrong"
  refresh "$refresh"
  assert_status 200
}

@test "of some who use one refresh token at once one is answered with tokens, and then the session has ended for all" {
  for round in 1 2 3; do
    enter "race$round@example.org"
    call_arguments POST /auth/token -d "{\"grant_type\":\"refresh_token\",\"refresh_token\":\"$REFRESH\"}"
    pids=
    for i in {1..8}; do
      env -i PATH="$PATH" "${PARAMS[@]}" timeout 30 cgi-fcgi -bind -connect "127.0.0.1:$PORT" <"$BODY" \
        >"$BATS_TEST_TMPDIR/race.$i" 2>>"$G/out" 3>&- &
      pids="$pids $!"
    done
    # shellcheck disable=SC2086
    wait $pids
    [ "$(grep -l '^Status: 200' "$BATS_TEST_TMPDIR"/race.* | wc -l)" = 1 ]
    [ "$(grep -l '^Status: 401' "$BATS_TEST_TMPDIR"/race.* | wc -l)" = 7 ]
    won=$(cat "$(grep -l '^Status: 200' "$BATS_TEST_TMPDIR"/race.*)")
    refused "$ACCESS"
    refused "$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' <<<"$won")"
    refresh "$(sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p' <<<"$won")"
    assert_problem 401 invalid_grant
  done
}
