// SPDX-License-Identifier: Apache-2.0

import Compose
import Crypto
import YAML

/// The hashes of services' configurations, the same that Docker Compose labels containers with.
enum ServiceHashes {
    /// The lines of `wharf config --hash`.
    ///
    /// - Parameters:
    ///   - names: Names of services, separated by commas, or `*` for all.
    ///   - project: The project that has them.
    /// - Returns: A line `NAME HASH` for each, by name.
    /// - Throws: ``CommandFailure`` where a service does not exist.
    static func lines(_ names: String, of project: Project) throws -> [UInt8] {
        let chosen = names == "*" ? Array(project.services.keys) : names.split(separator: ",").map(String.init)
        var lines: [UInt8] = []
        for name in chosen.sorted() {
            guard let service = project.services[name] else {
                throw CommandFailure(message: "no such service: `\(name)`")
            }
            lines += Array("\(name) \(hash(of: service))\n".utf8)
        }
        return lines
    }

    /// SHA-256, in hexadecimal, of the service's JSON without the keys whose change needs no new container.
    static func hash(of service: Service) -> String {
        var service = service
        service.build = nil
        service.pullPolicy = nil
        service.scale = nil
        service.deploy?.replicas = nil
        service.dependsOn = [:]
        service.profiles = []
        let digits = Array("0123456789abcdef")
        var node = service.node(as: .json)
        node.withValue(forKey: "env_file") { $0.withSequence(shortenEnvFiles) }
        return SHA256.hash(data: JSONWriter.json(node, indent: nil)).reduce(into: "") { text, byte in
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
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
