#include "ops/cases.h"

#include <string.h>

#include "ir/build.h"

const char *ns_case_list_text(ns_case_list list)
{
    static const char *const texts[] = {
#define NS_CASE_LIST(name, text) text,
        NS_CASE_LISTS(NS_CASE_LIST)
#undef NS_CASE_LIST
    };
    return (unsigned)list < NS_LIST_COUNT ? texts[list] : "?";
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
