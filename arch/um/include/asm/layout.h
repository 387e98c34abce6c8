/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_LAYOUT_H
#define _ASM_UM_LAYOUT_H

/*
 * Where everything is in the kernel's host address space, and where a guest's
 * ends.  No other file names an address.
 *
 *   0x0000_6000_0000   the kernel image: text from the ELF file, data remapped
 *                      to the first pages of guest-physical memory
 *   0x0000_7000_0000   modules
 *   0x7000_0000_0000   direct map of guest-physical memory
 *   0x7100_0000_0000   vmalloc
 *   0x7180_0000_0000   kept for a vmemmap
 *   0x7200_0000_0000   the KASAN shadow of all from the direct map on; that of
 *                      the image and the modules is at 0x6400_0c00_0000
 *
 * The host places its own things (stack, vDSO) above 0x7e00_0000_0000.
 */
#define UM_IMAGE_START		0x60000000
#define UM_MODULES_START	0x70000000
#define UM_MODULES_END		0x7f000000

#define UM_DIRECT_START		0x700000000000
#define UM_DIRECT_SIZE		0x010000000000
#define UM_VMALLOC_START	0x710000000000
#define UM_VMALLOC_END		0x718000000000

/* The host gives a process no more than this. */
#define UM_HOST_END		0x800000000000

/* One byte for eight, at an offset that the compiler knows from Kconfig. */
#define UM_SHADOW_OFFSET	0x640000000000
#define UM_SHADOW(addr)		(((addr) >> 3) + UM_SHADOW_OFFSET)

/*
 * A guest address space reaches from 0 to UM_TASK_SIZE.  The pages from there
 * to the end of what the host gives a process hold the stub of a backend with
 * separate address spaces: its code, its orders (read-only for the guest) and
 * its signal stack.  Orders and a stack of their own for the guest threads of
 * virtual CPUs from the second on are in slots before it.  Each slot begins at
 * a multiple of its size, and so does the first one's.
 */
#define UM_TASK_SIZE		0x7fffffe00000
#define UM_STUB_SLOTS		0x7fffffe00000
#define UM_STUB_SLOT_SIZE	0x4000
#define UM_STUB_CODE		0x7fffffff3000
#define UM_STUB_ORDERS		0x7fffffff4000
#define UM_STUB_STACK		0x7fffffff5000
#define UM_STUB_END		0x7fffffff8000

#endif /* _ASM_UM_LAYOUT_H */
