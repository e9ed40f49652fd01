#include "ops/families/products.h"

#include <string.h>

#include "ir/interface.h"
#include "ops/declared.h"

enum { INPUT, HX, PARAMS, HAS_BIASES, NUM_LAYERS, DROPOUT, TRAIN, BIDIRECTIONAL, BATCH_FIRST, RESULT };

/* The sizes of a call. */
typedef struct sizes {
    const ns_recurrent *family;
    bool biases, batch_first;
    int layers, directions;
    int64_t steps, batch, hidden;
    int first_parameter, per_direction; /* operands */
} sizes;

static sizes sizes_of(const ns_aten_node *node, const ns_aten_node *input, const ns_aten_node *state)
{
    sizes s = {.family = node->op->family,
               .biases = node->attributes[HAS_BIASES].integer != 0,
               .batch_first = node->attributes[BATCH_FIRST].integer != 0,
               .layers = (int)node->attributes[NUM_LAYERS].integer,
               .directions = node->attributes[BIDIRECTIONAL].integer ? 2 : 1,
               .hidden = state->shape[2]};
    s.steps = input->shape[s.batch_first ? 1 : 0];
    s.batch = input->shape[s.batch_first ? 0 : 1];
    s.first_parameter = 1 + s.family->states;
    s.per_direction = s.biases ? 4 : 2;
    return s;
}

static int parameter_of(const sizes *s, int layer, int direction, int index)
{
    return s->first_parameter + (layer * s->directions + direction) * s->per_direction + index;
}

static bool has_shape(const ns_aten_node *node, int rank, int64_t a, int64_t b, int64_t c)
{
    const int64_t wanted[3] = {a, b, c};
    return node->rank == rank && memcmp(node->shape, wanted, (size_t)rank * sizeof *wanted) == 0;
}

static ns_code check_direction(const ns_aten_program *program, const ns_aten_node *node, const sizes *s,
                               int layer, int direction, int64_t inner, ns_error *error)
{
    const int64_t rows = s->family->gates * s->hidden;
    bool fits = true;
    for (int i = 0; i < s->per_direction; i++) {
        const ns_aten_node *p = ns_aten_operand(program, node, parameter_of(s, layer, direction, i));
        fits = fits && (i >= 2   ? has_shape(p, 1, rows, 0, 0)
                        : i == 0 ? has_shape(p, 2, rows, inner, 0)
                                 : has_shape(p, 2, rows, s->hidden, 0));
    }
    if (!fits)
        return ns_fail(error, NS_ERROR_INPUT,
                       "%s: the parameters of layer %d have not the shapes of %d gates", node->op->aten,
                       layer, s->family->gates);
    return NS_OK;
}

static ns_code check_operands(const ns_aten_program *program, const ns_aten_node *node, ns_error *error)
{
    const ns_recurrent *family = node->op->family;
    const int64_t layers = node->attributes[NUM_LAYERS].integer, result = node->attributes[RESULT].integer;
    bool fits = node->input_count > family->states && layers >= 1 && layers <= node->input_count &&
                ns_aten_operand(program, node, 0)->rank == 3 && ns_aten_operand(program, node, 1)->rank == 3;
    if (fits) {
        const sizes s = sizes_of(node, ns_aten_operand(program, node, 0), ns_aten_operand(program, node, 1));
        fits = node->input_count == parameter_of(&s, s.layers, 0, 0) && s.steps >= 1;
        for (int i = 1; fits && i <= family->states; i++)
            fits = has_shape(ns_aten_operand(program, node, i), 3, layers * s.directions, s.batch, s.hidden);
    }
    if (!fits)
        return ns_fail(
            error, NS_ERROR_INPUT,
            "%s needs an input of three axes, states [layers * directions, n, h] and the parameters "
            "of every layer and direction",
            node->op->aten);
    if (result < 0 || result > family->states)
        return ns_fail(error, NS_ERROR_INPUT, "%s has no result %lld", node->op->aten, (long long)result);
    return NS_OK;
}

ns_code ns_recurrent_infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    NS_TRY(check_operands(program, node, error));
    const ns_aten_node *input = ns_aten_operand(program, node, 0), *state = ns_aten_operand(program, node, 1);
    const sizes s = sizes_of(node, input, state);
    for (int layer = 0; layer < s.layers; layer++)
        for (int d = 0; d < s.directions; d++)
            NS_TRY(check_direction(program, node, &s, layer, d,
                                   layer ? s.directions * s.hidden : input->shape[2], error));
    const bool outputs = node->attributes[RESULT].integer == 0;
    node->rank = 3;
    memcpy(node->shape, outputs ? input->shape : state->shape, 3 * sizeof *node->shape);
    node->shape[2] = outputs ? s.directions * s.hidden : s.hidden;
    return NS_OK;
}

/* ---- decomposing ---- */
typedef struct unrolling {
    ns_aten_program *program;
    const int *inputs;
    sizes s;
} unrolling;

ns_code ns_recurrent_gate(ns_aten_program *program, int linear, int64_t hidden, int index, int *out,
                          ns_error *error)
{
    return ns_aten_call(program, &ns_aten_op_slice, 1, &linear,
                        NS_ARGUMENTS({"dim", NS_INT(1)}, {"start", NS_INT(index * hidden)},
                                     {"end", NS_INT((index + 1) * hidden)}),
                        out, error);
}

static ns_code pick(const unrolling *u, int node, int dim, int64_t index, int *out, ns_error *error)
{
    return ns_aten_call(u->program, &ns_aten_op_select, 1, &node,
                        NS_ARGUMENTS({"dim", NS_INT(dim)}, {"index", NS_INT(index)}), out, error);
}

static ns_code lift(const unrolling *u, int node, int dim, int *out, ns_error *error)
{
    return ns_aten_call(u->program, &ns_aten_op_unsqueeze, 1, &node, NS_ARGUMENTS({"dim", NS_INT(dim)}), out,
                        error);
}

static ns_code join(const unrolling *u, int count, const int *nodes, int dim, int *out, ns_error *error)
{
    return ns_aten_call(u->program, &ns_aten_op_cat, count, nodes, NS_ARGUMENTS({"dim", NS_INT(dim)}), out,
                        error);
}

/* One linear layer of a direction: number 0 reads the input, 1 the hidden state. */
static ns_code add_linear(const unrolling *u, int layer, int direction, int number, int value, int *out,
                          ns_error *error)
{
    const int first = parameter_of(&u->s, layer, direction, 0);
    const int operands[3] = {value, u->inputs[first + number],
                             u->s.biases ? u->inputs[first + 2 + number] : -1};
    return ns_aten_call(u->program, &ns_aten_op_linear, 3, operands, NULL, out, error);
}

/* The steps of one direction; outputs[t] are [.., 1, ..] along the time. `states` are replaced. */
static ns_code run_direction(const unrolling *u, int layer, int direction, int input, int *outputs,
                             int *states, ns_error *error)
{
    const int time = u->s.batch_first ? 1 : 0;
    for (int64_t i = 0; i < u->s.steps; i++) {
        const int64_t t = direction ? u->s.steps - 1 - i : i;
        int x = 0, linear[2];
        NS_TRY(pick(u, input, time, t, &x, error));
        NS_TRY(add_linear(u, layer, direction, 0, x, &linear[0], error));
        NS_TRY(add_linear(u, layer, direction, 1, states[0], &linear[1], error));
        NS_TRY(u->s.family->cell(u->program, linear, u->s.hidden, states, error));
        NS_TRY(lift(u, states[0], time, &outputs[t], error));
    }
    return NS_OK;
}

/* One layer: *value is its input and becomes its output; finals[k] are its last states, lifted. */
static ns_code run_layer(const unrolling *u, int layer, int *outputs, int *value,
                         int finals[NS_RECURRENT_STATES][2], ns_error *error)
{
    const sizes *s = &u->s;
    const int time = s->batch_first ? 1 : 0;
    int states[2][NS_RECURRENT_STATES];
    for (int d = 0; d < s->directions; d++) {
        for (int k = 0; k < s->family->states; k++)
            NS_TRY(pick(u, u->inputs[1 + k], 0, layer * s->directions + d, &states[d][k], error));
        NS_TRY(run_direction(u, layer, d, *value, outputs + d * s->steps, states[d], error));
    }
    for (int64_t t = 0; t < s->steps && s->directions == 2; t++)
        NS_TRY(join(u, 2, (int[]){outputs[t], outputs[s->steps + t]}, -1, &outputs[t], error));
    NS_TRY(join(u, (int)s->steps, outputs, time, value, error));
    for (int d = 0; d < s->directions; d++)
        for (int k = 0; k < s->family->states; k++)
            NS_TRY(lift(u, states[d][k], 0, &finals[k][d], error));
    return NS_OK;
}

ns_code ns_recurrent_decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs,
                               int *out, ns_error *error)
{
    const unrolling u = {program, inputs,
                         sizes_of(node, &program->nodes[inputs[0]], &program->nodes[inputs[1]])};
    const int count = u.s.layers * u.s.directions;
    int *outputs = NS_ARENA_ARRAY(program->arena, (size_t)(2 * u.s.steps), int), value = inputs[0];
    int *finals = NS_ARENA_ARRAY(program->arena, (size_t)(count * NS_RECURRENT_STATES), int);
    if (!outputs || !finals)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the steps of %s", node->name);
    for (int layer = 0; layer < u.s.layers; layer++) {
        int last[NS_RECURRENT_STATES][2];
        NS_TRY(run_layer(&u, layer, outputs, &value, last, error));
        for (int k = 0; k < u.s.family->states; k++)
            for (int d = 0; d < u.s.directions; d++)
                finals[k * count + layer * u.s.directions + d] = last[k][d];
    }
    out[0] = value;
    for (int k = 0; k < u.s.family->states; k++) {
        out[1 + k] = finals[k * count];
        if (count > 1)
            NS_TRY(join(&u, count, finals + k * count, 0, &out[1 + k], error));
    }
    return NS_OK;
}

/* ---- computing ---- */
typedef struct run {
    sizes s;
    const ns_aten_operands *operands;
    double *linear[2]; /* of one row */
    double *value;     /* a layer's input [t, n, i] */
    double *next;      /* its output [t, n, directions * h] */
    double *states[NS_RECURRENT_STATES];
} run;

static void compute_linear(const run *r, int layer, int direction, int number, const double *x, int64_t inner)
{
    const int first = parameter_of(&r->s, layer, direction, 0);
    const double *weight = r->operands->values[first + number];
    const double *bias = r->s.biases ? r->operands->values[first + 2 + number] : NULL;
    for (int64_t row = 0; row < r->s.family->gates * r->s.hidden; row++) {
        double sum = bias ? bias[row] : 0;
        for (int64_t i = 0; i < inner; i++)
            sum += x[i] * weight[row * inner + i];
        r->linear[number][row] = sum;
    }
}

/* Row `n` of the batch through all steps. */
static ns_code compute_row(const run *r, int layer, int direction, int64_t n, int64_t inner, ns_error *error)
{
    const sizes *s = &r->s;
    const int64_t at = ((int64_t)(layer * s->directions + direction) * s->batch + n) * s->hidden;
    double *const states[NS_RECURRENT_STATES] = {r->states[0] + at,
                                                 s->family->states > 1 ? r->states[1] + at : NULL};
    for (int64_t step = 0; step < s->steps; step++) {
        const int64_t t = direction ? s->steps - 1 - step : step;
        NS_TRY(ns_aten_spend(r->operands, s->family->gates * s->hidden * (inner + s->hidden), error));
        compute_linear(r, layer, direction, 0, r->value + (t * s->batch + n) * inner, inner);
        compute_linear(r, layer, direction, 1, states[0], s->hidden);
        for (int64_t i = 0; i < s->hidden; i++)
            s->family->compute((const double *[]){r->linear[0], r->linear[1]}, s->hidden, i, states);
        memcpy(r->next + ((t * s->batch + n) * s->directions + direction) * s->hidden, states[0],
               (size_t)s->hidden * sizeof(double));
    }
    return NS_OK;
}

static ns_code make_run(run *r, const ns_aten_operands *operands, ns_arena *arena, ns_error *error)
{
    const sizes *s = &r->s;
    const int64_t inner = operands->nodes[0]->shape[2], wide = s->directions * s->hidden;
    const size_t rows = (size_t)(s->steps * s->batch), widest = (size_t)(inner > wide ? inner : wide);
    const size_t states = (size_t)(s->layers * s->directions * s->batch * s->hidden);
    for (int k = 0; k < 2; k++)
        r->linear[k] = NS_ARENA_ARRAY(arena, (size_t)(s->family->gates * s->hidden), double);
    r->value = NS_ARENA_ARRAY(arena, rows * widest, double);
    r->next = NS_ARENA_ARRAY(arena, rows * widest, double);
    bool has_states = true;
    for (int k = 0; k < s->family->states; k++) {
        r->states[k] = ns_arena_copy(arena, operands->values[1 + k], states * sizeof(double));
        has_states = has_states && r->states[k];
    }
    if (!r->linear[0] || !r->linear[1] || !r->value || !r->next || !has_states)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a sequence of %lld steps", (long long)s->steps);
    return NS_OK;
}

/* [t, n, c] from [n, t, c], and back, where the batch stands first. */
static void exchange(const sizes *s, int64_t inner, const double *from, double *to, bool back)
{
    for (int64_t t = 0; t < s->steps; t++)
        for (int64_t n = 0; n < s->batch; n++) {
            const int64_t inside = (t * s->batch + n) * inner;
            const int64_t outside = s->batch_first ? (n * s->steps + t) * inner : inside;
            memcpy(to + (back ? outside : inside), from + (back ? inside : outside),
                   (size_t)inner * sizeof(double));
        }
}

ns_code ns_recurrent_exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out,
                           ns_error *error)
{
    run r = {.s = sizes_of(node, operands->nodes[0], operands->nodes[1]), .operands = operands};
    int64_t inner = operands->nodes[0]->shape[2];
    ns_arena *arena = ns_arena_new();
    ns_code code = arena ? make_run(&r, operands, arena, error)
                         : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", node->name);
    for (int layer = 0; code == NS_OK && layer < r.s.layers; layer++) {
        if (layer == 0)
            exchange(&r.s, inner, operands->values[0], r.value, false);
        for (int d = 0; d < r.s.directions; d++)
            for (int64_t n = 0; code == NS_OK && n < r.s.batch; n++)
                code = compute_row(&r, layer, d, n, inner, error);
        inner = r.s.directions * r.s.hidden;
        double *made = r.next;
        r.next = r.value;
        r.value = made;
    }
    const int64_t result = node->attributes[RESULT].integer;
    if (code == NS_OK && result == 0)
        exchange(&r.s, inner, r.value, out, true);
    else if (code == NS_OK)
        memcpy(out, r.states[result - 1], ns_aten_count(node) * sizeof(double));
    ns_arena_free(arena);
    return code;
}
