#!/usr/bin/python3
"""tests/lib/triton_client.py HOST:PORT[/PATH] KEY ADMIN, with TRITON_CLIENT in the environment

What a program does with the real HTTP client of Triton (triton-inference-server/client, of
which TRITON_CLIENT is the directory src/python/library).  It needs Debian's python3-numpy,
python3-geventhttpclient, python3-rapidjson and python3-brotli.
"""
import os
import sys

sys.path.insert(0, os.environ["TRITON_CLIENT"])

import numpy  # noqa: E402
import tritonclient.http as triton  # noqa: E402
from tritonclient.utils import InferenceServerException  # noqa: E402

URL, KEY, ADMIN = sys.argv[1:4]
ROWS = numpy.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6, 2.5]], numpy.float32)
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
client = triton.InferenceServerClient(URL)


def by(key=KEY):
    """A dictionary of its own: the client adds headers to it."""
    return {"headers": {"X-API-Key": key}}


def tensor(rows, kind, name="input", binary=True):
    made = triton.InferInput(name, list(rows.shape), kind)
    made.set_data_from_numpy(rows, binary_data=binary)
    return made


def predicted(inputs, **options):
    return client.infer("iris", inputs, **options, **by()).as_numpy("predict").tolist()


def refused(words, ask):
    try:
        ask()
    except InferenceServerException as error:
        assert words in str(error), error
    else:
        raise AssertionError("it was not refused: " + words)


def outputs_check():
    asked = [triton.InferRequestedOutput("predict_proba", binary_data=binary) for binary in (True, False)]
    for output in asked:
        answer = client.infer("iris", [tensor(ROWS, "FP32")], outputs=[output], request_id="7", **by())
        assert answer.get_response()["id"] == "7"
        assert answer.as_numpy("predict_proba").argmax(axis=1).tolist() == [0, 2]
    for binary in (True, False):
        output = triton.InferRequestedOutput("predict_proba", class_count=1, binary_data=binary)
        answer = client.infer("iris", [tensor(ROWS, "FP32")], outputs=[output], **by()).as_numpy("predict_proba")
        labels = [str(text if isinstance(text, str) else text.decode()).split(":")[2] for text in answer[:, 0]]
        assert labels == ["setosa", "virginica"], labels


def inputs_check():
    for binary in (True, False):
        for packing in (None, "gzip", "deflate"):
            assert predicted([tensor(ROWS, "FP32", binary=binary)], request_compression_algorithm=packing,
                             response_compression_algorithm=packing) == [0, 2]
    assert predicted([tensor(ROWS.astype(numpy.float16), "FP16")]) == [0, 2]
    assert predicted([tensor(ROWS.astype(numpy.float64), "FP64")], model_version="1") == [0, 2]
    columns = [tensor(ROWS[:, i:i + 1].astype(numpy.float64), "FP64", name) for i, name in enumerate(NAMES)]
    assert predicted(columns[::-1]) == [0, 2]
    waiting = client.async_infer("iris", [tensor(ROWS, "FP32")], **by())
    assert waiting.get_result().as_numpy("predict").tolist() == [0, 2]


def refusals_check():
    rows = [tensor(ROWS, "FP32")]
    refused("[404] Request for unknown model: 'nosuch' is not found", lambda: client.infer("nosuch", rows, **by()))
    refused("version 99 is not found", lambda: client.infer("iris", rows, model_version="99", **by()))
    refused("[401]", lambda: client.infer("iris", rows))
    refused("[403]", lambda: client.load_model("iris", **by()))
    refused("failed to load 'nosuch'", lambda: client.load_model("nosuch", **by(ADMIN)))
    refused("unexpected inference output 'x'",
            lambda: client.infer("iris", rows, outputs=[triton.InferRequestedOutput("x")], **by()))


assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("iris", **by()) and not client.is_model_ready("nosuch", **by())
assert "statistics" in client.get_server_metadata()["extensions"]
assert client.get_model_metadata("iris", **by())["inputs"][0]["shape"] == [-1, 4]
assert client.get_model_config("iris", **by())["max_batch_size"] > 1
inputs_check()
outputs_check()
refusals_check()
assert client.get_inference_statistics("iris", **by())["model_stats"][0]["inference_count"] > 0
client.unload_model("iris", **by(ADMIN))
assert not client.is_model_ready("iris", **by())
client.load_model("iris", **by(ADMIN))
assert client.is_model_ready("iris", **by())
