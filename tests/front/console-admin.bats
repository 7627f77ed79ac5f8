#!/usr/bin/env bats
# tests/front/console-admin.bats: the page of administration in a real browser: each thing that it
# offers is done there, and what came of it is asked of the API; who may not sees nothing; what
# others change or withdraw meanwhile is told; and names that are markup are text.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # set by lib/front and lib/browser; dollars of jq

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser

PASSWORD='korrekt pferd batterie'
NASTY='<img src=x onerror="window.ran=1">'

person() { # NAME [OPTION...]
  printf %s "$PASSWORD" | cli user create "$1@example.org" --models '*' --tier test --first-name "$NASTY" \
    --last-name Berg --password-stdin "${@:2}" >/dev/null
}

token_of() {
  ask -H "$JSON" -d "{\"username\": \"$1@example.org\", \"password\": $(quoted "$PASSWORD")}" /login
  jq -r .token <<<"$body"
}

# api METHOD PATH [JSON]: as the administrator, whose session is another than the page's.
api() { ask -X "$1" -H "Authorization: Bearer $TOKEN" -H "$JSON" ${3+-d "$3"} "$2"; }

# What was asked just now is kept in a moment.
truth_told() { curl -sf -o /dev/null -H "X-API-Key: $KEY" -H "$JSON" -d "{\"request_id\":\"$1\",\"truth\":\"setosa\"}" "$URL/feedback"; }

setup_file() {
  local seed
  front_setup lighttpd
  for seed in 2 3 4; do
    "$BUILD/forestgate" model train --csv "$TOP/model/iris.csv" --target species --trees 3 --max-depth 2 --seed "$seed" \
      -o "$T/$seed.fgm" >/dev/null
    chmod 644 "$T/$seed.fgm"
  done
  cli model publish iris "$T/2.fgm" --canary 10% >/dev/null
  cli model keep iris --rate 100% >/dev/null
  person root --role admin
  for name in ann bob cleo; do person "$name"; done
  TOKEN=$(token_of root)
  export TOKEN
  for i in 1 2 3 4 5 6 7 8; do
    curl -sS -o /dev/null -H "X-API-Key: $KEY" -H "X-Request-ID: kept-$i" -H "$JSON" -d "{\"features\":[5.1,3.5,$i,0.$i]}" "$URL/predict"
  done
  for i in 1 2 3 4 5 6 7 8; do wait_for 100 truth_told "kept-$i" || return 1; done
  curl -sS -o /dev/null -H "X-API-Key: $KEY" -H "$JSON" -d '{"features":[1]}' "$URL/predict"
  mount_start /some/where
  export MOUNT_URL MOUNT_PID
  browser_start ''
  faults_ready
  window 1280 900 light
}

teardown_file() {
  browser_end
  mount_end
  front_teardown
}

fail_with() { printf '%s\n' "$@" >&2; return 1; }

# here NAME ROOM: a user at that room of the page, with nothing to wait for.
here() {
  go "$URL/setup" # else another # would be the same page
  js 'sessionStorage.clear()' >/dev/null
  signed_in "$URL/admin#$2" "$1@example.org" "$PASSWORD"
  settled
}

settled() { js_until 'return document.querySelector("#room h2") !== null && document.querySelector("#room [aria-busy], dialog [aria-busy]") === null'; }

room() {
  js 'location.hash = arguments[0]' "$(quoted "$1")" >/dev/null
  settled
}

text() { js_text 'return document.querySelector(arguments[0])?.innerText ?? ""' "$(quoted "$1")"; }

# says SELECTOR TEXT: waits until it says so.
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

# enter LABEL VALUE: as if it was typed or chosen, in the dialog in front; a box by true or false.
enter() {
  js 'const place = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.getElementById("room") ?? document;
    const all = [...place.querySelectorAll("label, legend")].filter(one => one.textContent.trim() === arguments[0] || one.textContent.startsWith(arguments[0]));
    const label = all.find(one => one.textContent.trim() === arguments[0]) ?? all[0];
    const one = label?.control ?? label?.parentElement.querySelector("input, select") ??
      [...place.querySelectorAll("input, select")].find(one => one.ariaLabel === arguments[0]);
    if (!one) return false;
    if (["checkbox", "radio"].includes(one.type)) one.checked = arguments[1] === "true"; else one.value = arguments[1];
    one.dispatchEvent(new Event("input", {bubbles: true})); one.dispatchEvent(new Event("change", {bubbles: true}));
    return true' "$(quoted "$1")" "$(quoted "$2")" | grep -qx true || fail_with "no $1 to fill in"
}

opened() { js_until 'return document.querySelector("dialog[open] button[type=submit], dialog[open] form button") !== null && document.querySelector("dialog [aria-busy]") === null'; }
closed() { js_until 'return document.querySelector("dialog") === null'; }

# sure NAME VERB: what is asked by name is first refused to another name.
sure() {
  opened
  js 'return [...document.querySelectorAll("dialog")].at(-1).querySelector("button.danger").disabled' | grep -qx true
  js '[...document.querySelectorAll("dialog")].at(-1).querySelector("input").focus()' >/dev/null
  typed "$1"
  press "$2"
}

# A file into the field of the dialog in front, by the driver.
file_in() {
  local id
  id=$(driver /element '{"using": "css selector", "value": "dialog[open] input[type=file]"}' | jq -r '.[]')
  driver "/element/$id/value" "{\"text\": $(quoted "$1")}" >/dev/null
}

rows() { js 'return document.querySelectorAll("#room tbody tr").length'; }

# What Chromium says by itself of an answer that is none of the good ones, and of a page that would
# ask before it goes, which nobody has touched.
silent_but() {
  local told
  run silent
  told=$(grep -vE "status of ($1)|beforeunload" <<<"$output" || :)
  [ -z "$told" ] || fail_with "$told"
}

@test "who is nobody is asked to log in, and who is no administrator is told so and sees nothing" {
  go "$URL/admin"
  says '#admin' 'For administrators'
  js 'return document.querySelector("#room") === null' | grep -qx true
  go "$URL/setup"
  signed_in "$URL/admin#users" ann@example.org "$PASSWORD"
  says '#admin' 'ann@example.org is none'
  js 'return document.querySelector("#room") === null && !document.body.innerText.includes("root@example.org")' | grep -qx true
  silent
}

@test "by the keyboard alone: log in, go to a room, make a tier in words, and hear of it" {
  go "$URL/setup"
  js 'sessionStorage.clear()' >/dev/null
  go "$URL/admin"
  js_until 'return document.querySelector("input[name=username]") !== null'
  tab_to 'at.name === "username"'
  typed root@example.org Tab "$PASSWORD" Enter
  settled
  tab_to 'at.textContent === "Tiers"'
  typed Enter
  settled
  js 'return [document.activeElement.textContent, document.title]' | jq -e '. == ["Tiers", "Tiers - Administration - Forestgate"]'
  tab_to 'at.textContent === "Make a tier"'
  typed Enter
  tab_to 'at.name === "name"'
  typed slow
  tab_to 'at.textContent === "Add a rate"'
  typed Enter 7
  tab_to 'at.ariaLabel === "Calls at most a day"'
  typed 50
  says 'dialog' 'So: 7 in any minute, 50 a day.'
  typed Enter
  says '#notices' 'The tier slow is made'
  closed
  api GET /admin/tiers
  jq -e '.tiers[] | select(.name == "slow") | .limits == "7/60s,50/day" and .price == "call" and (.shadow | not)' <<<"$body"
  silent
}

@test "a tier is changed, has back what it was, and is deleted by name; one that is used stays" {
  here root tiers
  press 'Change the tier slow'
  opened
  enter 'A call costs of the quotas' row
  enter 'Calls at most a month' '900'
  press Save
  says '#notices' 'The tier slow is changed'
  api GET /admin/tiers
  jq -e '.tiers[] | select(.name == "slow") | .limits == "7/60s,50/day,900/month" and .price == "row"' <<<"$body"
  press Undo
  says '#notices' 'as before'
  api GET /admin/tiers
  jq -e '.tiers[] | select(.name == "slow") | .limits == "7/60s,50/day" and .price == "call"' <<<"$body"
  settled
  press 'Delete the tier test'
  sure test 'Delete it'
  says '#notices .bad' 'are of this tier'
  settled
  press 'Delete the tier slow'
  sure slow 'Delete it'
  says '#notices' 'The tier slow is deleted'
  api GET /admin/tiers
  jq -e '[.tiers[].name] | index("slow") == null and index("test") != null' <<<"$body"
  press Undo
  says '#notices' 'there again'
  api GET /admin/tiers
  jq -e '.tiers[] | select(.name == "slow") | .limits == "7/60s,50/day"' <<<"$body"
  silent_but 409
}

@test "a limit that is none is said at its field, and nothing of what was typed is lost" {
  here root tiers
  press 'Make a tier'
  opened
  enter Name wrong
  enter 'Calls at most a day' '12 thousand'
  press 'Make the tier'
  js_until 'return [...document.querySelectorAll("dialog .error")].some(one => one.textContent.includes("12 thousand"))'
  js 'return [document.querySelector("dialog [name=name]").value, [...document.querySelectorAll("dialog input")].find(one => one.ariaLabel === "Calls at most a day").value]' |
    jq -e '. == ["wrong", "12 thousand"]'
  # A dialog in which something was typed does not close at the first Escape.
  js 'document.querySelector("dialog [name=name]").focus()' >/dev/null
  typed er $'\ue00c'
  says dialog 'is not saved'
  typed $'\ue00c'
  closed
  silent_but 422
}

@test "somebody is invited by a link that is shown once, and comes in by it with the rights that were chosen" {
  here root users
  press 'Invite somebody'
  opened
  enter 'E-mail address' 'dora@example.org'
  enter These true
  enter iris true
  press 'Make the link'
  js_until 'return document.querySelector("dialog pre") !== null'
  link=$(text 'dialog pre')
  [[ "$link" == "$URL/setup#fgi_"* ]]
  js 'return location.href.includes("fgi_")' | grep -qx false
  press 'I have kept it'
  closed
  says '#room' 'dora@example.org'
  ask -H "$JSON" -d "$(jq -n --arg i "${link#*#}" --arg p "$PASSWORD" '{username: "dora@example.org", password: $p, first_name: "D", last_name: "E", invitation: $i}')" /auth/create
  assert_status 201
  jq -e '.models == "iris" and .role == "user" and .tier == "standard"' <<<"$body"
  # Another one, which is ended.
  press 'Invite somebody'
  opened
  enter 'E-mail address' 'eve@example.org'
  press 'Make the link'
  js_until 'return document.querySelector("dialog pre") !== null'
  link=$(text 'dialog pre')
  press 'I have kept it'
  closed
  settled
  press 'End it for eve@example.org'
  press 'End the invitation'
  says '#notices' 'eve@example.org has ended'
  ask -H "$JSON" -d "$(jq -n --arg i "${link#*#}" --arg p "$PASSWORD" '{username: "eve@example.org", password: $p, first_name: "E", last_name: "E", invitation: $i}')" /auth/create
  [ "$status" -ge 400 ]
  silent
}

@test "users are found, changed, shut out and let in again, logged out, and deleted by name" {
  ann=$(token_of ann)
  here root users
  enter 'Name or e-mail address' ANN@
  js_until 'return document.querySelectorAll("#room .list tbody tr").length >= 1 && !document.querySelector("#room .list").innerText.includes("bob@")'
  enter 'Name or e-mail address' nobody-like-that
  says '#room' 'Nobody is like that'
  room 'users?search=bob%40example.org'
  settled
  press 'Manage bob@example.org'
  opened
  enter 'First name' Robert
  enter Role admin
  enter 'May log in and call' false
  press Save
  says '#notices' 'bob@example.org is changed'
  api GET '/admin/users?search=bob@example.org'
  jq -e '.users[0] | .first_name == "Robert" and .role == "admin" and (.is_active | not) and .last_name == "Berg" and .models == "*"' <<<"$body"
  press Undo
  says '#notices' 'as before'
  api GET '/admin/users?search=bob@example.org'
  jq -e --arg name "$NASTY" '.users[0] | .first_name == $name and .role == "user" and .is_active' <<<"$body"
  room 'users?search=ann%40example.org'
  press 'Manage ann@example.org'
  opened
  press 'Log out everywhere'
  js_until 'return document.querySelectorAll("dialog[open]").length === 2'
  press 'Log out'
  says '#notices' 'logged out everywhere'
  ask -H "Authorization: Bearer $ann" /protected
  assert_status 401
  settled
  press 'Manage ann@example.org'
  opened
  press Password
  press 'Set the password'
  js_until 'return document.querySelector("dialog pre") !== null'
  made=$(text 'dialog pre')
  press 'I have kept it'
  ask -H "$JSON" -d "$(jq -n --arg p "$made" '{username: "ann@example.org", password: $p}')" /login
  assert_status 200
  closed
  settled
  press 'Manage ann@example.org'
  opened
  press Delete
  sure ann@example.org 'Delete for good'
  says '#notices' 'ann@example.org is deleted'
  api GET '/admin/users?search=ann@example.org'
  jq -e '.users == []' <<<"$body"
  js 'return window.ran === undefined' | grep -qx true
  silent
}

@test "what somebody else has changed meanwhile is told before it is written over" {
  api GET '/admin/users?search=cleo@example.org'
  id=$(jq -r '.users[0].id' <<<"$body")
  here root 'users?search=cleo'
  press 'Manage cleo@example.org'
  opened
  api PUT "/admin/users/$id" '{"last_name":"Other","first_name":"C"}'
  assert_status 200
  enter 'Last name' Mine
  press Save
  says dialog 'Somebody else has changed this to "Other" meanwhile'
  api GET "/admin/users/$id"
  jq -e '.last_name == "Other"' <<<"$body"
  press Save
  says '#notices' 'cleo@example.org is changed'
  api GET "/admin/users/$id"
  # What was not changed here is as the other has it.
  jq -e '.last_name == "Mine" and .first_name == "C"' <<<"$body"
  settled
  press 'Manage cleo@example.org'
  opened
  api DELETE "/admin/users/$id"
  enter 'Last name' Late
  press Save
  says dialog 'somebody else has deleted it'
  silent_but 404
}

@test "a key is made and shown once, changed, given a new secret, and revoked by name" {
  here root keys
  press 'Make a key'
  opened
  enter 'What it is for' "$NASTY"
  enter Tier test
  enter Jobs false
  enter 'Only from these addresses' 'not one'
  press 'Make the key'
  js_until 'return [...document.querySelectorAll("dialog .error")].some(one => one.textContent !== "")'
  js 'return document.querySelector("dialog [name=name]").value' | jq -e --arg name "$NASTY" '. == $name'
  enter 'Only from these addresses' 127.0.0.0/8
  enter 'Calls at most a day' 77
  press 'Make the key'
  js_until 'return document.querySelector("dialog pre") !== null'
  key=$(text 'dialog pre')
  press 'I have kept it'
  closed
  js 'return document.documentElement.outerHTML.includes(arguments[0])' "$(quoted "$key")" | grep -qx false
  ask -H "X-API-Key: $key" /protected
  jq -e '.scopes == "predict,read" and .tier == "test"' <<<"$body"
  api GET /admin/keys?limit=1000
  jq -e --arg name "$NASTY" '.keys[] | select(.name == $name) | .limits | contains("77/day") and contains("/60s")' <<<"$body"
  settled
  press "Manage the key $NASTY"
  opened
  enter Read false
  press Save
  says '#notices' 'is changed'
  ask -H "X-API-Key: $key" /protected
  jq -e '.scopes == "predict"' <<<"$body"
  press Undo
  says '#notices' 'as before'
  ask -H "X-API-Key: $key" /protected
  jq -e '.scopes == "predict,read"' <<<"$body"
  settled
  press "Manage the key $NASTY"
  opened
  press 'A new secret'
  press 'Give it a new secret'
  js_until 'return document.querySelector("dialog pre") !== null'
  second=$(text 'dialog pre')
  press 'I have kept it'
  ask -H "X-API-Key: $key" /protected
  assert_status 401
  ask -H "X-API-Key: $second" /protected
  assert_status 200
  closed
  settled
  press "Manage the key $NASTY"
  opened
  press Revoke
  sure "$NASTY" 'Revoke it'
  says '#notices' 'is revoked'
  ask -H "X-API-Key: $second" /protected
  assert_status 401
  enter State revoked
  js_until 'return document.querySelectorAll("#room .list tbody tr").length === 1 && document.querySelector("#room .list").innerText.includes("revoked")'
  js 'return window.ran === undefined' | grep -qx true
  silent_but 422
}

@test "an image is published from a file, is tried on a share, serves, is taken back, retired and deleted" {
  here root models
  press iris
  settled
  says '#room' 'Version 2 canary: 10% of the calls'
  press 'Publish a version'
  opened
  printf 'no image' >"$T/bad.fgm"
  file_in "$T/bad.fgm"
  press Publish
  says 'dialog .error' 'Not a model image'
  file_in "$T/3.fgm"
  enter 'What it is to do' shadow
  press Publish
  says '#notices' 'Version 3 of iris is published: shadow'
  closed
  settled
  press 'Use it version 3'
  opened
  enter 'Its share of the calls' 25%
  press 'Do so'
  says '#notices' 'Version 3 of iris is now canary, 25% by request'
  api GET '/admin/models?name=iris'
  jq -e '[.models[0].versions[] | {(.version | tostring): (.state + (.share // ""))}] | add == {"1": "serving", "2": "retired", "3": "canary25%"}' <<<"$body"
  settled
  press 'End it version 3'
  says '#notices' 'Version 3 of iris is retired'
  press Undo
  says '#notices' 'canary, 25% by request again'
  settled
  press 'Use it version 3'
  opened
  enter 'What it is to do' serving
  press 'Do so'
  says '#notices' 'Version 3 of iris is now serving'
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
  jq -e '.version == 3' <<<"$body"
  settled
  press 'Roll back'
  sure iris 'Roll back'
  says '#notices' 'iris is rolled back'
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
  jq -e '.version == 1' <<<"$body"
  settled
  press Withdraw
  sure iris 'Withdraw it'
  says '#notices' 'iris is withdrawn'
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /models/iris/predict
  assert_status 404
  settled
  says '#room' 'No version of it answers'
  press Undo
  says '#notices' 'iris answers again'
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /models/iris/predict
  assert_status 200
  settled
  press 'Delete version 3'
  sure 'iris 3' 'Delete for good'
  says '#notices' 'Version 3 of iris is deleted'
  api GET '/admin/models?name=iris'
  jq -e '[.models[0].versions[].version] == [1, 2]' <<<"$body"
  silent_but '422|409'
}

@test "versions are compared on the rows that are kept and on a file, as the API says" {
  here root 'models?name=iris'
  press 'Compare versions'
  opened
  press Compare
  js_until 'return document.querySelector("dialog .found h3") !== null'
  says dialog 'By the column truth, in 8 rows'
  enter On file
  press Compare
  says dialog 'No file is chosen'
  file_in "$TOP/model/iris.csv"
  press Compare
  says dialog 'By the column species, in 150 rows'
  ask -X POST -H "Authorization: Bearer $TOKEN" -H 'Content-Type: text/csv' --data-binary "@$TOP/model/iris.csv" '/admin/models/iris/compare?a=1&b=2'
  says dialog "They differ in $(jq .differ <<<"$body") of 150 rows"
  silent
}

@test "what is kept of a model is set, and had back; a share that is none is said" {
  here root 'models?name=iris'
  says '#room' 'rows are kept; of'
  enter 'How many of the requests' lots
  press Save
  says '#room form .error' 'share'
  enter 'How many of the requests' 5%
  enter 'For how many days' 9
  press Save
  says '#notices' '5% for 9 days'
  press Undo
  says '#notices' 'as before'
  api GET '/admin/models?name=iris'
  jq -e '.models[0].keep == {"rate": "100%", "days": 30}' <<<"$body"
  silent_but 422
}

@test "usage, outcomes and latency are the API's, and their pictures are walked by the arrows" {
  here root usage
  api GET /admin/usage
  says '#room .figures' "$(jq -r .totals.calls <<<"$body")"
  js 'document.querySelector("#room [role=slider]").focus()' >/dev/null
  today=$(js 'return document.activeElement.ariaValueText')
  [[ "$today" == *"iris "* ]]
  typed $'\ue012' # the left arrow
  yesterday=$(js 'return document.activeElement.ariaValueText')
  [ "$yesterday" != "$today" ]
  [[ "$yesterday" == *"iris 0"* ]]
  says '#room .cursor.hint' 'iris 0'
  js 'return document.querySelectorAll("#room details.numbers tbody tr").length' | grep -qx 30
  room health
  js_until 'return document.querySelectorAll("#room [role=slider]").length === 2'
  # Not both at once, of which a service with two workers would refuse one.
  js 'const [one, other] = ["/admin/latency", "/admin/outcomes"].map(path => performance.getEntriesByType("resource").find(entry => entry.name.includes(path)));
    return other.startTime >= one.responseEnd' | grep -qx true
  api GET '/admin/outcomes?by=class'
  refused=$(jq '[.outcomes[].counts["4xx"] // 0] | add' <<<"$body")
  [ "$refused" -ge 1 ]
  says '#room figcaption' "refused: $refused"
  says '#room' 'can be written'
  silent
}

@test "calls are found by whose they are, and their request leads to them" {
  here root 'calls?request_id=kept-3'
  [ "$(rows)" = 1 ]
  says '#room tbody' 'iris'
  enter 'Request id' ''
  enter Status 4xx
  js_until 'return document.querySelectorAll("#room .list tbody tr").length >= 1 && !document.querySelector("#room .list").innerText.includes("200")'
  silent
}

@test "the trail says who did what, and whether it is whole" {
  here root 'audit?action=tier'
  says '#room' 'none was changed, added or lost'
  says '#room .list' 'tier.set'
  js 'return [...document.querySelectorAll("#room .list tbody tr")].every(row => row.innerText.includes("tier."))' | grep -qx true
  sqlite3 "$T/home/forestgate.db" "CREATE TABLE kept_trigger AS SELECT sql FROM sqlite_schema WHERE name = 'audit_no_update';
    DROP TRIGGER audit_no_update; UPDATE audit SET target = target || 'x' WHERE seq = 2"
  press 'Prove it again'
  says '#room .note.bad' 'not whole'
  sqlite3 "$T/home/forestgate.db" "UPDATE audit SET target = substr(target, 1, length(target) - 1) WHERE seq = 2"
  sqlite3 "$T/home/forestgate.db" "$(sqlite3 "$T/home/forestgate.db" 'SELECT sql FROM kept_trigger'); DROP TABLE kept_trigger"
  press 'Prove it again'
  says '#room .note.good' whole
  silent
}

@test "a session that ends in the middle of something takes nothing of it away" {
  person frank --role admin
  here frank tiers
  press 'Make a tier'
  opened
  enter Name kept
  enter 'Calls at most a day' 3
  api GET '/admin/users?search=frank'
  api DELETE "/admin/users/$(jq -r '.users[0].id' <<<"$body")/sessions"
  press 'Make the tier'
  says 'dialog:last-of-type' 'Your session has ended'
  enter 'E-mail address' frank@example.org
  enter Password "$PASSWORD"
  press 'Log in'
  js_until 'return document.querySelectorAll("dialog[open]").length === 1'
  js 'return document.querySelector("dialog [name=name]").value' | grep -qx '"kept"'
  press 'Make the tier'
  says '#notices' 'The tier kept is made'
  api GET /admin/tiers
  jq -e '.tiers[] | select(.name == "kept") | .limits == "3/day"' <<<"$body"
  # Who is none any more sees no more.
  api GET '/admin/users?search=frank'
  api PUT "/admin/users/$(jq -r '.users[0].id' <<<"$body")" '{"role":"user"}'
  assert_status 200
  js 'location.hash = "users"' >/dev/null
  says '#admin' 'frank@example.org is none'
  js 'return document.querySelector("#room, dialog") === null' | grep -qx true
  silent_but '40[0-9]'
}

@test "what does not come is told, and comes when it is tried again; what is long comes in pages" {
  for i in {1..60}; do printf 'POST /admin/invitations HTTP/1.1\n'; done | while read -r _; do
    curl -sS -o /dev/null -H "Authorization: Bearer $TOKEN" -H "$JSON" -d '{}' "$URL/admin/invitations" &
    [ "$(jobs -rp | wc -l)" -lt 4 ] || wait -n
  done
  here root users
  # All pages have every one once: the users', and the invitations.
  js 'return [...document.querySelectorAll("#room .list")].at(-1).querySelectorAll("tbody tr").length' | grep -qx 50
  press 'Show more'
  js_until 'return [...document.querySelectorAll("#room .list")].at(-1).querySelectorAll("tbody tr").length > 60'
  for at in 'models /admin/models' 'keys /admin/keys' 'usage /admin/usage' 'audit /admin/audit' 'health /health/detailed'; do
    room "${at% *}" # where the faults of the one before are
    faults "[{\"path\": \"${at#* }\", \"status\": 0}]"
    room audit?x
    room "${at% *}?x"
    says '#room' 'cannot be reached'
    faults '[]'
    press 'Try again'
    js_until 'return document.querySelector("#room .note.bad") === null && document.querySelector("#room [aria-busy]") === null' ||
      fail_with "${at% *}: $(text '#room')"
  done
  silent_but 'nothing'
}

@test "each room fits a phone and a desk, light and dark, and axe finds nothing in it or in what it opens" {
  here root health
  for kind in '390 dark' '1280 light'; do
    # shellcheck disable=SC2086 # a width and a scheme
    window ${kind% *} 900 ${kind#* }
    for place in health models 'models?name=iris' users keys tiers usage calls audit; do
      room "$place"
      fits || fail_with "$place at $kind"
      shot "admin-${place//[^a-z]/-}-${kind% *}"
      axe || fail_with "$place at $kind"
    done
    # What opens is made of the same, so it is looked at once.
    [ "$kind" = '390 dark' ] || continue
    for at in 'users:Invite somebody' 'users:Manage root@example.org' 'keys:Make a key' 'tiers:Change the tier test' 'models?name=iris:Publish a version' 'models?name=iris:Use it version 2'; do
      room "${at%:*}"
      press "${at#*:}"
      opened
      fits || fail_with "$at at $kind"
      shot "admin-${at//[^a-zA-Z]/-}-${kind% *}"
      axe || fail_with "$at at $kind"
      press Close
    done
  done
  window 1280 900 light
  silent
}

@test "below a path of another server every room comes, and what is changed there is changed" {
  go "$MOUNT_URL/setup"
  js 'sessionStorage.clear()' >/dev/null
  signed_in "$MOUNT_URL/admin#keys" root@example.org "$PASSWORD"
  settled
  for place in health 'models?name=iris' users tiers usage calls audit; do
    room "$place"
    js 'return document.querySelector("#room .note.bad") === null' | grep -qx true || fail_with "$place: $(text '#room')"
  done
  press 'Log out'
  says '#admin' 'For administrators'
  enter 'E-mail address' root@example.org
  enter Password "$PASSWORD"
  js 'document.querySelector("#admin form button[type=submit]").click()' >/dev/null
  settled
  room users
  press 'Invite somebody'
  opened
  enter 'E-mail address' 'below@example.org'
  press 'Make the link'
  js_until 'return document.querySelector("dialog pre") !== null'
  [[ "$(text 'dialog pre')" == "$MOUNT_URL/setup#fgi_"* ]]
  silent
}
