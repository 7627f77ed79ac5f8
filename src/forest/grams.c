/*
 * grams.c: the n-grams of a text.
 *
 * One pass, two words of memory.  A hash runs over a word's bytes as they come, so that
 * its beginnings cost nothing more.
 */
#include "forest/grams.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "forest/fold.h"

enum {
    PREFIX_MIN = 3,
    PREFIX_MAX = 7,
    SUFFIX_MIN = 3,
    SUFFIX_MAX = 4,
    NEGATION_REACH = 2, /* words */
};

struct word {
    char bytes[GRAM_WORD_MAX * 4];
    uint16_t ends[GRAM_WORD_MAX + 1]; /* ends[n]: bytes of the first n characters */
    uint32_t chars;
    uint64_t state; /* of the hash, after all bytes */
    bool negated;
};

struct reader {
    uint64_t start; /* of every hash */
    void (*take)(void *arg, const struct gram *gram);
    void *arg;
    struct gram_counts *counts;
    struct word words[2]; /* the one being read, and the one before it */
    unsigned current;
    bool has_previous; /* in the same sentence */
    bool apostrophe;   /* came after the last letter, and counts if a letter follows */
    uint32_t reach;    /* words that are still under a negation */
};

/* FNV-1a (G. Fowler, L. Noll, K.-P. Vo), 64 bits. */
static uint64_t add_bytes(uint64_t state, const char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        state = (state ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return state;
}

/* The last step of SplitMix64: each bit of the sum depends on each bit of the state. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t finish(uint64_t state, enum gram_kind kind, bool negated)
{
    return mix(state ^ mix((uint64_t)kind * 2 + negated));
}

static void give(const struct reader *reader, const struct word *word, enum gram_kind kind,
                 uint64_t state, size_t begin, size_t end)
{
    struct gram gram = {
        .hash = finish(state, kind, word->negated),
        .kind = kind,
        .negated = word->negated,
        .at = reader->counts->words,
        .text = word->bytes + begin,
        .len = end - begin,
    };

    reader->take(reader->arg, &gram);
}

static void give_prefixes(const struct reader *reader, const struct word *word)
{
    uint64_t state = add_bytes(reader->start, word->bytes, word->ends[PREFIX_MIN - 1]);
    uint32_t n;

    for (n = PREFIX_MIN; n <= PREFIX_MAX && n < word->chars; n++) {
        size_t from = word->ends[n - 1], end = word->ends[n];

        state = add_bytes(state, word->bytes + from, end - from);
        give(reader, word, GRAM_PREFIX, state, 0, end);
    }
}

static void give_suffixes(const struct reader *reader, const struct word *word)
{
    uint32_t n;

    for (n = SUFFIX_MIN; n <= SUFFIX_MAX && n < word->chars; n++) {
        size_t from = word->ends[word->chars - n], end = word->ends[word->chars];

        give(reader, word, GRAM_SUFFIX,
             add_bytes(reader->start, word->bytes + from, end - from), from, end);
    }
}

static void give_pair(const struct reader *reader, const struct word *first,
                      const struct word *word)
{
    struct gram gram = {
        .hash = finish(mix(first->state) + word->state, GRAM_PAIR, word->negated),
        .kind = GRAM_PAIR,
        .negated = word->negated,
        .at = reader->counts->words,
        .text = word->bytes,
        .len = word->ends[word->chars],
        .first = first->bytes,
        .first_len = first->ends[first->chars],
    };

    reader->take(reader->arg, &gram);
}

static bool word_is(const struct word *word, const char *text)
{
    size_t len = word->ends[word->chars];

    return strlen(text) == len && memcmp(word->bytes, text, len) == 0;
}

static bool word_negates(const struct word *word)
{
    static const char *const negations[] = {"not",     "no",     "never",   "nobody",
                                            "nothing", "none",   "nor",     "neither",
                                            "hardly",  "barely", "without", "cannot"};
    size_t i, len = word->ends[word->chars];

    if (len > 3 && memcmp(word->bytes + len - 3, "n't", 3) == 0)
        return true;
    for (i = 0; i < sizeof(negations) / sizeof(negations[0]); i++)
        if (word_is(word, negations[i]))
            return true;
    return false;
}

static void word_open(struct reader *reader)
{
    struct word *word = &reader->words[reader->current];

    word->chars = 0;
    word->ends[0] = 0;
    word->state = reader->start;
    reader->apostrophe = false;
}

static void word_add(struct reader *reader, uint32_t code)
{
    struct word *word = &reader->words[reader->current];
    size_t end, len;

    if (word->chars == GRAM_WORD_MAX)
        return;
    end = word->ends[word->chars];
    len = utf8_encode(word->bytes + end, code);
    word->state = add_bytes(word->state, word->bytes + end, len);
    word->ends[++word->chars] = (uint16_t)(end + len);
}

/* Gives out the word that has been read, if there is one, and makes room for another. */
static void word_close(struct reader *reader)
{
    struct word *word = &reader->words[reader->current];
    bool negates;

    if (word->chars == 0)
        return;
    negates = word_negates(word);
    if (word_is(word, "but"))
        reader->reach = 0;
    word->negated = !negates && reader->reach > 0;
    give(reader, word, GRAM_WORD, word->state, 0, word->ends[word->chars]);
    if (word->chars > PREFIX_MIN && !negates) {
        give_prefixes(reader, word);
        give_suffixes(reader, word);
    }
    if (reader->has_previous)
        give_pair(reader, &reader->words[!reader->current], word);
    if (negates)
        reader->reach = NEGATION_REACH;
    else if (reader->reach > 0)
        reader->reach--;
    reader->counts->words++;
    reader->has_previous = true;
    reader->current = !reader->current;
    word_open(reader);
}

/* A stop: no pair and no negation goes across it. */
static void stop(struct reader *reader)
{
    word_close(reader);
    reader->has_previous = false;
    reader->reach = 0;
}

static void give_sign(struct reader *reader, const char *text, size_t len)
{
    struct gram gram = {.kind = GRAM_SIGN, .at = reader->counts->words};

    gram.hash = finish(add_bytes(reader->start, text, len), GRAM_SIGN, false);
    gram.text = text;
    gram.len = len;
    reader->take(reader->arg, &gram);
    reader->counts->words++;
}

/* A smiley at the start of the text: its bytes, and its name without a nose; else 0. */
static size_t smiley(const char *text, size_t len, const char **name)
{
    static const struct {
        char mouth;
        const char *name;
    } faces[] = {{')', ":)"}, {'(', ":("}, {'D', ":D"}, {'P', ":P"}, {'/', ":/"}, {'|', ":|"}};
    size_t i, nose;

    if (len < 2 || (text[0] != ':' && text[0] != ';' && text[0] != '='))
        return 0;
    nose = text[1] == '-' && len > 2;
    for (i = 0; i < sizeof(faces) / sizeof(faces[0]); i++)
        if (text[1 + nose] == faces[i].mouth) {
            *name = faces[i].name;
            /* "http://" and ":Dora" are no faces. */
            if (len > 2 + nose && fold_kind((unsigned char)text[2 + nose]) == FOLD_LETTER)
                return 0;
            return faces[i].mouth == '/' && len > 2 + nose && text[2 + nose] == '/' ? 0
                                                                                    : 2 + nose;
        }
    return 0;
}

/* Takes what is neither letter nor space from the text's start; how many bytes. */
static size_t take_sign(struct reader *reader, const char *text, size_t len)
{
    const char *name = NULL;
    size_t used = smiley(text, len, &name);

    stop(reader);
    if (used > 0) {
        give_sign(reader, name, strlen(name));
        reader->counts->chars += (uint32_t)used;
        return used;
    }
    for (used = 1; used < len && text[used] == text[0]; used++)
        ;
    reader->counts->chars += (uint32_t)used;
    if (text[0] == '!' || text[0] == '?')
        give_sign(reader, text, used > 2 ? 2 : used);
    return used;
}

static void take_letter(struct reader *reader, uint32_t code)
{
    uint32_t lower = fold_lower(code);

    if (reader->apostrophe && reader->words[reader->current].chars > 0)
        word_add(reader, '\'');
    reader->apostrophe = false;
    word_add(reader, lower);
    reader->counts->letters++;
    reader->counts->capitals += lower != code;
}

/* Characters that show nothing and part nothing. */
static bool is_hidden(uint32_t code)
{
    return code == 0xad || (code >= 0x200b && code <= 0x200d) || code == 0x2060 ||
           code == 0xfeff;
}

static void take_char(struct reader *reader, const char *text, size_t len, uint32_t code)
{
    reader->counts->chars++;
    switch (fold_kind(code)) {
    case FOLD_LETTER:
    case FOLD_DIGIT:
        take_letter(reader, code);
        break;
    case FOLD_ALONE:
        word_close(reader);
        take_letter(reader, code);
        word_close(reader);
        break;
    case FOLD_MARK:
        if (reader->words[reader->current].chars > 0)
            word_add(reader, code);
        break;
    case FOLD_SPACE:
        word_close(reader);
        break;
    case FOLD_SIGN:
        stop(reader);
        give_sign(reader, text, len);
        break;
    case FOLD_OTHER:
        if (!is_hidden(code))
            stop(reader);
        break;
    }
}

/* A hyphen parts words, not sentences; an apostrophe waits for a letter. */
static size_t take_ascii(struct reader *reader, const char *text, size_t len)
{
    enum fold_kind kind = fold_kind((unsigned char)text[0]);

    if (kind == FOLD_OTHER && text[0] != '\'' && text[0] != '-')
        return take_sign(reader, text, len);
    if (kind != FOLD_OTHER) {
        take_char(reader, text, 1, (unsigned char)text[0]);
        return 1;
    }
    reader->counts->chars++;
    if (text[0] == '-')
        word_close(reader);
    else if (reader->words[reader->current].chars > 0)
        reader->apostrophe = true;
    return 1;
}

void grams_each(const char *text, size_t len, uint64_t seed,
                void (*take)(void *arg, const struct gram *gram), void *arg,
                struct gram_counts *counts)
{
    struct reader reader = {.take = take, .arg = arg, .counts = counts};
    uint32_t code;
    size_t i = 0, used;

    memset(counts, 0, sizeof(*counts));
    reader.start = UINT64_C(0xcbf29ce484222325) ^ mix(seed);
    word_open(&reader);
    while (i < len) {
        if ((unsigned char)text[i] < 0x80) {
            i += take_ascii(&reader, text + i, len - i);
            continue;
        }
        used = utf8_decode(text + i, len - i, &code);
        if (used == 0) {
            used = 1;
        } else if (code == 0x2019) { /* the apostrophe of typesetters */
            counts->chars++;
            reader.apostrophe = reader.words[reader.current].chars > 0;
        } else {
            take_char(&reader, text + i, used, code);
        }
        i += used;
    }
    word_close(&reader);
}

void gram_name(const struct gram *gram, char name[GRAM_NAME_MAX])
{
    const char *mark = gram->negated ? "!" : "";

    if (gram->kind == GRAM_PAIR)
        snprintf(name, GRAM_NAME_MAX, "%.*s %s%.*s", (int)gram->first_len, gram->first, mark,
                 (int)gram->len, gram->text);
    else
        snprintf(name, GRAM_NAME_MAX, "%s%s%.*s%s", mark, gram->kind == GRAM_SUFFIX ? "-" : "",
                 (int)gram->len, gram->text, gram->kind == GRAM_PREFIX ? "-" : "");
}
