/* The requests of the test service (testee.md section 2.2): their grammar and the rules of their steps.
 * What a request does to a connection is server.c's; no socket may come in here. */
#ifndef EOP_REQUEST_H
#define EOP_REQUEST_H

#include "text.h"

enum step_kind { STEP_ANSWER, STEP_REDIRECT, STEP_REDIRECT_WITH, STEP_AWAIT, STEP_MARK, STEP_FIN, STEP_RESET };

struct step {
    enum step_kind kind;
    struct eop_payload payload;     /* of STEP_ANSWER and STEP_REDIRECT_WITH */
    struct eop_endpoint *list;      /* of the two redirects */
    size_t list_length;
    char token[TEXT_TOKEN];         /* of STEP_AWAIT and STEP_MARK */
};

/* Shared between a listening port and the connections it accepted: counted, freed with the last. */
struct steps {
    size_t holders;
    size_t count;
    struct step *items;
};

struct steps *steps_hold(struct steps *steps);
void steps_release(struct steps *steps);

enum request_kind {
    REQUEST_UNKNOWN,
    REQUEST_HELLO,
    REQUEST_DO,
    REQUEST_LISTEN,
    REQUEST_MARK,
    REQUEST_MARKED,
    REQUEST_SIGNAL,
};

struct request {
    enum request_kind kind;
    struct steps *steps;     /* of REQUEST_DO and REQUEST_LISTEN; the reader releases them */
    char token[TEXT_TOKEN];  /* of the last three */
};

/* Reads a request whole; what breaks the grammar or a rule of the steps is REQUEST_UNKNOWN (EOP-TST-5). */
struct request request_read(const uint8_t *octets, size_t length);

#endif
