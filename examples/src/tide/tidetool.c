#include "tide.h"

#include <stdio.h>

static int print(const struct tide_note *note, void *context)
{
    fprintf(context, "%lld %s\n", (long long)note->when.begin, note->text);
    return 0;
}

int main(void)
{
    tide_table *table = tide_table_open("example");
    if (!table)
        return 1;
    tide_notes(table, print, stdout);
    tide_table_close(table);
    return 0;
}
