// SPDX-License-Identifier: Apache-2.0
//
// What the keeper is asked and what it answers.
//
// The keeper listens on a SOCK_SEQPACKET socket. A connection carries one request and its answers; either side closes it
// when it is done. Requests and answers are the packets below, in the byte order of the machine; descriptors travel as
// SCM_RIGHTS. A new version adds kinds and keeps the layouts, so that an engine can talk to an older keeper that still
// holds its containers.
#ifndef KEEPER_PROTOCOL_H
#define KEEPER_PROTOCOL_H

#include <stdint.h>

#define KEEPER_MAGIC 0x5045454bu  // "KEEP"
#define KEEPER_VERSION 1u
#define KEEPER_KEY_SIZE 72
// The most descriptors in one packet: the kernel's SCM_MAX_FD is 253.
#define KEEPER_PACKET_DESCRIPTORS 250
// Descriptors under tags from here up to KEEPER_SOURCE are closed when their process ends, before its end is told: others
// may have them then.
#define KEEPER_SOCKETS 0x100u
#define KEEPER_SOURCE 0x10000u
#define KEEPER_RELAY 0x20000u

enum keeper_request_kind {
    // Answers one keeper_answer: `pid` is the keeper's, `status` its version.
    KEEPER_HELLO = 1,
    // Descriptors for a LAUNCH that follows on the same connection; no answer.
    KEEPER_DESCRIPTORS = 2,
    // Launches the plan in the first descriptor, a memfd; the others fill its slots. Answers are csandbox_report packets:
    // LAUNCHED with the pidfd, or FAILED; then those of the plan; the end when execve succeeded. A process whose failure
    // was told is forgotten, unless `tag` is KEEPER_KEEPS_FAILURE; then, and where the connection has gone, it is kept as
    // KEEPER_FAILED.
    KEEPER_LAUNCH = 3,
    // Takes a process over that an earlier keeper launched: the descriptor is its pidfd. Answers one keeper_answer.
    KEEPER_ADOPT = 4,
    // Keeps a descriptor with a process, under `tag`; several, KEEPER_PACKET_DESCRIPTORS at most, under `tag` and the numbers
    // that follow it. Answers one keeper_answer. A keeper from before this takes one only, and answers EINVAL.
    KEEPER_HOLD = 5,
    // Answers one keeper_answer for each process, with its pidfd, then closes.
    KEEPER_LIST = 6,
    // Answers one keeper_answer for each descriptor that is held with the process, and for the source and the relay of each
    // of its streams that is moved into a log, under the tags KEEPER_SOURCE and KEEPER_RELAY + the stream; then closes.
    KEEPER_FETCH = 7,
    // As LIST, and then one keeper_answer more for each process that ends, until the connection is closed. A client that
    // reads slowly misses none.
    KEEPER_WATCH = 8,
    // Forgets a process that has ended. Answers one keeper_answer.
    KEEPER_FORGET = 9,
    // Ends the keeper where it keeps no process. Answers one keeper_answer.
    KEEPER_QUIT = 10,
    // Moves what comes out of the first descriptor (a pipe or a terminal's master) into segments of a log in the directory
    // that is the second one, as the stream `tag`, until its end. `segment` is the number of the segment to go on with;
    // one that reaches `limit` bytes is followed by another, and only the last `count` are kept. Before the end of the
    // process is told, everything that it wrote is in the log. A keeper that is killed loses nothing of a pipe, which is
    // moved by splice(2), and at most 64 KiB of a terminal, which must be read. Answers one keeper_answer.
    //
    // A third descriptor, where there is one, is a relay: a pipe, open for reading and writing, through which what comes fast
    // is moved, so that the writer can go on meanwhile. Whoever asks keeps it, too, and gives it to the next keeper: what a
    // killed one has left in it comes before what is in the first descriptor.
    KEEPER_PUMP = 11,
    // Closes a descriptor that is held with the process under `tag`, where there is one. Answers one keeper_answer.
    KEEPER_RELEASE = 12,
    // Guards the engine: when the process of the second descriptor, a pidfd, ends, the plan in the first one, a memfd, is
    // launched, and so on with each process that came of it. The other descriptors, KEEPER_GUARD_DESCRIPTORS at most, fill
    // the plan's slots; all are kept. `pid` is the process's number. The plan may not join namespaces by FORK_SIBLING, and
    // nobody hears its reports. One that ended within KEEPER_GUARD_STEADY is followed by a pause, which doubles from 100 ms
    // to 10 s. A guard takes the place of the one before; where the process is the one that the keeper launched, pauses go
    // on growing. Guarded processes are not in the list and do not hinder QUIT, which ends the guard. Answers one
    // keeper_answer.
    KEEPER_GUARD = 13,
    // Ends the guard, where there is one; the process goes on. Answers one keeper_answer.
    KEEPER_UNGUARD = 14,
};

// For the `tag` of LAUNCH: whoever asks may die before it has written the failure down, and asks to FORGET it then.
#define KEEPER_KEEPS_FAILURE 1u

// The most descriptors for the slots of a guard's plan, and the most bytes of it.
#define KEEPER_GUARD_DESCRIPTORS 16
#define KEEPER_GUARD_PLAN (1u << 20)
// Milliseconds: the first and the longest pause before a guarded plan is launched again, and how long a process runs that is
// not counted as one that ended at once.
#define KEEPER_GUARD_PAUSE 100u
#define KEEPER_GUARD_LONGEST_PAUSE 10000u
#define KEEPER_GUARD_STEADY 10000u

struct keeper_request {
    uint32_t magic;
    uint16_t version, kind;
    uint32_t tag;
    int32_t pid;  // ADOPT, GUARD
    char key[KEEPER_KEY_SIZE];  // The name of the process for the engine, with a zero byte at its end.
    uint64_t limit;              // PUMP, as the next two
    uint32_t segment, count;
};

enum keeper_state {
    KEEPER_RUNNING = 0,
    KEEPER_EXITED = 1,   // `status` is the exit status.
    KEEPER_KILLED = 2,   // `status` is the signal.
    KEEPER_UNKNOWN = 3,  // It ended while nobody could learn how.
    // Its program never ran: `status` is the error, ECANCELED where its gate was closed.
    KEEPER_FAILED = 4,
};

struct keeper_answer {
    int32_t error;  // An errno value, or 0.
    int32_t pid;
    uint32_t state;
    int32_t status;
    uint64_t ended;  // Nanoseconds since 1970, or 0.
    uint32_t tag;
    uint32_t starting;  // 1 while its program does not run yet, as far as the keeper knows.
    char key[KEEPER_KEY_SIZE];
};

// A log is a directory. A stream of it is a row of segments, `STREAM.NUMBER.log`, with the bytes as they came; beside each
// lies `STREAM.NUMBER.index` with one record for each arrival. Bytes that no record covers arrived when nobody could note
// the time. STREAM is `stdout` or `stderr`, NUMBER has eight digits.
//
// A reader holds a shared lock (flock(2)) on the `.log` file of the segment that it is at, or on the directory where it is at
// none yet, and takes that of the next before it lets go of the last. A segment that is due to go stays while it or the
// directory is locked, and so do those that follow it, up to 256 MiB beyond the log's size; what is not kept any longer then
// is missing in the numbers.
enum log_stream { LOG_STDOUT = 1, LOG_STDERR = 2 };

enum log_record_flag {
    LOG_DROPPED = 1,  // `length` bytes came that could not be written; none of them is in the segment.
};

struct log_record {
    uint64_t offset;  // Of the first byte in the segment.
    uint64_t time;    // Nanoseconds since 1970.
    uint32_t length;
    uint32_t flags;
};

#endif
