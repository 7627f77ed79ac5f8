/*
 * handle_reference.c: the reference as a page that needs no script: of each route what it
 * takes, what it answers, how it refuses, and how it is asked by curl.
 *
 * It is made of the tables that the OpenAPI document is made of.  No text of a client is in it,
 * and nothing of what is published: the page is open, and models are not.
 */
#include <stdio.h>
#include <string.h>

#include "http/body.h"
#include "http/handlers.h"
#include "http/openapi_inner.h"
#include "http/page_policy.h"
#include "http/page_text.h"
#include "http/pages.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Reference - "
    "Forestgate</title>\n"
    "<link rel=\"icon\" href=\"ui/icon.svg\" type=\"image/svg+xml\">\n"
    "<link rel=\"stylesheet\" href=\"ui/style.css\">\n"
    "<link rel=\"stylesheet\" href=\"ui/reference.css\">\n"
    "<script type=\"module\" src=\"ui/reference.js\"></script>\n</head>\n<body>\n"
    "<header id=\"top\" class=\"top\"><nav aria-label=\"Pages\">"
    "<a class=\"brand\" href=\"./\">Forestgate</a></nav></header>\n";

static const char words[] =
    "<h1>Reference</h1>\n"
    "<p>Every route of this service, as it answers now (version " FORESTGATE_VERSION "). The "
    "same for programs is <a href=\"./openapi.json\">openapi.json</a>, which tells a caller of "
    "the models too";

/* Where Swagger UI is not built in, /docs is this page. */
static const char words_docs[] = "; to try routes out there is <a href=\"./docs\">docs</a>";

static const char words_more[] =
    ".</p>\n"
    "<h2 id=\"begin\">To begin with</h2>\n"
    "<p>The lines below want two variables of a shell: the address of this service, which is "
    "that of this page without <code>/redoc</code>, and a key, or a token for what asks for a "
    "login.</p>\n"
    "<pre class=\"ask\"><code>URL=<span id=\"url\">https://gate.example.org</span>\n"
    "KEY=fg_...\nTOKEN=eyJ...</code></pre>\n"
    "<p>A key goes into <code>X-API-Key</code> or <code>Authorization: Bearer</code>, a token "
    "into the latter. Bodies and answers are JSON in UTF-8 where nothing else is said. Every "
    "answer has <code>X-Request-ID</code>, and those that count "
    "<code>RateLimit-Policy</code> and <code>RateLimit</code>.</p>\n"
    "<h2 id=\"refusals\">Refusals</h2>\n"
    "<p>All have one body, <code>application/problem+json</code>: see "
    "<a href=\"#shape-Problem\">Problem</a>. Each route below names the statuses that it "
    "refuses with.</p>\n";

/* ---- what is asked ---- */

/* The path with something in the place of its variables. */
static void path_write(struct buf *out, const struct route *route)
{
    const char *at = route->path;

    while (*at != '\0') {
        size_t len = strcspn(at, "{");

        page_text_n(out, at, len);
        at += len;
        if (*at == '\0')
            return;
        len = strcspn(at + 1, "}");
        page_text(out, openapi_variable_example(route, at + 1, len));
        at += len + 2;
    }
}

/* What a query has to have. */
static void query_write(struct buf *out, const struct form *query)
{
    const char *mark = "?";

    for (size_t i = 0; query != NULL && i < query->count; i++) {
        const struct form_field *field = &query->fields[i];

        if (!field->required)
            continue;
        buf_puts(out, mark);
        page_text(out, field->name);
        buf_puts(out, field->type == FORM_INTEGER ? "=1" : "=...");
        mark = "&amp;";
    }
}

static void body_write(struct buf *out, const struct route *route)
{
    const struct openapi_example *example = openapi_example_of(route->operation);
    const char *types[OPENAPI_BODY_TYPES];

    openapi_body_types(route, types);
    if (types[0] == NULL)
        return;
    buf_puts(out, " \\\n  -H 'Content-Type: ");
    page_text(out, types[0]);
    buf_puts(out, "' \\\n  ");
    if (example != NULL && example->request != NULL) {
        buf_puts(out, "-d '");
        page_text(out, example->request);
        buf_puts(out, "'");
    } else {
        buf_puts(out, route->body == ROUTE_BODY_IMAGE  ? "--data-binary @iris.fgm"
                      : route->body == ROUTE_BODY_ROWS ? "--data-binary @rows.csv"
                                                       : "-d '{}'");
    }
}

static void curl_write(struct buf *out, const struct route *route)
{
    buf_puts(out, "<pre class=\"ask\"><code>curl");
    if (route->method != REQUEST_GET && !(route->method == REQUEST_POST && route->body != 0)) {
        buf_puts(out, " -X ");
        page_text(out, request_method_name(route->method));
    }
    buf_puts(out, " \"$URL");
    path_write(out, route);
    query_write(out, route->query);
    buf_puts(out, "\"");
    if (route->credential == ROUTE_LOGIN)
        buf_puts(out, " \\\n  -H \"Authorization: Bearer $TOKEN\"");
    else if (route->credential != ROUTE_OPEN)
        buf_puts(out, " \\\n  -H \"X-API-Key: $KEY\"");
    body_write(out, route);
    buf_puts(out, "</code></pre>\n");
}

/* ---- what it takes ---- */

static void field_row(struct buf *out, const struct form_field *field)
{
    char allowed[512];

    form_print_allowed(field, allowed, sizeof(allowed));
    buf_puts(out, "<tr><th scope=\"row\"><code>");
    page_text(out, field->name);
    buf_puts(out, "</code>");
    if (field->required)
        buf_puts(out, " <span class=\"tag\">needed</span>");
    buf_puts(out, "</th><td>");
    page_text(out, allowed);
    buf_puts(out, "</td><td>");
    page_text(out, field->help != NULL ? field->help : "");
    buf_puts(out, "</td></tr>\n");
}

static void table_begin(struct buf *out, const char *caption)
{
    buf_puts(out, "<table><caption>");
    page_text(out, caption);
    buf_puts(out,
             "</caption>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Takes</th>"
             "<th scope=\"col\">What it is</th></tr></thead>\n<tbody>\n");
}

static void form_write(struct buf *out, const struct form *form, const char *caption)
{
    if (form == NULL || form->count == 0)
        return;
    table_begin(out, caption);
    for (size_t i = 0; i < form->count; i++)
        field_row(out, &form->fields[i]);
    buf_puts(out, "</tbody></table>\n");
}

static void variables_write(struct buf *out, const struct route *route)
{
    const char *at = strchr(route->path, '{');

    if (at == NULL)
        return;
    table_begin(out, "In the path");
    for (; at != NULL; at = strchr(at, '{')) {
        size_t len = strcspn(++at, "}");

        buf_puts(out, "<tr><th scope=\"row\"><code>");
        page_text_n(out, at, len);
        buf_puts(out, "</code></th><td>a text of 1 to ");
        buf_put_u64(out, REQUEST_VARIABLE_MAX);
        buf_puts(out, " characters</td><td>");
        page_text(out, openapi_variable_words(route, at, len));
        buf_puts(out, "</td></tr>\n");
    }
    buf_puts(out, "</tbody></table>\n");
}

/* What a body of rows is, in words: its features are the model's. */
static const char *rows_words(const struct route *route)
{
    switch (route->body) {
    case ROUTE_BODY_PREDICT:
    case ROUTE_BODY_EXPLAIN:
        return "<code>features</code> of one row, by position or by name, "
               "<code>instances</code> "
               "with many such, or <code>text</code> for a model of texts. What a model takes "
               "is "
               "told by <a href=\"#op-model\">GET /models/{name}</a>. ";
    case ROUTE_BODY_ROW:
        return "<code>features</code> of one row, by position or by name, or "
               "<code>text</code>. ";
    case ROUTE_BODY_FEEDBACK:
        return "<code>request_id</code> or <code>job_uuid</code> of what was answered, and "
               "<code>truth</code>: the label or the class's index, or the value. ";
    default:
        return "";
    }
}

static void takes_write(struct buf *out, const struct route *route)
{
    const char *types[OPENAPI_BODY_TYPES];

    variables_write(out, route);
    form_write(out, route->query, "In the query");
    if (route->bulk != route->query)
        form_write(out, route->bulk, "In the query, with a file of rows");
    openapi_body_types(route, types);
    if (types[0] == NULL)
        return;
    buf_puts(out, "<p>Body: ");
    buf_puts(out, rows_words(route));
    for (size_t i = 0; types[i] != NULL; i++) {
        buf_puts(out, i == 0 ? "<code>" : ", <code>");
        page_text(out, types[i]);
        buf_puts(out, "</code>");
    }
    buf_puts(out, openapi_body_needed(route) ? ".</p>\n" : "; it may be left out.</p>\n");
    form_write(out, route->form, "In the body");
}

/* ---- what it answers ---- */

static void code_write(struct buf *out, enum reply_status status)
{
    buf_puts(out, "<code>");
    buf_put_u64(out, reply_code(status));
    buf_puts(out, "</code> ");
    page_text(out, reply_title(status));
}

static void good_write(struct buf *out, const struct route *route)
{
    bool any = false;

    buf_puts(out, "<div class=\"shape\"><p>Answers ");
    code_write(out, route->good);
    if (route->makes) {
        buf_puts(out, " or ");
        code_write(out, REPLY_CREATED);
    }
    if (route->defers == ROUTE_DEFERS_PREFERRED) {
        buf_puts(out, " or, with <code>Prefer: respond-async</code>, ");
        code_write(out, REPLY_ACCEPTED);
        buf_puts(out, " with a <a href=\"#shape-JobTaken\">JobTaken</a>");
    }
    buf_puts(out, ".</p>\n<ul>\n");
    for (size_t i = 0; i < openapi_answer_count(); i++) {
        const struct openapi_answer *answer = openapi_answer_at(i);

        if (!openapi_answer_is_of(answer, route))
            continue;
        buf_puts(out, "<li><code>");
        page_text(out, answer->type);
        buf_puts(out, "</code> ");
        shape_write_html(out, answer->shape);
        buf_puts(out, "</li>\n");
        any = true;
    }
    if (!any)
        buf_puts(out, "<li>without a body</li>\n");
    buf_puts(out, "</ul></div>\n");
}

static void refusals_write(struct buf *out, const struct route *route)
{
    const char *between = "";

    buf_puts(out, "<p>Refuses with ");
    for (int i = 0; i < REPLY_STATUS__MAX; i++) {
        if (!openapi_refuses(route, (enum reply_status)i))
            continue;
        buf_puts(out, between);
        buf_puts(out, "<abbr title=\"");
        page_text(out, reply_title((enum reply_status)i));
        buf_puts(out, "\">");
        buf_put_u64(out, reply_code((enum reply_status)i));
        buf_puts(out, "</abbr>");
        between = ", ";
    }
    buf_puts(out, ".</p>\n");
}

/* ---- the page ---- */

static void name_write(struct buf *out, const struct route *route)
{
    page_text(out, request_method_name(route->method));
    buf_putc(out, ' ');
    page_text(out, route->path);
}

static void route_write(struct buf *out, const struct route *route)
{
    const struct openapi_example *example = openapi_example_of(route->operation);
    char who[OPENAPI_WORDS_MAX];

    openapi_credential_print(who, route);
    buf_puts(out, "<section class=\"route\" id=\"op-");
    page_text(out, route->operation);
    buf_puts(out, "\">\n<h3><a href=\"#op-");
    page_text(out, route->operation);
    buf_puts(out, "\"><code>");
    name_write(out, route);
    buf_puts(out, "</code></a></h3>\n<p>");
    page_text(out, route->summary);
    buf_puts(out, ". ");
    page_text(out, route->credential == ROUTE_OPEN ? "No key is needed." : who);
    buf_puts(out, "</p>\n");
    curl_write(out, route);
    takes_write(out, route);
    good_write(out, route);
    if (example != NULL && example->answer != NULL) {
        buf_puts(out, "<pre><code>");
        page_text(out, example->answer);
        buf_puts(out, "</code></pre>\n");
    }
    refusals_write(out, route);
    buf_puts(out, "</section>\n");
}

/* Calls a function for each route of a tag, in the order of the table. */
static void tag_each(struct buf *out, const struct openapi_tag *tag,
                     void (*write)(struct buf *out, const struct route *route))
{
    for (size_t i = 0; i < route_count(); i++)
        if (openapi_tag_of(route_at(i)) == tag)
            write(out, route_at(i));
}

static void contents_route(struct buf *out, const struct route *route)
{
    buf_puts(out, "<li><a href=\"#op-");
    page_text(out, route->operation);
    buf_puts(out, "\"><code>");
    name_write(out, route);
    buf_puts(out, "</code></a></li>\n");
}

/* Only the first row of a tag has words: the others are more paths of its. */
static bool is_tag(const struct openapi_tag *tag)
{
    bool used = false;

    for (size_t i = 0; i < route_count() && !used && tag->words != NULL; i++)
        used = openapi_tag_of(route_at(i)) == tag;
    return used;
}

static void contents_write(struct buf *out)
{
    buf_puts(out, "<nav class=\"contents\" aria-label=\"Contents\">\n<ul>\n"
                  "<li><a href=\"#begin\">To begin with</a></li>\n"
                  "<li><a href=\"#refusals\">Refusals</a></li>\n");
    for (size_t i = 0; i < openapi_tag_count(); i++) {
        const struct openapi_tag *tag = openapi_tag_at(i);

        if (!is_tag(tag))
            continue;
        buf_puts(out, "<li><details><summary>");
        page_text(out, tag->name);
        buf_puts(out, "</summary><ul>\n");
        tag_each(out, tag, contents_route);
        buf_puts(out, "</ul></details></li>\n");
    }
    buf_puts(out, "<li><a href=\"#shapes\">Parts of answers</a></li>\n</ul>\n</nav>\n");
}

static void shapes_write(struct buf *out)
{
    buf_puts(out, "<h2 id=\"shapes\">Parts of answers</h2>\n");
    for (size_t i = 0; i < openapi_shape_count(); i++) {
        const struct openapi_shape *shape = openapi_shape_at(i);

        buf_puts(out, "<section class=\"shape\" id=\"shape-");
        page_text(out, shape->name);
        buf_puts(out, "\">\n<h3>");
        page_text(out, shape->name);
        buf_puts(out, "</h3>\n<div>");
        shape_write_html(out, shape->shape);
        buf_puts(out, "</div>\n</section>\n");
    }
}

void handle_reference(struct service *service, struct request *request, struct reply *reply)
{
    struct buf *out = &reply->body;

    (void)service;
    reply->type = "text/html; charset=utf-8";
    page_policy_put(reply, request->path);
    buf_puts(out, head);
    buf_puts(out, "<div class=\"reference\">\n");
    contents_write(out);
    buf_puts(out, "<main id=\"main\">\n");
    buf_puts(out, words);
    if (page_docs_are_there())
        buf_puts(out, words_docs);
    buf_puts(out, words_more);
    for (size_t i = 0; i < openapi_tag_count(); i++) {
        const struct openapi_tag *tag = openapi_tag_at(i);

        if (!is_tag(tag))
            continue;
        buf_puts(out, "<h2>");
        page_text(out, tag->name);
        buf_puts(out, "</h2>\n<p>");
        page_text(out, tag->words);
        buf_puts(out, ".</p>\n");
        tag_each(out, tag, route_write);
    }
    shapes_write(out);
    buf_puts(out, "</main>\n</div>\n</body>\n</html>\n");
}
