/* One EOP client session: one run of connections, from home over any number of moves (eop.md sections 4 to 9).
 * Events go to report.h; the commands' grammar is client.c's and may not come in here. */
#ifndef EOP_SESSION_H
#define EOP_SESSION_H

#include "policy.h"

enum discipline { PAIRED, MANUAL };
enum resending { EXPLICIT, AUTOMATIC };
enum fallback { FALLBACK_NONE, FALLBACK_HOME };
enum order { OLD_FIRST, NEW_FIRST };

/* Which address is really dialled for one that the session believes it connects to (EOP-DRV-4). */
struct dial {
    struct eop_endpoint believed, dialled;
};

struct settings {
    enum discipline discipline;
    enum resending resending;
    enum fallback fallback;
    enum order order;
    struct policy policy;
    uint32_t greeting, limit, budget, max_redirects, moves, deadline, episode, stall, header;
    struct dial *dials;
    size_t dial_count;
};

extern const struct settings settings_default;
void settings_free(struct settings *settings);

struct session;

/* Begins a session; the settings are moved into it. */
struct session *session_begin(uint32_t id, struct eop_endpoint home, struct settings settings);

/* The session of this number while it lasts, else NULL. */
struct session *session_find(uint32_t id);

/* The commands. Each answers NULL, or why it was misuse; then nothing happened. */
const char *session_send(struct session *session, struct eop_payload payload, bool never_resend);
const char *session_retire(struct session *session, uint32_t count);
const char *session_resend(struct session *session, uint32_t hop);
const char *session_drop(struct session *session, uint32_t hop);
const char *session_half_close(struct session *session);
const char *session_close(struct session *session);
const char *session_sync(struct session *session, const char *token);

/* Does what is due, for every session. */
void sessions_check_time(int64_t now);

#endif
