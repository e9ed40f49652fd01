/* int8: output = table[input + 128]. int16: 128 * base + (next - base) * fraction between the two of 513
 * entries around the input; the slope next - base must fit int16 (REQUIRE in apply_lookup_s). */
#include "eval/call.h"

static ns_code table_i16(ns_eval_call *call, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    const int16_t *table = call->inputs[1]->data, *x = in->data;
    size_t count = ns_tensor_count(in);
    bool steep[512], any = false;
    for (int i = 0; i < 512; i++) {
        int32_t slope = table[i + 1] - table[i];
        steep[i] = slope != (int16_t)slope;
        any = any || steep[i];
    }
    for (size_t i = 0; any && i < count; i++) {
        int index = (x[i] + 32768) >> 7;
        char element[128];
        if (steep[index])
            return ns_fail(
                error, NS_ERROR_UNPREDICTABLE,
                "%s: for input %d the slope from table entry %d (%d) to %d (%d) is %d, outside int16",
                ns_eval_element(in, i, element, sizeof element), x[i], index, table[index], index + 1,
                table[index + 1], table[index + 1] - table[index]);
    }
    call->kernels->table_i16(table, x, call->outputs[0]->data, count);
    return NS_OK;
}

ns_code ns_eval_table(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 2, 2, 1, error));
    const ns_tensor *in = call->inputs[0], *table = call->inputs[1];
    ns_tensor *out = call->outputs[0];
    bool is_wide = in->dtype == NS_DTYPE_INT16;
    if (in->dtype != NS_DTYPE_INT8 && !is_wide)
        return ns_eval_unsupported_type(in, error);
    if (table->dtype != in->dtype || ns_tensor_count(table) != (is_wide ? 513 : 256))
        return ns_eval_bad_shape(table, "the table", error);
    if (out->dtype != (is_wide ? NS_DTYPE_INT32 : NS_DTYPE_INT8) || !ns_shape_equal(in, out))
        return ns_eval_bad_shape(out, "the output", error);
    if (is_wide)
        return table_i16(call, error);
    const int8_t *x = in->data, *values = table->data;
    int8_t *y = out->data;
    size_t count = ns_tensor_count(in);
    for (size_t i = 0; i < count; i++)
        y[i] = values[x[i] + 128];
    return NS_OK;
}
