#include "report/interface.h"

#include <math.h>

#include "report/report.h"

static void print_operands(const ns_search_found *found, FILE *out)
{
    if (!found->operands)
        fprintf(out, "    the inputs that it is made from are not known\n");
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

static void add_worst(ns_json *json, const ns_search_worst *worst, bool npu)
{
    ns_json_integer(json, "trial", worst->trial);
    ns_json_text(json, "kind", ns_search_kind_text(worst->kind));
    ns_json_integer(json, "element", (int64_t)worst->element);
    ns_json_real(json, "ideal", worst->ideal);
    ns_json_real(json, npu ? "eval" : "best", worst->best);
    ns_json_real(json, npu ? "npu" : "eval", worst->got);
    ns_json_real(json, "steps", worst->steps);
    if (!npu)
        ns_json_real(json, "steps_from_ideal", worst->outside ? INFINITY : worst->steps_from_ideal);
}

/* With the trial's integers, flat and row-major. */
static void add_found(ns_json *json, const char *key, const ns_search_result *r, const ns_search_found *found,
                      bool npu)
{
    if (!found->worst.found) {
        ns_json_null(json, key);
        return;
    }
    ns_json_object(json, key);
    add_worst(json, &found->worst, npu);
    if (found->inputs) {
        ns_json_array(json, "inputs");
        for (int i = 0; i < r->input_count; i++) {
            ns_json_array(json, NULL);
            for (size_t e = 0; e < ns_tensor_count(&found->inputs[i]); e++)
                ns_json_integer(json, NULL, ns_tensor_get(&found->inputs[i], e));
            ns_json_end(json);
        }
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_npu(ns_json *json, const ns_search_result *r)
{
    ns_json_object(json, "npu");
    ns_json_bool(json, "ran", !r->npu_reason);
    if (r->npu_reason) {
        ns_json_text(json, "reason", r->npu_reason);
    } else {
        ns_json_integer(json, "differences", (int64_t)r->differences);
        ns_json_integer(json, "trials", r->differing_trials);
        add_found(json, "first", r, &r->difference, true);
    }
    ns_json_end(json);
}

static void add_kinds(ns_json *json, const ns_search_result *r)
{
    ns_json_array(json, "kinds");
    for (int kind = 0; kind < NS_SEARCH_COUNT; kind++) {
        if (!r->kind_trials[kind])
            continue;
        ns_json_object(json, NULL);
        ns_json_text(json, "kind", ns_search_kind_text((ns_search_kind)kind));
        ns_json_integer(json, "trials", r->kind_trials[kind]);
        add_found(json, "worst", r, &(ns_search_found){.worst = r->worst_of[kind]}, false);
        ns_json_real(json, "steps_from_ideal", r->from_ideal_of[kind]);
        ns_json_end(json);
    }
    ns_json_end(json);
}

ns_code ns_report_search_json(const ns_search_result *r, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, false, 9);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/search/1");
    ns_json_text(&json, "op", r->op);
    ns_json_text(&json, "case", r->name);
    ns_json_text(&json, "target", r->target);
    ns_json_text(&json, "accelerator", r->accelerator);
    ns_json_integer(&json, "seed", (int64_t)r->seed);
    ns_json_bool(&json, "uniform", r->uniform);
    ns_json_real(&json, "output_scale", r->output_scale);
    ns_json_integer(&json, "trials", r->trials);
    ns_json_integer(&json, "elements", (int64_t)r->elements);
    ns_json_integer(&json, "out_of_range", (int64_t)r->beyond);
    ns_json_integer(&json, "unpredictable", r->unpredictable);
    add_found(&json, "worst", r, &r->worst, false);
    add_found(&json, "worst_from_ideal", r, &r->worst_from_ideal, false);
    add_kinds(&json, r);
    ns_report_bins_json(&json, r->bins, "elements");
    add_npu(&json, r);
    ns_json_real(&json, "seconds", r->seconds);
    ns_json_end(&json);
    return ns_json_finish(&json, "the search's JSON", out, error);
}
