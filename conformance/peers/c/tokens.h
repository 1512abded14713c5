/* The tokens of the test service: counts and signals of the whole process (testee.md section 2.2). */
#ifndef EOP_TOKENS_H
#define EOP_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

/* Adds one to the count, and returns it. */
uint32_t token_mark(const char *name);

/* The count; 0 for a token that was never marked, which this does not create. */
uint32_t token_marked(const char *name);

void token_signal(const char *name);
bool token_signalled(const char *name);

#endif
