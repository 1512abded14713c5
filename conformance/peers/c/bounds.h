/* The bounds on a session's moves (eop.md section 7): the episode, what it visited, its deadline, and the moves of
 * the last minute. Time comes in as milliseconds; no connection may come in here. */
#ifndef EOP_BOUNDS_H
#define EOP_BOUNDS_H

#include "eop.h"

/* A move of an episode, by a REDIRECT or by the fallback. */
struct hop {
    struct eop_endpoint endpoint;
    uint32_t number;   /* over the session, from 1 */
    bool fallback;     /* EOP-FAI-4 */
    int64_t deadline;  /* of an episode that begins with it */
};

struct episode {
    bool running;
    int64_t deadline;        /* when it passes, unless the clock stands still longer (EOP-EPI-5) */
    int64_t standing_since;  /* 0 while the clock runs (EOP-EPI-6) */
    bool redirector_visited; /* EOP-EPI-3 */
    struct eop_endpoint redirector;
    struct hop *hops;        /* oldest first */
    size_t count;
};

/* When the session moved, of the last 60 s, oldest first (EOP-EPI-7). */
struct moves {
    int64_t *times;
    size_t count;
};

struct bounds {
    uint32_t max_redirects, max_moves, deadline;
    uint32_t number; /* of the last move */
    struct episode episode;
    struct moves moves;
};

void bounds_free(struct bounds *bounds);

/* Asks for a move to `target` because of a REDIRECT, beginning an episode if none runs; `redirector` counts as visited
 * then, if it is not NULL (EOP-EPI-3). True if the move may be made, and it is counted; false with the error if not. */
bool bounds_move(struct bounds *bounds, const struct eop_endpoint *redirector, struct eop_endpoint target,
                 int64_t now, enum eop_end *refusal);

/* Counts the fallback to home as a redirect and a move (EOP-FAI-7); false if it may not be (EOP-FAI-4, EOP-FAI-8). */
bool bounds_fall_back(struct bounds *bounds, struct eop_endpoint home, int64_t now);

/* A message was answered on the connection to which the move of this number led, and which a REDIRECT has ended since: the
 * episode that runs now began with that REDIRECT (EOP-ACC-16). */
void bounds_answered_before(struct bounds *bounds, uint32_t number);

/* Stops or starts the deadline's clock (EOP-EPI-6). */
void bounds_stand_still(struct bounds *bounds, bool still, int64_t now);

void bounds_end_episode(struct bounds *bounds);

#endif
