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
#define PLACE_SAMPLE_NS		8000000ULL
/* A hand-over from a guest thread shows as a wait, too: for so long at most. */
#define PLACE_HANDOVER_NS	2000ULL
/* Waiting for so much of an interval is worth a move. */
#define PLACE_WAIT_SHARE	4	/* a quarter */
/* Of a tick of /proc/stat, USER_HZ, in an idle CPU's interval. */
#define PLACE_TICK_NS		10000000ULL

struct place_mask {
	unsigned long bits[PLACE_CPUS / PLACE_WORD_BITS];
};

/*
 * What virtual CPUs share.  One at a time (@looker, its number and 1) looks twice
 * for an idle CPU: two that want the same don't both go.
 */
static struct {
	struct place_mask	allowed;
	unsigned int		allowed_count;
	int			stat_fd;
	bool			busy;	/* a lock that nobody waits for */
	unsigned int		looker;
	unsigned long long	looked;
	unsigned int		idle[PLACE_CPUS];
} place = { .stat_fd = -1 };

/**
 * struct place_waits - how a thread was last seen to have waited for a CPU
 * @delay:	nanoseconds
 * @runs:	times that it has been given one
 */
struct place_waits {
	unsigned long	delay;
	unsigned long	runs;
};

/**
 * struct place_cpu - a virtual CPU
 * @cpu_plus_one:	its host CPU and 1, so that it begins nowhere
 * @schedstat_plus_one:	a descriptor and 1, where its thread's waits are read
 * @next_sample:	when that is to be done again
 * @self:		the waits of its thread
 * @guest:		and of the guest thread that it runs
 * @guest_tid:		whose number is this
 * @waited:		nanoseconds of both in all, without hand-overs
 * @next_check:		when to see whether it is to move
 * @last_check:		when that was done last
 * @last_waited:	@waited then
 */
static struct place_cpu {
	int			cpu_plus_one;
	int			schedstat_plus_one;
	unsigned long long	next_sample;
	struct place_waits	self;
	struct place_waits	guest;
	int			guest_tid;
	unsigned long long	waited;
	unsigned long long	next_check;
	unsigned long long	last_check;
	unsigned long long	last_waited;
} place_cpus[HOST_CPUS_MAX];

static bool place_has(const struct place_mask *mask, unsigned int cpu)
{
	return mask->bits[cpu / PLACE_WORD_BITS] >>
	       (cpu % PLACE_WORD_BITS) & 1;
}

static struct place_cpu *place_this(void)
{
	return &place_cpus[um_cpu()];
}

int host_place_cpu(void)
{
	return place_this()->cpu_plus_one - 1;
}

bool host_place_shares(unsigned int a, unsigned int b)
{
	int here = __atomic_load_n(&place_cpus[a].cpu_plus_one,
				   __ATOMIC_RELAXED);

	return here && a != b &&
	       __atomic_load_n(&place_cpus[b].cpu_plus_one,
			       __ATOMIC_RELAXED) == here;
}

static int place_bind(int tid, int cpu)
{
	struct place_mask mask = { { 0 } };

	mask.bits[cpu / PLACE_WORD_BITS] = 1UL << (cpu % PLACE_WORD_BITS);
	return host_syscall(SYS_sched_setaffinity, tid, sizeof(mask), &mask);
}

int host_place_thread(int tid)
{
	int cpu = host_place_cpu();

	return place.allowed_count < 2 || cpu < 0 ? 0 : place_bind(tid, cpu);
}

/* proc(5), schedstat: time on a CPU, time it waited for one, how often it ran. */
static bool place_read_waits(int fd, struct place_waits *waits)
{
	char text[96];
	const char *p = text;
	unsigned long value;
	long n = host_syscall(SYS_pread64, fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	p = host_number(p, &value);
	p = host_number(p, &waits->delay);
	host_number(p, &waits->runs);
	return true;
}

static bool place_guest_waits(int tid, struct place_waits *waits)
{
	char path[32];
	bool ret;
	int fd;

	host_format(path, sizeof(path), "/proc/%d/schedstat", tid);
	fd = host_syscall(SYS_open, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ret = place_read_waits(fd, waits);
	host_syscall(SYS_close, fd);
	return ret;
}

/* Those since the last time, without those that are hand-overs. */
static unsigned long long place_new_waits(struct place_waits *last,
					  const struct place_waits *now)
{
	unsigned long waited = now->delay - last->delay;
	unsigned long handed_over = (now->runs - last->runs) *
				    PLACE_HANDOVER_NS;

	*last = *now;
	return waited > handed_over ? waited - handed_over : 0;
}

/* What a guest thread waited before it was seen here first, it waited elsewhere. */
static void place_sample(struct place_cpu *self, int guest)
{
	struct place_waits now;

	if (place_read_waits(self->schedstat_plus_one - 1, &now))
		self->waited += place_new_waits(&self->self, &now);
	if (!guest || !place_guest_waits(guest, &now))
		return;
	if (guest != self->guest_tid)
		self->guest = now;
	self->guest_tid = guest;
	self->waited += place_new_waits(&self->guest, &now);
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
	p = host_number(p, &value);
	*cpu = value;
	for (field = 0; field < 5; field++) {
		p = host_number(p, &value);
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

static void place_set(int cpu)
{
	__atomic_store_n(&place_this()->cpu_plus_one, cpu + 1,
			 __ATOMIC_RELAXED);
}

static bool place_move(int cpu)
{
	if (place_bind(0, cpu))
		return false;
	place_set(cpu);
	return true;
}

/*
 * A first look notes the idle times; a second one directly after it, by the
 * same virtual CPU, may lead to a move.
 */
static void place_look(unsigned long long now, unsigned long long elapsed)
{
	unsigned int self = um_cpu() + 1;
	bool second = place.looker == self && place.looked == now - elapsed;
	int cpu;

	if (place.looker && !second && now - place.looked < 2 * elapsed)
		return;
	/* Half of the time idle, since a first look of an interval ago. */
	cpu = place_scan_idle(elapsed / PLACE_TICK_NS / 2 + 1);
	place.looker = second ? 0 : self;
	place.looked = now;
	if (second && cpu >= 0 && cpu != host_place_cpu())
		place_move(cpu);
}

static void place_check(struct place_cpu *self, unsigned long long now)
{
	unsigned long long elapsed = now - self->last_check;
	unsigned long long waited = self->waited - self->last_waited;

	self->last_waited = self->waited;
	self->last_check = now;
	self->next_check = now + PLACE_INTERVAL_NS;

	if (waited < elapsed / PLACE_WAIT_SHARE || elapsed > NSEC_PER_SECOND ||
	    __atomic_exchange_n(&place.busy, true, __ATOMIC_ACQUIRE))
		return;
	place_look(now, elapsed);
	__atomic_store_n(&place.busy, false, __ATOMIC_RELEASE);
}

unsigned long long host_place_check(int guest)
{
	struct place_cpu *self = place_this();
	unsigned long long now;

	if (!self->schedstat_plus_one)
		return 0;
	now = host_clock_ns();
	if (now >= self->next_sample) {
		place_sample(self, guest);
		self->next_sample = now + PLACE_SAMPLE_NS;
		if (place.allowed_count >= 2 && now >= self->next_check)
			place_check(self, now);
	}
	return self->waited;
}

static void place_open_schedstat(void)
{
	long fd = host_syscall(SYS_open, "/proc/thread-self/schedstat",
			       O_RDONLY | O_CLOEXEC);

	place_this()->schedstat_plus_one = fd < 0 ? 0 : fd + 1;
}

unsigned int host_place_count(void)
{
	unsigned int cpu, count = 0;

	for (cpu = 0; cpu < PLACE_CPUS; cpu++)
		count += place_has(&place.allowed, cpu);
	return count;
}

void host_place_init(void)
{
	unsigned int cpu;

	place_open_schedstat();
	if (host_syscall(SYS_sched_getaffinity, 0, sizeof(place.allowed),
			 &place.allowed) < 0 ||
	    host_syscall(SYS_getcpu, &cpu, 0, 0) < 0 || cpu >= PLACE_CPUS)
		return;
	place.allowed_count = host_place_count();
	place.stat_fd = host_syscall(SYS_open, "/proc/stat",
				     O_RDONLY | O_CLOEXEC);
	if (place.allowed_count == 1)
		place_set(cpu);
	/* Without a way to see that the CPU is busy, stay unbound. */
	else if (!place_this()->schedstat_plus_one || place.stat_fd < 0 ||
		 !place_move(cpu))
		place.allowed_count = 0;
}

/* The allowed one behind the first virtual CPU's by so many, in a circle. */
static int place_nth(unsigned int n)
{
	unsigned int cpu = place_cpus[0].cpu_plus_one - 1;

	for (n %= place.allowed_count; n; n--)
		do {
			cpu = (cpu + 1) % PLACE_CPUS;
		} while (!place_has(&place.allowed, cpu));
	return cpu;
}

bool host_place_begins_with(unsigned int a, unsigned int b)
{
	return place.allowed_count &&
	       a % place.allowed_count == b % place.allowed_count;
}

/* A virtual CPU's new thread has its creator's binding. */
void host_place_join(void)
{
	place_open_schedstat();
	if (place.allowed_count == 1)
		place_set(place_cpus[0].cpu_plus_one - 1);
	else if (place.allowed_count >= 2)
		place_move(place_nth(um_cpu()));
}

/* The next program in this process (a restart) may use what this one could. */
void host_place_undo(void)
{
	if (place.allowed_count >= 2)
		host_syscall(SYS_sched_setaffinity, 0, sizeof(place.allowed),
			     &place.allowed);
}
