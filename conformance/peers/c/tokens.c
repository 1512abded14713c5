/* The tokens of the test service: see tokens.h. They are never forgotten: a signal holds for future awaits. */
#include "tokens.h"

#include "text.h"

#include <string.h>

struct token {
    char name[TEXT_TOKEN];
    uint32_t count;
    bool signalled;
    struct token *next;
};

enum { TOKEN_ROWS = 4096 };
static struct token *tokens[TOKEN_ROWS];

static struct token **token_row(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return &tokens[hash % TOKEN_ROWS];
}

static struct token *token_find(const char *name)
{
    struct token *token = *token_row(name);
    while (token != NULL && strcmp(token->name, name) != 0)
        token = token->next;
    return token;
}

static struct token *token_make(const char *name)
{
    struct token *token = token_find(name);
    if (token == NULL) {
        struct token **row = token_row(name);
        token = eop_allocate(sizeof *token);
        *token = (struct token){.next = *row};
        strcpy(token->name, name);
        *row = token;
    }
    return token;
}

uint32_t token_mark(const char *name)
{
    struct token *token = token_make(name);
    if (token->count < UINT32_MAX)
        token->count++;
    return token->count;
}

uint32_t token_marked(const char *name)
{
    const struct token *token = token_find(name);
    return token == NULL ? 0 : token->count;
}

void token_signal(const char *name)
{
    token_make(name)->signalled = true;
}

bool token_signalled(const char *name)
{
    const struct token *token = token_find(name);
    return token != NULL && token->signalled;
}
