// SPDX-License-Identifier: Apache-2.0

import Compose
import YAML

// MARK: Preflight

extension UpPlanner {
    /// Finds all that would let a step of the plan fail, before anything is done.
    mutating func check() {
        let asked = Set(options.scales.keys).union(options.services)
        for name in asked.sorted() where project.services[name] == nil {
            let near = Suggestions.nearest(to: name, in: graph.services).map { "did you mean `\($0)`?" }
            builder.refuse(Problem("no such service: \(name)", help: near))
        }
        checkImages()
        for name in order {
            guard let service = project.services[name], let fate = fates[name] else { continue }
            checkScale(name, service)
            if fate.hasNew {
                checkContents(name, service)
                checkNames(name, fate)
                checkShared(name, service)
            }
            if options.starts, fate.replicas.contains(where: { !$0.started.isEmpty }) {
                checkPorts(name, service)
                checkRoom(name, service, fate)
            }
        }
        checkDuplicateNames()
        checkDuplicatePorts()
        checkHealthConditions()
    }

    private func place(_ components: NodePath.Component...) -> SourceLocation? {
        project.sources?.location(of: NodePath(components))
    }

    private func place(of key: String, _ index: Int, in service: String) -> SourceLocation? {
        place(.key("services"), .key(service), .key(key), .index(index))
    }

    /// Looks for the images of new containers: several services can have the same one, which one of them builds.
    private mutating func checkImages() {
        var missing: [String: [String]] = [:]
        for name in order where fates[name]?.hasNew == true {
            let reference = project.imageName(of: name, separator: options.separator)
            if world.images[reference] == nil, !options.awaitedImages.contains(reference) {
                missing[reference, default: []].append(name)
            }
        }
        for (reference, names) in missing.sorted(by: { $0.key < $1.key }) {
            let builder = graph.services.first { name in
                project.services[name]?.build != nil
                    && project.imageName(of: name, separator: options.separator) == reference
            }
            let owners = names.sorted()
            self.builder.refuse(
                Problem(
                    "the image \(reference) of the service\(owners.count > 1 ? "s" : "") "
                        + "\(owners.joined(separator: ", ")) is not on this machine",
                    help: builder.map { "build it with `wharf build \($0)`" }
                        ?? "bring it here with `wharf pull`, `wharf image load` or `wharf image import`",
                    at: builder.flatMap { place(.key("services"), .key($0), .key("build")) }
                        ?? place(.key("services"), .key(owners[0]), .key("image"))
                )
            )
        }
    }

    /// A container that uses what belongs to another service's container needs that one to be there.
    private mutating func checkShared(_ name: String, _ service: Service) {
        for other in service.sharedServices.sorted() {
            let isThere =
                fates[other].map { !$0.replicas.isEmpty }
                ?? world.containers.contains { $0.service == other && !$0.isOneOff }
            if isThere { continue }
            builder.refuse(
                Problem(
                    "the service \(name) uses what belongs to \(other), which has no container",
                    help: "bring \(other) up as well",
                    at: place(.key("services"), .key(name))
                )
            )
        }
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
            // Docker makes what is missing unless it is told not to.
            if mount.bind?.createHostPath ?? true { continue }
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
            guard let owner = world.takenNames[wanted] ?? owner(of: wanted, besides: name) else { continue }
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
        if let asked = options.scales[name], asked < 0 {
            builder.refuse(Problem("the service \(name) cannot have \(asked) containers"))
        }
        if service.isGlobal, let asked = options.scales[name], asked > 1 {
            builder.refuse(
                Problem(
                    "the service \(name) cannot have \(asked) containers: its mode is `global`, which is one on each machine",
                    help: "take `deploy.mode` away to scale it",
                    at: place(.key("services"), .key(name), .key("deploy"), .key("mode"))
                )
            )
        }
        guard let fixed = service.containerName, (fates[name]?.replicas.count ?? 0) > 1 else { return }
        builder.refuse(
            Problem(
                "the service \(name) cannot have more than one container, as all would have the name \(fixed)",
                help: "take `container_name` away to scale it",
                at: place(.key("services"), .key(name), .key("container_name"))
            )
        )
    }

    /// Whether there are ports enough for all containers of a service.
    private mutating func checkRoom(_ name: String, _ service: Service, _ fate: ServiceFate) {
        for (index, port) in service.ports.enumerated() {
            guard let room = port.fixedPort == nil ? port.publishedRange?.count : 1, room < fate.replicas.count else {
                continue
            }
            builder.refuse(
                Problem(
                    "the service \(name) is to have \(fate.replicas.count) containers, and publishes at "
                        + (room == 1 ? "one port: " : "\(room) ports: ") + (port.published ?? ""),
                    help:
                        "publish a range of at least \(fate.replicas.count) ports, or leave the port of the host open",
                    at: place(of: "ports", index, in: name)
                )
            )
        }
    }

    /// Two services that publish the same port of the host cannot both run.
    private mutating func checkDuplicatePorts() {
        var owners: [String: (service: String, host: String)] = [:]
        for name in order where options.starts && fates[name]?.replicas.isEmpty == false {
            for (index, port) in (project.services[name]?.ports ?? []).enumerated() {
                guard let wanted = port.fixedPort else { continue }
                let key = "\(wanted)/\(port.networkProtocol ?? "tcp")"
                if let owner = owners[key], owner.service != name, Self.overlap(owner.host, port.hostIP ?? "") {
                    builder.refuse(
                        Problem(
                            "the services \(owner.service) and \(name) publish the same port \(key)",
                            help: "give one of them another port",
                            at: place(of: "ports", index, in: name)
                        )
                    )
                } else {
                    owners[key] = (name, port.hostIP ?? "")
                }
            }
        }
    }

    private static func overlap(_ left: String, _ right: String) -> Bool {
        let all: Set = ["", "0.0.0.0", "::"]
        return left == right || all.contains(left) || all.contains(right)
    }

    private mutating func checkDuplicateNames() {
        var owners: [String: String] = [:]
        for name in order {
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
        for name in order {
            let edges = (project.services[name]?.dependsOn ?? [:]).sorted { $0.key < $1.key }
            for (dependency, edge) in edges where edge.condition == .healthy && fates[dependency] != nil {
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
        for (index, port) in service.ports.enumerated() {
            guard let wanted = port.fixedPort else { continue }
            for busy in world.busyPorts where busy.clashes(with: port, wanted) {
                // Its own container gives the port back before, or has it already; others that go give it back, too.
                if let holder = busy.container, removals[holder] != nil || isOwn(holder, of: name) { continue }
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
}
