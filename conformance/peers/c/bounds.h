/* The bounds on a session's moves (eop.md section 7): the episode, what it visited, its deadline, and the moves of
 * the last minute. Time comes in as milliseconds; no connection may come in here. */
#ifndef EOP_BOUNDS_H
#define EOP_BOUNDS_H

#include "eop.h"

struct episode {
    bool running;
    bool fell_back;          /* EOP-FAI-4: once */
    uint32_t redirects;
    int64_t deadline;        /* when it passes, unless the clock stands still longer (EOP-EPI-5) */
    int64_t standing_since;  /* 0 while the clock runs (EOP-EPI-6) */
    struct eop_endpoint *visited;
    size_t visited_count;
};

/* When the session moved, of the last 60 s, oldest first (EOP-EPI-7). */
struct moves {
    int64_t *times;
    size_t count;
};

struct bounds {
    uint32_t max_redirects, max_moves, deadline;
    struct episode episode;
    struct moves moves;
};

void bounds_free(struct bounds *bounds);

/* Asks for a move to `target` because of a REDIRECT, beginning an episode if none runs; `redirector` counts as visited
 * then, if it is not NULL (EOP-EPI-3). True if the move may be made, and it is counted; false with the error if not. */
bool bounds_move(struct bounds *bounds, const struct eop_endpoint *redirector, struct eop_endpoint target,
                 int64_t now, enum eop_end *refusal);

/* Counts the fallback to home as a redirect and a move (EOP-FAI-4); false if it is one too many. */
bool bounds_fall_back(struct bounds *bounds, struct eop_endpoint home, int64_t now);

/* Stops or starts the deadline's clock (EOP-EPI-6). */
void bounds_stand_still(struct bounds *bounds, bool still, int64_t now);

void bounds_end_episode(struct bounds *bounds);

#endif
