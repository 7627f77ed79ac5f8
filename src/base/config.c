/*
 * config.c: the settings of Forestgate, all from one table.
 *
 * A setting is one row of settings[] and one member of struct config; nothing else
 * needs to know its name.
 */
#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/text.h"
#include "base/url.h"

enum setting_type {
    SETTING_INT,
    SETTING_SIZE,   /* bytes: a whole number, K or M or G behind it */
    SETTING_CHOICE, /* one of a few words */
    SETTING_NAME,   /* empty, or a model's name */
    SETTING_RATE,   /* off, or so many in so long */
    SETTING_PERIOD, /* seconds: off for 0, or a duration */
    SETTING_ADDRS,  /* addresses and ranges */
    SETTING_SPAN,   /* seconds: a duration */
    SETTING_FILE,   /* empty, or a file of the home */
    SETTING_TEXT,   /* one line of ASCII */
    SETTING_WORDS,  /* words separated by commas */
    SETTING_URL,    /* empty, or a URL of http or https */
    SETTING__MAX
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    int64_t min, max;
    const char *const *choices;
    const char *fallback;
    const char *help;
};

/* inih reads lines of up to 200 characters and would take a longer one for two. */
enum {
    FILE_MAX = 1 << 20,
    LINE_MAX_CHARS = 190
};

#define AT(member) offsetof(struct config, member)

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const token_algorithms[] = {"HS256", "EdDSA", "RS256", NULL};
static const char *const registrations[] = {"open", "closed", "invitation", NULL};
static const char *const durabilities[] = {"process", "power", NULL};
static const char *const switches[] = {"off", "on", NULL};

static const struct setting settings[] = {
    {"workers", SETTING_INT, AT(workers), 0, 1024, NULL, "0",
     "Worker processes that one master keeps alive. 0: one process that serves alone, as "
     "servers that manage processes themselves (mod_fcgid) want it."},
    {"body_limit", SETTING_SIZE, AT(body_limit), 1024, 1 << 30, NULL, "64K",
     "Most bytes of a request body, predictions aside."},
    {"predict_body_limit", SETTING_SIZE, AT(predict_body_limit), 1024, 1 << 30, NULL, "16M",
     "Most bytes of a prediction's request body. The front's own limit must be above it."},
    {"image_body_limit", SETTING_SIZE, AT(image_body_limit), 1024, 16LL << 30, NULL, "64M",
     "Most bytes of a model's image that is uploaded. The front's own limit must be above it "
     "for images as large as that to come."},
    {"predict_rows_limit", SETTING_INT, AT(predict_rows_limit), 1, 10000000, NULL, "100000",
     "Most rows in one prediction."},
    {"bulk_body_limit", SETTING_SIZE, AT(bulk_body_limit), 1024, 1LL << 40, NULL, "1G",
     "Most bytes of a prediction's request body that is CSV or an array. The front's own limit "
     "must be above it."},
    {"bulk_answer_limit", SETTING_SIZE, AT(bulk_answer_limit), 1024, 1LL << 40, NULL, "4G",
     "Most bytes of the answer to one."},
    {"bulk_requests", SETTING_INT, AT(bulk_requests), 1, 64, NULL, "2",
     "How many of those bodies are read at once, small ones aside, and exports and figures of "
     "quality made, so that others have workers left. Never as many as there are workers, "
     "unless "
     "there is one."},
    {"bulk_stall", SETTING_SPAN, AT(bulk_stall), 1, 3600, NULL, "60s",
     "How long such a body may bring nothing, and a large answer may not be taken on, until "
     "the connection is given up."},
    {"log_format", SETTING_CHOICE, AT(log_format), 0, 0, log_formats, "text",
     "How logs/access.log is written: text is one line of fields a request, json one JSON "
     "object a line."},
    {"default_model", SETTING_NAME, AT(default_model), 0, 0, NULL, "",
     "The model that POST /predict asks. Empty: the first that was published, before those "
     "that take texts."},
    {"default_text_model", SETTING_NAME, AT(default_text_model), 0, 0, NULL, "",
     "The model that POST /predict asks with a text. Empty: default_model if that takes texts, "
     "else the first that was published of those."},
    {"trusted_proxies", SETTING_ADDRS, AT(trusted_proxies), 0, 0, NULL, "",
     "Addresses and ranges whose X-Forwarded-For is believed, separated by commas."},
    {"address_rate", SETTING_RATE, AT(address_rate), 0, 0, NULL, "100/60s",
     "How many requests an address may send without a credential that is accepted: keys that "
     "are wrong, open pages, paths that do not exist. IPv6 counts by /64; health is exempt."},
    {"address_rate_all", SETTING_RATE, AT(address_rate_all), 0, 0, NULL, "off",
     "How many requests an address may send in all, whatever its credential. Health is "
     "exempt."},
    {"durability", SETTING_CHOICE, AT(durability), 0, 0, durabilities, "process",
     "What calls that were answered outlast. process: kill -9 of any process, but at a power "
     "cut those are lost that the system had not written yet. power: power cuts as well, "
     "since an answer waits for the disk."},
    {"call_retention", SETTING_PERIOD, AT(call_retention), 86400, RATE_SECONDS_MAX * 10LL, NULL,
     "90d",
     "How long the rows of the call log are kept. off: for ever. The sums by key, model and "
     "day are kept in any case."},
    {"job_body_limit", SETTING_SIZE, AT(job_body_limit), 1024, 64LL << 30, NULL, "1G",
     "Most bytes of a job's body. The front's own limit must be above it for bodies as large "
     "as "
     "that to come."},
    {"job_limit", SETTING_INT, AT(job_limit), 1, 1000000000, NULL, "1000000",
     "Most jobs of one user, or of one key without an owner, that wait or are in work."},
    {"job_bytes_limit", SETTING_SIZE, AT(job_bytes_limit), 1 << 20, 1LL << 50, NULL, "4G",
     "Most bytes that the bodies and results of one user's jobs may take, or of those of a key "
     "without an owner."},
    {"job_lease", SETTING_SPAN, AT(job_lease), 5, 3600, NULL, "60s",
     "How long a runner that lives may stand still before its jobs are given to another. One "
     "that died is noticed at once."},
    {"job_retention", SETTING_SPAN, AT(job_retention), 60, 365 * 86400LL, NULL, "7d",
     "How long a job is kept, with its result, after it has ended."},
    {"idempotency_retention", SETTING_SPAN, AT(idempotency_retention), 60, 365 * 86400LL, NULL,
     "24h",
     "How long the answer to a request with an Idempotency-Key is kept, to be given again."},
    {"idempotency_bytes_limit", SETTING_SIZE, AT(idempotency_bytes_limit), 64 << 10, 1LL << 50,
     NULL, "256M",
     "Most bytes that the kept answers of one user may take, or those of a key without an "
     "owner. "
     "Over it what comes with a new Idempotency-Key is refused."},
    {"keep_limit", SETTING_SIZE, AT(keep_limit), 1 << 20, 1LL << 50, NULL, "1G",
     "Most bytes that predictions which are kept (forestgate model keep) may take. Above that "
     "no more are kept, and predictions go on."},
    {"webhook_url", SETTING_URL, AT(webhook_url), 0, 0, NULL, "",
     "Where the end of every job is told: a URL of http or https, up to 255 characters. Empty: "
     "nowhere."},
    {"webhook_callers", SETTING_CHOICE, AT(webhook_callers), 0, 0, switches, "off",
     "Whether who asks for a job may name a URL that its end is told to."},
    {"webhook_private", SETTING_ADDRS, AT(webhook_private), 0, 0, NULL, "",
     "Addresses and ranges that jobs may be told to although they are not public: loopback, "
     "private, link-local and the like, separated by commas. All others of those are refused, "
     "whatever name leads there."},
    {"ledger_size", SETTING_SIZE, AT(ledger_size), 4 << 20, 4LL << 30, NULL, "16M",
     "Bytes of the ledger, where keys are counted. 16M have room for 6000 keys at a time with "
     "100 calls in their windows. Takes effect when all workers have ended."},
    {"password_cost", SETTING_INT, AT(password_cost), 1, 11, NULL, "5",
     "What the hash of a password costs, as crypt(5) counts it for yescrypt: 5 takes 16 MB and "
     "some 20 ms, each more twice both. A password is hashed anew at the next login."},
    {"password_hashes", SETTING_INT, AT(password_hashes), 1, 64, NULL, "2",
     "How many passwords are hashed at once, so that logins leave workers for predictions. "
     "Never as many as there are workers, unless there is one."},
    {"token_algorithm", SETTING_CHOICE, AT(token_algorithm), 0, 0, token_algorithms, "HS256",
     "What access tokens are signed with; one of another algorithm is never taken."},
    {"token_key", SETTING_FILE, AT(token_key), 0, 0, NULL, "",
     "The key for that. For HS256 a file of at least 32 random bytes, all of which are the "
     "secret; empty: secrets/token.secret. For EdDSA (Ed25519) and RS256 a private key in PEM, "
     "which is needed."},
    {"token_issuer", SETTING_TEXT, AT(token_issuer), 1, CONFIG_TEXT_MAX, NULL, "forestgate",
     "Who issues them: iss in each token."},
    {"token_audience", SETTING_TEXT, AT(token_audience), 1, CONFIG_TEXT_MAX, NULL, "forestgate",
     "Whom they are for: aud in each token."},
    {"token_lifetime", SETTING_SPAN, AT(token_lifetime), 60, 86400, NULL, "1h",
     "How long an access token is valid; a session gets new ones."},
    {"session_lifetime", SETTING_SPAN, AT(session_lifetime), 3600, 365 * 86400LL, NULL, "30d",
     "How long a session lasts after a login."},
    {"registration", SETTING_CHOICE, AT(registration), 0, 0, registrations, "open",
     "Who may make an account. open: everybody, and the account may nothing until an "
     "administrator lets it in; 1000 at most wait for that. invitation: who has one. closed: "
     "administrators make the accounts; invitations of theirs work all the same."},
    {"jwks_file", SETTING_FILE, AT(jwks_file), 0, 0, NULL, "",
     "The public keys (JSON Web Key Set) of an outside issuer whose tokens are taken as well. "
     "Empty: there is none. It is never fetched; one that is replaced is read anew."},
    {"jwks_issuer", SETTING_TEXT, AT(jwks_issuer), 0, CONFIG_TEXT_MAX, NULL, "",
     "That issuer: iss in its tokens. Needed with jwks_file, and not token_issuer."},
    {"jwks_audience", SETTING_TEXT, AT(jwks_audience), 0, CONFIG_TEXT_MAX, NULL, "",
     "Whom its tokens have to be for: in their aud. Needed with jwks_file."},
    {"jwks_role_claim", SETTING_TEXT, AT(jwks_role_claim), 1, CONFIG_TEXT_MAX, NULL, "roles",
     "The claim that has the roles, with dots on the way into objects: realm_access.roles."},
    {"jwks_admin_roles", SETTING_WORDS, AT(jwks_admin_roles), 0, 0, NULL, "",
     "Roles there that make an administrator here."},
    {"jwks_user_roles", SETTING_WORDS, AT(jwks_user_roles), 0, 0, NULL, "",
     "Roles there that make a user here; a token with none of either list is refused. Empty: "
     "every token makes a user."},
    {"jwks_tier", SETTING_NAME, AT(jwks_tier), 0, 0, NULL, "standard",
     "The tier of those who come with such a token."},
    {"jwks_models", SETTING_WORDS, AT(jwks_models), 0, 0, NULL, "*",
     "The models that they may use. *: all of them."},
};

enum {
    SETTINGS = sizeof(settings) / sizeof(settings[0])
};

static const char environment_prefix[] = "FORESTGATE_";

/* Names with the prefix that are no settings: where the home is must be known first. */
static const char *const environment_others[] = {"FORESTGATE_HOME", NULL};

static const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* A number of bytes, K, M or G behind it being powers of 1024. */
static bool size_parse(const char *text, int64_t *out)
{
    static const char units[] = "KMG";
    size_t len = strlen(text);
    const char *unit = len > 0 ? strchr(units, text[len - 1]) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t value;

    if (!num_parse_u64(text, shift != 0 ? len - 1 : len, &value) ||
        value > (uint64_t)(INT64_MAX >> shift))
        return false;
    *out = (int64_t)(value << shift);
    return true;
}

static void size_print(struct buf *out, int64_t bytes)
{
    static const char units[] = "KMG";
    int unit = -1;

    while (unit < 2 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    buf_printf(out, "%" PRId64, bytes);
    if (unit >= 0)
        buf_putc(out, units[unit]);
}

/* A duration in the largest unit that it is whole in. */
static void span_print(struct buf *out, int64_t seconds)
{
    if (seconds % 86400 == 0)
        buf_printf(out, "%" PRId64 "d", seconds / 86400);
    else if (seconds % 3600 == 0)
        buf_printf(out, "%" PRId64 "h", seconds / 3600);
    else
        buf_printf(out, "%" PRId64 "m", seconds / 60);
}

/* What a setting with text takes, in words. */
static void allowed_text_print(struct buf *out, const struct setting *setting)
{
    if (setting->type == SETTING_FILE)
        buf_printf(out,
                   "empty or a file's name within the home, up to %d characters and without ..",
                   CONFIG_FILE_MAX);
    else if (setting->type == SETTING_TEXT)
        buf_printf(out, "%d to %d characters of ASCII without blanks or quotes",
                   (int)setting->min, (int)setting->max);
    else if (setting->type == SETTING_URL)
        buf_printf(out, "empty or a URL such as https://example.org/jobs, up to %d characters",
                   CONFIG_TEXT_MAX);
    else
        buf_puts(out, "words separated by commas");
}

/* What a setting takes, in words. */
static void allowed_print(struct buf *out, const struct setting *setting)
{
    switch (setting->type) {
    case SETTING_INT:
        buf_printf(out, "a whole number from %" PRId64 " to %" PRId64, setting->min,
                   setting->max);
        break;
    case SETTING_SIZE:
        buf_puts(out, "bytes, with K, M or G behind them if you like, from ");
        size_print(out, setting->min);
        buf_puts(out, " to ");
        size_print(out, setting->max);
        break;
    case SETTING_CHOICE:
        for (size_t i = 0; setting->choices[i] != NULL; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : " or ", setting->choices[i]);
        break;
    case SETTING_NAME:
        buf_printf(out, "empty or a name: up to %d of a-z 0-9 . _ - and no sign first",
                   CONFIG_NAME_MAX);
        break;
    case SETTING_RATE:
        buf_puts(out, "off, or a rate such as 100/60s or 5000/1h");
        break;
    case SETTING_PERIOD:
        buf_printf(out, "off, or from %" PRId64 "d to %" PRId64 "d, with d or w behind",
                   setting->min / 86400, setting->max / 86400);
        break;
    case SETTING_ADDRS:
        buf_puts(out, "addresses and ranges such as 10.0.0.0/8 or ::1, separated by commas");
        break;
    case SETTING_SPAN:
        buf_puts(out, "from ");
        span_print(out, setting->min);
        buf_puts(out, " to ");
        span_print(out, setting->max);
        buf_puts(out, ", with s, m, h, d or w behind");
        break;
    case SETTING_FILE:
    case SETTING_TEXT:
    case SETTING_WORDS:
    case SETTING_URL:
        allowed_text_print(out, setting);
        break;
    case SETTING__MAX:
        break;
    }
}

static bool choice_parse(const struct setting *setting, const char *value, int64_t *out)
{
    for (int64_t i = 0; setting->choices[i] != NULL; i++)
        if (strcmp(setting->choices[i], value) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool rate_or_off(const char *value, struct rate *out)
{
    if (strcmp(value, "off") != 0)
        return rate_parse(value, out);
    *out = (struct rate){0, 0};
    return true;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

/* Nothing that leads out of the home. */
static bool file_name_parse(const char *value, char *out)
{
    size_t len;

    if (value[0] == '/' || has_control(value, strlen(value)))
        return false;
    for (const char *part = value; *part != '\0'; part += len + (part[len] == '/')) {
        len = strcspn(part, "/");
        if (len == 2 && memcmp(part, "..", 2) == 0)
            return false;
    }
    return text_copy(out, CONFIG_FILE_MAX + 1, value);
}

/* What can stand in a token, a header and a log as it is. */
static bool text_parse(const struct setting *setting, const char *value, char *out)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++)
        if (value[i] <= 0x20 || value[i] >= 0x7f || value[i] == '"' || value[i] == '\\')
            return false;
    return len >= (size_t)setting->min && len <= (size_t)setting->max &&
           text_copy(out, CONFIG_TEXT_MAX + 1, value);
}

/* Words with one comma between; a list that goes on in a further line has one behind. */
static bool words_parse(const char *value, char *out)
{
    static const char blanks[] = " \t";
    size_t put = 0, len;

    value += strspn(value, blanks);
    while (*value != '\0') {
        len = strcspn(value, ", \t");
        if (len == 0 || put + len + 1 > CONFIG_WORDS_MAX || has_control(value, len))
            return false;
        if (put > 0)
            out[put++] = ',';
        memcpy(out + put, value, len);
        put += len;
        value += len + strspn(value + len, blanks);
        if (*value == ',')
            value += 1 + strspn(value + 1, blanks);
        else if (*value != '\0')
            return false;
    }
    out[put] = '\0';
    return true;
}

static bool value_parse(struct config *config, const struct setting *setting, const char *value)
{
    void *member = (char *)config + setting->offset;
    int64_t *number = member;
    struct addr_list addrs;
    struct url url;

    switch (setting->type) {
    case SETTING_INT:
        return num_parse_i64(value, strlen(value), number);
    case SETTING_SIZE:
        return size_parse(value, number);
    case SETTING_CHOICE:
        return choice_parse(setting, value, number);
    case SETTING_NAME:
        return strspn(value, "._-") == 0 &&
               value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0' &&
               text_copy(member, CONFIG_NAME_MAX + 1, value);
    case SETTING_RATE:
        return rate_or_off(value, member);
    case SETTING_PERIOD:
        *number = 0;
        return strcmp(value, "off") == 0 ||
               (clock_duration_parse(value, number) && *number >= setting->min &&
                *number <= setting->max);
    case SETTING_ADDRS:
        if (addr_list_parse(value, &addrs, NULL) != RESULT_OK)
            return false;
        memcpy(member, &addrs, sizeof(addrs));
        return true;
    case SETTING_SPAN:
        return clock_duration_parse(value, number) && *number >= setting->min &&
               *number <= setting->max;
    case SETTING_FILE:
        return file_name_parse(value, member);
    case SETTING_TEXT:
        return text_parse(setting, value, member);
    case SETTING_WORDS:
        return words_parse(value, member);
    case SETTING_URL:
        return (value[0] == '\0' || url_parse(value, strlen(value), &url) == NULL) &&
               text_copy(member, CONFIG_TEXT_MAX + 1, value);
    case SETTING__MAX:
        break;
    }
    return false;
}

static bool within_bounds(const struct config *config, const struct setting *setting)
{
    int64_t value;

    if (setting->type != SETTING_INT && setting->type != SETTING_SIZE)
        return true;
    memcpy(&value, (const char *)config + setting->offset, sizeof(value));
    return value >= setting->min && value <= setting->max;
}

void config_defaults(struct config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < SETTINGS; i++)
        value_parse(config, &settings[i], settings[i].fallback);
}

/* Of the settings, which no message has room for, those with the same first letter. */
static enum result unknown_setting(const char *where, const char *name, struct reason *why)
{
    struct buf known = {0};

    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].name[0] == name[0])
            buf_printf(&known, "%s%s", known.len == 0 ? "; there are: " : ", ",
                       settings[i].name);
    reason_set(why, RESULT_MISSING,
               "%s: there is no setting \"%.64s\"%s; all are in: forestgate config example",
               where, name, known.data != NULL ? known.data : "");
    buf_free(&known);
    return RESULT_MISSING;
}

enum result config_set(struct config *config, const char *where, const char *name,
                       const char *value, struct reason *why)
{
    const struct setting *setting = setting_find(name);
    struct config changed = *config;
    struct buf allowed = {0};

    if (setting == NULL)
        return unknown_setting(where, name, why);
    if (value_parse(&changed, setting, value) && within_bounds(&changed, setting)) {
        *config = changed;
        return RESULT_OK;
    }
    allowed_print(&allowed, setting);
    reason_set(why, RESULT_INVALID, "%s: %s: \"%.80s\" is not allowed; allowed: %s", where,
               name, value, allowed.data != NULL ? allowed.data : "");
    buf_free(&allowed);
    return RESULT_INVALID;
}

/* What the handler of inih needs to say where a fault is. */
struct file_load {
    struct config *config;
    const char *path;
    struct reason *why;
    enum result result;
    struct reason fault; /* of the first line at fault, its place still missing */
    bool set[SETTINGS];  /* what was set by a line before */
    const struct setting *last;
    struct buf list; /* the value of the last line, with its further lines */
};

/*
 * A further, indented line comes as one more value of the same name: it goes on with a
 * list.  Any other setting may be there once.
 */
static enum result line_set(struct file_load *load, const char *name, const char *value)
{
    const struct setting *setting = setting_find(name);

    if (setting == NULL)
        return config_set(load->config, "", name, value, &load->fault);
    if (load->set[setting - settings] &&
        (setting != load->last ||
         (setting->type != SETTING_ADDRS && setting->type != SETTING_WORDS)))
        return reason_set(&load->fault, RESULT_INVALID, "%s is set twice", name);
    if (setting != load->last)
        buf_clear(&load->list, FILE_MAX);
    buf_puts(&load->list, " ");
    buf_puts(&load->list, value);
    load->set[setting - settings] = true;
    load->last = setting;
    if (buf_failed(&load->list))
        return reason_set(&load->fault, RESULT_NOMEM, "out of memory");
    return config_set(load->config, "", name, load->list.data + 1, &load->fault);
}

static int on_line(void *arg, const char *section, const char *name, const char *value)
{
    struct file_load *load = arg;

    if (load->result != RESULT_OK)
        return 0;
    (void)section; /* lines_check() has refused them */
    load->result = line_set(load, name, value);
    return load->result == RESULT_OK;
}

/*
 * What inih would not tell: lines that are too long for it, and sections with nothing
 * in them.
 */
static enum result lines_check(const struct file_load *load, const char *text)
{
    for (int number = 1; *text != '\0'; number++) {
        size_t len = strcspn(text, "\n");

        if (len > LINE_MAX_CHARS)
            return reason_set(load->why, RESULT_INVALID,
                              "%s:%d: the line is over %d characters; a list may go on in "
                              "a further line that is indented",
                              load->path, number, LINE_MAX_CHARS);
        if (text[strspn(text, " \t")] == '[')
            return reason_set(load->why, RESULT_INVALID,
                              "%s:%d: there are no sections, but %.*s", load->path, number,
                              (int)len, text);
        text += len + (text[len] == '\n');
    }
    return RESULT_OK;
}

static enum result text_load(struct file_load *load, const char *text)
{
    enum result result = lines_check(load, text);
    const char *fault = load->fault.text;
    int line;

    if (result != RESULT_OK)
        return result;
    line = ini_parse_string(text, on_line, load);
    if (line == 0)
        return RESULT_OK;
    if (load->result == RESULT_OK)
        return reason_set(load->why, RESULT_MALFORMED, "%s:%d: not of the form name = value",
                          load->path, line);
    if (strncmp(fault, ": ", 2) == 0)
        fault += 2;
    return reason_set(load->why, load->result, "%s:%d: %s", load->path, line, fault);
}

enum result config_load_file(struct config *config, const char *path, struct reason *why)
{
    struct file_load load = {.config = config, .path = path, .why = why};
    struct buf text = {0};
    enum result result;

    result = file_read(path, FILE_MAX, &text, why);
    if (result == RESULT_MISSING)
        result = RESULT_OK;
    else if (result == RESULT_OK && text.data != NULL)
        result = strlen(text.data) == text.len
                     ? text_load(&load, text.data)
                     : reason_set(why, RESULT_MALFORMED, "%s: there is a NUL byte in it", path);
    buf_free(&text);
    buf_free(&load.list);
    return result;
}

static bool environment_is_other(const char *name)
{
    for (size_t i = 0; environment_others[i] != NULL; i++)
        if (strcmp(environment_others[i], name) == 0)
            return true;
    return false;
}

enum result config_load_environment(struct config *config, char *const *environment,
                                    struct reason *why)
{
    const size_t prefix = sizeof(environment_prefix) - 1;
    char variable[96], name[96];
    enum result result;

    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        size_t len = equals != NULL ? (size_t)(equals - *environment) : 0;

        if (len <= prefix || strncmp(*environment, environment_prefix, prefix) != 0)
            continue;
        if (len >= sizeof(variable))
            len = sizeof(variable) - 1;
        snprintf(variable, sizeof(variable), "%.*s", (int)len, *environment);
        if (environment_is_other(variable))
            continue;
        for (size_t i = prefix; i <= len; i++)
            name[i - prefix] = (char)tolower((unsigned char)variable[i]);
        result = config_set(config, variable, name, equals + 1, why);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

/* Help as comment lines of at most 90 characters. */
static void help_print(struct buf *out, const char *help)
{
    enum {
        WIDTH = 88
    };
    size_t column = 0;

    while (*help != '\0') {
        size_t word = strcspn(help, " ");

        if (column == 0 || column + 1 + word > WIDTH) {
            buf_puts(out, column == 0 ? "# " : "\n# ");
            column = 0;
        } else {
            buf_putc(out, ' ');
            column++;
        }
        buf_put(out, help, word);
        column += word;
        help += word + (help[word] == ' ');
    }
    buf_putc(out, '\n');
}

void config_print_example(struct buf *out)
{
    buf_puts(out, "# forestgate.conf: the settings of this home, each shown at its default.\n"
                  "# Take away the # to change one. The command line and FORESTGATE_<NAME> in\n"
                  "# the environment go before this file. See forestgate.conf(5).\n");
    for (size_t i = 0; i < SETTINGS; i++) {
        buf_putc(out, '\n');
        help_print(out, settings[i].help);
        buf_puts(out, "# Allowed: ");
        allowed_print(out, &settings[i]);
        buf_printf(out, ".\n#%s = %s\n", settings[i].name, settings[i].fallback);
    }
}

/* Help as mdoc has text: each sentence on a line of its own, lines of at most 80. */
static void help_print_mdoc(struct buf *out, const char *help)
{
    enum {
        WIDTH = 80
    };
    size_t column = 0;
    bool ended = false;

    while (*help != '\0') {
        size_t word = strcspn(help, " ");

        if (column > 0 && (ended || column + 1 + word > WIDTH)) {
            buf_putc(out, '\n');
            column = 0;
        } else if (column > 0) {
            buf_putc(out, ' ');
            column++;
        }
        buf_put(out, help, word);
        column += word;
        ended = word > 0 && help[word - 1] == '.';
        help += word + (help[word] == ' ');
    }
    buf_putc(out, '\n');
}

void config_print_mdoc(struct buf *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        buf_printf(out, ".It Cm %s\n", settings[i].name);
        help_print_mdoc(out, settings[i].help);
        buf_puts(out, "Allowed: ");
        allowed_print(out, &settings[i]);
        buf_printf(out, ".\nDefault: %s.\n",
                   settings[i].fallback[0] != '\0' ? settings[i].fallback : "empty");
    }
}
