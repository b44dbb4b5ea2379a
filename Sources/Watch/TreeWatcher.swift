// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// Watches trees of files, and tells what has changed in them.
///
/// What the kernel tells only says where to look: a change is what differs from what was seen before, so that nothing is
/// lost between a new folder and the watch on it, nor where the kernel has lost events. It belongs to one thread.
package final class TreeWatcher {
    private struct Tree {
        /// The folder that the tree is looked for in: the nearest one above it that was there.
        var anchor: SharedDescriptor
        /// The names from there to the tree.
        var names: [FilePath]
        /// The path of the anchor, for messages.
        var folder: String
        var filter: TreeFilter
        var top: WatchedFolder
    }

    /// What is to be looked at in a folder.
    private struct Dirt {
        var folder: WatchedFolder
        /// The entries, and whether somebody has written to them for certain.
        var names: [FilePath: Bool] = [:]
        /// Whether it is to be looked at as a whole.
        var isWhole = false
    }

    private let inotify: Inotify
    private var trees: [Tree] = []
    /// By the number with inotify; a folder may belong to several trees.
    private var watched: [Int32: [WatchedFolder]] = [:]
    private var dirt: [ObjectIdentifier: Dirt] = [:]
    private var hasLostEvents = false
    private var warned: Set<String> = []
    private var pendingWarnings: [String] = []

    /// A watcher of no tree yet.
    ///
    /// - Throws: ``WatchError`` where the kernel gives no place to hear of changes.
    package init() throws(WatchError) {
        inotify = try Inotify()
    }

    /// The descriptor that is readable when ``read()`` has something to take, for poll(2).
    package var number: Int32 { inotify.number }

    // MARK: Trees

    /// Watches a file or a folder with all that is in it; it may come into being later.
    ///
    /// - Parameters:
    ///   - path: Its absolute path, without links.
    ///   - filter: Which files count.
    /// - Returns: The number of the tree: they are counted from 0.
    /// - Throws: ``WatchError`` where that is not possible.
    package func add(_ path: String, _ filter: TreeFilter) throws(WatchError) -> Int {
        let components = FilePath(path.utf8)?.components ?? []
        var count = max(0, components.count - 1)
        var found: Descriptor?
        while found == nil {
            let folder = "/" + components[..<count].map(\.description).joined(separator: "/")
            do {
                found = try Descriptor.open(folder, OpenFlags.pathOnly | O_DIRECTORY)
            } catch {
                guard count > 0, [ENOENT, ENOTDIR].contains(error.number) else {
                    throw WatchError(error, on: path, beside: watched.count)
                }
                count -= 1
            }
        }
        guard let anchor = SharedDescriptor(found) else { preconditionFailure("the root is always there") }
        let top = WatchedFolder(tree: trees.count, place: [], in: nil)
        trees.append(
            Tree(
                anchor: anchor,
                names: Array(components[count...]),
                folder: "/" + components[..<count].map(\.description).joined(separator: "/"),
                filter: filter,
                top: top
            )
        )
        var ignored: [TreeChange] = []
        try enter([top], &ignored)
        return trees.count - 1
    }

    /// Whether there is something at the path of a tree.
    package func exists(_ tree: Int) -> Bool {
        var folder: WatchedFolder? = trees[tree].top
        guard let last = trees[tree].names.last else { return true }
        for name in trees[tree].names.dropLast() { folder = folder?.entries[name]?.folder }
        return folder?.entries[last] != nil
    }

    /// All that a tree has, as if it were new.
    ///
    /// - Parameter tree: The number of the tree.
    /// - Returns: The changes that would make it.
    package func everything(of tree: Int) -> [TreeChange] {
        var found: [TreeChange] = []
        for folder in trees[tree].top.all {
            for (name, entry) in folder.entries where entry.isShown {
                found.append(TreeChange(tree: tree, path: path(of: folder.place + [name], tree), kind: .changed))
            }
        }
        return found.sorted()
    }

    /// What went wrong without an end of the watch since this was asked last.
    package func takeWarnings() -> [String] {
        defer { pendingWarnings = [] }
        return pendingWarnings
    }

    private func path(of place: [FilePath], _ tree: Int) -> FilePath {
        FilePath(joining: place.dropFirst(trees[tree].names.count))
    }

    private func verdict(_ place: [FilePath], _ tree: Int) -> TreeFilter.Verdict {
        let names = trees[tree].names
        if place.count > names.count { return trees[tree].filter.verdict(Array(place[names.count...])) }
        guard place.last == names[place.count - 1] else { return .skipped }
        return place.count == names.count ? .shown : .passed
    }

    // MARK: Events

    /// Takes note of what the kernel tells.
    ///
    /// - Returns: Whether there may be something for ``changes()``.
    /// - Throws: ``WatchError`` where that fails.
    package func read() throws(WatchError) -> Bool {
        var isNews = false
        do throws(SystemError) {
            try inotify.read { event in
                if note(event) { isNews = true }
            }
        } catch {
            throw WatchError(starting: error)
        }
        return isNews
    }

    private func note(_ event: Inotify.Event) -> Bool {
        if event.isOverflow {
            hasLostEvents = true
            return true
        }
        guard let folders = watched[event.watch] else { return false }
        var isNews = false
        for folder in folders {
            if event.isEnd {
                folder.watch = nil
                guard let parent = folder.parent, let name = folder.place.last else { continue }
                soil(parent, name, isWritten: false)
                isNews = true
            } else if let name = event.name, verdict(folder.place + [name], folder.tree) != .skipped {
                soil(folder, name, isWritten: event.isWrite)
                isNews = true
            }
        }
        if event.isEnd { watched[event.watch] = nil }
        return isNews
    }

    private func soil(_ folder: WatchedFolder, _ name: FilePath, isWritten: Bool) {
        let written = dirt[ObjectIdentifier(folder)]?.names[name] ?? false
        dirt[ObjectIdentifier(folder), default: Dirt(folder: folder)].names[name] = written || isWritten
    }

    /// Acts as if the kernel had lost events.
    func loseEvents() { hasLostEvents = true }

    // MARK: Looking

    /// What has changed since the last time, as far as events have told where to look.
    ///
    /// - Returns: The changes: what is gone first, a folder before what is in it.
    /// - Throws: ``WatchError`` where a new folder cannot be watched for lack of room.
    package func changes() throws(WatchError) -> [TreeChange] {
        if hasLostEvents {
            hasLostEvents = false
            for folder in trees.flatMap(\.top.all) {
                dirt[ObjectIdentifier(folder), default: Dirt(folder: folder)].isWhole = true
            }
        }
        // Those above first: what they have lost is not looked at.
        let work = dirt.values.sorted { $0.folder.place.count < $1.folder.place.count }
        dirt = [:]
        var changes: [TreeChange] = []
        for dirt in work where !dirt.folder.isGone { try look(dirt, &changes) }
        return Set(changes).sorted()
    }

    private func open(_ folder: WatchedFolder) -> Descriptor? {
        do throws(SystemError) {
            let place = FilePath(joining: folder.place)
            return try trees[folder.tree].anchor.descriptor.open(place, O_RDONLY | O_DIRECTORY)
        } catch {
            // Where it is gone, the folder above tells.
            if ![ENOENT, ENOTDIR, ELOOP].contains(error.number) { warn(folder, error.number) }
            return nil
        }
    }

    private func warn(_ folder: WatchedFolder, _ number: Int32) {
        let name = name(of: folder)
        guard warned.insert(name).inserted else { return }
        pendingWarnings.append(
            "cannot look into `\(name)`: \(SystemError.text(of: number)); changes in it are not seen: "
                + "leave it out with `ignore`, or make it readable"
        )
    }

    private func name(of folder: WatchedFolder) -> String {
        let start = trees[folder.tree].folder
        if folder.place.isEmpty { return start }
        return (start == "/" ? "" : start) + "/" + folder.place.map(\.description).joined(separator: "/")
    }

    private func look(_ dirt: Dirt, _ changes: inout [TreeChange]) throws(WatchError) {
        if dirt.isWhole { return try enter([dirt.folder], &changes) }
        guard let descriptor = open(dirt.folder) else { return }
        var found: [WatchedFolder] = []
        for (name, isWritten) in dirt.names.sorted(by: { $0.key < $1.key }) {
            compare(name, of: dirt.folder, descriptor, isWritten: isWritten, &found, &changes)
        }
        try enter(found, &changes)
    }

    /// Watches folders and those below them, and looks at all that is in them.
    private func enter(_ folders: [WatchedFolder], _ changes: inout [TreeChange]) throws(WatchError) {
        var pending = folders
        while let folder = pending.popLast() {
            guard let descriptor = open(folder) else { continue }
            // First this, so that nothing happens in between.
            try watch(folder, descriptor)
            var names = Set(folder.entries.keys)
            do throws(SystemError) {
                names.formUnion(try descriptor.entries())
            } catch {
                warn(folder, error.number)
            }
            for name in names {
                compare(name, of: folder, descriptor, isWritten: false, &pending, &changes)
            }
        }
    }

    private func watch(_ folder: WatchedFolder, _ descriptor: borrowing Descriptor) throws(WatchError) {
        do throws(SystemError) {
            let watch = try inotify.add(descriptor)
            if folder.watch == watch { return }
            forget(folder)
            folder.watch = watch
            watched[watch, default: []].append(folder)
        } catch {
            switch error.number {
            case ENOSPC, ENOMEM: throw WatchError(error, on: name(of: folder), beside: watched.count)
            case ENOENT, ENOTDIR: return
            default: warn(folder, error.number)
            }
        }
    }

    private func forget(_ folder: WatchedFolder) {
        guard let watch = folder.watch else { return }
        folder.watch = nil
        watched[watch]?.removeAll { $0 === folder }
        guard watched[watch]?.isEmpty == true else { return }
        watched[watch] = nil
        inotify.remove(watch)
    }

    /// Looks at an entry, and keeps what it is like now.
    ///
    /// - Parameters:
    ///   - name: The entry.
    ///   - folder: Its folder.
    ///   - descriptor: The open folder.
    ///   - isWritten: Whether it has changed whatever it looks like.
    ///   - found: Gets folders that are to be entered.
    ///   - changes: Gets what has changed.
    private func compare(
        _ name: FilePath,
        of folder: WatchedFolder,
        _ descriptor: borrowing Descriptor,
        isWritten: Bool,
        _ found: inout [WatchedFolder],
        _ changes: inout [TreeChange]
    ) {
        let place = folder.place + [name]
        let verdict = verdict(place, folder.tree)
        if verdict == .skipped { return }
        let old = folder.entries[name]
        guard let status = try? descriptor.status(of: name) else {
            if let old { drop(old, at: place, folder.tree, &changes) }
            folder.entries[name] = nil
            return
        }
        let mark = WatchedFolder.Mark(status)
        var isChanged = isWritten || old?.mark != mark
        var child = old?.folder
        if let old, old.mark.isSameFolder(as: mark) {
            isChanged = old.mark != mark
            // The kernel has ended the watch, as of one that was removed and made again, or it could not be read.
            if let child, child.watch == nil { found.append(child) }
        } else {
            if let old, old.folder != nil { drop(old, at: place, folder.tree, &changes) }
            child = status.kind == .directory ? WatchedFolder(tree: folder.tree, place: place, in: folder) : nil
            if let child { found.append(child) }
        }
        let isShown = verdict == .shown
        folder.entries[name] = WatchedFolder.Entry(mark: mark, isShown: isShown, folder: child)
        if isChanged, isShown {
            changes.append(TreeChange(tree: folder.tree, path: path(of: place, folder.tree), kind: .changed))
        }
    }

    /// Tells that an entry is gone, and forgets what is below it.
    private func drop(_ entry: WatchedFolder.Entry, at place: [FilePath], _ tree: Int, _ changes: inout [TreeChange]) {
        var pending = [(entry: entry, place: place, isTold: false)]
        while let (entry, place, wasTold) = pending.popLast() {
            var isTold = wasTold
            // Where the whole tree is gone, its place stays, and only what was in it goes.
            let isTree = place.count == trees[tree].names.count && entry.folder != nil
            if !isTold, entry.isShown, !isTree {
                changes.append(TreeChange(tree: tree, path: path(of: place, tree), kind: .removed))
                isTold = true
            }
            guard let folder = entry.folder else { continue }
            forget(folder)
            folder.isGone = true
            for (name, below) in folder.entries { pending.append((below, place + [name], isTold)) }
        }
    }
}
