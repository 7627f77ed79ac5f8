/*
 * watch.c: which of the runners that live stand still.
 */
#include "gate/watch.h"

#include <stdlib.h>

#include "base/log.h"

static const int64_t second_ns = 1000000000;
static const int64_t gap_ns = 2000000000; /* that counts, of time without a look */

struct watched {
    int64_t token; /* 0: nobody's */
    uint64_t beats;
    int64_t still_ns;
    bool seen;
};

struct watch {
    int64_t begun_ns, passed_ns;
    struct watched seats[SEATS_MAX];
};

enum result watch_new(struct watch **out, struct reason *why)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? RESULT_OK : reason_set(why, RESULT_NOMEM, "no memory for jobs");
}

void watch_free(struct watch *watch)
{
    free(watch);
}

void watch_begin(struct watch *watch, int64_t now_ns)
{
    watch->passed_ns = now_ns - watch->begun_ns;
    if (watch->passed_ns > gap_ns)
        watch->passed_ns = gap_ns;
    watch->begun_ns = now_ns;
}

/* What is known of a seat; a free place where it is seen for the first time. */
static struct watched *find(struct watch *watch, int64_t token)
{
    struct watched *unused = NULL;

    for (size_t i = 0; i < SEATS_MAX; i++) {
        if (watch->seats[i].token == token)
            return &watch->seats[i];
        if (unused == NULL && watch->seats[i].token == 0)
            unused = &watch->seats[i];
    }
    return unused;
}

int64_t watch_still_ns(struct watch *watch, const struct seat_view *view)
{
    struct watched *watched = find(watch, view->token);

    if (watched == NULL)
        return 0;
    if (watched->token == 0 || watched->beats != view->beats)
        *watched = (struct watched){.token = view->token, .beats = view->beats};
    else
        watched->still_ns += watch->passed_ns;
    watched->seen = true;
    return watched->still_ns;
}

void watch_end(struct watch *watch)
{
    for (size_t i = 0; i < SEATS_MAX; i++) {
        if (!watch->seats[i].seen)
            watch->seats[i].token = 0;
        watch->seats[i].seen = false;
    }
}

/* One round of a master. */
struct round {
    struct watch *watch;
    struct seats *seats;
    int64_t lease_s;
};

static void look(void *arg, const struct seat_view *view)
{
    const struct round *round = arg;

    if (view->kind == SEAT_RUNNER && view->lives &&
        watch_still_ns(round->watch, view) >= round->lease_s * second_ns &&
        seats_kill(round->seats, view->token))
        log_message("a runner stood still for %lld s: it is ended", (long long)round->lease_s);
}

void watch_runners(struct watch *watch, struct seats *seats, int64_t lease_s, int64_t now_ns)
{
    struct round round = {watch, seats, lease_s};

    watch_begin(watch, now_ns);
    seats_each(seats, look, &round);
    watch_end(watch);
}
