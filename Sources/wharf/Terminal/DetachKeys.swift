// SPDX-License-Identifier: Apache-2.0

import Arguments

/// The keys that leave a container with a terminal alone, such as `ctrl-p,ctrl-q`.
///
/// The engine acts on them. Here they only tell a connection that ended because of them from one that ended with its program.
struct DetachKeys {
    /// As the engine gets them.
    let text: String
    private let codes: [UInt8]
    private var matched = 0
    /// Whether they were pressed.
    private(set) var isComplete = false

    /// Those of engines where nothing else is said.
    static var standard: Self { Self(text: "ctrl-p,ctrl-q", codes: [16, 17]) }

    private init(text: String, codes: [UInt8]) {
        self.text = text
        self.codes = codes
    }

    /// Reads keys: characters, and `ctrl-` with a letter or one of `@ [ \ ] ^ _`.
    init(_ text: String) throws(InvalidValue) {
        var codes: [UInt8] = []
        for key in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let code = Self.code(of: key) else {
                throw InvalidValue("keys with commas between them, such as ctrl-p,ctrl-q or a")
            }
            codes.append(code)
        }
        self.init(text: text, codes: codes)
    }

    private static func code(of key: Substring) -> UInt8? {
        if key.utf8.count == 1, let code = key.utf8.first, code < 0x80 { return code }
        let name = key.lowercased()
        guard name.hasPrefix("ctrl-"), name.utf8.count == 6, let last = name.utf8.last else { return nil }
        switch last {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return last - UInt8(ascii: "a") + 1
        case UInt8(ascii: "@"): return 0
        case UInt8(ascii: "[")...UInt8(ascii: "_"): return last - UInt8(ascii: "[") + 27
        default: return nil
        }
    }

    /// Takes what was typed.
    mutating func feed(_ bytes: ArraySlice<UInt8>) {
        if codes.isEmpty { return }
        for byte in bytes {
            matched = byte == codes[matched] ? matched + 1 : byte == codes[0] ? 1 : 0
            if matched == codes.count {
                isComplete = true
                matched = 0
            }
        }
    }

    /// The option of commands that connect to a terminal.
    static func option(_ store: @escaping (Self) -> Void) -> Option {
        .value("detach-keys", "keys", help: "The keys that leave it running alone.", default: "ctrl-p,ctrl-q") {
            text throws(InvalidValue) in store(try Self(text))
        }
    }
}
