/* Installation: what makes one Vela another one: the contents of its files. */
#ifndef NS_VELA_INSTALLATION_H
#define NS_VELA_INSTALLATION_H

#include "npuscope/vela.h"

/* A digest of all files below `folders` (`count` paths) but what Python compiled of them: of their names
 * within the folder, and of their bytes. 64 hexadecimal digits in `arena`. */
ns_code ns_vela_installation(const char *const *folders, int count, ns_arena *arena, const char **out,
                             ns_error *error);

#endif
