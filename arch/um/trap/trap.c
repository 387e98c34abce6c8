// SPDX-License-Identifier: GPL-2.0-only
/* The choice of a trap backend, at boot. */
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <um/host.h>
#include "backends.h"

const struct trap_ops *trap;

/* Best first */
static const struct trap_ops *const trap_backends[] = {
	&trap_seccomp,
	&trap_ptrace,
};

/* Why each was passed over; NULL: it was not asked. */
static const char *trap_refusals[ARRAY_SIZE(trap_backends)];
static bool trap_forced;

/* The last "trap=" of the command line, which no parser has seen yet. */
static const char *trap_option(char *name, size_t size)
{
	const char *p = host_config.command_line, *found = NULL;

	while ((p = strstr(p, "trap="))) {
		if (p == host_config.command_line || p[-1] == ' ')
			found = p + strlen("trap=");
		p++;
	}
	if (!found)
		return NULL;
	strscpy(name, found, min(size, strcspn(found, " ") + 1));
	return name;
}

static const struct trap_ops *trap_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trap_backends); i++)
		if (!strcmp(trap_backends[i]->name, name))
			return trap_backends[i];
	host_fatal("trap=%s: no such backend; there are: %s, %s", name,
		   trap_backends[0]->name, trap_backends[1]->name);
}

static void trap_probe_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trap_backends) && !trap; i++) {
		trap_refusals[i] = trap_backends[i]->probe();
		if (!trap_refusals[i])
			trap = trap_backends[i];
	}
	if (!trap)
		host_fatal("can't run guest code: %s", trap_refusals[i - 1]);
}

/* From host/main.c, while the kernel's data is private. */
void trap_early(void)
{
	char name[32];
	int ret;

	if (trap_option(name, sizeof(name))) {
		const struct trap_ops *wanted = trap_find(name);
		const char *refusal = wanted->probe();

		if (refusal)
			host_fatal("trap=%s: %s", name, refusal);
		trap = wanted;
		trap_forced = true;
	} else {
		trap_probe_all();
	}
	ret = trap->early_init ? trap->early_init() : 0;
	if (ret)
		host_fatal("trap=%s: %s", trap->name, host_strerror(ret));
}

static int __init trap_report(void)
{
	unsigned int i;

	pr_info("trap: guest code runs by %s (%s)\n", trap->name,
		trap_forced ? "asked for" : "the best that works here");
	for (i = 0; i < ARRAY_SIZE(trap_backends); i++)
		if (trap_refusals[i])
			pr_info("trap: not by %s: %s\n",
				trap_backends[i]->name, trap_refusals[i]);
	return 0;
}
core_initcall(trap_report);

/* The kernel's parser must know the word, or it would go to init. */
static int __init trap_parameter(char *value)
{
	return 0;
}
early_param("trap", trap_parameter);
