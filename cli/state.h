/* State: what a model keeps from run to run, in a folder (--state DIR): state<index>.npy each, and
 * state.json. */
#ifndef NS_CLI_STATE_H
#define NS_CLI_STATE_H

#include "formats/npy.h"

/* One variable: its name, and its value with type and shape. */
typedef struct ns_state_item {
    const char *name; /* NULL: none */
    ns_npy value;
} ns_state_item;

/* Reads the values that an earlier run left in `folder` into `items`. *found is false where there are none.
 * NS_ERROR_INPUT: another model's, told by count, types or shapes. */
ns_code ns_state_load(const char *folder, ns_arena *arena, int count, ns_state_item *items, bool *found,
                      ns_error *error);

ns_code ns_state_save(const char *folder, ns_arena *arena, int count, const ns_state_item *items,
                      ns_error *error);

#define NS_ROW_STATE(type, field)                                                                  \
    {                                                                                              \
        0, "state", NS_OPTION_TEXT, "DIR", offsetof(type, field),                                  \
            "folder that the model's variables are taken from, if an\nearlier run left them, and " \
            "written to"                                                                           \
    }

#endif
