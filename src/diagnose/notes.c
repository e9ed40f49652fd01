/* What there is to say beside the verdict. */
#include <string.h>

#include "diagnose/findings.h"

enum { MOST_NOTES = 32 };

void ns_dg_note(ns_dg_findings *f, const char *text)
{
    if (!text || f->note_count >= MOST_NOTES)
        return;
    if (!f->notes)
        f->notes = NS_ARENA_ARRAY(f->arena, MOST_NOTES, const char *);
    for (int i = 0; f->notes && i < f->note_count; i++)
        if (strcmp(f->notes[i], text) == 0)
            return;
    if (f->notes)
        f->notes[f->note_count++] = text;
}
