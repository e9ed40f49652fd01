/* What the reports of a diagnosis have in common: figures and places in words. */
#ifndef NS_REPORT_DIAGNOSE_WORDS_H
#define NS_REPORT_DIAGNOSE_WORDS_H

#include "npuscope/arena.h"
#include "npuscope/diagnose.h"

/* "12.3 dB", "no error" or "not known". Returns `text`. */
const char *ns_diagnose_decibels(double value, char text[32]);

/* "[1,48,1]". Returns `text`. */
const char *ns_diagnose_shape(const ns_diagnose_stage *stage, char *text, size_t size);

/* Has the stage been blamed? */
bool ns_diagnose_is_blamed(const ns_diagnose_precision *precision, int stage);

/* The stage that costs most of those that are not blamed, or -1. */
int ns_diagnose_next(const ns_diagnose_precision *precision);

/* What is said of a configuration in one cell: the reason, the known defect with its proof, what avoids it;
 * "" where there is nothing. NULL: no memory. */
const char *ns_diagnose_compile_words(const ns_diagnose_compile *row, ns_arena *arena);

#endif
