#include "buoy.h"

struct buoy_light buoy_light_of(unsigned number)
{
    struct buoy_light light = {(enum buoy_colour)(number % 3), 1 + number % 4, 10.0};
    return light;
}

int buoy_is_on(const struct buoy_light *light, double seconds)
{
    double into = seconds - light->period * (double)(long)(seconds / light->period);
    return into < light->flashes && (into - (double)(long)into) < 0.5;
}
