/* The queue of outstanding messages: see queue.h. */
#include "queue.h"

#include <stdlib.h>

void queue_begin(struct queue *queue)
{
    *queue = (struct queue){0};
    queue->last = &queue->head;
}

void queue_free(struct queue *queue)
{
    while (queue->head != NULL)
        queue_remove_oldest(queue);
}

void queue_add(struct queue *queue, struct eop_payload payload, bool never_resend)
{
    struct message *message = eop_allocate(sizeof *message);

    *message = (struct message){.frame = eop_normal(payload), .never_resend = never_resend};
    *queue->last = message;
    queue->last = &message->next;
    queue->count++;
    if (queue->sending == NULL)
        queue->sending = message;
}

static bool completely_offered(const struct message *message)
{
    return message->offered == eop_frame_size(&message->frame);
}

struct message *queue_next(const struct queue *queue)
{
    struct message *next = queue->sending;
    return next == NULL || next->standing == HELD ? NULL : next;
}

void queue_offered(struct queue *queue, uint64_t octets)
{
    queue->sending->offered += octets;
    if (completely_offered(queue->sending))
        queue->sending = queue->sending->next;
}

bool queue_awaits(const struct queue *queue)
{
    return queue->head != NULL && queue->head->offered > 0;
}

bool queue_answerable(const struct queue *queue)
{
    return queue->head != NULL && completely_offered(queue->head);
}

bool queue_retirable(const struct queue *queue, size_t count)
{
    const struct message *message = queue->head;

    for (; count > 0 && message != NULL; count--, message = message->next) {
        bool arrived = message->arrived && message->offered == 0;
        if (!arrived && !completely_offered(message))
            return false;
    }
    return count == 0;
}

static void discard(struct message *message)
{
    eop_payload_free(&message->frame.payload);
    free(message);
}

void queue_remove_oldest(struct queue *queue)
{
    struct message *oldest = queue->head;

    queue->head = oldest->next;
    if (queue->head == NULL)
        queue->last = &queue->head;
    if (queue->sending == oldest)
        queue->sending = oldest->next;
    if (oldest->standing == HELD)
        queue->held--;
    queue->count--;
    discard(oldest);
}

void queue_owe(struct queue *queue, uint32_t hop)
{
    for (struct message *message = queue->head; message != NULL; message = message->next) {
        if (completely_offered(message)) {
            message->arrived = true;
            message->arrived_at = hop;
        }
        message->standing = OWED;
        message->offered = 0;
    }
    queue->sending = queue->head;
    queue->held = 0;
}

static void hold_from(struct queue *queue, struct message *message)
{
    for (; message != NULL; message = message->next) {
        if (message->standing != OWED)
            continue; /* held already, or not owed: behind a fallback there are both */
        message->standing = HELD;
        queue->held++;
    }
}

void queue_hold_all(struct queue *queue)
{
    hold_from(queue, queue->head);
}

void queue_hold_unsafe(struct queue *queue, uint32_t budget)
{
    struct message *message = queue->head;
    uint64_t sum = 0;

    for (; message != NULL && !message->never_resend; message = message->next) {
        sum += message->frame.payload.length;
        if (sum > budget)
            break;
    }
    hold_from(queue, message);
}

void queue_release_held(struct queue *queue)
{
    for (struct message *message = queue->head; message != NULL; message = message->next) {
        if (message->standing == HELD) {
            message->standing = OWED;
            message->arrived = false; /* it is offered anew: what it was answered with before is settled */
        }
    }
    queue->held = 0;
}

void queue_drop_held(struct queue *queue)
{
    struct message **place = &queue->head;

    while (*place != NULL) {
        struct message *message = *place;
        if (message->standing != HELD) {
            place = &message->next;
            continue;
        }
        if (queue->sending == message)
            queue->sending = message->next;
        *place = message->next;
        queue->count--;
        discard(message);
    }
    queue->last = place;
    queue->held = 0;
}

struct tally queue_tally(const struct queue *queue)
{
    struct tally tally = {0};

    for (const struct message *message = queue->head; message != NULL; message = message->next) {
        if (message->offered > 0)
            tally.uncertain++;
        else if (message->standing == FRESH)
            tally.unsent++;
        else
            tally.owed++;
    }
    return tally;
}
