// SPDX-License-Identifier: Apache-2.0

import CMalloc
import Glibc

/// Prepares the heap for the trees of a large project.
///
/// By default the kernel hands out their memory in pages of 4 KiB, one fault for each, which took a sixth of the time
/// of a load. So the heap grows in one step and in huge pages, where the machine has any. Of memory that is not used
/// in the end, at most one huge page is really taken.
enum LargeHeap {
    /// How many bytes of text are worth it: of fewer there are too few pages to gain anything, and more are no project
    /// but an attempt to use up the memory, which is given out in small pieces.
    private static let textSizes = (128 << 10)...(8 << 20)
    /// How many bytes the trees of one byte of text take, roughly.
    private static let bytesPerByteOfText = 40
    /// Blocks up to this size live in the heap, and not each in a mapping of its own.
    private static let largestBlock = 4 << 20

    /// Prepares for files that are about to be read; those that cannot be found do not count.
    static func prepare(forFiles files: [String]) {
        let text = files.reduce(0) { $0 + min(FilePath.size(of: $1) ?? 0, textSizes.upperBound + 1) }
        guard textSizes.contains(text), mallopt(M_TOP_PAD, Int32(text * bytesPerByteOfText)) == 1,
            mallopt(M_MMAP_THRESHOLD, Int32(largestBlock)) == 1
        else {
            return
        }
        let end = UInt(bitPattern: sbrk(0))
        // Too large for what is left of the heap, so that it grows now. A block that nobody asks about, the compiler
        // would leave out.
        let block = malloc(1 << 20)
        let hasGrown = malloc_usable_size(block) > 0
        free(block)
        let newEnd = UInt(bitPattern: sbrk(0))
        let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
        let start = (end + page - 1) / page * page
        if hasGrown, start < newEnd {
            // A kernel without huge pages does not take the advice, and nothing is lost.
            _ = madvise(UnsafeMutableRawPointer(bitPattern: start), Int(newEnd - start), MADV_HUGEPAGE)
        }
    }
}
