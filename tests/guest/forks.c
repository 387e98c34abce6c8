// SPDX-License-Identifier: GPL-2.0-only
/*
 * forks COUNT - that many processes, one after the other
 *
 * Each must find the memory it was forked with, and end with the status it
 * was told to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long forks_number;

static int forks_one(long number)
{
	int status;
	pid_t pid;

	forks_number = number;
	pid = fork();
	if (!pid)
		_exit(forks_number == number ? number & 0x7f : 0x80);
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		printf("fork %ld: %s\n", number, strerror(errno));
		return -1;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != (number & 0x7f)) {
		printf("fork %ld: status 0x%x\n", number, status);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? atol(argv[1]) : 0;

	if (count <= 0) {
		fprintf(stderr, "usage: forks COUNT\n");
		return 2;
	}
	for (long i = 0; i < count; i++)
		if (forks_one(i))
			return 1;
	return 0;
}
