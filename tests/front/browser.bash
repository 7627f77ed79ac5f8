#!/usr/bin/env bats
# tests/front/browser.bash: what a browser makes of a front: its certificate, its pages and
# what they run, and whose pages it lets call.  The .bats files beside it are links to this
# one and say by their names which front it is.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser

PASSWORD='a bicycle & 7% cats = 1+1 ü'

# A root of one's own, one between, and what it signed for localhost.
certificate_make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=A root' \
    -keyout "$T/root.key" -out "$T/root.crt"
  signed between root 'basicConstraints=critical,CA:TRUE'
  signed leaf between 'subjectAltName=DNS:localhost'
  cat "$T/leaf.crt" "$T/between.crt" >"$T/chain.pem"
} 2>"$T/openssl.log"

# signed NAME BY EXTENSION
signed() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$T/$1.key" -out "$T/$1.csr"
  openssl x509 -req -in "$T/$1.csr" -CA "$T/$2.crt" -CAkey "$T/$2.key" -set_serial 7 -days 2 \
    -extfile <(echo "$3") -out "$T/$1.crt"
}

setup_file() {
  local pages
  MODE=$(basename "$BATS_TEST_FILENAME" .bats)
  MODE=${MODE#browser-} TLS=yes
  dir_make
  certificate_make
  # shellcheck disable=SC2034 # home_make reads it
  SETTINGS="address_rate = off
tls_certificate = $T/chain.pem
tls_key = $T/leaf.key"
  home_make
  export CURL_CA_BUNDLE=$T/root.crt
  front_start
  # A server of pages that have nothing to do with the service, whose origins are in
  # cors_origins (3000) and not (3001).
  mkdir "$T/pages"
  pages=$(port_free)
  /usr/bin/python3 -I -m http.server --bind 127.0.0.1 --directory "$T/pages" "$pages" >"$T/pages.log" 2>&1 </dev/null 3>&- 4>&- &
  PAGES_PID=$!
  wait_for 100 curl -sf -o /dev/null "http://127.0.0.1:$pages/"
  browser_start "MAP localhost:3000 127.0.0.1:$pages, MAP localhost:3001 127.0.0.1:$pages"
  export MODE TLS T URL PLAIN_URL KEY FRONT_PID SPAWN_PID PAGES_PID
}

teardown_file() {
  browser_end
  if [ -n "${PAGES_PID:-}" ]; then kill -TERM "$PAGES_PID"; fi
  front_teardown
}

# From a page of another origin: what fetch makes of it, the word of its error or its JSON.
from_page() {
  go "http://localhost:$1/"
  js 'return fetch(arguments[0], arguments[1]).then(a => a.json().then(b => ({status: a.status, body: b,
    limit: a.headers.get("RateLimit"), id: a.headers.get("X-Request-ID")})), e => ({error: e.name}))' \
    "$(quoted "$URL$2")" "$3"
}

calls() { cli call stats --json | jq '[.[].calls] | add // 0'; }

ask_it() { jq -n --arg key "$KEY" --arg body "$FEATURES" '{method: "POST", body: $body, headers: {"X-API-Key": $key, "Content-Type": "application/json"}}'; }

@test "the certificate of the settings is served, with those between it and its root" {
  ask /health
  assert_status 200
  openssl s_client -connect "localhost:${URL##*:}" -servername localhost -CAfile "$T/root.crt" -verify_return_error \
    -showcerts </dev/null 2>/dev/null | sed -n '/BEGIN CERT/,/END CERT/p' >"$T/served.pem"
  diff "$T/served.pem" <(sed -n '/BEGIN CERT/,/END CERT/p' "$T/chain.pem")
  # Who believes the home's own for localhost does not believe this one.
  run -60 curl -sS --cacert "$T/front.crt" "$URL/health"
}

@test "a page of another origin that is not listed cannot call, with a key or without" {
  before=$(calls)
  from_page 3001 /predict "$(ask_it)" | jq -e '. == {error: "TypeError"}'
  from_page 3001 /health '{}' | jq -e '. == {error: "TypeError"}'
  [ "$(calls)" = "$before" ]
}

@test "a page of a listed origin calls with its key and reads the answer" {
  from_page 3000 /health '{}' | jq -e '.status == 200'
  from_page 3000 /predict "$(ask_it)" |
    jq -e '.status == 200 and .body.label == "setosa" and (.limit | length > 0) and (.id | length > 0)'
  from_page 3000 /predict '{"method":"POST","body":"{}","headers":{"X-API-Key":"fg_none"}}' |
    jq -e '.status == 401 and .body.error == "unauthorized"'
}

@test "nothing runs on a page but what belongs to it" {
  go "$URL/setup"
  js 'const s = document.createElement("script"); s.textContent = "window.ran = 1";
    document.body.append(s); return window.ran === undefined' | grep -qx true
  js 'return fetch("https://localhost:1/").then(() => 1, () => 0)' | grep -qx 0
  run ! silent
  [[ "$output" == *'Content Security Policy'* ]]
}

# bats test_tags=once
@test "pages fit a phone and a desk, light and dark, and the browser complains of nothing" {
  local ink
  for path in / /setup; do
    ink=''
    for kind in '390 light' '1280 dark'; do
      # shellcheck disable=SC2086 # a width and a scheme
      window ${kind% *} 844 ${kind#* }
      go "$URL$path"
      js 'return document.documentElement.scrollWidth <= innerWidth' | grep -qx true
      [ "$ink" != "$(js 'return getComputedStyle(document.body).color')" ]
      ink=$(js 'return getComputedStyle(document.body).color')
    done
  done
  silent
}

# bats test_tags=once
@test "the setup link makes the first administrator, by the keyboard alone" {
  link=$(cli init --url "$URL" | sed -n 's/^setup link: //p')
  # Put into the address of a page that is open, a link loads nothing by itself.
  go "$URL/setup#fgi_none"
  go "$link"
  js_until 'return document.readyState === "complete" && document.activeElement === document.body'
  typed Tab root@example.org Tab Rosa Tab 'Bäcker' Tab 'too short' Enter
  js_until 'return document.activeElement.id === "password"'
  js 'return document.getElementById("password-error").textContent' | grep -q '12 characters'
  # Behind what is there: both together are the password.
  typed "$PASSWORD" Enter
  js_until 'return document.getElementById("form").hidden'
  js 'return [document.activeElement.id, location.href, document.getElementById("lead").textContent]' |
    jq -e --arg url "$URL/setup" '.[0] == "title" and .[1] == $url and (.[2] | contains("root@example.org"))'
  js 'return document.getElementById("next").hidden' | grep -qx false
  silent
  ask -H "$JSON" -d "$(jq -n --arg p "too short$PASSWORD" '{username: "root@example.org", password: $p}')" /login
  assert_status 200
  jq -e '.token | length > 0' <<<"$body"
}

# bats test_tags=once
@test "a setup link that does not hold is refused on the page" {
  go "$URL/setup#fgi_none"
  js 'for (const name of ["first_name", "last_name", "password"]) {
      document.getElementById(name).value = "a long enough text";
    }
    document.getElementById("username").value = "eve@example.org";
    document.getElementById("send").click()' >/dev/null
  js_until 'return document.getElementById("status").className === "note bad"'
  js 'return document.getElementById("form").hidden' | grep -qx false
}
