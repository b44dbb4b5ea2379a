// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import JSONTree
import Testing

@Suite struct `Values as JSON` {
    struct Numbers: Codable, Equatable {
        var a = Int8.min
        var b = UInt8.max
        var c = Int16.min
        var d = UInt16.max
        var e = Int32.min
        var f = UInt32.max
        var g = Int64.min
        var h = UInt64.max
        var i = Int.max
        var j = UInt.max
        var k = 0.1
        var l = Float(-1.5e-3)
        var m = 3.0
        var n = true
        var o: Int?
    }

    enum Shape: String, Codable {
        case round = "Round"
    }

    struct Whole: Codable, Equatable {
        var numbers = Numbers()
        var shape = Shape.round
        var text = "a/b \"\\\n\u{1}\u{7f}é\u{2028}😀"
        var lists = [["x"], [], ["", "y"]]
        var sizes: [Int?] = [1, nil, -23]
        var texts = ["b": "1", "a b": "2", "a": "3"]
        var maps: [String: [String: Shape?]] = ["z": ["k": .round, "j": nil], "a": [:]]
        var byNumber = [10: "x", 9: "y"]
        var nested: [String: Numbers] = ["x": Numbers()]
        var none: [String]?
        var empty = Empty()
        var emptyList: [Empty] = []
    }

    struct Empty: Codable, Equatable {}

    struct Unsorted: Encodable {
        var z = "x"
        var a = [["z": 2, "k": 1]]
    }

    @Test func `what is written is read again`() throws {
        let whole = Whole()
        let bytes = try JSON.encode(whole)
        #expect(try JSON.decode(Whole.self, from: bytes) == whole)
        #expect(try JSON.decode([Whole?].self, from: try JSON.encode([whole, nil])) == [whole, nil])
    }

    @Test func `another reader and another writer understand it`() throws {
        let whole = Whole()
        #expect(try JSONDecoder().decode(Whole.self, from: Data(try JSON.encode(whole))) == whole)
        #expect(try JSON.decode(Whole.self, from: Array(try JSONEncoder().encode(whole))) == whole)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        #expect(try JSON.decode(Whole.self, from: Array(try encoder.encode(whole))) == whole)
    }

    @Test func `keys stand as a value tells them, those of dictionaries in the order of their bytes`() throws {
        struct Value: Encodable {
            var z = 1
            var a = ["b": [2], "a\"": [], "a": [1, 3]]
            var m = ["é": "", "a b": "/", "a": "x"]
        }
        let text = String(decoding: try JSON.encode(Value()), as: UTF8.self)
        #expect(text == #"{"z":1,"a":{"a":[1,3],"a\"":[],"b":[2]},"m":{"a":"x","a b":"/","é":""}}"#)
    }

    @Test func `a value may begin its object twice and open others inside`() throws {
        struct Value: Codable, Equatable {
            enum Key: String, CodingKey { case a, b, c, d }
            var base = ["a": 1]

            init() {}

            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                var inner = container.nestedContainer(keyedBy: Key.self, forKey: .b)
                try inner.encode(2, forKey: .c)
                var items = container.nestedUnkeyedContainer(forKey: .d)
                try items.encode("x")
                var item = items.nestedContainer(keyedBy: Key.self)
                try item.encodeNil(forKey: .a)
                var last = items.nestedUnkeyedContainer()
                try last.encodeNil()
                var same = encoder.container(keyedBy: Key.self)
                try same.encode(1, forKey: .a)
            }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Key.self)
                let inner = try container.nestedContainer(keyedBy: Key.self, forKey: .b)
                var items = try container.nestedUnkeyedContainer(forKey: .d)
                #expect(try inner.decode(Int.self, forKey: .c) == 2)
                #expect(try items.decode(String.self) == "x")
                let item = try items.nestedContainer(keyedBy: Key.self)
                #expect(try item.decodeNil(forKey: .a))
                var last = try items.nestedUnkeyedContainer()
                #expect(try last.decodeNil() && last.isAtEnd && items.isAtEnd && items.currentIndex == 3)
                base = ["a": try container.decode(Int.self, forKey: .a)]
            }
        }
        let bytes = try JSON.encode([Value()])
        #expect(String(decoding: bytes, as: UTF8.self) == #"[{"b":{"c":2},"d":["x",{"a":null},[null]],"a":1}]"#)
        #expect(try JSON.decode([Value].self, from: bytes) == [Value()])
    }

    @Test func `a document has the keys of all its objects in order`() throws {
        let bytes = try JSON.encode(["b": Unsorted(), "a": Unsorted()], sortsKeys: true)
        let one = #"{"a":[{"k":1,"z":2}],"z":"x"}"#
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"a\":\(one),\"b\":\(one)}")
    }

    @Test(arguments: [#"{"a":1,"a":1}"#, #"[{"b":{"a":1,"\u0061":2}}]"#, #"{"":[],"x":{},"":1}"#])
    func `a document that has a key twice is refused`(text: String) {
        struct Anything: Decodable {}
        let bytes = Array(text.utf8)
        #expect(throws: Never.self) { try JSON.decode(Anything.self, from: bytes) }
        let error = #expect(throws: DecodingError.self) { try JSON.decode(Anything.self, from: bytes, .documents) }
        #expect("\(error.debugDescription)".contains("is there twice"))
    }

    @Test func `numbers without a place in JSON are refused`() {
        #expect(throws: EncodingError.self) { try JSON.encode([1, Double.nan]) }
        #expect(throws: EncodingError.self) { try JSON.encode(Float.infinity) }
    }

    @Test(arguments: [
        (#"{"numbers":{"b":256}}"#, "numbers.b"), (#"{"numbers":{"a":-129}}"#, "numbers.a"),
        (#"{"numbers":{"h":-1}}"#, "numbers.h"), (#"{"numbers":{"i":1.5}}"#, "numbers.i"),
        (#"{"numbers":{"k":1e999}}"#, "numbers.k"), (#"{"numbers":{"n":1}}"#, "numbers.n"),
        (#"{"texts":{"k":"v","\u006b2":2}}"#, "texts.k2"), (#"{"lists":[[],["x",null]]}"#, "lists.1.1"),
        (#"{"maps":{"a":{"b":"Square"}}}"#, "maps.a.b"), (#"{"nested":[]}"#, "nested"), (#"[]"#, ""),
        (#"{"sizes":[1,2,{}]}"#, "sizes.2"), (#"{"text":"x""#, ""), (#"{"shape":7}"#, "shape"),
    ])
    func `what does not fit is refused with its place`(text: String, place: String) throws {
        struct Sample: Decodable {
            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: JSONCodingKey.self)
                for key in container.allKeys {
                    switch key.stringValue {
                    case "numbers": try container.nestedContainer(keyedBy: JSONCodingKey.self, forKey: key).check()
                    case "texts": _ = try container.decode([String: String].self, forKey: key)
                    case "lists": _ = try container.decode([[String]].self, forKey: key)
                    case "maps": _ = try container.decode([String: [String: Shape]].self, forKey: key)
                    case "nested": _ = try container.decode([String: Numbers].self, forKey: key)
                    case "sizes": _ = try container.decode([Int].self, forKey: key)
                    case "shape": _ = try container.decode(Shape.self, forKey: key)
                    default: _ = try container.decode(String.self, forKey: key)
                    }
                }
            }
        }
        let error = #expect(throws: DecodingError.self) { try JSON.decode(Sample.self, from: Array(text.utf8)) }
        #expect(error?.place == place)
    }

    @Test func `keys are found in any order, escaped ones too`() throws {
        let text = #"{"d":1,"\u0063":[{"x":[]},2],"b":"é\ud83d\ude00\ud800","a":null,"d2":{"d":3}}"#
        struct Value: Decodable, Equatable {
            var a: Int?
            var b: String
            var d: Double
            var e: Bool?
            var c: [Item]
            var d2: [String: Int]

            struct Item: Decodable, Equatable {
                var isObject: Bool

                init(from decoder: any Decoder) throws {
                    isObject = (try? decoder.container(keyedBy: JSONCodingKey.self)) != nil
                }
            }
        }
        let value = try JSON.decode(Value.self, from: Array(text.utf8))
        #expect(value.a == nil && value.e == nil && value.d == 1 && value.d2 == ["d": 3])
        #expect(value.b == "é😀\u{fffd}" && value.c.map(\.isObject) == [true, false])
        let missing = #expect(throws: DecodingError.self) {
            try JSON.decode(Value.self, from: Array(#"{"b":"","d":1,"c":[]}"#.utf8))
        }
        #expect(missing?.place == "d2")
    }

    @Test func `whole numbers may be written with a fraction or an exponent`() throws {
        let text = "[1.0, -2e3, -0, 9223372036854775807]"
        #expect(try JSON.decode([Int].self, from: Array(text.utf8)) == [1, -2000, 0, .max])
        #expect(throws: DecodingError.self) { try JSON.decode(Int.self, from: Array("9223372036854775808".utf8)) }
        #expect(try JSON.decode(Int.self, from: Array("-9223372036854775808".utf8)) == .min)
    }
}

struct JSONCodingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}

extension KeyedDecodingContainer<JSONCodingKey> {
    fileprivate func check() throws {
        for key in allKeys {
            switch key.stringValue {
            case "a": _ = try decode(Int8.self, forKey: key)
            case "b": _ = try decode(UInt8.self, forKey: key)
            case "h": _ = try decode(UInt64.self, forKey: key)
            case "i": _ = try decode(Int.self, forKey: key)
            case "k": _ = try decode(Double.self, forKey: key)
            default: _ = try decode(Bool.self, forKey: key)
            }
        }
    }
}

extension DecodingError {
    /// The keys on the way to what is wrong.
    fileprivate var place: String {
        let path: [any CodingKey] =
            switch self {
            case .keyNotFound(let key, let context): context.codingPath + [key]
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                context.codingPath
            @unknown default: []
            }
        return path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
    }
}
