// SPDX-License-Identifier: Apache-2.0
//
// Mounts, with descriptors only: a path is walked once, inside a root, and what was found is what is used.
#define _GNU_SOURCE
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "interpreter.h"

#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define ONE_STEP (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define RECURSIVE 0x8000u  // AT_RECURSIVE
#define LONGEST_PATH 4096

static int clone_tree(int directory, const char *path, int recursive) {
    unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? RECURSIVE : 0);
    if (*path == 0) flags |= AT_EMPTY_PATH;
    return (int)KERNEL(SYS_open_tree, directory, path, flags, 0, 0);
}

static int attach(int tree, int place) {
    return (int)KERNEL(SYS_move_mount, tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static int set_attributes(int tree, unsigned int flags, struct mount_attr *attributes) {
    return (int)KERNEL(SYS_mount_setattr, tree, "", flags | AT_EMPTY_PATH, attributes, sizeof *attributes);
}

// Opens the next directory of a walk, or makes it; each step starts at what the step before really found.
static int enter(int root, int current, const char *walked, const char *name, uint64_t resolve) {
    int next = open_at(root, walked, O_PATH | O_DIRECTORY, 0, resolve);
    if (next != -ENOENT) return next;
    if (mkdirat(current, name, 0755) < 0) {
        // A link that leads nowhere: what it names is not ours to make.
        return errno == EEXIST ? -ELOOP : -errno;
    }
    return open_at(current, name, O_PATH | O_DIRECTORY, 0, ONE_STEP);
}

static int make_file(int directory, const char *name) {
    int file = open_at(directory, name, O_CREAT | O_EXCL | O_WRONLY, 0644, ONE_STEP);
    if (file < 0) return file == -EEXIST ? -ELOOP : file;
    close(file);
    return open_at(directory, name, O_PATH, 0, ONE_STEP);
}

// Walks to a place below a root and makes what is missing of it.
static int make_place(int root, const char *path, int is_file, uint64_t resolve) {
    char walked[LONGEST_PATH];
    size_t length = strlen(path);
    if (length >= sizeof walked) return -ENAMETOOLONG;
    int current = open_at(root, ".", O_PATH | O_DIRECTORY, 0, IN_ROOT);
    size_t start = 0;
    while (current >= 0) {
        while (path[start] == '/') start++;
        size_t end = start;
        while (path[end] && path[end] != '/') end++;
        if (end == start) return current;
        memcpy(walked, path, end);
        walked[end] = 0;
        int is_last = path[end + strspn(path + end, "/")] == 0;
        int next = is_last && is_file ? make_file(current, walked + start)
                                      : enter(root, current, walked, walked + start, resolve);
        close(current);
        current = next;
        start = end;
    }
    return current;
}

int csandbox_target(struct machine *machine, const struct csandbox_operation *operation) {
    int root = slot(machine, operation->slot_a);
    const char *path = text(machine, operation->text_a);
    uint64_t resolve = operation->flags & CSANDBOX_NO_LINKS ? IN_ROOT | RESOLVE_NO_SYMLINKS : IN_ROOT;
    int place = open_at(root, path, O_PATH, 0, resolve);
    if (place == -ENOENT) place = make_place(root, path, operation->x == CSANDBOX_TARGET_FILE, resolve);
    if (place < 0) return place;
    // A mount over a part of a procfs could feign it to whoever trusts it later.
    struct statfs status;
    if (!(operation->flags & CSANDBOX_ALLOW_PROC) && fstatfs(place, &status) == 0 && status.f_type == PROC_SUPER_MAGIC) {
        close(place);
        return -EPERM;
    }
    return keep(machine, operation->slot_b, place);
}

int csandbox_mask(struct machine *machine, const struct csandbox_operation *operation) {
    int place = open_at(slot(machine, operation->slot_a), text(machine, operation->text_a), O_PATH, 0, IN_ROOT);
    if (place == -ENOENT && operation->flags & CSANDBOX_IF_PRESENT) return 0;
    if (place < 0) return place;
    struct stat status;
    int result = fstat(place, &status) < 0 ? -errno : 0;
    if (result == 0) {
        int cover = clone_tree(slot(machine, S_ISDIR(status.st_mode) ? operation->slot_b : operation->slot_c), "", 0);
        result = cover < 0 ? cover : attach(cover, place);
        if (cover >= 0) close(cover);
    }
    close(place);
    return result;
}

int csandbox_read_only(struct machine *machine, const struct csandbox_operation *operation) {
    int place = open_at(slot(machine, operation->slot_a), text(machine, operation->text_a), O_PATH, 0, IN_ROOT);
    if (place == -ENOENT && operation->flags & CSANDBOX_IF_PRESENT) return 0;
    if (place < 0) return place;
    int tree = clone_tree(place, "", 1);
    int result = tree;
    if (tree >= 0) {
        struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
        result = set_attributes(tree, RECURSIVE, &attributes);
        if (result == 0) result = attach(tree, place);
        close(tree);
    }
    close(place);
    return result;
}

int csandbox_pivot(struct machine *machine, const struct csandbox_operation *operation) {
    if (fchdir(slot(machine, operation->slot_a)) < 0) return -errno;
    long result = KERNEL(SYS_pivot_root, ".", ".", 0, 0, 0);
    if (result < 0) return (int)result;
    // The old root now lies over the new one, and is private as CSANDBOX_PROPAGATION left it.
    if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return -errno;
    return 0;
}

static int configure(struct machine *machine, const struct csandbox_operation *operation) {
    int context = slot(machine, operation->slot_a);
    const char *key = text(machine, operation->text_a);
    if (operation->slot_b != CSANDBOX_NO_SLOT)
        return (int)KERNEL(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, slot(machine, operation->slot_b));
    if (operation->text_b != CSANDBOX_NO_TEXT)
        return (int)KERNEL(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, text(machine, operation->text_b), 0);
    return (int)KERNEL(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
}

static int create(struct machine *machine, const struct csandbox_operation *operation) {
    int context = slot(machine, operation->slot_a);
    long result = KERNEL(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result == 0) result = KERNEL(SYS_fsmount, context, FSMOUNT_CLOEXEC, operation->x, 0, 0);
    close(context);
    machine->slots[operation->slot_a] = -1;
    return keep(machine, operation->slot_b, result);
}

int csandbox_mount(struct machine *machine, const struct csandbox_operation *operation) {
    int a = slot(machine, operation->slot_a);
    switch (operation->code) {
    case CSANDBOX_PROPAGATION:
        return mount(NULL, "/", NULL, (unsigned long)operation->x, NULL) < 0 ? -errno : 0;
    case CSANDBOX_FSOPEN:
        return keep(machine, operation->slot_b,
                    KERNEL(SYS_fsopen, text(machine, operation->text_a), FSOPEN_CLOEXEC, 0, 0, 0));
    case CSANDBOX_FSCONFIG:
        return configure(machine, operation);
    case CSANDBOX_FSMOUNT:
        return create(machine, operation);
    case CSANDBOX_CLONE_TREE:
        return keep(machine, operation->slot_b, clone_tree(a, text(machine, operation->text_a), operation->x != 0));
    case CSANDBOX_SET_ATTRIBUTES: {
        struct mount_attr attributes = {.attr_set = operation->x, .attr_clr = operation->y, .propagation = operation->z};
        if (operation->slot_b != CSANDBOX_NO_SLOT) attributes.userns_fd = (uint64_t)slot(machine, operation->slot_b);
        return set_attributes(a, operation->flags & CSANDBOX_RECURSIVE ? RECURSIVE : 0, &attributes);
    }
    case CSANDBOX_ATTACH:
        return attach(a, slot(machine, operation->slot_b));
    default:
        return -ENOSYS;
    }
}
