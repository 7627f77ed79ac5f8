#!/usr/bin/env bats
# tests/api/policy.bats: every route x method x caller against one table, policy.tsv.

# shellcheck disable=SC2154,SC2034 # set or read by lib/api
load ../lib/api

TABLE=$BATS_TEST_DIRNAME/policy.tsv
PASSWORD='one horse at the gate'

# token EMAIL: an access token of a user.
token() {
  call POST /login -d "{\"username\":\"$1\",\"password\":\"$PASSWORD\"}"
  assert_status 200
  jq -r .token "$body_file"
}

person() { cli user create "$@" --models '*' --password-stdin <<<"$PASSWORD" >/dev/null; }
key() { cli key create --name "$@" 2>/dev/null; }

# Sets CREDENTIALS: for each caller of the table the parameter that makes a request its.
callers_make() {
  local all=admin,predict,read dead
  person user@example.org
  person admin@example.org --role admin
  person was-admin@example.org --role admin
  dead=$(key dead --scopes "$all")
  declare -gA CREDENTIALS=(
    [none]=''
    [dead]="HTTP_X_API_KEY=$dead"
    [key]="HTTP_X_API_KEY=$(key plain --tier test)"
    [read]="HTTP_X_API_KEY=$(key read --tier test --scopes read)"
    [predict]="HTTP_X_API_KEY=$(key predict --tier test --scopes predict)"
    [root]="HTTP_X_API_KEY=$(key root --tier test --scopes "$all")"
    [ukey]="HTTP_X_API_KEY=$(key u --user user@example.org)"
    [uroot]="HTTP_X_API_KEY=$(key ur --user was-admin@example.org --scopes "$all")"
    [akey]="HTTP_X_API_KEY=$(key a --user admin@example.org)"
    [aroot]="HTTP_X_API_KEY=$(key ar --user admin@example.org --scopes "$all")"
    [utoken]="HTTP_AUTHORIZATION=Bearer $(token user@example.org)"
    [atoken]="HTTP_AUTHORIZATION=Bearer $(token admin@example.org)"
  )
  cli user set was-admin@example.org --role user >/dev/null
  cli key revoke "$(cut -d_ -f2 <<<"$dead")" >/dev/null
  declare -p CREDENTIALS | sed 's/^declare -A/declare -gA/' >"$G/callers"
}

setup_file() {
  gate_home
  gate_start
  callers_make
}
setup() {
  # shellcheck disable=SC1091
  . "$G/callers"
}
teardown_file() { gate_stop; }

routes() { awk -F'\t' '$1 ~ /^[A-Z]+$/ {print $1, $2, $3}' "$TABLE"; }
caller_names() { sed -n 's/^#class\t*//p' "$TABLE" | tr '\t' '\n'; }

# The marks of a class, in the order of the callers.
marks() { awk -F'\t' -v class="$1" '$1 == "class" && $2 == class {for (i = 3; i <= NF; i++) print $i}' "$TABLE"; }

# A path with something in the place of its variables that is of the right form and is not
# there, but for the models that are asked; sets path.
path_of() {
  path=$1
  case $path in /models/*) path=${path//'{name}'/iris} ;; esac
  path=${path//'{name}'/nosuch}
  path=${path//'{id}'/000000000000}
  path=${path//'{file}'/style.css}
  path=${path//'{version}'/9}
}

# ask METHOD PATH CALLER [PARAMETER...]: a request that no route does anything for: no form has the member.
ask() {
  local credential=${CREDENTIALS[$3]} parameters=("${@:4}") path
  path_of "$2"
  set -- "$1" "$path"
  case $1 in POST | PUT) set -- "$@" -d '{"nosuch":1}' ;; esac
  if [ -n "$credential" ]; then set -- "$@" "$credential"; fi
  call "$@" "${parameters[@]}"
}

# Sets said: what an answer was, without what is of one request alone.
said_take() {
  said=$status
  if [[ "$headers" =~ Content-Type:\ ([a-z/+]+) ]]; then said+=" ${BASH_REMATCH[1]}"; fi
  if [[ "$body" =~ \"detail\":\"([^\"]*) ]]; then said+=" ${BASH_REMATCH[1]}"; fi
}

@test "every route answers below a path of the front's own as it does without one" {
  local method path class want uri n=0
  set +T # Bats need not look at what each of some hundred requests is made of
  while read -r method path class; do
    ask "$method" "$path" aroot
    said_take
    want=$said uri=${PARAMS[1]#REQUEST_URI=}
    ask "$method" "$path" aroot "REQUEST_URI=/ml/v1$uri" "SCRIPT_NAME=/ml/v1" "PATH_INFO=$uri"
    said_take
    [ "$said" = "$want" ] || fail "$method $path: $said, and not $want"
    [[ "$want" != *'no such path'* ]] || fail "$method $path: $want"
    if [[ "$headers" =~ (Location|Link):\ ([[:graph:]]+) ]]; then [[ "${BASH_REMATCH[2]}" == */ml/v1/* ]] || fail "$method $path leads to ${BASH_REMATCH[2]}"; fi
    n=$((n + 1))
  done < <(routes)
  [ "$n" -gt 100 ]
  # Beside it there is nothing.
  call GET /ml/v2/health REQUEST_URI=/ml/v2/health SCRIPT_NAME=/ml/v1 PATH_INFO=/ml/v2/health
  assert_problem 404 not_found
}

@test "every route has a row in the table, and every row is a route" {
  call GET /
  jq -r '.routes[] | "\(.method) \(.path)"' "$body_file" | sort >"$BATS_TEST_TMPDIR/routes"
  routes | cut -d' ' -f1,2 | sort >"$BATS_TEST_TMPDIR/rows"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/routes")" -gt 11 ]
  diff "$BATS_TEST_TMPDIR/routes" "$BATS_TEST_TMPDIR/rows" ||
    fail 'tests/api/policy.tsv says who is let in; < has no row there, > is no route'
}

@test "every class of the table has a mark for every caller" {
  while read -r _ path class; do
    [ "$(marks "$class" | wc -l)" = "$(caller_names | wc -l)" ] || fail "$path: the class $class"
  done < <(routes)
}

@test "each route lets in whom its row lets in, and refuses everybody else" {
  local wrong=0 checked=0
  set +T
  mapfile -t names < <(caller_names)
  while read -r method path class; do
    mapfile -t wanted < <(marks "$class")
    for i in "${!names[@]}"; do
      ask "$method" "$path" "${names[$i]}"
      case $status in
      401) got=1 ;;
      403) got=3 ;;
      2?? | 4??) got=+ ;;
      *) got="?" ;;
      esac
      checked=$((checked + 1))
      if [ "$got" != "${wanted[$i]}" ]; then
        echo "$method $path as ${names[$i]}: $status, and the table says ${wanted[$i]}" >&2
        head -c 300 "$body_file" >&2
        wrong=$((wrong + 1))
      fi
    done
  done < <(routes)
  [ "$checked" -gt 500 ]
  [ "$wrong" = 0 ]
}

@test "a method that a path has no route for is 405 to everybody, with what it takes" {
  set +T
  while read -r path; do
    taken=$(routes | awk -v path="$path" '$2 == path {print $1}')
    for method in GET POST PUT DELETE PATCH OPTIONS TRACE; do
      if grep -qx "$method" <<<"$taken"; then continue; fi
      callers=atoken # whose word counts most; the method is looked at before who asks
      if [ "$method" = PATCH ]; then callers='none key atoken'; fi
      for caller in $callers; do
        ask "$method" "$path" "$caller"
        assert_problem 405 method_not_allowed
        header_take Allow
        for each in $taken; do
          [[ ", $value," == *", $each,"* ]] || fail "$method $path: no $each in Allow"
        done
      done
    done
  done < <(routes | cut -d' ' -f2 | sort -u)
}

@test "a header or parameter that names another method or path changes nothing" {
  for named in HTTP_X_HTTP_METHOD_OVERRIDE=DELETE HTTP_X_METHOD_OVERRIDE=PUT HTTP_X_ORIGINAL_URL=/admin/users \
    HTTP_X_REWRITE_URL=/admin/users; do
    call GET /health "$named"
    assert_status 200
    call GET /admin/users "$named" "${CREDENTIALS[utoken]}"
    assert_problem 403 forbidden
  done
}

@test "HEAD lets in whom GET lets in, and nobody else" {
  local wrong=0 checked=0
  set +T
  mapfile -t names < <(caller_names)
  while read -r path class; do
    mapfile -t wanted < <(marks "$class")
    for i in "${!names[@]}"; do
      case ${names[$i]} in none | read | utoken | atoken) ;; *) continue ;; esac
      ask HEAD "$path" "${names[$i]}"
      case $status in
      401) got=1 ;;
      403) got=3 ;;
      2?? | 4??) got=+ ;;
      *) got="?" ;;
      esac
      checked=$((checked + 1))
      if [ "$got" != "${wanted[$i]}" ] || [ -s "$body_file" ]; then
        echo "HEAD $path as ${names[$i]}: $status, and the table says ${wanted[$i]}" >&2
        wrong=$((wrong + 1))
      fi
    done
  done < <(routes | awk '$1 == "GET" {print $2, $3}')
  [ "$checked" -gt 100 ]
  [ "$wrong" = 0 ]
}
