#!/usr/bin/env bats
# tests/front/reference.bats: the reference and the page to try routes out on, in a real browser.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser
load ../lib/npm

setup_file() {
  # shellcheck disable=SC2034 # front_start reads them
  MODE=lighttpd TLS=''
  dir_make
  home_make
  # A worker with Swagger UI, where that is there to be built in.
  if [ -x "$BUILD/docs/forestgate.fcgi" ]; then cp "$BUILD/docs/forestgate.fcgi" "$T/bin/"; fi
  front_start
  mount_start /some/where
  browser_start ''
  export MODE TLS T URL KEY FRONT_PID SPAWN_PID MOUNT_URL MOUNT_PID
}

teardown_file() {
  browser_end
  mount_end
  front_teardown
}

@test "the reference tells of every route, has a place for each link, and fits a phone and a desk" {
  for kind in '390 light' '1280 dark'; do
    # shellcheck disable=SC2086 # a width and a scheme
    window ${kind% *} 844 ${kind#* }
    go "$MOUNT_URL/redoc"
    js_until 'return document.querySelector("#top select") !== null'
    js 'return document.documentElement.scrollWidth <= innerWidth' | grep -qx true
  done
  ask /openapi.json
  jq -r '.paths[][].operationId' <<<"$body" | sort >"$T/described"
  js 'return [...document.querySelectorAll("section.route")].map(section => section.id.slice(3))' |
    jq -r '.[]' | sort >"$T/told"
  diff "$T/described" "$T/told"
  js 'return [...document.querySelectorAll("a[href^=\"#\"]")].filter(link =>
    document.getElementById(link.hash.slice(1)) === null).map(link => link.hash)' | jq -e '. == []'
  js 'const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
    return ids.length === new Set(ids).size' | grep -qx true
  silent
}

@test "what the reference gives to copy runs as it is, with the address that the page is at" {
  go "$MOUNT_URL/redoc"
  js_until "return document.getElementById('url').textContent === '$MOUNT_URL'"
  js 'return document.querySelectorAll(".copied button").length' | jq -e '. > 100'
  js 'return Object.fromEntries([...document.querySelectorAll("section.route")].map(section =>
    [section.id.slice(3), section.querySelector("pre code").textContent]))' >"$T/curls"
  for operation in welcome health live ready openapi protected status test healthDetailed predict models model modelQuality \
    predictWith explain draw v1Models v1Model v1Metadata v1Predict v1Explain v1Classify v1ModelVersion v1MetadataVersion \
    v1PredictVersion v1ExplainVersion v1ClassifyVersion ping version invocations endpointInvocations huggingFace v2Server v2Live \
    v2Ready v2Models v2AllStats v2Model v2ModelReady v2ModelConfig v2ModelStats v2Infer v2ModelVersion v2ModelReadyVersion \
    v2ModelConfigVersion v2ModelStatsVersion v2InferVersion secureData createJob listJobs docs docsFile reference pageFile; do
    if [ "$operation" = docsFile ] && [ ! -x "$BUILD/docs/forestgate.fcgi" ]; then continue; fi
    jq -r --arg operation "$operation" '.[$operation]' "$T/curls" >"$T/curl.sh"
    env -u http_proxy URL="$MOUNT_URL" KEY="$KEY" bash -eu -c "$(sed '1s/^curl/curl -sSf/' "$T/curl.sh")" >"$T/said" ||
      { cat "$T/curl.sh" "$T/said" >&2; return 1; }
    case $operation in
    draw | ping | version | docs | docsFile | reference | pageFile) [ -s "$T/said" ] ;;
    *) jq -e 'type == "object" or type == "array"' "$T/said" >/dev/null ;;
    esac
  done
}

@test "the reference is whole where no script runs" {
  ask /redoc
  assert_status 200
  [ "$(header_of content-type)" = 'text/html; charset=utf-8' ]
  [[ "$(header_of content-security-policy)" == "default-src 'none';"* ]]
  [[ "$(header_of content-security-policy)" != *unsafe* ]]
  if grep -nE '<style|<script>|javascript:| on[a-z]+=| style=|(src|href)="(/|https?:)' <<<"$body"; then false; fi
  # No ampersand or bracket of a text stands in it as it is.
  /usr/bin/python3 -I -c 'import sys, html.parser
class Look(html.parser.HTMLParser):
    stack = []
    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link"): self.stack.append(tag)
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, (tag, self.getpos())
look = Look(); look.feed(sys.stdin.read()); assert look.stack == [], look.stack' <<<"$body"
}

@test "routes are tried out below any path, with a key and with a bearer, and nothing else is asked" {
  npm_needed swagger-ui-dist
  go "$URL/setup" # of which nothing is left, where the next is another page
  for way in key bearer; do
    go "$MOUNT_URL/docs#/Predictions/predict"
    if [ "$way" = bearer ]; then again; fi
    js_until 'return document.querySelector("#operations-Predictions-predict .try-out__btn") !== null'
    tried "$way"
    js 'return document.querySelector("#operations-Predictions-predict .live-responses-table tbody .response-col_status").textContent' |
      grep -q 200
    js 'return document.querySelector("#operations-Predictions-predict .live-responses-table .highlight-code").textContent' |
      grep -q setosa
    js 'return document.querySelector("#operations-Predictions-predict .curl").textContent' | grep -qF "$MOUNT_URL/predict"
  done
  js 'return performance.getEntriesByType("resource").map(entry => entry.name)' |
    jq -e --arg mount "$MOUNT_URL/" 'length > 3 and all(.[]; startswith($mount) or startswith("data:"))'
  quiet
}

# The browser would rather have fields of passwords in forms, where Swagger UI has them not.
quiet() {
  silent 2>"$T/told" || :
  if grep -v '^recommendation:' "$T/told" >&2; then return 1; fi
}

# Authorizes by one way: the first in the list, or the second.
authorized() {
  js 'document.querySelector(".auth-wrapper .authorize").click()' >/dev/null
  js_until 'return document.querySelector(".auth-container input") !== null'
  js 'const at = arguments[0] === "key" ? 0 : 1;
    const box = document.querySelectorAll(".auth-container")[at], input = box.querySelector("input");
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, arguments[1]);
    input.dispatchEvent(new Event("input", {bubbles: true}));
    box.querySelector("button.authorize").click();
    document.querySelector(".btn-done").click()' "\"$1\"" "\"$KEY\"" >/dev/null
}

# What is on the page is made anew when the description of who was let in has come, so what is
# pressed may be gone the next moment: it is pressed until it can be sent.
tried() {
  authorized "$1"
  js_until 'return performance.getEntriesByType("resource").filter(entry => entry.name.endsWith("/openapi.json")).length === 2'
  js_until 'const place = document.querySelector("#operations-Predictions-predict"), send = place?.querySelector(".execute");
    if (send) send.click(); else place?.querySelector(".try-out__btn:not(.cancel)")?.click();
    return Boolean(send)'
  js_until 'return document.querySelector("#operations-Predictions-predict .live-responses-table tbody .response-col_status") !== null'
}

@test "who is let in finds the models described that this one may use" {
  npm_needed swagger-ui-dist
  go "$MOUNT_URL/docs"
  js_until 'return document.querySelector(".models-control") !== null'
  js 'document.querySelector(".models-control").click()' >/dev/null
  js_until 'return document.querySelector(".models").textContent.includes("Predict")'
  js 'return document.querySelector(".models").textContent.includes("Predict.iris")' | grep -qx false
  authorized key
  js_until 'return document.querySelector(".models").textContent.includes("Predict.iris")'
  quiet
}

@test "a password logs in there, and a wrong one is told" {
  npm_needed swagger-ui-dist
  cli user create ann@example.org --models '*' --password-stdin <<<'correct horse battery staple' >/dev/null
  go "$MOUNT_URL/docs#/Account/me"
  js 'location.reload()' >/dev/null
  for password in 'wrong horse battery' 'correct horse battery staple'; do
    logged_in ann@example.org "$password"
    case $password in
    wrong*) js_until 'return document.querySelector(".auth-container .errors")?.textContent.includes("invalid_grant")' ;;
    *) js_until 'return [...document.querySelectorAll(".auth-container .authorize")].some(button => button.textContent === "Logout")' ;;
    esac
    js 'document.querySelector(".btn-done").click()' >/dev/null
  done
  js_until 'return document.querySelector("#operations-Account-me .try-out__btn") !== null'
  js 'document.querySelector("#operations-Account-me .try-out__btn").click()' >/dev/null
  js_until 'return document.querySelector("#operations-Account-me .execute") !== null'
  js 'document.querySelector("#operations-Account-me .execute").click()' >/dev/null
  js_until 'return document.querySelector("#operations-Account-me .live-responses-table .highlight-code")?.textContent.includes("ann@example.org")'
}

# Fills in the form of OAuth 2, and sends it.
logged_in() {
  js_until 'return document.querySelector(".auth-wrapper .authorize") !== null'
  js 'document.querySelector(".auth-wrapper .authorize").click()' >/dev/null
  js_until 'return document.querySelector("#oauth_password") !== null'
  js 'const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    for (const [id, value] of [["oauth_username", arguments[0]], ["oauth_password", arguments[1]]]) {
      const input = document.getElementById(id);
      set.call(input, value);
      input.dispatchEvent(new Event("input", {bubbles: true}));
      input.dispatchEvent(new Event("change", {bubbles: true}));
    }
    document.getElementById("oauth_password").closest("form, .auth-container").querySelector("button.authorize").click()' "\"$1\"" "\"$2\"" >/dev/null
}
