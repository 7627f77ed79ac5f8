/*
 * listen.c: a listening socket of our own, in the place of the one on fd 0.
 */
#include "cmd/listen.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum {
    LISTEN_FD = 0,
    BACKLOG = 1024
};

static char ours[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* the path; "" for none */
static struct stat made;

/* The name under which the socket is made, so that it has its path when it listens. */
static bool address_make(struct sockaddr_un *address, const char *path)
{
    int len;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    len = snprintf(address->sun_path, sizeof(address->sun_path), "%s.%d", path, (int)getpid());
    return len > 0 && (size_t)len < sizeof(address->sun_path);
}

static enum result check_path(const char *path, struct reason *why)
{
    struct stat st;

    if (path[0] != '/')
        return reason_set(why, RESULT_INVALID,
                          "--listen %s: the path has to begin with /, since the home is the "
                          "working directory",
                          path);
    if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
        return reason_set(why, RESULT_EXISTS, "--listen %s: there is a file that is no socket",
                          path);
    return RESULT_OK;
}

/* Root has become the home's owner by now, who may be unable to write where root can. */
static enum result refuse_bind(const char *path, struct reason *why)
{
    const struct passwd *user = errno == EACCES ? getpwuid(geteuid()) : NULL;

    if (user == NULL)
        return reason_errno(why, "--listen %s", path);
    return reason_set(why, RESULT_DENIED,
                      "--listen %s: %s, whose the home is, may not write in that directory",
                      path, user->pw_name);
}

/* Makes the socket under its first name, and then gives it its path. */
static enum result take_path(int fd, const char *path, struct reason *why)
{
    struct sockaddr_un address;
    enum result result = RESULT_OK;

    if (!address_make(&address, path))
        return reason_set(why, RESULT_TOO_BIG, "--listen %s: the path is too long", path);
    unlink(address.sun_path); /* of an earlier process of this number */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return refuse_bind(path, why);
    if (listen(fd, BACKLOG) != 0 || stat(address.sun_path, &made) != 0 ||
        rename(address.sun_path, path) != 0) {
        result = reason_errno(why, "--listen %s", path);
        unlink(address.sun_path);
    }
    return result;
}

enum result listen_open(const char *path, struct reason *why)
{
    enum result result = check_path(path, why);
    int fd;

    if (result != RESULT_OK)
        return result;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return reason_errno(why, "--listen %s", path);
    result = take_path(fd, path, why);
    if (result == RESULT_OK && dup2(fd, LISTEN_FD) != LISTEN_FD)
        result = reason_errno(why, "--listen %s", path);
    if (result == RESULT_OK)
        text_copy(ours, sizeof(ours), path);
    if (fd != LISTEN_FD)
        close(fd);
    return result;
}

bool listen_is_ours(void)
{
    return ours[0] != '\0';
}

bool listen_lost(void)
{
    struct stat st;

    return lstat(ours, &st) != 0 || st.st_dev != made.st_dev || st.st_ino != made.st_ino;
}
