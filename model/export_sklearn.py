#!/usr/bin/python3
"""Writes a trained scikit-learn forest as a file that `forestgate model import` reads.

    python3 export_sklearn.py MODEL.joblib -o FILE.fgs [--features a,b,c]

or, beside the training:

    import export_sklearn
    export_sklearn.export(model, "FILE.fgs", feature_names=["age", "surface"])

This runs where the model was trained, with the scikit-learn that trained it (1.0 to
1.7), because only that may read its pickle; Forestgate itself never reads one.  A pickle
can run any program: open none that you would not run.

What it takes: DecisionTree, ExtraTree, RandomForest, ExtraTrees, GradientBoosting and
HistGradientBoosting, each as Classifier and Regressor, and IsolationForest; also a
Pipeline that has nothing but one of them.  Anything else is refused by its name.

The file
--------
All numbers are little-endian, floats are IEEE 754 as they are in the model, so nothing is
rounded.  It has, one behind the other:

    8 bytes    89 46 47 53 0d 0a 1a 0a  ("\\x89FGS\\r\\n\\x1a\\n")
    u32        the version of the format, 1
    u32        the length of the head
    bytes      the head: JSON, see below
    trees      as many as the head says, each:
                   u32 nodes, u32 leaves, u32 sets, u32 width, u32 output
                   nodes, 40 bytes each:
                       f64 threshold, f64 cover,
                       u32 feature, u32 left, u32 right, u32 leaf, u32 set, u32 nan_left
                   leaves: f64 x width each
                   sets: u32 words, then u32 x words each
    32 bytes   SHA-256 of all bytes before

Node 0 is the root; left and right are 0 in a leaf, whose row of numbers is `leaf`.  A
value goes left where it is <= threshold, or, where `set` is not 0, where it is in the set
of the number set - 1: category 32 w + b is in it if bit b of word w is set; values below 0
or past the last word are in no set.  A missing value (NaN) goes left where nan_left is 1.
Leaves of width 1 add to the one `output` alone, others to all outputs.

The head is an object with these members, in any order:

    source      what it was: "scikit-learn 1.2.1 RandomForestClassifier"
    task        "classify", "regress", "anomaly"
    compare     "f32": values are rounded to float32 first (thresholds are float32), "f64"
    fold        "sum": base + tree + tree ...; "mean": that, divided by divisor; in float64
    divisor     a number; 1 for a sum
    transform   "identity", "fractions", "sigmoid" (of parameter * x), "softmax",
                "logsumexp", "exp", "isolation" (-2^(-x / parameter))
    parameter   a number
    label       "argmax" (of the probabilities), "margin_argmax", "margin_above" (the second
                class where the margin > cut), "margin_from" (where it is >= cut; of an
                anomaly the inlier, where the score is)
    cut         a number
    base        a list of as many numbers as there are outputs
    features    a list of {"name", "missing": whether NaN is allowed, "importance",
                "type": "real", "integer" or "category", "values": names of category 0, 1 ...}
    targets     a list of {"name": or null, "classes": a list of labels, or [] for a value}
    trees       how many trees follow
    facts       {"trees", "max_depth", "min_samples_leaf", "max_features", "seed", "rows"}:
                whole numbers, each of which may be left out
"""
import argparse
import hashlib
import json
import os
import struct
import sys
import warnings

import numpy as np

MAGIC = b"\x89FGS\r\n\x1a\n"
VERSION = 1

NODE = np.dtype(
    [
        ("threshold", "<f8"),
        ("cover", "<f8"),
        ("feature", "<u4"),
        ("left", "<u4"),
        ("right", "<u4"),
        ("leaf", "<u4"),
        ("set", "<u4"),
        ("nan_left", "<u4"),
    ]
)


class Refused(ValueError):
    """The model holds something that cannot be translated exactly."""


class Tree:
    """One tree as it is written: nodes (NODE), leaves (n x width), sets of words."""

    def __init__(self, nodes, leaves, sets=(), output=0):
        self.nodes = nodes
        self.leaves = np.ascontiguousarray(leaves, dtype="<f8")
        self.sets = list(sets)
        self.output = output

    def write(self, out):
        out(
            struct.pack(
                "<5I",
                len(self.nodes),
                len(self.leaves),
                len(self.sets),
                self.leaves.shape[1],
                self.output,
            )
        )
        out(self.nodes.tobytes())
        out(self.leaves.tobytes())
        for words in self.sets:
            out(struct.pack("<I", len(words)))
            out(np.asarray(words, dtype="<u4").tobytes())


# Trees -----------------------------------------------------------------------------------


def float32_below(thresholds):
    """The largest float32 not above each: for a float32 x, x <= t is x <= that."""
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    above = rounded.astype(np.float64) > thresholds
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded.astype(np.float64)


def number_leaves(nodes, is_leaf):
    nodes["leaf"][is_leaf] = np.arange(is_leaf.sum(), dtype=np.uint32)


def plain_tree(tree, leaves_of, features=None, output=0):
    """A sklearn.tree._tree.Tree.  leaves_of(node numbers) gives their rows of numbers."""
    state = tree.__getstate__()["nodes"]
    is_leaf = tree.children_left == -1
    nodes = np.zeros(tree.node_count, dtype=NODE)
    split = ~is_leaf
    columns = tree.feature[split]
    nodes["threshold"][split] = float32_below(tree.threshold[split])
    nodes["cover"] = tree.weighted_n_node_samples
    nodes["feature"][split] = columns if features is None else np.asarray(features)[columns]
    nodes["left"][split] = tree.children_left[split]
    nodes["right"][split] = tree.children_right[split]
    if "missing_go_to_left" in state.dtype.names:  # since 1.3
        nodes["nan_left"][split] = state["missing_go_to_left"][split] != 0
    number_leaves(nodes, is_leaf)
    return Tree(nodes, leaves_of(np.flatnonzero(is_leaf)), output=output)


def class_counts(tree):
    """How many classes each output of a tree has."""
    return [int(n) for n in tree.n_classes]


def fractions(estimator, leaves):
    """
    The classes' fractions in leaves, all outputs one behind the other, as predict_proba()
    makes them: before 1.3 the tree holds weights, which are divided by their sum.
    """
    tree = estimator.tree_
    values = tree.value[leaves]
    parts = []
    for k, n in enumerate(class_counts(tree)):
        part = values[:, k, :n]
        if VALUES_ARE_WEIGHTS:
            total = part.sum(axis=1)[:, np.newaxis]
            total[total == 0.0] = 1.0
            part = part / total
        parts.append(part)
    return np.concatenate(parts, axis=1)


def check_lone_labels(estimator):
    """
    A lone tree before 1.3 answers with the class of the greatest weight.  Two weights that
    differ may have one fraction; the label would then be another's.
    """
    tree = estimator.tree_
    for k, n in enumerate(class_counts(tree)):
        part = tree.value[:, k, :n]
        total = part.sum(axis=1)[:, np.newaxis]
        total[total == 0.0] = 1.0
        differ = np.argmax(part, axis=1) != np.argmax(part / total, axis=1)
        if (differ & (tree.children_left == -1)).any():
            node = int(np.flatnonzero(differ)[0])
            raise Refused(f"node {node} has two classes whose weights differ in the last bit")


# Estimators ------------------------------------------------------------------------------


def texts(values):
    """Class labels or categories as texts: 1, 1.5, True, setosa."""
    return [str(v.item() if isinstance(v, np.generic) else v) for v in values]


def class_targets(model):
    """The targets of a classifier, whose attributes are lists if it has several outputs."""
    classes = model.classes_
    several = getattr(model, "n_outputs_", 1) > 1
    return [{"name": None, "classes": texts(c)} for c in (classes if several else [classes])]


def value_targets(n):
    return [{"name": None, "classes": []} for _ in range(n)]


def mean_of_trees(model, estimators):
    """Forests, and a lone tree, which is its own mean."""
    first = estimators[0]
    lone = first is model
    n_outputs = int(first.tree_.n_outputs)
    head = {"compare": "f32", "cut": 0.0, "parameter": 1.0, "divisor": float(len(estimators))}
    head["fold"] = "sum" if lone else "mean"
    if hasattr(model, "classes_"):
        width = sum(class_counts(first.tree_))
        head.update(task="classify", transform="fractions", label="argmax")
        head["targets"] = class_targets(model)
        if lone and VALUES_ARE_WEIGHTS:
            check_lone_labels(model)
        trees = [plain_tree(e.tree_, lambda at, e=e: fractions(e, at)) for e in estimators]
    else:
        width = n_outputs
        head.update(task="regress", transform="identity", label="argmax")
        head["targets"] = value_targets(n_outputs)
        trees = [
            plain_tree(e.tree_, lambda at, e=e: e.tree_.value[at, :, 0]) for e in estimators
        ]
    # -0 is what adds nothing to anything, a leaf of -0 included.
    head["base"] = [-0.0 if lone else 0.0] * width
    return head, trees


def gradient_base(model):
    """What the sums of a GradientBoosting begin with."""
    init = model.init_
    name = type(init).__name__
    constant = ("prior", "most_frequent", "constant", "mean", "median", "quantile")
    if not isinstance(init, str) and not (
        name in ("DummyClassifier", "DummyRegressor") and init.strategy in constant
    ):
        raise Refused(f"init={name}: its sums begin with another model's predictions")
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))
    return [float(x) for x in np.asarray(base, dtype=np.float64).ravel()]


def gradient_boosting(model):
    estimators = model.estimators_
    rate = model.learning_rate
    base = gradient_base(model)
    head = {"compare": "f32", "fold": "sum", "divisor": 1.0, "base": base}
    head.update(parameter=1.0, cut=0.0, label="argmax")
    if not hasattr(model, "classes_"):
        head.update(task="regress", transform="identity", targets=value_targets(1))
    else:
        head.update(task="classify", targets=class_targets(model))
        newer = not hasattr(model._loss, "_raw_prediction_to_decision")  # since 1.4
        if len(base) > 1:
            head["transform"] = "softmax" if newer else "logsumexp"
            head["label"] = "margin_argmax" if newer else "argmax"
        else:
            head["transform"] = "sigmoid"
            if model.loss == "exponential":
                head["parameter"] = 2.0
            if newer or model.loss == "exponential":
                head["label"] = "margin_from"
    trees = []
    for stage in estimators:
        for k, e in enumerate(stage):
            # The library multiplies each leaf by the rate when it adds it: the same product.
            leaves = lambda at, e=e: (rate * e.tree_.value[at, 0, 0])[:, np.newaxis]
            trees.append(plain_tree(e.tree_, leaves, output=k))
    return head, trees


def hist_categories(model):
    """
    For each feature as the trees number them: which feature of X that is, and None or a
    dict from the code in the trees to (the code here, the name of the category).
    """
    n = model.n_features_in_
    encoder = getattr(model, "_preprocessor", None)
    if encoder is not None:  # since 1.4: categories first, encoded as 0, 1, 2 ...
        is_category = np.asarray(model.is_categorical_, dtype=bool)
        order = np.concatenate([np.flatnonzero(is_category), np.flatnonzero(~is_category)])
        lists = encoder.named_transformers_["encoder"].categories_
        return order, [encoded_codes(values) for values in lists] + [None] * (n - len(lists))
    is_category = model.is_categorical_
    codes = [None] * n
    if is_category is not None:
        known = model._bin_mapper.bin_thresholds_  # of a category: its known values
        for f in np.flatnonzero(is_category):
            codes[f] = {int(c): (int(c), None) for c in known[f]}
    return np.arange(n), codes


def encoded_codes(values):
    """
    Categories that the model encodes itself.  Names become codes, and the names are kept;
    numbers stay what they are in the data, so that a client sends 3 for 3.
    """
    values = [v for v in values if not (isinstance(v, float) and v != v) and v is not None]
    if all(isinstance(v, (int, float, np.integer, np.floating, np.bool_)) for v in values):
        for v in values:
            if not (0 <= float(v) < 65536 and float(v).is_integer()):
                raise Refused(
                    f"the category {v!r} is a number that is not whole, or not from 0 to "
                    "65535: train with names (texts) as categories"
                )
        return {i: (int(v), None) for i, v in enumerate(values)}
    return {i: (i, name) for i, name in enumerate(texts(values))}


def bits_of(words):
    """The numbers in one of the library's bitsets."""
    words = np.asarray(words, dtype="<u4")
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little")).tolist()


def words_of(numbers):
    words = [0] * (max(numbers, default=-1) // 32 + 1)
    for number in numbers:
        words[number // 32] |= 1 << number % 32
    return words


def hist_tree(predictor, order, codes, output):
    """
    One tree of a HistGradientBoosting.  Where missing values go left, so do categories
    that were never seen: then the children are changed, and the set is the right ones'.
    """
    source = predictor.nodes
    is_leaf = source["is_leaf"].astype(bool)
    split = ~is_leaf
    nodes = np.zeros(len(source), dtype=NODE)
    columns = source["feature_idx"][split].astype(np.int64)
    nodes["feature"][split] = np.asarray(order)[columns]
    threshold = "num_threshold" if "num_threshold" in source.dtype.names else "threshold"
    nodes["threshold"][split] = source[threshold][split]
    nodes["cover"] = source["count"]
    nodes["left"][split] = source["left"][split]
    nodes["right"][split] = source["right"][split]
    nodes["nan_left"][split] = source["missing_go_to_left"][split] != 0
    sets = []
    categorical = np.flatnonzero(split & (source["is_categorical"] != 0))
    nodes["threshold"][categorical] = 0.0
    for at in categorical:
        known = codes[int(source["feature_idx"][at])]
        chosen = set(bits_of(predictor.raw_left_cat_bitsets[source["bitset_idx"][at]]))
        if nodes["nan_left"][at]:
            chosen = set(known) - chosen
            left, right = int(nodes["left"][at]), int(nodes["right"][at])
            nodes["left"][at], nodes["right"][at], nodes["nan_left"][at] = right, left, 0
        sets.append(words_of([known[c][0] for c in chosen if c in known]))
        nodes["set"][at] = len(sets)
    number_leaves(nodes, is_leaf)
    return Tree(nodes, source["value"][is_leaf][:, np.newaxis], sets, output)


def hist_loss(model):
    """The transform of a HistGradientBoosting."""
    loss = model._loss
    link = getattr(loss, "link", None)
    name = type(link).__name__ if link is not None else type(loss).__name__
    transforms = {
        "IdentityLink": "identity",
        "LogLink": "exp",
        "LogitLink": "sigmoid",
        "MultinomialLogit": "softmax",
        # 1.0 has losses of its own:
        "LeastSquares": "identity",
        "LeastAbsoluteDeviation": "identity",
        "Poisson": "exp",
        "BinaryCrossEntropy": "sigmoid",
        "CategoricalCrossEntropy": "logsumexp",
    }
    if name not in transforms:
        raise Refused(f"loss={model.loss!r} ({name}) is not known")
    return transforms[name]


def hist_labels_by_margin(model):
    """Newer ones look at the sums in predict(), older ones at the probabilities."""
    return "predict_proba" not in type(model).predict.__code__.co_names


def hist_gradient_boosting(model):
    order, codes = hist_categories(model)
    base = [0.0 + float(x) for x in np.asarray(model._baseline_prediction).ravel()]
    head = {"compare": "f64", "fold": "sum", "divisor": 1.0, "base": base}
    head.update(parameter=1.0, cut=0.0, label="argmax", transform=hist_loss(model))
    if hasattr(model, "classes_"):
        head.update(task="classify", targets=class_targets(model))
        if hist_labels_by_margin(model):
            head["label"] = "margin_argmax" if len(base) > 1 else "margin_above"
    else:
        head.update(task="regress", targets=value_targets(1))
    trees = []
    for iteration in model._predictors:
        for k, predictor in enumerate(iteration):
            trees.append(hist_tree(predictor, order, codes, k))
    head["codes"] = {int(order[i]): codes[i] for i in range(len(codes)) if codes[i]}
    return head, trees


def average_path_length(counts):
    from sklearn.ensemble._iforest import _average_path_length

    return _average_path_length(counts)


def isolation_forest(model):
    """The length of the way to a leaf, and what the rows in it would add to it."""
    estimators = model.estimators_
    subset = model._max_features != model.n_features_in_
    max_samples = getattr(model, "_max_samples", None) or model.max_samples_
    per_tree = float(average_path_length([max_samples])[0])
    if per_tree == 0:
        raise Refused("trained on samples of one row: all its scores are one constant")
    trees = []
    for estimator, features in zip(estimators, model.estimators_features_):
        tree = estimator.tree_
        depths = node_depths(tree)

        def leaves(at, tree=tree, depths=depths):
            lengths = average_path_length(tree.n_node_samples[at])
            return (depths[at] + lengths - 1.0)[:, np.newaxis]

        trees.append(plain_tree(tree, leaves, features if subset else None))
    head = {"compare": "f32", "fold": "sum", "divisor": 1.0, "base": [0.0]}
    head.update(task="anomaly", transform="isolation", parameter=len(estimators) * per_tree)
    head.update(label="margin_from", cut=float(model.offset_))
    head["targets"] = [{"name": None, "classes": ["outlier", "inlier"]}]
    return head, trees


def node_depths(tree):
    """Nodes on the way to each node, itself included; children stand behind parents."""
    depths = np.ones(tree.node_count, dtype=np.int64)
    for i in range(tree.node_count):
        if tree.children_left[i] != -1:
            depths[tree.children_left[i]] = depths[tree.children_right[i]] = depths[i] + 1
    return depths


def forest(model):
    return mean_of_trees(model, list(model.estimators_))


def lone_tree(model):
    return mean_of_trees(model, [model])


KINDS = {
    "DecisionTreeClassifier": lone_tree,
    "DecisionTreeRegressor": lone_tree,
    "ExtraTreeClassifier": lone_tree,
    "ExtraTreeRegressor": lone_tree,
    "RandomForestClassifier": forest,
    "RandomForestRegressor": forest,
    "ExtraTreesClassifier": forest,
    "ExtraTreesRegressor": forest,
    "GradientBoostingClassifier": gradient_boosting,
    "GradientBoostingRegressor": gradient_boosting,
    "HistGradientBoostingClassifier": hist_gradient_boosting,
    "HistGradientBoostingRegressor": hist_gradient_boosting,
    "IsolationForest": isolation_forest,
}

ADVICE = {
    "CalibratedClassifierCV": "its calibration has no place in a forest; export its estimator "
    "and calibrate what it answers",
    "GridSearchCV": "export its best_estimator_",
    "RandomizedSearchCV": "export its best_estimator_",
    "HalvingGridSearchCV": "export its best_estimator_",
    "HalvingRandomSearchCV": "export its best_estimator_",
    "MultiOutputRegressor": "export each of its estimators_",
    "MultiOutputClassifier": "export each of its estimators_",
    "TransformedTargetRegressor": "export its regressor_ and transform what it answers",
    "RandomTreesEmbedding": "it answers with leaves and not with a prediction",
    "XGBClassifier": "save it with save_model('model.json') and import that",
    "XGBRegressor": "save it with save_model('model.json') and import that",
    "LGBMClassifier": "save it with booster_.save_model('model.txt') and import that",
    "LGBMRegressor": "save it with booster_.save_model('model.txt') and import that",
}


# The head --------------------------------------------------------------------------------


def version_of_sklearn():
    import sklearn

    return sklearn.__version__


def release(version):
    return tuple(int(part) for part in version.split(".")[:2])


VALUES_ARE_WEIGHTS = release(version_of_sklearn()) < (1, 3)


def unwrapped(model):
    """A Pipeline of nothing but a forest is the forest."""
    if type(model).__name__ != "Pipeline":
        return model
    steps = [step for _, step in model.steps if step is not None and step != "passthrough"]
    if len(steps) != 1:
        before = ", ".join(type(step).__name__ for step in steps[:-1])
        raise Refused(
            f"Pipeline with {before}: export its last step, and give it rows as they come out "
            "of the steps before"
        )
    return unwrapped(steps[0])


def allows_missing(model):
    """Whether the library's predict() takes NaN."""
    if type(model).__name__.startswith("Hist"):
        return True
    if release(version_of_sklearn()) < (1, 3):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(model, "__sklearn_tags__"):
            return bool(model.__sklearn_tags__().input_tags.allow_nan)
        return bool(model._get_tags().get("allow_nan", False))


def importances(model):
    try:
        found = [float(x) for x in model.feature_importances_]
    except (AttributeError, TypeError, ValueError):
        return None
    return found if all(0 <= x <= 1 for x in found) else None


def feature_rows(model, names, codes):
    n = int(model.n_features_in_)
    if names is None:
        names = getattr(model, "feature_names_in_", None)
    if names is None:
        names = [f"x{i}" for i in range(n)]
    if len(names) != n:
        raise Refused(f"{len(names)} names for {n} features")
    missing = allows_missing(model)
    weights = importances(model)
    rows = []
    for i in range(n):
        row = {"name": str(names[i]), "missing": missing, "type": "real"}
        if weights is not None:
            row["importance"] = weights[i]
        if i in codes:
            labels = [name for _, name in codes[i].values()]
            row["type"] = "integer" if labels and labels[0] is None else "category"
            if row["type"] == "category":
                row["values"] = labels
        rows.append(row)
    return rows


def facts(model, n_trees):
    params = model.get_params(deep=False)
    found = {"trees": n_trees}
    names = {
        "max_depth": "max_depth",
        "min_samples_leaf": "min_samples_leaf",
        "max_features_": "max_features",
        "random_state": "seed",
    }
    for name, fact in names.items():
        value = params.get(name, getattr(model, name, None))
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0:
            found[fact] = int(value)
    return found


def describe(model, feature_names=None):
    """The head and the trees of a model."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    model = unwrapped(model)
    name = type(model).__name__
    if name not in KINDS or not type(model).__module__.startswith("sklearn."):
        advice = ADVICE.get(name, "it is none of " + ", ".join(sorted(KINDS)))
        raise Refused(f"{name}: {advice}")
    try:
        check_is_fitted(model)
        head, trees = KINDS[name](model)
    except NotFittedError:
        raise Refused(f"{name}: it is not fitted: nothing was learned yet") from None
    except Refused as why:
        raise Refused(f"{name}: {why}") from None
    head["source"] = f"scikit-learn {version_of_sklearn()} {name}"
    head["features"] = feature_rows(model, feature_names, head.pop("codes", {}))
    head["facts"] = facts(model, len(trees))
    head["trees"] = len(trees)
    return head, trees


def export(model, path, feature_names=None):
    """
    Writes a fitted estimator to path, all or nothing.  feature_names stand in the place of
    the model's own.  Raises Refused, a ValueError, for what cannot be translated exactly.
    """
    head, trees = describe(model, feature_names)
    text = json.dumps(head, allow_nan=False).encode()
    digest = hashlib.sha256()
    part = f"{path}.part"
    try:
        with open(part, "wb") as file:

            def out(data):
                digest.update(data)
                file.write(data)

            out(MAGIC + struct.pack("<II", VERSION, len(text)) + text)
            for tree in trees:
                tree.write(out)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.unlink(part)
    return head


def load(path):
    try:
        import joblib

        return joblib.load(path)
    except ImportError:
        import pickle

        with open(path, "rb") as file:
            return pickle.load(file)


def main(arguments):
    parser = argparse.ArgumentParser(
        description="Writes a trained scikit-learn forest for `forestgate model import`.",
        epilog="A pickle can run any program: open none that you would not run.",
    )
    parser.add_argument("model", help="the model, as joblib.dump() or pickle wrote it")
    parser.add_argument("-o", "--out", required=True, help="the file to write")
    parser.add_argument("--features", help="names of the features, with commas between them")
    options = parser.parse_args(arguments)
    names = options.features.split(",") if options.features else None
    try:
        head = export(load(options.model), options.out, names)
    except (Refused, OSError) as why:
        print(f"export_sklearn.py: {options.model}: {why}", file=sys.stderr)
        return 1
    print(
        f"{head['source']}: {head['trees']} trees, {len(head['features'])} features; "
        f"next: forestgate model import {options.out} -o MODEL.fgm"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
