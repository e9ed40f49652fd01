/* What the command line shows on a terminal: messages within its columns, and progress. */
#include "options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interface.h"
#include "base/system.h"

size_t ns_cli_columns(int descriptor)
{
    enum { LEAST = 20, USUAL = 80 };
    const char *columns = getenv("COLUMNS");
    if (!isatty(descriptor))
        return 0;
    const long asked = columns ? strtol(columns, NULL, 10) : 0;
    if (asked >= LEAST)
        return (size_t)asked;
    const size_t there = ns_system_columns(descriptor);
    return there >= LEAST ? there : USUAL;
}

void ns_cli_say(const char *format, ...)
{
    char text[2 * NS_MESSAGE_SIZE], printable[8 * NS_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ns_wrap_line(stderr, ns_printable(text, printable, sizeof printable), ns_cli_columns(STDERR_FILENO));
}

void ns_cli_warn(void *context, const char *text)
{
    (void)context;
    ns_cli_say("npuscope: warning: %s", text);
}

void ns_progress_begin(ns_progress *progress, const ns_cli *cli)
{
    *progress = (ns_progress){.shows = cli->progress, .start = ns_clock_seconds()};
}

/* "[####----] 12 of 40, 3.1/s, 9 s left  what": what fits a line of `columns`. */
static void print_bar(double seconds, int64_t done, int64_t total, const char *what, size_t columns)
{
    enum { WIDTH = 16 };
    char bar[WIDTH + 1], line[160];
    const int64_t full = total > 0 ? done * WIDTH / total : 0;
    const double rate = seconds > 0 ? (double)done / seconds : 0;
    memset(bar, '-', WIDTH);
    memset(bar, '#', (size_t)(full < WIDTH ? full : WIDTH));
    bar[WIDTH] = 0;
    size_t used =
        (size_t)snprintf(line, sizeof line, "[%s] %lld of %lld", bar, (long long)done, (long long)total);
    if (rate > 0)
        used += (size_t)snprintf(line + used, sizeof line - used, ", %.3g/s, %.0f s left", rate,
                                 (double)(total > done ? total - done : 0) / rate);
    const size_t room = columns > used + 3 ? columns - used - 3 : 0;
    char printable[4 * NS_MESSAGE_SIZE];
    fprintf(stderr, "\r\033[K%s  %.*s", line, (int)(room < 60 ? room : 60),
            ns_printable(what, printable, sizeof printable));
    fflush(stderr);
}

void ns_progress_show(ns_progress *progress, int64_t done, int64_t total, const char *what)
{
    static const double FIRST = 0.5, BETWEEN = 0.1; /* seconds */
    const double seconds = progress->shows ? ns_clock_seconds() - progress->start : 0;
    if (seconds < FIRST || seconds < progress->last + BETWEEN)
        return;
    progress->last = seconds;
    print_bar(seconds, done, total, what, ns_cli_columns(STDERR_FILENO));
}

void ns_progress_end(ns_progress *progress)
{
    if (progress->last > 0)
        fputs("\r\033[K", stderr);
    progress->last = 0;
}

void ns_progress_compiled(void *context, int done, int count)
{
    ns_progress_show(context, done, count, "graphs compiled by Vela");
}
