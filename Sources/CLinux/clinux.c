// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

const unsigned int CLINUX_RENAME_NOREPLACE = 1;  // RENAME_NOREPLACE of linux/fs.h, which clashes with sys/mount.h.
const int CLINUX_O_PATH = O_PATH;
const int CLINUX_O_TMPFILE = O_TMPFILE;
const int CLINUX_AT_EMPTY_PATH = AT_EMPTY_PATH;
const int CLINUX_SYS_RT_SIGTIMEDWAIT = SYS_rt_sigtimedwait;
const int CLINUX_AT_RECURSIVE = AT_RECURSIVE;
const unsigned int CLINUX_MFD_CLOEXEC = MFD_CLOEXEC;

// The result of a system call without a wrapper, or -errno with the caller's errno kept.
static long raw(long number, ...) {
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    int saved = errno;
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result < 0) {
        result = -errno;
        errno = saved;
    }
    return result;
}
#define CALL(number, a, b, c, d, e, f) \
    raw((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

int clinux_openat2(int dir, const char *path, const struct clinux_open_how *how) {
    return (int)CALL(SYS_openat2, dir, path, how, sizeof *how, 0, 0);
}

int clinux_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
    return (int)CALL(SYS_renameat2, from_dir, from, to_dir, to, flags, 0);
}

int clinux_begin_sync(int file, int64_t offset, int64_t count) {
    return (int)CALL(SYS_sync_file_range, file, offset, count, SYNC_FILE_RANGE_WRITE, 0, 0);
}

// The path of an open file; 32 bytes are enough for it.
static const char *path_of(int descriptor, char buffer[32]) {
    static const char folder[] = "/proc/self/fd/";
    char *end = buffer + sizeof folder - 1, digits[12];
    int count = 0;
    memcpy(buffer, folder, sizeof folder);
    do digits[count++] = (char)('0' + descriptor % 10);
    while (descriptor /= 10);
    while (count) *end++ = digits[--count];
    *end = 0;
    return buffer;
}

int clinux_chmod(int descriptor, mode_t mode) {
    char buffer[32];
    const long fchmodat2 = 452;  // SYS_fchmodat2 of Linux 6.6, the same on all architectures.
    int answer = (int)CALL(fchmodat2, descriptor, "", mode, AT_EMPTY_PATH, 0, 0);
    if (answer != -ENOSYS) return answer;
    return (int)CALL(SYS_fchmodat, AT_FDCWD, path_of(descriptor, buffer), mode, 0, 0, 0);
}

int clinux_setxattr(int descriptor, const char *name, const void *value, size_t size) {
    char buffer[32];
    return (int)CALL(SYS_setxattr, path_of(descriptor, buffer), name, value, size, 0, 0);
}

int64_t clinux_getxattr(int descriptor, const char *name, void *value, size_t size) {
    char buffer[32];
    return CALL(SYS_getxattr, path_of(descriptor, buffer), name, value, size, 0, 0);
}

int64_t clinux_listxattr(int descriptor, void *list, size_t size) {
    char buffer[32];
    return CALL(SYS_listxattr, path_of(descriptor, buffer), list, size, 0, 0, 0);
}

int clinux_syncfs(int descriptor) { return (int)CALL(SYS_syncfs, descriptor, 0, 0, 0, 0, 0); }

// linux/landlock.h; Debian 12's lacks the newer rights.
enum { LANDLOCK_CREATE = 444, LANDLOCK_ADD_RULE = 445, LANDLOCK_RESTRICT_SELF = 446 };

static int allow_below(int ruleset, const int *directories, size_t count, uint64_t rights) {
    for (size_t i = 0; i < count; i++) {
        struct {
            uint64_t allowed_access;
            int32_t parent_fd;
        } __attribute__((packed)) rule = {rights, directories[i]};
        int answer = (int)CALL(LANDLOCK_ADD_RULE, ruleset, 1, &rule, 0, 0, 0);
        if (answer < 0) return answer;
    }
    return 0;
}

int clinux_confine(const int *writable, size_t writable_count, const int *readable, size_t readable_count) {
    const uint64_t execute = 1, read_file = 4, read_directory = 8;
    int version = (int)CALL(LANDLOCK_CREATE, NULL, 0, 1, 0, 0, 0);
    if (version == -ENOSYS || (version >= 0 && version < 2)) return -EOPNOTSUPP;
    if (version < 0) return version;
    // Thirteen rights at first, then one to link across directories, one to truncate, one for ioctl on devices.
    uint64_t all = (1ULL << (version < 3 ? 14 : version < 5 ? 15 : 16)) - 1;
    int ruleset = (int)CALL(LANDLOCK_CREATE, &all, sizeof all, 0, 0, 0, 0);
    if (ruleset < 0) return ruleset;
    int answer = allow_below(ruleset, writable, writable_count, all & ~execute);
    if (answer == 0) answer = allow_below(ruleset, readable, readable_count, read_file | read_directory);
    if (answer == 0) answer = clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (answer == 0) answer = (int)CALL(LANDLOCK_RESTRICT_SELF, ruleset, 0, 0, 0, 0, 0);
    CALL(SYS_close, ruleset, 0, 0, 0, 0, 0);
    return answer;
}

int clinux_fstatfs(int descriptor, struct clinux_file_system *result) {
    struct statfs status;
    int answer = (int)CALL(SYS_fstatfs, descriptor, &status, 0, 0, 0, 0);
    if (answer < 0) return answer;
    result->type = (int64_t)(uint32_t)status.f_type;
    result->block_size = (uint64_t)status.f_bsize;
    result->blocks = status.f_blocks;
    result->available_blocks = status.f_bavail;
    result->flags = (uint64_t)status.f_flags;
    return 0;
}

int clinux_pipe2(int ends[2], int flags) { return (int)CALL(SYS_pipe2, ends, flags, 0, 0, 0, 0); }

int clinux_socketpair_seqpacket(int ends[2]) {
    return (int)CALL(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends, 0, 0);
}

int clinux_dup_cloexec(int descriptor) { return (int)CALL(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 3, 0, 0, 0); }

int clinux_eventfd(unsigned int value, int flags) { return (int)CALL(SYS_eventfd2, value, flags, 0, 0, 0, 0); }

int clinux_memfd_create(const char *name, unsigned int flags) {
    return (int)CALL(SYS_memfd_create, name, flags, 0, 0, 0, 0);
}

int64_t clinux_copy_file_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t length) {
    return CALL(SYS_copy_file_range, from, from_offset, to, to_offset, length, 0);
}

int64_t clinux_splice(int from, int to, size_t length, unsigned int flags) {
    return CALL(SYS_splice, from, NULL, to, NULL, length, flags);
}

int clinux_pidfd_open(pid_t pid, unsigned int flags) { return (int)CALL(SYS_pidfd_open, pid, flags, 0, 0, 0, 0); }

int clinux_pidfd_send_signal(int pidfd, int signal) {
    return (int)CALL(SYS_pidfd_send_signal, pidfd, signal, NULL, 0, 0, 0);
}

int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return (int)CALL(SYS_prctl, option, a, b, c, d, 0);
}

int clinux_unshare(int flags) { return (int)CALL(SYS_unshare, flags, 0, 0, 0, 0, 0); }

int clinux_setns(int descriptor, int flags) { return (int)CALL(SYS_setns, descriptor, flags, 0, 0, 0, 0); }

int clinux_capset(int64_t effective, int64_t permitted, int64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };
    return (int)CALL(SYS_capset, &header, data, 0, 0, 0, 0);
}

int clinux_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    int answer = (int)CALL(SYS_capget, &header, data, 0, 0, 0, 0);
    if (answer < 0) return answer;
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

int clinux_waitid_pidfd(int pidfd, int options, struct clinux_exit *result) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int answer = (int)CALL(SYS_waitid, P_PIDFD, pidfd, &info, options, NULL, 0);
    if (answer < 0) return answer;
    if (info.si_pid == 0) return -EAGAIN;
    result->status = info.si_status;
    result->is_signal = info.si_code != CLD_EXITED;
    return 0;
}

// linux/pidfd.h of Linux 6.15; Debian 12's headers are older.
struct pidfd_info_v1 {
    uint64_t mask, cgroupid;
    uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    int32_t exit_code;
};
#define PIDFD_GET_INFO_V1 _IOWR(0xFF, 11, struct pidfd_info_v1)
#define PIDFD_INFO_EXIT_BIT (1ULL << 3)

int clinux_pidfd_exit_status(int pidfd, struct clinux_exit *result) {
    struct pidfd_info_v1 info;
    memset(&info, 0, sizeof info);
    info.mask = PIDFD_INFO_EXIT_BIT;
    int answer = (int)CALL(SYS_ioctl, pidfd, PIDFD_GET_INFO_V1, &info, 0, 0, 0);
    if (answer == -ENOTTY || answer == -EINVAL) return -ENODATA;
    if (answer < 0) return answer;
    if (!(info.mask & PIDFD_INFO_EXIT_BIT)) return -EAGAIN;
    result->is_signal = WIFSIGNALED(info.exit_code);
    result->status = result->is_signal ? WTERMSIG(info.exit_code) : WEXITSTATUS(info.exit_code);
    return 0;
}

// Of linux/fs.h as well.
#define GET_INODE_FLAGS _IOR('f', 1, long)
#define SET_INODE_FLAGS _IOW('f', 2, long)
#define TOP_DIRECTORY_FLAG 0x20000

int clinux_set_top_directory(int directory) {
    int flags = 0;  // The file systems read and write an int, whatever the number of the call says.
    int answer = (int)CALL(SYS_ioctl, directory, GET_INODE_FLAGS, &flags, 0, 0, 0);
    if (answer < 0 || flags & TOP_DIRECTORY_FLAG) return answer;
    flags |= TOP_DIRECTORY_FLAG;
    return (int)CALL(SYS_ioctl, directory, SET_INODE_FLAGS, &flags, 0, 0, 0);
}

int clinux_open_tree(int dir, const char *path, unsigned int flags) {
    return (int)CALL(SYS_open_tree, dir, path, flags, 0, 0, 0);
}

int clinux_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
    return (int)CALL(SYS_move_mount, from_dir, from, to_dir, to, flags, 0);
}

int clinux_mount_setattr(int dir, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns) {
    struct mount_attr attributes = {
        .attr_set = set, .attr_clr = clear, .propagation = propagation, .userns_fd = (uint64_t)userns};
    return (int)CALL(SYS_mount_setattr, dir, path, flags, &attributes, sizeof attributes, 0);
}

int clinux_fsopen(const char *type, unsigned int flags) { return (int)CALL(SYS_fsopen, type, flags, 0, 0, 0, 0); }

int clinux_fsconfig(int context, unsigned int command, const char *key, const void *value, int aux) {
    return (int)CALL(SYS_fsconfig, context, command, key, value, aux, 0);
}

int clinux_fsmount(int context, unsigned int flags, unsigned int attributes) {
    return (int)CALL(SYS_fsmount, context, flags, attributes, 0, 0, 0);
}

int clinux_bpf_load_device_program(const uint64_t *code, uint32_t count) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)code;
    attributes.insn_cnt = count;
    attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
    return (int)CALL(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes, 0, 0, 0);
}

int clinux_bpf_attach_device_program(int cgroup, int program, int replaced) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = (uint32_t)replaced;
    }
    return (int)CALL(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes, 0, 0, 0);
}

int clinux_bpf_query_device_programs(int cgroup, uint32_t *ids, uint32_t *count) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attributes.query.prog_cnt = *count;
    int answer = (int)CALL(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof attributes, 0, 0, 0);
    *count = attributes.query.prog_cnt;
    return answer;
}

int clinux_bpf_program_by_id(uint32_t id) {
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = id;
    return (int)CALL(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes, 0, 0, 0);
}
