/* Walks a TOSA graph as data: its operators with the shape, type and name of their results. Of another model
 * it prints what `npuscope inspect --json` does.
 *
 *   inspect MODEL */
#include <npuscope/npuscope.h>
#include <stdio.h>

static void show_operator(const ns_block *block, const ns_operator *op, int index)
{
    char text[128];
    const ns_graph_tensor *result = &block->tensors[op->outputs[0]];
    printf("%3d  %-12s %s  '%s'\n", index, ns_op_text(op->op),
           ns_tensor_describe(&result->tensor, text, sizeof text), result->name ? result->name : "");
}

static int show_graph(const ns_graph *graph, ns_arena *arena)
{
    ns_error error;
    ns_graph_statistics statistics;
    if (ns_graph_count(graph, arena, &statistics, &error) != NS_OK)
        return fprintf(stderr, "%s\n", error.message), 2;
    printf("TOSA %d.%d, %lld operators, %lld multiply-accumulates, %s\n", graph->version_major,
           graph->version_minor, (long long)statistics.operator_count, (long long)statistics.macs,
           statistics.profiles);
    const ns_block *block = &graph->regions[0].blocks[0];
    for (int i = 0; i < block->operator_count; i++) {
        const ns_op op = block->operators[i].op;
        if (op != NS_OP_CONST && op != NS_OP_CONST_SHAPE)
            show_operator(block, &block->operators[i], i);
    }
    return 0;
}

int main(int argc, char **argv)
{
    ns_error error;
    ns_model *model = NULL;
    const char *text = NULL;
    if (argc != 2)
        return fprintf(stderr, "usage: inspect MODEL\n"), 2;
    if (ns_model_open(argv[1], NS_ACCELERATOR_UNKNOWN, NULL, &model, &error) != NS_OK)
        return fprintf(stderr, "%s\n", error.message), 2;
    ns_arena *arena = ns_arena_new();
    int status = 0;
    if (ns_model_graph(model))
        status = show_graph(ns_model_graph(model), arena);
    else if (ns_model_inspect(model, true, arena, &text, &error) == NS_OK)
        fputs(text, stdout);
    else
        status = fprintf(stderr, "%s\n", error.message) < 0 ? 4 : 2;
    ns_arena_free(arena);
    ns_model_free(model);
    return status;
}
