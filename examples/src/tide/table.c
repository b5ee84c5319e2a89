#include "table.h"

#include <stdlib.h>

tide_table *tide_table_open(const char *port)
{
    tide_table *table = calloc(1, sizeof *table);
    if (table)
        table->port = port;
    return table;
}

int tide_table_add(tide_table *table, const struct tide_wave *wave)
{
    if (table->count == TIDE_MAX_WAVES)
        return -1;
    table->waves[table->count++] = *wave;
    return 0;
}

void tide_table_close(tide_table *table)
{
    while (table && table->notes) {
        struct tide_note *note = table->notes;
        table->notes = note->next;
        free(note);
    }
    free(table);
}

int tide_notes(const tide_table *table, tide_note_fn visit, void *context)
{
    int stop = 0;
    for (const struct tide_note *note = table->notes; note && !stop; note = note->next)
        stop = visit(note, context);
    return stop;
}
