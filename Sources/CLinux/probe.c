// SPDX-License-Identifier: Apache-2.0
// Tries what the kernel can do, each in a child process that leaves nothing behind. The children call nothing that is not
// async-signal-safe, since the caller may have threads.
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

// Waits for a child that exits with an errno value, and gives it as -errno; -EINTR where a signal ended it.
static int end_of(pid_t pid) {
    int status;
    pid_t found;
    do found = waitpid(pid, &status, 0);
    while (found < 0 && errno == EINTR);
    if (found < 0) return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

// `/proc/<pid>/<name>`, without the functions of stdio.
static void path_of(char path[48], pid_t pid, const char *name) {
    char digits[12], *end = path;
    int count = 0;
    memcpy(end, "/proc/", 6);
    end += 6;
    do digits[count++] = (char)('0' + pid % 10);
    while (pid /= 10);
    while (count) *end++ = digits[--count];
    *end++ = '/';
    strcpy(end, name);
}

static int user_namespace(void) { return unshare(CLONE_NEWUSER) ? errno : 0; }

// Mounts an overlay of the folders lower, upper and work below the current one, writes a file into it and removes one of
// the lower folder, which makes a whiteout.
static int overlay(void) {
    if (unshare(CLONE_NEWNS)) return errno;
    if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL)) return errno;
    if (mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work")) return errno;
    int file = open("merged/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    return unlink("merged/old") ? errno : 0;
}

// Maps the ids of a detached copy of the mount that the current folder is on.
static int id_mapped_mount(void) {
    int go[2];
    if (pipe2(go, O_CLOEXEC)) return errno;
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER)) _exit(errno);
        if (write(go[1], "1", 1) != 1) _exit(errno);
        close(go[1]);
        for (;;) pause();
    }
    close(go[1]);
    char byte, path[48];
    int result = 0, namespace = -1, tree = -1;
    // The end of the child closes the pipe as well.
    if (read(go[0], &byte, 1) != 1) result = EPERM;
    static const char *const maps[] = {"gid_map", "uid_map"};
    for (int i = 0; i < 2 && !result; i++) {
        path_of(path, pid, maps[i]);
        int map = open(path, O_WRONLY | O_CLOEXEC);
        if (map < 0 || write(map, "0 100000 1\n", 11) != 11) result = errno;
        if (map >= 0) close(map);
    }
    if (!result) {
        path_of(path, pid, "ns/user");
        namespace = open(path, O_RDONLY | O_CLOEXEC);
        if (namespace < 0) result = errno;
    }
    if (!result) {
        tree = clinux_open_tree(AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
        if (tree < 0) result = -tree;
    }
    if (!result) {
        int answer = clinux_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_IDMAP, 0, 0, namespace);
        if (answer < 0) result = -answer;
    }
    kill(pid, SIGKILL);
    end_of(pid);
    return result;
}

static int seccomp_filter(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) ? errno : 0;
}

static int landlock(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) return errno;
    // Before version 2 no hard link can be made across folders.
    return version < 2 ? EOPNOTSUPP : 0;
}

static int executable_memory(void) {
    int file = (int)syscall(SYS_memfd_create, "probe", MFD_CLOEXEC | MFD_EXEC);
    // Before Linux 6.3 nobody could forbid it, and the flag is unknown.
    if (file < 0 && errno == EINVAL) file = (int)syscall(SYS_memfd_create, "probe", MFD_CLOEXEC);
    return file < 0 ? errno : 0;
}

// Clones into the control group that is the current folder.
static int clone_into_group(void) {
    int group = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (group < 0) return errno;
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = (uint64_t)group;
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) return errno;
    if (pid == 0) _exit(0);
    return -end_of(pid);
}

// The end of a process whose parent has forgotten it.
static int kept_exit_status(void) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) _exit(7);
    int process = clinux_pidfd_open(pid, 0);
    end_of(pid);
    if (process < 0) return -process;
    struct clinux_exit end;
    int answer = clinux_pidfd_exit_status(process, &end);
    if (answer < 0) return -answer;
    return !end.is_signal && end.status == 7 ? 0 : ENODATA;
}

int clinux_probe(int feature, const char *folder) {
    pid_t pid = fork();
    if (pid < 0) return -errno;
    if (pid > 0) return end_of(pid);
    if (chdir(folder)) _exit(errno);
    switch (feature) {
        case CLINUX_PROBE_USER_NAMESPACE: _exit(user_namespace());
        case CLINUX_PROBE_OVERLAY: _exit(overlay());
        case CLINUX_PROBE_ID_MAPPED_MOUNT: _exit(id_mapped_mount());
        case CLINUX_PROBE_SECCOMP: _exit(seccomp_filter());
        case CLINUX_PROBE_LANDLOCK: _exit(landlock());
        case CLINUX_PROBE_EXECUTABLE_MEMORY: _exit(executable_memory());
        case CLINUX_PROBE_CLONE_INTO_GROUP: _exit(clone_into_group());
        case CLINUX_PROBE_KEPT_EXIT_STATUS: _exit(kept_exit_status());
        default: _exit(ENOSYS);
    }
}
