/* CPU: which instruction sets this machine has, and which the user allows. */
#ifndef NPUSCOPE_CPU_H
#define NPUSCOPE_CPU_H

#ifdef __cplusplus
extern "C" {
#endif

/* Each instruction set that kernels know, once; a new one at the end, for bits stay what they are.
 *   NS_CPU(NAME, "text") */
#define NS_CPU_LIST(NS_CPU)          \
    NS_CPU(AVX2, "avx2")             \
    NS_CPU(AVX512, "avx512")         \
    NS_CPU(AVX512VNNI, "avx512vnni") \
    NS_CPU(NEON, "neon")             \
    NS_CPU(AVX512VBMI, "avx512vbmi") \
    NS_CPU(AMX, "amx")

enum {
#define NS_CPU(name, text) NS_CPU_INDEX_##name,
    NS_CPU_LIST(NS_CPU)
#undef NS_CPU
};
enum {
#define NS_CPU(name, text) NS_CPU_##name = 1 << NS_CPU_INDEX_##name,
    NS_CPU_LIST(NS_CPU)
#undef NS_CPU
};

/* Sets that this machine executes (AVX2 means FMA too; AVX512 means F, BW, DQ and VL; AMX means TILE and
 * INT8). For AMX the process asks the system for its registers, where the processor has them. */
unsigned ns_cpu_detect(void);

/* The mask for a comma-separated list of names ("avx2,avx512"), "none" or "all"; returns 0 and sets
 * *ok to 0 for an unknown name. */
unsigned ns_cpu_parse(const char *text, int *ok);

/* The name of one bit; "?" for an unknown one. */
const char *ns_cpu_text(unsigned bit);

#ifdef __cplusplus
}
#endif

#endif
