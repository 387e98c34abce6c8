/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_ELF_H
#define _ASM_UM_ELF_H

#include <asm/ptrace.h>
#include <asm/user.h>
#include <uapi/asm/auxvec.h>

typedef unsigned long elf_greg_t;
#define ELF_NGREG	(sizeof(struct user_regs_struct) / sizeof(elf_greg_t))
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef struct user_i387_struct elf_fpregset_t;

#define ELF_CLASS	ELFCLASS64
#define ELF_DATA	ELFDATA2LSB
#define ELF_ARCH	EM_X86_64
#define elf_check_arch(x)	((x)->e_machine == EM_X86_64)

#define CORE_DUMP_USE_REGSET
#define ELF_EXEC_PAGESIZE	4096
/* Two thirds up the address space: the brk area follows the program. */
#define ELF_ET_DYN_BASE	((TASK_SIZE / 3 * 2) & PAGE_MASK)

extern unsigned long um_elf_hwcap, um_elf_hwcap2;

#define ELF_HWCAP	um_elf_hwcap
#define ELF_HWCAP2	um_elf_hwcap2
#define ELF_PLATFORM	"x86_64"

#define ELF_PLAT_INIT(regs, load_addr)	memset(regs, 0, sizeof(*(regs)))
#define SET_PERSONALITY(ex)	\
	set_personality(PER_LINUX | (current->personality & ~PER_MASK))

#define ARCH_DLINFO						\
	do {							\
		if (current->mm->context.vdso)			\
			NEW_AUX_ENT(AT_SYSINFO_EHDR,		\
				    current->mm->context.vdso);	\
		NEW_AUX_ENT(AT_MINSIGSTKSZ, um_sigframe_size());	\
	} while (0)

#define ARCH_HAS_SETUP_ADDITIONAL_PAGES	1
struct linux_binprm;
int arch_setup_additional_pages(struct linux_binprm *bprm, int uses_interp);

unsigned int um_sigframe_size(void);

#endif /* _ASM_UM_ELF_H */
