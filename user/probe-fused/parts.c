/* What a program may bring along, for a look at where the linker puts it: thread-local variables,
 * constructors, entries of the kernel's init table, and more bss than fits into one large page. None of
 * it is used; needed_parts() says what is needed. */
#include "parts.h"

#include <stddef.h>

enum { LARGE = 5 << 20 };

/* Aligned, so that .tdata and .tbss have different needs. */
_Thread_local int probe_tdata[3] = {0x5eed, 0x5eed + 1, 0x5eed + 2};
_Thread_local __attribute__((aligned(64))) int probe_tbss[5];

char probe_large[LARGE];

/* Which of them ran, in order, a digit each. The kernel calls those of the init table. */
unsigned long probe_ran;

#define ENTRY(level, name)                                                                         \
    static void name(void)                                                                         \
    {                                                                                              \
        probe_ran = probe_ran * 100 + (level);                                                     \
    }                                                                                              \
    void (*const probe_entry_##name)(void)                                                         \
        __attribute__((section(".init_table." #level "." #name))) = name

ENTRY(65, late);
ENTRY(25, early);
ENTRY(45, unneeded); /* nobody asks for it: it should not be there */

/* What a compiler makes of constructors and destructors, with and without a priority; the linker has
 * to keep them, though nobody names them. Not in the order in which they have to be. */
static void nothing(void)
{
}

#define LISTED(name, section_name)                                                                 \
    void (*const name)(void) __attribute__((section(section_name), used)) = nothing

LISTED(probe_constructor_last, ".init_array");
LISTED(probe_constructor_second, ".init_array.00300");
LISTED(probe_constructor_first, ".init_array.00200");
LISTED(probe_constructor_old, ".ctors.65285"); /* 65535 - 250: between the two */
LISTED(probe_constructor_older, ".ctors.65135");
LISTED(probe_destructor_last, ".fini_array");
LISTED(probe_destructor_first, ".fini_array.00200");
LISTED(probe_destructor_old, ".dtors.65235"); /* 300 */
LISTED(probe_preinit, ".preinit_array");

void needed_parts(void)
{
    __asm__ volatile(".irp name, probe_tdata, probe_tbss, probe_large, probe_entry_late, "
                     "probe_entry_early\n"
                     ".reloc ., R_RISCV_NONE, \\name\n"
                     ".endr");
}
