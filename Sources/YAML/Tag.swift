// SPDX-License-Identifier: Apache-2.0

/// The tags that change what a node means.
enum Tag {
    /// No tag, or `!`, which go-yaml takes for none.
    case none
    case null
    case bool
    case int
    case float
    case string
    case timestamp
    case binary
    case merge
    case reset
    case override
    /// Any other tag: a scalar that carries one is a string, on a collection it means nothing.
    case other

    /// Reads a tag as libyaml spells it, its handle resolved.
    init(_ name: UnsafePointer<UInt8>) {
        switch String(cString: name) {
        case "!", "": self = .none
        case "!reset": self = .reset
        case "!override": self = .override
        case "tag:yaml.org,2002:null", "!!null": self = .null
        case "tag:yaml.org,2002:bool", "!!bool": self = .bool
        case "tag:yaml.org,2002:int", "!!int": self = .int
        case "tag:yaml.org,2002:float", "!!float": self = .float
        case "tag:yaml.org,2002:str", "!!str": self = .string
        case "tag:yaml.org,2002:timestamp", "!!timestamp": self = .timestamp
        case "tag:yaml.org,2002:binary", "!!binary": self = .binary
        case "tag:yaml.org,2002:merge", "!!merge": self = .merge
        default: self = .other
        }
    }
}

extension Tag {
    /// What a scalar with the tag must be, for a message.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .float: "a number"
        case .timestamp: "a date"
        default: "a string"
        }
    }
}
