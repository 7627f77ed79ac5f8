#!/usr/bin/python3
"""Writes houses.csv: houses that do not exist, with prices that were made up here.

    model/houses.py >model/houses.csv

It is an example of named features of every type, not data about any market: a price
follows from the formula below, and then chance has its say. The seed is fixed, so the
file is the same each time.
"""
import csv
import random
import sys

ROWS = 1200
# Euros for a square metre, and how many of the houses are there.
ADDRESSES = {"city": (5200, 25), "harbour": (6100, 10), "suburb": (3900, 35), "town": (3000, 20),
             "village": (2300, 10)}

chance = random.Random(20)


def between(low, high):
    return low + (high - low) * chance.random()


def house():
    address = chance.choices(list(ADDRESSES), [share for _, share in ADDRESSES.values()])[0]
    surface = round(45 + 190 * chance.random() ** 1.7, 1)
    age = int(120 * chance.random() ** 1.4)
    attic = chance.random() < (0.6 if surface > 110 else 0.25)
    garden = chance.random() < {"city": 0.2, "harbour": 0.1}.get(address, 0.7)
    price = surface * ADDRESSES[address][0]
    price *= 1 - 0.35 * min(age, 60) / 60  # a house loses a third in 60 years,
    if age > 95:
        price *= 1.15  # and old ones are sought after
    price += 12 * surface * 20 * attic  # an attic is a fifth of the surface, at 1200 a metre
    price += {"city": 60000, "harbour": 80000}.get(address, 25000) * garden
    price *= between(0.93, 1.07)
    return [age, surface, str(attic).lower(), str(garden).lower(), address, int(price / 1000) * 1000]


rows = csv.writer(sys.stdout, lineterminator="\n")
rows.writerow(["age", "surface", "attic", "garden", "address", "price"])
for _ in range(ROWS):
    rows.writerow(house())
