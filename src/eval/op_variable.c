/* VARIABLE declares a variable, VARIABLE_WRITE and VARIABLE_READ store and load its whole value. A read
 * needs a value, and types and shapes must be the declared ones. */
#include <string.h>

#include "eval/call.h"

ns_code ns_eval_variable(ns_eval_call *call, ns_error *error)
{
    (void)call;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "variables");
}
ns_code ns_eval_variable_write(ns_eval_call *call, ns_error *error)
{
    (void)call;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "variables");
}
ns_code ns_eval_variable_read(ns_eval_call *call, ns_error *error)
{
    (void)call;
    return ns_fail(error, NS_ERROR_UNSUPPORTED, "variables");
}
