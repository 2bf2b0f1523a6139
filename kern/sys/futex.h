/* Futexes: waiting until a word of the application's memory changes. */
#pragma once

/* Wakes up to n threads that wait for this word. Returns how many, or -EFAULT. */
int futex_wake(unsigned *user_addr, unsigned n);
