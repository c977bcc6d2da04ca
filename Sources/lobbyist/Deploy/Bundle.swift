import Check
import Conversation
import Deployment
import Policy
import Reactor

/// What is to be deployed, gathered in the folder of the project: whatever the checker and the tests here have read.
struct Bundle {
  let script: String
  let plugins: [String]
  var settings: [(name: String, value: String)] = []
  /// Files; nil for those that are found beside the script.
  var tests: [String] = []

  private let looked = LookedUp()

  /// The files that these paths name, themselves or in and below them.
  static func expand(_ paths: [String]) throws(FileError) -> [String] {
    var files: [String] = []
    for path in paths {
      do throws(TalkError) {
        files += try TalkFiles.find(path, endings: TestRun.endings)
      } catch {
        throw FileError("\(error)")
      }
    }
    return files
  }

  init(script: String, plugins: [String]) {
    self.script = script
    self.plugins = plugins
  }

  /// What the checker says here.
  func check() throws(FileError) -> [Finding] {
    let scripts = try ScriptFiles.open(
      policy: ScriptFiles.locate(script), plugins: plugins.map(ScriptFiles.locate), notingIn: looked)
    return Checker.check(
      scripts, settings: settings, shared: ScriptFiles.shared, read: ScriptFiles.modules(notingIn: looked))
  }

  /// Runs the tests here, telling what fails.
  func test() -> Report {
    let run = TestRun(paths: tests)
    let report = run.run { if !$0.hasPrefix("ok  ") { tell($0) } }
    for path in run.looked.paths { looked.note(path, FileMark(of: path)) }
    return report
  }

  /// The tests that are about the script, beside it: NAME.talk, NAME_test.lua, and conversations that name it.
  func findTests() -> [String] {
    let folder = Files.folder(of: ScriptFiles.locate(script))
    let name = Script(path: script, source: []).name
    return Files.names(in: folder).filter { file in
      if file == name + TalkFiles.ending || file == name + UnitTests.ending { return true }
      return file.hasSuffix(TalkFiles.ending) && isAbout(Self.join(folder, file))
    }.map { Self.join(folder, $0) }
  }

  private func isAbout(_ talk: String) -> Bool {
    guard let conversations = try? TalkFiles.read(talk), let own = try? Self.relative(ScriptFiles.locate(script))
    else { return false }
    return conversations.contains { conversation in
      let found = conversation.policyPath.flatMap { ScriptPath.resolve($0, besides: talk) }
      guard let found else { return false }
      return (try? Self.relative(found)) == own
    }
  }

  /// The request, with all that was read.
  func request() throws(FileError) -> DeployRequest {
    var request = DeployRequest(script: try Self.relative(ScriptFiles.locate(script)))
    if !plugins.isEmpty {
      request.plugins = try plugins.map { path throws(FileError) in try Self.relative(ScriptFiles.locate(path)) }
    }
    request.settings = settings
    request.tests = try tests.map { path throws(FileError) in try Self.relative(path) }
    var sent: Set<String> = []
    for path in looked.paths.union(tests).sorted() where Files.missing(among: [path]) == nil {
      let name = try Self.relative(path)
      guard sent.insert(name).inserted else { continue }
      let bytes = try Files.read(path).get()
      guard String(validating: bytes, as: UTF8.self) != nil else { throw FileError("\(path) is not UTF-8") }
      request.files.append(.init(path: name, bytes: bytes))
    }
    request.files.sort { $0.path < $1.path }
    return request
  }

  // MARK: Paths

  /// The path from this folder, or from the program's own for what came with it.
  private static func relative(_ path: String) throws(FileError) -> String {
    var rest = path[...]
    if path.hasPrefix("/") {
      let folders = [FileSystem.currentFolder] + ScriptFiles.ownFolders
      guard let folder = folders.first(where: { path.hasPrefix($0 + "/") }) else {
        throw FileError("\(path) is outside of this folder: run it from a folder above")
      }
      rest = path.dropFirst(folder.count + 1)
    }
    var parts: [Substring] = []
    for part in rest.split(separator: "/") where part != "." {
      if part != ".." {
        parts.append(part)
      } else if parts.popLast() == nil {
        throw FileError("\(path) is outside of this folder: run it from a folder above")
      }
    }
    let name = parts.joined(separator: "/")
    if let problem = BundlePath.problem(of: name) { throw FileError("\(path) cannot be deployed: \(problem)") }
    return name
  }

  private static func join(_ folder: String, _ file: String) -> String { folder == "." ? file : folder + "/" + file }
}
