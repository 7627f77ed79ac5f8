#!/usr/bin/python3
"""Makes output_expected.inc: what the libraries make of margins.

    /usr/bin/python3 tests/unit/output_expected.py >tests/unit/output_expected.inc

Needs Debian's python3-sklearn and python3-xgboost.  XGBoost is asked through a model
without trees, whose margin is the base margin that it is given; scikit-learn through its
loss functions.  LightGBM, Treelite and ONNX Runtime are not in Debian: theirs are written
here once more, from their formulas, in numpy's float32 and Python's float64 and the C
library's own functions.

On processors with AVX-512 numpy has an exp, a log and a power of its own, which differ from
the C library's by a unit in the last place now and then; elsewhere it calls the C library's.
It is asked to do so here too: then scikit-learn's answers and ours are equal.
"""
import ctypes
import math
import os

os.environ["NPY_DISABLE_CPU_FEATURES"] = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"

import numpy as np
import xgboost as xgb
from sklearn._loss.loss import HalfMultinomialLoss
from sklearn.ensemble import _gb_losses

libm = ctypes.CDLL("libm.so.6")
for name in ("expf", "logf", "sqrtf"):
    getattr(libm, name).restype = ctypes.c_float
    getattr(libm, name).argtypes = [ctypes.c_float]
f32 = np.float32
rng = np.random.default_rng(7)

SINGLE = [0.0, -0.0, 1.0, -1.0, 0.1, -0.1, 3.5, -3.5, 20.0, -20.0, 87.5, -87.5, 88.8, -88.8, 110.0, -110.0,
          1e-7, -1e-8, 0.49999997, 0.5, 700.0, -700.0] + [float(f32(x)) for x in rng.normal(0, 3, 18)]


def expf(x):
    return f32(libm.expf(float(x)))


def number(x):
    """A C literal of exactly that number, as short as can be."""
    x = float(x)
    if math.isinf(x):
        return "-INFINITY" if x < 0 else "INFINITY"
    return min(repr(x), x.hex(), key=len)


def row(transform, parameter, margins, expected, ulps, f32_sum=0):
    margins, expected = ([number(x) for x in numbers] for numbers in (margins, expected))
    print(f"{{SPEC_{transform},{number(parameter)},{len(margins)},{len(expected)},{f32_sum},{ulps},"
          f"{{{','.join(margins)}}},{{{','.join(expected)}}}}},")


def classes(k, n=6):
    rows = [np.zeros(k), np.arange(k) * 10.0, np.linspace(-200, 200, k)]
    rows += [rng.normal(0, 2, k) for _ in range(n)]
    return [np.asarray(r, dtype=np.float32).astype(float) for r in rows]


def xgb_predict(objective, margins, num_class=0):
    """What XGBoost makes of margins, and of nothing else."""
    margins = np.asarray(margins, dtype=np.float32)
    y = np.arange(len(margins)) % max(num_class, 2)
    params = {"objective": objective, "base_score": 0.5, "nthread": 1}
    if num_class:
        params["num_class"] = num_class
    data = xgb.DMatrix(np.zeros((len(margins), 1)), label=y)
    data.set_base_margin(margins)
    booster = xgb.train(params, data, 0)
    assert np.array_equal(booster.predict(data, output_margin=True).ravel(), margins.ravel())
    return booster.predict(data)


def xgboost():
    p = xgb_predict("binary:logistic", SINGLE)
    for x, one in zip(SINGLE, p):
        row("SIGMOID_F32", 1, [f32(x)], [f32(1) - one, one], 0, 1)
        row("COMPLEMENT_F32", 1, [one], [f32(1) - one, one], 0, 1)
    for x, one in zip(SINGLE, xgb_predict("binary:hinge", SINGLE)):
        row("HINGE", 1, [f32(x)], [1 - one, one], 0, 1)
    small = [x for x in SINGLE if abs(x) < 88]
    for x, one in zip(small, xgb_predict("count:poisson", small)):
        row("EXP_F32", 1, [f32(x)], [one], 0, 1)
    for k in (3, 7, 13):
        margins = classes(k)
        for x, p in zip(margins, xgb_predict("multi:softprob", margins, k)):
            row("SOFTMAX_F32", 1, x, p, 0, 1)


def sklearn():
    binomial, exponential = _gb_losses.BinomialDeviance(2), _gb_losses.ExponentialLoss(2)
    for x in SINGLE:
        raw = np.array([[x]])
        row("SIGMOID_F64", 1, [x], binomial._raw_prediction_to_proba(raw)[0], 0)
        row("SIGMOID_F64", 2, [x], exponential._raw_prediction_to_proba(raw)[0], 0)
        row("ISOLATION", 7.25, [abs(x)], -(2 ** -np.divide([abs(x)], 7.25)), 0)
    row("ISOLATION", 0, [0.0], [-0.5], 0)
    for k in (3, 7, 8, 13, 150):
        multinomial = _gb_losses.MultinomialDeviance(k)
        for x in classes(k, 3)[-4 if k < 100 else -1 :]:
            raw = x.reshape(1, -1)
            row("SOFTMAX_NUMPY", 1, x, HalfMultinomialLoss(n_classes=k).predict_proba(raw)[0], 0)
            row("LOGSUMEXP_F64", 1, x, multinomial._raw_prediction_to_proba(raw)[0], 0)


def lightgbm():
    def sigmoid(a, x):
        try:
            return 1.0 / (1.0 + math.exp(-a * x))
        except OverflowError:
            return 0.0

    for x in SINGLE:
        p = sigmoid(0.7, x)
        row("SIGMOID_F64", 0.7, [x], [1 - p, p], 0)
        row("COMPLEMENT_F64", 1, [p], [1 - p, p], 0)
        row("SIGNED_SQUARE", 1, [x], [math.copysign(x * x, x) if x else 0.0], 0)
        if x < 700:
            row("EXP_F64", 1, [x], [math.exp(x)], 0)
            row("LOG1P_EXP", 1, [x], [math.log1p(math.exp(x))], 0)
    for x in classes(4):
        row("SIGMOIDS_F64", 1.5, x, [sigmoid(1.5, v) for v in x], 0)
    for k in (3, 13):
        for x in classes(k, 3):
            e = [math.exp(v - max(x)) for v in x]
            s = 0.0
            for v in e:
                s += v
            row("SOFTMAX_F64", 1, x, [v / s for v in e], 0)


def treelite():
    a = f32(1.5)
    for x in SINGLE:
        p = f32(1) / (f32(1) + expf(-a * f32(x)))
        row("SIGMOID_PLAIN_F32", 1.5, [f32(x)], [f32(1) - p, p], 0, 1)
        row("EXP2_F64", 7.25, [abs(x)], [2.0 ** (-abs(x) / 7.25)], 1)
    for x in classes(3):
        row("SIGMOIDS_PLAIN_F32", 1.5, x, [f32(1) / (f32(1) + expf(-a * f32(v))) for v in x], 0, 1)
        most = float(f32(max(x)))
        t = [f32(math.exp(v - most)) for v in x]
        s = f32(sum(float(v) for v in t))
        row("SOFTMAX_TREELITE", 1, x, [float(v) / float(s) for v in t], 0)


def onnx():
    def logistic(x):
        v = f32(1) / (f32(1) + expf(-abs(x)))
        return f32(1) - v if x < 0 else v

    def probit(p):
        x = f32(2) * p - f32(1)
        sign = f32(-1) if x < 0 else f32(1)
        log = f32(libm.logf(float((f32(1) - x) * (f32(1) + x))))
        pi = f32(3.14159) * f32(0.147)
        v = f32(2) / pi + f32(0.5) * log
        v2 = f32(1) / f32(0.147) * log
        v3 = -v + np.sqrt(v * v - v2)
        return f32(1.41421356) * (sign * np.sqrt(v3))

    for x in SINGLE:
        row("LOGISTIC_ONNX", 1, [f32(x)], [logistic(f32(-x)), logistic(f32(x))], 0, 1)
    for p in (0.5, 0.25, 0.75, 0.001, 0.999, 0.3):
        row("PROBIT_ONNX", 1, [f32(p)], [probit(f32(p))], 0, 1)
    rows = classes(5) + [np.array([0.0, 1.5, -2.0, 5e-8, -5e-8]).astype(np.float32).astype(float)]
    for x in rows:
        x = [f32(v) for v in x]
        most = max(x)
        soft, zero = [expf(v - most) for v in x], []
        total, total_zero, smaller = f32(0), f32(0), expf(-most)
        for v in soft:
            total += v
        for v in x:
            if v > f32(0.0000001) or v < f32(-0.0000001):
                zero.append(expf(v - most))
                total_zero += zero[-1]
            else:
                zero.append(v * smaller)
        row("SOFTMAX_ONNX", 1, x, [v / total for v in soft], 0, 1)
        if total_zero:  # else 0 / 0
            row("SOFTMAX_ZERO_ONNX", 1, x, [v / total_zero for v in zero], 0, 1)


print("/* Made by output_expected.py: transform, parameter, margins, answers, whether the sum\n"
      " * is of float32, how many units in the last place they may differ. */")
np.seterr(all="ignore")
xgboost()
sklearn()
lightgbm()
treelite()
onnx()
