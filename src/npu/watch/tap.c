#include "npu/watch/internal.h"

#include "npu/memory/internal.h"

static ns_npu_layout layout_of(const ns_npu_map *ofm)
{
    return (ns_npu_layout){
        .chained = ofm->chain != NULL,
        .brick = ofm->brick,
        .element_bytes = ofm->bytes,
        .base = {ofm->base[0], ofm->base[1], ofm->base[2], ofm->base[3]},
        .stride_y = ofm->stride_y,
        .stride_x = ofm->stride_x,
        .stride_c = ofm->stride_c,
        .width0 = ofm->width0,
        .height0 = ofm->height0,
        .height1 = ofm->height1,
    };
}

int64_t ns_npu_layout_address(const ns_npu_layout *layout, int64_t y, int64_t x, int64_t c)
{
    const bool right = x >= layout->width0;
    const int64_t split = right ? layout->height1 : layout->height0;
    const bool lower = y >= split;
    const int64_t bytes = layout->element_bytes;
    x -= right ? layout->width0 : 0;
    y -= lower ? split : 0;
    return layout->base[right + 2 * lower] + y * layout->stride_y +
           (layout->brick ? c / 16 * layout->stride_c + x * 16 * bytes + c % 16 * bytes
                          : x * layout->stride_x + c * bytes);
}

static void write_back(ns_npu_machine *machine, const ns_npu_map *ofm, const ns_tensor *tensor, int64_t *row)
{
    const int64_t count = ofm->width * ofm->depth;
    for (int64_t y = 0; y < ofm->height; y++) {
        for (int64_t i = 0; i < count; i++)
            row[i] = ns_tensor_get(tensor, (size_t)(y * count + i));
        ns_npu_map_write(machine, ofm, &(ns_npu_piece){y, 0, ofm->width}, row, sizeof *row);
    }
}

/* Reads the OFM back and hands it on; `arena` is the operation's own. */
static ns_code hand_on(ns_npu_machine *machine, const ns_npu_operation *operation, int index,
                       int64_t saturated, ns_arena *arena, ns_error *error)
{
    ns_npu_map ofm = ns_npu_map_stored(&operation->ofm);
    ofm.zero_point = 0;
    int64_t shape[3] = {ofm.height, ofm.width, ofm.depth};
    ns_tensor tensor;
    NS_TRY(ns_tensor_new(arena, ns_dtype_of_size(ofm.bytes), 3, shape, &tensor, error));
    int64_t *row = NS_ARENA_ARRAY(arena, (size_t)(ofm.width * ofm.depth), int64_t);
    if (!row)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a row of what operation %d produced", index);
    for (int64_t y = 0; y < ofm.height; y++) {
        ns_npu_map_read_wide(machine, &ofm, &(ns_npu_piece){y, 0, ofm.width}, row);
        size_t start = (size_t)(y * ofm.width * ofm.depth);
        for (size_t i = 0; i < (size_t)(ofm.width * ofm.depth); i++) {
            int unused = 64 - 8 * ofm.bytes;
            ns_tensor_set(&tensor, start + i, (int64_t)((uint64_t)row[i] << unused) >> unused);
        }
    }
    bool store = false;
    const ns_npu_layout layout = layout_of(&ofm);
    ns_npu_tap tap = {
        .operation = index,
        .command = machine->command,
        .word = machine->commands[machine->command].word,
        .name = operation->name,
        .region = ofm.region,
        .address = (uint64_t)ofm.base[0],
        .is_unsigned = !ofm.is_signed,
        .saturated = saturated,
        .data = &tensor,
        .layout = &layout,
        .store = &store,
    };
    NS_TRY(machine->options->tap(machine->options->context, &tap, error));
    if (store)
        write_back(machine, &ofm, &tensor, row);
    return NS_OK;
}

ns_code ns_npu_tap_operation(ns_npu_machine *machine, const ns_npu_operation *operation, int64_t saturated,
                             ns_error *error)
{
    int index = (int)machine->statistics->operations++;
    machine->statistics->saturated += (uint64_t)saturated;
    if (!machine->options->tap || operation->ofm.unused)
        return NS_OK;
    ns_arena *arena = ns_arena_new_within(machine->budget);
    if (!arena)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for what operation %d produced", index);
    ns_code code = hand_on(machine, operation, index, saturated, arena, error);
    ns_arena_free(arena);
    return code;
}
