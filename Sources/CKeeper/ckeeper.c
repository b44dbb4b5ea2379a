// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ckeeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CKEEPER_NONBLOCKING == SOCK_NONBLOCK, "socket(2)");
_Static_assert(CKEEPER_DONT_WAIT == MSG_DONTWAIT, "recv(2)");
_Static_assert(CKEEPER_WAIT_ENDED == (WEXITED | WNOHANG), "waitid(2)");

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define LARGEST_PLAN (16u << 20)
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

static int argument_count;
static char **arguments;

// The C library hands the command line to constructors as well.
__attribute__((constructor)) static void keep_arguments(int count, char **vector) {
    argument_count = count;
    arguments = vector;
}

const char *ckeeper_argument(int index) { return index < argument_count ? arguments[index] : NULL; }

static int or_error(long result) { return result < 0 ? -errno : (int)result; }

static int sealed_copy(int executable) {
    struct stat status;
    if (fstat(executable, &status) < 0) return -errno;
    // Kernels before 6.3 do not know MFD_EXEC, and make every memfd executable.
    int copy = memfd_create("wharf-keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0 && errno == EINVAL) copy = memfd_create("wharf-keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) return -errno;
    off_t done = 0;
    while (done < status.st_size) {
        ssize_t sent = sendfile(copy, executable, &done, (size_t)(status.st_size - done));
        if (sent > 0 || (sent < 0 && errno == EINTR)) continue;
        int error = sent < 0 ? -errno : -EIO;
        close(copy);
        return error;
    }
    if (fcntl(copy, F_ADD_SEALS, SEALS) == 0) return copy;
    int error = -errno;
    close(copy);
    return error;
}

int ckeeper_run_sealed(void) {
    int executable = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (executable < 0) return -errno;
    int seals = fcntl(executable, F_GET_SEALS);
    int copy = seals >= 0 && (seals & SEALS) == SEALS ? 0 : sealed_copy(executable);
    close(executable);
    if (copy == 0) close_range(3, ~0U, 0);
    if (copy <= 0) return copy;
    extern char **environ;
    fexecve(copy, arguments, environ);
    int error = -errno;
    close(copy);
    return error;
}

// The mounts of a keeper: a read-only tmpfs with /dev/null and /proc of the host, and a sysfs, without which the kernel
// lets nobody mount one in a user namespace.
static int fill_root(void) {
    if (mkdir("proc", 0555) < 0 || mkdir("dev", 0555) < 0 || mkdir("sys", 0555) < 0) return -errno;
    int null = open("dev/null", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    if (null < 0) return -errno;
    close(null);
    if (mount("/dev/null", "dev/null", NULL, MS_BIND, NULL) < 0) return -errno;
    if (mount("/proc", "proc", NULL, MS_BIND, NULL) < 0) return -errno;
    if (mount("sysfs", "sys", "sysfs", 0, NULL) < 0) return -errno;
    return or_error(mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL));
}

int ckeeper_detach(void) {
    // A leader of a process group cannot leave its session: then the end of the terminal must not end it.
    setsid();
    signal(SIGHUP, SIG_IGN);
    umask(0);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (unshare(CLONE_NEWNS) < 0) return -errno;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -errno;
    // Any directory does as the place of the new root; /proc is one that every host has.
    if (mount("wharf-keeper", "/sys", "tmpfs", MS_NOSUID, "size=64k,mode=755") < 0) return -errno;
    if (chdir("/sys") < 0) return -errno;
    int result = fill_root();
    if (result < 0) return result;
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0) return -errno;
    return or_error(chdir("/"));
}

int ckeeper_announce(void) {
    static const char text[] = "ready\n";
    if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) return -errno;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return -errno;
    int result = or_error(dup2(null, STDIN_FILENO));
    if (result >= 0) result = or_error(dup2(null, STDOUT_FILENO));
    close(null);
    return result < 0 ? result : 0;
}

int ckeeper_watch_children(void) {
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &ended, NULL) < 0) return -errno;
    return or_error(signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
}

void ckeeper_drain(int descriptor) {
    struct signalfd_siginfo infos[8];
    while (read(descriptor, infos, sizeof infos) > 0) continue;
}

pid_t ckeeper_ended_child(void) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? 0 : info.si_pid;
}

void ckeeper_reap(pid_t child) {
    while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR) continue;
}

// Whether the plan goes on in a sibling. The plan has been checked.
static int has_sibling(const void *plan) {
    const struct csandbox_header *header = plan;
    const struct csandbox_operation *operations = (const void *)(header + 1);
    for (uint32_t i = 0; i < header->operation_count; i++)
        if (operations[i].code == CSANDBOX_FORK_SIBLING) return 1;
    return 0;
}

// A private copy: what was checked must be what is run, whatever the sender does to the file.
static void *copy_plan(int plan, uint32_t count, size_t most, size_t *size, int *result) {
    struct stat status;
    *result = -EINVAL;
    if (fstat(plan, &status) < 0) return NULL;
    *size = (size_t)status.st_size;
    if (status.st_size <= 0 || *size > most) return NULL;
    void *copy = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) {
        *result = -errno;
        return NULL;
    }
    uint32_t fault;
    if (pread(plan, copy, *size, 0) == (ssize_t)*size && csandbox_check(copy, *size, &fault) == 0 &&
        ((const struct csandbox_header *)copy)->descriptor_count == count) {
        *result = 0;
        return copy;
    }
    munmap(copy, *size);
    return NULL;
}

int ckeeper_launch(int plan, const int *descriptors, uint32_t count, int *forks_sibling, struct csandbox_child *child) {
    size_t size;
    int result;
    void *copy = copy_plan(plan, count, LARGEST_PLAN, &size, &result);
    if (!copy) return result;
    *forks_sibling = has_sibling(copy);
    result = csandbox_launch(copy, size, descriptors, child);
    munmap(copy, size);
    return result;
}

void *ckeeper_copy_plan(int plan, uint32_t count, size_t most, size_t *size, int *result) {
    void *copy = copy_plan(plan, count, most, size, result);
    if (!copy || !has_sibling(copy)) return copy;
    munmap(copy, *size);
    *result = -EINVAL;
    return NULL;
}

void ckeeper_free_plan(void *plan, size_t size) {
    if (plan) munmap(plan, size);
}

int ckeeper_is_process(int descriptor) {
    // What belongs to somebody else or has ended is a process as well.
    return syscall(SYS_pidfd_send_signal, descriptor, 0, NULL, 0) == 0 || errno == ESRCH || errno == EPERM;
}

int ckeeper_has_ended(int pidfd) {
    struct pollfd request = {.fd = pidfd, .events = POLLIN};
    return poll(&request, 1, 0) > 0;
}

uint64_t ckeeper_steady_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void ckeeper_discard(struct csandbox_child *child) {
    kill(child->pid, SIGKILL);
    ckeeper_reap(child->pid);
    close(child->pidfd);
    close(child->report);
}

void ckeeper_close(int descriptor) {
    if (descriptor >= 0) close(descriptor);
}

uid_t ckeeper_user(void) { return geteuid(); }

pid_t ckeeper_pid(void) { return getpid(); }

void ckeeper_write_error(const uint8_t *bytes, size_t size) {
    ssize_t written = write(STDERR_FILENO, bytes, size);
    (void)written;
}

void ckeeper_exit(int status) { _exit(status); }
