// SPDX-License-Identifier: Apache-2.0

/// Text that a container wrote, made fit to stand in a line of a terminal that is not its own.
///
/// Colours pass where colours are wanted, and end with the line. Every other control sequence is left out: what moves the
/// cursor, erases, sets titles or colours of the terminal or asks it questions. Of a line that was written several times
/// over, as progress bars are, the last state is kept.
enum LogText {
    private static let escape: UInt8 = 0x1B

    /// Adds a line to bytes.
    ///
    /// - Parameters:
    ///   - line: The line without its end, in any encoding that agrees with ASCII.
    ///   - isColoured: Whether colours pass.
    ///   - bytes: What it is added to.
    static func append(_ line: ArraySlice<UInt8>, isColoured: Bool, to bytes: inout [UInt8]) {
        // 0xC2 begins U+0080 to U+009F, which some terminals obey.
        if line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0xC2 || $0 == 0x09 }) {
            bytes += line
            return
        }
        var writer = Writer(start: bytes.count, isColoured: isColoured, bytes: bytes)
        bytes = []
        writer.read(line)
        bytes = writer.bytes
    }

    private struct Writer {
        let start: Int
        let isColoured: Bool
        var bytes: [UInt8]
        /// The sequences for the colours of the moment.
        private var colours: [UInt8] = []
        /// Whether the next character overwrites the line.
        private var isAtBeginning = false

        /// More is not kept of colours that add up: a line that is overwritten often would become ever longer.
        private static let longestColours = 128

        init(start: Int, isColoured: Bool, bytes: [UInt8]) {
            self.start = start
            self.isColoured = isColoured
            self.bytes = bytes
        }

        mutating func read(_ line: ArraySlice<UInt8>) {
            var place = line.startIndex
            while place < line.endIndex {
                let byte = line[place]
                switch byte {
                case escape: place = sequence(in: line, at: place + 1)
                case 0x0D:
                    isAtBeginning = true
                    place += 1
                case 0xC2 where place + 1 < line.endIndex && (0x80...0x9F).contains(line[place + 1]):
                    place = control(line[place + 1], in: line, at: place + 2)
                case 0x09, 0x20..<0x7F, 0x80...:
                    show(byte)
                    place += 1
                default: place += 1
                }
            }
            if !colours.isEmpty { bytes += [escape, UInt8(ascii: "["), UInt8(ascii: "0"), UInt8(ascii: "m")] }
        }

        private mutating func show(_ byte: UInt8) {
            if isAtBeginning { clear() }
            bytes.append(byte)
        }

        /// Begins the line anew, in the colours of the moment.
        private mutating func clear() {
            isAtBeginning = false
            bytes.removeSubrange(start...)
            bytes += colours
        }

        /// Passes over what follows an escape character (ECMA-48, 5.3 to 5.6), and gives the place behind it.
        private mutating func sequence(in line: ArraySlice<UInt8>, at start: Int) -> Int {
            guard start < line.endIndex else { return start }
            switch line[start] {
            case UInt8(ascii: "["): return controlSequence(in: line, at: start + 1)
            case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
                return Self.endOfString(in: line, from: start + 1)
            default:
                var place = start
                while place < line.endIndex, (0x20...0x2F).contains(line[place]) { place += 1 }
                // A byte that ends no sequence is looked at again.
                return place < line.endIndex && (0x30...0x7E).contains(line[place]) ? place + 1 : place
            }
        }

        /// Passes over a control character of two bytes in UTF-8, and what belongs to it.
        private mutating func control(_ byte: UInt8, in line: ArraySlice<UInt8>, at start: Int) -> Int {
            switch byte {
            case 0x9B: controlSequence(in: line, at: start)
            case 0x90, 0x98, 0x9D, 0x9E, 0x9F: Self.endOfString(in: line, from: start)
            default: start
            }
        }

        private mutating func controlSequence(in line: ArraySlice<UInt8>, at start: Int) -> Int {
            var place = start
            while place < line.endIndex, (0x20...0x3F).contains(line[place]) { place += 1 }
            guard place < line.endIndex, (0x40...0x7E).contains(line[place]) else { return place }
            let parameters = line[start..<place]
            switch line[place] {
            case UInt8(ascii: "m"): setColour(parameters)
            case UInt8(ascii: "G"):
                // To the first column, which some progress bars write in place of a carriage return.
                if parameters.isEmpty || parameters.elementsEqual("1".utf8) { isAtBeginning = true }
            case UInt8(ascii: "K"):
                let erasesAll = parameters.elementsEqual("2".utf8)
                if erasesAll || isAtBeginning && (parameters.isEmpty || parameters.elementsEqual("0".utf8)) { clear() }
            default: break
            }
            return place + 1
        }

        private mutating func setColour(_ parameters: ArraySlice<UInt8>) {
            // Digits, `;` and `:`. With another character before them it is no colour but a setting of the terminal.
            guard isColoured, parameters.allSatisfy({ (0x30...0x3B).contains($0) }) else { return }
            let sequence = [escape, UInt8(ascii: "[")] + parameters + [UInt8(ascii: "m")]
            if isAtBeginning { clear() }
            bytes += sequence
            if parameters.allSatisfy({ $0 == UInt8(ascii: "0") }) {
                colours = []
            } else {
                if colours.count + sequence.count > Self.longestColours { colours = [] }
                colours += sequence
            }
        }

        /// The place behind a string for the terminal, which ends with BEL or ST, or is cut off by the end of the line.
        private static func endOfString(in line: ArraySlice<UInt8>, from start: Int) -> Int {
            var place = start
            while place < line.endIndex {
                switch line[place] {
                // CAN, SUB and BEL.
                case 0x07, 0x18, 0x1A: return place + 1
                case escape:
                    let next = place + 1
                    // Any other sequence ends it as well.
                    return next < line.endIndex && line[next] == UInt8(ascii: "\\") ? next + 1 : place
                default: place += 1
                }
            }
            return place
        }
    }
}
