/* libtide: water levels from tide tables. */
#ifndef TIDE_H
#define TIDE_H

#include "units.h"

/* Where on earth; passed by value. */
typedef struct tide_point {
    double latitude;
    double longitude;
} tide_point;

/* What the water is doing. */
enum tide_phase {
    TIDE_LOW,
    TIDE_RISING,
    TIDE_HIGH,
    TIDE_FALLING
};

/* One harmonic wave: callers fill it in. */
struct tide_wave {
    const char *name;
    tide_metres amplitude;
    double speed; /* degrees an hour */
    double lag;   /* degrees */
};

/* A table of waves: callers hold a pointer only. */
typedef struct tide_table tide_table;

tide_table *tide_table_open(const char *port);
int tide_table_add(tide_table *table, const struct tide_wave *wave);
void tide_table_close(tide_table *table);

tide_metres tide_height(const tide_table *table, tide_point where, tide_seconds when);
enum tide_phase tide_phase_at(const tide_table *table, tide_seconds when);
tide_metres tide_range(const tide_table *table);
int tide_notes(const tide_table *table, tide_note_fn visit, void *context);

#endif
