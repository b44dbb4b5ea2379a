// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// Which containers a list shows, as the query of `GET /containers/json` says it.
package struct ContainerListQuery: Equatable, Sendable {
    /// Whether those are shown that do not run.
    package var showsAll = false
    /// How many are shown, the newest first; nil or 0 for all.
    package var limit: Int?
    /// Whether the sizes of their file systems are counted.
    package var countsSizes = false
    /// Whether networks, mounts and labels are left out, which make up most of a list.
    ///
    /// The labels of ``ProjectLabel/places`` are there all the same. Docker's API has nothing like it.
    package var isBrief = false
    package var filters = Filters()

    package init() {}
}

/// What a client wants to see of a log, as the query of `GET /containers/{id}/logs` says it.
package struct ContainerLogQuery: Equatable, Sendable {
    package var showsOutput = false
    package var showsErrors = false
    package var follows = false
    /// Each line begins with its time.
    package var showsTimestamps = false
    /// Each line begins with the labels and variables that the container's log options name.
    package var showsDetails = false
    package var since: Timestamp?
    package var until: Timestamp?
    /// How many of the last lines; nil for all.
    package var tail: Int?
    /// Whether the client is one that is attached, which also sees what nobody keeps.
    package var isAttached = false

    package init() {}
}

/// What a client wants of a container's streams, as the query of `POST /containers/{id}/attach` says it.
package struct AttachRequest: Equatable, Sendable {
    /// Whether output from now on is wanted.
    package var streams = false
    /// Whether what was written before comes first.
    package var includesLog = false
    package var input = false
    package var output = false
    package var errors = false
    /// The keys that detach from a terminal, such as `ctrl-p,ctrl-q`; nil takes the default, empty detaches never.
    package var detachKeys: String?

    package init() {}
}

/// What a wait is for.
package enum WaitCondition: String, CaseIterable, Sendable {
    case notRunning = "not-running"
    case nextExit = "next-exit"
    case removed
}

/// How files are put into a container, as the query of `PUT /containers/{id}/archive` says it.
package struct ArchiveOptions: Equatable, Sendable {
    /// Whether a directory may not be replaced by a file, nor a file by a directory.
    package var keepsKinds = false
    /// Whether what is unpacked belongs to the container's user where it has one: `copyUIDGID` of the query.
    ///
    /// The name of the query promises the opposite, but this is what Docker does; otherwise the owners are those of the
    /// archive.
    package var copiesOwners = false

    package init() {}
}
