#include "catalogue/interface.h"

#include "ir/interface.h"
#include "quant/interface.h"

ns_code ns_suite_find_row(const ns_suite_row_name *name, ns_arena *arena, const ns_suite_row **row,
                          ns_error *error)
{
    ns_suite_options options;
    ns_suite_defaults(&options, sizeof options);
    options.catalogue = name->catalogue;
    options.op_count = options.name_count = options.target_count = 1;
    options.ops = &name->op;
    options.names = &name->name;
    options.targets = &name->target;
    options.epsilon = name->epsilon;
    options.per_channel = name->per_channel;
    ns_suite_selection selection;
    NS_TRY(ns_suite_select(&options, arena, &selection, error));
    if (selection.count > 1)
        return ns_fail(error, NS_ERROR_USAGE, "target '%s' is %d accelerators; give one", name->target,
                       selection.count);
    *row = &selection.rows[0];
    return NS_OK;
}

ns_code ns_suite_quantise_row(const ns_suite_row *row, uint64_t seed, ns_arena *arena,
                              ns_aten_program **program, ns_tensor **inputs, ns_error *error)
{
    const ns_quantise_options quantise = {.epsilon = row->settings.epsilon,
                                          .per_channel = row->settings.per_channel};
    ns_case_maker made;
    NS_TRY(ns_case_build(row->operator, row->case_, seed, arena, &made, error));
    NS_TRY(ns_aten_decompose(made.program, arena, program, error));
    if (inputs)
        *inputs = made.inputs;
    return ns_quantise_program(*program, &quantise, 1, made.inputs, error);
}
