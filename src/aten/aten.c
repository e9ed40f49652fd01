#include "aten/aten.h"

const char *ns_aten_op_text(ns_aten_op op)
{
    static const char *const texts[NS_ATEN_COUNT] = {
#define NS_ATEN_OPERATOR(name, text, inputs) [NS_ATEN_##name] = text,
#include "aten/operators.def"
#undef NS_ATEN_OPERATOR
    };
    return (unsigned)op < NS_ATEN_COUNT ? texts[op] : "?";
}
