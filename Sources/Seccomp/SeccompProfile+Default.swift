// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension SeccompProfile {
    /// What a container may call that asks for nothing else: what Docker allows.
    ///
    /// Everything that is not here fails with `EPERM`; what is newer than every name here with `ENOSYS`, so that C
    /// libraries fall back (``SeccompFilter``). Namespaces, mounts, modules, clocks and the like open up with the
    /// capability that the kernel asks for them.
    package static let standard: SeccompProfile = {
        var profile = SeccompProfile(defaultAction: .errno, defaultErrno: UInt16(EPERM))
        profile.architectureMap = [
            ArchitectureMap(native: "SCMP_ARCH_X86_64", others: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
            ArchitectureMap(native: "SCMP_ARCH_AARCH64", others: ["SCMP_ARCH_ARM"]),
        ]
        profile.rules = [Rule(unconditional.flatMap(\.self))]
        profile.rules += [sinceKernel] + sockets + personalities + byArchitecture + byCapability + clones
        return profile
    }()

    /// Tracing was a way around seccomp before Linux 4.8.
    private static var sinceKernel: Rule {
        var rule = Rule(["process_vm_readv", "process_vm_writev", "ptrace"])
        rule.includes.minimumKernel = KernelRelease(major: 4, minor: 8)
        return rule
    }

    /// Every family but `AF_ALG`, whose kernel code was the way out of CVE-2026-31431, and `AF_VSOCK`, which talks to
    /// the hypervisor.
    private static var sockets: [Rule] {
        let (algorithms, hypervisor): (UInt64, UInt64) = (38, 40)
        return [
            Argument(0, .less, algorithms), Argument(0, .equal, algorithms + 1), Argument(0, .greater, hypervisor),
        ].map { with(Rule(["socket"]), $0) }
    }

    /// `PER_LINUX` and `PER_LINUX32`, each alone and with `UNAME26`; all bits ask for the current one.
    private static var personalities: [Rule] {
        [0, 8, 0x20000, 0x20008, 0xffff_ffff].map { with(Rule(["personality"]), Argument(0, .equal, $0)) }
    }

    private static var byArchitecture: [Rule] {
        let groups: [([String], [String])] = [
            (["amd64", "x32"], ["arch_prctl"]),
            (["amd64", "x32", "x86"], ["modify_ldt"]),
            (
                ["arm", "arm64"],
                ["arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls", "sync_file_range2"]
            ),
        ]
        return groups.map { architectures, names in
            var rule = Rule(names)
            rule.includes.architectures = architectures
            return rule
        }
    }

    private static var byCapability: [Rule] {
        let groups: [(Capability, [String])] = [
            (.bpf, ["bpf"]),
            (.dacReadSearch, ["open_by_handle_at"]),
            (.perfmon, ["perf_event_open"]),
            (
                .sysAdmin,
                [
                    "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
                    "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "mount",
                    "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl", "quotactl_fd",
                    "setdomainname", "sethostname", "setns", "syslog", "umount", "umount2", "unshare",
                ]
            ),
            (.sysBoot, ["reboot"]),
            (.sysChroot, ["chroot"]),
            (.sysModule, ["delete_module", "finit_module", "init_module"]),
            (.sysNice, ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"]),
            (.sysPacct, ["acct"]),
            (
                .sysPtrace,
                ["kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"]
            ),
            (.sysRawio, ["ioperm", "iopl"]),
            (.sysTime, ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
            (.sysTtyConfig, ["vhangup"]),
            (.syslog, ["syslog"]),
        ]
        return groups.map { capability, names in
            var rule = Rule(names)
            rule.includes.capabilities = [capability.name]
            return rule
        }
    }

    /// Without `CAP_SYS_ADMIN` no clone may make a namespace; clone3 hides its flags in memory, so C libraries are
    /// told that there is none and use clone.
    private static var clones: [Rule] {
        var clone = with(Rule(["clone"]), Argument(0, .maskedEqual, 0x7e02_0000))
        clone.excludes.capabilities = [Capability.sysAdmin.name]
        var clone3 = Rule(["clone3"], .errno, errno: UInt16(ENOSYS))
        clone3.excludes = clone.excludes
        return [clone, clone3]
    }

    private static func with(_ rule: Rule, _ argument: Argument) -> Rule {
        var rule = rule
        rule.arguments = [argument]
        return rule
    }
}

/// What every container may call, by what it is about; the variants of 32-bit architectures stand by their calls.
private let unconditional: [[String]] = [
    // Files by path.
    [
        "access", "chdir", "chmod", "chown", "chown32", "creat", "faccessat", "faccessat2", "fchdir", "fchmodat",
        "fchmodat2", "fchownat", "fstatat64", "futimesat", "getcwd", "lchown", "lchown32", "link", "linkat", "lstat",
        "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat",
        "openat2", "readlink", "readlinkat", "rename", "renameat", "renameat2", "rmdir", "stat", "stat64", "statx",
        "symlink", "symlinkat", "truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat",
        "utimensat_time64", "utimes",
    ],
    // Open files.
    [
        "_llseek", "cachestat", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3", "fadvise64",
        "fadvise64_64", "fallocate", "fchmod", "fchown", "fchown32", "fcntl", "fcntl64", "fdatasync", "flock", "fstat",
        "fstat64", "fsync", "ftruncate", "ftruncate64", "getdents", "getdents64", "ioctl", "lseek", "pipe", "pipe2",
        "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readv", "sendfile",
        "sendfile64", "splice", "sync", "sync_file_range", "syncfs", "tee", "vmsplice", "write", "writev",
    ],
    // File systems and extended attributes.
    [
        "fgetxattr", "flistxattr", "fremovexattr", "fsetxattr", "fstatfs", "fstatfs64", "getxattr", "getxattrat",
        "lgetxattr", "listmount", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lsetxattr", "removexattr",
        "removexattrat", "setxattr", "setxattrat", "statfs", "statfs64", "statmount",
    ],
    // Waiting for files: multiplexing, events, timers, asynchronous I/O.
    [
        "_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2",
        "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "fanotify_mark", "inotify_add_watch", "inotify_init",
        "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
        "io_pgetevents_time64", "io_setup", "io_submit", "poll", "ppoll", "ppoll_time64", "pselect6",
        "pselect6_time64", "select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime",
        "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
    ],
    // Memory.
    [
        "brk", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock",
        "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall",
        "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_mrelease", "remap_file_pages",
    ],
    // Processes, threads and what they know of themselves.
    [
        "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "get_robust_list", "get_thread_area",
        "getcpu", "getpgid", "getpgrp", "getpid", "getppid", "getrandom", "getrlimit", "getrusage", "getsid", "gettid",
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "pidfd_open", "pidfd_send_signal",
        "prctl", "prlimit64", "riscv_hwprobe", "rseq", "seccomp", "set_robust_list", "set_thread_area",
        "set_tid_address", "setpgid", "setrlimit", "setsid", "sysinfo", "times", "ugetrlimit", "uname", "uretprobe",
        "vfork", "wait4", "waitid", "waitpid",
    ],
    // Users and groups.
    [
        "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getresgid",
        "getresgid32", "getresuid", "getresuid32", "getuid", "getuid32", "setfsgid", "setfsgid32", "setfsuid",
        "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setregid", "setregid32", "setresgid",
        "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setuid", "setuid32",
    ],
    // Signals.
    [
        "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
        "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo",
        "sigaltstack", "sigprocmask", "sigreturn", "tgkill", "tkill",
    ],
    // Time and scheduling.
    [
        "adjtimex", "alarm", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
        "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer", "getpriority",
        "gettimeofday", "ioprio_get", "ioprio_set", "nanosleep", "sched_get_priority_max", "sched_get_priority_min",
        "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
        "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
        "sched_yield", "setitimer", "setpriority", "time", "timer_create", "timer_delete", "timer_getoverrun",
        "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
    ],
    // Sockets; socket itself goes by the family.
    [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
        "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt",
        "shutdown", "socketcall", "socketpair",
    ],
    // Queues, semaphores, shared memory, futexes.
    [
        "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "ipc", "mq_getsetattr",
        "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
        "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop",
        "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
    ],
]
