/* Units shared by every file of tide: dwz moves these types into the common file. */
#ifndef TIDE_UNITS_H
#define TIDE_UNITS_H

#include <stddef.h>
#include <stdint.h>

typedef double tide_metres;
typedef int64_t tide_seconds;

/* A span of time, by value. */
typedef struct tide_span {
    tide_seconds begin;
    tide_seconds end;
} tide_span;

/* One line of a log, in a list. */
struct tide_note {
    struct tide_note *next;
    tide_span when;
    union {
        tide_metres level;
        int64_t code;
    } value;
    unsigned kind : 3;
    unsigned urgent : 1;
    char text[32];
};

/* Called for every note; stops when it returns non-zero. */
typedef int (*tide_note_fn)(const struct tide_note *note, void *context);

#endif
