/* Configurations: whose fault is it that the NPU's result differs from eval's? */
#ifndef NS_SUITE_CONFIGURATIONS_H
#define NS_SUITE_CONFIGURATIONS_H

#include "stage/stage.h"

/* What Vela is to compile to tell: the row's graph for the family's other accelerators and with other
 * options. In the ladder's arena. */
ns_code ns_configurations_list(const ns_ladder *ladder, ns_vela_request **requests, int *count,
                               ns_error *error);

/* Executes what Vela made of them and completes `result`: configurations, suspect and reason. */
ns_code ns_configurations_judge(const ns_ladder *ladder, const ns_vela_request *requests, int count,
                                ns_case_result *result, ns_error *error);

#endif
