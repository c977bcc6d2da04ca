import Conversation
import Policy

/// Plays the conversations and runs the unit tests of some paths, once.
struct TestRun {
  static let endings = [TalkFiles.ending, UnitTests.ending]

  let paths: [String]
  /// Folders in which `require` looks last.
  var shared = ScriptFiles.shared
  var coverage: Coverage?
  let looked = LookedUp()

  /// Prints as it goes; the sum comes last.
  func run(print: @escaping (String) -> Void) -> Report {
    var report = Report()
    let stage = PolicyStage(notingIn: looked, coverage: coverage, shared: shared)
    let units = UnitTests(looked: looked, coverage: coverage, shared: shared)
    for path in paths {
      do throws(TalkError) {
        for file in try TalkFiles.find(path, endings: Self.endings) {
          if file.hasSuffix(".lua") {
            units.run(file, &report, print: print)
          } else {
            TalkFiles.play(file: file, on: stage, &report, print: print)
          }
        }
      } catch {
        print(report.add(error))
      }
    }
    return report
  }
}
