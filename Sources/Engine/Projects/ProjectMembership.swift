// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Reconciler
import Store

/// What a container of a project was made by: what it is compared with to find out whether it is still as it is to be.
struct ProjectMembership: Codable, Equatable, Sendable {
    var project: String
    var service: String
    /// Its number among the replicas; nil for one of `run`.
    var number: Int?
    /// The service as it was.
    var definition: Service
    /// The digests of what it was given from outside of the compose file.
    var contents: [Content] = []
    /// Whether it was started and its `post_start` hooks have not come to their end, which a command that was cut off leaves.
    var lacksHooks: Bool?

    /// A file with what was in it.
    struct Content: Codable, Equatable, Sendable {
        var key: ContentKey
        var digest: String
    }

    /// The same by key.
    var digests: [ContentKey: String] {
        get { Dictionary(contents.map { ($0.key, $0.digest) }) { $1 } }
        set {
            contents = newValue.map { Content(key: $0.key, digest: $0.value) }
                .sorted { ($0.key.kind.rawValue, $0.key.name) < ($1.key.kind.rawValue, $1.key.name) }
        }
    }
}

extension ContainerSnapshot {
    /// The value of a label; empty where there is none.
    func label(_ key: String) -> String { definition.request.config.labels?[key] ?? "" }

    /// The project that it belongs to; empty for none.
    ///
    /// The label alone may be that of its image, which tells the project that built it.
    var project: String { label(ProjectLabel.configHash).isEmpty ? "" : label(ProjectLabel.project) }

    /// What the reconciler looks at; nil where it belongs to no service.
    var observed: ObservedContainer? {
        let service = label(ProjectLabel.service)
        guard !service.isEmpty, let phase = ObservedContainer.Phase(rawValue: state.phase.rawValue) else { return nil }
        var container = ObservedContainer(
            id: id.description,
            name: name.description,
            service: service,
            number: Int(label(ProjectLabel.number))
        )
        container.isOneOff = label(ProjectLabel.oneOff) == "True"
        container.isHook = !label(ProjectLabel.hook).isEmpty
        container.lacksHooks = definition.membership?.lacksHooks == true
        container.phase = phase
        container.exitStatus = state.exitStatus
        container.health = health.flatMap { ObservedContainer.Health(rawValue: $0.status.rawValue) }
        container.imageID = definition.image
        container.configHash = label(ProjectLabel.configHash)
        container.definition = definition.membership?.definition
        container.contents = definition.membership?.digests ?? [:]
        container.networks = Set(definition.allNetworks.map(\.reference))
        container.volumes = Set(definition.volumeNames)
        container.uses = Set(SpecificationBuilder.references(in: definition.request.hostConfig))
        container.uses.formUnion(
            (definition.request.hostConfig.volumesFrom ?? []).map { String($0.prefix { $0 != ":" }) }
        )
        return container
    }
}
