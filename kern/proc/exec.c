/* exec: the running process becomes another program.
 *
 *     strings      copied out of the old image
 *     program      found, scripts replaced by their interpreters
 *     new image    loaded into an address space of its own, with its stack
 *     ---------    until here the old image is untouched, and every error goes back to it
 *     take over    other threads end, the process moves to the new space
 */
#include "kern/proc/exec.h"
#include "kern/core/string.h"
#include "kern/fs/vfs.h"
#include "kern/proc/exec_impl.h"
#include "kern/proc/proc.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define HEAD_SIZE        256 /* of a file: enough for an ELF header, and for a script's first line */
#define SCRIPT_DEPTH_MAX 5   /* scripts whose interpreter is a script, and so on */

struct exec {
    struct exec_strings strings;
    struct vnode *program;
    char head[HEAD_SIZE + 1]; /* the beginning of the program, and a NUL */
    size_t nhead;
    struct vmspace *space;
    struct elf_image image;
    uintptr_t sp;
};

/* What may be executed: an ordinary file that says so. */
static int check_program(struct vnode *file)
{
    struct stat st;
    if (file->type != S_IFREG || !file->ops->read)
        return -EACCES;
    int error = vfs_stat(file, &st);
    if (error)
        return error;
    return st.st_mode & S_IXUSR ? 0 : -EACCES;
}

static int read_head(struct exec *exec)
{
    struct io io = io_kernel(exec->head, HEAD_SIZE);
    long got = exec->program->ops->read(exec->program, &io, 0, 0);
    if (got < 0)
        return (int)got;
    exec->nhead = (size_t)got;
    exec->head[got] = '\0';
    return 0;
}

static int open_program(struct exec *exec, struct vnode *cwd, const char *path)
{
    vnode_unref(exec->program);
    exec->program = NULL;
    int error = vfs_lookup(cwd, path, &exec->program);
    if (!error)
        error = check_program(exec->program);
    if (!error)
        error = read_head(exec);
    return error;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* "#! interpreter [argument]": everything behind the interpreter is one argument. Cuts the line up. */
static bool parse_script_line(char *line, char **interpreter, char **argument)
{
    char *end = line;
    while (*end && *end != '\n')
        end++;
    if (end - line == HEAD_SIZE)
        return false; /* too long to be sure of the name */
    while (is_blank(end[-1]))
        end--;
    *end = '\0';
    *interpreter = skip_blanks(line + 2);
    char *after = *interpreter;
    while (*after && !is_blank(*after))
        after++;
    *argument = *after ? skip_blanks(after) : NULL;
    *after = '\0';
    return **interpreter != '\0';
}

/* Opens the program; as long as it is a script, its interpreter instead. */
static int find_program(struct exec *exec, struct vnode *cwd)
{
    int error = open_program(exec, cwd, exec_strings_path(&exec->strings));
    for (int depth = 0; !error && exec->head[0] == '#' && exec->head[1] == '!'; depth++) {
        char *interpreter, *argument;
        if (depth == SCRIPT_DEPTH_MAX)
            return -ELOOP;
        if (!parse_script_line(exec->head, &interpreter, &argument))
            return -ENOEXEC;
        error = exec_strings_add_interpreter(&exec->strings, interpreter, argument, depth == 0);
        if (!error)
            error = open_program(exec, cwd, exec_strings_argv0(&exec->strings));
    }
    return error;
}

static int load_image(struct exec *exec)
{
    exec->space = vmspace_create();
    if (!exec->space)
        return -ENOMEM;
    int error = elf_load(exec->space, exec->program, exec->head, exec->nhead, &exec->image);
    if (!error)
        error = exec_build_stack(exec->space, &exec->strings, &exec->image, &exec->sp);
    exec->space->brk_start = exec->space->brk = exec->image.end;
    return error;
}

/* Everything that leaves the old image as it is. */
static int prepare(struct exec *exec)
{
    struct vnode *cwd = fs_context_cwd();
    int error = find_program(exec, cwd);
    vnode_unref(cwd);
    if (!error)
        error = load_image(exec);
    return error;
}

static const char *base_name(const char *path)
{
    const char *base = path;
    for (; *path; path++)
        if (*path == '/' && path[1])
            base = path + 1;
    return base;
}

/* A descriptor table shared with another process is left to it: close-on-exec is our business only.
 * *own: the table to go on with. */
static int own_files(struct fdtable *files, struct fdtable **own)
{
    bool is_shared = __atomic_load_n(&files->refs, __ATOMIC_ACQUIRE) > 1;
    *own = is_shared ? fdtable_copy(files) : files;
    return *own ? 0 : -ENOMEM;
}

/* Once other threads, which might be using it, are gone. */
static void switch_files(struct fs_context *fs, struct fdtable *own)
{
    struct fdtable *before = fs->files;
    fs->files = own;
    if (own != before)
        fdtable_unref(before);
    fdtable_exec(own);
}

/* The registers a program starts with, floating point as if never used. */
static void reset_registers(struct thread *thread, uintptr_t pc, uintptr_t sp)
{
    bool irqs_were_on = irq_save(); /* a switch in between would save what we throw away */
    thread->fp_live = false;
    csr_clear(sstatus, SSTATUS_FS);
    struct trapframe *tf = thread->tf;
    *tf = (struct trapframe){.pc = pc};
    tf->regs[REG_SP] = sp;
    tf->status = (csr_read(sstatus) & ~(SSTATUS_SPP | SSTATUS_SIE)) | SSTATUS_SPIE;
    irq_restore(irqs_were_on);
}

/* The new image is complete. Only another thread can still stop us: by doing the same. */
static int take_over(struct exec *exec)
{
    struct thread *thread = thread_current();
    struct fs_context *fs = fs_context();
    struct fdtable *files;
    int error = own_files(fs->files, &files);
    if (error)
        return error;
    error = proc_kill_other_threads();
    if (error) {
        if (files != fs->files)
            fdtable_unref(files);
        return error;
    }
    switch_files(fs, files);
    proc_exec_commit(exec->space, base_name(exec_strings_path(&exec->strings)));
    exec->space = NULL;
    reset_registers(thread, exec->image.entry, exec->sp);
    return 0;
}

static void release(struct exec *exec)
{
    vnode_unref(exec->program);
    exec_strings_free(&exec->strings);
    if (exec->space)
        vmspace_unref(exec->space);
}

static int run(struct exec *exec)
{
    int error = prepare(exec);
    if (!error)
        error = take_over(exec);
    return error;
}

long sys_execve(const char *path, char *const *argv, char *const *envp)
{
    struct exec exec = {0};
    int error = exec_strings_from_user(&exec.strings, path, argv, envp);
    if (!error)
        error = run(&exec);
    release(&exec);
    if (!error)
        user_resume();
    return error;
}

int exec_program(const char *path, char *const *argv, char *const *envp)
{
    struct exec exec = {0};
    int error = exec_strings_from_kernel(&exec.strings, path, argv, envp);
    if (!error)
        error = run(&exec);
    release(&exec);
    return error;
}
