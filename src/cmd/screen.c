/*
 * screen.c: a whole terminal for a while, and as it was before afterwards.
 */
#include "cmd/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int others[] = {SIGWINCH, SIGTSTP};

enum {
    ENDS = sizeof(ends) / sizeof(ends[0]),
    OTHERS = sizeof(others) / sizeof(others[0]),
    KEYS_MAX = 64,
};

/* A process has one terminal. */
static struct {
    bool entered, has_keys;
    int keys;      /* where they are read from; -1: nowhere */
    bool own_keys; /* opened here */
    struct termios before;
    sigset_t mask; /* before */
} screen = {.keys = -1};

static volatile sig_atomic_t ended_by, stop_asked;

static void on_end(int signal_number)
{
    ended_by = signal_number;
}

static void on_other(int signal_number)
{
    stop_asked = stop_asked || signal_number == SIGTSTP;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler}, before;

    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* They come in screen_wait() alone. */
static void signals_take(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ENDS; i++) {
        sigaddset(&set, ends[i]);
        handle(ends[i], on_end);
    }
    for (size_t i = 0; i < OTHERS; i++) {
        sigaddset(&set, others[i]);
        handle(others[i], on_other);
    }
    sigprocmask(SIG_BLOCK, &set, &screen.mask);
}

static bool text_write(const char *text, size_t len)
{
    ssize_t put;

    while (len > 0) {
        put = write(STDOUT_FILENO, text, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        text += put;
        len -= (size_t)put;
    }
    return true;
}

static bool command_write(const char *command)
{
    return text_write(command, strlen(command));
}

/* Keys are the terminal's, be standard input what it may. */
static void keys_open(void)
{
    screen.own_keys = isatty(STDIN_FILENO) != 1;
    screen.keys =
        screen.own_keys ? open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
    screen.has_keys = screen.keys >= 0 && tcgetattr(screen.keys, &screen.before) == 0;
}

static bool terminal_take(void)
{
    struct termios raw = screen.before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (screen.has_keys)
        tcsetattr(screen.keys, TCSANOW, &raw);
    return command_write("\033[?1049h\033[?25l\033[?7l");
}

static void terminal_give_back(void)
{
    command_write("\033[?7h\033[?25h\033[?1049l");
    if (screen.has_keys)
        tcsetattr(screen.keys, TCSANOW, &screen.before);
}

enum result screen_enter(struct reason *why)
{
    keys_open();
    signals_take();
    screen.entered = true;
    if (terminal_take())
        return RESULT_OK;
    screen_leave();
    return reason_errno(why, "standard output");
}

void screen_leave(void)
{
    if (!screen.entered)
        return;
    terminal_give_back();
    if (screen.own_keys && screen.keys >= 0)
        close(screen.keys);
    screen.entered = false;
    for (size_t i = 0; i < ENDS; i++)
        handle(ends[i], SIG_DFL);
    for (size_t i = 0; i < OTHERS; i++)
        handle(others[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &screen.mask, NULL);
}

/* Stopped as any program, until the shell goes on with it. */
static void stop(void)
{
    sigset_t set, before;

    stop_asked = 0;
    terminal_give_back();
    handle(SIGTSTP, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    kill(getpid(), SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    handle(SIGTSTP, on_other);
    terminal_take();
}

/* A key that sends several bytes, as arrows do, is none of ours. */
static enum screen_event key_read(char *key)
{
    char bytes[KEYS_MAX];
    ssize_t got = read(screen.keys, bytes, sizeof(bytes));

    if (got < 0 && errno == EINTR)
        return SCREEN_TIME;
    if (got <= 0)
        return SCREEN_ENDED;
    *key = bytes[0];
    if (*key == '\033')
        *key = '\0';
    return SCREEN_KEY;
}

enum screen_event screen_wait(int64_t ms, char *key)
{
    struct pollfd poll = {.fd = screen.has_keys ? screen.keys : -1, .events = POLLIN};
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    int ready = ppoll(&poll, 1, &time, &screen.mask);

    if (ended_by != 0)
        return SCREEN_ENDED;
    if (stop_asked)
        stop();
    if (ready <= 0)
        return ready == 0 || errno == EINTR ? SCREEN_TIME : SCREEN_ENDED;
    return key_read(key);
}

int screen_signal(void)
{
    return ended_by;
}

/* Each line is cleared behind its end, and what is below the last one, too: no flicker. */
bool screen_show(const struct buf *lines)
{
    struct buf out = {0};
    size_t len;
    bool shown;

    buf_puts(&out, "\033[H");
    for (const char *at = lines->data; at != NULL && *at != '\0';
         at += len + (at[len] != '\0')) {
        len = strcspn(at, "\n");
        buf_put(&out, at, len);
        buf_puts(&out, "\033[K");
        if (at[len] != '\0' && at[len + 1] != '\0')
            buf_puts(&out, "\r\n");
    }
    buf_puts(&out, "\033[J");
    shown = !buf_failed(&out) && text_write(out.data, out.len);
    buf_free(&out);
    return shown;
}
