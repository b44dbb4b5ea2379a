// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization

/// Another source's bytes, which a thread of its own reads ahead: to decompress and to hash takes as long as to unpack.
///
/// The thread is confined to what the source has open. It ends with the source, or, when this object is gone, with the read
/// that it is at.
final class ReadAhead: ByteSource {
    /// What the thread and the reader share: of each piece, one of them at a time has all.
    private final class Pieces: Sendable {
        static let count = 4

        private nonisolated(unsafe) let source: any ByteSource
        nonisolated(unsafe) let buffers = (0..<count).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        }
        nonisolated(unsafe) let sizes = UnsafeMutablePointer<Int>.allocate(capacity: count)
        nonisolated(unsafe) var failure: ImageError?
        let filled = Semaphore()
        let free = Semaphore(UInt32(count))
        let isOver = Atomic(false)

        init(_ source: any ByteSource) {
            self.source = source
            sizes.initialize(repeating: 0, count: Self.count)
        }

        deinit {
            for buffer in buffers { buffer.deallocate() }
            sizes.deallocate()
        }

        /// Reads until the end, an error, or until nobody wants more.
        func fill() {
            var place = 0
            while true {
                free.wait()
                if isOver.load(ordering: .relaxed) { return }
                do throws(ImageError) {
                    sizes[place] = try source.read(into: buffers[place])
                } catch {
                    (sizes[place], failure) = (0, error)
                }
                let isLast = sizes[place] == 0
                filled.signal()
                if isLast { return }
                place = (place + 1) % Self.count
            }
        }

        /// Ends without a thread that could read.
        func fail(_ error: SystemError) {
            failure = ImageError(.system, "cannot start a thread that reads a layer", cause: error)
            sizes[0] = 0
            filled.signal()
        }
    }

    private let pieces: Pieces
    private var place = 0
    /// What is left of the piece; nil where the next one has to be waited for.
    private var rest: Range<Int>?

    /// - Parameter source: The source, which nobody else reads any more.
    init(_ source: any ByteSource) {
        let pieces = Pieces(source)
        self.pieces = pieces
        do throws(SystemError) {
            try BlockingCall.start {
                do throws(SystemError) {
                    try ConfinedThread.run(writable: [], readable: [], keeping: []) { pieces.fill() }
                } catch {
                    pieces.fail(error)
                }
            }
        } catch {
            pieces.fail(error)
        }
    }

    deinit {
        pieces.isOver.store(true, ordering: .relaxed)
        pieces.free.signal()
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        if rest == nil {
            pieces.filled.wait()
            rest = 0..<pieces.sizes[place]
        }
        guard let piece = rest, !piece.isEmpty else {
            // The end, which stays: the thread is gone.
            if let failure = pieces.failure { throw failure }
            return 0
        }
        let count = min(piece.count, buffer.count)
        let bytes = pieces.buffers[place][piece.lowerBound..<piece.lowerBound + count]
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
        if count < piece.count {
            rest = piece.lowerBound + count..<piece.upperBound
        } else {
            rest = nil
            place = (place + 1) % Pieces.count
            pieces.free.signal()
        }
        return count
    }
}
