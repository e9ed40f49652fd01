#include "shared.h"

#include "base/interface.h"
#include "formats/interface.h"
#include "report/interface.h"

static ns_code write_tensor(ns_cli *cli, const char *prefix, const char *kind, int index,
                            const ns_tensor *tensor, ns_error *error)
{
    ns_npy array;
    const char *path = ns_arena_format(cli->arena, "%s%s%d.npy", prefix, kind, index);
    if (!path)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a file's name");
    NS_TRY(ns_npy_from_tensor(tensor, &array, error));
    return ns_npy_save(&array, path, cli->arena, error);
}

ns_code ns_smallest_write(ns_cli *cli, const ns_smallest *smallest, const char *path, const char *prefix,
                          ns_error *error)
{
    NS_TRY(ns_file_write(path, (ns_bytes){smallest->file, smallest->file_size}, error));
    for (int i = 0; i < smallest->input_count; i++)
        NS_TRY(write_tensor(cli, prefix, "in", i, &smallest->inputs[i], error));
    for (int i = 0; i < smallest->output_count; i++)
        NS_TRY(write_tensor(cli, prefix, "out", i, &smallest->outputs[i], error));
    return NS_OK;
}

ns_code ns_smallest_print_departure(ns_cli *cli, const ns_smallest *smallest,
                                    const ns_diagnose_target *target, ns_error *error)
{
    ns_diagnose_compile row = {0};
    const ns_vela_options vela = {.warn = ns_cli_warn};
    const ns_diagnose_compile_options options = {.model = smallest->file,
                                                 .model_size = smallest->file_size,
                                                 .inputs = smallest->inputs,
                                                 .input_count = smallest->input_count,
                                                 .samples = 1,
                                                 .vela = &vela};
    NS_TRY(ns_diagnose_target_run(&options, target, cli->arena, &row, error));
    if (row.departs) /* where Vela dies there is no operation */
        ns_report_diagnose_departure(&row.first_wrong, cli->out);
    return NS_OK;
}
