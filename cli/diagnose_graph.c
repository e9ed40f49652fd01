/* npuscope diagnose: a graph, both halves, and its mends. */
#include "base/file.h"
#include "diagnose.h"
#include "npuscope/cpu.h"

void ns_diagnose_set_options(const ns_diagnose_settings *settings, ns_diagnose_options *asked)
{
    asked->cpu_mask = ns_cpu_detect() & settings->cpu_mask;
    asked->threads = (int)settings->threads;
}

ns_code ns_diagnose_halves(ns_cli *cli, const ns_diagnose_settings *settings, const ns_graph *graph,
                           ns_bytes bytes, const ns_diagnose_options *asked, ns_diagnose_result *result,
                           ns_error *error)
{
    ns_diagnose_precision *precision = NS_ARENA_NEW(cli->arena, ns_diagnose_precision);
    if (!precision)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a diagnosis");
    if (!settings->no_precision) {
        NS_TRY(ns_diagnose_precision_run(graph, asked, cli->arena, precision, error));
        result->precision = precision;
    }
    return settings->no_compile
               ? NS_OK
               : ns_diagnose_compile_model(cli, settings, asked, bytes.data, bytes.size, result, error);
}

ns_code ns_diagnose_apply_mends(ns_cli *cli, const ns_diagnose_settings *settings, ns_graph *graph,
                                const ns_diagnose_options *asked, const ns_diagnose_precision *before,
                                ns_error *error)
{
    int applied = 0;
    ns_diagnose_precision after;
    ns_bytes bytes;
    const void *data = NULL;
    NS_TRY(ns_diagnose_apply(graph, asked, before, &applied, error));
    if (!applied)
        return ns_fail(error, NS_ERROR_UNSUPPORTED,
                       "--apply: none of the mends can be written into the graph");
    NS_TRY(ns_diagnose_precision_run(graph, asked, cli->arena, &after, error));
    NS_TRY(ns_graph_write(graph, cli->arena, &data, &bytes.size, error));
    bytes.data = data;
    NS_TRY(ns_file_write(settings->apply, bytes, error));
    fprintf(stderr, "%s: %d table%s mended: %.1f dB against float, was %.1f; verdict: %s\n", settings->apply,
            applied, applied == 1 ? "" : "s", after.against_float_db, before->against_float_db,
            ns_diagnose_verdict_text(after.verdict));
    return NS_OK;
}
