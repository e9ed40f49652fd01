/* Whether two graphs are the same operators, names, attributes and constants in the same order. */
#ifndef NS_TESTS_SAME_GRAPH_H
#define NS_TESTS_SAME_GRAPH_H

#include <stdio.h>
#include <string.h>

#include "npuscope/graph.h"
#include "tosa/operator_info.h"

/* Writes the first difference between tensors `x` and `y` to `text`; true when there is none. */
static inline bool same_tensor(const ns_graph_tensor *x, const ns_graph_tensor *y, char *text, size_t size)
{
    char a[128], b[128];
    const ns_tensor *p = &x->tensor, *q = &y->tensor;
    if (strcmp(x->name, y->name)) {
        snprintf(text, size, "tensor %s is %s", x->name, y->name);
        return false;
    }
    if (p->dtype != q->dtype || !ns_shape_equal(p, q) || !p->data != !q->data) {
        snprintf(text, size, "tensor %s is %s%s, expected %s%s", x->name, ns_tensor_describe(p, a, sizeof a),
                 p->data ? " constant" : "", ns_tensor_describe(q, b, sizeof b), q->data ? " constant" : "");
        return false;
    }
    for (size_t i = 0; p->data && i < ns_tensor_count(p); i++)
        if (ns_tensor_get(p, i) != ns_tensor_get(q, i)) {
            snprintf(text, size, "element %zu of constant %s is %lld, expected %lld", i, x->name,
                     (long long)ns_tensor_get(p, i), (long long)ns_tensor_get(q, i));
            return false;
        }
    return true;
}

/* Tensors of a block. */
typedef struct tensor_choice {
    const ns_block *block;
    int count;
    const int *indices;
} tensor_choice;

static inline bool same_tensors(tensor_choice a, tensor_choice b, const char *what, char *text, size_t size)
{
    if (a.count != b.count) {
        snprintf(text, size, "%d %s, expected %d", a.count, what, b.count);
        return false;
    }
    for (int i = 0; i < a.count; i++)
        if (!same_tensor(&a.block->tensors[a.indices[i]], &b.block->tensors[b.indices[i]], text, size))
            return false;
    return true;
}

static inline bool same_attributes(const ns_operator *x, const ns_operator *y, char *text, size_t size)
{
    const ns_op_info *info = ns_op_get_info(x->op);
    for (int i = 0; i < info->attribute_count; i++) {
        const ns_attribute_info *attribute = ns_attribute_get_info(info->attributes[i]);
        const void *p = ns_attribute_const_field(&x->attributes, info->attributes[i]);
        const void *q = ns_attribute_const_field(&y->attributes, info->attributes[i]);
        bool same = false;
        if (attribute->kind == NS_ATTRIBUTE_KIND_INT_LIST) {
            const ns_int_list *s = p, *t = q;
            same = s->count == t->count &&
                   (!s->count || !memcmp(s->values, t->values, (size_t)s->count * sizeof *s->values));
        } else {
            same = !memcmp(p, q, attribute->size);
        }
        if (!same) {
            snprintf(text, size, "attribute %s differs", attribute->name);
            return false;
        }
    }
    return true;
}

/* Compares the main blocks; `text` gets the first difference. */
static inline bool same_graph(const ns_graph *graph, const ns_graph *expected, char *text, size_t size)
{
    const ns_block *a = &graph->regions[0].blocks[0], *b = &expected->regions[0].blocks[0];
    for (int i = 0; i < a->operator_count && i < b->operator_count; i++) {
        const ns_operator *x = &a->operators[i], *y = &b->operators[i];
        size_t used = (size_t)snprintf(text, size, "operator %d (%s): ", i, ns_op_text(x->op));
        if (x->op != y->op) {
            snprintf(text + used, size - used, "expected %s %s", ns_op_text(y->op),
                     y->output_count ? b->tensors[y->outputs[0]].name : "");
            return false;
        }
        if (!same_tensors((tensor_choice){a, x->input_count, x->inputs},
                          (tensor_choice){b, y->input_count, y->inputs}, "inputs", text + used,
                          size - used) ||
            !same_tensors((tensor_choice){a, x->output_count, x->outputs},
                          (tensor_choice){b, y->output_count, y->outputs}, "outputs", text + used,
                          size - used) ||
            !same_attributes(x, y, text + used, size - used))
            return false;
    }
    if (a->operator_count != b->operator_count) {
        snprintf(text, size, "%d operators, expected %d", a->operator_count, b->operator_count);
        return false;
    }
    return same_tensors((tensor_choice){a, a->input_count, a->inputs},
                        (tensor_choice){b, b->input_count, b->inputs}, "graph inputs", text, size) &&
           same_tensors((tensor_choice){a, a->output_count, a->outputs},
                        (tensor_choice){b, b->output_count, b->outputs}, "graph outputs", text, size);
}

#endif
