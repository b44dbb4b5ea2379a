// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Store

/// Adds containers to a database and says so, one number a line, once each is written.
///
/// Usage: `store-writer DATABASE PREFIX COUNT LIFETIME [THREADS]`, with `machine` or `process` for the lifetime. A name that is
/// in use is told with `taken` and the holder.
@main
enum StoreWriterProgram {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard (5...6).contains(arguments.count), let count = Int(arguments[3]) else { exit(64) }
        let threads = arguments.count > 5 ? Int(arguments[5]) ?? 1 : 1
        let store = try Store(path: arguments[1])
        let durability: Store.Durability = arguments[4] == "machine" ? .machine : .process
        let group = DispatchGroup()
        for thread in 0..<threads {
            // A queue of its own has a thread of its own, also where there are fewer processors.
            DispatchQueue(label: "\(thread)").async(group: group) {
                for number in stride(from: thread, to: count, by: threads) {
                    do {
                        print(try add(number, prefix: arguments[2], durability, to: store))
                    } catch {
                        fatalError("\(error)")
                    }
                    fflush(nil)
                }
            }
        }
        group.wait()
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
