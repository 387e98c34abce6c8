# SPDX-License-Identifier: GPL-2.0-only
"""Loaded by gdb beside ./linux: makes the port's own signals pass silently.

gdb reads it by itself once its folder is trusted; `make gdb` sees to that, and
docs/debugging.md says how to do it for good.
"""

import os

import gdb

# The signals that are the port's daily bread: guest faults and system calls,
# virtual interrupts, kicks, children. gdb only has to hand them on. SIGILL,
# SIGFPE and SIGBUS are not here: in the kernel's own code they are a bug.
PASSED = [
    "SIGSEGV", "SIGSYS", "SIGALRM", "SIGVTALRM", "SIGIO",
    "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGWINCH", "SIGCONT",
] + ["SIG%d" % n for n in range(34, 65)]

# The tree's own lx-* commands, when the configuration has CONFIG_GDB_SCRIPTS.
# This file may be reached by a link, and its folder be anywhere.
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
LINUX_SCRIPTS = os.path.join(TOP, "build/current/vmlinux-gdb.py")


def pass_signals():
    """Let gdb hand on what the port uses, without a stop or a word."""
    gdb.execute("handle %s nostop noprint pass" % " ".join(PASSED),
                to_string=True)


def keep_to_kernel():
    """Guest processes are the port's own tracees: gdb must let them be."""
    gdb.execute("set follow-fork-mode parent")
    gdb.execute("set detach-on-fork on")


def load_linux_scripts():
    """Add lx-dmesg, lx-ps and the others."""
    if os.path.exists(LINUX_SCRIPTS):
        gdb.execute("source %s" % LINUX_SCRIPTS)


pass_signals()
keep_to_kernel()
load_linux_scripts()
