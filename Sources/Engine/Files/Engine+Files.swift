// SPDX-License-Identifier: Apache-2.0

package import EngineAPI
package import Linux

extension Engine {
    /// What stands at a path of a container, running or not.
    package func fileStatus(in reference: String, at path: String) async throws -> PathStat {
        throw EngineError(.notImplemented, "")
    }

    /// The file or directory at a path of a container, as a tar.
    package func archive(of reference: String, at path: String) async throws -> (status: PathStat, tar: ByteStream) {
        throw EngineError(.notImplemented, "")
    }

    /// Unpacks a tar into a directory of a container.
    ///
    /// - Parameters:
    ///   - reference: The container, running or not.
    ///   - path: The directory, which exists.
    ///   - options: How what is there is treated.
    ///   - tar: The archive, plain or compressed, from its first byte to the end of the pipe or file.
    package func extract(
        into reference: String,
        at path: String,
        _ options: ArchiveOptions,
        from tar: consuming Descriptor
    ) async throws {
        throw EngineError(.notImplemented, "")
    }

    /// The whole root file system of a container as a tar.
    package func exportContainer(_ reference: String) async throws -> ByteStream {
        throw EngineError(.notImplemented, "")
    }

    /// What differs between a container's root file system and its image.
    package func changes(of reference: String) async throws -> [FilesystemChange] {
        throw EngineError(.notImplemented, "")
    }

    /// The processes of a container in columns.
    ///
    /// - Parameters:
    ///   - reference: The container, which runs.
    ///   - arguments: What `ps` would get; empty is `-ef`.
    package func top(of reference: String, arguments: String) async throws -> ContainerTop {
        throw EngineError(.notImplemented, "")
    }

    /// What a container uses now; `preread` and `previousCPU` are zero.
    package func statistics(of reference: String) async throws -> ContainerStatistics {
        throw EngineError(.notImplemented, "")
    }
}
