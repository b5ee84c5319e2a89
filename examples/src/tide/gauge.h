/* libgauge: readings of a water gauge. */
#ifndef GAUGE_H
#define GAUGE_H

#include "units.h"

struct gauge_reading {
    tide_seconds when;
    tide_metres level;
    uint8_t quality;
};

enum gauge_filter {
    GAUGE_RAW = 0,
    GAUGE_MEDIAN = 1,
    GAUGE_MEAN = 2
};

typedef struct gauge gauge;

extern const struct gauge_reading gauge_datum;

gauge *gauge_open(const char *device, enum gauge_filter filter);
struct gauge_reading gauge_read(gauge *instrument);
tide_metres gauge_mean(const struct gauge_reading *readings, size_t count);
int gauge_watch(gauge *instrument, tide_note_fn alarm, void *context);
void gauge_close(gauge *instrument);

#endif
