/* Bars of counts by error. Bars grow with the logarithm of the count, so that one element out of a hundred
 * thousand is still seen; the numbers stand over them. */
#include "report/internal.h"

#include <math.h>

void ns_html_histogram(ns_buffer *buffer, const size_t bins[NS_ERROR_BINS], const char *what)
{
    static const double bounds[] = NS_ERROR_BIN_BOUNDS;
    enum { BAR = 30, HEIGHT = 84, TOP = 14, BOTTOM = 16, WIDTH = BAR * NS_ERROR_BINS };
    size_t most = 1;
    for (int i = 0; i < NS_ERROR_BINS; i++)
        most = bins[i] > most ? bins[i] : most;
    ns_buffer_format(buffer,
                     "<svg role=\"img\" aria-label=\"%s by error in steps\" viewBox=\"0 0 %d %d\" "
                     "width=\"%d\" height=\"%d\">",
                     what, WIDTH, TOP + HEIGHT + BOTTOM, WIDTH, TOP + HEIGHT + BOTTOM);
    for (int i = 0; i < NS_ERROR_BINS; i++) {
        const double height = HEIGHT * log1p((double)bins[i]) / log1p((double)most);
        char label[16] = "more";
        if (i < NS_ERROR_BINS - 1)
            snprintf(label, sizeof label, i ? "%g" : "\u2264%g", bounds[i]);
        ns_buffer_format(buffer,
                         "<g data-count=\"%zu\"><rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>",
                         bins[i], i * BAR + 2, TOP + HEIGHT - height, BAR - 4, height);
        if (bins[i])
            ns_buffer_format(buffer, "<text class=\"count\" x=\"%d\" y=\"%.1f\">%zu</text>",
                             i * BAR + BAR / 2, TOP + HEIGHT - height - 3, bins[i]);
        ns_buffer_format(buffer, "<text class=\"dim\" x=\"%d\" y=\"%d\">%s</text></g>", i * BAR + BAR / 2,
                         TOP + HEIGHT + 12, label);
    }
    ns_buffer_format(buffer, "<path class=\"axis\" d=\"M0 %d.5H%d\"/></svg>", TOP + HEIGHT, WIDTH);
}
