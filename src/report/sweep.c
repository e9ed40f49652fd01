#include "report/interface.h"

#include <math.h>

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
    if (r->segments)
        fprintf(
            out,
            "table: %d segments: %d open, %d with one knot clamped, %d coarse (over 32 steps from exact)\n",
            r->segments, r->open_segments, r->clamped_segments, r->coarse_segments);
    if (r->unpredictable) {
        fprintf(out, "unpredictable: %zu codes in %d range%s:", r->unpredictable, r->range_count,
                r->range_count == 1 ? "" : "s");
        for (int i = 0; i < r->range_count && i < 8; i++)
            fprintf(out, " %d to %d%s", r->ranges[i].first, r->ranges[i].last,
                    i + 1 < r->range_count ? "," : "");
        fprintf(out, "%s\n  %s\n", r->range_count > 8 ? " ..." : "", r->rule);
    }
    fputs("the suite's largest error for the case is on its own data; here every code is run, so that the\n"
          "largest error may be larger\n\n",
          out);
    ns_report_bins(r->eval.bins, "codes", out);
    fputs("\n", out);
    print_curve(&r->eval, out);
}

void ns_report_bins_json(ns_json *json, const size_t bins[NS_ERROR_BINS], const char *what)
{
    ns_json_array(json, "bins");
    for (int i = 0; i < NS_ERROR_BINS; i++) {
        ns_json_object(json, NULL);
        ns_json_real(json, "up_to", i < NS_ERROR_BINS - 1 ? bounds[i] : INFINITY);
        ns_json_integer(json, what, (int64_t)bins[i]);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_worst(ns_json *json, const ns_sweep_stage *stage)
{
    ns_json_object(json, "worst");
    ns_json_integer(json, "code", stage->worst_code);
    ns_json_real(json, "input", stage->worst_input);
    ns_json_real(json, "ideal", stage->worst_ideal);
    ns_json_real(json, "got", stage->worst_got);
    ns_json_end(json);
}

static void add_stage(ns_json *json, const char *key, const ns_sweep_stage *stage)
{
    ns_json_object(json, key);
    ns_json_bool(json, "ran", !stage->reason);
    if (stage->reason) {
        ns_json_text(json, "reason", stage->reason);
        ns_json_end(json);
        return;
    }
    ns_json_integer(json, "compared", (int64_t)stage->compared);
    ns_json_integer(json, "out_of_range", (int64_t)stage->out_of_range);
    ns_json_real(json, "max_steps", stage->max_steps);
    ns_json_real(json, "mean_steps", stage->mean_steps);
    ns_json_integer(json, "saturated", (int64_t)stage->saturated);
    add_worst(json, stage);
    ns_report_bins_json(json, stage->bins, "codes");
    ns_json_array(json, "steps");
    for (int i = 0; i < NS_SWEEP_CODES; i++)
        ns_json_real(json, NULL, stage->steps[i]);
    ns_json_end(json);
    ns_json_end(json);
}

ns_code ns_report_sweep_json(const ns_sweep_result *r, ns_arena *arena, ns_bytes *out, ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, false, 9);
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/sweep/1");
    ns_json_text(&json, "op", r->op);
    ns_json_text(&json, "case", r->name);
    ns_json_text(&json, "target", r->target);
    ns_json_text(&json, "accelerator", r->accelerator);
    ns_json_real(&json, "input_scale", r->input_scale);
    ns_json_real(&json, "output_scale", r->output_scale);
    ns_json_integer(&json, "unpredictable", (int64_t)r->unpredictable);
    ns_json_array(&json, "unpredictable_ranges");
    for (int i = 0; i < r->range_count; i++)
        ns_json_integers(&json, NULL, 2, (const int64_t[]){r->ranges[i].first, r->ranges[i].last});
    ns_json_end(&json);
    if (r->segments) {
        ns_json_object(&json, "table");
        ns_json_integer(&json, "segments", r->segments);
        ns_json_integer(&json, "open", r->open_segments);
        ns_json_integer(&json, "clamped", r->clamped_segments);
        ns_json_integer(&json, "coarse", r->coarse_segments);
        ns_json_end(&json);
    }
    add_stage(&json, "eval", &r->eval);
    add_stage(&json, "npu", &r->npu);
    ns_json_integer(&json, "differences", (int64_t)r->differences);
    ns_json_real(&json, "seconds", r->seconds);
    ns_json_end(&json);
    return ns_json_finish(&json, "the sweep's JSON", out, error);
}
