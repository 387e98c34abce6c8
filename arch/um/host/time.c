// SPDX-License-Identifier: GPL-2.0-only
/* The host's clocks, read through its vDSO where there is one. */
#include <elf.h>
#include <time.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

typedef int (*time_gettime)(clockid_t clock, struct timespec *ts);

static int time_syscall(clockid_t clock, struct timespec *ts)
{
	return host_syscall(SYS_clock_gettime, clock, ts);
}

static time_gettime time_read = time_syscall;

struct time_vdso {
	const char	*base;
	unsigned long	bias;
	const Elf64_Sym	*symbols;
	const char	*names;
	const Elf32_Word *hash;
};

static void time_dynamic(struct time_vdso *vdso, const Elf64_Dyn *dyn)
{
	for (; dyn->d_tag != DT_NULL; dyn++) {
		const void *table = (void *)(vdso->bias + dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			vdso->symbols = table;
		else if (dyn->d_tag == DT_STRTAB)
			vdso->names = table;
		else if (dyn->d_tag == DT_HASH)
			vdso->hash = table;
	}
}

/* ELF: the program headers lead to the dynamic section and its tables. */
static void time_parse(struct time_vdso *vdso)
{
	const Elf64_Ehdr *header = (const void *)vdso->base;
	const Elf64_Phdr *ph = (const void *)(vdso->base + header->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	int i;

	for (i = 0; i < header->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			vdso->bias = (unsigned long)vdso->base +
				     ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(vdso->base + ph[i].p_offset);
	}
	if (dyn)
		time_dynamic(vdso, dyn);
}

void host_time_init(void)
{
	struct time_vdso vdso = { .base = (void *)host_auxv(AT_SYSINFO_EHDR) };
	Elf32_Word i;

	if (!vdso.base)
		return;
	time_parse(&vdso);
	if (!vdso.symbols || !vdso.names || !vdso.hash)
		return;
	for (i = 0; i < vdso.hash[1]; i++)
		if (host_streq(vdso.names + vdso.symbols[i].st_name,
			       "__vdso_clock_gettime"))
			time_read = (time_gettime)(vdso.bias +
						   vdso.symbols[i].st_value);
}

static unsigned long long time_ns(clockid_t clock)
{
	struct timespec ts;

	time_read(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

unsigned long long host_clock_ns(void)
{
	return time_ns(CLOCK_MONOTONIC);
}

unsigned long long host_realtime_ns(void)
{
	return time_ns(CLOCK_REALTIME);
}
