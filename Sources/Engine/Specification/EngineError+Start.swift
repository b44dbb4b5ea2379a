// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Runtime

// The failures of the runtime in the words of Docker, by which clients tell what to exit with.
extension EngineError {
    /// A container did not start.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - joins: Whether it was a further process of a container that runs.
    init(starting error: LaunchError, joins: Bool = false) {
        let prefix =
            joins
            ? "OCI runtime exec failed: exec failed: unable to start container process: "
            : "failed to create task for container: unable to start container process: "
        switch error {
        case .exec(let failure): self.init(running: failure, prefix)
        case .setup("process.cwd", let failure):
            let text = SystemError.text(of: failure.number)
            self.init(
                .badParameter,
                "\(prefix)chdir to cwd (\"\(failure.subject)\") set in config.json failed: \(text): unknown"
            )
        case .setup(let field, let failure)
        where failure.call == "open_tree" && failure.number == ENOENT && field.hasSuffix(".source"):
            self.init(
                .badParameter,
                "invalid mount config for type \"bind\": bind source path does not exist: \(failure.subject)"
            )
        case .setup(let field, let failure)
        where failure.call == "mount_setattr" && failure.number == EINVAL && field.hasSuffix(".uidMappings"):
            // What the engine has opened itself is named by its place.
            let name = failure.subject.hasPrefix("/proc/self/fd/") ? field.prefix { $0 != "." } : failure.subject[...]
            self.init(
                .badParameter,
                "cannot map the owners of files of \(name): its file system, or one that is mounted below, has no mounts "
                    + "of that kind (\(failure)); mount it without a map"
            )
        case .setup(_, let failure) where failure.call == "move_mount" && failure.number == EINVAL:
            self.init(
                .badParameter,
                "\(prefix)\(error): unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the "
                    + "specified host path exists and is the expected type"
            )
        case .specification: self.init(.badParameter, "\(prefix)\(error)")
        case .controlGroup(let failure): self.init(controlGroup: failure)
        case .keeper: self.init(.unavailable, "\(error)")
        case .launch, .setup, .unknownReport: self.init(.failed, "\(prefix)\(error): unknown")
        }
    }

    private init(running failure: SystemError, _ prefix: String) {
        let program = failure.subject
        switch failure.number {
        case ENOENT, ENOTDIR:
            let text =
                program.contains("/")
                ? "stat \(program): \(SystemError.text(of: failure.number))" : "executable file not found in $PATH"
            self.init(.commandNotFound, "\(prefix)exec: \"\(program)\": \(text): unknown")
        case EISDIR:
            self.init(
                .commandNotExecutable,
                "\(prefix)exec: \"\(program)\": is a directory: permission denied: unknown"
            )
        default:
            let text = SystemError.text(of: failure.number)
            self.init(.commandNotExecutable, "\(prefix)exec: \"\(program)\": \(text): unknown")
        }
    }

    /// A control group refused what was asked of it.
    ///
    /// - Parameter error: What, and why.
    init(controlGroup error: ControlGroupError) {
        let code: Code =
            switch error.code {
            case .invalid, .refused, .unsupported: .badParameter
            case .busy: .conflict
            case .exists, .missing, .failed: .failed
            }
        self.init(code, "\(error)")
    }

    /// The user of a process cannot be found out.
    ///
    /// - Parameter error: Why.
    init(user error: UserError) {
        guard let missing = error.missing else {
            self.init(.badParameter, "\(error)")
            return
        }
        let (kind, file) = missing.isGroup ? ("group", "group") : ("user", "passwd")
        self.init(.badParameter, "unable to find \(kind) \(missing.name): no matching entries in \(file) file")
    }
}
