#!/usr/bin/env bats
# tests/cli/jose.bats: tokens and sealed data against another implementation (jwcrypto),
# the secrets of a home, and a start that is refused.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set or read by bats and lib/api
bats_require_minimum_version 1.5.0
load ../lib/api

USER_ID=aB3dE6gH9jK2 SESSION=AAAAAAAAAAAAAAAAAAAAAA

setup() {
  G=$BATS_TEST_TMPDIR
  cli init >/dev/null
}

jose() { "$BUILD/jose" "$G/home" "$@"; }

# python CODE ARGUMENT...: with jwcrypto, b64() and what stands in the home's files.
python() {
  local code=$1
  shift
  /usr/bin/python3 -c "import base64, json, sys, time
from jwcrypto import jwe, jwk, jws, jwt
home = '$G/home/'
def read(name): return open(home + name, 'rb').read()
def secret(): return jwk.JWK(kty='oct', k=base64.urlsafe_b64encode(read('secrets/token.secret')).rstrip(b'=').decode())
$code" "$@"
}

# put NAME: standard input as a file of the home, its owner's alone.
put() {
  cat >"$G/home/$1"
  chmod 600 "$G/home/$1"
  if am_root; then chown www-data: "$G/home/$1"; fi
}

set_conf() { printf '%s\n' "$@" >>"$G/home/forestgate.conf"; }

# no_start TEXT: neither a worker nor config check takes the settings, and both say why.
no_start() {
  run --separate-stderr cli config check
  [ "$status" = 1 ] || fail "config check: $status"
  [[ "$stderr" == *"$1"* ]] || fail "config check: $stderr"
  run --separate-stderr timeout 10 "$WORKER" --home "$G/home" --listen "$G/socket" </dev/null
  [ "$status" = 1 ] || fail "the worker: $status"
  [[ "$stderr" == *"$1"* ]] || fail "the worker: $stderr"
}

@test "a token opens with another client, which finds the claims of RFC 9068 in it" {
  jose issue $USER_ID $SESSION >"$G/token"
  python 'token = jwt.JWT(jwt=open(sys.argv[1]).read(), key=secret(), algs=["HS256"],
    check_claims={"iss": "forestgate", "aud": "forestgate", "exp": None, "iat": None, "jti": None})
claims, header = json.loads(token.claims), json.loads(token.header)
assert claims["sub"] == sys.argv[2] and claims["sid"] == sys.argv[3], claims
assert claims["exp"] - claims["iat"] == 3600, claims
assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}, claims
assert header["typ"] == "at+jwt" and header["alg"] == "HS256", header' "$G/token" $USER_ID $SESSION
}

@test "a token that another client has made with the secret is taken" {
  python 'now = int(time.time())
token = jwt.JWT(header={"alg": "HS256", "typ": "at+jwt"}, claims={"iss": "forestgate", "aud": "forestgate",
  "sub": sys.argv[1], "sid": sys.argv[2], "jti": sys.argv[2], "iat": now, "exp": now + 60})
token.make_signed_token(secret())
print(token.serialize(), end="")' $USER_ID $SESSION >"$G/token"
  run jose check <"$G/token"
  [ "$status" = 0 ]
  [[ "$output" == "ours user $USER_ID $SESSION "* ]]
  run --separate-stderr jose check < <(cat "$G/token" <(echo))
  [ "$status" = 1 ]
  [[ "$stderr" == *'the token is not valid' ]]
}

@test "tokens by EdDSA and RS256 verify with the public key alone, and with our JWK of it" {
  for algorithm in EdDSA RS256; do
    case $algorithm in
      EdDSA) openssl genpkey -algorithm ed25519 2>/dev/null ;;
      RS256) openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:3072 2>/dev/null ;;
    esac | put key.pem
    export FORESTGATE_TOKEN_ALGORITHM=$algorithm FORESTGATE_TOKEN_KEY=key.pem
    jose issue $USER_ID $SESSION >"$G/token"
    run jose check <"$G/token"
    [ "$status" = 0 ]
    jose public <"$G/home/key.pem" >"$G/jwk"
    python 'text = open(sys.argv[1]).read()
pem, ours = jwk.JWK.from_pem(read("key.pem")), jwk.JWK(**json.load(open(sys.argv[2])))
assert not ours.has_private
public = jwk.JWK(**json.loads(pem.export_public()))
assert public.thumbprint() == ours.thumbprint() == json.load(open(sys.argv[2]))["kid"]
for key in public, ours:
    token = jwt.JWT(jwt=text, key=key, algs=[sys.argv[3]], check_claims={"aud": "forestgate"})
assert json.loads(token.header)["kid"] == public.thumbprint()' "$G/token" "$G/jwk" $algorithm
  done
}

@test "a token of an outside issuer is taken by its JWKS, and makes whom its roles say" {
  python 'key = jwk.JWK.generate(kty="RSA", size=2048, kid="k1", use="sig")
now = int(time.time())
for name, roles in ("staff", ["staff"]), ("boss", ["staff", "boss"]), ("guest", ["guest"]):
    token = jwt.JWT(header={"alg": "RS256", "kid": "k1"}, claims={"iss": "https://id.example", "aud": ["x", "gate"],
      "sub": "7", "preferred_username": "ann", "realm_access": {"roles": roles}, "iat": now, "exp": now + 60})
    token.make_signed_token(key)
    open(sys.argv[1] + name, "w").write(token.serialize())
keys = jwk.JWKSet()
keys.add(key)
keys.add(jwk.JWK.generate(kty="EC", crv="P-256"))
print(keys.export(private_keys=False))' "$G/" | put jwks.json
  set_conf 'jwks_file = jwks.json' 'jwks_issuer = https://id.example' 'jwks_audience = gate' \
    'jwks_role_claim = realm_access.roles' 'jwks_admin_roles = boss' 'jwks_user_roles = staff,' '  other'
  cli config check
  run jose check <"$G/staff"
  [ "$status" = 0 ]
  [[ "$output" == 'outside user '????????????'  '*' ann' ]] || fail "$output"
  user=$output
  run jose check <"$G/boss"
  [[ "$output" == "${user/user/admin}" ]] || fail "$output"
  run jose check <"$G/guest"
  [ "$status" = 1 ]
}

@test "what is sealed opens with another client that has the home's key set" {
  printf '{"limit":1,"text":"\xc3\xa4"}' >"$G/data"
  jose wrap ann <"$G/data" >"$G/sealed"
  python 'keys = jwk.JWKSet.from_json(read("secrets/seal.jwks"))
text = jwe.JWE()
text.deserialize(open(sys.argv[1]).read())
header = json.loads(text.objects["protected"])
assert header["alg"] == "dir" and header["enc"] == "A256GCM" and header["sub"] == "ann" and header["cty"] == "json"
text.decrypt(keys.get_key(header["kid"]))
assert text.payload == open(sys.argv[2], "rb").read()' "$G/sealed" "$G/data"
}

@test "what another client seals for an owner opens for that owner alone" {
  python 'key, = jwk.JWKSet.from_json(read("secrets/seal.jwks"))
for name, more in ("plain", {}), ("zip", {"zip": "DEF"}), ("nobody", {"sub": None}):
    header = {"alg": "dir", "enc": "A256GCM", "kid": key["kid"], "sub": "ann", **more}
    text = jwe.JWE(b"data", json.dumps({k: v for k, v in header.items() if v}))
    text.add_recipient(key)
    open(sys.argv[1] + name, "w").write(text.serialize(compact=True))
    open(sys.argv[1] + name + ".json", "w").write(text.serialize())' "$G/"
  [ "$(jose unwrap ann <"$G/plain")" = data ]
  run ! jose unwrap bob <"$G/plain"
  for name in zip nobody plain.json; do
    run --separate-stderr jose unwrap ann <"$G/$name"
    [ "$status" = 1 ] || fail "$name was opened"
    [[ "$stderr" == *'not sealed for this owner, or was changed' ]] || fail "$stderr"
  done
}

@test "init --rotate seal: the old still opens, and the new key is used" {
  jose wrap ann <<<old >"$G/old"
  before=$(jq -r '.keys[0].kid' "$G/home/secrets/seal.jwks")
  run cli init --rotate seal
  [ "$status" = 0 ]
  [[ "$output" == *'still opens' ]]
  jq -e --arg kid "$before" '.keys | length == 2 and .[1].kid == $kid and .[0].kid != $kid and
    (map(.kty == "oct" and .use == "enc" and .alg == "A256GCM") | all)' "$G/home/secrets/seal.jwks"
  [ "$(stat -c %a "$G/home/secrets/seal.jwks")" = 600 ]
  [ "$(jose unwrap ann <"$G/old")" = old ]
  jose wrap ann <<<new >"$G/new"
  [ "$(cut -d. -f1 <"$G/old")" != "$(cut -d. -f1 <"$G/new")" ]
  [ "$(jose unwrap ann <"$G/new")" = new ]
}

@test "init --rotate token: every token that was issued is void" {
  jose issue $USER_ID $SESSION >"$G/token"
  jose check <"$G/token"
  cli init --rotate token --json | jq -e '.rotated == "token"'
  run ! jose check <"$G/token"
  [ "$(stat -c '%a %s' "$G/home/secrets/token.secret")" = '600 32' ]
  jose issue $USER_ID $SESSION | jose check
}

@test "a rotation moves the epoch, and is on record" {
  before=$(od -An -tu8 "$G/home/epoch")
  cli init --rotate seal
  middle=$(od -An -tu8 "$G/home/epoch")
  cli init --rotate token
  after=$(od -An -tu8 "$G/home/epoch")
  [ "$before" -lt "$middle" ]
  [ "$middle" -lt "$after" ]
  [ $((after % 2)) = 0 ]
  database "SELECT action, target FROM audit WHERE action LIKE 'secret.%' ORDER BY seq" >"$G/audit"
  diff "$G/audit" - <<<$'secret.rotate|secret:seal\nsecret.rotate|secret:token'
}

@test "a rotation of anything else, or where there is no home or another key is set, is refused" {
  run --separate-stderr cli init --rotate key
  [ "$status" = 2 ]
  [[ "$stderr" == *'seal, token or webhook'* ]]
  run --separate-stderr "$FORESTGATE" --home "$G/none" init --rotate seal
  [ "$status" = 1 ]
  [ ! -e "$G/none" ]
  head -c 32 /dev/urandom | put mine
  before=$(sha256sum "$G/home/secrets/token.secret")
  FORESTGATE_TOKEN_KEY=mine run --separate-stderr cli init --rotate token
  [ "$status" = 1 ]
  [[ "$stderr" == *'token_key'* ]]
  [ "$(sha256sum "$G/home/secrets/token.secret")" = "$before" ]
  rm "$G/home/secrets/seal.jwks"
  run --separate-stderr cli init --rotate seal
  [ "$status" = 1 ]
  [[ "$stderr" == *'forestgate init'* ]]
}

@test "an older home gets the new secrets from init, and keeps what it has" {
  rm "$G/home/secrets/token.secret" "$G/home/secrets/seal.jwks"
  before=$(sha256sum "$G/home/secrets/key.secret")
  no_start 'forestgate init'
  cli init
  [ "$(stat -c '%a %s' "$G/home/secrets/token.secret")" = '600 32' ]
  [ "$(stat -c %a "$G/home/secrets/seal.jwks")" = 600 ]
  [ "$(sha256sum "$G/home/secrets/key.secret")" = "$before" ]
  both=$(sha256sum "$G/home/secrets/"*)
  cli init
  [ "$(sha256sum "$G/home/secrets/"*)" = "$both" ]
}

@test "a weak, shared or missing token secret stops the start, and says what to do" {
  head -c 31 /dev/urandom | put secrets/token.secret
  no_start '32 to 1024 bytes'
  printf 'a%.0s' {1..64} | put secrets/token.secret
  no_start 'different bytes'
  head -c 32 /dev/urandom | put secrets/token.secret
  cli config check
  chmod 640 "$G/home/secrets/token.secret"
  no_start 'chmod 600'
}

@test "token settings that do not go together stop the start" {
  FORESTGATE_TOKEN_ALGORITHM=EdDSA no_start 'token_key'
  FORESTGATE_TOKEN_ALGORITHM=none no_start 'HS256 or EdDSA or RS256'
  FORESTGATE_TOKEN_KEY=../key no_start 'within the home'
  FORESTGATE_JWKS_FILE=jwks.json no_start 'jwks_issuer'
  python 'print(json.dumps({"keys": [json.loads(secret().export())]}))' | put jwks.json
  FORESTGATE_JWKS_FILE=jwks.json FORESTGATE_JWKS_AUDIENCE=gate FORESTGATE_JWKS_ISSUER=forestgate \
    no_start 'the same'
  FORESTGATE_JWKS_FILE=jwks.json FORESTGATE_JWKS_AUDIENCE=gate FORESTGATE_JWKS_ISSUER=id no_start 'symmetric'
}

@test "a set of sealing keys that is no such thing stops the worker" {
  printf '{"keys":[]}' | put secrets/seal.jwks
  run --separate-stderr timeout 10 "$WORKER" --home "$G/home" --listen "$G/socket" </dev/null
  [ "$status" = 1 ]
  [[ "$stderr" == *'seal.jwks'* ]] || fail "$stderr"
}

@test "doctor finds what is wrong with the secrets, and its command mends it" {
  found() { cli doctor --json | jq -e --arg text "$1" --arg command "$2" \
    '.[] | select(.name == "secrets") | .state == "failed" and
     (.detail | test($text)) and (.command | test($command))' >/dev/null || fail "$(cli doctor --json)"; }
  chmod 644 "$G/home/secrets/token.secret"
  found 'token.secret: others may read' "^chmod 600 $G/home/secrets/token.secret$"
  chmod 600 "$G/home/secrets/token.secret"
  chmod 644 "$G/home/secrets/seal.jwks"
  found 'seal.jwks: others may read' "^chmod 600 $G/home/secrets/seal.jwks$"
  chmod 600 "$G/home/secrets/seal.jwks"
  head -c 32 /dev/zero | put secrets/token.secret
  found 'different bytes' 'init --rotate token$'
  cli init --rotate token
  printf '{"keys":[]}' | put secrets/seal.jwks
  found 'seal.jwks' '^cp -p BACKUP/secrets/seal.jwks'
}
