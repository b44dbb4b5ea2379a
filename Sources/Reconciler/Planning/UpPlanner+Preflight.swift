// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

// MARK: Preflight

extension UpPlanner {
    /// Finds all that would let a step of the plan fail, before anything is done.
    mutating func check() {
        for name in options.scales.keys.sorted() where project.services[name] == nil {
            builder.refuse(Problem("no such service: \(name)"))
        }
        for name in selected {
            guard let service = project.services[name], let fate = fates[name] else { continue }
            checkScale(name, service)
            if fate.hasNew {
                checkImage(name)
                checkContents(name, service)
                checkNames(name, fate)
            }
            if options.starts, fate.replicas.contains(where: { !$0.started.isEmpty }) { checkPorts(name, service) }
        }
        checkDuplicateNames()
        checkHealthConditions()
    }

    private func place(_ components: NodePath.Component...) -> SourceLocation? {
        project.sources?.location(of: NodePath(components))
    }

    private func place(of key: String, _ index: Int, in service: String) -> SourceLocation? {
        place(.key("services"), .key(service), .key(key), .index(index))
    }

    private mutating func checkImage(_ name: String) {
        let reference = project.imageName(of: name, separator: options.separator)
        guard world.images[reference] == nil else { return }
        let isBuilt = project.services[name]?.build != nil
        builder.refuse(
            Problem(
                "the image \(reference) of the service \(name) is not on this machine",
                help: isBuilt
                    ? "wharf does not build images yet; make it elsewhere and bring it here with `wharf image load`"
                    : "wharf does not pull images yet; bring it here with `wharf image load` or `wharf image import`",
                at: place(.key("services"), .key(name), .key(isBuilt ? "build" : "image"))
            )
        )
    }

    private mutating func checkContents(_ name: String, _ service: Service) {
        for (index, config) in service.configs.enumerated() {
            let key = ContentKey(.config, config.source ?? "")
            checkContent(key, "the file of the config \(key.name)", place(of: "configs", index, in: name))
        }
        for (index, secret) in service.secrets.enumerated() {
            let key = ContentKey(.secret, secret.source ?? "")
            checkContent(key, "the file of the secret \(key.name)", place(of: "secrets", index, in: name))
        }
        for (index, mount) in service.volumes.enumerated() where mount.kind == .bind {
            if mount.bind?.createHostPath == true { continue }
            let key = ContentKey(.bind, mount.source ?? "")
            checkContent(key, "the path", place(of: "volumes", index, in: name))
        }
    }

    private mutating func checkContent(_ key: ContentKey, _ what: String, _ location: SourceLocation?) {
        guard case .missing(let path)? = world.contents[key] else { return }
        let problem = Problem("\(what) does not exist: \(path)", help: "make it, or correct the path", at: location)
        builder.refuse(problem)
    }

    private mutating func checkNames(_ name: String, _ fate: ServiceFate) {
        for replica in fate.replicas where replica.isNew {
            let wanted = project.containerName(of: name, number: replica.number, separator: options.separator)
            guard let owner = world.takenNames[wanted] else { continue }
            builder.refuse(
                Problem(
                    "the name \(wanted) of a container of the service \(name) is taken by \(owner)",
                    help: "remove that one, or choose another `container_name`",
                    at: place(.key("services"), .key(name), .key("container_name"))
                )
            )
        }
    }

    private mutating func checkScale(_ name: String, _ service: Service) {
        guard let fixed = service.containerName, (fates[name]?.replicas.count ?? 0) > 1 else { return }
        builder.refuse(
            Problem(
                "the service \(name) cannot have more than one container, as all would have the name \(fixed)",
                help: "take `container_name` away to scale it",
                at: place(.key("services"), .key(name), .key("container_name"))
            )
        )
    }

    private mutating func checkDuplicateNames() {
        var owners: [String: String] = [:]
        for name in selected {
            guard let fixed = project.services[name]?.containerName else { continue }
            if let owner = owners[fixed] {
                builder.refuse(
                    Problem(
                        "the services \(owner) and \(name) have the same `container_name` \(fixed)",
                        at: place(.key("services"), .key(name), .key("container_name"))
                    )
                )
            }
            owners[fixed] = name
        }
    }

    /// A service that waits for the health of one that has no health check would wait for ever: the engine knows at the
    /// container, since the check can come from the image; here only what the file itself switches off is known.
    private mutating func checkHealthConditions() {
        for name in selected {
            for (dependency, edge) in project.services[name]?.dependsOn ?? [:] where edge.condition == .healthy {
                guard edge.required, let check = project.services[dependency]?.healthcheck,
                    check.disable || check.test.first == "NONE"
                else { continue }
                builder.refuse(
                    Problem(
                        "the service \(name) waits for \(dependency) to be healthy, whose health check is switched off",
                        help: "give \(dependency) a `healthcheck`, or wait for `service_started`",
                        at: place(.key("services"), .key(name), .key("depends_on"), .key(dependency))
                    )
                )
            }
        }
    }

    // MARK: Ports

    private mutating func checkPorts(_ name: String, _ service: Service) {
        let leaving = Set(stops.keys)
        for (index, port) in service.ports.enumerated() {
            guard let wanted = port.published.flatMap(UInt16.init), wanted > 0 else { continue }
            for busy in world.busyPorts where Self.clashes(busy, port, wanted) {
                // Its own container gives the port back before, or has it already.
                if let holder = busy.container, leaving.contains(holder) || isOwn(holder, of: name) { continue }
                let free = busy.free.map { "; \($0) is free" } ?? ""
                builder.refuse(
                    Problem(
                        "the port \(wanted)/\(port.networkProtocol ?? "tcp") that the service \(name) publishes is taken by "
                            + busy.holder,
                        help: "stop that, or publish another port\(free)",
                        at: place(of: "ports", index, in: name)
                    )
                )
            }
        }
    }

    private func isOwn(_ container: String, of name: String) -> Bool {
        fates[name]?.replicas.contains { $0.existing?.id == container } == true
    }

    private static func clashes(_ busy: BusyPort, _ port: Port, _ wanted: UInt16) -> Bool {
        guard busy.port == wanted, busy.networkProtocol == (port.networkProtocol ?? "tcp") else { return false }
        return busy.hostIP == (port.hostIP ?? "")
    }
}
