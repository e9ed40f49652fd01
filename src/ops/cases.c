#include "ops/cases.h"

#include <string.h>

#include "ir/interface.h"

const char *ns_case_list_text(ns_case_list list)
{
    static const char *const texts[] = {
#define NS_CASE_LIST(name, text) text,
        NS_CASE_LISTS(NS_CASE_LIST)
#undef NS_CASE_LIST
    };
    return (unsigned)list < NS_LIST_COUNT ? texts[list] : "?";
}

const char *ns_case_family_text(ns_case_family family)
{
    static const char *const texts[] = {
#define NS_CASE_FAMILY(name, text) text,
        NS_CASE_FAMILIES(NS_CASE_FAMILY)
#undef NS_CASE_FAMILY
    };
    return (unsigned)family < NS_CASE_FAMILY_COUNT ? texts[family] : "?";
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits: fixed constants, the same everywhere. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

ns_random ns_case_random(uint64_t seed, const char *op, const char *name)
{
    ns_random random = {seed};
    uint64_t hash = hash_text(0xcbf29ce484222325u, op);
    /* The slash keeps "a" + "bc" and "ab" + "c" apart. */
    hash = hash_text(hash_text(hash, "/"), name);
    /* Mixing the seed first spreads neighbouring seeds over the whole range. */
    random.state = ns_random_u64(&random) ^ hash;
    return random;
}

ns_code ns_case_build(const ns_aten_operator *op, const ns_catalogue_case *case_, uint64_t seed,
                      ns_arena *arena, ns_case_maker *out, ns_error *error)
{
    *out = (ns_case_maker){.random = ns_case_random(seed, op->name, case_->name)};
    NS_TRY(ns_aten_program_new(arena, &out->program, error));
    return op->catalogue->build(op, case_->parameters, out, error);
}

double ns_case_normal(ns_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += ns_random_unit(random);
    return sum;
}

void ns_case_fill(ns_case_data data, ns_random *random, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++) {
        double value = data.offset;
        switch (data.distribution) {
        case NS_UNIFORM:
            value += data.gain * ns_random_unit(random);
            break;
        case NS_NORMAL:
            value += data.gain * ns_case_normal(random);
            break;
        case NS_CONSTANT:
            break;
        case NS_RAMP:
            value += data.gain * (double)i;
            break;
        }
        values[i] = (float)value;
    }
}

ns_code ns_case_input(ns_case_maker *maker, const char *name, int rank, const int64_t *shape,
                      ns_case_data data, int *node, ns_error *error)
{
    ns_arena *arena = maker->program->arena;
    ns_tensor *grown = NS_ARENA_ARRAY(arena, (size_t)maker->input_count + 1, ns_tensor);
    if (!grown)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs of a case");
    if (maker->input_count)
        memcpy(grown, maker->inputs, (size_t)maker->input_count * sizeof *grown);
    ns_tensor *input = &grown[maker->input_count];
    NS_TRY(ns_aten_add_input(maker->program, name, rank, shape, node, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_FP32, rank, shape, input, error));
    ns_case_fill(data, &maker->random, ns_tensor_count(input), input->data);
    maker->inputs = grown;
    maker->input_count++;
    return NS_OK;
}

ns_code ns_case_parameter(ns_case_maker *maker, const char *name, int rank, const int64_t *shape,
                          ns_case_data data, int *node, ns_error *error)
{
    ns_tensor values;
    NS_TRY(ns_tensor_new(maker->program->arena, NS_DTYPE_FP32, rank, shape, &values, error));
    ns_case_fill(data, &maker->random, ns_tensor_count(&values), values.data);
    return ns_aten_add_parameter(maker->program, name, rank, shape, values.data, node, error);
}

/* An input of truth values, each as likely as the other. */
static ns_code add_truth(ns_case_maker *maker, const ns_case_operand *operand, int *node, ns_error *error)
{
    ns_arena *arena = maker->program->arena;
    ns_tensor *grown = NS_ARENA_ARRAY(arena, (size_t)maker->input_count + 1, ns_tensor);
    if (!grown)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for the inputs of a case");
    if (maker->input_count)
        memcpy(grown, maker->inputs, (size_t)maker->input_count * sizeof *grown);
    ns_tensor *input = &grown[maker->input_count];
    NS_TRY(ns_aten_add_typed_input(maker->program, "condition", NS_DTYPE_BOOL, operand->rank, operand->shape,
                                   node, error));
    NS_TRY(ns_tensor_new(arena, NS_DTYPE_BOOL, operand->rank, operand->shape, input, error));
    for (size_t i = 0; i < ns_tensor_count(input); i++)
        ns_tensor_set(input, i, ns_random_unit(&maker->random) < 0.5);
    maker->inputs = grown;
    maker->input_count++;
    return NS_OK;
}

static ns_code add_operand(ns_case_maker *maker, const ns_case_operand *operand, int *node, ns_error *error)
{
    static const char *const names[] = {"x", "y", "z"};
    *node = -1;
    if (operand->rank < 0)
        return NS_OK;
    if (operand->dtype == NS_DTYPE_BOOL)
        return add_truth(maker, operand, node, error);
    if (operand->parameter)
        return ns_case_parameter(maker, NULL, operand->rank, operand->shape, operand->data, node, error);
    return ns_case_input(maker, names[maker->input_count < 3 ? maker->input_count : 2], operand->rank,
                         operand->shape, operand->data, node, error);
}

ns_code ns_call_build(const ns_aten_operator *op, const void *parameters, ns_case_maker *maker,
                      ns_error *error)
{
    const ns_call_case *call = parameters;
    int operands[NS_CALL_OPERANDS], result = 0;
    for (int i = 0; i < call->count; i++)
        NS_TRY(add_operand(maker, &call->operands[i], &operands[i], error));
    NS_TRY(ns_aten_call(maker->program, op, call->count, operands, call->arguments, &result, error));
    return ns_aten_add_output(maker->program, result, error);
}
