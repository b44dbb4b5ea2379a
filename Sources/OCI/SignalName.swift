// SPDX-License-Identifier: Apache-2.0

/// Signals by name and number, as requests and images name them.
package enum SignalName {
    /// The numbers of signal(7) on x86 and ARM.
    private static let numbers: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9,
        "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CLD": 17,
        "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26,
        "PROF": 27, "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31,
    ]

    /// The real-time signals, without the two that the C library keeps for itself.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// The number of a signal, from 1 to 64.
    ///
    /// - Parameter text: A number, or a name in any case, with or without `SIG`; `RTMIN+n` and `RTMAX-n` are names, too.
    /// - Returns: Nil for anything else.
    package static func knownNumber(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...realTime.upperBound).contains(number) ? number : nil }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        return numbers[name] ?? realTimeNumber(name)
    }

    /// The name of a signal, with `SIG`; its number where it has none.
    package static func name(of number: Int32) -> String {
        // Of several names the first one in the order of letters, as ABRT of ABRT and IOT.
        let names = numbers.filter { $0.value == number }.keys.sorted()
        return names.first.map { "SIG" + $0 } ?? String(number)
    }

    private static func realTimeNumber(_ name: String) -> Int32? {
        let number: Int32?
        if name == "RTMIN" {
            number = realTime.lowerBound
        } else if name == "RTMAX" {
            number = realTime.upperBound
        } else if name.hasPrefix("RTMIN+") {
            number = Int32(name.dropFirst(6)).flatMap { (0...30).contains($0) ? realTime.lowerBound + $0 : nil }
        } else if name.hasPrefix("RTMAX-") {
            number = Int32(name.dropFirst(6)).flatMap { (0...30).contains($0) ? realTime.upperBound - $0 : nil }
        } else {
            number = nil
        }
        return number
    }
}
