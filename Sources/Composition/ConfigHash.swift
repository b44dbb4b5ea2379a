// SPDX-License-Identifier: Apache-2.0

package import Compose
import OCI
import YAML

extension ProjectComposer {
    /// SHA-256, in hexadecimal, of what a service's containers are made of: the same as Docker Compose's.
    ///
    /// Keys whose change needs no new container are left out: `build`, `pull_policy`, `scale`, `deploy.replicas`,
    /// `depends_on` and `profiles`. What only wharf knows counts where it is used.
    ///
    /// - Parameter service: The service; with its references resolved for the label of a container.
    /// - Returns: 64 digits.
    package static func hash(of service: Service) -> String {
        var service = service
        service.build = nil
        service.pullPolicy = nil
        service.scale = nil
        service.deploy?.replicas = nil
        service.dependsOn = [:]
        service.profiles = []
        var node = service.node(as: .json)
        node.withValue(forKey: "env_file") { $0.withSequence(shortenEnvFiles) }
        let own = service.volumes.filter { $0.extensions[MountExtension.idMap] != nil }
        let owners = own.flatMap { mount in
            Array((mount.target ?? "").utf8)
                + JSONWriter.json(mount.extensions[MountExtension.idMap] ?? Node(.null), indent: nil)
        }
        return Digest(sha256: JSONWriter.json(node, indent: nil) + owners).hex
    }

    /// SHA-256, in hexadecimal, of a network's definition: the same as Docker Compose's.
    ///
    /// Options of the address management, which Docker Compose 2 drops, count where there are some.
    package static func hash(of network: Network) -> String {
        let options = network.ipam.options.sorted { $0.key < $1.key }.flatMap { Array("\($0.key)=\($0.value)\n".utf8) }
        return Digest(sha256: JSONWriter.json(network.node(as: .json), indent: nil) + options).hex
    }

    /// SHA-256, in hexadecimal, of a volume's definition: the same as Docker Compose's.
    package static func hash(of volume: Volume) -> String {
        var volume = volume
        volume.driver = volume.driver ?? "local"
        return Digest(sha256: JSONWriter.json(volume.node(as: .json), indent: nil)).hex
    }

    /// Puts the paths of files that must exist in place of their mappings, as Docker Compose does in JSON.
    private static func shortenEnvFiles(_ files: inout [Node]) {
        for index in files.indices where files[index].mapping?["required"]?.bool == true {
            if let path = files[index].mapping?["path"] {
                files[index] = path
            }
        }
    }
}
