/* Subject: what a row tests: which scales and codes it uses, and which known defects of Vela its graph meets.
 */
#ifndef NS_SUITE_SUBJECT_H
#define NS_SUITE_SUBJECT_H

#include "stage/stage.h"

/* Fills in scale_count, floor_count, input_codes and output_codes, as far as the stages have come. */
void ns_subject_describe(const ns_ladder *ladder, ns_case_result *result);

#endif
