// SPDX-License-Identifier: GPL-2.0-only
/* Messages, strings, files and other small things of the host. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <um/host_internal.h>
#include <um/host_syscall.h>

struct host_config host_config;

unsigned long host_strlen(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

bool host_streq(const char *a, const char *b)
{
	const char *rest = host_prefix(a, b);

	return rest && !*rest;
}

const char *host_prefix(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return NULL;
	return s;
}

const char *host_number(const char *p, unsigned long *value)
{
	while (*p == ' ')
		p++;
	for (*value = 0; *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + (*p - '0');
	return p;
}

void host_copy(void *to, const void *from, unsigned long size)
{
	asm volatile("rep movsb"
		     : "+D" (to), "+S" (from), "+c" (size) : : "memory");
}

/* A descriptor that somebody made non-blocking is waited for. */
void host_write_all(int fd, const char *text, unsigned long length)
{
	while (length) {
		long n = host_syscall(SYS_write, fd, text, length);

		if (n == -EAGAIN) {
			struct pollfd poll = { .fd = fd, .events = POLLOUT };

			host_syscall(SYS_poll, &poll, 1, -1);
		} else if (n > 0) {
			text += n;
			length -= n;
		} else if (n != -EINTR) {
			return;
		}
	}
}

void host_console_write(const char *text, unsigned int length)
{
	host_write_all(STDOUT_FILENO, text, length);
}

struct host_line {
	char		text[1024];
	unsigned int	used;
};

static void line_char(struct host_line *line, char c)
{
	if (line->used < sizeof(line->text))
		line->text[line->used++] = c;
}

static void line_string(struct host_line *line, const char *s)
{
	while (*s)
		line_char(line, *s++);
}

static void line_number(struct host_line *line, unsigned long n,
			unsigned int base)
{
	char digits[24];
	unsigned int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		line_char(line, digits[--i]);
}

static void line_signed(struct host_line *line, long n)
{
	if (n < 0)
		line_char(line, '-');
	line_number(line, n < 0 ? -n : n, 10);
}

static void line_format(struct host_line *line, const char *format,
			va_list args)
{
	for (; *format; format++) {
		bool is_long = false;

		if (*format != '%') {
			line_char(line, *format);
			continue;
		}
		if (*++format == 'l') {
			is_long = true;
			format++;
		}
		switch (*format) {
		case 's':
			line_string(line, va_arg(args, const char *));
			break;
		case 'd':
			line_signed(line, is_long ? va_arg(args, long) :
						    va_arg(args, int));
			break;
		case 'p':
			line_number(line, (unsigned long)va_arg(args, void *),
				    16);
			break;
		case 'u':
		case 'x':
			line_number(line, is_long ?
				    va_arg(args, unsigned long) :
				    va_arg(args, unsigned int),
				    *format == 'x' ? 16 : 10);
			break;
		default:
			line_char(line, *format);
		}
	}
}

void host_format(char *to, unsigned long size, const char *format, ...)
{
	struct host_line line = { .used = 0 };
	va_list args;

	va_start(args, format);
	line_format(&line, format, args);
	va_end(args);
	if (line.used >= size)
		line.used = size - 1;
	host_copy(to, line.text, line.used);
	to[line.used] = '\0';
}

static void host_vwarn(const char *format, va_list args)
{
	struct host_line line = { .used = 0 };

	line_string(&line, "linux: ");
	line_format(&line, format, args);
	if (line.used == sizeof(line.text))
		line.used--;
	line_char(&line, '\n');
	host_write_all(STDERR_FILENO, line.text, line.used);
}

void host_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	host_vwarn(format, args);
	va_end(args);
}

void host_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	host_vwarn(format, args);
	va_end(args);
	host_exit(1);
}

const char *host_strerror(int error)
{
	switch (error < 0 ? -error : error) {
	case EPERM:
		return "operation not permitted";
	case ENOENT:
		return "no such file or directory";
	case EIO:
		return "input/output error";
	case ENXIO:
		return "no such device or address";
	case EBADF:
		return "bad file descriptor";
	case EAGAIN:
		return "resource temporarily unavailable";
	case ENOMEM:
		return "out of memory";
	case EACCES:
		return "permission denied";
	case EBUSY:
		return "device or resource busy";
	case EEXIST:
		return "file exists";
	case ENODEV:
		return "no such device";
	case ENOTDIR:
		return "not a directory";
	case EISDIR:
		return "is a directory";
	case EINVAL:
		return "invalid argument";
	case ENFILE:
	case EMFILE:
		return "too many open files";
	case ETXTBSY:
		return "text file busy";
	case EFBIG:
		return "file too large";
	case ENOSPC:
		return "no space left on device";
	case EROFS:
		return "read-only file system";
	case ENAMETOOLONG:
		return "file name too long";
	case ENOSYS:
		return "not implemented by the host";
	case ELOOP:
		return "too many symbolic links";
	case EDQUOT:
		return "disk quota exceeded";
	case EOPNOTSUPP:
		return "operation not supported";
	default:
		return "unexpected error";
	}
}

long host_random(void *buffer, unsigned long size)
{
	return host_syscall(SYS_getrandom, buffer, size, GRND_NONBLOCK);
}

long host_read_file(const char *path, void *buffer, unsigned long size)
{
	unsigned long done = 0;
	long fd, n;

	fd = host_syscall(SYS_open, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	do {
		n = host_syscall(SYS_read, fd, (char *)buffer + done,
				 size - done);
		if (n > 0)
			done += n;
	} while (n == -EINTR || (n > 0 && done < size));
	host_syscall(SYS_close, fd);
	return n < 0 ? n : (long)done;
}

long host_file_size(const char *path)
{
	struct stat st;
	long ret = host_syscall(SYS_stat, path, &st);

	if (ret < 0)
		return ret;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return st.st_size;
}
