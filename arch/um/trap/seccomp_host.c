// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend "seccomp", host part: host processes that nobody traces.
 *
 * Each has two threads for each virtual CPU that has run it.  The mapping thread
 * runs the stub's loop over orders and nothing else, ever.  The guest thread runs
 * guest code, and stops only in system calls that the host holds until the kernel
 * answers them (seccomp user notifications, seccomp_unotify(2)):
 *
 * - one of guest code; the host tells its number, arguments and place, all
 *   other registers stay where they are;
 * - one of the stub's handler, which runs for signals: exceptions, the system
 *   calls that the filter makes SIGSYS, kicks.  The frame has all registers,
 *   and what is written to it is what the thread goes on with.
 *
 * That it has stopped is the host's word.  What the frame says is the guest's,
 * who can write to it.
 *
 * A signal interrupts a call of guest code, and the handler's call comes in its
 * place; that is how its other registers are had when they are needed
 * (seccomp_host_stop()).  When the whole process is stopped and continued, the
 * host makes a call that waits again: it is received anew, and an answer to the
 * first one finds nobody (seccomp_host_run()).
 *
 * A signal also has the host write a frame, and where to is for guest code to
 * say.  So none may be under way when the kernel acts on a call, which may free
 * what the guest has mapped there; nor when it answers one, since the host can
 * take the answer and make the call again all the same.  A kick is sent while
 * the guest thread runs, and before the kernel goes on it has been heard, or is
 * blocked, as it is in the handler (seccomp_absorb()).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <ucontext.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>
#include "seccomp_host_internal.h"

/* Between two looks at a process that does not answer. */
#define SECCOMP_LOOK_NS		50000000L
#define SECCOMP_LOOK_MS		(SECCOMP_LOOK_NS / 1000000)
/* The same while it sleeps: nothing but the host keeps it from hearing. */
#define SECCOMP_ASLEEP_MS	10
/* Looks at a thread that will be ready soon; then a sleep between two. */
#define SECCOMP_YIELDS		1000
#define SECCOMP_PAUSE_NS	20000L
/* CPU time in which any thread that means well gets to the stub. */
#define SECCOMP_PATIENCE_NS	20000000ULL
/* Looks until a new one has stopped, whose CPU time is not known yet: 30 s */
#define SECCOMP_NEW_LOOKS	600
/* Looks that must agree that it hears nothing: it may not have got its CPU. */
#define SECCOMP_DEAF_LOOKS	3
/* Answers that find nobody, in a row: more than any honest process needs. */
#define SECCOMP_LOST_MAX	8
/* The host's struct ucontext ends before libc's does. */
#define SECCOMP_INFO_OFFSET	(offsetof(ucontext_t, uc_sigmask) + 8)
#define SECCOMP_MAGIC2		0x46505845U
/* Of a selector, and of EFLAGS (Intel SDM volume 3, sections 3.4.2, 2.3) */
#define SECCOMP_RPL_USER	3UL
#define SECCOMP_FLAGS_IF	0x200UL

/* libc's header has no such constant. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP	1
#endif

_Static_assert(sizeof(struct seccomp_call) == sizeof(struct seccomp_notif),
	       "struct seccomp_call is the host's struct seccomp_notif");
_Static_assert(sizeof(((struct stub_control *)0)->answer) ==
	       sizeof(struct seccomp_notif_resp),
	       "stub_control.answer is a struct seccomp_notif_resp");

/* Behind the state of each frame, as the host wrote it in the first one. */
static unsigned char seccomp_sw[SECCOMP_SW_SIZE];

static long seccomp_futex(const volatile void *word, int op,
			  unsigned int value, const struct timespec *timeout)
{
	return host_syscall(SYS_futex, word, op, value, timeout);
}

/* ---- What the host says of a process ---- */

bool seccomp_gone(const struct seccomp_pair *p)
{
	siginfo_t info = { .si_pid = 0 };

	return host_syscall(SYS_waitid, P_PID, p->pid, &info,
			    WEXITED | WNOHANG | WNOWAIT, 0) || info.si_pid;
}

int seccomp_kill(const struct seccomp_pair *p)
{
	host_syscall(SYS_kill, p->pid, SIGKILL);
	return -ESRCH;
}

/*
 * CPU time of the guest thread, the first number there (proc(5)); where the host
 * does not count that, of the process.  0: it can't be told now.
 */
static unsigned long long seccomp_cpu_time(const struct seccomp_pair *p)
{
	struct timespec ts = { 0 };
	char path[32], text[64];
	unsigned long ns;
	long n;

	host_format(path, sizeof(path), "/proc/%d/schedstat", p->tid);
	n = host_read_file(path, text, sizeof(text) - 1);
	if (n < 0 && n != -ENOENT)
		return 0;
	text[n < 0 ? 0 : n] = '\0';
	host_number(text, &ns);
	if (ns)
		return ns;
	/* Its clock, as clock_getcpuclockid(3) has it. */
	host_syscall(SYS_clock_gettime, ~p->pid << 3 | 2, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* ---- The mapping thread ---- */

static void seccomp_post(struct seccomp_pair *p, unsigned int count,
			 unsigned int then)
{
	volatile struct stub_control *control = p->control;
	unsigned int seq = (control->seq + 1) & 0x7fffffff;

	control->count = count;
	control->then = then;
	control->ok = seq;
	control->failed = ~seq;
	control->seq = seq;
	seccomp_futex(&control->seq, FUTEX_WAKE, 1, NULL);
}

int seccomp_tell(struct seccomp_pair *p, unsigned int count,
		 unsigned int then)
{
	volatile struct stub_control *control = p->control;
	const struct timespec look = { 0, SECCOMP_LOOK_NS };
	unsigned int done = control->done;

	seccomp_post(p, count, then);
	while (control->done == done) {
		long ret = seccomp_futex(&control->done, FUTEX_WAIT, done,
					 &look);

		/* Where interrupts are frequent, the time never runs out. */
		if ((ret == -ETIMEDOUT || ret == -EINTR) && seccomp_gone(p))
			return -ESRCH;
	}
	return control->done == control->failed ? -EAGAIN : 0;
}

int seccomp_host_batch(struct seccomp_pair *p, unsigned int count)
{
	int ret = seccomp_host_settle(p);

	return ret ? ret : seccomp_tell(p, count, STUB_THEN_TELL);
}

/* Does a thread wait on a word?  To move a waiter to where it is counts it. */
static bool seccomp_has_waiter(const volatile unsigned int *word)
{
	return host_syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 0, 1, word,
			    *word) == 1;
}

/* Linux 6.18 can starve others, for minutes, by sched_yield() without an end. */
void seccomp_give_way(unsigned int tries)
{
	static const struct timespec pause = { 0, SECCOMP_PAUSE_NS };

	if (tries < SECCOMP_YIELDS)
		host_syscall(SYS_sched_yield);
	else
		host_syscall(SYS_nanosleep, &pause, 0);
}

int seccomp_host_settle(struct seccomp_pair *p)
{
	unsigned int tries = 0;

	if (!p->posted)
		return 0;
	p->posted = false;
	/* It waits on a number only after having done that batch. */
	while (!seccomp_has_waiter(&p->control->seq)) {
		if (seccomp_gone(p))
			return -ESRCH;
		seccomp_give_way(tries++);
	}
	return 0;
}

/* ---- The guest thread stops ---- */

/* What follows @name in the text of /proc/PID/status, or NULL: proc(5) */
static const char *seccomp_after(const char *text, const char *name)
{
	const char *rest = NULL;

	for (; *text && !rest; text++)
		rest = host_prefix(text, name);
	return rest;
}

/* A set of signals there, hexadecimal */
static unsigned long seccomp_signals(const char *text, const char *name)
{
	const char *rest = seccomp_after(text, name);
	unsigned long set = 0;

	for (; rest && *rest && *rest != '\n'; rest++)
		set = set << 4 | (*rest <= '9' ? *rest - '0' :
						 *rest - 'a' + 10);
	return set;
}

bool seccomp_look(const struct seccomp_pair *p, struct seccomp_look *look)
{
	const unsigned long kick = 1UL << (SECCOMP_KICK_SIGNAL - 1);
	char path[32], text[2048];
	const char *state;
	long n;

	host_format(path, sizeof(path), "/proc/%d/status", p->tid);
	n = host_read_file(path, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	state = seccomp_after(text, "\nState:\t");
	look->asleep = state && *state == 'S';
	look->pending = seccomp_signals(text, "\nSigPnd:\t") & kick;
	look->blocked = seccomp_signals(text, "\nSigBlk:\t") & kick;
	return true;
}

static void seccomp_signal(struct seccomp_pair *p)
{
	p->signalled = true;
	host_syscall(SYS_tgkill, p->pid, p->tid, SECCOMP_KICK_SIGNAL);
}

/**
 * struct seccomp_chase - the wait for a thread that was kicked
 * @asleep:	it was in a call of guest code, and need only hear the kick
 * @deaf:	looks at which it seemed not to
 * @looks:	looks at a new thread
 * @since:	its CPU time at the first look
 */
struct seccomp_chase {
	bool			asleep;
	unsigned int		deaf;
	unsigned int		looks;
	unsigned long long	since;
};

/*
 * A thread that sleeps in a call of guest code hears a kick at once, unless
 * guest code has blocked it.  One that is on its way has heard it.
 */
static void seccomp_rouse(struct seccomp_pair *p, struct seccomp_chase *chase)
{
	struct seccomp_look look;

	if (!seccomp_look(p, &look) ||
	    (look.asleep && look.pending && look.blocked))
		chase->deaf++;
	else if (look.asleep)
		seccomp_signal(p);
}

/*
 * It was kicked and should have stopped: has it gone?  Or does it use its time
 * for something else, or hear nothing?  Then it has earned its end.
 */
static int seccomp_chase(struct seccomp_pair *p, struct seccomp_chase *chase)
{
	unsigned long long now;

	/* The orders that come first may take the mapping thread a while. */
	if (seccomp_host_settle(p) || seccomp_gone(p))
		return -ESRCH;
	if (!p->tid)
		return ++chase->looks < SECCOMP_NEW_LOOKS ? 0 : seccomp_kill(p);
	now = seccomp_cpu_time(p);
	if (!chase->since || !now)
		chase->since = now;
	if (chase->asleep)
		seccomp_rouse(p, chase);
	if (now - chase->since < SECCOMP_PATIENCE_NS &&
	    chase->deaf < SECCOMP_DEAF_LOOKS)
		return 0;
	return seccomp_kill(p);
}

static long seccomp_poll(const struct seccomp_pair *p, int ms)
{
	struct pollfd poll = { .fd = p->listener, .events = POLLIN };

	return host_syscall(SYS_poll, &poll, 1, ms) == 1 ? poll.revents : 0;
}

/* After a kick; -EAGAIN: there is nothing to receive yet. */
static long seccomp_receive_or_chase(struct seccomp_pair *p,
				     struct seccomp_chase *chase)
{
	long events = seccomp_poll(p, chase->asleep ? SECCOMP_ASLEEP_MS :
						      SECCOMP_LOOK_MS);

	if (events & POLLIN)
		return host_syscall(SYS_ioctl, p->listener,
				    SECCOMP_IOCTL_NOTIF_RECV, &p->call);
	if (events & POLLHUP)
		return seccomp_kill(p);
	/* The host could not look: that took no time. */
	if (events)
		return -EAGAIN;
	return seccomp_chase(p, chase) ? -ESRCH : -EAGAIN;
}

/* Only to a thread that runs; otherwise it is left to seccomp_receive(). */
void seccomp_host_kick(struct seccomp_pair *p)
{
	p->kicked = true;
	if (!p->signalled && !*(volatile unsigned long *)&p->call.id)
		seccomp_signal(p);
}

/*
 * Before a kick, an interrupt ends the wait, and kicks.  After it there may be
 * no end: guest code may have seen to it that the kick is not heard.
 */
static int seccomp_wait(struct seccomp_pair *p, bool asleep)
{
	struct seccomp_chase chase = { .asleep = asleep };
	long ret;

	do {
		p->call = (struct seccomp_call) { 0 };
		if (!p->kicked) {
			ret = host_breakable_call(&p->kicked, SYS_ioctl,
						  p->listener,
						  SECCOMP_IOCTL_NOTIF_RECV,
						  (long)&p->call);
		} else {
			ret = seccomp_receive_or_chase(p, &chase);
		}
		/* There will be no more calls of a thread that has ended. */
		if (ret == -ENOENT && (seccomp_poll(p, 0) & POLLHUP))
			return seccomp_kill(p);
		if (ret == -ESRCH || (ret && seccomp_gone(p)))
			return -ESRCH;
	} while (ret);
	p->in_call = p->call.ip != stub_address(um_stub_stopped);
	return 0;
}

int seccomp_receive(struct seccomp_pair *p)
{
	p->call = (struct seccomp_call) { 0 };
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* One that came while the thread did not run. */
	if (p->kicked && !p->signalled)
		seccomp_signal(p);
	return seccomp_wait(p, false);
}

/* From a call of guest code, which the kick interrupts, into the stub. */
static int seccomp_hear(struct seccomp_pair *p)
{
	unsigned int tries;
	int ret = 0;

	p->kicked = true;
	for (tries = 0; p->in_call && !ret; tries++) {
		if (tries == SECCOMP_LOST_MAX)
			return seccomp_kill(p);
		/* The host has made the call again: the kick was lost in that. */
		if (tries)
			seccomp_signal(p);
		ret = seccomp_wait(p, true);
	}
	return ret;
}

int seccomp_host_stop(struct seccomp_pair *p)
{
	if (!p->in_call)
		return 0;
	seccomp_signal(p);
	return seccomp_hear(p);
}

/*
 * A kick was sent in this run.  It is on its way to a thread in a call of guest
 * code, and may be to one that only says that it is in the handler.
 */
static int seccomp_absorb(struct seccomp_pair *p)
{
	struct seccomp_look look;

	if (p->in_call)
		return seccomp_hear(p);
	if (seccomp_look(p, &look) && look.blocked)
		return 0;
	return seccomp_kill(p);
}

/* ---- The guest thread runs ---- */

static bool seccomp_answer(struct seccomp_pair *p, long value)
{
	struct seccomp_notif_resp *answer = (void *)p->control->answer;

	*answer = (struct seccomp_notif_resp) {
		.id = p->call.id, .val = value
	};
	return !host_syscall(SYS_ioctl, p->listener, SECCOMP_IOCTL_NOTIF_SEND,
			     answer);
}

/* The mapping thread will answer. */
static void seccomp_post_answer(struct seccomp_pair *p, unsigned int count)
{
	struct seccomp_notif_resp *answer = (void *)p->control->answer;

	*answer = (struct seccomp_notif_resp) {
		.id = p->call.id, .val = p->slot
	};
	p->posted = true;
	seccomp_post(p, count, STUB_THEN_RESUME);
}

/* Is its frame where the stub has it, and not where guest code wants it? */
static bool seccomp_has_frame(const struct seccomp_pair *p)
{
	return !p->in_call && p->call.args[2] == p->context;
}

/*
 * Is this the handler's call that should have been answered already?  On another
 * stack it does not know the number of the run.
 */
static bool seccomp_is_old_stop(const struct seccomp_pair *p)
{
	return seccomp_has_frame(p) &&
	       (unsigned int)p->call.args[5] != p->control->run;
}

static int seccomp_run_stopped(struct seccomp_pair *p, unsigned int count)
{
	unsigned int tries = 0;
	int ret;

	if (count)
		seccomp_post_answer(p, count);
	else
		seccomp_answer(p, p->slot);
	while (!(ret = seccomp_receive(p)) && seccomp_is_old_stop(p)) {
		ret = seccomp_host_settle(p);
		if (!ret && tries++ == SECCOMP_LOST_MAX)
			ret = seccomp_kill(p);
		if (ret)
			break;
		seccomp_answer(p, p->slot);
	}
	return ret;
}

static int seccomp_run_call(struct seccomp_pair *p, long value)
{
	bool answered;
	int ret;

	do {
		answered = seccomp_answer(p, value);
		ret = seccomp_receive(p);
		if (!ret && !answered && p->signalled)
			ret = seccomp_hear(p);
	} while (!ret && !answered && p->in_call);
	return ret || answered ? ret : SECCOMP_INTERRUPTED;
}

int seccomp_host_run(struct seccomp_pair *p, unsigned int count, long value)
{
	int ret;

	p->control->run++;
	p->signalled = false;
	ret = p->in_call ? seccomp_run_call(p, value) :
			   seccomp_run_stopped(p, count);
	if (ret < 0)
		return ret;
	if (!ret && p->in_call) {
		p->told = p->call;
		ret = SECCOMP_CALL;
	}
	if (p->signalled && seccomp_absorb(p))
		return -ESRCH;
	return ret;
}

/* ---- Its frame ---- */

/* Where each of the 27 registers is in the frame; -1: not there. */
static const signed char seccomp_gregs[27] = {
	REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10,
	REG_R9, REG_R8, REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, -1,
	REG_RIP, -1, REG_EFL, REG_RSP, -1, -1, -1, -1, -1, -1, -1
};

enum {
	SECCOMP_R11 = 6, SECCOMP_CS = 17, SECCOMP_FLAGS, SECCOMP_SS = 20,
	SECCOMP_FS_BASE, SECCOMP_GS_BASE
};

void seccomp_host_set_regs(struct seccomp_pair *p, const unsigned long *regs)
{
	ucontext_t *uc = p->ucontext;
	greg_t *gregs = uc->uc_mcontext.gregs;
	unsigned int i;

	for (i = 0; i < sizeof(seccomp_gregs); i++)
		if (seccomp_gregs[i] >= 0)
			gregs[(int)seccomp_gregs[i]] = regs[i];
	gregs[REG_CSGSFS] = (regs[SECCOMP_CS] & 0xffff) |
			    regs[SECCOMP_SS] << 48;
	uc->uc_flags = p->uc_flags;
	uc->uc_link = NULL;
	uc->uc_stack = *(stack_t *)p->control->stack;
	uc->uc_mcontext.fpregs =
		(void *)(p->context + ((char *)p->xstate -
				       (char *)p->ucontext));
	*(unsigned long *)&uc->uc_sigmask = 0;
	p->control->fs = regs[SECCOMP_FS_BASE];
	p->control->gs = regs[SECCOMP_GS_BASE];
}

static void seccomp_get_special(struct seccomp_pair *p, unsigned long *regs)
{
	const ucontext_t *uc = p->ucontext;
	unsigned long selectors = uc->uc_mcontext.gregs[REG_CSGSFS];

	/* What says that this is not the kernel is not the guest's to say. */
	regs[SECCOMP_CS] = (selectors & 0xffff) | SECCOMP_RPL_USER;
	regs[SECCOMP_SS] = selectors >> 48 | SECCOMP_RPL_USER;
	regs[SECCOMP_FLAGS] |= SECCOMP_FLAGS_IF;
	regs[SECCOMP_FS_BASE] = p->call.args[3];
	regs[SECCOMP_GS_BASE] = p->call.args[4];
}

/* A call tells of these, of rax in its own way, and leaves r11 to the flags. */
static bool seccomp_is_told(int greg)
{
	return greg == REG_RAX || greg == REG_RIP || greg == REG_RCX ||
	       greg == REG_RDI || greg == REG_RSI || greg == REG_RDX ||
	       greg == REG_R10 || greg == REG_R8 || greg == REG_R9 ||
	       greg == REG_R11;
}

bool seccomp_host_get_rest(struct seccomp_pair *p, unsigned long *regs)
{
	const ucontext_t *uc = p->ucontext;
	const greg_t *gregs = uc->uc_mcontext.gregs;
	unsigned int i;

	if (!seccomp_has_frame(p))
		return false;
	for (i = 0; i < sizeof(seccomp_gregs); i++)
		if (seccomp_gregs[i] >= 0 && !seccomp_is_told(seccomp_gregs[i]))
			regs[i] = gregs[(int)seccomp_gregs[i]];
	regs[SECCOMP_R11] = regs[SECCOMP_FLAGS];
	seccomp_get_special(p, regs);
	return true;
}

bool seccomp_host_get_regs(struct seccomp_pair *p, unsigned long *regs,
			   struct seccomp_host_stop *stop)
{
	const ucontext_t *uc = p->ucontext;
	const greg_t *gregs = uc->uc_mcontext.gregs;
	const siginfo_t *info = (const void *)((char *)p->ucontext +
					       SECCOMP_INFO_OFFSET);
	unsigned int i;

	if (!seccomp_has_frame(p))
		return false;
	for (i = 0; i < sizeof(seccomp_gregs); i++)
		if (seccomp_gregs[i] >= 0)
			regs[i] = gregs[(int)seccomp_gregs[i]];
	seccomp_get_special(p, regs);
	*stop = (struct seccomp_host_stop) {
		.signo = p->call.args[0],
		.code = info->si_code,
		.address = (unsigned long)info->si_addr,
		.trap_nr = gregs[REG_TRAPNO],
		.error_code = gregs[REG_ERR],
		.cr2 = gregs[REG_CR2],
	};
	stop->syscall = stop->signo == SIGSYS && stop->code == SYS_SECCOMP;
	stop->native = info->si_arch == AUDIT_ARCH_X86_64;
	return true;
}

void seccomp_host_get_xstate(struct seccomp_pair *p, void *area)
{
	unsigned int i;

	host_copy(area, p->xstate, host_config.xstate_size);
	for (i = 0; i < SECCOMP_SW_SIZE; i++)
		((char *)area)[SECCOMP_SW_OFFSET + i] = 0;
}

void seccomp_host_set_xstate(struct seccomp_pair *p, const void *area)
{
	char *to = p->xstate;

	host_copy(to, area, host_config.xstate_size);
	host_copy(to + SECCOMP_SW_OFFSET, seccomp_sw, SECCOMP_SW_SIZE);
	*(unsigned int *)(to + host_config.xstate_size) = SECCOMP_MAGIC2;
}

void seccomp_set_sw(const void *sw)
{
	host_copy(seccomp_sw, sw, SECCOMP_SW_SIZE);
}
