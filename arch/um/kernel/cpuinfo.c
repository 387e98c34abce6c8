// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CPU is.  Guest code sees the host's CPU directly, so /proc/cpuinfo
 * repeats what the host says of its first one.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/elf.h>
#include <asm/processor.h>
#include <um/entry.h>
#include <um/host.h>

unsigned long um_elf_hwcap __ro_after_init;
unsigned long um_elf_hwcap2 __ro_after_init;

static char cpuinfo_text[8192] __ro_after_init;

/* The lines of the host's text that say where its CPU is, not what. */
static const char *const cpuinfo_own[] = {
	"processor", "physical id", "siblings", "core id", "cpu cores",
	"apicid", "initial apicid",
};

static bool __init cpuinfo_is_own(const char *line)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpuinfo_own); i++)
		if (strstarts(line, cpuinfo_own[i]))
			return true;
	return false;
}

/* Keep the first CPU's lines, without those that are this kernel's to say. */
static void __init cpuinfo_read_host(void)
{
	static char raw[8192] __initdata;
	char *line, *rest = raw, *to = cpuinfo_text;
	long n = host_read_file("/proc/cpuinfo", raw, sizeof(raw) - 1);

	if (n <= 0)
		return;
	raw[n] = '\0';
	while ((line = strsep(&rest, "\n")) && *line)
		if (!cpuinfo_is_own(line))
			to += scnprintf(to, cpuinfo_text + sizeof(cpuinfo_text)
					- to, "%s\n", line);
}

#define HOST_AT_HWCAP	16
#define HOST_AT_HWCAP2	26
#define HWCAP2_RING3MWAIT	BIT(0)

void __init um_cpu_identify(void)
{
	um_elf_hwcap = host_auxv(HOST_AT_HWCAP);
	um_elf_hwcap2 = host_auxv(HOST_AT_HWCAP2) & ~HWCAP2_RING3MWAIT;
	cpuinfo_read_host();
}

void __init arch_cpu_finalize_init(void)
{
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	unsigned int cpu = (unsigned long)v - 1;

	seq_printf(m, "processor\t: %u\n", cpu);
	seq_puts(m, cpuinfo_text);
	seq_printf(m, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\n"
		   "cpu cores\t: %u\n\n",
		   num_online_cpus(), cpu, num_online_cpus());
	return 0;
}

static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	*pos = cpumask_next(*pos - 1, cpu_online_mask);
	return *pos < nr_cpu_ids ? (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	(*pos)++;
	return cpuinfo_start(m, pos);
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

const struct seq_operations cpuinfo_op = {
	.start	= cpuinfo_start,
	.next	= cpuinfo_next,
	.stop	= cpuinfo_stop,
	.show	= cpuinfo_show,
};
