#include "shared.h"

#include <stdio.h>
#include <string.h>

#include "base/interface.h"

/* What an accelerator family makes of a graph, from the best to the worst. */
static const char *const words[] = {"refused", "right", "hazard", "crash", "undefined", "wrong"};

/* Of the worst of its accelerators; an index of `words`. */
static int badness(const ns_fuzz_cell *cell)
{
    const int counts[] = {1, cell->right, cell->hazard, cell->crash, cell->undefined, cell->wrong};
    int worst = 5;
    while (!counts[worst])
        worst--;
    return worst;
}

/* The worst cell of the release that cell `index` has; NULL unless that cell is the release's first. */
static const ns_fuzz_cell *worst_of_release(const ns_fuzz_finding *f, int index)
{
    const ns_fuzz_cell *worst = &f->cells[index];
    for (int i = 0; i < f->cell_count; i++) {
        if (strcmp(f->cells[i].release, f->cells[index].release) != 0)
            continue;
        if (i < index)
            return NULL;
        if (badness(&f->cells[i]) > badness(worst))
            worst = &f->cells[i];
    }
    return worst;
}

/* "targets": the families that go wrong; "releases": {"5.1.0": "wrong"}, the worst that any family makes. */
static void add_verdicts(ns_json *json, const ns_fuzz_finding *f)
{
    char family[16];
    unsigned bad = 0;
    for (int i = 0; i < f->cell_count; i++)
        bad |= badness(&f->cells[i]) > 1 ? f->cells[i].family : 0;
    ns_json_array(json, "targets");
    for (unsigned bit = 1; bit <= NS_FAMILY_U85; bit <<= 1)
        if (bad & bit)
            ns_json_text(json, NULL, ns_families_text(bit, family));
    ns_json_end(json);
    ns_json_object(json, "releases");
    for (int i = 0; i < f->cell_count; i++) {
        const ns_fuzz_cell *worst = worst_of_release(f, i);
        if (worst)
            ns_json_text(json, worst->release, words[badness(worst)]);
    }
    ns_json_end(json);
}

static void add_cells(ns_json *json, const ns_fuzz_finding *f)
{
    char family[16];
    ns_json_array(json, "configurations");
    for (int i = 0; i < f->cell_count; i++) {
        const ns_fuzz_cell *c = &f->cells[i];
        ns_json_object(json, NULL);
        ns_json_text(json, "release", c->release);
        ns_json_text(json, "family", ns_families_text(c->family, family));
        ns_json_integer(json, "right", c->right);
        ns_json_integer(json, "wrong", c->wrong);
        ns_json_integer(json, "undefined", c->undefined);
        ns_json_integer(json, "hazard", c->hazard);
        ns_json_integer(json, "crash", c->crash);
        ns_json_integer(json, "refused", c->refused);
        ns_json_end(json);
    }
    ns_json_end(json);
}

/* "a, b" as a list. */
static void add_avoided(ns_json *json, const char *list)
{
    char item[256];
    ns_json_array(json, "avoided_by");
    while (*list) {
        const size_t length = strcspn(list, ",");
        snprintf(item, sizeof item, "%.*s", (int)length, list);
        ns_json_text(json, NULL, item);
        list += length + strspn(list + length, ", ");
    }
    ns_json_end(json);
}

/* What Vela is given to make the stream again. */
static void add_options(ns_json *json, const ns_fuzz_finding *f)
{
    char text[512];
    ns_accelerator accelerator;
    if (ns_accelerator_parse(f->target, &accelerator, NULL) != NS_OK)
        return;
    snprintf(text, sizeof text, "--accelerator-config=%s %s --output-format=raw%s%s", f->target,
             ns_vela_flags(accelerator), f->flags ? " " : "", f->flags ? f->flags : "");
    ns_json_text(json, "vela_options", text);
}

static void add_finding(ns_json *json, const char *key, const ns_fuzz_finding *f)
{
    ns_json_object(json, key);
    ns_json_text(json, "signature", f->signature);
    ns_json_text(json, "kind", f->kind);
    ns_json_text(json, "operation", f->operation);
    ns_json_text(json, "target", f->target);
    ns_json_text(json, "release", f->release);
    ns_json_text(json, "message", f->message);
    ns_json_integer(json, "wrong", (int64_t)f->wrong);
    ns_json_integer(json, "elements", (int64_t)f->elements);
    ns_json_integer(json, "largest", f->largest);
    add_options(json, f);
    add_verdicts(json, f);
    add_cells(json, f);
    add_avoided(json, f->avoided_by);
    ns_json_text(json, "first_wrong", f->first_wrong);
    ns_json_text(json, "right_variant", f->variant);
    ns_json_text(json, "difference", f->difference);
    ns_json_integer(json, "first_seen", (int64_t)f->first_seen);
    ns_json_integer(json, "count", (int64_t)f->count);
    ns_json_integer(json, "operators", f->operators);
    ns_json_integer(json, "trials", f->trials);
    ns_json_real(json, "seconds", f->seconds);
    ns_json_array(json, "inputs");
    for (int i = 0; i < f->input_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "in%d.npy", i);
        ns_json_text(json, NULL, name);
    }
    ns_json_end(json);
    ns_json_text(json, "known_defect", f->known_defect);
    ns_json_text(json, "graph", f->graph);
    ns_json_end(json);
}

static void add_known(ns_json *json, const ns_fuzz_result *r)
{
    ns_json_array(json, "known");
    for (int i = 0; i < r->known_count; i++) {
        ns_json_object(json, NULL);
        ns_json_text(json, "known_defect", ns_defect_get_info(r->known[i].defect)->id);
        ns_json_integer(json, "graphs", (int64_t)r->known[i].graphs);
        ns_json_integer(json, "first_seen", (int64_t)r->known[i].first_seen);
        ns_json_integer(json, "right", (int64_t)r->known[i].right);
        ns_json_end(json);
    }
    ns_json_end(json);
}

static void add_yields(ns_json *json, const ns_fuzz_result *r)
{
    ns_json_array(json, "yield");
    for (int i = 0; i < r->yield_count; i++) {
        ns_json_object(json, NULL);
        ns_json_integer(json, "graphs", (int64_t)r->yields[i].graphs);
        ns_json_integer(json, "signatures", r->yields[i].signatures);
        ns_json_integer(json, "known", r->yields[i].causes);
        ns_json_integer(json, "modes", (int64_t)r->yields[i].modes);
        ns_json_real(json, "seconds", r->yields[i].seconds);
        ns_json_end(json);
    }
    ns_json_end(json);
}

/* "reached": hashes, so that the modes of several searches can be joined. */
static void add_reached(ns_json *json, const ns_fuzz_result *r)
{
    char text[24];
    ns_json_array(json, "reached");
    for (uint64_t i = 0; i < r->modes; i++) {
        snprintf(text, sizeof text, "%llx", (unsigned long long)r->reached[i]);
        ns_json_text(json, NULL, text);
    }
    ns_json_end(json);
}

static ns_code write_within(ns_cli *cli, const char *path, const ns_fuzz_result *r, ns_arena *arena,
                            ns_error *error)
{
    ns_buffer buffer = {.arena = arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_bytes bytes;
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/fuzz-vela/1");
    ns_json_integer(&json, "seed", (int64_t)r->seed);
    ns_json_integer(&json, "first", (int64_t)r->first);
    ns_json_integer(&json, "shard", r->shard);
    ns_json_integer(&json, "shards", r->shards);
    ns_json_integer(&json, "graphs", (int64_t)r->graphs);
    ns_json_integer(&json, "streams", (int64_t)r->streams);
    ns_json_integer(&json, "refused", (int64_t)r->refused);
    ns_json_integer(&json, "failing", (int64_t)r->failing);
    ns_json_integer(&json, "unnamed", (int64_t)r->unnamed);
    ns_json_integer(&json, "modes", (int64_t)r->modes);
    ns_json_integer(&json, "starts", (int64_t)r->starts);
    ns_json_real(&json, "seconds", r->seconds);
    ns_json_real(&json, "reducing", r->reducing);
    ns_json_array(&json, "findings");
    for (int i = 0; i < r->finding_count; i++)
        add_finding(&json, NULL, &r->findings[i]);
    ns_json_end(&json);
    add_known(&json, r);
    add_yields(&json, r);
    add_reached(&json, r);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, path, &bytes, error));
    return ns_cli_write(cli, path, bytes, error);
}

/* In an arena of its own: a long search writes it every minute. */
ns_code ns_fuzz_json_write(ns_cli *cli, const char *path, const ns_fuzz_result *result, ns_error *error)
{
    ns_arena *arena = ns_arena_new();
    const ns_code code = arena ? write_within(cli, path, result, arena, error)
                               : ns_fail(error, NS_ERROR_MEMORY, "no memory for %s", path);
    ns_arena_free(arena);
    return code;
}

ns_code ns_finding_json_write(ns_cli *cli, const char *path, const ns_fuzz_finding *finding, ns_error *error)
{
    ns_buffer buffer = {.arena = cli->arena};
    ns_json json = ns_json_begin(&buffer, true, 17);
    ns_bytes bytes;
    ns_json_object(&json, NULL);
    ns_json_text(&json, "schema", "npuscope/reduce/1");
    add_finding(&json, "finding", finding);
    ns_json_end(&json);
    NS_TRY(ns_json_finish(&json, path, &bytes, error));
    return ns_cli_write(cli, path, bytes, error);
}
