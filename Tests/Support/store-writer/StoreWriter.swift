// SPDX-License-Identifier: Apache-2.0

import Glibc
import Store

/// Adds containers to a database and says so, one number a line, once each is written.
///
/// Usage: `store-writer DATABASE PREFIX COUNT LIFETIME`, with `machine` or `process` for the lifetime. A name that is in use
/// is told with `taken` and the holder.
@main
enum StoreWriterProgram {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let count = Int(arguments[3]) else { exit(64) }
        let store = try Store(path: arguments[1])
        for number in 0..<count {
            let answer = try add(
                number,
                prefix: arguments[2],
                arguments[4] == "machine" ? .machine : .process,
                to: store
            )
            print(answer)
            fflush(nil)
        }
    }

    private static func add(
        _ number: Int,
        prefix: String,
        _ durability: Store.Durability,
        to store: Store
    ) throws -> String {
        let text = String(number, radix: 16)
        let filler = String(repeating: "0", count: 63 - text.utf8.count)
        let id = prefix.prefix(1) + filler + text
        let container = ContainerRecord(
            id: String(id),
            name: prefix.hasSuffix("=") ? "name-\(number)" : "\(prefix)-\(number)",
            created: UnixTime(nanoseconds: Int64(number)),
            configuration: Array(
                "{\"number\":\(number),\"text\":\"\(String(repeating: "x", count: number % 3000))\"}".utf8
            )
        )
        do {
            try store.write(durability) {
                try $0.add(container)
                try $0.append(EventRecord(time: container.created, body: Array("{\"number\":\(number)}".utf8)))
            }
        } catch {
            if case .taken(let holder) = error.code { return "taken \(number) \(holder)" }
            throw error
        }
        return "\(number)"
    }
}
