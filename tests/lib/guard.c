// SPDX-License-Identifier: GPL-2.0-only
/*
 * guard - run a program and report, from outside, how it ended and what it left
 *
 *	guard -r REPORT [-e STDERR] PROGRAM [ARGUMENT...]
 *
 * The guard is a child subreaper (prctl(2)), so whatever the program starts,
 * however it detaches, stays its descendant: when the program has ended, the
 * processes that it leaves have all become the guard's children. None of them
 * needs to cooperate or to have a recognisable name.
 *
 * The program leads a session of its own, with the guard's terminal (if stdin
 * is one) as its controlling terminal, as if a terminal emulator had started
 * it: a hang-up reaches the program itself and not a shell in between.
 *
 * REPORT, one fact a line; "done" is the last and says that all are there:
 *
 *	pid N			written at once, all else when it has ended
 *	status exit N		or "status signal N"
 *	ms N			from start to end of the program
 *	left PID NAME		a process that was there after the grace time
 *	tty same		"changed WHAT", "gone" (hung up) or "none"
 *	flags same		"changed": file status flags of descriptors 0 to 2
 *	done
 *
 * Exits with the program's status, or 128 plus the signal that ended it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Processes of a killed program die asynchronously; later is "left behind". */
#define GRACE_MS 3000

struct guard_tty {
	int present;
	struct termios modes;
	int flags[3];
};

static volatile sig_atomic_t guard_stop;

static void guard_die(const char *what)
{
	fprintf(stderr, "guard: %s: %s\n", what, strerror(errno));
	exit(125);
}

static long guard_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

__attribute__((format(printf, 2, 3))) static void guard_say(int report, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vdprintf(report, format, ap) < 0)
		guard_die("report");
	va_end(ap);
}

static void guard_on_signal(int sig)
{
	guard_stop = sig;
}

static void guard_tty_read(struct guard_tty *tty)
{
	memset(tty, 0, sizeof(*tty));
	tty->present = !tcgetattr(0, &tty->modes);
	for (int fd = 0; fd < 3; fd++)
		tty->flags[fd] = fcntl(fd, F_GETFL);
}

static void guard_tty_report(int report, const struct guard_tty *before)
{
	const struct termios *a = &before->modes;
	struct guard_tty now;

	guard_tty_read(&now);
	if (!before->present)
		guard_say(report, "tty none\n");
	else if (!now.present)
		guard_say(report, "tty gone\n");
	else if (memcmp(a, &now.modes, sizeof(*a)))
		guard_say(report, "tty changed i:%x/%x o:%x/%x c:%x/%x l:%x/%x\n",
			  a->c_iflag, now.modes.c_iflag,
			  a->c_oflag, now.modes.c_oflag,
			  a->c_cflag, now.modes.c_cflag,
			  a->c_lflag, now.modes.c_lflag);
	else
		guard_say(report, "tty same\n");

	if (memcmp(before->flags, now.flags, sizeof(now.flags)))
		guard_say(report, "flags changed\n");
	else
		guard_say(report, "flags same\n");
}

/* Parent of @pid, 0 when it has gone; its name goes to @name. */
static pid_t guard_parent(pid_t pid, char name[static 64])
{
	char path[64], line[512], *end;
	FILE *stat;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return 0;
	if (fgets(line, sizeof(line), stat)) {
		end = strrchr(line, ')');
		if (end) {
			*end = '\0';
			snprintf(name, 64, "%.63s", strchr(line, '(') + 1);
			sscanf(end + 1, " %*c %d", &parent);
		}
	}
	fclose(stat);
	return parent;
}

static int guard_descends(pid_t pid, char name[static 64])
{
	char ignored[64];
	pid_t parent = guard_parent(pid, name);

	while (parent > 1 && parent != getpid())
		parent = guard_parent(parent, ignored);
	return parent == getpid();
}

/* Kill every descendant, naming each in the report unless @report is -1. */
static void guard_sweep(int report)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char name[64];

	if (!proc)
		guard_die("/proc");
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !guard_descends(pid, name))
			continue;
		if (report >= 0)
			guard_say(report, "left %d %s\n", pid, name);
		kill(pid, SIGKILL);
	}
	closedir(proc);
}

/*
 * Reap until no child is left (returns 1), or, after @pid has ended, for the
 * grace time at most (returns 0). @status gets the status of @pid.
 */
static int guard_reap(pid_t pid, int *status, long *ended)
{
	struct timespec tick = { .tv_nsec = 20000000 };
	sigset_t child;
	int got;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	*ended = 0;
	for (;;) {
		pid_t reaped = waitpid(-1, &got, WNOHANG);

		if (reaped < 0)
			return 1;
		if (reaped == pid) {
			*status = got;
			*ended = guard_now_ms();
		}
		if (reaped > 0)
			continue;
		if (guard_stop)
			guard_sweep(-1);
		if (*ended && guard_now_ms() - *ended > GRACE_MS)
			return 0;
		sigtimedwait(&child, NULL, &tick);
	}
}

/* What is left is killed until nothing is: it may fork while it is looked for. */
static void guard_end(void)
{
	struct timespec tick = { .tv_nsec = 20000000 };
	pid_t reaped;

	while ((reaped = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (reaped)
			continue;
		guard_sweep(-1);
		nanosleep(&tick, NULL);
	}
}

static void guard_child(char **argv, const char *errors, int own_terminal)
{
	sigset_t none;
	int fd;

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (own_terminal && ioctl(0, TIOCSCTTY, 0))
		guard_die("terminal");
	if (errors) {
		fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0 || dup2(fd, 2) < 0)
			guard_die(errors);
		close(fd);
	}
	execvp(argv[0], argv);
	guard_die(argv[0]);
}

static void guard_prepare(int own_terminal)
{
	struct sigaction stop = { .sa_handler = guard_on_signal };
	pid_t parent = getppid();
	sigset_t child;

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || prctl(PR_SET_PDEATHSIG, SIGTERM))
		guard_die("prctl");
	if (getppid() != parent)
		exit(125);
	if (own_terminal)
		ioctl(0, TIOCNOTTY);
}

static void guard_usage(void)
{
	fprintf(stderr, "usage: guard -r REPORT [-e STDERR] PROGRAM [ARGUMENT...]\n");
	exit(125);
}

int main(int argc, char **argv)
{
	const char *report_file = NULL, *errors = NULL;
	int own_terminal = isatty(0) && getsid(0) == getpid();
	int option, report, status = 0;
	struct guard_tty before;
	long start, ended;
	pid_t pid;

	while ((option = getopt(argc, argv, "+r:e:")) != -1) {
		if (option == 'r')
			report_file = optarg;
		else if (option == 'e')
			errors = optarg;
		else
			guard_usage();
	}
	if (!report_file || optind == argc)
		guard_usage();
	report = open(report_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (report < 0)
		guard_die(report_file);

	guard_tty_read(&before);
	guard_prepare(own_terminal);
	start = guard_now_ms();
	pid = fork();
	if (pid < 0)
		guard_die("fork");
	if (!pid)
		guard_child(argv + optind, errors, own_terminal);
	guard_say(report, "pid %d\n", pid);

	if (!guard_reap(pid, &status, &ended))
		guard_sweep(report);
	guard_end();
	if (WIFSIGNALED(status))
		guard_say(report, "status signal %d\n", WTERMSIG(status));
	else
		guard_say(report, "status exit %d\n", WEXITSTATUS(status));
	guard_say(report, "ms %ld\n", ended - start);
	guard_tty_report(report, &before);
	guard_say(report, "done\n");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
