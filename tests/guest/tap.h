/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every guest program shares: a table of tests in, TAP out.
 *
 * Each test runs in a child of its own, in a process group of its own, so
 * that a test that crashes, hangs or leaves children behind costs one line of
 * the report and no more. Failures are counted in memory shared with all
 * descendants of a test; any of them may use CHECK(), in signal handlers too.
 *
 * A program is "static const struct tap_test tests[]" and TAP_MAIN(tests).
 * It runs all tests, or those whose names contain one of its arguments; -l
 * lists them. Started with "--role NAME ..." it calls tap_role() instead,
 * which a program that execs itself provides.
 */
#ifndef TAP_H
#define TAP_H

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TAP_USED_OR_NOT __attribute__((unused))
#define TAP_DEFAULT_SECONDS 30
#define TAP_MAX_DIAGS 20

/**
 * struct tap_test - one line of the report
 * @name: what must hold, in words
 * @run: the test; returns, or ends its process, when done
 * @seconds: its time limit, 0 for the default
 */
struct tap_test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
};

struct tap_shared {
	int fails;
	char skip[160];
};

static struct tap_shared *tap_shared;
static char tap_self[PATH_MAX];
static volatile pid_t tap_child;
static volatile sig_atomic_t tap_timed_out;

/* Also for signal handlers: one write() and no lock. */
__attribute__((format(printf, 1, 2))) TAP_USED_OR_NOT static void tap_diag(const char *fmt, ...)
{
	char line[400] = "# ";
	int saved = errno;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + 2, sizeof(line) - 3, fmt, ap);
	va_end(ap);
	n = 2 + (n < (int)sizeof(line) - 3 ? n : (int)sizeof(line) - 4);
	line[n] = '\n';
	if (write(STDOUT_FILENO, line, n + 1) < 0)
		_exit(3);
	errno = saved;
}

/* Counts a failure; true while failures are still few enough to be shown. */
TAP_USED_OR_NOT static bool tap_fail(void)
{
	return __atomic_add_fetch(&tap_shared->fails, 1, __ATOMIC_RELAXED) <=
	       TAP_MAX_DIAGS;
}

#define TAP_FAIL(fmt, ...) \
	do { \
		if (tap_fail()) \
			tap_diag("%s:%d: " fmt, __FILE__, __LINE__, ##__VA_ARGS__); \
	} while (0)

/* CHECK(condition, format, ...): records a failure and goes on. */
#define CHECK(cond, ...) ({ \
	bool ok_ = (cond); \
	int err_ = errno; \
	if (!ok_ && tap_fail()) { \
		tap_diag("%s:%d: failed: %s (errno %d)", __FILE__, __LINE__, \
			 #cond, err_); \
		TAP_EXPLAIN("" __VA_ARGS__); \
	} \
	ok_; \
})
#define TAP_EXPLAIN(fmt, ...) \
	do { \
		if (sizeof(fmt) > 1) \
			tap_diag("  " fmt, ##__VA_ARGS__); \
	} while (0)

/* CHECK_EQ(got, wanted): both are shown when they differ. */
#define CHECK_EQ(a, b) ({ \
	unsigned long a_ = (unsigned long)(a), b_ = (unsigned long)(b); \
	if (a_ != b_) \
		TAP_FAIL("%s is %#lx (%ld), expected %s %#lx (%ld)", \
			 #a, a_, (long)a_, #b, b_, (long)b_); \
	a_ == b_; \
})

/* CHECK_ERR(call, errno): the call fails, with that errno. */
#define CHECK_ERR(expr, err) ({ \
	errno = 0; \
	long r_ = (long)(expr); \
	int e_ = errno; \
	if (r_ != -1 || e_ != (err)) \
		TAP_FAIL("%s gives %ld, errno %d (%s), expected errno %s", \
			 #expr, r_, e_, strerror(e_), #err); \
	r_ == -1 && e_ == (err); \
})

/* For what a test can't go on without: its process ends. */
#define REQUIRE(cond, ...) \
	do { \
		if (!CHECK(cond, ##__VA_ARGS__)) \
			_exit(1); \
	} while (0)

#define SKIP(...) \
	do { \
		snprintf(tap_shared->skip, sizeof(tap_shared->skip), __VA_ARGS__); \
		_exit(0); \
	} while (0)

/*
 * A child that runs @f(@arg) and exits with its result. The child must not
 * return into the test, so it is not a bare fork().
 */
TAP_USED_OR_NOT static pid_t tap_fork(int (*f)(void *), void *arg)
{
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (!pid)
		_exit(f(arg));
	return pid;
}

TAP_USED_OR_NOT static int tap_wait(pid_t pid)
{
	int status = -1;
	pid_t got;

	do
		got = waitpid(pid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	CHECK(got == pid, "waitpid(%d) gave %d", pid, got);
	return status;
}

#define CHECK_EXITED(pid, code) CHECK_EQ(tap_wait(pid), (code) << 8)
#define CHECK_KILLED(pid, sig) CHECK_EQ(tap_wait(pid) & ~0x80, (sig))

TAP_USED_OR_NOT static void
tap_handle(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | flags };

	REQUIRE(sigaction(sig, &sa, NULL) == 0);
}

/* Pages of fresh memory, or the end of the test. */
TAP_USED_OR_NOT static void *tap_pages(unsigned long n, int prot)
{
	void *p = mmap(NULL, n * 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static int tap_role(const char *name, int argc, char **argv);

/* Execs this program as "--role @name @arg"; returns only on failure. */
TAP_USED_OR_NOT static void tap_exec_role(const char *name, const char *arg)
{
	execl(tap_self, tap_self, "--role", name, arg, (char *)NULL);
}

static void tap_find_self(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);

	if (!path || !realpath(path, tap_self))
		snprintf(tap_self, sizeof(tap_self), "/proc/self/exe");
}

static void tap_share(void)
{
	tap_shared = mmap(NULL, sizeof(*tap_shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tap_shared == MAP_FAILED) {
		printf("Bail out! no shared memory: %s\n", strerror(errno));
		exit(2);
	}
}

/* The first line of a file about a process; false: there is none. */
static bool tap_proc_line(pid_t pid, const char *name, char *line, int size)
{
	char path[64];
	FILE *file;
	bool got;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	got = file && fgets(line, size, file);
	if (file)
		fclose(file);
	return got;
}

/* What one of the processes of a test that hangs is waiting in. */
static void tap_show_process(pid_t pid)
{
	char stat[256], wchan[64], state, *end;
	int group;

	if (!tap_proc_line(pid, "stat", stat, sizeof(stat)))
		return;
	end = strrchr(stat, ')');
	if (!end || sscanf(end, ") %c %*d %d", &state, &group) != 2 ||
	    group != tap_child)
		return;
	if (!tap_proc_line(pid, "wchan", wchan, sizeof(wchan)))
		wchan[0] = '\0';
	end[1] = '\0';
	tap_diag("process %s state %c in %s", stat, state, wchan);
}

static void tap_show_processes(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc)))
		if (atoi(entry->d_name) > 0)
			tap_show_process(atoi(entry->d_name));
	if (proc)
		closedir(proc);
}

/* Whom it interrupts is waiting for the child, and holds no lock of libc's. */
static void tap_on_alarm(int sig)
{
	(void)sig;
	tap_timed_out = 1;
	tap_show_processes();
	kill(-tap_child, SIGKILL);
	kill(tap_child, SIGKILL);
}

/* Many tests let a child crash; the soft limit, so that one can want a core. */
static void tap_no_core(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &limit);
}

static int tap_run_child(const struct tap_test *test)
{
	unsigned int limit = test->seconds ? test->seconds : TAP_DEFAULT_SECONDS;
	int status = -1;

	tap_timed_out = 0;
	fflush(stdout);
	tap_child = fork();
	if (tap_child < 0)
		return -1;
	if (!tap_child) {
		setpgid(0, 0);
		signal(SIGALRM, SIG_DFL);
		tap_no_core();
		test->run();
		exit(tap_shared->fails != 0);
	}
	setpgid(tap_child, tap_child);
	alarm(limit);
	while (waitpid(tap_child, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-tap_child, SIGKILL);
	return status;
}

static void tap_explain_status(int status)
{
	if (tap_timed_out)
		tap_diag("timed out");
	else if (WIFSIGNALED(status))
		tap_diag("killed by signal %d", WTERMSIG(status));
	else
		tap_diag("%d failures, wait status %#x", tap_shared->fails,
			 status);
}

/* Returns 0 for ok, 1 for not ok, 2 for skipped. */
static int tap_run_one(const struct tap_test *test, unsigned int number)
{
	int status;

	memset(tap_shared, 0, sizeof(*tap_shared));
	status = tap_run_child(test);
	if (status || tap_shared->fails) {
		tap_explain_status(status);
		printf("not ok %u - %s\n", number, test->name);
		return 1;
	}
	if (tap_shared->skip[0]) {
		printf("ok %u - %s # SKIP %s\n", number, test->name,
		       tap_shared->skip);
		return 2;
	}
	printf("ok %u - %s\n", number, test->name);
	return 0;
}

static bool tap_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

static int tap_main(const struct tap_test *tests, size_t count, int argc,
		    char **argv)
{
	unsigned int results[3] = { 0 }, number = 0, planned = 0;
	struct sigaction sa = { .sa_handler = tap_on_alarm };

	tap_find_self();
	tap_share();
	if (argc > 2 && !strcmp(argv[1], "--role"))
		return tap_role(argv[2], argc - 3, argv + 3);
	for (size_t i = 0; i < count; i++) {
		if (argc > 1 && !strcmp(argv[1], "-l"))
			puts(tests[i].name);
		planned += tap_wanted(tests[i].name, argc, argv);
	}
	if (argc > 1 && !strcmp(argv[1], "-l"))
		return 0;
	if (!planned) {
		puts("Bail out! no test has such a name");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &sa, NULL);
	printf("1..%u\n", planned);
	for (size_t i = 0; i < count; i++)
		if (tap_wanted(tests[i].name, argc, argv))
			results[tap_run_one(&tests[i], ++number)]++;
	printf("# %u passed, %u failed, %u skipped\n", results[0], results[1],
	       results[2]);
	return results[1] != 0;
}

#define TAP_MAIN(tests) \
	int main(int argc, char **argv) \
	{ \
		return tap_main(tests, ARRAY_SIZE(tests), argc, argv); \
	}

/* For the programs that never exec themselves. */
#define TAP_NO_ROLES \
	static int tap_role(const char *name, int argc, char **argv) \
	{ \
		(void)argc; \
		(void)argv; \
		fprintf(stderr, "no role %s\n", name); \
		return 2; \
	}

#endif
