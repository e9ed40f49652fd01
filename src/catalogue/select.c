#include "catalogue/interface.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "catalogue/internal.h"
#include "ops/operators.h"

/* The tolerances of ExecuTorch's pipelines (EthosUPipelineINTBase in
 * backends/arm/test/tester/test_pipeline.py); no a16w8 test changes them. */
#define HARNESS_ATOL 1e-3
#define HARNESS_RTOL 1e-3

void ns_suite_defaults(ns_suite_options *options, size_t size)
{
    const ns_suite_options defaults = {
        .qtol = NAN, .atol = NAN, .rtol = NAN, .epsilon = NAN, .data_scale = NAN, .per_channel = -1};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
    options->size = size;
}

static ns_code find_stages(const char *text, ns_arena *arena, unsigned *stages, ns_error *error)
{
    /* What Vela says about a row shows by itself where it is not that it compiled. */
    *stages = ((1u << NS_STAGE_COUNT) - 1) & ~(1u << NS_STAGE_VELA);
    if (!text)
        return NS_OK;
    *stages = 0;
    const char *all = text;
    while (text) {
        const char *comma = strchr(text, ',');
        const size_t length = comma ? (size_t)(comma - text) : strlen(text);
        ns_buffer known = {.arena = arena};
        bool found = false;
        for (int i = 0; i < NS_STAGE_COUNT; i++) {
            const char *name = ns_stage_text((ns_stage)i);
            ns_supply_append(&known, name);
            if (strlen(name) == length && memcmp(name, text, length) == 0) {
                *stages |= 1u << i;
                found = true;
            }
        }
        if (!found)
            return ns_supply_unknown("stage", ns_arena_format(arena, "%.*s", (int)length, text), &known,
                                     error);
        text = comma ? comma + 1 : NULL;
    }
    for (int i = 0; i < NS_STAGE_COUNT; i++)
        if (*stages >> i & 1 && ns_stage_reference((ns_stage)i) != (ns_stage)i)
            return NS_OK;
    return ns_fail(error, NS_ERROR_USAGE, "--stages '%s' names no stage that is compared with another", all);
}

static ns_code check_number(const char *name, double value, bool positive, ns_error *error)
{
    if (isnan(value)) /* each case's own */
        return NS_OK;
    if (isinf(value) || value < 0 || (positive && value == 0))
        return ns_fail(error, NS_ERROR_USAGE, "%s must be a finite number %s 0", name,
                       positive ? "above" : "of at least");
    return NS_OK;
}

static double pick(double chosen, double own)
{
    return isnan(chosen) ? own : chosen;
}

static double find_limit(int count, const ns_suite_limit *limits, const char *op)
{
    double value = NAN;
    for (int i = 0; i < count; i++)
        if (!limits[i].op || ns_supply_matches(limits[i].op, op))
            value = limits[i].value;
    return value;
}

/* Limits of each row whose operator has some. */
static ns_code set_limits(const ns_suite_options *options, ns_suite_selection *selection, ns_arena *arena,
                          ns_error *error)
{
    if (options->min_sqnr_count + options->max_steps_count == 0)
        return NS_OK;
    ns_suite_limits *limits = NS_ARENA_ARRAY(arena, (size_t)selection->count, ns_suite_limits);
    if (!limits)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for limits");
    for (int i = 0; i < selection->count; i++) {
        const char *op = ns_suite_row_op(&selection->rows[i]);
        limits[i] = (ns_suite_limits){find_limit(options->min_sqnr_count, options->min_sqnr, op),
                                      find_limit(options->max_steps_count, options->max_steps, op)};
        selection->rows[i].settings.limits = &limits[i];
    }
    return NS_OK;
}

static ns_suite_settings row_settings(const ns_suite_options *options, ns_case_list list,
                                      const ns_catalogue *catalogue, const ns_catalogue_case *entry)
{
    return (ns_suite_settings){
        .qtol = pick(options->qtol, catalogue->qtol[list]),
        .atol = pick(options->atol, HARNESS_ATOL),
        .rtol = pick(options->rtol, HARNESS_RTOL),
        .epsilon = pick(options->epsilon, catalogue->epsilon[list]),
        .per_channel = options->per_channel >= 0 ? options->per_channel != 0 : !entry->per_tensor,
        .data_scale = pick(options->data_scale, 1),
    };
}

static ns_suite_settings given_settings(const ns_suite_options *options, const ns_given_case *given)
{
    return (ns_suite_settings){
        .qtol = pick(options->qtol, pick(given->settings.qtol, NS_EXECUTORCH_QTOL)),
        .atol = pick(options->atol, pick(given->settings.atol, HARNESS_ATOL)),
        .rtol = pick(options->rtol, pick(given->settings.rtol, HARNESS_RTOL)),
        .epsilon = pick(options->epsilon, pick(given->settings.epsilon, NS_EXECUTORCH_EPSILON)),
        .per_channel = options->per_channel >= 0 ? options->per_channel != 0 : given->settings.per_channel,
    };
}

/* Rows while they are counted (NULL) or filled in. */
typedef struct filling {
    const ns_suite_options *options;
    const ns_supply *supply;
    int target_count;
    const ns_suite_target **targets;
    ns_suite_row *rows;
    int count, there_are; /* of the shard, and in all */
} filling;

static bool is_of_shard(const filling *f, const ns_suite_row *row)
{
    const char *const key[] = {ns_suite_row_op(row), ns_suite_row_case(row), row->target->name,
                               row->target->accelerator};
    return ns_shard_takes(f->options->shard, f->options->shards, 4, key);
}

static void add_row(filling *f, const ns_suite_row *row)
{
    f->there_are++;
    if (!is_of_shard(f, row))
        return;
    if (f->rows)
        f->rows[f->count] = *row;
    f->count++;
}

static void fill_catalogue(filling *f)
{
    const ns_suite_options *options = f->options;
    for (int o = 0; o < ns_supply_operators(options); o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        if (!op->catalogue || !ns_supply_wants_operator(options, op->name, op))
            continue;
        for (int c = 0; c < op->catalogue->case_count; c++) {
            const ns_catalogue_case *entry = &op->catalogue->cases[c];
            if (entry->list != f->supply->list ||
                !ns_supply_wants(entry->name, options->name_count, options->names))
                continue;
            for (int t = 0; t < f->target_count; t++)
                add_row(f, &(ns_suite_row){.operator= op,
                                           .case_ = entry,
                                           .target = f->targets[t],
                                           .settings =
                                               row_settings(options, f->supply->list, op->catalogue, entry)});
        }
    }
}

/* What a stream is for stands in it. */
static const ns_suite_target stream_target = {"stream", NS_TARGET_U85, "ethos-u85-128"};

static void add_given(filling *f, const ns_given_case *given, const ns_suite_target *target)
{
    add_row(f, &(ns_suite_row){.files = &given->files,
                               .op = given->op,
                               .stream = given->stream,
                               .target = target,
                               .settings = given_settings(f->options, given)});
}

/* A case that was lowered for a target has rows for accelerators of that target alone; one that names an
 * accelerator a row for that, unless others are selected. */
static void add_given_rows(filling *f, const ns_given_case *given)
{
    const bool bound = given->target || given->settings.has_target;
    const ns_target own = given->target ? given->target->target : given->settings.target;
    if (given->stream)
        add_given(f, given, &stream_target);
    else if (given->files.problem)
        add_given(f, given, f->targets[0]);
    else if (given->target && f->options->target_count == 0)
        add_given(f, given, given->target);
    else
        for (int t = 0; t < f->target_count; t++)
            if (!bound || own == f->targets[t]->target)
                add_given(f, given, f->targets[t]);
}

static void fill_given(filling *f)
{
    const ns_suite_options *options = f->options;
    for (int g = 0; g < f->supply->given_count; g++) {
        const ns_given_case *given = &f->supply->given[g];
        if (ns_supply_wants_operator(options, given->op, ns_aten_find(given->op)) &&
            ns_supply_wants(given->files.name, options->name_count, options->names))
            add_given_rows(f, given);
    }
}

static int fill_rows(filling *f)
{
    f->count = f->there_are = 0;
    if (f->supply->catalogue)
        fill_catalogue(f);
    fill_given(f);
    return f->count;
}

ns_code ns_suite_select(const ns_suite_options *options, ns_arena *arena, ns_suite_selection *selection,
                        ns_error *error)
{
    ns_supply there_is;
    filling f = {.options = options, .supply = &there_is};
    NS_TRY(ns_supply_find(options, arena, &there_is, error));
    selection->catalogue = there_is.catalogue ? ns_case_list_text(there_is.list) : "";
    NS_TRY(ns_supply_check(&there_is, options, arena, error));
    NS_TRY(find_stages(options->stages, arena, &selection->stages, error));
    NS_TRY(ns_suite_targets_find(options, arena, &f.targets, &f.target_count, error));
    NS_TRY(check_number("qtol", options->qtol, false, error));
    NS_TRY(check_number("atol", options->atol, false, error));
    NS_TRY(check_number("rtol", options->rtol, false, error));
    NS_TRY(check_number("epsilon", options->epsilon, true, error));
    NS_TRY(check_number("scale-data", options->data_scale, true, error));
    selection->count = fill_rows(&f);
    if (f.there_are == 0)
        return ns_fail(error, NS_ERROR_USAGE, "no case is left to run: the selection is empty");
    f.rows = selection->rows = NS_ARENA_ARRAY(arena, (size_t)selection->count, ns_suite_row);
    if (!selection->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d rows", selection->count);
    fill_rows(&f);
    return set_limits(options, selection, arena, error);
}
