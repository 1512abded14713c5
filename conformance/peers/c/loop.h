/* The event loop and the sockets: one epoll, one timer, and what Linux has to say about a TCP connection.
 * No frame, no service, no session may come in here. */
#ifndef EOP_LOOP_H
#define EOP_LOOP_H

#include "eop.h"

#include <sys/epoll.h>

/* Something with a descriptor. It lies first in what owns it, so that `ready` can find its owner. */
struct source {
    int fd; /* -1 once closed */
    uint32_t interest;
    void (*ready)(struct source *source, uint32_t events);
};

/* Prepares the process: the epoll, SIGPIPE ignored, as many descriptors as the system allows. */
void loop_begin(void);

/* Runs until `exit`. `timers` is called when the earliest time given to loop_wake_by has come; it names the next. */
void loop_run(void (*timers)(int64_t now));
void loop_wake_by(int64_t when);

/* Milliseconds of a clock that never steps. */
int64_t loop_now(void);

void loop_add(struct source *source, uint32_t interest);
void loop_want(struct source *source, uint32_t interest);
void loop_forget(struct source *source);       /* stops watching, keeps the descriptor open */
void loop_close(struct source *source);        /* FIN, after what was sent before; RST if something lies unread */
void loop_reset(struct source *source);        /* RST */
void loop_bury(void *memory);                  /* frees it when this round's events are done */

/* Opens a listening socket; -1 with errno. Port 0 is any free port. */
int loop_listen(struct eop_endpoint endpoint);

/* Accepts one connection; -1 when there is none. */
int loop_accept(int listener);

/* Begins to connect; -1 with errno if that failed at once. */
int loop_dial(struct eop_endpoint endpoint);

struct eop_endpoint loop_local(int fd);

/* How many octets (a FIN counts as one) the peer's transport has not acknowledged yet. */
int loop_unacknowledged(int fd);

bool loop_is_loopback(struct eop_endpoint endpoint);

#endif
