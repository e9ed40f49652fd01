/* Entry: what Vela made of one request, as one file of the cache: sizes, checksum, and the parts. */
#ifndef NS_VELA_ENTRY_H
#define NS_VELA_ENTRY_H

#include "npuscope/vela.h"

/* Fills outcome and results of the request from the bytes. NS_ERROR_INPUT says what is damaged. */
ns_code ns_vela_entry_read(const void *data, size_t size, ns_arena *arena, ns_vela_request *request,
                           ns_error *error);

/* Writes the request's results to `folder`/`name`: to a temporary file, to the disk, and renamed, so that the
 * entry is whole or not there, whatever happens. */
ns_code ns_vela_entry_write(const char *folder, const char *name, const ns_vela_request *request,
                            ns_error *error);

#endif
