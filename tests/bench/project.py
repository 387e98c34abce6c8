# SPDX-License-Identifier: GPL-2.0-only
"""A C project of some 20,000 lines, the same every time, to be compiled.

Its functions are of no use, but of the usual kinds: arithmetic in loops,
lists on the heap, switches, strings and tables, with the headers of libc that
such code includes. The program calls them all and prints one sum, so that
nothing is optimised away and a wrong compilation shows.
"""

import os
import random

FILES = 40
LINES = 500

HEADER = """#ifndef PROJECT_H
#define PROJECT_H
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	struct item *next;
	uint32_t key;
	char name[16];
};

%s
#endif
"""

MAKEFILE = """CFLAGS = -O2 -Wall
objects = $(patsubst %.c,%.o,$(wildcard *.c))
project: $(objects)
	$(CC) -o $@ $^
$(objects): project.h
"""

KINDS = ["""
static uint32_t %(name)s(uint32_t seed)
{
	uint32_t sum = seed, i, j;

	for (i = 0; i < %(a)d; i++) {
		for (j = i; j < %(b)d; j += 1 + (sum & 3))
			sum = sum * %(c)du + (i ^ j);
		if (sum %% %(b)d == i)
			sum += %(a)d;
	}
	return sum;
}
""", """
static uint32_t %(name)s(uint32_t seed)
{
	struct item *head = NULL, *item;
	uint32_t sum = 0, i;

	for (i = 0; i < %(a)d; i++) {
		item = malloc(sizeof(*item));
		if (!item)
			abort();
		item->key = seed * %(c)du + i;
		snprintf(item->name, sizeof(item->name), "%%u", item->key);
		item->next = head;
		head = item;
	}
	while (head) {
		item = head->next;
		sum += head->key ^ (uint32_t)strlen(head->name);
		free(head);
		head = item;
	}
	return sum;
}
""", """
static uint32_t %(name)s(uint32_t seed)
{
	uint32_t state = seed %% 5, steps, sum = 0;

	for (steps = 0; steps < %(b)d; steps++) {
		switch (state) {
		case 0:
			sum += %(a)d;
			state = 1 + sum %% 3;
			break;
		case 1:
			sum ^= %(c)du;
			state = sum & 1 ? 2 : 4;
			break;
		case 2:
			sum = sum << 3 | sum >> 29;
			state = 3;
			break;
		case 3:
			sum -= steps;
			state = 0;
			break;
		default:
			sum += seed;
			state = (sum >> 4) %% 4;
		}
	}
	return sum;
}
""", """
static uint32_t %(name)s(uint32_t seed)
{
	char text[64];
	uint32_t sum = 0;
	size_t i, length;

	snprintf(text, sizeof(text), "%%s-%%08x-%%d", "%(name)s", seed, %(a)d);
	length = strlen(text);
	for (i = 0; i < length; i++) {
		if (isdigit((unsigned char)text[i]))
			sum = sum * 10 + (text[i] - '0');
		else if (isalpha((unsigned char)text[i]))
			sum += toupper((unsigned char)text[i]) * %(b)du;
		else
			sum ^= %(c)du;
	}
	return sum;
}
""", """
static int %(name)s_compare(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static uint32_t %(name)s(uint32_t seed)
{
	uint32_t table[%(a)d], sum = 0;
	size_t i, count = sizeof(table) / sizeof(table[0]);

	for (i = 0; i < count; i++)
		table[i] = seed = seed * %(c)du + %(b)d;
	qsort(table, count, sizeof(table[0]), %(name)s_compare);
	for (i = 1; i < count; i++)
		sum += (table[i] - table[i - 1]) / (uint32_t)(i + 1);
	return sum;
}
"""]


def one_file(index, choice):
    """The text of file number @index."""
    text, names = '#include "project.h"\n', []
    while text.count("\n") + len(names) + 8 < LINES:
        names.append("work_%d_%d" % (index, len(names)))
        text += choice.choice(KINDS) % {
            "name": names[-1], "a": choice.randrange(5, 90),
            "b": choice.randrange(90, 400),
            "c": choice.randrange(10001, 99999, 2)}
    text += "\nuint32_t file_%d(uint32_t seed)\n{\n" % index
    text += "".join("\tseed = %s(seed);\n" % name for name in names)
    return text + "\treturn seed;\n}\n"


def write_project(folder):
    """Write sources and Makefile to @folder, which is new."""
    choice = random.Random(1)
    os.makedirs(folder)
    files = {"file_%d.c" % i: one_file(i, choice) for i in range(FILES)}
    files["project.h"] = HEADER % "\n".join(
        "uint32_t file_%d(uint32_t seed);" % i for i in range(FILES))
    files["main.c"] = '#include "project.h"\n\nint main(void)\n{\n' \
        "\tuint32_t sum = 1;\n\n%s" \
        '\tprintf("%%u\\n", sum);\n\treturn 0;\n}\n' % "".join(
            "\tsum = file_%d(sum);\n" % i for i in range(FILES))
    files["Makefile"] = MAKEFILE
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text)
