// SPDX-License-Identifier: Apache-2.0

import Netlink

/// What one container gets for its queries.
struct DNSResponder: Sendable {
    /// What is to be done with a message.
    enum Decision: Equatable, Sendable {
        case answer([UInt8])
        /// Somebody else knows.
        case forward
        /// Whoever sent it gets nothing.
        case drop
    }

    let view: DNSView
    /// Its own names, and then those of its networks.
    private let tables: [NameTable]

    /// - Parameters:
    ///   - view: What it is answered with.
    ///   - networks: The names of all networks.
    init(_ view: DNSView, _ networks: [String: NameTable] = [:]) {
        self.view = view
        tables = [view.table] + view.networks.compactMap { networks[$0] }
    }

    /// Decides on a message.
    ///
    /// - Parameters:
    ///   - message: The message as it came.
    ///   - limit: The most bytes of the answer; nil where it came by UDP and the query says so.
    ///   - turn: A number that is another one for each query: which of several addresses comes first.
    /// - Returns: What is to be done.
    func decide(on message: [UInt8], limit: Int? = nil, turn: Int) -> Decision {
        let query: DNSQuery
        do {
            query = try DNSQuery(message)
        } catch .noQuery {
            return .drop
        } catch {
            return DNSQuery.refusal(of: message, .formatError).map(Decision.answer) ?? .drop
        }
        let limit = limit ?? query.payloadSize
        guard query.operation == 0 else { return .answer(query.answer(.notImplemented, limit: limit)) }
        // Only the internet's class is asked for in earnest; 255 is any.
        guard [1, 255].contains(query.question.recordClass) else { return elsewhere(query, limit) }
        let name = view.aliases[query.question.name] ?? query.question.name
        if let addresses = tables.firstResult({ $0.addresses(of: name) }) {
            return .answer(answer(query, addresses, limit: limit, turn: turn))
        }
        if let address = IPAddress(reverse: query.question.name),
            let names = tables.firstResult({ $0.names(of: address) })
        {
            return .answer(answer(query, names, limit: limit))
        }
        return elsewhere(query, limit)
    }

    /// A name of ours that has no record of the type is there all the same: an answer of no such name would have the client
    /// give up on the other family (RFC 2308 section 2.2).
    private func answer(_ query: DNSQuery, _ addresses: [IPAddress], limit: Int, turn: Int) -> [UInt8] {
        let fitting = addresses.filter { address in
            switch query.question.type {
            case DNSRecordType.a: address.isV4
            case DNSRecordType.aaaa: !address.isV4
            case DNSRecordType.any: true
            default: false
            }
        }
        let first = fitting.isEmpty ? 0 : turn % fitting.count
        let records = (fitting[first...] + fitting[..<first]).map(DNSRecord.address)
        return query.answer(.noError, records, isAuthoritative: true, limit: limit)
    }

    private func answer(_ query: DNSQuery, _ names: [DNSName], limit: Int) -> [UInt8] {
        let isAsked = [DNSRecordType.pointer, DNSRecordType.any].contains(query.question.type)
        let records = isAsked ? names.map(DNSRecord.pointer) : []
        return query.answer(names.isEmpty ? .noSuchName : .noError, records, isAuthoritative: true, limit: limit)
    }

    /// A name without a dot is one of ours or none: asking others for it takes seconds in many networks.
    private func elsewhere(_ query: DNSQuery, _ limit: Int) -> Decision {
        if view.forwards, query.question.name.labelCount != 1 { return .forward }
        return .answer(query.answer(.noSuchName, limit: limit))
    }
}

extension Array {
    /// What a function gives for the first element for which it gives anything.
    fileprivate func firstResult<Result>(_ body: (Element) -> Result?) -> Result? {
        for element in self { if let result = body(element) { return result } }
        return nil
    }
}
