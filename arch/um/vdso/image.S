/* SPDX-License-Identifier: GPL-2.0-only */
/* The vDSO as whole pages of the kernel's data, which guests can map. */
#include <linux/linkage.h>
#include <asm/page.h>

	.section .rodata, "a"
	.balign	PAGE_SIZE
SYM_DATA_START(um_vdso_start)
	.incbin	"arch/um/vdso/vdso.so"
	.balign	PAGE_SIZE
SYM_DATA_END_LABEL(um_vdso_start, SYM_L_GLOBAL, um_vdso_end)
