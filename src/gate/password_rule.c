/*
 * password_rule.c: which passwords are allowed.
 *
 * By NIST SP 800-63B and OWASP ASVS 6.2: a length, and no rule of composition; refused is
 * what is guessed first: the commonest ones, runs along the keyboard or the alphabet, few
 * characters over and over, and little beside the username or the name of what it opens.
 */
#include "gate/password.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "base/utf8.h"

enum {
    BYTES_MAX = 4 * PASSWORD_MAX,
    PERIOD_MAX = 4,  /* 123412341234 */
    BESIDE_NAME = 4, /* so many characters more than the username are enough, */
    BESIDE_WORD = 6, /* and so many more than a word of ours: a year and a sign are not */
};

/* In lower case. */
static const char *const commonest[] = {
#include "gate/password_common.inc"
};

/* What this is called, by which anybody would begin. */
static const char *const words[] = {"forestgate", "forest gate", "forest-gate", "forest_gate"};

/* What fingers walk along, forwards or backwards and from its end to its beginning. */
static const char *const runs[] = {
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "poiuytrewqlkjhgfdsamnbvcxz",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    "qweasdzxc",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abc123",
};

static bool is_common(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(commonest) / sizeof(commonest[0]); i++)
        if (strlen(commonest[i]) == len && memcmp(commonest[i], text, len) == 0)
            return true;
    return false;
}

/* Whether it goes round from some place on, `step` being 1 or one less than all. */
static bool goes_along(const char *run, size_t step, const char *text, size_t len)
{
    size_t all = strlen(run);

    for (size_t from = 0; from < all; from++) {
        size_t same = 0;

        while (same < len && run[(from + same * step) % all] == text[same])
            same++;
        if (same == len)
            return true;
    }
    return false;
}

static bool is_run(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        if (goes_along(runs[i], 1, text, len) ||
            goes_along(runs[i], strlen(runs[i]) - 1, text, len))
            return true;
    return false;
}

/* One to four bytes over and over; a character of several bytes is one, too. */
static bool is_repeated(const char *text, size_t len)
{
    for (size_t period = 1; period <= PERIOD_MAX; period++)
        if (memcmp(text, text + period, len - period) == 0)
            return true;
    return false;
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* A part, which is in lower case, with fewer than so many characters more. */
static bool has_little_but(const char *text, size_t len, const char *part, size_t part_len,
                           size_t more)
{
    return part_len > 0 && memmem(text, len, part, part_len) != NULL &&
           characters(text, len) - characters(part, part_len) < more;
}

static bool is_of_name(const char *text, size_t len, const char *username)
{
    return username != NULL &&
           (has_little_but(text, len, username, strlen(username), BESIDE_NAME) ||
            has_little_but(text, len, username, strcspn(username, "@"), BESIDE_NAME));
}

static bool is_of_words(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (has_little_but(text, len, words[i], strlen(words[i]), BESIDE_WORD))
            return true;
    return false;
}

/* Of what has the right length and characters. */
static const char *guessable(const char *text, size_t len, const char *username)
{
    if (is_common(text, len))
        return "it is one of the commonest";
    if (is_run(text, len))
        return "it is one row of letters or digits";
    if (is_repeated(text, len))
        return "it is the same characters over and over";
    if (is_of_name(text, len, username))
        return "it is little but the username";
    if (is_of_words(text, len))
        return "it is little but the name of this service";
    return NULL;
}

enum result password_allowed(const char *password, size_t len, const char *username,
                             struct reason *why)
{
    char text[BYTES_MAX];
    const char *fault;
    size_t count;

    if (len > BYTES_MAX)
        return reason_set(why, RESULT_INVALID, "a password has %d to %d characters",
                          PASSWORD_MIN, PASSWORD_MAX);
    if (!utf8_valid(password, len) || memchr(password, '\0', len) != NULL)
        return reason_set(why, RESULT_INVALID, "a password is UTF-8 without NUL");
    count = characters(password, len);
    if (count < PASSWORD_MIN || count > PASSWORD_MAX)
        return reason_set(why, RESULT_INVALID, "a password has %d to %d characters",
                          PASSWORD_MIN, PASSWORD_MAX);
    for (size_t i = 0; i < len; i++)
        text[i] = text_lower(password[i]);
    fault = guessable(text, len, username);
    secret_wipe(text, sizeof(text));
    if (fault == NULL)
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "a password like that is guessed first: %s; take some words that only "
                      "you put together",
                      fault);
}
