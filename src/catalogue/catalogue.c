#include "catalogue/catalogue.h"

#define NS_CATALOGUE(name) extern const ns_catalogue_operator ns_catalogue_##name;
#include "catalogue/catalogue.def"
#undef NS_CATALOGUE

const ns_catalogue_operator *const ns_catalogue[] = {
#define NS_CATALOGUE(name) &ns_catalogue_##name,
#include "catalogue/catalogue.def"
#undef NS_CATALOGUE
};
const int ns_catalogue_count = sizeof ns_catalogue / sizeof ns_catalogue[0];

const char *ns_case_list_text(ns_case_list list)
{
    static const char *const texts[] = {
#define NS_CASE_LIST(name, text) text,
        NS_CASE_LISTS(NS_CASE_LIST)
#undef NS_CASE_LIST
    };
    return (unsigned)list < NS_LIST_COUNT ? texts[list] : "?";
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits: fixed constants, the same everywhere. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

ns_random ns_case_random(uint64_t seed, const char *op, const char *name)
{
    ns_random random = {seed};
    uint64_t hash = hash_text(0xcbf29ce484222325u, op);
    /* The slash keeps "a" + "bc" and "ab" + "c" apart. */
    hash = hash_text(hash_text(hash, "/"), name);
    /* Mixing the seed first spreads neighbouring seeds over the whole range. */
    random.state = ns_random_u64(&random) ^ hash;
    return random;
}
