// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import GoTemplate

extension Listing {
    /// `docker network ls`.
    static let networks = Listing(
        typeName: "*network.networkContext",
        headers: [
            "ID": "NETWORK ID", "Name": "NAME", "Driver": "DRIVER", "Scope": "SCOPE", "IPv4": "IPV4", "IPv6": "IPV6",
            "Internal": "INTERNAL", "Labels": "LABELS", "CreatedAt": "CREATED AT",
        ],
        table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"
    )
}

extension NetworkInspection {
    /// The row of a list.
    ///
    /// - Parameter truncates: Whether the identifier is cut.
    /// - Returns: The row.
    func row(truncates: Bool) -> Value.Structure {
        var row = Value.Structure([
            ("CreatedAt", .string(created.goText)),
            ("Driver", .string(driver)),
            ("ID", .string(truncates ? id.shortID : id)),
            ("IPv4", .string(String(enablesIPv4))),
            ("IPv6", .string(String(enablesIPv6))),
            ("Internal", .string(String(isInternal))),
            ("Labels", .string(labels.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: ","))),
            ("Name", .string(name)),
            ("Scope", .string(scope)),
        ])
        let labels = labels
        row.methods["Label"] = { .string(labels[$0] ?? "") }
        return row
    }
}

extension Timestamp {
    /// The instant in UTC as Go prints it: `2026-11-28 17:50:46.5 +0000 UTC`.
    fileprivate var goText: String {
        String(description.map { $0 == "T" ? " " : $0 }.dropLast()) + " +0000 UTC"
    }
}

extension Value.Shape {
    /// What the types of an inspected network are, as far as JSON does not tell it.
    static let network: Self = {
        var shape = Self()
        shape.maps = [
            "Labels": .string(""), "Options": .string(""), "AuxiliaryAddresses": .string(""),
            "Containers": .structure(Value.Structure([])),
        ]
        shape.lists = ["Config", "Peers"]
        shape.texts = ["Subnet", "IPRange", "Gateway"]
        shape.optional = ["": ["Peers"], "Config[]": ["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"]]
        shape.names = ["ID": "Id", "AuxAddress": "AuxiliaryAddresses"]
        return shape
    }()
}

/// The order of names in Docker's lists: runs of digits by their number, before all other characters.
enum NameOrder {
    /// Whether one name stands before another.
    static func precedes(_ left: String, _ right: String) -> Bool {
        var (one, other) = (Array(left.utf8)[...], Array(right.utf8)[...])
        while let first = one.first, let second = other.first {
            guard isDigit(first), isDigit(second) else {
                if isDigit(first) != isDigit(second) { return isDigit(first) }
                if first != second { return first < second }
                one.removeFirst()
                other.removeFirst()
                continue
            }
            let (number, zeros) = number(&one)
            let (otherNumber, otherZeros) = Self.number(&other)
            if number.count != otherNumber.count { return number.count < otherNumber.count }
            if number != otherNumber { return number.lexicographicallyPrecedes(otherNumber) }
            if zeros != otherZeros { return zeros < otherZeros }
        }
        return one.count < other.count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Takes a run of digits, and gives it without the zeros before it, and their count.
    private static func number(_ text: inout ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, zeros: Int) {
        let run = text.prefix(while: isDigit)
        let digits = run.drop { $0 == UInt8(ascii: "0") }
        text = text.dropFirst(run.count)
        return (digits, run.count - digits.count)
    }
}
