// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many CPUs the host's cgroups let this process use.
 *
 * A quota is so much time of all CPUs together in each period.  It holds for a
 * cgroup and all below, so what counts is the least on the way up from the one
 * that this process is in.  Version 2 has it in one file, cpu.max (the kernel's
 * admin-guide/cgroup-v2), version 1 in two (scheduler/sched-bwc).
 */
#include <um/host_internal.h>

#define QUOTA_PATH	4096

/**
 * struct quota_place - a cgroup that has a quota, perhaps
 * @v2:		of version 2
 * @mount:	where its hierarchy is mounted
 * @path:	it, as of there: empty, or begins with a slash
 */
struct quota_place {
	bool v2;
	char mount[QUOTA_PATH];
	char path[QUOTA_PATH];
};

/* On the stack that the host gave, which is large. */
struct quota_files {
	char cgroup[QUOTA_PATH];
	char mounts[65536];
};

static bool quota_read(const char *path, char *text, unsigned long size)
{
	long n = host_read_file(path, text, size - 1);

	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

/* Up to @end or the end of the line; returns what follows. */
static const char *quota_field(const char *p, char end, char *field)
{
	unsigned int n = 0;

	for (; *p && *p != '\n' && *p != end; p++)
		if (n < QUOTA_PATH - 1)
			field[n++] = *p;
	field[n] = '\0';
	return *p == end ? p + 1 : p;
}

static const char *quota_next_line(const char *p)
{
	while (*p && *p != '\n')
		p++;
	return *p ? p + 1 : p;
}

/* Is there a word in a list with commas? */
static bool quota_lists(const char *list, const char *word)
{
	char item[QUOTA_PATH];

	while (*list) {
		list = quota_field(list, ',', item);
		if (host_streq(item, word))
			return true;
	}
	return false;
}

/* A line "ID:CONTROLLERS:PATH" of /proc/self/cgroup (cgroups(7)). */
static bool quota_find_path(struct quota_place *place, const char *line)
{
	char field[QUOTA_PATH];

	for (; *line; line = quota_next_line(line)) {
		const char *p = quota_field(line, ':', field);

		p = quota_field(p, ':', field);
		quota_field(p, '\n', place->path);
		if (place->v2 ? !*field : quota_lists(field, "cpu"))
			return true;
	}
	return false;
}

/* What is mounted may be a cgroup in the middle. */
static void quota_below(struct quota_place *place, const char *root)
{
	const char *rest = place->path;

	if (!host_streq(root, "/"))
		rest = host_prefix(rest, root);
	if (!rest || (*rest && *rest != '/') || host_streq(rest, "/") ||
	    host_prefix(rest, "/.."))
		rest = "";
	host_copy(place->path, rest, host_strlen(rest) + 1);
}

/*
 * A line "ID PARENT DEVICE ROOT MOUNT OPTIONS... - TYPE SOURCE OPTIONS" of
 * /proc/self/mountinfo (proc(5)).
 */
static bool quota_find_mount(struct quota_place *place, const char *line)
{
	char root[QUOTA_PATH], field[QUOTA_PATH], options[QUOTA_PATH];
	const char *p;
	unsigned int i;

	for (; *line; line = quota_next_line(line)) {
		for (i = 0, p = line; i < 3; i++)
			p = quota_field(p, ' ', field);
		p = quota_field(p, ' ', root);
		p = quota_field(p, ' ', place->mount);
		do {
			p = quota_field(p, ' ', field);
		} while (*field && !host_streq(field, "-"));
		p = quota_field(p, ' ', field);
		p = quota_field(p, ' ', options);
		quota_field(p, ' ', options);
		if (place->v2 ? host_streq(field, "cgroup2") :
		    host_streq(field, "cgroup") && quota_lists(options, "cpu")) {
			quota_below(place, root);
			return true;
		}
	}
	return false;
}

/* A file of the cgroup; "max" and "-1", no quota, are no numbers: 0. */
static bool quota_file(const struct quota_place *place, const char *name,
		       char *text, unsigned long size)
{
	char path[3 * QUOTA_PATH];

	host_format(path, sizeof(path), "%s%s/%s", place->mount, place->path,
		    name);
	return quota_read(path, text, size);
}

static unsigned int quota_here(const struct quota_place *place)
{
	char text[64], more[64];
	const char *second = more;
	unsigned long quota, period;

	if (place->v2) {
		if (!quota_file(place, "cpu.max", text, sizeof(text)))
			return 0;
		for (second = text; *second && *second++ != ' ';)
			;
	} else if (!quota_file(place, "cpu.cfs_quota_us", text, sizeof(text)) ||
		   !quota_file(place, "cpu.cfs_period_us", more, sizeof(more))) {
		return 0;
	}
	host_number(text, &quota);
	host_number(second, &period);
	return period ? (quota + period - 1) / period : 0;
}

static unsigned int quota_least(unsigned int a, unsigned int b)
{
	return !a || (b && b < a) ? b : a;
}

static void quota_up(char *path)
{
	unsigned long n = host_strlen(path);

	while (n && path[n] != '/')
		n--;
	path[n] = '\0';
}

static unsigned int quota_of(const struct quota_files *files, bool v2)
{
	struct quota_place place;
	unsigned int least;

	place.v2 = v2;
	if (!quota_find_path(&place, files->cgroup) ||
	    !quota_find_mount(&place, files->mounts))
		return 0;
	least = quota_here(&place);
	while (*place.path) {
		quota_up(place.path);
		least = quota_least(least, quota_here(&place));
	}
	return least;
}

unsigned int host_quota_cpus(void)
{
	struct quota_files files;

	if (!quota_read("/proc/self/cgroup", files.cgroup,
			sizeof(files.cgroup)) ||
	    !quota_read("/proc/self/mountinfo", files.mounts,
			sizeof(files.mounts)))
		return 0;
	return quota_least(quota_of(&files, true), quota_of(&files, false));
}
