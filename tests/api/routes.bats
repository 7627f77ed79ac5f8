#!/usr/bin/env bats
# tests/api/routes.bats: what each route answers to a caller who does it right.

# shellcheck disable=SC2154,SC2016 # set or read by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  train_regression "$G/price.fgm"
  train_many "$G/kinds.fgm"
  cli model publish price "$G/price.fgm" >/dev/null
  cli model publish kinds "$G/kinds.fgm" >/dev/null
  ONLY_PRICE=$(cli key create --name some --models price 2>/dev/null)
  TWO=$(cli key create --name two --models kinds,price 2>/dev/null)
  export ONLY_PRICE TWO
  gate_start
}
teardown_file() { gate_stop; }

# All rows of a CSV without header, its target left out, as instances.
instances_of() {
  tail -n +2 "$1" | jq -Rsc 'split("\n") | map(select(. != "") | split(",")[:-1] | map(tonumber))
    | {instances: .}'
}

@test "GET / lists every route as JSON, with who may" {
  call GET /
  assert_status 200
  [ "$(header_of content-type)" = application/json ]
  assert_json '.message and .version and
    (["/", "/health", "/docs", "/account", "/ui/{file}", "/auth/token", "/login"] -
      [.routes[] | select(.credential == "none") | .path] == []) and
    all(.routes[] | select(.path | startswith("/admin/"));
      .credential == "key" and .scope == "admin") and
    all(.routes[]; .summary | length > 0)'
}

@test "GET / is a page for a browser, with nothing active in its own text" {
  call GET / HTTP_ACCEPT='text/html,application/xhtml+xml,*/*;q=0.8'
  assert_status 200
  [ "$(header_of content-type)" = 'text/html; charset=utf-8' ]
  [ "$(header_of vary)" = Accept ]
  cmp "$body_file" "$TOP/www/index.html"
}

@test "each page runs and loads what is its own, and is whole below any path" {
  for path in / /account /admin /setup; do
    call GET "$path" HTTP_ACCEPT=text/html
    assert_status 200
    [[ "$(header_of content-security-policy)" == "default-src 'none'; style-src 'self'; script-src 'self';"* ]]
    if grep -nE '<style|<script>|javascript:| on[a-z]+=| style=|https?://|(src|href)="/' "$body_file"; then
      fail "in $path there is something active, or of another place"
    fi
    # What it names is there.
    sed -nE 's/.*(src|href)="(ui\/[^"]*)".*/\2/p' "$body_file" >"$BATS_TEST_TMPDIR/files"
    [ -s "$BATS_TEST_TMPDIR/files" ]
    while read -r file; do
      call GET "/$file"
      assert_status 200
    done <"$BATS_TEST_TMPDIR/files"
  done
}

@test "files of the pages are kept by their entity tag, and moved once" {
  for path in /ui/style.css /ui/api.js /account /; do
    call GET "$path" HTTP_ACCEPT=text/html
    assert_status 200
    [ "$(header_of cache-control)" = no-cache ]
    tag=$(header_of etag)
    [[ "$tag" =~ ^\"[0-9a-f]{16}\"$ ]] || fail "$path: $tag"
    length=$(header_of content-length)
    for known in "$tag" "W/$tag" "\"other\", $tag" '*'; do
      call GET "$path" HTTP_ACCEPT=text/html HTTP_IF_NONE_MATCH="$known"
      assert_status 304
      [ ! -s "$body_file" ]
      [ "$(header_of etag)" = "$tag" ]
    done
    for other in '"0123456789abcdef"' "${tag%?}" '' "${tag//\"/}"; do
      call GET "$path" HTTP_ACCEPT=text/html HTTP_IF_NONE_MATCH="$other"
      assert_status 200
      [ "$(header_of content-length)" = "$length" ]
    done
    call HEAD "$path" HTTP_ACCEPT=text/html
    assert_status 200
    [ ! -s "$body_file" ]
    [ "$(header_of content-length)" = "$length" ]
    [ "$(header_of etag)" = "$tag" ]
    call HEAD "$path" HTTP_ACCEPT=text/html HTTP_IF_NONE_MATCH="$tag"
    assert_status 304
  done
  call GET /ui/style.css
  [ "$(header_of content-type)" = 'text/css; charset=utf-8' ]
  call GET /ui/api.js
  [ "$(header_of content-type)" = 'text/javascript; charset=utf-8' ]
}

@test "/docs is the reference where Swagger UI is not built in, and else that" {
  call GET /redoc
  assert_status 200
  [ "$(header_of content-type)" = 'text/html; charset=utf-8' ]
  cp "$body_file" "$BATS_TEST_TMPDIR/reference"
  call GET /docs
  assert_status 200
  [[ "$(header_of content-security-policy)" == *"script-src 'self';"* ]]
  if grep -q docs/swagger-ui-bundle.js "$body_file"; then
    call GET /docs/swagger-ui-bundle.js
    assert_status 200
  else
    cmp "$body_file" "$BATS_TEST_TMPDIR/reference"
    if grep -q 'href="./docs"' "$body_file"; then fail 'the reference leads to itself'; fi
    call GET /docs/swagger-ui-bundle.js
    assert_problem 404 not_found
  fi
}

@test "what is no file of the pages is not found, whatever it is called" {
  for name in nosuch.js index.html ../index.html %2e%2e style.css/ 'style.css%00' STYLE.CSS "$(printf 'x%.0s' {1..300})"; do
    call GET "/ui/$name"
    assert_problem 404 not_found
  done
  for path in /account.html /index.html /ui /ui/; do
    call GET "$path"
    assert_problem 404 not_found
  done
}

@test "GET / for a program that takes anything is JSON" {
  for accept in '*/*' application/json '' 'text/plain'; do
    call GET / HTTP_ACCEPT="$accept"
    assert_json .routes
  done
}

@test "GET /health says healthy, when, and which version" {
  call GET /health
  assert_status 200
  assert_json '.status == "healthy" and (.timestamp | test("Z$")) and
    (.version | test("^[0-9]+\\.[0-9]+\\.[0-9]+$"))'
  call GET /health/live
  assert_json '.status == "alive"'
  call GET /health/ready
  assert_json '.status == "ready"'
}

@test "/openapi.json is OpenAPI 3.1 and has every route of GET / and no other" {
  call GET /openapi.json
  assert_status 200
  assert_json '.openapi == "3.1.0" and .info.title and .components.schemas.Problem'
  jq -r '.paths | to_entries[] | .key as $path | .value | keys[] | (. | ascii_upcase) + " " + $path' \
    "$body_file" | sort >"$BATS_TEST_TMPDIR/described"
  # Every reference leads somewhere.
  assert_json '. as $all | [.. | objects | .["$ref"]? // empty] | all(.[];
    ltrimstr("#/") | split("/") as $path | $all | getpath($path) != null)'
  call GET /
  jq -r '.routes[] | .method + " " + .path' "$body_file" | sort >"$BATS_TEST_TMPDIR/listed"
  diff "$BATS_TEST_TMPDIR/listed" "$BATS_TEST_TMPDIR/described"
}

@test "every answer has a request id, a time in seconds, and is not to be stored" {
  for path in / /health /nothing /models /openapi.json; do
    call GET "$path"
    [[ "$(header_of x-request-id)" =~ ^[0-9a-f]{32}$ ]] || fail "$path: $(cat "$header")"
    [[ "$(header_of x-process-time)" =~ ^0\.[0-9]{6}$ ]] || fail "$path: $(cat "$header")"
    [ "$(header_of cache-control)" = no-store ]
    [ "$(header_of content-length)" = "$(stat -c %s "$body_file")" ]
  done
}

@test "HEAD is GET without a body, its length told" {
  for path in / /health /nothing; do
    call GET "$path" HTTP_X_REQUEST_ID=same
    length=$(header_of content-length)
    code=$status
    call HEAD "$path" HTTP_X_REQUEST_ID=same
    assert_status "$code"
    [ ! -s "$body_file" ]
    [ "$(header_of content-length)" = "$length" ] || fail "$path: $(cat "$header")"
  done
}

@test "a request id of 1 to 64 letters, digits, dots, dashes and _ is kept" {
  for id in a Z9._- "$(printf 'x%.0s' {1..64})"; do
    call GET /health HTTP_X_REQUEST_ID="$id"
    [ "$(header_of x-request-id)" = "$id" ]
  done
}

@test "any other request id is replaced" {
  for id in '' ' ' 'a b' 'a/b' a%0d 'ä' "$(printf 'x%.0s' {1..65})" $'a\tb' 'a"b' $'a\r\nX-Evil: 1' $'a\nb'; do
    call GET /health HTTP_X_REQUEST_ID="$id"
    if [[ "$id" = *$'\n'* ]]; then assert_problem 400 bad_request control; else assert_status 200; fi
    [[ "$(header_of x-request-id)" =~ ^[0-9a-f]{32}$ ]] || fail "for \"$id\": $(cat "$header")"
    [ -z "$(header_of x-evil)" ]
  done
}

@test "two requests get two ids, whichever worker answers" {
  for _ in {1..20}; do
    call GET /health
    header_of x-request-id
  done >"$BATS_TEST_TMPDIR/ids"
  [ "$(sort -u "$BATS_TEST_TMPDIR/ids" | wc -l)" = 20 ]
}

@test "a prediction by position: class, label, probabilities, model and version" {
  predict "$IRIS"
  assert_status 200
  [ "$(header_of content-type)" = application/json ]
  assert_json '.prediction == 0 and .label == "setosa" and (.probabilities | length == 3) and
    ((.probabilities | add) - 1 | fabs < 1e-9) and .model == "iris" and .version == 1'
}

@test "a prediction by name is the same, in any order of names" {
  predict "$IRIS"
  by_position=$body
  predict '{"features":{"petal_width":0.2,"petal_length":1.4,"sepal_width":3.5,"sepal_length":5.1}}'
  assert_status 200
  [ "$body" = "$by_position" ]
}

@test "many rows of both kinds: one list for each kind of value, in the rows' order" {
  predict '{"instances":[[5.1,3.5,1.4,0.2],{"sepal_length":6.7,"sepal_width":3,"petal_length":5.2,"petal_width":2.3},[6,2.9,4.5,1.5]]}'
  assert_status 200
  assert_json '.predictions == [0,2,1] and .labels == ["setosa","virginica","versicolor"] and
    (.probabilities | length == 3 and all(.[]; length == 3)) and .version == 1'
}

@test "one row as instances is answered as a list" {
  predict '{"instances":[[5.1,3.5,1.4,0.2]]}'
  assert_json '.predictions == [0] and (has("prediction") | not)'
}

@test "the body may name the model, before the rows and after" {
  for body in '{"model":"price","features":[0.5,0.5]}' '{"features":[0.5,0.5],"model":"price"}' \
    '{"instances":[[0.5,0.5]],"model":"price"}' '{"\u006dodel":"pric\u0065","features":[0.5,0.5]}'; do
    predict "$body"
    assert_status 200
    assert_json '.model == "price"'
  done
}

@test "the path may name the model, and the body the same again" {
  call POST /models/price/predict -k "$KEY" -d '{"features":[0.5,0.5]}'
  assert_status 200
  assert_json '.model == "price" and (.prediction | type == "number") and (has("label") | not)'
  call POST /models/price/predict -k "$KEY" -d '{"model":"price","features":[0.5,0.5]}'
  assert_status 200
  call POST /models/price/predict -k "$KEY" -d '{"model":"iris","features":[0.5,0.5]}'
  assert_problem 422 unprocessable_content 'model of this path'
}

@test "numbers in every form that JSON has" {
  for row in '[5,3,1,0]' '[5.10,3.5e0,14E-1,2.0e-1]' '[-0,0.0,-1.5,1e-400]' '[5.1,3.5,1.4,3.4e38]'; do
    predict "{\"features\":$row}"
    assert_status 200
  done
}

@test "white space and member order do not matter" {
  predict $' \t\r\n{ "features" : [ 5.1 , 3.5 ,\n1.4 , 0.2 ] } \n'
  assert_status 200
}

@test "what the API says of every row, forestgate predict says" {
  for model in iris:"$TOP/model/iris.csv" price:"$G/regression.csv" kinds:"$G/many.csv"; do
    name=${model%%:*} csv=${model#*:}
    instances_of "$csv" >"$BATS_TEST_TMPDIR/rows.json"
    call POST "/models/$name/predict" -k "$KEY" -f "$BATS_TEST_TMPDIR/rows.json"
    assert_status 200
    if [ "$name" = price ]; then
      jq -r '.predictions[]' "$body_file" >"$BATS_TEST_TMPDIR/api"
      cli predict --model "$name" --in "$csv" | tail -n +2 >"$BATS_TEST_TMPDIR/cli"
      # The same numbers, however printed.
      paste -d' ' "$BATS_TEST_TMPDIR/api" "$BATS_TEST_TMPDIR/cli" |
        jq -Rne '[inputs | split(" ") | map(tonumber) | .[0] == .[1]] | length > 100 and all'
    else
      jq -r '.labels[]' "$body_file" >"$BATS_TEST_TMPDIR/api"
      cli predict --model "$name" --in "$csv" | tail -n +2 >"$BATS_TEST_TMPDIR/cli"
      diff "$BATS_TEST_TMPDIR/api" "$BATS_TEST_TMPDIR/cli"
      [ "$(wc -l <"$BATS_TEST_TMPDIR/api")" -ge 150 ]
      jq -r '.probabilities[] | map(tostring) | join(",")' "$body_file" >"$BATS_TEST_TMPDIR/api"
      cli predict --model "$name" --in "$csv" --output probability | tail -n +2 |
        jq -R -r 'split(",") | map(tonumber | tostring) | join(",")' >"$BATS_TEST_TMPDIR/cli"
      diff "$BATS_TEST_TMPDIR/api" "$BATS_TEST_TMPDIR/cli"
    fi
  done
}

@test "a model of 250 classes answers 250 probabilities in the order of the classes" {
  call POST /models/kinds/predict -k "$KEY" -d '{"features":[17,0.5]}'
  assert_status 200
  assert_json '(.probabilities | length == 250) and .label == "k" + (("000" + (.prediction | tostring))[-3:])
    and .probabilities[.prediction] == (.probabilities | max)'
}

@test "GET /models lists what is published, the first as the default" {
  call GET /models -k "$KEY"
  assert_status 200
  assert_json '[.models[] | [.name, .version, .default, .state, .task]] ==
    [["iris",1,true,"ready","classify"],["price",1,false,"ready","regress"],["kinds",1,false,"ready","classify"]]'
  assert_json 'all(.models[]; .published_at | test("Z$"))'
}

@test "GET /models/NAME tells features, classes and facts" {
  call GET /models/iris -k "$KEY"
  assert_status 200
  assert_json '.name == "iris" and .version == 1 and .task == "classify" and .trees == 10 and
    ([.features[].name] == ["sepal_length","sepal_width","petal_length","petal_width"]) and
    .classes == ["setosa","versicolor","virginica"] and .training.rows == 150 and
    .training.seed == 42 and (.sha256 | length == 64)'
  call GET /models/price -k "$KEY"
  assert_json '.task == "regress" and (has("classes") | not)'
}

@test "a key for some models is refused the others, and is not shown them" {
  call POST /models/iris/predict -k "$ONLY_PRICE" -d "$IRIS"
  assert_problem 403 forbidden iris
  call GET /models/iris -k "$ONLY_PRICE"
  assert_problem 403 forbidden iris
  call GET /models -k "$ONLY_PRICE"
  assert_json '[.models[].name] == ["price"]'
  call POST /models/price/predict -k "$ONLY_PRICE" -d '{"features":[0.5,0.5]}'
  assert_status 200
  call POST /models/kinds/predict -k "$TWO" -d '{"features":[1,0.5]}'
  assert_status 200
}

@test "a key cannot tell a model that it may not use from one that is not there" {
  for name in iris none; do
    call POST "/models/$name/predict" -k "$ONLY_PRICE" -d "$IRIS"
    assert_problem 403 forbidden "$name"
    call GET "/models/$name" -k "$ONLY_PRICE"
    assert_problem 403 forbidden "$name"
    call POST /predict -k "$ONLY_PRICE" -d "{\"features\":[1],\"model\":\"$name\"}"
    assert_problem 403 forbidden
  done
}

@test "a key without the default model is refused it, also by rows that do not fit" {
  for body in "$IRIS" '{"features":[1]}' '{"features":"x","other":1}' '{"features":[1],"model":"iris"}' '{}'; do
    call POST /predict -k "$ONLY_PRICE" -d "$body"
    assert_problem 403 forbidden iris
    assert_json 'has("errors") | not'
  done
}

@test "a key without the default model may name its own in the body" {
  for body in '{"model":"price","features":[0.5,0.5]}' '{"features":[0.5,0.5],"model":"price"}'; do
    call POST /predict -k "$ONLY_PRICE" -d "$body"
    assert_status 200
    assert_json '.model == "price"'
  done
  call POST /predict -k "$ONLY_PRICE" -d '{"features":[1,2],"model":"kinds"}'
  assert_problem 403 forbidden kinds
}

@test "an unknown model in the path is a 404, in the body a 422" {
  call POST /models/none/predict -k "$KEY" -d "$IRIS"
  assert_problem 404 not_found 'no such model'
  call GET /models/none -k "$KEY"
  assert_problem 404 not_found 'no such model'
  predict '{"features":[1,2,3,4],"model":"none"}'
  assert_problem 422 unprocessable_content none
}

@test "the same, by plain CGI, each request with a process of its own" {
  cgi POST /predict -k "$KEY" -d "$IRIS"
  assert_status 200
  [ "$cgi_status" = 0 ]
  assert_json '.prediction == 0 and .version == 1'
  cgi GET /health/ready
  assert_json '.status == "ready"'
  cgi POST /predict -d "$IRIS"
  assert_problem 401 unauthorized
  cgi GET /nothing
  assert_problem 404 not_found
}

@test "by plain CGI a query is no option of the program" {
  # One without = arrives as arguments (RFC 3875, 4.4).
  for argument in --version --help --workers; do
    run timeout 5 env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REQUEST_URI="/health?$argument" \
      QUERY_STRING="$argument" FORESTGATE_HOME="$G/home" "$WORKER" "$argument" </dev/null
    [[ "$output" == *'"status":"healthy"'* ]] || fail "for ?$argument: $output"
  done
}

@test "under a path of the front's own the routes are the same" {
  call GET /ml/v1/health REQUEST_URI=/ml/v1/health PATH_INFO=/health
  assert_status 200
  call GET / REQUEST_URI=/ml/v1/health PATH_INFO=/predict
  assert_problem 404 not_found
}
