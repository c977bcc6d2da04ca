/// `lobbyist new`: writes a policy or a plugin to start from, with its conversation.
enum NewCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var names: [String] = []
    var kind = Skeleton.Kind.policy
    var folder = ""
    while let word = try options.next() {
      switch word {
      case .operand(let name): names.append(name)
      case .option("--plugin"): kind = .plugin
      case .option("--into"): folder = try options.value(of: "--into")
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("new has no option '\(name)'")
      }
    }
    guard names.count == 1 else { throw UsageError("new wants one name") }
    let skeleton = try Skeleton(name: names[0], kind)
    if !folder.isEmpty, !folder.hasSuffix("/") { folder += "/" }
    do throws(FileError) {
      try write(skeleton, into: folder)
    } catch {
      complain(error.message)
      return ExitCode.failure
    }
    tell(skeleton, folder)
    return ExitCode.success
  }

  /// All files or none.
  private static func write(_ skeleton: Skeleton, into folder: String) throws(FileError) {
    if !folder.isEmpty, let missing = Files.missing(among: [folder]), missing.isMissing {
      throw FileError("there is no folder \(folder): make it first, mkdir -p \(quoted(folder))")
    }
    var written: [String] = []
    do throws(FileError) {
      for file in skeleton.files {
        try Files.create(folder + file.name, file.text)
        written.append(folder + file.name)
      }
    } catch {
      for path in written { Files.remove(path) }
      throw error
    }
  }

  /// What there is now, and what one does with it.
  private static func tell(_ skeleton: Skeleton, _ folder: String) {
    let program = CommandLine.arguments.first ?? "lobbyist"
    let script = folder + skeleton.scriptFile
    let conversation = folder + skeleton.conversationFile
    let paths = skeleton.files.map { folder + $0.name }
    say("wrote \(paths.dropLast().joined(separator: ", ")) and \(paths[paths.count - 1])")
    let isPlugin = skeleton.kind == .plugin
    for words in [
      isPlugin ? ["check", "--plugin", script] : ["check", script],
      ["test", conversation],
      isPlugin
        ? ["serve", "--plugin", script, "--script", folder + skeleton.policyFile] : ["serve", "--script", script],
    ] {
      say("  " + ([program] + words).map(quoted).joined(separator: " "))
    }
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      UnicodeScalar(byte).properties.isAlphabetic && byte < 0x80 || "0123456789_-./".utf8.contains(byte)
    }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }

  private static let help = """
    lobbyist new NAME [--into FOLDER]
    lobbyist new NAME --plugin [--into FOLDER]

    Writes NAME.lua, a small policy (or plugin) that explains itself, and NAME.talk, its conversation, into this
    folder or another. A plugin's conversation is played against NAME_policy.lua, which is written too. NAME is
    letters, digits and _. Nothing is overwritten: exit code 1 when one of them is there.
    """
}
