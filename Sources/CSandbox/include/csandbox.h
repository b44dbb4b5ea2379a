// SPDX-License-Identifier: Apache-2.0
//
// The plan interpreter: everything that a child of ours does between clone3(2) and execve(2).
//
// A plan is one block of memory: a header, `operation_count` operations of fixed size, and a pool that holds texts,
// vectors and blobs. Descriptors are named by slots: the launcher fills the first ones, operations fill others. The
// interpreter allocates nothing, calls only async-signal-safe functions, and stops at the first operation that fails.
//
// The layout is the protocol between the engine and the keeper: codes and fields are only ever added at the end.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

#define CSANDBOX_MAGIC 0x4e4c5057u  // "WPLN"
#define CSANDBOX_VERSION 1u
#define CSANDBOX_SLOTS 1024u
#define CSANDBOX_NO_SLOT UINT32_MAX
#define CSANDBOX_NO_TEXT UINT32_MAX

enum csandbox_code {
    // Descriptors.
    CSANDBOX_OPEN = 1,       // openat2(slot a, text_a, flags x, mode y, resolve z) -> slot b
    CSANDBOX_CLOSE,          // close(slot a)
    CSANDBOX_CLOEXEC,        // close_range(x, ~0, CLOSE_RANGE_CLOEXEC)
    CSANDBOX_CHECK_TYPE,     // fstatfs(slot a) has magic x
    CSANDBOX_CHECK_DEVICE,   // fstat(slot a) is a character device with number x
    CSANDBOX_SEND,           // sends slot a to the launcher with tag x
    CSANDBOX_CHOWN,          // fchown(slot a, x, y)
    CSANDBOX_WRITE,          // writes text_b to text_a below slot a: no link, no other mount on the way
    CSANDBOX_MAKE_DIRECTORY, // mkdirat(slot a, text_a, x)
    CSANDBOX_MAKE_NODE,      // mknodat(slot a, text_a, x, y), fchownat to z (uid << 32 | gid)
    CSANDBOX_MAKE_LINK,      // symlinkat(text_a, slot a, text_b)
    // Mounts.
    CSANDBOX_PROPAGATION,    // mount(NULL, "/", NULL, x, NULL)
    CSANDBOX_FSOPEN,         // fsopen(text_a) -> slot b
    CSANDBOX_FSCONFIG,       // fsconfig(slot a, text_a [, text_b | slot b])
    CSANDBOX_FSMOUNT,        // creates the superblock of slot a and mounts it with attributes x -> slot b; closes a
    CSANDBOX_CLONE_TREE,     // open_tree(slot a, text_a or "", clone, recursive if x) -> slot b
    CSANDBOX_SET_ATTRIBUTES, // mount_setattr(slot a, set x, clear y, propagation z, recursive if flag, userns slot b)
    CSANDBOX_TARGET,         // the place text_a below the root slot a, made if missing: x as csandbox_target -> slot b
    CSANDBOX_ATTACH,         // move_mount(slot a, slot b)
    CSANDBOX_MASK,           // covers text_a below slot a: a directory by a clone of slot b, others by one of slot c
    CSANDBOX_READ_ONLY,      // makes text_a below slot a read-only, with what is mounted there
    CSANDBOX_PIVOT,          // makes slot a the root and leaves the old one behind
    // Namespaces and identity.
    CSANDBOX_UNSHARE,        // unshare(x)
    CSANDBOX_SETNS,          // setns(slot a, x)
    CSANDBOX_READY,          // reports that everything before is done
    CSANDBOX_AWAIT,          // waits for a byte in slot a, all else but the standard streams closed; ends quietly where
                             // the writer has gone
    CSANDBOX_FORK_SIBLING,   // goes on in a child of the launcher's process, inside namespaces joined before and new ones
                             // x; a new user namespace gets the maps text_a (users) and text_b (groups)
    CSANDBOX_FORK_INIT,      // goes on in a child; this process becomes an init that reaps and forwards signals
    CSANDBOX_HOSTNAME,       // sethostname(text_a)
    CSANDBOX_DOMAINNAME,     // setdomainname(text_a)
    CSANDBOX_SESSION,        // setsid()
    CSANDBOX_OPEN_PTY,       // a pair below the devpts in slot a: master -> slot b, terminal -> slot c; size x by y
    CSANDBOX_TERMINAL,       // makes slot a the controlling terminal
    CSANDBOX_STDIO,          // dup slots a, b, c to 0, 1, 2
    CSANDBOX_KEYRING,        // a session keyring of its own, where the quota allows one
    CSANDBOX_LIMIT,          // prlimit64(resource x, soft y, hard z)
    CSANDBOX_OOM_SCORE,      // writes text_a to this process's oom_score_adj below the procfs in slot a
    CSANDBOX_PERSONALITY,    // personality(x)
    CSANDBOX_UMASK,          // umask(x)
    CSANDBOX_NO_NEW_PRIVILEGES,
    CSANDBOX_SECCOMP,        // installs x bytes at text_a as a filter with flags y
    CSANDBOX_BOUNDING,       // drops every capability that is not in x from the bounding set
    CSANDBOX_GROUPS,         // setgroups(x ids at text_a)
    CSANDBOX_IDS,            // setresgid(y) and setresuid(x), capabilities kept until CSANDBOX_CAPABILITIES
    CSANDBOX_CAPABILITIES,   // capset(effective x, permitted y, inheritable z)
    CSANDBOX_AMBIENT,        // the ambient set is x
    CSANDBOX_DEATH_SIGNAL,   // PR_SET_PDEATHSIG x
    CSANDBOX_DIRECTORY,      // fchdir(slot a), or chdir(text_a) without one; it must lie below the root
    CSANDBOX_EXEC,           // execve: candidates z, arguments x, environment y, each a vector; pointers go to text_b
    CSANDBOX_CODE_END
};

// Bits of csandbox_operation.flags.
enum csandbox_flag {
    CSANDBOX_RECURSIVE = 1,      // SET_ATTRIBUTES: also what is mounted below.
    CSANDBOX_IF_PRESENT = 2,     // OPEN, MASK, READ_ONLY, WRITE: ENOENT is no failure; OPEN then skips `slot_c` operations.
    CSANDBOX_ALLOW_PROC = 4,     // TARGET: the place may lie inside a procfs.
    CSANDBOX_NO_LINKS = 8,       // TARGET: no part of the path may be a link.
};

enum csandbox_target { CSANDBOX_TARGET_DIRECTORY = 0, CSANDBOX_TARGET_FILE = 1 };

struct csandbox_operation {
    uint16_t code;
    uint16_t flags;
    uint32_t slot_a, slot_b, slot_c;
    uint64_t x, y, z;
    uint32_t text_a, text_b;  // Offsets into the pool.
};

struct csandbox_header {
    uint32_t magic, version;
    uint32_t operation_count, pool_size;
    uint64_t clone_flags;
    uint32_t control_group_slot;           // For CLONE_INTO_CGROUP, or CSANDBOX_NO_SLOT.
    uint32_t attach_first, attach_count;   // Slots of cgroup.procs files that get the child's number.
    uint32_t uid_map, gid_map;             // Texts for a new user namespace, or CSANDBOX_NO_TEXT.
    uint32_t descriptor_count;             // How many slots the launcher fills.
};

// A vector in the pool as an operation's 64-bit field: the offset of its 32-bit text offsets, and their number.
#define CSANDBOX_VECTOR(offset, count) ((uint64_t)(count) << 32 | (uint32_t)(offset))

// What a child says over its report socket, one packet each; the end of the stream means that execve succeeded.
enum csandbox_report_kind {
    CSANDBOX_FAILED = 1,      // An operation failed.
    CSANDBOX_DESCRIPTOR = 2,  // SEND: carries a descriptor; `detail` is its tag.
    CSANDBOX_SIBLING = 3,     // FORK_SIBLING: carries the pidfd of the process that goes on; `detail` is its number.
    CSANDBOX_IS_READY = 4,    // READY.
    CSANDBOX_LAUNCHED = 5,    // Of a launcher in another process: carries the pidfd; `detail` is the number.
};

struct csandbox_report {
    uint32_t kind;
    uint32_t operation;  // Its index.
    int32_t error;       // The errno value.
    uint32_t detail;
};

struct csandbox_child {
    pid_t pid;   // As the caller's pid namespace sees it.
    int pidfd;
    int report;  // The launcher's end of the report socket.
};

// Whether the block is a plan that the interpreter can run without reading outside it: 0, or -EINVAL with the index of
// the operation at fault, or the number of operations where the header is.
int csandbox_check(const void *plan, size_t size, uint32_t *fault);

// Clones a child that runs the plan, attaches it to the control groups and writes its id maps.
//
// `descriptors` fill the first slots; they stay the caller's. Returns 0 or -errno; then nothing is left behind. What
// the child's operations do is told by csandbox_receive.
int csandbox_launch(const void *plan, size_t size, const int *descriptors, struct csandbox_child *child);

// The next report: 1, or 0 at the end of the stream, or -errno. `descriptor` is -1 or owned by the caller. A report
// socket polls readable when there is one. Blocks, unless flags has MSG_DONTWAIT.
int csandbox_receive(int report, int flags, struct csandbox_report *message, int *descriptor);

// Sends a report with a descriptor, or with none where it is negative. 0 or -errno.
int csandbox_send(int report, const struct csandbox_report *message, int descriptor);

#pragma clang assume_nonnull end
#endif
