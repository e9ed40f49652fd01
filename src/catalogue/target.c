#include "catalogue/target.h"

#include <stddef.h>
#include <string.h>

const ns_suite_target ns_suite_targets[] = {
#define NS_ACCELERATOR(text, target, accelerator) {text, NS_TARGET_##target, accelerator},
#include "catalogue/accelerators.def"
#undef NS_ACCELERATOR
};
const int ns_suite_target_count = sizeof ns_suite_targets / sizeof ns_suite_targets[0];

const ns_suite_target *ns_suite_target_find(const char *name)
{
    for (int i = 0; i < ns_suite_target_count; i++)
        if (strcmp(ns_suite_targets[i].name, name) == 0)
            return &ns_suite_targets[i];
    return NULL;
}
