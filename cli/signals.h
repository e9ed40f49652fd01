/* Signals: SIGINT and SIGTERM end a run with 130 and 143, and leave nothing behind (base/leftover.h). */
#ifndef NS_CLI_SIGNALS_H
#define NS_CLI_SIGNALS_H

/* To be called once, before the process has other threads. A signal that the process was started to ignore
 * stays ignored. */
void ns_signals_watch(void);

#endif
