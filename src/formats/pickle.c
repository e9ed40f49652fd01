#include "formats/interface.h"

#include <inttypes.h>

/* Values on the stack or in the memo at one time; what Vela writes has some hundred for each tensor. */
#define MOST_VALUES 65536

typedef struct reader {
    ns_bytes bytes;
    size_t at;
    ns_arena *arena;
    ns_pickle_value **stack; /* NULL stands for a mark */
    ns_pickle_value **memo;
    int depth, memo_count;
    int values; /* made so far */
} reader;

static ns_code malformed(const reader *r, ns_error *error)
{
    return ns_fail(error, NS_ERROR_INPUT, "the pickle is malformed at byte %zu", r->at);
}

static ns_code take(reader *r, size_t size, const uint8_t **out, ns_error *error)
{
    if (!ns_bytes_contains(r->bytes, r->at, size))
        return malformed(r, error);
    *out = r->bytes.data + r->at;
    r->at += size;
    return NS_OK;
}

/* An unsigned number of `size` bytes. */
static ns_code number(reader *r, size_t size, uint64_t *out, ns_error *error)
{
    const uint8_t *data;
    NS_TRY(take(r, size, &data, error));
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out |= (uint64_t)data[i] << (8 * i);
    return NS_OK;
}

static ns_code push(reader *r, ns_pickle_value *value, ns_error *error)
{
    if (r->depth == MOST_VALUES)
        return malformed(r, error);
    r->stack[r->depth++] = value;
    return NS_OK;
}

static ns_code make(reader *r, ns_pickle_kind kind, ns_pickle_value **out, ns_error *error)
{
    if (r->values++ >= MOST_VALUES)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "the pickle has over %d values", MOST_VALUES);
    *out = NS_ARENA_NEW(r->arena, ns_pickle_value);
    if (!*out)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for a pickle");
    (*out)->kind = kind;
    return push(r, *out, error);
}

static ns_code make_integer(reader *r, int64_t integer, ns_error *error)
{
    ns_pickle_value *value;
    NS_TRY(make(r, NS_PICKLE_INTEGER, &value, error));
    value->integer = integer;
    return NS_OK;
}

static ns_code make_bytes(reader *r, ns_pickle_kind kind, size_t length_bytes, ns_error *error)
{
    uint64_t length;
    ns_pickle_value *value;
    const uint8_t *data;
    NS_TRY(number(r, length_bytes, &length, error));
    NS_TRY(take(r, (size_t)length, &data, error));
    NS_TRY(make(r, kind, &value, error));
    value->bytes = (ns_bytes){data, (size_t)length};
    return NS_OK;
}

/* The value below the top `above`, no mark. */
static ns_code peek(const reader *r, int above, ns_pickle_value **out, ns_error *error)
{
    if (r->depth <= above || !r->stack[r->depth - 1 - above])
        return malformed(r, error);
    *out = r->stack[r->depth - 1 - above];
    return NS_OK;
}

/* Items that there is room for behind `count` of them: powers of two, so that one by one is no more than
 * double the memory. */
static int room_of(int count)
{
    int room = count > 0;
    while (room < count)
        room *= 2;
    return room;
}

/* Appends the top `count` values to `value`, and takes them off. */
static ns_code append(reader *r, ns_pickle_value *value, int count, ns_error *error)
{
    const int wanted = value->count + count;
    ns_pickle_value **items = value->items;
    if (wanted > room_of(value->count)) {
        items = NS_ARENA_ARRAY(r->arena, (size_t)room_of(wanted), ns_pickle_value *);
        if (!items)
            return ns_fail(error, NS_ERROR_MEMORY, "no memory for a pickle's list");
        if (value->count)
            memcpy(items, value->items, (size_t)value->count * sizeof *items);
    }
    for (int i = 0; i < count; i++) {
        items[value->count + i] = r->stack[r->depth - count + i];
        if (!items[value->count + i])
            return malformed(r, error);
    }
    r->depth -= count;
    value->items = items;
    value->count += count;
    return NS_OK;
}

/* How many values lie above the last mark; the mark is taken off with them by the caller. */
static ns_code above_mark(const reader *r, int *count, ns_error *error)
{
    *count = 0;
    while (*count < r->depth && r->stack[r->depth - 1 - *count])
        ++*count;
    return *count < r->depth ? NS_OK : malformed(r, error);
}

/* A new list of the top `count` values, and of the mark below them where there is one. */
static ns_code collect(reader *r, int count, bool marked, ns_pickle_kind kind, ns_error *error)
{
    ns_pickle_value *list;
    if (r->depth < count + marked)
        return malformed(r, error);
    NS_TRY(make(r, kind, &list, error));
    r->depth--;
    NS_TRY(append(r, list, count, error));
    r->depth -= marked;
    return push(r, list, error);
}

/* Gives what lies above the mark, or the top `count`, to the list or dict below. */
static ns_code extend(reader *r, ns_pickle_kind kind, int count, bool marked, ns_error *error)
{
    ns_pickle_value *value;
    if (marked)
        NS_TRY(above_mark(r, &count, error));
    NS_TRY(peek(r, count + marked, &value, error));
    if (value->kind != kind || (kind == NS_PICKLE_DICT && count % 2))
        return malformed(r, error);
    NS_TRY(append(r, value, count, error));
    r->depth -= marked;
    return NS_OK;
}

static ns_code build(reader *r, ns_error *error)
{
    ns_pickle_value *value, *state;
    NS_TRY(peek(r, 0, &state, error));
    NS_TRY(peek(r, 1, &value, error));
    r->depth--;
    value->state = state;
    return NS_OK;
}

static ns_code remember(reader *r, uint64_t place, ns_error *error)
{
    if (place >= MOST_VALUES)
        return malformed(r, error);
    r->memo_count = (int)place >= r->memo_count ? (int)place + 1 : r->memo_count;
    return peek(r, 0, &r->memo[place], error);
}

static ns_code recall(reader *r, size_t size, ns_error *error)
{
    uint64_t place;
    NS_TRY(number(r, size, &place, error));
    if (place >= MOST_VALUES || !r->memo[place])
        return malformed(r, error);
    return push(r, r->memo[place], error);
}

static ns_code put(reader *r, size_t size, ns_error *error)
{
    uint64_t place;
    NS_TRY(number(r, size, &place, error));
    return remember(r, place, error);
}

/* GLOBAL: two lines of text, a module and a name. */
static ns_code global(reader *r, ns_error *error)
{
    ns_pickle_value *value;
    for (int lines = 0; lines < 2;) {
        const uint8_t *letter;
        NS_TRY(take(r, 1, &letter, error));
        lines += *letter == '\n';
    }
    return make(r, NS_PICKLE_OTHER, &value, error);
}

static ns_code skip(reader *r, size_t size, ns_pickle_kind kind, ns_error *error)
{
    ns_pickle_value *value;
    const uint8_t *ignored;
    NS_TRY(take(r, size, &ignored, error));
    return kind == NS_PICKLE_NONE ? NS_OK : make(r, kind, &value, error);
}

static ns_code make_number(reader *r, uint8_t opcode, ns_error *error)
{
    uint64_t value = 0, size;
    NS_TRY(number(r, opcode == 'J' ? 4 : opcode == 'M' ? 2 : 1, &value, error));
    if (opcode == 0x8a) { /* LONG1: as many bytes, two's complement */
        size = value;
        if (size > 8)
            return malformed(r, error);
        NS_TRY(number(r, (size_t)size, &value, error));
        if (size && size < 8 && value >> (8 * size - 1))
            value |= ~(uint64_t)0 << (8 * size);
        return make_integer(r, (int64_t)value, error);
    }
    return make_integer(r, opcode == 'J' ? (int32_t)value : (int64_t)value, error);
}

static ns_code step(reader *r, uint8_t opcode, ns_error *error)
{
    ns_pickle_value *value;
    int count;
    switch (opcode) {
    case 0x80: /* PROTO */
        return skip(r, 1, NS_PICKLE_NONE, error);
    case 0x95: /* FRAME */
        return skip(r, 8, NS_PICKLE_NONE, error);
    case 'G': /* BINFLOAT */
        return skip(r, 8, NS_PICKLE_OTHER, error);
    case 0x8c: /* SHORT_BINUNICODE */
        return make_bytes(r, NS_PICKLE_TEXT, 1, error);
    case 'X': /* BINUNICODE */
        return make_bytes(r, NS_PICKLE_TEXT, 4, error);
    case 'C': /* SHORT_BINBYTES */
        return make_bytes(r, NS_PICKLE_BYTES, 1, error);
    case 'B': /* BINBYTES */
        return make_bytes(r, NS_PICKLE_BYTES, 4, error);
    case 0x94: /* MEMOIZE */
        return remember(r, (uint64_t)r->memo_count, error);
    case 'q': /* BINPUT */
        return put(r, 1, error);
    case 'r': /* LONG_BINPUT */
        return put(r, 4, error);
    case 'h': /* BINGET */
        return recall(r, 1, error);
    case 'j': /* LONG_BINGET */
        return recall(r, 4, error);
    case '(': /* MARK */
        return push(r, NULL, error);
    case 't': /* TUPLE */
        NS_TRY(above_mark(r, &count, error));
        return collect(r, count, true, NS_PICKLE_LIST, error);
    case ')': /* EMPTY_TUPLE */
    case ']': /* EMPTY_LIST */
        return make(r, NS_PICKLE_LIST, &value, error);
    case 0x85: /* TUPLE1, TUPLE2, TUPLE3 */
    case 0x86:
    case 0x87:
        return collect(r, opcode - 0x84, false, NS_PICKLE_LIST, error);
    case 'a': /* APPEND */
        return extend(r, NS_PICKLE_LIST, 1, false, error);
    case 'e': /* APPENDS */
        return extend(r, NS_PICKLE_LIST, 0, true, error);
    case '}': /* EMPTY_DICT */
        return make(r, NS_PICKLE_DICT, &value, error);
    case 's': /* SETITEM */
        return extend(r, NS_PICKLE_DICT, 2, false, error);
    case 'u': /* SETITEMS */
        return extend(r, NS_PICKLE_DICT, 0, true, error);
    case 'N': /* NONE */
        return make(r, NS_PICKLE_NONE, &value, error);
    case 0x88: /* NEWTRUE, NEWFALSE */
    case 0x89:
        return make_integer(r, opcode == 0x88, error);
    case 'J': /* BININT, BININT1, BININT2, LONG1 */
    case 'K':
    case 'M':
    case 0x8a:
        return make_number(r, opcode, error);
    case 'c': /* GLOBAL */
        return global(r, error);
    case 0x93: /* STACK_GLOBAL */
        return collect(r, 2, false, NS_PICKLE_OTHER, error);
    case 'R': /* REDUCE, NEWOBJ */
    case 0x81:
        return collect(r, 2, false, NS_PICKLE_OBJECT, error);
    case 'b': /* BUILD */
        return build(r, error);
    default:
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "the pickle has opcode 0x%02x at byte %zu", opcode,
                       r->at - 1);
    }
}

ns_code ns_pickle_read(ns_bytes bytes, ns_arena *arena, const ns_pickle_value **out, ns_error *error)
{
    reader r = {.bytes = bytes,
                .arena = arena,
                .stack = NS_ARENA_ARRAY(arena, MOST_VALUES, ns_pickle_value *),
                .memo = NS_ARENA_ARRAY(arena, MOST_VALUES, ns_pickle_value *)};
    if (!r.stack || !r.memo)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory to read a pickle");
    for (;;) {
        const uint8_t *opcode;
        NS_TRY(take(&r, 1, &opcode, error));
        if (*opcode == '.') /* STOP */
            break;
        NS_TRY(step(&r, *opcode, error));
    }
    ns_pickle_value *root;
    NS_TRY(peek(&r, 0, &root, error));
    *out = root;
    return r.depth == 1 && r.at == bytes.size ? NS_OK : malformed(&r, error);
}

static bool is_text(const ns_pickle_value *value, const char *text)
{
    return value->kind == NS_PICKLE_TEXT && value->bytes.size == strlen(text) &&
           memcmp(value->bytes.data, text, value->bytes.size) == 0;
}

const ns_pickle_value *ns_pickle_find(const ns_pickle_value *value, const char *key)
{
    if (!value || value->kind != NS_PICKLE_DICT)
        return NULL;
    for (int i = 0; i + 1 < value->count; i += 2)
        if (is_text(value->items[i], key))
            return value->items[i + 1];
    return NULL;
}

/* Item `index` of an array's state: version, shape, dtype, Fortran order, data. */
static const ns_pickle_value *state_item(const ns_pickle_value *array, int index, ns_pickle_kind kind)
{
    const ns_pickle_value *state = array && array->kind == NS_PICKLE_OBJECT ? array->state : NULL;
    if (!state || state->kind != NS_PICKLE_LIST || state->count != 5 || state->items[index]->kind != kind)
        return NULL;
    return state->items[index];
}

const ns_pickle_value *ns_pickle_object(const ns_pickle_value *array, int index)
{
    const ns_pickle_value *list = state_item(array, 4, NS_PICKLE_LIST);
    return list && index >= 0 && index < list->count ? list->items[index] : NULL;
}

const uint8_t *ns_pickle_first(const ns_pickle_value *array, const char *type, size_t size)
{
    const ns_pickle_value *data = state_item(array, 4, NS_PICKLE_BYTES),
                          *dtype = state_item(array, 2, NS_PICKLE_OBJECT);
    const ns_pickle_value *arguments = dtype && dtype->count == 2 ? dtype->items[1] : NULL;
    if (!data || data->bytes.size < size || !arguments || arguments->kind != NS_PICKLE_LIST ||
        arguments->count < 1 || !is_text(arguments->items[0], type))
        return NULL;
    return data->bytes.data;
}
