/* The generator xoshiro256** of Blackman and Vigna: 256 bits of state, shifts, rotations, xors.
 *
 * The state is seeded by what the machine offers, the `rng-seed` of its device tree, and by the cycle
 * counter, each mixed by splitmix64, a counter through a hash: it makes good state of poor seeds.
 */
#include "kern/core/random.h"
#include "kern/core/init.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/sched/spinlock.h"

#define STATE_WORDS 4

static struct spinlock random_lock = SPINLOCK_INIT;
static uint64_t state[STATE_WORDS]; /* never all zero; guarded by random_lock */

static uint64_t splitmix64(uint64_t *counter)
{
    uint64_t mixed = *counter += 0x9e3779b97f4a7c15UL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9UL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebUL;
    return mixed ^ mixed >> 31;
}

static void random_init(void)
{
    uint64_t seed[MACHINE_RNG_SEED / sizeof(uint64_t)] = {0};
    memcpy(seed, machine.rng_seed, MIN(machine.rng_seed_length, (uint32_t)sizeof(seed)));
    uint64_t counter = csr_read(cycle) ^ csr_read(time) << 32;
    for (size_t i = 0; i < ARRAY_LEN(seed); i++) {
        counter ^= seed[i];
        state[i % STATE_WORDS] ^= splitmix64(&counter);
    }
}
INIT_ENTRY(INIT_MEMORY, random_init);

static uint64_t rotate_left(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static uint64_t random_word(void)
{
    uint64_t word = rotate_left(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return word;
}

void random_bytes(void *dst, size_t n)
{
    INIT_NEEDS(random_init);
    for (size_t done = 0; done < n; done += sizeof(uint64_t)) {
        spin_lock(&random_lock);
        uint64_t word = random_word();
        spin_unlock(&random_lock);
        memcpy((char *)dst + done, &word, MIN(sizeof(word), n - done));
    }
}
