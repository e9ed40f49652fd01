#include "recorded/interface.h"

#include <math.h>

/* ---- inputs ---- */

/* The same dims but for ones. */
static bool same_dims(int rank_a, const int64_t *a, int rank_b, const int64_t *b)
{
    int j = 0;
    for (int i = 0; i < rank_a; i++) {
        if (a[i] == 1)
            continue;
        while (j < rank_b && b[j] == 1)
            j++;
        if (j == rank_b || b[j++] != a[i])
            return false;
    }
    while (j < rank_b && b[j] == 1)
        j++;
    return j == rank_b;
}

/* int16 is symmetric in ExecuTorch's quantiser (get_symmetric_a16w8_quantization_config: quant_min -32767).
 */
static int64_t quantise(double value, const ns_case_tensor *given, ns_dtype dtype)
{
    const double code = nearbyint(value / given->scale) + (double)given->zero_point;
    const double most = (double)ns_dtype_max(dtype);
    const double least = dtype == NS_DTYPE_INT16 ? -most : (double)ns_dtype_min(dtype);
    return (int64_t)fmin(fmax(code, least), most);
}

static ns_code quantise_all(const ns_case_files *files, const ns_case_tensor *given, const ns_tensor *reals,
                            ns_tensor *out, ns_error *error)
{
    if (!(given->scale > 0))
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s/%s has floats for an input of %s, and no scale is given (case.json: inputs, scale)",
            files->where, given->file, ns_dtype_text(out->dtype));
    for (size_t i = 0; i < ns_tensor_count(reals); i++) {
        const double value = (double)((const float *)reals->data)[i];
        if (isnan(value))
            return ns_fail(error, NS_ERROR_INPUT, "%s/%s: element %zu is no number", files->where,
                           given->file, i);
        ns_tensor_set(out, i, quantise(value, given, out->dtype));
    }
    return NS_OK;
}

ns_code ns_case_input_values(const ns_case_files *files, const ns_case_tensor *given, ns_dtype dtype,
                             int rank, const int64_t *shape, ns_arena *arena, ns_tensor *out, ns_error *error)
{
    bool real = false;
    ns_tensor values;
    char is[128], expected[128];
    NS_TRY(ns_case_is_real(files, given->file, arena, &real, error));
    if (real || dtype == NS_DTYPE_FP32)
        NS_TRY(ns_case_array(files, given->file, arena, &values, error));
    else
        NS_TRY(ns_case_whole(files, given->file, dtype, arena, &values, error));
    if (!same_dims(values.rank, values.shape, rank, shape))
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s is %s; expected %s", files->where, given->file,
                       ns_tensor_describe(&values, is, sizeof is),
                       ns_shape_describe(rank, shape, ns_dtype_text(dtype), expected, sizeof expected));
    NS_TRY(ns_tensor_new(arena, dtype, rank, shape, out, error));
    if (real && dtype != NS_DTYPE_FP32)
        return quantise_all(files, given, &values, out, error);
    out->data = values.data;
    return NS_OK;
}

/* ---- references ---- */

static ns_code check_count(const ns_case_files *files, const char *name, int index, size_t count,
                           const ns_tensor *out, ns_error *error)
{
    if (ns_tensor_count(out) != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s/%s has %zu elements, the program's output %d has %zu",
                       files->where, name, ns_tensor_count(out), index, count);
    return NS_OK;
}

/* `kind`_out<index>.npy, where it is there. */
static ns_code read_floats(const ns_case_files *files, const char *kind, int index, size_t count,
                           ns_arena *arena, ns_tensor *out, ns_error *error)
{
    const char *name = ns_arena_format(arena, "%s_out%d.npy", kind, index);
    if (!name)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
    if (!ns_case_has(files, name))
        return NS_OK;
    NS_TRY(ns_case_array(files, name, arena, out, error));
    return check_count(files, name, index, count, out, error);
}

/* ExecuTorch's runner hands a result [n, h, w, c] on as [n, c, h, w]. */
static ns_code to_channels_last(const ns_tensor *wanted, ns_arena *arena, ns_tensor *values, ns_error *error)
{
    const int64_t *as = wanted->shape, *is = values->shape;
    const bool moved = wanted->rank == 4 && values->rank == 4 && is[0] == as[0] && is[1] == as[3] &&
                       is[2] == as[1] && is[3] == as[2] && !ns_shape_equal(wanted, values);
    if (!moved)
        return NS_OK;
    const ns_tensor logical = *values;
    const int64_t plane = is[2] * is[3];
    NS_TRY(ns_tensor_new(arena, logical.dtype, 4, as, values, error));
    for (size_t i = 0; i < ns_tensor_count(values); i++) {
        const int64_t c = (int64_t)i % as[3], at = (int64_t)i / as[3] % plane, n = (int64_t)i / as[3] / plane;
        ns_tensor_set(values, i, ns_tensor_get(&logical, (size_t)((n * as[3] + c) * plane + at)));
    }
    return NS_OK;
}

static ns_code read_integers(const ns_case_files *files, int output_count, const ns_tensor *outputs,
                             ns_arena *arena, ns_tensor *out, ns_error *error)
{
    if (ns_case_has(files, "delegate1.tosa"))
        return NS_OK;
    bool fits = true;
    for (int o = 0; o <= output_count; o++) {
        const char *name = ns_arena_format(arena, "delegate0_out%d.npy", o);
        if (!name)
            return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for a name", files->where);
        fits = fits && ns_case_has(files, name) == (o < output_count);
        if (!fits || o == output_count)
            break;
        NS_TRY(ns_case_integers(files, name, arena, &out[o], error));
        fits = ns_tensor_count(&out[o]) == ns_tensor_count(&outputs[o]);
        if (fits)
            NS_TRY(to_channels_last(&outputs[o], arena, &out[o], error));
    }
    for (int o = 0; !fits && o < output_count; o++)
        out[o].data = NULL;
    return NS_OK;
}

static ns_code make_room(const ns_case_files *files, int output_count, ns_arena *arena,
                         ns_case_references *out, ns_error *error)
{
    const size_t room = (size_t)output_count;
    *out = (ns_case_references){.floats = NS_ARENA_ARRAY(arena, room, ns_tensor),
                                .quantised = NS_ARENA_ARRAY(arena, room, ns_tensor),
                                .integers = NS_ARENA_ARRAY(arena, room, ns_tensor)};
    return out->floats && out->quantised && out->integers
               ? NS_OK
               : ns_fail(error, NS_ERROR_MEMORY, "%s: no memory for its references", files->where);
}

ns_code ns_case_read_references(const ns_case_files *files, int output_count, const ns_tensor *outputs,
                                ns_arena *arena, ns_case_references *out, ns_error *error)
{
    NS_TRY(make_room(files, output_count, arena, out, error));
    for (int o = 0; o < output_count; o++) {
        NS_TRY(read_floats(files, "float", o, ns_tensor_count(&outputs[o]), arena, &out->floats[o], error));
        NS_TRY(read_floats(files, "quantised", o, ns_tensor_count(&outputs[o]), arena, &out->quantised[o],
                           error));
    }
    return read_integers(files, output_count, outputs, arena, out->integers, error);
}

/* What the model must give: integers, or the floats of a program. */
static ns_code read_expected(const ns_case_files *files, const char *name, ns_arena *arena, ns_tensor *out,
                             ns_error *error)
{
    bool real = false;
    NS_TRY(ns_case_is_real(files, name, arena, &real, error));
    return real ? ns_case_array(files, name, arena, out, error)
                : ns_case_whole(files, name, NS_DTYPE_INT64, arena, out, error);
}

/* A float reference: nothing can be told of a result beside NaN. */
static ns_code read_reals(const ns_case_files *files, const char *name, int index, size_t count,
                          ns_arena *arena, ns_tensor *out, ns_error *error)
{
    NS_TRY(ns_case_array(files, name, arena, out, error));
    NS_TRY(check_count(files, name, index, count, out, error));
    for (size_t i = 0; out->dtype == NS_DTYPE_FP32 && i < count; i++)
        if (isnan(((const float *)out->data)[i]))
            return ns_fail(error, NS_ERROR_INPUT,
                           "%s/%s: element %zu is no number: nothing can be compared with it", files->where,
                           name, i);
    return NS_OK;
}

static ns_code read_named(const ns_case_files *files, const ns_case_tensor *names, int index, size_t count,
                          ns_arena *arena, ns_case_references *out, ns_error *error)
{
    if (names->floats)
        NS_TRY(read_reals(files, names->floats, index, count, arena, &out->floats[index], error));
    if (names->quantised)
        NS_TRY(read_reals(files, names->quantised, index, count, arena, &out->quantised[index], error));
    if (!names->expected)
        return NS_OK;
    NS_TRY(read_expected(files, names->expected, arena, &out->integers[index], error));
    return check_count(files, names->expected, index, count, &out->integers[index], error);
}

ns_code ns_case_read_named_references(const ns_case_files *files, const ns_case_model *model,
                                      int output_count, const size_t *counts, ns_arena *arena,
                                      ns_case_references *out, ns_error *error)
{
    NS_TRY(make_room(files, output_count, arena, out, error));
    if (model->output_count > output_count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %d outputs are described, the model has %d", files->where,
                       model->output_count, output_count);
    for (int o = 0; o < model->output_count; o++)
        NS_TRY(read_named(files, &model->outputs[o], o, counts[o], arena, out, error));
    return NS_OK;
}
