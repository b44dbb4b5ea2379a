// SPDX-License-Identifier: Apache-2.0

import OCI

extension Planner {
    /// Adds the step of a `RUN`.
    mutating func addRun(
        _ run: RunInstruction,
        _ instruction: Instruction,
        _ state: inout StageState
    ) throws(BuildProblem) {
        var filling = Filling(expander, state.scope.values)
        var mounts: [RunMount] = []
        for word in run.mounts {
            do {
                mounts.append(try mount(word, &filling, &state))
            } catch {
                reportUndefined(filling, state)
                throw error
            }
        }
        reportUndefined(filling, state)
        try count(filling)
        let (command, script) = Self.command(of: run.command)
        let step = RunStep(
            base: state.stage.files,
            arguments: command.words(shell: state.changes.config.shell),
            environment: state.scope.environment,
            proxies: request.proxyVariables,
            user: state.changes.config.user ?? "",
            directory: state.directory,
            network: run.network,
            security: run.security,
            extraHosts: request.extraHosts,
            devices: run.devices.map(\.text),
            mounts: mounts,
            script: script
        )
        let text = Self.history(step, state)
        state.stage.files = add(.run(step), text, stage: state.stage.index, at: instruction.place)
    }

    /// The command as the shell gets it.
    ///
    /// A here-document by itself is a script: by its first line for another interpreter, else for the shell. Others are for
    /// the shell to understand.
    private static func command(of line: CommandLine) -> (line: CommandLine, script: InlineFile?) {
        guard case .shell(let text) = line.form, let first = line.heredocs.first else { return (line, nil) }
        var result = line
        guard Heredoc(text) != nil else {
            result.form = .shell(text + line.heredocs.map { "\n" + $0.content + $0.name }.joined())
            return (result, nil)
        }
        let body = first.body
        guard body.hasPrefix("#!") else {
            result.form = .shell(body)
            return (result, nil)
        }
        // The shell only has to start it; the file is mounted there.
        result.form = .shell("/dev/pipes/" + first.name)
        return (result, InlineFile(name: first.name, content: body))
    }

    /// What the history of the image says: the arguments that were declared stand before the command.
    private static func history(_ step: RunStep, _ state: StageState) -> String {
        let names = Set(state.stage.parameters.arguments.map(\.name))
        let arguments = step.environment.filter { names.contains(String($0.prefix { $0 != "=" })) }
        let prefix = arguments.isEmpty ? [] : ["|\(arguments.count)"] + arguments
        return "RUN " + (prefix + step.arguments).joined(separator: " ")
    }

    // MARK: Mounts

    private mutating func mount(
        _ word: Word,
        _ filling: inout Filling,
        _ state: inout StageState
    ) throws(BuildProblem) -> RunMount {
        var local = filling
        let options: MountOptions
        do {
            options = try MountOptions(word.text) { text throws(BuildProblem) in try local.text(text, at: word.place) }
        } catch {
            throw error.located(at: word.place)
        }
        filling = local
        var mount = options.mount
        switch mount.kind {
        case .bind:
            let from = Word(options.from ?? "", at: word.place)
            mount.source = from.text.isEmpty ? context(at: word.place) : try files(of: from, &state)
        case .cache:
            if let from = options.from { mount.source = try files(of: Word(from, at: word.place), &state) }
        case .secret:
            note(mount.id, mount.isRequired, word.place, in: &state.stage.parameters.secrets)
        case .ssh:
            note(mount.id, mount.isRequired, word.place, in: &state.stage.parameters.agents)
        case .tmpfs: break
        }
        try setTarget(options.target, &mount, word.place, &state)
        return mount
    }

    private func setTarget(
        _ target: String,
        _ mount: inout RunMount,
        _ place: SourcePlace,
        _ state: inout StageState
    ) throws(BuildProblem) {
        if target.isEmpty, mount.kind == .secret { return }
        if target.isEmpty, mount.kind == .ssh {
            mount.target = "/run/buildkit/ssh_agent.\(state.agentCount)"
            state.agentCount += 1
            return
        }
        mount.target = target.path(from: state.directory)
        if mount.target == "/" {
            throw BuildProblem("a mount cannot have the target `/`: name one with `target=…`", at: place)
        }
        if mount.kind == .cache {
            if mount.id.isEmpty { mount.id = mount.target }
            note(mount.id, false, place, in: &state.stage.parameters.caches)
        }
    }

    private func note(
        _ id: String,
        _ isRequired: Bool,
        _ place: SourcePlace,
        in list: inout [StageParameters.Credential]
    ) {
        if let index = list.firstIndex(where: { $0.id == id }) {
            list[index].isRequired = list[index].isRequired || isRequired
        } else {
            list.append(StageParameters.Credential(id: id, isRequired: isRequired, place: place))
        }
    }

    // MARK: Sources

    /// The step that brings the main context.
    mutating func context(at place: SourcePlace) -> StepID { step(for: .context, "the build context", at: place) }

    /// The step whose files `--from` means: those of a stage before, a context or an image; nil for the empty image.
    mutating func files(of word: Word, _ state: inout StageState) throws(BuildProblem) -> StepID? {
        let found: Int?
        do {
            try checkUnique(word.text, from: state.stage.index)
            found = try stage(word.text, before: state.stage.index)
        } catch {
            throw error.located(at: word.place)
        }
        if let found {
            state.stage.needs.insert(found)
            return plan.stages[found].files
        }
        if word.text == "scratch" { return nil }
        if let name = contextName(word.text), let context = request.contexts[name] {
            return step(for: .named(name, context), "context \(name)", at: word.place)
        }
        do {
            let name = try ImageReference(word.text).description
            return step(for: .image(name, state.stage.platform), "FROM \(word.text)", at: word.place)
        } catch {
            throw BuildProblem(
                "\(error)",
                at: word.place,
                word: word.text,
                among: plan.stages.compactMap(\.name) + request.contexts.keys.sorted()
            )
        }
    }
}
