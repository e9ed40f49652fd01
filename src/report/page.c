/* Page: what the pages of run, compare, sweep, vela-diff and fuzz-vela are made of: a heading, notes, tables
 * whose rows page.js makes sortable and filterable by any column, bars, a picture of where differences are.
 */
#include <math.h>
#include <string.h>

#include "npuscope/version.h"
#include "report/interface.h"
#include "report/internal.h"

static const char style[] = {
#include "page_css.inc"
    0};
static const char script[] = {
#include "page_js.inc"
    0};

void ns_html_begin(ns_buffer *buffer, const char *title)
{
    ns_html_append(buffer, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                           "<meta name=\"color-scheme\" content=\"light dark\">"
                           "<link rel=\"icon\" href=\"data:,\"><title>");
    ns_html_text(buffer, title);
    ns_html_append(buffer, "</title>\n<style>\n");
    ns_html_append(buffer, style);
    ns_html_append(buffer, "</style></head>\n<body>");
}

void ns_html_end(ns_buffer *buffer)
{
    ns_html_append(buffer, "<script>\n");
    ns_html_append(buffer, script);
    ns_html_append(buffer, "</script></body></html>\n");
}

ns_page *ns_page_begin(ns_arena *arena, const char *title, const char *what)
{
    ns_page *page = NS_ARENA_NEW(arena, ns_page);
    if (!page)
        return NULL;
    page->own.arena = arena;
    page->buffer = &page->own;
    ns_html_begin(page->buffer, title);
    ns_html_append(page->buffer, "<header><h1>");
    ns_html_text(page->buffer, title);
    ns_html_append(page->buffer, "</h1><p>");
    ns_html_text(page->buffer, what);
    ns_buffer_format(page->buffer, "%snpuscope %s</p></header>\n<main>\n", *what ? ", " : "",
                     NS_VERSION_TEXT);
    return page;
}

void ns_page_heading(ns_page *page, const char *text)
{
    ns_html_append(page->buffer, "<h2>");
    ns_html_text(page->buffer, text);
    ns_html_append(page->buffer, "</h2>\n");
}

void ns_page_note(ns_page *page, const char *text)
{
    ns_html_append(page->buffer, "<p>");
    ns_html_text(page->buffer, text);
    ns_html_append(page->buffer, "</p>\n");
}

/* ---- tables ---- */

void ns_page_table(ns_page *page, const char *caption, int columns, const ns_page_column *heads)
{
    ns_buffer *buffer = page->buffer;
    page->columns = columns;
    page->heads = heads;
    page->column = 0;
    ns_html_append(buffer, "<section class=\"data\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                           "aria-label=\"");
    ns_html_text(buffer, caption);
    ns_html_append(buffer, "\"><table class=\"data\"><caption>");
    ns_html_text(buffer, caption);
    ns_html_append(buffer, "</caption><thead><tr>");
    for (int i = 0; i < columns; i++) {
        ns_buffer_format(buffer, "<th scope=\"col\"%s>",
                         heads[i].kind == NS_PAGE_NUMBER ? " class=\"n\"" : "");
        ns_html_text(buffer, heads[i].title);
        ns_html_append(buffer, "</th>");
    }
    ns_html_append(buffer, "</tr></thead><tbody>\n");
}

/* The tag that opens the next cell: rows open and close by themselves. */
static void open_cell(ns_page *page, const char *kind)
{
    ns_buffer *buffer = page->buffer;
    ns_html_append(buffer, page->column ? "" : "<tr>");
    ns_html_append(buffer, "<td data-label=\"");
    ns_html_text(buffer, page->heads[page->column].title);
    ns_buffer_format(buffer, "\"%s%s%s>", *kind ? " class=\"" : "", kind, *kind ? "\"" : "");
}

static void close_cell(ns_page *page)
{
    page->column = (page->column + 1) % page->columns;
    ns_html_append(page->buffer, page->column ? "</td>" : "</td></tr>\n");
}

void ns_page_text(ns_page *page, const char *text)
{
    open_cell(page, "");
    ns_html_text(page->buffer, text);
    close_cell(page);
}

void ns_page_number(ns_page *page, double value, const char *format)
{
    open_cell(page, "n");
    ns_html_number(page->buffer, value, format);
    close_cell(page);
}

const char *ns_page_heat_class(double steps)
{
    static const char *const heats[] = {"", "e1", "e2", "e3", "e4", "e5"};
    if (isnan(steps) || !(steps > 0))
        return heats[0];
    const double size = isinf(steps) ? 5 : 2 + floor(log10(steps));
    return heats[(int)fmin(fmax(size, 1), 5)];
}

void ns_page_heat(ns_page *page, double value, const char *format, double steps)
{
    const char *heat = ns_page_heat_class(steps);
    char kind[16];
    snprintf(kind, sizeof kind, "n%s%s", *heat ? " " : "", heat);
    open_cell(page, kind);
    ns_html_number(page->buffer, value, format);
    close_cell(page);
}

void ns_page_word(ns_page *page, const char *word, ns_page_tone tone)
{
    static const char *const kinds[] = {"skipped", "pass", "rejected", "fail"};
    open_cell(page, kinds[tone]);
    ns_html_append(page->buffer, "<b>");
    ns_html_text(page->buffer, word);
    ns_html_append(page->buffer, "</b>");
    close_cell(page);
}

void ns_page_table_end(ns_page *page)
{
    ns_html_append(page->buffer, "</tbody></table></div></section>\n");
}

/* ---- pictures ---- */

void ns_page_bars(ns_page *page, const char *caption, const size_t bins[NS_ERROR_BINS], const char *what)
{
    ns_html_append(page->buffer, "<figure><figcaption>");
    ns_html_text(page->buffer, caption);
    ns_html_append(page->buffer, "</figcaption><div class=\"plots\">");
    ns_html_histogram(page->buffer, bins, what);
    ns_html_append(page->buffer, "</div></figure>\n");
}

/* The colours of a map, by the sizes that ns_page_heat_class tells apart. */
static void append_colours(ns_buffer *buffer, const char *unit)
{
    static const char *const sizes[] = {"none",      "below 1",     "below 10",
                                        "below 100", "below 1,000", "1,000 and more"};
    ns_html_append(buffer, "<p class=\"note\">");
    ns_html_text(buffer, unit);
    ns_html_append(buffer, ":");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ns_buffer_format(
            buffer,
            " <svg class=\"map\" width=\"11\" height=\"11\" aria-hidden=\"true\"><rect class=\"e%zu\" "
            "width=\"11\" height=\"11\"/></svg> %s",
            i, sizes[i]);
    ns_html_append(buffer, "</p>");
}

void ns_page_map(ns_page *page, const char *caption, const char *unit, int rows, int columns,
                 const double *values)
{
    enum { WIDE = 640, LARGE = 14 };
    ns_buffer *buffer = page->buffer;
    const int side = columns * LARGE <= WIDE ? LARGE : WIDE / columns > 1 ? WIDE / columns : 1;
    ns_html_append(buffer, "<figure><figcaption>");
    ns_html_text(buffer, caption);
    ns_buffer_format(
        buffer,
        "</figcaption><div class=\"plots\"><svg class=\"map\" role=\"img\" aria-label=\"where the "
        "differences are\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\"><rect class=\"e0\" "
        "width=\"%d\" height=\"%d\"/>",
        columns * side, rows * side, columns * side, rows * side, columns * side, rows * side);
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++) {
            const char *heat = ns_page_heat_class(values[(size_t)y * (size_t)columns + (size_t)x]);
            if (*heat)
                ns_buffer_format(buffer, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                                 heat, x * side, y * side, side, side);
        }
    ns_html_append(buffer, "</svg></div>");
    append_colours(buffer, unit);
    ns_html_append(buffer, "</figure>\n");
}

void ns_page_sweep(ns_page *page, const ns_sweep_result *sweep, const char *vela_missing)
{
    ns_html_sweep(page->buffer, sweep, vela_missing);
}

ns_code ns_page_finish(ns_page *page, const char *what, ns_bytes *out, ns_error *error)
{
    if (!page)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    ns_html_append(page->buffer, "</main>\n");
    ns_html_end(page->buffer);
    if (page->own.failed)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", what);
    *out = (ns_bytes){page->own.data, page->own.size};
    return NS_OK;
}
