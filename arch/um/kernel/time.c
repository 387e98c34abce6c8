// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: one host timer per CPU set, and the host's clock as a clock source for
 * when kernel/clock.c has no better one.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <asm/paravirt.h>
#include <asm/timex.h>
#include <um/clock.h>
#include <um/entry.h>
#include <um/host.h>
#include <um/trap.h>

static u64 time_start __ro_after_init;

static u64 time_read(struct clocksource *cs)
{
	return host_clock_ns();
}

static struct clocksource time_clocksource = {
	.name	= "host",
	.rating	= 300,
	.read	= time_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

unsigned long long notrace sched_clock(void)
{
	return time_start ? um_clock_ns() - time_start : 0;
}

/* ---- What the host did not give: asm/paravirt.h ---- */

struct static_key paravirt_steal_enabled;
struct static_key paravirt_steal_rq_enabled;
DEFINE_PER_CPU(u64, um_steal);

static int __init time_steal_init(void)
{
	static_key_slow_inc(&paravirt_steal_enabled);
	static_key_slow_inc(&paravirt_steal_rq_enabled);
	return 0;
}
early_initcall(time_steal_init);

/* ---- Events ---- */

static DEFINE_PER_CPU(struct clock_event_device, time_event);

static int time_set_next_event(unsigned long ns, struct clock_event_device *dev)
{
	return host_timer_set(ns);
}

static int time_shutdown(struct clock_event_device *dev)
{
	return host_timer_set(0);
}

/* The guest thread that this CPU runs, as far as it may wait for a host CPU. */
static int time_guest_thread(void)
{
	return current->mm ? trap->thread_id(current->mm) : 0;
}

/* The host's timer runs late, never early. */
void um_timer_interrupt(void)
{
	struct clock_event_device *dev = this_cpu_ptr(&time_event);

	um_clock_tick();
	this_cpu_write(um_steal, host_place_check(time_guest_thread()));
	if (dev->event_handler)
		dev->event_handler(dev);
}

void um_time_setup_cpu(void)
{
	struct clock_event_device *dev = this_cpu_ptr(&time_event);

	dev->name = "host";
	dev->features = CLOCK_EVT_FEAT_ONESHOT;
	dev->rating = 300;
	dev->cpumask = cpumask_of(smp_processor_id());
	dev->set_next_event = time_set_next_event;
	dev->set_state_shutdown = time_shutdown;
	dev->set_state_oneshot_stopped = time_shutdown;
	clockevents_config_and_register(dev, NSEC_PER_SEC, 1000,
					(unsigned long)LONG_MAX);
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(host_realtime_ns());
}

void __init um_time_init(void)
{
	um_clock_begin();
	time_start = host_clock_ns();
}

void __init time_init(void)
{
	clocksource_register_hz(&time_clocksource, NSEC_PER_SEC);
	um_time_setup_cpu();
}

/* Delays need no loops_per_jiffy, but /proc/cpuinfo has a line for it. */
unsigned long calibrate_delay_is_known(void)
{
	return 1000000000UL / HZ / 2;
}

void __delay(unsigned long loops)
{
	while (loops--)
		cpu_relax();
}
EXPORT_SYMBOL(__delay);

static void time_delay_ns(u64 ns)
{
	u64 end = host_clock_ns() + ns;

	while (host_clock_ns() < end)
		cpu_relax();
}

void __ndelay(unsigned long ns)
{
	time_delay_ns(ns);
}
EXPORT_SYMBOL(__ndelay);

void __udelay(unsigned long us)
{
	time_delay_ns((u64)us * NSEC_PER_USEC);
}
EXPORT_SYMBOL(__udelay);

/* The argument is microseconds in units of 2^-32 seconds, as asm/delay.h has it. */
void __const_udelay(unsigned long xloops)
{
	time_delay_ns((xloops * (u64)NSEC_PER_SEC) >> 32);
}
EXPORT_SYMBOL(__const_udelay);
