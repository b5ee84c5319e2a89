#include "table.h"

#include <math.h>

#define DEGREE (3.14159265358979323846 / 180.0)

tide_metres tide_height(const tide_table *table, tide_point where, tide_seconds when)
{
    tide_metres height = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct tide_wave *wave = &table->waves[i];
        double angle = wave->speed * (double)when / 3600.0 - wave->lag + where.longitude;
        height += wave->amplitude * cos(angle * DEGREE) * cos(where.latitude * DEGREE);
    }
    return height;
}

enum tide_phase tide_phase_at(const tide_table *table, tide_seconds when)
{
    const tide_point equator = {0, 0};
    tide_metres before = tide_height(table, equator, when - 60);
    tide_metres now = tide_height(table, equator, when);
    tide_metres after = tide_height(table, equator, when + 60);
    if (now >= before && now >= after)
        return TIDE_HIGH;
    if (now <= before && now <= after)
        return TIDE_LOW;
    return after > now ? TIDE_RISING : TIDE_FALLING;
}

tide_metres tide_range(const tide_table *table)
{
    tide_metres sum = 0;
    for (size_t i = 0; i < table->count; i++)
        sum += 2 * table->waves[i].amplitude;
    return sum;
}
