/* The targets that a program can be meant for, as far as ExecuTorch's passes tell them apart. */
#ifndef NS_IR_TARGET_H
#define NS_IR_TARGET_H

#include "npuscope/status.h"

typedef enum ns_target {
#define NS_TARGET(name, text, accelerator) NS_TARGET_##name,
#include "ir/target.def"
#undef NS_TARGET
    NS_TARGET_COUNT
} ns_target;

/* "u55" for NS_TARGET_U55, and the accelerators it stands for: "Ethos-U55 and Ethos-U65"; "?" outside the
 * enum. */
const char *ns_target_text(ns_target target);
const char *ns_target_accelerator(ns_target target);

/* The target of a name ("u85"). NS_ERROR_USAGE lists the known ones. */
ns_code ns_target_parse(const char *text, ns_target *target, ns_error *error);

#endif
