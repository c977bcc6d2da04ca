import Testing

@testable import Deployment

/// What may be deployed, and what is said of what may not.
struct BundleTests {
  @Test(arguments: ["a.lua", "scripts/my.lua", "a-b/c_d/e.f", "0", "a..b", String(repeating: "a", count: 255)])
  func goodPaths(_ path: String) { #expect(BundlePath.problem(of: path) == nil) }

  @Test(arguments: [
    "", "/", "/etc/passwd", "a/", "/a", "a//b", ".", "..", "a/../b", "../a", "./a", ".hidden", "a/.b", "a b", "a\0b",
    "a\\b", "a\nb", "é.lua", "a%2fb", "a:b", "~/a", String(repeating: "a", count: 256),
    Array(repeating: "a", count: 17).joined(separator: "/"),
  ])
  func badPaths(_ path: String) { #expect(BundlePath.problem(of: path) != nil) }

  private func refusal(_ json: String) -> DeployRefusal? {
    do throws(DeployRefusal) {
      _ = try DeployRequest(parsing: Array(json.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test func whatIsSentIsRead() throws {
    var sent = DeployRequest(script: "scripts/my.lua")
    sent.mount = "/"
    sent.plugins = ["plugins/p.lua"]
    sent.settings = [("motto", "a \"b\" = \u{1F600}\n")]
    sent.files = ["scripts/my.lua", "plugins/p.lua", "my.talk"].map { path in
      .init(path: path, bytes: Array("text of \(path)\0\t".utf8))
    }
    sent.tests = ["my.talk"]
    sent.newLobbies = true
    sent.withoutTests = true
    let read = try DeployRequest(parsing: sent.json)
    #expect(read.mount == "/" && read.script == sent.script && read.plugins == sent.plugins && read.tests == sent.tests)
    #expect(read.settings.map { "\($0.name)=\($0.value)" } == sent.settings.map { "\($0.name)=\($0.value)" })
    #expect(read.files.map(\.path) == sent.files.map(\.path) && read.files.map(\.bytes) == sent.files.map(\.bytes))
    #expect(read.newLobbies && read.withoutTests)
    let least = try DeployRequest(parsing: Array(#"{"script":"a","files":{"a":""}}"#.utf8))
    #expect(least.mount == nil && least.plugins == nil && least.tests.isEmpty && !least.newLobbies)
  }

  @Test(arguments: [
    ("", "not JSON"), ("[]", "not a JSON object"), (#"{"files":{}}"#, "'script' is missing"),
    (#"{"script":"a"}"#, "'files' is missing"), (#"{"script":1,"files":{}}"#, "'script' is not a path"),
    (#"{"script":"a","files":{"a":1}}"#, "'files' is not an object of paths and texts"),
    (#"{"script":"a","files":{"b":""}}"#, "'a' is named but not among the files"),
    (#"{"script":"a","files":{"a":"","a":""}}"#, "a file is there twice"),
    (#"{"script":"a","files":{"a":"","a/b":""}}"#, "'a' is a file and a folder"),
    (#"{"script":"../a","files":{"../a":""}}"#, "a path is relative"),
    (#"{"script":"a","files":{"a":""},"plugins":["p"]}"#, "'p' is named"),
    (#"{"script":"a","files":{"a":""},"plugins":"p"}"#, "'plugins' is not a list of paths"),
    (#"{"script":"a","files":{"a":""},"settings":{"x":1}}"#, "'settings' is not an object of strings"),
    (#"{"script":"a","files":{"a":""},"tests":["t"]}"#, "'t' is named"),
    (#"{"script":"a","files":{"a":""},"new_lobbies":1}"#, "'new_lobbies' is not true or false"),
    (#"{"script":"a","files":{"a":""},"test":[]}"#, "no member 'test'"),
    (#"{"script":"a","script":"a","files":{"a":""}}"#, "twice"),
    (#"{"script":"a","files":{"a":"\ud800"}}"#, "'files' is not an object of paths and texts"),
  ])
  func whatIsWrongIsSaid(_ json: String, _ expected: String) throws {
    let refusal = try #require(self.refusal(json))
    #expect(refusal.status == 400 && refusal.message.contains(expected), "\(refusal.message)")
  }

  @Test func tooManyFilesAreRefused() throws {
    let files = (0...DeployRequest.filesMax).map { #""f\#($0)":"""# }.joined(separator: ",")
    #expect(try #require(self.refusal(#"{"script":"f0","files":{\#(files)}}"#)).message.contains("at most 1000 files"))
  }

  @Test func keysAreFileNames() {
    #expect(MountKey("/").fileName == "%2F")
    #expect(MountKey("play.example.org/a b").fileName == "play.example.org%2Fa%20b")
    #expect(MountKey("[::]:80").fileName == "%5B%3A%3A%5D%3A80")
    #expect(MountKey("..").fileName == "%2E.")
    #expect(MountKey("%2F").fileName == "%252F")
  }

  @Test func mountsAreFoundByName() throws {
    var (one, two) = (TrialPlan.Mount(key: MountKey("/")), TrialPlan.Mount(key: MountKey("/b")))
    (one.names, two.names) = (["/", "/x"], ["/b", "/x"])
    #expect(try [one].position(of: nil) == 0)
    #expect(try [one, two].position(of: "/b") == 1)
    #expect(throws: DeployRefusal(400, "say which mount: there are /, /b")) { try [one, two].position(of: nil) }
    #expect(throws: DeployRefusal(404, "there is no mount '/c': there are /, /b")) {
      try [one, two].position(of: "/c")
    }
    #expect(throws: DeployRefusal.self) { try [one, two].position(of: "/x") }
  }
}
