// SPDX-License-Identifier: Apache-2.0
//
// Logs: from a pipe into segments.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ckeeper.h"
#include "clinux.h"

#define NAME_SIZE 32
#define DROP_SIZE 65536
// What is set aside for an index ahead of its need, so that a full disk can still be noted.
#define INDEX_RESERVE 4096
// What is moved before other events get their turn.
#define MOVE_MOST (1u << 20)
// What is kept beyond a log's size for readers that are behind, in bytes and in segments.
#define LATE_BYTES (256u << 20)
#define LATE_SEGMENTS 1024u
// What a pipe holds that nobody has changed, and one whose writer is as fast as we are: two who wait for each other at each
// write are half as fast.
#define PIPE_SIZE (64 << 10)
#define WIDE_PIPE_SIZE (256 << 10)
// How many pipes are wide at a time. The kernel gives a user who has 64 MiB of pipes the smallest ones (pipe(7)), and all
// containers are one user.
#define WIDE_PIPES 32
// What a relay holds that is not used: the least that there is.
#define IDLE_RELAY_SIZE 4096
// After how many moves in a row that found a full pipe it is made wide, and its relay used; after as many others the relay is
// left alone again.
#define FULL_MOVES 16

static void name_segment(char name[NAME_SIZE], uint32_t stream, uint32_t number, const char *suffix) {
    snprintf(name, NAME_SIZE, "%s.%08u.%s", stream == LOG_STDERR ? "stderr" : "stdout", number, suffix);
}

// Opens a file and goes to the end of its last whole unit: what follows was cut off. splice(2) refuses O_APPEND.
static int open_at_end(int directory, const char *name, int create, off_t unit, uint64_t *size) {
    int file = openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | create, 0640);
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

// Opens a segment with its index, or makes both where `create` is O_CREAT.
static int open_segment(int directory, uint32_t stream, uint32_t number, int create, struct ckeeper_segment *segment) {
    char name[NAME_SIZE];
    uint64_t size, index_size;
    name_segment(name, stream, number, "log");
    int data = open_at_end(directory, name, create, 1, &size);
    if (data < 0) return data;
    name_segment(name, stream, number, "index");
    int index = open_at_end(directory, name, O_CREAT, sizeof(struct log_record), &index_size);
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

static int lock(int directory, const char *name, int flags) {
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
    if (file < 0) return -errno;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return file;
    int error = -errno;
    close(file);
    return error;
}

static void unlock(int file) {
    if (file < 0) return;
    // A child between clone and execve has the open file as well: our close alone would not end the lock.
    flock(file, LOCK_UN);
    close(file);
}

// Removes a segment, unless somebody is reading it and it need not go.
static int remove_segment(int directory, uint32_t stream, uint32_t number, int must) {
    char name[NAME_SIZE];
    name_segment(name, stream, number, "log");
    int file = lock(directory, name, 0);
    if (file == -EWOULDBLOCK && !must) return -EBUSY;
    if (file != -ENOENT) unlinkat(directory, name, 0);
    name_segment(name, stream, number, "index");
    unlinkat(directory, name, 0);
    unlock(file);
    return 0;
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

static void close_segment(struct ckeeper_segment *segment) {
    if (segment->data < 0) return;
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

// What splice(2) cannot move, because neither end is a pipe: the output of a terminal.
static int64_t copy(int source, struct ckeeper_segment *segment) {
    char bytes[DROP_SIZE];
    struct pollfd request = {.fd = source, .events = POLLIN};
    if (poll(&request, 1, 0) <= 0) return -EAGAIN;
    ssize_t length = read(source, bytes, sizeof bytes);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return -EAGAIN;
    // A terminal whose last user has gone answers EIO.
    if (length <= 0) return 0;
    ssize_t written = 0;
    while (written < length) {
        ssize_t part = write(segment->data, bytes + written, (size_t)(length - written));
        if (part < 0 && errno == EINTR) continue;
        if (part <= 0) break;
        written += part;
    }
    note_dropped(segment);
    if (written > 0) note(segment, (uint64_t)written, 0);
    segment->size += (uint64_t)written;
    segment->dropped += (uint64_t)(length - written);
    note_dropped(segment);
    return length;
}

static int64_t splice_pipe(int source, int target) {
    return clinux_splice(source, target, MOVE_MOST, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

static void add(struct ckeeper_segment *segment, int64_t length) {
    note_dropped(segment);
    note(segment, (uint64_t)length, 0);
    segment->size += (uint64_t)length;
}

// Moves everything that is in the relay.
static void empty_relay(int relay, struct ckeeper_segment *segment) {
    int64_t length;
    while ((length = splice_pipe(relay, segment->data)) != -EAGAIN && length != 0) {
        if (length > 0)
            add(segment, length);
        else if (length != -EINTR && drop(relay, segment) <= 0)
            return;
    }
}

static int64_t move(int source, struct ckeeper_segment *segment) {
    int64_t length = splice_pipe(source, segment->data);
    if (length > 0) {
        add(segment, length);
        return length;
    }
    if (length == -EINVAL) return copy(source, segment);
    if (length == -EAGAIN || length == -EINTR) return -EAGAIN;
    return length == 0 ? 0 : drop(source, segment);
}

// The pipes that are wide, 0 for none: standard input is no pump's. Atomic, because several threads may have pumps.
static atomic_int wide_pipes[WIDE_PIPES];
static atomic_uint next_wide;

static int set_pipe_size(int pipe, int size) { return fcntl(pipe, F_SETPIPE_SZ, size); }

// Makes a pipe wide, in place of one that has been so for longer and is not full just now. Whether it is wide.
static int widen(int source) {
    int size = fcntl(source, F_GETPIPE_SZ);
    if (size < 0) return 0;
    if (size >= WIDE_PIPE_SIZE) return 1;
    for (unsigned tries = 0; tries < WIDE_PIPES; tries++) {
        atomic_int *place = &wide_pipes[atomic_fetch_add(&next_wide, 1) % WIDE_PIPES];
        int other = atomic_load(place);
        // The kernel makes no pipe smaller than what is in it.
        if (other > 0 && set_pipe_size(other, PIPE_SIZE) < 0) continue;
        if (set_pipe_size(source, WIDE_PIPE_SIZE) < 0) return 0;
        atomic_store(place, source);
        return 1;
    }
    return 0;
}

// Has a pipe be no wide one of ours any more.
static void forget_wide(int source) {
    for (unsigned i = 0; i < WIDE_PIPES; i++) {
        int own = source;
        atomic_compare_exchange_strong(&wide_pipes[i], &own, 0);
    }
}

// How many segments may be kept for readers that are behind.
static uint32_t late_segments(const struct ckeeper_pump *pump) {
    uint64_t count = LATE_BYTES / pump->limit;
    return count < LATE_SEGMENTS ? (uint32_t)count : LATE_SEGMENTS;
}

// Removes what is older than the segments that are kept, from the oldest on, up to the first that is being read.
static void trim(struct ckeeper_pump *pump) {
    uint32_t number = pump->segment.number;
    int directory = lock(pump->directory, ".", O_DIRECTORY);
    while (number - pump->oldest >= pump->count) {
        int must = number - pump->oldest - pump->count >= late_segments(pump);
        if (!must && directory == -EWOULDBLOCK) break;
        if (remove_segment(pump->directory, pump->stream, pump->oldest, must) < 0) break;
        pump->oldest++;
    }
    unlock(directory);
}

static void rotate(struct ckeeper_pump *pump) {
    struct ckeeper_segment next;
    // Where there can be no next one, this one goes on growing: too large is better than lost.
    if (open_segment(pump->directory, pump->stream, pump->segment.number + 1, O_CREAT, &next) < 0) return;
    close_segment(&pump->segment);
    pump->segment = next;
    trim(pump);
}

// Makes the segment of a stream that had nothing to say before.
static int begin_segment(struct ckeeper_pump *pump) {
    uint64_t dropped = pump->segment.dropped;
    int result = open_segment(pump->directory, pump->stream, pump->segment.number, O_CREAT, &pump->segment);
    pump->segment.dropped = dropped;
    return result;
}

// Whether there is anything to read: 1, 0 at the end, or -EAGAIN.
static int64_t look(int source) {
    struct pollfd request = {.fd = source, .events = POLLIN};
    if (poll(&request, 1, 0) <= 0) return -EAGAIN;
    return request.revents & POLLIN ? 1 : 0;
}

int ckeeper_open_pump(struct ckeeper_pump *pump, uint32_t number) {
    if (pump->limit == 0 || pump->count == 0) return -EINVAL;
    pump->segment = (struct ckeeper_segment){.data = -1, .index = -1, .number = number};
    // A stream without a word has no files: most programs use one of two.
    int result = open_segment(pump->directory, pump->stream, number, 0, &pump->segment);
    if (result == -ENOENT && pump->relay > 0 && look(pump->relay) > 0) result = begin_segment(pump);
    if (result < 0 && result != -ENOENT) return result;
    uint64_t kept = (uint64_t)pump->count + late_segments(pump);
    pump->oldest = number > kept ? number - (uint32_t)kept : 0;
    pump->full = pump->is_relayed = 0;
    // The keeper before may have left something in it, and have made them wide.
    if (pump->relay > 0) {
        if (pump->segment.data >= 0) empty_relay(pump->relay, &pump->segment);
        set_pipe_size(pump->relay, IDLE_RELAY_SIZE);
    }
    if (fcntl(pump->source, F_GETPIPE_SZ) > PIPE_SIZE) set_pipe_size(pump->source, PIPE_SIZE);
    trim(pump);
    return 0;
}

// Has what comes take the relay or not, by how it has come lately: splice(2) keeps a writer from its pipe for as long as it
// writes to the file, and is done at once where it only passes pages on to another pipe.
static void choose_way(struct ckeeper_pump *pump, int is_full) {
    if (is_full != (pump->full > 0)) pump->full = 0;
    pump->full += is_full ? 1 : -1;
    if (pump->full == FULL_MOVES) {
        pump->full = 0;
        int is_wide = widen(pump->source);
        if (is_wide && !pump->is_relayed && pump->relay > 0)
            pump->is_relayed = set_pipe_size(pump->relay, WIDE_PIPE_SIZE) > 0;
    } else if (pump->full == -FULL_MOVES) {
        pump->full = 0;
        if (pump->is_relayed) set_pipe_size(pump->relay, IDLE_RELAY_SIZE);
        pump->is_relayed = 0;
    }
}

// Moves what there is by the relay, which is empty before and afterwards.
static int64_t move_by_relay(struct ckeeper_pump *pump) {
    int64_t length = splice_pipe(pump->source, pump->relay);
    if (length > 0) empty_relay(pump->relay, &pump->segment);
    return length == -EINTR ? -EAGAIN : length;
}

int64_t ckeeper_move(struct ckeeper_pump *pump) {
    if (pump->segment.data < 0) {
        int64_t there = look(pump->source);
        if (there <= 0) return there;
        if (begin_segment(pump) < 0) return drop(pump->source, &pump->segment);
    }
    int64_t moved = pump->is_relayed ? move_by_relay(pump) : move(pump->source, &pump->segment);
    if (moved > 0) choose_way(pump, moved >= PIPE_SIZE);
    if (moved > 0 && pump->segment.size >= pump->limit) rotate(pump);
    return moved;
}

void ckeeper_close_pump(struct ckeeper_pump *pump) {
    if (pump->segment.dropped > 0 && pump->segment.data < 0) begin_segment(pump);
    trim(pump);
    close_segment(&pump->segment);
    forget_wide(pump->source);
    ckeeper_close(pump->source);
    ckeeper_close(pump->directory);
    if (pump->relay > 0) ckeeper_close(pump->relay);
    pump->source = pump->directory = -1;
    pump->relay = 0;
}
