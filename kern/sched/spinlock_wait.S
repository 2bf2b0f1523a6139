/* Waiting for a spin lock:  a0 = lock, a1 = this hart's mark, t1 = return address; changes t0 only.
 *
 * It reads until the lock looks free, so that waiting harts do not pull its cache line from each other;
 * the caller then tries again. A hart that waits for itself would wait for ever: that is a panic.
 */
    .section .text.spin_wait, "ax", @progbits
    .globl spin_wait
spin_wait:
    lw      t0, 0(a0)
    beq     t0, a1, 1f
    bnez    t0, spin_wait
    jr      t1
1:  tail    spin_taken_twice
