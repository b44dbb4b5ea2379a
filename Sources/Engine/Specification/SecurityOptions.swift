// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Seccomp

/// Which filter of system calls a container has.
enum SeccompChoice: Equatable, Sendable {
    /// Docker's default profile.
    case standard
    /// A profile of the user's.
    case custom(SeccompProfile)
    /// None.
    case none

    /// The profile to compile; nil where nothing is filtered.
    var profile: SeccompProfile? {
        switch self {
        case .standard: .standard
        case .custom(let profile): profile
        case .none: nil
        }
    }
}

/// The `SecurityOpt` of a request, read.
struct SecurityOptions: Equatable, Sendable {
    var seccomp = SeccompChoice.standard
    /// Whether programs with set-user-id bits are run without them.
    var hasNoNewPrivileges = false
    /// Whether no path of the kernel's is masked or read-only.
    var showsSystemPaths = false
    /// Whether control groups can be written to.
    var hasWritableControlGroups = false
    /// What is not done as asked.
    var warnings: [String] = []

    /// Reads the options.
    ///
    /// - Parameters:
    ///   - options: Such as `no-new-privileges`, `seccomp=unconfined` or `seccomp=` with the text of a profile.
    ///   - hasAppArmor: Whether the kernel confines programs by AppArmor.
    /// - Throws: The option that is not known, or that cannot be honoured.
    init(_ options: [String], hasAppArmor: Bool = false) throws(RequestProblem) {
        for option in options {
            // Old clients write a colon.
            let separator = option.firstIndex(of: "=") ?? option.firstIndex(of: ":")
            let key = separator.map { String(option[..<$0]) } ?? option
            let value = separator.map { String(option[option.index(after: $0)...]) }
            switch (key, value) {
            case ("no-new-privileges", nil): hasNoNewPrivileges = true
            case ("no-new-privileges", let value?): hasNoNewPrivileges = try Self.boolean(value, option)
            case ("writable-cgroups", let value): hasWritableControlGroups = try Self.boolean(value ?? "true", option)
            case ("systempaths", "unconfined"?): showsSystemPaths = true
            case ("seccomp", let value?): seccomp = try Self.seccomp(value)
            case ("apparmor", let value?): try readAppArmor(value, hasAppArmor)
            case ("label", let value?):
                if value != "disable" {
                    warnings.append("The option label is ignored: SELinux labels are not supported.")
                }
            default: throw Self.unknown(option)
            }
        }
    }

    private mutating func readAppArmor(_ profile: String, _ hasAppArmor: Bool) throws(RequestProblem) {
        if profile.isEmpty || profile == "unconfined" { return }
        guard !hasAppArmor else {
            throw RequestProblem(
                "invalid --security-opt apparmor=\(profile.prefix(64)): AppArmor profiles are not supported; "
                    + "use apparmor=unconfined"
            )
        }
        warnings.append("The option apparmor is ignored: AppArmor is not enabled on this machine.")
    }

    private static func unknown(_ option: String) -> RequestProblem {
        RequestProblem("invalid --security-opt 2: \"\(option.prefix(128))\"")
    }

    private static func boolean(_ text: String, _ option: String) throws(RequestProblem) -> Bool {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: throw unknown(option)
        }
    }

    private static func seccomp(_ value: String) throws(RequestProblem) -> SeccompChoice {
        switch value {
        case "unconfined": return .none
        case "builtin", "": return .standard
        default:
            do {
                return .custom(try SeccompProfile(json: Array(value.utf8)))
            } catch {
                throw RequestProblem("decoding seccomp profile failed: \(error.description.prefix(512))")
            }
        }
    }
}
