#include "lower/internal.h"

#include <string.h>

ns_layout ns_layout_own(int rank)
{
    ns_layout layout = {.rank = rank};
    for (int i = 0; i < rank; i++)
        layout.axes[i] = i;
    return layout;
}

ns_layout ns_layout_bare(const ns_layout *layout)
{
    ns_layout bare = {0};
    for (int i = 0; i < layout->rank; i++)
        if (layout->axes[i] != NS_LAYOUT_ONE)
            bare.axes[bare.rank++] = layout->axes[i];
    return bare;
}

bool ns_layout_equal(const ns_layout *a, const ns_layout *b)
{
    return a->rank == b->rank && memcmp(a->axes, b->axes, (size_t)a->rank * sizeof *a->axes) == 0;
}

void ns_layout_shape(const ns_layout *layout, const int64_t *own, int64_t *shape)
{
    for (int i = 0; i < layout->rank; i++)
        shape[i] = layout->axes[i] == NS_LAYOUT_ONE ? 1 : own[layout->axes[i]];
}

/* The axes longer than 1, in order. */
static ns_layout long_axes(const ns_layout *layout, const int64_t *own)
{
    ns_layout longer = {0};
    for (int i = 0; i < layout->rank; i++)
        if (layout->axes[i] != NS_LAYOUT_ONE && own[layout->axes[i]] != 1)
            longer.axes[longer.rank++] = layout->axes[i];
    return longer;
}

bool ns_layout_is_view(const ns_layout *from, const ns_layout *to, const int64_t *own)
{
    const ns_layout a = long_axes(from, own), b = long_axes(to, own);
    return ns_layout_equal(&a, &b);
}
