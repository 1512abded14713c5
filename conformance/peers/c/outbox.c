/* The frames to send: see outbox.h. */
#include "outbox.h"

#include <errno.h>
#include <stdlib.h>

enum { WRITES_PER_TURN = 16 };

struct out {
    struct eop_frame frame;
    struct out *next;
};

void outbox_begin(struct outbox *outbox)
{
    *outbox = (struct outbox){0};
    outbox->last = &outbox->first;
}

bool outbox_empty(const struct outbox *outbox)
{
    return outbox->first == NULL;
}

static void shift(struct outbox *outbox)
{
    struct out *out = outbox->first;
    outbox->first = out->next;
    if (outbox->first == NULL)
        outbox->last = &outbox->first;
    outbox->offered = 0;
    eop_payload_free(&out->frame.payload);
    free(out);
}

void outbox_free(struct outbox *outbox)
{
    while (!outbox_empty(outbox))
        shift(outbox);
}

void outbox_add(struct outbox *outbox, struct eop_frame frame, int64_t now)
{
    struct out *out = eop_allocate(sizeof *out);
    *out = (struct out){.frame = frame};
    if (outbox_empty(outbox))
        outbox->progress = now;
    *outbox->last = out;
    outbox->last = &out->next;
}

bool outbox_flush(struct outbox *outbox, int fd, int64_t now)
{
    for (int writes = 0; !outbox_empty(outbox) && writes < WRITES_PER_TURN; writes++) {
        const struct eop_frame *frame = &outbox->first->frame;
        ssize_t taken = eop_frame_send(fd, frame, outbox->offered);
        if (taken < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        outbox->progress = now;
        outbox->offered += (uint64_t)taken;
        if (outbox->offered == eop_frame_size(frame))
            shift(outbox);
    }
    return true;
}
