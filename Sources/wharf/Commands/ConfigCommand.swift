// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compose
import Terminal
import YAML

/// `wharf config`: checks the compose files and prints what they mean.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check the compose files and print what they mean.",
        usage: "wharf [global options] config [options] [SERVICE ...]",
        discussion: """
            EXAMPLES:
              wharf config                       print the whole project in canonical form
              wharf config web                   only web and what it depends on
              wharf config -q                    only check; the exit status tells
              wharf config --format json -o project.json
              wharf config --explain services.web.environment.MODE
                                                 show where a value comes from
              wharf --diagnostics json config -q errors for editors
            """,
        aliases: ["convert"]
    )

    @ParentCommand var wharf: Wharf
    @OptionGroup var selection: ConfigSelection

    @Option(help: ArgumentHelp("The form of the output: yaml or json.", valueName: "form"))
    var format = "yaml"

    @Option(
        name: [.customShort("o", allowingJoined: true), .customLong("output")],
        help: ArgumentHelp("Write to a file instead of standard output.", valueName: "path"),
        completion: .file()
    )
    var output: String?

    @Flag(name: .shortAndLong, help: "Only check; print nothing.")
    var quiet = false

    @Flag(help: "Do not check that references lead somewhere and keys agree.")
    var noConsistency = false

    @Flag(help: "Accepted for Docker Compose, in which it has no effect either.")
    var noEnvResolution = false

    @Flag(help: "Do not fill in variables.")
    var noInterpolate = false

    @Flag(help: "Do not add what is implied.")
    var noNormalize = false

    @Flag(help: "Do not make paths absolute.")
    var noPathResolution = false

    @Flag(help: "Replace image tags by digests. (needs a registry; not there yet)")
    var resolveImageDigests = false

    @Flag(help: "Print an override file that pins images to digests. (needs a registry; not there yet)")
    var lockImageDigests = false

    @Flag(help: .hidden)
    var dryRun = false

    @Argument(help: "The services to print, with what they depend on; all unless given.")
    var services: [String] = []

    func run() throws {
        guard format == "yaml" || format == "json" else {
            throw CommandFailure(message: "unsupported format '\(format)'; use yaml or json")
        }
        let loading = ProjectLoading(options: wharf.global)
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
        options.normalises = options.normalises && !noNormalize
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
