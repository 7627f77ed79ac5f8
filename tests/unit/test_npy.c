/*
 * test_npy.c: NumPy's arrays: what is refused and how it is said, and every number that is
 * read is the one that was written.
 */
#include "forest_help.h"

#include <math.h>

#include "base/npy.h"

/* The bytes of an array with that header; returns how many. */
static size_t array(uint8_t *out, const char *header, const void *numbers, size_t len)
{
    size_t text = strlen(header);

    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (uint8_t)text;
    out[9] = (uint8_t)(text >> 8);
    memcpy(out + 10, header, text);
    if (len > 0)
        memcpy(out + 10 + text, numbers, len);
    return 10 + text + len;
}

/* What is said of the bytes: the rows, a line each, then how it ended. */
static const char *said(const uint8_t *bytes, size_t len)
{
    static char out[1024];
    FILE *file = fmemopen((void *)bytes, len, "r");
    struct reason why = {"end"};
    struct npy *npy = NULL;
    double row[16];
    size_t used = 0;

    assert_non_null(file);
    out[0] = '\0';
    if (npy_open(file, "a.npy", &npy, &why) == RESULT_OK) {
        assert_true(npy_columns(npy) <= 16);
        while (npy_next(npy, row, &why) == RESULT_OK) {
            for (uint64_t i = 0; i < npy_columns(npy); i++)
                used += (size_t)snprintf(out + used, sizeof(out) - used, "%.17g ", row[i]);
            used += (size_t)snprintf(out + used, sizeof(out) - used, "\n");
        }
    }
    snprintf(out + used, sizeof(out) - used, "%s", why.text);
    npy_close(npy);
    fclose(file);
    return out;
}

static void check(const char *header, const void *numbers, size_t len, const char *expected)
{
    uint8_t bytes[2048];

    assert_string_equal(said(bytes, array(bytes, header, numbers, len)), expected);
}

#define SHAPED(descr, shape) \
    "{'descr': " descr ", 'fortran_order': False, 'shape': " shape ", }"

static void refuses_arrays_of_other_kinds(void **state)
{
    static const char advice[] = "; floats of 4 and 8 bytes, integers and booleans are read: "
                                 "save it with .astype('float32') or .astype('float64')";
    static const char *const kinds[] = {"|O", "<f2", "<c8", "<U4", "<f16", "<M8",
                                        "f8", "<x4", "<i3", "<b2", ""};
    char header[128], expected[256];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        snprintf(header, sizeof(header), SHAPED("'%s'", "(1, 1)"), kinds[i]);
        snprintf(expected, sizeof(expected), "a.npy: an array of dtype %s%s", kinds[i], advice);
        check(header, "", 0, expected);
    }
    snprintf(expected, sizeof(expected), "a.npy: an array of dtype with fields%s", advice);
    check("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1, 1), }", "", 0,
          expected);
}

static void refuses_shapes_that_are_no_rows(void **state)
{
    static const char advice[] =
        " dimensions, must be 2, rows and columns: save it with .reshape(rows, columns)";
    char expected[256];

    (void)state;
    snprintf(expected, sizeof(expected), "a.npy: an array of 1%s", advice);
    check(SHAPED("'<f8'", "(3,)"), "", 0, expected);
    snprintf(expected, sizeof(expected), "a.npy: an array of 0%s", advice);
    check(SHAPED("'<f8'", "()"), "", 0, expected);
    snprintf(expected, sizeof(expected), "a.npy: an array of 3%s", advice);
    check(SHAPED("'<f8'", "(1, 2, 3)"), "", 0, expected);
    check(SHAPED("'<f8'", "(5, 0)"), "", 0,
          "a.npy: an array of 0 columns, must be from 1 to 1048576");
    check(SHAPED("'<f8'", "(0, 3000000000)"), "", 0,
          "a.npy: an array of 3000000000 columns, must be from 1 to 1048576");
    check("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }", "", 0,
          "a.npy: an array in Fortran order, which cannot be read row by row: "
          "save it with numpy.ascontiguousarray()");
}

static void refuses_headers_that_are_none(void **state)
{
    static const char *const headers[] = {
        "",
        "{",
        "{}",
        "{'descr': '<f8'}",
        "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': None, 'shape': (1, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)} x",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'more': 1}",
        "{'descr': '<f8 'fortran_order': False, 'shape': (1, 1)",
    };
    uint8_t bytes[] = "\x93NUMPY\x04\x00";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        check(headers[i], "", 0,
              "a.npy: its header is not a dictionary of descr, fortran_order and shape");
    assert_string_equal(said(bytes, 8), "a.npy: version 4.0; 1.0, 2.0 and 3.0 are read");
    assert_string_equal(said(bytes, 7), "a.npy: cut short within its header");
    assert_string_equal(said((const uint8_t *)"\x93NUMPX\1\0", 8),
                        "a.npy: not an array of NumPy's (.npy)");
    memcpy(bytes + 6, "\x01\x00", 2);
    assert_string_equal(said(bytes, 8), "a.npy: cut short within its header");
    assert_string_equal(said((const uint8_t *)"\x93NUMPY\2\0\1\0\1\0", 12),
                        "a.npy: a header of 65537 bytes, at most 65536 are read");
}

static void refuses_a_file_of_another_length(void **state)
{
    const double numbers[] = {1, 2, 3, 4, 5};

    (void)state;
    check(SHAPED("'<f8'", "(2, 2)"), numbers, 31,
          "1 2 \na.npy: cut short: it ends within row 2 of 2");
    check(SHAPED("'<f8'", "(2, 2)"), numbers, 33,
          "1 2 \n3 4 \na.npy: goes on behind its last row");
    check(SHAPED("'<f8'", "(0, 2)"), "", 0, "end");
}

static void refuses_an_integer_that_would_be_rounded(void **state)
{
    const int64_t numbers[] = {INT64_C(1) << 53, -(INT64_C(1) << 53), 0,
                               (INT64_C(1) << 53) + 1};
    const uint64_t largest = UINT64_MAX;
    const int64_t least = INT64_MIN;

    (void)state;
    check(SHAPED("'<i8'", "(2, 2)"), numbers, sizeof(numbers),
          "9007199254740992 -9007199254740992 \n"
          "a.npy: row 2, column 2: an integer past 2^53, which is not exact as a float");
    check(SHAPED("'<u8'", "(1, 1)"), &largest, 8,
          "a.npy: row 1, column 1: an integer past 2^53, which is not exact as a float");
    check(SHAPED("'<i8'", "(1, 1)"), &least, 8,
          "a.npy: row 1, column 1: an integer past 2^53, which is not exact as a float");
}

static void reads_every_kind_of_number(void **state)
{
    const float f4[] = {0.1F, -0.0F, INFINITY, 1e-45F};
    const double f8[] = {0.1, -1e300};
    const int8_t i1[] = {-128, 127};
    const uint8_t u1[] = {0, 255};
    const int16_t i2[] = {-2, 3};
    const uint32_t u4[] = {UINT32_MAX, 7};
    const uint8_t big_f4[] = {0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0};
    const uint8_t big_i2[] = {0xff, 0xfe, 0x01, 0x00};

    (void)state;
    check(SHAPED("'<f4'", "(2, 2)"), f4, sizeof(f4),
          "0.10000000149011612 -0 \ninf 1.4012984643248171e-45 \nend");
    check(SHAPED("\"<f8\"", "(1,2)"), f8, sizeof(f8),
          "0.10000000000000001 -1.0000000000000001e+300 \nend");
    check(SHAPED("'|i1'", "(1, 2)"), i1, sizeof(i1), "-128 127 \nend");
    check(SHAPED("'|u1'", "(1, 2)"), u1, sizeof(u1), "0 255 \nend");
    check(SHAPED("'|b1'", "(1, 2)"), "\0\1", 2, "0 1 \nend");
    check(SHAPED("'<i2'", "(2, 1)"), i2, sizeof(i2), "-2 \n3 \nend");
    check(SHAPED("'<u4'", "(1, 2)"), u4, sizeof(u4), "4294967295 7 \nend");
    check(SHAPED("'>f4'", "(1, 2)"), big_f4, sizeof(big_f4), "1 -2 \nend");
    check(SHAPED("'>i2'", "(1, 2)"), big_i2, sizeof(big_i2), "-2 256 \nend");
    check("{'shape': (1, 1), 'fortran_order': True, 'descr': '|u1'}   \n", "\x05", 1,
          "5 \nend"); /* one column is in both orders */
}

static void writes_headers_that_it_reads(void **state)
{
    char header[NPY_WRITE_HEADER];
    uint8_t bytes[NPY_WRITE_HEADER + 16];
    const double numbers[] = {1, 2};

    (void)state;
    npy_header_print(header, NPY_F64, 1, 2);
    memcpy(bytes, header, sizeof(header));
    memcpy(bytes + sizeof(header), numbers, sizeof(numbers));
    assert_string_equal(said(bytes, sizeof(bytes)), "1 2 \nend");
    assert_int_equal(header[NPY_WRITE_HEADER - 1], '\n');
    npy_header_print(header, NPY_I64, UINT64_MAX, UINT64_MAX);
    assert_non_null(
        memmem(header, sizeof(header), "(18446744073709551615, 18446744073709551615), }", 47));
    npy_header_print(header, NPY_I64, 7, 0);
    assert_non_null(memmem(header, sizeof(header), "(7,), }", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_arrays_of_other_kinds),
        cmocka_unit_test(refuses_shapes_that_are_no_rows),
        cmocka_unit_test(refuses_headers_that_are_none),
        cmocka_unit_test(refuses_a_file_of_another_length),
        cmocka_unit_test(refuses_an_integer_that_would_be_rounded),
        cmocka_unit_test(reads_every_kind_of_number),
        cmocka_unit_test(writes_headers_that_it_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
