#!/usr/bin/python3
"""Writes iris.csv, from the Iris data that scikit-learn ships (Debian's python3-sklearn)."""
import csv
import sys

from sklearn.datasets import load_iris

iris = load_iris()
rows = csv.writer(sys.stdout, lineterminator="\n")
rows.writerow(["sepal_length", "sepal_width", "petal_length", "petal_width", "species"])
for values, species in zip(iris.data.tolist(), iris.target):
    rows.writerow(values + [iris.target_names[species]])
