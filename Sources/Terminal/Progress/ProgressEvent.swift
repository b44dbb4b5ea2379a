// SPDX-License-Identifier: Apache-2.0

/// Something that happens to one of the things that a command works on.
package struct ProgressEvent: Sendable {
    /// What sort of thing it is, as it stands before the name.
    package struct Kind: Hashable, Sendable {
        package let name: String

        /// A sort that has no constant here.
        package init(_ name: String) { self.name = name }

        /// What is named by its name alone.
        package static let unnamed = Self("")
        package static let container = Self("Container")
        package static let image = Self("Image")
        package static let network = Self("Network")
        package static let service = Self("Service")
        package static let volume = Self("Volume")
    }

    /// How far it is.
    package enum State: Sendable {
        case working
        case done
        /// Done, with something that the user should know.
        case warning
        case failed
    }

    package var kind: Kind
    package var name: String
    /// One word, of the vocabulary of Docker Compose: `Creating`, `Started`, `Healthy`.
    package var status: String
    package var state: State
    /// What the status leaves open: how much of a download is there, or what went wrong.
    package var detail: String?
    /// Why it is done at all, for readers of JSON.
    package var cause: String?
    /// When it happened.
    package var time: ContinuousClock.Instant

    /// An event.
    package init(
        _ kind: Kind,
        _ name: String,
        _ status: String,
        _ state: State,
        detail: String? = nil,
        cause: String? = nil,
        at time: ContinuousClock.Instant = .now
    ) {
        self.kind = kind
        self.name = name
        self.status = status
        self.state = state
        self.detail = detail
        self.cause = cause
        self.time = time
    }

    /// How Docker Compose names the thing, as in `Container p-db-1`; the name alone where its kind has none.
    package var id: String { kind.name.isEmpty ? name : "\(kind.name) \(name)" }
}
