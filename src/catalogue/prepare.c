#include "catalogue/prepare.h"

#include "quant/quantise.h"

ns_code ns_suite_find_row(const char *catalogue, const char *op, const char *name, const char *target,
                          double epsilon, int per_channel, ns_arena *arena, const ns_suite_row **row,
                          ns_error *error)
{
    ns_suite_options options = ns_suite_defaults();
    options.catalogue = catalogue;
    options.op_count = options.name_count = options.target_count = 1;
    options.ops = &op;
    options.names = &name;
    options.targets = &target;
    options.epsilon = epsilon;
    options.per_channel = per_channel;
    ns_suite_selection selection;
    NS_TRY(ns_suite_select(&options, arena, &selection, error));
    if (selection.count > 1)
        return ns_fail(error, NS_ERROR_USAGE, "target '%s' is %d accelerators; give one", target,
                       selection.count);
    *row = &selection.rows[0];
    return NS_OK;
}

ns_code ns_suite_quantise_row(const ns_suite_row *row, uint64_t seed, ns_arena *arena,
                              ns_aten_program **program, ns_tensor *inputs, ns_error *error)
{
    const ns_quantise_options quantise = {.epsilon = row->settings.epsilon,
                                          .per_channel = row->settings.per_channel};
    ns_random random = ns_case_random(seed, row->operator->name, row->case_->name);
    ns_aten_program *written = NULL;
    ns_tensor data[NS_CASE_MAX_INPUTS];
    NS_TRY(ns_aten_program_new(arena, &written, error));
    NS_TRY(row->operator->build(row->case_->parameters, &random, written, inputs ? inputs : data, error));
    NS_TRY(ns_aten_decompose(written, arena, program, error));
    return ns_quantise_program(*program, &quantise, 1, inputs ? inputs : data, error);
}
