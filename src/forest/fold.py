#!/usr/bin/env python3
"""Prints fold.inc: what fold.c knows of characters, from the Unicode data of Python.

    python3 fold.py > fold.inc

Two tables of ranges: the kinds of characters, and where the lower case of a character
lies.  Runs of characters that alternate (upper, lower, upper...) are one range with a
step of two.
"""

import unicodedata

KINDS = {"L": "FOLD_LETTER", "N": "FOLD_DIGIT", "M": "FOLD_MARK", "Z": "FOLD_SPACE", "S": "FOLD_SIGN"}


def kind(code):
    c = chr(code)
    category = unicodedata.category(c)
    if category == "Cc":
        return "FOLD_SPACE"
    return KINDS.get(category[0], "FOLD_OTHER")


def alone(code):
    """Scripts without spaces between words: each character is a word."""
    return 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF \
        or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


def lower(code):
    """The simple case folding, as far as one character gives one."""
    c = chr(code)
    if c == "ς":
        return ord("σ")
    folded = c.casefold()
    if len(folded) == 1 and len(c.lower()) == 1:
        return ord(folded)
    low = c.lower()
    return ord(low[0]) if len(low) in (1, 2) else code


def print_kinds():
    print("static const struct fold_range kinds[] = {")
    begin, last = 0x80, None
    for code in range(0x80, 0x110001):
        now = None
        if code < 0x110000:
            now = kind(code)
            if now == "FOLD_LETTER" and alone(code):
                now = "FOLD_ALONE"
        if now != last:
            if last not in (None, "FOLD_OTHER"):
                print("    {0x%x, 0x%x, %s}," % (begin, code - 1, last))
            begin, last = code, now
    print("};")


def print_lower():
    pairs = [(c, lower(c) - c) for c in range(0x80, 0x110000)
             if not 0xD800 <= c < 0xE000 and lower(c) != c]
    runs = []
    for code, delta in pairs:
        if runs and runs[-1][3] == delta:
            begin, end, step, _ = runs[-1]
            gap = code - end
            if gap in (1, 2) and step in (0, gap):
                runs[-1] = [begin, code, gap, delta]
                continue
        runs.append([code, code, 0, delta])
    print("\nstatic const struct fold_case cases[] = {")
    for begin, end, step, delta in runs:
        print("    {0x%x, 0x%x, %d, %d}," % (begin, end, step or 1, delta))
    print("};")


print("/* Made by fold.py from Unicode %s; not edited by hand. */" % unicodedata.unidata_version)
print_kinds()
print_lower()
