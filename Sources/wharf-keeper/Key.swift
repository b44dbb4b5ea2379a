// SPDX-License-Identifier: Apache-2.0

import CKeeper

/// The bytes of a process's name, compared as numbers.
struct Key: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
        (0, 0, 0, 0, 0, 0, 0, 0, 0)

    init() {}

    init(_ request: inout keeper_request) {
        withUnsafeMutableBytes(of: &words) { target in
            withUnsafeBytes(of: &request.key) { target.copyMemory(from: $0) }
        }
    }

    func write(to answer: inout keeper_answer) {
        withUnsafeBytes(of: words) { source in
            withUnsafeMutableBytes(of: &answer.key) { $0.copyMemory(from: source) }
        }
    }

    static func == (a: Self, b: Self) -> Bool {
        a.words.0 == b.words.0 && a.words.1 == b.words.1 && a.words.2 == b.words.2 && a.words.3 == b.words.3
            && a.words.4 == b.words.4 && a.words.5 == b.words.5 && a.words.6 == b.words.6
            && a.words.7 == b.words.7 && a.words.8 == b.words.8
    }
}
