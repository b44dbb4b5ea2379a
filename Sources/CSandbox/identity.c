// SPDX-License-Identifier: Apache-2.0
//
// Who the process is and what it may do: names, limits, groups, ids, capabilities, filters.
#define _GNU_SOURCE
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "interpreter.h"

static int control(int option, unsigned long value) {
    return (int)KERNEL(SYS_prctl, option, value, 0, 0, 0);
}

static int install_filter(const char *bytes, uint64_t size, uint64_t flags) {
    struct sock_fprog program = {
        .len = (unsigned short)(size / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(uintptr_t)bytes,
    };
    if (size % sizeof(struct sock_filter) || size / sizeof(struct sock_filter) > BPF_MAXINSNS) return -EINVAL;
    return (int)KERNEL(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program, 0, 0);
}

static int limit_bounding_set(uint64_t allowed) {
    for (unsigned long capability = 0; capability < 64; capability++) {
        if (allowed >> capability & 1) continue;
        // The kernel's last capability is found by asking.
        int present = control(PR_CAPBSET_READ, capability);
        if (present == -EINVAL) return 0;
        if (present < 0) return present;
        int result = present ? control(PR_CAPBSET_DROP, capability) : 0;
        if (result < 0) return result;
    }
    return 0;
}

static int become(uid_t user, gid_t group) {
    int result = control(PR_SET_KEEPCAPS, 1);
    if (result == 0) result = (int)KERNEL(SYS_setresgid, group, group, group, 0, 0);
    if (result == 0) result = (int)KERNEL(SYS_setresuid, user, user, user, 0, 0);
    return result;
}

static int set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };
    return (int)KERNEL(SYS_capset, &header, data, 0, 0, 0);
}

static int set_ambient(uint64_t capabilities) {
    int result = (int)KERNEL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long capability = 0; capability < 64 && result == 0; capability++)
        if (capabilities >> capability & 1)
            result = (int)KERNEL(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    return result;
}

static int join_keyring(void) {
    long result = KERNEL(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
    // Keys count against the quota of the host's user, and a kernel may have none.
    return result >= 0 || result == -EDQUOT || result == -ENOSYS || result == -EPERM ? 0 : (int)result;
}

int csandbox_identity(struct machine *machine, const struct csandbox_operation *operation) {
    const struct csandbox_operation *o = operation;
    const char *first = text(machine, o->text_a);
    switch ((enum csandbox_code)o->code) {
    case CSANDBOX_HOSTNAME:
        return (int)KERNEL(SYS_sethostname, first, strlen(first), 0, 0, 0);
    case CSANDBOX_DOMAINNAME:
        return (int)KERNEL(SYS_setdomainname, first, strlen(first), 0, 0, 0);
    case CSANDBOX_SESSION:
        return setsid() < 0 ? -errno : 0;
    case CSANDBOX_KEYRING:
        return join_keyring();
    case CSANDBOX_LIMIT: {
        struct rlimit64 limit = {o->y, o->z};
        return (int)KERNEL(SYS_prlimit64, 0, o->x, &limit, NULL, 0);
    }
    case CSANDBOX_PERSONALITY:
        return (int)KERNEL(SYS_personality, o->x, 0, 0, 0, 0);
    case CSANDBOX_UMASK:
        umask((mode_t)o->x);
        return 0;
    case CSANDBOX_NO_NEW_PRIVILEGES:
        return control(PR_SET_NO_NEW_PRIVS, 1);
    case CSANDBOX_SECCOMP:
        return install_filter(first, o->x, o->y);
    case CSANDBOX_BOUNDING:
        return limit_bounding_set(o->x);
    case CSANDBOX_GROUPS:
        return (int)KERNEL(SYS_setgroups, o->x, first, 0, 0, 0);
    case CSANDBOX_IDS:
        return become((uid_t)o->x, (gid_t)o->y);
    case CSANDBOX_CAPABILITIES:
        return set_capabilities(o->x, o->y, o->z);
    case CSANDBOX_AMBIENT:
        return set_ambient(o->x);
    case CSANDBOX_DEATH_SIGNAL:
        return control(PR_SET_PDEATHSIG, o->x);
    default:
        return -ENOSYS;
    }
}
