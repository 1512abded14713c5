/* The event loop and the sockets: see loop.h. */
#include "loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 4096, EVENTS = 256 };

static int epoll = -1;
static int spare = -1;            /* a descriptor to give up when no other is left */
static int64_t wake = INT64_MAX;  /* the earliest timer */
static struct source *plain;      /* a source that epoll cannot watch: a file, always ready */

static struct grave {
    struct grave *next;
    void *memory;
} *graves;

static void must(bool worked, const char *what)
{
    if (!worked) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void loop_begin(void)
{
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0, "epoll_create1");
    spare = open_spare();
}

int64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void loop_wake_by(int64_t when)
{
    if (when < wake)
        wake = when;
}

void loop_add(struct source *source, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = source};
    source->interest = interest;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, source->fd, &event) == 0)
        return;
    must(errno == EPERM, "epoll_ctl");
    plain = source;
}

void loop_want(struct source *source, uint32_t interest)
{
    struct epoll_event event = {.events = interest, .data.ptr = source};
    if (source->interest == interest)
        return;
    source->interest = interest;
    must(epoll_ctl(epoll, EPOLL_CTL_MOD, source->fd, &event) == 0, "epoll_ctl");
}

void loop_forget(struct source *source)
{
    epoll_ctl(epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

void loop_close(struct source *source)
{
    close(source->fd); /* which also takes it out of the epoll */
    source->fd = -1;
}

void loop_reset(struct source *source)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(source->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    loop_close(source);
}

void loop_bury(void *memory)
{
    struct grave *grave = eop_allocate(sizeof *grave);
    *grave = (struct grave){.next = graves, .memory = memory};
    graves = grave;
}

static void free_buried(void)
{
    while (graves != NULL) {
        struct grave *grave = graves;
        graves = grave->next;
        free(grave->memory);
        free(grave);
    }
}

static int time_left(void)
{
    int64_t now = loop_now();
    if (plain != NULL || wake <= now)
        return 0;
    if (wake == INT64_MAX)
        return -1;
    return wake - now > 60000 ? 60000 : (int)(wake - now);
}

void loop_run(void (*timers)(int64_t now))
{
    struct epoll_event events[EVENTS];

    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, time_left());
        must(count >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < count; i++) {
            struct source *source = events[i].data.ptr;
            if (source->fd >= 0) /* not closed by an earlier event of this round */
                source->ready(source, events[i].events);
        }
        if (plain != NULL)
            plain->ready(plain, EPOLLIN);
        if (wake <= loop_now()) {
            wake = INT64_MAX;
            timers(loop_now());
        }
        free_buried();
    }
}

static struct sockaddr_in to_socket(struct eop_endpoint endpoint)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(endpoint.port),
        .sin_addr.s_addr = htonl(endpoint.addr),
    };
}

/* Closes a descriptor that turned out useless, and keeps errno. */
static int give_up(int fd)
{
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

int loop_listen(struct eop_endpoint endpoint)
{
    struct sockaddr_in address = to_socket(endpoint);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0)
        return give_up(fd);
    return fd;
}

static void no_delay(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* EOP-FRM-10 */
}

int loop_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        no_delay(fd);
    } else if (errno == EMFILE || errno == ENFILE) {
        /* No descriptor is left: turn the connection away, or the loop would spin on it. */
        close(spare);
        give_up(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
        spare = open_spare();
    }
    return fd;
}

int loop_dial(struct eop_endpoint endpoint)
{
    struct sockaddr_in address = to_socket(endpoint);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    no_delay(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        return give_up(fd);
    return fd;
}

struct eop_endpoint loop_local(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    return (struct eop_endpoint){.addr = ntohl(address.sin_addr.s_addr), .port = ntohs(address.sin_port)};
}

int loop_unacknowledged(int fd)
{
    int octets = 0;
    return ioctl(fd, SIOCOUTQ, &octets) == 0 ? octets : 0;
}

bool loop_is_loopback(struct eop_endpoint endpoint)
{
    return endpoint.addr >> 24 == 127;
}
