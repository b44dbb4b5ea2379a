// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Terminal
import YAML

/// `wharf config`: checks the compose files and prints what they mean.
final class ConfigCommand {
    let global: GlobalOptions
    let selection = ConfigSelection()
    var format = "yaml"
    var output: String?
    var quiet = false
    var noConsistency = false
    var noInterpolate = false
    var noNormalize = false
    var noPathResolution = false
    var resolveImageDigests = false
    var lockImageDigests = false
    var services: [String] = []

    init(_ global: GlobalOptions) {
        self.global = global
    }

    func run() throws {
        guard format == "yaml" || format == "json" else {
            throw CommandFailure(message: "unsupported format '\(format)'; use yaml or json")
        }
        let loading = ProjectLoading(options: global)
        if let section = selection.section {
            try write(section.lines(loading: loading, command: self))
        } else {
            let result = try loading.load(configure)
            try checkDigests(of: result)
            var bytes = try content(of: result)
            if !noInterpolate {
                bytes = DollarSign.escaped(bytes)
            }
            try write(bytes)
        }
    }

    /// Sets the phases that the flags ask for.
    func configure(_ options: inout LoadOptions) {
        options.interpolates = !noInterpolate
        // As Docker Compose prints it; what is made of a project has its default network all the same.
        options.normalises = !global.compatibility && !noNormalize
        options.checksConsistency = !noConsistency
        options.resolvesPaths = !noPathResolution
        options.services = services
    }

    /// Refuses to pin images whose digest the file does not give.
    private func checkDigests(of result: LoadResult) throws {
        guard resolveImageDigests || lockImageDigests, let project = result.project else {
            return
        }
        for (name, service) in project.services.sorted(by: { $0.key < $1.key }) {
            if let image = service.image, image.digest == nil {
                throw CommandFailure(
                    message: "cannot pin the image `\(image)` of service `\(name)`: its digest comes from a registry, "
                        + "and wharf has no registry client yet; write `image@sha256:…` in the file"
                )
            }
        }
    }

    /// The project as the flags about digests want it.
    private func pinned(_ project: Project) -> Project {
        guard lockImageDigests || resolveImageDigests else {
            return project
        }
        var pinned = lockImageDigests ? Project() : project
        pinned.services = project.services.mapValues { service in
            var pinned = lockImageDigests ? Service() : service
            pinned.image = service.image?.pinned
            return pinned
        }
        return pinned
    }

    private func content(of result: LoadResult) throws -> [UInt8] {
        let outputFormat: OutputFormat = format == "json" ? .json : .yaml
        let node: Node
        if let project = result.project {
            node = pinned(project).node(as: outputFormat)
        } else {
            node = outputFormat.plain(result.tree ?? Node(.null))
        }
        guard format == "json" else {
            return Emitter.yaml(node, keepsLeadingBreaks: result.project != nil)
        }
        if let path = node.firstNonFiniteNumber() {
            throw CommandFailure(message: "JSON has no way to write the infinite number at `\(path)`")
        }
        return JSONWriter.json(node)
    }

    private func write(_ bytes: [UInt8]) throws {
        guard !quiet else {
            return
        }
        if let output, !bytes.isEmpty {
            try OutputFile.write(bytes, to: output)
        } else {
            OutputStream.standard.write(bytes)
        }
    }
}

/// The `$` of printed values, doubled so that they are read back as they are.
enum DollarSign {
    static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        let dollar = UInt8(ascii: "$")
        guard bytes.contains(dollar) else {
            return bytes
        }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(bytes.count + bytes.count / 64)
        for byte in bytes {
            escaped.append(byte)
            if byte == dollar {
                escaped.append(dollar)
            }
        }
        return escaped
    }
}

extension ImageReference {
    /// The full name with the digest and without the tag, which the digest makes meaningless.
    fileprivate var pinned: ImageReference {
        ImageReference("\(registry)/\(repository)@\(digest ?? "")")
    }
}

extension Node {
    /// The path of a number that JSON cannot write (RFC 8259, section 6), or nil.
    fileprivate func firstNonFiniteNumber() -> NodePath? {
        switch value {
        case .float(let number):
            return number.isFinite ? nil : NodePath()
        case .sequence(let items):
            for (index, item) in items.enumerated() {
                if let path = item.firstNonFiniteNumber() {
                    return NodePath([.index(index)] + path.components)
                }
            }
        case .mapping(let mapping):
            for entry in mapping.entries {
                if let path = entry.value.firstNonFiniteNumber() {
                    return NodePath([.key(entry.key)] + path.components)
                }
            }
        default:
            break
        }
        return nil
    }
}
