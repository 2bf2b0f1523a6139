/* The parts of probe-musl that probe-call has not. */
#pragma once
#include "user/probe-call/probe.h"

/* calls.c: calls by number, by name, and what becomes of their errors */
command call_by_number, keep_errno, use_files, count_musl_getpid;

/* start.c: what is there before main */
command show_thread_local, show_order;

/* detached.c: threads that nobody waits for, and some made without pthread_create */
command run_detached, clone_function, return_as_last;

/* raw.S */
void raw_musl_getpid(unsigned long times);
