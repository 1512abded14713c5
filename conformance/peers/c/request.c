/* The requests of the test service: see request.h. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

struct steps *steps_hold(struct steps *steps)
{
    steps->holders++;
    return steps;
}

void steps_release(struct steps *steps)
{
    if (--steps->holders > 0)
        return;
    for (size_t i = 0; i < steps->count; i++) {
        eop_payload_free(&steps->items[i].payload);
        free(steps->items[i].list);
    }
    free(steps->items);
    free(steps);
}

/* list = endpoint *( "," endpoint ) */
static bool read_list(struct text *text, struct step *step)
{
    do {
        step->list = eop_reallocate(step->list, (step->list_length + 1) * sizeof *step->list);
        if (!text_endpoint(text, &step->list[step->list_length]))
            return false;
        step->list_length++;
    } while (text_word(text, ","));
    return true;
}

static bool read_redirect(struct text *text, struct step *step)
{
    step->kind = STEP_REDIRECT;
    if (!read_list(text, step))
        return false;
    if (!text_word(text, " "))
        return true;
    step->kind = STEP_REDIRECT_WITH;
    return text_payload(text, &step->payload);
}

/* Reads one step; what it allocated belongs to the step also when it answers false. */
static bool read_step(struct text text, struct step *step)
{
    bool read;

    if (text_word(&text, "answer ")) {
        step->kind = STEP_ANSWER;
        read = text_payload(&text, &step->payload);
    } else if (text_word(&text, "redirect ")) {
        read = read_redirect(&text, step);
    } else if (text_word(&text, "await ")) {
        step->kind = STEP_AWAIT;
        read = text_token(&text, step->token);
    } else if (text_word(&text, "mark ")) {
        step->kind = STEP_MARK;
        read = text_token(&text, step->token);
    } else if (text_word(&text, "fin")) {
        step->kind = STEP_FIN;
        read = true;
    } else {
        step->kind = STEP_RESET;
        read = text_word(&text, "reset");
    }
    return read && text_done(&text);
}

static bool read_steps(struct text text, struct steps *steps)
{
    size_t count = 1;
    for (const char *at = text.at; at < text.end; at++)
        count += *at == ';';

    steps->items = calloc(count, sizeof *steps->items);
    if (steps->items == NULL)
        return false;
    for (; steps->count < count; ) {
        if (!read_step(text_field(&text, ';'), &steps->items[steps->count++]))
            return false;
    }
    return true;
}

static bool is_redirect(const struct step *step)
{
    return step->kind == STEP_REDIRECT || step->kind == STEP_REDIRECT_WITH;
}

/* Redirect, fin and reset end a run of steps. */
static bool is_last(const struct step *step)
{
    return is_redirect(step) || step->kind == STEP_FIN || step->kind == STEP_RESET;
}

/* At most one of redirect, fin and reset, as the last step (EOP-TST-6, EOP-TST-7). */
static bool ends_at_most_once(const struct steps *steps)
{
    for (size_t i = 0; i + 1 < steps->count; i++) {
        if (is_last(&steps->items[i]))
            return false;
    }
    return true;
}

static bool legal_in_do(const struct steps *steps)
{
    const struct step *last = &steps->items[steps->count - 1];
    size_t answers = 0;

    for (size_t i = 0; i < steps->count; i++)
        answers += steps->items[i].kind == STEP_ANSWER;
    if (answers > 1 || (answers == 0 && !is_last(last)))
        return false; /* EOP-TST-6 */
    return answers == 0 || last->kind != STEP_REDIRECT_WITH; /* EOP-TST-8 */
}

static struct request read_stepped(struct text text, enum request_kind kind)
{
    struct steps *steps = calloc(1, sizeof *steps);

    if (steps == NULL)
        return (struct request){.kind = REQUEST_UNKNOWN};
    steps->holders = 1;
    if (read_steps(text, steps) && ends_at_most_once(steps) && (kind == REQUEST_LISTEN || legal_in_do(steps)))
        return (struct request){.kind = kind, .steps = steps};
    steps_release(steps);
    return (struct request){.kind = REQUEST_UNKNOWN};
}

static struct request read_named(struct text text, enum request_kind kind)
{
    struct request request = {.kind = kind};
    if (!text_token(&text, request.token) || !text_done(&text))
        request.kind = REQUEST_UNKNOWN;
    return request;
}

struct request request_read(const uint8_t *octets, size_t length)
{
    const char *start = octets == NULL ? "" : (const char *)octets;
    struct text text = {start, start + length};

    if (text_word(&text, "do "))
        return read_stepped(text, REQUEST_DO);
    if (text_word(&text, "listen "))
        return read_stepped(text, REQUEST_LISTEN);
    if (text_word(&text, "marked "))
        return read_named(text, REQUEST_MARKED);
    if (text_word(&text, "mark "))
        return read_named(text, REQUEST_MARK);
    if (text_word(&text, "signal "))
        return read_named(text, REQUEST_SIGNAL);
    bool hello = text_word(&text, "hello") && text_done(&text);
    return (struct request){.kind = hello ? REQUEST_HELLO : REQUEST_UNKNOWN};
}
