/*
 * form_inner.h: what the readers of forms share: form.c keeps values and faults,
 * form_json.c and form_pairs.c read.  No one else includes it.
 */
#ifndef HTTP_FORM_INNER_H
#define HTTP_FORM_INNER_H

#include "http/form.h"

enum {
    FORM_NONE = -1 /* the number of a field that there is not */
};

/* Empties it for a form and a text of that length. */
void form_start(struct form_data *data, const struct form *form, size_t len);

/* The number of the field of this name, or FORM_NONE. */
int form_find(const struct form *form, const char *name, size_t len);

/* Notes one field at fault. */
void form_fault_add(struct form_data *data, const char *field, const char *allowed,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a field of the form, which says what is allowed. */
void form_fault_field(struct form_data *data, int i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A name that the form does not have. */
void form_fault_unknown(struct form_data *data, const char *name, size_t len);

/*
 * Take a value of a field, or note what is wrong with it.  A text is of any of the types
 * that are written as one; it is valid UTF-8, and may have a NUL in it.
 */
void form_take_null(struct form_data *data, int i);
void form_take_truth(struct form_data *data, int i, bool truth);
void form_take_number(struct form_data *data, int i, const int64_t *integer, double number);
void form_take_text(struct form_data *data, int i, const char *text, size_t len);
void form_take_object(struct form_data *data, int i, const char *text, size_t len);

/* The same for words one by one: begin, each word, end.  False: no more are wanted. */
void form_words_begin(struct form_data *data, int i);
bool form_words_add(struct form_data *data, int i, const char *word, size_t len);
void form_words_end(struct form_data *data, int i);

/* Looks for what is missing, and gives the result of a text that was of its format. */
enum result form_end(struct form_data *data, struct reason *why);

#endif
