/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_TIMEX_H
#define _ASM_UM_TIMEX_H

typedef unsigned long cycles_t;

#define get_cycles get_cycles
static inline cycles_t get_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#include <asm-generic/timex.h>

#endif /* _ASM_UM_TIMEX_H */
