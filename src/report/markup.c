#include "report/internal.h"

#include <math.h>

const char *ns_html_symbol(ns_verdict verdict)
{
    static const char *const symbols[NS_VERDICT_COUNT] = {
        [NS_VERDICT_PASS] = "\u2713",    [NS_VERDICT_FAIL] = "\u2717",       [NS_VERDICT_REJECTED] = "\u2298",
        [NS_VERDICT_SKIPPED] = "\u2013", [NS_VERDICT_INACCURATE] = "\u2248", [NS_VERDICT_NOT_COMPILED] = "?",
        [NS_VERDICT_INVALID] = "!"};
    return symbols[verdict];
}

void ns_html_append(ns_buffer *buffer, const char *markup)
{
    ns_buffer_append(buffer, markup, strlen(markup));
}

void ns_html_text(ns_buffer *buffer, const char *text)
{
    ns_report_escape(buffer, text);
}

void ns_html_lines(ns_buffer *buffer, const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        char *line = ns_arena_format(buffer->arena, "%.*s", (int)length, text);
        if (!line) {
            buffer->failed = true;
            return;
        }
        ns_report_escape(buffer, line);
        ns_html_append(buffer, text[length] ? "\n" : "");
        text += length + (text[length] != 0);
    }
}

void ns_html_number(ns_buffer *buffer, double value, const char *format)
{
    char text[64];
    if (isfinite(value))
        snprintf(text, sizeof text, format, value);
    else
        snprintf(text, sizeof text, "%s", isnan(value) ? "-" : value > 0 ? "inf" : "-inf");
    ns_html_append(buffer, text);
}

void ns_html_verdict(ns_buffer *buffer, ns_verdict verdict)
{
    ns_buffer_format(buffer, "<b class=\"verdict %s\"><i aria-hidden=\"true\">%s</i> %s</b>",
                     ns_verdict_text(verdict), ns_html_symbol(verdict),
                     verdict == NS_VERDICT_FAIL ? "fail" : ns_verdict_words(verdict));
}

static void write_anchor(const ns_case_result *one, char *text, size_t size)
{
    snprintf(text, size, "%s/%s/%s", one->op, one->name, one->target);
    for (char *p = text; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/=", *p))
            *p = '_';
}

const char *ns_html_anchor(const ns_suite_result *result, int index, char *text, size_t size)
{
    char other[256];
    write_anchor(&result->cases[index], text, size < sizeof other ? size : sizeof other);
    for (int i = 0; i < index; i++) {
        write_anchor(&result->cases[i], other, sizeof other);
        if (strcmp(text, other) == 0) {
            snprintf(other, sizeof other, "/%d", index);
            const size_t length = strlen(text), end = strlen(other);
            memcpy(text + (length + end < size ? length : size - end - 1), other, end + 1);
            break;
        }
    }
    return text;
}

/* Text for an attribute or an element. XML 1.0 allows no control characters but tab and line ends. */
void ns_report_escape(ns_buffer *buffer, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\n', "&#10;"}};
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            if (entities[i].character == *text)
                entity = entities[i].entity;
        if (entity)
            ns_buffer_append(buffer, entity, strlen(entity));
        else
            ns_buffer_append(buffer, (unsigned char)*text < ' ' ? "?" : text, 1);
    }
}

/* Bars of counts by error. They grow with the logarithm of the count, so that one element out of a hundred
 * thousand is still seen; the numbers stand over them. */
void ns_html_histogram(ns_buffer *buffer, const size_t bins[NS_ERROR_BINS], const char *what)
{
    static const double bounds[] = NS_ERROR_BIN_BOUNDS;
    enum { BAR = 30, HEIGHT = 84, TOP = 14, BOTTOM = 16, WIDTH = BAR * NS_ERROR_BINS };
    size_t most = 1;
    for (int i = 0; i < NS_ERROR_BINS; i++)
        most = bins[i] > most ? bins[i] : most;
    ns_buffer_format(buffer,
                     "<svg role=\"img\" aria-label=\"%s by error in steps\" viewBox=\"0 0 %d %d\" "
                     "width=\"%d\" height=\"%d\">",
                     what, WIDTH, TOP + HEIGHT + BOTTOM, WIDTH, TOP + HEIGHT + BOTTOM);
    for (int i = 0; i < NS_ERROR_BINS; i++) {
        const double height = HEIGHT * log1p((double)bins[i]) / log1p((double)most);
        char label[16] = "more";
        if (i < NS_ERROR_BINS - 1)
            snprintf(label, sizeof label, i ? "%g" : "\u2264%g", bounds[i]);
        ns_buffer_format(buffer,
                         "<g data-count=\"%zu\"><rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
                         bins[i], i * BAR + 2, TOP + HEIGHT - height, BAR - 4, height);
        if (bins[i])
            ns_buffer_format(buffer, "<text class=\"count\" x=\"%d\" y=\"%.1f\">%zu</text>",
                             i * BAR + BAR / 2, TOP + HEIGHT - height - 3, bins[i]);
        ns_buffer_format(buffer, "<text class=\"dim\" x=\"%d\" y=\"%d\">%s</text></g>", i * BAR + BAR / 2,
                         TOP + HEIGHT + 12, label);
    }
    ns_buffer_format(buffer, "<path class=\"axis\" d=\"M0 %d.5H%d\"/></svg>", TOP + HEIGHT, WIDTH);
}
