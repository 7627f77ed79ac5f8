/*
 * exposition.c: metrics as text.
 */
#include "http/exposition.h"

#include <inttypes.h>
#include <string.h>

static const char *const type_names[EXPOSITION_TYPE__MAX] = {
    [EXPOSITION_COUNTER] = "counter",
    [EXPOSITION_GAUGE] = "gauge",
    [EXPOSITION_HISTOGRAM] = "histogram",
};

/* OpenMetrics names a family of counters without what their samples end in. */
static size_t family_len(const struct exposition *out, enum exposition_type type)
{
    static const char end[] = "_total";
    size_t len = strlen(out->name);

    if (out->open_metrics && type == EXPOSITION_COUNTER && len > sizeof(end) - 1)
        len -= sizeof(end) - 1;
    return len;
}

void exposition_family(struct exposition *out, enum exposition_type type, const char *name,
                       const char *help)
{
    int len;

    out->name = name;
    len = (int)family_len(out, type);
    buf_printf(out->buf, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help, len, name,
               type_names[type]);
}

/* Backslash, quote and newline are all that has to be escaped; a control is none of a label. */
static void text_escape(struct buf *buf, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            buf_putc(buf, '\\');
        if (*text == '\n')
            buf_puts(buf, "\\n");
        else
            buf_putc(buf, *text);
    }
}

static void sample_start(struct exposition *out, const char *suffix,
                         const struct exposition_label *labels)
{
    const struct exposition_label *label = labels;

    buf_puts(out->buf, out->name);
    buf_puts(out->buf, suffix);
    for (; label != NULL && label->name != NULL; label++) {
        buf_putc(out->buf, label == labels ? '{' : ',');
        buf_puts(out->buf, label->name);
        buf_puts(out->buf, "=\"");
        text_escape(out->buf, label->text);
        buf_putc(out->buf, '"');
    }
    buf_puts(out->buf, label != labels ? "} " : " ");
}

void exposition_u64(struct exposition *out, const char *suffix, uint64_t value,
                    const struct exposition_label *labels)
{
    sample_start(out, suffix, labels);
    buf_put_u64(out->buf, value);
    buf_putc(out->buf, '\n');
}

void exposition_seconds(struct exposition *out, const char *suffix, uint64_t ns,
                        const struct exposition_label *labels)
{
    sample_start(out, suffix, labels);
    buf_printf(out->buf, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

void exposition_histogram(struct exposition *out, const struct exposition_histogram *histogram,
                          const struct exposition_label labels[2])
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        const char *bound = i < HISTOGRAM_BOUNDS ? histogram_bounds[i].seconds : "+Inf";

        count += histogram->buckets[i];
        exposition_u64(out, "_bucket", count,
                       EXPOSITION_LABELS(labels[0], labels[1], {"le", bound}));
    }
    exposition_seconds(out, "_sum", histogram->sum_ns, EXPOSITION_LABELS(labels[0], labels[1]));
    exposition_u64(out, "_count", count, EXPOSITION_LABELS(labels[0], labels[1]));
}

void exposition_end(struct exposition *out)
{
    if (out->open_metrics)
        buf_puts(out->buf, "# EOF\n");
}
