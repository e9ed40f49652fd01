#include "report/sweep.h"

#include <math.h>

#include "report/document.h"

static const double bounds[] = NS_ERROR_BIN_BOUNDS;

/* The curve has this many columns, each the largest error of its share of the codes. */
#define CURVE_COLUMNS 64
#define CURVE_ROWS 8

static void print_stage(const ns_sweep_stage *stage, FILE *out)
{
    if (stage->reason) {
        fprintf(out, "%-5s did not run: %s\n", stage->name, stage->reason);
        return;
    }
    fprintf(out, "%-5s max %.2f steps, mean %.3f over %zu codes; %zu results at an end of the range\n",
            stage->name, stage->max_steps, stage->mean_steps, stage->compared, stage->saturated);
    if (stage->out_of_range)
        fprintf(out, "      %zu more codes have an exact result beyond the output's range\n",
                stage->out_of_range);
    fprintf(out, "      worst code %d: input %.9g, ideal %.9g, got %.9g\n", stage->worst_code,
            stage->worst_input, stage->worst_ideal, stage->worst_got);
}

void ns_report_bins(const size_t bins[NS_ERROR_BINS], const char *what, FILE *out)
{
    for (int i = 0; i < NS_ERROR_BINS; i++) {
        if (i < NS_ERROR_BINS - 1)
            fprintf(out, "  up to %6g steps %9zu %s\n", bounds[i], bins[i], what);
        else
            fprintf(out, "  above %6g steps %9zu %s\n", bounds[i - 1], bins[i], what);
    }
}

/* Rows are powers of two of steps, from 2^-1 up to what the largest error needs. */
static void print_curve(const ns_sweep_stage *stage, FILE *out)
{
    double largest[CURVE_COLUMNS] = {0};
    const int share = NS_SWEEP_CODES / CURVE_COLUMNS;
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        if (isfinite(stage->steps[i]) && stage->steps[i] > largest[i / share])
            largest[i / share] = stage->steps[i];
    int top = (int)ceil(log2(fmax(stage->max_steps, 1)));
    if (top < CURVE_ROWS - 1)
        top = CURVE_ROWS - 1;
    const double factor = (double)(top + 1) / CURVE_ROWS;
    fputs("largest error by code, in steps\n", out);
    for (int row = CURVE_ROWS - 1; row >= 0; row--) {
        const double level = exp2(row * factor - 1);
        fprintf(out, "%9.4g |", level);
        int end = CURVE_COLUMNS;
        while (end > 0 && !(largest[end - 1] >= level))
            end--;
        for (int c = 0; c < end; c++)
            fputc(largest[c] >= level ? '#' : ' ', out);
        fputc('\n', out);
    }
    fprintf(out, "          +%.*s\n           -32768%*s32767\n", CURVE_COLUMNS,
            "----------------------------------------------------------------", CURVE_COLUMNS - 11, "");
}

void ns_report_sweep_text(const ns_sweep_result *r, FILE *out)
{
    fprintf(out, "%s %s on %s (%s): %d codes, input scale %.9g, output scale %.9g\n", r->op, r->name,
            r->target, r->accelerator, NS_SWEEP_CODES, r->input_scale, r->output_scale);
    print_stage(&r->eval, out);
    print_stage(&r->npu, out);
    if (!r->npu.reason) {
        if (r->differences)
            fprintf(out, "npu differs from eval for %zu codes, first for %d\n", r->differences,
                    r->first_difference);
        else
            fputs("npu equals eval for every code with a defined result\n", out);
    }
    if (r->unpredictable) {
        fprintf(out, "unpredictable: %zu codes in %d range%s:", r->unpredictable, r->range_count,
                r->range_count == 1 ? "" : "s");
        for (int i = 0; i < r->range_count && i < 8; i++)
            fprintf(out, " %d to %d%s", r->ranges[i].first, r->ranges[i].last,
                    i + 1 < r->range_count ? "," : "");
        fprintf(out, "%s\n  %s\n", r->range_count > 8 ? " ..." : "", r->rule);
    }
    fputs("\n", out);
    ns_report_bins(r->eval.bins, "codes", out);
    fputs("\n", out);
    print_curve(&r->eval, out);
}

json_t *ns_report_bins_array(const size_t bins[NS_ERROR_BINS], const char *what)
{
    json_t *array = json_array();
    for (int i = 0; i < NS_ERROR_BINS; i++)
        json_array_append_new(array, json_pack("{s:o, s:I}", "up_to",
                                               i < NS_ERROR_BINS - 1 ? json_real(bounds[i]) : json_null(),
                                               what, (json_int_t)bins[i]));
    return array;
}

static json_t *stage_object(const ns_sweep_stage *stage)
{
    if (stage->reason)
        return json_pack("{s:b, s:s}", "ran", 0, "reason", stage->reason);
    json_t *bins = ns_report_bins_array(stage->bins, "codes"), *steps = json_array();
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        json_array_append_new(steps, ns_document_real(stage->steps[i]));
    return json_pack("{s:b, s:I, s:I, s:o, s:o, s:I, s:{s:i, s:o, s:o, s:o}, s:o, s:o}", "ran", 1, "compared",
                     (json_int_t)stage->compared, "out_of_range", (json_int_t)stage->out_of_range,
                     "max_steps", ns_document_real(stage->max_steps), "mean_steps",
                     ns_document_real(stage->mean_steps), "saturated", (json_int_t)stage->saturated, "worst",
                     "code", stage->worst_code, "input", ns_document_real(stage->worst_input), "ideal",
                     ns_document_real(stage->worst_ideal), "got", ns_document_real(stage->worst_got), "bins",
                     bins, "steps", steps);
}

ns_code ns_report_sweep_json(const ns_sweep_result *r, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    json_t *ranges = json_array();
    for (int i = 0; i < r->range_count; i++)
        json_array_append_new(ranges, json_pack("[i, i]", r->ranges[i].first, r->ranges[i].last));
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o}", "schema",
                             "npuscope/sweep/1", "op", r->op, "case", r->name, "target", r->target,
                             "accelerator", r->accelerator, "input_scale", ns_document_real(r->input_scale),
                             "output_scale", ns_document_real(r->output_scale), "unpredictable",
                             (json_int_t)r->unpredictable, "unpredictable_ranges", ranges, "eval",
                             stage_object(&r->eval), "npu", stage_object(&r->npu), "differences",
                             (json_int_t)r->differences, "seconds", ns_document_real(r->seconds));
    return ns_document_text(root, JSON_COMPACT | JSON_REAL_PRECISION(9), "the sweep's JSON", arena, out,
                            error);
}
