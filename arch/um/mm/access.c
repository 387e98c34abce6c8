// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does an instruction read or write memory?
 *
 * For page faults of which a backend knows the address only.  The usual moves,
 * arithmetic and comparisons with one memory operand are told apart by their
 * opcode (Intel SDM volume 2, appendix A); all else is unknown, and the backend
 * has to find out the hard way.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "access.h"

/* One-byte opcodes */
static const u8 access_reads[] = {
	0x02, 0x03, 0x0a, 0x0b, 0x12, 0x13, 0x1a, 0x1b, 0x22, 0x23, 0x2a, 0x2b,
	0x32, 0x33, 0x38, 0x39, 0x3a, 0x3b, 0x63, 0x84, 0x85, 0x8a, 0x8b,
};

static const u8 access_writes[] = {
	0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x18, 0x19, 0x20, 0x21, 0x28, 0x29,
	0x30, 0x31, 0x88, 0x89, 0xaa, 0xab, 0xc6, 0xc7,
};

/* After 0x0f, or in the VEX and EVEX map of that name */
static const u8 access_0f_reads[] = {
	0x10, 0x28, 0x6f, 0xb6, 0xb7, 0xbe, 0xbf,
};

static const u8 access_0f_writes[] = {
	0x11, 0x29, 0x2b, 0x7f, 0xe7,
};

static enum um_access access_find(u8 opcode, const u8 *reads, size_t nr_reads,
				  const u8 *writes, size_t nr_writes)
{
	if (memchr(writes, opcode, nr_writes))
		return UM_ACCESS_WRITE;
	if (memchr(reads, opcode, nr_reads))
		return UM_ACCESS_READ;
	return UM_ACCESS_UNKNOWN;
}

static enum um_access access_0f(u8 opcode)
{
	return access_find(opcode, access_0f_reads, sizeof(access_0f_reads),
			   access_0f_writes, sizeof(access_0f_writes));
}

static bool access_is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64 ... 0x67:
	case 0xf2: case 0xf3: case 0x40 ... 0x4f:
		return true;
	default:
		return false;
	}
}

enum um_access um_insn_access(const u8 *insn, unsigned int size)
{
	const u8 *end = insn + size;

	while (insn < end && access_is_prefix(*insn))
		insn++;
	if (end - insn < 5)
		return UM_ACCESS_UNKNOWN;
	switch (insn[0]) {
	case 0x0f:
		return access_0f(insn[1]);
	case 0xc5:
		return access_0f(insn[2]);
	case 0xc4:
		return (insn[1] & 0x1f) == 1 ? access_0f(insn[3]) :
					       UM_ACCESS_UNKNOWN;
	case 0x62:
		return (insn[1] & 0x07) == 1 ? access_0f(insn[4]) :
					       UM_ACCESS_UNKNOWN;
	default:
		return access_find(insn[0], access_reads, sizeof(access_reads),
				   access_writes, sizeof(access_writes));
	}
}
