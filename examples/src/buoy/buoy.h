/* libbuoy: lights of buoys. */
#ifndef BUOY_H
#define BUOY_H

enum buoy_colour { BUOY_RED, BUOY_GREEN, BUOY_YELLOW };

struct buoy_light {
    enum buoy_colour colour;
    unsigned flashes;
    double period;
};

struct buoy_light buoy_light_of(unsigned number);
int buoy_is_on(const struct buoy_light *light, double seconds);

#endif
