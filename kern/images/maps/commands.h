/* What the image `maps` can be asked for in its bootargs: words, each command followed by its own.
 * Numbers are hexadecimal; FLAGS are letters of page-table entries, such as VRWAD.
 *
 *     tables N                    from now on at most N new tables can be had
 *     root PA                     works on the page table that lies at PA; at first on an empty one
 *     watch PA                    the table at PA is shown, too, when harts are made to forget
 *     demo                        works on a small table of its own (demo.c)
 *     walk VA                     shows where the walk of VA ends
 *     create VA LEVEL             makes the tables down to LEVEL
 *     map VA PA FLAGS LEVEL       maps a page or superpage
 *     protect START END FLAGS     gives the pages in a range other flags
 *     unmap START END             unmaps a range
 *     drop START END              frees the tables of a range
 *     why CAUSE VA | whyuser ...  explains why an access faults, in the kernel or in user mode
 *     on                          maps RAM and devices where they are, and turns translation on
 *     translate                   only turns translation on
 *     kernel                      the same with the kernel's own part of an address space (kmap.h)
 *     flash VA PA N               maps N pages by a table in flash memory (flash.c)
 *     read VA | write VA | fetch VA      tries that access; a fault ends in a panic
 *     try COMMAND ...             the same, but a fault is only noted
 *     load VA PAGES TIMES | loadflush ...     loads from so many pages in turn; forgetting each time
 *     park                        stops here, for whoever wants to look
 */
#pragma once
#include "kern/core/util.h"
#include "kern/riscv/sv39.h"

extern pte_t *maps_root; /* the table that commands work on */

uintptr_t parse_hex(const char *text);
unsigned long parse_flags(const char *letters);

/* tables.c */
void *maps_new_table(void); /* a page of zeros, as long as there are */
void command_tables(char **words);
void command_root(char **words);
void command_watch(char **words);
void command_walk(char **words);
void command_create(char **words);
void command_map(char **words);
void command_protect(char **words);
void command_unmap(char **words);
void command_drop(char **words);
void command_why(char **words);
void command_whyuser(char **words);

/* flash.c */
void command_flash(char **words);

/* demo.c */
void command_demo(char **words);

/* access.c */
void command_on(char **words);
void command_translate(char **words);
void command_kernel(char **words);
void command_read(char **words);
void command_write(char **words);
void command_fetch(char **words);
void command_try(char **words);
void command_load(char **words);
void command_loadflush(char **words);
