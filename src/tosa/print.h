/* Print: what the text and the JSON printer share. */
#ifndef NS_TOSA_PRINT_H
#define NS_TOSA_PRINT_H

#include "base/bytes.h"
#include "npuscope/graph.h"
#include "tosa/operator_info.h"

/* Appends one attribute's value: "1, 1", "SINGLE_ROUND", "true", "int48", "0x00 0x80". A clamp's limits are
 * numbers of type `dtype`. */
void ns_print_attribute(ns_buffer *buffer, ns_arena *arena, const ns_attributes *attributes,
                        ns_attribute attribute, ns_dtype dtype);

/* Appends element `index` of a tensor with data. */
void ns_print_element(ns_buffer *buffer, const ns_tensor *tensor, size_t index);

/* True when the attribute has a value that is worth a place: lists that are not empty, strings that are
 * there, and all others. */
bool ns_attribute_is_given(const ns_attributes *attributes, ns_attribute attribute);

#endif
