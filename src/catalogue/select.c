#include "catalogue/select.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "catalogue/given.h"
#include "ops/operators.h"

/* The tolerances of ExecuTorch's pipelines (EthosUPipelineINTBase in
 * backends/arm/test/tester/test_pipeline.py); no a16w8 test changes them. */
#define HARNESS_ATOL 1e-3
#define HARNESS_RTOL 1e-3

ns_suite_options ns_suite_defaults(void)
{
    return (ns_suite_options){
        .qtol = NAN, .atol = NAN, .rtol = NAN, .epsilon = NAN, .data_scale = NAN, .per_channel = -1};
}

/* A name itself comes before what it is as a pattern: names have brackets. */
static bool matches(const char *pattern, const char *name)
{
    return strcmp(pattern, name) == 0 || fnmatch(pattern, name, 0) == 0;
}

static bool wanted(const char *name, int count, const char *const *patterns)
{
    for (int i = 0; i < count; i++)
        if (matches(patterns[i], name))
            return true;
    return count == 0;
}

/* Whether the operator is selected; without a selection the first ones are. NULL: a case of one's own of
 * none. */
static bool wanted_operator(const ns_suite_options *options, const char *name, const ns_aten_operator *op)
{
    if (!wanted(name, options->op_count, options->ops))
        return false;
    if (options->family_count == 0)
        return true;
    return op && op->catalogue &&
           wanted(ns_case_family_text(op->catalogue->family), options->family_count, options->families);
}

/* Operators that a selection without any leaves. */
static int operator_limit(const ns_suite_options *options)
{
    const bool chosen =
        options->op_count || options->family_count || options->name_count ||
        (options->catalogue && strcmp(options->catalogue, ns_case_list_text(NS_LIST_SEED)) != 0);
    return chosen ? ns_aten_operator_count : ns_aten_short_list;
}

/* Adds an entry to a comma-separated list in a message. */
static void append_name(ns_buffer *buffer, const char *text)
{
    ns_buffer_format(buffer, "%s%s", buffer->size ? ", " : "", text);
}

static const char *finish(ns_buffer *buffer)
{
    ns_buffer_append(buffer, "", 1);
    return buffer->failed ? "(out of memory)" : (const char *)buffer->data;
}

static ns_code unknown(const char *what, const char *name, ns_buffer *known, ns_error *error)
{
    return ns_fail(error, NS_ERROR_USAGE, "unknown %s '%s'; there are: %s", what, name, finish(known));
}

static ns_code find_list(const char *name, ns_arena *arena, ns_case_list *list, ns_error *error)
{
    ns_buffer known = {.arena = arena};
    for (int i = 0; i < NS_LIST_COUNT; i++) {
        if (!name || strcmp(name, ns_case_list_text((ns_case_list)i)) == 0) {
            *list = (ns_case_list)i;
            return NS_OK;
        }
        append_name(&known, ns_case_list_text((ns_case_list)i));
    }
    return unknown("catalogue", name, &known, error);
}

/* What there is to select from. */
typedef struct supply {
    bool catalogue; /* the cases of `list` */
    ns_case_list list;
    int given_count;
    const ns_given_case *given;
} supply;

static bool has_cases(const ns_aten_operator *op, ns_case_list list)
{
    for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++)
        if (op->catalogue->cases[c].list == list)
            return true;
    return false;
}

/* Whether some operator matches; adds all to `known`. */
static bool find_op(const supply *s, const char *pattern, ns_buffer *known)
{
    bool found = false;
    for (int o = 0; s->catalogue && o < ns_aten_operator_count; o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        if (!has_cases(op, s->list))
            continue;
        found = found || matches(pattern, op->name);
        append_name(known, op->name);
    }
    for (int i = 0; i < s->given_count; i++) {
        found = found || matches(pattern, s->given[i].op);
        if (i == 0 || strcmp(s->given[i - 1].op, s->given[i].op) != 0)
            append_name(known, s->given[i].op);
    }
    return found;
}

static ns_code check_ops(const ns_suite_options *options, const supply *s, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < options->op_count; i++) {
        ns_buffer known = {.arena = arena};
        if (!find_op(s, options->ops[i], &known))
            return unknown("operator", options->ops[i], &known, error);
    }
    return NS_OK;
}

static ns_code check_families(const ns_suite_options *options, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < options->family_count; i++) {
        ns_buffer known = {.arena = arena};
        bool found = false;
        for (ns_case_family f = 0; f < NS_CASE_FAMILY_COUNT; f++) {
            found = found || matches(options->families[i], ns_case_family_text(f));
            append_name(&known, ns_case_family_text(f));
        }
        if (!found)
            return unknown("family", options->families[i], &known, error);
    }
    return NS_OK;
}

/* Whether a case matches in the list of an operator's cases; adds them to `known`. */
static bool find_case(const ns_aten_operator *op, ns_case_list list, const char *pattern, ns_buffer *known)
{
    bool found = false;
    for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++) {
        const ns_catalogue_case *entry = &op->catalogue->cases[c];
        if (entry->list != list)
            continue;
        found = found || matches(pattern, entry->name);
        ns_buffer_format(known, "%s%s %s", known->size ? ", " : "", op->name, entry->name);
    }
    return found;
}

/* Every selected case must exist in one of the selected operators. */
static ns_code check_names(const ns_suite_options *options, const supply *s, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < options->name_count; i++) {
        ns_buffer known = {.arena = arena};
        bool found = false;
        for (int o = 0; s->catalogue && o < ns_aten_operator_count; o++)
            if (wanted_operator(options, ns_aten_operators[o]->name, ns_aten_operators[o]))
                found = find_case(ns_aten_operators[o], s->list, options->names[i], &known) || found;
        for (int g = 0; g < s->given_count; g++) {
            if (!wanted_operator(options, s->given[g].op, ns_aten_find(s->given[g].op)))
                continue;
            found = found || matches(options->names[i], s->given[g].files.name);
            ns_buffer_format(&known, "%s%s", known.size ? ", " : "", s->given[g].files.name);
        }
        if (!found)
            return unknown("case", options->names[i], &known, error);
    }
    return NS_OK;
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
            append_name(&known, name);
            if (strlen(name) == length && memcmp(name, text, length) == 0) {
                *stages |= 1u << i;
                found = true;
            }
        }
        if (!found)
            return unknown("stage", ns_arena_format(arena, "%.*s", (int)length, text), &known, error);
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
        if (!limits[i].op || matches(limits[i].op, op))
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
    const supply *supply;
    int target_count;
    const ns_suite_target **targets;
    ns_suite_row *rows;
    int count;
} filling;

static void add_row(filling *f, const ns_suite_row *row)
{
    if (f->rows)
        f->rows[f->count] = *row;
    f->count++;
}

static void fill_catalogue(filling *f)
{
    const ns_suite_options *options = f->options;
    for (int o = 0; o < operator_limit(options); o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        if (!op->catalogue || !wanted_operator(options, op->name, op))
            continue;
        for (int c = 0; c < op->catalogue->case_count; c++) {
            const ns_catalogue_case *entry = &op->catalogue->cases[c];
            if (entry->list != f->supply->list || !wanted(entry->name, options->name_count, options->names))
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
        if (wanted_operator(options, given->op, ns_aten_find(given->op)) &&
            wanted(given->files.name, options->name_count, options->names))
            add_given_rows(f, given);
    }
}

static int fill_rows(filling *f)
{
    f->count = 0;
    if (f->supply->catalogue)
        fill_catalogue(f);
    fill_given(f);
    return f->count;
}

/* Cases of one's own stand alone unless a catalogue is asked for beside them. */
static ns_code find_supply(const ns_suite_options *options, ns_arena *arena, supply *s, ns_error *error)
{
    *s = (supply){.catalogue = options->catalogue || options->case_path_count == 0};
    NS_TRY(find_list(options->catalogue, arena, &s->list, error));
    return ns_given_find(options->case_path_count, options->case_paths, arena, &s->given, &s->given_count,
                         error);
}

ns_code ns_suite_select(const ns_suite_options *options, ns_arena *arena, ns_suite_selection *selection,
                        ns_error *error)
{
    supply there_is;
    filling f = {.options = options, .supply = &there_is};
    NS_TRY(find_supply(options, arena, &there_is, error));
    selection->catalogue = there_is.catalogue ? ns_case_list_text(there_is.list) : "";
    NS_TRY(check_ops(options, &there_is, arena, error));
    NS_TRY(check_families(options, arena, error));
    NS_TRY(check_names(options, &there_is, arena, error));
    NS_TRY(find_stages(options->stages, arena, &selection->stages, error));
    NS_TRY(ns_suite_targets_find(options, arena, &f.targets, &f.target_count, error));
    NS_TRY(check_number("qtol", options->qtol, false, error));
    NS_TRY(check_number("atol", options->atol, false, error));
    NS_TRY(check_number("rtol", options->rtol, false, error));
    NS_TRY(check_number("epsilon", options->epsilon, true, error));
    NS_TRY(check_number("scale-data", options->data_scale, true, error));
    selection->count = fill_rows(&f);
    if (selection->count == 0)
        return ns_fail(error, NS_ERROR_USAGE, "no case is left to run: the selection is empty");
    f.rows = selection->rows = NS_ARENA_ARRAY(arena, (size_t)selection->count, ns_suite_row);
    if (!selection->rows)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for %d rows", selection->count);
    fill_rows(&f);
    return set_limits(options, selection, arena, error);
}
