/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A shared object in one segment, two pages of data before it (see
 * asm/vdso/gettimeofday.h).  Names and version are those of x86-64.
 */
#include <asm-generic/vmlinux.lds.h>
#include <asm/page.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)

PHDRS {
	text PT_LOAD FILEHDR PHDRS FLAGS(5);	/* R_E */
	dynamic PT_DYNAMIC FLAGS(4);
	note PT_NOTE FLAGS(4);
	eh_frame_hdr PT_GNU_EH_FRAME FLAGS(4);
}

SECTIONS
{
	vdso_vvar = . - 2 * PAGE_SIZE;
	. = SIZEOF_HEADERS;

	.hash		: { *(.hash) } :text
	.gnu.hash	: { *(.gnu.hash) }
	.dynsym		: { *(.dynsym) }
	.dynstr		: { *(.dynstr) }
	.gnu.version	: { *(.gnu.version) }
	.gnu.version_d	: { *(.gnu.version_d) }
	.gnu.version_r	: { *(.gnu.version_r) }
	.dynamic	: { *(.dynamic) } :text :dynamic
	.note		: { *(.note.*) } :text :note
	.eh_frame_hdr	: { *(.eh_frame_hdr) } :text :eh_frame_hdr
	.eh_frame	: { KEEP(*(.eh_frame)) } :text
	.rodata		: { *(.rodata .rodata.*) }
	.text		: { *(.text .text.*) } = 0xcccccccc

	/* Nobody would relocate or initialise them. */
	.no_data	: { *(.data .data.* .bss .bss.* .dynbss .got .got.plt .plt .plt.* .rela.*) }
	ASSERT(SIZEOF(.no_data) == 0, "the vDSO can have no data")

	/DISCARD/ : {
		*(.note.gnu.property .note.GNU-stack)
		*(.discard .discard.* __bug_table .sframe)
	}
	DWARF_DEBUG
	ELF_DETAILS
}

VERSION {
	LINUX_2.6 {
	global:
		clock_gettime;
		__vdso_clock_gettime;
		clock_getres;
		__vdso_clock_getres;
		gettimeofday;
		__vdso_gettimeofday;
		time;
		__vdso_time;
		getcpu;
		__vdso_getcpu;
	local: *;
	};
}
