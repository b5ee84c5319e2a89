/* harbor: today's water, for a harbour master. */
#include <buoy/buoy.h>
#include <stdio.h>
#include <tide/gauge.h>
#include <tide/tide.h>

static const struct tide_wave waves[] = {
    {.name = "M2", .amplitude = 1.9, .speed = 28.984, .lag = 30},
    {.name = "S2", .amplitude = 0.7, .speed = 30.0, .lag = 60},
    {.name = "K1", .amplitude = 0.1, .speed = 15.041, .lag = 10},
};

static const char *phase_name(enum tide_phase phase)
{
    switch (phase) {
    case TIDE_LOW: return "low";
    case TIDE_RISING: return "rising";
    case TIDE_HIGH: return "high";
    case TIDE_FALLING: return "falling";
    default: return "?";
    }
}

int main(void)
{
    tide_table *table = tide_table_open("harbor");
    gauge *instrument = gauge_open("/dev/gauge0", GAUGE_MEDIAN);
    if (!table || !instrument)
        return 1;
    for (size_t i = 0; i < sizeof waves / sizeof *waves; i++)
        tide_table_add(table, &waves[i]);

    const tide_point here = {.latitude = 53.5, .longitude = 9.9};
    for (tide_seconds when = 0; when < 6 * 7200; when += 7200)
        printf("%6lld s  %6.2f m  %s\n", (long long)when, tide_height(table, here, when),
               phase_name(tide_phase_at(table, when)));
#ifdef TIDE_HAS_EXTREMES
    printf("range %.2f m\n", tide_extreme(table, TIDE_HIGH) - tide_extreme(table, TIDE_LOW));
#else
    printf("range %.2f m\n", tide_range(table));
#endif

    const struct gauge_reading reading = gauge_read(instrument);
    const struct buoy_light light = buoy_light_of(7);
    printf("gauge %.2f m, buoy 7 %s\n", gauge_mean(&reading, 1), buoy_is_on(&light, 3.2) ? "on" : "off");
    gauge_close(instrument);
    tide_table_close(table);
    return 0;
}
