/*
 * fuzz_user.c: any text as a username, a password, a hash and an invitation.
 *
 * A username that is taken stays the same when it is read again, and has nothing in it that
 * could mean something to a log, a header or a path; a hash is of one of the two forms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "gate/key.h"
#include "gate/password.h"
#include "gate/user.h"

static void check_username(const char *text, size_t size)
{
    char name[USER_USERNAME_MAX + 1], again[USER_USERNAME_MAX + 1];
    const char *at;

    if (!user_name_read(text, size, name))
        return;
    CHECK(strlen(name) == size);
    CHECK(user_name_read(name, size, again) && strcmp(name, again) == 0);
    at = strchr(name, '@');
    CHECK(at != NULL && at == strrchr(name, '@') && at != name);
    CHECK(strchr(at, '.') != NULL || strcmp(at, "@localhost") == 0);
    for (const char *c = name; *c != '\0'; c++)
        CHECK(*c > ' ' && *c < 0x7f && strchr("\"\\,;:<>()[]", *c) == NULL &&
              !(*c >= 'A' && *c <= 'Z'));
}

static void check_password(const char *text, size_t size)
{
    struct reason why = {{0}};

    if (password_allowed(text, size, "ann@example.org", &why) != RESULT_OK)
        CHECK(why.text[0] != '\0');
    else
        CHECK(size >= PASSWORD_MIN && size <= 4 * PASSWORD_MAX &&
              memchr(text, '\0', size) == NULL);
}

static void check_hash(const char *text)
{
    if (password_hash_known(text))
        CHECK(strlen(text) <= USER_PASSWORD_MAX &&
              (strncmp(text, "$y$", 3) == 0 || strncmp(text, "$2", 2) == 0));
}

/* What is taken is no key as well; what is made keeps the id that it is given. */
static void check_invitation(const char *text, size_t size)
{
    char made[INVITATION_TEXT_LEN + 1];

    if (key_secret_valid("fgi_", text, size))
        CHECK(size == INVITATION_TEXT_LEN && !key_text_valid(text, size));
    if (size < KEY_ID_LEN)
        return;
    key_secret_make("fgi_", made, text);
    CHECK(memcmp(made + 4, text, KEY_ID_LEN) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_username(text, size);
    check_password(text, size);
    check_hash(text);
    check_invitation(text, size);
    free(text);
    return 0;
}
