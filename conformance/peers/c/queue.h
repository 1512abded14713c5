/* The queue of outstanding messages of one client session (eop.md section 5), oldest first.
 * What was offered is counted to the octet; no socket and no decision of the application may come in here. */
#ifndef EOP_QUEUE_H
#define EOP_QUEUE_H

#include "eop.h"

enum standing {
    FRESH, /* no REDIRECT met it */
    OWED,  /* a REDIRECT made it owed, and it may be sent */
    HELD,  /* owed, and the application has to decide (EOP-RSD-11, EOP-RSD-15) */
};

struct message {
    struct message *next;
    struct eop_frame frame;
    enum standing standing;
    uint64_t offered;  /* octets of the frame that the current connection's transport has */
    bool arrived;      /* an earlier connection's transport had all of them */
    uint32_t arrived_at; /* the number of the move that led to that connection */
    bool never_resend;
};

struct queue {
    struct message *head, **last;
    struct message *sending; /* the oldest that is not completely offered */
    size_t count;
    size_t held;             /* the last of the queue: what is held is behind everything else */
};

void queue_begin(struct queue *queue);
void queue_free(struct queue *queue);

/* The payload is moved into the queue. */
void queue_add(struct queue *queue, struct eop_payload payload, bool never_resend);

/* The message to send now; NULL if there is none, or it is held. */
struct message *queue_next(const struct queue *queue);

/* Notes that the transport took `octets` of queue_next. */
void queue_offered(struct queue *queue, uint64_t octets);

/* Whether a message of which an octet was offered on this connection awaits its answer. */
bool queue_awaits(const struct queue *queue);

/* Whether a message can answer the oldest one: it is there, and completely offered (EOP-ACC-9). */
bool queue_answerable(const struct queue *queue);

/* Whether the oldest `count` messages are there and completely offered, here or on a connection that a REDIRECT
 * ended (EOP-ACC-12). */
bool queue_retirable(const struct queue *queue, size_t count);
void queue_remove_oldest(struct queue *queue);

/* A complete REDIRECT on the connection to which this move led: everything outstanding is owed, and nothing of it offered
 * yet where it goes (EOP-RSD-3). */
void queue_owe(struct queue *queue, uint32_t hop);

/* Holds everything, or from the first message that is never-resend or exceeds the replay budget (EOP-RSD-15). */
void queue_hold_all(struct queue *queue);
void queue_hold_unsafe(struct queue *queue, uint32_t budget);

void queue_release_held(struct queue *queue);
void queue_drop_held(struct queue *queue);

struct tally {
    size_t owed, unsent, uncertain;
};

/* What is left when the connection ends now (EOP-RSD-8). */
struct tally queue_tally(const struct queue *queue);

#endif
