#include "gauge.h"

const struct gauge_reading gauge_datum = {0, 0.0, 255};

tide_metres gauge_mean(const struct gauge_reading *readings, size_t count)
{
    tide_metres sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += readings[i].level;
    return count ? sum / (double)count : 0;
}
