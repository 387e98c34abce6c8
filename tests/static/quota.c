// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota ROOT - what arch/um/host/quota.c finds below a folder instead of /
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <um/host_internal.h>

static const char *root;

long host_read_file(const char *path, void *buffer, unsigned long size)
{
	char name[8192];
	size_t n;
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", root, path);
	f = fopen(name, "r");
	if (!f)
		return -1;
	n = fread(buffer, 1, size, f);
	fclose(f);
	return n;
}

void host_format(char *to, unsigned long size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(to, size, format, args);
	va_end(args);
}

unsigned long host_strlen(const char *s)
{
	return strlen(s);
}

bool host_streq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

const char *host_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) ? NULL : s + strlen(prefix);
}

const char *host_number(const char *p, unsigned long *value)
{
	char *end;

	p += strspn(p, " ");
	*value = strspn(p, "0123456789") ? strtoul(p, &end, 10) : 0;
	return *value ? end : p;
}

void host_copy(void *to, const void *from, unsigned long size)
{
	memmove(to, from, size);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	root = argv[1];
	printf("%u\n", host_quota_cpus());
	return 0;
}
