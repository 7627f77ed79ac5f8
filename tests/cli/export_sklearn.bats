#!/usr/bin/env bats
# tests/cli/export_sklearn.bats: model/export_sklearn.py beside a real scikit-learn, and
# its file through import and predict.

bats_require_minimum_version 1.5.0
load ../lib/api

setup() {
  D=$BATS_TEST_TMPDIR/files
  mkdir "$D"
  cd "$D" || return
}

# model NAME: the estimator that standard input makes as `model`, from x, y and rows.
model() {
  { cat <<'END'; cat; echo "joblib.dump(model, sys.argv[1])"; } >make.py
import sys, joblib, numpy as np
from sklearn import ensemble, linear_model, pipeline, preprocessing, calibration, tree
rng = np.random.default_rng(3)
x = rng.normal(size=(120, 3))
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0.2).astype(int)
rows = rng.normal(size=(20, 3))
END
  /usr/bin/python3 make.py "$1"
}

export_model() { /usr/bin/python3 "$TOP/model/export_sklearn.py" "$@"; }

# refused REGEX: the model that standard input makes is not exported, and why.
refused() {
  model m.joblib
  run --separate-stderr export_model m.joblib -o m.fgs
  # shellcheck disable=SC2154 # run sets it
  [ "$status" = 1 ] || fail "ended with $status: $output $stderr"
  [[ "$stderr" =~ $1 ]] || fail "said: $stderr"
  [ ! -e m.fgs ] || fail "there is a file"
  [ ! -e m.fgs.part ] || fail "there is a part of a file"
}

@test "what is no forest is refused by its name, with what to do" {
  refused 'LogisticRegression: it is none of DecisionTreeClassifier' <<'END'
model = linear_model.LogisticRegression().fit(x, y)
END
  refused 'CalibratedClassifierCV: its calibration has no place in a forest' <<'END'
model = calibration.CalibratedClassifierCV(ensemble.RandomForestClassifier(3)).fit(x, y)
END
  refused 'Pipeline with StandardScaler: export its last step' <<'END'
model = pipeline.make_pipeline(preprocessing.StandardScaler(), ensemble.RandomForestClassifier(3)).fit(x, y)
END
  refused 'm.joblib: RandomForestClassifier: it is not fitted' <<'END'
model = ensemble.RandomForestClassifier(3)
END
}

@test "sums that begin with another model's predictions are refused" {
  refused 'GradientBoostingRegressor: init=LinearRegression' <<'END'
model = ensemble.GradientBoostingRegressor(n_estimators=2, init=linear_model.LinearRegression()).fit(x, y)
END
}

@test "names that are too many are refused" {
  model m.joblib <<'END'
model = tree.DecisionTreeRegressor().fit(x, y)
END
  run --separate-stderr export_model m.joblib -o m.fgs --features a,b
  [ "$status" = 1 ]
  [[ "$stderr" == *'2 names for 3 features'* ]] || fail "$stderr"
}

@test "a pipeline of a forest alone is exported, and answers as scikit-learn does to the last bit" {
  model m.joblib <<'END'
forest = ensemble.RandomForestClassifier(7, random_state=1)
model = pipeline.make_pipeline(forest).fit(x, np.where(y == 1, "yes", "no"))
np.savetxt("rows.csv", rows, fmt="%.17g", delimiter=",", header="a,b,c", comments="")
np.savetxt("told.csv", model.predict_proba(rows), fmt="%.17g", delimiter=",")
END
  run export_model m.joblib -o m.fgs --features a,b,c
  [ "$status" = 0 ] || fail "$output"
  [[ "$output" == 'scikit-learn '*' RandomForestClassifier: 7 trees, 3 features; next: forestgate model import m.fgs'* ]] ||
    fail "$output"
  "$FORESTGATE" model import m.fgs -o m.fgm
  "$FORESTGATE" predict --model m.fgm --in rows.csv --output probability >out.csv
  /usr/bin/python3 - <<'END'
import numpy as np
told, got = np.loadtxt("told.csv", delimiter=","), np.loadtxt("out.csv", delimiter=",", skiprows=1)
assert (told == got).all(), (told, got)
END
}

@test "the format is told by content, and a damaged file is refused with its place" {
  model m.joblib <<'END'
model = tree.DecisionTreeRegressor(max_depth=2).fit(x, y)
END
  export_model m.joblib -o m.bin
  "$FORESTGATE" model import m.bin -o m.fgm
  truncate -s -1 m.bin
  run --separate-stderr "$FORESTGATE" model import m.bin -o n.fgm
  [ "$status" = 1 ]
  [[ "$stderr" == *'m.bin: byte '*': the file ends here'* ]] || fail "$stderr"
  run --separate-stderr "$FORESTGATE" model import m.joblib -o n.fgm
  [ "$status" = 1 ]
  [[ "$stderr" == *export_sklearn.py* ]] || fail "$stderr"
  [ ! -e n.fgm ]
}
