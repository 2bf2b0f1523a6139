/* The name of the machine in Lua's search paths for modules in C, which Debian's build writes here. */
#pragma once
#define DEB_HOST_MULTIARCH "riscv64-onering"
