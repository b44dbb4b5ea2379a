// SPDX-License-Identifier: Apache-2.0

/// Whom an event of the name server is about.
enum EventToken: Equatable {
    case mailbox
    case datagrams(UInt32)
    case listener(UInt32)
    case connection(UInt32)
    case exchange(UInt32)

    var number: UInt64 {
        switch self {
        case .mailbox: 0
        case .datagrams(let index): 1 << 32 | UInt64(index)
        case .listener(let index): 2 << 32 | UInt64(index)
        case .connection(let index): 3 << 32 | UInt64(index)
        case .exchange(let index): 4 << 32 | UInt64(index)
        }
    }

    init?(_ number: UInt64) {
        let index = UInt32(truncatingIfNeeded: number)
        switch number >> 32 {
        case 0: self = .mailbox
        case 1: self = .datagrams(index)
        case 2: self = .listener(index)
        case 3: self = .connection(index)
        case 4: self = .exchange(index)
        default: return nil
        }
    }
}
