/*
 * hello.c: the least that a FastCGI worker can do, as the measure for ours.
 *
 * Takes a request, reads its body to the end, answers one constant object: no key, no
 * JSON, no model, no log.  What it costs behind a front is the front, the protocol and
 * libfcgi; what ours costs above that is ours.
 */
#include <fcgiapp.h>

static const char answer[] = "Content-Type: application/json\r\n"
                             "Content-Length: 16\r\n"
                             "\r\n"
                             "{\"prediction\":0}";

static void body_read(FCGX_Stream *in)
{
    char part[8192];

    while (FCGX_GetStr(part, sizeof(part), in) == (int)sizeof(part))
        ;
}

int main(void)
{
    FCGX_Request request;

    if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0)
        return 1;
    while (FCGX_Accept_r(&request) == 0) {
        body_read(request.in);
        FCGX_PutStr(answer, sizeof(answer) - 1, request.out);
        FCGX_Finish_r(&request);
    }
    return 0;
}
