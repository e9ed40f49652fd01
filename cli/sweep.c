/* npuscope sweep: all 65,536 codes of an elementwise operator. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "npuscope/sweep.h"
#include "options.h"
#include "report/sweep.h"
#include "rows.h"

typedef struct sweep_settings {
    const char *target, *catalogue, *stages, *vela, *json;
    int64_t seed;
    double epsilon;
    unsigned cpu_mask;
} sweep_settings;

#define OPTION(field) offsetof(sweep_settings, field)

static const ns_option options[] = {
    {0, "target", NS_OPTION_TEXT, "T", OPTION(target),
     "u55, u85 or an accelerator such as ethos-u55-256 (default: u55)"},
    NS_ROW_CATALOGUE(catalogue),
    {0, "stages", NS_OPTION_TEXT, "LIST", OPTION(stages),
     "eval, or eval,npu (default: both where Vela is found)"},
    NS_ROW_VELA(vela),
    NS_ROW_SEED(seed),
    NS_ROW_EPSILON(epsilon),
    {0, "json", NS_OPTION_TEXT, "FILE", OPTION(json),
     "also write the results, with every code's error, as JSON"},
    NS_ROW_CPU(cpu_mask),
    {0},
};

static void preset(void *settings_)
{
    sweep_settings *settings = settings_;
    settings->epsilon = NAN;
    settings->cpu_mask = ~0u;
    settings->target = "u55";
}

/* True when npu was asked for; *wanted: it is to run if it can. */
static ns_code read_stages(const char *text, bool *asked, bool *wanted, ns_error *error)
{
    *asked = text && strcmp(text, "eval,npu") == 0;
    *wanted = !text || *asked;
    if (text && !*asked && strcmp(text, "eval") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--stages takes eval or eval,npu, not '%s'", text);
    return NS_OK;
}

static ns_code run(ns_cli *cli, void *settings_, int operand_count, char **operands, ns_error *error)
{
    (void)operand_count;
    const sweep_settings *settings = settings_;
    bool asked = false, wanted = false;
    NS_TRY(read_stages(settings->stages, &asked, &wanted, error));
    if (settings->seed < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--seed %lld is negative", (long long)settings->seed);
    ns_vela vela;
    ns_error missing = {0};
    ns_code found = wanted ? ns_vela_find(settings->vela, cli->arena, &vela, &missing) : NS_OK;
    if (found != NS_OK && (asked || found != NS_ERROR_TOOL_MISSING))
        return ns_fail(error, found, "%s", missing.message);
    const ns_sweep_options sweep = {
        .catalogue = settings->catalogue,
        .op = operands[0],
        .name = operands[1],
        .target = settings->target,
        .seed = (uint64_t)settings->seed,
        .epsilon = settings->epsilon,
        .cpu_mask = settings->cpu_mask,
        .vela = wanted && found == NS_OK ? &vela : NULL,
    };
    ns_sweep_result *result = NULL;
    NS_TRY(ns_sweep_run(&sweep, cli->arena, &result, error));
    if (found != NS_OK)
        result->npu.reason = missing.message;
    ns_report_sweep_text(result, cli->out);
    if (settings->json) {
        ns_bytes json;
        NS_TRY(ns_report_sweep_json(result, cli->arena, &json, error));
        NS_TRY(ns_file_write(settings->json, json, error));
    }
    if (asked && result->npu.reason)
        return ns_fail(error, NS_ERROR_MISMATCH, "npu did not run: %s", result->npu.reason);
    if (result->differences)
        return ns_fail(error, NS_ERROR_MISMATCH, "npu differs from eval for %zu codes", result->differences);
    return NS_OK;
}

const ns_subcommand ns_subcommand_sweep = {
    .operands = "OP CASE",
    .operand_min = 2,
    .operand_max = 2,
    .details = "Runs all 65,536 int16 codes of an elementwise operator with one input (exp, gelu,\n"
               "reciprocal) through the evaluator and, where Vela is installed, the NPU, with the scales\n"
               "of a catalogue case, and compares them with exact reals: errors in steps of the output's\n"
               "scale, the worst code, counts by error, codes whose result TOSA leaves open. Exit code 1\n"
               "when the NPU differs from the evaluator.\n",
    .options = options,
    .settings_size = sizeof(sweep_settings),
    .preset = preset,
    .run = run,
};
