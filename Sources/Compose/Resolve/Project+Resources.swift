// SPDX-License-Identifier: Apache-2.0

extension Project {
    /// Removes the networks, volumes, secrets, configs and models that no service of the project uses.
    mutating func removeUnusedResources() {
        var used = (networks: Set<String>(), volumes: Set<String>(), secrets: Set<String>(), configs: Set<String>())
        var usedModels: Set<String> = []
        for service in services.values {
            used.networks.formUnion(service.networks.keys)
            usedModels.formUnion(service.models.keys)
            for mount in service.volumes where mount.kind == .volume {
                used.volumes.insert(mount.source ?? "")
            }
            used.secrets.formUnion((service.secrets + (service.build?.secrets ?? [])).map { $0.source ?? "" })
            used.configs.formUnion(service.configs.map { $0.source ?? "" })
        }
        networks = networks.filter { used.networks.contains($0.key) }
        volumes = volumes.filter { used.volumes.contains($0.key) }
        secrets = secrets.filter { used.secrets.contains($0.key) }
        configs = configs.filter { used.configs.contains($0.key) }
        models = models.filter { usedModels.contains($0.key) }
    }

    /// Gives the configs and secrets that come from variables their contents; one whose variable is not set has none.
    mutating func takeContents(from environment: ProjectEnvironment) {
        for (key, secret) in secrets {
            if let name = secret.environment { secrets[key]?.content = environment[name] }
        }
        for (key, config) in configs {
            if let name = config.environment { configs[key]?.content = environment[name] }
        }
    }
}
