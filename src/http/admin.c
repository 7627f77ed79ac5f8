/*
 * admin.c: what the handlers of the administration share.
 */
#include "http/admin.h"

#include <string.h>

#include "base/text.h"

enum {
    LOCATION_MAX = 256
};

static const struct form_field page_fields[] = {ADMIN_LIMIT_FIELD, ADMIN_OFFSET_FIELD};

const struct form form_admin_page = {"AdminPageQuery", page_fields,
                                     sizeof(page_fields) / sizeof(page_fields[0]), false};

struct admin_page admin_page_of(const struct request *request)
{
    return (struct admin_page){
        .limit = admin_integer(request->query, "limit", ADMIN_LIMIT),
        .offset = admin_integer(request->query, "offset", 0),
    };
}

void admin_page_write(struct json_writer *writer, const struct admin_page *page, int64_t total)
{
    json_member_i64(writer, "total", total);
    json_member_i64(writer, "limit", page->limit);
    json_member_i64(writer, "offset", page->offset);
}

const char *admin_text(const struct form_data *data, const char *name)
{
    return form_value(data, name)->text;
}

int64_t admin_integer(const struct form_data *data, const char *name, int64_t fallback)
{
    const struct form_value *value = form_value(data, name);

    return value->given && !value->null ? value->integer : fallback;
}

int admin_truth(const struct form_data *data, const char *name)
{
    const struct form_value *value = form_value(data, name);

    return value->given && !value->null ? value->truth : -1;
}

const char *admin_search(const struct request *request, char out[ADMIN_SEARCH_MAX * 4 + 1])
{
    const char *text = admin_text(request->query, "search");

    if (text == NULL || text[0] == '\0')
        return NULL;
    text_copy_lower(out, ADMIN_SEARCH_MAX * 4 + 1, text);
    return out;
}

void admin_fault(struct reply *reply, const struct form *form, const char *field,
                 const struct reason *why)
{
    static const char divide[] = "; allowed: ";
    char problem[sizeof(why->text)], allowed[sizeof(why->text)] = "";
    char *at;

    text_copy(problem, sizeof(problem), why->text);
    if (form != NULL)
        form_print_allowed_of(form, field, allowed, sizeof(allowed));
    at = strstr(problem, divide);
    if (at != NULL) {
        text_copy(allowed, sizeof(allowed), at + sizeof(divide) - 1);
        *at = '\0';
    }
    reply_fault(reply, field, problem, allowed);
}

void admin_refuse_missing(struct reply *reply, const char *what)
{
    reply_refuse(reply, REPLY_NOT_FOUND, "There is no such %s.", what);
}

void admin_refuse(struct reply *reply, const struct admin_asked *asked, enum result result,
                  const struct reason *why)
{
    if ((result == RESULT_INVALID || result == RESULT_TOO_BIG) && asked->field != NULL)
        admin_fault(reply, asked->form, asked->field, why);
    else if (result == RESULT_MISSING)
        admin_refuse_missing(reply, asked->what);
    else if (result == RESULT_EXISTS || result == RESULT_INVALID)
        reply_refuse(reply, REPLY_CONFLICT, "%s.", why->text);
    else
        reply_refuse_result(reply, result, why);
}

void admin_location(struct reply *reply, const char *collection, const char *id)
{
    char path[LOCATION_MAX];

    text_print(path, sizeof(path), "%s/%s", collection, id);
    reply_header(reply, "Location", path);
}
