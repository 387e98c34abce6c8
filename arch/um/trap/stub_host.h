/* SPDX-License-Identifier: GPL-2.0-only */
/* What backends with host processes of their own share: stub_host.c. */
#ifndef _TRAP_STUB_HOST_H
#define _TRAP_STUB_HOST_H

/**
 * stub_place() - put the stub's code into physical memory
 * @phys: guest-physical address of its page
 *
 * Context: while the kernel's data is private.
 */
void stub_place(unsigned long phys);

/**
 * stub_child_close() - close all descriptors but that of physical memory
 * @other: and this one; -1: there is none
 */
void stub_child_close(int other);

/** stub_child_no_core() - a child that dies is to leave no file */
void stub_child_no_core(void);

/**
 * stub_wait() - wait for a child to stop or to end
 * Return: the wait status, or a negative errno if there is no such child.
 */
int stub_wait(int pid);

/** stub_wait_end() - wait until a thread of a killed child is gone */
void stub_wait_end(int pid);

/** stub_kill() - end a child and wait until it is gone */
void stub_kill(int pid);

/** stub_end_group() - end a group of children and wait until they are gone */
void stub_end_group(int leader);

#endif /* _TRAP_STUB_HOST_H */
