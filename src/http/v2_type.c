/*
 * v2_type.c: the datatypes of the Open Inference Protocol.
 */
#include <endian.h>
#include <math.h>
#include <string.h>

#include "http/v2.h"

/* 2^53 - 1: up to it a float64 is one whole number, and no other one is rounded to it. */
static const double exact_most = 9007199254740991.0;

static const struct {
    const char *name;
    size_t size;
    double low, high; /* of a whole number */
    const char *allowed;
} types[V2_TYPE__MAX] = {
    [V2_BOOL] = {"BOOL", 1, 0, 1, "true or false"},
    [V2_UINT8] = {"UINT8", 1, 0, 255, "a whole number from 0 to 255"},
    [V2_UINT16] = {"UINT16", 2, 0, 65535, "a whole number from 0 to 65535"},
    [V2_UINT32] = {"UINT32", 4, 0, 4294967295.0, "a whole number from 0 to 4294967295"},
    [V2_UINT64] = {"UINT64", 8, 0, 9007199254740991.0, "a whole number from 0 to 2^53 - 1"},
    [V2_INT8] = {"INT8", 1, -128, 127, "a whole number from -128 to 127"},
    [V2_INT16] = {"INT16", 2, -32768, 32767, "a whole number from -32768 to 32767"},
    [V2_INT32] = {"INT32", 4, -2147483648.0, 2147483647.0,
                  "a whole number from -2147483648 to 2147483647"},
    [V2_INT64] = {"INT64", 8, -9007199254740991.0, 9007199254740991.0,
                  "a whole number from -2^53 + 1 to 2^53 - 1"},
    [V2_FP16] = {"FP16", 2, 0, 0, "binary data: FP16 has no form in JSON"},
    [V2_FP32] = {"FP32", 4, 0, 0, "a number of float32, or null"},
    [V2_FP64] = {"FP64", 8, 0, 0, "a number, or null"},
    [V2_BYTES] = {"BYTES", 0, 0, 0, "a string"},
};

const char *v2_type_name(enum v2_type type)
{
    return types[type].name;
}

size_t v2_type_size(enum v2_type type)
{
    return types[type].size;
}

enum v2_type v2_type_find(const char *name, size_t len)
{
    for (int type = 0; type < V2_TYPE__MAX; type++)
        if (strlen(types[type].name) == len && memcmp(types[type].name, name, len) == 0)
            return (enum v2_type)type;
    return V2_TYPE__MAX;
}

/* IEEE 754-2019, binary16: a sign, five bits of exponent, ten of fraction. */
static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double value;

    if (exponent == 31)
        value = fraction != 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(1024 + fraction, exponent - 25);
    return (bits >> 15) != 0 ? -value : value;
}

static uint16_t bits16(const char *bytes)
{
    uint16_t bits;

    memcpy(&bits, bytes, sizeof(bits));
    return le16toh(bits);
}

static uint32_t bits32(const char *bytes)
{
    uint32_t bits;

    memcpy(&bits, bytes, sizeof(bits));
    return le32toh(bits);
}

static uint64_t bits64(const char *bytes)
{
    uint64_t bits;

    memcpy(&bits, bytes, sizeof(bits));
    return le64toh(bits);
}

static double float_value(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return (double)value;
}

static double double_value(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The two types of every large tensor. */
static void floats_decode(const char *bytes, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = float_value(bits32(bytes + 4 * i));
}

static void doubles_decode(const char *bytes, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = double_value(bits64(bytes + 8 * i));
}

static double element_value(enum v2_type type, const char *at)
{
    switch (type) {
    case V2_BOOL:
    case V2_UINT8:
        return (unsigned char)*at;
    case V2_INT8:
        return (signed char)*at;
    case V2_UINT16:
        return bits16(at);
    case V2_INT16:
        return (int16_t)bits16(at);
    case V2_UINT32:
        return bits32(at);
    case V2_INT32:
        return (int32_t)bits32(at);
    case V2_UINT64:
        return (double)bits64(at);
    case V2_INT64:
        return (double)(int64_t)bits64(at);
    case V2_FP16:
        return half_value(bits16(at));
    default:
        return NAN;
    }
}

size_t v2_type_decode(enum v2_type type, const char *bytes, size_t n, double *out)
{
    if (type == V2_FP32)
        floats_decode(bytes, n, out);
    else if (type == V2_FP64)
        doubles_decode(bytes, n, out);
    else
        for (size_t i = 0; i < n; i++) {
            out[i] = element_value(type, bytes + i * types[type].size);
            if ((type == V2_BOOL && out[i] > 1) ||
                (type != V2_FP16 && fabs(out[i]) > exact_most))
                return i;
        }
    return n;
}

bool v2_type_take(enum v2_type type, double number, double *out, const char **allowed)
{
    *out = number;
    *allowed = types[type].allowed;
    switch (type) {
    case V2_FP64:
        return true;
    case V2_FP32:
        *out = (double)(float)number;
        return !isinf(*out);
    case V2_FP16:
    case V2_BYTES:
        return false;
    default:
        return number >= types[type].low && number <= types[type].high &&
               !(trunc(number) < number) && !(trunc(number) > number);
    }
}
