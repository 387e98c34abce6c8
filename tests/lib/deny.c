// SPDX-License-Identifier: GPL-2.0-only
/*
 * deny - run a program under a seccomp filter that refuses one system call
 *
 *	deny ptrace|seccomp|memfd_create|... PROGRAM [ARGUMENT...]
 *
 * The call fails with EPERM, as it does in many containers. No privilege is
 * needed: no_new_privs is set first (seccomp(2)).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int number;
} deny_calls[] = {
	{ "fallocate", SYS_fallocate },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "memfd_create", SYS_memfd_create },
	{ "mount", SYS_mount },
	{ "ptrace", SYS_ptrace },
	{ "seccomp", SYS_seccomp },
};

static int deny_install(unsigned int number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(deny_calls) / sizeof(deny_calls[0]); i++) {
		if (argc < 3 || strcmp(argv[1], deny_calls[i].name))
			continue;
		if (deny_install(deny_calls[i].number)) {
			perror("deny: seccomp");
			return 125;
		}
		execvp(argv[2], argv + 2);
		fprintf(stderr, "deny: %s: %s\n", argv[2], strerror(errno));
		return 125;
	}
	fprintf(stderr, "usage: deny CALL PROGRAM [ARGUMENT...], CALL one of:");
	for (size_t i = 0; i < sizeof(deny_calls) / sizeof(deny_calls[0]); i++)
		fprintf(stderr, " %s", deny_calls[i].name);
	fprintf(stderr, "\n");
	return 125;
}
