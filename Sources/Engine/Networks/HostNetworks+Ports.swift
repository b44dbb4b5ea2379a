// SPDX-License-Identifier: Apache-2.0

import CLinux
import EngineAPI
import Glibc
import Linux
import Netlink
import Networks
import Synchronization

extension HostNetworks {
    /// How often a port of the host is chosen before the engine gives up.
    private static let portAttempts = 128

    /// Takes the ports of the host that a container is to have.
    ///
    /// - Parameters:
    ///   - wishes: What is asked for.
    ///   - container: The container.
    ///   - endpoints: Its networks.
    /// - Returns: The ports that it got.
    /// - Throws: `failed` with the port that is in use and by whom; none is taken then.
    func hold(
        _ wishes: [PortWish],
        for container: NetworkedContainer,
        _ endpoints: [ContainerEndpoint]
    ) throws -> HeldMappings {
        // A container that nobody reaches from outside publishes nothing, as with Docker.
        let addresses = endpoints.publishedAddresses
        if addresses.isEmpty || wishes.isEmpty { return HeldMappings() }
        let standard = publishingAddress(of: endpoints)
        return try inHostNetwork {
            var held = HeldMappings()
            for wish in wishes {
                let address = wish.hostAddress.isEmpty ? standard?.description ?? "" : wish.hostAddress
                let (mapping, port) = try self.hold(wish, at: address, for: container)
                held.mappings.append(mapping)
                held.ports.append(port)
            }
            return held
        }
    }

    /// Runs something in the network of the host: one thread for all that is to be done there, and none where this process is
    /// in it.
    private func inHostNetwork<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        guard let host else { return try body() }
        return try BlockingCall.runAndJoin {
            try SystemError.check(clinux_setns(host.number, Int32(CLONE_NEWNET)), "setns", on: "net")
            return try body()
        }
    }

    /// Where the network of the published ports has them; nil for everywhere.
    private func publishingAddress(of endpoints: [ContainerEndpoint]) -> IPAddress? {
        let way = endpoints.first { !$0.defaultGateways.isEmpty }
        return way.flatMap { ObjectID($0.network) }.flatMap { id in
            state.withLock { $0.networks[id]?.definition.hostAddress }
        }
    }

    private func hold(
        _ wish: PortWish,
        at address: String,
        for container: NetworkedContainer
    ) throws -> (mapping: PortMapping, port: SharedHeldPort) {
        var clash: PortClash?
        var attempts = Self.holdAttempts
        repeat {
            for number in wish.candidates(attempts: Self.portAttempts) {
                let mapping = PortMapping(kind: wish.kind, port: wish.port, hostAddress: address, hostPort: number)
                do {
                    return (mapping, try hold(mapping))
                } catch let error as PortClash {
                    clash = error
                }
            }
            attempts -= 1
            guard let found = clash, found.isHeldByCopy, holder(of: found) == nil, attempts > 0 else { break }
            // It lets go when it runs its program.
            poll(nil, 0, 5)
        } while true
        throw refusal(clash, wish, address, for: container)
    }

    /// How often a port is tried that only a copy of this process has.
    private static let holdAttempts = 400

    /// Takes ports that are certain, as those again that a container has which runs already.
    ///
    /// - Parameter mappings: The ports.
    /// - Returns: Each of them, or why it is not to be had.
    /// - Throws: The error of setns(2).
    func holdEach(of mappings: [PortMapping]) throws -> [Result<SharedHeldPort, any Error>] {
        if mappings.isEmpty { return [] }
        return try inHostNetwork { mappings.map { mapping in Result { try self.hold(mapping) } } }
    }

    /// Takes a port; the thread is in the network of the host.
    private func hold(_ mapping: PortMapping) throws -> SharedHeldPort {
        SharedHeldPort(try HeldPort(mapping.transport, at: IPAddress(mapping.hostAddress), mapping.hostPort))
    }

    /// Says why a port is not to be had, in words that begin like Docker's: tools look for them.
    private func refusal(
        _ clash: PortClash?,
        _ wish: PortWish,
        _ address: String,
        for container: NetworkedContainer
    ) -> EngineError {
        let start = "cannot publish port \(wish.name) of the container \(container.name): "
        guard let clash else { return EngineError(.failed, start + "no port of the host was asked for") }
        let place = "\(address.isEmpty ? "0.0.0.0" : address.contains(":") ? "[\(address)]" : address):\(clash.port)"
        let count = wish.hostPorts.map { $0.count } ?? 0
        let range = count > 1 ? " (and so for all of \(wish.hostPorts?.first ?? 0)-\(wish.hostPorts?.last ?? 0))" : ""
        guard let holder = clash.holder else {
            return EngineError(.failed, "\(start)Bind for \(place) failed: \(clash.reason)\(range)")
        }
        let isOurs = holder.process == getpid() || holder.isCopyOfThisProcess
        let owner = isOurs ? self.holder(of: clash).map { "the container \($0)" } : nil
        let near = clash.free.map { "; port \($0) is free" } ?? ""
        return EngineError(
            .failed,
            "\(start)Bind for \(place) failed: port is already allocated: \(owner ?? holder.description) has it\(range)\(near)"
        )
    }

    /// The container of ours that has a port.
    private func holder(of clash: PortClash) -> String? {
        state.withLock { state in
            state.members.values.first { member in
                member.held.mappings.contains { $0.transport == clash.transport && $0.hostPort == clash.port }
            }?.name
        }
    }

    // MARK: What no rule takes to a container

    /// Has the proxy pass on what arrives at a container's ports of the host all the same: from `::1`, and by IPv6 where the
    /// container has IPv4 only.
    ///
    /// - Returns: What ends it; nil where there is nothing to pass on.
    func serve(_ member: Member, _ state: inout State) throws -> PortProxy.Token? {
        guard let address = member.endpoints.publishedAddresses.first else { return nil }
        let ports = zip(member.held.mappings, member.held.ports).compactMap { mapping, held in
            held?.port.leading(to: address, port: mapping.port)
        }
        return ports.isEmpty ? nil : try proxy(&state).serve(ports)
    }

    // MARK: What the kernel remembers

    /// Has the kernel forget connections to ports that lead to a container only now: those of UDP never end.
    func forgetConnections(of mappings: [PortMapping]) throws {
        let datagrams = mappings.filter { $0.transport == .udp }
        if datagrams.isEmpty { return }
        let tracking = try ConnectionTracking(inNetworkOf: hostNumber)
        for (text, ofAddress) in Dictionary(grouping: datagrams, by: \.hostAddress) {
            let address = IPAddress(text).flatMap { $0.number == 0 ? nil : $0 }
            try tracking.forget(.udp, at: address, hostPorts: Set(ofAddress.map(\.hostPort)))
        }
    }

    /// Notes the addresses of containers that have ended.
    ///
    /// - Returns: Whether there were none that ``forgetEndedConnections()`` is still to be called for.
    func noteEnded(_ endpoints: [ContainerEndpoint]) -> Bool {
        state.withLock { state in
            let isFirst = state.ended.isEmpty
            state.ended += endpoints.flatMap(\.prefixes).map(\.address)
            return isFirst && !state.ended.isEmpty
        }
    }

    /// Has the kernel forget the connections of containers that have ended: it looks through all that it has for that.
    func forgetEndedConnections() throws {
        let addresses = state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
        if !addresses.isEmpty { try ConnectionTracking(inNetworkOf: hostNumber).forget(addresses) }
    }

    // MARK: Parts

    /// Takes published ports back; where the table is not as it should be, it is made anew.
    func unpublish(_ ports: [PublishedPort], _ state: inout State) {
        guard !ports.isEmpty, let firewall = state.firewall else { return }
        do {
            try firewall.unpublish(ports)
        } catch {
            state.firewall = nil
            _ = try? self.firewall(&state)
        }
    }
}

/// The ports of the host that a container has.
struct HeldMappings: Sendable {
    var mappings: [PortMapping] = []
    /// One for each mapping; nil where it could not be taken again.
    var ports: [SharedHeldPort?] = []
}

/// A port of a container that is to be published at each start.
struct PortWish: Equatable, Sendable {
    /// `tcp`, `udp` or `sctp`.
    var kind: String
    var port: UInt16
    /// The address of the host; empty for all of them, or what the network says.
    var hostAddress: String
    /// The ports of the host of which one is taken; nil for any that is free.
    var hostPorts: ClosedRange<UInt16>?

    var name: String { "\(port)/\(kind)" }

    /// The ports that are tried one after the other.
    func candidates(attempts: Int) -> [UInt16] {
        if let hostPorts { return Array(hostPorts) }
        // What the kernel gives to programs that ask for none in particular (`ip_local_port_range` of ip-sysctl.rst).
        return (0..<attempts).map { _ in UInt16.random(in: 32_768...60_999) }
    }

    /// The ports that a request publishes, in order.
    ///
    /// - Parameter request: The request in its settled form.
    /// - Returns: The ports; what was not checked before is left out.
    static func all(of request: ContainerCreateRequest) -> [PortWish] {
        var wishes: [PortWish] = []
        let named = (request.hostConfig.portBindings ?? [:]).compactMap { name, bindings in
            PortName(name).map { (name: $0, bindings: bindings) }
        }
        // By their numbers: what follows each other is one range for the kernel.
        let sorted = named.sorted {
            ($0.name.kind, $0.name.ports.first, $0.name.ports.last) < (
                $1.name.kind, $1.name.ports.first, $1.name.ports.last
            )
        }
        for (name, bindings) in sorted {
            // A binding without anything is a port that the engine chooses.
            let all = (bindings ?? []).compactMap(\.self)
            for binding in all { wishes += Self.wishes(name, binding) }
        }
        guard request.hostConfig.publishAllPorts else { return wishes }
        for name in (request.config.exposedPorts ?? [:]).keys.sorted() {
            guard let name = PortName(name) else { continue }
            for number in name.ports.first...name.ports.last {
                let wish = PortWish(kind: name.kind, port: UInt16(number), hostAddress: "")
                if !wishes.contains(where: { $0.kind == wish.kind && $0.port == wish.port }) { wishes.append(wish) }
            }
        }
        return wishes
    }

    private static func wishes(_ name: PortName, _ binding: PortBinding) -> [PortWish] {
        let count = name.ports.last - name.ports.first + 1
        let host = binding.hostPort.isEmpty || binding.hostPort == "0" ? nil : PortRange(binding.hostPort[...])
        return (0..<count).map { offset in
            var wish = PortWish(
                kind: name.kind,
                port: UInt16(name.ports.first + offset),
                hostAddress: binding.hostIP
            )
            guard let host else { return wish }
            if count > 1, host.last - host.first + 1 == count {
                // Port by port.
                wish.hostPorts = UInt16(host.first + offset)...UInt16(host.first + offset)
            } else {
                wish.hostPorts = UInt16(host.first)...UInt16(host.last)
            }
            return wish
        }
    }
}
