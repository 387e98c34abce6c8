/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt numbers.  A host signal is one source (enum host_irq); the numbers
 * that drivers request are these.
 */
#ifndef _UM_IRQ_H
#define _UM_IRQ_H

#define UM_IRQ_TIMER	0	/* per CPU */
#define UM_IRQ_WINCH	1	/* a host window changed its size */
#define UM_IRQ_IO	2	/* shared: some watched descriptor is ready */
#define UM_IRQ_FIRST	16	/* free for drivers with numbers of their own */
#define NR_IRQS		64
#define NR_IRQS_LEGACY	UM_IRQ_FIRST

#endif /* _UM_IRQ_H */
