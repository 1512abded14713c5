/* The options in force of a server under test (testee.md section 2.1). */
#ifndef EOP_OPTIONS_H
#define EOP_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/* In octets and milliseconds. */
struct options {
    uint32_t limit, linger_idle, linger_total, header, stall;
};

extern struct options options;

/* Takes EOP_OPTIONS, which may be NULL. Returns NULL, or the name of the option whose value is no number; an unknown
 * option is ignored. */
const char *options_take(const char *given);

/* Writes ` name=value` for each option. */
void options_text(char *text, size_t size);

#endif
