/* The test service over EOP: see service.h. The grammar of requests is request.c's, the wire eop.c's; how the process
 * starts may not come in here. */
#include "service.h"

#include "loop.h"
#include "options.h"
#include "outbox.h"
#include "tokens.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    INPUT = 65536,          /* octets read at once */
    READS_PER_TURN = 16,    /* then the other connections have theirs (EOP-TST-4) */
    ACCEPTS_PER_TURN = 128,
    AWAIT_MS = 30000,       /* an await that no one signals ends its connection */
    ACKNOWLEDGED_MS = 10,   /* how often to look whether the client's transport has everything */
};

bool service_verbose;

/* Connections */

enum state {
    SERVING,   /* requests are read and answered */
    AWAITING,  /* an await step waits for its token; nothing is read */
    MOVED,     /* a REDIRECT is queued or sent; what comes is discarded */
    FINISHING, /* a fin step waits for what was queued before it */
    FINISHED,  /* its FIN is sent; what comes is discarded */
    RESETTING, /* a reset step waits until what was sent before it has arrived */
};

enum script { IN_DO, IN_LISTEN };

struct conn {
    struct source source;
    struct conn *next, *previous;
    enum state state;
    struct eop_endpoint local;
    uint32_t listen_address; /* where a `listen` opens its port */
    struct eop_decoder decoder;
    bool client_ended;      /* its end of stream was read */
    int reads;              /* in this turn */

    struct outbox out;

    struct steps *steps;    /* NULL when none are left to do */
    size_t step;
    enum script script;
    bool answered;          /* the request of a `do` has its answer */
    int64_t await_until;

    int unacknowledged;     /* in MOVED, FINISHED and RESETTING, at the last look */
    int64_t acknowledged;   /* when everything was; 0 before */
    int64_t discarded;      /* when an octet was last discarded */

    size_t in_at, in_length;
    uint8_t in[INPUT];
};

static struct conn *conns;

static void forget_conn(struct conn *c)
{
    outbox_free(&c->out);
    eop_decoder_free(&c->decoder);
    if (c->steps != NULL)
        steps_release(c->steps);
    *(c->previous == NULL ? &conns : &c->previous->next) = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    loop_bury(c);
}

/* Ends the connection at once; what the kernel holds still goes out. */
static void close_conn(struct conn *c)
{
    loop_close(&c->source);
    forget_conn(c);
}

static void reset_conn(struct conn *c)
{
    loop_reset(&c->source);
    forget_conn(c);
}

/* Ends the connection with an error, without another octet (EOP-ERR-1, EOP-ERR-2). */
static void fail_conn(struct conn *c, enum eop_end end)
{
    if (service_verbose)
        fprintf(stderr, "connection to port %u: %s\n", (unsigned)c->local.port, eop_end_name(end));
    close_conn(c);
}

static bool is_open(const struct conn *c)
{
    return c->source.fd >= 0;
}

/* Output */

/* The payload is moved into the frame. */
static void send_message(struct conn *c, struct eop_payload payload)
{
    outbox_add(&c->out, eop_normal(payload), loop_now());
    c->answered = true;
}

static void send_text(struct conn *c, const char *text)
{
    send_message(c, eop_payload_copy(text, (uint32_t)strlen(text)));
}

static void send_number(struct conn *c, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%" PRIu32, number);
    send_text(c, text);
}

/* Steps */

/* Enters MOVED, RESETTING or FINISHED: from here on the transport's acknowledgement is watched, and nothing is parsed,
 * not what was read already either (EOP-CLS-2). */
static void watch_acknowledgement(struct conn *c, enum state state)
{
    c->state = state;
    c->out.progress = loop_now();
    c->unacknowledged = 0;
    c->acknowledged = 0;
    c->discarded = 0;
    eop_decoder_free(&c->decoder);
}

/* Answers a request that has no answer yet; a greeting is never made of it (EOP-TST-10, EOP-TST-13). */
static void answer_instead(struct conn *c, const char *text)
{
    if (c->script == IN_DO && !c->answered)
        send_text(c, text);
}

/* The first endpoint of LIST, or the one after this server's last place there (EOP-TST-9); NULL if that is the end. */
static const struct eop_endpoint *next_in_list(const struct step *step, struct eop_endpoint self)
{
    for (size_t i = step->list_length; i-- > 0; ) {
        if (eop_endpoint_equal(step->list[i], self))
            return i + 1 < step->list_length ? &step->list[i + 1] : NULL;
    }
    return &step->list[0];
}

/* The payload of the step's message: a copy, since a `listen` performs its steps more than once. */
static struct eop_payload step_payload(const struct step *step)
{
    if (step->payload.octets == NULL)
        return step->payload;
    return eop_payload_copy(step->payload.octets, step->payload.length);
}

static void redirect(struct conn *c, const struct step *step)
{
    const struct eop_endpoint *target = next_in_list(step, c->local);

    if (target == NULL) {
        answer_instead(c, "here"); /* EOP-TST-10 */
        return;
    }
    if (eop_endpoint_forbidden(*target)) {
        answer_instead(c, "refused"); /* EOP-RED-14, EOP-TST-13 */
        return;
    }
    if (step->kind == STEP_REDIRECT_WITH && step->payload.length == 0)
        send_message(c, (struct eop_payload){0}); /* EOP-RED-4 */
    outbox_add(&c->out, eop_redirect(*target, step_payload(step)), loop_now()); /* EOP-RED-3 */
    watch_acknowledgement(c, MOVED); /* EOP-RED-8: nothing is sent from here on */
}

static void perform(struct conn *c, const struct step *step)
{
    switch (step->kind) {
    case STEP_ANSWER:
        send_message(c, step_payload(step));
        break;
    case STEP_REDIRECT:
    case STEP_REDIRECT_WITH:
        redirect(c, step);
        break;
    case STEP_AWAIT:
        if (!token_signalled(step->token)) {
            c->state = AWAITING;
            c->await_until = loop_now() + AWAIT_MS;
        }
        break;
    case STEP_MARK:
        token_mark(step->token);
        break;
    case STEP_FIN:
        c->state = FINISHING;
        break;
    case STEP_RESET:
        watch_acknowledgement(c, RESETTING);
        break;
    }
}

/* Performs the steps in order, until one waits or ends the serving. */
static void go_on_with_steps(struct conn *c)
{
    while (c->steps != NULL && c->state == SERVING) {
        if (c->step < c->steps->count) {
            perform(c, &c->steps->items[c->step++]);
        } else {
            steps_release(c->steps);
            c->steps = NULL;
        }
    }
}

static void begin_steps(struct conn *c, struct steps *steps, enum script script)
{
    c->steps = steps;
    c->step = 0;
    c->script = script;
    c->answered = false;
    go_on_with_steps(c);
}

/* Requests */

static void answer_hello(struct conn *c)
{
    char text[256] = "eop-test 1";
    size_t length = strlen(text);
    options_text(text + length, sizeof text - length);
    send_text(c, text);
}

/* Opens the port that a `listen` asks for and answers it; without a port left the request had no effect. */
static void answer_listen(struct conn *c, struct steps *steps)
{
    int fd = loop_listen((struct eop_endpoint){.addr = c->listen_address});
    if (fd < 0) {
        steps_release(steps);
        send_text(c, "unknown");
        return;
    }
    char text[16];
    snprintf(text, sizeof text, "port %u", (unsigned)loop_local(fd).port);
    service_listen(fd, steps);
    send_text(c, text);
}

static void handle(struct conn *c, struct request request)
{
    switch (request.kind) {
    case REQUEST_UNKNOWN:
        send_text(c, "unknown");
        break;
    case REQUEST_HELLO:
        answer_hello(c);
        break;
    case REQUEST_DO:
        begin_steps(c, request.steps, IN_DO);
        break;
    case REQUEST_LISTEN:
        answer_listen(c, request.steps);
        break;
    case REQUEST_MARK:
        send_number(c, token_mark(request.token));
        break;
    case REQUEST_MARKED:
        send_number(c, token_marked(request.token));
        break;
    case REQUEST_SIGNAL:
        token_signal(request.token);
        loop_wake_by(0); /* the timers resume whoever awaits it */
        send_text(c, "ok");
        break;
    }
}

/* Input */

enum turn { AGAIN, WAIT, GONE };

enum input { INPUT_SOME, INPUT_NONE, INPUT_END, INPUT_BROKEN };

static enum input read_input(struct conn *c)
{
    if (c->reads++ == READS_PER_TURN)
        return INPUT_NONE; /* epoll brings the connection back */
    ssize_t got = recv(c->source.fd, c->in, sizeof c->in, 0);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? INPUT_NONE : INPUT_BROKEN;
    c->in_at = 0;
    c->in_length = (size_t)got;
    return got == 0 ? INPUT_END : INPUT_SOME;
}

/* Reads more of a request. The client's end of stream at a frame boundary comes after every answer (EOP-HCL-1). */
static enum turn read_request(struct conn *c)
{
    switch (read_input(c)) {
    case INPUT_SOME:
        return AGAIN;
    case INPUT_NONE:
        return WAIT;
    case INPUT_END:
        if (eop_decoder_in_frame(&c->decoder))
            fail_conn(c, END_TRUNCATED_FRAME); /* EOP-FRM-5 */
        else
            close_conn(c);
        return GONE;
    case INPUT_BROKEN:
        close_conn(c);
        return GONE;
    }
    return WAIT;
}

/* Takes one request, once everything before it is answered and written: answers are in order (EOP-ACC-3), those
 * before an error go out whole, and a client that does not read is not read from. */
static enum turn serve(struct conn *c)
{
    const uint8_t *at = c->in + c->in_at;
    size_t left = c->in_length - c->in_at;

    if (!outbox_empty(&c->out))
        return WAIT;
    enum eop_progress progress = eop_decoder_feed(&c->decoder, &at, &left, loop_now());
    c->in_at = c->in_length - left;
    switch (progress) {
    case EOP_MORE:
        return read_request(c);
    case EOP_FRAME: {
        struct request request = request_read(c->decoder.payload, c->decoder.slen);
        eop_decoder_next(&c->decoder);
        handle(c, request);
        return AGAIN;
    }
    case EOP_FAULT:
        fail_conn(c, c->decoder.fault);
        return GONE;
    }
    return WAIT;
}

/* Reads and discards after a REDIRECT or a FIN (EOP-CLS-1), until the client has ended the stream (EOP-CLS-5). */
static enum turn discard(struct conn *c)
{
    enum input input = c->client_ended ? INPUT_END : read_input(c);

    switch (input) {
    case INPUT_SOME:
        c->discarded = loop_now();
        return AGAIN;
    case INPUT_NONE:
        return WAIT;
    case INPUT_END:
        c->client_ended = true;
        if (!outbox_empty(&c->out))
            return WAIT;
        close_conn(c);
        return GONE;
    case INPUT_BROKEN:
        close_conn(c);
        return GONE;
    }
    return WAIT;
}

static enum turn finish(struct conn *c)
{
    if (!outbox_empty(&c->out))
        return WAIT;
    shutdown(c->source.fd, SHUT_WR);
    watch_acknowledgement(c, FINISHED);
    return AGAIN;
}

/* Notes what the peer's transport has acknowledged (EOP-CLS-4). */
static void look_at_acknowledgement(struct conn *c)
{
    int unacknowledged = loop_unacknowledged(c->source.fd);

    if (!outbox_empty(&c->out) || c->acknowledged != 0)
        return;
    if (unacknowledged == 0)
        c->acknowledged = loop_now();
    else if (unacknowledged != c->unacknowledged)
        c->out.progress = loop_now();
    c->unacknowledged = unacknowledged;
}

static enum turn reset_when_arrived(struct conn *c)
{
    look_at_acknowledgement(c);
    if (c->acknowledged == 0)
        return WAIT;
    reset_conn(c);
    return GONE;
}

static enum turn one_turn(struct conn *c)
{
    if (!outbox_flush(&c->out, c->source.fd, loop_now())) {
        close_conn(c);
        return GONE;
    }
    switch (c->state) {
    case SERVING:
        return serve(c);
    case AWAITING:
        return WAIT;
    case MOVED:
    case FINISHED:
        return discard(c);
    case FINISHING:
        return finish(c);
    case RESETTING:
        return reset_when_arrived(c);
    }
    return WAIT;
}

/* Time */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When a connection whose client should leave is closed: the limits of EOP-CLS-3, begun as EOP-CLS-4 says. */
static int64_t lingers_until(const struct conn *c)
{
    if (c->acknowledged == 0)
        return c->out.progress + options.stall;
    int64_t last = c->discarded > c->acknowledged ? c->discarded : c->acknowledged;
    return earlier(last + options.linger_idle, c->acknowledged + options.linger_total);
}

/* When the connection has to end if nothing happens on it. */
static int64_t ends_at(const struct conn *c)
{
    int64_t stall = outbox_empty(&c->out) ? INT64_MAX : c->out.progress + options.stall;

    switch (c->state) {
    case SERVING:
        if (eop_decoder_in_header(&c->decoder))
            return earlier(stall, c->decoder.header_since + options.header); /* EOP-TIM-1 */
        return stall;
    case AWAITING:
        return earlier(stall, c->await_until);
    case MOVED:
    case FINISHED:
    case RESETTING:
        return earlier(stall, lingers_until(c));
    case FINISHING:
        return stall;
    }
    return stall;
}

/* Whether the end of everything sent is still to be watched for. */
static bool watches(const struct conn *c)
{
    bool watching = c->state == MOVED || c->state == FINISHED || c->state == RESETTING;
    return watching && outbox_empty(&c->out) && c->acknowledged == 0;
}

static uint32_t interest(const struct conn *c)
{
    bool reading = c->state == SERVING ? outbox_empty(&c->out) : c->state == MOVED || c->state == FINISHED;
    return (reading && !c->client_ended ? EPOLLIN : 0u) | (!outbox_empty(&c->out) ? EPOLLOUT : 0u);
}

static void arm(struct conn *c)
{
    loop_want(&c->source, interest(c));
    loop_wake_by(watches(c) ? earlier(loop_now() + ACKNOWLEDGED_MS, ends_at(c)) : ends_at(c));
}

/* Does everything that can be done on a connection now. */
static void run(struct conn *c)
{
    enum turn turn = AGAIN;

    c->reads = 0;
    while (turn == AGAIN)
        turn = one_turn(c);
    if (turn == WAIT) {
        if (watches(c))
            look_at_acknowledgement(c);
        arm(c);
    }
}

static void conn_ready(struct source *source, uint32_t events)
{
    struct conn *c = (struct conn *)source;
    bool deaf = (c->source.interest & EPOLLIN) == 0;

    if (deaf && (events & (EPOLLERR | EPOLLHUP)) != 0)
        close_conn(c); /* reset by the client while nothing was read */
    else
        run(c);
}

/* The time that ends_at named has come. */
static void expire(struct conn *c)
{
    switch (c->state) {
    case SERVING:
        fail_conn(c, !outbox_empty(&c->out) ? END_STALL : END_TIMEOUT);
        break;
    case RESETTING:
        reset_conn(c);
        break;
    case AWAITING:
    case MOVED:
    case FINISHING:
    case FINISHED:
        if (!outbox_empty(&c->out))
            fail_conn(c, END_STALL);
        else
            close_conn(c);
        break;
    }
}

static void check_time(struct conn *c, int64_t now)
{
    if (c->state == AWAITING && token_signalled(c->steps->items[c->step - 1].token)) {
        c->state = SERVING;
        go_on_with_steps(c);
        run(c);
        return;
    }
    if (watches(c) || ends_at(c) <= now)
        run(c); /* what has arrived by now counts */
    if (!is_open(c))
        return;
    if (ends_at(c) <= now)
        expire(c);
    else
        arm(c);
}

void service_check_time(int64_t now)
{
    struct conn *next;
    for (struct conn *c = conns; c != NULL; c = next) {
        next = c->next;
        check_time(c, now);
    }
}

/* Listening */

struct listener {
    struct source source;
    struct listener *next;
    uint32_t address;    /* that it listens on */
    struct steps *steps; /* performed at each accept; NULL on the main port */
};

static struct listener *listeners;

static void add_conn(int fd, const struct listener *listener)
{
    struct conn *c = eop_allocate(sizeof *c);

    memset(c, 0, offsetof(struct conn, in));
    c->source = (struct source){.fd = fd, .ready = conn_ready};
    c->state = SERVING;
    c->local = loop_local(fd);
    c->listen_address = listener->address;
    outbox_begin(&c->out);
    eop_decoder_begin(&c->decoder, EOP_READER_SERVER, options.limit);
    c->next = conns;
    if (conns != NULL)
        conns->previous = c;
    conns = c;
    loop_add(&c->source, EPOLLIN);
    if (listener->steps != NULL)
        begin_steps(c, steps_hold(listener->steps), IN_LISTEN);
    run(c);
}

static void listener_ready(struct source *source, uint32_t events)
{
    struct listener *listener = (struct listener *)source;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = loop_accept(listener->source.fd);
        if (fd < 0)
            return;
        add_conn(fd, listener);
    }
}

void service_listen(int fd, struct steps *steps)
{
    struct listener *listener = eop_allocate(sizeof *listener);
    *listener = (struct listener){
        .source = {.fd = fd, .ready = listener_ready},
        .next = listeners,
        .address = loop_local(fd).addr,
        .steps = steps,
    };
    listeners = listener;
    loop_add(&listener->source, EPOLLIN);
}
