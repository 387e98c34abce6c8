/* SPDX-License-Identifier: GPL-2.0-only */
/* The stub of a guest's host process, see trap/stub.S. */
#ifndef _UM_STUB_H
#define _UM_STUB_H

#include <asm/layout.h>

#define STUB_ORDER_NR	0x00
#define STUB_ORDER_ARGS	0x08
#define STUB_ORDER_SIZE	0x38

#ifndef __ASSEMBLY__

/** struct stub_order - one system call for the stub to make */
struct stub_order {
	unsigned long	nr;
	unsigned long	args[6];
};

#define STUB_ORDERS	(4096 / sizeof(struct stub_order))

extern char um_stub[], um_stub_syscall[], um_stub_batch[], um_stub_fault[];

/** stub_address() - where a label of stub.S is in a guest's host process */
static inline unsigned long stub_address(const char *label)
{
	return UM_STUB_CODE + (label - um_stub);
}

#endif /* !__ASSEMBLY__ */

#endif /* _UM_STUB_H */
