/* Runs the catalogue's cases of some operators and reads the rows as data.
 *
 *   suite OPERATOR.. */
#include <npuscope/npuscope.h>
#include <stdio.h>

static void show(const ns_case_result *row)
{
    printf("%-12s %-20s %-4s %s", row->op, row->name, row->target, ns_verdict_text(row->verdict));
    for (int i = 0; i < row->stage_count; i++)
        if (row->stages[i].stage == NS_STAGE_EVAL && row->stages[i].measured)
            printf("  %.1f dB, at most %.2f steps", row->stages[i].sqnr_db, row->stages[i].max_steps);
    printf("%s%s\n", row->reason ? ": " : "", row->reason ? row->reason : "");
}

int main(int argc, char **argv)
{
    ns_error error;
    ns_suite_options options;
    ns_suite_result *result = NULL;
    ns_arena *arena = ns_arena_new();
    ns_suite_defaults(&options, sizeof options);
    options.op_count = argc - 1;
    options.ops = (const char *const *)(argv + 1);
    options.stages = "ideal,quantised,eval"; /* those that need no compiler */
    options.cpu_mask = ns_cpu_detect();
    if (ns_suite_run(&options, arena, &result, &error) != NS_OK)
        return fprintf(stderr, "%s\n", error.message), 2;
    for (int i = 0; i < result->case_count; i++)
        show(&result->cases[i]);
    const int failed = result->counts[NS_VERDICT_FAIL];
    ns_arena_free(arena);
    return failed ? 1 : 0;
}
