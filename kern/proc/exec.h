/* Starting a program in a process. */
#pragma once

/* What execve does, with strings of the kernel; the vectors end with NULL. The caller is the only thread
 * of its process, which may be a new one without an address space. 0: thread->tf holds the registers
 * to go to user mode with. */
int exec_program(const char *path, char *const *argv, char *const *envp);
