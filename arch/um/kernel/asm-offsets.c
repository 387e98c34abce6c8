// SPDX-License-Identifier: GPL-2.0-only
/* Nothing in assembler looks into a structure. */
