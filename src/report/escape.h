/* Text for XML and HTML: markup characters as entities, control characters as '?'. */
#ifndef NS_REPORT_ESCAPE_H
#define NS_REPORT_ESCAPE_H

#include "base/bytes.h"

void ns_report_escape(ns_buffer *buffer, const char *text);

#endif
