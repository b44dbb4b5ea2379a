// SPDX-License-Identifier: Apache-2.0
//
// What `import Glibc` lacks: system calls without a wrapper in glibc 2.36, functions that Glibc's module hides behind
// _GNU_SOURCE, and constants of the kernel's headers, which this header brings in. A function returns what the kernel gave, or -errno; none changes errno.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

// Paths. openat2(2) has no wrapper; open(2)'s flags O_PATH and O_TMPFILE are hidden.
struct clinux_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

extern const int CLINUX_O_PATH;
extern const int CLINUX_O_TMPFILE;
extern const int CLINUX_AT_EMPTY_PATH;
extern const int CLINUX_AT_RECURSIVE;
extern const unsigned int CLINUX_MFD_CLOEXEC;

int clinux_openat2(int dir, const char *path, const struct clinux_open_how *how);
int clinux_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
extern const unsigned int CLINUX_RENAME_NOREPLACE;
// Begins to write a part of a file to the disk and waits for nothing: SYNC_FILE_RANGE_WRITE.
int clinux_begin_sync(int file, int64_t offset, int64_t count);
// Says of a directory that those below it have nothing to do with each other: FS_TOPDIR_FL, ioctl_iflags(2).
int clinux_set_top_directory(int directory);

// Metadata of an open file, also of one that is open with O_PATH only, for which the kernel has no calls that take the
// descriptor before Linux 6.6 (fchmodat2) and 6.13 (setxattrat): the others go by /proc/self/fd.
int clinux_chmod(int descriptor, mode_t mode);
int clinux_setxattr(int descriptor, const char *name, const void *_Nullable value, size_t size);
int64_t clinux_getxattr(int descriptor, const char *name, void *value, size_t size);
int64_t clinux_listxattr(int descriptor, void *list, size_t size);
int clinux_syncfs(int descriptor);

// Takes from the calling thread, for good, all rights on files but those below the given directories (landlock(7)).
// -EOPNOTSUPP where the kernel cannot do it in a way that still lets hard links be made (before Linux 5.19).
int clinux_confine(const int *writable, size_t writable_count, const int *readable, size_t readable_count);

struct clinux_file_system {
    int64_t type;  // The superblock's magic number, as in linux/magic.h.
    uint64_t block_size;
    uint64_t blocks;
    uint64_t available_blocks;
    uint64_t flags;  // ST_RDONLY and its like, of the mount and the file system.
};
int clinux_fstatfs(int descriptor, struct clinux_file_system *result);

// Descriptors.
int clinux_pipe2(int ends[_Nonnull 2], int flags);
int clinux_socketpair_seqpacket(int ends[_Nonnull 2]);
int clinux_dup_cloexec(int descriptor);
int clinux_eventfd(unsigned int value, int flags);
int clinux_memfd_create(const char *name, unsigned int flags);
int64_t clinux_copy_file_range(int from, int64_t *_Nullable from_offset, int to, int64_t *_Nullable to_offset, size_t length);
int64_t clinux_splice(int from, int to, size_t length, unsigned int flags);

// Local sockets of type SOCK_SEQPACKET, each close-on-exec. A path that is too long answers -ENAMETOOLONG.
int clinux_listen(const char *path, int backlog);
int clinux_connect(const char *path);
int clinux_accept(int listener, int flags);
// The user at the other end.
int clinux_peer_user(int socket, uid_t *user);
// One packet with descriptors. -EMSGSIZE where the packet or its descriptors did not fit; none is kept then.
int64_t clinux_send_packet(int socket, const void *bytes, size_t size, const int *_Nullable descriptors, size_t count, int flags);
int64_t clinux_receive_packet(int socket, void *bytes, size_t size, int *_Nullable descriptors, size_t capacity,
                              size_t *count, int flags);

// Datagrams of IPv4 and IPv6 with both of their ends, so that an answer comes from the address that was asked (IP_PKTINFO of
// ip(7), IPV6_PKTINFO of ipv6(7)). Unused bytes are zero.
struct clinux_datagram_ends {
    uint8_t peer[28];  // struct sockaddr_in or sockaddr_in6.
    uint8_t local[16];
    uint32_t peer_size;
    uint32_t local_size;  // 0 where it is not known: the kernel chooses then.
    uint32_t interface;   // 0 where the address says enough.
};
int clinux_datagram_prepare(int socket, int is_v6);
int64_t clinux_datagram_receive(int socket, void *bytes, size_t size, struct clinux_datagram_ends *ends);
int64_t clinux_datagram_send(int socket, const void *bytes, size_t size, const struct clinux_datagram_ends *ends);

// Events. `token` comes back with the event.
int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_remove(int epoll, int descriptor);
struct clinux_event {
    uint32_t events;
    uint64_t token;
};
int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int timeout_milliseconds);

// sem_clockwait(3) with a point of time on the monotonic clock; -ETIMEDOUT after it.
int clinux_semaphore_wait(sem_t *semaphore, const struct timespec *deadline);

// Blocks signals in the calling thread and gives a descriptor that they are read from, without waiting (signalfd(2)).
int clinux_signal_descriptor(const int *signals, size_t count);
// The next signal; -EAGAIN where there is none.
int clinux_next_signal(int descriptor);
// Blocks signals in the calling thread, or lets them through again.
int clinux_block_signals(const int *signals, size_t count, int blocks);

// Nanoseconds since 1970.
uint64_t clinux_real_time(void);

// What the kernel can do, tried in a child process whose current folder is the given one; 0, or -errno with the answer of
// the call that failed. An overlay wants the folders lower, upper, work and merged there and a file lower/old; cloning into
// a control group wants that group.
enum clinux_probe_feature {
    CLINUX_PROBE_USER_NAMESPACE,
    CLINUX_PROBE_OVERLAY,
    CLINUX_PROBE_ID_MAPPED_MOUNT,
    CLINUX_PROBE_SECCOMP,
    CLINUX_PROBE_LANDLOCK,
    CLINUX_PROBE_EXECUTABLE_MEMORY,
    CLINUX_PROBE_CLONE_INTO_GROUP,
    CLINUX_PROBE_KEPT_EXIT_STATUS,
};
int clinux_probe(int feature, const char *folder);

// Processes.
extern const int CLINUX_SYS_RT_SIGTIMEDWAIT;
int clinux_pidfd_open(pid_t pid, unsigned int flags);
int clinux_pidfd_send_signal(int pidfd, int signal);
int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int clinux_unshare(int flags);
int clinux_setns(int descriptor, int flags);
int clinux_capset(int64_t effective, int64_t permitted, int64_t inheritable);
int clinux_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);

// Starts a program that outlives its caller: in a session and the root folder of its own, with the signals as they are by
// default, standard streams that lead nowhere, and `descriptor` as its number 3 where that is not negative; it has no other.
pid_t clinux_spawn_detached(const char *program, char *_Nullable const *_Nonnull arguments,
                            char *_Nullable const *_Nonnull environment, int descriptor);

// The end of a process as waitid(2) tells it: the pidfd's process must be a child of the caller.
struct clinux_exit {
    int status;     // The exit status, or the signal's number.
    int is_signal;  // 1 if a signal ended it.
};
int clinux_waitid_pidfd(int pidfd, int options, struct clinux_exit *result);
// The wait status kept by the kernel for a process that is no child, after its end (Linux 6.15); -EAGAIN while it runs,
// -ENODATA where the kernel does not keep it.
int clinux_pidfd_exit_status(int pidfd, struct clinux_exit *result);

// Mounts: the file descriptor based interface has wrappers from glibc 2.36 on, but not in `import Glibc`.
int clinux_open_tree(int dir, const char *path, unsigned int flags);
int clinux_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags);
int clinux_mount_setattr(int dir, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns);
int clinux_fsopen(const char *type, unsigned int flags);
int clinux_fsconfig(int context, unsigned int command, const char *_Nullable key, const void *_Nullable value, int aux);
int clinux_fsmount(int context, unsigned int flags, unsigned int attributes);

// Control groups: programs of type BPF_PROG_TYPE_CGROUP_DEVICE. `code` holds `count` instructions of 8 bytes.
int clinux_bpf_load_device_program(const uint64_t *code, uint32_t count);
// Attaches a program next to those that are there, or in the place of one of them; -1 replaces none.
int clinux_bpf_attach_device_program(int cgroup, int program, int replaced);
// The ids of the programs of a group itself, at most `*count`, which then says how many there are.
int clinux_bpf_query_device_programs(int cgroup, uint32_t *ids, uint32_t *count);
int clinux_bpf_program_by_id(uint32_t id);

#pragma clang assume_nonnull end
#endif
