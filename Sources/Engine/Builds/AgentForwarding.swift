// SPDX-License-Identifier: Apache-2.0

import Build
import Glibc
import Linux

/// A socket of a build's own behind which an SSH agent of the user answers, until the last reference goes.
///
/// The agent's own socket would not do: its user alone may open it, and the agent answers nobody else (`SO_PEERCRED` of
/// unix(7)), while programs of builds run as many users. So the engine asks for them.
final class AgentForwarding: Sendable {
    /// How many may be connected at once; those beyond wait.
    private static let most = 16
    /// The most bytes that are on their way in one direction.
    private static let limit = 64 << 10

    /// Where it is reached, open for its mount alone (`O_PATH`).
    let socket: SharedDescriptor
    private let service: Task<Void, Never>

    /// Begins to answer.
    ///
    /// - Parameters:
    ///   - agent: The path of the agent's socket.
    ///   - mount: Whose the socket is to be, and who may use it.
    ///   - name: The name of the socket, where nothing is yet.
    ///   - folder: The folder that it is made in.
    /// - Throws: The error of a call.
    init(to agent: String, for mount: RunMount, as name: FilePath, in folder: SharedDescriptor) throws(SystemError) {
        // By the folder's descriptor, as its path may be longer than the address of a socket.
        let listener = SharedDescriptor(try .listeningStream(at: "\(folder.descriptor.path)/\(name)"))
        socket = SharedDescriptor(try folder.descriptor.open(name, OpenFlags.pathOnly | O_NOFOLLOW))
        try socket.descriptor.setOwner(uid: mount.uid ?? 0, gid: mount.gid ?? 0)
        try socket.descriptor.setPermissions(mount.mode ?? 0o600)
        service = Task { await Self.serve(listener, agent) }
    }

    deinit { service.cancel() }

    private static func serve(_ listener: SharedDescriptor, _ agent: String) async {
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            while true {
                if count == most {
                    await group.next()
                    count -= 1
                }
                do {
                    try await Reactor.shared.wait(for: listener.number, .readable)
                    guard let client = SharedDescriptor(try listener.descriptor.acceptStream()) else { continue }
                    count += 1
                    group.addTask { await connect(client, to: agent) }
                } catch {
                    // The step has ended, or no descriptor is left: whoever waits finds the socket closed.
                    break
                }
            }
            group.cancelAll()
        }
    }

    /// Passes on what both ends say, until the agent has no more to say; whoever it does not listen to finds the end.
    private static func connect(_ client: SharedDescriptor, to agent: String) async {
        let connecting = { @Sendable in SharedDescriptor(try Descriptor.connectedStream(to: agent)) }
        guard let server = try? await BlockingCall.run(connecting) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pass(from: client, to: server) }
            await pass(from: server, to: client)
            group.cancelAll()
        }
    }

    /// Passes on what one end says, and that it has no more to say.
    ///
    /// An end that fails is one that has gone, which is all that the other one is to know.
    private static func pass(from source: SharedDescriptor, to sink: SharedDescriptor) async {
        defer { sink.descriptor.shutDown(isOutput: true) }
        do {
            while true {
                let bytes = try await source.descriptor.receiveNext(limit: limit)
                if bytes.isEmpty { return }
                try await sink.descriptor.sendAll(bytes)
            }
        } catch {}
    }
}
