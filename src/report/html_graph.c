/* The graph of a case as boxes, from the top down.
 *
 * A node lies one layer below the lowest of its inputs. An edge that spans layers takes a narrow place in
 * each of them, so that no line runs through a box. In a layer places are ordered by those they come from;
 * each lies under its first input where that is free, else right of its neighbour. */
#include "report/internal.h"

#include <math.h>

enum { MAX_NODES = 400, COLUMNS = 44, LINE = 14, HEAD = 20, GAP_X = 16, GAP_Y = 18, LANE = 10 };

/* Widths of a character: of the 11-pixel monospace font, and of the 12-pixel bold capitals. */
#define ADVANCE 6.65
#define CAPITAL 8.6

/* A place in a layer: a box, or an edge that passes. */
typedef struct place {
    int node;  /* -1 - node: an edge from `node` passes */
    int first; /* the place that it lies under; -1: none */
    double x, width;
} place;

typedef struct layout {
    const ns_case_details *details;
    ns_arena *arena;
    int layer_count;
    int *layers;     /* of each node */
    int *boxes;      /* the place of each node */
    int place_count; /* of all layers; a layer's places are neighbours */
    place *places;
    int *starts; /* of each layer; layer_count + 1 of them */
    double *tops, *heights;
    double left, right, height;
} layout;

static void choose_layers(layout *l)
{
    const ns_case_details *d = l->details;
    for (int i = 0; i < d->node_count; i++) {
        for (int k = 0; k < d->nodes[i].input_count; k++)
            if (l->layers[d->nodes[i].inputs[k]] >= l->layers[i])
                l->layers[i] = l->layers[d->nodes[i].inputs[k]] + 1;
        if (l->layers[i] >= l->layer_count)
            l->layer_count = l->layers[i] + 1;
    }
    /* What has no input, such as an operator on constants alone, moves down to its first reader. */
    for (int i = 0; i < d->node_count; i++) {
        int lowest = l->layer_count;
        for (int k = i + 1; d->nodes[i].input_count == 0 && k < d->node_count; k++)
            for (int j = 0; j < d->nodes[k].input_count; j++)
                if (d->nodes[k].inputs[j] == i && l->layers[k] < lowest)
                    lowest = l->layers[k];
        if (d->nodes[i].input_count == 0 && lowest < l->layer_count &&
            strncmp(d->nodes[i].name, "input", 5) != 0)
            l->layers[i] = lowest - 1;
    }
}

static int count_lines(const char *text)
{
    int lines = *text != 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static double box_width(const ns_graph_node *node)
{
    double width = (double)strlen(node->name) * CAPITAL + (double)strlen(node->type) * ADVANCE + 28;
    for (const char *p = node->settings; *p;) {
        const size_t length = strcspn(p, "\n");
        width = fmax(width, (double)(length < COLUMNS ? length : COLUMNS) * ADVANCE + 16);
        p += length + (p[length] == '\n');
    }
    return width;
}

static double box_height(const ns_graph_node *node)
{
    const int lines = count_lines(node->settings);
    return HEAD + (lines ? lines * LINE + 4 : 0);
}

/* Does the value of `node` go on below `layer`? */
static bool passes(const layout *l, int node, int layer)
{
    const ns_case_details *d = l->details;
    for (int k = node + 1; l->layers[node] < layer && k < d->node_count; k++)
        for (int j = 0; j < d->nodes[k].input_count; j++)
            if (d->nodes[k].inputs[j] == node && l->layers[k] > layer)
                return true;
    return false;
}

/* The place in the layer above from which node `from`'s value comes down; -1: none. */
static int place_above(const layout *l, const int *lanes, int from, int layer)
{
    return from < 0 ? -1 : l->layers[from] == layer - 1 ? l->boxes[from] : lanes[from];
}

/* Stable: those without a place above go to the right. */
static void sort_places(const layout *l, place *places, int count)
{
    for (int i = 1; i < count; i++) {
        const place moving = places[i];
        const double x = moving.first < 0 ? INFINITY : l->places[moving.first].x;
        int k = i;
        for (; k > 0; k--) {
            const double other = places[k - 1].first < 0 ? INFINITY : l->places[places[k - 1].first].x;
            if (other <= x)
                break;
            places[k] = places[k - 1];
        }
        places[k] = moving;
    }
}

static void set_positions(layout *l, place *places, int count)
{
    double free_x = -INFINITY;
    for (int i = 0; i < count; i++) {
        const double wanted =
            places[i].first < 0
                ? 0
                : l->places[places[i].first].x + (l->places[places[i].first].width - places[i].width) / 2;
        places[i].x = fmax(wanted, free_x);
        free_x = places[i].x + places[i].width + GAP_X;
        l->left = fmin(l->left, places[i].x);
        l->right = fmax(l->right, places[i].x + places[i].width);
    }
}

/* Fills one layer; `lanes` has the place of each passing value in the layer above, and then in this one. */
static void fill_layer(layout *l, int layer, int *lanes)
{
    const ns_case_details *d = l->details;
    place *places = l->places + l->place_count;
    int count = 0;
    double height = 0;
    for (int i = 0; i < d->node_count; i++) {
        const bool box = l->layers[i] == layer;
        if (!box && !passes(l, i, layer))
            continue;
        const int from = !box ? i : d->nodes[i].input_count ? d->nodes[i].inputs[0] : -1;
        places[count++] = (place){.node = box ? i : -1 - i,
                                  .first = place_above(l, lanes, from, layer),
                                  .width = box ? box_width(&d->nodes[i]) : LANE};
        if (box)
            height = fmax(height, box_height(&d->nodes[i]));
    }
    sort_places(l, places, count);
    set_positions(l, places, count);
    for (int i = 0; i < count; i++) {
        if (places[i].node >= 0)
            l->boxes[places[i].node] = l->place_count + i;
        else
            lanes[-1 - places[i].node] = l->place_count + i;
    }
    l->tops[layer] = l->height;
    l->heights[layer] = height;
    l->height += height + GAP_Y;
    l->place_count += count;
    l->starts[layer + 1] = l->place_count;
}

static bool make_layout(layout *l)
{
    const size_t count = (size_t)l->details->node_count;
    l->layers = NS_ARENA_ARRAY(l->arena, count, int);
    l->boxes = NS_ARENA_ARRAY(l->arena, count, int);
    if (!l->layers || !l->boxes)
        return false;
    choose_layers(l);
    const size_t layers = (size_t)l->layer_count;
    l->places = NS_ARENA_ARRAY(l->arena, count * layers, place);
    l->starts = NS_ARENA_ARRAY(l->arena, layers + 1, int);
    l->tops = NS_ARENA_ARRAY(l->arena, layers, double);
    l->heights = NS_ARENA_ARRAY(l->arena, layers, double);
    int *lanes = NS_ARENA_ARRAY(l->arena, count, int);
    if (!l->places || !l->starts || !l->tops || !l->heights || !lanes)
        return false;
    for (int i = 0; i < l->layer_count; i++)
        fill_layer(l, i, lanes);
    return true;
}

/* ---- drawing ---- */

static void append_edge(ns_buffer *buffer, const layout *l, int from, int from_layer, int to, int to_layer)
{
    const place *a = &l->places[from], *b = &l->places[to];
    const double x1 = a->x + a->width / 2, x2 = b->x + b->width / 2, y2 = l->tops[to_layer];
    const double y1 =
        a->node >= 0 ? l->tops[from_layer] + box_height(&l->details->nodes[a->node]) : l->tops[from_layer];
    const double bottom = l->tops[from_layer] + l->heights[from_layer];
    ns_buffer_format(buffer, "M%.4g %.4gV%.4gC%.4g %.4g %.4g %.4g %.4g %.4g", x1, y1, bottom, x1,
                     (bottom + y2) / 2, x2, (bottom + y2) / 2, x2, y2);
    if (b->node >= 0)
        ns_buffer_format(buffer, "m-3 -5l3 5l3 -5");
}

static void append_edges(ns_buffer *buffer, const layout *l)
{
    ns_html_append(buffer, "<path class=\"edge\" d=\"");
    for (int layer = 1; layer < l->layer_count; layer++)
        for (int p = l->starts[layer]; p < l->starts[layer + 1]; p++) {
            const int node = l->places[p].node;
            const int count = node < 0 ? 1 : l->details->nodes[node].input_count;
            for (int k = 0; k < count; k++) {
                const int source = node < 0 ? -1 - node : l->details->nodes[node].inputs[k];
                int above = -1;
                for (int q = l->starts[layer - 1]; q < l->starts[layer]; q++)
                    if (l->places[q].node == source || l->places[q].node == -1 - source)
                        above = q;
                if (above >= 0)
                    append_edge(buffer, l, above, layer - 1, p, layer);
            }
        }
    ns_html_append(buffer, "\"/>");
}

static void append_box(ns_buffer *buffer, const layout *l, const place *p, int layer)
{
    const ns_graph_node *node = &l->details->nodes[p->node];
    const double y = l->tops[layer];
    char heat[96] = "";
    if (node->heat > 0)
        snprintf(heat, sizeof heat, " style=\"fill:color-mix(in srgb,var(--fail) %.0f%%,var(--soft))\"",
                 50 * node->heat);
    ns_buffer_format(buffer,
                     "<g class=\"%s\"><rect x=\"%.4g\" y=\"%.4g\" width=\"%.4g\" height=\"%.4g\" rx=\"3\"%s/>"
                     "<text class=\"op\" x=\"%.4g\" y=\"%.4g\">",
                     node->input_count && strncmp(node->name, "output", 6) != 0 ? "box" : "box end", p->x, y,
                     p->width, box_height(node), heat, p->x + 8, y + 14);
    ns_html_text(buffer, node->name);
    ns_buffer_format(buffer, "</text><text class=\"type\" x=\"%.4g\" y=\"%.4g\">", p->x + p->width - 8,
                     y + 14);
    ns_html_text(buffer, node->type);
    ns_html_append(buffer, "</text>");
    double line = y + HEAD + 10;
    for (const char *s = node->settings; *s; line += LINE) {
        const size_t length = strcspn(s, "\n");
        char text[COLUMNS + 8];
        snprintf(text, sizeof text, "%.*s%s", length > COLUMNS ? COLUMNS - 2 : (int)length, s,
                 length > COLUMNS ? ".." : "");
        ns_buffer_format(buffer, "<text x=\"%.4g\" y=\"%.4g\">", p->x + 8, line);
        ns_html_text(buffer, text);
        ns_html_append(buffer, "</text>");
        s += length + (s[length] == '\n');
    }
    ns_html_append(buffer, "</g>");
}

void ns_html_graph(ns_buffer *buffer, const ns_case_details *details)
{
    if (details->node_count > MAX_NODES) {
        ns_buffer_format(buffer, "<p>a graph of %d operators is not drawn</p>", details->node_count);
        return;
    }
    layout l = {.details = details, .arena = buffer->arena};
    if (!make_layout(&l)) {
        buffer->failed = true;
        return;
    }
    const int width = (int)(l.right - l.left) + 3, height = (int)l.height - GAP_Y + 2;
    ns_buffer_format(buffer,
                     "<div class=\"scroll\"><svg role=\"img\" aria-label=\"TOSA graph\" viewBox=\"%.4g -1 "
                     "%d %d\" width=\"%d\" height=\"%d\">",
                     l.left - 1, width, height, width, height);
    append_edges(buffer, &l);
    for (int layer = 0; layer < l.layer_count; layer++)
        for (int p = l.starts[layer]; p < l.starts[layer + 1]; p++)
            if (l.places[p].node >= 0)
                append_box(buffer, &l, &l.places[p], layer);
    ns_html_append(buffer, "</svg></div>\n");
}
