/* The target policy of a client (eop.md section 8): pure questions about endpoints. */
#ifndef EOP_POLICY_H
#define EOP_POLICY_H

#include "eop.h"

enum policy_kind { POLICY_SECURE, POLICY_PAPER };

/* An entry of the allow-list: the addresses of a prefix, on the ports low to high. */
struct allow {
    uint32_t addr;
    uint32_t prefix; /* 0 to 32 */
    uint16_t low, high;
};

struct policy {
    enum policy_kind kind;
    struct allow *allows;
    size_t allow_count;
};

/* NULL if a client whose home and current connection these are may move to `target`, otherwise the reason. */
const char *policy_refusal(const struct policy *policy, struct eop_endpoint home, struct eop_endpoint current,
                           struct eop_endpoint target);

#endif
