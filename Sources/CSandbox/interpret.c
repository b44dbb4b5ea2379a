// SPDX-License-Identifier: Apache-2.0
//
// The loop over a plan's operations, and the operations on descriptors and processes.
#define _GNU_SOURCE
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "interpreter.h"

// Nobody reads this status where execve succeeded: a failure is told by a report.
#define FAILED_STATUS 125

static int check_type(int descriptor, uint64_t magic) {
    struct statfs status;
    if (fstatfs(descriptor, &status) < 0) return -errno;
    return (uint32_t)status.f_type == (uint32_t)magic ? 0 : -EMEDIUMTYPE;
}

static int check_device(int descriptor, uint64_t number) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return -errno;
    return S_ISCHR(status.st_mode) && status.st_rdev == number ? 0 : -ENOTTY;
}

static int write_text(int directory, const char *path, const char *content, int may_be_absent) {
    int file = open_at(directory, path, O_WRONLY, 0,
                       RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
    if (file == -ENOENT && may_be_absent) return 0;
    if (file < 0) return file;
    ssize_t written = write(file, content, strlen(content));
    int result = written < 0 ? -errno : (size_t)written == strlen(content) ? 0 : -EIO;
    close(file);
    return result;
}

static int make_node(int directory, const char *name, const struct csandbox_operation *operation) {
    if (mknodat(directory, name, (mode_t)operation->x, operation->y) < 0) return -errno;
    uid_t owner = (uid_t)(operation->z >> 32);
    gid_t group = (gid_t)operation->z;
    if ((owner || group) && fchownat(directory, name, owner, group, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    return 0;
}

int csandbox_open_pty(struct machine *machine, const struct csandbox_operation *operation) {
    int master = open_at(slot(machine, operation->slot_a), "ptmx", O_RDWR | O_NOCTTY, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    int result = keep(machine, operation->slot_b, master);
    if (result < 0) return result;
    int unlocked = 0;
    if (ioctl(master, TIOCSPTLCK, &unlocked) < 0) return -errno;
    // The other end comes from the master itself: a name such as /dev/pts/0 could be somebody else's by now.
    int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return -errno;
    struct winsize size = {.ws_row = (unsigned short)operation->y, .ws_col = (unsigned short)operation->x};
    if ((size.ws_row || size.ws_col) && ioctl(terminal, TIOCSWINSZ, &size) < 0) {
        result = -errno;
        close(terminal);
        return result;
    }
    return keep(machine, operation->slot_c, terminal);
}

static int standard_streams(struct machine *machine, const struct csandbox_operation *operation) {
    const uint32_t streams[3] = {operation->slot_a, operation->slot_b, operation->slot_c};
    int copies[3];
    // Copies above 2 first: a source may itself have one of the numbers 0 to 2.
    for (int i = 0; i < 3; i++) {
        copies[i] = fcntl(slot(machine, streams[i]), F_DUPFD_CLOEXEC, 3);
        if (copies[i] < 0) return -errno;
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(copies[i], i) < 0) return -errno;
        close(copies[i]);
    }
    return 0;
}

static int await_byte(int descriptor) {
    char byte;
    ssize_t length;
    do length = read(descriptor, &byte, 1);
    while (length < 0 && errno == EINTR);
    if (length == 0) return -ECANCELED;
    return length < 0 ? -errno : 0;
}

int csandbox_await(int descriptor) {
    int result = await_byte(descriptor);
    if (result == -ECANCELED) _exit(FAILED_STATUS);
    return result;
}

// Closes all descriptors but the standard streams and two others.
static int close_others(int one, int other) {
    unsigned int low = (unsigned int)(one < other ? one : other), high = (unsigned int)(one < other ? other : one);
    long result = low > 3 ? KERNEL(SYS_close_range, 3, low - 1, 0, 0, 0) : 0;
    if (result == 0 && high > low + 1) result = KERNEL(SYS_close_range, low + 1, high - 1, 0, 0, 0);
    return result == 0 ? (int)KERNEL(SYS_close_range, high + 1, ~0U, 0, 0, 0) : (int)result;
}

// Waits at a gate. A copy here of its writer's end, or in another process that waits, would keep it from being seen to
// have gone.
static int await_gate(const struct machine *machine, int gate) {
    int result = close_others(machine->report, gate);
    // Whoever keeps the process must hear that its program never ran, although nobody has opened the gate.
    return result < 0 ? result : await_byte(gate);
}

// Tells the launcher of the sibling and gives it its maps; ends this process, whose part is done.
static void introduce(const struct machine *machine, const struct csandbox_operation *operation, uint32_t index, pid_t pid,
                      int pidfd, int gate) {
    const char *users = operation->text_a == CSANDBOX_NO_TEXT ? NULL : text(machine, operation->text_a);
    const char *groups = operation->text_b == CSANDBOX_NO_TEXT ? NULL : text(machine, operation->text_b);
    struct csandbox_report report = {CSANDBOX_SIBLING, index, 0, (uint32_t)pid};
    csandbox_send(machine->report, &report, pidfd);
    int error = csandbox_write_maps(pid, users, groups);
    if (write(gate, &error, sizeof error) < 0) _exit(FAILED_STATUS);
    _exit(0);
}

// The sibling goes on when the launcher knows of it: its first report must not come before the one that names it.
static int fork_sibling(struct machine *machine, const struct csandbox_operation *operation, uint32_t index) {
    int pidfd = -1, gate[2];
    if (pipe2(gate, O_CLOEXEC) < 0) return -errno;
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = CLONE_PARENT | CLONE_PIDFD | operation->x;
    arguments.pidfd = (uint64_t)(uintptr_t)&pidfd;
    long result = KERNEL(SYS_clone3, &arguments, sizeof arguments, 0, 0, 0);
    if (result < 0) return (int)result;
    if (result > 0) introduce(machine, operation, index, (pid_t)result, pidfd, gate[1]);
    close(gate[1]);
    int error = 0;
    ssize_t length;
    do length = read(gate[0], &error, sizeof error);
    while (length < 0 && errno == EINTR);
    if (length != sizeof error) _exit(FAILED_STATUS);
    close(gate[0]);
    return error;
}

static int fork_init(struct machine *machine) {
    // Signals that arrive before init listens wait for it; the child lets them through again.
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, NULL);
    // The program could find what init still has open of the host, and the command line of its launcher, in /proc/1: it waits
    // until init has closed everything, this pipe with it. Where a filter or a limit refuses the pipe it is not waited for.
    int closed[2] = {-1, -1};
    if (KERNEL(SYS_pipe2, closed, O_CLOEXEC, 0, 0, 0) < 0) closed[0] = closed[1] = -1;
    // Not clone3, which filters answer with ENOSYS because they cannot see its flags.
    long child = KERNEL(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        char none_comes;
        if (closed[1] >= 0) close(closed[1]);
        while (closed[0] >= 0 && read(closed[0], &none_comes, 1) < 0 && errno == EINTR) continue;
        if (closed[0] >= 0) close(closed[0]);
        // What a terminal sends goes to the program's group only: init would send it a second time.
        if (setpgid(0, 0) == 0) tcsetpgrp(STDIN_FILENO, getpgrp());
        sigprocmask(SIG_SETMASK, &none, NULL);
    }
    if (child <= 0) return (int)child;
    (void)machine;
    csandbox_init((pid_t)child);
}

static int descend(int directory, const char *path) {
    if ((directory == AT_FDCWD ? chdir(path) : fchdir(directory)) < 0) return -errno;
    // A directory of the host, entered through a leaked descriptor, has no path below this root.
    char current[4096];
    long length = KERNEL(SYS_getcwd, current, sizeof current, 0, 0, 0);
    if (length < 0) return (int)length;
    return current[0] == '/' ? 0 : -EXDEV;
}

static int vector(struct machine *machine, uint64_t vector, char **pointers) {
    const uint32_t *offsets = (const uint32_t *)(const void *)(machine->pool + (uint32_t)vector);
    uint32_t count = (uint32_t)(vector >> 32);
    for (uint32_t i = 0; i < count; i++) pointers[i] = machine->pool + offsets[i];
    pointers[count] = NULL;
    return (int)count;
}

int csandbox_exec(struct machine *machine, const struct csandbox_operation *operation) {
    char **arguments = (char **)(void *)(machine->pool + operation->text_b);
    char **environment = arguments + vector(machine, operation->x, arguments) + 1;
    vector(machine, operation->y, environment);
    const uint32_t *candidates = (const uint32_t *)(const void *)(machine->pool + (uint32_t)operation->z);
    uint32_t count = (uint32_t)(operation->z >> 32);
    // As execvp(3): a file that may not be run is what is told, unless a later folder has one that can.
    int result = -ENOENT;
    for (uint32_t i = 0; i < count; i++) {
        execve(machine->pool + candidates[i], arguments, environment);
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != ENAMETOOLONG) return -errno;
        if (errno == EACCES || result != -EACCES) result = errno == EACCES ? -EACCES : -ENOENT;
    }
    return result;
}

static int run(struct machine *machine, const struct csandbox_operation *operation, uint32_t index) {
    int a = operation->slot_a < CSANDBOX_SLOTS ? machine->slots[operation->slot_a] : AT_FDCWD;
    const struct csandbox_operation *o = operation;
    switch ((enum csandbox_code)o->code) {
    case CSANDBOX_OPEN:
        return keep(machine, o->slot_b, open_at(a, text(machine, o->text_a), o->x, o->y, o->z));
    case CSANDBOX_CLOSE:
        machine->slots[o->slot_a] = -1;
        return close(a) < 0 ? -errno : 0;
    case CSANDBOX_CLOEXEC:
        return (int)KERNEL(SYS_close_range, o->x, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0);
    case CSANDBOX_CHECK_TYPE:
        return check_type(a, o->x);
    case CSANDBOX_CHECK_DEVICE:
        return check_device(a, o->x);
    case CSANDBOX_SEND: {
        struct csandbox_report report = {CSANDBOX_DESCRIPTOR, index, 0, (uint32_t)o->x};
        return csandbox_send(machine->report, &report, a);
    }
    case CSANDBOX_CHOWN:
        return fchown(a, (uid_t)o->x, (gid_t)o->y) < 0 ? -errno : 0;
    case CSANDBOX_WRITE:
        return write_text(a, text(machine, o->text_a), text(machine, o->text_b), o->flags & CSANDBOX_IF_PRESENT);
    case CSANDBOX_MAKE_DIRECTORY:
        return mkdirat(a, text(machine, o->text_a), (mode_t)o->x) < 0 ? -errno : 0;
    case CSANDBOX_MAKE_NODE:
        return make_node(a, text(machine, o->text_a), o);
    case CSANDBOX_MAKE_LINK:
        return symlinkat(text(machine, o->text_a), a, text(machine, o->text_b)) < 0 ? -errno : 0;
    case CSANDBOX_TARGET:
        return csandbox_target(machine, o);
    case CSANDBOX_MASK:
        return csandbox_mask(machine, o);
    case CSANDBOX_READ_ONLY:
        return csandbox_read_only(machine, o);
    case CSANDBOX_PIVOT:
        return csandbox_pivot(machine, o);
    case CSANDBOX_PROPAGATION:
    case CSANDBOX_FSOPEN:
    case CSANDBOX_FSCONFIG:
    case CSANDBOX_FSMOUNT:
    case CSANDBOX_CLONE_TREE:
    case CSANDBOX_SET_ATTRIBUTES:
    case CSANDBOX_ATTACH:
        return csandbox_mount(machine, o);
    case CSANDBOX_UNSHARE:
        return (int)KERNEL(SYS_unshare, o->x, 0, 0, 0, 0);
    case CSANDBOX_SETNS:
        return (int)KERNEL(SYS_setns, a, o->x, 0, 0, 0);
    case CSANDBOX_READY: {
        struct csandbox_report report = {CSANDBOX_IS_READY, index, 0, 0};
        return csandbox_send(machine->report, &report, -1);
    }
    case CSANDBOX_AWAIT:
        return await_gate(machine, a);
    case CSANDBOX_FORK_SIBLING:
        return fork_sibling(machine, o, index);
    case CSANDBOX_FORK_INIT:
        return fork_init(machine);
    case CSANDBOX_OPEN_PTY:
        return csandbox_open_pty(machine, o);
    case CSANDBOX_TERMINAL:
        return ioctl(a, TIOCSCTTY, 0) < 0 ? -errno : 0;
    case CSANDBOX_STDIO:
        return standard_streams(machine, o);
    case CSANDBOX_OOM_SCORE: {
        char path[32];
        char *end = path + sizeof path;
        static const char name[] = "/oom_score_adj";
        end -= sizeof name;
        memcpy(end, name, sizeof name);
        // The number in this pid namespace, which is the one that the procfs shows.
        for (pid_t number = getpid(); number > 0; number /= 10) *--end = (char)('0' + number % 10);
        return write_text(a, end, text(machine, o->text_a), 0);
    }
    case CSANDBOX_DIRECTORY:
        return descend(slot(machine, o->slot_a), text(machine, o->text_a));
    case CSANDBOX_EXEC:
        return csandbox_exec(machine, o);
    default:
        return csandbox_identity(machine, o);
    }
}

void csandbox_interpret(const struct csandbox_header *header, const struct csandbox_operation *operations,
                        struct machine *machine) {
    for (uint32_t index = 0; index < header->operation_count; index++) {
        const struct csandbox_operation *operation = &operations[index];
        int result = run(machine, operation, index);
        if (result >= 0) continue;
        if (result == -ENOENT && operation->code == CSANDBOX_OPEN && operation->flags & CSANDBOX_IF_PRESENT) {
            index += operation->slot_c;
            continue;
        }
        struct csandbox_report report = {CSANDBOX_FAILED, index, -result, 0};
        csandbox_send(machine->report, &report, -1);
        _exit(FAILED_STATUS);
    }
    _exit(FAILED_STATUS);
}
