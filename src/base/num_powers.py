#!/usr/bin/env python3
"""Prints num_powers.inc: the powers of ten that num.c and num_print.c multiply by.

    python3 num_powers.py > num_powers.inc

Row q holds the first 128 bits of 10**q, as two halves, the highest bit set.  They
are cut off where they do not fit, and raised by one for -27 <= q < 0, as the proof
in "Fast number parsing without fallback" takes them.  num_print.c raises the others.
"""

FIRST, LAST = -342, 324  # reading needs -342..308, writing -292..324


def first_bits(q):
    """The row of 10**q; 10 = 2 * 5, and a power of two changes no bits."""
    five = 5 ** abs(q)
    size = five.bit_length()
    if q >= 0:
        return five << (128 - size) if size <= 128 else five >> (size - 128)
    return (1 << (size + 127)) // five + (1 if q >= -27 else 0)


def main():
    print("/* Made by num_powers.py; not edited by hand. */")
    for q in range(FIRST, LAST + 1):
        bits = first_bits(q)
        assert bits >> 127 == 1
        assert bits % 2**64 != 2**64 - 1 or -27 <= q <= 55  # so raising carries nothing
        print("{0x%016x, 0x%016x}, /* %d */" % (bits >> 64, bits % 2**64, q))


main()
