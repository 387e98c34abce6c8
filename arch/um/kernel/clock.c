// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock source "tsc": the host's TSC, kept to the host's CLOCK_MONOTONIC.
 *
 * Guest code can read the TSC without a trap, but not what the host makes of
 * it: the host's clock is corrected all the time (NTP), and guest timers are
 * the host's, so that is the clock to follow.  Hence a line through the TSC
 * (struct um_clock) that guest code and the kernel evaluate alike.  Now and
 * then the two clocks are read side by side, and a new line begins where the
 * old one ends, so that no reader sees time go back.  Its slope is the rate just
 * measured, bent so that what the old line was off is gone within
 * CLOCK_HORIZON.
 *
 * No timer does that: the guest's own timer interrupts do, and an idle guest
 * has none.  A line older than CLOCK_HORIZON says nothing, to anybody: guest
 * code then makes the system call, and the kernel first asks the host.  So what
 * happened meanwhile does not matter, be it that the guest was idle, that the
 * process was stopped, or that the host was suspended and the TSC ran on or
 * began anew.
 */
#include <linux/clocksource.h>
#include <linux/init.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/cpuid.h>
#include <um/clock.h>
#include <um/host.h>
#include <um/vdso.h>

#define CLOCK_HORIZON_SHIFT	30
#define CLOCK_HORIZON		((s64)BIT_ULL(CLOCK_HORIZON_SHIFT))	/* ns */

/* So far behind, the clock steps; it never steps back. */
#define CLOCK_STEP		1000000LL			/* ns */

/* A new line this part of the horizon after the last: soon at first. */
#define CLOCK_SOON		6
#define CLOCK_LATER		2

/*
 * A rate that differs by more than this part (a power of two) from the last is
 * odd: no host's clock is corrected that much.  So many in a row are too many.
 */
#define CLOCK_ODD_SHIFT		10
#define CLOCK_ODD_MAX		3

/**
 * struct clock_sample - two clocks read at the same time
 * @tsc: the TSC
 * @ns:	 the host's CLOCK_MONOTONIC
 */
struct clock_sample {
	u64	tsc;
	u64	ns;
};

/* Beside um_vvar.clock, what only the kernel needs; guarded by clock_lock. */
static struct clock_sample clock_last;
static u64 clock_rate;		/* nanoseconds per cycle << UM_CLOCK_SHIFT */
static unsigned int clock_due = CLOCK_SOON;
static unsigned int clock_odd;

/* Not a raw spinlock: those call sched_clock() when they are debugged. */
static arch_spinlock_t clock_lock = __ARCH_SPIN_LOCK_UNLOCKED;

static bool clock_in_use __read_mostly;

/* The narrowest of a few: in the others something came between. */
static void notrace clock_take_sample(struct clock_sample *sample)
{
	u64 before, ns, width, narrowest = U64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		before = um_clock_tsc();
		ns = host_clock_ns();
		width = um_clock_tsc() - before;
		if (width >= narrowest)
			continue;
		narrowest = width;
		sample->tsc = before + width / 2;
		sample->ns = ns;
	}
}

/* 0 unless it is between 50 MHz and 20 GHz. */
static u64 notrace clock_rate_between(const struct clock_sample *from,
				      const struct clock_sample *to)
{
	u64 cycles = to->tsc - from->tsc, ns = to->ns - from->ns;

	if (!cycles || cycles < ns / 20 || cycles / 20 > ns)
		return 0;
	return mul_u64_u64_div_u64(ns, BIT_ULL(UM_CLOCK_SHIFT), cycles);
}

/*
 * Between the two writes to the sequence nothing may happen that could read
 * the clock.  No reader has gone beyond the old line's horizon.
 */
static void notrace clock_draw(const struct clock_sample *now)
{
	struct um_clock *line = &um_vvar.clock;
	u64 tsc, ns;
	s64 error;

	WRITE_ONCE(line->seq, line->seq + 1);
	smp_wmb();	/* the line is written after its sequence, */
	tsc = um_clock_tsc();
	ns = line->base_ns + um_clock_span(min(um_clock_age(line, tsc),
					       line->max_age), line->mult);
	error = now->ns + um_clock_span(tsc - now->tsc, clock_rate) - ns;
	if (error > CLOCK_STEP) {
		ns += error;
		error = 0;
	}
	error = max(error, -CLOCK_HORIZON / 2);
	line->base_tsc = tsc;
	line->base_ns = ns;
	line->mult = clock_rate + (((s64)(clock_rate >> 14) * error) >>
				   (CLOCK_HORIZON_SHIFT - 14));
	line->max_age = mul_u64_u64_div_u64(CLOCK_HORIZON,
					    BIT_ULL(UM_CLOCK_SHIFT),
					    clock_rate);
	smp_wmb();	/* and before it is said to be whole */
	WRITE_ONCE(line->seq, line->seq + 1);
}

static bool notrace clock_is_odd(u64 rate)
{
	return abs_diff(rate, clock_rate) > clock_rate >> CLOCK_ODD_SHIFT;
}

/* After a pause an odd rate means that one of the two clocks stood still. */
static void notrace clock_steer(u64 age)
{
	struct clock_sample now;
	u64 rate;

	clock_take_sample(&now);
	rate = clock_rate_between(&clock_last, &now);
	if (!clock_is_odd(rate)) {
		clock_rate = rate;
		clock_odd = 0;
	} else if (age <= um_vvar.clock.max_age) {
		clock_odd++;
	}
	clock_last = now;
	clock_draw(&now);
	if (clock_due > CLOCK_LATER)
		clock_due--;
}

/* If another CPU is at it, there is nothing to do. */
static void notrace clock_steer_if_due(void)
{
	unsigned long flags;
	u64 age;

	raw_local_irq_save(flags);
	if (arch_spin_trylock(&clock_lock)) {
		age = um_clock_age(&um_vvar.clock, um_clock_tsc());
		if (age > um_vvar.clock.max_age >> clock_due)
			clock_steer(age);
		arch_spin_unlock(&clock_lock);
	}
	raw_local_irq_restore(flags);
}

static u64 notrace clock_read_tsc(void)
{
	u64 ns;

	while ((ns = um_clock_read(&um_vvar.clock)) == U64_MAX)
		clock_steer_if_due();
	return ns;
}

u64 notrace um_clock_ns(void)
{
	return clock_in_use ? clock_read_tsc() : host_clock_ns();
}

static u64 notrace clock_read(struct clocksource *cs)
{
	return clock_read_tsc();
}

static struct clocksource clock_source = {
	.name		= "tsc",
	.rating		= 400,
	.read		= clock_read,
	.mask		= CLOCKSOURCE_MASK(64),
	.flags		= CLOCK_SOURCE_IS_CONTINUOUS,
	.vdso_clock_mode = VDSO_CLOCKMODE_TSC,
};

/* ---- Is it any good? ---- */

static void clock_give_up(struct work_struct *work)
{
	pr_warn("clock: the host's TSC does not keep time with its clock any more\n");
	clocksource_change_rating(&clock_source, 0);
}

static DECLARE_WORK(clock_give_up_work, clock_give_up);

void um_clock_tick(void)
{
	if (!clock_in_use)
		return;
	clock_steer_if_due();
	if (clock_odd > CLOCK_ODD_MAX) {
		clock_in_use = false;
		schedule_work(&clock_give_up_work);
	}
}

/* CPUID, leaf 80000007H: Intel SDM volume 3, "Invariant TSC". */
#define CLOCK_CPUID_POWER	0x80000007
#define CLOCK_CPUID_INVARIANT	BIT(8)

static bool __init clock_is_invariant(void)
{
	return cpuid_eax(0x80000000) >= CLOCK_CPUID_POWER &&
	       cpuid_edx(CLOCK_CPUID_POWER) & CLOCK_CPUID_INVARIANT;
}

static const char clock_host_file[] __initconst =
	"/sys/devices/system/clocksource/clocksource0/current_clocksource";

/* What the host's own clock is made of: its kernel watches that it is good. */
static const char *const clock_host_good[] __initconst = {
	"tsc", "kvm-clock", "hyperv_clocksource_tsc_page",
};

static char clock_host_name[32] __initdata;

static const char *__init clock_refusal(void)
{
	long n;

	n = host_read_file(clock_host_file, clock_host_name,
			   sizeof(clock_host_name) - 1);
	if (n > 0) {
		if (match_string(clock_host_good, ARRAY_SIZE(clock_host_good),
				 strim(clock_host_name)) >= 0)
			return NULL;
		return "the host doesn't use it itself";
	}
	return clock_is_invariant() ? NULL : "its rate changes";
}

void __init um_clock_begin(void)
{
	clock_take_sample(&clock_last);
}

static struct clock_sample clock_middle __initdata;

static int __init clock_measure(void)
{
	clock_take_sample(&clock_middle);
	clock_rate = clock_rate_between(&clock_last, &clock_middle);
	return 0;
}
early_initcall(clock_measure);

/* The rate that it had at first it must still have. */
static const char *__init clock_check(void)
{
	struct clock_sample now;
	u64 rate;

	clock_take_sample(&now);
	rate = clock_rate_between(&clock_middle, &now);
	if (!clock_rate || abs_diff(rate, clock_rate) > clock_rate >> 8)
		return "it doesn't keep time with the host's clock";
	clock_rate = clock_rate_between(&clock_last, &now);
	clock_last = now;
	clock_draw(&now);
	return NULL;
}

static int __init clock_init(void)
{
	const char *why = clock_refusal() ?: clock_check();

	if (why) {
		pr_info("clock: by the host, and guest programs by system call; not by the TSC: %s\n",
			why);
		return 0;
	}
	clock_in_use = true;
	pr_info("clock: the TSC, %llu kHz, kept to the host's CLOCK_MONOTONIC\n",
		mul_u64_u64_div_u64(1000000, BIT_ULL(UM_CLOCK_SHIFT),
				    clock_rate));
	return clocksource_register_hz(&clock_source, NSEC_PER_SEC);
}
core_initcall(clock_init);
