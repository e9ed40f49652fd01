#include "catalogue/internal.h"

#include <string.h>

#include "base/interface.h"
#include "base/system.h"
#include "ops/operators.h"

/* Of a message (NS_MESSAGE_SIZE), and of an entry in it. */
enum { LONGEST_LIST = 600, LONGEST_ENTRY = 256 };

/* A name itself comes before what it is as a pattern: names have brackets. */
bool ns_supply_matches(const char *pattern, const char *name)
{
    return strcmp(pattern, name) == 0 || fnmatch(pattern, name, 0) == 0;
}

bool ns_supply_wants(const char *name, int count, const char *const *patterns)
{
    for (int i = 0; i < count; i++)
        if (ns_supply_matches(patterns[i], name))
            return true;
    return count == 0;
}

/* Whether the operator is selected; without a selection the first ones are. NULL: a case of one's own of
 * none. */
bool ns_supply_wants_operator(const ns_suite_options *options, const char *name, const ns_aten_operator *op)
{
    if (!ns_supply_wants(name, options->op_count, options->ops))
        return false;
    if (options->family_count == 0)
        return true;
    return op && op->catalogue &&
           ns_supply_wants(ns_case_family_text(op->catalogue->family), options->family_count,
                           options->families);
}

/* Operators that a selection without any leaves. */
int ns_supply_operators(const ns_suite_options *options)
{
    const bool chosen =
        options->op_count || options->family_count || options->name_count ||
        (options->catalogue && strcmp(options->catalogue, ns_case_list_text(NS_LIST_SEED)) != 0);
    return chosen ? ns_aten_operator_count : ns_aten_short_list;
}

/* Adds an entry to a comma-separated list in a message. */
void ns_supply_append(ns_buffer *buffer, const char *text)
{
    ns_buffer_format(buffer, "%s%s", buffer->size ? ", " : "", text);
}

static const char *finish(ns_buffer *buffer)
{
    ns_buffer_append(buffer, "", 1);
    return buffer->failed ? "(out of memory)" : (const char *)buffer->data;
}

/* The entry of "exp rank1, exp rank2" whose last word is nearest to `name`; NULL: none is like it. */
static const char *nearest(const char *name, const char *list, char *text, size_t size)
{
    int best = -1;
    for (const char *at = list; *at; at += strcspn(at, ","), at += strspn(at, ", ")) {
        char entry[LONGEST_ENTRY];
        snprintf(entry, sizeof entry, "%.*s", (int)strcspn(at, ","), at);
        const char *space = strrchr(entry, ' ');
        const int distance = ns_word_distance(name, space ? space + 1 : entry);
        if (distance >= 0 && (best < 0 || distance < best)) {
            best = distance;
            snprintf(text, size, "%s", space ? space + 1 : entry);
        }
    }
    return best >= 0 ? text : NULL;
}

/* A list that a message does not hold is told by its nearest entry; where none is near, as far as it goes. */
ns_code ns_supply_unknown(const char *what, const char *name, ns_buffer *known, ns_error *error)
{
    const char *list = finish(known);
    const char *all = strcmp(what, "operator") == 0 ? "npuscope operators" : "npuscope suite --list --op '*'";
    char text[LONGEST_ENTRY];
    if (strlen(list) <= LONGEST_LIST)
        return ns_fail(error, NS_ERROR_USAGE, "unknown %s '%s'; there are: %s", what, name, list);
    if (nearest(name, list, text, sizeof text))
        return ns_fail(error, NS_ERROR_USAGE, "unknown %s '%s'; did you mean %s? (%s lists all)", what, name,
                       text, all);
    int length = LONGEST_LIST;
    while (length > 0 && list[length] != ',')
        length--;
    return ns_fail(error, NS_ERROR_USAGE, "unknown %s '%s'; there are: %.*s, .. (%s lists all)", what, name,
                   length, list, all);
}

static ns_code find_list(const char *name, ns_arena *arena, ns_case_list *list, ns_error *error)
{
    ns_buffer known = {.arena = arena};
    for (int i = 0; i < NS_LIST_COUNT; i++) {
        if (!name || strcmp(name, ns_case_list_text((ns_case_list)i)) == 0) {
            *list = (ns_case_list)i;
            return NS_OK;
        }
        ns_supply_append(&known, ns_case_list_text((ns_case_list)i));
    }
    ns_supply_append(&known, NS_NO_CATALOGUE " (of suite, beside --cases)");
    return ns_supply_unknown("catalogue", name, &known, error);
}

static bool has_cases(const ns_aten_operator *op, ns_case_list list)
{
    for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++)
        if (op->catalogue->cases[c].list == list)
            return true;
    return false;
}

/* Whether some operator matches; adds all to `known`. */
static bool find_op(const ns_supply *s, const char *pattern, ns_buffer *known)
{
    bool found = false;
    for (int o = 0; s->catalogue && o < ns_aten_operator_count; o++) {
        const ns_aten_operator *op = ns_aten_operators[o];
        if (!has_cases(op, s->list))
            continue;
        found = found || ns_supply_matches(pattern, op->name);
        ns_supply_append(known, op->name);
    }
    for (int i = 0; i < s->given_count; i++) {
        found = found || ns_supply_matches(pattern, s->given[i].op);
        if (i == 0 || strcmp(s->given[i - 1].op, s->given[i].op) != 0)
            ns_supply_append(known, s->given[i].op);
    }
    return found;
}

static ns_code check_ops(const ns_suite_options *options, const ns_supply *s, ns_arena *arena,
                         ns_error *error)
{
    for (int i = 0; i < options->op_count; i++) {
        ns_buffer known = {.arena = arena};
        if (!find_op(s, options->ops[i], &known))
            return ns_supply_unknown("operator", options->ops[i], &known, error);
    }
    return NS_OK;
}

static ns_code check_families(const ns_suite_options *options, ns_arena *arena, ns_error *error)
{
    for (int i = 0; i < options->family_count; i++) {
        ns_buffer known = {.arena = arena};
        bool found = false;
        for (ns_case_family f = 0; f < NS_CASE_FAMILY_COUNT; f++) {
            found = found || ns_supply_matches(options->families[i], ns_case_family_text(f));
            ns_supply_append(&known, ns_case_family_text(f));
        }
        if (!found)
            return ns_supply_unknown("family", options->families[i], &known, error);
    }
    return NS_OK;
}

/* Whether a case matches in the list of an operator's cases; adds them to `known`. */
static bool find_case(const ns_aten_operator *op, ns_case_list list, const char *pattern, ns_buffer *known)
{
    bool found = false;
    for (int c = 0; op->catalogue && c < op->catalogue->case_count; c++) {
        const ns_catalogue_case *entry = &op->catalogue->cases[c];
        if (entry->list != list)
            continue;
        found = found || ns_supply_matches(pattern, entry->name);
        ns_buffer_format(known, "%s%s %s", known->size ? ", " : "", op->name, entry->name);
    }
    return found;
}

/* Every selected case must exist in one of the selected operators. */
static ns_code check_names(const ns_suite_options *options, const ns_supply *s, ns_arena *arena,
                           ns_error *error)
{
    for (int i = 0; i < options->name_count; i++) {
        ns_buffer known = {.arena = arena};
        bool found = false;
        for (int o = 0; s->catalogue && o < ns_aten_operator_count; o++)
            if (ns_supply_wants_operator(options, ns_aten_operators[o]->name, ns_aten_operators[o]))
                found = find_case(ns_aten_operators[o], s->list, options->names[i], &known) || found;
        for (int g = 0; g < s->given_count; g++) {
            if (!ns_supply_wants_operator(options, s->given[g].op, ns_aten_find(s->given[g].op)))
                continue;
            found = found || ns_supply_matches(options->names[i], s->given[g].files.name);
            ns_buffer_format(&known, "%s%s", known.size ? ", " : "", s->given[g].files.name);
        }
        if (!found)
            return ns_supply_unknown("case", options->names[i], &known, error);
    }
    return NS_OK;
}

/* Cases of one's own stand beside the catalogue's, or alone. */
ns_code ns_supply_find(const ns_suite_options *options, ns_arena *arena, ns_supply *s, ns_error *error)
{
    const bool none =
        options->catalogue && options->case_path_count && strcmp(options->catalogue, NS_NO_CATALOGUE) == 0;
    *s = (ns_supply){.catalogue = !none};
    NS_TRY(find_list(none ? NULL : options->catalogue, arena, &s->list, error));
    return ns_given_find(options->case_path_count, options->case_paths, arena, &s->given, &s->given_count,
                         error);
}

ns_code ns_supply_check(const ns_supply *s, const ns_suite_options *options, ns_arena *arena, ns_error *error)
{
    NS_TRY(check_ops(options, s, arena, error));
    NS_TRY(check_families(options, arena, error));
    return check_names(options, s, arena, error);
}
