#!/usr/bin/python3
"""tests/lib/oip.py: the vectors of the Open Inference Protocol (tests/vectors/oip).

  oip.py split DIRECTORY              writes N.request for each vector; prints N, its model
  oip.py check DIRECTORY              compares N.status and N.answer with the vectors
  oip.py binary TYPE SHAPE [OPTION...] <NUMBERS    a request with one binary tensor on standard
                                      output; its JSON's length on standard error.  Options:
                                      output=NAME[:json|:classes=N], cut=BYTES, more=BYTES
  oip.py numbers FILE JSON_LENGTH     the tensors of a binary answer, each on a line
  oip.py replay URL KEY ADMIN [NAME=STATUS...]   what Triton's client sends, byte for byte, to a
                                      front; NAME is one that is answered so, and not by 200
"""
import base64
import json
import os
import re
import socket
import struct
import sys

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/oip")
FORMS = {"BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h",
         "INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d"}


def vectors(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as file:
        return json.load(file)


def split(directory):
    for n, vector in enumerate(vectors("infer.json")):
        with open("%s/%d.request" % (directory, n), "w", encoding="utf-8") as out:
            json.dump(vector["request"], out)
        print(n, vector["model"])


def differs(vector, status, answer):
    """What is wrong with an answer, or None."""
    if status != str(vector["status"]):
        return "status %s and not %d" % (status, vector["status"])
    if "error" in vector:
        for member in ("error", "detail"):
            if not re.search(vector["error"], answer.get(member, "")):
                return "its %s is no %s" % (member, vector["error"])
        if vector["status"] == 422 and not answer.get("errors"):
            return "it has no errors"
        return None
    for member, wanted in (vector["answer"] or {}).items():
        if answer.get(member) != wanted:
            return "its %s is not %s" % (member, json.dumps(wanted))
    return None


def check(directory):
    wrong = 0
    for n, vector in enumerate(vectors("infer.json")):
        with open("%s/%d.status" % (directory, n), encoding="utf-8") as file:
            status = file.read().strip()
        with open("%s/%d.answer" % (directory, n), encoding="utf-8") as file:
            answer = json.load(file)
        problem = differs(vector, status, answer)
        if problem:
            wrong += 1
            print("%s: %s: %s" % (vector["name"], problem, json.dumps(answer)[:400]), file=sys.stderr)
    sys.exit(1 if wrong else 0)


def packed(kind, words):
    if kind == "BYTES":
        texts = [word.encode() for word in words]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    number = float if kind.startswith("FP") else int
    return struct.pack("<%d%s" % (len(words), FORMS[kind]), *map(number, words))


def binary(kind, shape, options):
    words = sys.stdin.read().split("\n" if kind == "BYTES" else None)
    data = packed(kind, [word for word in words if word])
    request = {"inputs": [{"name": "input", "datatype": kind, "shape": json.loads(shape),
                           "parameters": {"binary_data_size": len(data)}}]}
    for option in options:
        name, value = option.split("=", 1)
        if name == "cut":
            data = data[:-int(value)]
        elif name == "more":
            data += b"x" * int(value)
        else:
            output, _, form = value.partition(":")
            parameters = {"binary_data": form != "json"}
            if form.startswith("classes="):
                parameters["classification"] = int(form[8:])
            request.setdefault("outputs", []).append({"name": output, "parameters": parameters})
    if "outputs" not in request:
        request["parameters"] = {"binary_data_output": True}
    head = json.dumps(request).encode()
    sys.stdout.buffer.write(head + data)
    print(len(head), file=sys.stderr)


def tensors(body, length):
    """The outputs of an answer, with their elements, of whatever form."""
    head, at = json.loads(body[:length]), length
    for output in head["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is not None:
            data, at = body[at:at + size], at + size
            output["data"] = []
            if output["datatype"] == "BYTES":
                while data:
                    n = struct.unpack("<I", data[:4])[0]
                    output["data"].append(data[4:4 + n].decode())
                    data = data[4 + n:]
            else:
                form = FORMS[output["datatype"]]
                output["data"] = list(struct.unpack("<%d%s" % (size // struct.calcsize(form), form), data))
        count = 1
        for dimension in output["shape"]:
            count *= dimension
        assert count == len(output["data"]), output
    assert at == len(body), "%d bytes behind the tensors" % (len(body) - at)
    return head["outputs"]


def numbers(name, length):
    with open(name, "rb") as file:
        for output in tensors(file.read(), int(length)):
            print(output["name"], output["datatype"], json.dumps(output["data"]))


def answer_read(stream):
    status = int(stream.readline().split()[1])
    headers = {}
    for line in stream:
        if line == b"\r\n":
            break
        name, value = line.decode("latin-1").rstrip("\r\n").split(":", 1)
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers.get("content-length", "0")))


def replay(url, key, admin, others):
    host, port, prefix = re.fullmatch(r"http://([^:/]+):(\d+)(/.*)?", url).groups()
    expected = dict(other.rsplit("=", 1) for other in others)
    wrong = 0
    for ask in vectors("tritonclient.json"):
        body = base64.b64decode(ask["body"])
        secret = admin if ask["name"] in ("index", "load", "unload") else key
        lines = ["%s %s%s HTTP/1.1" % (ask["method"], prefix or "", ask["path"])]
        for name, value in ask["headers"]:
            lines.append("%s: %s" % (name, {"HOST": host, "KEY": secret}.get(value, value)))
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall("\r\n".join(lines + ["", ""]).encode() + body)
            status, headers, answer = answer_read(connection.makefile("rb"))
        if str(status) != expected.get(ask["name"], "200"):
            wrong += 1
            print("%s: %d %r" % (ask["name"], status, answer[:300]), file=sys.stderr)
        elif status == 200 and ask["name"].startswith("infer"):
            outputs = tensors(answer, int(headers.get("inference-header-content-length", len(answer))))
            predicted = [output["data"] for output in outputs if output["name"] == "predict"]
            if "INT64" in ask["name"] or "BOOL" in ask["name"] or "classification" in ask["name"]:
                predicted = [output["data"] for output in outputs if len(output["data"]) in (2, 4)]
            elif predicted != [[0, 2]]:
                predicted = []
            if not predicted:
                wrong += 1
                print("%s: %r" % (ask["name"], outputs), file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    VERB, *ARGUMENTS = sys.argv[1:]
    if VERB in ("split", "check"):
        {"split": split, "check": check}[VERB](*ARGUMENTS)
    elif VERB == "binary":
        binary(ARGUMENTS[0], ARGUMENTS[1], ARGUMENTS[2:])
    elif VERB == "numbers":
        numbers(*ARGUMENTS)
    elif VERB == "replay":
        replay(*ARGUMENTS[:3], ARGUMENTS[3:])
    else:
        sys.exit(__doc__)
