// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input that nobody types: a pipe, a file, a socket, /dev/null.
 *
 * A person waits for a prompt before typing the next line.  A pipe has it all
 * there at once, and programs that set up a terminal throw away what came too
 * early: getty, login, whatever asks for a password.  So a line is handed over
 * when a process of the guest really waits for one and has left nothing
 * unread.  Neither the line discipline nor the driver is told of that, so a
 * timer looks for it, first soon and then ever more seldom, and only while
 * there is something to hand over.
 *
 * The end of the input is the tty's end-of-file character, again and again:
 * the first may go to a cat, and the shell wants one too.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>
#include <linux/tty_ldisc.h>
#include <linux/wait.h>

#include "line.h"

#define LINE_FEED_SOON		(100 * NSEC_PER_USEC)
#define LINE_FEED_LATE		(50 * NSEC_PER_MSEC)
#define LINE_FEED_END_SOON	(200 * NSEC_PER_MSEC)
#define LINE_FEED_END_LATE	NSEC_PER_SEC
#define LINE_FEED_EOF		4	/* control-D, if the tty has no VEOF */

/* Readers are there until they have copied what they were woken for. */
static bool line_feed_waits(const struct wait_queue_entry *wait)
{
	const struct task_struct *reader = wait->private;

	/* From poll() and its like, which tell nothing more. */
	if (wait->func != woken_wake_function)
		return true;
	return READ_ONCE(reader->__state) & TASK_INTERRUPTIBLE;
}

static bool line_feed_has_reader(struct tty_struct *tty)
{
	struct wait_queue_entry *wait;
	unsigned long flags;
	bool found = false;

	spin_lock_irqsave(&tty->read_wait.lock, flags);
	list_for_each_entry(wait, &tty->read_wait.head, entry) {
		found = line_feed_waits(wait);
		if (found)
			break;
	}
	spin_unlock_irqrestore(&tty->read_wait.lock, flags);
	return found;
}

static bool line_feed_has_unread(struct tty_struct *tty)
{
	struct tty_ldisc *ldisc = tty_ldisc_ref(tty);
	bool unread;

	if (!ldisc)
		return true;
	unread = ldisc->ops->poll &&
		 ldisc->ops->poll(tty, NULL, NULL) & EPOLLIN;
	tty_ldisc_deref(ldisc);
	return unread;
}

static bool line_feed_wanted(struct tty_struct *tty)
{
	return !tty_throttled(tty) && line_feed_has_reader(tty) &&
	       !line_feed_has_unread(tty);
}

/* ---- With the lock held ---- */

static void line_feed_refill(struct line *line)
{
	struct line_feed *feed = line->feed;
	long n;

	if (feed->start < feed->end || feed->at_end)
		return;
	n = chan_host_read(&line->in->host, feed->buffer, LINE_FEED_SIZE);
	if (n == -EAGAIN)
		return;
	feed->start = 0;
	feed->end = max(n, 0L);
	feed->at_end = n <= 0;
}

static bool line_feed_pending(const struct line_feed *feed)
{
	return feed->start < feed->end || feed->at_end;
}

static void line_feed_arm(struct line_feed *feed)
{
	if (feed->open && line_feed_pending(feed) &&
	    !hrtimer_is_queued(&feed->timer))
		hrtimer_start(&feed->timer, ns_to_ktime(feed->delay),
			      HRTIMER_MODE_REL);
}

/* Up to the end of the line; the start of one that has no end yet, too. */
static void line_feed_line(struct line *line)
{
	struct line_feed *feed = line->feed;
	const u8 *text = feed->buffer + feed->start;
	unsigned int length = feed->end - feed->start;
	const u8 *end = memchr(text, '\n', length);

	if (end)
		length = end + 1 - text;
	length = tty_insert_flip_string(&line->port, text, length);
	if (!length)
		return;
	feed->start += length;
	feed->last = text[length - 1];
	feed->delay = LINE_FEED_SOON;
}

static void line_feed_end(struct line *line, const struct tty_struct *tty)
{
	struct line_feed *feed = line->feed;
	u8 eof = tty->termios.c_cc[VEOF];

	if (feed->last != '\n') {
		feed->last = '\n';
		tty_insert_flip_char(&line->port, '\n', TTY_NORMAL);
		feed->delay = LINE_FEED_SOON;
		return;
	}
	if (eof == __DISABLED_CHAR)
		eof = LINE_FEED_EOF;
	tty_insert_flip_char(&line->port, eof, TTY_NORMAL);
	feed->delay = LINE_FEED_END_SOON;
}

static void line_feed_wait(struct line_feed *feed)
{
	u64 late = feed->start < feed->end ? LINE_FEED_LATE :
					     LINE_FEED_END_LATE;

	feed->delay = min(feed->delay * 2, late);
}

/* ---- */

static void line_feed_work(struct work_struct *work)
{
	struct line_feed *feed = container_of(work, struct line_feed, work);
	struct line *line = feed->line;
	struct tty_struct *tty = tty_port_tty_get(&line->port);
	bool wanted;

	if (!tty)
		return;
	wanted = line_feed_wanted(tty);
	spin_lock_irq(&feed->lock);
	line_feed_refill(line);
	if (!wanted)
		line_feed_wait(feed);
	else if (feed->start < feed->end)
		line_feed_line(line);
	else if (feed->at_end)
		line_feed_end(line, tty);
	if (wanted)
		tty_flip_buffer_push(&line->port);
	line_feed_refill(line);
	line_feed_arm(feed);
	spin_unlock_irq(&feed->lock);
	tty_kref_put(tty);
}

static enum hrtimer_restart line_feed_timer(struct hrtimer *timer)
{
	struct line_feed *feed = container_of(timer, struct line_feed, timer);

	schedule_work(&feed->work);
	return HRTIMER_NORESTART;
}

int line_feed_create(struct line *line)
{
	struct line_feed *feed = kzalloc(sizeof(*feed), GFP_KERNEL);

	if (!feed)
		return -ENOMEM;
	spin_lock_init(&feed->lock);
	INIT_WORK(&feed->work, line_feed_work);
	hrtimer_init(&feed->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	feed->timer.function = line_feed_timer;
	feed->line = line;
	feed->last = '\n';
	line->feed = feed;
	return 0;
}

void line_feed_kick(struct line *line)
{
	struct line_feed *feed = line->feed;
	unsigned long flags;

	spin_lock_irqsave(&feed->lock, flags);
	if (feed->open && !line_feed_pending(feed)) {
		line_feed_refill(line);
		feed->delay = LINE_FEED_SOON;
		line_feed_arm(feed);
	}
	spin_unlock_irqrestore(&feed->lock, flags);
}

static void line_feed_set_open(struct line_feed *feed, bool open)
{
	spin_lock_irq(&feed->lock);
	feed->open = open;
	feed->delay = LINE_FEED_SOON;
	line_feed_arm(feed);
	spin_unlock_irq(&feed->lock);
}

void line_feed_open(struct line *line)
{
	line_feed_set_open(line->feed, true);
	line_feed_kick(line);
}

void line_feed_close(struct line *line)
{
	struct line_feed *feed = line->feed;

	line_feed_set_open(feed, false);
	hrtimer_cancel(&feed->timer);
	cancel_work_sync(&feed->work);
}
