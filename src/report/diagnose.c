/* The diagnosis for a screen: the verdict first. */
#include "report/interface.h"

#include <math.h>
#include <string.h>

#include "report/internal.h"

/* Of one that gains nothing by itself: a run with those before it, and with its series, ideal as well. */
static void print_joint_proof(const ns_diagnose_precision *precision, int index, FILE *out)
{
    const ns_diagnose_blame *blame = precision->blame;
    char a[32], b[32];
    int first = index;
    while (first > 0 && blame[first - 1].joint_db == blame[index].joint_db)
        first--;
    fprintf(out, "   proof: this operator%s ideal: %s -> %s against the float model\n",
            first == index && !(index + 1 < precision->blame_count &&
                                blame[index + 1].joint_db == blame[index].joint_db)
                ? " and those above"
                : ", its series and those above",
            ns_diagnose_decibels(first ? blame[first - 1].joint_db : blame[index].now_db, a),
            ns_diagnose_decibels(blame[index].joint_db, b));
}

static void print_blame(const ns_diagnose_precision *precision, int index, FILE *out)
{
    const ns_diagnose_blame *blame = &precision->blame[index];
    const ns_diagnose_stage *stage = &precision->stages[blame->stage];
    char shape[128], a[32], b[32];
    fprintf(out, "%d  %s%s%s   %s %s", index + 1, stage->op, stage->function ? " " : "",
            stage->function ? stage->function : "", stage->output,
            ns_diagnose_shape(stage, shape, sizeof shape));
    if (isfinite(blame->gain_db)) {
        fprintf(out, "   costs %.1f dB%s   alone %s", blame->gain_db, ns_diagnose_company(precision, index),
                ns_diagnose_decibels(stage->alone_db, a));
        if (isfinite(stage->share))
            fprintf(out, ", %.0f%% of the error", 100 * stage->share);
        fprintf(out, "\n   local error %.4g steps (%s)", stage->local_steps,
                ns_diagnose_decibels(stage->local_db, a));
    }
    fprintf(out, "\n   %s\n", blame->why);
    if (*ns_diagnose_formula(stage, shape, sizeof shape))
        fprintf(out, "   function: %s\n", shape);
    for (int i = 0; i < blame->mend_count; i++)
        if (isnan(blame->mends[i].mended_db))
            fprintf(out, "   mend: %s\n", blame->mends[i].text);
        else
            fprintf(out, "   mend: %s; then %s%s\n", blame->mends[i].text,
                    ns_diagnose_decibels(blame->mends[i].mended_db, a),
                    index ? " with those above ideal" : "");
    if (*ns_diagnose_company(precision, index) && isfinite(blame->joint_db))
        print_joint_proof(precision, index, out);
    else if (isfinite(stage->knocked_out_db))
        fprintf(out, "   proof: this operator ideal: %s -> %s against the graph's real-valued self\n",
                ns_diagnose_decibels(precision->against_ideal_db, a),
                ns_diagnose_decibels(stage->knocked_out_db, b));
    if (stage->location && stage->location[0])
        fprintf(out, "   %s%s\n", strncmp(stage->location, "module: ", 8) ? "source: " : "", stage->location);
}

static void print_rest(const ns_diagnose_precision *precision, FILE *out)
{
    const int next = ns_diagnose_next(precision);
    char a[32];
    const int rest = precision->stage_count - precision->blame_count;
    const bool unjudged = precision->verdict == NS_DIAGNOSE_SUSPECT && !precision->blame_count;
    fprintf(out, "%s: %d stage%s", unjudged ? "not judged" : "not to blame", rest, rest == 1 ? "" : "s");
    if (next >= 0 && !unjudged) {
        const ns_diagnose_stage *stage = &precision->stages[next];
        fprintf(out, ", next %s%s%s %s (%.4g steps local, alone %s)", stage->op, stage->function ? " " : "",
                stage->function ? stage->function : "", stage->output, stage->local_steps,
                ns_diagnose_decibels(stage->alone_db, a));
    }
    fputs("\n", out);
}

static void print_distance(const ns_diagnose_precision *precision, FILE *out)
{
    char a[32], b[32], c[32];
    if (isnan(precision->against_float_db)) {
        fputs("against the float model: not known; --reference measures it\n", out);
        return;
    }
    fprintf(out, "%s against the float model: %s", precision->measured ? "measured" : "expected",
            ns_diagnose_decibels(precision->against_float_db, a));
    if (!precision->measured && isfinite(precision->low_db) && isfinite(precision->high_db))
        fprintf(out, " (%.1f to %.1f, estimated)", precision->low_db, precision->high_db);
    if (isnan(precision->limit_db)) {
        fputs("; without the faults below: not known\n", out);
        return;
    }
    if (precision->blame_count)
        fprintf(out, "; %s without the faults below", ns_diagnose_decibels(precision->without_faults_db, b));
    fprintf(out, "; limit %s: weights, constants and inputs, %s\n",
            ns_diagnose_decibels(precision->limit_db, c), precision->measured ? "measured" : "estimated");
    for (int i = 0; precision->measured && i < precision->step_count; i++)
        fprintf(out, "  %-60s %s%s\n", precision->steps[i].name,
                ns_diagnose_decibels(precision->steps[i].db, a),
                precision->steps[i].estimated ? ", estimated" : "");
}

static void print_precision(const ns_diagnose_result *result, FILE *out)
{
    const ns_diagnose_precision *precision = result->precision;
    char a[32], headline[NS_DIAGNOSE_HEADLINE];
    fprintf(out, "verdict: %s\n", ns_diagnose_headline(result, headline));
    print_distance(precision, out);
    if (precision->verdict == NS_DIAGNOSE_WEIGHTS)
        for (int i = 0; i < precision->dither_count && i < 3; i++)
            fprintf(out, "%d  %s %s: %s, estimated\n", i + 1, precision->dither[i].kind,
                    precision->dither[i].tensor, ns_diagnose_decibels(precision->dither[i].db, a));
    for (int i = 0; i < precision->blame_count; i++)
        print_blame(precision, i, out);
    if (*ns_diagnose_all_mends(precision, headline))
        fprintf(out, "%s\n", headline);
    for (int i = 0; i < precision->note_count; i++)
        fprintf(out, "note: %s\n", precision->notes[i]);
    print_rest(precision, out);
}

void ns_report_diagnose_text(const ns_diagnose_result *result, FILE *out)
{
    if (result->part)
        fprintf(out, "%s\n", result->part);
    for (int i = 0; i < result->part_count; i++) {
        fputs(i ? "\n" : "", out);
        ns_report_diagnose_text(&result->parts[i], out);
    }
    if (result->precision)
        print_precision(result, out);
    else if (!result->part_count && ns_diagnose_unjudged(result))
        fprintf(out, "verdict: not judged: %s\n", result->precision_missing);
    else if (result->precision_missing)
        fprintf(out, "precision: did not run: %s\n", result->precision_missing);
    if (result->compile_count)
        ns_report_diagnose_compile_text(result, out);
    else if (result->compile_missing)
        fprintf(out, "compilation: did not run: %s\n", result->compile_missing);
}
