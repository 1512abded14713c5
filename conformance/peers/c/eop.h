/* The wire: endpoints, payloads, frames, and the decoder that cuts a stream into frames.
 * No sockets but one send, no clock, no test service, no session may come in here. */
#ifndef EOP_H
#define EOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { EOP_HEADER = 12, EOP_ENDPOINT_TEXT = 22 };

enum eop_opcode { EOP_NORMAL = 0x0001, EOP_REDIRECT = 0x0002 };

/* How a connection or a session ends; the names are those of eop.md section 9 and testee.md section 3.3. */
enum eop_end {
    END_EOF,
    END_CLOSED,
    END_NOT_EOP,
    END_UNKNOWN_OPCODE,
    END_BYTE_ORDER_MISMATCH,
    END_MESSAGE_TOO_LARGE,
    END_TRUNCATED_FRAME,
    END_UNEXPECTED_REDIRECT,
    END_UNSOLICITED,
    END_UNCERTAIN,
    END_STALL,
    END_TIMEOUT,
    END_CONNECT_FAILED,
    END_NOT_FOLLOWED,
    END_REDIRECT_REFUSED,
    END_REDIRECT_FAILED,
    END_REDIRECT_LOOP,
    END_TOO_MANY_REDIRECTS,
    END_REDIRECT_DEADLINE,
};

const char *eop_end_name(enum eop_end end);

/* An IPv4 address and a port, both in host order. */
struct eop_endpoint {
    uint32_t addr;
    uint16_t port;
};

bool eop_endpoint_equal(struct eop_endpoint a, struct eop_endpoint b);

/* Writes `192.0.2.10:9000` and its NUL, and returns `text`. */
const char *eop_endpoint_text(struct eop_endpoint endpoint, char text[EOP_ENDPOINT_TEXT]);

/* Whether no REDIRECT may name this endpoint (EOP-RED-14, EOP-POL-1). */
bool eop_endpoint_forbidden(struct eop_endpoint endpoint);

/* The octets of a message; without `octets` it is `length` octets of the test pattern, which costs no memory.
 * The type of `length` keeps EOP-LIM-5: a longer payload cannot be written down. */
struct eop_payload {
    uint8_t *octets;
    uint32_t length;
};

struct eop_payload eop_payload_copy(const void *octets, uint32_t length);
void eop_payload_free(struct eop_payload *payload);

/* A frame ready to be sent: 12 octets and the payload (EOP-FRM-1). */
struct eop_frame {
    uint8_t header[EOP_HEADER];
    struct eop_payload payload;
};

struct eop_frame eop_normal(struct eop_payload payload);
struct eop_frame eop_redirect(struct eop_endpoint target, struct eop_payload payload);
uint64_t eop_frame_size(const struct eop_frame *frame);

/* Hands the frame from octet `from` on to the transport in one operation (EOP-FRM-4).
 * Returns how many octets the transport took, or -1 with errno. */
ssize_t eop_frame_send(int fd, const struct eop_frame *frame, uint64_t from);

enum eop_reader { EOP_READER_SERVER, EOP_READER_CLIENT };
enum eop_progress { EOP_MORE, EOP_FRAME, EOP_FAULT };

/* Cuts one connection's octets into frames. Holds one frame; memory grows with the octets received (EOP-LIM-4). */
struct eop_decoder {
    enum eop_reader reader;
    uint32_t limit;          /* EOP-LIM-2, octets */
    bool begun;              /* a first valid opcode was seen (EOP-OPC-5) */
    uint8_t header[EOP_HEADER];
    size_t have;             /* octets of the header that are there */
    int64_t header_since;    /* when its first octet came, milliseconds */
    enum eop_opcode opcode;
    struct eop_endpoint target;
    uint32_t slen;
    uint8_t *payload;
    uint32_t received;
    size_t room;
    enum eop_end fault;      /* after EOP_FAULT */
};

void eop_decoder_begin(struct eop_decoder *decoder, enum eop_reader reader, uint32_t limit);

/* Consumes octets up to the end of one frame, or all of them. After EOP_FRAME, opcode, target, payload and slen hold
 * until eop_decoder_next; after EOP_FAULT nothing may be fed any more (EOP-FRM-9). */
enum eop_progress eop_decoder_feed(struct eop_decoder *decoder, const uint8_t **at, size_t *left, int64_t now);
void eop_decoder_next(struct eop_decoder *decoder);
void eop_decoder_free(struct eop_decoder *decoder);

/* Whether a header has begun and not ended (EOP-TIM-1), and whether a frame has (EOP-FRM-5). */
bool eop_decoder_in_header(const struct eop_decoder *decoder);
bool eop_decoder_in_frame(const struct eop_decoder *decoder);

/* malloc and realloc that end the process with a message instead of returning NULL. */
void *eop_allocate(size_t size);
void *eop_reallocate(void *memory, size_t size);

#endif
