// SPDX-License-Identifier: Apache-2.0

package import Linux

/// Who keeps the processes of containers: their parent, the holder of what must not be closed, the writer of their logs.
///
/// There are two: the keeper, whose processes outlive the engine, and one inside the engine's own process.
package protocol Supervisor: Launcher {
    /// Everything that is kept.
    ///
    /// - Parameter body: Gets each process.
    /// - Throws: Why the list is not complete.
    func forEachProcess(_ body: (consuming KeptProcess) -> Void) throws(KeeperError)

    /// Whether it still serves: one that was killed does not.
    var isServing: Bool { get }

    /// Forgets a process that has ended, and closes what was held for it.
    func forget(_ name: String) throws(KeeperError)

    /// Keeps a descriptor open for as long as the process is kept, in place of one with the same tag.
    func hold(_ descriptor: borrowing Descriptor, as tag: UInt32, for name: String) throws(KeeperError)

    /// Keeps sockets open while the process runs, for an engine that comes after this one (``KeeperClient/holdSockets(_:for:)``).
    func holdSockets(_ numbers: [Int32], for name: String) throws(KeeperError)

    /// The sockets that are held for a process, by their places in the list.
    func heldSockets(of name: String) throws(KeeperError) -> [Int: SharedDescriptor]

    /// Closes the sockets that are held for a process from a place on.
    func releaseSockets(from place: Int, of name: String) throws(KeeperError)

    /// Closes a descriptor that is held; it is fine where there is none.
    func release(_ tag: UInt32, of name: String) throws(KeeperError)

    /// A descriptor that is held for a process; nil where there is none with that tag.
    func fetch(_ tag: UInt32, of name: String) throws(KeeperError) -> Descriptor?

    /// Moves what a process writes into a log, until its end.
    func pump(_ source: borrowing Descriptor, of name: String, to log: LogTarget) throws(KeeperError)

    /// Takes over a process that somebody else launched.
    func adopt(_ name: String, pid: Int32, pidfd: borrowing Descriptor) throws(KeeperError)

    /// The processes that have ended and are not forgotten, and then each one that ends.
    ///
    /// Before an end is told, everything that the process wrote is in its log.
    ///
    /// - Returns: The news, for one consumer; they end when whoever keeps the processes has gone.
    /// - Throws: Why there are none.
    func ends() throws(KeeperError) -> AsyncStream<ProcessNews>
}

/// The end of a process.
package struct ProcessNews: Equatable, Sendable {
    /// The name that it was launched with.
    package var name: String
    package var pid: Int32
    /// How it ended; nil where nobody could learn it.
    package var end: ProcessEnd?
    /// When, in nanoseconds since 1970.
    package var time: UInt64
    /// Why its program never ran; `ECANCELED` where its gate was closed.
    package var failure: Int32?

    package init(name: String, pid: Int32, end: ProcessEnd? = nil, time: UInt64) {
        self.name = name
        self.pid = pid
        self.end = end
        self.time = time
    }
}
