#include "ir/operator.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ns_code ns_aten_rounded(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                        ns_error *error)
{
    /* ns_aten_evaluate rounds every result of this mode to float32. */
    return node->op->exact(node, operands, out, error);
}

const char *ns_aten_text(const ns_aten_node *node)
{
    return node->kind == NS_ATEN_CALL    ? node->op->aten
           : node->kind == NS_ATEN_INPUT ? "placeholder"
                                         : "get_attr";
}

bool ns_aten_decomposes(const ns_aten_program *program, const ns_aten_node *node)
{
    return node->op->decompose && (!node->op->decomposes || node->op->decomposes(program, node));
}

ns_code ns_supported_always(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                            ns_error *error)
{
    (void)program;
    (void)node;
    (void)target;
    (void)error;
    return NS_OK;
}

ns_code ns_keep_off(const ns_aten_node *node, ns_target target, ns_error *error, const char *format, ...)
{
    char reason[256];
    va_list list;
    va_start(list, format);
    vsnprintf(reason, sizeof reason, format, list);
    va_end(list);
    const char *dot = strchr(node->op->aten, '.'), *start = dot ? dot + 1 : node->op->aten;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s: ExecuTorch keeps %.*s off %s: %s", node->name,
                   (int)strcspn(start, "."), start, ns_target_accelerator(target), reason);
}
