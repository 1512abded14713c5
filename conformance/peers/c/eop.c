/* The wire: see eop.h. */
#include "eop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    PATTERN_PERIOD = 251,
    PATTERN_PIECE = PATTERN_PERIOD * 1024, /* the most of a pattern that one operation takes */
    KEPT_ROOM = 65536,                     /* a payload buffer up to this size is kept for the next frame */
    FIRST_ROOM = 512,
};

const char *eop_end_name(enum eop_end end)
{
    static const char *const names[] = {
        [END_EOF] = "eof",
        [END_CLOSED] = "closed",
        [END_NOT_EOP] = "NotEop",
        [END_UNKNOWN_OPCODE] = "UnknownOpcode",
        [END_BYTE_ORDER_MISMATCH] = "ByteOrderMismatch",
        [END_MESSAGE_TOO_LARGE] = "MessageTooLarge",
        [END_TRUNCATED_FRAME] = "TruncatedFrame",
        [END_UNEXPECTED_REDIRECT] = "UnexpectedRedirect",
        [END_UNSOLICITED] = "Unsolicited",
        [END_UNCERTAIN] = "Uncertain",
        [END_STALL] = "Stall",
        [END_TIMEOUT] = "Timeout",
        [END_CONNECT_FAILED] = "ConnectFailed",
        [END_NOT_FOLLOWED] = "NotFollowed",
        [END_REDIRECT_REFUSED] = "RedirectRefused",
        [END_REDIRECT_FAILED] = "RedirectFailed",
        [END_REDIRECT_LOOP] = "RedirectLoop",
        [END_TOO_MANY_REDIRECTS] = "TooManyRedirects",
        [END_REDIRECT_DEADLINE] = "RedirectDeadline",
    };
    return names[end];
}

/* Endpoints */

bool eop_endpoint_equal(struct eop_endpoint a, struct eop_endpoint b)
{
    return a.addr == b.addr && a.port == b.port;
}

const char *eop_endpoint_text(struct eop_endpoint endpoint, char text[EOP_ENDPOINT_TEXT])
{
    snprintf(text, EOP_ENDPOINT_TEXT, "%u.%u.%u.%u:%u", (unsigned)(endpoint.addr >> 24),
             (unsigned)(endpoint.addr >> 16 & 0xFF), (unsigned)(endpoint.addr >> 8 & 0xFF),
             (unsigned)(endpoint.addr & 0xFF), (unsigned)endpoint.port);
    return text;
}

bool eop_endpoint_forbidden(struct eop_endpoint endpoint)
{
    uint32_t first = endpoint.addr >> 24;
    return endpoint.port == 0 || first == 0 || first >= 224;
}

/* Payloads */

struct eop_payload eop_payload_copy(const void *octets, uint32_t length)
{
    struct eop_payload payload = {.octets = NULL, .length = length};
    if (length > 0) {
        payload.octets = eop_allocate(length);
        memcpy(payload.octets, octets, length);
    }
    return payload;
}

void eop_payload_free(struct eop_payload *payload)
{
    free(payload->octets);
    *payload = (struct eop_payload){0};
}

/* Points at the payload's octets from `from` on and says how many of them lie there in one piece. */
static size_t payload_piece(const struct eop_payload *payload, uint32_t from, const uint8_t **piece)
{
    static uint8_t pattern[PATTERN_PERIOD + PATTERN_PIECE];
    size_t left = payload->length - from;

    if (payload->octets != NULL) {
        *piece = payload->octets + from;
        return left;
    }
    if (pattern[1] == 0) {
        for (size_t i = 0; i < sizeof pattern; i++)
            pattern[i] = (uint8_t)(i % PATTERN_PERIOD);
    }
    *piece = pattern + from % PATTERN_PERIOD;
    return left < PATTERN_PIECE ? left : PATTERN_PIECE;
}

/* Frames out */

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)(value & 0xFF);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t)(value >> 16));
    put16(at + 2, (uint16_t)(value & 0xFFFF));
}

static struct eop_frame frame(enum eop_opcode opcode, struct eop_endpoint target, struct eop_payload payload)
{
    struct eop_frame made = {.payload = payload};
    put16(made.header, (uint16_t)opcode);
    put16(made.header + 2, target.port);
    put32(made.header + 4, target.addr);
    put32(made.header + 8, payload.length);
    return made;
}

struct eop_frame eop_normal(struct eop_payload payload)
{
    return frame(EOP_NORMAL, (struct eop_endpoint){0}, payload); /* EOP-FRM-6 */
}

struct eop_frame eop_redirect(struct eop_endpoint target, struct eop_payload payload)
{
    return frame(EOP_REDIRECT, target, payload);
}

uint64_t eop_frame_size(const struct eop_frame *frame)
{
    return EOP_HEADER + (uint64_t)frame->payload.length;
}

ssize_t eop_frame_send(int fd, const struct eop_frame *frame, uint64_t from)
{
    struct iovec pieces[2];
    size_t count = 0;
    uint32_t payload_from = 0;

    if (from < EOP_HEADER) {
        pieces[count].iov_base = (void *)(frame->header + from);
        pieces[count++].iov_len = EOP_HEADER - from;
    } else {
        payload_from = (uint32_t)(from - EOP_HEADER);
    }
    if (payload_from < frame->payload.length) {
        const uint8_t *piece;
        pieces[count].iov_len = payload_piece(&frame->payload, payload_from, &piece);
        pieces[count++].iov_base = (void *)piece;
    }
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Frames in */

static uint16_t take16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t take32(const uint8_t *at)
{
    return (uint32_t)take16(at) << 16 | take16(at + 2);
}

void eop_decoder_begin(struct eop_decoder *decoder, enum eop_reader reader, uint32_t limit)
{
    *decoder = (struct eop_decoder){.reader = reader, .limit = limit};
}

static enum eop_progress fault(struct eop_decoder *decoder, enum eop_end end)
{
    decoder->fault = end;
    return EOP_FAULT;
}

/* Decides on the opcode as soon as its two octets are there (EOP-OPC-3). */
static enum eop_progress opcode_there(struct eop_decoder *decoder)
{
    uint16_t opcode = take16(decoder->header);

    if (opcode == EOP_NORMAL || opcode == EOP_REDIRECT) {
        decoder->opcode = (enum eop_opcode)opcode;
        decoder->begun = true;
        return EOP_MORE;
    }
    if (opcode == 0x0100 || opcode == 0x0200)
        return fault(decoder, END_BYTE_ORDER_MISMATCH); /* EOP-OPC-6 */
    return fault(decoder, decoder->begun ? END_UNKNOWN_OPCODE : END_NOT_EOP); /* EOP-OPC-2, EOP-OPC-5 */
}

/* Decides on the header before an octet of the payload is accepted (EOP-RED-2, EOP-LIM-3). */
static enum eop_progress header_there(struct eop_decoder *decoder)
{
    decoder->target.port = take16(decoder->header + 2);
    decoder->target.addr = take32(decoder->header + 4);
    decoder->slen = take32(decoder->header + 8);
    if (decoder->opcode == EOP_REDIRECT && decoder->reader == EOP_READER_SERVER)
        return fault(decoder, END_UNEXPECTED_REDIRECT);
    if (decoder->slen > decoder->limit)
        return fault(decoder, END_MESSAGE_TOO_LARGE);
    return EOP_MORE;
}

static const uint8_t *take(const uint8_t **at, size_t *left, size_t count)
{
    const uint8_t *taken = *at;
    *at += count;
    *left -= count;
    return taken;
}

static enum eop_progress feed_header(struct eop_decoder *decoder, const uint8_t **at, size_t *left, int64_t now)
{
    size_t wanted = (decoder->have < 2 ? 2 : EOP_HEADER) - decoder->have;
    size_t count = *left < wanted ? *left : wanted;

    if (decoder->have == 0)
        decoder->header_since = now;
    memcpy(decoder->header + decoder->have, take(at, left, count), count);
    decoder->have += count;
    if (decoder->have == 2)
        return opcode_there(decoder);
    return decoder->have == EOP_HEADER ? header_there(decoder) : EOP_MORE;
}

/* Makes room for `count` more octets that have arrived: never for what slen only announces (EOP-LIM-4). */
static bool make_room(struct eop_decoder *decoder, size_t count)
{
    size_t needed = (size_t)decoder->received + count;
    size_t room = decoder->room < FIRST_ROOM ? FIRST_ROOM : decoder->room;

    while (room < needed)
        room *= 2;
    if (room == decoder->room)
        return true;
    uint8_t *grown = realloc(decoder->payload, room);
    if (grown == NULL)
        return false;
    decoder->payload = grown;
    decoder->room = room;
    return true;
}

static enum eop_progress feed_payload(struct eop_decoder *decoder, const uint8_t **at, size_t *left)
{
    uint32_t wanted = decoder->slen - decoder->received;
    size_t count = *left < wanted ? *left : wanted;

    if (!make_room(decoder, count))
        return fault(decoder, END_MESSAGE_TOO_LARGE); /* larger than this machine can hold */
    memcpy(decoder->payload + decoder->received, take(at, left, count), count);
    decoder->received += (uint32_t)count;
    return EOP_MORE;
}

enum eop_progress eop_decoder_feed(struct eop_decoder *decoder, const uint8_t **at, size_t *left, int64_t now)
{
    enum eop_progress progress = EOP_MORE;

    while (progress == EOP_MORE) {
        bool whole_header = decoder->have == EOP_HEADER;
        if (whole_header && decoder->received == decoder->slen)
            return EOP_FRAME; /* with slen 0 too: an empty message (EOP-FRM-8) */
        if (*left == 0)
            return EOP_MORE;
        progress = whole_header ? feed_payload(decoder, at, left) : feed_header(decoder, at, left, now);
    }
    return progress;
}

void eop_decoder_next(struct eop_decoder *decoder)
{
    decoder->have = 0;
    decoder->slen = 0;
    decoder->received = 0;
    if (decoder->room > KEPT_ROOM)
        eop_decoder_free(decoder);
}

void eop_decoder_free(struct eop_decoder *decoder)
{
    free(decoder->payload);
    decoder->payload = NULL;
    decoder->room = 0;
}

bool eop_decoder_in_header(const struct eop_decoder *decoder)
{
    return decoder->have > 0 && decoder->have < EOP_HEADER;
}

bool eop_decoder_in_frame(const struct eop_decoder *decoder)
{
    return decoder->have > 0;
}

/* Memory */

void *eop_reallocate(void *memory, size_t size)
{
    void *grown = realloc(memory, size);
    if (grown == NULL) {
        fprintf(stderr, "out of memory: %zu octets refused\n", size);
        exit(EXIT_FAILURE);
    }
    return grown;
}

void *eop_allocate(size_t size)
{
    return eop_reallocate(NULL, size);
}
