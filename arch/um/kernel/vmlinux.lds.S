/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ordinary static executable: text in one segment, which stays the file's,
 * and all data in another, from _sdata_shared on, which becomes a mapping of
 * guest-physical memory at boot (host/memory.c).
 */
#define RO_EXCEPTION_TABLE_ALIGN	4

#include <asm-generic/vmlinux.lds.h>
#include <asm/cache.h>
#include <asm/page.h>
#include <asm/thread_info.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start)

PHDRS {
	text PT_LOAD FLAGS(5);	/* R_E */
	data PT_LOAD FLAGS(6);	/* RW_ */
	stack PT_GNU_STACK FLAGS(6);
}

jiffies = jiffies_64;

SECTIONS
{
	. = UM_IMAGE_START + SIZEOF_HEADERS;
	_text = UM_IMAGE_START;
	. = ALIGN(PAGE_SIZE);
	_stext = .;
	.text : {
		*(.text.um_stub)
		TEXT_TEXT
		SCHED_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		SOFTIRQENTRY_TEXT
		IRQENTRY_TEXT
		*(.altinstr_aux)
		*(.fixup)
	} :text = 0xcccccccc
	. = ALIGN(PAGE_SIZE);
	_etext = .;

	INIT_TEXT_SECTION(PAGE_SIZE)
	.exit.text : {
		EXIT_TEXT
	}
	. = ALIGN(PAGE_SIZE);

	_sdata_shared = .;
	/* What follows is in the segment of the section before it. */
	.data.first : { LONG(0) } :data
	RO_DATA(PAGE_SIZE)

	__init_begin = .;
	INIT_DATA_SECTION(16)
	.exit.data : {
		EXIT_DATA
	}
	PERCPU_SECTION(L1_CACHE_BYTES)
	. = ALIGN(PAGE_SIZE);
	__init_end = .;

	_sdata = .;
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	.got : { *(.got) *(.igot*) }
	.got.plt : { *(.got.plt) }
	_edata = .;

	BSS_SECTION(PAGE_SIZE, PAGE_SIZE, PAGE_SIZE)
	_end = .;

	STABS_DEBUG
	DWARF_DEBUG
	ELF_DETAILS

	DISCARDS
	/DISCARD/ : {
		*(.smp_locks .altinstructions .altinstr_replacement)
		*(.retpoline_sites .return_sites .ibt_endbr_seal .call_sites)
		*(.eh_frame .orc_* .discard .discard.*)
		*(.note.GNU-stack)
	}
}
