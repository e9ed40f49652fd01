/* Source: Vela 5.1.0, ethos_u85_register_cs_generator.cpp, function by function the Generate... that has the
 * register's name. */
#include "npu/operations/parts.h"

#include <string.h>

#include "npu/stream/registers.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U85_FIELD_##reg##_##name, (out), error))

const ns_npu_operation_fields ns_npu_fields_u85 = {
    NS_NPU_OPERATION_FIELDS(U85_),
    .weight_base[2] = U85_FIELD_WEIGHT2_BASE_ADDRESS,
    .weight_base[3] = U85_FIELD_WEIGHT3_BASE_ADDRESS,
    .weight_length[2] = U85_FIELD_WEIGHT2_LENGTH_LENGTH,
    .weight_length[3] = U85_FIELD_WEIGHT3_LENGTH_LENGTH,
};

/* Type, place and zero point. A chained map's region register holds the number of a chain buffer, and
 * neither bases nor strides are written for it. */
static ns_code read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields, int64_t storage,
                        ns_npu_map *map, ns_error *error)
{
    NS_TRY(ns_npu_read_precision(machine, fields, map, error));
    switch (storage) {
    case U85_ACTIVATION_STORAGE_TILE2X2:
        NS_TRY(ns_npu_read_map(machine, fields, map, error));
        break;
    case U85_ACTIVATION_STORAGE_CHAINED: {
        int64_t buffer;
        NS_TRY(ns_npu_get(machine, fields->region, &buffer, error));
        map->chain = &machine->chains[buffer];
        break;
    }
    case U85_ACTIVATION_STORAGE_NONE:
        map->unused = true;
        break;
    default:
        return ns_npu_unsupported(machine, error, "%s_PRECISION: storage TILE3X1: no compiler emits it",
                                  fields->name);
    }
    return ns_npu_read_zero_point(machine, fields, map, error);
}

static ns_code read_layout(ns_npu_machine *machine, ns_npu_map *ofm, ns_error *error)
{
    static const int8_t orders[][3] = {
        [U85_ACTIVATION_TRANSPOSE_HWC] = {0, 1, 2}, [U85_ACTIVATION_TRANSPOSE_WHC] = {1, 0, 2},
        [U85_ACTIVATION_TRANSPOSE_HCW] = {0, 2, 1}, [U85_ACTIVATION_TRANSPOSE_WCH] = {1, 2, 0},
        [U85_ACTIVATION_TRANSPOSE_CHW] = {2, 0, 1}, [U85_ACTIVATION_TRANSPOSE_CWH] = {2, 1, 0},
    };
    int64_t transpose, reverse;
    GET(OFM_PRECISION, ACTIVATION_TRANSPOSE, &transpose);
    GET(OFM_PRECISION, ACTIVATION_REVERSE, &reverse);
    ofm->transposed = transpose != U85_ACTIVATION_TRANSPOSE_HWC;
    memcpy(ofm->stored_axis, orders[transpose], sizeof ofm->stored_axis);
    ofm->reversed = reverse != U85_ACTIVATION_REVERSE_NONE;
    ofm->reversed_axis = (int8_t)(reverse - U85_ACTIVATION_REVERSE_H);
    if (ofm->transposed + ofm->reversed + (ofm->chain != NULL) > 1)
        return ns_npu_fault(machine, error,
                            "OFM_PRECISION: transpose, reverse and chaining exclude each other");
    return NS_OK;
}

ns_code ns_npu_ofm_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    int64_t storage;
    GET(OFM_PRECISION, ACTIVATION_STORAGE, &storage);
    NS_TRY(ns_npu_read_ofm_extent(machine, &ns_npu_fields_u85, out, error));
    NS_TRY(read_map(machine, &ns_npu_fields_u85.ofm, storage, &out->ofm, error));
    return read_layout(machine, &out->ofm, error);
}

ns_code ns_npu_ifm_u85(ns_npu_machine *machine, ns_npu_map *map, ns_error *error)
{
    int64_t storage;
    GET(IFM_PRECISION, ACTIVATION_STORAGE, &storage);
    return read_map(machine, &ns_npu_fields_u85.ifm, storage, map, error);
}

ns_code ns_npu_ifm2_u85(ns_npu_machine *machine, ns_npu_map *map, ns_error *error)
{
    int64_t storage;
    GET(IFM2_PRECISION, ACTIVATION_STORAGE, &storage);
    return read_map(machine, &ns_npu_fields_u85.ifm2, storage, map, error);
}

void ns_npu_set_extent(ns_npu_map *map, const ns_npu_map *like)
{
    map->height = like->height;
    map->width = like->width;
    map->depth = like->depth;
}

ns_code ns_npu_broadcast_u85(ns_npu_machine *machine, ns_npu_operation *out, ns_npu_map *map, int64_t mode,
                             ns_error *error)
{
    int64_t scalar;
    ns_npu_set_extent(map, &out->ofm);
    map->broadcast_h = mode & U85_BROADCAST_MODE_H;
    map->broadcast_w = mode & U85_BROADCAST_MODE_W;
    map->broadcast_c = mode & U85_BROADCAST_MODE_C;
    map->scalar = mode == U85_BROADCAST_MODE_SCALAR;
    if (map->scalar != map->unused)
        return ns_npu_fault(machine, error, "%s_BROADCAST and %s_PRECISION's storage disagree on a scalar",
                            map->name, map->name);
    if (!map->scalar)
        return NS_OK;
    map->unused = false;
    GET(OP_SCALAR, SCALAR, &scalar);
    const int spare = 64 - 8 * (map->bytes < 4 ? map->bytes : 4);
    map->scalar_value = map->is_signed ? (int64_t)((uint64_t)scalar << spare) >> spare
                                       : (int64_t)((uint64_t)scalar << spare >> spare);
    return NS_OK;
}
