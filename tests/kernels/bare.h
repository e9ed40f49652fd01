/* Tests of kernels on a machine without an operating system, as scripts/check-platforms avx512 starts them.
 * In the place of cmocka's header (-include, and its guard defined): a check that fails ends the machine.
 * With BARE_MACHINE, compiled for itself: the way into 64 bits, and what the tests want of a C library.
 * TESTS: RUN(name) for each, whose main is test_<name>. */
#ifndef NS_TESTS_BARE_H
#define NS_TESTS_BARE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

__attribute__((noreturn)) void bare_end(void);

struct CMUnitTest {
    void (*run)(void **state);
};
#define cmocka_unit_test(test) \
    {                          \
        test                   \
    }
#define cmocka_run_group_tests(tests, setup, teardown) bare_run(tests, sizeof tests / sizeof *tests)
#define fail_msg(...) (printf("FAIL %s:%d ", __FILE__, __LINE__), printf(__VA_ARGS__), bare_end())
#define assert_true(c) ((c) ? (void)0 : fail_msg(#c))
#define assert_int_equal(a, b) assert_true((uint64_t)(a) == (uint64_t)(b))
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_in_range(v, low, high) assert_true((v) >= (low) && (v) <= (high))
#define print_message printf
#define skip() fail_msg("skipped")

static inline int bare_run(const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tests[i].run(NULL);
    return 0;
}

#ifdef BARE_MACHINE

/* A Multiboot program: entered in 32 bits, at 2 MiB. The first GiB is mapped as it lies, by pages of 2 MiB;
 * the registers of AVX-512 are switched on (XCR0). */
__asm__(".section .boot, \"ax\"\n"
        ".code32\n"
        ".align 8\n"
        "header:\t.long 0x1badb002, 0x10000, -(0x1badb002 + 0x10000), header, header, 0, 0, start\n"
        "start:\tcli\n"
        "\tlgdt table_at\n"
        "\tljmp $0x08, $1f\n"
        "1:\tmov $0x10, %ax\n"
        "\tmov %ax, %ds\n"
        "\tmov %ax, %es\n"
        "\tmov %ax, %ss\n"
        "\tmov $0x1000, %edi\n"
        "\txor %eax, %eax\n"
        "\tmov $0xc00, %ecx\n"
        "\trep stosl\n"
        "\tmovl $0x2003, 0x1000\n"
        "\tmovl $0x3003, 0x2000\n"
        "\tmov $0x3000, %edi\n"
        "\tmov $0x83, %eax\n"
        "2:      mov %eax, (%edi)\n"
        "\tadd $0x200000, %eax\n"
        "\tadd $8, %edi\n"
        "\tcmp $0x4000, %edi\n"
        "\tjne 2b\n"
        "\tmov $0x40620, %eax # PAE, SSE, XSAVE\n"
        "\tmov %eax, %cr4\n"
        "\tmov $0x1000, %eax\n"
        "\tmov %eax, %cr3\n"
        "\tmov $0xc0000080, %ecx\n"
        "\trdmsr\n"
        "\tor $0x100, %eax\n"
        "\twrmsr\n"
        "\tmov %cr0, %eax\n"
        "\tand $~0xc, %eax\n"
        "\tor $0x80000002, %eax\n"
        "\tmov %eax, %cr0\n"
        "\tljmp $0x18, $3f\n"
        ".code64\n"
        "3:\tmov $0x8000000, %rsp\n"
        "\txor %ecx, %ecx\n"
        "\txor %edx, %edx\n"
        "\tmov $13, %eax # what XCR0 may hold: AMX's tiles too, where the processor has them\n"
        "\tcpuid\n"
        "\tand $0x600e7, %eax\n"
        "\txor %ecx, %ecx\n"
        "\txor %edx, %edx\n"
        "\txsetbv\n"
        "\tmov $__bss_start, %rdi\n"
        "\tmov $_end, %rcx\n"
        "\tsub %rdi, %rcx\n"
        "\txor %eax, %eax\n"
        "\trep stosb\n"
        "\tcall bare_main\n"
        ".align 8\n"
        "table:\t.quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff\n"
        "table_at:\t.word 31\n"
        "\t.long table\n"
        ".text\n");

static void put_port(uint16_t port, char value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static int put(char c)
{
    uint8_t state = 0;
    while (!(state & 0x40)) /* the serial line is busy */
        __asm__ volatile("inb %1, %0" : "=a"(state) : "Nd"((uint16_t)0x3fd));
    put_port(0x3f8, c);
    return 1;
}

void bare_end(void)
{
    put('\n');
    for (const char *c = "Shutdown"; *c; c++)
        put_port(0x8900, *c);
    for (;;)
        __asm__ volatile("hlt");
}

static int put_number(uint64_t v)
{
    const int before = v > 9 ? put_number(v / 10) : 0;
    return before + put((char)('0' + v % 10));
}

/* %s and whole numbers. */
int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        int is_long = 0;
        for (format++; *format == 'l' || *format == 'z'; format++)
            is_long = 1;
        if (*format == 's') {
            for (const char *text = va_arg(arguments, const char *); *text; text++)
                put(*text);
            continue;
        }
        const int64_t v = is_long ? va_arg(arguments, int64_t) : va_arg(arguments, int);
        if (v < 0)
            put('-');
        put_number(v < 0 ? -(uint64_t)v : (uint64_t)v);
    }
    va_end(arguments);
    return 0;
}

int putchar(int c)
{
    return put((char)c);
}

int puts(const char *text)
{
    return printf("%s\n", text);
}

/* Names of masks only: "%s%s". */
int snprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length = 0;
    va_start(arguments, format);
    for (; *format; format += 2)
        for (const char *text = va_arg(arguments, const char *); *text && length + 1 < size; text++)
            to[length++] = *text;
    to[length] = 0;
    va_end(arguments);
    return (int)length;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memset(void *to, int value, size_t size)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

/* For the parser of masks, which no test of kernels calls. */
int strcmp(const char *a, const char *b)
{
    (void)a, (void)b;
    bare_end();
}

size_t strcspn(const char *text, const char *set)
{
    (void)text, (void)set;
    bare_end();
}

/* No system, nobody to ask. */
int ns_system_allow_tiles(void);
int ns_system_allow_tiles(void)
{
    return 1;
}

#define RUN(name) int test_##name(void);
TESTS
#undef RUN

int __cpu_indicator_init(void); /* of __builtin_cpu_supports */

__attribute__((used)) void bare_main(void)
{
    __cpu_indicator_init();
    put_port(0x3fb, 3); /* the serial line: characters of 8 bits */
#define RUN(name)           \
    printf("%s\n", #name);  \
    if (test_##name() != 0) \
        fail_msg("%s", #name);
    TESTS
#undef RUN
    printf("all passed");
    bare_end();
}

#endif

#endif
