/*
 * call_export.c: the calls that fit a query as CSV, however many, in constant memory.
 */
#include "http/call_export.h"

#include <string.h>

#include "base/clock.h"
#include "base/field.h"
#include "base/text.h"
#include "gate/meter.h"
#include "http/accept.h"
#include "http/sealed.h"
#include "http/slot.h"
#include "http/spool.h"

enum {
    PIECE = 32 << 10, /* bytes that are handed on at once */
    DAY_S = 86400
};

const char *const call_export_formats[] = {"json", "csv", NULL};

static const char csv[] = "text/csv";

bool call_export_is_wanted(const struct service *service, const struct request *request)
{
    const struct form_value *format = form_value(request->query, "format");
    const char *accept = fcgi_param(service->fcgi, FCGI_ACCEPT);

    if (format->given)
        return strcmp(format->text, call_export_formats[1]) == 0;
    return accept_weight(accept, csv) > accept_weight(accept, "application/json") &&
           !sealed_is_wanted(service, csv);
}

struct export
{
    struct spool *spool;
    struct buf piece;
    bool plain;
};

static bool row_add(void *arg, const struct call_row *row)
{
    struct export *export = arg;
    struct call_row shown;

    if (export->plain && row->over[0] != '\0') {
        shown = *row;
        shown.over[0] = '\0';
        row = &shown;
    }
    field_csv_row(&export->piece, call_row_fields, row);
    buf_putc(&export->piece, '\n');
    if (export->piece.len < PIECE && !buf_failed(&export->piece))
        return true;
    spool_take(export->spool, &export->piece);
    return spool_end(export->spool, NULL) == RESULT_OK;
}

/* What a browser calls the file. */
static void name_set(const struct request *request, struct reply *reply)
{
    char date[CLOCK_DATE_MAX], value[64];

    clock_date(date, request->wall_us / 1000000 / DAY_S);
    text_print(value, sizeof(value), "attachment; filename=\"calls-%s.csv\"", date);
    reply_header(reply, "Content-Disposition", value);
    reply_header(reply, "Vary", "Accept");
}

void call_export(struct service *service, struct request *request,
                 const struct call_filter *filter, bool plain, struct reply *reply)
{
    struct export export = {.plain = plain};
    struct call_filter all = *filter;
    enum result result;
    struct reason why;

    if (!slot_take(service, request, "large answers are made", reply))
        return;
    if (!form_value(request->query, "limit")->given)
        all.limit = 0;
    meter_bring_in(service->meter, &why); /* as far as it can be in a moment */
    export.spool = reply_spool(reply, "text/csv; charset=utf-8");
    name_set(request, reply);
    field_csv_head(&export.piece, call_row_fields);
    buf_putc(&export.piece, '\n');
    result = call_row_list(service->home.db, &all, row_add, &export, &why);
    spool_take(export.spool, &export.piece);
    buf_free(&export.piece);
    if (result != RESULT_OK)
        reply_refuse_result(reply, result, &why);
}
