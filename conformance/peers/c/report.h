/* The events that the driver prints (testee.md section 3.3), each one line, flushed (EOP-DRV-1).
 * What they mean and when they come is session.c's and client.c's. */
#ifndef EOP_REPORT_H
#define EOP_REPORT_H

#include "eop.h"

void report_hello(void);
void report_connected(uint32_t session, struct eop_endpoint endpoint, struct eop_endpoint local, uint32_t hop);
void report_message(uint32_t session, const uint8_t *octets, uint32_t length, size_t outstanding, bool greeting);
void report_redirected(uint32_t session, struct eop_endpoint target, size_t owed, bool late, uint32_t hop,
                       bool explicitly);
void report_dial(uint32_t session, struct eop_endpoint endpoint);
void report_rejected(uint32_t session, const char *verb, const char *why);
void report_synced(uint32_t session, const char *token);

/* How a session ended: the kind, with what is named beside it, and what was left over (EOP-FAI-2). */
struct verdict {
    enum eop_end kind;
    const struct eop_endpoint *target; /* or NULL */
    const enum eop_end *cause;         /* or NULL */
    const char *reason;                /* or NULL */
    size_t owed, unsent, uncertain;
};

void report_ended(uint32_t session, const struct verdict *verdict);

#endif
