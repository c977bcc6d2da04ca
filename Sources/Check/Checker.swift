import Lobby
import Policy

/// Finds what is wrong with a policy, its plugins and whatever they require: by loading them, by reading their text,
/// and by a trial run with clients that are not there.
public struct Checker {
  private let scripts: Scripts
  private let settings: [(name: String, value: String)]
  private let limits: MountLimits
  private let shared: [String]
  private let read: (String) -> [UInt8]?

  /// What has been read, in the order that it was found.
  private var files: [(path: String, facts: Facts)] = []
  /// By path, also those that could not be read.
  private var texts: [String: [UInt8]] = [:]
  private var findings: [Finding] = []

  /// Files beside those of one set of scripts that are read.
  private static let filesMax = 200
  /// Longer ones, tables of words for example, are not read.
  private static let readBytesMax = 1 << 20

  /// `read` finds files by their paths; `shared` are folders in which `require` looks.
  public static func check(
    _ scripts: Scripts, settings: [(name: String, value: String)] = [], limits: MountLimits = MountLimits(),
    shared: [String], read: @escaping (String) -> [UInt8]?
  ) -> [Finding] {
    var checker = Checker(scripts, settings, limits, shared, read)
    return checker.check()
  }

  /// Finds what reading tells of scripts that have loaded; nothing is run.
  public static func read(_ scripts: Scripts, shared: [String], read: @escaping (String) -> [UInt8]?) -> [Finding] {
    var checker = Checker(scripts, [], MountLimits(), shared, read)
    checker.judgeTexts(isLoaded: true)
    return checker.told
  }

  /// Whether a file is a configuration: it calls one of these words, none of which a script has, and returns nothing,
  /// as no script does.
  public static func isConfiguration(_ source: [UInt8], words: [String]) -> Bool {
    guard source.count <= readBytesMax,
      let facts = try? Reader.facts(of: source, isScript: false, knowsAllTimers: false, libraries: [:])
    else { return false }
    return !facts.returns && !facts.globalsCalled.isDisjoint(with: words)
  }

  private init(
    _ scripts: Scripts, _ settings: [(name: String, value: String)], _ limits: MountLimits, _ shared: [String],
    _ read: @escaping (String) -> [UInt8]?
  ) {
    self.scripts = scripts
    self.settings = settings
    self.limits = limits
    self.shared = shared
    self.read = read
  }

  private mutating func check() -> [Finding] {
    var loading: Finding?
    do throws(ScriptError) {
      _ = try load { _ in }
    } catch {
      loading = Finding(error, in: error.script ?? scripts.policy.path)
    }
    judgeTexts(isLoaded: loading == nil)
    if let loading {
      note(loading)
    } else {
      rehearse()
    }
    return told
  }

  private mutating func judgeTexts(isLoaded: Bool) {
    readFiles(isLoaded: isLoaded)
    for file in files { judge(file.path, file.facts) }
    judgeTimers()
    judgeMethods()
    judgeSettings()
  }

  /// The findings, each with its place, in their order.
  private var told: [Finding] {
    findings.map { Self.placed($0, in: texts[$0.file] ?? []) }.sorted { one, other in
      let first = Place(line: 0, column: 0)
      return (one.file, one.place ?? first, one.message) < (other.file, other.place ?? first, other.message)
    }
  }

  /// What scripts may use, asked of a policy without any.
  private static let globals: [String: Set<String>] = {
    let nothing = Script(path: "nothing", source: Array("return {}".utf8))
    guard let scripts = try? Scripts(policy: nothing),
      let mount = try? Mount(scripts: scripts, outbox: Outbox(), read: { _ in nil }, report: { _ in })
    else { return [:] }
    return mount.globals
  }()

  private func load(_ report: @escaping (MountEvent) -> Void) throws(ScriptError) -> (Mount, Outbox) {
    let outbox = Outbox()
    let mount = try Mount(
      scripts: scripts, settings: settings, limits: limits, outbox: outbox, random: .seeded(1), shared: shared,
      milliseconds: Rehearsal.beginning, wallSeconds: Rehearsal.wallSeconds(Rehearsal.beginning), read: read,
      report: report)
    return (mount, outbox)
  }

  // MARK: Reading

  /// Reads the scripts and what they require, wherever in them that stands.
  private mutating func readFiles(isLoaded: Bool) {
    var sources = (scripts.plugins + [scripts.policy]).map { (path: $0.path, source: $0.source, isScript: true) }
    let folders = scripts.folders(and: shared)
    var at = 0
    while at < sources.count, sources.count < Self.filesMax {
      let isShort = sources[at].source.count <= Self.readBytesMax
      let facts =
        !isShort
        ? nil
        : try? Reader.facts(
          of: sources[at].source, isScript: sources[at].isScript, knowsAllTimers: false, libraries: Self.globals)
      for module in facts?.modules ?? [] {
        let file = module.split(separator: ".").joined(separator: "/") + ".lua"
        for path in folders.map({ $0 + "/" + file }) {
          if sources.contains(where: { $0.path == path }) { break }
          guard let source = read(path) else { continue }
          sources.append((path, source, false))
          break
        }
      }
      at += 1
    }
    // With a single file all timers that it starts can be seen.
    for file in sources {
      texts[file.path] = file.source
      guard file.source.count <= Self.readBytesMax else {
        findings.append(Finding(file.path, nil, .warning, "it is too long: names and calls are not checked"))
        continue
      }
      do throws(UnreadableSource) {
        let facts = try Reader.facts(
          of: file.source, isScript: file.isScript, knowsAllTimers: sources.count == 1, libraries: Self.globals)
        files.append((file.path, facts))
      } catch {
        guard isLoaded else { continue }
        findings.append(
          Finding(file.path, error.place, .warning, "this could not be read: names and calls are not checked"))
      }
    }
  }

  // MARK: Judging

  private mutating func judge(_ file: String, _ facts: Facts) {
    for found in facts.findings { findings.append(Finding(file, found.place, found.severity, found.message)) }
    if facts.replacesEnvironment {
      findings.append(Finding(file, nil, .warning, "it sets _ENV: globals are not checked"))
      return
    }
    for use in facts.globalsRead where Self.globals[use.name] == nil {
      let meant = Spelling.nearest(to: use.name, in: use.locals + Self.globals.keys)
      let hint = meant.map { " (did you mean '\($0)'?)" } ?? ""
      findings.append(Finding(file, use.place, .error, "unknown global '\(use.name)'\(hint)"))
    }
    for use in facts.globalsWritten { judge(written: use, in: file) }
    for (library, use, isCalled) in facts.members where Self.globals[library]?.contains(use.name) == false {
      let meant = Spelling.nearest(to: use.name, in: Array(Self.globals[library] ?? []))
      let hint = meant.map { ": did you mean '\($0)'?" } ?? ""
      let message = "\(library) has no \(isCalled ? "function" : "field") '\(use.name)'\(hint)"
      findings.append(Finding(file, use.place, isCalled ? .error : .warning, message))
    }
  }

  private mutating func judge(written use: Facts.Use, in file: String) {
    if Self.globals[use.name] != nil {
      findings.append(Finding(file, use.place, .error, "cannot assign to the built-in global '\(use.name)'"))
      return
    }
    let meant = Spelling.nearest(to: use.name, in: use.locals)
    let hint = meant.map { "did you mean '\($0)'?" } ?? "write 'local \(use.name)' where it is first set"
    findings.append(Finding(file, use.place, .error, "cannot create the global '\(use.name)': \(hint)"))
  }

  private mutating func judgeTimers() {
    let defined = Set(files.flatMap { $0.facts.timersDefined.map(\.name) })
    let started = Set(files.flatMap { $0.facts.timersStarted.map(\.name) })
    let knowsDefined = !files.contains { $0.facts.definesUnknownTimers }
    let knowsStarted = !files.contains { $0.facts.startsUnknownTimers }
    for file in files {
      for start in file.facts.timersStarted where knowsDefined && !defined.contains(start.name) {
        guard case .reference = start.receiver.kind else { continue }
        let meant = Spelling.nearest(to: start.name, in: Array(defined)).map { ": did you mean '\($0)'?" } ?? ""
        findings.append(Finding(file.path, start.place, .error, "no timer is named '\(start.name)'\(meant)"))
      }
      for timer in file.facts.timersDefined where knowsStarted && !started.contains(timer.name) {
        findings.append(Finding(file.path, timer.place, .warning, "the timer '\(timer.name)' is never started"))
      }
    }
  }

  /// Methods of values of which nothing is known: one of the relay's, of strings, or of something in these files.
  private mutating func judgeMethods() {
    let defined = files.reduce(into: Api.shared.methodNames.union(Self.globals["string"] ?? [])) { names, file in
      names.formUnion(file.facts.fieldsDefined)
    }
    // Something may be put under a name that is only a string here.
    let strings = Set(files.flatMap(\.facts.strings))
    for file in files {
      for use in file.facts.methodsCalled where !defined.contains(use.name) && !strings.contains(use.name) {
        let meant = Spelling.nearest(to: use.name, in: Array(defined)).map { ": did you mean '\($0)'?" } ?? ""
        findings.append(Finding(file.path, use.place, .warning, "nothing has a method '\(use.name)'\(meant)"))
      }
    }
  }

  /// Settings that are read and not declared: nobody can give them.
  private mutating func judgeSettings() {
    guard !files.contains(where: { $0.facts.extendsSettings }) else { return }
    let put = files.reduce(into: Set<String>()) { $0.formUnion($1.facts.fieldsAssigned.union($1.facts.strings)) }
    for file in files {
      for (use, declared) in file.facts.settingsRead where !declared.contains(use.name) && !put.contains(use.name) {
        let there = declared.isEmpty ? "; there are none" : "; there are: \(declared.sorted().joined(separator: ", "))"
        let hint = Spelling.nearest(to: use.name, in: Array(declared)).map { ": did you mean '\($0)'?" } ?? there
        findings.append(Finding(file.path, use.place, .error, "no setting is declared as '\(use.name)'\(hint)"))
      }
    }
  }

  // MARK: Trying

  private mutating func rehearse() {
    let trials = Trials()
    let policy = scripts.policy.path
    guard let (mount, outbox) = try? load({ trials.note($0, in: policy) }) else { return }
    var rehearsal = Rehearsal(mount, outbox, files.map(\.facts), scripts, trials)
    rehearsal.run()
    for error in trials.failures {
      guard let severity = Certainty.severity(of: error) else { continue }
      let finding = Finding(error, in: policy, severity)
      if severity == .error || !hasError(inLineOf: finding) { note(finding) }
    }
    for finding in trials.constant where !hasError(inLineOf: finding) { note(finding) }
  }

  private func hasError(inLineOf finding: Finding) -> Bool {
    findings.contains {
      $0.severity == .error && $0.file == finding.file && $0.place?.line == finding.place?.line
    }
  }

  /// Adds what loading or the trial run has found, unless reading has found it before.
  private mutating func note(_ finding: Finding) {
    let same = findings.firstIndex { other in
      other.file == finding.file && other.place?.line == finding.place?.line
        && (other.message == finding.message || other.message.firstQuoted == finding.message.firstQuoted)
    }
    guard let same else { return findings.append(finding) }
    // It has failed: this is more than a guess.
    if findings[same].severity == .warning, finding.severity == .error { findings[same] = finding }
  }

  /// A finding with its column, where that is not known yet.
  public static func placed(_ finding: Finding, in text: [UInt8]) -> Finding {
    if let place = finding.place, place.column > 0 { return finding }
    return locate(finding, in: (try? Lexer.tokens(of: text)) ?? [])
  }

  /// Looks a finding's column up in its line, where only that is known; where not even that, what it is about.
  private static func locate(_ finding: Finding, in tokens: [Token]) -> Finding {
    var place = place(of: finding.message, in: tokens)
    if let line = finding.place?.line {
      // A table of settings begins there; the one in question may stand further down.
      let isSetting = finding.message.hasPrefix("setting ")
      let near = tokens.filter { isSetting ? $0.place.line >= line : $0.place.line == line }
      place = (near.first { $0.text == finding.message.subject } ?? near.first)?.place ?? Place(line: line, column: 1)
    }
    return Finding(finding.file, place, finding.severity, finding.message)
  }

  /// Where something stands of which no line is told.
  private static func place(of message: String, in tokens: [Token]) -> Place? {
    // Whoever gave it is at fault, not the script.
    if message.hasPrefix("no setting is named ") { return nil }
    // What a file returns stands last in it, or would.
    if message.hasPrefix("the script returns ") { return (tokens.dropLast().last ?? tokens.last)?.place }
    let subject = message.hasPrefix("the script's timers are ") ? "timers" : message.subject
    let named = tokens.indices.filter { tokens[$0].kind == .name && tokens[$0].text == subject }
    // Rather where it is set than where it is read.
    let defined = named.first { at in
      tokens[at + 1].isSymbol("=") || (at >= 3 && tokens[at - 3].isKeyword("function"))
    }
    return (defined ?? named.first).map { tokens[$0].place }
  }

  /// What is wrong with scripts that do not load, as `file:line:column: message` where the error itself tells no line
  /// but their text does; nothing is run.
  public static func complaint(_ error: ScriptError, in scripts: Scripts) -> String {
    let finding = Finding(error, in: error.script ?? scripts.policy.path)
    guard error.script != nil, finding.place == nil else { return error.complaint }
    let script = (scripts.plugins + [scripts.policy]).first { $0.path == finding.file }
    guard let text = script?.source, text.count <= readBytesMax, let place = placed(finding, in: text).place else {
      return error.complaint
    }
    return "\(finding.file):\(place.line):\(place.column): \(finding.message)"
  }
}

extension String {
  /// The name that a message is about: a setting, or what stands first in quotation marks.
  fileprivate var subject: String? {
    if hasPrefix("setting ") { return dropFirst(8).split { $0 == ":" || $0 == " " }.first.map(String.init) }
    return firstQuoted
  }

  /// What stands in its first quotation marks.
  fileprivate var firstQuoted: String? {
    let parts = split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? String(parts[1]) : nil
  }
}

extension Finding {
  /// What Lua says, as `file:line: message`; the column is not known yet.
  init(_ error: ScriptError, in file: String, _ severity: Severity = .error) {
    let text = error.firstLine
    let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    if parts.count == 3, let line = Int(parts[1]), line > 0 {
      self.init(String(parts[0]), Place(line: line, column: 0), severity, String(parts[2].drop { $0 == " " }))
    } else {
      let named = text.hasPrefix(file + ": ") ? String(text.dropFirst(file.utf8.count + 2)) : text
      self.init(file, nil, severity, named)
    }
  }
}
