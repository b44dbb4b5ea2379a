// SPDX-License-Identifier: Apache-2.0

import JSONTree
import Linux

extension SeccompProfile {
    /// No profile in use is larger than a hundredth of this.
    private static let sizeLimit = 4 << 20

    /// Reads a profile in Docker's format or in that of the OCI runtime specification.
    ///
    /// Keys that neither knows are passed over, as Docker does.
    ///
    /// - Parameter json: The text.
    /// - Throws: What is wrong, with its place.
    package init(json: [UInt8]) throws(SeccompProfileError) {
        if json.count > Self.sizeLimit { throw SeccompProfileError("", "larger than \(Self.sizeLimit) bytes") }
        let document: JSON
        do {
            document = try JSON(json, .strict)
        } catch {
            throw SeccompProfileError("", "no JSON: \(error.message) at byte \(error.offset)")
        }
        let root = try Fields(document, at: "")
        self.init(
            defaultAction: try root.requiredAction("defaultAction"),
            defaultErrno: try root.errno("defaultErrnoRet")
        )
        architectures = try root.strings("architectures")
        architectureMap = try root.objects("archMap").map { entry throws(SeccompProfileError) in
            guard let native = try entry.string("architecture") else {
                throw SeccompProfileError(entry.path("architecture"), "is missing")
            }
            return ArchitectureMap(native: native, others: try entry.strings("subArchitectures"))
        }
        if !architectures.isEmpty, !architectureMap.isEmpty {
            throw SeccompProfileError("archMap", "give either this or architectures")
        }
        flags = try root.strings("flags")
        for (index, flag) in flags.enumerated() where SeccompFilter.flag(flag) == nil {
            let known = SeccompFilter.flags.map(\.name).joined(separator: ", ")
            throw SeccompProfileError("flags[\(index)]", "unknown flag \"\(flag)\": there are \(known)")
        }
        if try root.string("listenerPath") ?? "" != "" {
            throw SeccompProfileError("listenerPath", "listeners (SCMP_ACT_NOTIFY) are not offered; leave it out")
        }
        rules = try root.objects("syscalls").map { entry throws(SeccompProfileError) in try Rule(entry) }
    }
}

extension SeccompProfile.Rule {
    fileprivate init(_ entry: Fields) throws(SeccompProfileError) {
        var names = try entry.strings("names")
        if let name = try entry.string("name"), !name.isEmpty {
            if !names.isEmpty { throw SeccompProfileError(entry.path("name"), "give either this or names") }
            names = [name]
        }
        if names.isEmpty { throw SeccompProfileError(entry.path("names"), "no system call is named") }
        self.init(names, try entry.requiredAction("action"), errno: try entry.errno("errnoRet"))
        arguments = try entry.objects("args").map { field throws(SeccompProfileError) in
            let index = try field.unsigned("index") ?? 0
            if index > 5 {
                throw SeccompProfileError(field.path("index"), "\(index) is no argument: they count from 0 to 5")
            }
            return SeccompProfile.Argument(
                UInt32(index),
                try field.required("op", SeccompProfile.Comparison.init(rawValue:), SeccompProfile.Comparison.allNames),
                try field.unsigned("value") ?? 0,
                try field.unsigned("valueTwo") ?? 0
            )
        }
        includes = try SeccompProfile.Filter(entry.object("includes"))
        excludes = try SeccompProfile.Filter(entry.object("excludes"))
    }
}

extension SeccompProfile.Filter {
    fileprivate init(_ entry: Fields?) throws(SeccompProfileError) {
        self.init()
        guard let entry else { return }
        capabilities = try entry.strings("caps")
        architectures = try entry.strings("arches")
        guard let text = try entry.string("minKernel"), !text.isEmpty else { return }
        guard let release = KernelRelease(text) else {
            throw SeccompProfileError(entry.path("minKernel"), "\"\(text)\" is no release such as 4.8")
        }
        minimumKernel = release
    }
}

extension SeccompProfile.Comparison {
    fileprivate static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// The fields of an object of a profile; null counts as missing.
private struct Fields {
    private let values: [String: JSON]
    private let place: String

    init(_ json: JSON, at place: String) throws(SeccompProfileError) {
        guard case .object(let members) = json else { throw SeccompProfileError(place, "must be an object") }
        values = [String: JSON](members.filter { $0.value != .null }.map { ($0.key, $0.value) }) { $1 }
        self.place = place
    }

    func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    func string(_ key: String) throws(SeccompProfileError) -> String? {
        guard let value = values[key] else { return nil }
        guard case .string(let text) = value else { throw SeccompProfileError(path(key), "must be a string") }
        return text
    }

    func unsigned(_ key: String) throws(SeccompProfileError) -> UInt64? {
        guard let value = values[key] else { return nil }
        guard case .number(let text) = value, let number = UInt64(text) else {
            throw SeccompProfileError(path(key), "must be a whole number from 0 to 2^64 - 1")
        }
        return number
    }

    /// The kernel hands on at most 4095.
    func errno(_ key: String) throws(SeccompProfileError) -> UInt16? {
        guard let value = try unsigned(key) else { return nil }
        if value > 4095 { throw SeccompProfileError(path(key), "\(value) is no errno value: they end at 4095") }
        return UInt16(value)
    }

    func strings(_ key: String) throws(SeccompProfileError) -> [String] {
        var texts: [String] = []
        for (index, item) in try items(key).enumerated() {
            guard case .string(let text) = item else {
                throw SeccompProfileError("\(path(key))[\(index)]", "must be a string")
            }
            texts.append(text)
        }
        return texts
    }

    func object(_ key: String) throws(SeccompProfileError) -> Fields? {
        guard let value = values[key] else { return nil }
        return try Fields(value, at: path(key))
    }

    func objects(_ key: String) throws(SeccompProfileError) -> [Fields] {
        var fields: [Fields] = []
        for (index, item) in try items(key).enumerated() {
            fields.append(try Fields(item, at: "\(path(key))[\(index)]"))
        }
        return fields
    }

    func required<Value>(
        _ key: String,
        _ parse: (String) -> Value?,
        _ choices: String
    ) throws(SeccompProfileError) -> Value {
        guard let text = try string(key) else {
            throw SeccompProfileError(path(key), "is missing: one of \(choices)")
        }
        guard let value = parse(text) else {
            throw SeccompProfileError(path(key), "unknown value \"\(text)\": there are \(choices)")
        }
        return value
    }

    func requiredAction(_ key: String) throws(SeccompProfileError) -> SeccompProfile.Action {
        let names = SeccompProfile.Action.allCases.map(\.rawValue).joined(separator: ", ")
        return try required(key, SeccompProfile.Action.init(rawValue:), names)
    }

    private func items(_ key: String) throws(SeccompProfileError) -> [JSON] {
        guard let value = values[key] else { return [] }
        guard case .array(let items) = value else { throw SeccompProfileError(path(key), "must be a list") }
        return items
    }
}
