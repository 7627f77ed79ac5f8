#!/usr/bin/env bats
# tests/api/identity.bats: whose word counts for who somebody is, over the wire: a key pair by
# configuration, a secret that was rotated, an outside issuer, a setup link, a client of OAuth's.
# What forged tokens get is in token_attacks.bats.

# shellcheck disable=SC2034,SC2153,SC2154,SC2016,SC2030,SC2031 # set or read by the libraries; dollars of jq
bats_require_minimum_version 1.5.0
load ../lib/api
load ../lib/person

# A home for each test, as the settings are the test's.
setup() {
  G=$BATS_TEST_TMPDIR/gate
  mkdir "$G"
  gate_home
}

teardown() { gate_stop; }

DETAIL='^The API key or access token is missing or not valid\.$'

settings() { printf '%s\n' "$@" >>"$G/home/forestgate.conf"; }

# put NAME: standard input as a file of the home, its owner's alone.
put() {
  cat >"$G/home/$1"
  chmod 600 "$G/home/$1"
  if am_root; then chown www-data: "$G/home/$1"; fi
}

# python CODE ARGUMENT...: with jwcrypto, a JSON object's compact form, and base64url.
python() {
  local code=$1
  shift
  /usr/bin/python3 -c "import base64, hashlib, hmac, json, sys, time
from jwcrypto import jwk, jws, jwt
def b64(data): return base64.urlsafe_b64encode(data).rstrip(b'=').decode()
def part(data): return b64(json.dumps(data, separators=(',', ':')).encode())
def read(name): return open('$G/home/' + name, 'rb').read()
def hs256(secret, head, claims):
    text = (head if isinstance(head, str) else part(head)) + '.' + (claims if isinstance(claims, str) else part(claims))
    return text + '.' + b64(hmac.new(secret, text.encode(), 'sha256').digest())
$code" "$@"
}

# Each line of a file is a name and a token: none of them is anybody's, and all are told alike.
assert_nobodys() {
  local name token count=0
  rm -f "$BATS_TEST_TMPDIR/bodies"
  while IFS=$'\t' read -r name token; do
    as "$token" GET /models
    assert_problem 401 unauthorized "$DETAIL" || fail "taken: $name" || return 1
    jq -Sc 'del(.request_id, .timestamp)' "$body_file" >>"$BATS_TEST_TMPDIR/bodies"
    count=$((count + 1))
  done <"$1"
  [ "$count" = "$2" ] || fail "$count tokens, not $2" || return 1
  [ "$(sort -u "$BATS_TEST_TMPDIR/bodies" | wc -l)" = 1 ]
}

# ---- tokens of ours ----

@test "by EdDSA and RS256 who logs in gets a token that the public key proves, and HS256 is refused" {
  for algorithm in EdDSA RS256; do
    case $algorithm in
    EdDSA) openssl genpkey -algorithm ed25519 2>/dev/null ;;
    RS256) openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 2>/dev/null ;;
    esac | put "$algorithm.pem"
    sed -i '/^token_/d' "$G/home/forestgate.conf"
    settings "token_algorithm = $algorithm" "token_key = $algorithm.pem"
    gate_start --workers 2
    before=${TOKEN:-}
    person "ann-$algorithm"
    python 'pem = jwk.JWK.from_pem(read(sys.argv[2] + ".pem"))
public = jwk.JWK(**json.loads(pem.export_public()))
token = jwt.JWT(jwt=sys.argv[1], key=public, algs=[sys.argv[2]], check_claims={"iss": "forestgate", "aud": "forestgate"})
assert json.loads(token.header)["alg"] == sys.argv[2]
h, c, s = sys.argv[1].split(".")
claims = json.loads(base64.urlsafe_b64decode(c + "=="))
head = {"typ": "at+jwt", "alg": "HS256"}
text = public.export_to_pem()
out = [("the secret of the home", hs256(read("secrets/token.secret"), head, claims))]
for n, key in enumerate([text, text.strip(), public.export_public().encode(), json.dumps(json.loads(public.export_public())).encode()]):
    out.append(("the public key as a secret %d" % n, hs256(key, head, claims)))
    out.append(("the same by its kid %d" % n, hs256(key, {**head, "kid": public.thumbprint()}, claims)))
other = jwk.JWK.generate(kty="OKP", crv="Ed25519") if sys.argv[2] == "EdDSA" else jwk.JWK.generate(kty="RSA", size=2048)
mine = jws.JWS(json.dumps(claims))
mine.add_signature(other, alg=sys.argv[2], protected=json.dumps({"typ": "at+jwt", "alg": sys.argv[2], "kid": public.thumbprint()}))
out.append(("another key of the kind", mine.serialize(compact=True)))
out.append(("none", part({"typ": "at+jwt", "alg": "none"}) + "." + c + "."))
print("\n".join(name + "\t" + token for name, token in out))
good = jws.JWS(json.dumps(claims))
good.add_signature(pem, alg=sys.argv[2], protected=json.dumps({"typ": "at+jwt", "alg": sys.argv[2], "kid": public.thumbprint()}))
open(sys.argv[3], "w").write(good.serialize(compact=True))' "$TOKEN" $algorithm "$G/same" >"$G/tokens"
    if [ -n "$before" ]; then printf 'of the algorithm before\t%s\n' "$before" >>"$G/tokens"; fi
    assert_nobodys "$G/tokens" $((11 + ${before:+1} + 0))
    for token in "$TOKEN" "$(cat "$G/same")"; do
      as "$token" POST /predict -d "$IRIS"
      assert_status 200
    done
    gate_stop
  done
}

@test "a rotation of the secret ends every token in every worker, and who logs in goes on" {
  gate_start --workers 3
  person ann
  old=$TOKEN
  for _ in {1..12}; do
    as "$old" GET /models
    assert_status 200
  done
  cli init --rotate token >/dev/null
  for _ in {1..12}; do
    as "$old" GET /models
    assert_problem 401 unauthorized "$DETAIL"
  done
  person_login ann
  for _ in {1..12}; do
    as "$TOKEN" GET /models
    assert_status 200
  done
}

# ---- tokens of others ----

# issue NAME ROLES [SUB [KEY]]: prints a token of the outside issuer, of the key KEY (k1).
issue() {
  python 'key = jwk.JWK.from_json(open(sys.argv[1] + "/" + sys.argv[5] + ".jwk").read())
now = int(time.time())
token = jwt.JWT(header={"alg": "RS256", "kid": sys.argv[5]}, claims={"iss": "https://id.example", "aud": "gate",
  "sub": sys.argv[4], "preferred_username": sys.argv[2], "realm_access": {"roles": sys.argv[3].split()},
  "iat": now, "exp": now + 300})
token.make_signed_token(key)
print(token.serialize())' "$G" "$1" "$2" "${3:-7}" "${4:-k1}"
}

# jwks KID: the issuer's set of keys is this one from now on.
jwks() {
  [ -e "$G/$1.jwk" ] || python 'print(jwk.JWK.generate(kty="RSA", size=2048, kid=sys.argv[1], use="sig").export())' "$1" >"$G/$1.jwk"
  python 'keys = jwk.JWKSet()
keys.add(jwk.JWK.from_json(open(sys.argv[1]).read()))
print(keys.export(private_keys=False))' "$G/$1.jwk" | put jwks.new
  mv "$G/home/jwks.new" "$G/home/jwks.json"
}

outside_start() {
  jwks k1
  settings 'jwks_file = jwks.json' 'jwks_issuer = https://id.example' 'jwks_audience = gate' \
    'jwks_role_claim = realm_access.roles' 'jwks_admin_roles = boss' 'jwks_user_roles = staff' \
    'jwks_tier = test' 'jwks_models = iris'
  cli model publish other "$G/iris.fgm" >/dev/null
  gate_start --workers 2
}

@test "an outside issuer's token without a mapped role is nobody's, as is one of another key or of no issuer" {
  outside_start
  {
    printf 'guest\t%s\n' "$(issue gus 'guest other')"
    printf 'no role\t%s\n' "$(issue gus '')"
    printf 'a role in another case\t%s\n' "$(issue gus 'STAFF')"
    jwks k2
    printf 'a key that is not in the set\t%s\n' "$(issue ann staff 7 k2)"
    jwks k1
  } >"$G/tokens"
  staff=$(issue ann staff)
  as "$staff" GET /models
  assert_status 200
  assert_nobodys "$G/tokens" 4
  sed -i '/^jwks_/d' "$G/home/forestgate.conf"
  gate_stop
  gate_start --workers 2
  as "$staff" GET /models
  assert_problem 401 unauthorized "$DETAIL"
}

@test "an outside issuer's token may what the settings give its role, and is no login of here" {
  outside_start
  staff=$(issue ann staff)
  as "$staff" GET /protected
  assert_status 200
  assert_json '.way == "outside" and .role == "user" and .username == "ann" and .models == "iris" and .tier == "test" and .key == null'
  as "$staff" POST /predict -d "$IRIS" HTTP_X_REQUEST_ID=outside-1
  assert_status 200
  as "$staff" POST /models/other/predict -d "$IRIS"
  assert_problem 403 forbidden '^You may not use the model "?other"?\.$'
  as "$staff" GET /admin/users
  assert_problem 403 forbidden '^This needs the role admin\.$'
  for what in 'GET /users/me' 'GET /users/me/sessions' 'POST /auth/logout' 'PUT /users/me' 'POST /users/me/keys'; do
    as "$staff" "${what% *}" "${what#* }" -d '{}'
    assert_problem 403 forbidden
  done
  [[ "$(log_line outside-1)" == *" outside:"???? ]] || [[ "$(log_line outside-1)" == *" outside:"????... ]] || fail "$(log_line outside-1)"
  as "$staff" GET /secure-data
  assert_status 200
  sealed=$(jq -c . "$body_file")
  as "$staff" POST /decrypt -d "$sealed"
  assert_json '.decrypted_data.profile == null'
  as "$(issue bob staff 8)" POST /decrypt -d "$sealed"
  assert_problem 422 unprocessable_content 'not sealed for you here'
  if grep -qF "${staff:60:60}" "$G/home/logs/access.log" "$G/out"; then fail 'a token is in a log'; fi
  assert_books
}

# The classes of policy.tsv, for callers that it has no column for: what is a user's own is
# nobody's who is no user here.
@test "each route lets in an outside issuer's token as its row in policy.tsv says of its role" {
  outside_start
  staff=$(issue ann staff) boss=$(issue cleo boss)
  local wrong=0 checked=0
  while read -r method path class; do
    path=${path/'/models/{name}'/'/models/iris'}
    path=${path/'/endpoints/{name}'/'/endpoints/iris'}
    path=${path//'{name}'/nosuch}
    path=${path//'{id}'/000000000000}
    set -- "$method" "${path//'{version}'/9}"
    case $method in POST | PUT) set -- "$@" -d '{"nosuch":1}' ;; esac
    for role in staff boss; do
      case $class-$role in
      open-* | optional-* | any-* | predict-* | read-* | jobs-* | admin-boss | metrics-boss) want=in ;;
      *) want=403 ;;
      esac
      as "${!role}" "$@"
      case $status in
      401 | 403 | 5* | '') got=$status ;;
      *) got=in ;;
      esac
      checked=$((checked + 1))
      if [ "$got" != "$want" ]; then
        echo "$* as $role, $class: $status" >&2
        wrong=$((wrong + 1))
      fi
    done
  done < <(awk -F'\t' '$1 ~ /^[A-Z]+$/ {print $1, $2, $3}' "$BATS_TEST_DIRNAME/policy.tsv")
  [ "$checked" -gt 100 ]
  [ "$wrong" = 0 ]
}

@test "an outside administrator administers, and the trail says which one; without the role no more" {
  outside_start
  as "$(issue cleo 'staff boss')" PUT /admin/tiers/theirs -d '{"limits":"5/60s"}' HTTP_X_REQUEST_ID=theirs-1
  [ "$status" = 200 ] || assert_status 201
  cli audit list --json --limit 1 | jq -e '.[0] | (.actor | test("^outside:[0-9A-Za-z]{12}$")) and .action == "tier.set" and
    .target == "tier:theirs" and .request_id == "theirs-1" and .address == "127.0.0.1"' || fail "$(cli audit list --json --limit 1)"
  as "$(issue cleo staff)" PUT /admin/tiers/theirs -d '{"limits":"6/60s"}'
  assert_problem 403 forbidden
  as "$(issue cleo boss)" GET /admin/users
  assert_status 200
}

@test "a set of keys that is replaced counts for every worker: the old ones within a second no more" {
  outside_start
  old=$(issue ann staff)
  as "$old" GET /models
  assert_status 200
  jwks k2
  new=$(issue ann staff 7 k2)
  # It is looked at once in a second.
  read -rt 1.1 <> <(:) || :
  for _ in {1..8}; do
    as "$old" GET /models
    assert_problem 401 unauthorized "$DETAIL"
    as "$new" GET /models
    assert_status 200
  done
}

# ---- the first administrator ----

# setup_link: prints the invitation of the link that init tells.
setup_link() { cli init --json | jq -r '.setup | split("#")[1]'; }

account() { # NAME INVITATION [JSON of further members]
  jq -nc --arg u "$1@example.org" --arg p "$PASSWORD" --arg i "$2" --argjson more "${3:-"{}"}" \
    '{username: $u, first_name: "Ann", last_name: "Berg", password: $p, invitation: $i} + $more'
}

# It is so many seconds later, for invitations.
pass() { database "UPDATE invitation SET created_at = created_at - $1, expires_at = expires_at - $1"; }

@test "a setup link is refused after 30 minutes, after another one, and changed" {
  gate_start --workers 2
  first=$(setup_link)
  late=$(setup_link)
  last=x
  if [ "${late: -1}" = x ]; then last=y; fi
  for link in "$first" "${late%?}" "${late%?}$last" "${late/fgi_/fg_}"; do
    call POST /auth/create -d "$(account eve "$link")"
    assert_problem 403 forbidden 'does not hold'
  done
  pass 1800
  call POST /auth/create -d "$(account eve "$late")"
  assert_problem 403 forbidden 'does not hold'
  [ "$(cli user list --json)" = '[]' ]
  # But not long before.
  late=$(setup_link)
  pass 1700
  call POST /auth/create -d "$(account ann "$late")"
  assert_status 201
}

@test "a setup link makes one administrator, once, also where registration is closed" {
  settings 'registration = closed'
  gate_start --workers 2
  link=$(setup_link)
  call POST /auth/create -d "$(account ann "$link" '{"role":"user"}')"
  assert_problem 422 unprocessable_content
  call POST /auth/create -d "$(account ann "$link")"
  assert_status 201
  assert_json '.role == "admin" and .is_active and (has("password") | not)'
  [[ $body != *"$PASSWORD"* ]]
  call POST /auth/create -d "$(account bob "$link")"
  assert_problem 403 forbidden 'does not hold'
  person_login ann
  as "$TOKEN" GET /admin/users
  assert_json '.total == 1 and .users[0].username == "ann@example.org"'
  if grep -qF "${link##*_}" "$G/home/logs/access.log" "$G/out"; then fail 'the link is in a log'; fi
}

@test "a setup link that is left holds no more once there is an administrator" {
  gate_start --workers 2
  link=$(setup_link)
  ROLE=admin MODELS=iris person ann
  call POST /auth/create -d "$(account eve "$link")"
  assert_problem 403 forbidden 'does not hold'
  cli init --json | jq -e 'has("setup") | not'
}

# ---- a client of OAuth's ----

# A server between, so that the requests are the client's own to the byte.
@test "a client of OAuth 2 logs in by the password grant, predicts, refreshes, and is told what is wrong" {
  gate_start --workers 2
  person ann
  /usr/bin/python3 - "$PASSWORD" <<'END' >"$G/forms"
import sys
from oauthlib.oauth2 import LegacyApplicationClient
client = LegacyApplicationClient(client_id="any")
print(client.prepare_request_body(username="ann@example.org", password=sys.argv[1]))
print(client.prepare_request_body(username="ann@example.org", password="wrong", include_client_id=True))
END
  form() { call POST /auth/token -d "$1" CONTENT_TYPE=application/x-www-form-urlencoded; }
  form "$(sed -n 1p "$G/forms")"
  assert_status 200
  cp "$body_file" "$G/answer"
  /usr/bin/python3 - "$G/answer" <<'END' >"$G/used"
import sys
from oauthlib.oauth2 import LegacyApplicationClient
client = LegacyApplicationClient(client_id="any")
client.parse_request_body_response(open(sys.argv[1]).read())
assert client.token["expires_in"] == 3600, client.token
_, headers, _ = client.add_token("https://gate.example/predict", http_method="POST")
print(headers["Authorization"])
print(client.prepare_refresh_body(refresh_token=client.token["refresh_token"]))
END
  call POST /predict -d "$IRIS" HTTP_AUTHORIZATION="$(sed -n 1p "$G/used")"
  assert_status 200
  form "$(sed -n 2p "$G/used")"
  assert_status 200
  jq -e --slurpfile first "$G/answer" '.refresh_token != $first[0].refresh_token and (keys == ($first[0] | keys))' "$body_file"
  form "$(sed -n 2p "$G/used")" # once more: it was used
  wrong() {
    /usr/bin/python3 - "$body_file" "$1" <<'END'
import sys
from oauthlib.oauth2 import LegacyApplicationClient, OAuth2Error
try:
    LegacyApplicationClient(client_id="any").parse_request_body_response(open(sys.argv[1]).read())
    sys.exit("the client took it for a token")
except OAuth2Error as e:
    assert e.error == sys.argv[2] and e.description, e
END
  }
  wrong invalid_grant
  form "$(sed -n 2p "$G/forms")"
  wrong invalid_grant
  form 'grant_type=client_credentials&client_id=any'
  wrong unsupported_grant_type
}

@test "what describes the service has the lock that Swagger shows: the password flow, and where it is" {
  gate_start --workers 1
  call GET /openapi.json
  assert_json '.components.securitySchemes | [.[] | select(.type == "oauth2")] | length == 1 and
    .[0].flows.password.tokenUrl == "auth/token" and (.[0].flows | keys == ["password"])'
  # A route that a token opens says so by that scheme's name.
  assert_json '(.components.securitySchemes | to_entries[] | select(.value.type == "oauth2") | .key) as $name |
    (.paths["/users/me"].put.security | map(has($name)) | any) and (.paths["/predict"].post.security | map(has($name)) | any) and
    (.paths["/auth/token"].post | .security == [] or (has("security") | not))'
  assert_json '.paths["/auth/token"].post.requestBody.content | has("application/x-www-form-urlencoded")'
}
