/*
 * num_print.c: numbers to text.
 *
 * First the shortest decimal within the interval of numbers that round to the value
 * (Schubfach, as in R. Giulietti, "The Schubfach way to render doubles", 2020: names
 * there are in the comments), then its digits, all 17 at once, and the layout.
 *
 * Invariants: as in num.c, no floating-point arithmetic and no allocation; 32 bytes of
 * the output may be written over, whatever the length that is returned.
 */
#include "base/num.h"

#include <endian.h>
#include <string.h>

#include "base/num_powers.h"

/* A value is significand * 10^exponent; as a double's shortest it is under 10^17. */
struct decimal {
    uint64_t significand;
    int exponent;
};

enum {
    DIGITS = 17
};

static const uint64_t ten_to[20] = {UINT64_C(1),
                                    UINT64_C(10),
                                    UINT64_C(100),
                                    UINT64_C(1000),
                                    UINT64_C(10000),
                                    UINT64_C(100000),
                                    UINT64_C(1000000),
                                    UINT64_C(10000000),
                                    UINT64_C(100000000),
                                    UINT64_C(1000000000),
                                    UINT64_C(10000000000),
                                    UINT64_C(100000000000),
                                    UINT64_C(1000000000000),
                                    UINT64_C(10000000000000),
                                    UINT64_C(100000000000000),
                                    UINT64_C(1000000000000000),
                                    UINT64_C(10000000000000000),
                                    UINT64_C(100000000000000000),
                                    UINT64_C(1000000000000000000),
                                    UINT64_C(10000000000000000000)};

static int count_digits(uint64_t value)
{
    int bits = 64 - __builtin_clzll(value | 1);
    int guess = (bits * 1233) >> 12; /* log10(2), a digit too few at most */

    return guess + (value >= ten_to[guess]);
}

/* Eight digits of a number below 10^8, the first in the lowest byte, as values 0-9. */
static inline uint64_t digits_of_8(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t high = ((fours * 10486) >> 20) & 0x0000007f0000007f; /* hundreds */
    uint64_t twos = ((fours - 100 * high) << 16) + high;
    uint64_t tens = ((twos * 103) >> 10) & 0x000f000f000f000f;

    return tens + ((twos - 10 * tens) << 8);
}

static void store_8(char *out, uint64_t digits)
{
    digits = htole64(digits | 0x3030303030303030);
    memcpy(out, &digits, sizeof(digits));
}

/* Writes all 17 digits of a number of 10^16..10^17-1; returns how many but end zeros. */
static inline int write_digits(char *out, uint64_t value)
{
    uint32_t first = (uint32_t)(value / 100000000);
    uint64_t middle = digits_of_8(first % 100000000);
    uint64_t last = digits_of_8((uint32_t)(value % 100000000));

    out[0] = (char)('0' + first / 100000000);
    store_8(out + 1, middle);
    store_8(out + 9, last);
    if (last != 0)
        return DIGITS - __builtin_clzll(last) / 8;
    if (middle != 0)
        return DIGITS - 8 - __builtin_clzll(middle) / 8;
    return 1;
}

static char *write_exponent(char *out, int exponent)
{
    unsigned size = exponent < 0 ? (unsigned)-exponent : (unsigned)exponent;

    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    if (size >= 100)
        *out++ = (char)('0' + size / 100);
    if (size >= 10)
        *out++ = (char)('0' + size / 10 % 10);
    *out++ = (char)('0' + size % 10);
    return out;
}

/*
 * The decimal in the layout of %g.  `point` is the power of ten of the first digit; it
 * is written with an exponent below -4 and from `large` on.
 */
static char *write_decimal(char *out, struct decimal decimal, int large)
{
    int digits = count_digits(decimal.significand), i;
    int point = decimal.exponent + digits - 1;
    uint64_t value = decimal.significand * ten_to[DIGITS - digits];

    if (point < 0 && point >= -4) {
        memcpy(out, "0.000", 5);
        return out + 1 - point + write_digits(out + 1 - point, value);
    }
    digits = write_digits(out + 1, value); /* and what is before the point moves up */
    out[0] = out[1];
    if (point < -4 || point >= large) {
        out[1] = '.';
        return write_exponent(out + (digits > 1 ? digits + 1 : 1), point);
    }
    if (digits <= point + 1) { /* whole; the zeros at its end are there already */
        memmove(out, out + 1, DIGITS);
        return out + point + 1;
    }
    for (i = 1; i <= point; i++)
        out[i] = out[i + 1];
    out[point + 1] = '.';
    return out + digits + 1;
}

/*
 * floor(significand * power / 2^127), with the last bit set if that was not exact:
 * enough to compare with whole numbers.  The power is taken from the table rounded up,
 * so that an exact product shows as at most 1 in the bits behind.  (rop)
 */
static inline uint64_t scale(uint64_t significand, uint64_t power_high, uint64_t power_low)
{
    unsigned __int128 product = (unsigned __int128)significand * power_high;

    product += (uint64_t)(((unsigned __int128)significand * power_low) >> 64);
    return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

/* Of `below` and the next whole number the one closest to scaled / 4, an even one in a tie. */
static inline uint64_t closest(uint64_t scaled, uint64_t below)
{
    uint64_t middle = 4 * below + 2;

    return below + (scaled > middle || (scaled == middle && (below & 1) != 0));
}

/*
 * The shortest decimal that rounds to significand * 2^exponent, and the closest of
 * those.  `uneven` is set when the next value below is only half as far as the one
 * above (the significand is a power of two, and not the lowest).
 */
static inline struct decimal shortest(uint64_t significand, int exponent, bool uneven)
{
    /* 10^k is the largest that is not wider than the interval: floor(log10(...)). */
    int k = (exponent * 1262611 - (uneven ? 524031 : 0)) >> 22;
    int h = exponent + ((-k * 1741647) >> 19) + 1; /* with floor(log2(10^-k)) */
    const uint64_t *ten = num_powers[-k - NUM_POWER_FIRST];
    uint64_t low = ten[1] + (-k < -27 || -k > 55); /* num_powers.py: these were cut off */
    uint64_t odd = significand & 1; /* the interval has its ends only for an even one */
    uint64_t scaled = scale((4 * significand) << h, ten[0], low);
    uint64_t from = scale((4 * significand - 2 + uneven) << h, ten[0], low) + odd;
    uint64_t to = scale((4 * significand + 2) << h, ten[0], low) - odd;
    uint64_t s = scaled / 4, tens = s / 10;
    bool below, above;

    if (s >= 10) { /* one digit less */
        below = from <= 40 * tens;
        above = 40 * tens + 40 <= to;
        if (below != above)
            return (struct decimal){tens + above, k + 1};
    }
    below = from <= 4 * s;
    above = 4 * s + 4 <= to;
    if (below != above)
        return (struct decimal){s + above, k};
    return (struct decimal){closest(scaled, s), k};
}

static size_t print_special(char *out, bool negative, bool nan)
{
    const char *text = nan ? "nan" : negative ? "-inf" : "inf";
    size_t len = strlen(text);

    memcpy(out, text, len + 1);
    return len;
}

/*
 * Both formats: the fields of a number, its exponent without bias for a significand
 * that is a whole number.
 */
static inline size_t print(char *out, bool negative, uint64_t fraction, int biased,
                           int fraction_bits, int bias, int large)
{
    uint64_t significand = fraction | (uint64_t)(biased != 0) << fraction_bits;
    int exponent = (biased != 0 ? biased : 1) - bias - fraction_bits;
    struct decimal decimal;
    char *at = out;

    *at = '-';
    at += negative;
    if (significand == 0) {
        *at++ = '0';
    } else {
        if (exponent <= 0 && exponent >= -fraction_bits &&
            (significand & ((UINT64_C(1) << -exponent) - 1)) == 0)
            decimal = (struct decimal){significand >> -exponent, 0}; /* a whole number */
        else
            decimal = shortest(significand, exponent, fraction == 0 && biased > 1);
        at = write_decimal(at, decimal, large);
    }
    *at = '\0';
    return (size_t)(at - out);
}

size_t num_print_double(char out[NUM_DOUBLE_MAX], double value)
{
    const uint64_t hidden = UINT64_C(1) << 52;
    uint64_t bits;
    int biased;

    memcpy(&bits, &value, sizeof(bits));
    biased = (int)(bits >> 52) & 0x7ff;
    if (biased == 0x7ff)
        return print_special(out, bits >> 63 != 0, (bits & (hidden - 1)) != 0);
    return print(out, bits >> 63 != 0, bits & (hidden - 1), biased, 52, 1023, 17);
}

size_t num_print_float(char out[NUM_FLOAT_MAX], float value)
{
    const uint32_t hidden = UINT32_C(1) << 23;
    uint32_t bits;
    int biased;

    memcpy(&bits, &value, sizeof(bits));
    biased = (int)(bits >> 23) & 0xff;
    if (biased == 0xff)
        return print_special(out, bits >> 31 != 0, (bits & (hidden - 1)) != 0);
    return print(out, bits >> 31 != 0, bits & (hidden - 1), biased, 23, 127, 9);
}

static size_t write_whole(char *out, uint64_t value)
{
    int digits = value != 0 ? count_digits(value) : 1, i;

    for (i = digits; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    out[digits] = '\0';
    return (size_t)digits;
}

size_t num_print_u64(char out[NUM_DOUBLE_MAX], uint64_t value)
{
    return write_whole(out, value);
}

size_t num_print_i64(char out[NUM_DOUBLE_MAX], int64_t value)
{
    if (value >= 0)
        return write_whole(out, (uint64_t)value);
    out[0] = '-';
    return 1 + write_whole(out + 1, 0 - (uint64_t)value);
}
