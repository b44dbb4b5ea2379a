// SPDX-License-Identifier: Apache-2.0

/// An argument without a name: what help and completions say of it, how many there may be, and where they go.
package struct Positional {
    /// What stands for the argument in help, in capital letters.
    var name: String
    var help: String
    /// How many words it takes.
    var count: ClosedRange<Int>
    var completion: Completion
    let store: (String) throws(InvalidValue) -> Void

    private init(
        _ name: String,
        _ help: String,
        _ count: ClosedRange<Int>,
        _ completion: Completion,
        _ store: @escaping (String) throws(InvalidValue) -> Void
    ) {
        self.name = name
        self.help = help
        self.count = count
        self.completion = completion
        self.store = store
    }

    /// An argument that must be given.
    package static func one(
        _ name: String,
        help: String,
        completion: Completion = .nothing,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Positional {
        Positional(name, help, 1...1, completion, store)
    }

    /// An argument that may be left out.
    package static func optional(
        _ name: String,
        help: String,
        completion: Completion = .nothing,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Positional {
        Positional(name, help, 0...1, completion, store)
    }

    /// Any number of arguments.
    package static func any(
        _ name: String,
        help: String,
        completion: Completion = .nothing,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Positional {
        Positional(name, help, 0...Int.max, completion, store)
    }

    /// One argument or more.
    package static func some(
        _ name: String,
        help: String,
        completion: Completion = .nothing,
        store: @escaping (String) throws(InvalidValue) -> Void
    ) -> Positional {
        Positional(name, help, 1...Int.max, completion, store)
    }

    /// The argument in a line of usage.
    var usage: String {
        switch (count.lowerBound, count.upperBound) {
        case (0, 1): "[\(name)]"
        case (0, _): "[\(name) ...]"
        case (_, 1): name
        default: "\(name) [\(name) ...]"
        }
    }
}

extension [Positional] {
    /// How many of a count of words each one takes, first come first served, but leaving what the later ones must have.
    ///
    /// The sum is below the count where there are too many words, and above it where there are too few.
    func shares(of count: Int) -> [Int] {
        var left = count
        var needed = reduce(0) { $0 + $1.count.lowerBound }
        return map { positional in
            needed -= positional.count.lowerBound
            let share = Swift.max(positional.count.lowerBound, Swift.min(left - needed, positional.count.upperBound))
            left -= share
            return share
        }
    }
}
