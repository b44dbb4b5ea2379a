// SPDX-License-Identifier: Apache-2.0

/// What happens in a build: one line of the answer of `POST /wharf/v1/build`, which has one of these.
package struct BuildEvent: Codable, Equatable, Sendable {
    package var step: Step?
    package var output: Output?
    /// What the user should know, and the build goes on with.
    package var warning: String?
    package var image: Image?
    package var failure: Failure?

    package init() {}

    /// A step begins or ends.
    package struct Step: Codable, Equatable, Sendable {
        /// How it stands.
        package enum State: String, Codable, Sendable {
            case started
            /// The cache has what it makes.
            case cached
            case done
            case failed
            /// It was ended because another one has failed.
            case cancelled
        }

        /// Steps are counted from 1 in the order in which they begin.
        package var number: Int
        /// `[stage 2/4] RUN make`.
        package var name: String
        package var state: State
        /// How long it took.
        package var seconds: Double?
        /// Why the cache does not have it, where that was asked for.
        package var reason: String?

        package init(number: Int, name: String, state: State, seconds: Double? = nil, reason: String? = nil) {
            self.number = number
            self.name = name
            self.state = state
            self.seconds = seconds
            self.reason = reason
        }
    }

    /// What a program of a step writes.
    package struct Output: Codable, Equatable, Sendable {
        /// The number of the step.
        package var step: Int
        /// Its text; what is no UTF-8 is replaced.
        package var text: String
        /// Whether it is written to the error stream.
        package var isError: Bool

        package init(step: Int, text: String, isError: Bool) {
            self.step = step
            self.text = text
            self.isError = isError
        }
    }

    /// The image that came of the build.
    package struct Image: Codable, Equatable, Sendable {
        /// `sha256:…`.
        package var id: String
        /// Its names, as users write them.
        package var names: [String]

        package init(id: String, names: [String]) {
            self.id = id
            self.names = names
        }
    }

    /// Why there is no image.
    package struct Failure: Codable, Equatable, Sendable {
        package var message: String
        /// The exit status of the program that has failed.
        package var exitStatus: Int32?
        /// Its command line.
        package var command: String?
        /// The last lines that it has written.
        package var lines: [String]?
        /// The line of the Dockerfile.
        package var line: Int?

        package init(message: String, exitStatus: Int32? = nil, lines: [String]? = nil, line: Int? = nil) {
            self.message = message
            self.exitStatus = exitStatus
            self.lines = lines
            self.line = line
        }
    }
}

extension BuildEvent {
    /// A step begins or ends.
    package static func step(_ step: Step) -> Self {
        var event = Self()
        event.step = step
        return event
    }

    /// A program writes.
    package static func output(_ output: Output) -> Self {
        var event = Self()
        event.output = output
        return event
    }

    /// There is something to know.
    package static func warning(_ text: String) -> Self {
        var event = Self()
        event.warning = text
        return event
    }

    /// There is an image.
    package static func image(_ image: Image) -> Self {
        var event = Self()
        event.image = image
        return event
    }

    /// There will be none.
    package static func failure(_ failure: Failure) -> Self {
        var event = Self()
        event.failure = failure
        return event
    }
}
