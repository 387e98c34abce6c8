// SPDX-License-Identifier: GPL-2.0-only
/* Loadable modules: room for them near the image, and x86-64 relocations. */
#include <linux/elf.h>
#include <linux/execmem.h>
#include <linux/moduleloader.h>
#include <linux/string.h>
#include <asm/pgtable.h>

/* psABI x86-64, table 4.9 */
enum {
	R_X86_64_NONE	= 0,
	R_X86_64_64	= 1,
	R_X86_64_PC32	= 2,
	R_X86_64_PLT32	= 4,
	R_X86_64_32	= 10,
	R_X86_64_32S	= 11,
	R_X86_64_PC64	= 24,
};

static struct execmem_info module_execmem __ro_after_init;

/* Calls reach 2 GiB, and the code model wants addresses below that. */
struct execmem_info __init *execmem_arch_setup(void)
{
	module_execmem = (struct execmem_info) {
		.ranges = {
			[EXECMEM_DEFAULT] = {
				.start		= MODULES_VADDR,
				.end		= MODULES_END,
				.pgprot		= PAGE_KERNEL_EXEC,
				.alignment	= PAGE_SIZE,
			},
		},
	};
	return &module_execmem;
}

/**
 * struct module_reloc - how a relocation is computed (psABI x86-64, 4.4.1)
 * @size:	bytes to store
 * @relative:	subtract the place
 * @is_signed:	the value must be the sign extension of what is stored
 */
struct module_reloc {
	unsigned char size;
	bool relative;
	bool is_signed;
};

static const struct module_reloc *module_reloc_find(unsigned int type)
{
	static const struct module_reloc relocs[] = {
		[R_X86_64_64]	 = { 8, false, false },
		[R_X86_64_PC64]	 = { 8, true, false },
		[R_X86_64_32]	 = { 4, false, false },
		[R_X86_64_32S]	 = { 4, false, true },
		[R_X86_64_PC32]	 = { 4, true, true },
		[R_X86_64_PLT32] = { 4, true, true },
	};

	if (type >= ARRAY_SIZE(relocs) || !relocs[type].size)
		return NULL;
	return &relocs[type];
}

static bool module_reloc_fits(const struct module_reloc *reloc, u64 value)
{
	if (reloc->size == 8)
		return true;
	return reloc->is_signed ? (s64)value == (s32)value :
				  value == (u32)value;
}

int apply_relocate_add(Elf64_Shdr *sechdrs, const char *strtab,
		       unsigned int symindex, unsigned int relsec,
		       struct module *me)
{
	Elf64_Rela *rel = (void *)sechdrs[relsec].sh_addr;
	Elf64_Rela *end = (void *)rel + sechdrs[relsec].sh_size;
	void *section = (void *)sechdrs[sechdrs[relsec].sh_info].sh_addr;

	for (; rel < end; rel++) {
		unsigned int type = ELF64_R_TYPE(rel->r_info);
		Elf64_Sym *sym = (Elf64_Sym *)sechdrs[symindex].sh_addr +
				 ELF64_R_SYM(rel->r_info);
		const struct module_reloc *reloc = module_reloc_find(type);
		void *where = section + rel->r_offset;
		u64 value = sym->st_value + rel->r_addend;

		if (type == R_X86_64_NONE)
			continue;
		if (!reloc) {
			pr_err("%s: unknown relocation type %u\n", me->name,
			       type);
			return -ENOEXEC;
		}
		if (reloc->relative)
			value -= (u64)where;
		if (!module_reloc_fits(reloc, value)) {
			pr_err("%s: relocation type %u: %s out of reach\n",
			       me->name, type, strtab + sym->st_name);
			return -ENOEXEC;
		}
		memcpy(where, &value, reloc->size);
	}
	return 0;
}
