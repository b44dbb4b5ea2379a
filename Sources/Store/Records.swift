// SPDX-License-Identifier: Apache-2.0

/// An instant, as records keep it.
package struct UnixTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A container, as the engine remembers it.
package struct ContainerRecord: Equatable, Sendable {
    /// 64 lower-case hexadecimal digits.
    package var id: String
    /// Unique; without a leading `/`.
    package var name: String
    package var created: UnixTime
    /// What the user asked for, as JSON.
    package var configuration: [UInt8]
    package var state: State

    package init(id: String, name: String, created: UnixTime, configuration: [UInt8], state: State = State()) {
        self.id = id
        self.name = name
        self.created = created
        self.configuration = configuration
        self.state = state
    }

    /// What became of it.
    package struct State: Equatable, Sendable {
        /// The state in one word.
        package enum Phase: String, CaseIterable, Sendable {
            case created
            case running
            case paused
            case restarting
            case removing
            case exited
            case dead
        }

        package var phase: Phase
        /// The last start; nil where there was none.
        package var started: UnixTime?
        /// The last end; nil where there was none.
        package var finished: UnixTime?
        /// The status of the last end; nil where there was none, or nobody knows it.
        package var exitStatus: Int32?
        /// How often the engine has started it again on its own.
        package var restartCount: Int
        /// What the keeper calls its first process.
        package var processName: String?
        /// The first process, as the host numbers it.
        package var pid: Int32?
        /// What else is to be known of it, as JSON.
        package var details: [UInt8]?

        package init(
            phase: Phase = .created,
            started: UnixTime? = nil,
            finished: UnixTime? = nil,
            exitStatus: Int32? = nil,
            restartCount: Int = 0,
            processName: String? = nil,
            pid: Int32? = nil,
            details: [UInt8]? = nil
        ) {
            self.phase = phase
            self.started = started
            self.finished = finished
            self.exitStatus = exitStatus
            self.restartCount = restartCount
            self.processName = processName
            self.pid = pid
            self.details = details
        }
    }
}

/// A further process of a container; kept, since its exit status is asked for after its end and after a restart.
package struct ExecRecord: Equatable, Sendable {
    /// 64 lower-case hexadecimal digits.
    package var id: String
    /// The identifier of the container; with its record this one goes, too.
    package var container: String
    package var created: UnixTime
    /// What the user asked for, as JSON.
    package var configuration: [UInt8]
    /// What the keeper calls the process; nil before its start.
    package var processName: String?
    /// The process, as the host numbers it.
    package var pid: Int32?
    /// Nil until it has ended.
    package var exitStatus: Int32?

    package init(
        id: String,
        container: String,
        created: UnixTime,
        configuration: [UInt8],
        processName: String? = nil,
        pid: Int32? = nil,
        exitStatus: Int32? = nil
    ) {
        self.id = id
        self.container = container
        self.created = created
        self.configuration = configuration
        self.processName = processName
        self.pid = pid
        self.exitStatus = exitStatus
    }
}

/// A volume: data that outlives containers.
package struct VolumeRecord: Equatable, Sendable {
    /// What may be done to its content.
    package enum Phase: String, CaseIterable, Sendable {
        /// No container had it mounted yet: it may get what an image has at its place.
        case new
        /// Its content belongs to its users, also where there is none.
        case used
        /// It is being removed, which goes on whatever happens.
        case removing
    }

    /// Unique; the name of its folder as well.
    package var name: String
    package var created: UnixTime
    /// What the user asked for, as JSON.
    package var configuration: [UInt8]
    package var phase: Phase

    package init(name: String, created: UnixTime, configuration: [UInt8], phase: Phase = .new) {
        self.name = name
        self.created = created
        self.configuration = configuration
        self.phase = phase
    }
}

/// A network that a user has made, or the one that every engine has, once it is used.
package struct NetworkRecord: Equatable, Sendable {
    /// 64 lower-case hexadecimal digits.
    package var id: String
    /// Unique.
    package var name: String
    package var created: UnixTime
    /// What it is, as JSON.
    package var configuration: [UInt8]
    /// Whether it is being removed, which goes on whatever happens.
    package var isRemoving: Bool

    package init(id: String, name: String, created: UnixTime, configuration: [UInt8], isRemoving: Bool = false) {
        self.id = id
        self.name = name
        self.created = created
        self.configuration = configuration
        self.isRemoving = isRemoving
    }
}

/// A project that was brought up, as it is wanted.
package struct ProjectRecord: Equatable, Sendable {
    /// Unique.
    package var name: String
    /// When it was last applied.
    package var changed: UnixTime
    /// The project as it came, as JSON.
    package var definition: [UInt8]

    package init(name: String, changed: UnixTime, definition: [UInt8]) {
        self.name = name
        self.changed = changed
        self.definition = definition
    }
}

/// Something that happened.
package struct EventRecord: Equatable, Sendable {
    package var time: UnixTime
    /// The event as JSON.
    package var body: [UInt8]

    package init(time: UnixTime, body: [UInt8]) {
        self.time = time
        self.body = body
    }
}

/// A record that is there and makes no sense.
package struct UnreadableRecord: Equatable, Sendable, CustomStringConvertible {
    package var table: String
    /// Its identifier, as far as that can be read.
    package var key: String
    /// Which column is not what it has to be.
    package var reason: String

    package var description: String {
        "the record \(key) in the table \(table) cannot be read and is left as it is: \(reason)"
    }
}

/// The records that could be read, and those that could not.
package struct Listing<Record: Sendable>: Sendable {
    package var records: [Record]
    package var unreadable: [UnreadableRecord]

    package init(records: [Record], unreadable: [UnreadableRecord]) {
        self.records = records
        self.unreadable = unreadable
    }
}

extension Listing: Equatable where Record: Equatable {}
