/*
 * screen.h: a whole terminal for a while, and as it was before afterwards.
 *
 * Between screen_enter() and screen_leave() what is shown stands on the terminal's second
 * screen, keys come as they are pressed and are not shown, and signals that end a program are
 * held back until screen_wait() tells of them: so whatever ends it, but kill -9, the terminal
 * is put back first.  Ctrl-Z stops the program and puts the terminal back for that time, too.
 */
#ifndef CMD_SCREEN_H
#define CMD_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum screen_event {
    SCREEN_TIME,  /* the time is over, or the terminal is another now: draw anew */
    SCREEN_KEY,   /* a key of one byte */
    SCREEN_ENDED, /* a signal, or the terminal is gone */
};

/* The terminal of standard output.  RESULT_FAILED with the reason. */
enum result screen_enter(struct reason *why);

/* Also without screen_enter(), and twice. */
void screen_leave(void);

/* Waits for so many milliseconds at most. */
enum screen_event screen_wait(int64_t ms, char *key);

/* The signal that ended it; 0: none. */
int screen_signal(void);

/* Shows lines from the top on, each ended by a newline, and nothing else; false: it is gone. */
bool screen_show(const struct buf *lines);

#endif
