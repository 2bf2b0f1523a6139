/* Time as programs see it: conversions, and the clocks' common part. */
#pragma once
#include "kern/core/clock.h"
#include "kern/sched/thread.h"
#include "kern/sys/abi.h"

struct timespec timespec_of_ns(uint64_t ns);
struct timeval timeval_of_ns(uint64_t ns);

/* Reads a program's timespec: nanoseconds, at most DEADLINE_MAX - 1; -EFAULT, or -EINVAL if it is
 * negative or its tv_nsec out of range. */
int timespec_from_user(const struct timespec *user, uint64_t *ns);

/* A moment `ns` after the moment `start`; DEADLINE_MAX instead of an overflow. */
uint64_t time_after(uint64_t start, uint64_t ns);

/* CLOCK_REALTIME is the clock since boot plus this. */
uint64_t realtime_offset_ns(void);

/* Processor time of a thread, up to now if it is running. */
uint64_t thread_cpu_ns(const struct thread *thread);

/* Processor time of the running program; provided by kern/proc or kern/libos. */
uint64_t process_cpu_ns(void);
