/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock that guest code and the kernel read alike, without asking the
 * host: a line through the host's TSC that follows its CLOCK_MONOTONIC.  What
 * steers it is kernel/clock.c.
 */
#ifndef _ASM_UM_VDSO_CLOCK_H
#define _ASM_UM_VDSO_CLOCK_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <vdso/limits.h>
#include <vdso/processor.h>

/**
 * struct um_clock - the line; written by kernel/clock.c alone
 * @seq:	odd while it is written
 * @base_tsc:	the TSC where it begins
 * @base_ns:	its nanoseconds there
 * @mult:	nanoseconds per cycle, times 2^UM_CLOCK_SHIFT
 * @max_age:	cycles from @base_tsc on after which it says nothing any more:
 *		the host may have slept
 */
struct um_clock {
	u32	seq;
	u64	base_tsc;
	u64	base_ns;
	u64	mult;
	u64	max_age;
};

#define UM_CLOCK_SHIFT	40

/** um_clock_tsc() - the TSC, read when all loads before it are done */
static __always_inline u64 um_clock_tsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/* The TSCs of the host's CPUs may differ by this, though they hardly do. */
#define UM_CLOCK_SKEW	65536

/** um_clock_age() - the cycles of a line up to @tsc; 0 if it begins just then */
static __always_inline u64 um_clock_age(const struct um_clock *clock, u64 tsc)
{
	u64 age = tsc - clock->base_tsc;

	return age < -(u64)UM_CLOCK_SKEW ? age : 0;
}

/** um_clock_span() - cycles to nanoseconds, by @mult of a line */
static __always_inline u64 um_clock_span(u64 cycles, u64 mult)
{
	return ((u128)cycles * mult) >> UM_CLOCK_SHIFT;
}

/**
 * um_clock_read() - the line's value now
 *
 * Never less than what any CPU has read before.  Waits for a writer, which
 * does nothing in between: any context, but not from within the write.
 * Return: nanoseconds, or U64_MAX if the line is too old to be used.
 */
static __always_inline u64 um_clock_read(const struct um_clock *clock)
{
	u64 age, ns;
	u32 seq;

	do {
		while (unlikely((seq = READ_ONCE(clock->seq)) & 1))
			cpu_relax();
		smp_rmb();	/* the line after its sequence, */
		age = um_clock_age(clock, um_clock_tsc());
		ns = clock->base_ns + um_clock_span(age, clock->mult);
		if (unlikely(age > clock->max_age))
			ns = U64_MAX;
		smp_rmb();	/* and before it is looked at again */
	} while (unlikely(READ_ONCE(clock->seq) != seq));
	return ns;
}

#endif /* _ASM_UM_VDSO_CLOCK_H */
