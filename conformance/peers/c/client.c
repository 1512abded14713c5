/* The driver of the client under test (testee.md section 3): commands in, sessions driven, one event loop.
 * What a session does is session.c's, what it prints report.c's; here is the grammar of the commands. */
#include "loop.h"
#include "report.h"
#include "session.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Session numbers that were used: a command to one that has no session any more is ignored (EOP-DRV-10). */

struct number {
    uint32_t id;
    struct number *next;
};

enum { NUMBER_ROWS = 4096 };
static struct number *used[NUMBER_ROWS];

static bool was_used(uint32_t id)
{
    const struct number *number = used[id % NUMBER_ROWS];
    while (number != NULL && number->id != id)
        number = number->next;
    return number != NULL;
}

static void note_used(uint32_t id)
{
    struct number *number = eop_allocate(sizeof *number);
    *number = (struct number){.id = id, .next = used[id % NUMBER_ROWS]};
    used[id % NUMBER_ROWS] = number;
}

/* Settings */

/* One of two words chooses between 0 and 1. */
static bool read_choice(struct text *text, const char *zero, const char *one, int *choice)
{
    size_t length = (size_t)(text->end - text->at);
    *choice = length == strlen(one) && memcmp(text->at, one, length) == 0;
    return text_word(text, *choice ? one : zero);
}

/* allow = ipv4 "/" number ":" ( "*" / port [ "-" port ] ) */
static bool read_allow(struct text *text, struct allow *allow)
{
    if (!text_ipv4(text, &allow->addr) || !text_word(text, "/") || !text_number_to(text, 32, &allow->prefix) ||
        !text_word(text, ":"))
        return false;
    allow->low = 0;
    allow->high = UINT16_MAX;
    if (text_word(text, "*"))
        return true;
    if (!text_port(text, &allow->low))
        return false;
    allow->high = allow->low;
    return !text_word(text, "-") || (text_port(text, &allow->high) && allow->low <= allow->high);
}

static bool read_allows(struct text *text, struct policy *policy)
{
    do {
        policy->allows = eop_reallocate(policy->allows, (policy->allow_count + 1) * sizeof *policy->allows);
        if (!read_allow(text, &policy->allows[policy->allow_count++]))
            return false;
    } while (text_word(text, ","));
    return true;
}

static bool read_dials(struct text *text, struct settings *settings)
{
    do {
        settings->dials = eop_reallocate(settings->dials, (settings->dial_count + 1) * sizeof *settings->dials);
        struct dial *dial = &settings->dials[settings->dial_count++];
        if (!text_endpoint(text, &dial->believed) || !text_word(text, ">") || !text_endpoint(text, &dial->dialled))
            return false;
    } while (text_word(text, ","));
    return true;
}

/* The settings whose value is a number. */
static uint32_t *number_setting(struct text *text, struct settings *settings)
{
    const struct {
        const char *name;
        uint32_t *place;
    } numbers[] = {
        {"greeting=", &settings->greeting},
        {"limit=", &settings->limit},
        {"budget=", &settings->budget},
        {"max-redirects=", &settings->max_redirects},
        {"moves=", &settings->moves},
        {"deadline=", &settings->deadline},
        {"episode=", &settings->episode},
        {"stall=", &settings->stall},
        {"header=", &settings->header},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (text_word(text, numbers[i].name))
            return numbers[i].place;
    }
    return NULL;
}

/* Takes one `name=value`. */
static bool read_setting(struct text text, struct settings *settings)
{
    uint32_t *number = number_setting(&text, settings);
    int choice = 0;
    bool read;

    if (number != NULL) {
        read = text_number(&text, number);
    } else if (text_word(&text, "discipline=")) {
        read = read_choice(&text, "paired", "manual", &choice);
        settings->discipline = choice ? MANUAL : PAIRED;
    } else if (text_word(&text, "resend=")) {
        read = read_choice(&text, "explicit", "automatic", &choice);
        settings->resending = choice ? AUTOMATIC : EXPLICIT;
    } else if (text_word(&text, "policy=")) {
        read = read_choice(&text, "secure", "paper", &choice);
        settings->policy.kind = choice ? POLICY_PAPER : POLICY_SECURE;
    } else if (text_word(&text, "fallback=")) {
        read = read_choice(&text, "none", "home", &choice);
        settings->fallback = choice ? FALLBACK_HOME : FALLBACK_NONE;
    } else if (text_word(&text, "order=")) {
        read = read_choice(&text, "old-first", "new-first", &choice);
        settings->order = choice ? NEW_FIRST : OLD_FIRST;
    } else if (text_word(&text, "allow=")) {
        read = read_allows(&text, &settings->policy);
    } else {
        read = text_word(&text, "dial=") && read_dials(&text, settings);
    }
    return read && text_done(&text);
}

/* Settings that exclude each other, or that no session has; NULL if there are none. */
static const char *contradiction(const struct settings *settings)
{
    if (settings->discipline == MANUAL && settings->resending == AUTOMATIC)
        return "automatic-in-manual";
    if (settings->moves == 0)
        return "no-moves";
    for (size_t i = 0; i < settings->dial_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (eop_endpoint_equal(settings->dials[i].believed, settings->dials[j].believed))
                return "dial-twice";
        }
    }
    return NULL;
}

static bool same_name(struct text a, struct text b)
{
    struct text left = text_field(&a, '='), right = text_field(&b, '=');
    size_t length = (size_t)(left.end - left.at);
    return (size_t)(right.end - right.at) == length && memcmp(left.at, right.at, length) == 0;
}

/* Whether a setting of the same name stands before `field` in the settings: then they contradict each other. */
static bool is_repeated(struct text settings, struct text field)
{
    while (settings.at < field.at) {
        if (same_name(text_field(&settings, ' '), field))
            return true;
    }
    return false;
}

/* Reads what follows `connect HOME`. NULL, or what is wrong. */
static const char *read_settings(struct text text, struct settings *settings)
{
    struct text rest = text;

    while (!text_done(&rest)) {
        struct text field = text_field(&rest, ' ');
        bool trailing_space = text_done(&rest) && rest.at[-1] == ' ';
        if (trailing_space || !read_setting(field, settings))
            return "bad-setting";
        if (is_repeated(text, field))
            return "setting-repeated";
    }
    return contradiction(settings);
}

/* Commands. Each reads what follows its verb, and answers NULL or why it is rejected. */

static const char *connect_command(uint32_t id, struct text *text)
{
    struct settings settings = settings_default;
    struct eop_endpoint home;

    if (!text_word(text, " ") || !text_endpoint(text, &home))
        return "bad-endpoint";
    if (!text_done(text) && (!text_word(text, " ") || text_done(text)))
        return "bad-endpoint";
    const char *why = read_settings(*text, &settings);
    if (why == NULL && session_find(id) != NULL)
        why = "session-exists";
    if (why != NULL) {
        settings_free(&settings);
        return why;
    }
    note_used(id);
    session_begin(id, home, settings);
    return NULL;
}

static const char *send_command(uint32_t id, struct text *text)
{
    struct session *session = session_find(id);
    struct eop_payload payload = {0};
    bool read = text_word(text, " ") && text_payload(text, &payload);
    bool never_resend = read && text_word(text, " never-resend");
    const char *why = "bad-payload";

    if (read && text_done(text))
        why = session == NULL ? "no-session" : session_send(session, payload, never_resend);
    if (why != NULL)
        eop_payload_free(&payload);
    return why;
}

static const char *number_command(uint32_t id, struct text *text, const char *(*command)(struct session *, uint32_t))
{
    struct session *session = session_find(id);
    uint32_t number;

    if (!text_word(text, " ") || !text_number(text, &number) || !text_done(text))
        return "bad-number";
    return session == NULL ? "no-session" : command(session, number);
}

static const char *retire_command(uint32_t id, struct text *text)
{
    return number_command(id, text, session_retire);
}

static const char *resend_command(uint32_t id, struct text *text)
{
    return number_command(id, text, session_resend);
}

static const char *drop_command(uint32_t id, struct text *text)
{
    return number_command(id, text, session_drop);
}

static const char *plain_command(uint32_t id, struct text *text, const char *(*command)(struct session *))
{
    struct session *session = session_find(id);

    if (!text_done(text))
        return "takes-nothing";
    return session == NULL ? "no-session" : command(session);
}

static const char *half_close_command(uint32_t id, struct text *text)
{
    return plain_command(id, text, session_half_close);
}

static const char *close_command(uint32_t id, struct text *text)
{
    return plain_command(id, text, session_close);
}

static const char *sync_command(uint32_t id, struct text *text)
{
    struct session *session = session_find(id);
    char token[TEXT_TOKEN];

    if (!text_word(text, " ") || !text_token(text, token) || !text_done(text))
        return "bad-token";
    return session == NULL ? "no-session" : session_sync(session, token);
}

static const struct verb {
    const char *name;
    const char *(*command)(uint32_t id, struct text *text);
} verbs[] = {
    {"connect", connect_command},
    {"send", send_command},
    {"retire", retire_command},
    {"resend", resend_command},
    {"drop", drop_command},
    {"half-close", half_close_command},
    {"close", close_command},
    {"sync", sync_command},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

/* Takes the verb if it stands there as a whole word. */
static bool take_verb(struct text *text, const char *name)
{
    struct text after = *text;
    if (!text_word(&after, name) || !(text_done(&after) || *after.at == ' '))
        return false;
    *text = after;
    return true;
}

/* The verb that the text begins with, taken from it; NULL if it is none. */
static const struct verb *find_verb(struct text *text)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (take_verb(text, verbs[i].name))
            return &verbs[i];
    }
    return NULL;
}

static void obey(uint32_t id, struct text text)
{
    const struct verb *verb = find_verb(&text);
    const char *why = verb == NULL ? "unknown-verb" : verb->command(id, &text);

    if (why != NULL)
        report_rejected(id, verb == NULL ? "line" : verb->name, why); /* EOP-DRV-12 */
}

static void take_line(struct text line)
{
    uint32_t id;

    if (!text_number(&line, &id) || !text_word(&line, " "))
        report_rejected(0, "line", "no-session-number");
    else if (session_find(id) != NULL || !was_used(id))
        obey(id, line);
}

/* Standard input */

enum { READ = 65536 };

static struct {
    char *octets;
    size_t length, room;
    size_t searched; /* octets known to hold no end of line */
} input;

static void take_lines(void)
{
    size_t begin = 0;
    char *cut;

    while ((cut = memchr(input.octets + input.searched, '\n', input.length - input.searched)) != NULL) {
        take_line((struct text){input.octets + begin, cut});
        begin = (size_t)(cut - input.octets) + 1;
        input.searched = begin;
    }
    input.length -= begin;
    memmove(input.octets, input.octets + begin, input.length);
    input.searched = input.length;
}

static void stdin_ready(struct source *source, uint32_t events)
{
    (void)events;
    if (input.room - input.length < READ) {
        input.room = 2 * input.room + READ;
        input.octets = eop_reallocate(input.octets, input.room);
    }
    ssize_t got = read(source->fd, input.octets + input.length, READ);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        exit(EXIT_SUCCESS); /* EOP-DRV-2 */
    if (got > 0) {
        input.length += (size_t)got;
        take_lines();
    }
}

int main(void)
{
    static struct source commands = {.fd = STDIN_FILENO, .ready = stdin_ready};

    loop_begin();
    loop_add(&commands, EPOLLIN);
    report_hello();
    loop_run(sessions_check_time);
}
