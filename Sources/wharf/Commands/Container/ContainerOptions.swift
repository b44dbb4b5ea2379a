// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc
import OCI

import enum Compose.ByteCountText
import struct Compose.DotEnvError
import struct Compose.DotEnvFile
import enum Compose.DurationText
import struct Compose.PortSpecification
import enum Compose.RawEnvFile

/// The options of `container run` and `container create`, in the order in which a request for a container is made of them.
///
/// Each is read when it is met; what depends on several is looked at in ``request()``.
final class ContainerOptions {
    var config = EngineAPI.ContainerConfig()
    var host = HostConfig()
    var name: String?
    var platform: String?
    var pull = "missing"
    /// Whether the progress of a pull is not shown.
    var isQuiet = false
    /// The streams that `--attach` names.
    var attached: Set<String> = []
    var environment = KeyValueList()
    var labels = KeyValueList()
    var volumes: [String] = []
    var published: [PortSpecification] = []
    var exposed: [String] = []
    var networks = NetworkOptions()
    var devices: [String] = []
    var health = HealthOptions()
    var entrypoint: String?
    var securityOptions: [String] = []
    var image = ""
    var arguments: [String] = []
    /// What is said although the command goes on.
    var warnings: [String] = []
    /// The names of the networks, for shells.
    let networkNames: Completion

    init(_ global: GlobalOptions) {
        networkNames = .networks(of: global)
        // What clients of Docker send where nobody has set them.
        host.resources.memorySwappiness = -1
        host.resources.oomKillDisable = false
        host.resources.pidsLimit = 0
        host.restartPolicy.name = "no"
        host.consoleSize = [0, 0]
        host.networkMode = "default"
        (host.dns, host.dnsOptions, host.dnsSearch) = ([], [], [])
        config.exposedPorts = [:]
        config.volumes = [:]
    }

    /// The table of the options.
    func options() -> [Option] {
        processOptions() + environmentOptions() + storageOptions() + networkOptions() + namespaceOptions()
            + securityTable() + resourceOptions() + deviceOptions() + healthTable() + lifeOptions() + foreignOptions()
    }

    /// The image and the words behind it.
    func positionals() -> [Positional] {
        [
            .one("IMAGE", help: "The image.") { self.image = $0 },
            .any("COMMAND", help: "The program with its arguments; that of the image unless given.") {
                self.arguments.append($0)
            },
        ]
    }

    // MARK: Making options

    func text(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        _ help: String,
        completion: Completion = .nothing,
        isHidden: Bool = false,
        _ place: ReferenceWritableKeyPath<ContainerOptions, String>
    ) -> Option {
        .value(name, short: short, valueName, help: help, completion: completion, isHidden: isHidden) {
            self[keyPath: place] = $0
        }
    }

    /// An option that may be given several times, each time with one value.
    func list(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        _ help: String,
        isHidden: Bool = false,
        _ place: ReferenceWritableKeyPath<ContainerOptions, [String]?>,
        _ read: @escaping (String) throws(InvalidValue) -> String = { text throws(InvalidValue) in text }
    ) -> Option {
        .value(name, short: short, valueName, help: help, isRepeatable: true, isHidden: isHidden) {
            text throws(InvalidValue) in
            let value = try read(text)
            self[keyPath: place] = (self[keyPath: place] ?? []) + [value]
        }
    }

    /// An option that may be given several times, each time with `NAME=value`.
    func map(
        _ name: String,
        _ help: String,
        _ place: ReferenceWritableKeyPath<ContainerOptions, [String: String]?>
    ) -> Option {
        .value(name, "name=value", help: help, isRepeatable: true) { text throws(InvalidValue) in
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw InvalidValue("a name, `=` and a value")
            }
            let value = String(text[text.index(after: sign)...])
            self[keyPath: place] = (self[keyPath: place] ?? [:]).merging([String(text[..<sign]): value]) { $1 }
        }
    }

    func integer(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ valueName: String,
        _ help: String,
        in range: ClosedRange<Int64> = Int64.min...Int64.max,
        _ place: ReferenceWritableKeyPath<ContainerOptions, Int64>
    ) -> Option {
        .value(name, short: short, valueName, help: help) { text throws(InvalidValue) in
            guard let number = Int64(text), range.contains(number) else {
                throw InvalidValue(
                    range.lowerBound == .min
                        ? "a whole number" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
                )
            }
            self[keyPath: place] = number
        }
    }

    func bytes(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ help: String,
        allowsUnlimited: Bool = false,
        _ place: ReferenceWritableKeyPath<ContainerOptions, Int64>
    ) -> Option {
        .value(name, short: short, "bytes", help: help) { text throws(InvalidValue) in
            self[keyPath: place] = try allowsUnlimited && text == "-1" ? -1 : ByteCountText.read(text)
        }
    }

    func flag(
        _ name: String,
        short: Unicode.Scalar? = nil,
        _ help: String,
        isHidden: Bool = false,
        _ place: ReferenceWritableKeyPath<ContainerOptions, Bool>
    ) -> Option {
        .flag(name, short: short, help: help, isHidden: isHidden) { self[keyPath: place] = $0 }
    }
}

extension ByteCountText {
    /// Reads a size as the value of an option.
    static func read(_ text: String) throws(InvalidValue) -> Int64 {
        do {
            return try parse(text)
        } catch {
            throw InvalidValue("a size in bytes, such as 512m or 2g")
        }
    }
}

extension DurationText {
    /// Reads a duration as the value of an option.
    static func read(_ text: String) throws(InvalidValue) -> Duration {
        do {
            let duration = try parse(text)
            if duration >= .zero { return duration }
        } catch {
            // The words below say it.
        }
        throw InvalidValue("a duration such as 90s or 1m30s")
    }
}

/// Pairs of a name and a value, from files and from the command line.
struct KeyValueList {
    /// The files, read before what the command line says.
    var files: [String] = []
    var entries: [String] = []

    /// `NAME=value` pairs, those of files first; of several with one name the last counts.
    ///
    /// - Parameters:
    ///   - failure: What the command ends with where a file cannot be read.
    ///   - lookup: The value of a name that stands alone in a file.
    /// - Returns: The pairs.
    /// - Throws: ``CommandFailure`` with the file and the line.
    func pairs(failure: ExitStatus = .failure, _ lookup: (String) -> String?) throws -> [String] {
        var pairs: [String] = []
        for path in files {
            let file: DotEnvFile
            do {
                let text = try InputFile.read(path, limit: 64 << 20, failure: failure)
                file = try RawEnvFile.parse(text, lookup: lookup)
            } catch let error as DotEnvError {
                throw CommandFailure(
                    message: "\(path):\(error.line):\(error.column): \(error.message)",
                    status: .engine
                )
            }
            pairs += file.entries.map { "\($0.name)=\($0.value)" }
        }
        var result: [String] = []
        result.setVariables(pairs + entries)
        return result
    }
}
