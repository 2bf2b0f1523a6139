/* The descriptors of the fused program: 0, 1 and 2 are the console from the start. */
#include "kern/core/init.h"
#include "kern/dev/tty.h"
#include "kern/fs/fdtable.h"

static struct file console;
static struct fdtable descriptors;
struct fs_context libos_fs_context;

/* Done here and not by initialisers of the variables: those would be bytes of the image. */
static void files_init(void)
{
    console.vnode = &tty_device.vnode;
    console.flags = O_RDWR;
    console.refs = 1; /* ours: it is never released */
    descriptors.refs = 1;
    descriptors.single = true;
    for (int fd = 0; fd <= 2; fd++)
        descriptors.files[fd] = file_ref(&console);
    libos_fs_context.files = &descriptors;
    libos_fs_context.umask = 022;
}
INIT_ENTRY(INIT_FILES, files_init);
