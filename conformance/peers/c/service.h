/* The test service over EOP (testee.md section 2.2): listening ports and what happens on their connections. */
#ifndef EOP_SERVICE_H
#define EOP_SERVICE_H

#include "request.h"

/* Whether errors are named on standard error. */
extern bool service_verbose;

/* Serves a listening socket as long as the process lives. The steps are performed at each accept; they may be NULL,
 * and the caller's hold of them is taken over. */
void service_listen(int fd, struct steps *steps);

/* Does what is due, on every connection. */
void service_check_time(int64_t now);

#endif
