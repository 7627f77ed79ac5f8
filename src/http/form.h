/*
 * form.h: small sets of named values, read against one const table: the members of a JSON
 * object, the pairs of an urlencoded body, the parameters of a query.
 *
 * All that does not fit the table is found in one pass and told field by field (422); what
 * is not of the format at all is one problem (400), whatever else was wrong before.  The
 * same table makes the schema in /openapi.json.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    FORM_FIELDS_MAX = 24,
    FORM_FAULTS_MAX = 20 /* that are told; the rest is counted */
};

enum form_type {
    FORM_TEXT,
    FORM_SECRET,  /* a text that is wiped, and stands in no answer */
    FORM_BOOL,    /* outside of JSON "true" or "false" */
    FORM_INTEGER, /* a whole number, also written as 2.0 or 2e1 */
    FORM_NUMBER,
    FORM_WORDS,  /* "a,b" or ["a","b"]: a text of words without blanks, joined by commas */
    FORM_OBJECT, /* a JSON object: its own compact text; outside of JSON, text that is one */
    FORM_TIME,   /* RFC 3339, or a date, which is its midnight UTC: integer is microseconds */
    FORM_TYPE__MAX
};

struct form_field {
    const char *name;
    enum form_type type;
    bool required;
    bool nullable;              /* only JSON has a null */
    int64_t min, max;           /* both 0: none; of a number its value, of texts the
                                   characters (code points), where a max of 0 is none */
    const char *const *choices; /* NULL, or what a text or a word may be; NULL at the end */
    const char *help;           /* one sentence or phrase for /openapi.json */
};

struct form {
    const char *name; /* of its schema in /openapi.json */
    const struct form_field *fields;
    size_t count; /* FORM_FIELDS_MAX at most */
    /*
     * Urlencoded parameters that it has not, and those without a value, are passed over
     * (RFC 6749, section 3.2); and what does not fit is a 400 as section 5.2 has it.
     */
    bool oauth;
};

/* A field's value.  The texts have a NUL behind them and none in them. */
struct form_value {
    bool given; /* null too */
    bool null;
    bool truth;
    const char *text; /* of every type but truth and numbers; NULL if not given or null */
    size_t len;
    int64_t integer;
    double number; /* also of an integer */
};

/* One field at fault. */
struct form_fault {
    char field[112], problem[128], allowed[512];
};

/*
 * What was read: the values in the order of the table's fields.  Zeroed before its first
 * use; used again it allocates nothing for ordinary bodies.
 */
struct form_data {
    const struct form *form; /* that it was read for; NULL: nothing was read */
    struct form_value values[FORM_FIELDS_MAX];
    struct form_fault faults[FORM_FAULTS_MAX];
    size_t fault_count; /* of all, of which FORM_FAULTS_MAX are here */
    struct buf store;   /* the texts */
    size_t places[FORM_FIELDS_MAX];
};

/*
 * Read a JSON object, the pairs of an urlencoded body (WHATWG URL, section 5.1, but strict:
 * a % that begins no byte, what is not UTF-8 and a name that is repeated are malformed), and
 * the query of a URL, which is the same but knows every name and takes every value.
 *
 * RESULT_OK: the values fit.  RESULT_INVALID: the faults say what does not.
 * RESULT_MALFORMED or RESULT_TOO_BIG with the problem: it is not of the format.
 * RESULT_NOMEM.  An empty text is an empty object where no field is required.
 */
enum result form_read_json(struct form_data *data, const struct form *form, const char *text,
                           size_t len, struct reason *why);
enum result form_read_urlencoded(struct form_data *data, const struct form *form,
                                 const char *text, size_t len, struct reason *why);
enum result form_read_query(struct form_data *data, const struct form *form, const char *text,
                            size_t len, struct reason *why);

/*
 * The value of a field by its name; a value that is not given for a name that the form does
 * not have, and where nothing was read.
 */
const struct form_value *form_value(const struct form_data *data, const char *name);

/* Whether a field's values are secret. */
bool form_has_secret(const struct form *form);

/* What a field takes, in words: "a text of 12 to 256 characters". */
void form_print_allowed(const struct form_field *field, char *out, size_t size);

/* The same of the field of this name; empty if the form has none. */
void form_print_allowed_of(const struct form *form, const char *name, char *out, size_t size);

/* Forgets the values, wiping what may be secret, and keeps little memory. */
void form_release(struct form_data *data);

/* The same, and frees all. */
void form_free(struct form_data *data);

#endif
