/*
 * num.c: numbers from text.
 *
 * A text is scanned once into a decimal: 19 digits, a power of ten, and whether digits
 * were cut off.  One multiplication by a power of ten from the table then gives the
 * nearest binary number (Eisel-Lemire; for 19 exact digits it never needs a second
 * way).  When digits were cut off and could matter, whole numbers of any size decide.
 *
 * Invariants: no floating-point arithmetic takes part, so the processor's rounding mode
 * and registers do not either; nothing is allocated; work is linear in the text but for
 * the last step, which looks at a bounded number of digits.
 */
#include "base/num.h"

#include <endian.h>
#include <string.h>

#include "base/num_powers.h"

const uint64_t num_powers[NUM_POWER_LAST - NUM_POWER_FIRST + 1][2] = {
#include "base/num_powers.inc"
};

/* What a known format makes much simpler. */
#define INLINE inline __attribute__((always_inline))

/* As many decimal digits as a 64-bit number always holds. */
#define DIGITS_MAX 19

/* An exponent no text is long enough to make up for. */
#define EXPONENT_MAX (INT64_C(1) << 60)

/* What was read: significand * 10^exponent, and more behind it if it was cut. */
struct decimal {
    uint64_t significand;
    int64_t exponent;
    bool negative;
    bool cut;
    const char *digits; /* all of them, with a point among them */
    const char *digits_end;
};

/* A binary format, and between which powers of ten a tie of two values can be exact. */
struct format {
    int mantissa_bits; /* stored ones */
    int exponent_bits;
    int power_min; /* below it everything is 0, */
    int power_max; /* above it everything but 0 is infinite */
    int tie_min;
    int tie_max;
};

static const struct format format_double = {52, 11, -342, 308, -4, 23};
static const struct format format_float = {23, 8, -64, 38, -17, 10};

static uint64_t load_8(const char *text)
{
    uint64_t bytes;

    memcpy(&bytes, text, sizeof(bytes));
    return le64toh(bytes);
}

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Whether each byte is '0'-'9': it is 0x3n, and still is with 6 added. */
static bool are_digits_8(uint64_t bytes)
{
    return (((bytes & 0xf0f0f0f0f0f0f0f0) |
             (((bytes + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4)) == 0x3333333333333333);
}

/* Eight digits' value, by joining neighbours: pairs, then fours, then all. */
static uint32_t value_of_8(uint64_t bytes)
{
    bytes -= 0x3030303030303030;
    bytes = bytes * 10 + (bytes >> 8);
    return (uint32_t)((((bytes & 0x000000ff000000ff) * 0x000f424000000064) +
                       (((bytes >> 16) & 0x000000ff000000ff) * 0x0000271000000001)) >>
                      32);
}

/* The top bit of each byte that is no digit. */
static uint64_t not_digits_8(uint64_t bytes)
{
    bytes ^= 0x3030303030303030;
    return (((bytes & 0x7f7f7f7f7f7f7f7f) + 0x7676767676767676) | bytes) & 0x8080808080808080;
}

/* Past the digits; their value is added to *value, which overflows if they are many. */
static INLINE const char *scan_digits(const char *at, const char *end, uint64_t *value)
{
    uint64_t sum = *value;

    for (; at != end && is_digit(*at); at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    *value = sum;
    return at;
}

/* The same for what may be many digits. */
static INLINE const char *scan_digits_by_8(const char *at, const char *end, uint64_t *value)
{
    for (; end - at >= 8 && are_digits_8(load_8(at)); at += 8)
        *value = *value * 100000000 + value_of_8(load_8(at));
    return scan_digits(at, end, value);
}

/* Past the e, sign and digits; NULL with *fault set when there is no digit. */
static const char *scan_exponent(const char *at, const char *end, int64_t *exponent,
                                 const char **fault)
{
    bool negative = false;
    int64_t sum = 0;

    at++;
    if (at != end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at)) {
        *fault = at;
        return NULL;
    }
    for (; at != end && is_digit(*at); at++) {
        if (sum < EXPONENT_MAX / 16)
            sum = sum * 10 + (*at - '0');
    }
    *exponent += negative ? -sum : sum;
    return at;
}

/*
 * For more digits than a significand holds: takes the first ones from the first that
 * is not 0, and has the exponent make up for the rest.
 */
static void decimal_cut(struct decimal *decimal)
{
    const char *at = decimal->digits, *end = decimal->digits_end;
    int taken = 0;

    while (at != end && (*at == '0' || *at == '.'))
        at++;
    decimal->significand = 0;
    for (; at != end && taken < DIGITS_MAX; at++) {
        if (*at == '.')
            continue;
        decimal->significand = decimal->significand * 10 + (uint64_t)(*at - '0');
        taken++;
    }
    for (; at != end; at++) {
        if (*at == '.')
            continue;
        decimal->exponent++;
        decimal->cut |= *at != '0';
    }
}

/*
 * The number that the text starts with.  Returns where it ends, or NULL with *fault
 * where it stops being one.
 */
static INLINE const char *decimal_scan(struct decimal *decimal, const char *at, const char *end,
                                       bool loose, const char **fault)
{
    uint64_t significand = 0;
    ptrdiff_t whole, fraction = 0;

    decimal->negative = at != end && *at == '-';
    if (decimal->negative || (loose && at != end && *at == '+'))
        at++;
    decimal->digits = at;
    at = scan_digits(at, end, &significand);
    whole = at - decimal->digits;
    *fault = at;
    if (!loose && (whole == 0 || (whole > 1 && *decimal->digits == '0')))
        return NULL;
    if (at != end && *at == '.') {
        at = scan_digits_by_8(at + 1, end, &significand);
        fraction = at - *fault - 1;
        *fault = at;
        if (fraction == 0 && !loose)
            return NULL;
    }
    if (whole + fraction == 0)
        return NULL;
    decimal->digits_end = at;
    decimal->significand = significand;
    decimal->exponent = -(int64_t)fraction;
    decimal->cut = false;
    if (whole + fraction > DIGITS_MAX)
        decimal_cut(decimal);
    if (at != end && (*at == 'e' || *at == 'E'))
        at = scan_exponent(at, end, &decimal->exponent, fault);
    return at;
}

/* The first 128 bits of the product of a significand and a power of ten, nearly. */
struct product {
    uint64_t high;
    uint64_t low;
};

/*
 * One multiplication is enough unless the bits behind those wanted are all ones, so
 * that what it leaves out could carry into them.
 */
static INLINE struct product multiply(uint64_t significand, int64_t power, int wanted)
{
    const uint64_t *ten = num_powers[power - NUM_POWER_FIRST];
    unsigned __int128 first = (unsigned __int128)significand * ten[0];
    uint64_t rest = UINT64_MAX >> wanted;

    if (((uint64_t)(first >> 64) & rest) == rest)
        first += (uint64_t)(((unsigned __int128)significand * ten[1]) >> 64);
    return (struct product){(uint64_t)(first >> 64), (uint64_t)first};
}

/*
 * The bits of the binary number nearest to significand * 10^power, without its sign;
 * those of infinity when it is too large.  Lemire 2021, section 5; the names there:
 * w, q; u is `shift` here.
 */
static INLINE uint64_t nearest(uint64_t significand, int64_t power, const struct format *f)
{
    const uint64_t infinity = ((UINT64_C(1) << f->exponent_bits) - 1) << f->mantissa_bits;
    struct product product;
    int zeros, upper, shift, exponent;
    uint64_t mantissa;

    if (significand == 0 || power < f->power_min)
        return 0;
    if (power > f->power_max)
        return infinity;
    zeros = __builtin_clzll(significand);
    product = multiply(significand << zeros, power, f->mantissa_bits + 3);
    upper = (int)(product.high >> 63);
    shift = upper + 64 - f->mantissa_bits - 3;
    mantissa = product.high >> shift;
    /* floor(log2(10^power)), good for every power here, and the format's bias. */
    exponent =
        (int)((217706 * power) >> 16) + 63 + upper - zeros + (1 << (f->exponent_bits - 1)) - 1;
    if (exponent <= 0) { /* subnormal: never a tie */
        if (-exponent + 1 >= 64)
            return 0;
        mantissa >>= -exponent + 1;
        return (mantissa + (mantissa & 1)) >> 1; /* rounded up to normal is right too */
    }
    /* An exact tie goes to even: down, if that is the even one. */
    if (product.low <= 1 && power >= f->tie_min && power <= f->tie_max && (mantissa & 3) == 1 &&
        mantissa << shift == product.high)
        mantissa &= ~UINT64_C(1);
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    /* The leading one adds itself to the exponent, and so does a carry to it. */
    mantissa += (uint64_t)(exponent - 1) << f->mantissa_bits;
    return mantissa < infinity ? mantissa : infinity;
}

/*
 * A whole number of any size that comes up here.  The most are the 801 digits of
 * decimal_settle(), 2661 bits, and what is compared with them, no larger in bits but
 * for a few.
 */
struct big {
    uint64_t limbs[48]; /* the lowest first */
    int count;
};

static void big_multiply_add(struct big *big, uint64_t factor, uint64_t addend)
{
    unsigned __int128 sum = addend;
    int i;

    for (i = 0; i < big->count; i++) {
        sum += (unsigned __int128)big->limbs[i] * factor;
        big->limbs[i] = (uint64_t)sum;
        sum >>= 64;
    }
    if (sum != 0)
        big->limbs[big->count++] = (uint64_t)sum;
}

static void big_multiply_five(struct big *big, int64_t power)
{
    const uint64_t five_27 = UINT64_C(7450580596923828125);

    for (; power >= 27; power -= 27)
        big_multiply_add(big, five_27, 0);
    for (; power > 0; power--)
        big_multiply_add(big, 5, 0);
}

static void big_shift_left(struct big *big, int64_t bits)
{
    for (; bits >= 32; bits -= 32)
        big_multiply_add(big, UINT64_C(1) << 32, 0);
    big_multiply_add(big, UINT64_C(1) << bits, 0);
}

static int big_compare(const struct big *a, const struct big *b)
{
    int i;

    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (i = a->count - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

/*
 * All digits of the decimal, and the power of ten they are to be multiplied by.  A
 * value halfway between two doubles has at most 767 digits, so of those past 800 it
 * only matters whether any is not 0.
 */
static int64_t big_from_decimal(struct big *big, const struct decimal *decimal)
{
    enum {
        KEPT = 800
    };
    const char *at = decimal->digits;
    int64_t power = decimal->exponent, taken = 0;
    bool more = false;

    big->count = 0;
    while (*at == '0' || *at == '.')
        at++;
    for (; at != decimal->digits_end; at++) {
        if (*at == '.')
            continue;
        if (taken < KEPT)
            big_multiply_add(big, 10, (uint64_t)(*at - '0'));
        else
            more |= *at != '0';
        taken++;
        /* The exponent belongs to the digits of the significand. */
        if (taken > DIGITS_MAX && taken <= KEPT)
            power--;
    }
    if (more) {
        big_multiply_add(big, 10, 1);
        power--;
    }
    return power;
}

/*
 * When the digits that were cut off decide between a value, given by its bits, and the
 * next one: compares the decimal with the point halfway between them.
 */
static uint64_t decimal_settle(const struct decimal *decimal, uint64_t below,
                               const struct format *f)
{
    struct big left, right;
    const uint64_t hidden = UINT64_C(1) << f->mantissa_bits;
    int64_t ten = big_from_decimal(&left, decimal), two;
    int biased = (int)(below >> f->mantissa_bits);
    uint64_t mantissa = below & (hidden - 1);
    int order;

    if (biased != 0)
        mantissa |= hidden;
    else
        biased = 1;
    /* left * 10^ten against (2 * mantissa + 1) * 2^two, without fractions. */
    right.limbs[0] = 2 * mantissa + 1;
    right.count = 1;
    two = biased - ((1 << (f->exponent_bits - 1)) - 1) - f->mantissa_bits - 1;
    big_multiply_five(ten < 0 ? &right : &left, ten < 0 ? -ten : ten);
    big_shift_left(ten < two ? &right : &left, ten < two ? two - ten : ten - two);
    order = big_compare(&left, &right);
    return below + (order > 0 || (order == 0 && (below & 1) != 0));
}

/* The digits that were kept may be enough: if the next significand rounds to the same. */
static uint64_t decimal_round_cut(const struct decimal *decimal, uint64_t below,
                                  const struct format *f)
{
    if (below == nearest(decimal->significand + 1, decimal->exponent, f))
        return below;
    return decimal_settle(decimal, below, f);
}

/* The bits of the nearest value, without its sign. */
static INLINE uint64_t decimal_round(const struct decimal *decimal, const struct format *f)
{
    uint64_t bits = nearest(decimal->significand, decimal->exponent, f);

    return decimal->cut ? decimal_round_cut(decimal, bits, f) : bits;
}

/* False when the decimal would round to infinity. */
static INLINE bool decimal_to_double(const struct decimal *decimal, double *out)
{
    uint64_t bits = decimal_round(decimal, &format_double);

    if (bits >= UINT64_C(0x7ff0000000000000))
        return false;
    bits |= (uint64_t)decimal->negative << 63;
    memcpy(out, &bits, sizeof(bits));
    return true;
}

/* The most bytes that scan_plain() looks at: a sign, 19 digits, a point, 24, one more. */
#define PLAIN_MAX 48

/*
 * Past the digits of a fraction, up to 23 of them, with so many bytes to look at: eight
 * at once, and the rest without a loop, whose length nobody could foresee.
 */
static INLINE const char *scan_fraction(const char *at, uint64_t *value)
{
    static const uint32_t ten_to[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t bytes = load_8(at), others = not_digits_8(bytes);
    int i, digits;

    for (i = 0; i < 2 && others == 0; i++) {
        *value = *value * 100000000 + value_of_8(bytes);
        at += 8;
        bytes = load_8(at);
        others = not_digits_8(bytes);
    }
    if (others == 0) /* too many */
        return at + 8;
    digits = __builtin_ctzll(others) / 8;
    /* They move to the end, with zeros before them. */
    bytes = ((bytes ^ 0x3030303030303030) << (8 * (7 - digits))) << 8;
    *value = *value * ten_to[digits] + value_of_8(bytes ^ 0x3030303030303030);
    return at + digits;
}

/*
 * A number of the form that nearly all have: at most 19 digits but a leading 0, and no
 * exponent.  Returns
 * where it ends; NULL when it is of another form, or none.  PLAIN_MAX bytes are there.
 */
static INLINE const char *scan_plain(const char *at, double *out)
{
    uint64_t negative = *at == '-', value, bits;
    const char *first, *point;
    ptrdiff_t fraction = 0;

    at += negative;
    first = at;
    if (!is_digit(*at))
        return NULL;
    value = (uint64_t)(*at++ - '0');
    if (value != 0)
        for (; is_digit(*at) && at - first < DIGITS_MAX; at++)
            value = value * 10 + (uint64_t)(*at - '0');
    point = at;
    if (*at == '.') {
        at = scan_fraction(at + 1, &value);
        fraction = at - point - 1;
        if (fraction == 0)
            return NULL;
    }
    if (point - first + fraction - (*first == '0') > DIGITS_MAX || is_digit(*at) ||
        (*at | 0x20) == 'e')
        return NULL;
    bits = nearest(value, -fraction, &format_double);
    bits |= negative << 63;
    memcpy(out, &bits, sizeof(bits));
    return at;
}

size_t num_scan_list(const char *text, size_t len, size_t *used, double *out, size_t room)
{
    const char *at = text, *next;
    size_t count;

    *used = 0;
    for (count = 0; count < room && len - *used >= PLAIN_MAX + 2; count++) {
        if (count > 0) {
            if (*at != ',')
                break;
            at += at[1] == ' ' ? 2 : 1;
        }
        next = scan_plain(at, &out[count]);
        if (next == NULL || (*next != ',' && *next != ']'))
            break;
        at = next;
        *used = (size_t)(at - text);
    }
    return count;
}

enum result num_scan_double(const char *text, size_t len, size_t *used, double *out)
{
    struct decimal decimal;
    const char *fault, *end;

    end = decimal_scan(&decimal, text, text + len, false, &fault);
    *used = (size_t)((end != NULL ? end : fault) - text);
    if (end == NULL)
        return RESULT_MALFORMED;
    return decimal_to_double(&decimal, out) ? RESULT_OK : RESULT_TOO_BIG;
}

bool num_parse_double(const char *text, size_t len, double *out)
{
    double value;
    size_t used;

    if (num_scan_double(text, len, &used, &value) != RESULT_OK || used != len)
        return false;
    *out = value;
    return true;
}

/* The whole text. */
static bool decimal_parse_loose(struct decimal *decimal, const char *text, size_t len)
{
    const char *fault;

    return decimal_scan(decimal, text, text + len, true, &fault) == text + len;
}

bool num_parse_double_loose(const char *text, size_t len, double *out)
{
    struct decimal decimal;

    return decimal_parse_loose(&decimal, text, len) && decimal_to_double(&decimal, out);
}

bool num_parse_float(const char *text, size_t len, float *out)
{
    struct decimal decimal;
    uint32_t bits;

    if (!decimal_parse_loose(&decimal, text, len))
        return false;
    bits = (uint32_t)decimal_round(&decimal, &format_float);
    if (bits >= UINT32_C(0x7f800000))
        return false;
    bits |= (uint32_t)decimal.negative << 31;
    memcpy(out, &bits, sizeof(bits));
    return true;
}

bool num_parse_u64(const char *text, size_t len, uint64_t *out)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        if (!is_digit(text[i]) || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
            return false;
    }
    if (len == 0)
        return false;
    *out = sum;
    return true;
}

bool num_parse_i64(const char *text, size_t len, int64_t *out)
{
    bool negative = len != 0 && text[0] == '-';
    uint64_t sum;

    if (!num_parse_u64(text + negative, len - negative, &sum))
        return false;
    if (sum > (uint64_t)INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}
