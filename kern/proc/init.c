/* The first process. From here on the kernel only answers. */
#include "kern/core/boot.h"
#include "kern/proc/exec.h"
#include "kern/proc/proc.h"
#include "kern/core/panic.h"
#include "kern/dev/tty.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

#define INIT_PATH    "/bin/init"
#define CONSOLE_PATH "/dev/console"

static char **init_argv; /* the caller's, which stays: there is one init */

/* An address space belongs to a process. Kernel threads run in whichever is there: the kernel is in all
 * of them. */
static void switch_space(struct thread *next)
{
    if (next->proc && next->proc->space)
        vmspace_activate(next->proc->space);
}

static void open_console(struct fdtable *files)
{
    struct vnode *root = vfs_root();
    struct file *console;
    if (vfs_open(root, CONSOLE_PATH, O_RDWR, 0, &console) == 0) {
        fdtable_add(files, console, 0, false);
        fdtable_add(files, file_ref(console), 1, false);
        fdtable_add(files, file_ref(console), 2, false);
    }
    vnode_unref(root);
}

/* The kernel stack of init: becomes the program as execve would make it. */
static void init_thread(void *tf)
{
    (void)tf;
    static char *const no_environment[] = {NULL};
    open_console(proc_current()->fs.files);
    int error = exec_program(INIT_PATH, init_argv, no_environment);
    if (error == -ENOMEM)
        boot_out_of_memory(INIT_PATH);
    if (error)
        panic("cannot run %s (error %d): is it on the root file system?", INIT_PATH, -error);
    user_resume();
}

static void connect_hooks(void)
{
    thread_switch_hook = switch_space;
    pipe_on_broken = signal_broken_pipe;
    tty_on_signal(signal_send_group);
}

void proc_start_init(int argc, char **argv)
{
    (void)argc;
    init_argv = argv;
    connect_hooks();
    struct proc *proc = proc_alloc();
    struct thread *thread = proc ? user_thread_create(proc, init_thread) : NULL;
    struct fdtable *files = thread ? fdtable_create() : NULL;
    if (!files)
        boot_out_of_memory("init");
    proc->pid = proc->pgid = proc->sid = thread->tid = 1;
    proc->fs.files = files;
    proc->fs.umask = 022;
    proc_population_add(2);
    spin_lock(&proc_lock);
    list_push_back(&proc->threads, &thread->proc_node);
    proc->nthreads = 1;
    proc_link(proc, NULL);
    spin_unlock(&proc_lock);
    thread_start(thread);
}
