#include "npuscope/npu.h"

void ns_npu_statistics_add(ns_npu_statistics *sum, const ns_npu_statistics *one)
{
    sum->commands += one->commands;
    sum->operations += one->operations;
    sum->dma += one->dma;
    sum->macs += one->macs;
    sum->saturated += one->saturated;
    sum->work += one->work;
    if (!sum->hazards) {
        sum->hazard_command = one->hazard_command;
        sum->hazard_word = one->hazard_word;
        sum->hazard_name = one->hazard_name;
    }
    sum->hazards += one->hazards;
    sum->possible_hazards += one->possible_hazards;
    sum->chip_rule = sum->chip_rule ? sum->chip_rule : one->chip_rule;
    sum->chip_rules += one->chip_rules;
    if (!sum->signs) {
        sum->sign = one->sign;
        sum->sign_command = one->sign_command;
        sum->sign_word = one->sign_word;
        sum->sign_name = one->sign_name;
    }
    sum->signs += one->signs;
    sum->possible_sign = sum->possible_sign ? sum->possible_sign : one->possible_sign;
    sum->possible_signs += one->possible_signs;
    sum->unread_input_bytes += one->unread_input_bytes;
    if (one->undefined) {
        sum->undefined = one->undefined;
        sum->fault_command = one->fault_command;
        sum->fault_name = one->fault_name;
        sum->fault_word = one->fault_word;
    }
}
