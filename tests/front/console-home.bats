#!/usr/bin/env bats
# tests/front/console-home.bats: the first page of the console in a real browser: each kind of
# model is asked there, by hand and by the keyboard alone, light and dark, narrow and wide; and
# what it shows to take along runs.
# shellcheck disable=SC2154 # status, body and header are those of ask in lib/front

bats_require_minimum_version 1.5.0
load ../lib/front
load ../lib/browser

PASSWORD='a bicycle & 7% cats = 1+1 ü'
EVIL='<img src=x onerror=alert(1)>'

# train NAME TARGET [OPTION...]
train() {
  "$BUILD/forestgate" model train --csv "$T/$1.csv" --target "$2" --trees 20 --seed 1 -o "$T/$1.fgm" "${@:3}"
}

# Models of every kind: with names that are markup, of many features, of texts, of a value, of
# several targets, of what is unusual, and one that cannot be explained.
models_make() {
  local name
  {
    printf '"a""&",%s,word,kind\n' "$EVIL"
    for i in $(seq 60); do echo "$i,$((i * i)),x<b>$((i % 3))</b>,k</script>$((i / 31))"; done
  } >"$T/evil.csv"
  /usr/bin/python3 -I - >"$T/wide.csv" <<'END'
import random
draw = random.Random(1)
print(",".join(f"probe_{i:03}" for i in range(120)) + ",kind")
for row in range(150):
    values = [round(draw.gauss(0, 1), 2) for _ in range(120)]
    print(",".join(map(str, values)) + f",kind {min(29, max(0, int(values[7] * 5 + 15)))}")
END
  cp "$TOP/model/houses.csv" "$TOP/model/sentiment.csv" "$T"
  train evil kind && train wide kind && train houses price && train sentiment sentiment --text text || return 1
  for name in sklearn/isolation.fgs sklearn/forest_outputs.fgs onnx/targets.onnx lightgbm/categories.txt; do
    "$BUILD/forestgate" model import "$TOP/tests/fixtures/$name" -o "$T/$(basename "${name%.*}").fgm" || return 1
  done
  for name in evil wide houses sentiment isolation forest_outputs targets categories; do
    chmod 644 "$T/$name.fgm"
    cli model publish "$name" "$T/$name.fgm" || return 1
  done
} >"$T/models.log" 2>&1

setup_file() {
  # shellcheck disable=SC2034 # front_start reads them
  MODE=lighttpd TLS=''
  dir_make
  home_make
  models_make || { cat "$T/models.log" >&2; return 1; }
  ONE_KEY=$(cli key create --name one --tier test --models iris 2>/dev/null)
  cli tier set tiny --rate 2/60s --quota 1000/day >/dev/null
  TINY_KEY=$(cli key create --name tiny --tier tiny --models iris 2>/dev/null)
  front_start
  mount_start /some/where
  browser_start ''
  export MODE TLS T URL KEY ONE_KEY TINY_KEY FRONT_PID SPAWN_PID MOUNT_URL MOUNT_PID
}

teardown_file() {
  browser_end
  mount_end
  front_teardown
}

calls() { cli call stats --json | jq '[.[].calls] | add // 0'; }

shown() { js_until "return document.querySelector('$1') !== null"; }

# press TEXT: clicks the button or link of that text.
press() {
  js 'const found = [...document.querySelectorAll("button, a, summary")].find(one => one.textContent === arguments[0] && one.offsetParent !== null);
    found.click(); return true' "$(quoted "$1")" >/dev/null
}

text_of() { js_text 'return document.querySelector(arguments[0])?.textContent ?? null' "$(quoted "$1")"; }

# model NAME: opens it, by its link.
model() {
  js 'location.hash = arguments[0]' "$(quoted "$1")" >/dev/null
  js_until "return document.querySelector('#models h2')?.firstChild.textContent === '$1' && document.querySelector('.try') !== null"
}

# Presses the first example of the model that is shown, and waits for its answer.
first_example() {
  js 'document.querySelector(".pills button").click()' >/dev/null
  js_until 'return document.querySelector(".answer") !== null && document.querySelector("[aria-busy]") === null'
}

# At a phone's width and at a desk's, light and dark: as wide as its window, and by the rules.
looked_at() {
  local kind kinds=('390 dark' '1280 light')
  if [ -n "${2:-}" ]; then kinds=("$2"); fi
  for kind in "${kinds[@]}"; do
    # shellcheck disable=SC2086 # a width and a scheme
    window ${kind% *} 900 ${kind#* }
    fits || { echo "$1 at $kind" >&2; return 1; }
    shot "home-$1-${kind% *}"
    axe || { echo "$1 at $kind" >&2; return 1; }
  done
}

@test "a key that does not hold is refused beside its field, and never in the address" {
  go "$URL/"
  shown '#hero:not([hidden])'
  looked_at nobody
  press 'Use it'
  js_until 'return document.activeElement.id === "key-text" && document.getElementById("key-error").textContent !== ""'
  typed 'ключ' Enter
  js_until 'return document.getElementById("key-error").textContent.startsWith("This is no key")'
  silent
  js 'document.getElementById("key-text").value = ""' >/dev/null
  typed fg_none Enter
  js_until 'return document.getElementById("key-error").textContent.includes("not valid")'
  looked_at refused '1280 dark'
  js 'return [document.activeElement.id, location.href, document.getElementById("key-text").value]' |
    jq -e --arg url "$URL/" '. == ["key-text", $url, ""]'
  run ! silent
  [[ "$output" == *401* ]]
}

@test "a click on an example is one call, and shows answer, reasons and what is left" {
  window 1280 900 light
  with_key "$URL/" "$ONE_KEY"
  shown .pills
  looked_at iris '390 light'
  before=$(calls)
  press virginica
  shown .waterfall
  [[ "$(text_of .answer)" == virginica* ]]
  js 'return [...document.querySelectorAll(".bars dt")].map(one => one.textContent)' | jq -e 'sort == ["setosa","versicolor","virginica"]'
  [ "$(text_of '.waterfall tbody tr:first-child th')" = 'On the whole' ]
  [[ "$(text_of .limits)" == *'of 1,000,000 calls left'*'left today'* ]]
  [ "$(calls)" = $((before + 1)) ]
  looked_at iris-answer
  silent
}

@test "bias and contributions on the page sum to what it says of the row" {
  js 'const numbers = [...document.querySelectorAll(".waterfall td.number")].map(one => Number(one.textContent.replace("\u2212", "-").replace(/,/g, "")));
    const last = numbers.pop(); return Math.abs(numbers.reduce((sum, one) => sum + one, 0) - last) < 0.01' | grep -qx true
}

@test "with the keyboard alone: a key, an example, another value, a tree" {
  go "$URL/?keys"
  shown '#hero:not([hidden])'
  js 'document.getElementById("key-text").focus()' >/dev/null
  typed "$ONE_KEY" Enter
  shown .pills
  # Behind main, which has the focus, the first example is next.
  typed Tab Enter
  js_until 'return document.querySelector(".answer")?.textContent.startsWith("setosa") === true'
  typed Tab Tab Tab
  js 'return document.activeElement.labels[0].textContent' | grep -qx '"sepal_length"'
  before=$(js_text 'return document.activeElement.value')
  asked=$(calls)
  js 'window.first = document.querySelector(".waterfall")' >/dev/null
  typed $'\ue013' $'\ue013' $'\ue013'
  js_until 'return document.querySelector(".waterfall") !== window.first && document.querySelector(".stale") === null'
  js 'return Number(document.activeElement.value)' | jq -e --argjson before "$before" '. > $before'
  [ "$(calls)" = $((asked + 1)) ]
  js 'document.querySelector("#models summary").focus()' >/dev/null
  typed Enter
  js_until 'return document.querySelector("img.tree")?.naturalWidth > 100'
  looked_at tree
  silent
}

@test "another tree is drawn when it is chosen, and none that there is not" {
  with_key "$URL/?tree" "$ONE_KEY"
  shown .pills
  press 'A tree, with the way of your row'
  js_until 'return document.querySelector("#models details").textContent.includes("Ask the model about a row first")'
  first_example
  shown img.tree
  press Next
  js_until 'return document.querySelector("img.tree").alt.startsWith("Tree 1 of iris")'
  js 'const choice = document.querySelector("#models details input"); choice.value = "1e9"; choice.dispatchEvent(new Event("change"))' >/dev/null
  js_until 'return document.querySelector("img.tree").alt.startsWith("Tree 99 of iris")'
  press Next
  js_until 'return document.querySelector("img.tree").alt.startsWith("Tree 0 of iris")'
  js 'return decodeURIComponent(document.querySelector("img.tree").src).includes("litcard")' | grep -qx true
  silent
}

@test "a field that does not fit is told, has the focus, and nothing is asked" {
  asked=$(calls)
  js 'const field = document.querySelector(".fields input[type=number]"); field.value = ""; field.focus()' >/dev/null
  typed Enter
  js_until 'return document.activeElement.getAttribute("aria-invalid") === "true"'
  [ "$(text_of '.fields .error')" = 'Please fill this in.' ]
  looked_at fault
  [ "$(calls)" = "$asked" ]
  typed 50 Enter
  js_until 'return document.querySelector(".note.warn") !== null'
  [[ "$(text_of .note.warn)" == 'sepal_length: 50 is outside of what training saw: 4.3 to 7.9.' ]]
  silent
}

# From the page into a shell and into Python, with KEY as they say.
@test "the curl and the Python that are shown answer what the page answers" {
  with_key "$URL/?call" "$KEY"
  for name in iris sentiment evil; do
    shown .pills
    model "$name"
    press curl
    first_example
    text_of '[role=tabpanel] pre' >"$T/call.sh"
    KEY=$KEY bash "$T/call.sh" 2>/dev/null >"$T/curl.json"
    press Python
    text_of '[role=tabpanel] pre' >"$T/call.py"
    KEY=$KEY /usr/bin/python3 -I "$T/call.py" >"$T/python.txt"
    [[ "$(text_of .answer)" == "$(jq -r .label "$T/curl.json")"* ]]
    grep -qF "'label': '$(jq -r .label "$T/curl.json")'" "$T/python.txt"
    press JavaScript
    text_of '[role=tabpanel] pre' | grep -qF "await fetch(\"$URL/models/$name/predict\""
    run ! grep -rF "$KEY" "$T/call.sh" "$T/call.py"
  done
  silent
}

@test "each kind of model has its form and its answer, and no name is markup" {
  window 1280 900 light
  with_key "$URL/?kinds" "$KEY"
  shown .menu
  for name in evil wide houses sentiment isolation forest_outputs targets categories; do
    model "$name"
    first_example
    [ -n "$(text_of .answer)" ]
    case $name in
    evil | sentiment) looked_at "$name" '390 dark' ;;
    wide | forest_outputs) looked_at "$name" '1280 light' ;;
    *) fits ;;
    esac
    # Long lists of names, of which none is anybody's markup.
    js 'return document.querySelectorAll("main img:not(.tree), main b, main script").length' | grep -qx 0
  done
  silent
}

@test "of many features the important ones are there, and each is found by its name" {
  window 1280 900 light
  model wide
  js 'return [...document.querySelectorAll(".fields .field")].filter(one => !one.hidden).length' | grep -qx 24
  js 'document.querySelector("input[type=search]").focus()' >/dev/null
  typed PROBE_11
  js_until 'return [...document.querySelectorAll(".fields .field")].filter(one => !one.hidden).length === 10'
  typed x
  js_until 'return document.querySelector("form [role=status]").textContent.startsWith("0 of 120")'
  # What is wrong is shown, wherever it is.
  js 'const last = [...document.querySelectorAll(".fields .field")].at(-1); last.querySelector("input").value = ""' >/dev/null
  typed Enter
  js_until 'return document.activeElement.getAttribute("aria-invalid") === "true" && document.activeElement.offsetParent !== null'
  # Of many classes the first ones, and the rest of them as one.
  first_example
  js 'return [...document.querySelectorAll(".bars dt")].map(one => one.textContent)' | jq -e 'length == 9 and (.[8] | test("^[0-9]+ others$"))'
  silent
}

@test "a limit that is reached is told with the time that is left, which runs" {
  with_key "$URL/?limit" "$TINY_KEY"
  shown .pills
  for name in setosa versicolor; do
    press "$name"
    js_until "return document.querySelector('.answer')?.textContent.startsWith('$name') === true"
  done
  press virginica
  js_until 'return /^Try again in [0-9]+ s$/.test(document.querySelector(".state button")?.textContent ?? "")'
  looked_at limit '390 dark'
  told=$(text_of '.state button')
  js_until "return document.querySelector('.state button').textContent !== '$told'"
  run ! silent
  [[ "$output" == *429* ]]
}

@test "without a network it says so, and asks again when it is told to" {
  with_key "$URL/?offline" "$ONE_KEY"
  shown .pills
  offline true
  press setosa
  js_until 'return document.querySelector(".state [role=alert]")?.textContent === "The service cannot be reached."'
  looked_at offline '1280 light'
  offline false
  press 'Try again'
  js_until 'return document.querySelector(".answer")?.textContent.startsWith("setosa") === true'
  run ! silent
}

@test "who may ask no model is told how one is published; a session asks as a key does" {
  printf %s "$PASSWORD" | cli user create none@example.org --first-name N --last-name N --password-stdin >/dev/null
  printf %s "$PASSWORD" | cli user create ann@example.org --first-name A --last-name B --models iris --password-stdin >/dev/null
  signed_in "$URL/" none@example.org "$PASSWORD"
  js_until 'return document.querySelector("#models h2")?.textContent === "No model yet"'
  looked_at empty '390 dark'
  signed_in "$URL/" ann@example.org "$PASSWORD"
  shown .pills
  press setosa
  js_until 'return document.querySelector(".answer")?.textContent.startsWith("setosa") === true'
  press 'Log out'
  shown '#hero:not([hidden])'
  js 'return sessionStorage.getItem("forestgate.session")' | grep -qx null
  silent
}

@test "below a path of another server all of it works" {
  with_key "$MOUNT_URL/" "$ONE_KEY"
  shown .pills
  first_example
  press 'A tree, with the way of your row'
  js_until 'return document.querySelector("img.tree")?.naturalWidth > 100'
  text_of '[role=tabpanel] pre' | grep -F "$MOUNT_URL/models/iris/predict"
  js 'return [...document.querySelectorAll("#top a")].every(one => one.hash !== "" || one.pathname.startsWith("/some/where/"))' | grep -qx true
  silent
}

@test "the colours that were chosen stay, and the tree has them too" {
  window 1280 900 light
  go "$URL/?theme"
  shown '#top select'
  light=$(js 'return getComputedStyle(document.body).backgroundColor')
  js 'const choice = document.querySelector("#top select"); choice.value = "dark"; choice.dispatchEvent(new Event("change"))' >/dev/null
  go "$URL/?theme=2"
  shown '#top select'
  [ "$(js 'return getComputedStyle(document.body).backgroundColor')" != "$light" ]
  axe
  js 'const choice = document.querySelector("#top select"); choice.value = ""; choice.dispatchEvent(new Event("change"))' >/dev/null
  [ "$(js 'return getComputedStyle(document.body).backgroundColor')" = "$light" ]
  silent
}

@test "all of the first page is under 100 kB, from here alone" {
  go "$URL/?weight"
  shown '#hero:not([hidden])'
  js 'const all = performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"));
    return [all.length, all.reduce((sum, one) => sum + Math.max(one.encodedBodySize, 300) + 300, 0), all.every(one => new URL(one.name).origin === location.origin)]' |
    jq -e '.[0] > 15 and .[1] < 100000 and .[2]'
}

@test "without Swagger UI /docs is the reference, with what it needs" {
  go "$MOUNT_URL/docs"
  js_until "return document.getElementById('url').textContent === '$MOUNT_URL'"
  js_is_true 'return document.querySelector("#op-predict pre code") !== null && document.getElementById("docs") === null'
  js 'return performance.getEntriesByType("resource").every(entry => entry.name.startsWith(arguments[0]))' "\"$MOUNT_URL/\"" |
    grep -qx true
  silent
}
