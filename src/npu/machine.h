/* Configuration: the accelerators, and the CONFIG word that names one. */
#ifndef NS_NPU_MACHINE_H
#define NS_NPU_MACHINE_H

#include "base/bytes.h"
#include "kernels/kernels.h"
#include "npu/memory/buffer.h"
#include "npu/stream/internal.h"
#include "npu/stream/registers.h"
#include "npuscope/npu.h"

/* One of ns_accelerator's rows. */
typedef struct ns_npu_config {
    ns_accelerator accelerator;
    const char *text;
    unsigned product_bit; /* NS_NPU_PRODUCT_* */
    int product;          /* number in the CONFIG word */
    int macs, cores;
    const ns_npu_table *table;
    int lut_bank; /* SHRAM bank of the first table; 0: tables have a memory of their own */
} ns_npu_config;

const ns_npu_config *ns_npu_config_of(ns_accelerator accelerator);

/* The configuration of a CONFIG word; NS_ERROR_INPUT when there is none, or when `wanted` is another. */
ns_code ns_npu_config_from_word(uint32_t word, ns_accelerator wanted, const ns_npu_config **out,
                                ns_error *error);

typedef struct ns_npu_machine ns_npu_machine;
struct ns_npu_hazards;
struct ns_npu_shadow;

typedef enum ns_npu_command_kind {
    NS_NPU_COMMAND_BLOCK, /* works on feature maps */
    NS_NPU_COMMAND_DMA,
    NS_NPU_COMMAND_CONTROL, /* stop, waits, branches, ... */
} ns_npu_command_kind;

struct ns_npu_operation;
struct ns_npu_dma;

/* What differs between families when a stream runs. */
typedef struct ns_npu_family {
    int dma_limit, kernel_limit; /* transfers and operations that may run before the NPU stalls by itself */
    size_t table_memory; /* bytes of the table memory; 0: tables lie in SHRAM, from bank lut_bank on */
    ns_npu_command_kind (*kind_of)(const ns_npu_command *command); /* of an operation command */
    /* What a block operation, or a DMA, would do with the registers as they are now. */
    ns_code (*read_operation)(ns_npu_machine *machine, const ns_npu_command *command,
                              struct ns_npu_operation *out, ns_error *error);
    ns_code (*read_dma)(ns_npu_machine *machine, struct ns_npu_dma *out, ns_error *error);
    /* Executes a block operation. */
    ns_code (*block)(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error);
    /* Sets machine->stopped for STOP, and machine->next (index of the next command) for a branch. */
    ns_code (*control)(ns_npu_machine *machine, const ns_npu_command *command, ns_error *error);
} ns_npu_family;

typedef struct ns_npu_region {
    uint8_t *data; /* NULL: the region is not bound */
    uint64_t size;
    bool writable;
} ns_npu_region;

/* Ethos-U85: an operand or result names one with three bits; six exist (ethos_u85.cpp, CB_SLOTS). */
#define NS_NPU_CHAINS 8

struct ns_npu_machine {
    const ns_npu_config *config;
    const ns_npu_family *family;
    const ns_npu_options *options;
    ns_npu_statistics *statistics;
    ns_kernels kernels;
    ns_npu_stream *stream;
    ns_arena *scratch; /* forgotten after each operation */

    ns_npu_region regions[NS_NPU_REGIONS];
    uint8_t *internal;       /* SHRAM, or table memory */
    uint8_t *internal_valid; /* one byte per byte: 1 once DMA has written it */
    size_t internal_size;

    uint64_t value[NS_NPU_REGISTERS_MAX];   /* latched registers */
    uint32_t written[NS_NPU_REGISTERS_MAX]; /* index of the command that wrote it, plus 1; 0: none yet */

    const ns_npu_command *commands;
    size_t command_count;
    size_t command; /* index of the one being executed */
    size_t next;    /* index of the one after */
    bool stopped;
    ns_budget *budget;              /* NULL: nothing runs */
    uint64_t work;                  /* spent so far */
    struct ns_npu_hazards *hazards; /* hazards.c; NULL when not asked for */
    struct ns_npu_shadow *shadow;   /* shadow.c; the same */
    ns_npu_buffer accumulators;     /* what an operation without output left (Ethos-U85) */
    ns_npu_buffer chains[NS_NPU_CHAINS];
    size_t piece_start; /* elements of the row before the piece at work, for messages */
    bool result_flag;   /* COND_STATUS: the last element written is not 0 (Ethos-U85) */
    uint64_t branches;  /* taken so far */
};

/* Fault at the current command: "command 12 (word 30, OP_CONV): ...". Returns the code. */
ns_code ns_npu_fault(ns_npu_machine *machine, ns_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is well formed but not modelled: NS_ERROR_UNSUPPORTED. */
ns_code ns_npu_unsupported(ns_npu_machine *machine, ns_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A warning with the same beginning, for options->message. */
void ns_npu_warn(ns_npu_machine *machine, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A register's field (index into the family's fields). A fault when the stream never wrote the register. */
ns_code ns_npu_get(ns_npu_machine *machine, int field, int64_t *out, ns_error *error);

/* Charges `amount` multiply-accumulates or elements to the budget; NS_ERROR_BUDGET names the command. */
ns_code ns_npu_spend(ns_npu_machine *machine, uint64_t amount, ns_error *error);

/* Scratch memory until the end of the operation; NS_ERROR_MEMORY. */
ns_code ns_npu_scratch(ns_npu_machine *machine, size_t count, size_t size, void **out, ns_error *error);

/* The same, not cleared: for what is written whole. */
ns_code ns_npu_room(ns_npu_machine *machine, size_t count, size_t size, void **out, ns_error *error);

#endif
