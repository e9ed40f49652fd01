/* npuscope operators: what is known about each ATen operator, as a Markdown table. docs/operators.md is this.
 */
#include <limits.h>
#include <math.h>

#include "base/system.h"
#include "ops/cases.h"
#include "ops/operators.h"
#include "options.h"

static const char *const annotations[] = {
    [NS_ANNOTATION_UNKNOWN] = "not known",
    [NS_ANNOTATION_OWN] = "own",
    [NS_ANNOTATION_SHARED] = "shared",
    [NS_ANNOTATION_RESULT_AS_OPERAND] = "result as operand",
    [NS_ANNOTATION_OPERANDS_ALIKE] = "operands alike",
    [NS_ANNOTATION_FLOAT] = "float",
    [NS_ANNOTATION_NONE] = "none",
};

static const char *known(bool is_known, const char *text)
{
    return is_known ? text : "not known";
}

static const char *text_of_partitioner(const ns_aten_operator *op)
{
    if (op->decompose)
        return "its parts'";
    return known(op->supported, op->supported == ns_supported_always ? "always" : "by rule");
}

static const char *text_of_derivative(const ns_aten_operator *op)
{
    if (op->decompose)
        return "its parts'";
    return known(op->term_kind != NS_TERMS_UNKNOWN,
                 op->term_kind == NS_TERMS_SUM ? "sum of products" : "function");
}

static void print_parameters(const ns_aten_operator *op, FILE *out)
{
    static const char *const types[] = {[NS_ATEN_TENSOR] = "tensor",   [NS_ATEN_OPTIONAL_TENSOR] = "tensor?",
                                        [NS_ATEN_TENSORS] = "tensors", [NS_ATEN_INT] = "int",
                                        [NS_ATEN_BOOL] = "bool",       [NS_ATEN_REAL] = "real",
                                        [NS_ATEN_INTS] = "ints",       [NS_ATEN_CHOICE] = "word"};
    for (int p = 0; p < op->parameter_count; p++)
        fprintf(out, "%s%s %s", p ? ", " : "", op->parameters[p].name, types[op->parameters[p].type]);
}

/* How many there are, and the tolerance and the least scale that they have. */
static void print_cases(const ns_aten_operator *op, ns_case_list list, FILE *out)
{
    int count = 0;
    for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++)
        count += op->catalogue->cases[c].list == list;
    if (count)
        fprintf(out, " %d, %g, 2^%d |", count, op->catalogue->qtol[list],
                ilogb(op->catalogue->epsilon[list]));
    else
        fputs(" 0 |", out);
}

static void print_row(const ns_aten_operator *op, FILE *out)
{
    fprintf(out, "| %s | `%s` | ", op->name, op->aten);
    print_parameters(op, out);
    fprintf(out, " | %s | %s | %s | %s | %s | %s | %s |", known(op->exact && op->float32, "exact, float32"),
            op->decompose ? "its parts'" : annotations[op->annotation],
            known(op->decompose || op->lower, op->decompose ? "decomposed" : "lowered"),
            text_of_partitioner(op), op->decompose ? "its parts'" : known(op->bound && op->terms, "known"),
            text_of_derivative(op), op->sweepable ? "yes" : "no");
    for (int list = 0; list < NS_LIST_COUNT; list++)
        print_cases(op, (ns_case_list)list, out);
    fputs("\n", out);
}

/* Whether one of the patterns names it; without any, all are meant. */
static bool is_meant(const ns_aten_operator *op, int count, char **patterns)
{
    bool meant = count == 0;
    for (int i = 0; i < count; i++)
        meant = meant || fnmatch(patterns[i], op->name, 0) == 0;
    return meant;
}

static ns_code check_patterns(int count, char **patterns, ns_error *error)
{
    for (int p = 0; p < count; p++) {
        bool known = false;
        for (int i = 0; i < ns_aten_operator_count; i++)
            known = known || is_meant(ns_aten_operators[i], 1, &patterns[p]);
        if (!known)
            return ns_fail(error, NS_ERROR_USAGE,
                           "no operator is called '%s' (npuscope operators lists them)", patterns[p]);
    }
    return NS_OK;
}

/* Within the columns of a terminal. */
static void print_short(int count, char **patterns, FILE *out)
{
    fprintf(out, "%-28s %-10s %-11s %-9s %6s %10s\n", "operator", "lowering", "partitioner", "all codes",
            "cases", "executorch");
    for (int i = 0; i < ns_aten_operator_count; i++) {
        const ns_aten_operator *op = ns_aten_operators[i];
        int counts[NS_LIST_COUNT] = {0};
        if (!is_meant(op, count, patterns))
            continue;
        for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++)
            counts[op->catalogue->cases[c].list]++;
        fprintf(out, "%-28s %-10s %-11s %-9s %6d %10d\n", op->name,
                known(op->decompose || op->lower, op->decompose ? "decomposed" : "lowered"),
                text_of_partitioner(op), op->sweepable ? "yes" : "no", counts[NS_LIST_SEED],
                counts[NS_LIST_EXECUTORCH]);
    }
    fputs("In a pipe: a Markdown table with parameters, scales, bounds and tolerances too.\n", out);
}

static ns_code run(ns_cli *cli, void *settings, int operand_count, char **operands, ns_error *error)
{
    (void)settings;
    NS_TRY(check_patterns(operand_count, operands, error));
    if (cli->columns) {
        print_short(operand_count, operands, cli->out);
        return NS_OK;
    }
    fputs("| operator | ATen | parameters | meaning | scales | lowering | partitioner | error bound | "
          "derivative | "
          "all codes |",
          cli->out);
    for (int list = 0; list < NS_LIST_COUNT; list++)
        fprintf(cli->out, " %s: cases, qtol, least scale |", ns_case_list_text((ns_case_list)list));
    fputs("\n|---|---|---|---|---|---|---|---|---|---|", cli->out);
    for (int list = 0; list < NS_LIST_COUNT; list++)
        fputs("---|", cli->out);
    fputs("\n", cli->out);
    for (int i = 0; i < ns_aten_operator_count; i++)
        if (is_meant(ns_aten_operators[i], operand_count, operands))
            print_row(ns_aten_operators[i], cli->out);
    return NS_OK;
}

static const ns_option options[] = {{0}};

const ns_subcommand ns_subcommand_operators = {
    .operands = "[OP..]",
    .operand_min = 0,
    .operand_max = INT_MAX,
    .details = "Prints, where standard output is no terminal, a Markdown table with a row for each ATen "
               "operator: its parameters, whether its\n"
               "exact and its float32 meaning are known, how ExecuTorch gives it scales, whether it is\n"
               "lowered or decomposed, when the partitioner keeps it off a target, whether its error\n"
               "bound and its derivative are known, whether all codes can be swept, and the cases that\n"
               "the suite has: how many, their tolerance in steps, their least scale. On a terminal: the\n"
               "main columns. OP: those alone, patterns too.\n",
    .options = options,
    .unlimited = true,
    .settings_size = 0,
    .run = run,
};
