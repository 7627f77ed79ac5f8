/*
 * complete.c: what may come next on a command line, for shells to offer.
 */
#include "cmd/complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/nouns.h"

enum {
    WORD_MAX = 256,
};

/* ---- what words of the tables stand for ---- */

/* The first row that fits; NULL fits all.  A word of small letters and | is its own choices. */
static const struct {
    const char *noun, *option, *word;
    enum complete_kind kind;
    const char *choices;
} rows[] = {
    {NULL, NULL, "FILE", COMPLETE_FILES, NULL},
    {NULL, NULL, "[FILE]", COMPLETE_FILES, NULL},
    {NULL, NULL, "PATH", COMPLETE_FILES, NULL},
    {NULL, NULL, "ROWS", COMPLETE_FILES, NULL},
    {NULL, NULL, "EXPECTED", COMPLETE_FILES, NULL},
    {NULL, NULL, "DIR", COMPLETE_DIRECTORIES, NULL},
    {NULL, NULL, "NAME|FILE", COMPLETE_MODELS_FILES, NULL},
    {NULL, NULL, "A", COMPLETE_MODELS_FILES, NULL},
    {NULL, NULL, "B", COMPLETE_MODELS_FILES, NULL},
    {NULL, NULL, "TIER", COMPLETE_TIERS, NULL},
    {NULL, NULL, "USER", COMPLETE_USERS, NULL},
    {NULL, NULL, "EMAIL|ID", COMPLETE_USERS, NULL},
    {NULL, NULL, "UUID", COMPLETE_JOBS, NULL},
    {NULL, NULL, "SERVER", COMPLETE_CHOICES, "lighttpd|apache|nginx|htaccess|nftables|errors"},
    {NULL, NULL, "SHELL", COMPLETE_CHOICES, "bash|zsh|fish"},
    {NULL, NULL, "MODE", COMPLETE_CHOICES, "socket|spawn|cgi|fcgid|proxy"},
    {NULL, "--model", NULL, COMPLETE_MODELS, NULL},
    {NULL, "--models", NULL, COMPLETE_MODELS_LIST, NULL},
    {NULL, "--scopes", NULL, COMPLETE_CHOICES_LIST, "predict|jobs|read|admin|metrics"},
    {NULL, "--key", NULL, COMPLETE_KEYS, NULL},
    {"model", NULL, "NAME", COMPLETE_MODELS, NULL},
    {"tier", NULL, "NAME", COMPLETE_TIERS, NULL},
    {"key", NULL, "ID", COMPLETE_KEYS, NULL},
    {"invitation", NULL, "ID", COMPLETE_INVITATIONS, NULL},
};

/* What is anything. */
static const char *const free_words[] = {
    "ID",          "WHAT",      "WHO",     "WHICH",   "CIDR...",       "SHARE",   "NAMES",
    "N",           "D",         "K",       "TIME",    "NAME",          "BYTES",   "URL",
    "N/PERIOD...", "N/TIME...", "V,V,...", "TEXT",    "NAME=VALUE...", "S",       "COLUMN",
    "[EMAIL]",     "EMAIL",     "OBJECT",  "SECONDS", "NUMBERS",       "P,P,...",
};

static bool is_choices(const char *word)
{
    return strchr(word, '|') != NULL &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789|")] == '\0';
}

static bool fits(const char *wanted, const char *given)
{
    return wanted == NULL || (given != NULL && strcmp(wanted, given) == 0);
}

bool complete_kind_of(const char *noun, const char *option, const char *word,
                      enum complete_kind *kind, const char **choices)
{
    *kind = is_choices(word) ? COMPLETE_CHOICES : COMPLETE_FREE;
    *choices = word;
    if (*kind == COMPLETE_CHOICES)
        return true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool of_operand = rows[i].noun != NULL && option != NULL;

        if (of_operand || !fits(rows[i].noun, noun) || !fits(rows[i].option, option) ||
            !fits(rows[i].word, word))
            continue;
        *kind = rows[i].kind;
        *choices = rows[i].choices;
        return true;
    }
    for (size_t i = 0; i < sizeof(free_words) / sizeof(free_words[0]); i++)
        if (strcmp(free_words[i], word) == 0)
            return true;
    return false;
}

/* ---- the line so far ---- */

struct line {
    struct buf *out;
    const char *word;  /* what is completed, */
    const char *begin; /* and what stands before it in the same word: "--models=iris," */
    size_t begin_len;
    const char *list; /* where the list begins that the word is of, or NULL */
    const char *home;
    const struct cli_command *commands, *command;
    const struct option_row *pending; /* an option that waits for its value; */
    size_t value;                     /* its first or its second */
    size_t operands;                  /* that are there */
    bool ended;                       /* by -- */
    bool lost;                        /* behind a word that is none of ours */
    const char *given[OPTION_ROWS_MAX];
    size_t given_count;
};

static const struct option_row common[] = {CLI_COMMON_OPTIONS};

static const struct option_row *options_of(const struct line *line)
{
    return line->command != NULL ? line->command->options : common;
}

/* The option that a word names, up to its =. */
static const struct option_row *option_of(const struct line *line, const char *word)
{
    size_t len = strcspn(word, "=");

    for (const struct option_row *row = options_of(line); row->name != NULL; row++)
        if (strlen(row->name) == len && memcmp(row->name, word, len) == 0)
            return row;
    return NULL;
}

static void option_take(struct line *line, const char *word)
{
    const struct option_row *row = option_of(line, word);
    const char *equals = strchr(word, '=');

    if (row == NULL)
        return;
    if (line->given_count < OPTION_ROWS_MAX)
        line->given[line->given_count++] = row->name;
    if (equals != NULL && strcmp(row->name, "--home") == 0)
        line->home = equals + 1;
    line->value = equals != NULL ? 1 : 0;
    if (row->value != NULL && (equals == NULL || strchr(row->value, ' ') != NULL))
        line->pending = row;
}

/* The value of the option before; of two values there is one more to come. */
static void value_take(struct line *line, const char *word)
{
    if (strcmp(line->pending->name, "--home") == 0)
        line->home = word;
    line->value++;
    if (line->value > 1 || strchr(line->pending->value, ' ') == NULL)
        line->pending = NULL;
}

static void word_take(struct line *line, const char *word)
{
    if (line->lost)
        return;
    if (line->pending != NULL) {
        value_take(line, word);
    } else if (!line->ended && strcmp(word, "--") == 0) {
        line->ended = true;
    } else if (!line->ended && word[0] == '-' && word[1] != '\0') {
        option_take(line, word);
    } else if (line->commands == NULL) {
        line->commands = noun_find(word);
        line->lost = line->commands == NULL;
        if (line->commands != NULL && line->commands[0].verb == NULL)
            line->command = line->commands;
    } else if (line->command == NULL) {
        line->command = noun_verb(line->commands, word);
        line->lost = line->command == NULL;
    } else {
        line->operands++;
    }
}

/* ---- what is offered ---- */

/* Whether a list has a name already, in what stands before the word. */
static bool is_listed(const struct line *line, const char *name)
{
    const size_t len = strlen(name);
    const char *at = line->word;

    while (at > line->list && line->list != NULL) {
        const char *end = at - 1; /* its comma */

        for (at = end; at > line->list && at[-1] != ',';)
            at--;
        if ((size_t)(end - at) == len && memcmp(at, name, len) == 0)
            return true;
    }
    return false;
}

/* A word that begins as what was typed; of what it is only what a terminal can show. */
static void offer(struct line *line, const char *name, const char *about)
{
    if (name == NULL || strncmp(name, line->word, strlen(line->word)) != 0 ||
        is_listed(line, name))
        return;
    buf_put(line->out, line->begin, line->begin_len);
    buf_puts(line->out, name);
    if (about != NULL && about[0] != '\0')
        buf_putc(line->out, '\t');
    for (; about != NULL && *about != '\0'; about++)
        buf_putc(line->out,
                 (char)((unsigned char)*about < ' ' || *about == 0x7f ? '?' : *about));
    buf_putc(line->out, '\n');
}

static void offer_name(void *arg, const char *name, const char *about)
{
    offer(arg, name, about);
}

static void offer_choices(struct line *line, const char *choices)
{
    char word[WORD_MAX];
    size_t len;

    for (; *choices != '\0'; choices += len + (choices[len] == '|')) {
        len = strcspn(choices, "|");
        text_print(word, sizeof(word), "%.*s", (int)len, choices);
        offer(line, word, NULL);
    }
}

/* Of a list the last word is completed, and more may follow. */
static void list_begin(struct line *line)
{
    const char *comma = strrchr(line->word, ',');

    line->list = line->word;
    if (comma != NULL) {
        line->begin_len += (size_t)(comma + 1 - line->word);
        line->word = comma + 1;
    }
    buf_puts(line->out, ":nospace\n");
}

static void offer_kind(struct line *line, enum complete_kind kind, const char *choices)
{
    if (kind == COMPLETE_MODELS_LIST || kind == COMPLETE_CHOICES_LIST)
        list_begin(line);
    if (kind == COMPLETE_CHOICES || kind == COMPLETE_CHOICES_LIST)
        offer_choices(line, choices);
    else if (kind == COMPLETE_DIRECTORIES)
        buf_puts(line->out, ":directories\n");
    else if (kind != COMPLETE_FREE && kind != COMPLETE_FILES)
        complete_names(kind, line->home, line->word, offer_name, line);
    if (kind == COMPLETE_FILES ||
        (kind == COMPLETE_MODELS_FILES && strchr(line->word, ':') == NULL))
        buf_puts(line->out, ":files\n");
}

/* The word at a place of those that stand in a table with blanks between; "" past the last. */
static void word_at(char out[WORD_MAX], const char *words, size_t at)
{
    for (; at > 0 && *words != '\0'; at--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    text_print(out, WORD_MAX, "%.*s", (int)strcspn(words, " "), words);
}

static void offer_value(struct line *line, const struct option_row *row)
{
    enum complete_kind kind;
    const char *choices;
    char word[WORD_MAX];

    word_at(word, row->value, line->value);
    if (complete_kind_of(line->command != NULL ? line->command->noun : NULL, row->name, word,
                         &kind, &choices))
        offer_kind(line, kind, choices);
}

static bool is_given(const struct line *line, const char *name)
{
    for (size_t i = 0; i < line->given_count; i++)
        if (strcmp(line->given[i], name) == 0)
            return true;
    return false;
}

static bool may_repeat(const struct option_row *row)
{
    size_t len = row->value != NULL ? strlen(row->value) : 0;

    return len >= 3 && strcmp(row->value + len - 3, "...") == 0;
}

static void offer_options(struct line *line)
{
    for (const struct option_row *row = options_of(line); row->name != NULL; row++)
        if (!is_given(line, row->name) || may_repeat(row))
            offer(line, row->name, row->help);
    if (line->commands == NULL)
        offer(line, "--version", "print the version");
}

/* What is no operand any more may only be an option. */
static void offer_operand(struct line *line)
{
    enum complete_kind kind;
    const char *choices;
    char word[WORD_MAX];

    word_at(word, line->command->operands, line->operands);
    if (word[0] == '\0' && !line->ended)
        offer_options(line);
    else if (complete_kind_of(line->command->noun, NULL, word, &kind, &choices))
        offer_kind(line, kind, choices);
}

/* A noun is told by the verbs that it has. */
static void offer_nouns(struct line *line)
{
    for (size_t i = 0; i < nouns_count; i++) {
        const struct cli_command *command = nouns[i].commands;
        struct buf verbs = {0};

        if (command->verb == NULL)
            buf_puts(&verbs, command->summary);
        for (; command->noun != NULL && command->verb != NULL; command++)
            buf_printf(&verbs, "%s%s", verbs.len > 0 ? ", " : "", command->verb);
        offer(line, nouns[i].commands[0].noun, buf_failed(&verbs) ? NULL : verbs.data);
        buf_free(&verbs);
    }
}

static void offer_verbs(struct line *line)
{
    for (const struct cli_command *command = line->commands; command->noun != NULL; command++)
        offer(line, command->verb, command->summary);
}

/* --name=VALUE: the option stays before its value. */
static const struct option_row *joined(struct line *line)
{
    const char *equals = strchr(line->word, '=');
    const struct option_row *row = equals != NULL ? option_of(line, line->word) : NULL;

    if (row == NULL || row->value == NULL)
        return NULL;
    line->begin_len = (size_t)(equals + 1 - line->word);
    line->word = equals + 1;
    line->value = 0;
    return row;
}

void complete_words(struct buf *out, int argc, char **argv)
{
    struct line line = {.out = out, .word = argc > 0 ? argv[argc - 1] : ""};
    const struct option_row *row;

    line.begin = line.word;
    for (int i = 0; i + 1 < argc; i++)
        word_take(&line, argv[i]);
    if (line.lost)
        return;
    if (line.pending != NULL)
        offer_value(&line, line.pending);
    else if (!line.ended && line.word[0] == '-' && (row = joined(&line)) != NULL)
        offer_value(&line, row);
    else if (!line.ended && line.word[0] == '-')
        offer_options(&line);
    else if (line.commands == NULL)
        offer_nouns(&line);
    else if (line.command == NULL)
        offer_verbs(&line);
    else
        offer_operand(&line);
}
