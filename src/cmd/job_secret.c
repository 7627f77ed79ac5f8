/*
 * job_secret.c: forestgate job secret: what webhooks are signed with, the operator's or an
 * account's.
 */
#include "cmd/job_secret.h"

#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "gate/hook.h"
#include "gate/key.h"
#include "gate/user.h"

/* The account that a key counts for. */
static enum result key_account(struct home *home, const char *text,
                               char account[KEY_ID_LEN + 1], struct reason *why)
{
    struct key_row row;
    enum result result = key_id_read(text, account, why);

    if (result == RESULT_OK)
        result = key_row_get(home->db, account, &row, why);
    if (result == RESULT_OK && row.owner.id[0] != '\0')
        text_copy(account, KEY_ID_LEN + 1, row.owner.id);
    return result;
}

/* Whose secret is asked for; empty: the operator's. */
static enum result account_read(struct home *home, const struct option_set *set,
                                char account[KEY_ID_LEN + 1], struct reason *why)
{
    const char *user = option_value(set, "--user"), *key = option_value(set, "--key");
    struct user_row row;
    enum result result;

    account[0] = '\0';
    if (key != NULL)
        return key_account(home, key, account, why);
    if (user == NULL)
        return RESULT_OK;
    result = user_find(home, user, &row, why);
    if (result == RESULT_OK)
        text_copy(account, KEY_ID_LEN + 1, row.id);
    return result;
}

static int secret_answer(const struct option_set *set, const char *account, const char *secret,
                         enum result result, const struct reason *why)
{
    struct buf text = {0};
    struct json_writer writer = json_writer_on(&text);

    if (result == RESULT_OK && option_given(set, "--json")) {
        json_write_object(&writer);
        json_member_string(&writer, "account", account[0] != '\0' ? account : NULL);
        json_member_string(&writer, "secret", secret);
        json_write_object_end(&writer);
    } else if (result == RESULT_OK) {
        buf_puts(&text, secret);
    }
    return cli_answer(&text, result, why);
}

int job_secret_run(const struct option_set *set)
{
    char account[KEY_ID_LEN + 1] = "", secret[HOOK_SECRET_TEXT_MAX] = "";
    enum result result;
    struct reason why;
    struct home home;
    int status;

    if (option_given(set, "--user") && option_given(set, "--key")) {
        reason_set(&why, RESULT_INVALID, "--user and --key: one of them");
        return cli_misuse(&why);
    }
    result = cli_home_open(set, &home, &why);
    if (result == RESULT_OK)
        result = account_read(&home, set, account, &why);
    if (result == RESULT_OK)
        result = hook_secret_print(account[0] != '\0' ? account : NULL, secret, &why);
    status = secret_answer(set, account, secret, result, &why);
    secret_wipe(secret, sizeof(secret));
    return cli_home_end(&home, status);
}
