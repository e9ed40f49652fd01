#include "report/search.h"

#include "report/document.h"
#include "report/report.h"
#include "report/sweep.h"

static void print_operands(const ns_search_found *found, FILE *out)
{
    for (int i = 0; i < found->operand_count; i++) {
        const ns_suite_operand *operand = &found->operands[i];
        fprintf(out, "  %s: %zu element%s of it, %.6g to %.6g:", operand->name, operand->count,
                operand->count == 1 ? "" : "s", operand->minimum, operand->maximum);
        for (int v = 0; v < operand->shown; v++)
            fprintf(out, " %.6g", operand->values[v]);
        fputs((size_t)operand->shown < operand->count ? " ...\n" : "\n", out);
    }
}

static void print_found(const char *what, const ns_search_result *r, const ns_search_found *found, FILE *out)
{
    char index[128];
    const ns_search_worst *worst = &found->worst;
    fprintf(out, "%s: trial %d (%s), element %s: ideal %.9g, best %.9g, eval %.9g\n", what, worst->trial,
            ns_search_kind_text(worst->kind),
            ns_report_index(&r->output, worst->element, index, sizeof index), worst->ideal, worst->best,
            worst->got);
    fprintf(out, "  %g steps from the best that these scales allow, ", worst->steps);
    if (worst->outside)
        fputs("ideal beyond the output's range\n", out);
    else
        fprintf(out, "%.2f from ideal\n", worst->steps_from_ideal);
    print_operands(found, out);
}

static void print_npu(const ns_search_result *r, FILE *out)
{
    char index[128];
    const ns_search_worst *first = &r->difference.worst;
    if (r->npu_reason)
        fprintf(out, "npu   did not run: %s\n", r->npu_reason);
    else if (!r->differences)
        fputs("npu equals eval in every element of every trial with a defined result\n", out);
    else
        fprintf(out,
                "npu differs from eval in %llu elements of %d trials, first in trial %d (%s), element %s: "
                "eval %.9g, npu %.9g\n",
                (unsigned long long)r->differences, r->differing_trials, first->trial,
                ns_search_kind_text(first->kind),
                ns_report_index(&r->output, first->element, index, sizeof index), first->best, first->got);
}

void ns_report_search_text(const ns_search_result *r, FILE *out)
{
    fprintf(out, "%s %s on %s (%s): %d trials, seed %llu, %llu elements compared, output scale %.9g\n", r->op,
            r->name, r->target, r->accelerator, r->trials, (unsigned long long)r->seed,
            (unsigned long long)r->elements, r->output_scale);
    print_found("worst input", r, &r->worst, out);
    print_found("farthest from ideal", r, &r->worst_from_ideal, out);
    print_npu(r, out);
    if (r->beyond)
        fprintf(out, "%llu elements have an exact result beyond the output's range\n",
                (unsigned long long)r->beyond);
    if (r->unpredictable)
        fprintf(out, "unpredictable: %d trials\n  %s\n", r->unpredictable, r->rule);
    fprintf(out, "\n%-8s %6s %9s %12s  inputs\n", "kind", "trials", "from best", "from ideal");
    for (int kind = 0; kind < NS_SEARCH_COUNT; kind++)
        if (r->kind_trials[kind])
            fprintf(out, "%-8s %6d %9g %12.2f  %s\n", ns_search_kind_text((ns_search_kind)kind),
                    r->kind_trials[kind], r->worst_of[kind].steps, r->from_ideal_of[kind],
                    ns_search_kind_what((ns_search_kind)kind));
    fputs("\n", out);
    ns_report_bins(r->bins, "elements", out);
}

static json_t *worst_object(const ns_search_worst *worst, bool npu)
{
    if (!worst->found)
        return json_null();
    json_t *object = json_pack("{s:i, s:s, s:I, s:o, s:o, s:o, s:o}", "trial", worst->trial, "kind",
                               ns_search_kind_text(worst->kind), "element", (json_int_t)worst->element,
                               "ideal", ns_document_real(worst->ideal), npu ? "eval" : "best",
                               ns_document_real(worst->best), npu ? "npu" : "eval",
                               ns_document_real(worst->got), "steps", ns_document_real(worst->steps));
    if (!npu)
        json_object_set_new(object, "steps_from_ideal",
                            worst->outside ? json_null() : ns_document_real(worst->steps_from_ideal));
    return object;
}

/* With the trial's integers, flat and row-major. */
static json_t *found_object(const ns_search_result *r, const ns_search_found *found, bool npu)
{
    json_t *object = worst_object(&found->worst, npu), *inputs = json_array();
    for (int i = 0; found->inputs && i < r->input_count; i++) {
        json_t *codes = json_array();
        for (size_t e = 0; e < ns_tensor_count(&found->inputs[i]); e++)
            json_array_append_new(codes, json_integer(ns_tensor_get(&found->inputs[i], e)));
        json_array_append_new(inputs, codes);
    }
    if (found->inputs)
        json_object_set(object, "inputs", inputs);
    json_decref(inputs);
    return object;
}

static json_t *npu_object(const ns_search_result *r)
{
    if (r->npu_reason)
        return json_pack("{s:b, s:s}", "ran", 0, "reason", r->npu_reason);
    return json_pack("{s:b, s:I, s:i, s:o}", "ran", 1, "differences", (json_int_t)r->differences, "trials",
                     r->differing_trials, "first", found_object(r, &r->difference, true));
}

ns_code ns_report_search_json(const ns_search_result *r, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    json_t *kinds = json_array();
    for (int kind = 0; kind < NS_SEARCH_COUNT; kind++)
        if (r->kind_trials[kind])
            json_array_append_new(
                kinds,
                json_pack("{s:s, s:i, s:o, s:o}", "kind", ns_search_kind_text((ns_search_kind)kind), "trials",
                          r->kind_trials[kind], "worst", worst_object(&r->worst_of[kind], false),
                          "steps_from_ideal", ns_document_real(r->from_ideal_of[kind])));
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:o, s:i, s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
        "schema", "npuscope/search/1", "op", r->op, "case", r->name, "target", r->target, "accelerator",
        r->accelerator, "seed", (json_int_t)r->seed, "uniform", (int)r->uniform, "output_scale",
        ns_document_real(r->output_scale), "trials", r->trials, "elements", (json_int_t)r->elements,
        "out_of_range", (json_int_t)r->beyond, "unpredictable", r->unpredictable, "worst",
        found_object(r, &r->worst, false), "worst_from_ideal", found_object(r, &r->worst_from_ideal, false),
        "kinds", kinds, "bins", ns_report_bins_array(r->bins, "elements"), "npu", npu_object(r), "seconds",
        ns_document_real(r->seconds));
    return ns_document_text(root, JSON_COMPACT | JSON_REAL_PRECISION(9), "the search's JSON", arena, out,
                            error);
}
