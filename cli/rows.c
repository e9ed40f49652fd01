#include "rows.h"

#include <stdio.h>
#include <string.h>

ns_code ns_row_weights(const char *text, int *per_channel, ns_error *error)
{
    *per_channel = !text ? -1 : strcmp(text, "per-channel") == 0;
    if (text && !*per_channel && strcmp(text, "per-tensor") != 0)
        return ns_fail(error, NS_ERROR_USAGE, "--weights '%s' is neither per-channel nor per-tensor", text);
    return NS_OK;
}

ns_code ns_row_seed(int64_t value, uint64_t *seed, ns_error *error)
{
    if (value < 0)
        return ns_fail(error, NS_ERROR_USAGE, "--seed %lld is negative", (long long)value);
    *seed = (uint64_t)value;
    return NS_OK;
}

ns_code ns_row_shard(const char *text, int *shard, int *shards, ns_error *error)
{
    int end = 0;
    *shard = *shards = 0;
    if (text && (sscanf(text, "%d/%d%n", shard, shards, &end) != 2 || text[end] || *shards < 1 ||
                 *shard < 0 || *shard >= *shards))
        return ns_fail(error, NS_ERROR_USAGE, "--shard takes I/N with I from 0 to N - 1, not '%s'", text);
    return NS_OK;
}

ns_code ns_row_select(const ns_row_selection *selection, ns_suite_options *suite, ns_error *error)
{
    ns_suite_defaults(suite, sizeof *suite);
    suite->catalogue = selection->catalogue;
    suite->op_count = selection->ops.count;
    suite->ops = selection->ops.values;
    suite->family_count = selection->families.count;
    suite->families = selection->families.values;
    suite->name_count = selection->cases.count;
    suite->names = selection->cases.values;
    suite->target_count = selection->targets.count;
    suite->targets = selection->targets.values;
    NS_TRY(ns_row_shard(selection->shard, &suite->shard, &suite->shards, error));
    return ns_row_seed(selection->seed, &suite->seed, error);
}
