/* A sweep on the page: the error over all codes, the worst one marked, ranges that TOSA leaves open shaded.
 */
#include "report/internal.h"

#include "npuscope/sweep.h"

#include <math.h>

enum { LEFT = 44, WIDTH = 600, RIGHT = 12, TOP = 10, HEIGHT = 150, BOTTOM = 36 };

/* Errors below this many steps lie on the axis. */
#define FLOOR 0.1

typedef struct curve {
    const ns_sweep_result *sweep;
    double decades; /* from FLOOR to the top of the plot */
} curve;

static double x_of(double code)
{
    return LEFT + (code - NS_SWEEP_FIRST_CODE) * WIDTH / NS_SWEEP_CODES;
}

static double y_of(const curve *c, double steps)
{
    const double height = steps > FLOOR ? log10(steps / FLOOR) / c->decades : 0;
    return TOP + HEIGHT * (1 - fmin(height, 1));
}

/* One path through the columns' values, lifted where a column has none. */
static void append_line(ns_buffer *buffer, const curve *c, const char *name, const double *values)
{
    bool down = false;
    ns_buffer_format(buffer, "<path class=\"%s\" d=\"", name);
    for (int i = 0; i < NS_SWEEP_COLUMNS; i++) {
        if (isfinite(values[i]))
            ns_buffer_format(buffer, "%s%.4g %.4g", down ? "L" : "M",
                             LEFT + (i + 0.5) * WIDTH / NS_SWEEP_COLUMNS, y_of(c, values[i]));
        down = isfinite(values[i]);
    }
    ns_html_append(buffer, "\"/>");
}

/* A bar from least to largest error for each column. */
static void append_band(ns_buffer *buffer, const curve *c, const ns_sweep_stage *stage)
{
    const double width = (double)WIDTH / NS_SWEEP_COLUMNS;
    ns_html_append(buffer, "<path class=\"band\" d=\"");
    for (int i = 0; i < NS_SWEEP_COLUMNS; i++)
        if (isfinite(stage->largest[i]))
            ns_buffer_format(buffer, "M%.4g %.4gH%.4gV%.4gH%.4gz", LEFT + i * width,
                             y_of(c, stage->largest[i]), LEFT + (i + 1) * width,
                             fmax(y_of(c, stage->least[i]), y_of(c, stage->largest[i]) + 0.5),
                             LEFT + i * width);
    ns_html_append(buffer, "\"/>");
}

static void append_axes(ns_buffer *buffer, const curve *c)
{
    for (int d = 0; d <= (int)c->decades; d++) {
        const double y = y_of(c, FLOOR * pow(10, d));
        ns_buffer_format(buffer,
                         "<path class=\"axis\" d=\"M%d %.4gH%d\"/><text class=\"dim end\" x=\"%d\" "
                         "y=\"%.4g\">%g</text>",
                         LEFT, y, LEFT + WIDTH, LEFT - 5, y + 4, FLOOR * pow(10, d));
    }
    for (int k = 0; k <= 4; k++) {
        const int code = NS_SWEEP_FIRST_CODE + k * (NS_SWEEP_CODES / 4) - (k == 4);
        const char *anchor = k == 0 ? " start" : k == 4 ? " end" : "";
        ns_buffer_format(buffer,
                         "<path class=\"axis\" d=\"M%.4g %dv4\"/><text class=\"dim%s\" x=\"%.4g\" "
                         "y=\"%d\">%d</text><text class=\"dim%s\" x=\"%.4g\" y=\"%d\">%.4g</text>",
                         x_of(code), TOP + HEIGHT, anchor, x_of(code), TOP + HEIGHT + 16, code, anchor,
                         x_of(code), TOP + HEIGHT + 31, code * c->sweep->input_scale);
    }
}

static void append_plot(ns_buffer *buffer, const curve *c)
{
    const ns_sweep_result *r = c->sweep;
    ns_buffer_format(buffer,
                     "<svg class=\"curve\" role=\"img\" aria-label=\"error over the "
                     "input's codes\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">",
                     LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM, LEFT + WIDTH + RIGHT,
                     TOP + HEIGHT + BOTTOM);
    for (int i = 0; i < r->range_count; i++)
        ns_buffer_format(buffer, "<rect class=\"open\" x=\"%.4g\" y=\"%d\" width=\"%.4g\" height=\"%d\"/>",
                         x_of(r->ranges[i].first), TOP,
                         fmax(x_of(r->ranges[i].last + 1) - x_of(r->ranges[i].first), 1), HEIGHT);
    append_axes(buffer, c);
    append_band(buffer, c, &r->eval);
    append_line(buffer, c, "mean", r->eval.mean);
    if (!r->npu.reason && r->differences)
        append_line(buffer, c, "other", r->npu.largest);
    ns_buffer_format(buffer, "<circle class=\"worst\" cx=\"%.4g\" cy=\"%.4g\" r=\"4\"/></svg>\n",
                     x_of(r->eval.worst_code), y_of(c, r->eval.max_steps));
}

static void append_stage(ns_buffer *buffer, const ns_sweep_stage *stage, const char *reason)
{
    if (reason) {
        ns_buffer_format(buffer, "<tr><th scope=\"row\">%s<td class=\"why\" colspan=\"8\">", stage->name);
        ns_html_text(buffer, reason);
        ns_html_append(buffer, "</tr>");
        return;
    }
    ns_buffer_format(buffer,
                     "<tr><th scope=\"row\">%s<td>%zu<td>%.4g<td>%.4g<td>%zu<td>%zu<td>%d<td>%.6g<td>%.6g"
                     "<td>%.6g</tr>",
                     stage->name, stage->compared, stage->max_steps, stage->mean_steps, stage->saturated,
                     stage->out_of_range, stage->worst_code, stage->worst_input, stage->worst_ideal,
                     stage->worst_got);
}

void ns_html_sweep(ns_buffer *buffer, const ns_sweep_result *r, const char *vela_missing)
{
    const curve c = {r, fmax(ceil(log10(fmax(r->eval.max_steps, 1) / FLOOR)), 2)};
    ns_buffer_format(buffer,
                     "<h2>All 65,536 codes of the input with this case's scales</h2><figure class=\"sweep\" "
                     "data-worst=\"%d\"><figcaption>error in steps by code and input: ",
                     r->eval.worst_code);
    ns_html_append(buffer,
                   "<span class=\"key band\"></span> least to largest, <span class=\"key mean\"></span> "
                   "mean, <span class=\"key worst\"></span> worst code");
    if (r->range_count)
        ns_html_append(buffer, ", <span class=\"key open\"></span> left open by TOSA");
    if (!r->npu.reason && r->differences)
        ns_buffer_format(buffer, ", <span class=\"key other\"></span> npu, which differs for %zu codes",
                         r->differences);
    else if (!r->npu.reason)
        ns_buffer_format(buffer, "; npu equals eval for every code%s",
                         r->unpredictable ? " with a defined result" : "");
    ns_html_append(buffer, "</figcaption>");
    ns_html_append(buffer, "<div class=\"plots\">");
    append_plot(buffer, &c);
    ns_html_histogram(buffer, r->eval.bins, "codes");
    ns_html_append(buffer, "</div>");
    ns_html_append(buffer,
                   "<div class=\"scroll\"><table class=\"stages\"><thead><tr><th>stage<th>codes<th>max "
                   "steps<th>mean steps<th>saturated<th>out of range<th>worst code<th>input<th>ideal"
                   "<th>got</tr></thead><tbody>");
    append_stage(buffer, &r->eval, r->eval.reason);
    append_stage(buffer, &r->npu, vela_missing ? vela_missing : r->npu.reason);
    ns_html_append(buffer, "</tbody></table></div>");
    if (r->rule) {
        ns_buffer_format(buffer, "<p>%zu codes are left open: ", r->unpredictable);
        ns_html_text(buffer, r->rule);
        ns_html_append(buffer, "</p>");
    }
    ns_html_append(buffer, "</figure>\n");
}
