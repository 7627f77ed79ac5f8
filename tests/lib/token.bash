# tests/lib/token.bash: users, sessions and access tokens, put into the home of api.bash past
# Forestgate, so that a test can make what a login would not.
#
#   user_new NAME [COLUMN=VALUE...]   a user, active, with all models and the tier test; sets
#                                     USER_ID and USERNAME
#   session_new [SECONDS]    a session of USER_ID, which lasts so long (3600); sets SESSION
#   token_new                an access token of USER_ID for SESSION; sets TOKEN
#   token_sign CLAIMS        the token of these claims, signed as the home's are
#   owned_new [OPTION...]    a key of USER_ID, as key create makes one; sets KEY and ID
#   change SQL               changes the database as a change of the home does: every worker
#                            goes by it from the return on
#   bearer METHOD URI ...    as call, with TOKEN
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what a test or api.bash reads or sets

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

random62() { LC_ALL=C tr -dc 0-9A-Za-z </dev/urandom | head -c "$1"; }

token_sign() {
  local head signed hex
  head=$(printf '{"typ":"at+jwt","alg":"HS256"}' | base64url)
  signed=$head.$(printf %s "$1" | base64url)
  hex=$(od -An -v -tx1 "$G/home/secrets/token.secret" | tr -d ' \n')
  printf '%s.%s' "$signed" \
    "$(printf %s "$signed" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$hex" -binary | base64url)"
}

token_claims() {
  local now
  now=$(date +%s)
  printf '{"iss":"forestgate","aud":"forestgate","sub":"%s","sid":"%s","jti":"%s","iat":%s,"nbf":%s,"exp":%s}' \
    "$USER_ID" "$SESSION" "$(random62 21)A" "$now" "$now" $((now + 600))
}

token_new() { TOKEN=$(token_sign "$(token_claims)"); }

# The epoch moves with the change of a tier that nobody has.
change() { database "$1" && cli tier set nobodys --rate $((RANDOM + 1))/60s >/dev/null; }

user_new() {
  local set sql
  USER_ID=$(random62 12) USERNAME=$1@example.org
  shift
  sql="INSERT INTO user (id, username, first_name, last_name, role, active, models, tier, created_at, password_at, password)
    VALUES ('$USER_ID', '$USERNAME', 'A', 'B', 0, 1, '*', 'test', 1, 0, '!');"
  for set; do sql+="UPDATE user SET $set WHERE id = '$USER_ID';"; done
  change "$sql"
}

session_new() {
  SESSION=$(random62 21)A
  change "INSERT INTO session VALUES ('$SESSION', '$USER_ID', 1, $(date +%s) + ${1:-3600}, 0, 0, NULL)"
}

owned_new() {
  KEY=$(cli key create --name owned --user "$USER_ID" "$@" 2>/dev/null)
  ID=${KEY:3:12}
}

bearer() { call "$@" HTTP_AUTHORIZATION="Bearer $TOKEN"; }
