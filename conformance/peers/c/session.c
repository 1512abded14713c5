/* One EOP client session: see session.h. */
#include "session.h"

#include "bounds.h"
#include "loop.h"
#include "queue.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    INPUT = 65536,         /* octets read at once */
    READS_PER_TURN = 16,   /* then the other sessions have theirs (EOP-DRV-3) */
    WRITES_PER_TURN = 64,
    SETTLE_MS = 1000,      /* how long a manual session waits for a last retire (EOP-ACC-14) */
    ROWS = 1024,
};

/* One TCP connection of a session. */
struct conn {
    struct source source;
    struct session *session;
    struct eop_endpoint local;
    struct eop_decoder decoder;
    uint32_t greetings_left;  /* EOP-ACC-4 */
    int64_t blocked_since;    /* the transport takes nothing of what there is to write (EOP-CLS-12); 0 if it does */
    bool broken;              /* the transport reported an error: an end of stream is none (EOP-CLS-10) */
    bool half_closed;
    uint8_t in[INPUT];
};

enum phase {
    CONNECTING,
    OPEN,
    SETTLING, /* manual: the last connection has ended, the application may still retire */
    ENDED,
};

/* How a connection was lost without a REDIRECT. */
enum loss { LOST_FIN, LOST_RESET, LOST_REFUSED, LOST_FAULT };

/* Why a session ends. */
enum ending {
    ENDING_LOST,    /* its connection was lost */
    ENDING_REFUSED, /* a REDIRECT is not followed, or the deadline passed; `kind` names it */
    ENDING_CLEAN,   /* half-closed and moved with nothing outstanding (EOP-HCL-3) */
    ENDING_CLOSED,  /* by the application */
};

struct end {
    enum ending ending;
    enum loss loss;             /* of ENDING_LOST */
    enum eop_end kind;          /* of ENDING_REFUSED and LOST_FAULT */
    struct eop_endpoint target; /* of ENDING_REFUSED */
    const char *reason;         /* or NULL */
    bool late;                  /* of ENDING_REFUSED: its REDIRECT had a payload */
};

struct sync {
    char token[TEXT_TOKEN];
    struct sync *next;
};

struct session {
    struct session *next, *previous; /* of all that live */
    struct session *row_next;
    uint32_t id;
    struct settings settings;
    struct eop_endpoint home;
    enum phase phase;

    struct conn *conn;       /* NULL in SETTLING */
    struct conn *old;        /* new-first: the connection that was left, until the next one stands */
    struct eop_endpoint at;  /* where `conn` goes, as the session believes */
    uint32_t hop;
    bool at_target;          /* `at` is where a REDIRECT led; home is no target */
    bool answered_here;      /* a message was answered on `conn` */
    int64_t connect_by;      /* when connecting and the greetings must be done */
    bool unfinished;         /* its turn ended before its work did */

    struct queue queue;
    struct bounds bounds;
    int64_t idle_since;      /* connected, greeted, nothing outstanding; 0 if not so */
    bool half_closed;        /* by the application */
    bool delivered;          /* manual: a message, since the last retire */
    struct sync *syncs;      /* oldest first */

    struct end end;          /* in SETTLING */
    int64_t settle_until;
};

const struct settings settings_default = {
    .limit = 1048576,
    .budget = 1048576,
    .max_redirects = 5,
    .moves = 30,
    .deadline = 30000,
    .episode = 10000,
    .stall = 30000,
    .header = 10000,
};

static struct session *sessions;
static struct session *rows[ROWS];

static void run(struct session *s);
static void lose(struct session *s, enum loss loss, enum eop_end kind);

void settings_free(struct settings *settings)
{
    free(settings->policy.allows);
    free(settings->dials);
}

struct session *session_find(uint32_t id)
{
    struct session *s = rows[id % ROWS];
    while (s != NULL && s->id != id)
        s = s->row_next;
    return s;
}

/* Connections */

static void conn_ready(struct source *source, uint32_t events);

static struct conn *open_conn(struct session *s, struct eop_endpoint dialled)
{
    int fd = loop_dial(dialled);
    if (fd < 0)
        return NULL;
    struct conn *c = eop_allocate(sizeof *c);
    memset(c, 0, offsetof(struct conn, in));
    c->source = (struct source){.fd = fd, .ready = conn_ready};
    c->session = s;
    c->local = loop_local(fd);
    c->greetings_left = s->settings.greeting;
    eop_decoder_begin(&c->decoder, EOP_READER_CLIENT, s->settings.limit);
    loop_add(&c->source, EPOLLOUT);
    return c;
}

static void close_conn(struct conn **place)
{
    struct conn *c = *place;
    if (c == NULL)
        return;
    *place = NULL;
    eop_decoder_free(&c->decoder);
    loop_close(&c->source);
    loop_bury(c);
}

/* The endpoint to dial for the one where the session wants to be; false if there is none (EOP-DRV-4 to EOP-DRV-6). */
static bool find_dial(const struct session *s, struct eop_endpoint *dialled)
{
    for (size_t i = 0; i < s->settings.dial_count; i++) {
        if (eop_endpoint_equal(s->settings.dials[i].believed, s->at)) {
            *dialled = s->settings.dials[i].dialled;
            return true;
        }
    }
    *dialled = s->at;
    return s->settings.dial_count == 0 && loop_is_loopback(s->at);
}

/* Begins to connect to `at`. */
static void connect_to(struct session *s, struct eop_endpoint at, int64_t connect_by)
{
    struct eop_endpoint dialled;

    s->at = at;
    s->phase = CONNECTING;
    s->unfinished = false;
    s->answered_here = false;
    s->idle_since = 0;
    s->connect_by = connect_by;
    if (!find_dial(s, &dialled))
        report_dial(s->id, at);
    else
        s->conn = open_conn(s, dialled);
    if (s->conn == NULL)
        lose(s, LOST_REFUSED, END_CONNECT_FAILED);
    else
        loop_wake_by(connect_by);
}

/* The end of a session */

static void print_syncs(struct session *s)
{
    while (s->syncs != NULL) {
        struct sync *sync = s->syncs;
        s->syncs = sync->next;
        report_synced(s->id, sync->token);
        free(sync);
    }
}

static enum eop_end kind_of_loss(const struct session *s)
{
    switch (s->end.loss) {
    case LOST_FIN:
        return s->queue.count == 0 ? END_EOF : END_UNCERTAIN; /* EOP-HCL-4 */
    case LOST_RESET:
        return END_UNCERTAIN;
    case LOST_REFUSED:
    case LOST_FAULT:
        return s->end.kind;
    }
    return s->end.kind;
}

/* Names the end as it stands now: in manual a retire may have changed it (EOP-ACC-14). */
static struct verdict judge(const struct session *s, enum eop_end *cause)
{
    struct tally tally = queue_tally(&s->queue);
    struct verdict verdict = {.owed = tally.owed, .unsent = tally.unsent, .uncertain = tally.uncertain};

    switch (s->end.ending) {
    case ENDING_CLEAN:
        verdict.kind = END_EOF;
        break;
    case ENDING_CLOSED:
        verdict.kind = END_CLOSED;
        break;
    case ENDING_REFUSED:
        verdict.kind = s->end.kind;
        verdict.target = &s->end.target;
        verdict.reason = s->end.reason;
        break;
    case ENDING_LOST:
        verdict.kind = *cause = kind_of_loss(s);
        if (s->at_target && !s->answered_here && *cause != END_EOF) { /* EOP-FAI-1, EOP-FAI-6, EOP-DRV-11 */
            verdict.kind = END_REDIRECT_FAILED;
            verdict.target = &s->at;
            verdict.cause = cause;
        }
        break;
    }
    return verdict;
}

static void unlink_session(struct session *s)
{
    *(s->previous == NULL ? &sessions : &s->previous->next) = s->next;
    if (s->next != NULL)
        s->next->previous = s->previous;

    struct session **place = &rows[s->id % ROWS];
    while (*place != s)
        place = &(*place)->row_next;
    *place = s->row_next;
}

static void finish(struct session *s)
{
    enum eop_end cause;

    print_syncs(s); /* before `ended` */
    struct verdict verdict = judge(s, &cause);
    report_ended(s->id, &verdict);
    s->phase = ENDED;
    s->unfinished = false;
    unlink_session(s);
    queue_free(&s->queue);
    bounds_free(&s->bounds);
    settings_free(&s->settings);
    loop_bury(s);
}

/* Ends the session, in manual only after the application could retire what the messages delivered answered. */
static void end_session(struct session *s, struct end end)
{
    bool connected = s->hop > 0 || s->phase != CONNECTING;

    close_conn(&s->conn);
    close_conn(&s->old);
    s->end = end;
    if (s->settings.discipline == PAIRED || !connected || (s->queue.count == 0 && !s->delivered)) {
        finish(s);
        return;
    }
    s->phase = SETTLING;
    s->unfinished = false;
    s->settle_until = loop_now() + SETTLE_MS;
    loop_wake_by(s->settle_until);
    print_syncs(s); /* those were given before the end; the next one settles */
}

static void refuse(struct session *s, enum eop_end kind, struct eop_endpoint target, const char *reason, bool late)
{
    struct end end = {.ending = ENDING_REFUSED, .kind = kind, .target = target, .reason = reason, .late = late};
    end_session(s, end);
}

/* Half-closed with nothing outstanding: there is nothing to connect for (EOP-HCL-3, EOP-FAI-8). */
static bool is_cleared(const struct session *s)
{
    return s->half_closed && s->queue.count == 0;
}

/* Whether a failed target may be left for home, as far as its bounds let it. */
static bool may_fall_back(const struct session *s)
{
    bool target_failed = s->at_target && !s->answered_here; /* EOP-FAI-1 */
    bool for_something = !is_cleared(s) && !queue_awaits(&s->queue); /* EOP-FAI-5 */
    return s->settings.fallback == FALLBACK_HOME && target_failed && for_something;
}

/* Lays the owed messages before the application, or only those that may not be resent without it. */
static void hold_owed(struct session *s)
{
    if (s->settings.resending == EXPLICIT)
        queue_hold_all(&s->queue); /* EOP-RSD-11 */
    else
        queue_hold_unsafe(&s->queue, s->settings.budget); /* EOP-RSD-14, EOP-RSD-15 */
}

/* Goes home, a hop of its own, for which what is owed is decided anew. */
static void fall_back(struct session *s)
{
    close_conn(&s->conn);
    close_conn(&s->old);
    s->hop++;
    s->at_target = false;
    hold_owed(s);
    connect_to(s, s->home, s->bounds.episode.deadline);
}

/* The connection ended, or never came about, without a REDIRECT. */
static void lose(struct session *s, enum loss loss, enum eop_end kind)
{
    bool clean = loss == LOST_FIN && s->queue.count == 0;

    if (!clean && may_fall_back(s) && bounds_fall_back(&s->bounds, s->home, loop_now()))
        fall_back(s);
    else
        end_session(s, (struct end){.ending = ENDING_LOST, .loss = loss, .kind = kind});
}

/* What the server sends */

/* Accounts for one message and delivers it; false if it may not be (EOP-ACC-9, EOP-ACC-10). */
static bool take_message(struct session *s)
{
    struct conn *c = s->conn;
    bool greeting = c->greetings_left > 0;

    if (greeting) {
        c->greetings_left--; /* EOP-ACC-6 */
    } else if (s->settings.discipline == PAIRED) {
        if (!queue_answerable(&s->queue))
            return false;
        queue_remove_oldest(&s->queue); /* EOP-ACC-1 */
        s->answered_here = true;
        bounds_end_episode(&s->bounds);
    }
    s->delivered = true;
    report_message(s->id, c->decoder.payload, c->decoder.slen, s->queue.count, greeting);
    return true;
}

/* Leaves the connection for the target. What follows the REDIRECT there is never read (EOP-RED-9). */
static void move(struct session *s, struct eop_endpoint target, bool late)
{
    s->hop++;
    s->at_target = true;
    hold_owed(s);
    report_redirected(s->id, target, s->queue.count, late, s->hop, s->queue.held > 0);
    if (s->settings.order == NEW_FIRST && s->conn != NULL) {
        loop_forget(&s->conn->source);
        s->old = s->conn;
        s->conn = NULL;
    } else {
        close_conn(&s->conn); /* EOP-CLS-8, EOP-CLS-9 */
    }
    connect_to(s, target, s->bounds.episode.deadline);
}

/* When the running episode ends by itself. */
static int64_t episode_until(const struct session *s)
{
    bool ending = s->bounds.episode.running && s->idle_since != 0;
    return ending ? s->idle_since + s->settings.episode : INT64_MAX;
}

/* Acts on a complete REDIRECT (EOP-RED-7), its payload delivered already. */
static void follow(struct session *s, struct eop_endpoint target, bool late)
{
    const struct eop_endpoint redirector = s->at;
    int64_t now = loop_now();
    enum eop_end refusal;

    if (episode_until(s) <= now)
        bounds_end_episode(&s->bounds); /* its time was over before the REDIRECT came, whatever was looked at first */
    queue_owe(&s->queue, s->hop);
    if (is_cleared(s)) {
        end_session(s, (struct end){.ending = ENDING_CLEAN}); /* EOP-HCL-3 */
        return;
    }
    const char *reason = policy_refusal(&s->settings.policy, s->home, redirector, target);
    if (reason != NULL)
        refuse(s, END_REDIRECT_REFUSED, target, reason, late); /* EOP-POL-5, before the bounds (EOP-POL-9) */
    else if (!bounds_move(&s->bounds, s->answered_here ? NULL : &redirector, target, now, &refusal))
        refuse(s, refusal, target, NULL, late);
    else {
        bounds_stand_still(&s->bounds, false, now);
        move(s, target, late);
    }
}

/* In manual: what is retired behind a REDIRECT was answered before it, so that a bound that refused it may not hold. */
static void judge_again(struct session *s)
{
    const struct end end = s->end;
    enum eop_end refusal;

    if (end.ending != ENDING_REFUSED || (end.kind != END_REDIRECT_LOOP && end.kind != END_TOO_MANY_REDIRECTS))
        return;
    if (is_cleared(s))
        s->end.ending = ENDING_CLEAN; /* EOP-HCL-3 */
    else if (bounds_move(&s->bounds, NULL, end.target, loop_now(), &refusal))
        move(s, end.target, end.late);
    else
        s->end.kind = refusal;
}

static void take_frame(struct session *s)
{
    struct eop_decoder *decoder = &s->conn->decoder;
    bool message = decoder->opcode == EOP_NORMAL || decoder->slen > 0;

    if (message && !take_message(s)) {
        lose(s, LOST_FAULT, END_UNSOLICITED);
        return;
    }
    if (decoder->opcode == EOP_REDIRECT)
        follow(s, decoder->target, decoder->slen > 0); /* EOP-RED-5, EOP-RED-10 */
    else
        eop_decoder_next(decoder);
}

/* Reading and writing */

enum input {
    DRAINED, /* everything readable was processed */
    MORE,    /* it is another session's turn first */
    LEFT,    /* the session is not on this connection any more */
};

/* Processes octets that were read; false once the session has left the connection. */
static bool take_octets(struct session *s, struct conn *c, size_t left)
{
    const uint8_t *at = c->in;

    while (s->conn == c) {
        switch (eop_decoder_feed(&c->decoder, &at, &left, loop_now())) {
        case EOP_MORE:
            return true;
        case EOP_FRAME:
            take_frame(s);
            break;
        case EOP_FAULT:
            lose(s, LOST_FAULT, c->decoder.fault);
            break;
        }
    }
    return false;
}

/* The stream ended. After an error of the transport that was reported to a write, it looks like a FIN and is none. */
static void take_end(struct session *s, const struct conn *c)
{
    if (c->broken)
        lose(s, LOST_RESET, END_UNCERTAIN);
    else if (eop_decoder_in_frame(&c->decoder))
        lose(s, LOST_FAULT, END_TRUNCATED_FRAME); /* EOP-FRM-5 */
    else
        lose(s, LOST_FIN, END_EOF);
}

static enum input read_all(struct session *s, int most)
{
    struct conn *c = s->conn;

    for (int reads = 0; reads < most; reads++) {
        ssize_t got = recv(c->source.fd, c->in, sizeof c->in, 0);
        if (got > 0 && take_octets(s, c, (size_t)got))
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return DRAINED;
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            take_end(s, c);
        else if (got < 0)
            lose(s, LOST_RESET, END_UNCERTAIN);
        return LEFT;
    }
    return MORE;
}

enum output {
    WRITTEN, /* everything that may be written, or that the transport takes */
    UNDONE,  /* it is another session's turn first */
    BROKEN,  /* the transport reported an error */
};

static enum output write_all(struct session *s)
{
    struct conn *c = s->conn;
    struct message *message;

    for (int writes = 0; writes < WRITES_PER_TURN; writes++) {
        message = c->greetings_left == 0 ? queue_next(&s->queue) : NULL; /* EOP-ACC-5 */
        if (message == NULL) {
            c->blocked_since = 0;
            return WRITTEN;
        }
        ssize_t taken = eop_frame_send(c->source.fd, &message->frame, message->offered);
        if (taken < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (c->blocked_since == 0)
                c->blocked_since = loop_now();
            return WRITTEN;
        }
        if (taken < 0 && errno != EINTR)
            return BROKEN;
        if (taken > 0) {
            c->blocked_since = 0;
            queue_offered(&s->queue, (uint64_t)taken);
        }
    }
    return UNDONE;
}

/* Whether there are octets that may be written now. */
static bool has_output(const struct session *s)
{
    return s->conn->greetings_left == 0 && queue_next(&s->queue) != NULL;
}

/* Half-closes once nothing is left to send, decided or not (EOP-HCL-2). */
static void half_close_if_done(struct session *s)
{
    if (!s->half_closed || s->conn->half_closed || s->queue.sending != NULL)
        return;
    s->conn->half_closed = true;
    shutdown(s->conn->source.fd, SHUT_WR);
}

/* After a write error, what was received still counts (EOP-CLS-10). */
static void read_the_rest(struct session *s)
{
    struct conn *c = s->conn;
    enum input input = MORE;

    c->broken = true;
    while (input == MORE)
        input = read_all(s, READS_PER_TURN);
    if (input == DRAINED)
        lose(s, LOST_RESET, END_UNCERTAIN);
}

/* Stands the deadline's clock still, or the episode's end near, as the session's state wants (section 7). */
static void set_clocks(struct session *s, int64_t now)
{
    bool idle = s->phase == OPEN && s->conn->greetings_left == 0 && s->queue.count == 0;

    bounds_stand_still(&s->bounds, s->phase == OPEN && s->hop > 0 && queue_awaits(&s->queue), now);
    if (!idle)
        s->idle_since = 0;
    else if (s->idle_since == 0)
        s->idle_since = now;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t header_until(const struct session *s)
{
    const struct eop_decoder *decoder = &s->conn->decoder;
    return eop_decoder_in_header(decoder) ? decoder->header_since + s->settings.header : INT64_MAX;
}

static int64_t stall_until(const struct session *s)
{
    return s->conn->blocked_since == 0 ? INT64_MAX : s->conn->blocked_since + s->settings.stall;
}

static int64_t greetings_until(const struct session *s)
{
    return s->conn->greetings_left == 0 ? INT64_MAX : s->connect_by;
}

static int64_t due(const struct session *s)
{
    switch (s->phase) {
    case CONNECTING:
        return s->connect_by;
    case OPEN:
        return earlier(earlier(episode_until(s), greetings_until(s)), earlier(header_until(s), stall_until(s)));
    case SETTLING:
        return s->settle_until;
    case ENDED:
        return INT64_MAX;
    }
    return INT64_MAX;
}

/* Reads everything there is, then writes what may be written: nothing of a message goes out on a connection that has
 * something unread to say (EOP-CLS-11), unless one is under way there (EOP-RED-12). */
static void run(struct session *s)
{
    if (s->phase != OPEN)
        return;
    struct conn *c = s->conn;
    enum input input = read_all(s, READS_PER_TURN);
    enum output output = UNDONE;

    s->unfinished = false;
    if (input == DRAINED || (input == MORE && queue_awaits(&s->queue)))
        output = write_all(s);
    if (s->conn == c && output == BROKEN)
        read_the_rest(s);
    if (s->conn != c || s->phase != OPEN)
        return;
    half_close_if_done(s);
    set_clocks(s, loop_now());
    loop_want(&c->source, EPOLLIN | (has_output(s) ? EPOLLOUT : 0u));
    s->unfinished = input != DRAINED || output != WRITTEN;
    loop_wake_by(s->unfinished ? loop_now() : due(s));
    if (!s->unfinished)
        print_syncs(s); /* EOP-DRV-9 */
}

/* A socket that got its own port as the target's is connected to itself; nobody listens there. */
static bool connected_to_itself(const struct conn *c)
{
    struct sockaddr_storage peer, self;
    socklen_t peer_size = sizeof peer, self_size = sizeof self;
    return getpeername(c->source.fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
           getsockname(c->source.fd, (struct sockaddr *)&self, &self_size) == 0 && peer_size == self_size &&
           memcmp(&peer, &self, self_size) == 0;
}

static void connecting_done(struct session *s)
{
    struct conn *c = s->conn;
    int error = 0;
    socklen_t size = sizeof error;

    getsockopt(c->source.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    c->broken = error == ECONNRESET || error == EPIPE; /* it stood, and was reset since */
    if ((error != 0 && !c->broken) || connected_to_itself(c)) {
        lose(s, LOST_REFUSED, END_CONNECT_FAILED);
        return;
    }
    close_conn(&s->old);
    s->phase = OPEN;
    report_connected(s->id, s->at, c->local, s->hop);
    run(s);
}

static void conn_ready(struct source *source, uint32_t events)
{
    struct session *s = ((struct conn *)source)->session;
    (void)events;
    if (s->phase == CONNECTING)
        connecting_done(s);
    else
        run(s);
}

/* Time */

static void out_of_time_to_connect(struct session *s)
{
    if (s->hop > 0)
        refuse(s, END_REDIRECT_DEADLINE, s->at, NULL, false); /* EOP-EPI-5 */
    else if (s->phase == CONNECTING)
        lose(s, LOST_REFUSED, END_CONNECT_FAILED); /* EOP-EPI-9 */
    else
        lose(s, LOST_FAULT, END_TIMEOUT);
}

static void expire_open(struct session *s, int64_t now)
{
    if (episode_until(s) <= now)
        bounds_end_episode(&s->bounds);
    if (greetings_until(s) <= now)
        out_of_time_to_connect(s);
    else if (header_until(s) <= now)
        lose(s, LOST_FAULT, END_TIMEOUT); /* EOP-TIM-1 */
    else if (stall_until(s) <= now)
        lose(s, LOST_FAULT, END_STALL); /* EOP-CLS-12 */
}

static void check_time(struct session *s, int64_t now)
{
    if (s->unfinished || due(s) <= now)
        run(s); /* what has arrived by now counts */
    if (due(s) <= now) {
        switch (s->phase) {
        case CONNECTING:
            out_of_time_to_connect(s);
            break;
        case OPEN:
            expire_open(s, now);
            break;
        case SETTLING:
            finish(s);
            break;
        case ENDED:
            break;
        }
    }
    loop_wake_by(s->unfinished ? now : due(s));
}

void sessions_check_time(int64_t now)
{
    struct session *next;
    for (struct session *s = sessions; s != NULL; s = next) {
        next = s->next;
        check_time(s, now);
    }
}

/* The commands */

struct session *session_begin(uint32_t id, struct eop_endpoint home, struct settings settings)
{
    struct session *s = eop_allocate(sizeof *s);

    *s = (struct session){.id = id, .settings = settings, .home = home, .next = sessions};
    if (sessions != NULL)
        sessions->previous = s;
    sessions = s;
    s->row_next = rows[id % ROWS];
    rows[id % ROWS] = s;
    queue_begin(&s->queue);
    s->bounds.max_redirects = settings.max_redirects;
    s->bounds.max_moves = settings.moves;
    s->bounds.deadline = settings.deadline;
    connect_to(s, home, loop_now() + settings.deadline);
    return s;
}

const char *session_send(struct session *s, struct eop_payload payload, bool never_resend)
{
    if (s->phase == SETTLING)
        return "connection-over";
    if (s->half_closed)
        return "half-closed";
    if (s->queue.held > 0)
        return "undecided"; /* EOP-RSD-13 */
    queue_add(&s->queue, payload, never_resend);
    run(s);
    return NULL;
}

/* Between two connections the application can leave a half-closed session nothing to connect for (EOP-HCL-3). */
static void end_if_cleared(struct session *s)
{
    if (s->phase == CONNECTING && s->hop > 0 && is_cleared(s))
        end_session(s, (struct end){.ending = ENDING_CLEAN});
}

/* What is retired now was answered on the connection of an earlier hop: the deadline counts from the REDIRECT that ended it. */
static void answered_before(struct session *s, uint32_t hop)
{
    bounds_answered_before(&s->bounds, hop);
    if (s->bounds.episode.running)
        s->connect_by = s->bounds.episode.deadline;
}

const char *session_retire(struct session *s, uint32_t count)
{
    if (s->settings.discipline == PAIRED)
        return "paired";
    if (!queue_retirable(&s->queue, count))
        return "not-offered"; /* EOP-ACC-12 */
    for (uint32_t i = 0; i < count; i++) {
        if (queue_awaits(&s->queue)) {
            s->answered_here = true;
            bounds_end_episode(&s->bounds);
        } else {
            answered_before(s, s->queue.head->arrived_at);
        }
        queue_remove_oldest(&s->queue);
    }
    s->delivered = false;
    if (count > 0 && s->phase == SETTLING)
        judge_again(s);
    end_if_cleared(s);
    run(s);
    return NULL;
}

/* Why a decision for this hop cannot be taken, or NULL (EOP-RSD-12). */
static const char *undecidable(const struct session *s, uint32_t hop)
{
    if (hop != s->hop)
        return "stale-hop";
    return s->queue.held == 0 || s->phase == SETTLING ? "nothing-owed" : NULL;
}

const char *session_resend(struct session *s, uint32_t hop)
{
    const char *why = undecidable(s, hop);
    if (why != NULL)
        return why;
    queue_release_held(&s->queue);
    run(s);
    return NULL;
}

const char *session_drop(struct session *s, uint32_t hop)
{
    const char *why = undecidable(s, hop);
    if (why != NULL)
        return why;
    queue_drop_held(&s->queue); /* EOP-RSD-17 */
    end_if_cleared(s);
    run(s);
    return NULL;
}

const char *session_half_close(struct session *s)
{
    if (s->phase == SETTLING)
        return "connection-over";
    if (s->half_closed)
        return "half-closed";
    s->half_closed = true;
    end_if_cleared(s);
    run(s);
    return NULL;
}

const char *session_close(struct session *s)
{
    if (s->phase == SETTLING) {
        finish(s);
        return NULL;
    }
    close_conn(&s->conn);
    close_conn(&s->old);
    s->end = (struct end){.ending = ENDING_CLOSED};
    finish(s);
    return NULL;
}

const char *session_sync(struct session *s, const char *token)
{
    struct sync **place = &s->syncs;
    while (*place != NULL)
        place = &(*place)->next;
    *place = eop_allocate(sizeof **place);
    **place = (struct sync){0};
    strcpy((*place)->token, token);
    if (s->phase == SETTLING)
        finish(s);
    else
        run(s);
    return NULL;
}
