// SPDX-License-Identifier: Apache-2.0
//
// What the keeper needs and Embedded Swift does not have: `import Glibc` does not exist there. A function returns what
// the kernel gave, or -errno.
#ifndef CKEEPER_H
#define CKEEPER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "csandbox.h"
#include "keeper_protocol.h"

#pragma clang assume_nonnull begin

// The argument at a position of the command line; NULL beyond its end.
const char *_Nullable ckeeper_argument(int index);

// Makes sure that this process runs from a sealed copy of its executable, by running itself again where it does not.
//
// A container that shares a pid namespace with us could otherwise open /proc/PID/exe and write to the host's file. Closes
// everything that was inherited but the standard streams.
int ckeeper_run_sealed(void);

// Leaves the session and the mounts of whoever started us: a mount namespace with just /proc, /sys and /dev/null, so that a
// clone copies little and nothing of the host is kept busy. Also makes orphans our children.
int ckeeper_detach(void);

// Says on standard output that the socket is served, and lets go of standard input and output. 0 or -errno.
int ckeeper_announce(void);

// A descriptor that is readable when a child has ended.
int ckeeper_watch_children(void);
void ckeeper_drain(int descriptor);
// A child that has ended and is not reaped; 0 where there is none.
pid_t ckeeper_ended_child(void);
// Waits for the end of a child and reaps it.
void ckeeper_reap(pid_t child);

// Launches the plan in a file, which is copied first. `count` says how many descriptors fill its slots. `forks_sibling` is
// whether the process that remains is another one than that of `child`.
int ckeeper_launch(int plan, const int *descriptors, uint32_t count, int *forks_sibling, struct csandbox_child *child);
// A plan of a file that was checked and copied, to be launched often; NULL with -errno in `result`. It must not go on in
// a sibling, and its slots are filled by `count` descriptors.
void *_Nullable ckeeper_copy_plan(int plan, uint32_t count, size_t most, size_t *size, int *result);
void ckeeper_free_plan(void *_Nullable plan, size_t size);
// Ends and reaps a child that nobody will hear of.
void ckeeper_discard(struct csandbox_child *child);

// A segment that is being written.
struct ckeeper_segment {
    int data, index;
    uint32_t number;
    uint64_t size;
    uint64_t noted, reserved;  // Of the index: its size, and the space that is set aside for it.
    uint64_t dropped;          // Bytes that were dropped and are in no record yet.
};

// A stream that is moved into a log. The caller fills in what comes before `oldest`.
struct ckeeper_pump {
    int source, directory;   // Closed with the pump, as the relay is.
    // A pipe, open for reading and writing, that whoever asked for the pump has as well; 0 for none.
    int relay;
    uint32_t stream, count;  // A log_stream, and how many segments are kept.
    uint64_t limit;          // The size in bytes at which a segment is full.
    uint32_t oldest;         // The first segment that may still be there.
    // How often in a row as much came as a pipe holds, or less where it is negative; and whether what comes takes the relay.
    int32_t full, is_relayed;
    struct ckeeper_segment segment;
};

// Opens the segment with a number to go on writing at its end, and moves what is left in the relay there; one that is missing is
// made with the first byte. 0 or -errno; then the descriptors stay the caller's.
int ckeeper_open_pump(struct ckeeper_pump *pump, uint32_t number);
// Moves what there is, 1 MiB at most, from a pipe to the segment, without a copy of ours, or copies it from a terminal, and
// notes it; goes on to the next segment where one is full. What the file system cannot take is dropped and noted as that. The number of
// bytes, 0 at the end, or -EAGAIN.
int64_t ckeeper_move(struct ckeeper_pump *pump);
void ckeeper_close_pump(struct ckeeper_pump *pump);

// Whether a descriptor is that of a process (pidfd_open(2)).
int ckeeper_is_process(int descriptor);
// Whether a process has ended, reaped or not.
int ckeeper_has_ended(int pidfd);
// Nanoseconds of a clock that nobody sets, CLOCK_BOOTTIME.
uint64_t ckeeper_steady_time(void);
void ckeeper_close(int descriptor);
uid_t ckeeper_user(void);
pid_t ckeeper_pid(void);
void ckeeper_write_error(const uint8_t *bytes, size_t size);
void ckeeper_exit(int status) __attribute__((noreturn));

// Constants that are enumerations or hidden in the C library's headers.
enum { CKEEPER_NONBLOCKING = 04000, CKEEPER_DONT_WAIT = 0x40, CKEEPER_WAIT_ENDED = 4 | 1 };

#pragma clang assume_nonnull end
#endif
