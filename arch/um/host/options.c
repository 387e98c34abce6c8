// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that the host side must know before there is a kernel.  All
 * words of the command line, these included, go on to the kernel, whose own
 * tables (early_param, __setup) look after the rest; what no table knows goes
 * to init.
 */
#include <fcntl.h>
#include <unistd.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

/* Set by the build: the kernel's release and how it was made. */
extern const char linux_banner[];

#define OPTION_MEMORY_DEFAULT	(256UL << 20)
#define OPTION_MEMORY_MIN	(32UL << 20)
#define OPTION_NCPUS_AUTO	4

struct host_option {
	const char *name;
	void (*set)(const char *value);
	const char *help;
};

static void option_help(const char *value);
static void option_version(const char *value);
static void option_memory(const char *value);
static void option_ncpus(const char *value);

static const struct host_option host_options[] = {
	{ "--help", option_help, "print this text and exit" },
	{ "--version", option_version, "print the kernel's version and exit" },
	{ "mem=", option_memory, "SIZE[KMGT]  guest memory, default 256M" },
	{ "ncpus=", option_ncpus, "N           virtual CPUs, 1 to 64" },
};

/* Looked after by the kernel or a driver; here for --help alone. */
static const struct {
	const char *name;
	const char *help;
} host_kernel_options[] = {
	{ "trap=", "NAME        how guest code runs; default: the best that works" },
	{ "ubdN=", "FILE        block device /dev/ubda.. on a raw image; ubdNr: read-only" },
	{ "conN=", "CHANNEL     console ttyN: fd:IN,fd:OUT, pts, tty:PATH, null" },
	{ "initrd=", "FILE        initial RAM file system" },
	{ "root=", "DEVICE      root file system, such as /dev/ubda" },
	{ "vdso=", "0           no vDSO for guest programs: clocks by system call" },
	{ "init=", "PROGRAM     first program to run" },
};

static void option_print(const char *text)
{
	host_write_all(STDOUT_FILENO, text, host_strlen(text));
}

static void option_print_one(const char *name, const char *help)
{
	option_print("  ");
	option_print(name);
	if (name[0] == '-')
		option_print("  ");
	option_print(help);
	option_print("\n");
}

static void option_help(const char *value)
{
	unsigned int i;

	(void)value;
	option_print("Usage: linux [OPTION | KERNEL PARAMETER]...\n"
		     "Run Linux as an ordinary process.\n\n");
	for (i = 0; i < sizeof(host_options) / sizeof(host_options[0]); i++)
		option_print_one(host_options[i].name, host_options[i].help);
	for (i = 0; i < sizeof(host_kernel_options) /
			sizeof(host_kernel_options[0]); i++)
		option_print_one(host_kernel_options[i].name,
				 host_kernel_options[i].help);
	option_print("\nOther words are kernel parameters, or go to init.\n"
		     "Exit status: 0 halted, 1 usage or refused by the host, 2 panic.\n");
	host_syscall(SYS_exit_group, 0);
}

static void option_version(const char *value)
{
	(void)value;
	option_print(linux_banner);
	host_syscall(SYS_exit_group, 0);
}

/* Decimal digits and one suffix; 0 for anything else. */
static unsigned long option_size(const char *text)
{
	unsigned long size = 0;
	unsigned int shift = 0;

	if (*text < '0' || *text > '9')
		return 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (size > (1UL << 56))
			return 0;
		size = size * 10 + (*text - '0');
	}
	switch (*text | 0x20) {
	case 't':
		shift += 10;
		/* fallthrough */
	case 'g':
		shift += 10;
		/* fallthrough */
	case 'm':
		shift += 10;
		/* fallthrough */
	case 'k':
		shift += 10;
		text++;
	}
	if (*text || (shift && size >> (63 - shift)))
		return 0;
	return size << shift;
}

static void option_memory(const char *value)
{
	unsigned long size = option_size(value);

	if (!size)
		host_fatal("mem=%s: not a size; write a number with K, M, G or T, as in mem=512M",
			   value);
	if (size < OPTION_MEMORY_MIN)
		host_fatal("mem=%s: too small, at least 32M is needed", value);
	host_config.memory_size = size & ~4095UL;
}

static void option_ncpus(const char *value)
{
	unsigned long n = option_size(value);

	if (!n || n > um_ncpus_max)
		host_fatal("ncpus=%s: must be a number from 1 to %u", value,
			   um_ncpus_max);
	host_config.ncpus = n;
}

static void option_parse(const char *word)
{
	unsigned int i;

	for (i = 0; i < sizeof(host_options) / sizeof(host_options[0]); i++) {
		const struct host_option *option = &host_options[i];
		const char *value = host_prefix(word, option->name);

		if (value && (option->name[0] != '-' || !*value))
			option->set(value);
	}
}

/* Where the build leaves it to us, more than a few must be asked for. */
static unsigned int option_ncpus_default(void)
{
	unsigned int n = host_place_count(), quota;

	if (um_ncpus_default)
		return um_ncpus_default;
	quota = host_quota_cpus();
	if (quota && n > quota)
		n = quota;
	if (n > OPTION_NCPUS_AUTO)
		n = OPTION_NCPUS_AUTO;
	return n ? n : 1;
}

/* A word with a space is quoted the way the kernel's parser undoes it. */
static void option_append(const char *word)
{
	static unsigned int used;
	char *line = host_config.command_line;
	unsigned int room = sizeof(host_config.command_line);
	bool quote = false;
	const char *p;

	for (p = word; *p; p++)
		quote |= *p == ' ' || *p == '\t' || *p == '\n';
	if (used + (p - word) + 4 > room)
		host_fatal("the command line is longer than %u characters",
			   room - 1);
	if (used)
		line[used++] = ' ';
	if (quote)
		line[used++] = '"';
	for (p = word; *p; p++)
		line[used++] = *p;
	if (quote)
		line[used++] = '"';
	line[used] = '\0';
}

void host_parse_options(int argc, char **argv)
{
	bool to_init = false;
	int i;

	host_config.memory_size = OPTION_MEMORY_DEFAULT;
	for (i = 1; i < argc; i++) {
		to_init |= host_streq(argv[i], "--");
		if (!to_init)
			option_parse(argv[i]);
		option_append(argv[i]);
	}
	if (!host_config.ncpus)
		host_config.ncpus = option_ncpus_default();
}
