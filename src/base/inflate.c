/*
 * inflate.c: unpacking, piece by piece, on zlib; the one file that knows it.
 */
#include "base/inflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/secret.h"

enum {
    PIECE = 16 << 10,
    GZIP_BITS = 15 + 16, /* zlib.h: the largest window, and gzip's header */
    ZLIB_BITS = 15,
    RAW_BITS = -15,
    STEP_MOST = 1 << 30 /* bytes that zlib counts at once */
};

struct inflate {
    z_stream stream;
    bool open;
    enum inflate_form form;
    inflate_fill *fill;
    void *arg;
    bool dry;     /* no more comes */
    bool ended;   /* the end of what was packed has come */
    bool started; /* deflate: which of the two forms it is, is known */
    enum result result;
    const char *problem;
    char piece[PIECE];
};

/* Memory that is wiped when it is given back: its size stands before it. */
struct block {
    _Alignas(max_align_t) size_t size;
};

static voidpf block_new(voidpf opaque, uInt items, uInt size)
{
    size_t len = (size_t)items * size;
    struct block *block = calloc(1, sizeof(*block) + len);

    (void)opaque;
    if (block == NULL)
        return Z_NULL;
    block->size = len;
    return block + 1;
}

static void block_free(voidpf opaque, voidpf address)
{
    struct block *block = (struct block *)address - 1;

    (void)opaque;
    secret_wipe(block + 1, block->size);
    free(block);
}

enum result inflate_new(enum inflate_form form, inflate_fill *fill, void *arg,
                        struct inflate **out, struct reason *why)
{
    struct inflate *state = calloc(1, sizeof(*state));

    *out = NULL;
    if (state != NULL) {
        state->form = form;
        state->fill = fill;
        state->arg = arg;
        state->stream.zalloc = block_new;
        state->stream.zfree = block_free;
        state->open =
            inflateInit2(&state->stream, form == INFLATE_GZIP ? GZIP_BITS : ZLIB_BITS) == Z_OK;
    }
    if (state == NULL || !state->open) {
        free(state);
        return reason_set(why, RESULT_NOMEM, "no memory to unpack");
    }
    *out = state;
    return RESULT_OK;
}

void inflate_free(struct inflate *state)
{
    if (state == NULL)
        return;
    inflateEnd(&state->stream);
    secret_wipe(state, sizeof(*state));
    free(state);
}

static void go_wrong(struct inflate *state, enum result result, const char *problem)
{
    if (state->result == RESULT_OK) {
        state->result = result;
        state->problem = problem;
    }
}

/*
 * Whether deflate comes in zlib's form: its two bytes name the method 8 and are a multiple of
 * 31 (RFC 1950, section 2.2).  What does not is taken as bare.
 */
static bool looks_like_zlib(const z_stream *stream)
{
    return stream->avail_in >= 2 && (stream->next_in[0] & 0x0f) == 8 &&
           (stream->next_in[0] * 256 + stream->next_in[1]) % 31 == 0;
}

/* More packed bytes, where all that were here are used up. */
static void piece_take(struct inflate *state)
{
    z_stream *stream = &state->stream;
    size_t got;

    if (stream->avail_in > 0 || state->dry)
        return;
    got = state->fill(state->arg, state->piece, PIECE);
    state->dry = got < PIECE;
    stream->next_in = (Bytef *)state->piece;
    stream->avail_in = (uInt)got;
    if (!state->started && state->form == INFLATE_DEFLATE && got > 0 &&
        !looks_like_zlib(stream) && inflateReset2(stream, RAW_BITS) != Z_OK)
        go_wrong(state, RESULT_NOMEM, "there is no memory to unpack it");
    state->started = true;
}

/* What comes behind the end: of gzip another one, else nothing may. */
static void look_behind(struct inflate *state)
{
    piece_take(state);
    if (state->stream.avail_in == 0)
        return;
    state->ended = false;
    if (state->form != INFLATE_GZIP)
        go_wrong(state, RESULT_MALFORMED, "there are bytes behind its end");
    else if (inflateReset(&state->stream) != Z_OK)
        go_wrong(state, RESULT_NOMEM, "there is no memory to unpack it");
}

static void step(struct inflate *state)
{
    z_stream *stream = &state->stream;
    int code = inflate(stream, Z_NO_FLUSH);

    if (code == Z_STREAM_END)
        state->ended = true;
    else if (code == Z_MEM_ERROR)
        go_wrong(state, RESULT_NOMEM, "there is no memory to unpack it");
    else if (code == Z_BUF_ERROR && stream->avail_in == 0 && state->dry)
        go_wrong(state, RESULT_MALFORMED, "it ends too early");
    else if (code != Z_OK && code != Z_BUF_ERROR)
        go_wrong(state, RESULT_MALFORMED, "it is damaged, or not packed so");
}

size_t inflate_read(struct inflate *state, char *to, size_t room)
{
    z_stream *stream = &state->stream;
    size_t had = 0, at_once;

    while (had < room && state->result == RESULT_OK) {
        if (state->ended)
            look_behind(state);
        if (state->ended || state->result != RESULT_OK)
            break;
        piece_take(state);
        at_once = room - had < STEP_MOST ? room - had : STEP_MOST;
        stream->next_out = (Bytef *)to + had;
        stream->avail_out = (uInt)at_once;
        step(state);
        had += at_once - stream->avail_out;
    }
    return had;
}

enum result inflate_end(const struct inflate *state, bool *ended, struct reason *why)
{
    *ended = state->ended;
    return state->result == RESULT_OK ? RESULT_OK
                                      : reason_set(why, state->result, "%s", state->problem);
}
