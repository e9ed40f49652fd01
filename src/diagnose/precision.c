/* The precision half: which operator loses it, why, and what mends it. */
#include "npuscope/diagnose.h"

ns_code ns_diagnose_precision_run(const ns_graph *graph, const ns_diagnose_options *options, ns_arena *arena,
                                  ns_diagnose_precision *out, ns_error *error)
{
    (void)graph;
    (void)options;
    (void)arena;
    (void)out;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "the precision half is not there yet: use --no-precision");
}
