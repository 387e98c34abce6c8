/* SPDX-License-Identifier: GPL-2.0-only */
/* The clock of kernel/clock.c, for the rest of the kernel. */
#ifndef _UM_CLOCK_H
#define _UM_CLOCK_H

#include <linux/types.h>

/** um_clock_begin() - begin to measure the TSC; boot, as early as can be */
void um_clock_begin(void);

/**
 * um_clock_ns() - nanoseconds by the TSC, or by the host where that is no good
 *
 * The host's CLOCK_MONOTONIC, or very close to it.  Any context.
 */
u64 um_clock_ns(void);

/**
 * um_clock_tick() - follow the host's clock if it is time
 *
 * Context: the timer's interrupt.
 */
void um_clock_tick(void);

#endif /* _UM_CLOCK_H */
