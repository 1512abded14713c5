/* The bounds on a session's moves: see bounds.h. */
#include "bounds.h"

#include <stdlib.h>
#include <string.h>

enum { MOVES_MS = 60000 };

static void visit(struct episode *episode, struct eop_endpoint endpoint)
{
    size_t size = (episode->visited_count + 1) * sizeof endpoint;
    episode->visited = eop_reallocate(episode->visited, size);
    episode->visited[episode->visited_count++] = endpoint;
}

static bool was_visited(const struct episode *episode, struct eop_endpoint endpoint)
{
    for (size_t i = 0; i < episode->visited_count; i++) {
        if (eop_endpoint_equal(episode->visited[i], endpoint))
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
    else if (episode->redirects >= bounds->max_redirects)
        *refusal = END_TOO_MANY_REDIRECTS; /* EOP-EPI-1 */
    else if (bounds->moves.count >= bounds->max_moves)
        *refusal = END_TOO_MANY_REDIRECTS; /* EOP-EPI-7 */
    else if (now >= deadline_now(episode, now))
        *refusal = END_REDIRECT_DEADLINE; /* EOP-EPI-5 */
    else
        return false;
    return true;
}

bool bounds_move(struct bounds *bounds, const struct eop_endpoint *redirector, struct eop_endpoint target,
                 int64_t now, enum eop_end *refusal)
{
    struct episode *episode = &bounds->episode;

    if (!episode->running) {
        episode->running = true;
        episode->deadline = now + bounds->deadline;
        if (redirector != NULL)
            visit(episode, *redirector);
    }
    forget_old_moves(&bounds->moves, now);
    if (breaks(bounds, target, now, refusal))
        return false;
    episode->redirects++;
    visit(episode, target);
    note_move(&bounds->moves, now);
    return true;
}

bool bounds_fall_back(struct bounds *bounds, struct eop_endpoint home, int64_t now)
{
    struct episode *episode = &bounds->episode;

    forget_old_moves(&bounds->moves, now);
    if (episode->redirects >= bounds->max_redirects || bounds->moves.count >= bounds->max_moves)
        return false;
    note_move(&bounds->moves, now);
    episode->redirects++;
    episode->fell_back = true;
    visit(episode, home); /* exempt from EOP-EPI-2 itself, not for a redirect after it */
    return true;
}

void bounds_stand_still(struct bounds *bounds, bool still, int64_t now)
{
    struct episode *episode = &bounds->episode;

    if (!episode->running || still == (episode->standing_since != 0))
        return;
    episode->deadline = deadline_now(episode, now);
    episode->standing_since = still ? now : 0;
}

void bounds_end_episode(struct bounds *bounds)
{
    free(bounds->episode.visited);
    bounds->episode = (struct episode){0};
}

void bounds_free(struct bounds *bounds)
{
    bounds_end_episode(bounds);
    free(bounds->moves.times);
}
