/* The options of a server under test: see options.h. */
#include "options.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct options options = {.limit = 1048576, .linger_idle = 5000, .linger_total = 30000, .header = 10000, .stall = 30000};

static const struct {
    const char *name;
    uint32_t *value;
} table[] = {
    {"limit", &options.limit},
    {"linger-idle", &options.linger_idle},
    {"linger-total", &options.linger_total},
    {"header", &options.header},
    {"stall", &options.stall},
};

enum { OPTIONS = sizeof table / sizeof table[0] };

/* Takes one `name=value`; returns NULL, or the name whose value is bad. */
static const char *take_option(struct text option)
{
    struct text name = text_field(&option, '=');
    for (size_t i = 0; i < OPTIONS; i++) {
        struct text known = name;
        if (!text_word(&known, table[i].name) || !text_done(&known))
            continue;
        return text_number(&option, table[i].value) && text_done(&option) ? NULL : table[i].name;
    }
    return NULL;
}

const char *options_take(const char *given)
{
    const char *start = given == NULL ? "" : given;
    struct text text = {start, start + strlen(start)};
    const char *bad = NULL;

    while (bad == NULL && !text_done(&text))
        bad = take_option(text_field(&text, ' '));
    return bad;
}

void options_text(char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < OPTIONS && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, " %s=%" PRIu32, table[i].name, *table[i].value);
}
