# tests/lib/record.bash: answers that are kept, and looked at when their file ends: whether they
# are what /openapi.json says of them (conforms.py).  tests/lib/ask keeps its own, in this form.
#
#   answer_record FILE METHOD PATH HEADER BODY   adds an answer: its header in CGI's form or in
#                                                HTTP's, as text, and its body, a file
#   answers_conform FILE                         fails with those that are otherwise
#
# shellcheck shell=bash
# shellcheck disable=SC2154 # TOP and BUILD are the test's

answer_record() {
  local LC_ALL=C head=${4//$'\r'/} size
  # Of several answers (100 and what came then) the last; HTTP's first line as CGI has it.
  head=${head##*$'\n'HTTP/} head=${head%$'\n'}
  if [[ "$head" =~ ^(HTTP/)?[0-9.]+\ ([0-9]{3}.*) ]]; then head="Status: ${BASH_REMATCH[2]}"; fi
  head+=$'\n'
  if [[ ! "$2" =~ ^[A-Za-z]+$ || "$3" == *[$'\r\n']* ]]; then return 0; fi
  size=$(stat -c %s "$5")
  if [ "$size" -gt 262144 ]; then set -- "${@:1:4}" /dev/null && size=0; fi # its type is looked at
  { printf '%s %s %s %s\n%s' "${#head}" "$size" "$2" "$3" "$head" && cat "$5"; } >>"$1"
}

answers_conform() {
  [ -s "$1" ] || return 0
  /usr/bin/python3 -I "$TOP/tests/lib/conforms.py" "$BUILD/openapi.json" "$1" >&2
}
