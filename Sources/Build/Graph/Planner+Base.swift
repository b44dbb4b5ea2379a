// SPDX-License-Identifier: Apache-2.0

import OCI

extension Planner {
    /// Begins a stage: finds out what it is built upon.
    mutating func begin(_ state: inout StageState, _ stage: Dockerfile.Stage) throws(BuildProblem) {
        let from = stage.from
        var filling = Filling(expander, globalValues)
        let base = try filling.text(from.base)
        reportUndeclared(filling)
        noteArguments(filling, &state)
        state.stage.baseName = base
        if base.isEmpty {
            throw BuildProblem(
                "the base `\(from.base.text.shown)` is empty when its variables are filled in",
                at: from.base.place
            )
        }
        if !filling.used.isEmpty || !filling.missing.isEmpty { checkDefault(from.base) }
        if let platform = from.platform {
            state.stage.platform = try self.platform(platform, from, &state)
        }
        if let name = from.stageName, name != "context", name != "scratch", request.contexts[name] != nil {
            state.isReplaced = true
            try useContext(name, &state, from.base.place)
            return
        }
        if base == "scratch" {
            state.stage.base = .scratch
            try state.scope.set("PATH", Scope.defaultPath)
            return
        }
        if let below = stageBelow(base, state.stage.index) {
            state = upon(self.state(of: below), state.stage, below, keepsPlatform: from.platform == nil)
            return
        }
        try useImage(base, &state, from.base.place)
    }

    /// The stage before with a name; numbers are no names here, and a stage further down is none yet.
    private func stageBelow(_ name: String, _ index: Int) -> Int? {
        if Int(name) != nil { return nil }
        return (try? stage(name, before: index)) ?? nil
    }

    private func upon(
        _ below: StageState,
        _ stage: PlannedStage,
        _ index: Int,
        keepsPlatform: Bool
    ) -> StageState {
        var state = below
        state.stage = stage
        state.stage.base = .stage(index)
        state.stage.platform = keepsPlatform ? below.stage.platform : stage.platform
        state.stage.files = below.stage.files
        state.stage.author = below.stage.author
        state.stage.needs = [index]
        state.isReplaced = false
        state.lastOf = [:]
        state.agentCount = 0
        state.changes.beginStage()
        state.scope.beginStage()
        return state
    }

    private mutating func useContext(
        _ name: String,
        _ state: inout StageState,
        _ place: SourcePlace
    ) throws(BuildProblem) {
        guard let context = request.contexts[name] else { return }
        if case .image(let text) = context {
            let image: String
            do {
                image = try ImageReference(text).description
            } catch {
                throw BuildProblem("the context `\(name.shown)` is no image: \(error)", at: place)
            }
            state.stage.base = .image(image, state.stage.platform)
            state.stage.files = step(for: .image(image, state.stage.platform), "FROM \(name)", at: place)
            return try inherit(image, text, &state, place)
        }
        try state.scope.set("PATH", Scope.defaultPath)
        state.stage.base = .context(name)
        state.stage.files = step(for: .named(name, context), "FROM \(name)", at: place)
        state.hasUnknownBase = true
    }

    private mutating func useImage(
        _ base: String,
        _ state: inout StageState,
        _ place: SourcePlace
    ) throws(BuildProblem) {
        if let name = contextName(base) {
            return try useContext(name, &state, place)
        }
        let reference: ImageReference
        do {
            reference = try ImageReference(base)
        } catch {
            let names = plan.stages.compactMap(\.name)
            throw BuildProblem("\(error)", at: place, word: base, among: names)
        }
        let name = reference.description
        state.stage.base = .image(name, state.stage.platform)
        state.stage.files = step(for: .image(name, state.stage.platform), "FROM \(base)", at: place)
        try inherit(name, base, &state, place)
    }

    /// The context that takes the place of an image.
    func contextName(_ image: String) -> String? {
        if request.contexts[image] != nil { return image }
        guard let reference = try? ImageReference(image) else { return nil }
        return request.contexts.keys.sorted().first { key in
            (try? ImageReference(key)).map { $0 == reference } ?? false
        }
    }

    /// Takes over what the config of the base says.
    private mutating func inherit(
        _ name: String,
        _ base: String,
        _ state: inout StageState,
        _ place: SourcePlace
    ) throws(BuildProblem) {
        try state.scope.set("PATH", Scope.defaultPath)
        guard let image = request.baseConfigs[name] else {
            state.hasUnknownBase = true
            return
        }
        let (wanted, actual) = (state.stage.platform.normalized, image.platform.normalized)
        if wanted.os != actual.os || wanted.architecture != actual.architecture {
            linter.report(
                .invalidBaseImagePlatform,
                "Base image \(base) was pulled with platform \"\(actual)\", expected \"\(wanted)\" for current build",
                at: place
            )
        }
        state.changes = ConfigChanges(image.config ?? ContainerConfig())
        state.stage.author = image.author
        for (name, value) in state.changes.variables { try state.scope.set(name, value) }
    }

    // MARK: Platforms

    private mutating func platform(
        _ word: Word,
        _ from: FromInstruction,
        _ state: inout StageState
    ) throws(BuildProblem) -> Platform {
        var filling = Filling(expander, globalValues)
        let text = try filling.text(word)
        reportUndeclared(filling)
        noteArguments(filling, &state)
        if text.isEmpty {
            throw BuildProblem(
                "the platform `\(word.text.shown)` is empty when its variables are filled in",
                at: word.place
            )
        }
        guard let platform = Platform(text) else {
            throw BuildProblem(
                "`\(text.shown)` is no platform: write it as linux/amd64 or linux/arm/v7",
                at: word.place
            )
        }
        let isConstant = filling.used.isEmpty && filling.missing.isEmpty
        if filling.used == ["TARGETPLATFORM"], filling.missing.isEmpty, text == globalValues["TARGETPLATFORM"] {
            linter.report(
                .redundantTargetPlatform,
                "Setting platform to predefined \(word.text) in FROM is redundant as this is the default behavior",
                at: word.place
            )
        } else if isConstant {
            // A stage that is named after its platform is meant for it.
            let name = from.stageName ?? ""
            if !name.contains(platform.os), !name.contains(platform.architecture) {
                linter.report(
                    .fromPlatformFlagConstDisallowed,
                    "FROM --platform flag should not use constant value \"\(text)\"",
                    at: word.place
                )
            }
        }
        return platform
    }

    // MARK: Rules

    private mutating func reportUndeclared(_ filling: Filling) {
        for word in filling.missing {
            linter.report(
                .undefinedArgInFrom,
                "FROM argument '\(word.text)' is not declared" + hint(word.text, globals.keys.sorted(), ""),
                at: word.place
            )
        }
    }

    private mutating func checkDefault(_ base: Word) {
        // Without its defaults the file is wrong anyway, and says so elsewhere.
        guard let values = try? defaultGlobals(), let text = try? expander.expand(base.text, values).text else {
            return
        }
        if (try? ImageReference(text)) != nil { return }
        linter.report(
            .invalidDefaultArgInFrom,
            "Default value for ARG \(base.text) results in empty or invalid base image name",
            at: base.place
        )
    }

    private func noteArguments(_ filling: Filling, _ state: inout StageState) {
        for name in filling.used.sorted() {
            guard let argument = globalDeclarations[name] else { continue }
            state.stage.parameters.arguments.append(argument)
        }
    }
}
