#include "gauge.h"

#include <stdlib.h>
#include <string.h>

struct gauge {
    enum gauge_filter filter;
    tide_seconds clock;
    char device[16];
};

gauge *gauge_open(const char *device, enum gauge_filter filter)
{
    gauge *instrument = calloc(1, sizeof *instrument);
    if (instrument) {
        instrument->filter = filter;
        strncpy(instrument->device, device, sizeof instrument->device - 1);
    }
    return instrument;
}

struct gauge_reading gauge_read(gauge *instrument)
{
    struct gauge_reading reading = gauge_datum;
    reading.when = instrument->clock += 600;
    reading.level = (tide_metres)(instrument->clock % 3600) / 1000.0;
    return reading;
}

int gauge_watch(gauge *instrument, tide_note_fn alarm, void *context)
{
    struct tide_note note = {0};
    note.when.begin = instrument->clock;
    note.when.end = instrument->clock + 600;
    note.value.level = gauge_read(instrument).level;
    note.urgent = note.value.level > 2.0;
    return alarm(&note, context);
}

void gauge_close(gauge *instrument)
{
    free(instrument);
}
