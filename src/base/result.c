/*
 * result.c: results to text, and the one line that explains a failure.
 */
#include "base/result.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[RESULT__MAX] = {
    [RESULT_OK] = "done",
    [RESULT_FAILED] = "failed",
    [RESULT_NOMEM] = "out of memory",
    [RESULT_IO] = "input/output error",
    [RESULT_FULL] = "no space left",
    [RESULT_BUSY] = "busy",
    [RESULT_READONLY] = "read-only",
    [RESULT_DENIED] = "permission denied",
    [RESULT_MISSING] = "not found",
    [RESULT_EXISTS] = "exists already",
    [RESULT_MALFORMED] = "malformed",
    [RESULT_INVALID] = "not allowed",
    [RESULT_TOO_BIG] = "too big",
};

const char *result_text(enum result result)
{
    if ((unsigned)result >= RESULT__MAX)
        return "unknown result";
    return texts[result];
}

enum result result_from_errno(int error)
{
    switch (error) {
    case 0:
        return RESULT_OK;
    case ENOMEM:
        return RESULT_NOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RESULT_FULL;
    case EAGAIN:
    case EBUSY:
        return RESULT_BUSY;
    case EROFS:
        return RESULT_READONLY;
    case EACCES:
    case EPERM:
        return RESULT_DENIED;
    case ENOENT:
    case ENOTDIR:
        return RESULT_MISSING;
    case EEXIST:
        return RESULT_EXISTS;
    default:
        return RESULT_IO;
    }
}

enum result reason_set(struct reason *why, enum result result, const char *format, ...)
{
    va_list args;

    if (why != NULL) {
        va_start(args, format);
        vsnprintf(why->text, sizeof(why->text), format, args);
        va_end(args);
    }
    return result;
}

enum result reason_errno(struct reason *why, const char *format, ...)
{
    int error = errno;
    size_t used;
    va_list args;

    if (why != NULL) {
        va_start(args, format);
        vsnprintf(why->text, sizeof(why->text), format, args);
        va_end(args);
        used = strlen(why->text);
        snprintf(why->text + used, sizeof(why->text) - used, ": %s", strerror(error));
    }
    return result_from_errno(error);
}
