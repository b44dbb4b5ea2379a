// SPDX-License-Identifier: Apache-2.0

import BenchKit
import TestSupport

/// A Dockerfile and what it copies: an image of many files, as those of distributions are.
struct GeneratedImage {
    static let files = 30_000
    /// Those of files; the base has one more.
    static let layers = 3

    let folder: String
    /// Of all files.
    let bytes: Int

    init(in scratch: Scratch) throws {
        folder = scratch / "image"
        var (text, bytes) = (GeneratedText(seed: 1), 0)
        var dockerfile = "FROM \(BenchEngine.image)\n"
        for layer in 0..<Self.layers {
            for number in 0..<Self.files / Self.layers {
                let place = "\(folder)/\(layer)/\(number / 1000)/\(number / 40)"
                if number.isMultiple(of: 40) { try makeFolder(place) }
                let content = text.next()
                bytes += content.count
                try writeFile("\(place)/\(number)", content)
            }
            dockerfile += "COPY \(layer) /usr/\(layer)/\n"
        }
        try writeFile(folder + "/Dockerfile", Array(dockerfile.utf8))
        self.bytes = bytes
    }
}

/// Contents of files, the same in each run: words, some of them again and again, so that they compress as programs and texts do.
struct GeneratedText {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    private mutating func random(_ limit: UInt64) -> UInt64 {
        // The generator of Knuth's MMIX, whose upper bits are good.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }

    /// Up to 16 KiB, mostly less.
    mutating func next() -> [UInt8] {
        var content: [UInt8] = []
        let length = Int(random(128) * random(128)) + 64
        while content.count < length {
            // Half of the words are from a list of 256.
            let value = random(2) == 0 ? random(256) : random(1 << 28)
            content += Array(String(value, radix: 36).utf8) + [0x20]
        }
        return content
    }
}
