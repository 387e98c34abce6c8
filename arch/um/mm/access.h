/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _UM_ACCESS_H
#define _UM_ACCESS_H

#include <linux/types.h>

enum um_access {
	UM_ACCESS_UNKNOWN,
	UM_ACCESS_READ,
	UM_ACCESS_WRITE,
};

/**
 * um_insn_access() - what an instruction that faulted on data wanted
 * @insn: its bytes
 * @size: how many could be read, 15 at most
 */
enum um_access um_insn_access(const u8 *insn, unsigned int size);

#endif /* _UM_ACCESS_H */
