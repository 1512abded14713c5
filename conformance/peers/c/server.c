/* The EOP server under test: how it starts and stops (testee.md section 2.1). What it serves is service.c's. */
#include "loop.h"
#include "options.h"
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void stdin_ready(struct source *source, uint32_t events)
{
    char ignored[4096];
    (void)events;
    if (read(source->fd, ignored, sizeof ignored) == 0)
        exit(EXIT_SUCCESS); /* EOP-TST-2 */
}

static void refuse(const char *what, const char *why)
{
    fprintf(stderr, "server: %s: %s\n", what, why);
    exit(2);
}

static void take_arguments(int count, char **arguments, bool *anywhere)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--any-address") == 0)
            *anywhere = true;
        else if (strcmp(arguments[i], "--verbose") == 0)
            service_verbose = true;
        else
            refuse(arguments[i], "the flags are --any-address and --verbose");
    }
}

static int open_main_port(bool anywhere)
{
    const char *given = getenv("EOP_LISTEN");
    const char *address = given == NULL ? "127.0.0.1:0" : given;
    struct text text = {address, address + strlen(address)};
    struct eop_endpoint listen_on;

    if (!text_endpoint(&text, &listen_on) || !text_done(&text))
        refuse("EOP_LISTEN", "is no A.B.C.D:PORT");
    if (!anywhere && !loop_is_loopback(listen_on))
        refuse(address, "not loopback, and --any-address is not given (EOP-TST-3)");
    int fd = loop_listen(listen_on);
    if (fd < 0)
        refuse(address, strerror(errno));
    return fd;
}

int main(int count, char **arguments)
{
    static struct source input = {.fd = STDIN_FILENO, .ready = stdin_ready};
    bool anywhere = false;
    char text[EOP_ENDPOINT_TEXT];

    take_arguments(count, arguments, &anywhere);
    const char *bad = options_take(getenv("EOP_OPTIONS"));
    if (bad != NULL)
        refuse(bad, "EOP_OPTIONS gives it a value that is no number");
    loop_begin();
    int fd = open_main_port(anywhere);
    service_listen(fd, NULL);
    loop_add(&input, EPOLLIN);
    printf("ready %s\n", eop_endpoint_text(loop_local(fd), text)); /* EOP-TST-1 */
    fflush(stdout);
    loop_run(service_check_time);
}
