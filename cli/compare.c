/* npuscope compare: how far two tensors, or the outputs of two runs, are apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/interface.h"
#include "formats/interface.h"
#include "options.h"
#include "rows.h"
#include "shared.h"

#define OPTION(field) offsetof(ns_compare_settings, field)

static const ns_option options[] = {
    {0, "qtol", NS_OPTION_REAL, "N", OPTION(qtol), "steps that integers may differ by (default 0)"},
    {0, "atol", NS_OPTION_REAL, "X", OPTION(atol), "absolute error that reals may have (default 0)"},
    {0, "rtol", NS_OPTION_REAL, "X", OPTION(rtol), "error of reals relative to B's value (default 0)"},
    {0, "min-sqnr", NS_OPTION_REAL, "DB", OPTION(min_sqnr),
     "least SQNR of each tensor; without a tolerance nothing else counts"},
    {0, "scale", NS_OPTION_TEXT, "S[:ZERO]", OPTION(scale_text),
     "of integers that are compared with floats: real = (code - ZERO) * S"},
    NS_ROW_JSON(json),
    {0, "html", NS_OPTION_OUTPUT, "FILE", OPTION(html),
     "also write one self-contained page: each tensor's differences by\nsize, and where they are"},
    {0},
};

static void preset(void *settings)
{
    ((ns_compare_settings *)settings)->min_sqnr = NAN;
}

/* Without --min-sqnr the tolerance decides; with it the SQNR, and the tolerance where one is given. */
static bool is_same(const ns_compare_settings *settings, const ns_comparison *c)
{
    if (isnan(settings->min_sqnr))
        return c->differences == 0;
    const bool tolerance = settings->qtol > 0 || settings->atol > 0 || settings->rtol > 0;
    return c->sqnr_db >= settings->min_sqnr && (!tolerance || c->differences == 0);
}

static bool same_shape(const ns_npy *a, const ns_npy *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0;
}

/* "[0, 3, 2]" */
static const char *position(const ns_npy *array, size_t index, char *text, size_t size)
{
    int64_t at[NS_MAX_RANK] = {0};
    for (int d = array->rank - 1; d >= 0; d--) {
        at[d] = (int64_t)(index % (size_t)array->shape[d]);
        index /= (size_t)array->shape[d];
    }
    size_t used = (size_t)snprintf(text, size, "[");
    for (int d = 0; d < array->rank && used < size; d++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? ", " : "", (long long)at[d]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

static void print_pair(const ns_compare_settings *settings, const ns_compare_pair *p, FILE *out)
{
    char a_text[128], b_text[128], at[128];
    const ns_comparison *c = &p->comparison;
    ns_npy_describe(&p->a, a_text, sizeof a_text);
    ns_npy_describe(&p->b, b_text, sizeof b_text);
    if (p->alone) {
        fprintf(out, "%s  ONLY IN %s: %s\n", p->title, p->alone, a_text);
        return;
    }
    if (!p->comparable) {
        fprintf(out, "%s  DIFFERENT KIND: %s and %s%s\n", p->title, a_text, b_text,
                ns_npy_is_real(p->a.type) != ns_npy_is_real(p->b.type)
                    ? " (--scale S[:ZERO] makes reals of the integers)"
                    : "");
        return;
    }
    fprintf(out, "%s  %s", p->title, a_text);
    if (!same_shape(&p->a, &p->b))
        fprintf(out, " (as %s)", b_text);
    if (p->scaled)
        fprintf(out, " (%s: integers by --scale)", p->scaled);
    fprintf(out, "  max error %.6g  mean error %.6g  SQNR ", c->max_error, c->mean_error);
    fprintf(out,
            isinf(c->sqnr_db) && c->sqnr_db > 0 ? "inf  "
            : isfinite(c->sqnr_db)              ? "%.2f dB  "
                                                : "none  ",
            c->sqnr_db);
    if (c->differences == 0)
        fprintf(out, c->max_error == 0 ? "equal" : "within tolerance");
    else
        fprintf(out, "%zu of %zu differ", c->differences, c->count);
    if (!isnan(settings->min_sqnr))
        fprintf(out, c->sqnr_db >= settings->min_sqnr ? ", at least %g dB" : ", NOT %g dB",
                settings->min_sqnr);
    fprintf(out, "\n");
    if (p->nan_a || p->nan_b)
        fprintf(out, "%s  NaN: %zu elements of A, %zu of B; equal where both are\n", p->title, p->nan_a,
                p->nan_b);
    if (c->differences > 0)
        fprintf(out, "%s  first difference at %s: %.9g and %.9g\n", p->title,
                position(&p->a, c->first, at, sizeof at), c->first_a, c->first_b);
}

/* "S" or "S:ZERO"; a comma will do. */
static ns_code read_scale(ns_compare_settings *settings, ns_error *error)
{
    const char *text = settings->scale_text;
    char *end = NULL;
    if (!text)
        return NS_OK;
    settings->scale = strtod(text, &end);
    const bool number = end != text;
    if (number && (*end == ':' || *end == ','))
        settings->zero = strtod(end + 1, &end);
    if (!number || *end || !isfinite(settings->scale) || !(settings->scale > 0) ||
        settings->zero != rint(settings->zero) || !isfinite(settings->zero))
        return ns_fail(error, NS_ERROR_USAGE, "--scale '%s': expected SCALE[:ZERO], SCALE > 0", text);
    return NS_OK;
}

/* The integers of one side beside the floats of the other, as reals. */
static ns_code apply_scale(ns_compare_run *run, ns_compare_pair *p, ns_error *error)
{
    const bool real_a = ns_npy_is_real(p->a.type), real_b = ns_npy_is_real(p->b.type);
    if (p->alone || real_a == real_b || !(run->settings->scale > 0))
        return NS_OK;
    ns_npy *array = real_a ? &p->b : &p->a;
    double *reals = NS_ARENA_ARRAY(run->cli->arena, array->count, double);
    if (!reals)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %zu reals", array->count);
    for (size_t i = 0; i < array->count; i++)
        reals[i] = (ns_npy_real(array, i) - run->settings->zero) * run->settings->scale;
    array->type = NS_NPY_FLOAT64;
    array->item_size = sizeof *reals;
    array->data = reals;
    p->scaled = real_a ? "B" : "A";
    return NS_OK;
}

/* Either may be NULL: the other side has none of that name. */
static ns_code compare_arrays(ns_compare_run *run, const char *title, const ns_npy *a, const ns_npy *b,
                              ns_error *error)
{
    const ns_compare_settings *settings = run->settings;
    ns_compare_pair *p = &run->pairs[run->count++];
    p->title = title;
    p->alone = !a ? "B" : !b ? "A" : NULL;
    if (a)
        p->a = p->b = *a;
    if (b)
        p->b = *b;
    if (!a)
        p->a = p->b;
    NS_TRY(apply_scale(run, p, error));
    p->comparable = !p->alone && ns_input_same_but_ones(p->a.rank, p->a.shape, p->b.rank, p->b.shape) &&
                    ns_npy_is_real(p->a.type) == ns_npy_is_real(p->b.type);
    if (p->comparable) {
        const ns_tolerance tolerance = ns_npy_is_real(p->b.type)
                                           ? (ns_tolerance){settings->atol, settings->rtol}
                                           : (ns_tolerance){settings->qtol, 0};
        ns_compare_begin(&p->comparison);
        for (size_t i = 0; i < p->a.count; i++)
            ns_compare_add(&p->comparison, &tolerance, ns_npy_real(&p->a, i), ns_npy_real(&p->b, i));
        ns_compare_end(&p->comparison);
        p->same = is_same(settings, &p->comparison);
        size_t first;
        p->nan_a = ns_npy_count_nan(&p->a, &first);
        p->nan_b = ns_npy_count_nan(&p->b, &first);
    }
    print_pair(settings, p, run->cli->out);
    return NS_OK;
}

/* Both sides' arrays by name. */
static ns_code compare(ns_compare_run *run, const char *a_path, const char *b_path, bool *same,
                       ns_error *error)
{
    ns_array_list a, b;
    NS_TRY(ns_arrays_list(&a, a_path, run->cli->arena, error));
    NS_TRY(ns_arrays_list(&b, b_path, run->cli->arena, error));
    if (a.single != b.single)
        return ns_fail(error, NS_ERROR_USAGE, "%s and %s: one is a single array and the other is not", a_path,
                       b_path);
    run->pairs = NS_ARENA_ARRAY(run->cli->arena, (size_t)a.count + (size_t)b.count, ns_compare_pair);
    if (!run->pairs)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d tensors", a.count + b.count);
    for (int i = 0, k = 0; i < a.count || k < b.count;) {
        const int order = i == a.count ? 1 : k == b.count ? -1 : strcmp(a.names[i], b.names[k]);
        NS_TRY(compare_arrays(run, order <= 0 ? a.names[i] : b.names[k], order <= 0 ? &a.arrays[i] : NULL,
                              order >= 0 ? &b.arrays[k] : NULL, error));
        i += order <= 0;
        k += order >= 0;
    }
    *same = true;
    int equal = 0;
    for (int i = 0; i < run->count; i++) {
        *same = *same && run->pairs[i].same;
        equal += run->pairs[i].same;
    }
    if (run->count > 1)
        fprintf(run->cli->out, "%d of %d tensors %s\n", equal, run->count,
                isnan(run->settings->min_sqnr) ? "within tolerance" : "as wanted");
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    ns_compare_settings *settings = settings_;
    (void)operand_count;
    NS_TRY(read_scale(settings, error));
    if (settings->qtol < 0 || settings->atol < 0 || settings->rtol < 0)
        return ns_fail(error, NS_ERROR_USAGE, "a tolerance is negative");
    const char *a = operands[0], *b = operands[1];
    ns_compare_run run = {.cli = cli, .settings = settings};
    bool same = true;
    NS_TRY(compare(&run, a, b, &same, error));
    if (settings->json)
        NS_TRY(ns_compare_write_json(&run, a, b, same, error));
    if (settings->html)
        NS_TRY(ns_compare_write_html(&run, a, b, error));
    return same ? NS_OK : ns_fail(error, NS_ERROR_MISMATCH, "%s and %s differ", a, b);
}

const ns_subcommand ns_subcommand_compare = {
    .operands = "A B",
    .operand_min = 2,
    .operand_max = 2,
    .details = "A and B are .npy files, archives of them (.npz), or folders: all .npy files in them, such as "
               "`npuscope\n"
               "run -o` and `--tap` write, by name. B is the reference:\n"
               "SQNR and --rtol are relative to it. Exit code 1 when an element differs by more than\n"
               "the tolerance, a tensor's SQNR is below --min-sqnr, or shapes (but for dims of 1) or kinds\n"
               "of number differ.",
    .options = options,
    .settings_size = sizeof(ns_compare_settings),
    .preset = preset,
    .run = run,
};
