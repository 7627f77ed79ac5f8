/*
 * jose.c: issues and checks tokens, seals and opens, with the keys of a home, so that a test
 * can hold them against another JOSE implementation.
 *
 *     jose HOME issue SUBJECT SESSION    prints a token
 *     jose HOME check < TOKEN            prints what it says, or ends with 1
 *     jose HOME wrap OWNER < DATA        prints what is sealed
 *     jose HOME unwrap OWNER < TEXT      prints what was sealed, or ends with 1
 *     jose HOME public < PEM             prints the public key of an EdDSA or RS256 key
 *     jose HOME speed N                  microseconds of processor time to check a token
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "gate/home.h"
#include "gate/jwk.h"
#include "gate/seal.h"
#include "gate/token.h"

static struct buf input, output;
static struct tokens *tokens;
static struct seal *seal;
static struct reason why;
static char **words;

static void read_input(void)
{
    char step[4096];
    size_t got;

    while ((got = fread(step, 1, sizeof(step), stdin)) > 0)
        buf_put(&input, step, got);
    if (input.data == NULL)
        buf_puts(&input, "");
}

static enum result run_issue(void)
{
    return token_issue(tokens, words[0], words[1], (int64_t)time(NULL), &output, &why);
}

static enum result run_check(void)
{
    struct token_claims claims;
    enum result result;

    read_input();
    result = token_check(tokens, input.data, input.len, (int64_t)time(NULL), &claims, &why);
    if (result == RESULT_OK)
        buf_printf(&output, "%s %s %s %s %" PRId64 " %s", claims.outside ? "outside" : "ours",
                   claims.admin ? "admin" : "user", claims.subject, claims.session,
                   claims.expires_at, claims.name);
    return result;
}

static enum result run_wrap(void)
{
    read_input();
    return seal_wrap(seal, words[0], input.data, input.len, &output, &why);
}

static enum result run_unwrap(void)
{
    read_input();
    return seal_unwrap(seal, words[0], input.data, input.len, &output, &why);
}

static enum result run_public(void)
{
    enum result result;
    struct jwk *key;

    read_input();
    result = jwk_from_pem(JWK_EDDSA, input.data, input.len, &key, &why);
    if (result == RESULT_INVALID)
        result = jwk_from_pem(JWK_RS256, input.data, input.len, &key, &why);
    if (result == RESULT_OK)
        result = jwk_write_public(key, &output, &why);
    jwk_free(key);
    return result;
}

static enum result run_speed(void)
{
    int64_t now = (int64_t)time(NULL);
    struct timespec begin, end;
    struct token_claims claims;
    int count = atoi(words[0]);
    enum result result;

    result = token_issue(tokens, "aB3dE6gH9jK2", "AAAAAAAAAAAAAAAAAAAAAA", now, &input, &why);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; result == RESULT_OK && i < count; i++)
        result = token_check(tokens, input.data, input.len, now, &claims, &why);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    buf_printf(
        &output, "%.2f",
        ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
            1e3 / count);
    return result;
}

static const struct {
    const char *name;
    int words;
    enum result (*run)(void);
} verbs[] = {
    {"issue", 2, run_issue},   {"check", 0, run_check},   {"wrap", 1, run_wrap},
    {"unwrap", 1, run_unwrap}, {"public", 0, run_public}, {"speed", 1, run_speed},
};

int main(int argc, char **argv)
{
    enum result result = RESULT_INVALID;
    struct home home;
    size_t row = 0;

    while (argc > 2 && row < sizeof(verbs) / sizeof(verbs[0]) &&
           strcmp(verbs[row].name, argv[2]) != 0)
        row++;
    if (argc <= 2 || row == sizeof(verbs) / sizeof(verbs[0]) || argc != 3 + verbs[row].words) {
        fputs("usage: jose HOME issue|check|wrap|unwrap|public|speed ...\n", stderr);
        return 2;
    }
    words = argv + 3;
    result = home_enter(&home, argv[1], DB_CLI, &why);
    if (result == RESULT_OK)
        result = home_load_config(&home, environ, &why);
    if (result == RESULT_OK)
        result = tokens_open(&home.config, &tokens, &why);
    if (result == RESULT_OK)
        result = seal_open(HOME_SEAL_KEYS, &seal, &why);
    if (result == RESULT_OK)
        result = verbs[row].run();
    home_leave(&home);
    if (result == RESULT_OK)
        fwrite(output.data, 1, output.len, stdout);
    else
        fprintf(stderr, "%s: %s\n", result_text(result), why.text);
    tokens_close(tokens);
    seal_close(seal);
    buf_free(&input);
    buf_free(&output);
    return result == RESULT_OK ? 0 : 1;
}
