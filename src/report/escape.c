#include "report/internal.h"

/* Text for an attribute or an element. XML 1.0 allows no control characters but tab and line ends. */
void ns_report_escape(ns_buffer *buffer, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\n', "&#10;"}};
    for (; *text; text++) {
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            if (entities[i].character == *text)
                entity = entities[i].entity;
        if (entity)
            ns_buffer_append(buffer, entity, strlen(entity));
        else
            ns_buffer_append(buffer, (unsigned char)*text < ' ' ? "?" : text, 1);
    }
}
