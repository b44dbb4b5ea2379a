// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import Images
import ImagesSupport
import TestSupport
import Testing

@testable import Engine

@Suite struct `The use of the disk` {
    @Test func `is counted for images, containers and volumes`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let archive = try Archive { try $0.file("file", String(repeating: "x", count: 5000)) }.bytes()
            _ = try host.engine.images.importRoot(MemorySource(archive), as: "unused")
            let id = try await host.create(["sh", "-c", "head -c 1000 /dev/zero > /zeros; head -c 70 /dev/zero > /v/f"])
            {
                $0.hostConfig.binds = ["v:/v"]
            }
            _ = try await host.finish(id)
            try await host.createVolume("empty")
            try await host.createVolume("memory") { $0.options = ["type": "tmpfs", "device": "tmpfs"] }
            let usage = try await host.engine.diskUsage(DiskUsageRequest(), listsItems: false)

            let images = try #require(usage.images)
            #expect(images.map(\.containers).sorted() == [0, 1] && images.allSatisfy { $0.sharedSize == 0 })
            let layers = try await host.engine.listImages(showsAll: true, Filters()).map(\.size)
            let size = try #require(usage.layersSize)
            #expect(size > 5000 && size <= layers.reduce(0, +))
            let summary = try #require(usage.imageUsage)
            #expect(summary.totalCount == 2 && summary.activeCount == 1 && summary.totalSize == size)
            #expect(summary.reclaimable >= 5000 && summary.reclaimable < size && summary.items == nil)

            let containers = try #require(usage.containers)
            #expect(containers.map(\.id) == [id] && containers[0].sizeRw == 1000)
            #expect(containers[0].sizeRootFS > 1000)
            #expect(usage.containerUsage?.totalSize == 1000 && usage.containerUsage?.reclaimable == 1000)
            #expect(usage.containerUsage?.activeCount == 0)

            let volumes = try #require(usage.volumes)
            #expect(volumes.map(\.name) == ["empty", "memory", "v"])
            #expect(volumes.compactMap(\.usageData?.size) == [0, -1, 70])
            #expect(volumes.compactMap(\.usageData?.referenceCount) == [0, 0, 1])
            #expect(usage.volumeUsage?.totalSize == 70 && usage.volumeUsage?.reclaimable == 0)
            #expect(usage.buildCache == [])
        }
    }

    @Test func `is counted for what is asked for, in the words of both versions`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.createVolume("v")
            let usage = try await host.engine.diskUsage(DiskUsageRequest(kinds: ["volume"]), listsItems: true)
            #expect(usage.images == nil && usage.containers == nil && usage.buildCache == nil)
            #expect(usage.volumeUsage?.items == usage.volumes)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            var pruned = usage
            pruned.volumes = nil
            pruned.volumeUsage?.items = nil
            #expect(String(decoding: try encoder.encode(pruned), as: UTF8.self) == #"{"VolumeUsage":{"TotalCount":1}}"#)
            let volumes = String(decoding: try encoder.encode(usage.volumes), as: UTF8.self)
            #expect(volumes.contains(#""UsageData":{"RefCount":0,"Size":0}"#))
            #expect(throws: EngineError(.badParameter, "unknown object type: nonsense")) {
                try DiskUsageRequest(kinds: ["image", "nonsense"])
            }
        }
    }
}
