// SPDX-License-Identifier: Apache-2.0
//
// The launcher's side: clone, attach, let go, listen.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "interpreter.h"

#define KERNEL_SIGNALS 64
#define KERNEL_SIGNAL_SET_SIZE (KERNEL_SIGNALS / 8)

// The kernel's own layout; glibc's sigaction() refuses the two signals that it keeps for itself.
struct kernel_signal_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static void reset_signals(void) {
    struct kernel_signal_action standard = {SIG_DFL, 0, NULL, 0};
    for (int number = 1; number <= KERNEL_SIGNALS; number++)
        syscall(SYS_rt_sigaction, number, &standard, NULL, KERNEL_SIGNAL_SET_SIZE);
    uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_SIGNAL_SET_SIZE);
}

// Whether the launcher does something to the child before it may start: then the child waits for its word.
//
// Where there is nothing to wait for, no byte is sent: one that was never read would make the kernel reset the stream
// at the child's end, and with it drop the child's report.
static int is_held(const struct csandbox_header *header) {
    return header->attach_count > 0 || header->uid_map != CSANDBOX_NO_TEXT || header->gid_map != CSANDBOX_NO_TEXT;
}

static void run_child(void *plan, const int *descriptors, int report) __attribute__((noreturn));
static void run_child(void *plan, const int *descriptors, int report) {
    const struct csandbox_header *header = plan;
    const struct csandbox_operation *operations = (const void *)(header + 1);
    struct machine machine;
    for (uint32_t i = 0; i < CSANDBOX_SLOTS; i++)
        machine.slots[i] = i < header->descriptor_count ? descriptors[i] : -1;
    machine.pool = (char *)plan + sizeof *header + header->operation_count * sizeof *operations;
    machine.report = report;
    // The modes that the plan names are those that are made.
    umask(0);
    // A handler of the launcher must never run here.
    reset_signals();
    // Until execve, nobody inside namespaces that this process joins may trace it or open what /proc shows of it.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (is_held(header)) csandbox_await(report);
    csandbox_interpret(header, operations, &machine);
}

static int write_all(int descriptor, const char *bytes, size_t length) {
    ssize_t written;
    do written = write(descriptor, bytes, length);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
}

static size_t format_number(char *end, pid_t number) {
    char *start = end;
    do *--start = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return (size_t)(end - start);
}

static int write_map(pid_t pid, const char *name, const char *map) {
    char path[64] = "/proc/";
    char digits[16];
    size_t length = format_number(digits + sizeof digits, pid);
    memcpy(path + 6, digits + sizeof digits - length, length);
    path[6 + length] = '/';
    strcpy(path + 7 + length, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    int result = write_all(file, map, strlen(map));
    close(file);
    return result;
}

// What the child cannot do for itself: its control groups and the maps of its user namespace.
static int attach(const struct csandbox_header *header, const char *pool, const int *descriptors, pid_t pid) {
    char digits[16];
    size_t length = format_number(digits + sizeof digits, pid);
    for (uint32_t i = 0; i < header->attach_count; i++) {
        int result = write_all(descriptors[header->attach_first + i], digits + sizeof digits - length, length);
        if (result < 0) return result;
    }
    int result = 0;
    if (header->gid_map != CSANDBOX_NO_TEXT) result = write_map(pid, "gid_map", pool + header->gid_map);
    if (result == 0 && header->uid_map != CSANDBOX_NO_TEXT) result = write_map(pid, "uid_map", pool + header->uid_map);
    return result;
}

static void kill_and_reap(int pidfd) {
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    siginfo_t info;
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR) continue;
}

static int clone_child(void *plan, const int *descriptors, int report, int *pidfd, pid_t *pid) {
    const struct csandbox_header *header = plan;
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = header->clone_flags | CLONE_PIDFD;
    arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
    arguments.exit_signal = SIGCHLD;
    if (header->control_group_slot != CSANDBOX_NO_SLOT) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)descriptors[header->control_group_slot];
    }
    uint64_t all = ~0ULL, before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, KERNEL_SIGNAL_SET_SIZE);
    // Without CLONE_VM: the child has its own copy of this stack, so that returning from syscall(2) is safe.
    long result = KERNEL(SYS_clone3, &arguments, sizeof arguments, 0, 0, 0);
    if (result == 0) run_child(plan, descriptors, report);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SIGNAL_SET_SIZE);
    *pid = (pid_t)result;
    return result < 0 ? (int)result : 0;
}

int csandbox_launch(const void *plan, size_t size, const int *descriptors, struct csandbox_child *child) {
    uint32_t fault;
    int result = csandbox_check(plan, size, &fault);
    if (result < 0) return result;
    const struct csandbox_header *header = plan;
    const char *pool = (const char *)(header + 1) + header->operation_count * sizeof(struct csandbox_operation);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    int pidfd = -1;
    pid_t pid = 0;
    // The child writes vectors of pointers into its own copy of the plan; this process's copy stays as it is.
    result = clone_child((void *)(uintptr_t)plan, descriptors, ends[1], &pidfd, &pid);
    close(ends[1]);
    if (result < 0) {
        close(ends[0]);
        return result;
    }
    result = attach(header, pool, descriptors, pid);
    if (result == 0 && is_held(header) && send(ends[0], "", 1, MSG_NOSIGNAL) < 0 && errno != EPIPE) result = -errno;
    if (result < 0) {
        kill_and_reap(pidfd);
        close(pidfd);
        close(ends[0]);
        return result;
    }
    child->pid = pid;
    child->pidfd = pidfd;
    child->report = ends[0];
    return 0;
}

int csandbox_receive(int report, int flags, struct csandbox_report *message, int *descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {message, sizeof *message};
    struct msghdr envelope = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t length;
    do length = recvmsg(report, &envelope, flags | MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    // A child that was killed before it read our word resets the stream: for the reader that is its end as well.
    if (length < 0) return errno == ECONNRESET ? 0 : -errno;
    struct cmsghdr *first = CMSG_FIRSTHDR(&envelope);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(first), sizeof *descriptor);
    if (length == 0) return 0;
    return length == (ssize_t)sizeof *message ? 1 : -EBADMSG;
}

int csandbox_send(int report, const struct csandbox_report *message, int descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {(void *)(uintptr_t)message, sizeof *message};
    struct msghdr envelope = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        envelope.msg_control = &control;
        envelope.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }
    ssize_t sent;
    do sent = sendmsg(report, &envelope, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}
