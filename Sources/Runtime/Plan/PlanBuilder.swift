// SPDX-License-Identifier: Apache-2.0

import CSandbox
import Linux

/// A place for a descriptor while a plan runs.
struct Slot: Equatable, Sendable {
    let index: UInt32

    /// No descriptor: where a call takes one, the current directory.
    static let none = Slot(index: CSANDBOX_NO_SLOT)
}

/// Puts a plan together, one operation after another.
///
/// Texts are kept once each. An operation's subject and purpose are kept for errors.
struct PlanBuilder {
    /// The field of the specification that the next operations serve.
    var purpose = "the process"
    /// The flags of clone3.
    var cloneFlags: UInt64 = 0
    /// The slot of the control group (version 2) that the child starts in.
    var controlGroup = Slot.none

    private var operations: [csandbox_operation] = []
    private var steps: [PlanStep] = []
    private var pool: [UInt8] = []
    private var offsets: [String: UInt32] = [:]
    private var descriptors: [Int32] = []
    private var attached: Range<Int> = 0..<0
    private var maps: (user: UInt32, group: UInt32) = (CSANDBOX_NO_TEXT, CSANDBOX_NO_TEXT)
    /// Slots that operations fill are given out from the end, those that the launcher fills from the start.
    private var nextSlot = CSANDBOX_SLOTS
    private var freeSlots: [Slot] = []
    private(set) var failure: LaunchError?

    /// Room for the texts that one container takes at most; more is a mistake of the caller, not of the kernel.
    static let largestPool = 8 << 20

    // MARK: Slots

    /// A slot that the launcher fills with a descriptor; the caller keeps it open until after the launch.
    mutating func input(_ number: Int32) -> Slot {
        descriptors.append(number)
        checkSlots()
        return Slot(index: UInt32(descriptors.count - 1))
    }

    /// The `cgroup.procs` files that get the child's number.
    mutating func attach(to files: [Int32]) {
        attached = descriptors.count..<descriptors.count + files.count
        descriptors += files
        checkSlots()
    }

    /// A slot for an operation's result.
    mutating func slot() -> Slot {
        if let free = freeSlots.popLast() { return free }
        nextSlot -= 1
        checkSlots()
        return Slot(index: nextSlot)
    }

    private mutating func checkSlots() {
        if descriptors.count >= Int(nextSlot), failure == nil {
            failure = .specification(
                field: "mounts",
                "there are more than \(CSANDBOX_SLOTS) mounts and descriptors, which is the most that a container can have"
            )
        }
    }

    // MARK: Operations

    /// The error's words for the next operations.
    mutating func describe(_ purpose: String) {
        self.purpose = purpose
    }

    /// Appends an operation.
    ///
    /// - Parameters:
    ///   - code: What to do.
    ///   - call: The system call's name for errors.
    ///   - subject: The path or object for errors; nil takes the first text.
    ///   - a: The first slot.
    ///   - b: The second slot.
    ///   - c: The third slot.
    ///   - x: The first number.
    ///   - y: The second number.
    ///   - z: The third number.
    ///   - text: The first text.
    ///   - second: The second text.
    ///   - flags: Bits of `csandbox_flag`.
    mutating func add(
        _ code: csandbox_code,
        _ call: String,
        on subject: String? = nil,
        _ a: Slot = .none,
        _ b: Slot = .none,
        _ c: Slot = .none,
        x: UInt64 = 0,
        y: UInt64 = 0,
        z: UInt64 = 0,
        text: String? = nil,
        second: String? = nil,
        flags: csandbox_flag? = nil
    ) {
        append(
            csandbox_operation(
                code: UInt16(code.rawValue),
                flags: UInt16(flags?.rawValue ?? 0),
                slot_a: a.index,
                slot_b: b.index,
                slot_c: c.index,
                x: x,
                y: y,
                z: z,
                text_a: intern(text),
                text_b: intern(second)
            ),
            PlanStep(call: call, subject: subject ?? text ?? "", purpose: purpose)
        )
    }

    private mutating func append(_ operation: csandbox_operation, _ step: PlanStep) {
        operations.append(operation)
        steps.append(step)
    }

    /// Closes what a slot holds and lets later operations use it.
    mutating func close(_ slot: Slot) {
        add(CSANDBOX_CLOSE, "close", slot)
        freeSlots.append(slot)
    }

    /// Opens a path below a directory.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - directory: The directory's slot.
    ///   - flags: The flags of open(2).
    ///   - resolve: The flags of openat2(2).
    /// - Returns: The slot of what was opened.
    mutating func open(_ path: String, in directory: Slot, flags: Int32, resolve: Int32) -> Slot {
        let result = slot()
        append(
            csandbox_operation(
                code: UInt16(CSANDBOX_OPEN.rawValue),
                flags: 0,
                slot_a: directory.index,
                slot_b: result.index,
                slot_c: 0,
                x: UInt64(UInt32(bitPattern: flags)),
                y: 0,
                z: UInt64(resolve),
                text_a: intern(path),
                text_b: CSANDBOX_NO_TEXT
            ),
            PlanStep(call: "openat2", subject: path, purpose: purpose)
        )
        return result
    }

    /// Installs a seccomp filter: the bytes of its classic BPF program.
    mutating func installFilter(_ bytes: [UInt8], flags: UInt64) {
        let offset = store(alignedTo: 8) { $0 += bytes }
        add(CSANDBOX_SECCOMP, "seccomp", x: UInt64(bytes.count), y: flags)
        operations[operations.count - 1].text_a = offset
    }

    /// Sets the supplementary groups.
    mutating func setGroups(_ groups: [UInt32]) {
        let offset = store(alignedTo: 4) { pool in for group in groups { pool.append(word: group) } }
        add(CSANDBOX_GROUPS, "setgroups", on: "\(groups)", x: UInt64(groups.count))
        operations[operations.count - 1].text_a = offset
    }

    /// Gives the child's user namespace its maps, in the form of user_namespaces(7).
    mutating func setMaps(user: String, group: String) {
        maps = (intern(user), intern(group))
    }

    /// Ends the plan: runs the first of the candidates that exists.
    mutating func exec(candidates: [String], arguments: [String], environment: [String]) {
        let vectors = [arguments, environment, candidates].map { vector($0) }
        let pointers = store(alignedTo: 8) { pool in
            pool += repeatElement(0, count: (arguments.count + environment.count + 2) * 8)
        }
        append(
            csandbox_operation(
                code: UInt16(CSANDBOX_EXEC.rawValue),
                flags: 0,
                slot_a: CSANDBOX_NO_SLOT,
                slot_b: CSANDBOX_NO_SLOT,
                slot_c: CSANDBOX_NO_SLOT,
                x: vectors[0],
                y: vectors[1],
                z: vectors[2],
                text_a: CSANDBOX_NO_TEXT,
                text_b: pointers
            ),
            PlanStep(call: "execve", subject: arguments.first ?? "", purpose: "process.args", isExec: true)
        )
    }

    // MARK: The pool

    private mutating func vector(_ strings: [String]) -> UInt64 {
        let texts = strings.map { intern($0) }
        let offset = store(alignedTo: 4) { pool in for text in texts { pool.append(word: text) } }
        return UInt64(texts.count) << 32 | UInt64(offset)
    }

    /// The offset of a text in the pool, which holds it with a zero byte at its end.
    private mutating func intern(_ text: String?) -> UInt32 {
        guard let text else { return CSANDBOX_NO_TEXT }
        if let offset = offsets[text] { return offset }
        if text.utf8.contains(0), failure == nil {
            failure = .specification(field: purpose, "a text holds a zero byte, which the kernel cannot take")
        }
        let offset = store(alignedTo: 1) { pool in
            pool += text.utf8
            pool.append(0)
        }
        offsets[text] = offset
        return offset
    }

    private mutating func store(alignedTo alignment: Int, _ write: (inout [UInt8]) -> Void) -> UInt32 {
        while pool.count % alignment != 0 { pool.append(0) }
        let offset = UInt32(pool.count)
        write(&pool)
        if pool.count > Self.largestPool {
            if failure == nil {
                failure = .specification(field: purpose, "the texts take more than \(Self.largestPool >> 20) MiB")
            }
            pool.removeLast(pool.count - Int(offset))
        }
        return offset
    }

    // MARK: The plan

    /// The finished plan.
    ///
    /// - Parameter opened: Descriptors that live as long as the plan.
    /// - Returns: The plan.
    /// - Throws: What made it impossible to write down.
    consuming func build(keeping opened: DescriptorBag = DescriptorBag()) throws(LaunchError) -> Plan {
        if let failure { throw failure }
        repeat { pool.append(0) } while pool.count % 8 != 0
        var header = csandbox_header()
        header.magic = CSANDBOX_MAGIC
        header.version = CSANDBOX_VERSION
        header.operation_count = UInt32(operations.count)
        header.pool_size = UInt32(pool.count)
        header.clone_flags = cloneFlags
        header.control_group_slot = controlGroup.index
        header.attach_first = UInt32(attached.lowerBound)
        header.attach_count = UInt32(attached.count)
        header.uid_map = maps.user
        header.gid_map = maps.group
        header.descriptor_count = UInt32(descriptors.count)
        var bytes: [UInt8] = []
        withUnsafeBytes(of: header) { bytes += $0 }
        operations.withUnsafeBytes { bytes += $0 }
        bytes += pool
        let words = [UInt64](unsafeUninitializedCapacity: (bytes.count + 7) / 8) { buffer, count in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
            count = (bytes.count + 7) / 8
        }
        return Plan(
            bytes: words,
            size: bytes.count,
            descriptors: descriptors,
            forksSibling: operations.contains { $0.code == CSANDBOX_FORK_SIBLING.rawValue },
            steps: steps,
            opened: opened
        )
    }
}

extension [UInt8] {
    fileprivate mutating func append(word: UInt32) {
        Swift.withUnsafeBytes(of: word) { append(contentsOf: $0) }
    }
}
