/* SPDX-License-Identifier: GPL-2.0-only */
/* What the generic vDSO asks of the architecture; see vdso/datapage.h. */
#ifndef _ASM_UM_VDSO_GETTIMEOFDAY_H
#define _ASM_UM_VDSO_GETTIMEOFDAY_H

#ifndef __ASSEMBLY__

#include <linux/types.h>
#include <asm/vdso/clock.h>

struct getcpu_cache;

#define VDSO_HAS_TIME		1
#define VDSO_HAS_CLOCK_GETRES	1

/**
 * union um_vvar - the page of the kernel's that guest code reads
 * @data:	the generic vDSO's
 * @clock:	the clock behind VDSO_CLOCKMODE_TSC
 * @cpus:	how many virtual CPUs there can be
 */
union um_vvar {
	struct {
		struct vdso_data	data[CS_BASES];
		struct um_clock		clock __aligned(64);
		u32			cpus;
	};
	u8 page[1UL << CONFIG_PAGE_SHIFT];
};

/*
 * Guest code sees two pages.  In a time namespace the first is the namespace's,
 * which has offsets in place of @data and nothing else, and the second is the
 * kernel's.  Not const: they change while they are read.
 */
extern union um_vvar vdso_vvar[2] __attribute__((visibility("hidden")));

static __always_inline const struct vdso_data *__arch_get_vdso_data(void)
{
	return vdso_vvar[0].data;
}

#ifdef CONFIG_TIME_NS
static __always_inline const struct vdso_data *
__arch_get_timens_vdso_data(const struct vdso_data *vd)
{
	return vdso_vvar[1].data;
}
#endif

/* The host's CPUs may differ by some cycles: no less than the base of @vd. */
static __always_inline u64 __arch_get_hw_counter(s32 clock_mode,
						 const struct vdso_data *vd)
{
	unsigned long page = (unsigned long)vd & -sizeof(union um_vvar);
	u64 ns = um_clock_read(&((const union um_vvar *)page)->clock);

	return ns > vd->cycle_last ? ns : vd->cycle_last;
}

static __always_inline bool um_vdso_cycles_ok(u64 cycles)
{
	return cycles != U64_MAX;
}

#define vdso_cycles_ok um_vdso_cycles_ok

/* The system calls: vdso/syscall.S */
long clock_gettime_fallback(clockid_t clock, struct __kernel_timespec *ts)
	__attribute__((visibility("hidden")));
long clock_getres_fallback(clockid_t clock, struct __kernel_timespec *res)
	__attribute__((visibility("hidden")));
long getcpu_fallback(unsigned int *cpu, unsigned int *node,
		     struct getcpu_cache *unused)
	__attribute__((visibility("hidden")));
long gettimeofday_fallback(struct __kernel_old_timeval *tv, struct timezone *tz)
	__attribute__((visibility("hidden")));

long __vdso_getcpu(unsigned int *cpu, unsigned int *node,
		   struct getcpu_cache *unused);

#endif /* !__ASSEMBLY__ */

#endif /* _ASM_UM_VDSO_GETTIMEOFDAY_H */
