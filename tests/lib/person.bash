# tests/lib/person.bash: users who log in as people do.
#
#   person NAME [OPTION...]   makes NAME@example.org, who may use iris, and logs in: sets TOKEN
#                             and PERSON, the id; TIER, MODELS and ROLE in front change those
#   person_login NAME         logs in again: sets TOKEN
#   as TOKEN METHOD URI ...   a call with that token
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what a test reads, what lib/api sets

PASSWORD='korrekt pferd batterie'

person() {
  local name=$1
  shift
  printf %s "$PASSWORD" | cli user create "$name@example.org" --models "${MODELS:-iris}" \
    --tier "${TIER:-test}" --role "${ROLE:-user}" --first-name Ann --last-name Berg \
    --password-stdin "$@" >/dev/null || return 1
  PERSON=$(cli user show "$name@example.org" --json | jq -r .id)
  person_login "$name"
}

person_login() {
  call POST /login -d "$(jq -nc --arg u "$1@example.org" --arg p "${2:-$PASSWORD}" \
    '{username: $u, password: $p}')"
  assert_status 200 || return 1
  TOKEN=$(jq -r .token "$body_file")
}

as() {
  local token=$1
  shift
  call "$@" HTTP_AUTHORIZATION="Bearer $token"
}
