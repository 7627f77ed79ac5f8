#!/usr/bin/env bats
# tests/front/clients.bats: clients that people have of other model servers, as they are: boto3's
# sagemaker-runtime, Hugging Face's and Prometheus.  A front's part is the same for all of them: see
# tests/front/each.bash.
# shellcheck disable=SC2154,SC2016 # what lib/front sets; dollars of Grafana

load ../lib/front
load ../lib/npm

setup_file() {
  front_setup lighttpd
  "$BUILD/forestgate" model train "$TOP/model/sentiment.csv" --target sentiment --text text --trees 20 \
    -o "$T/sentiment.fgm" >/dev/null
  cli model publish sentiment "$T/sentiment.fgm" >/dev/null
}
teardown_file() {
  if [ -e "$T/prometheus.pid" ]; then kill "$(<"$T/prometheus.pid")" || :; fi
  front_teardown
}

@test "boto3's sagemaker-runtime predicts without a signature, with the key by an event" {
  /usr/bin/python3 - "$URL" "$KEY" <<'PY'
import json, sys
import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
url, key = sys.argv[1:]
client = boto3.client('sagemaker-runtime', endpoint_url=url, region_name='local',
                      config=Config(signature_version=UNSIGNED, retries={'max_attempts': 0}))
client.meta.events.register('before-sign.sagemaker-runtime.*',
                            lambda request, **_: request.headers.add_header('X-API-Key', key))
def invoke(name, body, **more):
    answer = client.invoke_endpoint(EndpointName=name, Body=body, **more)
    return answer['ContentType'], answer['Body'].read().decode()
rows = {'instances': [[5.1, 3.5, 1.4, 0.2], [6.7, 3, 5.2, 2.3]]}
assert invoke('iris', json.dumps(rows)) == ('application/json', '{"predictions":[0,2]}')
assert invoke('iris', json.dumps(rows), ContentType='application/json', Accept='application/json',
              InferenceId='a-1', CustomAttributes='x=1') == ('application/json', '{"predictions":[0,2]}')
assert invoke('iris', '5.1,3.5,1.4,0.2\n6.7,3,5.2,2.3\n', ContentType='text/csv',
              Accept='text/csv') == ('text/csv; charset=utf-8', '0\n2\n')
for name, body, want in [('iris', '{"instances":[[1]]}', 422), ('nosuch', '{}', 404)]:
    try:
        invoke(name, body)
        sys.exit('%s was answered' % name)
    except ClientError as error:
        assert error.response['ResponseMetadata']['HTTPStatusCode'] == want, error
        assert len(error.response['Error']['Message']) > 20, error.response
key = 'fg_none'
try:
    invoke('iris', json.dumps(rows))
    sys.exit('a wrong key was answered')
except ClientError as error:
    assert error.response['ResponseMetadata']['HTTPStatusCode'] == 401
PY
}

@test "Hugging Face's client reads tables and texts, and tells what was wrong" {
  npm_needed @huggingface/inference
  node_needed 18
  # Where the package is found, and nothing is written.
  cat >"$T/hf.mjs" <<'MJS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
const [packages, url, key] = process.argv.slice(2);
const { tabularClassification, tabularRegression, textClassification } =
  createRequire(packages + '/')('@huggingface/inference');
const ask = (name) => ({ endpointUrl: `${url}/hf/models/${name}`, accessToken: key });
const once = { retry_on_error: false };
const data = { petal_width: ['0.2', '2.3'], petal_length: ['1.4', '5.2'], sepal_length: ['5.1', '6.7'],
  sepal_width: ['3.5', '3'] };
assert.deepEqual(await tabularClassification({ ...ask('iris'), inputs: { data } }, once), [0, 2]);
assert.deepEqual(await tabularRegression({ ...ask('iris'), inputs: { data } }, once), [0, 2]);
const [best, other] = await textClassification(
  { ...ask('sentiment'), inputs: 'What an awful day, I am so sad.' }, once);
assert.equal(best.label, 'negative');
assert.ok(best.score > other.score);
await assert.rejects(tabularClassification({ ...ask('iris'), inputs: { data: { petal_width: ['red'] } } }, once),
  (error) => /petal_width\[0\]: a string where a number is needed/.test(error.message) &&
    error.httpResponse.status === 422 && error.httpResponse.requestId !== '');
await assert.rejects(tabularClassification({ ...ask('iris'), accessToken: 'fg_none', inputs: { data } }, once),
  (error) => error.httpResponse.status === 401 && /missing or not valid/.test(error.message));
MJS
  node "$T/hf.mjs" "$NPM" "$URL" "$KEY"
}

# Prometheus, which is to read what there is to see a few times.
prometheus_start() {
  PROMETHEUS_PORT=$(port_free)
  cli key create --name prometheus --scopes metrics 2>/dev/null >"$T/metrics.key"
  cat >"$T/prometheus.yml" <<YML
global: {scrape_interval: 500ms}
scrape_configs:
  - job_name: forestgate
    authorization: {credentials_file: $T/metrics.key}
    static_configs: [{targets: ['${URL#http://}']}]
YML
  prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/prometheus" --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" \
    --log.level=warn >"$T/prometheus.log" 2>&1 </dev/null 3>&- 4>&- &
  echo $! >"$T/prometheus.pid"
}

asked_of_prometheus() {
  curl -sS --max-time 10 -G --data-urlencode "query=$1" "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query"
}

scraped_often() {
  asked_of_prometheus 'min_over_time(up[1m]) == 1 and count_over_time(up[1m]) >= 3' 2>/dev/null | jq '.data.result | length' | grep -qx 1
}

@test "Prometheus reads the metrics with a key, and each query of the dashboard has an answer" {
  local query answer
  # A job, and a refusal of each of the kinds that are easily had.
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /predict
  ask -H "X-API-Key: $KEY" -H "$JSON" -d "$FEATURES" /jobs
  assert_status 202
  cli work --drain >/dev/null 2>&1
  ask -H 'X-API-Key: fg_none' /models
  prometheus_start
  wait_for 200 scraped_often || { cat "$T/prometheus.log" && asked_of_prometheus up && false; } >&2
  while read -r query; do
    answer=$(asked_of_prometheus "$query")
    jq -e '.status == "success" and (.data.result | length > 0)' <<<"$answer" >/dev/null || { echo "$query: $answer" >&2 && touch "$T/no.answer"; }
  done < <(jq -r '.panels[].targets[]?.expr' "$TOP/etc/grafana/forestgate.json" | sed 's/\$__rate_interval/5m/g; s/\$model/.*/g')
  [ ! -e "$T/no.answer" ]
}
