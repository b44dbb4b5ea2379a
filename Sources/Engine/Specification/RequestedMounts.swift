// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// All mounts of a request, each place once.
struct RequestedMounts: Equatable, Sendable {
    /// In the order in which they are made: what lies in another comes after it.
    private(set) var mounts: [RequestedMount] = []

    /// More would be a mistake, and each costs a descriptor at the start.
    static let most = 1024

    /// The mounts of a request that was checked.
    ///
    /// - Parameters:
    ///   - request: The request, completed by its image.
    ///   - inherited: The mounts of other containers that it gets as well, where it has none of its own.
    init(_ request: ContainerCreateRequest, inheriting inherited: [RequestedMount] = []) {
        var problems: [String] = []
        self.init(request, inheriting: inherited, problems: &problems)
    }

    /// The mounts of a container that was made, in their order.
    init(settled mounts: [RequestedMount]) {
        self.mounts = mounts
    }

    /// The mounts of a request; those that make no sense are left out.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - inherited: The mounts of other containers that it gets as well, where it has none of its own.
    ///   - problems: Gets what is wrong with each of the others.
    init(
        _ request: ContainerCreateRequest,
        inheriting inherited: [RequestedMount] = [],
        problems: inout [String]
    ) {
        let host = request.hostConfig
        let counts = [
            host.binds?.count, host.mounts?.count, host.tmpfs?.count, host.volumesFrom?.count, host.files?.count,
            request.config.volumes?.count,
        ]
        guard counts.reduce(0, { $0 + ($1 ?? 0) }) <= Self.most else {
            problems.append("there are more than \(Self.most) mounts and volumes")
            return
        }
        for text in host.binds ?? [] {
            do throws(RequestProblem) { add(try RequestedMount.bind(text), &problems) } catch {
                problems.append(error.text)
            }
        }
        for mount in host.mounts ?? [] {
            do throws(RequestProblem) { add(try RequestedMount(mount), &problems) } catch {
                problems.append(error.text)
            }
        }
        for (path, options) in (host.tmpfs ?? [:]).sorted(by: { $0.key < $1.key }) {
            do throws(RequestProblem) {
                add(try RequestedMount(tmpfs: path, options: options), &problems)
            } catch {
                problems.append(error.text)
            }
        }
        for (number, file) in (host.files ?? []).enumerated() {
            do throws(RequestProblem) { add(try RequestedMount(file, number: number), &problems) } catch {
                problems.append(error.text)
            }
        }
        for mount in inherited { addIfFree(mount) }
        for path in (request.config.volumes ?? [:]).keys.sorted() {
            do throws(RequestProblem) {
                addIfFree(.anonymousVolume(at: try RequestedMount.destination(path, "volume")))
            } catch {
                problems.append(error.text)
            }
        }
        // A stable order: what has fewer parts comes first.
        mounts = mounts.enumerated().sorted { left, right in
            (Self.depth(left.element), left.offset) < (Self.depth(right.element), right.offset)
        }.map(\.element)
    }

    private mutating func add(_ mount: RequestedMount, _ problems: inout [String]) {
        if contains(mount.destination) {
            problems.append("Duplicate mount point: \(mount.destination)")
        } else {
            mounts.append(mount)
        }
    }

    /// Adds what gives way to a mount of the user.
    private mutating func addIfFree(_ mount: RequestedMount) {
        if !contains(mount.destination) { mounts.append(mount) }
    }

    private static func depth(_ mount: RequestedMount) -> Int { mount.destination.count { $0 == "/" } }

    /// Whether something is mounted at a path.
    func contains(_ destination: String) -> Bool { mounts.contains { $0.destination == destination } }
}
