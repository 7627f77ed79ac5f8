# tests/lib/browser.bash: a real browser, for a Bats file beside lib/front.bash.
#
#   browser_start RULES    starts Chromium without a window, by ChromeDriver, with what it
#                          keeps in $T/browser; RULES are of --host-resolver-rules; sets
#                          DRIVER, DRIVER_PID and SESSION
#   browser_end            ends both
#   go URL                 goes there and waits until the page is loaded
#   again                  loads the page again, and waits as well
#   js SCRIPT [JSON...]    what the script returns (return ...), as JSON; its arguments
#                          are arguments[0] and so on; a promise is waited for
#   js_text SCRIPT [JSON...]   the same of a script that returns a text, as it is
#   js_until SCRIPT        waits until the script returns true, twenty seconds at most
#   quoted TEXT            a text as JSON, for an argument
#   typed TEXT...          presses keys: the name of one (Tab, Enter, Space), or a text
#   tab_to SCRIPT          presses Tab until what it returns is true, of what has the focus
#   faults JSON            from now on some answers are others: [{path, status, headers, body}]
#                          by what the path ends with, a status of 0 for none and "hold" for
#                          one that does not come; [] ends that.  In this page; in those that
#                          come only after a first faults_ready
#   silent                 fails with what the browser's console was told since the last time
#   window WIDTH HEIGHT SCHEME   a window of this size, and light or dark
#   fits                   fails where the page is wider than the window
#   axe                    fails with what axe-core finds on the page as it is, by the rules of
#                          WCAG 2.2 A and AA; without axe-core (etc/setup npm) it skips
#   shot NAME              a picture of the page as $SHOTS/NAME.png, where SHOTS is set
#   signed_in URL USER PASSWORD   goes to URL as a user who has logged in
#   with_key URL KEY       goes to URL as whoever has that key
#   mount_start PREFIX     serves $URL below PREFIX of another server; sets MOUNT_URL, MOUNT_PID
#   mount_end              ends that
#   offline true|false     whether the browser is without a network
#
# By WebDriver, which drive.c speaks.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # T is of lib/front.bash; what a test reads

# driver PATH [BODY]: one command of WebDriver; prints the member value of its answer.
driver() { "$BUILD/drive" "$DRIVER" ask "$@"; }

# As a text of JSON, of which only the controls are left out that nobody types.
quoted() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"} text=${text//$'\n'/\\n} text=${text//$'\t'/\\t}
  printf '"%s"\n' "$text"
}

driver_port() { DRIVER=http://127.0.0.1:$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$T/driver.log"); [ "$DRIVER" != http://127.0.0.1: ]; }

# What would ask for anything but the test's own servers is off.
browser_start() {
  local options
  options=$(jq -n --arg rules "$1" --arg data "$T/browser" '{capabilities: {alwaysMatch: {
    browserName: "chrome", acceptInsecureCerts: true,
    "goog:loggingPrefs": {browser: "ALL"},
    "goog:chromeOptions": {args: ["--headless=new", "--no-sandbox", "--disable-gpu",
      "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--user-data-dir=" + $data, "--host-resolver-rules=" + $rules]}}}}')
  HOME=$T chromedriver --port=0 >"$T/driver.log" 2>&1 </dev/null 3>&- 4>&- &
  DRIVER_PID=$!
  wait_for 300 driver_port || { cat "$T/driver.log" >&2; return 1; }
  SESSION=$(driver /session "$options" | jq -r .sessionId)
  DRIVER=$DRIVER/session/$SESSION
  export DRIVER DRIVER_PID SESSION
}

browser_end() {
  [ -n "${DRIVER_PID:-}" ] || return 0
  if [ -n "${SESSION:-}" ]; then curl -sS --max-time 20 -X DELETE -o /dev/null "$DRIVER" || :; fi
  kill -TERM "$DRIVER_PID" 2>/dev/null || :
  wait "$DRIVER_PID" 2>/dev/null || :
}

go() { driver /url "{\"url\": $(quoted "$1")}" >/dev/null; }
again() { driver /refresh '{}' >/dev/null; }

js() { "$BUILD/drive" "$DRIVER" js "$@"; }
js_text() { "$BUILD/drive" "$DRIVER" text "$@"; }

js_is_true() { [ "$(js "$1")" = true ]; }
js_until() { "$BUILD/drive" "$DRIVER" until 20 "$1"; }

typed() { "$BUILD/drive" "$DRIVER" type "$@" >/dev/null; }

tab_to() {
  for _ in {1..60}; do
    typed Tab || return 1
    if js_is_true "const at = document.activeElement; return $1"; then return 0; fi
  done
  echo "no Tab leads to: $1" >&2
  return 1
}

# A page's own fetch, with one in front of it that asks nobody where a fault is set.
faults_ready() {
  driver /goog/cdp/execute "$(jq -n '{cmd: "Page.addScriptToEvaluateOnNewDocument", params: {source: ("
    const real = window.fetch.bind(window);
    window.fetch = (url, options) => {
      const path = new URL(url).pathname;
      const fault = JSON.parse(sessionStorage.getItem(\"test.faults\") ?? \"[]\").find((one) => path.endsWith(one.path));
      if (fault === undefined) return real(url, options);
      if (fault.status === \"hold\") return new Promise(() => {});
      if (fault.status === 0) return Promise.reject(new TypeError(\"Failed to fetch\"));
      return Promise.resolve(new Response(JSON.stringify(fault.body ?? {}), { status: fault.status, headers: fault.headers ?? {} }));
    };")}}')" >/dev/null
}

faults() { js 'sessionStorage.setItem("test.faults", JSON.stringify(arguments[0]))' "$1" >/dev/null; }

fits() {
  local wide
  wide=$(js 'return document.documentElement.scrollWidth - innerWidth')
  [ "$wide" -le 0 ] || { echo "the page is $wide px wider than its window" >&2; return 1; }
}

AXE=$BATS_TEST_DIRNAME/../npm/node_modules/axe-core/axe.min.js

# Its source goes into the page by the driver, which no policy of the page forbids, and once.
axe() {
  local found
  [ -f "$AXE" ] || skip 'axe-core is not installed: etc/setup npm'
  if ! js_is_true 'return window.axe !== undefined'; then
    jq -nR --rawfile axe "$AXE" '{args: [], script: $axe}' >"$T/axe.json"
    driver /execute/sync "@$T/axe.json" >/dev/null || return 1
  fi
  found=$(js 'return axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a",
    "wcag21aa", "wcag22aa", "best-practice"]}).then(found => found.violations)') || return 1
  if [ "$found" != '[]' ]; then
    jq -r '.[] | "axe: " + .id + ": " + .help + (.nodes[:5][] | "\n  " + .html[:200] + "\n  " + .failureSummary)' <<<"$found" >&2
    return 1
  fi
}

shot() {
  [ -n "${SHOTS:-}" ] || return 0
  driver /screenshot | jq -r . | base64 -d >"$SHOTS/$1.png"
}

# What a page keeps of a login is put there as if it had been through its form.
signed_in() {
  local answer
  answer=$(curl -sS --fail-with-body -H 'Content-Type: application/json' \
    -d "{\"username\": $(quoted "$2"), \"password\": $(quoted "$3")}" "${1%/*}/login") || { echo "$answer" >&2; return 1; }
  go "$1"
  js 'sessionStorage.setItem("forestgate.session", JSON.stringify({access: arguments[0].access_token ?? arguments[0].token,
    refresh: arguments[0].refresh_token}))' "$answer" >/dev/null
  again
  js_until 'return document.readyState === "complete" && document.querySelector("#top nav") !== null'
}

with_key() {
  go "$1"
  js_until 'return document.querySelector("#top nav") !== null'
  js 'return import(new URL("ui/session.js", document.baseURI).href).then(session => session.keyTake(arguments[0]))' \
    "$(quoted "$2")" >/dev/null
}

mount_start() {
  local port
  port=$(port_free)
  /usr/bin/python3 -I "$TOP/tests/lib/mount.py" "$port" "$URL" "$1" >"$T/mount.log" 2>&1 </dev/null 3>&- 4>&- &
  MOUNT_PID=$!
  MOUNT_URL=http://127.0.0.1:$port$1
  wait_for 100 curl -sf -o /dev/null "$MOUNT_URL/health"
}

mount_end() { if [ -n "${MOUNT_PID:-}" ]; then kill -TERM "$MOUNT_PID"; fi; }

offline() {
  driver /goog/cdp/execute '{"cmd":"Network.enable","params":{}}' >/dev/null
  driver /goog/cdp/execute "{\"cmd\":\"Network.emulateNetworkConditions\",\"params\":{\"offline\":$1,
    \"latency\":0,\"downloadThroughput\":-1,\"uploadThroughput\":-1}}" >/dev/null
}

silent() {
  local told
  told=$(driver /se/log '{"type":"browser"}')
  if [ "$told" != '[]' ]; then
    jq -r '.[] | .source + ": " + .message' <<<"$told" >&2
    return 1
  fi
}

window() {
  local mobile=false
  if [ "$1" -lt 500 ]; then mobile=true; fi
  driver /goog/cdp/execute "{\"cmd\": \"Emulation.setDeviceMetricsOverride\", \"params\":
    {\"width\": $1, \"height\": $2, \"deviceScaleFactor\": 1, \"mobile\": $mobile}}" >/dev/null
  driver /goog/cdp/execute "{\"cmd\": \"Emulation.setEmulatedMedia\", \"params\":
    {\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$3\"}]}}" >/dev/null
}
