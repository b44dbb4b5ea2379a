// SPDX-License-Identifier: Apache-2.0

import Arguments
import GoTemplate
import JSONTree
import Terminal

/// What `inspect` prints of things, as `docker inspect` does.
struct Inspection {
    /// `json`, a template, or empty for JSON over several lines.
    var format = ""
    /// What is known of the types of the documents.
    var shape = Value.Shape()

    /// Looks at things one after another and prints all that are there.
    ///
    /// - Parameters:
    ///   - names: The names.
    ///   - read: Gives the document of one.
    /// - Throws: ``CommandFailure`` where one is missing or the template does not fit; the others are printed.
    func run(_ names: [String], read: (String) throws -> [UInt8]) throws {
        let template = format.isEmpty || format == "json" ? nil : try readTemplate()
        var documents: [JSON] = []
        var failures = Failures()
        for name in names {
            failures.collect {
                let json = try Self.json(of: try read(name))
                guard let template else { return documents.append(json) }
                OutputStream.standard.write(try fill(template, json) + "\n")
            }
        }
        if template == nil {
            let style: JSON.WritingStyle = format == "json" ? .compact : .inspection
            OutputStream.standard.write(JSON.array(documents).text(style) + "\n")
        }
        try failures.finish()
    }

    /// A document by the template.
    func text(of json: JSON) throws -> String { try fill(try readTemplate(), json) }

    private static func json(of bytes: [UInt8]) throws -> JSON {
        do {
            return try JSON(bytes)
        } catch {
            throw CommandFailure(message: "the engine's answer is no JSON: \(error)")
        }
    }

    private func readTemplate() throws -> Template {
        do {
            return try Template(format)
        } catch {
            throw CommandFailure(message: "template parsing error: \(error.message)")
        }
    }

    private func fill(_ template: Template, _ json: JSON) throws -> String {
        // As Docker does it: what the types do not allow for is tried with the document as it is, whose error counts.
        if let text = try? template.text(for: Value(json, shape: shape)) { return text }
        do {
            return try template.text(for: Value(json))
        } catch {
            throw CommandFailure(message: "template parsing error: \(error.message)")
        }
    }
}

extension Value.Shape {
    /// What the types of Docker's inspections are, as far as JSON does not tell it.
    static let inspection: Self = {
        var shape = Self()
        shape.maps = [
            "Labels": .string(""), "Annotations": .string(""), "Sysctls": .string(""), "Tmpfs": .string(""),
            "StorageOpt": .string(""), "LogConfig.Config": .string(""), "Data": .string(""), "DriverOpts": .string(""),
            "Options": .string(""),
            "ExposedPorts": .structure(Value.Structure([])), "Volumes": .structure(Value.Structure([])),
            "PortBindings": .null(.list), "Ports": .null(.list), "Networks": .null(.pointer),
        ]
        shape.lists = [
            "Args", "BlkioDeviceReadBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteBps", "BlkioDeviceWriteIOps",
            "BlkioWeightDevice", "Binds", "CapAdd", "CapDrop", "Capabilities", "Cmd", "DeviceCgroupRules", "DeviceIDs",
            "DeviceRequests", "Devices", "DNSNames", "Dns", "DnsOptions", "DnsSearch", "Entrypoint", "Env", "ExecIDs",
            "ExtraHosts", "GroupAdd", "Layers", "Links", "MaskedPaths", "Mounts", "OnBuild", "ReadonlyPaths",
            "RepoDigests", "RepoTags", "SecondaryIPAddresses", "SecondaryIPv6Addresses", "SecurityOpt", "Shell", "Test",
            "Ulimits", "VolumesFrom", "Aliases", "Log", "History",
        ]
        shape.optional = [
            "": ["SizeRw", "SizeRootFs"], "State": ["Health"],
            "Config": ["Healthcheck", "ExposedPorts", "StopSignal", "StopTimeout", "Shell"],
            "HostConfig": ["Init", "Mounts", "Annotations"],
        ]
        shape.names = ["ID": "Id", "HostIP": "HostIp"]
        return shape
    }()
}
