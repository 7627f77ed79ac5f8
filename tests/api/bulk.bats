#!/usr/bin/env bats
# Files of rows through POST: refusals first, with nothing charged; then the same bytes as
# forestgate predict writes; then bodies that are large, slow, or go away.
#
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib/api.bash

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  train_many "$G/many.fgm"
  cli model publish many "$G/many.fgm" >/dev/null
  printf 'bulk_stall = 3s\nbulk_body_limit = 100M\nbulk_answer_limit = 32M\n' >>"$G/home/forestgate.conf"
  cut -d, -f1-4 "$TOP/model/iris.csv" >"$G/rows.csv"
  python3 - "$G" <<'PY'
import array, sys
g = sys.argv[1]
rows = [line.split(',') for line in open(g + '/rows.csv').read().split()[1:]]
def npy(name, kind, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    head += ' ' * (117 - len(head)) + '\n'
    open(g + '/' + name, 'wb').write(b'\x93NUMPY\x01\x00\x76\x00' + head.encode() + data)
numbers = array.array('d', [float(x) for row in rows for x in row])
npy('rows.npy', '<f8', (len(rows), 4), numbers.tobytes())
npy('short.npy', '<f8', (len(rows) + 1, 4), numbers.tobytes())
npy('wide.npy', '<f8', (len(rows) // 2, 8), numbers[:len(rows) // 2 * 8].tobytes())
npy('objects.npy', '|O', (1, 4), b'\0' * 32)
large = array.array('d', [5.1, 3.5, 1e300, 0.2])
npy('infinite.npy', '<f8', (1, 4), large.tobytes())
PY
  gate_start --workers 2
}

teardown_file() { gate_stop; }

# bulk URI FILE [NAME=VALUE...]: a file of rows, of the type that its name says.
bulk() {
  local uri=$1 file=$2 type=text/csv
  shift 2
  case $file in *.npy) type=application/x-npy ;; esac
  call POST "$uri" -k "$KEY" -f "$file" CONTENT_TYPE=$type "$@"
}

# The text is a body of CSV.
csv() {
  # shellcheck disable=SC2059 # it is a format
  printf "$2" >"$BATS_TEST_TMPDIR/some.csv"
  bulk "$1" "$BATS_TEST_TMPDIR/some.csv" "${@:3}"
}

# Bytes that the ledger has charged the test's key today.
charged() {
  cli call stats --json >/dev/null
  database "SELECT coalesce(sum(charged), 0) FROM usage"
}

# ---- what is refused ----

@test "a body that is no CSV is a 400 by line and column" {
  csv /predict 'sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,"1.4,0.2\n'
  assert_problem 400 bad_request 'CSV.*body:2'
  csv /predict '5.1,3.5,1.4,0.2\n5.1,3.5,1.4\n'
  assert_problem 400 bad_request 'body:2'
  csv /predict '5.1,3.5,1.4,\xff\n'
  assert_problem 400 bad_request 'body:1: column 4.*UTF-8'
}

@test "a body that is no array is a 400" {
  bulk /predict "$G/short.npy"
  assert_problem 400 bad_request "array of NumPy's.*within row 151 of 151"
  printf '\x93NUMPY\x01\x00\xff\xff{' >"$BATS_TEST_TMPDIR/torn.npy"
  bulk /predict "$BATS_TEST_TMPDIR/torn.npy"
  assert_problem 400 bad_request
}

@test "objects in an array, which would be a pickle, are refused" {
  bulk /predict "$G/objects.npy"
  assert_problem 422 unprocessable_content
}

@test "a value that does not fit is a 422 with its line and column" {
  csv /predict 'petal_width,sepal_length,sepal_width,petal_length\n0.2,5.1,3.5,1.4\n0.2,5.1,abc,1.4\n'
  assert_problem 422 unprocessable_content 'line 3, column 3 \(sepal_width\): "abc" is not a number'
  assert_json '.errors == [{"field": "line 3, column 3 (sepal_width)",
    "problem": "\"abc\" is not a number from -3.4e38 to 3.4e38",
    "allowed": "a number from -3.4e38 to 3.4e38"}]'
  csv /predict '5.1,,1.4,0.2\n'
  assert_problem 422 unprocessable_content 'line 1, column 2: .*missing'
  bulk /predict "$G/infinite.npy"
  assert_problem 422 unprocessable_content 'row 1, column 3: '
}

@test "a file with other columns than the model's is a 422 that names what lacks" {
  csv /predict 'sepal_length,sepal_width,petal_length\n5.1,3.5,1.4\n'
  assert_problem 422 unprocessable_content 'line 1: there is no column "petal_width"'
  csv /predict '5.1,3.5,1.4\n'
  assert_problem 422 unprocessable_content 'line 1: 3 columns where the model has 4 features'
  bulk /predict "$G/wide.npy"
  assert_problem 422 unprocessable_content '8 columns where the model has 4 features'
  csv /predict ''
  assert_problem 422 unprocessable_content 'no header and no rows'
}

@test "a fault in the last row leaves nothing of the answer and nothing charged" {
  local before
  before=$(charged)
  { cat "$G/rows.csv" && for _ in {1..200}; do tail -n +2 "$G/rows.csv"; done && echo 1,2,3,x; } >"$BATS_TEST_TMPDIR/late.csv"
  bulk /predict "$BATS_TEST_TMPDIR/late.csv"
  assert_problem 422 unprocessable_content 'line 30152, column 4 \(petal_width\)'
  [ "$(charged)" = "$before" ]
}

@test "an output that is none, or that the model lacks, is a 422" {
  bulk '/predict?output=colour' "$G/rows.csv"
  assert_problem 422 unprocessable_content output
  bulk '/predict?output=contributions' "$G/rows.csv"
  assert_problem 422 unprocessable_content output
  bulk '/predict?output=value' "$G/rows.csv"
  assert_problem 422 unprocessable_content 'output: the model has classes and no value'
}

@test "a parameter of the query that is none, or comes twice, is refused" {
  bulk '/predict?colour=red' "$G/rows.csv"
  assert_problem 422 unprocessable_content colour
  bulk '/predict?output=label&output=leaf' "$G/rows.csv"
  assert_problem 400 bad_request output
}

@test "a model that is not there, not allowed or not the path's is refused" {
  local key=$KEY KEY
  KEY=$key
  bulk '/predict?model=nobody' "$G/rows.csv"
  assert_problem 422 unprocessable_content 'model: there is no model "nobody"'
  bulk '/models/iris/predict?model=price' "$G/rows.csv"
  assert_problem 422 unprocessable_content 'model: "price" is not the model of this path'
  bulk /models/nobody/predict "$G/rows.csv"
  assert_problem 404 not_found
  KEY=$(cli key create --name few --models price --tier test 2>/dev/null)
  bulk '/predict?model=iris' "$G/rows.csv"
  assert_problem 403 forbidden
  bulk /predict "$G/rows.csv"
  assert_problem 403 forbidden
}

@test "other types and other charsets are a 415, also where JSON is taken" {
  bulk /predict "$G/rows.csv" 'CONTENT_TYPE=text/csv; charset=latin1'
  assert_problem 415 unsupported_media_type 'text/csv'
  bulk /predict "$G/rows.csv" CONTENT_TYPE=text/plain
  assert_problem 415 unsupported_media_type
  bulk /models/iris/explain "$G/rows.csv"
  assert_problem 415 unsupported_media_type
}

@test "a body over its own limit is a 413, by its length or by its bytes" {
  bulk /predict "$G/rows.csv" CONTENT_LENGTH=104857601
  assert_problem 413 content_too_large 104857600
  head -c 105000000 /dev/zero | tr '\0' '\n' >"$BATS_TEST_TMPDIR/blank.csv"
  bulk /predict "$BATS_TEST_TMPDIR/blank.csv"
  assert_problem 413 content_too_large 104857600
  rm "$BATS_TEST_TMPDIR/blank.csv"
}

@test "an answer over its limit is a 422 that charges nothing" {
  local before
  before=$(charged)
  { echo a,b && yes 1,2 | head -n 20000; } >"$BATS_TEST_TMPDIR/many.csv"
  bulk '/models/many/predict?output=probability' "$BATS_TEST_TMPDIR/many.csv" HTTP_ACCEPT=application/x-npy
  assert_problem 422 unprocessable_content 'over the limit of its bytes'
  [ "$(charged)" = "$before" ]
}

@test "a sealed answer is not to be had, and nothing is answered unsealed" {
  bulk /predict "$G/rows.csv" HTTP_ACCEPT=application/jose
  assert_problem 422 unprocessable_content 'Accept: .*not sealed'
}

# ---- the price ----

# By row, with 1000 a day.
price_key() {
  cli tier set by-row --quota 1000/day --price row >/dev/null
  KEY=$(cli key create --name row-"$RANDOM" --tier by-row 2>/dev/null)
}

charged_of() { database "SELECT coalesce(sum(charged), 0) FROM call WHERE key = '$1' AND status < 400"; }

@test "each row is charged, to the row, and what was refused is given back" {
  local KEY id
  price_key
  id=${KEY#fg_} id=${id%%_*}
  bulk /predict "$G/rows.csv"
  assert_status 200
  [[ "$(header_of ratelimit)" == *'r=850'* ]] || fail "$headers"
  bulk /predict "$G/rows.npy"
  [[ "$(header_of ratelimit)" == *'r=700'* ]] || fail "$headers"
  csv /predict '5.1,3.5,1.4,0.2\n5.1,3.5,1.4,x\n'
  assert_problem 422 unprocessable_content
  [[ "$(header_of ratelimit)" == *'r=700'* ]] || fail "$headers"
  { cat "$G/rows.csv" && for _ in {1..50}; do tail -n +2 "$G/rows.csv"; done; } >"$BATS_TEST_TMPDIR/over.csv"
  bulk /predict "$BATS_TEST_TMPDIR/over.csv"
  [ "$status" = 413 ] || [ "$status" = 429 ] || fail "$status"
  [[ "$(header_of ratelimit)" == *'r=700'* ]] || fail "$headers"
  { head -n 1 "$G/rows.csv" && for _ in {1..5}; do tail -n +2 "$G/rows.csv"; done; } | head -n 701 >"$BATS_TEST_TMPDIR/all.csv"
  bulk /predict "$BATS_TEST_TMPDIR/all.csv"
  assert_status 200
  [[ "$(header_of ratelimit)" == *'r=0'* ]] || fail "$headers"
  csv /predict '5.1,3.5,1.4,0.2\n'
  [ "$status" = 429 ]
  cli call stats >/dev/null
  [ "$(database "SELECT sum(charged) || ' ' || sum(rows) FROM call WHERE key = '$id'")" = '1000 1000' ]
  assert_books
}

@test "rows that are refused halfway through a large body are given back to the row" {
  local KEY id
  cli tier set long --quota 50000/day --price row >/dev/null
  KEY=$(cli key create --name long-"$RANDOM" --tier long 2>/dev/null)
  id=${KEY#fg_} id=${id%%_*}
  yes 5.1,3.5,1.4,0.2 | head -n 100000 >"$BATS_TEST_TMPDIR/100k.csv"
  bulk /predict "$BATS_TEST_TMPDIR/100k.csv"
  [ "$status" = 413 ] || [ "$status" = 429 ] || fail "$status"
  [[ "$(header_of ratelimit)" == *'r=50000'* ]] || fail "$headers"
  head -n 50000 "$BATS_TEST_TMPDIR/100k.csv" >"$BATS_TEST_TMPDIR/50k.csv"
  bulk /predict "$BATS_TEST_TMPDIR/50k.csv"
  assert_status 200
  [[ "$(header_of ratelimit)" == *'r=0'* ]] || fail "$headers"
  cli call stats >/dev/null
  [ "$(database "SELECT sum(charged) FROM call WHERE key = '$id'")" = 50000 ]
}

# ---- what is answered ----

# same MODEL FILE OUTPUT TYPE: the answer has the bytes that forestgate predict writes.
same() {
  local model=$1 file=$2 output=$3 type=$4 out=$BATS_TEST_TMPDIR/out.csv
  case $type in application/x-npy) out=$BATS_TEST_TMPDIR/out.npy ;; esac
  "$FORESTGATE" predict --model "$G/$model.fgm" --in "$file" --out "$out" --output "$output"
  bulk "/models/$model/predict?output=$output" "$file" HTTP_ACCEPT="$type"
  assert_status 200
  cmp "$out" "$body_file" || fail "$model $file $output $type"
  [ "$(header_of content-length)" = "$(stat -c %s "$out")" ]
  [[ "$(header_of content-type)" == "$type"* ]]
}

@test "the answer is what forestgate predict writes, to the byte, for every output" {
  local output type file
  for output in label probability margin leaf; do
    for type in text/csv application/x-npy; do
      for file in "$G/rows.csv" "$G/rows.npy"; do same iris "$file" $output $type; done
    done
  done
  cut -d, -f1,2 "$G/regression.csv" >"$BATS_TEST_TMPDIR/ab.csv"
  for output in label probability margin leaf value; do
    same price "$BATS_TEST_TMPDIR/ab.csv" $output text/csv
    same price "$BATS_TEST_TMPDIR/ab.csv" $output application/x-npy
  done
  cut -d, -f1,2 "$G/many.csv" >"$BATS_TEST_TMPDIR/ab.csv"
  same many "$BATS_TEST_TMPDIR/ab.csv" probability text/csv
}

@test "the query names the model, and the headers say which one answered" {
  csv '/predict?model=price&output=value' 'b,a\n0.5,0.5\n'
  assert_status 200
  [ "$(header_of forestgate-model)" = 'price; version=1' ]
  [[ "$body" == $'prediction\n0.'* || "$body" == $'prediction\n1.'* ]] || fail "$body"
  bulk /predict "$G/rows.csv"
  [ "$(header_of forestgate-model)" = 'iris; version=1' ]
  [ "$(header_of vary)" = Accept ]
}

@test "Accept is weighed, and what fits nothing is answered as it came" {
  local accept
  for accept in '' '*/*' 'application/json' 'text/*' 'text/csv;q=0.5, application/x-npy;q=0.5' \
    'application/x-npy;q=0.1, */*' 'application/x-npy;q=0'; do
    bulk /predict "$G/rows.csv" ${accept:+"HTTP_ACCEPT=$accept"}
    [[ "$(header_of content-type)" == text/csv* ]] || fail "$accept: $headers"
  done
  for accept in 'application/x-npy' 'text/csv;q=0.5, application/x-npy' 'application/*, text/csv;q=0.1'; do
    bulk /predict "$G/rows.csv" "HTTP_ACCEPT=$accept"
    [ "$(header_of content-type)" = application/x-npy ] || fail "$accept: $headers"
  done
  bulk /predict "$G/rows.npy" HTTP_ACCEPT=text/csv
  [[ "$(header_of content-type)" == text/csv* ]]
}

@test "as plain CGI it is the same" {
  bulk /predict "$G/rows.csv"
  cp "$body_file" "$BATS_TEST_TMPDIR/want"
  cgi POST /predict -k "$KEY" -f "$G/rows.csv" CONTENT_TYPE=text/csv
  assert_status 200
  cmp "$BATS_TEST_TMPDIR/want" "$body_file"
}

@test "the log has one call with its rows, its model and its version" {
  bulk /models/iris/predict "$G/rows.csv" HTTP_X_REQUEST_ID=bulk-of-150
  cli call stats >/dev/null
  [ "$(database "SELECT model || ' ' || version || ' ' || rows || ' ' || status || ' ' || charged
    FROM call WHERE request_id = 'bulk-of-150'")" = 'iris 1 150 200 1' ]
}

@test "with an Idempotency-Key the same file is answered once, and another one is refused" {
  local name
  { yes 5.1,3.5,1.4,0.2 | head -n 30000; } >"$BATS_TEST_TMPDIR/a.csv"
  { head -n 29999 "$BATS_TEST_TMPDIR/a.csv" && echo 5.1,3.5,1.4,0.3; } >"$BATS_TEST_TMPDIR/b.csv"
  for name in a-file few; do
    [ $name = few ] && printf '5.1,3.5,1.4,0.2\n' >"$BATS_TEST_TMPDIR/a.csv" && printf '5.1,3.5,1.4,0.3\n' >"$BATS_TEST_TMPDIR/b.csv"
    bulk /predict "$BATS_TEST_TMPDIR/a.csv" HTTP_IDEMPOTENCY_KEY=$name HTTP_X_REQUEST_ID=$name-1
    assert_status 200
    cp "$body_file" "$BATS_TEST_TMPDIR/first"
    bulk /predict "$BATS_TEST_TMPDIR/a.csv" HTTP_IDEMPOTENCY_KEY=$name HTTP_X_REQUEST_ID=$name-2
    assert_status 200
    cmp "$BATS_TEST_TMPDIR/first" "$body_file"
    bulk /predict "$BATS_TEST_TMPDIR/b.csv" HTTP_IDEMPOTENCY_KEY=$name HTTP_X_REQUEST_ID=$name-3
    [ "$status" = 422 ] || fail "$status"
    cli call stats >/dev/null
    [ "$(database "SELECT group_concat(charged, ' ') FROM (SELECT charged FROM call WHERE request_id LIKE '$name-%' ORDER BY seq)")" = '1 0 0' ]
  done
}

# ---- large, slow, or gone ----

# Begins a request with a body of CSV, of which it sends the first bytes, on descriptor 8.
begin() {
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  printf '5.1,3.5,1.4,0.2\n5.1,3.5,1.4,0.2\n' >"$BATS_TEST_TMPDIR/part"
  {
    raw_head REQUEST_METHOD=POST REQUEST_URI=/predict REMOTE_ADDR=127.0.0.1 HTTP_X_API_KEY="$KEY" \
      CONTENT_TYPE=text/csv CONTENT_LENGTH=1000000 HTTP_X_REQUEST_ID="$1"
    raw_record 5 "$BATS_TEST_TMPDIR/part"
  } >&8
  wait_for 100 gate_holds 1
}

call_of() { database "SELECT status || ' ' || charged || ' ' || rows FROM call WHERE request_id = '$1'"; }
has_call() { cli call stats >/dev/null && [ -n "$(call_of "$1")" ]; }

@test "a client that stops sending is given up, and its call is not charged" {
  begin stalled
  raw_answer 8
  exec 8>&-
  assert_problem 400 bad_request 'Content-Length'
  has_call stalled
  [ "$(call_of stalled)" = '400 0 0' ]
}

# As when its log is begun anew.
disturb() {
  for _ in 1 2 3; do
    kill -HUP "$MASTER"
    sleep 0.1
  done
}

@test "a signal to a worker that waits for the rest of a file, or for who reads its answer, costs neither" {
  local half
  { yes 5.1,3.5,1.4,0.2 | head -n 500000; } >"$BATS_TEST_TMPDIR/500k.csv"
  bulk '/predict?output=leaf' "$BATS_TEST_TMPDIR/500k.csv"
  cp "$body_file" "$BATS_TEST_TMPDIR/want.csv"
  mkfifo "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/read"
  call_arguments POST '/predict?output=leaf' -k "$KEY" -f "$BATS_TEST_TMPDIR/500k.csv" CONTENT_TYPE=text/csv
  env -i PATH="$PATH" "${PARAMS[@]}" timeout 60 cgi-fcgi -bind -connect "127.0.0.1:$PORT" \
    <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/read" 3>&- &
  half=$(($(stat -c %s "$BATS_TEST_TMPDIR/500k.csv") / 2))
  exec 8>"$BATS_TEST_TMPDIR/sent" 9<"$BATS_TEST_TMPDIR/read"
  head -c "$half" "$BATS_TEST_TMPDIR/500k.csv" >&8
  wait_for 100 gate_holds 1
  disturb
  # And when whoever debugs it has it stand for a moment.
  # shellcheck disable=SC2046 # a list of process ids
  { kill -STOP $(gate_pids) && sleep 0.2 && kill -CONT $(gate_pids); }
  tail -c +$((half + 1)) "$BATS_TEST_TMPDIR/500k.csv" >&8
  exec 8>&-
  # Its answer is more than the kernel takes off the worker's hands.
  wait_for 100 gate_sends
  disturb
  answer=$BATS_TEST_TMPDIR/answer
  cat <&9 >"$answer"
  exec 9<&-
  wait $!
  answer_read
  assert_status 200
  cmp "$body_file" "$BATS_TEST_TMPDIR/want.csv"
}

@test "a client that hangs up in its body frees the worker, and its call is not charged" {
  begin gone
  exec 8>&-
  wait_for 60 has_call gone
  [ "$(call_of gone)" = '400 0 0' ]
  assert_books
}

@test "beyond as many at once as are allowed it is a 503, and small ones go on" {
  begin first
  csv /predict '5.1,3.5,1.4,0.2\n'
  assert_status 200
  { yes 5.1,3.5,1.4,0.2 | head -n 30000; } >"$BATS_TEST_TMPDIR/30k.csv"
  bulk /predict "$BATS_TEST_TMPDIR/30k.csv"
  assert_problem 503 unavailable 'Too many files'
  raw_answer 8
  exec 8>&-
  bulk /predict "$BATS_TEST_TMPDIR/30k.csv"
  assert_status 200
}

@test "a client that reads nothing of a large answer is given up, with the call as it was" {
  { yes 5.1,3.5,1.4,0.2 | head -n 60000; } >"$BATS_TEST_TMPDIR/60k.csv"
  call_arguments POST '/predict?output=leaf' -k "$KEY" -f "$BATS_TEST_TMPDIR/60k.csv" CONTENT_TYPE=text/csv
  exec 8<>"/dev/tcp/127.0.0.1/$PORT"
  {
    raw_head "${PARAMS[@]}" HTTP_X_REQUEST_ID=deaf
    local i size
    size=$(stat -c %s "$BATS_TEST_TMPDIR/60k.csv")
    for ((i = 0; i * 60000 < size; i++)); do
      tail -c +$((i * 60000 + 1)) "$BATS_TEST_TMPDIR/60k.csv" | head -c 60000 >"$BATS_TEST_TMPDIR/piece"
      raw_record 5 "$BATS_TEST_TMPDIR/piece"
    done
    raw_record 5 /dev/null
  } >&8
  wait_for 100 has_call deaf
  [ "$(call_of deaf)" = '200 1 60000' ]
  # The slot is free again once the answer was given up.
  wait_for 100 slot_is_free
  exec 8>&-
}

slot_is_free() {
  bulk /predict "$BATS_TEST_TMPDIR/60k.csv"
  [ "$status" = 200 ]
}

@test "memory does not grow with the rows" {
  if sanitized; then skip 'a sanitizer keeps what was freed'; fi
  local few many
  awk 'BEGIN {srand(3); for (i = 0; i < 28; i++) printf "f%d,", i; print "y"
    for (r = 0; r < 300; r++) {for (i = 0; i < 28; i++) printf "%.1f,", rand(); print r % 2}}' >"$BATS_TEST_TMPDIR/t.csv"
  "$FORESTGATE" model train --csv "$BATS_TEST_TMPDIR/t.csv" --target y --trees 5 -o "$BATS_TEST_TMPDIR/wide.fgm" >/dev/null
  cli model publish wide "$BATS_TEST_TMPDIR/wide.fgm" >/dev/null
  yes "$(sed -n 2p "$BATS_TEST_TMPDIR/t.csv" | cut -d, -f1-28)" | head -n 500000 >"$BATS_TEST_TMPDIR/500k.csv"
  head -n 10000 "$BATS_TEST_TMPDIR/500k.csv" >"$BATS_TEST_TMPDIR/10k.csv"
  for _ in 1 2 3 4; do bulk '/models/wide/predict?output=probability' "$BATS_TEST_TMPDIR/10k.csv"; done
  assert_status 200
  few=$(peak)
  bulk '/models/wide/predict?output=probability' "$BATS_TEST_TMPDIR/500k.csv" CONTENT_LENGTH="$(stat -c %s "$BATS_TEST_TMPDIR/500k.csv")"
  assert_status 200
  [ "$(wc -l <"$body_file")" = 500000 ]
  many=$(peak)
  rm "$BATS_TEST_TMPDIR/500k.csv"
  echo "few $few kB, many $many kB" >&2
  [ "$many" -le $((few + 1024)) ]
}

# The most that any worker had in memory, in kB.
peak() {
  local pid
  for pid in $(gate_pids); do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; done | sort -n | tail -n 1
}

@test "nothing of an answer is left in the home but what a key has kept" {
  [ -z "$(find "$G/home/jobs" -type f ! -name "*.kept")" ]
}

# Must be the last: the home is elsewhere afterwards.
@test "a disk that is almost full takes no large body or answer, and others go on" {
  local passed=''
  am_root || skip 'only root can mount'
  gate_stop
  mkdir -p "$G/small"
  mount -t tmpfs -o size=140m,mode=0755 none "$G/small" 2>/dev/null || skip 'mounting is not allowed here'
  cp -a "$G/home" "$G/small/home"
  rm -rf "${G:?}/home"
  ln -s small/home "$G/home"
  if almost_full; then passed=yes; fi
  gate_stop
  umount "$G/small"
  [ "$passed" = yes ]
}

almost_full() {
  gate_start --workers 2 || return 1
  { yes 5.1,3.5,1.4,0.2 | head -n 60000; } >"$BATS_TEST_TMPDIR/60k.csv"
  { printf '{"instances":[[1,2,3,4]' && yes ',[1,2,3,4]' | head -n 30000 | tr -d '\n' && printf ']}'; } >"$BATS_TEST_TMPDIR/json"
  bulk '/predict?output=leaf' "$BATS_TEST_TMPDIR/60k.csv"
  assert_status 200 || return 1
  head -c $(($(df --output=avail -B1 "$G/small" | tail -n 1) - 60000000)) /dev/zero >"$G/small/fill"
  bulk '/predict?output=leaf' "$BATS_TEST_TMPDIR/60k.csv" HTTP_X_REQUEST_ID=no-room
  assert_problem 503 unavailable 'no space left' || return 1
  call POST /predict -k "$KEY" -f "$BATS_TEST_TMPDIR/json"
  assert_problem 503 unavailable 'no space left' || return 1
  predict "$IRIS"
  assert_status 200 || return 1
  cli call stats >/dev/null
  [ "$(call_of no-room)" = '503 0 0' ] || fail "$(call_of no-room)" || return 1
  assert_books
}
