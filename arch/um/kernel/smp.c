// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual CPUs: brought up, sent messages, stopped.
 *
 * Each is a host thread (host/cpu.c) that begins on the stack of the idle task
 * the core has made for it.  CPU 0 stays: the host's signals for descriptors go
 * to its thread.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/sched.h>
#include <linux/sched/hotplug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/sched/topology.h>
#include <linux/smp.h>
#include <asm/mmu_context.h>
#include <um/entry.h>
#include <um/host.h>

#define SMP_RESCHEDULE	BIT(0)
#define SMP_CALL	BIT(1)
#define SMP_STOP	BIT(2)

/* So long a CPU may take to leave what it holds when it stops. */
#define SMP_STOP_TIMEOUT_MS	100

/*
 * Of so many looks the last one sleeps, unless something happens: where another
 * virtual CPU is kept from its host CPU by this one, and where other processes
 * may keep it from it.
 */
#define SMP_SPINS	256
#define SMP_SPINS_ALONE	(16 * SMP_SPINS)
#define SMP_SLEEP_NS	(100 * NSEC_PER_USEC)

static DEFINE_PER_CPU(atomic_t, smp_messages);

/* ---- Waiting for each other ---- */

/* How many sleep, and how often what they may be waiting for was done. */
atomic_t um_waiters;
static atomic_t smp_progress;

static DEFINE_PER_CPU(unsigned int, smp_spins);
/* The progress that the next look will know of. */
static DEFINE_PER_CPU(int, smp_seen);

static bool smp_has_work(unsigned int cpu)
{
	return !idle_cpu(cpu) || atomic_read(per_cpu_ptr(&smp_messages, cpu));
}

/*
 * Another one on its host CPU has something to do.  Then it may be waiting for
 * that, so nobody spins for what it holds; and if it is idle no task is sent to
 * it that would have to share.
 */
bool um_cpu_is_preempted(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other)
		if (host_place_shares(cpu, other) && smp_has_work(other))
			return true;
	return false;
}
EXPORT_SYMBOL(um_cpu_is_preempted);

/* Not sched_yield(): Linux 6.18 can starve others by that, for minutes. */
static void smp_sleep(void)
{
	atomic_inc(&um_waiters);
	host_futex_wait(&smp_progress.counter, raw_cpu_read(smp_seen),
			SMP_SLEEP_NS);
	atomic_dec(&um_waiters);
}

void um_cpu_relax(void)
{
	unsigned int look;

	um_pause();
	if (nr_cpu_ids == 1)
		return;
	look = raw_cpu_inc_return(smp_spins);
	if (look % SMP_SPINS == SMP_SPINS - 1)
		raw_cpu_write(smp_seen, atomic_read(&smp_progress));
	else if (look % SMP_SPINS == 0 &&
		 (look % SMP_SPINS_ALONE == 0 ||
		  um_cpu_is_preempted(raw_smp_processor_id())))
		smp_sleep();
}
EXPORT_SYMBOL(um_cpu_relax);

void um_progress(void)
{
	atomic_inc(&smp_progress);
	if (atomic_read(&um_waiters))
		host_futex_wake(&smp_progress.counter, INT_MAX);
}

/* ---- Messages ---- */

static void smp_send(int cpu, unsigned int message)
{
	atomic_or(message, per_cpu_ptr(&smp_messages, cpu));
	host_send_ipi(cpu);
}

void arch_smp_send_reschedule(int cpu)
{
	smp_send(cpu, SMP_RESCHEDULE);
}

void arch_send_call_function_single_ipi(int cpu)
{
	smp_send(cpu, SMP_CALL);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	int cpu;

	for_each_cpu(cpu, mask)
		smp_send(cpu, SMP_CALL);
}

void arch_irq_work_raise(void)
{
	smp_send(smp_processor_id(), SMP_CALL);
}

void um_cpu_disturb(unsigned int cpu)
{
	smp_send(cpu, 0);
}

void um_ipi_interrupt(void)
{
	unsigned int messages;

	messages = atomic_xchg(this_cpu_ptr(&smp_messages), 0);
	if (messages & SMP_STOP) {
		set_cpu_online(smp_processor_id(), false);
		host_cpu_stop();
	}
	if (messages & SMP_RESCHEDULE)
		scheduler_ipi();
	if (messages & SMP_CALL)
		generic_smp_call_function_interrupt();
	um_progress();
}

/* ---- Which share a host CPU ---- */

/*
 * Those that begin on the same host CPU are to the scheduler what the threads of
 * a core are: work goes to different ones first, and is handed over within one.
 * Only those that are online.
 */
static cpumask_t smp_siblings[NR_CPUS];

static const struct cpumask *smp_sibling_mask(int cpu)
{
	return &smp_siblings[cpu];
}

static int smp_sibling_flags(void)
{
	return SD_SHARE_CPUCAPACITY | SD_SHARE_LLC;
}

static struct sched_domain_topology_level smp_topology[] = {
	{ smp_sibling_mask, smp_sibling_flags, SD_INIT_NAME(SMT) },
	{ cpu_cpu_mask, SD_INIT_NAME(PKG) },
	{ },
};

static void smp_join_siblings(unsigned int cpu)
{
	unsigned int other;

	cpumask_set_cpu(cpu, &smp_siblings[cpu]);
	for_each_online_cpu(other) {
		if (host_place_begins_with(cpu, other)) {
			cpumask_set_cpu(cpu, &smp_siblings[other]);
			cpumask_set_cpu(other, &smp_siblings[cpu]);
		}
	}
}

static void smp_leave_siblings(unsigned int cpu)
{
	unsigned int other;

	for_each_cpu(other, &smp_siblings[cpu])
		if (other != cpu)
			cpumask_clear_cpu(cpu, &smp_siblings[other]);
	cpumask_clear(&smp_siblings[cpu]);
}

/* ---- Up ---- */

/* The core brings up one at a time. */
static DECLARE_COMPLETION(smp_is_up);

/* The first that a CPU runs, on the stack of its idle task. */
static void smp_begin(void)
{
	unsigned int cpu = smp_processor_id();

	mmgrab(&init_mm);
	current->active_mm = &init_mm;
	um_cpu_setup();
	um_time_setup_cpu();
	notify_cpu_starting(cpu);
	smp_join_siblings(cpu);
	set_cpu_online(cpu, true);
	complete(&smp_is_up);
	local_irq_enable();
	cpu_startup_entry(CPUHP_AP_ONLINE_IDLE);
}

int __cpu_up(unsigned int cpu, struct task_struct *idle)
{
	void *stack = task_stack_page(idle) + THREAD_SIZE - 16;
	int ret;

	per_cpu(current_task, cpu) = idle;
	reinit_completion(&smp_is_up);
	ret = host_cpu_start(cpu, stack, smp_begin, __per_cpu_offset[cpu]);
	if (ret) {
		pr_err("CPU%u: the host grants no thread: error %d\n", cpu,
		       -ret);
		return ret;
	}
	/* As long as the host takes to run it: it would come up all the same. */
	wait_for_completion(&smp_is_up);
	return 0;
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
	unsigned int cpu;

	if (!max_cpus)
		return;
	smp_join_siblings(0);
	set_sched_topology(smp_topology);
	for_each_possible_cpu(cpu)
		set_cpu_present(cpu, true);
}

void smp_prepare_boot_cpu(void)
{
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}

/* ---- Down ---- */

bool arch_cpu_is_hotpluggable(int cpu)
{
	return cpu != 0;
}

int __cpu_disable(void)
{
	unsigned int cpu = smp_processor_id();

	if (!cpu)
		return -EBUSY;
	set_cpu_online(cpu, false);
	smp_leave_siblings(cpu);
	return 0;
}

void __noreturn arch_cpu_idle_dead(void)
{
	idle_task_exit();
	cpuhp_ap_report_dead();
	host_cpu_offline();
}

/*
 * Those that let no message in are stopped wherever they are; what they hold
 * they hold for good.
 */
void smp_send_stop(void)
{
	unsigned int cpu, patience = SMP_STOP_TIMEOUT_MS;

	for_each_online_cpu(cpu)
		if (cpu != smp_processor_id())
			smp_send(cpu, SMP_STOP);
	while (num_online_cpus() > 1 && patience--)
		mdelay(1);
	host_cpus_stop();
}
