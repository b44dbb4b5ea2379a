// SPDX-License-Identifier: Apache-2.0

/// A rule that Dockerfiles are checked by; the names are Docker's.
///
/// https://docs.docker.com/reference/build-checks/
package enum LintRule: String, CaseIterable, Sendable {
    case consistentInstructionCasing = "ConsistentInstructionCasing"
    case copyIgnoredFile = "CopyIgnoredFile"
    case duplicateStageName = "DuplicateStageName"
    case exposeInvalidFormat = "ExposeInvalidFormat"
    case exposeProtoCasing = "ExposeProtoCasing"
    case fromAsCasing = "FromAsCasing"
    case fromPlatformFlagConstDisallowed = "FromPlatformFlagConstDisallowed"
    case invalidBaseImagePlatform = "InvalidBaseImagePlatform"
    case invalidDefaultArgInFrom = "InvalidDefaultArgInFrom"
    case invalidDefinitionDescription = "InvalidDefinitionDescription"
    case jsonArgsRecommended = "JSONArgsRecommended"
    case legacyKeyValueFormat = "LegacyKeyValueFormat"
    case maintainerDeprecated = "MaintainerDeprecated"
    case multipleInstructionsDisallowed = "MultipleInstructionsDisallowed"
    case noEmptyContinuation = "NoEmptyContinuation"
    case redundantTargetPlatform = "RedundantTargetPlatform"
    case reservedStageName = "ReservedStageName"
    case secretsUsedInArgOrEnv = "SecretsUsedInArgOrEnv"
    case stageNameCasing = "StageNameCasing"
    case undefinedArgInFrom = "UndefinedArgInFrom"
    case undefinedVar = "UndefinedVar"
    case workdirRelativePath = "WorkdirRelativePath"

    /// What it asks for.
    package var summary: String {
        switch self {
        case .consistentInstructionCasing: "All instructions should use the same casing, upper or lower"
        case .copyIgnoredFile: "What COPY and ADD name should not be excluded by the .dockerignore file"
        case .duplicateStageName: "Stage names should be unique"
        case .exposeInvalidFormat: "EXPOSE should not name an IP address or a port of the host"
        case .exposeProtoCasing: "The protocol in EXPOSE should be lowercase"
        case .fromAsCasing: "The 'as' keyword should match the case of the 'from' keyword"
        case .fromPlatformFlagConstDisallowed: "The --platform flag of FROM should not be a constant"
        case .invalidBaseImagePlatform: "The platform of a base image should be that of the build"
        case .invalidDefaultArgInFrom: "The defaults of global ARGs should make valid names of base images"
        case .invalidDefinitionDescription:
            "A comment right above a stage or an argument should describe it: `# <name> <description>`"
        case .jsonArgsRecommended: "JSON arguments let signals reach the program of CMD and ENTRYPOINT"
        case .legacyKeyValueFormat: "The form with a blank between key and value should not be used"
        case .maintainerDeprecated: "A label should name the author in place of MAINTAINER"
        case .multipleInstructionsDisallowed: "A stage should have one CMD, ENTRYPOINT and HEALTHCHECK"
        case .noEmptyContinuation: "There should be no blank line inside of an instruction"
        case .redundantTargetPlatform: "The target platform is the default of FROM"
        case .reservedStageName: "Reserved words should not be used as stage names"
        case .secretsUsedInArgOrEnv: "Secrets should be in neither ARG nor ENV"
        case .stageNameCasing: "Stage names should be lowercase"
        case .undefinedArgInFrom: "FROM should use declared ARGs"
        case .undefinedVar: "Variables should be defined before they are used"
        case .workdirRelativePath: "The first WORKDIR should be absolute, since the base image may change its own"
        }
    }

    /// Where Docker explains it.
    package var address: String {
        var slug = ""
        var wasUpper = true
        for character in rawValue.replacingJSON {
            if character.isUppercase, !wasUpper { slug.append("-") }
            wasUpper = character.isUppercase
            slug += character.lowercased()
        }
        return "https://docs.docker.com/go/dockerfile/rule/\(slug)/"
    }

    /// Whether it is only used where the file asks for it.
    package var isExperimental: Bool { self == .copyIgnoredFile || self == .invalidDefinitionDescription }
}

extension String {
    /// With one capital letter for each word.
    fileprivate var replacingJSON: String { hasPrefix("JSON") ? "Json" + dropFirst(4) : self }
}

/// Something that a rule has found.
package struct LintFinding: Hashable, Sendable {
    package var rule: LintRule
    /// What was found, in the words of Docker's builder.
    package var message: String
    package var place: SourcePlace
}
