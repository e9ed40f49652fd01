#include "npu/operations/parts.h"

#include "npu/stream/registers.h"

/* Reads a field into an int64_t. */
#define GET(reg, name, out) NS_TRY(ns_npu_get(machine, U55_FIELD_##reg##_##name, (out), error))

const ns_npu_operation_fields ns_npu_fields_u55 = {NS_NPU_OPERATION_FIELDS(U55_)};

static ns_code read_precision(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                              ns_error *error)
{
    NS_TRY(ns_npu_read_precision(machine, fields, map, error));
    if (map->bytes > 4)
        return ns_npu_fault(machine, error, "%s_PRECISION: 64-bit elements exist on Ethos-U85 only",
                            map->name);
    return NS_OK;
}

static ns_code read_map(ns_npu_machine *machine, const ns_npu_map_fields *fields, ns_npu_map *map,
                        ns_error *error)
{
    NS_TRY(ns_npu_read_map(machine, fields, map, error));
    return ns_npu_read_zero_point(machine, fields, map, error);
}

ns_code ns_npu_maps_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    const ns_npu_operation_fields *fields = &ns_npu_fields_u55;
    NS_TRY(read_precision(machine, &fields->ofm, &out->ofm, error));
    NS_TRY(ns_npu_read_ofm_extent(machine, fields, out, error));
    NS_TRY(read_map(machine, &fields->ofm, &out->ofm, error));
    NS_TRY(read_precision(machine, &fields->ifm, &out->ifm, error));
    NS_TRY(ns_npu_read_ifm_depth(machine, fields, out, error));
    return read_map(machine, &fields->ifm, &out->ifm, error);
}

ns_code ns_npu_ifm2_u55(ns_npu_machine *machine, ns_npu_operation *out, ns_error *error)
{
    const ns_npu_map_fields *fields = &ns_npu_fields_u55.ifm2;
    int64_t value;
    ns_npu_map *map = &out->ifm2;
    out->has_ifm2 = true;
    NS_TRY(read_precision(machine, fields, map, error));
    map->height = out->ofm.height;
    map->width = out->ofm.width;
    map->depth = out->ofm.depth;
    GET(IFM2_BROADCAST, OPERAND_ORDER, &value);
    out->ifm2_is_a = value == U55_IFM2_OPERAND_ORDER_ORDER_A;
    GET(IFM2_BROADCAST, BROADCAST_CONSTANT, &value);
    map->scalar = value == U55_BROADCAST_MODE_ENABLE;
    if (map->scalar) {
        GET(IFM2_SCALAR, SCALAR, &value);
        map->scalar_value = map->is_signed ? value : value & 0xffff;
        return ns_npu_read_zero_point(machine, fields, map, error);
    }
    GET(IFM2_BROADCAST, BROADCAST_H, &value);
    map->broadcast_h = value == U55_BROADCAST_MODE_ENABLE;
    GET(IFM2_BROADCAST, BROADCAST_W, &value);
    map->broadcast_w = value == U55_BROADCAST_MODE_ENABLE;
    GET(IFM2_BROADCAST, BROADCAST_C, &value);
    map->broadcast_c = value == U55_BROADCAST_MODE_ENABLE;
    return read_map(machine, fields, map, error);
}
