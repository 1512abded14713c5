/* The shared grammar: see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_number_to(struct text *text, uint32_t most, uint32_t *number)
{
    const char *start = text->at;
    uint64_t value = 0;

    while (text->at < text->end && is_digit(*text->at) && value <= most)
        value = value * 10 + (uint64_t)(*text->at++ - '0');
    *number = (uint32_t)value;
    bool leading_zero = text->at - start > 1 && *start == '0';
    return text->at > start && value <= most && !leading_zero;
}

bool text_number(struct text *text, uint32_t *number)
{
    return text_number_to(text, UINT32_MAX, number);
}

bool text_token(struct text *text, char token[TEXT_TOKEN])
{
    size_t length = 0;

    while (text->at < text->end) {
        char c = *text->at;
        if (!(is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'))
            break;
        if (length == TEXT_TOKEN - 1)
            return false;
        token[length++] = c;
        text->at++;
    }
    token[length] = '\0';
    return length > 0;
}

bool text_ipv4(struct text *text, uint32_t *addr)
{
    *addr = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t byte;
        if (i > 0 && !text_word(text, "."))
            return false;
        if (!text_number_to(text, 255, &byte))
            return false;
        *addr = *addr << 8 | byte;
    }
    return true;
}

bool text_port(struct text *text, uint16_t *port)
{
    uint32_t number;
    if (!text_number_to(text, 65535, &number))
        return false;
    *port = (uint16_t)number;
    return true;
}

bool text_endpoint(struct text *text, struct eop_endpoint *endpoint)
{
    return text_ipv4(text, &endpoint->addr) && text_word(text, ":") && text_port(text, &endpoint->port);
}

/* Takes 1*octet. */
static bool text_octets(struct text *text, struct eop_payload *payload)
{
    const char *end = text->at;
    while (end < text->end && hex_digit(*end) >= 0)
        end++;

    size_t digits = (size_t)(end - text->at);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > UINT32_MAX)
        return false;
    payload->length = (uint32_t)(digits / 2);
    payload->octets = eop_allocate(payload->length);
    for (uint32_t i = 0; i < payload->length; i++, text->at += 2)
        payload->octets[i] = (uint8_t)(hex_digit(text->at[0]) << 4 | hex_digit(text->at[1]));
    return true;
}

bool text_payload(struct text *text, struct eop_payload *payload)
{
    *payload = (struct eop_payload){0};
    if (text_word(text, "-"))
        return true;
    if (text_word(text, "@"))
        return text_number(text, &payload->length);
    return text_octets(text, payload);
}

bool text_word(struct text *text, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

bool text_done(const struct text *text)
{
    return text->at == text->end;
}

struct text text_field(struct text *text, char separator)
{
    struct text field = {text->at, text->end};
    const char *cut = text_done(text) ? NULL : memchr(text->at, separator, (size_t)(text->end - text->at));

    if (cut != NULL)
        field.end = cut;
    text->at = cut == NULL ? text->end : cut + 1;
    return field;
}
