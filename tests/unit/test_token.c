/*
 * test_token.c: our own tokens: every way in which one does not hold, and keys with which
 * nothing starts.  Those of an outside issuer are in test_token_outside.c.
 */
#include "token_help.h"

/* ---- the algorithm ---- */

static void alg_none_is_refused_in_any_case(void **state)
{
    static const char *const words[] = {"none", "None", "NONE", "nOnE", "NonE", "none ", ""};
    char header[128];

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", words[i]);
        refused(forge(NULL, header, claims_with(NULL, NULL)));
        refused(forge(own_key, header, claims_with(NULL, NULL)));
    }
    refused(forge(NULL, HEADER, claims_with(NULL, NULL)));
    refused(forge(NULL, "{\"typ\":\"at+jwt\"}", claims_with(NULL, NULL)));
}

static void another_algorithm_is_refused(void **state)
{
    static const char *const words[] = {"HS384", "HS512", "hs256", "Hs256", "HS256 ", " HS256",
                                        "RS256", "ES256", "PS256", "EdDSA", "dir",    "HS25"};
    char header[128];

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", words[i]);
        refused(forge(own_key, header, claims_with(NULL, NULL)));
    }
}

/* The key that everybody has, used as the secret of an HMAC. */
static void a_public_key_as_the_secret_of_an_hmac_is_refused(void **state)
{
    struct pem pem;
    struct jwk *open, *as_secret;
    struct buf json = {0};

    (void)state;
    pem_make(2048, &pem);
    file_put("secrets/rsa.pem", pem.secret, strlen(pem.secret), 0600);
    set("token_algorithm", "RS256");
    set("token_key", "secrets/rsa.pem");
    reopen();
    open = key_of_pem(JWK_RS256, pem.open);
    must(jwk_write_public(open, &json, &why));
    for (int i = 0; i < 3; i++) {
        const char *text = i < 2 ? pem.open : json.data;

        as_secret = key_of_secret(text, strlen(text) - (i == 1)); /* once without the newline */
        refused(forge(as_secret, HEADER, claims_with(NULL, NULL)));
        refused(forge(as_secret, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
                      claims_with(NULL, NULL)));
        jwk_free(as_secret);
    }
    refused(
        forge(own_key, HEADER, claims_with(NULL, NULL))); /* the home's secret is no key now */
    jwk_free(open);
    buf_free(&json);
}

/* ---- the header ---- */

static void a_kid_is_no_path_no_statement_and_no_number(void **state)
{
    static const char *const kids[] = {
        "\"../../../../../../dev/null\"",
        "\"/dev/null\"",
        "\"secrets/token.secret\"",
        "\"x' UNION SELECT 'AAAA' --\"",
        "\"1 OR 1=1\"",
        "\"; sleep 9 #\"",
        "\"| id\"",
        "\"http://127.0.0.1/key\"",
        "\"\\u0000\"",
        "\"\"",
        "7",
        "-1",
        "1e400",
        "null",
        "true",
        "[\"a\"]",
        "{\"a\":\"b\"}",
    };
    struct jwk *empty = key_of_secret("                                ", 32);
    char header[512];

    (void)state;
    for (size_t i = 0; i < COUNT(kids); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":%s}",
                 kids[i]);
        refused(forge(own_key, header, claims_with(NULL, NULL))); /* though it is signed */
        refused(forge(empty, header, claims_with(NULL, NULL)));
    }
    jwk_free(empty);
}

static void a_huge_kid_is_refused(void **state)
{
    char header[30000];

    (void)state;
    for (size_t len = JWK_KID_MAX; len < sizeof(header) - 100; len = len * 3 / 2) {
        int start = snprintf(header, sizeof(header),
                             "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"");

        memset(header + start, 'x', len);
        strcpy(header + start + len, "\"}");
        refused(forge(own_key, header, claims_with(NULL, NULL)));
    }
}

static void keys_that_a_token_brings_along_are_ignored(void **state)
{
    struct jwk *theirs = key_of_secret("an attacker's own secret, 32 bytes", 34);
    static const char *const members[] = {
        "\"jwk\":{\"kty\":\"oct\",\"k\":\"YW4gYXR0YWNrZXIncyBvd24gc2VjcmV0LCAzMiBieXRlcw\"}",
        "\"jku\":\"http://127.0.0.1:1/keys\"",
        "\"jku\":\"file:///etc/passwd\"",
        "\"x5u\":\"http://127.0.0.1:1/chain\"",
        "\"x5c\":[\"AAAA\",\"BBBB\"]",
        "\"x5t\":\"AAAA\",\"x5t#S256\":\"AAAA\"",
    };
    char header[512];

    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",%s}",
                 members[i]);
        refused(forge(theirs, header, claims_with(NULL, NULL)));
        taken(forge(own_key, header, claims_with(NULL, NULL))); /* ignored, and not refused */
    }
    jwk_free(theirs);
}

static void a_critical_header_is_refused(void **state)
{
    (void)state;
    refused(forge(own_key,
                  "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"],\"exp\":1}",
                  claims_with(NULL, NULL)));
    refused(forge(own_key,
                  "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"crit\":[\"b64\"],\"b64\":false}",
                  claims_with(NULL, NULL)));
}

static void another_type_is_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"application/at+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt \"}",
        "{\"alg\":\"HS256\",\"typ\":\"refresh+jwt\"}",
        "{\"alg\":\"HS256\",\"typ\":[\"at+jwt\"]}",
        "{\"alg\":\"HS256\",\"cty\":\"at+jwt\"}",
    };

    (void)state;
    taken(forge_own(NULL, NULL));
    for (size_t i = 0; i < COUNT(headers); i++)
        refused(forge(own_key, headers[i], claims_with(NULL, NULL)));
}

/* ---- the claims ---- */

/* A claim with each of these values, signed as it should be. */
static void each_refused(const char *claim, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refused(forge_own(claim, values[i]));
}

/* What is no time at all. */
static const char *const no_times[] = {
    "\"1800000060\"",
    "null",
    "true",
    "[1800000060]",
    "{}",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "0x7fffffff",
    "01800000060",
    "9223372036854775808",
    "1e19",
    "18446744073709551616",
    "",
    "1800000060.",
};

static void a_bad_exp_is_refused(void **state)
{
    static const char *const values[] = {
        NULL, "1800000000",           "1799999999",   "0",
        "-1", "-9223372036854775808", "1800000060.5", "1.80000006e9",
    };

    (void)state;
    taken(forge_own("exp", "1800000001"));
    taken(forge_own("exp", "9223372036854775807"));
    each_refused("exp", values, COUNT(values));
    each_refused("exp", no_times, COUNT(no_times));
}

static void a_bad_nbf_is_refused(void **state)
{
    static const char *const values[] = {"1800000001", "9223372036854775807", "1800000000.5e1"};

    (void)state;
    taken(forge_own("nbf", "1800000000"));
    taken(forge_own("nbf", "-9223372036854775808"));
    each_refused("nbf", values, COUNT(values));
    each_refused("nbf", no_times, COUNT(no_times));
}

static void a_bad_iat_is_refused(void **state)
{
    static const char *const values[] = {NULL, "1800000001", "9223372036854775807", "1.5"};

    (void)state;
    taken(forge_own("iat", "1800000000"));
    each_refused("iat", values, COUNT(values));
    each_refused("iat", no_times, COUNT(no_times));
}

static void a_wrong_issuer_or_audience_is_refused(void **state)
{
    static const char *const values[] = {
        NULL,
        "\"\"",
        "\"Forestgate\"",
        "\"forestgate \"",
        "\"forestgate\\u0000\"",
        "\"forest\"",
        "\"https://forestgate\"",
        "null",
        "7",
        "{\"a\":\"forestgate\"}",
        "[]",
        "[\"forestgate\"]",
        "[\"forestgate\",\"x\"]",
    };

    (void)state;
    each_refused("iss", values, COUNT(values));
    each_refused("aud", values, COUNT(values));
}

static void a_subject_session_or_id_that_cannot_be_is_refused(void **state)
{
    static const char *const subjects[] = {
        NULL,
        "\"\"",
        "\"aB3dE6gH9jK\"",
        "\"aB3dE6gH9jK22\"",
        "\"aB3dE6gH9jK-\"",
        "\"aB3dE6gH9jK'\"",
        "\"aB3dE6gH9jK\\u0000\"",
        "7",
        "null",
        "[\"" SUBJECT "\"]",
    };
    static const char *const ids[] = {
        NULL,
        "\"\"",
        "\"AAAAAAAAAAAAAAAAAAAAA\"",
        "\"AAAAAAAAAAAAAAAAAAAAAAA\"",
        "\"AAAAAAAAAAAAAAAAAAAAAB\"" /* bits behind the end */,
        "\"AAAAAAAAAAAAAAAAAAAAA/\"",
        "7",
        "null",
        "[]",
    };

    (void)state;
    each_refused("sub", subjects, COUNT(subjects));
    each_refused("sid", ids, COUNT(ids));
    each_refused("jti", ids, COUNT(ids));
}

static void a_claim_that_is_given_twice_is_refused(void **state)
{
    (void)state;
    refused(forge_own("x\":1,\"exp", "1800000060"));
    refused(forge_own("x\":1,\"su\\u0062", "\"" SUBJECT "\""));
    refused(forge_own("a\":1,\"a", "2"));
}

static void a_payload_that_is_no_json_object_is_refused(void **state)
{
    const char *good = claims_with(NULL, NULL);
    char text[1024];

    (void)state;
    refused(forge(own_key, HEADER, ""));
    refused(forge(own_key, HEADER, "null"));
    snprintf(text, sizeof(text), "[%s]", good);
    refused(forge(own_key, HEADER, text));
    snprintf(text, sizeof(text), "%s %s", good, good);
    refused(forge(own_key, HEADER, text));
    snprintf(text, sizeof(text), "\xef\xbb\xbf%s", good);
    refused(forge(own_key, HEADER, text));
    refused(forge_own("x", "\"\xc0\x80\""));
}

/* No claim of ours makes an administrator, whatever it says. */
static void a_role_in_a_token_of_ours_is_not_looked_at(void **state)
{
    (void)state;
    set("jwks_admin_roles", "admin");
    reopen();
    taken(forge_own("roles", "[\"admin\"]"));
    assert_false(claims.admin);
    taken(forge_own("admin", "true"));
    assert_false(claims.admin);
}

/* ---- the text ---- */

static void a_padded_or_spaced_token_is_refused(void **state)
{
    static const char *const ends[] = {"=", "==", " ", "\n", "\r\n", "\t", ".", "%3D"};
    struct buf text = issue();
    char changed[2048];

    (void)state;
    taken(text.data);
    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(changed, sizeof(changed), "%s%s", text.data, ends[i]);
        refused(changed);
        snprintf(changed, sizeof(changed), "%s%s", ends[i], text.data);
        refused(changed);
        for (const char *dot = strchr(text.data, '.'); dot != NULL;
             dot = strchr(dot + 1, '.')) {
            snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(dot - text.data), text.data,
                     ends[i], dot);
            refused(changed);
        }
    }
    refused_n(text.data, text.len + 1); /* its NUL */
    buf_free(&text);
}

static void a_json_serialised_token_is_refused(void **state)
{
    static const char *const forms[] = {
        "{\"payload\":\"%2$s\",\"protected\":\"%1$s\",\"signature\":\"%3$s\"}",
        ("{\"payload\":\"%2$s\",\"signatures\":[{\"protected\":\"%1$s\",\"signature\":\"%3$s\"}"
         "]"
         "}"),
        "{\"%1$s.%2$s.%3$s\":0}",
        "\"%1$s.%2$s.%3$s\"",
        "[\"%1$s\",\"%2$s\",\"%3$s\"]",
    };
    struct buf text = issue();
    char changed[2048];
    char *payload, *signature;

    (void)state;
    payload = strchr(text.data, '.');
    *payload++ = '\0';
    signature = strchr(payload, '.');
    *signature++ = '\0';
    for (size_t i = 0; i < COUNT(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(changed, sizeof(changed), forms[i], text.data, payload, signature);
#pragma GCC diagnostic pop
        refused(changed);
    }
    buf_free(&text);
}

static void a_token_cut_at_any_length_is_refused(void **state)
{
    struct buf text = issue();

    (void)state;
    for (size_t len = 0; len < text.len; len++)
        refused_n(text.data, len);
    for (size_t len = 1; len < text.len; len++)
        refused_n(text.data + len, text.len - len);
    buf_free(&text);
}

static void a_token_with_any_bit_flipped_is_refused(void **state)
{
    struct buf text = issue();

    (void)state;
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
        refused_n(text.data, text.len);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
    }
    taken(text.data);
    buf_free(&text);
}

static void parts_of_two_tokens_make_no_third(void **state)
{
    struct buf one = issue(), two = issue();
    char mixed[2048];

    (void)state;
    snprintf(mixed, sizeof(mixed), "%.*s%s", (int)(strrchr(one.data, '.') - one.data), one.data,
             strrchr(two.data, '.'));
    refused(mixed);
    buf_free(&one);
    buf_free(&two);
}

static void a_token_that_is_too_long_is_refused(void **state)
{
    static char value[TOKEN_MAX];

    (void)state;
    memset(value, ' ', sizeof(value) - 1);
    memcpy(value, "1", 1);
    refused(forge_own("x", value));
    value[4000] = '\0';
    taken(forge_own("x", value));
}

/* ---- the keys ---- */

static void weak_secrets_are_refused_at_start(void **state)
{
    static const char few[] = "abcdefgabcdefgabcdefgabcdefgabcdefgabcdefgabcdefg";
    static uint8_t secret[JWK_SECRET_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)(i * 7);
    set("token_key", "secrets/mine");
    not_opened(RESULT_MISSING, "secrets/mine");
    for (size_t len = 1; len < 32; len++) {
        file_put("secrets/mine", secret, len, 0600);
        not_opened(RESULT_INVALID, "32 to 1024 bytes");
    }
    file_put("secrets/mine", secret, 0, 0600);
    not_opened(RESULT_INVALID, "secrets/mine");
    file_put("secrets/mine", secret, sizeof(secret), 0600);
    not_opened(RESULT_INVALID, "32 to 1024 bytes");
    file_put("secrets/mine", few, strlen(few), 0600);
    not_opened(RESULT_INVALID, "8 different bytes");
    file_put("secrets/mine", secret, 32, 0600);
    reopen();
}

static void a_secret_that_others_may_read_is_refused_at_start(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0660, 0666, 0610};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(HOME_TOKEN_SECRET, modes[i]), 0);
        not_opened(RESULT_DENIED, "chmod 600 " HOME_TOKEN_SECRET);
    }
    assert_int_equal(chmod(HOME_TOKEN_SECRET, 0600), 0);
    assert_int_equal(rename(HOME_TOKEN_SECRET, "secrets/aside"), 0);
    not_opened(RESULT_MISSING, "forestgate init");
    assert_int_equal(symlink("aside", HOME_TOKEN_SECRET), 0);
    assert_int_not_equal(tokens_open(&home.config, &(struct tokens *){NULL}, &why), RESULT_OK);
    assert_int_equal(unlink(HOME_TOKEN_SECRET), 0);
    assert_int_equal(mkfifo(HOME_TOKEN_SECRET, 0600), 0);
    not_opened(RESULT_INVALID, HOME_TOKEN_SECRET); /* and it does not wait for a writer */
}

static void keys_that_are_not_the_algorithms_are_refused_at_start(void **state)
{
    struct pem ed, rsa, weak;
    static const struct {
        const char *algorithm, *file;
    } rows[] = {
        {"EdDSA", "rsa"},     {"RS256", "ed"},      {"EdDSA", "ed.pub"},
        {"RS256", "rsa.pub"}, {"RS256", "weak"},    {"EdDSA", "junk"},
        {"HS256", "rsa"},     {"HS256", "rsa.pub"}, {"HS256", "ed"},
    };

    (void)state;
    pem_make(0, &ed);
    pem_make(2048, &rsa);
    pem_make(1024, &weak);
    file_put("ed", ed.secret, strlen(ed.secret), 0600);
    file_put("ed.pub", ed.open, strlen(ed.open), 0600);
    file_put("rsa", rsa.secret, strlen(rsa.secret), 0600);
    file_put("rsa.pub", rsa.open, strlen(rsa.open), 0600);
    file_put("weak", weak.secret, strlen(weak.secret), 0600);
    file_put("junk", "junk", 4, 0600);
    for (size_t i = 0; i < COUNT(rows); i++) {
        set("token_algorithm", rows[i].algorithm);
        set("token_key", rows[i].file);
        not_opened(RESULT_INVALID, rows[i].file);
    }
    set("token_algorithm", "EdDSA");
    set("token_key", "");
    not_opened(RESULT_INVALID, "token_key");
    set("token_key", "ed");
    assert_int_equal(chmod("ed", 0644), 0);
    not_opened(RESULT_DENIED, "chmod 600 ed");
}

static void no_reason_tells_a_secret(void **state)
{
    static const char secret[] = "tell-no-one";

    (void)state;
    set("token_key", "mine");
    file_put("mine", secret, strlen(secret), 0600);
    not_opened(RESULT_INVALID, "mine");
    assert_null(strstr(why.text, "tell"));
    set("token_algorithm", "EdDSA");
    not_opened(RESULT_INVALID, "mine");
    assert_null(strstr(why.text, "tell"));
}

static void a_new_secret_ends_every_token(void **state)
{
    struct buf before = issue(), after;

    (void)state;
    must(secret_file_replace(HOME_TOKEN_SECRET, &why));
    must(tokens_refresh(tokens, &why));
    refused(before.data);
    after = issue();
    taken(after.data);
    buf_free(&before);
    buf_free(&after);
}

/* Without an epoch that tells of it: at the next second at the latest. */
static void a_key_file_that_was_replaced_is_seen(void **state)
{
    struct buf text = issue();

    (void)state;
    taken(text.data);
    must(secret_file_replace(HOME_TOKEN_SECRET, &why));
    assert_int_equal(token_check(tokens, text.data, text.len, NOW + 1, &claims, &why),
                     RESULT_DENIED);
    buf_free(&text);
}

static void while_the_key_cannot_be_read_nothing_is_issued_or_taken(void **state)
{
    struct buf text = issue(), none = {0}, secret = {0};

    (void)state;
    must(file_read(HOME_TOKEN_SECRET, 64, &secret, &why));
    file_put(HOME_TOKEN_SECRET, "short", 5, 0600);
    assert_int_equal(tokens_refresh(tokens, &why), RESULT_INVALID);
    assert_int_equal(token_check(tokens, text.data, text.len, NOW, &claims, &why),
                     RESULT_INVALID); /* ours to mend, so it is no refusal */
    assert_int_equal(token_issue(tokens, SUBJECT, SESSION, NOW, &none, &why), RESULT_FAILED);
    assert_int_equal(chmod(HOME_TOKEN_SECRET, 0644), 0);
    assert_int_equal(token_check(tokens, text.data, text.len, NOW, &claims, &why),
                     RESULT_FAILED);
    file_put(HOME_TOKEN_SECRET, secret.data, secret.len, 0600);
    must(tokens_refresh(tokens, &why));
    taken(text.data);
    buf_free(&text);
    buf_free(&none);
    buf_free(&secret);
}

/* ---- what holds ---- */

static void a_token_says_who_until_when(void **state)
{
    struct buf text = issue(), other = issue();
    char jti[TOKEN_ID_LEN + 1];

    (void)state;
    taken(text.data);
    assert_false(claims.outside);
    assert_false(claims.admin);
    assert_string_equal(claims.subject, SUBJECT);
    assert_string_equal(claims.session, SESSION);
    assert_string_equal(claims.name, "");
    assert_int_equal(claims.issued_at, NOW);
    assert_int_equal(claims.expires_at, NOW + tokens_lifetime(tokens));
    assert_int_equal(tokens_lifetime(tokens), 3600);
    assert_int_equal(strlen(claims.jti), TOKEN_ID_LEN);
    strcpy(jti, claims.jti);
    taken(other.data);
    assert_string_not_equal(claims.jti, jti);
    assert_int_equal(token_check(tokens, text.data, text.len, NOW + 3599, &claims, &why),
                     RESULT_OK);
    assert_int_equal(token_check(tokens, text.data, text.len, NOW + 3600, &claims, &why),
                     RESULT_DENIED);
    assert_int_equal(token_check(tokens, text.data, text.len, NOW - 1, &claims, &why),
                     RESULT_DENIED);
    buf_free(&text);
    buf_free(&other);
}

static void each_algorithm_signs_what_it_takes_and_no_other_does(void **state)
{
    static const char *const algorithms[] = {"HS256", "EdDSA", "RS256"};
    struct buf texts[COUNT(algorithms)] = {{0}};
    struct pem pem;

    (void)state;
    pem_make(0, &pem);
    file_put("EdDSA", pem.secret, strlen(pem.secret), 0600);
    pem_make(2048, &pem);
    file_put("RS256", pem.secret, strlen(pem.secret), 0600);
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        set("token_key", i > 0 ? algorithms[i] : "");
        set("token_algorithm", algorithms[i]);
        reopen();
        texts[i] = issue();
    }
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        set("token_key", i > 0 ? algorithms[i] : "");
        set("token_algorithm", algorithms[i]);
        reopen();
        for (size_t k = 0; k < COUNT(algorithms); k++)
            if (k == i)
                taken(texts[k].data);
            else
                refused(texts[k].data);
    }
    for (size_t i = 0; i < COUNT(algorithms); i++)
        buf_free(&texts[i]);
}

static void only_a_users_id_and_a_sessions_get_a_token(void **state)
{
    struct buf text = {0};

    (void)state;
    assert_int_equal(token_issue(tokens, "", SESSION, NOW, &text, &why), RESULT_INVALID);
    assert_int_equal(token_issue(tokens, "aB3dE6gH9jK\"", SESSION, NOW, &text, &why),
                     RESULT_INVALID);
    assert_int_equal(token_issue(tokens, SUBJECT, "", NOW, &text, &why), RESULT_INVALID);
    assert_int_equal(token_issue(tokens, SUBJECT, "x", NOW, &text, &why), RESULT_INVALID);
    assert_int_equal(text.len, 0);
}

static void ids_are_each_another(void **state)
{
    char a[TOKEN_ID_LEN + 1], b[TOKEN_ID_LEN + 1];

    (void)state;
    token_id_make(a);
    token_id_make(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), TOKEN_ID_LEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(alg_none_is_refused_in_any_case),
        TEST(another_algorithm_is_refused),
        TEST(a_public_key_as_the_secret_of_an_hmac_is_refused),
        TEST(a_kid_is_no_path_no_statement_and_no_number),
        TEST(a_huge_kid_is_refused),
        TEST(keys_that_a_token_brings_along_are_ignored),
        TEST(a_critical_header_is_refused),
        TEST(another_type_is_refused),
        TEST(a_bad_exp_is_refused),
        TEST(a_bad_nbf_is_refused),
        TEST(a_bad_iat_is_refused),
        TEST(a_wrong_issuer_or_audience_is_refused),
        TEST(a_subject_session_or_id_that_cannot_be_is_refused),
        TEST(a_claim_that_is_given_twice_is_refused),
        TEST(a_payload_that_is_no_json_object_is_refused),
        TEST(a_role_in_a_token_of_ours_is_not_looked_at),
        TEST(a_padded_or_spaced_token_is_refused),
        TEST(a_json_serialised_token_is_refused),
        TEST(a_token_cut_at_any_length_is_refused),
        TEST(a_token_with_any_bit_flipped_is_refused),
        TEST(parts_of_two_tokens_make_no_third),
        TEST(a_token_that_is_too_long_is_refused),
        TEST(weak_secrets_are_refused_at_start),
        TEST(a_secret_that_others_may_read_is_refused_at_start),
        TEST(keys_that_are_not_the_algorithms_are_refused_at_start),
        TEST(no_reason_tells_a_secret),
        TEST(a_new_secret_ends_every_token),
        TEST(a_key_file_that_was_replaced_is_seen),
        TEST(while_the_key_cannot_be_read_nothing_is_issued_or_taken),
        TEST(a_token_says_who_until_when),
        TEST(each_algorithm_signs_what_it_takes_and_no_other_does),
        TEST(only_a_users_id_and_a_sessions_get_a_token),
        TEST(ids_are_each_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
