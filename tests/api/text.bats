#!/usr/bin/env bats
# tests/api/text.bats: texts in predictions: what is refused, which model is asked, what
# is answered.

# shellcheck disable=SC2154,SC2016 # set by lib/api; dollars of jq
load ../lib/api

setup_file() {
  gate_home
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 50 \
    -o "$G/sentiment.fgm" >/dev/null
  gate_start
}
teardown_file() { gate_stop; }

GOOD='{"text":"What a lovely day, I am so happy!"}'
BAD='{"text":"What an awful day, I am so sad."}'

# unfit FIELD PROBLEM BODY [MODEL]: 422 with that field and problem (regular expressions)
unfit() {
  if [ $# = 4 ]; then call POST "/models/$4/predict" -k "$KEY" -d "$3"; else predict "$3"; fi
  assert_problem 422 unprocessable_content "$2" || fail "for the body: ${3:0:200}"
  assert_json --arg field "$1" --arg problem "$2" \
    '.errors | any(.[]; (.field | test($field)) and (.problem | test($problem)) and (.allowed | length > 0))' ||
    fail "for the body: ${3:0:200}"
}

# letters N: a text of so many
letters() { printf 'x%.0s' $(seq "$1"); }

@test "a text where no model takes texts is refused, and features are still answered" {
  predict "$GOOD"
  assert_problem 503 unavailable 'takes texts'
  unfit '^instances\[0\]$' 'a string where a row' '{"instances":["good and fine"]}'
  unfit '^text$' 'takes features, not a text' "$GOOD" iris
  unfit '^text$' 'takes features, not a text' '{"model":"iris","text":"a text of words"}'
  unfit '^text$' 'takes features, not a text' '{"text":"a text of words","model":"iris"}'
  predict "$IRIS"
  assert_json '.label == "setosa"'
}

@test "the text model is published and listed as one that takes texts" {
  cli model publish sentiment "$G/sentiment.fgm"
  call GET /models/sentiment -k "$KEY"
  assert_json '.input == "text" and .default and .classes == ["negative","positive"]'
  call GET /models/iris -k "$KEY"
  assert_json '.input == "features" and .default'
}

@test "a text goes to the text model, features to the other, whatever the order of members" {
  predict "$GOOD"
  assert_json '.label == "positive" and .prediction == 1 and .model == "sentiment" and .version == 1
    and .score == .probabilities[1] and .score > 0.5 and (.probabilities | add) > 0.999999'
  predict "$BAD"
  assert_json '.label == "negative" and .prediction == 0 and .score == .probabilities[0]'
  predict "$IRIS"
  assert_json '.label == "setosa" and .model == "iris" and (has("score") | not)'
  for body in '{"model":"sentiment","text":"I love it so much"}' '{"text":"I love it so much","model":"sentiment"}'; do
    predict "$body"
    assert_json '.label == "positive" and .model == "sentiment"'
  done
  call POST /models/sentiment/predict -k "$KEY" -d "$BAD"
  assert_json '.label == "negative"'
}

@test "many texts are answered in their order, as strings and as objects" {
  for body in '{"instances":["It was a terrible mess.","I love this wonderful place."]}' \
    '{"instances":[{"text":"It was a terrible mess."},{"text":"I love this wonderful place."}]}' \
    '{"instances":["It was a terrible mess.",{"text":"I love this wonderful place."}],"model":"sentiment"}'; do
    predict "$body"
    assert_json '.labels == ["negative","positive"] and .predictions == [0,1] and .model == "sentiment"
      and .scores == [.probabilities[0][0], .probabilities[1][1]]' || fail "for $body"
  done
  predict '{"instances":["It was a terrible mess."]}'
  assert_json '.labels == ["negative"]'
}

@test "a text is 10 to 5000 characters, not bytes, without the space around it" {
  unfit '^text$' '9 characters' '{"text":"123456789"}'
  unfit '^text$' '9 characters' '{"text":" \n\t  123456789 \u00a0  "}'
  unfit '^text$' '0 characters' '{"text":""}'
  unfit '^text$' '0 characters' '{"text":"                  "}'
  unfit '^text$' '1 character ' '{"text":"x"}'
  unfit '^text$' '5001 characters' "{\"text\":\"$(letters 5001)\"}"
  unfit '^text$' '9 characters' '{"text":"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00a"}'
  for body in '{"text":"1234567890"}' "{\"text\":\"  $(letters 5000)  \"}" '{"text":"üüüüüüüüüü"}'; do
    predict "$body"
    assert_json 'has("label")' || fail "for ${body:0:100}"
  done
}

@test "a text without a letter or digit is refused" {
  unfit '^text$' 'no letter and no digit' '{"text":"!!!!!!!!!!!!!!"}'
  unfit '^text$' 'no letter and no digit' '{"text":"...... ?????? ......"}'
  unfit '^instances\[1\]$' 'no letter' '{"instances":["good and fine","------------"]}'
}

@test "what is no text is refused, with the place" {
  unfit '^text$' 'a number where a text' '{"text":12345678901}'
  unfit '^text$' 'null where a text' '{"text":null}'
  unfit '^text$' 'an array where a text' '{"text":["a text of words"]}'
  unfit '^text$' 'an object where a text' '{"text":{"text":"a text of words"}}'
  unfit '^instances\[1\]\.text$' 'a number where' '{"instances":["good and fine",{"text":7}]}'
  unfit '^instances\[0\]$' 'another member' '{"instances":[{"text":"good and fine","a":1}]}'
  unfit '^instances\[0\]\.text$' 'missing' '{"model":"sentiment","instances":[{}]}'
  unfit '^instances$' 'empty' '{"model":"sentiment","instances":[]}'
}

@test "a text and features together, or with instances, are refused" {
  unfit '^text$' 'there already' '{"features":[5.1,3.5,1.4,0.2],"text":"good and fine"}'
  unfit '^text$' 'there already' '{"text":"good and fine","features":[5.1,3.5,1.4,0.2]}'
  unfit '^instances$' 'there already' '{"text":"good and fine","instances":["good and fine"]}'
}

@test "features for a text model are refused, and a text for a model of features" {
  unfit '^features$' 'takes a text' "$IRIS" sentiment
  unfit '^features$' 'takes a text' '{"model":"sentiment","features":[1,2]}'
  unfit '^instances\[0\]$' 'takes a text' '{"model":"sentiment","instances":[[5.1,3.5,1.4,0.2]]}'
  unfit '^text$' 'it is missing' '{"model":"sentiment"}'
  unfit '^text$' 'takes features' "$GOOD" iris
  unfit '^instances\[0\]$' 'a string where a row' '{"model":"iris","instances":["good and fine"]}'
  unfit '^instances\[0\]\.text$' 'no such feature' '{"model":"iris","instances":[{"text":"good and fine"}]}'
}

@test "text that is no UTF-8 or comes twice is a 400" {
  predict "$(printf '{"text":"good \xff\xfe and fine"}')"
  assert_problem 400 bad_request JSON
  predict '{"text":"good and fine","text":"good and fine"}'
  assert_problem 400 bad_request JSON
}

@test "a key for the text model alone asks it without its name, and no other" {
  only=$(cli key create --name only --tier test --models sentiment 2>/dev/null)
  call POST /predict -k "$only" -d "$GOOD"
  assert_json '.label == "positive"'
  call POST /predict -k "$only" -d '{"instances":["I love this wonderful place."]}'
  assert_json '.labels == ["positive"]'
  call POST /predict -k "$only" -d "$IRIS"
  assert_problem 403 forbidden ''
  other=$(cli key create --name other --tier test --models iris 2>/dev/null)
  call POST /predict -k "$other" -d "$GOOD"
  assert_problem 403 forbidden ''
}

# Bodies of which each is judged by Debian's python3-jsonschema and by POST.
@test "the JSON Schema of a text model takes what is taken, and nothing else" {
  call GET /models/sentiment -k "$KEY"
  jq .schema "$body_file" >"$BATS_TEST_TMPDIR/schema"
  printf '%s\n' '{}' '[]' "$IRIS" "$GOOD" '{"text":"123456789"}' '{"text":"1234567890"}' '{"text":"  123456789  "}' \
    "{\"text\":\"$(letters 5000)   \"}" "{\"text\":\"$(letters 5001)\"}" '{"text":7}' '{"text":null}' '{"instances":[]}' \
    '{"instances":["good and fine"]}' '{"instances":[{"text":"good and fine"}]}' '{"instances":[{"text":"good"}]}' \
    '{"instances":[[1,2]]}' '{"instances":[{"text":"good and fine","a":1}]}' '{"instances":[{}]}' \
    '{"text":"good and fine","instances":["good and fine"]}' '{"text":"good and fine","model":"sentiment"}' \
    '{"text":"good and fine","model":"iris"}' '{"text":"good and fine","outputs":["margin"]}' >"$BATS_TEST_TMPDIR/bodies"
  /usr/bin/python3 -c '
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
for line in open(sys.argv[2]):
    print(Draft202012Validator(schema).is_valid(json.loads(line)))' \
    "$BATS_TEST_TMPDIR/schema" "$BATS_TEST_TMPDIR/bodies" >"$BATS_TEST_TMPDIR/verdicts"
  while read -r verdict <&3 && IFS= read -r one <&4; do
    call POST /models/sentiment/predict -k "$KEY" -d "$one"
    case $verdict$status in
      True200 | False4??) ;;
      *) fail "the schema says $verdict, POST $status: ${one:0:200}" ;;
    esac
  done 3<"$BATS_TEST_TMPDIR/verdicts" 4<"$BATS_TEST_TMPDIR/bodies"
  grep -q True "$BATS_TEST_TMPDIR/verdicts"
}

@test "a text is explained by what the forest sees of it" {
  call POST /models/sentiment/explain -k "$KEY" -d "$GOOD"
  assert_status 200
  call POST /models/sentiment/explain -k "$KEY" -d '{"text":"short"}'
  assert_problem 422 unprocessable_content '5 characters'
}

@test "the setting default_text_model chooses" {
  cli model publish mood "$G/sentiment.fgm"
  gate_stop
  echo 'default_text_model = sentiment' >>"$G/home/forestgate.conf"
  gate_start
  predict "$GOOD"
  assert_json '.model == "sentiment"'
  gate_stop
  sed -i 's/^default_text_model.*/default_text_model = gone/' "$G/home/forestgate.conf"
  gate_start
  predict "$GOOD"
  assert_problem 503 unavailable 'gone'
  gate_stop
  sed -i '/^default_text_model/d' "$G/home/forestgate.conf"
  gate_start
}

@test "a text model may have a canary with words of its own, and no shadow" {
  "$FORESTGATE" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 20 --seed 7 \
    -o "$G/other.fgm" >/dev/null
  run cli model publish sentiment "$G/other.fgm" --shadow
  [ "$status" = 1 ]
  [[ "$output" == *'words of its own'* ]] || fail "$output"
  run cli model publish sentiment "$G/iris.fgm" --canary 50%
  [ "$status" = 1 ]
  cli model publish sentiment "$G/other.fgm" --canary 99%
  for _ in {1..20}; do
    predict '{"model":"sentiment","text":"I love this wonderful place."}'
    assert_json '.label == "positive"'
  done
  cli model rollback sentiment
}
