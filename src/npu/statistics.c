#include "npuscope/npu.h"

void ns_npu_statistics_add(ns_npu_statistics *sum, const ns_npu_statistics *one)
{
    sum->commands += one->commands;
    sum->operations += one->operations;
    sum->dma += one->dma;
    sum->macs += one->macs;
    sum->saturated += one->saturated;
    sum->work += one->work;
    sum->hazards += one->hazards;
    sum->chip_rules += one->chip_rules;
    if (!sum->chip_rule)
        sum->chip_rule = one->chip_rule;
    sum->signs += one->signs;
    if (!sum->sign)
        sum->sign = one->sign;
    sum->possible_signs += one->possible_signs;
    sum->possible_hazards += one->possible_hazards;
    sum->unread_input_bytes += one->unread_input_bytes;
    if (!sum->possible_sign)
        sum->possible_sign = one->possible_sign;
}
