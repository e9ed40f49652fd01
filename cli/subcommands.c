#include "shared.h"

#include <string.h>

#define NS_SUBCOMMAND(name, summary) extern const ns_subcommand ns_subcommand_##name;
#include "subcommands.def"
#undef NS_SUBCOMMAND

static const struct {
    char name[16];
    const char *summary;
    const ns_subcommand *subcommand;
} subcommands[] = {
#define NS_SUBCOMMAND(name, summary) {#name, summary, &ns_subcommand_##name},
#include "subcommands.def"
#undef NS_SUBCOMMAND
};

/* Dashes for underscores. */
static void type_name(const char *name, char typed[16])
{
    for (size_t i = 0; i < 16; i++)
        typed[i] = name[i] == '_' ? '-' : name[i];
}

bool ns_subcommand_at(int index, ns_subcommand_entry *out)
{
    if (index < 0 || (size_t)index >= sizeof subcommands / sizeof subcommands[0])
        return false;
    *out = (ns_subcommand_entry){.summary = subcommands[index].summary,
                                 .subcommand = subcommands[index].subcommand};
    type_name(subcommands[index].name, out->name);
    return true;
}

bool ns_subcommand_find(const char *name, ns_subcommand_entry *out)
{
    for (int i = 0; ns_subcommand_at(i, out); i++)
        if (strcmp(name, out->name) == 0)
            return true;
    return false;
}

const ns_option *ns_subcommand_shared(const ns_subcommand *subcommand)
{
    return subcommand->unlimited ? NULL : ns_budget_options;
}
