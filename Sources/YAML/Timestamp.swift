// SPDX-License-Identifier: Apache-2.0

/// The forms of date and time that go-yaml v3 takes a plain scalar for.
enum Timestamp {
    /// Whether a text is a date, or a date and a time of day.
    static func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= 8, text[4] == UInt8(ascii: "-"), text[..<4].allSatisfy(isDigit) else {
            return false
        }
        var scanner = Scanner(rest: text[...])
        guard scanner.date() else {
            return false
        }
        guard let separator = scanner.rest.first else {
            return true
        }
        switch separator {
        case UInt8(ascii: "T"), UInt8(ascii: "t"):
            scanner.rest = scanner.rest.dropFirst()
            return scanner.time() && scanner.zone() && scanner.rest.isEmpty
        case UInt8(ascii: " "):
            scanner.rest = scanner.rest.drop { $0 == UInt8(ascii: " ") }
            return scanner.time() && scanner.rest.isEmpty
        default:
            return false
        }
    }

    /// The date and time in the form of RFC 3339, as go-yaml prints it.
    ///
    /// - Parameter text: A text that ``matches(_:)``.
    /// - Returns: The text in full: two digits for each part, a `T` between, and a zone.
    static func canonical(_ text: UnsafeBufferPointer<UInt8>) -> String {
        var scanner = Scanner(rest: text[...])
        let date = [scanner.digits(), scanner.digits(), scanner.digits()]
        let isZoned = scanner.rest.first == UInt8(ascii: "T") || scanner.rest.first == UInt8(ascii: "t")
        var time = ["", "", ""]
        if !scanner.rest.isEmpty {
            time = [scanner.digits(), scanner.digits(), scanner.digits()]
        }
        var fraction = ""
        if let first = scanner.rest.first, first == UInt8(ascii: ".") || first == UInt8(ascii: ",") {
            // Go keeps nanoseconds and drops the zeros at the end.
            fraction = String(scanner.digits().prefix(9))
            while fraction.last == "0" {
                fraction.removeLast()
            }
        }
        let padded = { (number: String) in
            number.count < 2 ? String(repeating: "0", count: 2 - number.count) + number : number
        }
        let zone = isZoned ? String(decoding: scanner.rest, as: UTF8.self) : "Z"
        return date.map(padded).joined(separator: "-") + "T" + time.map(padded).joined(separator: ":")
            + (fraction.isEmpty ? "" : "." + fraction) + (zone == "+00:00" || zone == "-00:00" ? "Z" : zone)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    private struct Scanner {
        var rest: Slice<UnsafeBufferPointer<UInt8>>

        /// The next run of digits, whatever stands before it.
        mutating func digits() -> String {
            rest = rest.drop { !isDigit($0) }
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            return String(decoding: digits, as: UTF8.self)
        }

        mutating func date() -> Bool {
            guard let year = number(digits: 4...4), skip(UInt8(ascii: "-")),
                let month = number(digits: 1...2), 1...12 ~= month, skip(UInt8(ascii: "-")),
                let day = number(digits: 1...2), day >= 1
            else {
                return false
            }
            return day <= days(in: month, of: year)
        }

        mutating func time() -> Bool {
            guard let hour = number(digits: 1...2), hour < 24, skip(UInt8(ascii: ":")),
                let minute = number(digits: 1...2), minute < 60, skip(UInt8(ascii: ":")),
                let second = number(digits: 1...2), second < 60
            else {
                return false
            }
            if let first = rest.first, first == UInt8(ascii: ".") || first == UInt8(ascii: ","),
                let next = rest.dropFirst().first, isDigit(next)
            {
                rest = rest.dropFirst().drop(while: isDigit)
            }
            return true
        }

        mutating func zone() -> Bool {
            if skip(UInt8(ascii: "Z")) {
                return true
            }
            guard skip(UInt8(ascii: "+")) || skip(UInt8(ascii: "-")) else {
                return false
            }
            guard let hours = number(digits: 2...2), hours <= 24, skip(UInt8(ascii: ":")),
                let minutes = number(digits: 2...2), minutes <= 60
            else {
                return false
            }
            return true
        }

        private mutating func skip(_ byte: UInt8) -> Bool {
            guard rest.first == byte else {
                return false
            }
            rest = rest.dropFirst()
            return true
        }

        private mutating func number(digits: ClosedRange<Int>) -> Int? {
            let text = rest.prefix(digits.upperBound).prefix(while: isDigit)
            guard text.count >= digits.lowerBound else {
                return nil
            }
            rest = rest.dropFirst(text.count)
            return text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }

        private func days(in month: Int, of year: Int) -> Int {
            switch month {
            case 4, 6, 9, 11: 30
            case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
            default: 31
            }
        }
    }
}
