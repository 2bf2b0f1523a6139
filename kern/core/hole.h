/* HOLE(lab, number): what stands in a function that a student has still to write.
 *
 * It stops the hart here, whatever the mode and however little of the kernel works yet: no memory, no
 * stack, no console. Who watches from outside (make qemu, make grade) knows the hole by register t6,
 * and ends the machine with a sentence.
 */
#pragma once

#define HOLE_MARK                0x401e0000 /* in the upper half of t6; below it lab and number */
#define HOLE_NUMBER(lab, number) (HOLE_MARK + (lab)*256 + (number))

#ifdef __ASSEMBLER__
/* clang-format off */
#define HOLE(lab, number) li t6, HOLE_NUMBER(lab, number); j .
/* clang-format on */
#else
#define HOLE(lab, number)                                                                          \
    do {                                                                                           \
        __asm__ volatile("li t6, %0; j ." ::"i"(HOLE_NUMBER(lab, number)));                        \
        __builtin_unreachable();                                                                   \
    } while (0)
#endif
