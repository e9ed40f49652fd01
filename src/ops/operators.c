#include "ops/operators.h"

#include <string.h>

const ns_aten_operator *const ns_aten_operators[] = {
#define NS_ATEN_OPERATOR(name) &ns_aten_op_##name,
#include "ops/operators.def"
#undef NS_ATEN_OPERATOR
};
enum {
#define NS_ATEN_OPERATOR(name) NUMBER_##name,
#define NS_ATEN_SHORT_LIST SHORT_LIST, NUMBER_LAST_SHORT = SHORT_LIST - 1,
#include "ops/operators.def"
#undef NS_ATEN_SHORT_LIST
#undef NS_ATEN_OPERATOR
};
const int ns_aten_short_list = SHORT_LIST;

const int ns_aten_operator_count = sizeof ns_aten_operators / sizeof ns_aten_operators[0];

static const struct {
    const char *name;
    const ns_aten_operator *op;
} spellings[] = {
#define NS_ATEN_FORM(name)
#define NS_ATEN_SPELLING(name, op) {name, &ns_aten_op_##op},
#include "ops/spellings.def"
#undef NS_ATEN_SPELLING
#undef NS_ATEN_FORM
};

const ns_aten_operator *ns_aten_find(const char *name)
{
    for (int i = 0; i < ns_aten_operator_count; i++)
        if (strcmp(ns_aten_operators[i]->name, name) == 0 || strcmp(ns_aten_operators[i]->aten, name) == 0)
            return ns_aten_operators[i];
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (strcmp(spellings[i].name, name) == 0)
            return spellings[i].op;
    return NULL;
}

/* The same up to the form, as in "aten.pow.": a function of the same name. */
static bool is_near(const char *one, const char *other)
{
    const char *form = strrchr(one, '.');
    const size_t length = form ? (size_t)(form - one) : 0;
    return length > strlen("aten.") && strncmp(one, other, length) == 0 && other[length] == '.';
}

const char *ns_aten_near(const char *name)
{
    for (int i = 0; i < ns_aten_operator_count; i++)
        if (is_near(name, ns_aten_operators[i]->aten))
            return ns_aten_operators[i]->aten;
    return NULL;
}

bool ns_aten_in_place(const char *name)
{
    const char *end = strrchr(name, '.');
    /* What is detached keeps its values. */
    return end && end > name && end[-1] == '_' && strcmp(name, "aten.detach_.default") != 0;
}

const char *ns_aten_names(bool (*holds)(const ns_aten_operator *op), ns_arena *arena)
{
    int left = 0;
    for (int i = 0; i < ns_aten_operator_count; i++)
        left += holds(ns_aten_operators[i]);
    const char *names = "";
    for (int i = 0; names && i < ns_aten_operator_count; i++)
        if (holds(ns_aten_operators[i])) {
            left--;
            names = ns_arena_format(arena, "%s%s%s", names, ns_aten_operators[i]->name,
                                    left > 1    ? ", "
                                    : left == 1 ? " and "
                                                : "");
        }
    return names;
}
