// SPDX-License-Identifier: Apache-2.0

import Compose
import Diagram
import YAML

extension ServiceGraph {
    /// The graph of a loaded project.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - tree: Its canonical tree, which tells implied dependencies from written ones.
    init(_ project: Project, tree: Node) {
        let names = project.services.keys.sorted()
        self.init(
            project: project.name,
            services: names.compactMap { name in project.services[name].map { Service(name, $0) } },
            dependencies: names.flatMap { name in
                project.services[name].map { Dependency.all(of: name, $0, in: project, tree: tree) } ?? []
            },
            networks: project.networks.sorted { $0.key < $1.key }.map { name, network in
                Network(name: name, driver: network.driver, isExternal: network.external)
            },
            volumes: project.volumes.sorted { $0.key < $1.key }.map { name, volume in
                Volume(name: name, driver: volume.driver, isExternal: volume.external)
            }
        )
    }
}

extension ServiceGraph.Service {
    fileprivate init(_ name: String, _ service: Compose.Service) {
        let volumes = service.volumes.filter { $0.kind == .volume }.compactMap(\.source)
        self.init(
            name: name,
            image: service.image?.description,
            build: service.build?.context,
            ports: service.ports.compactMap(\.arrow),
            networks: service.networks.keys.sorted(),
            volumes: Set(volumes).sorted()
        )
    }
}

extension ServiceGraph.Dependency {
    fileprivate static func all(
        of name: String,
        _ service: Compose.Service,
        in project: Project,
        tree: Node
    ) -> [ServiceGraph.Dependency] {
        service.dependsOn.sorted { $0.key < $1.key }.compactMap { target, dependency in
            guard project.services[target] != nil else {
                return nil
            }
            return ServiceGraph.Dependency(
                from: name,
                to: target,
                condition: .init(composeName: dependency.condition.rawValue),
                isRequired: dependency.required,
                restarts: dependency.restart,
                isImplied: Self.isImplied(target, by: name, tree: tree)
            )
        }
    }

    /// An implied dependency stands where the link or namespace that implies it stands, outside `depends_on`.
    private static func isImplied(_ target: String, by name: String, tree: Node) -> Bool {
        guard let service = tree["services"]?[name], let dependencies = service["depends_on"]?.mapping,
            let entry = dependencies.entry(forKey: target)
        else {
            return false
        }
        let keys = ["links", "volumes_from"]
        let listed = keys.flatMap { service[$0]?.sequence ?? [] }.map(\.origin)
        let namespaces = ["network_mode", "ipc", "pid", "uts", "cgroup"].compactMap { service[$0]?.origin }
        return (listed + namespaces).contains(entry.keyOrigin)
    }
}

extension Port {
    /// `8080→80`, or nil for a port that is not published.
    fileprivate var arrow: String? {
        guard let target else {
            return nil
        }
        let suffix = networkProtocol.map { $0 == "tcp" ? "" : "/\($0)" } ?? ""
        let host = hostIP.map { $0 + ":" } ?? ""
        guard let published, !published.isEmpty else {
            return "\(host)*→\(target)\(suffix)"
        }
        return "\(host)\(published)→\(target)\(suffix)"
    }
}
