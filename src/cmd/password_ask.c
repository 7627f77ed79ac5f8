/*
 * password_ask.c: a password from a person or a program.
 *
 * A terminal whose echo is off gets it back whatever happens: a signal that would end the
 * program, or stop it, ends the question first.
 */
#include "cmd/password_ask.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

enum {
    SIGNALS = sizeof(signals) / sizeof(signals[0])
};

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

/* Reads to the end, or to a newline where one ends it, which is left out. */
static enum result read_text(bool line, struct password_asked *out, struct reason *why)
{
    ssize_t got = 1;

    out->len = 0;
    while (got > 0 && out->len < sizeof(out->text)) {
        got = read(STDIN_FILENO, out->text + out->len, line ? 1 : sizeof(out->text) - out->len);
        if (got < 0)
            return reason_errno(why, "reading the password");
        out->len += (size_t)got;
        if (line && got > 0 && out->text[out->len - 1] == '\n')
            break;
    }
    if (out->len > PASSWORD_ASK_MAX)
        return reason_set(why, RESULT_INVALID, "that is too long for a password");
    if (out->len > 0 && out->text[out->len - 1] == '\n')
        out->len--;
    out->text[out->len] = '\0';
    return out->len > 0 ? RESULT_OK : reason_set(why, RESULT_INVALID, "no password was given");
}

static enum result ask_once(const char *prompt, struct password_asked *out, struct reason *why)
{
    enum result result;

    fputs(prompt, stderr);
    result = read_text(true, out, why);
    fputc('\n', stderr);
    return result;
}

static enum result ask_twice(struct password_asked *out, struct reason *why)
{
    struct password_asked again = {.len = 0};
    enum result result = ask_once("Password: ", out, why);

    if (result == RESULT_OK)
        result = ask_once("The same again: ", &again, why);
    if (result == RESULT_OK &&
        (again.len != out->len || memcmp(again.text, out->text, out->len) != 0))
        result = reason_set(why, RESULT_INVALID, "the two passwords are not the same");
    secret_wipe(&again, sizeof(again));
    return result;
}

/* Without SA_RESTART, so that a signal ends the read. */
static void signals_catch(struct sigaction before[SIGNALS])
{
    struct sigaction action = {.sa_handler = on_signal};

    caught = 0;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
}

static void signals_give_back(const struct sigaction before[SIGNALS])
{
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
    if (caught != 0)
        raise(caught);
}

static enum result ask_terminal(struct password_asked *out, struct reason *why)
{
    struct sigaction before[SIGNALS];
    struct termios shown, hidden;
    enum result result;

    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return reason_set(why, RESULT_INVALID,
                          "there is no terminal to ask for the password on: give it with "
                          "--password-stdin");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    signals_catch(before);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
        result = reason_errno(why, "the terminal");
    else
        result = ask_twice(out, why);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    signals_give_back(before);
    return result;
}

enum result password_ask(bool from_stdin, struct password_asked *out, struct reason *why)
{
    return from_stdin ? read_text(false, out, why) : ask_terminal(out, why);
}
