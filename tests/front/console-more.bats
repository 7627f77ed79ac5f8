#!/usr/bin/env bats
# tests/front/console-more.bats: what the pages of account and administration do beside the flows
# of console-account.bats and console-admin.bats: limits and ends of keys, users with a password,
# files of calls, quality over time, and who comes by a phone or writes from right to left.
# shellcheck disable=SC2154,SC2016 # status and body are those of ask in lib/front; dollars of jq

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser

PASSWORD='korrekt pferd batterie'

person() { # NAME [OPTION...]
  printf %s "$PASSWORD" | cli user create "$1@example.org" --models '*' --first-name Ann --last-name Berg \
    --password-stdin "${@:2}" >/dev/null
}

train() { # NAME CSV TARGET [OPTION...]
  "$BUILD/forestgate" model train --csv "$2" --target "$3" --trees 3 --max-depth 3 -o "$T/$1.fgm" "${@:4}" >/dev/null &&
    chmod 644 "$T/$1.fgm" && cli model publish "$1" "$T/$1.fgm" >/dev/null
}

token_of() {
  ask -H "$JSON" -d "$(jq -n --arg u "$1@example.org" --arg p "$PASSWORD" '{username: $u, password: $p}')" /login
  jq -r .token <<<"$body"
}

# api METHOD PATH [JSON]: as the administrator, whose session is another than the page's.
api() { ask -X "$1" -H "Authorization: Bearer $TOKEN" -H "$JSON" ${3+-d "$3"} "$2"; }

predict() { ask -H "X-API-Key: $KEY" -H "X-Request-ID: $1" -H "$JSON" -d "$FEATURES" /predict; }

# What was asked just now is kept in a moment.
truth_told() { curl -sf -o /dev/null -H "X-API-Key: $KEY" -H "$JSON" -d "{\"request_id\":\"$1\",\"truth\":\"setosa\"}" "$URL/feedback"; }

setup_file() {
  front_setup lighttpd
  cli tier set slow --rate 3/1s --rate 9/1h --quota 50/day >/dev/null
  person root --role admin
  person ann --tier slow
  printf 'عمر,y\n' >"$T/right.csv"
  for i in 1 2 3 4 5 6 7 8 9; do printf '%s,%s\n' "$i" "$([ "$i" -lt 5 ] && echo صغير || echo كبير)"; done >>"$T/right.csv"
  train right "$T/right.csv" y
  train words "$TOP/model/sentiment.csv" sentiment --text text
  cli model keep iris --rate 100% >/dev/null
  for i in 1 2 3; do predict "kept-$i"; done
  for i in 1 2; do wait_for 100 truth_told "kept-$i" || return 1; done
  TOKEN=$(token_of root)
  export TOKEN
  browser_start ''
  faults_ready
  driver /goog/cdp/execute "$(jq -n --arg to "$T" '{cmd: "Browser.setDownloadBehavior", params: {behavior: "allow", downloadPath: $to}}')" >/dev/null
  window 1280 900 light
}

teardown_file() {
  browser_end
  front_teardown
}

fail_with() { printf '%s\n' "$@" >&2; return 1; }
settled() { js_until 'return document.querySelector("#room h2, .part h2, #desk h2") !== null && document.querySelector("[aria-busy]") === null'; }

# here NAME PAGE: a user at that page, with nothing to wait for.
here() {
  if js_is_true "return location.protocol !== 'data:' && sessionStorage.getItem('test.who') === '$1'"; then
    go about:blank # else another # would be the same page
    go "$URL/$2"
  else
    go "$URL/setup"
    js 'sessionStorage.clear()' >/dev/null
    signed_in "$URL/$2" "$1@example.org" "$PASSWORD"
    js 'sessionStorage.setItem("test.who", arguments[0])' "$(quoted "$1")" >/dev/null
  fi
  settled
}

room() {
  js 'location.hash = arguments[0]' "$(quoted "$1")" >/dev/null
  settled
}

text() { js 'return document.querySelector(arguments[0])?.innerText ?? ""' "$(quoted "$1")" | jq -r .; }

says() {
  js_until "return (document.querySelector($(quoted "$1"))?.innerText ?? '').includes($(quoted "$2"))" ||
    fail_with "$1 says: $(text "$1")"
}

# press TEXT: the button, link or summary that says so, to who hears it too, in the dialog in front.
press() {
  js 'const all = [...([...document.querySelectorAll("dialog[open]")].at(-1) ?? document).querySelectorAll("button, summary, a")];
    const one = all.find(one => one.textContent.trim() === arguments[0]) ?? all.find(one => one.textContent.trim().startsWith(arguments[0]));
    if (one === undefined) return false;
    one.focus(); one.click(); return true' "$(quoted "$1")" | grep -qx true || fail_with "no $1 to press"
}

# enter LABEL VALUE: as if it was typed or chosen, in the dialog in front; what has no label of its
# own is found by the one that it says.
enter() {
  js 'const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.getElementById("room") ?? document;
    const one = [...place.querySelectorAll("label")].find(one => one.textContent.trim() === arguments[0])?.control ??
      [...place.querySelectorAll("input, select")].find(one => one.ariaLabel?.startsWith(arguments[0]) && !one.hidden);
    if (!one) return false;
    one.value = arguments[1];
    one.dispatchEvent(new Event("input", {bubbles: true})); one.dispatchEvent(new Event("change", {bubbles: true}));
    return true' "$(quoted "$1")" "$(quoted "$2")" | grep -qx true || fail_with "no $1 to fill in"
}

opened() { js_until 'return document.querySelector("dialog[open] form button") !== null && document.querySelector("dialog [aria-busy]") === null'; }
closed() { js_until 'return document.querySelector("dialog") === null'; }

kept() {
  js_until 'return document.querySelector("dialog pre") !== null'
  press 'I have kept it'
  closed
  settled
}

# What Chromium says by itself of an answer that is none of the good ones.
silent_but() {
  local told
  run silent
  told=$(grep -vE "status of ($1)" <<<"$output" || :)
  [ -z "$told" ] || fail_with "$told"
}

key_of() { api GET "/admin/keys?search=$1" && jq -e ".keys[0] | $2" <<<"$body"; }

@test "limits of a key's own that are none are said at their field; good ones count, and are taken back" {
  api POST /admin/keys '{"name":"meter","tier":"slow"}'
  assert_status 201
  here root admin#keys
  press 'Manage the key meter'
  opened
  enter 'Calls at most a day' '7 or so'
  press Save
  js_until 'return [...document.querySelectorAll("dialog fieldset")].some(one => one.textContent.startsWith("Limits of its own") && one.querySelector(".error").textContent !== "")'
  key_of meter '.own_limits == ""'
  enter 'Calls at most a day' 7
  press 'Add a rate'
  enter 'Calls at most' 2
  says dialog 'So: 2 in any minute, 7 a day.'
  press Save
  says '#notices' 'The key "meter" is changed'
  key_of meter '.own_limits == "2/60s,7/day" and .limits == "2/60s,7/day" and .tier == "slow"'
  # Who came by the keyboard is where the list was left.
  closed
  settled
  js 'return document.activeElement.textContent' | grep -qx '"Manage the key meter"'
  # What nobody has touched is not sent, however it is written.
  press 'Manage the key meter'
  opened
  press Save
  says '#notices' 'Nothing was changed'
  closed
  press 'Manage the key meter'
  opened
  js '[...document.querySelectorAll("dialog button")].find(one => one.textContent.startsWith("Remove")).click()' >/dev/null
  press Save
  says '#notices' 'The key "meter" is changed'
  key_of meter '.own_limits == "7/day" and .limits == "3/1s,9/1h,7/day"'
  press Undo
  says '#notices' 'as before'
  key_of meter '.own_limits == "2/60s,7/day"'
  js 'return document.activeElement.textContent' | grep -qx '"Keys"'
  js 'document.querySelector("#notices .close").focus(); document.querySelector("#notices .close").click()' >/dev/null
  js 'return [document.activeElement.textContent, document.querySelector("#notices").textContent]' | jq -e '. == ["Keys", ""]'
  silent_but 422
}

@test "the key of a user has no limits of its own to change" {
  cli key create --name theirs --user ann@example.org >/dev/null 2>&1
  here root admin#keys
  press 'Manage the key theirs'
  opened
  js 'return document.querySelector("dialog").innerText.includes("Limits of its own")' | grep -qx false
  silent
}

@test "a key is made for some time, made to end sooner, and is told to have ended" {
  here root admin#keys
  press 'Make a key'
  opened
  enter 'What it is for' 'for a week'
  enter 'It holds' 7d
  press 'Make the key'
  kept
  key_of 'for%20a%20week' '((.expires_at | sub("\\.000"; "") | fromdate) - (.created_at | sub("\\.000"; "") | fromdate)) == 604800'
  press 'Manage the key for a week'
  opened
  enter 'It holds from now' other
  enter 'It holds from now: another' 'a while'
  press Save
  js_until 'return [...document.querySelectorAll("dialog .error")].some(one => one.textContent !== "")'
  enter 'It holds from now: another' 1s
  press Save
  says '#notices' 'The key "for a week" is changed'
  js 'return [...document.querySelectorAll("#notices button")].some(one => one.textContent === "Undo")' | grep -qx false
  wait_for 100 key_of 'for%20a%20week' '.state == "expired"'
  enter State expired
  says '#room .list' 'for a week'
  says '#room .list' 'expired'
  silent_but 422
}

@test "a user is made with a password, not with one that is too short, and logs in" {
  here root admin#users
  press 'Make a user'
  opened
  enter 'E-mail address' dora@example.org
  enter Password short
  press 'Make the user'
  js_until 'const at = document.activeElement; return at.name === "password" && at.getAttribute("aria-invalid") === "true"'
  js 'return document.querySelector("dialog [name=username]").value' | grep -qx '"dora@example.org"'
  enter Password "$PASSWORD"
  press 'Make the user'
  says '#notices' 'dora@example.org can log in now'
  says '#room .list' 'dora@example.org'
  ask -H "$JSON" -d "$(jq -n --arg p "$PASSWORD" '{username: "dora@example.org", password: $p}')" /login
  assert_status 200
  silent_but 422
}

@test "before an invitation ends it is asked, and who presses Enter at once ends nothing" {
  cli user invite eve@example.org >/dev/null
  here root admin#users
  press 'End it for eve@example.org'
  says dialog 'The link for eve@example.org opens nothing any more'
  typed Enter
  closed
  api GET /admin/invitations
  jq -e '[.invitations[].username] | index("eve@example.org") != null' <<<"$body"
  press 'End it for eve@example.org'
  press 'End the invitation'
  says '#notices' 'eve@example.org has ended'
  silent
}

@test "the administration saves the calls as a file, by the filters that are set" {
  predict good-one
  ask -H "X-API-Key: $KEY" -H "X-Request-ID: bad-one" -H "$JSON" -d '{"features":[1]}' /predict
  assert_status 422
  here root admin#calls
  enter Status 4xx
  settled
  js_until 'return document.querySelector("#room .list")?.innerText.includes("bad-one") && !document.querySelector("#room .list").innerText.includes("good-one")'
  press 'Get as CSV'
  wait_for 100 test -s "$T/calls.csv"
  grep -q bad-one "$T/calls.csv"
  run grep -c good-one "$T/calls.csv"
  [ "$output" = 0 ]
  silent
}

@test "quality is drawn over time, walked through by keys, and told as a table; what has drifted is marked" {
  here root 'admin#models?name=iris'
  js_until 'return document.querySelector("[role=slider]") !== null'
  says '#room' 'Over time'
  js 'document.querySelector("[role=slider]").focus()' >/dev/null
  typed $'\ue011' # Home
  js 'return document.querySelector("[role=slider]").getAttribute("aria-valuetext")' | grep -q "$(date -u +%Y).*version 1 1"
  enter Figure 'nothing of it' # is none of the choices
  js 'const select = [...document.querySelectorAll("#room label")].find(one => one.textContent === "Figure").control;
    select.selectedIndex = [...select.options].findIndex(one => one.text === "Rows of which the truth is known");
    select.dispatchEvent(new Event("change")); return true' >/dev/null
  js_until 'return document.querySelector("[role=slider]").getAttribute("aria-valuetext").endsWith("version 1 2")'
  # It stays chosen where another time is.
  enter 'The last' week
  js_until 'return document.querySelector("[role=slider]")?.getAttribute("aria-label") === "Rows of which the truth is known, over time"'
  js 'return [...document.querySelectorAll("#room details.numbers td")].some(one => one.textContent === "2")' | grep -qx true
  faults '[{"path": "/quality", "status": 200, "body": {"rows": 3, "complete": true, "parts": [
    {"version": 1, "begin": "2026-01-02T00:00:00.000Z", "rows": 3, "rows_with_truth": 0, "targets": [], "drift": {"features": [
      {"name": "calm", "state": "stable", "psi": 0.01, "by_chance": 0.1, "rows": 3},
      {"name": "moved", "state": "shifted", "psi": 0.2, "by_chance": 0.1, "rows": 3},
      {"name": "gone", "state": "drifted", "psi": 2, "by_chance": 0.1, "rows": 3},
      {"name": "few", "state": "too few rows", "psi": null, "by_chance": null, "rows": 3}], "answers": []}}]}}]'
  room models
  room 'models?name=iris'
  js_until 'return document.querySelectorAll("#room h4").length > 0'
  js 'return Object.fromEntries([...document.querySelectorAll("#room tr")].filter(one => one.querySelector(".tag"))
    .map(one => [one.cells[0].textContent, one.querySelector(".tag").className.trim()]))' |
    jq -e '.calm == "tag good" and .moved == "tag warn" and .gone == "tag bad" and .few == "tag"'
  faults '[]'
  silent
}

@test "a model of texts is not offered what it refuses, and it is said why" {
  here root 'admin#models?name=words'
  says '#room' 'it takes texts, and texts are not kept'
  js 'return document.querySelector("#room input") === null && !document.querySelector("#room").innerText.includes("Over time")' | grep -qx true
  silent
}

@test "a limit of an hour is told as one, and jobs of one minute have names of their own" {
  local ann
  ann=$(token_of ann)
  for _ in 1 2; do
    ask -X POST -H "Authorization: Bearer $ann" -H 'Content-Type: text/csv' -d $'sepal_length,sepal_width,petal_length,petal_width\n5,3,1,1\n' '/jobs?model=iris'
    assert_status 202
  done
  here ann account#keys
  js 'return [...document.querySelectorAll(".limit-name")].map(one => one.textContent)' |
    jq -e '. == ["In any second", "In any hour", "Today"]'
  here ann account#jobs
  js 'return [...document.querySelectorAll(".list tbody th")].map(one => one.textContent)' | jq -e 'length == 2 and .[0] != .[1]'
  silent
}

@test "on a phone the room that is open is in sight, no page is wider than it, and pages are on one line" {
  window 360 740 dark
  here root admin#audit
  fits
  js 'const box = document.querySelector("#rooms [aria-current]").getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth' | grep -qx true
  js 'return new Set([...document.querySelectorAll("#top nav > a:not(.brand)")].map(one => one.offsetTop)).size' | grep -qx 1
  # A button in a note is not squeezed to a column of letters.
  js_until 'return document.querySelector("#room .note button") !== null'
  js 'const box = document.querySelector("#room .note button").getBoundingClientRect(); return box.height < 40' | grep -qx true
  window 320 740 dark
  room users
  fits
  here root '#right'
  fits
  js_until 'const box = document.querySelector(".menu [aria-current]")?.getBoundingClientRect(); return box !== undefined && box.left >= 0 && box.right <= innerWidth'
  window 1280 900 light
  silent
}

@test "names from right to left stand by themselves, in reasons and in the code, which is copied as it is" {
  here root '#right'
  js 'document.querySelector(".pills button").click()' >/dev/null
  js_until 'return document.querySelector(".waterfall bdi") !== null'
  js 'return [document.querySelector(".answer bdi").textContent, [...document.querySelectorAll(".waterfall bdi")][0].textContent, document.querySelector("pre bdi").textContent]' |
    jq -e '(.[0] == "كبير" or .[0] == "صغير") and .[1] == "عمر" and .[2] == "عمر"'
  js 'return document.querySelector("pre").textContent' | jq -r . | grep -q '{"features":{"عمر":[0-9]'
  silent
}

@test "what was added has no violation of WCAG by axe, light and dark" {
  here root 'admin#models?name=iris'
  js_until 'return document.querySelector("[role=slider]") !== null'
  axe
  room keys
  press 'Manage the key meter'
  opened
  axe
  window 390 800 dark
  axe
}
