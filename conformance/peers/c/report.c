/* The driver's events: see report.h. */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHORT_BODY = 4096 }; /* longer bodies are given as their length and CRC-32 */

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
}

static void end_line(void)
{
    putchar('\n');
    if (fflush(stdout) != 0)
        exit(EXIT_FAILURE); /* nobody listens any more */
}

static void add_endpoint(const char *before, struct eop_endpoint endpoint)
{
    char text[EOP_ENDPOINT_TEXT];
    add("%s%s", before, eop_endpoint_text(endpoint, text));
}

/* CRC-32 of IEEE 802.3. */
static uint32_t crc32(const uint8_t *octets, uint32_t length)
{
    static uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t row = i;
            for (int bit = 0; bit < 8; bit++)
                row = row >> 1 ^ (row & 1 ? 0xEDB88320u : 0);
            table[i] = row;
        }
    }
    for (uint32_t i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ octets[i]) & 0xFF];
    return ~crc;
}

static void add_body(const uint8_t *octets, uint32_t length)
{
    if (length == 0) {
        putchar('-');
    } else if (length > SHORT_BODY) {
        add("@%" PRIu32 " crc32=%08" PRIx32, length, crc32(octets, length));
    } else {
        for (uint32_t i = 0; i < length; i++) {
            putchar("0123456789abcdef"[octets[i] >> 4]);
            putchar("0123456789abcdef"[octets[i] & 0xF]);
        }
    }
}

void report_hello(void)
{
    add("hello eop-test 1 role=client");
    end_line();
}

void report_connected(uint32_t session, struct eop_endpoint endpoint, struct eop_endpoint local, uint32_t hop)
{
    add("%" PRIu32, session);
    add_endpoint(" connected ", endpoint);
    add_endpoint(" local=", local);
    add(" hop=%" PRIu32, hop);
    end_line();
}

void report_message(uint32_t session, const uint8_t *octets, uint32_t length, size_t outstanding, bool greeting)
{
    add("%" PRIu32 " message ", session);
    add_body(octets, length);
    add(" outstanding=%zu greeting=%d", outstanding, greeting);
    end_line();
}

void report_redirected(uint32_t session, struct eop_endpoint target, size_t owed, bool late, uint32_t hop,
                       bool explicitly)
{
    add("%" PRIu32, session);
    add_endpoint(" redirected ", target);
    add(" owed=%zu late=%d hop=%" PRIu32 " resend=%s", owed, late, hop, explicitly ? "explicit" : "automatic");
    end_line();
}

void report_dial(uint32_t session, struct eop_endpoint endpoint)
{
    add("%" PRIu32, session);
    add_endpoint(" dial ", endpoint);
    end_line();
}

void report_rejected(uint32_t session, const char *verb, const char *why)
{
    add("%" PRIu32 " rejected %s %s", session, verb, why);
    end_line();
}

void report_synced(uint32_t session, const char *token)
{
    add("%" PRIu32 " synced %s", session, token);
    end_line();
}

static void add_count(const char *name, size_t count)
{
    if (count > 0)
        add(" %s=%zu", name, count);
}

void report_ended(uint32_t session, const struct verdict *verdict)
{
    add("%" PRIu32 " ended %s", session, eop_end_name(verdict->kind));
    if (verdict->target != NULL)
        add_endpoint(" target=", *verdict->target);
    if (verdict->cause != NULL)
        add(" cause=%s", eop_end_name(*verdict->cause));
    if (verdict->reason != NULL)
        add(" reason=%s", verdict->reason);
    add_count("owed", verdict->owed);
    add_count("unsent", verdict->unsent);
    add_count("uncertain", verdict->uncertain);
    end_line();
}
