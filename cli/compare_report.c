/* npuscope compare: what was found, as JSON and as a page. */
#include <math.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "measure/interface.h"
#include "npuscope/measure.h"
#include "report/interface.h"
#include "shared.h"

static void add_tensor(ns_json *json, const char *key, const ns_npy *array)
{
    ns_json_object(json, key);
    ns_json_text(json, "type", ns_npy_type_text(array->type));
    ns_json_integers(json, "shape", array->rank, array->shape);
    ns_json_end(json);
}

static void add_pair(ns_json *json, const ns_compare_pair *p)
{
    const ns_comparison *c = &p->comparison;
    ns_json_object(json, NULL);
    ns_json_text(json, "name", p->title);
    add_tensor(json, "a", &p->a);
    add_tensor(json, "b", &p->b);
    ns_json_bool(json, "comparable", p->comparable);
    ns_json_text(json, "only_in", p->alone);
    if (p->scaled)
        ns_json_text(json, "scaled", p->scaled);
    ns_json_bool(json, "same", p->same);
    if (p->comparable) {
        ns_json_integer(json, "elements", (int64_t)c->count);
        ns_json_integer(json, "differences", (int64_t)c->differences);
        ns_json_integer(json, "nan_a", (int64_t)p->nan_a);
        ns_json_integer(json, "nan_b", (int64_t)p->nan_b);
        ns_json_real(json, "max_error", c->max_error);
        ns_json_real(json, "mean_error", c->mean_error);
        ns_json_real(json, "sqnr_db", c->sqnr_db);
        ns_json_bool(json, "exact", c->max_error == 0 && c->differences == 0);
    }
    ns_json_end(json);
}

ns_code ns_compare_write_json(const ns_compare_run *run, const char *a, const char *b, bool same,
                              ns_error *error)
{
    ns_bytes bytes;
    ns_buffer buffer = {.arena = run->cli->arena};
    ns_json json = ns_json_begin(&buffer, true, 9);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/compare/1");
    ns_json_text(&json, "a", a);
    ns_json_text(&json, "b", b);
    ns_json_bool(&json, "same", same);
    ns_json_array(&json, "pairs");
    for (int i = 0; i < run->count; i++)
        add_pair(&json, &run->pairs[i]);
    ns_json_end(&json);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, "the comparison's JSON", &bytes, error));
    return ns_cli_write(run->cli, run->settings->json, bytes, error);
}

/* ---- the page ---- */

/* In steps where both are integers; of reals the share of B's largest value, in millionths. */
static double size_of(const ns_compare_pair *p, size_t i, double largest)
{
    const double difference = fabs(ns_npy_real(&p->a, i) - ns_npy_real(&p->b, i));
    return !ns_npy_is_real(p->b.type) ? difference : largest > 0 ? difference / largest * 1e6 : difference;
}

static double largest_of(const ns_npy *array)
{
    double largest = 0;
    for (size_t i = 0; i < array->count; i++)
        largest = fmax(largest, fabs(ns_npy_real(array, i)));
    return largest;
}

/* Rows and columns of the last axis, at most MOST each: of a larger array a square is the largest of several.
 */
static ns_code add_map(ns_page *page, const ns_compare_pair *p, double largest, ns_arena *arena,
                       ns_error *error)
{
    enum { MOST = 128 };
    const size_t width = p->a.rank && p->a.shape[p->a.rank - 1] > 0 ? (size_t)p->a.shape[p->a.rank - 1] : 1;
    const size_t height = p->a.count / width;
    const size_t across = 1 + (width - 1) / MOST, down = 1 + (height ? height - 1 : 0) / MOST;
    const int columns = (int)((width + across - 1) / across), rows = (int)((height + down - 1) / down);
    double *values = NS_ARENA_ARRAY(arena, (size_t)columns * (size_t)rows, double);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the page");
    for (size_t i = 0; i < p->a.count; i++) {
        double *to = &values[i / width / down * (size_t)columns + i % width / across];
        *to = fmax(*to, size_of(p, i, largest));
    }
    ns_page_map(page,
                across * down > 1
                    ? "where they are: rows of the last axis, the largest difference of several elements"
                    : "where they are: rows of the last axis",
                ns_npy_is_real(p->b.type) ? "millionths of B's largest value" : "steps", rows, columns,
                values);
    return NS_OK;
}

static ns_code add_pictures(ns_page *page, const ns_compare_pair *p, ns_arena *arena, ns_error *error)
{
    const double largest = largest_of(&p->b);
    size_t bins[NS_ERROR_BINS] = {0};
    ns_page_heading(page, p->title);
    for (size_t i = 0; i < p->a.count; i++)
        bins[ns_error_bin(size_of(p, i, largest))]++;
    ns_page_bars(page,
                 ns_npy_is_real(p->b.type) ? "elements by difference, in millionths of B's largest value"
                                           : "elements by difference, in steps",
                 bins, "elements");
    return add_map(page, p, largest, arena, error);
}

ns_code ns_compare_write_html(const ns_compare_run *run, const char *a, const char *b, ns_error *error)
{
    static const ns_page_column columns[] = {{"tensor", NS_PAGE_TEXT},
                                             {"A", NS_PAGE_TEXT},
                                             {"B", NS_PAGE_TEXT},
                                             {"result", NS_PAGE_TEXT},
                                             {"beyond tolerance", NS_PAGE_NUMBER},
                                             {"elements", NS_PAGE_NUMBER},
                                             {"max error", NS_PAGE_NUMBER},
                                             {"mean error", NS_PAGE_NUMBER},
                                             {"SQNR, dB", NS_PAGE_NUMBER}};
    ns_arena *arena = run->cli->arena;
    ns_bytes bytes;
    const char *what = ns_arena_format(arena, "A: %s, B: %s", a, b);
    ns_page *page = what ? ns_page_begin(arena, "npuscope compare", what) : NULL;
    if (!page)
        return ns_page_finish(NULL, "the HTML page", &bytes, error);
    ns_page_table(page, "tensors", sizeof columns / sizeof columns[0], columns);
    for (int i = 0; i < run->count; i++) {
        const ns_compare_pair *p = &run->pairs[i];
        const ns_comparison *c = &p->comparison;
        char text[128];
        ns_page_text(page, p->title);
        ns_page_text(page, p->alone && *p->alone == 'B' ? "-" : ns_npy_describe(&p->a, text, sizeof text));
        ns_page_text(page, p->alone && *p->alone == 'A' ? "-" : ns_npy_describe(&p->b, text, sizeof text));
        ns_page_word(page,
                     !p->comparable     ? "not comparable"
                     : !p->same         ? "differs"
                     : c->max_error > 0 ? "within"
                                        : "equal",
                     p->same ? NS_PAGE_GOOD : NS_PAGE_BAD);
        ns_page_number(page, p->comparable ? (double)c->differences : NAN, "%.0f");
        ns_page_number(page, (double)p->a.count, "%.0f");
        ns_page_heat(page, p->comparable ? c->max_error : NAN, "%.6g",
                     p->comparable && !ns_npy_is_real(p->b.type) ? c->max_error : NAN);
        ns_page_number(page, p->comparable ? c->mean_error : NAN, "%.6g");
        ns_page_number(page, p->comparable ? c->sqnr_db : NAN, "%.2f");
    }
    ns_page_table_end(page);
    for (int i = 0; i < run->count; i++)
        if (run->pairs[i].comparable && run->pairs[i].comparison.max_error > 0)
            NS_TRY(add_pictures(page, &run->pairs[i], arena, error));
    NS_TRY(ns_page_finish(page, "the HTML page", &bytes, error));
    return ns_cli_write(run->cli, run->settings->html, bytes, error);
}
