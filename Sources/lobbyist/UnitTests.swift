import Conversation
import Policy

/// Runs files of unit tests, `*_test.lua`.
struct UnitTests {
  static let ending = "_test.lua"

  let looked: LookedUp
  let coverage: Coverage?
  let shared: [String]

  /// Runs the tests of one file and prints as it goes.
  func run(_ path: String, _ report: inout Report, print: @escaping (String) -> Void) {
    let source: [UInt8]
    switch Files.read(path) {
    case .success(let bytes): source = bytes
    case .failure(let error):
      report.add(passed: false)
      return print("FAILED  \(error.message)")
    }
    let file = TestFile(
      script: Script(path: path, source: source), shared: shared, coverage: coverage,
      read: ScriptFiles.modules(notingIn: looked), print: print)
    do throws(TestFile.Failure) {
      for name in try file.tests() { run(name, of: file, path, &report, print: print) }
    } catch {
      report.add(passed: false)
      let place = error.line == nil ? "\(path): " : place(of: error, in: path)
      print("FAILED  \(place)\(error.message)")
    }
  }

  private func run(
    _ name: String, of file: TestFile, _ path: String, _ report: inout Report, print: (String) -> Void
  ) {
    let clock = ContinuousClock()
    let start = clock.now
    let servers = TestServers(file: path, looked: looked, coverage: coverage, shared: shared)
    var failure: TestFile.Failure?
    do throws(TestFile.Failure) {
      try file.run(name) { question throws(TestFile.Refusal) in try servers.answer(question) }
    } catch {
      failure = error
    }
    report.add(passed: failure == nil)
    let taken = (clock.now - start).components
    let milliseconds = Int(taken.seconds) * 1_000 + Int(taken.attoseconds / 1_000_000_000_000_000)
    guard let failure else { return print("ok  \(path): \(name) (\(milliseconds) ms)") }
    print("FAILED  \(path): \(name) (\(milliseconds) ms)")
    print("  \(place(of: failure, in: path))\(name): \(failure.message)")
  }

  private func place(of failure: TestFile.Failure, in path: String) -> String {
    failure.line.map { "\(path):\($0): " } ?? ""
  }
}
