/* The frames that one connection of the server has to send, and how far the transport has them. */
#ifndef EOP_OUTBOX_H
#define EOP_OUTBOX_H

#include "eop.h"

struct out;

struct outbox {
    struct out *first, **last;
    uint64_t offered;   /* octets of the first frame that the transport has */
    int64_t progress;   /* when the transport last took octets, or the first came to wait (EOP-CLS-12) */
};

void outbox_begin(struct outbox *outbox);
void outbox_free(struct outbox *outbox);
bool outbox_empty(const struct outbox *outbox);

/* The frame's payload is moved into the outbox. */
void outbox_add(struct outbox *outbox, struct eop_frame frame, int64_t now);

/* Writes what the transport takes, within a turn's worth; false if the connection is broken. */
bool outbox_flush(struct outbox *outbox, int fd, int64_t now);

#endif
