/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _ASM_UM_ARCHRANDOM_H
#define _ASM_UM_ARCHRANDOM_H

/**
 * arch_get_random_longs() - random words from the host, for the early seed
 * @v:		where to put them
 * @max_longs:	how many are wanted
 *
 * Return: how many were stored.
 */
size_t arch_get_random_longs(unsigned long *v, size_t max_longs);

static inline size_t __must_check
arch_get_random_seed_longs(unsigned long *v, size_t max_longs)
{
	return arch_get_random_longs(v, max_longs);
}

#endif /* _ASM_UM_ARCHRANDOM_H */
