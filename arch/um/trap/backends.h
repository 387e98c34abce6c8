/* SPDX-License-Identifier: GPL-2.0-only */
/* The backends there are; trap.c chooses. */
#ifndef _TRAP_BACKENDS_H
#define _TRAP_BACKENDS_H

#include <um/trap.h>

extern const struct trap_ops trap_seccomp, trap_ptrace;

#endif /* _TRAP_BACKENDS_H */
