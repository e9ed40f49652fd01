/* RESIZE: as op_resize.c, with weights of 1 in all. */
#include "eval/real.h"

ns_code ns_real_resize(ns_eval_call *call, ns_error *error)
{
    ns_resize resize;
    NS_TRY(ns_resize_read(call, &resize, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    if (out->dtype != in->dtype)
        return ns_eval_unsupported_type(out, error);
    const size_t positions = resize.batches * (size_t)(resize.axes[0].out * resize.axes[1].out);
    for (size_t p = 0; p < positions; p++) {
        const ns_resize_place place = ns_resize_place_at(&resize, p);
        const double y = resize.bilinear ? (double)place.dy / (double)resize.axes[0].n : 0;
        const double x = resize.bilinear ? (double)place.dx / (double)resize.axes[1].n : 0;
        for (size_t c = 0; c < resize.channels; c++) {
            double corner[4];
            for (int k = 0; k < 4; k++)
                corner[k] = ns_real_get(in, place.corners[k] + c);
            const double value = resize.bilinear ? corner[0] * (1 - y) * (1 - x) + corner[1] * (1 - y) * x +
                                                       corner[2] * y * (1 - x) + corner[3] * y * x
                                                 : corner[0];
            ns_real_set(out, p * resize.channels + c, value);
        }
    }
    return NS_OK;
}
