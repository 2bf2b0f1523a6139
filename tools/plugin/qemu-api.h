/* The few parts of QEMU's plugin interface that onering-plugin.c uses.
 *
 * Distributions ship no header for it. The interface is versioned: QEMU 7.2 offers version 1;
 * later ones have dropped version 1 (`QEMU_PLUGIN_API_2`) and give the bytes of an instruction
 * in another way (`QEMU_PLUGIN_API_3`).
 */

#ifndef ONERING_QEMU_API_H
#define ONERING_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

enum {
    QEMU_PLUGIN_API_1 = 1,
    QEMU_PLUGIN_API_2 = 2,
    QEMU_PLUGIN_API_3 = 3,
};

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;   /* a translation block: guest instructions translated together */
struct qemu_plugin_insn; /* one guest instruction in it */

/* What QEMU tells about itself. */
typedef struct {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
    struct {
        int smp_vcpus;
        int max_vcpus;
    } system;
} qemu_info_t;

enum qemu_plugin_cb_flags {
    QEMU_PLUGIN_CB_NO_REGS, /* the callback looks at no guest register */
};

typedef void (*qemu_plugin_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_exec_cb_t)(unsigned int vcpu_index, void *userdata);
typedef void (*qemu_plugin_exit_cb_t)(qemu_plugin_id_t id, void *userdata);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_exec_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_exit_cb_t cb, void *userdata);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* qemu_plugin_insn_data() has changed its shape: up to version 2 it returns a pointer to the
 * bytes of the instruction, from version 3 on it copies them. It is looked up by name. */
typedef const void *(*qemu_plugin_insn_data_1_t)(const struct qemu_plugin_insn *insn);
typedef size_t (*qemu_plugin_insn_data_3_t)(const struct qemu_plugin_insn *insn, void *to,
                                            size_t nbytes);

#endif
