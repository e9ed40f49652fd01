#include "base/interface.h"

#include <jansson.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

ns_json ns_json_begin(ns_buffer *buffer, bool indent, int digits)
{
    return (ns_json){.buffer = buffer, .lines = indent ? NS_JSON_DEPTH : 0, .digits = digits};
}

static void add_character(ns_buffer *buffer, const unsigned char *text, int length)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *special = length == 1 ? strchr(escaped, *text) : NULL;
    if (length == 0)
        ns_buffer_format(buffer, "\\\\x%02x", *text);
    else if (special)
        ns_buffer_format(buffer, "\\%c", letters[special - escaped]);
    else if (*text < ' ')
        ns_buffer_format(buffer, "\\u%04X", *text);
    else
        ns_buffer_append(buffer, text, (size_t)length);
}

static void add_string(ns_buffer *buffer, const char *text)
{
    ns_buffer_append(buffer, "\"", 1);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        const int length = ns_utf8_length(at);
        add_character(buffer, at, length);
        at += length ? length : 1;
    }
    ns_buffer_append(buffer, "\"", 1);
}

static void new_line(ns_json *json)
{
    ns_buffer_format(json->buffer, "\n%*s", json->depth, "");
}

/* What comes before a value. */
static void begin_value(ns_json *json, const char *key)
{
    if (json->depth > 0) {
        bool *filled = &json->filled[json->depth - 1];
        ns_buffer_append(json->buffer, ",", *filled);
        if (json->depth <= json->lines)
            new_line(json);
        else if (*filled && json->lines)
            ns_buffer_append(json->buffer, " ", 1);
        *filled = true;
    }
    json->wrong = json->wrong || (key != NULL) != (json->depth > 0 && json->closing[json->depth - 1] == '}');
    if (!key)
        return;
    add_string(json->buffer, key);
    ns_buffer_append(json->buffer, ": ", json->lines ? 2 : 1);
}

static void open_value(ns_json *json, const char *key, const char *opening, char closing)
{
    begin_value(json, key);
    ns_buffer_append(json->buffer, opening, 1);
    if (json->depth == NS_JSON_DEPTH) {
        json->wrong = true;
        return;
    }
    json->filled[json->depth] = false;
    json->closing[json->depth++] = closing;
}

void ns_json_object(ns_json *json, const char *key)
{
    open_value(json, key, "{", '}');
}

void ns_json_array(ns_json *json, const char *key)
{
    open_value(json, key, "[", ']');
}

void ns_json_end(ns_json *json)
{
    if (json->depth == 0) {
        json->wrong = true;
        return;
    }
    json->depth--;
    if (json->filled[json->depth] && json->depth < json->lines)
        new_line(json);
    ns_buffer_append(json->buffer, &json->closing[json->depth], 1);
}

void ns_json_null(ns_json *json, const char *key)
{
    begin_value(json, key);
    ns_buffer_append(json->buffer, "null", 4);
}

void ns_json_text(ns_json *json, const char *key, const char *text)
{
    if (!text) {
        ns_json_null(json, key);
        return;
    }
    begin_value(json, key);
    add_string(json->buffer, text);
}

void ns_json_integer(ns_json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    ns_buffer_format(json->buffer, "%" PRId64, value);
}

/* A real stays one for the reader: "1.0"; exponents have neither "+" nor leading zeros. */
void ns_json_real(ns_json *json, const char *key, double value)
{
    char text[64];
    if (!isfinite(value)) {
        ns_json_null(json, key);
        return;
    }
    begin_value(json, key);
    snprintf(text, sizeof text, "%.*g", json->digits, value);
    const size_t mantissa = strcspn(text, "e");
    ns_buffer_append(json->buffer, text, mantissa);
    if (!text[mantissa]) {
        if (!strchr(text, '.'))
            ns_buffer_append(json->buffer, ".0", 2);
        return;
    }
    const char *exponent = &text[mantissa + 1];
    ns_buffer_append(json->buffer, *exponent == '-' ? "e-" : "e", *exponent == '-' ? 2 : 1);
    exponent += strspn(exponent, "+-0");
    ns_buffer_append(json->buffer, exponent, strlen(exponent));
}

void ns_json_bool(ns_json *json, const char *key, bool value)
{
    begin_value(json, key);
    ns_buffer_append(json->buffer, value ? "true" : "false", value ? 4 : 5);
}

void ns_json_document(ns_json *json, const char *key, ns_bytes document)
{
    size_t size = document.size;
    while (size > 0 && document.data[size - 1] == '\n')
        size--;
    begin_value(json, key);
    json->wrong = json->wrong || size == 0;
    ns_buffer_append(json->buffer, document.data, size);
}

void ns_json_integers(ns_json *json, const char *key, int count, const int64_t *values)
{
    ns_json_array(json, key);
    for (int i = 0; i < count; i++)
        ns_json_integer(json, NULL, values[i]);
    ns_json_end(json);
}

ns_code ns_json_finish(ns_json *json, const char *what, ns_bytes *out, ns_error *error)
{
    ns_buffer_append(json->buffer, "\n", 1);
    if (out)
        *out = (ns_bytes){0};
    NS_TRY(ns_buffer_finish(json->buffer, what, error));
    if (json->wrong || json->depth != 0)
        return ns_fail(error, NS_ERROR_INTERNAL, "%s is nested wrongly", what);
    if (out)
        *out = (ns_bytes){json->buffer->data, json->buffer->size};
    return NS_OK;
}

/* jansson tells want of memory as an error of syntax here and there, or drops the rest of a text: what is not
 * the same when the bytes are read again was that. */
ns_code ns_json_parse(ns_bytes bytes, const char *what, struct json_t **out, ns_error *error)
{
    json_error_t problem = {0}, again = {0};
    json_t *first = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &problem);
    json_t *second = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &again);
    const bool same =
        first ? second && json_equal(first, second)
              : !second && again.position == problem.position && strcmp(again.text, problem.text) == 0;
    json_decref(second);
    *out = same ? first : NULL;
    if (*out)
        return NS_OK;
    json_decref(first);
    if (!same || !problem.text[0] || json_error_code(&problem) == json_error_out_of_memory)
        return ns_fail(error, NS_ERROR_MEMORY, "%s: no memory to read it", what);
    return ns_fail(error, NS_ERROR_INPUT, "%s:%d: %s", what, problem.line, problem.text);
}
