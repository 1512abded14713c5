/* The grammar that both contracts share (testee.md section 1): a cursor over one text and what it can take from it.
 * No verb, step or setting of either contract may come in here. */
#ifndef EOP_TEXT_H
#define EOP_TEXT_H

#include "eop.h"

enum { TEXT_TOKEN = 33 };

struct text {
    const char *at;
    const char *end;
};

/* Each of these takes its piece and moves on, or answers false; after false the cursor's place means nothing. */
bool text_number(struct text *text, uint32_t *number);
bool text_number_to(struct text *text, uint32_t most, uint32_t *number);
bool text_token(struct text *text, char token[TEXT_TOKEN]);
bool text_ipv4(struct text *text, uint32_t *addr);
bool text_port(struct text *text, uint16_t *port);
bool text_endpoint(struct text *text, struct eop_endpoint *endpoint);

/* The caller frees what it got, with eop_payload_free. */
bool text_payload(struct text *text, struct eop_payload *payload);

/* Takes exactly this word, or leaves the cursor where it is. */
bool text_word(struct text *text, const char *word);
bool text_done(const struct text *text);

/* Takes everything up to the next `separator` (and the separator) or up to the end. */
struct text text_field(struct text *text, char separator);

#endif
