# tests/lib/vectors.bash: requests and answers of a protocol, as data.
#
# A file of tests/vectors/protocols has an object a line:
#
#   what     what is shown
#   from     where the protocol says so
#   uri      what is asked; GET without a body
#   body     the JSON that is sent; or text, the bytes
#   accept   Accept, if one is sent; type is Content-Type, and "none" that there is none
#   status   of the answer
#   holds    what has to be true of it, as a filter of jq's
#   is       or all of its body
#
# shellcheck shell=bash disable=SC2154 # what lib/api sets

# vectors FILE: each of the file's requests has the answer that it says.
vectors() {
  local what uri status_wanted body_sent text accept type holds is method more count=0
  while IFS=$'\x1f' read -r what uri status_wanted body_sent text accept type holds is; do
    more=()
    if [ -n "$text" ]; then body_sent=${text//'\n'/$'\n'}; fi
    if [ -n "$body_sent" ]; then more+=(-d "$body_sent"); fi
    if [ -n "$accept" ]; then more+=("HTTP_ACCEPT=$accept"); fi
    if [ -n "$type" ]; then more+=("CONTENT_TYPE=${type#none}"); fi
    if [ -n "$body_sent" ]; then method=POST; else method=GET; fi
    call "$method" "$uri" -k "$KEY" "${more[@]}"
    assert_status "$status_wanted" || fail "for: $what"
    if [ -n "$holds" ]; then assert_json "$holds" || fail "for: $what"; fi
    if [ -n "$is" ]; then
      printf %s "${is//'\n'/$'\n'}" | cmp - "$body_file" || { show_answer && fail "for: $what"; }
    fi
    count=$((count + 1))
  done < <(jq -r '[.what, .uri, (.status | tostring),
    (if has("body") then .body | tojson else "" end),
    (.text // "" | gsub("\n"; "\\n")), .accept // "", .type // "", .holds // "",
    .is // ""] | join("\u001f")' "$TOP/tests/vectors/protocols/$1")
  [ "$count" = "$(grep -c . "$TOP/tests/vectors/protocols/$1")" ]
}

# The models that the files ask: iris in two versions, price of values, sentiment of texts, gaps
# with missing values, outputs of three values.
vectors_home() {
  gate_home
  cli model publish iris "$G/iris.fgm" >/dev/null
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 20 \
    -o "$G/sentiment.fgm" >/dev/null
  cli model publish sentiment "$G/sentiment.fgm" >/dev/null
  "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/forest_missing.fgs" -o "$G/gaps.fgm" >/dev/null
  cli model publish gaps "$G/gaps.fgm" >/dev/null
  "$FORESTGATE" model import "$TOP/tests/fixtures/sklearn/extra_outputs.fgs" -o "$G/outputs.fgm" >/dev/null
  cli model publish outputs "$G/outputs.fgm" >/dev/null
}
