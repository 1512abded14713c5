/* The bounds on a session's moves: see bounds.h. */
#include "bounds.h"

#include <stdlib.h>
#include <string.h>

enum { MOVES_MS = 60000 };

static bool was_visited(const struct episode *episode, struct eop_endpoint endpoint)
{
    for (size_t i = 0; i < episode->count; i++) {
        if (eop_endpoint_equal(episode->hops[i].endpoint, endpoint))
            return true;
    }
    return episode->redirector_visited && eop_endpoint_equal(episode->redirector, endpoint);
}

static bool fell_back(const struct episode *episode)
{
    for (size_t i = 0; i < episode->count; i++) {
        if (episode->hops[i].fallback)
            return true;
    }
    return false;
}

static void note_move(struct moves *moves, int64_t now)
{
    moves->times = eop_reallocate(moves->times, (moves->count + 1) * sizeof *moves->times);
    moves->times[moves->count++] = now;
}

static void forget_old_moves(struct moves *moves, int64_t now)
{
    size_t old = 0;
    while (old < moves->count && moves->times[old] <= now - MOVES_MS)
        old++;
    if (old == 0)
        return;
    moves->count -= old;
    memmove(moves->times, moves->times + old, moves->count * sizeof *moves->times);
}

/* The deadline, were the clock to run from now on. */
static int64_t deadline_now(const struct episode *episode, int64_t now)
{
    int64_t stood = episode->standing_since == 0 ? 0 : now - episode->standing_since;
    return episode->deadline + stood;
}

/* The first bound that the move would break, in the order of section 7; false if none. */
static bool breaks(const struct bounds *bounds, struct eop_endpoint target, int64_t now, enum eop_end *refusal)
{
    const struct episode *episode = &bounds->episode;

    if (bounds->max_redirects == 0)
        *refusal = END_NOT_FOLLOWED; /* EOP-EPI-8 */
    else if (was_visited(episode, target))
        *refusal = END_REDIRECT_LOOP; /* EOP-EPI-2 */
    else if (episode->count >= bounds->max_redirects)
        *refusal = END_TOO_MANY_REDIRECTS; /* EOP-EPI-1 */
    else if (bounds->moves.count >= bounds->max_moves)
        *refusal = END_TOO_MANY_REDIRECTS; /* EOP-EPI-7 */
    else if (now >= deadline_now(episode, now))
        *refusal = END_REDIRECT_DEADLINE; /* EOP-EPI-5 */
    else
        return false;
    return true;
}

/* Makes the move: whatever it leads to is visited from now on. */
static void add_hop(struct bounds *bounds, struct eop_endpoint endpoint, bool fallback, int64_t now)
{
    struct episode *episode = &bounds->episode;
    struct hop hop = {.endpoint = endpoint, .number = ++bounds->number, .fallback = fallback};

    hop.deadline = episode->count == 0 ? episode->deadline : now + bounds->deadline;
    episode->hops = eop_reallocate(episode->hops, (episode->count + 1) * sizeof hop);
    episode->hops[episode->count++] = hop;
    note_move(&bounds->moves, now);
}

bool bounds_move(struct bounds *bounds, const struct eop_endpoint *redirector, struct eop_endpoint target,
                 int64_t now, enum eop_end *refusal)
{
    struct episode *episode = &bounds->episode;

    if (!episode->running) {
        episode->running = true;
        episode->deadline = now + bounds->deadline;
        episode->redirector_visited = redirector != NULL;
        if (redirector != NULL)
            episode->redirector = *redirector;
    }
    forget_old_moves(&bounds->moves, now);
    if (breaks(bounds, target, now, refusal))
        return false;
    add_hop(bounds, target, false, now);
    return true;
}

bool bounds_fall_back(struct bounds *bounds, struct eop_endpoint home, int64_t now)
{
    const struct episode *episode = &bounds->episode;

    forget_old_moves(&bounds->moves, now);
    if (!episode->running || fell_back(episode) || now >= deadline_now(episode, now))
        return false;
    if (episode->count >= bounds->max_redirects || bounds->moves.count >= bounds->max_moves)
        return false;
    add_hop(bounds, home, true, now); /* exempt from EOP-EPI-2 itself, not for a redirect after it */
    return true;
}

void bounds_stand_still(struct bounds *bounds, bool still, int64_t now)
{
    struct episode *episode = &bounds->episode;

    if (!episode->running || still == (episode->standing_since != 0))
        return;
    int64_t stood = deadline_now(episode, now) - episode->deadline;
    episode->deadline += stood;
    for (size_t i = 0; i < episode->count; i++)
        episode->hops[i].deadline += stood;
    episode->standing_since = still ? now : 0;
}

void bounds_answered_before(struct bounds *bounds, uint32_t number)
{
    struct episode *episode = &bounds->episode;
    size_t old = 0;

    while (old < episode->count && episode->hops[old].number <= number)
        old++;
    if (old == episode->count) {
        bounds_end_episode(bounds);
        return;
    }
    episode->count -= old;
    memmove(episode->hops, episode->hops + old, episode->count * sizeof *episode->hops);
    episode->redirector_visited = false;
    episode->deadline = episode->hops[0].deadline;
}

void bounds_end_episode(struct bounds *bounds)
{
    free(bounds->episode.hops);
    bounds->episode = (struct episode){0};
}

void bounds_free(struct bounds *bounds)
{
    bounds_end_episode(bounds);
    free(bounds->moves.times);
}
