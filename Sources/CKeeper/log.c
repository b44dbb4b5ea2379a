// SPDX-License-Identifier: Apache-2.0
//
// Logs: from a pipe into segments.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ckeeper.h"
#include "clinux.h"

#define NAME_SIZE 32
#define DROP_SIZE 65536
// What is set aside for an index ahead of its need, so that a full disk can still be noted.
#define INDEX_RESERVE 4096

static void name_segment(char name[NAME_SIZE], uint32_t stream, uint32_t number, const char *suffix) {
    snprintf(name, NAME_SIZE, "%s.%08u.%s", stream == LOG_STDERR ? "stderr" : "stdout", number, suffix);
}

// Opens a file and goes to the end of its last whole unit: what follows was cut off. splice(2) refuses O_APPEND.
static int open_at_end(int directory, const char *name, off_t unit, uint64_t *size) {
    int file = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (file < 0) return -errno;
    off_t end = lseek(file, 0, SEEK_END);
    off_t whole = end - end % unit;
    if (end < 0 || (whole != end && ftruncate(file, whole) < 0) || lseek(file, whole, SEEK_SET) < 0) {
        int error = -errno;
        close(file);
        return error;
    }
    *size = (uint64_t)whole;
    return file;
}

static void reserve(struct ckeeper_segment *segment) {
    if (segment->reserved - segment->noted > INDEX_RESERVE / 2) return;
    if (fallocate(segment->index, FALLOC_FL_KEEP_SIZE, (off_t)segment->noted, INDEX_RESERVE) == 0)
        segment->reserved = segment->noted + INDEX_RESERVE;
}

int ckeeper_open_segment(int directory, uint32_t stream, uint32_t number, struct ckeeper_segment *segment) {
    char name[NAME_SIZE];
    uint64_t size, index_size;
    name_segment(name, stream, number, "log");
    int data = open_at_end(directory, name, 1, &size);
    if (data < 0) return data;
    name_segment(name, stream, number, "index");
    int index = open_at_end(directory, name, sizeof(struct log_record), &index_size);
    if (index < 0) {
        close(data);
        return index;
    }
    segment->data = data;
    segment->index = index;
    segment->number = number;
    segment->size = size;
    segment->noted = segment->reserved = index_size;
    segment->dropped = 0;
    reserve(segment);
    return 0;
}

void ckeeper_remove_segment(int directory, uint32_t stream, uint32_t number) {
    char name[NAME_SIZE];
    name_segment(name, stream, number, "log");
    unlinkat(directory, name, 0);
    name_segment(name, stream, number, "index");
    unlinkat(directory, name, 0);
}

// Adds a record; 0 where there is no space for it: that loses a time, no byte.
static int note(struct ckeeper_segment *segment, uint64_t length, uint32_t flags) {
    struct log_record record = {segment->size, clinux_real_time(), (uint32_t)length, flags};
    ssize_t written = pwrite(segment->index, &record, sizeof record, (off_t)segment->noted);
    if (written != (ssize_t)sizeof record) return 0;
    segment->noted += sizeof record;
    reserve(segment);
    return 1;
}

static void note_dropped(struct ckeeper_segment *segment) {
    uint64_t length = segment->dropped < UINT32_MAX ? segment->dropped : UINT32_MAX;
    if (length > 0 && note(segment, length, LOG_DROPPED)) segment->dropped -= length;
}

void ckeeper_close_segment(struct ckeeper_segment *segment) {
    note_dropped(segment);
    close(segment->data);
    close(segment->index);
    segment->data = segment->index = -1;
}

// The writer must not stand still because our disk is full.
static int64_t drop(int source, struct ckeeper_segment *segment) {
    char bytes[DROP_SIZE];
    ssize_t length = read(source, bytes, sizeof bytes);
    if (length > 0) segment->dropped += (uint64_t)length;
    note_dropped(segment);
    return length < 0 ? -errno : length;
}

int64_t ckeeper_pump(int source, struct ckeeper_segment *segment, size_t most) {
    int64_t length = clinux_splice(source, segment->data, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (length > 0) {
        note_dropped(segment);
        note(segment, (uint64_t)length, 0);
        segment->size += (uint64_t)length;
        return length;
    }
    // A terminal whose last user has gone answers EIO.
    if (length == -EIO) {
        int left = 0;
        return ioctl(source, FIONREAD, &left) == 0 && left > 0 ? drop(source, segment) : 0;
    }
    if (length == -EAGAIN || length == -EINTR) return -EAGAIN;
    return length == 0 ? 0 : drop(source, segment);
}
