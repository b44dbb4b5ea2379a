// SPDX-License-Identifier: Apache-2.0

/// `eq`, `ne`, `lt`, `le`, `gt` and `ge`.
enum Comparison {
    private static let incompatible = FunctionError.failed("incompatible types for comparison")
    private static let badType = FunctionError.failed("invalid type for comparison")

    static func holds(_ function: Function, _ arguments: [Value]) throws(FunctionError) -> Bool {
        switch function {
        case .eq:
            guard arguments.count > 1 else { throw .failed("missing argument for comparison") }
            for other in arguments.dropFirst() where try areEqual(arguments[0], other) { return true }
            return false
        case .ne: return try !areEqual(arguments[0], arguments[1])
        case .lt: return try isLess(arguments[0], arguments[1])
        case .le: return try isLess(arguments[0], arguments[1]) ? true : areEqual(arguments[0], arguments[1])
        case .gt: return try isLess(arguments[0], arguments[1]) ? false : !areEqual(arguments[0], arguments[1])
        default: return try !isLess(arguments[0], arguments[1])
        }
    }

    private static func areEqual(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        switch (left, right) {
        case (.bool(let left), .bool(let right)): return left == right
        case (.integer(let left), .integer(let right)): return left == right
        case (.float(let left), .float(let right)): return left == right
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.none, .none), (.null, .null), (.none, .null), (.null, .none): return true
        case (.none, _), (.null, _), (_, .none), (_, .null): return false
        case (.list, _), (.map, _), (_, .list), (_, .map), (.structure, _), (_, .structure):
            let bad = if case .list = left { left } else if case .map = left { left } else { right }
            throw .failed("non-comparable type \(Formatter.text("%s", [bad])): \(bad.typeName)")
        default: throw incompatible
        }
    }

    private static func isLess(_ left: Value, _ right: Value) throws(FunctionError) -> Bool {
        switch (left, right) {
        case (.integer(let left), .integer(let right)): return left < right
        case (.float(let left), .float(let right)): return left < right
        case (.string(let left), .string(let right)):
            return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.bool, .bool), (.none, _), (_, .none), (.null, _), (_, .null), (.list, _), (_, .list), (.map, _),
            (_, .map), (.structure, _), (_, .structure):
            throw badType
        default: throw incompatible
        }
    }
}

/// `index`, `slice` and `len`.
enum Indexing {
    static func item(of value: Value, at indices: ArraySlice<Value>) throws(FunctionError) -> Value {
        var item = value
        if case .null(.pointer) = value { throw .failed("index of untyped nil") }
        if case .none = value { throw .failed("index of untyped nil") }
        for index in indices { item = try self.item(of: item, at: index) }
        return item
    }

    private static func item(of value: Value, at index: Value) throws(FunctionError) -> Value {
        switch value {
        case .list(let items): return items[try position(index, below: items.count)]
        case .string(let text):
            let bytes = Array(text.utf8)
            return .integer(Int64(bytes[try position(index, below: bytes.count)]))
        case .map(let map): return map[try key(index)] ?? map.zero
        case .structure(let structure) where structure.typeName == nil: return structure[try key(index)] ?? .none
        case .null(.map):
            _ = try key(index)
            return .none
        case .null(.list):
            _ = try position(index, below: 0)
            return .none
        case .null(.pointer), .none: throw .failed("index of nil pointer")
        default: throw .failed("can't index item of type \(value.typeName)")
        }
    }

    private static func key(_ value: Value) throws(FunctionError) -> String {
        guard case .string(let key) = value else {
            throw .failed("value has type \(value.typeName); should be string")
        }
        return key
    }

    /// A position within a list, or at its end where that counts.
    private static func position(_ value: Value, below count: Int) throws(FunctionError) -> Int {
        switch value {
        case .integer(let number):
            guard number >= 0, number < count else { throw .failed("index out of range: \(number)") }
            return Int(number)
        case .none, .null: throw .failed("cannot index slice/array with nil")
        default: throw .failed("cannot index slice/array with type \(value.typeName)")
        }
    }

    static func slice(of value: Value, from indices: [Value]) throws(FunctionError) -> Value {
        guard indices.count <= 3 else { throw .failed("too many slice indexes: \(indices.count)") }
        let count: Int
        switch value {
        case .list(let items): count = items.count
        case .null(.list): count = 0
        case .string(let text):
            if indices.count == 3 { throw .failed("cannot 3-index slice a string") }
            count = text.utf8.count
        case .none: throw .failed("slice of untyped nil")
        default: throw .failed("can't slice item of type \(value.typeName)")
        }
        var bounds = [0, count]
        for (place, index) in indices.enumerated() {
            let position = try position(index, below: count + 1)
            if place < 2 { bounds[place] = position }
        }
        if bounds[0] > bounds[1] { throw .failed("invalid slice index: \(bounds[0]) > \(bounds[1])") }
        switch value {
        case .list(let items): return .list(Array(items[bounds[0]..<bounds[1]]))
        case .string(let text): return .string(String(decoding: Array(text.utf8)[bounds[0]..<bounds[1]], as: UTF8.self))
        default: return value
        }
    }

    static func length(of value: Value) throws(FunctionError) -> Int {
        switch value {
        case .string(let text): return text.utf8.count
        case .list(let items): return items.count
        case .map(let map): return map.entries.count
        case .structure(let structure) where structure.typeName == nil: return structure.fields.count
        case .null(.list), .null(.map): return 0
        case .none, .null(.pointer): throw .failed("len of nil pointer")
        default: throw .failed("len of type \(value.typeName)")
        }
    }
}
