/*
 * import_lightgbm_text.c: LightGBM's text as lines, words and numbers.
 *
 * The bytes pass through one chunk; of a line nothing is kept but the word at hand, which
 * is bounded.  A carriage return counts for nothing, so files that went through Windows
 * are read too.
 */
#include "forest/import_lightgbm.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/utf8.h"

enum {
    CHUNK = 65536,
    KEY_MAX = 64, /* no key that means anything here is longer */
};

enum result lgb_open(struct lgb_text *text, FILE *file, const char *name, struct reason *why)
{
    *text = (struct lgb_text){.file = file, .name = name, .why = why};
    text->chunk = malloc(CHUNK);
    return text->chunk == NULL ? lgb_no_memory(text) : RESULT_OK;
}

void lgb_close(struct lgb_text *text)
{
    free(text->chunk);
    buf_free(&text->word);
}

enum result lgb_fail(struct lgb_text *text, enum result result, uint64_t line,
                     const char *format, ...)
{
    char fault[384];
    va_list args;

    if (text->result != RESULT_OK)
        return text->result;
    va_start(args, format);
    text_print_list(fault, sizeof(fault), format, args);
    va_end(args);
    text->result = reason_set(text->why, result, "%s:%llu: %s", text->name,
                              (unsigned long long)(line != 0 ? line : text->line), fault);
    return text->result;
}

enum result lgb_no_memory(struct lgb_text *text)
{
    return lgb_fail(text, RESULT_NOMEM, 0, "out of memory");
}

/* The byte at hand without taking it, or -1 at the end of the file and after a failure. */
static int peek(struct lgb_text *text)
{
    if (text->at == text->len && !text->ended && text->result == RESULT_OK) {
        text->len = fread(text->chunk, 1, CHUNK, text->file);
        text->at = 0;
        text->ended = text->len == 0;
        if (ferror(text->file))
            lgb_fail(text, RESULT_IO, 0, "the file could not be read");
    }
    return text->result != RESULT_OK || text->ended ? -1 : text->chunk[text->at];
}

int lgb_byte(struct lgb_text *text)
{
    int byte;

    while ((byte = peek(text)) == '\r')
        text->at++;
    if (byte == '\n' || byte == -1)
        return -1;
    text->at++;
    return byte;
}

bool lgb_next_line(struct lgb_text *text)
{
    while (text->line > 0 && lgb_byte(text) != -1)
        ;
    if (text->line > 0 && peek(text) == '\n')
        text->at++;
    text->line++;
    return peek(text) != -1;
}

char lgb_key(struct lgb_text *text)
{
    int byte;

    buf_clear(&text->word, IMPORT_MAX_TEXT);
    while ((byte = lgb_byte(text)) != -1 && byte != '=' && byte != ':')
        if (text->word.len < KEY_MAX)
            buf_putc(&text->word, (char)byte);
    buf_put(&text->word, "", 0); /* a text also where there was nothing */
    if (buf_failed(&text->word) || text->word.data == NULL)
        lgb_no_memory(text);
    return (char)(byte == -1 ? 0 : byte);
}

/* Gathers bytes up to the stop, which is read too, or the line's end; false when it failed. */
static bool gather(struct lgb_text *text, int byte, int stop)
{
    buf_clear(&text->word, IMPORT_MAX_TEXT);
    for (; byte != -1 && byte != stop; byte = lgb_byte(text)) {
        if (byte == '\0')
            lgb_fail(text, RESULT_MALFORMED, 0, "there is a NUL byte: this is no text");
        else if (text->word.len == IMPORT_MAX_TEXT)
            lgb_fail(text, RESULT_TOO_BIG, 0, "a text of over %d bytes", IMPORT_MAX_TEXT);
        else
            buf_putc(&text->word, (char)byte);
    }
    buf_put(&text->word, "", 0);
    if (buf_failed(&text->word) || text->word.data == NULL)
        lgb_no_memory(text);
    return text->result == RESULT_OK;
}

bool lgb_word(struct lgb_text *text)
{
    int byte;

    while ((byte = lgb_byte(text)) == ' ')
        ;
    return byte != -1 && gather(text, byte, ' ');
}

bool lgb_rest(struct lgb_text *text)
{
    return gather(text, lgb_byte(text), -1);
}

bool lgb_number(const char *word, size_t len, double *out)
{
    static const struct {
        const char *text;
        double value;
    } odd[] = {
        {"inf", INFINITY},
        {"-inf", -INFINITY},
        {"nan", NAN},
        {"-nan", NAN},
    };
    size_t i;

    if (num_parse_double_loose(word, len, out))
        return true;
    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (strlen(odd[i].text) == len && memcmp(odd[i].text, word, len) == 0) {
            *out = odd[i].value;
            return true;
        }
    }
    return false;
}

enum result lgb_count(struct lgb_text *text, const char *key, uint64_t most, uint64_t *out)
{
    char quoted[48];

    if (!lgb_rest(text))
        return text->result;
    if (!num_parse_u64(text->word.data, text->word.len, out) || *out > most) {
        utf8_quote(quoted, sizeof(quoted), text->word.data, text->word.len);
        return lgb_fail(text, RESULT_MALFORMED, 0,
                        "%s is \"%s\"; it is a whole number from 0 to %llu", key, quoted,
                        (unsigned long long)most);
    }
    return RESULT_OK;
}
