/*
 * user_wish.c: what can be said of a user, and what is allowed of it: a table of parts.
 */
#include "gate/user_wish.h"

#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "gate/tier.h"

enum {
    LOCAL_MAX = 64, /* RFC 5321, section 4.5.3.1 */
    LABEL_MAX = 63,
    NAME_CHARACTERS = 100,
    COUNTRY_CHARACTERS = 64,
};

_Static_assert(NAME_CHARACTERS * 4 <= USER_PERSON_NAME_MAX, "names fit in a row");
_Static_assert(COUNTRY_CHARACTERS * 4 <= USER_COUNTRY_MAX, "a country fits in a row");

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* What stands before the @: RFC 5322's dot-atom, in lower case. */
static bool local_valid(const char *text, size_t len)
{
    if (len == 0 || len > LOCAL_MAX || text[0] == '.' || text[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr(letters, text[i]) == NULL && strchr("!#$%&'*+-/=?^_`{|}~.", text[i]) == NULL)
            return false;
    return memmem(text, len, "..", 2) == NULL;
}

static bool label_valid(const char *text, size_t len)
{
    if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr(letters, text[i]) == NULL && text[i] != '-')
            return false;
    return true;
}

/* Two labels or more, the last no number; or localhost. */
static bool domain_valid(const char *text)
{
    const char *last = text;
    size_t len, labels = 0;

    for (;; text += len + 1) {
        len = strcspn(text, ".");
        if (!label_valid(text, len))
            return false;
        last = text;
        labels++;
        if (text[len] == '\0')
            break;
    }
    return labels == 1 ? strcmp(last, "localhost") == 0
                       : last[strspn(last, "0123456789")] != '\0';
}

bool user_name_read(const char *text, size_t len, char out[USER_USERNAME_MAX + 1])
{
    char name[USER_USERNAME_MAX + 1] = "";
    size_t at;

    if (len == 0 || len > USER_USERNAME_MAX || memchr(text, '\0', len) != NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        name[i] = text_lower(text[i]);
    at = strcspn(name, "@");
    if (name[at] == '\0' || !local_valid(name, at) || !domain_valid(name + at + 1))
        return false;
    memcpy(out, name, len + 1);
    return true;
}

static enum result take_username(struct home *home, struct user_row *row, const char *text,
                                 struct reason *why)
{
    (void)home;
    if (user_name_read(text, strlen(text), row->username))
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID,
                      "a username is an e-mail address such as ann@example.org, of at most %d "
                      "characters",
                      USER_USERNAME_MAX);
}

/* Joiners are how some scripts spell names. */
static bool stands_in_name(uint32_t code)
{
    return utf8_is_shown(code) || code == 0x200c || code == 0x200d;
}

/* Blanks of all widths, joiners, and letters that are drawn as nothing. */
static bool is_blank(uint32_t code)
{
    static const uint32_t blanks[][2] = {
        {0x20, 0x20},     {0xa0, 0xa0},     {0x34f, 0x34f},   {0x115f, 0x1160},
        {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200d},
        {0x202f, 0x202f}, {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
        {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0},
    };

    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
        if (code >= blanks[i][0] && code <= blanks[i][1])
            return true;
    return false;
}

static enum result take_text(const char *what, const char *text, size_t most, char *out,
                             size_t size, struct reason *why)
{
    size_t len = strlen(text), count = 0, blanks = 0, used;
    uint32_t code;

    for (size_t i = 0; i < len; i += used, count++) {
        used = utf8_decode(text + i, len - i, &code);
        if (used == 0 || !stands_in_name(code))
            return reason_set(why, RESULT_INVALID,
                              "a %s is a text of UTF-8 without control characters", what);
        blanks += is_blank(code);
    }
    if (count > 0 && blanks == count)
        return reason_set(why, RESULT_INVALID, "a %s has something in it that is seen", what);
    if (count > most)
        return reason_set(why, RESULT_TOO_BIG, "a %s has at most %zu characters", what, most);
    text_copy(out, size, text);
    return RESULT_OK;
}

static enum result take_first_name(struct home *home, struct user_row *row, const char *text,
                                   struct reason *why)
{
    (void)home;
    return take_text("first name", text, NAME_CHARACTERS, row->first_name,
                     sizeof(row->first_name), why);
}

static enum result take_last_name(struct home *home, struct user_row *row, const char *text,
                                  struct reason *why)
{
    (void)home;
    return take_text("last name", text, NAME_CHARACTERS, row->last_name, sizeof(row->last_name),
                     why);
}

static enum result take_country(struct home *home, struct user_row *row, const char *text,
                                struct reason *why)
{
    (void)home;
    return take_text("country", text, COUNTRY_CHARACTERS, row->country, sizeof(row->country),
                     why);
}

static enum result take_role(struct home *home, struct user_row *row, const char *text,
                             struct reason *why)
{
    (void)home;
    if (user_role_parse(text, &row->role))
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID, "a role is user or admin");
}

static enum result take_active(struct home *home, struct user_row *row, const char *text,
                               struct reason *why)
{
    (void)home;
    row->active = strcmp(text, "true") == 0;
    if (row->active || strcmp(text, "false") == 0)
        return RESULT_OK;
    return reason_set(why, RESULT_INVALID, "is_active is true or false");
}

static enum result take_models(struct home *home, struct user_row *row, const char *text,
                               struct reason *why)
{
    enum result result = RESULT_OK;

    if (text[0] != '\0')
        result = key_models_check(home, text, why);
    if (result == RESULT_OK)
        text_copy(row->models, sizeof(row->models), text);
    return result;
}

static enum result take_tier(struct home *home, struct user_row *row, const char *text,
                             struct reason *why)
{
    struct tier_row tier;
    enum result result = tier_find(home, text, &tier, why);

    if (result == RESULT_OK)
        text_copy(row->tier, sizeof(row->tier), text);
    return result;
}

static const struct {
    const char *name; /* in JSON */
    enum result (*take)(struct home *home, struct user_row *row, const char *text,
                        struct reason *why);
    bool asks_home;
    const char *fallback; /* of a new user */
} parts[USER_PART__MAX] = {
    [USER_PART_USERNAME] = {"username", take_username, false, ""},
    [USER_PART_FIRST_NAME] = {"first_name", take_first_name, false, ""},
    [USER_PART_LAST_NAME] = {"last_name", take_last_name, false, ""},
    [USER_PART_COUNTRY] = {"country", take_country, false, ""},
    [USER_PART_ROLE] = {"role", take_role, false, "user"},
    [USER_PART_ACTIVE] = {"is_active", take_active, false, "true"},
    [USER_PART_MODELS] = {"models", take_models, true, ""},
    [USER_PART_TIER] = {"tier", take_tier, true, USER_DEFAULT_TIER},
};

const char *user_part_name(enum user_part part)
{
    return parts[part].name;
}

enum result user_wish_apply(struct home *home, const struct user_wish *wish, bool is_new,
                            struct user_row *row, enum user_part *part, struct reason *why)
{
    enum result result = RESULT_OK;

    for (*part = 0; *part < USER_PART__MAX; (*part)++) {
        const char *text = wish->parts[*part];

        if (text == NULL && is_new)
            text = parts[*part].fallback;
        if (text != NULL && (home != NULL || !parts[*part].asks_home))
            result = parts[*part].take(home, row, text, why);
        if (result != RESULT_OK)
            break;
    }
    return result;
}

enum result user_wish_check(struct home *home, const struct user_wish *wish,
                            enum user_part *part, struct reason *why)
{
    struct user_row row = {.role = USER_ROLE_USER};

    return user_wish_apply(home, wish, false, &row, part, why);
}
