#!/usr/bin/env bats
# tests/front/console-account.bats: the page of one's account in a real browser: by the keyboard
# alone, in each of its states, to somebody whose session ends, and with names that are markup.
# shellcheck disable=SC2154,SC2016 # status and body are those of ask in lib/front; dollars of jq

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser

PASSWORD='korrekt pferd batterie'
NASTY='<img src=x onerror="window.ran=1">'
PARTS='keys usage calls jobs sessions profile'

person() { # NAME [OPTION...]
  printf %s "$PASSWORD" | cli user create "$1@example.org" --models '*' --tier test --first-name "$NASTY" \
    --last-name Berg --password-stdin "${@:2}" >/dev/null
}

setup_file() {
  front_setup lighttpd
  for name in ann bob cleo dora; do person "$name"; done
  browser_start ''
  faults_ready
  driver /goog/cdp/execute "{\"cmd\": \"Browser.setDownloadBehavior\", \"params\":
    {\"behavior\": \"allow\", \"downloadPath\": \"$T\"}}" >/dev/null
}

# What one test starts.
teardown() { mount_end; }

teardown_file() {
  browser_end
  front_teardown
}

# here NAME PART: the page of a user, at that part of it, with nothing to wait for.
here() {
  go "$URL/setup" # else another # would be the same page
  js 'sessionStorage.clear()' >/dev/null
  if [ "$(js 'return localStorage.getItem("forestgate.theme") ?? ""')" != '""' ]; then js 'localStorage.clear()' >/dev/null; fi
  signed_in "$URL/account#$2" "$1@example.org" "$PASSWORD"
  settled
}

settled() { js_until 'return document.querySelector(".part h2") !== null && document.querySelector("#account [aria-busy]") === null'; }

text() { js_text 'return document.querySelector(arguments[0])?.innerText ?? ""' "$(quoted "$1")"; }

# says SELECTOR TEXT: waits until it says so.
says() {
  js_until "return (document.querySelector('$1')?.innerText ?? '').includes($(quoted "$2"))" ||
    fail_with "$1 says: $(text "$1")"
}
fail_with() { printf '%s\n' "$@" >&2; return 1; }

# press TEXT: the button that says so, in front of all.
press() {
  js 'const all = [...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, summary")];
    all.find((one) => one.innerText.trim().startsWith(arguments[0])).click()' "$(quoted "$1")" >/dev/null
}

choose() { # LABEL VALUE
  js 'const label = [...document.querySelectorAll("label")].find((one) => one.textContent === arguments[0]);
    const select = document.getElementById(label.htmlFor);
    select.value = arguments[1]; select.dispatchEvent(new Event("change"));' \
    "$(quoted "$1")" "$(quoted "$2")" >/dev/null
}

rows() { js 'return document.querySelectorAll(".list tbody tr").length'; }

bearer() { # NAME METHOD PATH [JSON]
  local token
  ask -H "$JSON" -d "{\"username\": \"$1@example.org\", \"password\": $(quoted "$PASSWORD")}" /login
  token=$(jq -r .token <<<"$body")
  ask -X "$2" -H "Authorization: Bearer $token" -H "$JSON" ${4+-d "$4"} "$3"
}

# What Chromium says by itself of an answer that is none of the good ones.
silent_but() {
  local told
  run silent
  told=$(grep -v "status of $1" <<<"$output" || :)
  [ -z "$told" ] || fail_with "$told"
}

@test "by the keyboard alone: log in, make a key, call with it, revoke it" {
  go "$URL/account"
  js_until 'return document.querySelector(".below button") !== null'
  tab_to 'at.name === "username"'
  typed ann@example.org Tab 'not the password' Enter
  says .said 'not right'
  js 'return document.activeElement.name' | grep -qx '"password"'
  js 'document.activeElement.value = ""' >/dev/null
  typed "$PASSWORD" Enter
  says .part 'You have no key yet'
  js 'return document.activeElement.id' | grep -qx '"title"'
  tab_to 'at.innerText === "Make a key"'
  typed Enter
  js_until 'return document.activeElement.name === "name"'
  typed "$NASTY" Enter
  js_until 'return document.querySelector("dialog pre") !== null'
  key=$(text 'dialog pre')
  ask -H "X-API-Key: $key" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
  # What is shown this once is not lost by Escape.
  typed $'\ue00c' $'\ue00c' $'\ue00c'
  [ "$(text 'dialog pre')" = "$key" ]
  tab_to 'at.innerText === "I have kept it"'
  typed Enter
  says .key "$NASTY"
  says .key '1 call in 31 days'
  js 'return document.documentElement.outerHTML.includes(arguments[0])' "$(quoted "$key")" | grep -qx false
  js 'return document.activeElement.innerText' | grep -q 'Make a key'
  tab_to 'at.innerText.startsWith("Revoke")'
  typed Enter
  js_until 'return document.querySelector("dialog input") === document.activeElement'
  typed another Enter
  js 'return document.querySelector("dialog") !== null' | grep -qx true
  typed $'\ue00c'
  js_until 'return document.querySelector("dialog") === null && document.activeElement.innerText.startsWith("Revoke")'
  typed Enter
  js_until 'return document.querySelector("dialog") !== null'
  typed "$NASTY" Enter
  says '#notices' 'is revoked: nobody is let in'
  ask -H "X-API-Key: $key" -H "$JSON" -d "$FEATURES" /predict
  assert_status 401
  says .part 'You have no key yet'
  press 'Show those' || js 'document.querySelector(".part .check input").click()' >/dev/null
  says .key revoked
  js 'return window.ran === undefined' | grep -qx true
  silent_but 401
}

@test "a key is rotated: the secret before holds as long as was chosen, or ends at once" {
  bearer bob POST /users/me/keys '{"name":"nightly"}'
  old=$(jq -r .key <<<"$body")
  here bob keys
  press Rotate
  says dialog 'Its limits, and what is left of them'
  press 'Give it a new secret'
  js_until 'return document.querySelector("dialog pre") !== null'
  second=$(text 'dialog pre')
  press 'I have kept it'
  says '#notices' 'the one before holds until'
  says .key 'Old secret'
  for key in "$old" "$second"; do
    ask -H "X-API-Key: $key" -H "$JSON" -d "$FEATURES" /predict
    assert_status 200
  done
  press Rotate
  js_until 'return document.querySelector("dialog select") !== null'
  js 'document.querySelector("dialog select").value = ""' >/dev/null
  press 'Give it a new secret'
  js_until 'return document.querySelector("dialog pre") !== null'
  third=$(text 'dialog pre')
  press 'I have kept it'
  says '#notices' 'the one before has ended'
  for key in "$old" "$second"; do
    ask -H "X-API-Key: $key" -H "$JSON" -d "$FEATURES" /predict
    assert_status 401
  done
  ask -H "X-API-Key: $third" -H "$JSON" -d "$FEATURES" /predict
  assert_status 200
  silent
}

@test "what the service finds wrong is told at its field, and nothing that was typed is lost" {
  here bob keys
  press 'Make a key'
  js_until 'return document.querySelector("dialog [name=addresses]") !== null'
  js 'document.querySelector("dialog [name=name]").value = "x"; document.querySelector("dialog [name=addresses]").value = "nowhere"' >/dev/null
  press 'Make the key'
  js_until 'return document.activeElement.name === "addresses" && document.activeElement.getAttribute("aria-invalid") === "true"'
  js 'const error = document.activeElement.getAttribute("aria-describedby").split(" ").at(-1);
    return [document.getElementById(error).innerText.length > 0, document.querySelector("dialog [name=name]").value]' |
    jq -e '. == [true, "x"]'
  js 'document.querySelectorAll("dialog [type=checkbox]").forEach((box) => { box.checked = false; })' >/dev/null
  press 'Make the key'
  says 'dialog fieldset' 'Please fill this in'
  axe
  typed $'\ue00c'
  silent_but 422
}

@test "a session that ends in the middle leads to the login, and back to where one was" {
  here cleo usage
  bearer cleo GET /users/me/sessions
  token=$(jq -r '.sessions | map(select(.current | not)) | .[0].id' <<<"$body")
  bearer cleo DELETE "/users/me/sessions/$token"
  assert_status 204
  js 'location.hash = "#calls"' >/dev/null
  says .door 'Your session has ended'
  js 'return [document.activeElement.name, sessionStorage.getItem("forestgate.session")]' | jq -e '. == ["username", null]'
  axe
  typed cleo@example.org Tab "$PASSWORD" Enter
  settled
  [ "$(text '.part h2')" = Calls ]
  silent_but 401
}

@test "an access token that has run out is renewed once, though all parts ask at once" {
  here cleo profile
  js 'const place = "forestgate.session", had = JSON.parse(sessionStorage.getItem(place));
    sessionStorage.setItem(place, JSON.stringify({...had, access: had.access + "x"})); sessionStorage.setItem("had", had.refresh);
    history.replaceState(null, "", "#keys")' >/dev/null
  again
  settled
  [ "$(text '.part h2')" = Keys ]
  js 'const now = JSON.parse(sessionStorage.getItem("forestgate.session")); return now.refresh !== sessionStorage.getItem("had")' | grep -qx true
  silent_but 401
}

@test "a page that one goes back to has the tokens of now, and none after a logout" {
  here cleo profile
  js 'return import(new URL("ui/session.js", document.baseURI).href).then((session) => {
      const place = "forestgate.session";
      const back = () => dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}));
      sessionStorage.setItem(place, JSON.stringify({access: "later", refresh: "later"}));
      back();
      const renewed = session.refreshToken();
      sessionStorage.removeItem(place);
      back();
      return [renewed, session.kind()];
    })' | jq -e '. == ["later", "none"]'
  says .door 'Log in'
  silent
}

@test "a tab that is duplicated does not end the session of both" {
  here cleo profile
  first=$(driver /window)
  # As if both had been open for long: with the refresh token of before, and no access.
  js 'return import(new URL("ui/session.js", document.baseURI).href).then((session) => {
      session.tokensRenew({access_token: "x", refresh_token: session.refreshToken()}); })' >/dev/null
  tokens=$(js 'return sessionStorage.getItem("forestgate.session")')
  second=$(driver /window/new '{"type":"tab"}' | jq .handle)
  driver /window "{\"handle\": $second}" >/dev/null
  go "$URL/setup"
  js 'sessionStorage.setItem("forestgate.session", arguments[0])' "$tokens" >/dev/null
  go "$URL/account#keys"
  settled
  driver /window "{\"handle\": $first}" >/dev/null
  js 'location.hash = "#sessions"' >/dev/null
  settled
  [ "$(text '.part h2')" = Sessions ]
  driver /window "{\"handle\": $second}" >/dev/null
  js 'location.hash = "#usage"' >/dev/null
  settled
  [ "$(text '.part h2')" = Usage ]
  "$BUILD/drive" "$DRIVER" delete /window >/dev/null
  driver /window "{\"handle\": $first}" >/dev/null
  silent_but 401
}

# One script walks through all of them, since each question to the browser costs a process.
@test "each part says that it loads, that there is nothing, that it failed, and when to come again" {
  here dora keys
  js 'const parts = {keys: "users/me/keys", usage: "users/me/usage", calls: "users/me/calls", jobs: "/jobs", sessions: "users/me/sessions"};
    const empty = {keys: "no key", usage: "no call", calls: "no call yet", jobs: "no job yet", sessions: "this one"};
    const at = (of) => document.querySelector(`.part ${of}`);
    const set = (path, fault) => sessionStorage.setItem("test.faults", JSON.stringify(fault === undefined ? [] : [{path, ...fault}]));
    const until = async (what, true_yet) => {
      for (let i = 0; i < 500; i++) {
        if (true_yet()) return;
        await new Promise((go) => setTimeout(go, 20));
      }
      throw new Error(`${what}: ${at("").innerText}`);
    };
    return (async () => {
      for (const [part, path] of Object.entries(parts)) {
        const open = async (fault) => {
          location.hash = "#profile";
          await until("profile", () => at("h2").innerText === "Profile");
          set(path, fault);
          location.hash = `#${part}`;
        };
        const again = async (fault) => {
          set(path, fault);
          at(".state button").click();
        };

        await open({status: "hold"});
        await until(`${part} loads`, () => at("[aria-busy] [role=status]")?.innerText.includes("Loading"));
        await open({status: 503, headers: {"Retry-After": "1"}, body: {detail: "It is full.", request_id: "abc"}});
        await until(`${part} fails`, () => at("[role=alert]")?.innerText === "It is full. (Request abc.)" && at(".state button").disabled);
        await until(`${part} waits`, () => !at(".state button").disabled);
        await again({status: 0});
        await until(`${part} is off`, () => at("[role=alert]")?.innerText.includes("cannot be reached"));
        await again();
        await until(`${part} is there`, () => at("").innerText.includes(empty[part]));
      }
      return "done";
    })()' | grep -qx '"done"'
  silent
}

@test "a login that comes too often waits as long as it is told" {
  go "$URL/setup"
  js 'sessionStorage.clear()' >/dev/null
  faults '[{"path":"/login","status":429,"headers":{"Retry-After":"2"},"body":{"detail":"Too many logins have failed."}}]'
  go "$URL/account"
  js_until 'return document.querySelector("[name=password]") !== null'
  # In the page itself, whose clock is the one that runs.
  js 'const form = document.querySelector(".door form"), button = form.querySelector("[type=submit]");
    const until = async (true_yet) => {
      for (let i = 0; i < 500; i++) {
        if (true_yet()) return;
        await new Promise((go) => setTimeout(go, 20));
      }
      throw new Error(form.innerText);
    };
    form.username.value = "a@example.org";
    form.password.value = "x";
    form.requestSubmit();
    return (async () => {
      await until(() => form.innerText.includes("Too many logins have failed.") && /can be tried again in [12] s/.test(form.innerText));
      const held = button.getAttribute("aria-disabled");

      await until(() => button.getAttribute("aria-disabled") === "false" && !form.innerText.includes("tried again"));
      return held;
    })()' | grep -qx '"true"'
  faults '[]'
  silent
}

@test "accounts are made as the service has it: by all, by invitation, by nobody" {
  go "$URL/setup"
  js 'sessionStorage.clear()' >/dev/null
  for kind in invitation closed; do
    faults "[{\"path\":\"/api/status\",\"status\":200,\"body\":{\"authentication\":{\"registration\":\"$kind\"}}}]"
    go "$URL/setup" && go "$URL/account"
    says .below 'I have an invitation'
  done
  press 'I have an invitation'
  js 'return document.querySelector("[name=invitation]").required' | grep -qx true
  faults '[]'
  go "$URL/setup" && go "$URL/account"
  says .below 'Make one; an administrator lets you in'
  press 'Make an account'
  js 'return document.activeElement.innerText' | grep -q 'Make an account'
  axe
  tab_to 'at.name === "username"'
  typed eve@example.org Tab Eve Tab Ash Tab short Enter
  says '#account form' 'too short'
  js 'const field = document.querySelector("[name=password]"); field.value = arguments[0]; field.focus()' "\"$PASSWORD\"" >/dev/null
  typed Enter
  says '#notices' 'An administrator has to let eve@example.org in'
  js 'return document.querySelector("[name=username]").value' | grep -qx '"eve@example.org"'
  js 'document.querySelector("[name=password]").value = arguments[0]; document.querySelector(".door form").requestSubmit()' "\"$PASSWORD\"" >/dev/null
  says .said 'not active'
  silent_but 403
}

@test "calls are found by their filters, summed up, kept as a file, and come by themselves" {
  bearer bob POST /predict "$FEATURES"
  bearer bob POST /predict '{"features":[1]}'
  bearer bob POST /models/iris/explain "$FEATURES"
  here bob calls
  all=$(rows)
  [ "$all" -ge 3 ]
  says .totals "$all calls with"
  says '.list tbody' explain
  choose Status 4xx
  says .totals '1 call'
  js_until 'return document.querySelectorAll(".list tbody tr").length === 1'
  says '.list tbody' 422
  press 'Get as CSV'
  wait_for 100 test -s "$T/calls.csv"
  [ "$(wc -l <"$T/calls.csv")" = 2 ]
  grep -q ',422,' "$T/calls.csv"
  choose Status ''
  choose Model iris
  js_until "return document.querySelectorAll('.list tbody tr').length === $((all - 1))"
  js 'document.querySelector(".head .check input").click()' >/dev/null
  bearer bob POST /predict "$FEATURES"
  js_until "return document.querySelectorAll('.list tbody tr').length === $all"
  js 'const field = [...document.querySelectorAll("[type=datetime-local]")][1];
    field.value = "2020-01-01T00:00"; field.dispatchEvent(new Event("change"))' >/dev/null
  says .part 'There is no such call'
  silent
}

@test "a list of many goes on where it was left" {
  here bob calls
  faults "$(jq -n '[{path: "/users/me/calls", status: 200, body: {next: 7, totals: null, calls: [range(50) | {request_id: "r\(.)",
    started_at: "2026-01-02T03:04:05.000006Z", duration_us: 1234, key: null, user: "u", model: "<b>m</b>", version: 2, route: "predict",
    rows: 1, charged: 1, status: 200, address: "::1"}]}}]')"
  choose Status 2xx
  says '.list tbody' '<b>m</b>'
  says .totals 'too many to be summed up'
  press 'Show more'
  js_until 'return document.querySelectorAll(".list tbody tr").length === 100'
  js 'return [...document.querySelectorAll(".list tbody tr")].indexOf(document.activeElement)' | grep -qx 50
  faults '[]'
  silent
}

@test "a file becomes a job that is watched, fetched, and cancelled by its name" {
  { head -1 "$TOP/model/iris.csv" | cut -d, -f1-4; for _ in {1..50}; do echo 5.1,3.5,1.4,0.2; done; } >"$T/rows.csv"
  here bob jobs
  press 'New job'
  js_until 'return document.querySelector("[type=file]") !== null'
  for _ in 1 2; do
    field=$(driver /element '{"using":"css selector","value":"[type=file]"}' | jq -r '.[]')
    driver "/element/$field/value" "{\"text\": \"$T/rows.csv\"}" >/dev/null
    js 'document.querySelector("details form").requestSubmit()' >/dev/null
    says '#notices' 'is taken'
    js_until 'return document.querySelector("[type=file]").files.length === 0'
    js 'document.querySelector("#notices").replaceChildren()' >/dev/null
  done
  js_until 'return document.querySelectorAll(".list tbody tr").length === 2'
  says '.list tbody tr' pending
  name=$(text '.list tbody code')
  press Cancel
  js_until 'return document.querySelector("dialog input") !== null'
  typed "$name" Enter
  says '#notices' "The job $name is cancelled"
  says '.list tbody tr' cancelled
  cli work --drain >>"$T/out" 2>&1
  js_until 'return [...document.querySelectorAll(".list tbody tr")].some((row) => row.innerText.includes("completed"))'
  press 'Get the result'
  wait_for 100 compgen -G "$T/iris-*.csv"
  wait_for 100 test "$(wc -l <"$(compgen -G "$T/iris-*.csv")")" = 51
  silent
}

@test "how far a job is, and what is hostile in it, is shown as text" {
  here dora jobs
  faults "$(jq -n '[{path: "/jobs", status: 200, body: {limit: 50, next: null, jobs: [
    {job_uuid: "01a20262-0000-7000-8000-000000000000", status: "processing", model: "iris", version: 1, kind: "csv", created_at: "2026-01-02T03:04:05Z",
     expires_at: null, rows: 400, progress: {rows: 400, rows_done: 100, rows_per_s: 50, seconds_left: 6}, result_label: null, result_score: null,
     result_bytes: null, result_type: "text/csv", reason: null},
    {job_uuid: "01a20262-0000-7000-8000-000000000001", status: "failed", model: "iris", version: 1, kind: "csv", created_at: "2026-01-02T03:04:05Z",
     expires_at: null, rows: 4, progress: null, result_label: null, result_score: null, result_bytes: null, result_type: "text/csv",
     reason: "<script>window.ran = 1</script>"}]}}]')"
  choose State failed
  says '.list tbody' '100 of 400 rows, 50 each second, 6 s left'
  js 'const bar = document.querySelector("progress"); return [bar.value, bar.max, window.ran ?? null]' | jq -e '. == [100, 400, null]'
  says '.list tbody' '<script>window.ran = 1</script>'
  axe
  faults '[]'
  silent
}

@test "names, password and sessions are changed, and other sessions end" {
  bearer dora GET /users/me
  here dora sessions
  [ "$(rows)" -ge 2 ]
  press 'Log out everywhere else'
  says dialog 'this one goes on'
  press End
  js_until 'return document.querySelectorAll(".list tbody tr").length === 1'
  says '.list tbody' 'this one'
  says '#notices' 'ended'
  js 'location.hash = "#profile"' >/dev/null
  settled
  js 'document.querySelector("[name=last_name]").value = "Ash"; document.querySelector("[name=last_name]").form.requestSubmit()' >/dev/null
  says .identity Ash
  says .identity "$NASTY"
  js 'const field = document.querySelector("[name=new_password]"), form = field.form;
    form.querySelector("[name=password]").value = "not it at all"; field.value = "a wholly other password"; form.requestSubmit()' >/dev/null
  says '#password ~ div .said' 'not right'
  js 'const form = document.querySelector("[name=new_password]").form;
    form.querySelector("[name=password]").value = arguments[0]; form.requestSubmit()' "\"$PASSWORD\"" >/dev/null
  says '#notices' 'The password is changed'
  js 'return [...document.querySelectorAll("[type=password]")].every((one) => one.value === "")' | grep -qx true
  js 'document.querySelector(".top .right button").click()' >/dev/null
  says .door 'Log in'
  says '#notices' 'You are logged out.'
  js 'return document.activeElement.innerText' | grep -qx '"Log in"'
  js 'return sessionStorage.getItem("forestgate.session")' | grep -qx null
  ask -H "$JSON" -d '{"username":"dora@example.org","password":"a wholly other password"}' /login
  assert_status 200
  silent_but 403
}

@test "tokens are in no address and no cookie, and a theme is kept" {
  here bob keys
  js 'return [document.cookie, location.search, Object.keys(localStorage).filter((name) => name !== "forestgate.theme"),
      Object.keys(sessionStorage).filter((name) => name !== "test.faults")]' |
    jq -e '. == ["", "", [], ["forestgate.session"]]'
  light=$(js 'return getComputedStyle(document.body).backgroundColor')
  js 'const select = document.querySelector("[aria-label=Colours]"); select.value = "dark"; select.dispatchEvent(new Event("change"))' >/dev/null
  go "$URL/setup"
  [ "$light" != "$(js 'return getComputedStyle(document.body).backgroundColor')" ]
  js 'localStorage.clear()' >/dev/null
  silent
}

# bats test_tags=slow
@test "all parts fit a phone and a desk, light and dark, and axe finds nothing" {
  bearer bob POST /users/me/keys "$(jq -n --arg name "$NASTY a_name_that_is_long_and_has_no_place_where_it_could_be_cut" '{name: $name}')"
  for kind in '390 light' '1280 dark' ${SHOTS:+'390 dark' '1280 light'}; do
    # shellcheck disable=SC2086 # a width and a scheme
    window ${kind% *} 844 ${kind#* }
    here bob keys
    for part in $PARTS; do
      js "location.hash = '#$part'" >/dev/null
      settled
      fits || fail_with "$part $kind"
      shot "account-$part-${kind/ /-}"
      case $kind in '390 light' | '1280 dark') axe || fail_with "$part $kind" ;; esac
    done
  done
  js 'location.hash = "#keys"' >/dev/null
  settled
  press 'Make a key'
  axe
  typed $'\ue00c'
  press Revoke
  axe
  typed $'\ue00c'
  go "$URL/setup"
  axe
  silent
}

@test "below a path of another server the page finds all that is its own" {
  bearer bob POST /predict "$FEATURES"
  mount_start /deep/gate
  signed_in "$MOUNT_URL/account#keys" bob@example.org "$PASSWORD"
  settled
  [ "$(text '.part h2')" = Keys ]
  js 'location.hash = "#calls"' >/dev/null
  says '.part h2' Calls
  settled
  [ "$(rows)" -ge 1 ]
  silent
}
