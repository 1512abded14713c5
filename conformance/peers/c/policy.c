/* The target policy: see policy.h. */
#include "policy.h"

/* Narrow to wide. */
enum scope { SCOPE_LOOPBACK, SCOPE_LINK_LOCAL, SCOPE_PRIVATE, SCOPE_GLOBAL };

static bool in_prefix(uint32_t addr, uint32_t network, uint32_t prefix)
{
    uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
    return (addr & mask) == (network & mask);
}

static enum scope scope_of(uint32_t addr)
{
    if (in_prefix(addr, 0x7F000000, 8))
        return SCOPE_LOOPBACK;
    if (in_prefix(addr, 0xA9FE0000, 16))
        return SCOPE_LINK_LOCAL;
    if (in_prefix(addr, 0x0A000000, 8) || in_prefix(addr, 0xAC100000, 12) || in_prefix(addr, 0xC0A80000, 16) ||
        in_prefix(addr, 0x64400000, 10))
        return SCOPE_PRIVATE;
    return SCOPE_GLOBAL;
}

/* Documentation, benchmarking, protocol assignments (EOP-POL-4). */
static bool is_special(uint32_t addr)
{
    return in_prefix(addr, 0xC0000200, 24) || in_prefix(addr, 0xC6336400, 24) || in_prefix(addr, 0xCB007100, 24) ||
           in_prefix(addr, 0xC6120000, 15) || in_prefix(addr, 0xC0000000, 24);
}

static bool is_allowed(const struct policy *policy, struct eop_endpoint target)
{
    for (size_t i = 0; i < policy->allow_count; i++) {
        const struct allow *allow = &policy->allows[i];
        if (in_prefix(target.addr, allow->addr, allow->prefix) && target.port >= allow->low &&
            target.port <= allow->high)
            return true;
    }
    return false;
}

/* Whether a cleartext move stays where `secure` lets it: both ends loopback, or both private (EOP-POL-6). */
static bool stays_near(enum scope current, enum scope target)
{
    return current == target && (target == SCOPE_LOOPBACK || target == SCOPE_PRIVATE);
}

const char *policy_refusal(const struct policy *policy, struct eop_endpoint home, struct eop_endpoint current,
                           struct eop_endpoint target)
{
    enum scope scope = scope_of(target.addr);

    if (eop_endpoint_forbidden(target))
        return "forbidden"; /* EOP-POL-1: an allow-list entry does not help */
    if (is_allowed(policy, target))
        return NULL;
    if (scope < scope_of(current.addr) && scope < scope_of(home.addr))
        return "scope"; /* EOP-POL-2 */
    if (target.port < 1024 && target.port != home.port)
        return "port"; /* EOP-POL-3 */
    if (is_special(target.addr))
        return "special"; /* EOP-POL-4 */
    if (policy->kind == POLICY_SECURE && !stays_near(scope_of(current.addr), scope))
        return "insecure"; /* EOP-POL-6, EOP-POL-7 */
    return NULL;
}
