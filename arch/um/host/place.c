// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placement: which host CPU a virtual CPU and its guest threads share.
 *
 * A hand-over between two host CPUs costs more than ten times one on the same
 * CPU, so the kernel's thread and the guest threads it runs are bound to one.
 * The host's scheduler can't move a bound pair away from a CPU that has become
 * busy, so this file does: when the kernel's thread has had to wait for its
 * CPU for much of the time, and another CPU it may use was mostly idle
 * meanwhile, the thread goes there, and each guest thread follows before it
 * runs next (host_place_thread()).
 */
#include <fcntl.h>
#include <sched.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

#define PLACE_CPUS		1024
#define NSEC_PER_SECOND		1000000000ULL
#define PLACE_WORD_BITS		(8 * sizeof(unsigned long))
#define PLACE_INTERVAL_NS	60000000ULL
/* Waiting for so much of an interval is worth a move. */
#define PLACE_WAIT_SHARE	4	/* a quarter */
/* Of a tick of /proc/stat, USER_HZ, in an idle CPU's interval. */
#define PLACE_TICK_NS		10000000ULL

struct place_mask {
	unsigned long bits[PLACE_CPUS / PLACE_WORD_BITS];
};

static struct {
	struct place_mask	allowed;
	unsigned int		allowed_count;
	int			cpu;
	int			schedstat_fd;
	int			stat_fd;
	unsigned long long	next_check;
	unsigned long long	last_check;
	unsigned long long	last_wait;
	bool			have_idle;
	unsigned int		idle[PLACE_CPUS];
} place = { .cpu = -1, .schedstat_fd = -1, .stat_fd = -1 };

static bool place_has(const struct place_mask *mask, unsigned int cpu)
{
	return mask->bits[cpu / PLACE_WORD_BITS] >>
	       (cpu % PLACE_WORD_BITS) & 1;
}

int host_place_cpu(void)
{
	return place.cpu;
}

int host_place_thread(int tid)
{
	struct place_mask mask = { { 0 } };

	if (place.allowed_count < 2)
		return 0;
	mask.bits[place.cpu / PLACE_WORD_BITS] =
		1UL << (place.cpu % PLACE_WORD_BITS);
	return host_syscall(SYS_sched_setaffinity, tid, sizeof(mask), &mask);
}

static const char *place_number(const char *p, unsigned long *value)
{
	while (*p == ' ')
		p++;
	for (*value = 0; *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + (*p - '0');
	return p;
}

/* Nanoseconds that this thread has waited for a CPU (proc(5), schedstat). */
static unsigned long long place_waited(void)
{
	char text[96];
	unsigned long value;
	long n = host_syscall(SYS_pread64, place.schedstat_fd, text,
			      sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	place_number(place_number(text, &value), &value);
	return value;
}

/* A line "cpuN user nice system idle iowait ..." of /proc/stat. */
static const char *place_idle_line(const char *line, unsigned int *cpu,
				   unsigned int *idle)
{
	unsigned long value, sum = 0;
	const char *p = host_prefix(line, "cpu");
	int field;

	if (!p)
		return NULL;
	p = place_number(p, &value);
	*cpu = value;
	for (field = 0; field < 5; field++) {
		p = place_number(p, &value);
		if (field >= 3)
			sum += value;
	}
	*idle = sum;
	while (*p && *p != '\n')
		p++;
	return *p ? p + 1 : NULL;
}

/*
 * Note the idle time of each CPU; return the allowed one that has been idle
 * longest since the last time, by at least @least ticks, or -1.
 */
static int place_scan_idle(unsigned int least)
{
	static char text[65536];
	long n = host_syscall(SYS_pread64, place.stat_fd, text,
			      sizeof(text) - 1, 0);
	const char *line = text;
	unsigned int cpu, idle;
	int best = -1;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	/* The first line is the sum of all. */
	while (*line && *line != '\n')
		line++;
	line++;
	while (line < text + n &&
	       (line = place_idle_line(line, &cpu, &idle))) {
		if (cpu >= PLACE_CPUS)
			break;
		if (place_has(&place.allowed, cpu) &&
		    idle - place.idle[cpu] >= least) {
			least = idle - place.idle[cpu];
			best = cpu;
		}
		place.idle[cpu] = idle;
	}
	return best;
}

static void place_move(int cpu)
{
	int old = place.cpu;

	place.cpu = cpu;
	if (host_place_thread(0))
		place.cpu = old;
}

void host_place_check(void)
{
	unsigned long long now, waited, elapsed;
	int cpu;

	if (place.allowed_count < 2)
		return;
	now = host_clock_ns();
	if (now < place.next_check)
		return;
	elapsed = now - place.last_check;
	waited = place_waited() - place.last_wait;
	place.last_wait += waited;
	place.last_check = now;
	place.next_check = now + PLACE_INTERVAL_NS;

	if (waited < elapsed / PLACE_WAIT_SHARE || elapsed > NSEC_PER_SECOND) {
		place.have_idle = false;
		return;
	}
	/* Half of the time idle, since a first look of an interval ago. */
	cpu = place_scan_idle(elapsed / PLACE_TICK_NS / 2 + 1);
	if (place.have_idle && cpu >= 0 && cpu != place.cpu)
		place_move(cpu);
	place.have_idle = !place.have_idle;
}

static void place_count_allowed(void)
{
	unsigned int cpu;

	for (cpu = 0; cpu < PLACE_CPUS; cpu++)
		place.allowed_count += place_has(&place.allowed, cpu);
}

void host_place_init(void)
{
	unsigned int cpu;

	if (host_syscall(SYS_sched_getaffinity, 0, sizeof(place.allowed),
			 &place.allowed) < 0)
		return;
	place_count_allowed();
	place.schedstat_fd = host_syscall(SYS_open, "/proc/thread-self/schedstat",
					  O_RDONLY | O_CLOEXEC);
	place.stat_fd = host_syscall(SYS_open, "/proc/stat",
				     O_RDONLY | O_CLOEXEC);
	/* Without a way to see that the CPU is busy, stay unbound. */
	if (place.schedstat_fd < 0 || place.stat_fd < 0 ||
	    host_syscall(SYS_getcpu, &cpu, 0, 0) < 0 || cpu >= PLACE_CPUS)
		place.allowed_count = 0;
	if (place.allowed_count >= 2)
		place_move(cpu);
}

/* The next program in this process (a restart) may use what this one could. */
void host_place_undo(void)
{
	if (place.allowed_count >= 2)
		host_syscall(SYS_sched_setaffinity, 0, sizeof(place.allowed),
			     &place.allowed);
}
