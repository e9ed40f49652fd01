/* matmul: the matrix product over the last two axes of operands of any rank; axes in front broadcast, a
 * vector is a row on the left and a column on the right.
 *
 * Decomposed before the quantiser sees it, as PyTorch's own table does (torch/_decomp/decompositions.py,
 * matmul; ExecuTorch 1.5.1, backends/arm/_passes/decompose_matmul.py): two matrices are mm; a vector on the
 * left is unsqueezed; a tensor of three or more axes by a matrix folds its axes in front into the rows;
 * everything else is expanded, reshaped to three axes, and bmm. A vector on the right stays as it is and is
 * not lowered: ExecuTorch leaves it on the CPU. */
#include "ir/interface.h"
#include "num/interface.h"
#include "ops/cases.h"
#include "ops/declared.h"
#include "ops/families/arithmetic.h"
#include "ops/families/reductions.h"

/* Rank and shape of an operand as a matrix with axes in front. */
typedef struct operand {
    int front; /* axes in front */
    const int64_t *shape;
    int64_t rows, columns;
} operand;

static operand as_matrix(const ns_aten_node *node, bool is_left)
{
    const int64_t size = node->shape[node->rank - 1];
    if (node->rank == 1)
        return (operand){0, node->shape, is_left ? 1 : size, is_left ? size : 1};
    return (operand){node->rank - 2, node->shape, node->shape[node->rank - 2], size};
}

static int64_t front_dim(const operand *o, int rank, int i)
{
    const int own = i - (rank - o->front);
    return own < 0 ? 1 : o->shape[own];
}

static ns_code infer(const ns_aten_program *program, ns_aten_node *node, ns_error *error)
{
    const ns_aten_node *a = ns_aten_operand(program, node, 0), *b = ns_aten_operand(program, node, 1);
    if (a->rank < 1 || b->rank < 1)
        return ns_fail(error, NS_ERROR_INPUT, "%s: a scalar is no matrix", node->op->aten);
    const operand left = as_matrix(a, true), right = as_matrix(b, false);
    const int front = left.front > right.front ? left.front : right.front;
    bool fits = left.columns == right.rows;
    for (int i = 0; i < front; i++) {
        const int64_t x = front_dim(&left, front, i), y = front_dim(&right, front, i);
        fits = fits && (x == y || x == 1 || y == 1);
        node->shape[i] = x == 1 ? y : x;
    }
    if (!fits)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the operands' shapes do not fit", node->op->aten);
    node->rank = front;
    if (a->rank > 1)
        node->shape[node->rank++] = left.rows;
    if (b->rank > 1)
        node->shape[node->rank++] = right.columns;
    return NS_OK;
}

/* Elements in front of the matrix of an operand that belongs to matrix `batch` of the result. */
static int64_t matrix_of(const operand *o, const int64_t *front, int rank, int64_t batch)
{
    int64_t element = 0, step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        const int64_t at = batch % front[i], own = front_dim(o, rank, i);
        batch /= front[i];
        element += own == 1 ? 0 : at * step;
        step *= own;
    }
    return element * o->rows * o->columns;
}

static ns_code exact(const ns_aten_node *node, const ns_aten_operands *operands, double *out, ns_error *error)
{
    const operand left = as_matrix(operands->nodes[0], true), right = as_matrix(operands->nodes[1], false);
    const int front = left.front > right.front ? left.front : right.front;
    int64_t batches = 1;
    for (int i = 0; i < front; i++)
        batches *= node->shape[i];
    for (int64_t batch = 0; batch < batches; batch++) {
        const double *a = operands->values[0] + matrix_of(&left, node->shape, front, batch);
        const double *b = operands->values[1] + matrix_of(&right, node->shape, front, batch);
        for (int64_t row = 0; row < left.rows; row++)
            for (int64_t column = 0; column < right.columns; column++) {
                ns_double2 sum = {0, 0};
                NS_TRY(ns_aten_spend(operands, left.columns, error));
                for (int64_t k = 0; k < left.columns; k++)
                    ns_double2_add_product(&sum, a[row * left.columns + k], b[k * right.columns + column]);
                *out++ = sum.hi + sum.lo;
            }
    }
    return NS_OK;
}

static bool decomposes(const ns_aten_program *program, const ns_aten_node *node)
{
    return ns_aten_operand(program, node, 1)->rank > 1;
}

/* Expands the axes in front to those of the result and folds them into one. */
static ns_code fold_front(ns_aten_program *program, const ns_aten_node *node, int front, const operand *o,
                          int *value, ns_error *error)
{
    int64_t shape[NS_MAX_RANK], batches = 1;
    for (int i = 0; i < front; i++) {
        shape[i] = node->shape[i];
        batches *= shape[i];
    }
    shape[front] = o->rows;
    shape[front + 1] = o->columns;
    NS_TRY(ns_aten_call(program, &ns_aten_op_expand, 1, value,
                        NS_ARGUMENTS({"size", NS_INTS(front + 2, shape)}), value, error));
    const int64_t folded[3] = {batches, o->rows, o->columns};
    return ns_decompose_reshape(program, *value, 3, folded, value, error);
}

static ns_code decompose(ns_aten_program *program, const ns_aten_node *node, const int *inputs, int *out,
                         ns_error *error)
{
    const ns_aten_node a = program->nodes[inputs[0]], b = program->nodes[inputs[1]];
    const operand left = as_matrix(&a, true), right = as_matrix(&b, false);
    const int front = left.front > right.front ? left.front : right.front;
    int operands[2] = {inputs[0], inputs[1]};
    if (a.rank <= 2 && b.rank == 2) {
        if (a.rank == 1)
            NS_TRY(ns_aten_call(program, &ns_aten_op_unsqueeze, 1, inputs, NS_ARGUMENTS({"dim", NS_INT(0)}),
                                &operands[0], error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_mm, 2, operands, NULL, out, error));
        return a.rank == 1 ? ns_aten_call(program, &ns_aten_op_squeeze_dim, 1, out,
                                          NS_ARGUMENTS({"dim", NS_INTS(1, (const int64_t[]){0})}), out, error)
                           : NS_OK;
    }
    if (b.rank == 2) {
        const int64_t rows = (int64_t)ns_aten_count(&a) / (left.columns ? left.columns : 1);
        const int64_t folded[2] = {rows, left.columns};
        NS_TRY(ns_decompose_reshape(program, inputs[0], 2, folded, &operands[0], error));
        NS_TRY(ns_aten_call(program, &ns_aten_op_mm, 2, operands, NULL, out, error));
        return ns_decompose_reshape(program, *out, node->rank, node->shape, out, error);
    }
    NS_TRY(fold_front(program, node, front, &left, &operands[0], error));
    NS_TRY(fold_front(program, node, front, &right, &operands[1], error));
    NS_TRY(ns_aten_call(program, &ns_aten_op_bmm, 2, operands, NULL, out, error));
    return ns_decompose_reshape(program, *out, node->rank, node->shape, out, error);
}

/* What is not decomposed before it is annotated becomes mul and sum after it, without
 * scales: a vector stays one. */
static ns_code supported(const ns_aten_program *program, const ns_aten_node *node, ns_target target,
                         ns_error *error)
{
    (void)program;
    return ns_keep_off(node, target, error, "One or more inputs were not quantized.");
}

static const ns_catalogue_case cases[] = {
    {NS_LIST_SEED, "rank2",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 2, 5, 16), NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3))},
    {NS_LIST_SEED, "rank3",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 5, 16), NS_INPUT(NS_NORMAL, 0, 1, 3, 2, 16, 3))},
    {NS_LIST_SEED, "rank4_by_2",
     NS_CALL2(NS_INPUT(NS_NORMAL, 0, 1, 4, 1, 2, 5, 16), NS_INPUT(NS_NORMAL, 0, 1, 2, 16, 3))},
};

const ns_aten_operator ns_aten_op_matmul = {
    .name = "matmul",
    .aten = "aten.matmul.default",
    NS_PARAMETERS({"self", NS_ATEN_TENSOR}, {"other", NS_ATEN_TENSOR}),
    .infer = infer,
    .exact = exact,
    .float32 = ns_aten_rounded,
    .decompose = decompose,
    .decomposes = decomposes,
    .annotation = NS_ANNOTATION_OWN,
    .supported = supported,
    .catalogue = NS_CALL_CATALOGUE(PRODUCT, cases),
};
