/* The inside of a table; not installed. */
#ifndef TIDE_TABLE_H
#define TIDE_TABLE_H

#include "tide.h"

#define TIDE_MAX_WAVES 16

struct tide_table {
    const char *port;
    size_t count;
    struct tide_wave waves[TIDE_MAX_WAVES];
    struct tide_note *notes;
};

#endif
