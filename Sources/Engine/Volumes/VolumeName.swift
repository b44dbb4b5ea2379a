// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// Names of volumes, which are names of folders as well.
enum VolumeName {
    /// Checks a name.
    ///
    /// - Parameter name: The name.
    /// - Throws: What is wrong, in the words of Docker.
    static func check(_ name: String) throws(RequestProblem) {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = name.utf8.first, isAlphanumeric(first),
            name.utf8.allSatisfy({ isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D })
        else {
            throw RequestProblem(
                "create \(name.prefix(256)): \"\(name.prefix(256))\" includes invalid characters for a local volume name, "
                    + "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use "
                    + "absolute path"
            )
        }
        // A name of Linux.
        guard name.utf8.count <= 255 else {
            throw RequestProblem("create \(name.prefix(64))…: a name of a volume has at most 255 characters")
        }
    }

    /// Checks a driver.
    ///
    /// - Parameters:
    ///   - driver: Its name; empty is the default.
    ///   - name: The volume, for the error.
    /// - Throws: That there is no such driver, in the words of Docker.
    static func check(driver: String, of name: String) throws(RequestProblem) {
        guard ["", "local"].contains(driver) else {
            throw RequestProblem(
                "create \(name): error looking up volume plugin \(driver.prefix(64)): plugin \"\(driver.prefix(64))\" "
                    + "not found; there is only the driver local"
            )
        }
    }

    /// A name for a volume that nobody gave one.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return ObjectID(using: &generator).description
    }
}

extension EngineError {
    /// There is no volume with a name.
    static func noSuchVolume(_ name: String) -> Self {
        Self(.notFound, "get \(name.prefix(256)): no such volume")
    }

    /// A volume that containers use.
    static func volumeInUse(_ name: String, by ids: [String]) -> Self {
        Self(.conflict, "remove \(name): volume is in use - [\(ids.joined(separator: ", "))]")
    }
}
