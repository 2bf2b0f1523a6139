/* On the host the test starts up what it needs. */
#pragma once

#define INIT_ENTRY(level, function)                                                                \
    void (*const init_entry_##function)(void) __attribute__((unused)) = function
#define INIT_NEEDS(function)                                                                       \
    do {                                                                                           \
    } while (0)
