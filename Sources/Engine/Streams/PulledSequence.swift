// SPDX-License-Identifier: Apache-2.0

/// Elements that are made when they are asked for.
///
/// The iterator is used by one task at a time; cancelling that task ends a wait.
package struct PulledSequence<Element: Sendable>: AsyncSequence, Sendable {
    private let pull: @Sendable () async throws -> Element?

    /// A sequence whose elements a function gives, nil at the end.
    package init(_ pull: @escaping @Sendable () async throws -> Element?) {
        self.pull = pull
    }

    package func makeAsyncIterator() -> Iterator { Iterator(pull: pull) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let pull: @Sendable () async throws -> Element?

        package mutating func next() async throws -> Element? { try await pull() }
    }
}
