# tests/lib/admin.bash: who administers, and who does not, for tests/api/admin_*.bats.
#
#   admin_make          in setup_file: makes the home's administrator and a user, and keys;
#                       exports ADMIN, ADMIN_ID, USER, USER_ID (access tokens and ids), ROOT (a
#                       key of nobody's with the scope admin), and the files below $G/refused
#   admin_login NAME    prints a new access token of NAME@example.org
#   by TOKEN METHOD URI [JSON] [PARAMETER...]   a call with a token or a key; the query of
#                       the URI is told as a front does
#   admin METHOD URI [JSON] [PARAMETER...]      the same, by the administrator
#   assert_refused_to_others METHOD URI [JSON]  401 and 403 to all who may not
#   assert_missing WHAT METHOD URI [JSON]       the one 404
#   assert_fault FIELD  the answer is a 422 that names this field alone
#   audited ACTION      prints the newest row of the audit trail of that action, as JSON
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2016 # what a test reads, what lib/api sets; dollars of jq

ADMIN_PASSWORD='korrekt pferd batterie'

admin_person() { # NAME [OPTION...]
  printf %s "$ADMIN_PASSWORD" |
    cli user create "$1@example.org" --first-name Ann --last-name Berg --models '*' --password-stdin "${@:2}" >/dev/null
}

admin_id() { cli user show "$1@example.org" --json | jq -r .id; }

admin_login() {
  call POST /login -d "{\"username\":\"$1@example.org\",\"password\":\"${2:-$ADMIN_PASSWORD}\"}"
  assert_status 200 || return 1
  jq -r .token "$body_file"
}

admin_make() {
  admin_person admin --role admin --tier test
  admin_person user
  ADMIN_ID=$(admin_id admin) USER_ID=$(admin_id user)
  ADMIN=$(BATS_TEST_TMPDIR=$G admin_login admin) USER=$(BATS_TEST_TMPDIR=$G admin_login user)
  ROOT=$(cli key create --name root --tier test --scopes admin 2>/dev/null)
  USERS_ROOT=$(cli key create --name grasping --user user@example.org --scopes admin,read 2>/dev/null)
  export ADMIN ADMIN_ID USER USER_ID ROOT USERS_ROOT
}

by() {
  local credential=$1 method=$2 uri=$3 sent=() query=()
  shift 3
  case $credential in
  '') ;;
  fg_*) query+=(HTTP_X_API_KEY="$credential") ;;
  *) query+=(HTTP_AUTHORIZATION="Bearer $credential") ;;
  esac
  case $uri in *\?*) query+=(QUERY_STRING="${uri#*\?}") ;; esac
  case ${1:-} in '{'* | '['*) sent=(-d "$1") && shift ;; esac
  call "$method" "$uri" "${sent[@]}" "${query[@]}" "$@"
}

admin() { by "$ADMIN" "$@"; }

assert_refused_to_others() {
  by '' "$@"
  assert_problem 401 unauthorized || return 1
  for credential in "$USER" "$USERS_ROOT" "$KEY"; do
    by "$credential" "$@"
    assert_problem 403 forbidden || fail "$* by ${credential:0:8}" || return 1
  done
}

# But for the request's id and the time the same bytes, whatever the id was like.
assert_missing() {
  local what=$1
  shift
  admin "$@"
  assert_problem 404 not_found || return 1
  assert_json --arg what "$what" '.detail == "There is no such " + $what + "."'
}

assert_fault() {
  assert_problem 422 unprocessable_content || return 1
  assert_json --arg field "$1" '[.errors[].field] == [$field] and all(.errors[]; .problem != "")'
}

audited() {
  admin GET "/admin/audit?action=$1&limit=1"
  jq -c '.audit[0]' "$body_file"
}

# What there is of a thing before and after, to say that nothing was changed.
rows() { database "SELECT * FROM $1 ORDER BY 1"; }
