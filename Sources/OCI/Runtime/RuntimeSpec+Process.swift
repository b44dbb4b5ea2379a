// SPDX-License-Identifier: Apache-2.0

extension RuntimeSpec {
    /// A program that runs in a container: its first, or one that joins it.
    package struct Process: Codable, Equatable, Sendable {
        /// Whether it gets a terminal as its standard streams.
        @OmittedWhenEmpty package var terminal: Bool
        /// The size of the terminal in characters.
        package var consoleSize: ConsoleSize?
        /// Who it runs as.
        package var user: User
        /// The program and its arguments; at least one to be run.
        @OmittedWhenEmpty package var args: [String]
        /// `NAME=value` pairs.
        @OmittedWhenEmpty package var env: [String]
        /// The working directory: an absolute path inside the container.
        package var cwd: String
        /// Nil: those of the runtime are kept.
        package var capabilities: Capabilities?
        /// Limits as setrlimit(2) takes them.
        @OmittedWhenEmpty package var rlimits: [ResourceLimit]
        /// Whether programs with set-user-id bits or file capabilities are run without them.
        @OmittedWhenEmpty package var noNewPrivileges: Bool
        @OmittedWhenEmpty package var apparmorProfile: String
        /// From -1000 (never killed) to 1000; nil leaves it as inherited.
        package var oomScoreAdj: Int?
        package var scheduler: Scheduler?
        @OmittedWhenEmpty package var selinuxLabel: String
        package var ioPriority: IOPriority?
        package var execCPUAffinity: ExecCPUAffinity?

        package init(args: [String] = [], cwd: String = "/", user: User = User()) {
            self.args = args
            self.cwd = cwd
            self.user = user
        }
    }

    /// The size of a terminal in characters.
    package struct ConsoleSize: Codable, Equatable, Sendable {
        package var height: UInt
        package var width: UInt

        package init(height: UInt, width: UInt) {
            self.height = height
            self.width = width
        }
    }

    /// The ids that a program runs as, numeric and inside the container.
    package struct User: Codable, Equatable, Sendable {
        package var uid: UInt32
        package var gid: UInt32
        /// The file mode creation mask; nil leaves it as inherited.
        package var umask: UInt32?
        @OmittedWhenEmpty package var additionalGids: [UInt32]

        package init(uid: UInt32 = 0, gid: UInt32 = 0, additionalGids: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.additionalGids = additionalGids
        }
    }

    /// Capabilities by name (`CAP_CHOWN`), one list for each set of capabilities(7).
    package struct Capabilities: Codable, Equatable, Sendable {
        @OmittedWhenEmpty package var bounding: [String]
        @OmittedWhenEmpty package var effective: [String]
        @OmittedWhenEmpty package var inheritable: [String]
        @OmittedWhenEmpty package var permitted: [String]
        @OmittedWhenEmpty package var ambient: [String]

        package init() {}
    }

    /// A limit as setrlimit(2) takes it.
    package struct ResourceLimit: Codable, Equatable, Sendable {
        /// `RLIMIT_NOFILE` for example.
        package var type: String
        /// The ceiling of the soft limit; `UInt64.max` is none.
        package var hard: UInt64
        /// The limit in force.
        package var soft: UInt64

        package init(type: String, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }

    /// What sched_setattr(2) takes.
    package struct Scheduler: Codable, Equatable, Sendable {
        package enum Policy: String, Codable, Sendable {
            case other = "SCHED_OTHER"
            case fifo = "SCHED_FIFO"
            case roundRobin = "SCHED_RR"
            case batch = "SCHED_BATCH"
            case iso = "SCHED_ISO"
            case idle = "SCHED_IDLE"
            case deadline = "SCHED_DEADLINE"
        }

        package enum Flag: String, Codable, Sendable {
            case resetOnFork = "SCHED_FLAG_RESET_ON_FORK"
            case reclaim = "SCHED_FLAG_RECLAIM"
            case overrun = "SCHED_FLAG_DL_OVERRUN"
            case keepPolicy = "SCHED_FLAG_KEEP_POLICY"
            case keepParameters = "SCHED_FLAG_KEEP_PARAMS"
            case clampMinimum = "SCHED_FLAG_UTIL_CLAMP_MIN"
            case clampMaximum = "SCHED_FLAG_UTIL_CLAMP_MAX"
        }

        package var policy: Policy
        package var nice: Int32?
        /// Of the real-time policies.
        package var priority: Int32?
        @OmittedWhenEmpty package var flags: [Flag]
        /// Nanoseconds, of the deadline policy, as the next two.
        package var runtime: UInt64?
        package var deadline: UInt64?
        package var period: UInt64?

        package init(policy: Policy) {
            self.policy = policy
        }
    }

    /// What ioprio_set(2) takes.
    package struct IOPriority: Codable, Equatable, Sendable {
        package enum Class: String, Codable, Sendable {
            case realTime = "IOPRIO_CLASS_RT"
            case bestEffort = "IOPRIO_CLASS_BE"
            case idle = "IOPRIO_CLASS_IDLE"
        }

        package var `class`: Class
        /// From 0, the highest, to 7.
        package var priority: Int

        package init(class: Class, priority: Int) {
            self.class = `class`
            self.priority = priority
        }
    }

    /// The processors of a program that joins a container, as lists such as `0-3,7`.
    package struct ExecCPUAffinity: Codable, Equatable, Sendable {
        /// Before it is moved into the container's cgroup.
        @OmittedWhenEmpty package var initial: String
        /// After that.
        @OmittedWhenEmpty package var final: String

        package init(initial: String = "", final: String = "") {
            self.initial = initial
            self.final = final
        }
    }
}
