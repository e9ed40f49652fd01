/* What the hand-written loops of RESCALE share: which of its bodies a row needs, and the table of rows. The
 * file that includes this defines `body`, and `row`, which may take a part of the row itself before
 * rescale_rest; or, with RESCALE_ROW_ONLY, `row` alone. */
#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Types as in ns_rescale_rows. */
enum { I8, I16, I32, I48 };

/* One row, as ns_rescale_row takes it. */
typedef struct rescale_row {
    const ns_rescale *rescale;
    const void *in;
    const int32_t *multiplier;
    const int8_t *shift;
    int step;
    void *out;
    size_t count;
} rescale_row;

ALWAYS bool row(rescale_row row, const int in_type, const int out_type);

#ifndef RESCALE_ROW_ONLY

/* What the compiler knows of a row. */
typedef struct rescale_kind {
    int in_type, out_type, step;
    bool is_wide, is_double, check;
} rescale_kind;

ALWAYS bool body(const rescale_row *r, const rescale_kind kind);

/* Which checks a row needs. |value| < 2^17 for 8 and 16 bits and <= 2^31 for 32: `wide` values fit a shift of
 * at least 18 or 32, and their results then lie within 2^17 * 2^31 / 2^18 = 2^30 or 2^31 * 2^31 / 2^32 = 2^30
 * (and one for rounding), so that a zero point below 2^17 keeps them in int32. */
ALWAYS bool all_fit(const rescale_row *r, const int in_type)
{
    if (in_type == I48 || !r->rescale->wide)
        return false;
    const int least = in_type == I32 ? 32 : 18;
    for (size_t i = 0; i < (r->step ? r->count : 1); i++)
        if (r->shift[i] < least)
            return false;
    return true;
}

ALWAYS bool rescale_rest(const rescale_row *row, const int in_type, const int out_type)
{
    const ns_rescale *r = row->rescale;
    const int step = row->step;
#define BODY(STEP, WIDE, DOUBLE, CHECK) \
    body(row, (rescale_kind){in_type, out_type, STEP, WIDE, DOUBLE, CHECK})
    if (in_type != I48 && all_fit(row, in_type)) {
        if (r->double_round)
            return step ? BODY(1, true, true, false) : BODY(0, true, true, false);
        return step ? BODY(1, true, false, false) : BODY(0, true, false, false);
    }
    if (in_type != I48 && r->wide)
        return step ? BODY(1, true, r->double_round, true) : BODY(0, true, r->double_round, true);
    return step ? BODY(1, false, false, true) : BODY(0, false, false, true);
#undef BODY
}

#endif

#define ROW(IN, OUT)                                                                                   \
    static bool row_##IN##_##OUT(const ns_rescale *rescale, const void *in, const int32_t *multiplier, \
                                 const int8_t *shift, int step, void *out, size_t count)               \
    {                                                                                                  \
        return row((rescale_row){rescale, in, multiplier, shift, step, out, count}, I##IN, I##OUT);    \
    }

NS_RESCALE_TYPES(ROW)
#undef ROW
