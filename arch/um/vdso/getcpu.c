// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest code: getcpu().
 *
 * The host's ways to tell the CPU without a trap (RDPID, a segment's limit)
 * tell which of the host's it is.  Where there are several virtual CPUs only
 * the kernel knows which of them runs a thread.
 */
#include <linux/getcpu.h>
#include <linux/types.h>
#include <vdso/datapage.h>

long getcpu(unsigned int *cpu, unsigned int *node, struct getcpu_cache *unused)
	__weak __alias(__vdso_getcpu);

long __vdso_getcpu(unsigned int *cpu, unsigned int *node,
		   struct getcpu_cache *unused)
{
	if (vdso_vvar[0].cpus != 1)
		return getcpu_fallback(cpu, node, unused);
	if (cpu)
		*cpu = 0;
	if (node)
		*node = 0;
	return 0;
}
