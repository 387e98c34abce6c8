// SPDX-License-Identifier: GPL-2.0-only
/* The boot, as far as it is the architecture's. */
#include <linux/init.h>
#include <linux/initrd.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/task_stack.h>
#include <linux/screen_info.h>
#include <linux/start_kernel.h>
#include <linux/utsname.h>
#include <asm/archrandom.h>
#include <asm/kasan.h>
#include <asm/sections.h>
#include <asm/setup.h>
#include <asm/smp.h>
#include <um/entry.h>
#include <um/fpu.h>
#include <um/host.h>

DEFINE_PER_CPU_READ_MOSTLY(unsigned long, this_cpu_off);
EXPORT_PER_CPU_SYMBOL(this_cpu_off);
DEFINE_PER_CPU_READ_MOSTLY(int, cpu_number);
EXPORT_PER_CPU_SYMBOL(cpu_number);

unsigned long __per_cpu_offset[NR_CPUS] __read_mostly;
EXPORT_SYMBOL(__per_cpu_offset);

const unsigned int um_ncpus_default = CONFIG_UML_NCPUS;
const unsigned int um_ncpus_max = CONFIG_NR_CPUS;
const bool um_kasan = IS_ENABLED(CONFIG_KASAN);

unsigned int um_cpu(void)
{
	return raw_smp_processor_id();
}

void *um_boot_stack(void)
{
	return (void *)&init_thread_union + THREAD_SIZE - 16;
}

void __ref um_start_kernel(void)
{
	set_task_stack_end_magic(&init_task);
	start_kernel();
}

static int __init setup_cpu_distance(unsigned int from, unsigned int to)
{
	return LOCAL_DISTANCE;
}

static int __init setup_cpu_node(int cpu)
{
	return 0;
}

/*
 * Until here %gs has a base of zero, and per-CPU variables of the boot CPU are
 * the ones in the image.
 */
void __init setup_per_cpu_areas(void)
{
	unsigned int cpu;
	int ret;

	ret = pcpu_embed_first_chunk(PERCPU_MODULE_RESERVE,
				     PERCPU_DYNAMIC_RESERVE, PAGE_SIZE,
				     setup_cpu_distance, setup_cpu_node);
	if (ret)
		panic("no memory for per-CPU areas: %d", ret);
	for_each_possible_cpu(cpu) {
		__per_cpu_offset[cpu] = (unsigned long)pcpu_base_addr -
					(unsigned long)__per_cpu_start +
					pcpu_unit_offsets[cpu];
		per_cpu(this_cpu_off, cpu) = __per_cpu_offset[cpu];
		per_cpu(cpu_number, cpu) = cpu;
	}
	host_set_gs(__per_cpu_offset[0]);
}

#ifdef CONFIG_BLK_DEV_INITRD
static char setup_initrd[PATH_MAX] __initdata;

static int __init setup_initrd_option(char *file)
{
	if (!file || !*file)
		host_fatal("initrd=: the name of a file is missing");
	strscpy(setup_initrd, file, sizeof(setup_initrd));
	return 0;
}
early_param("initrd", setup_initrd_option);

static void __init setup_load_initrd(void)
{
	phys_addr_t phys;
	long size, n;

	if (!setup_initrd[0])
		return;
	size = host_file_size(setup_initrd);
	if (size < 0)
		host_fatal("initrd=%s: %s", setup_initrd, host_strerror(size));
	if (!size)
		host_fatal("initrd=%s: the file is empty", setup_initrd);
	phys = memblock_phys_alloc(PAGE_ALIGN(size), PAGE_SIZE);
	if (!phys)
		host_fatal("initrd=%s: its %ldM do not fit; mem=%luM is too small",
			   setup_initrd, size >> 20,
			   host_config.memory_size >> 20);
	n = host_read_file(setup_initrd, __va(phys), size);
	if (n != size)
		host_fatal("initrd=%s: can't read it: %s", setup_initrd,
			   host_strerror(n));
	initrd_start = (unsigned long)__va(phys);
	initrd_end = initrd_start + size;
}
#else
static void __init setup_load_initrd(void)
{
}
#endif

static void __init setup_memory(void)
{
	memblock_add(0, host_config.memory_size);
	memblock_reserve(0, __pa_symbol(_end));
	setup_initial_init_mm(_stext, _etext, _edata, _end);
}

/* The host has read the word long ago; what it says is the memory's size. */
static int __init setup_mem_known(char *value)
{
	return 0;
}
early_param("mem", setup_mem_known);

static int __init setup_ncpus_known(char *value)
{
	return 0;
}
early_param("ncpus", setup_ncpus_known);

/* After "nr_cpus=" has been read, and before anything is made per CPU. */
static void __init setup_cpus(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < min(host_config.ncpus, nr_cpu_ids); cpu++)
		set_cpu_possible(cpu, true);
}

void __init setup_arch(char **command_line)
{
	um_time_init();
	um_cpu_identify();
	um_fpu_init();
	strscpy(boot_command_line, host_config.command_line,
		COMMAND_LINE_SIZE);
	*command_line = boot_command_line;
	setup_memory();
	parse_early_param();
	setup_cpus();
	setup_load_initrd();
	paging_init();
	kasan_init();
}

size_t arch_get_random_longs(unsigned long *v, size_t max_longs)
{
	long n = host_random(v, max_longs * sizeof(*v));

	return n < 0 ? 0 : n / sizeof(*v);
}

static DEFINE_PER_CPU_ALIGNED(char [SZ_32K], setup_fault_stack);

void um_cpu_setup(void)
{
	int ret = host_cpu_init(this_cpu_ptr(setup_fault_stack), SZ_32K);

	if (ret)
		host_fatal("no timer: timer_create: %s", host_strerror(ret));
}
