/*
 * test_token_outside.c: tokens of an outside issuer: what is refused, and what roles make.
 */
#include "token_help.h"

#define HEADER_ED "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}"
#define ISSUER    "https://id.example"

static struct pem pem, rsa_pem;
static struct jwk *their_key, *rsa_key;

static void put_jwks(const char *keys)
{
    struct buf text = {0};

    buf_printf(&text, "{\"keys\":[%s]}", keys);
    file_put("jwks.json", text.data, text.len, 0644);
    buf_free(&text);
}

static char *public_json(const struct jwk *key)
{
    static char texts[4][2048];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    struct buf json = {0};

    must(jwk_write_public(key, &json, &why));
    snprintf(text, sizeof(texts[0]), "%s", json.data);
    buf_free(&json);
    return text;
}

static int setup_outside(void **state)
{
    char both[8192];

    setup(state);
    if (pem.secret[0] == '\0') { /* once: these take their time */
        pem_make(0, &pem);
        pem_make(2048, &rsa_pem);
    }
    their_key = key_of_pem(JWK_EDDSA, pem.secret);
    rsa_key = key_of_pem(JWK_RS256, rsa_pem.secret);
    snprintf(both, sizeof(both), "%s,%s", public_json(their_key), public_json(rsa_key));
    put_jwks(both);
    set("jwks_file", "jwks.json");
    set("jwks_issuer", ISSUER);
    set("jwks_audience", "gate");
    set("jwks_admin_roles", "boss,root");
    set("jwks_user_roles", "staff");
    reopen();
    return 0;
}

static int teardown_outside(void **state)
{
    jwk_free(their_key);
    jwk_free(rsa_key);
    return teardown(state);
}

/* Claims as that issuer's are, with further ones in front. */
static const char *claims_of(const char *more)
{
    static char texts[4][8192];
    static unsigned turn;
    char *text = texts[turn++ % 4];

    snprintf(text, sizeof(texts[0]),
             "{%s,\"iss\":\"" ISSUER "\",\"aud\":\"gate\",\"sub\":\"ann\",\"exp\":1800000060}",
             more);
    return text;
}

static const char *theirs(const char *more)
{
    return forge(their_key, HEADER_ED, claims_of(more));
}

#define STAFF "\"roles\":\"staff\""

static void settings_that_do_not_go_together_are_refused_at_start(void **state)
{
    (void)state;
    set("jwks_issuer", "");
    not_opened(RESULT_INVALID, "jwks_issuer");
    set("jwks_issuer", "forestgate");
    not_opened(RESULT_INVALID, "the same");
    set("jwks_issuer", ISSUER);
    set("jwks_audience", "");
    not_opened(RESULT_INVALID, "jwks_audience");
    set("jwks_audience", "gate");
    set("jwks_tier", "");
    not_opened(RESULT_INVALID, "tier");
    set("jwks_tier", "standard");
    set("jwks_file", "none.json");
    not_opened(RESULT_MISSING, "none.json");
}

static void key_files_that_cannot_be_trusted_are_refused_at_start(void **state)
{
    static const char oct[] =
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr8\"}";
    char both[8192];

    (void)state;
    put_jwks(oct);
    not_opened(RESULT_INVALID, "symmetric");
    snprintf(both, sizeof(both), "%s,%s", public_json(their_key), oct);
    put_jwks(both);
    not_opened(RESULT_INVALID, "symmetric");
    snprintf(both, sizeof(both), "%s,{\"kty\":\"oct\",\"k\":\"AA\",\"use\":\"enc\"}",
             public_json(their_key));
    put_jwks(both); /* one that could not be used is a secret that got out all the same */
    not_opened(RESULT_INVALID, "symmetric");
    put_jwks("");
    not_opened(RESULT_INVALID, "jwks.json");
    put_jwks("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}");
    not_opened(RESULT_INVALID, "jwks.json");
    file_put("jwks.json", pem.open, strlen(pem.open), 0644);
    not_opened(RESULT_MALFORMED, "jwks.json");
    put_jwks(public_json(their_key));
    reopen();
    assert_int_equal(chmod("jwks.json", 0664), 0);
    not_opened(RESULT_DENIED, "chmod go-w jwks.json");
    assert_int_equal(chmod("jwks.json", 0646), 0);
    not_opened(RESULT_DENIED, "chmod go-w jwks.json");
}

static void one_kind_of_token_never_passes_as_the_other(void **state)
{
    struct buf ours = issue();

    (void)state;
    taken(theirs(STAFF));
    taken(ours.data);
    /* By their key, and says that it is ours. */
    refused(forge(their_key, HEADER_ED, claims_with(NULL, NULL)));
    /* By ours, and says that it is theirs. */
    refused(forge(own_key, HEADER, claims_of(STAFF)));
    /* Both at once. */
    refused(forge(own_key, HEADER, claims_with("iss", "\"" ISSUER "\"")));
    refused(forge(their_key, HEADER_ED, claims_with("iss", "[\"forestgate\",\"" ISSUER "\"]")));
    buf_free(&ours);
}

/* And so with one key for both, by mistake. */
static void one_key_for_both_kinds_still_keeps_them_apart(void **state)
{
    (void)state;
    file_put("ours.pem", pem.secret, strlen(pem.secret), 0600);
    set("token_algorithm", "EdDSA");
    set("token_key", "ours.pem");
    reopen();
    taken(forge(their_key, HEADER_ED, claims_with(NULL, NULL)));
    refused(theirs(STAFF));
}

static void their_public_keys_as_the_secret_of_an_hmac_are_refused(void **state)
{
    const char *texts[] = {pem.open, rsa_pem.open, public_json(their_key),
                           public_json(rsa_key)};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct jwk *as_secret = key_of_secret(texts[i], strlen(texts[i]));

        refused(forge(as_secret, HEADER, claims_of(STAFF)));
        refused(forge(as_secret, HEADER, claims_with(NULL, NULL)));
        jwk_free(as_secret);
    }
}

static void without_an_outside_issuer_none_of_its_tokens_is_taken(void **state)
{
    const char *text = theirs(STAFF);

    (void)state;
    taken(text);
    set("jwks_file", "");
    reopen();
    refused(text);
}

static void the_wrong_issuer_audience_or_subject_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{\"roles\":\"staff\",\"iss\":\"https://id.example/"
        "\",\"aud\":\"gate\",\"sub\":\"ann\",\"exp\":"
        "1800000060}",
        "{\"roles\":\"staff\",\"aud\":\"gate\",\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER "\",\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":\"gates\",\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":[],\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":[\"a\",[\"gate\"]],\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":[\"gate\",7],\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":{\"gate\":\"gate\"},\"sub\":\"ann\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER "\",\"aud\":\"gate\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":\"gate\",\"sub\":\"\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":\"gate\",\"sub\":7,\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER
        "\",\"aud\":\"gate\",\"sub\":\"a\\u0000\",\"exp\":1800000060}",
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER "\",\"aud\":\"gate\",\"sub\":\"ann\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        refused(forge(their_key, HEADER_ED, wrong[i]));
    taken(forge(their_key, HEADER_ED,
                "{\"roles\":\"staff\",\"iss\":\"" ISSUER
                "\",\"aud\":[\"x\",\"gate\",\"y\"],\"sub\":\"ann\",\"exp\":1800000060}"));
}

static void their_clock_may_differ_by_a_minute_and_no_more(void **state)
{
    static const char head[] =
        "{\"roles\":\"staff\",\"iss\":\"" ISSUER "\",\"aud\":\"gate\",\"sub\":\"ann\",";
    static const struct {
        const char *times;
        bool good;
    } rows[] = {
        {"\"exp\":1799999941", true},
        {"\"exp\":1799999941.5", true},
        {"\"exp\":1799999940", false},
        {"\"exp\":1799999940.5", false},
        {"\"exp\":\"1800000060\"", false},
        {"\"exp\":1e400", false},
        {"\"exp\":1e300", false},
        {"\"exp\":9223372036854775808", false},
        {"\"exp\":1800000060,\"nbf\":1800000060", true},
        {"\"exp\":1800000090,\"nbf\":1800000061", false},
        {"\"exp\":1800000060,\"iat\":1800000060", true},
        {"\"exp\":1800000090,\"iat\":1800000061", false},
        {"\"exp\":1800000060,\"iat\":\"1\"", false},
        {"\"exp\":1800000060,\"nbf\":null", false},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof(text), "%s%s}", head, rows[i].times);
        if (rows[i].good)
            taken(forge(their_key, HEADER_ED, text));
        else
            refused(forge(their_key, HEADER_ED, text));
    }
}

static void their_types_are_those_of_access_tokens(void **state)
{
    static const struct {
        const char *member;
        bool good;
    } rows[] = {
        {"", true},
        {",\"typ\":\"JWT\"", true},
        {",\"typ\":\"jwt\"", true},
        {",\"typ\":\"at+jwt\"", true},
        {",\"typ\":\"AT+JWT\"", true},
        {",\"typ\":\"application/at+jwt\"", true},
        {",\"typ\":\"logout+jwt\"", false},
        {",\"typ\":\"dpop+jwt\"", false},
        {",\"typ\":\"\"", false},
        {",\"typ\":null", false},
        {",\"typ\":\"JWT, or so it would be if this were not so long\"", false},
    };
    char header[256];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(header, sizeof(header), "{\"alg\":\"EdDSA\"%s}", rows[i].member);
        if (rows[i].good)
            taken(forge(their_key, header, claims_of(STAFF)));
        else
            refused(forge(their_key, header, claims_of(STAFF)));
    }
}

static void roles(const char *more, bool good, bool admin)
{
    if (!good) {
        refused(theirs(more));
        return;
    }
    taken(theirs(more));
    if (claims.admin != admin)
        fail_msg("admin is not %d: %s", admin, more);
}

static void a_token_with_none_of_the_roles_is_refused(void **state)
{
    (void)state;
    roles("\"x\":1", false, false);
    roles("\"roles\":\"\"", false, false);
    roles("\"roles\":[]", false, false);
    roles("\"roles\":\"guest\"", false, false);
    roles("\"roles\":\"Staff\"", false, false);
    roles("\"roles\":\"staff2\"", false, false);
    roles("\"roles\":\"boss;root\"", false, false);
    roles("\"roles\":\"boss,root\"", true, true);
    roles("\"roles\":[\"boss,root\"]", false, false); /* one role, of that name */
    roles("\"roles\":[\"staff \"]", false, false);
    roles("\"roles\":[[\"staff\"]]", false, false);
    roles("\"roles\":{\"staff\":true}", false, false);
    roles("\"roles\":true", false, false);
    roles("\"roles\":null", false, false);
    roles("\"role\":\"boss\"", false, false);
    roles("\"a\":{\"roles\":\"boss\"}", false, false);
    roles("\"admin\":true", false, false);
}

static void roles_are_words_in_a_string_or_an_array(void **state)
{
    (void)state;
    roles("\"roles\":\"staff\"", true, false);
    roles("\"roles\":\"guest staff\"", true, false);
    roles("\"roles\":\"guest,  staff,\"", true, false);
    roles("\"roles\":\"staff boss\"", true, true);
    roles("\"roles\":\"root\"", true, true); /* an administrator is a user */
    roles("\"roles\":[\"guest\",\"staff\"]", true, false);
    roles("\"roles\":[7,null,{\"boss\":1},[\"boss\"],\"staff\"]", true, false);
    roles("\"roles\":[\"staff\",\"boss\"]", true, true);
}

static void the_claim_with_the_roles_is_found_by_its_path(void **state)
{
    (void)state;
    set("jwks_role_claim", "realm_access.roles");
    reopen();
    roles("\"realm_access\":{\"x\":{\"roles\":[\"boss\"]},\"roles\":[\"staff\"]}", true, false);
    roles("\"realm_access\":{\"roles\":[\"root\"],\"x\":1}", true, true);
    roles("\"realm_access.roles\":[\"staff\"]", true, false);
    roles("\"realm_access\":[\"staff\"]", false, false);
    roles("\"realm_access\":\"staff\"", false, false);
    roles("\"realm_access\":{\"roles\":{\"roles\":\"staff\"}}", false, false);
    roles("\"realm_access\":{}", false, false);
    roles("\"realm\":{\"access\":{\"roles\":\"staff\"}}", false, false);
    roles("\"roles\":\"staff\"", false, false);
    set("jwks_role_claim", "https://app.example/roles");
    reopen();
    roles("\"https://app.example/roles\":[\"boss\"]", true, true);
    roles("\"https://app\":{\"example/roles\":[\"staff\"]}", true, false);
}

static void without_user_roles_everyone_is_a_user(void **state)
{
    (void)state;
    set("jwks_user_roles", "");
    reopen();
    roles("\"x\":1", true, false);
    roles("\"roles\":\"boss\"", true, true);
    set("jwks_admin_roles", "");
    reopen();
    roles("\"roles\":\"boss\"", true, false);
    roles("\"roles\":\"\"", true, false);
    roles("\"roles\":[\"\"]", true, false);
}

static void account(const char *sub, char out[TOKEN_SUBJECT_LEN + 1])
{
    char text[512];

    snprintf(text, sizeof(text),
             "{\"roles\":\"staff\",\"iss\":\"%s\",\"aud\":\"gate\",\"sub\":\"%s\",\"exp\":"
             "1800000060}",
             home.config.jwks_issuer, sub);
    taken(forge(their_key, HEADER_ED, text));
    assert_true(claims.outside);
    assert_int_equal(strlen(claims.subject), TOKEN_SUBJECT_LEN);
    strcpy(out, claims.subject);
}

static void each_subject_is_an_account_of_its_own_and_stays_it(void **state)
{
    char ann[TOKEN_SUBJECT_LEN + 1], bob[TOKEN_SUBJECT_LEN + 1], again[TOKEN_SUBJECT_LEN + 1];

    (void)state;
    account("ann", ann);
    account("bob", bob);
    assert_string_not_equal(ann, bob);
    account("Ann", bob);
    assert_string_not_equal(ann, bob);
    must(secret_file_replace(HOME_TOKEN_SECRET, &why)); /* a rotation makes nobody another */
    reopen();
    account("ann", again);
    assert_string_equal(ann, again);
    set("jwks_issuer", "https://other.example");
    reopen();
    account("ann", again);
    assert_string_not_equal(ann, again);
}

static void a_name_is_shown_cut_and_escaped(void **state)
{
    char more[2048], longest[1024];

    (void)state;
    taken(theirs(STAFF));
    assert_string_equal(claims.name, "ann");
    taken(theirs(STAFF ",\"email\":\"a@b.example\""));
    assert_string_equal(claims.name, "a@b.example");
    taken(theirs(STAFF ",\"email\":\"a@b.example\",\"preferred_username\":\"Ann \xc3\x84\""));
    assert_string_equal(claims.name, "Ann \xc3\x84");
    taken(theirs(STAFF ",\"preferred_username\":[\"x\"],\"email\":null"));
    assert_string_equal(claims.name, "ann");
    taken(theirs(STAFF ",\"preferred_username\":\"a\\u0000\\n\\u202eb\""));
    for (const char *at = claims.name; *at != '\0'; at++)
        assert_true(*at >= 0x20);
    for (size_t i = 0; i < 500; i++)
        memcpy(longest + 2 * i, "\xc3\xa4", 3);
    snprintf(more, sizeof(more), STAFF ",\"preferred_username\":\"%s\"", longest);
    taken(theirs(more));
    assert_true(strlen(claims.name) <= TOKEN_NAME_MAX);
    assert_string_equal(claims.name + strlen(claims.name) - 5, "\xc3\xa4...");
}

static void keys_of_both_kinds_verify_and_others_do_not(void **state)
{
    struct jwk *other;
    struct pem other_pem;
    char header[256];

    (void)state;
    taken(forge(rsa_key, "{\"alg\":\"RS256\"}", claims_of(STAFF)));
    taken(theirs(STAFF));
    refused(forge(rsa_key, HEADER_ED, claims_of(STAFF)));
    refused(forge(their_key, "{\"alg\":\"RS256\"}", claims_of(STAFF)));
    snprintf(header, sizeof(header), "{\"alg\":\"RS256\",\"kid\":\"%s\"}", jwk_id(rsa_key));
    taken(forge(rsa_key, header, claims_of(STAFF)));
    snprintf(header, sizeof(header), "{\"alg\":\"RS256\",\"kid\":\"%s\"}", jwk_id(their_key));
    refused(forge(rsa_key, header, claims_of(STAFF)));
    pem_make(0, &other_pem);
    other = key_of_pem(JWK_EDDSA, other_pem.secret);
    refused(forge(other, HEADER_ED, claims_of(STAFF)));
    jwk_free(other);
}

static void a_jwks_file_that_was_replaced_counts_within_a_second(void **state)
{
    const char *text = theirs(STAFF);
    struct buf ours = issue();

    (void)state;
    taken(text);
    put_jwks(public_json(rsa_key));
    assert_int_equal(token_check(tokens, text, strlen(text), NOW + 1, &claims, &why),
                     RESULT_DENIED);
    put_jwks(public_json(their_key));
    assert_int_equal(token_check(tokens, text, strlen(text), NOW + 2, &claims, &why),
                     RESULT_OK);
    file_put("jwks.json", "{", 1, 0644);
    assert_int_equal(token_check(tokens, text, strlen(text), NOW + 3, &claims, &why),
                     RESULT_MALFORMED);
    assert_int_equal(token_check(tokens, text, strlen(text), NOW + 3, &claims, &why),
                     RESULT_MALFORMED);
    assert_int_equal(token_check(tokens, ours.data, ours.len, NOW + 3, &claims, &why),
                     RESULT_OK);
    assert_int_equal(token_check(tokens, ours.data, ours.len, NOW + 4, &claims, &why),
                     RESULT_OK);
    put_jwks(public_json(their_key));
    assert_int_equal(token_check(tokens, text, strlen(text), NOW + 4, &claims, &why),
                     RESULT_OK);
    buf_free(&ours);
}

static void a_token_of_theirs_with_any_bit_flipped_is_refused(void **state)
{
    char text[2048];
    size_t len = (size_t)snprintf(text, sizeof(text), "%s", theirs(STAFF));

    (void)state;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        refused_n(text, len);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    taken(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_outside, teardown_outside)
    const struct CMUnitTest tests[] = {
        TEST(settings_that_do_not_go_together_are_refused_at_start),
        TEST(key_files_that_cannot_be_trusted_are_refused_at_start),
        TEST(one_kind_of_token_never_passes_as_the_other),
        TEST(one_key_for_both_kinds_still_keeps_them_apart),
        TEST(their_public_keys_as_the_secret_of_an_hmac_are_refused),
        TEST(without_an_outside_issuer_none_of_its_tokens_is_taken),
        TEST(the_wrong_issuer_audience_or_subject_is_refused),
        TEST(their_clock_may_differ_by_a_minute_and_no_more),
        TEST(their_types_are_those_of_access_tokens),
        TEST(a_token_with_none_of_the_roles_is_refused),
        TEST(roles_are_words_in_a_string_or_an_array),
        TEST(the_claim_with_the_roles_is_found_by_its_path),
        TEST(without_user_roles_everyone_is_a_user),
        TEST(each_subject_is_an_account_of_its_own_and_stays_it),
        TEST(a_name_is_shown_cut_and_escaped),
        TEST(keys_of_both_kinds_verify_and_others_do_not),
        TEST(a_jwks_file_that_was_replaced_counts_within_a_second),
        TEST(a_token_of_theirs_with_any_bit_flipped_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
