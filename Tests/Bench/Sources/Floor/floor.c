// SPDX-License-Identifier: Apache-2.0
//
// The least that a container costs: a plain C program that makes the system calls of `wharf`'s runtime for one container,
// with nothing decided, checked or reported. Prints the nanoseconds from before the first to after the last call.
//
//     bench-floor DIRECTORY COUNT [FILTER]
//
// DIRECTORY holds `image`, a root with busybox. FILTER is a file with a compiled seccomp filter.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>
#include <grp.h>
#include <dirent.h>

#define MOST_GROUPS 16
#define PLAIN (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static struct sock_filter filter[BPF_MAXINSNS];
static unsigned short filter_length;
static char groups[MOST_GROUPS][128];
static int group_count;

static void must(long result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "bench-floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void find_groups(void) {
    struct dirent *entry;
    DIR *folder = opendir("/sys/fs/cgroup");
    while (folder && (entry = readdir(folder)) && group_count < MOST_GROUPS) {
        char path[PATH_MAX];
        struct stat link;
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", entry->d_name);
        if (access(path, W_OK) != 0 || entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s", entry->d_name);
        if (lstat(path, &link) == 0 && S_ISDIR(link.st_mode) && strcmp(entry->d_name, "systemd") != 0)
            snprintf(groups[group_count++], sizeof groups[0], "%s", path);
    }
    if (folder) closedir(folder);
}

static int new_mount(const char *type, const char *const options[][2], unsigned int attributes) {
    int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    must(context, type);
    for (int i = 0; options && options[i][0]; i++)
        must(syscall(SYS_fsconfig, context, options[i][1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[i][0],
                     options[i][1], 0), options[i][0]);
    must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
    int tree = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
    must(tree, type);
    close(context);
    return tree;
}

static void attach(int tree, int root, const char *path) {
    int place = openat(root, path, O_PATH | O_CLOEXEC);
    if (place < 0) {
        must(mkdirat(root, path, 0755), path);
        place = openat(root, path, O_PATH | O_CLOEXEC);
    }
    must(syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), path);
    close(place);
}

static void cover(int root, const char *path, int source) {
    int place = openat(root, path, O_PATH | O_CLOEXEC);
    if (place < 0) return;
    int tree = (int)syscall(SYS_open_tree, source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    must(tree, path);
    must(syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), path);
    close(tree);
    close(place);
}

static void make_read_only(int root, const char *path) {
    int place = openat(root, path, O_PATH | O_CLOEXEC);
    if (place < 0) return;
    int tree = (int)syscall(SYS_open_tree, place, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    must(tree, path);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    must(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes), path);
    must(syscall(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), path);
    close(tree);
    close(place);
}

static void fill_dev(int dev) {
    static const struct {
        const char *name;
        unsigned int major, minor;
    } nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"/proc/self/fd", "fd"}, {"/proc/self/fd/0", "stdin"},
        {"/proc/self/fd/1", "stdout"}, {"/proc/self/fd/2", "stderr"}, {"pts/ptmx", "ptmx"}, {"/proc/kcore", "core"}};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        must(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) must(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
}

static void mount_groups(int root) {
    int folder = new_mount("tmpfs", (const char *const[][2]){{"mode", "755"}, {NULL, NULL}}, 0);
    int names = 0;
    for (int i = 0; i < group_count; i++) {
        const char *name = strrchr(groups[i], '/') + 1;
        if (strcmp(name, "unified") == 0) continue;
        must(mkdirat(folder, name, 0755), name);
        names++;
    }
    attach(folder, root, "sys/fs/cgroup");
    for (int i = 0; i < group_count; i++) {
        const char *name = strrchr(groups[i], '/') + 1;
        if (strcmp(name, "unified") == 0) continue;
        int tree = new_mount("cgroup", (const char *const[][2]){{name, NULL}, {NULL, NULL}}, PLAIN | MOUNT_ATTR_RDONLY);
        attach(tree, folder, name);
        close(tree);
    }
    if (names == 0) attach(new_mount("cgroup2", NULL, PLAIN | MOUNT_ATTR_RDONLY), root, "sys/fs/cgroup");
    close(folder);
}

static void mount_all(int root) {
    static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
    static const char *const masked[] = {"proc/acpi", "proc/asound", "proc/interrupts", "proc/kcore", "proc/keys",
        "proc/latency_stats", "proc/sched_debug", "proc/scsi", "proc/timer_list", "proc/timer_stats", "sys/firmware",
        "sys/devices/virtual/powercap"};
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
    int stage = open("/", O_PATH | O_CLOEXEC);
    int null = open("/dev/null", O_PATH | O_CLOEXEC);
    int empty = new_mount("tmpfs", (const char *const[][2]){{"nr_blocks", "1"}, {"nr_inodes", "2"}, {NULL, NULL}}, MOUNT_ATTR_RDONLY);
    attach(empty, AT_FDCWD, "/proc");
    must(syscall(SYS_move_mount, root, "", stage, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), "root");
    int proc = new_mount("proc", NULL, PLAIN);
    attach(proc, root, "proc");
    int dev = new_mount("tmpfs", (const char *const[][2]){{"mode", "755"}, {"size", "65536k"}, {NULL, NULL}}, MOUNT_ATTR_NOSUID);
    fill_dev(dev);
    attach(dev, root, "dev");
    attach(new_mount("devpts", (const char *const[][2]){{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {NULL, NULL}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), root, "dev/pts");
    attach(new_mount("sysfs", NULL, PLAIN | MOUNT_ATTR_RDONLY), root, "sys");
    mount_groups(root);
    attach(new_mount("mqueue", NULL, PLAIN), root, "dev/mqueue");
    attach(new_mount("tmpfs", (const char *const[][2]){{"mode", "1777"}, {"size", "65536k"}, {NULL, NULL}}, PLAIN), root, "dev/shm");
    int setting = openat(proc, "sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);
    must(write(setting, "0", 1), "sysctl");
    close(setting);
    setting = openat(proc, "sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
    must(write(setting, "0 2147483647", 12), "sysctl");
    close(setting);
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) make_read_only(root, read_only[i]);
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
        struct stat status;
        if (fstatat(root, masked[i], &status, 0) == 0) cover(root, masked[i], S_ISDIR(status.st_mode) ? empty : null);
    }
}

static void become(void) {
    static const uint32_t allowed = 0xa80425fb;  // Docker's 14 capabilities.
    must(sethostname("box", 3), "sethostname");
    setsid();
    syscall(SYS_keyctl, 1, NULL);
    struct sock_fprog program = {filter_length, filter};
    if (filter_length) must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
    umask(022);
    for (unsigned long capability = 0; capability < 41; capability++)
        if (!(capability < 32 && allowed >> capability & 1) && prctl(PR_CAPBSET_READ, capability) == 1)
            must(prctl(PR_CAPBSET_DROP, capability), "capability");
    gid_t group = 0;
    must(setgroups(1, &group), "setgroups");
    must(setresgid(0, 0, 0), "setresgid");
    must(setresuid(0, 0, 0), "setresuid");
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{allowed, allowed, 0}, {0, 0, 0}};
    must(syscall(SYS_capset, &header, data), "capset");
    must(chdir("/"), "chdir");
}

static void child(int root, int gate) __attribute__((noreturn));
static void child(int root, int gate) {
    static char *const arguments[] = {"true", NULL}, *const environment[] = {"PATH=/bin", NULL};
    char byte;
    must(read(gate, &byte, 1), "gate");
    must(unshare(CLONE_NEWCGROUP), "unshare");
    mount_all(root);
    must(fchdir(root), "fchdir");
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "umount");
    must(chdir("/"), "chdir");
    become();
    must(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
    execve("/bin/true", arguments, environment);
    _exit(127);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// What every container may use: all nodes may be made, and those of /dev used.
static void allow_devices(const char *group) {
    static const char *const rules[] = {"b *:* m", "c *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
        "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"};
    char path[256];
    snprintf(path, sizeof path, "%s/wharf-floor/devices.deny", group);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    must(write(file, "a", 1), path);
    close(file);
    snprintf(path, sizeof path, "%s/wharf-floor/devices.allow", group);
    file = open(path, O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) must(write(file, rules[i], strlen(rules[i])), rules[i]);
    close(file);
}

static uint64_t run(void) {
    char path[256];
    int procs[MOST_GROUPS], unified = -1, gate[2], pidfd = -1;
    uint64_t start = now();
    must(mkdir("upper", 0755), "upper");
    must(mkdir("work", 0755), "work");
    for (int i = 0; i < group_count; i++) {
        snprintf(path, sizeof path, "%s/wharf-floor", groups[i]);
        must(mkdir(path, 0755), path);
        if (strcmp(strrchr(groups[i], '/') + 1, "unified") == 0) {
            unified = open(path, O_PATH | O_CLOEXEC);
            procs[i] = -1;
            continue;
        }
        if (strcmp(strrchr(groups[i], '/') + 1, "cpuset") == 0) {
            // A new group has no processors and no memory until it is given some.
            static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
            for (int f = 0; f < 2; f++) {
                char value[256];
                snprintf(path, sizeof path, "%s/%s", groups[i], files[f]);
                int file = open(path, O_RDONLY | O_CLOEXEC);
                ssize_t length = read(file, value, sizeof value);
                close(file);
                snprintf(path, sizeof path, "%s/wharf-floor/%s", groups[i], files[f]);
                file = open(path, O_WRONLY | O_CLOEXEC);
                must(write(file, value, (size_t)length), path);
                close(file);
            }
        }
        if (strcmp(strrchr(groups[i], '/') + 1, "devices") == 0) allow_devices(groups[i]);
        snprintf(path, sizeof path, "%s/wharf-floor/cgroup.procs", groups[i]);
        procs[i] = open(path, O_WRONLY | O_CLOEXEC);
    }
    // Nothing of a container that is removed at its end need come to the disk.
    int root = new_mount("overlay", (const char *const[][2]){{"lowerdir", "image"}, {"upperdir", "upper"}, {"workdir", "work"}, {"volatile", NULL}, {NULL, NULL}}, 0);
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gate), "socketpair");
    struct clone_args arguments = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    if (unified >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)unified;
    }
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    must(pid, "clone3");
    if (pid == 0) child(root, gate[1]);
    int length = snprintf(path, sizeof path, "%ld", pid);
    for (int i = 0; i < group_count; i++)
        if (procs[i] >= 0) must(write(procs[i], path, (size_t)length), groups[i]);
    must(write(gate[0], "", 1), "gate");
    siginfo_t info;
    must(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), "waitid");
    if (info.si_status != 0) exit(1);
    close(pidfd);
    close(gate[0]);
    close(gate[1]);
    close(root);
    if (unified >= 0) close(unified);
    for (int i = 0; i < group_count; i++) {
        if (procs[i] >= 0) close(procs[i]);
        snprintf(path, sizeof path, "%s/wharf-floor", groups[i]);
        must(rmdir(path), path);
    }
    must(unlink("work/work/incompat/volatile/dirty"), "dirty");
    must(rmdir("work/work/incompat/volatile"), "volatile");
    must(rmdir("work/work/incompat"), "incompat");
    must(rmdir("work/work"), "work");
    must(rmdir("work"), "work");
    // The container's mount points are all that it has left there.
    snprintf(path, sizeof path, "upper");
    DIR *upper = opendir(path);
    struct dirent *entry;
    while (upper && (entry = readdir(upper)))
        if (entry->d_name[0] != '.') unlinkat(dirfd(upper), entry->d_name, AT_REMOVEDIR);
    closedir(upper);
    must(rmdir("upper"), "upper");
    return now() - start;
}

int main(int count, char **arguments) {
    if (count < 3 || count > 4) return fprintf(stderr, "usage: bench-floor DIRECTORY COUNT [FILTER]\n"), 64;
    must(chdir(arguments[1]), arguments[1]);
    if (count == 4) {
        int file = open(arguments[3], O_RDONLY | O_CLOEXEC);
        must(file, arguments[3]);
        ssize_t size = read(file, filter, sizeof filter);
        must(size, arguments[3]);
        filter_length = (unsigned short)((size_t)size / sizeof *filter);
        close(file);
    }
    find_groups();
    for (long left = atol(arguments[2]); left > 0; left--) printf("%llu\n", (unsigned long long)run());
    return 0;
}
