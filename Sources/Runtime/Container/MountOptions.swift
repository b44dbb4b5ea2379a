// SPDX-License-Identifier: Apache-2.0

import CLinux
import OCI

/// The options of a mount in the terms of the mount interface.
///
/// The names are those of mount(8) and of the OCI runtime specification; whatever is not known is an option of the file
/// system itself and goes to fsconfig(2).
struct MountOptions: Equatable {
    /// `MOUNT_ATTR_` bits to set and to clear on the mount, and on all mounts below it.
    struct Attributes: Equatable {
        var set: UInt64 = 0
        var clear: UInt64 = 0

        var isEmpty: Bool { self == Self() }
    }

    /// An option of the file system.
    struct Parameter: Equatable {
        var key: String
        /// Nil for a flag.
        var value: String?
    }

    /// How a bind mount takes what it binds.
    enum Bind: Equatable {
        case single
        /// With what is mounted below.
        case recursive
    }

    /// How the ids of a mount are mapped.
    enum IDMap: Equatable {
        case single
        case recursive
    }

    var attributes = Attributes()
    var recursiveAttributes = Attributes()
    var parameters: [Parameter] = []
    var bind: Bind?
    /// `MS_PRIVATE` and its like; nil leaves a mount as it is.
    var propagation: Propagation?
    var idMap: IDMap?

    /// What passes between a mount and its peers, mount_namespaces(7).
    struct Propagation: Equatable {
        enum Kind: String {
            case `private`, slave, shared, unbindable
        }

        var kind: Kind
        var isRecursive: Bool

        init?(_ name: String) {
            let isRecursive = name.hasPrefix("r")
            guard let kind = Kind(rawValue: isRecursive ? String(name.dropFirst()) : name) else { return nil }
            self.kind = kind
            self.isRecursive = isRecursive
        }

        /// The bit for mount(2) and mount_setattr(2).
        var flag: UInt64 {
            switch kind {
            case .private: UInt64(CLinux.MS_PRIVATE)
            case .slave: UInt64(CLinux.MS_SLAVE)
            case .shared: UInt64(CLinux.MS_SHARED)
            case .unbindable: UInt64(CLinux.MS_UNBINDABLE)
            }
        }
    }

    /// Reads options in their order; a later one wins.
    ///
    /// - Parameters:
    ///   - options: The words.
    ///   - field: The field that they stand in, for errors.
    /// - Throws: A word that this runtime cannot honour.
    init(_ options: [String], field: String) throws(LaunchError) {
        for option in options {
            if let propagation = Propagation(option) {
                self.propagation = propagation
            } else if Self.apply(option, to: &attributes) || apply(recursive: option) || apply(special: option) {
                continue
            } else if option == "tmpcopyup" || option == "copy-symlink" {
                throw .specification(field: field, "the option `\(option)` is not supported")
            } else if !Self.withoutEffect.contains(option) {
                append(parameter: option)
            }
        }
    }

    /// The defaults, and words for mount(8) alone.
    private static let withoutEffect: Set<String> = [
        "defaults", "auto", "noauto", "user", "nouser", "_netdev", "async", "loud",
    ]

    private mutating func append(parameter option: String) {
        guard let split = option.firstIndex(of: "=") else {
            return parameters.append(Parameter(key: option, value: nil))
        }
        let value = option[option.index(after: split)...]
        parameters.append(Parameter(key: String(option[..<split]), value: String(value)))
    }

    private mutating func apply(recursive option: String) -> Bool {
        option.hasPrefix("r") && option != "ro" && option != "rw" && option != "relatime"
            && Self.apply(String(option.dropFirst()), to: &recursiveAttributes)
    }

    private mutating func apply(special option: String) -> Bool {
        switch option {
        case "bind": bind = bind ?? .single
        case "rbind": bind = .recursive
        case "idmap": idMap = .single
        case "ridmap": idMap = .recursive
        default: return false
        }
        return true
    }

    private static func apply(_ option: String, to attributes: inout Attributes) -> Bool {
        let time = UInt64(MOUNT_ATTR__ATIME)
        switch option {
        case "ro": attributes.add(MOUNT_ATTR_RDONLY)
        case "rw": attributes.remove(MOUNT_ATTR_RDONLY)
        case "nosuid": attributes.add(MOUNT_ATTR_NOSUID)
        case "suid": attributes.remove(MOUNT_ATTR_NOSUID)
        case "nodev": attributes.add(MOUNT_ATTR_NODEV)
        case "dev": attributes.remove(MOUNT_ATTR_NODEV)
        case "noexec": attributes.add(MOUNT_ATTR_NOEXEC)
        case "exec": attributes.remove(MOUNT_ATTR_NOEXEC)
        case "nodiratime": attributes.add(MOUNT_ATTR_NODIRATIME)
        case "diratime": attributes.remove(MOUNT_ATTR_NODIRATIME)
        case "nosymfollow": attributes.add(MOUNT_ATTR_NOSYMFOLLOW)
        case "symfollow": attributes.remove(MOUNT_ATTR_NOSYMFOLLOW)
        case "noatime": attributes.replace(time, by: UInt64(MOUNT_ATTR_NOATIME))
        case "strictatime": attributes.replace(time, by: UInt64(MOUNT_ATTR_STRICTATIME))
        case "relatime", "atime", "norelatime", "nostrictatime":
            attributes.replace(time, by: UInt64(MOUNT_ATTR_RELATIME))
        default: return false
        }
        return true
    }
}

extension MountOptions.Attributes {
    fileprivate mutating func add(_ bit: Int32) {
        set |= UInt64(bit)
        clear &= ~UInt64(bit)
    }

    fileprivate mutating func remove(_ bit: Int32) {
        set &= ~UInt64(bit)
        clear |= UInt64(bit)
    }

    /// Sets a field of several bits; the kernel wants all its bits cleared for that.
    fileprivate mutating func replace(_ field: UInt64, by value: UInt64) {
        set = set & ~field | value
        clear |= field
    }
}
