/*
 * test_csv.c: what the CSV reader refuses, and where it says so; what it takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/csv.h"

/*
 * Reads all of the bytes and writes the cells down: [a][b] a row, a line each; then how
 * it ended: nothing at the end, else the reason.
 */
static void read_all(struct csv *csv, char *out, size_t size)
{
    struct reason why = {""};
    enum result result;
    size_t i, used = 0;

    out[0] = '\0';
    while ((result = csv_next(csv, &why)) == RESULT_OK) {
        for (i = 0; i < csv_cells(csv); i++)
            used += (size_t)snprintf(out + used, size - used, "[%s]", csv_cell(csv, i, NULL));
        used += (size_t)snprintf(out + used, size - used, "\n");
        assert_true(used < size);
    }
    if (result != RESULT_MISSING)
        snprintf(out + used, size - used, "%s", why.text);
    csv_close(csv);
}

static void check_bytes(const char *bytes, size_t len, const char *expected)
{
    char copy[256], out[4096];
    struct reason why;
    struct csv *csv;
    FILE *file;

    assert_int_equal(csv_open_memory(bytes, len, "t.csv", &csv, &why), RESULT_OK);
    read_all(csv, out, sizeof(out));
    assert_string_equal(out, expected);

    /* The same from a stream, whose reads cut the rows anywhere. */
    assert_true(len > 0 && len <= sizeof(copy));
    memcpy(copy, bytes, len);
    file = fmemopen(copy, len, "r");
    assert_non_null(file);
    assert_int_equal(csv_open_file(file, "t.csv", &csv, &why), RESULT_OK);
    read_all(csv, out, sizeof(out));
    assert_string_equal(out, expected);
    fclose(file);
}

static void check(const char *text, const char *expected)
{
    check_bytes(text, strlen(text), expected);
}

static void refuses_a_quote_that_is_not_closed(void **state)
{
    (void)state;
    check("a,b\n1,\"2\n3,4\n", "[a][b]\nt.csv:2: column 2: a quote that is not closed");
    check("\"", "t.csv:1: column 1: a quote that is not closed");
}

static void refuses_bytes_behind_a_closing_quote(void **state)
{
    (void)state;
    check("\"a\"b,c\n", "t.csv:1: column 1: bytes between the closing quote and the comma");
    check("a,\"b\" \n", "t.csv:1: column 2: bytes between the closing quote and the comma");
}

static void refuses_a_quote_within_a_bare_cell(void **state)
{
    (void)state;
    check("a\"b\n", "t.csv:1: column 1: a quote within a cell that does not begin with one");
}

static void refuses_a_carriage_return_alone(void **state)
{
    (void)state;
    check("a\rb\n", "t.csv:1: column 1: a carriage return without a line feed");
    check("a\nb\r", "[a]\nt.csv:2: column 1: a carriage return without a line feed");
}

static void refuses_nul(void **state)
{
    (void)state;
    check_bytes("a\0b\n", 4, "t.csv:1: column 1: a NUL byte");
    check_bytes("\"a\0\"\n", 5, "t.csv:1: column 1: a NUL byte");
}

static void refuses_what_is_not_utf8(void **state)
{
    (void)state;
    check("a,caf\xe9\n", "t.csv:1: column 2: not UTF-8");
    check_bytes("\xff\xfe"
                "a\0",
                4, "t.csv:1: is UTF-16; save it as UTF-8");
}

static void refuses_a_row_of_another_length_by_its_line(void **state)
{
    (void)state;
    check("a,b\n\n\"x\ny\",2\n3\n", "[a][b]\n[x\ny][2]\nt.csv:5: 1 cell, the first row has 2");
    check("a,b\n1,2,3\n", "[a][b]\nt.csv:2: 3 cells, the first row has 2");
}

static void refuses_a_row_over_its_bounds(void **state)
{
    size_t i, n = CSV_MAX_CELLS + 1;
    char *text = malloc(2 * n);
    struct reason why;
    struct csv *csv;

    (void)state;
    for (i = 0; i < n; i++) {
        text[2 * i] = '1';
        text[2 * i + 1] = i + 1 < n ? ',' : '\n';
    }
    assert_int_equal(csv_open_memory(text, 2 * n, "t.csv", &csv, &why), RESULT_OK);
    assert_int_equal(csv_next(csv, &why), RESULT_TOO_BIG);
    assert_string_equal(why.text, "t.csv:1: over 65536 cells in a row");
    csv_close(csv);
    assert_int_equal(csv_open_memory(text + 2, 2 * n - 2, "t.csv", &csv, &why), RESULT_OK);
    assert_int_equal(csv_next(csv, &why), RESULT_OK);
    assert_int_equal(csv_cells(csv), CSV_MAX_CELLS);
    csv_close(csv);
    free(text);
}

static void refuses_a_cell_that_never_ends(void **state)
{
    size_t len = (size_t)CSV_MAX_ROW + 2;
    char *text = malloc(len);
    struct reason why;
    struct csv *csv;

    (void)state;
    memset(text, 'x', len);
    text[0] = '"';
    assert_int_equal(csv_open_memory(text, len, "t.csv", &csv, &why), RESULT_OK);
    assert_int_equal(csv_next(csv, &why), RESULT_TOO_BIG);
    assert_string_equal(
        why.text, "t.csv:1: column 1: the row is over 16 MiB: is this quote never closed?");
    csv_close(csv);
    free(text);
}

static void names_the_cell_that_its_reader_refuses(void **state)
{
    static const char text[] = "id,\"petal\nlength\"\n1,abc\n2,\"a\nlong \x1b cell\"\n";
    struct reason why;
    struct csv *csv;

    (void)state;
    assert_int_equal(csv_open_memory(text, sizeof(text) - 1, "t.csv", &csv, &why), RESULT_OK);
    assert_int_equal(csv_next(csv, &why), RESULT_OK);
    assert_int_equal(csv_take_header(csv, &why), RESULT_OK);
    assert_int_equal(csv_next(csv, &why), RESULT_OK);
    assert_int_equal(csv_line(csv), 3);
    assert_int_equal(csv_refuse_cell(csv, 1, RESULT_INVALID, "is not a number", &why),
                     RESULT_INVALID);
    assert_string_equal(why.text,
                        "t.csv:3: column 2 (petal\\u000alength): \"abc\" is not a number");
    assert_int_equal(csv_next(csv, &why), RESULT_OK);
    csv_refuse_cell(csv, 1, RESULT_INVALID, "is not a number", &why);
    assert_string_equal(why.text, "t.csv:4: column 2 (petal\\u000alength): \"a\\u000along "
                                  "\\u001b cell\" is not a number");
    csv_close(csv);
}

static void takes_quotes_doubled_quotes_and_newlines_in_quotes(void **state)
{
    (void)state;
    check("\"a,b\",\"c\"\"d\"\n\"\",\"x\r\ny\"\n", "[a,b][c\"d]\n[][x\r\ny]\n");
    check("\"\"\"\"\n", "[\"]\n");
}

static void takes_every_end_of_line_and_of_file(void **state)
{
    (void)state;
    check("a,b\r\n1,2\r\n", "[a][b]\n[1][2]\n");
    check("a,b\n1,2", "[a][b]\n[1][2]\n");
    check("a,b\n1,", "[a][b]\n[1][]\n");
    check("a,b\n1,\"2\"", "[a][b]\n[1][2]\n");
}

static void passes_over_the_order_mark_and_blank_lines(void **state)
{
    (void)state;
    check("\xef\xbb\xbf"
          "a,b\n\n  \t\r\n1,2\n\n",
          "[a][b]\n[1][2]\n");
    check("\xef\xbb\xbf", "");
    check("\n\n", "");
    check("a\n\"\"\n", "[a]\n[]\n"); /* an empty cell in quotes is a cell */
}

static char seen[64];

static void remember(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    strncat(seen, bytes, len);
}

static void shows_every_byte_to_the_watcher(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a,b\n\n1,2";
    char copy[sizeof(text)];
    struct reason why;
    struct csv *csv;
    FILE *file;

    (void)state;
    memcpy(copy, text, sizeof(text));
    file = fmemopen(copy, sizeof(text) - 1, "r");
    assert_int_equal(csv_open_file(file, "t.csv", &csv, &why), RESULT_OK);
    csv_watch(csv, remember, NULL);
    while (csv_next(csv, &why) == RESULT_OK)
        ;
    assert_string_equal(seen, text);
    csv_close(csv);
    fclose(file);
}

static void tells_of_a_stream_that_fails(void **state)
{
    FILE *file = fopen("/", "r"); /* opens; reading a directory fails */
    struct reason why;
    struct csv *csv;

    (void)state;
    assert_non_null(file);
    assert_int_equal(csv_open_file(file, "t.csv", &csv, &why), RESULT_OK);
    assert_int_not_equal(csv_next(csv, &why), RESULT_MISSING);
    assert_non_null(strstr(why.text, "t.csv: reading it: Is a directory"));
    csv_close(csv);
    fclose(file);
}

/* A row that lies across the end of what is read at once (65,536 bytes) is whole. */
static void joins_rows_that_the_reads_cut(void **state)
{
    const size_t rows = 30000;
    size_t i, used = 0;
    char *text = malloc(rows * 16), expected[32];
    struct reason why;
    struct csv *csv;
    FILE *file;

    (void)state;
    for (i = 0; i < rows; i++)
        used += (size_t)sprintf(text + used, "%zu,\"%zu\"\r\n", i, i);
    file = fmemopen(text, used, "r");
    assert_int_equal(csv_open_file(file, "t.csv", &csv, &why), RESULT_OK);
    for (i = 0; i < rows; i++) {
        assert_int_equal(csv_next(csv, &why), RESULT_OK);
        snprintf(expected, sizeof(expected), "%zu", i);
        assert_string_equal(csv_cell(csv, 0, NULL), expected);
        assert_string_equal(csv_cell(csv, 1, NULL), expected);
        assert_int_equal(csv_line(csv), i + 1);
    }
    assert_int_equal(csv_next(csv, &why), RESULT_MISSING);
    csv_close(csv);
    fclose(file);
    free(text);
}

static void a_formula_is_written_as_a_text(void **state)
{
    static const struct {
        const char *words, *cell;
    } cases[] = {
        {"=1+1", "\"'=1+1\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"\n=1", "\"'\n=1\""},
        {"=\"a\",1", "\"'=\"\"a\"\",1\""},
        {"", ""},
        {"a=1", "a=1"},
        {"1-1", "1-1"},
        {"a,b", "\"a,b\""},
        {"'=1", "'=1"},
    };
    struct buf text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_clear(&text, 0);
        buf_puts(&text, "");
        csv_words_put(&text, cases[i].words);
        assert_string_equal(text.data != NULL ? text.data : "", cases[i].cell);
    }
    buf_clear(&text, 0);
    csv_cell_put(&text, "-1"); /* a number is one */
    assert_string_equal(text.data, "-1");
    buf_free(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_quote_that_is_not_closed),
        cmocka_unit_test(refuses_bytes_behind_a_closing_quote),
        cmocka_unit_test(refuses_a_quote_within_a_bare_cell),
        cmocka_unit_test(refuses_a_carriage_return_alone),
        cmocka_unit_test(refuses_nul),
        cmocka_unit_test(refuses_what_is_not_utf8),
        cmocka_unit_test(refuses_a_row_of_another_length_by_its_line),
        cmocka_unit_test(refuses_a_row_over_its_bounds),
        cmocka_unit_test(refuses_a_cell_that_never_ends),
        cmocka_unit_test(names_the_cell_that_its_reader_refuses),
        cmocka_unit_test(takes_quotes_doubled_quotes_and_newlines_in_quotes),
        cmocka_unit_test(takes_every_end_of_line_and_of_file),
        cmocka_unit_test(passes_over_the_order_mark_and_blank_lines),
        cmocka_unit_test(shows_every_byte_to_the_watcher),
        cmocka_unit_test(tells_of_a_stream_that_fails),
        cmocka_unit_test(joins_rows_that_the_reads_cut),
        cmocka_unit_test(a_formula_is_written_as_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
