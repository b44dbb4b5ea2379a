// SPDX-License-Identifier: Apache-2.0

import CYAML
import Glibc

/// The events of a YAML stream, one at a time.
///
/// It owns libyaml's parser and its current event, and frees both.
struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let text: UnsafeBufferPointer<UInt8>
    private let source: SourceID
    private let isReady: Bool

    /// Makes a reader of a text, which must outlive it.
    init(text: UnsafeBufferPointer<UInt8>, source: SourceID) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        event = .allocate(capacity: 1)
        event.initialize(to: yaml_event_t())
        self.text = text
        self.source = source
        isReady = yaml_parser_initialize(parser) == 1
        if isReady {
            yaml_parser_set_input_string(parser, text.baseAddress ?? Self.nothing, text.count)
        }
    }

    deinit {
        yaml_event_delete(event)
        if isReady {
            yaml_parser_delete(parser)
        }
        event.deallocate()
        parser.deallocate()
    }

    /// Stands in for the text when that is empty and has no address: libyaml insists on one.
    nonisolated(unsafe) private static let nothing: UnsafePointer<UInt8> = {
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    /// Goes to the next event.
    mutating func advance() throws(SyntaxError) {
        yaml_event_delete(event)
        guard isReady, yaml_parser_parse(parser, event) == 1 else {
            throw ParserProblem(of: parser.pointee, text: text, source: source).syntaxError
        }
    }

    /// What the current event is.
    var kind: yaml_event_type_t { event.pointee.type }

    /// Where the current event starts.
    var origin: Origin {
        Origin(mark: event.pointee.start_mark, file: source)
    }

    /// The bytes of the current scalar; valid until the next event.
    var scalarText: UnsafeBufferPointer<UInt8> {
        let scalar = event.pointee.data.scalar
        return UnsafeBufferPointer(start: scalar.value, count: scalar.length)
    }

    /// Whether the current scalar stands without quotes and without `|` or `>`.
    var isPlain: Bool {
        event.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE
    }

    /// Whether the collection that starts here is a `[…]` or `{…}`.
    var isFlow: Bool {
        kind == YAML_SEQUENCE_START_EVENT
            ? event.pointee.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
            : event.pointee.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
    }

    /// Whether the document that starts here names no version of YAML, or version 1.1.
    var isVersion11: Bool {
        guard let version = event.pointee.data.document_start.version_directive else {
            return true
        }
        return version.pointee.major == 1 && version.pointee.minor == 1
    }

    /// The tag of the current node, where it has one that means something.
    var tag: Tag {
        let name: UnsafeMutablePointer<yaml_char_t>? =
            switch kind {
            case YAML_SCALAR_EVENT: event.pointee.data.scalar.tag
            case YAML_SEQUENCE_START_EVENT: event.pointee.data.sequence_start.tag
            case YAML_MAPPING_START_EVENT: event.pointee.data.mapping_start.tag
            default: nil
            }
        return name.map { Tag(UnsafePointer($0)) } ?? .none
    }

    /// The name of the anchor that the current node sets, or that the current alias refers to.
    var anchor: String? {
        let name: UnsafeMutablePointer<yaml_char_t>? =
            switch kind {
            case YAML_SCALAR_EVENT: event.pointee.data.scalar.anchor
            case YAML_SEQUENCE_START_EVENT: event.pointee.data.sequence_start.anchor
            case YAML_MAPPING_START_EVENT: event.pointee.data.mapping_start.anchor
            case YAML_ALIAS_EVENT: event.pointee.data.alias.anchor
            default: nil
            }
        return name.map { String(cString: $0) }
    }
}

extension EventReader {
    /// How many `%TAG` directives a text may have.
    ///
    /// libyaml compares each with all before it, and every tag with all of them.
    private static var maximumTagDirectives: Int { 64 }

    /// Refuses a text with very many `%TAG` directives before libyaml sees them.
    func checkTagDirectives() throws(SyntaxError) {
        let isUTF16 = text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF])
        let pattern: StaticString = isUTF16 ? "%\0T\0A\0G" : "%TAG"
        var count = 0
        var start = 0
        while let base = text.baseAddress,
            let match = memchr(base + start, Int32(UInt8(ascii: "%")), text.count - start)
        {
            let index = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(match))
            start = index + 1
            // A directive stands at the start of a line: after a line break or a byte order mark.
            let isAtLineStart = index == 0 || isUTF16 || text[index - 1] < 0x20 || text[index - 1] >= 0x80
            guard isAtLineStart, text.count - index >= pattern.utf8CodeUnitCount,
                memcmp(match, pattern.utf8Start, pattern.utf8CodeUnitCount) == 0
            else {
                continue
            }
            count += 1
            if count > Self.maximumTagDirectives {
                throw SyntaxError(
                    message: "the text has more than \(Self.maximumTagDirectives) `%TAG` directives",
                    origin: Origin(ofByte: index, in: text, file: source)
                )
            }
        }
    }
}

extension Origin {
    /// Makes an origin of the place of a byte in a text.
    init(ofByte offset: Int, in text: UnsafeBufferPointer<UInt8>, file: SourceID) {
        var line: UInt32 = 1
        var column: UInt32 = 1
        for byte in text.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line &+ 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column &+= 1
            }
        }
        self.init(file: file, line: line, column: column)
    }

    /// Makes an origin of libyaml's mark, which counts from 0.
    init(mark: yaml_mark_t, file: SourceID) {
        self.init(
            file: file,
            line: UInt32(clamping: mark.line) &+ 1,
            column: UInt32(clamping: mark.column) &+ 1
        )
    }
}
