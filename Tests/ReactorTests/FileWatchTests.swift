import Glibc
import Testing

@testable import Reactor

@Suite struct FileWatchTests {
  @Test func aFileThatIsWrittenIsNamedWhenItIsClosed() throws {
    let folder = try Folder()
    folder.write("old.lua", "1")
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    #expect(watch.takeChanges() == [])
    let file = try #require(fopen(folder.path + "/old.lua", "w"))
    fputs("2", file)
    fflush(file)
    #expect(watch.takeChanges() == [])
    fclose(file)
    #expect(watch.takeChanges() == [folder.path + "/old.lua"])
    #expect(watch.takeChanges() == [])
  }

  @Test func everyKindOfChangeIsNamed() throws {
    let folder = try Folder()
    folder.write("script.lua", "1")
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    let script = folder.path + "/script.lua"
    let other = folder.path + "/.script.lua.swp"
    folder.write("new.lua", "1")
    #expect(watch.takeChanges() == [folder.path + "/new.lua"])
    folder.write(".script.lua.swp", "2")
    #expect(rename(other, script) == 0)
    #expect(watch.takeChanges() == [script, other])
    #expect(chmod(script, 0o600) == 0)
    #expect(watch.takeChanges() == [script])
    #expect(unlink(script) == 0)
    #expect(watch.takeChanges() == [script])
    #expect(mkdir(folder.path + "/below", 0o700) == 0)
    #expect(watch.takeChanges() == [folder.path + "/below"])
  }

  @Test func readingIsNoChange() throws {
    let folder = try Folder()
    folder.write("script.lua", "1")
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    let file = try #require(fopen(folder.path + "/script.lua", "r"))
    #expect(fgetc(file) == 0x31)
    fclose(file)
    #expect(watch.takeChanges() == [])
  }

  /// As a Kubernetes config map does it: the files are links into a folder whose name is swapped.
  @Test func aLinkThatIsSwappedIsNamedByItsOwnName() throws {
    let folder = try Folder()
    folder.write("one", "1")
    folder.write("two", "2")
    #expect(symlink("one", folder.path + "/data") == 0)
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    #expect(symlink("two", folder.path + "/data_new") == 0)
    #expect(rename(folder.path + "/data_new", folder.path + "/data") == 0)
    #expect(watch.takeChanges() == [folder.path + "/data", folder.path + "/data_new"])
  }

  @Test func aFolderThatIsReplacedIsNamedAndCanBeAddedAgain() throws {
    let parent = try Folder()
    let path = parent.path + "/scripts"
    #expect(mkdir(path, 0o700) == 0)
    var watch = try FileWatch()
    try watch.add(folder: path)
    #expect(rename(path, parent.path + "/old") == 0)
    #expect(watch.takeChanges() == [path])
    parent.write("old/late.lua", "1")
    #expect(watch.takeChanges() == [])
    #expect(mkdir(path, 0o700) == 0)
    try watch.add(folder: path)
    parent.write("scripts/new.lua", "1")
    #expect(watch.takeChanges() == [path + "/new.lua"])
    #expect(unlink(path + "/new.lua") == 0)
    #expect(rmdir(path) == 0)
    #expect(watch.takeChanges() == [path, path + "/new.lua"])
    #expect(throws: SystemError.self) { try watch.add(folder: path) }
  }

  @Test func aLinkToAFolderIsFollowedAnewWhenItIsAddedAgain() throws {
    let parent = try Folder()
    for version in ["one", "two"] { #expect(mkdir("\(parent.path)/\(version)", 0o700) == 0) }
    let link = parent.path + "/current"
    #expect(symlink("one", link) == 0)
    var watch = try FileWatch()
    try watch.add(folder: link)
    #expect(unlink(link) == 0)
    #expect(symlink("two", link) == 0)
    try watch.add(folder: link)
    parent.write("one/script.lua", "1")
    #expect(watch.takeChanges() == [])
    parent.write("two/script.lua", "1")
    #expect(watch.takeChanges() == [link + "/script.lua"])
  }

  @Test func twoNamesOfOneFolderAreBothSaid() throws {
    let parent = try Folder()
    #expect(mkdir(parent.path + "/real", 0o700) == 0)
    #expect(symlink("real", parent.path + "/link") == 0)
    var watch = try FileWatch()
    for name in ["real", "link", "real"] { try watch.add(folder: "\(parent.path)/\(name)") }
    parent.write("real/a.lua", "1")
    #expect(watch.takeChanges() == [parent.path + "/real/a.lua", parent.path + "/link/a.lua"])
    watch.remove(folder: parent.path + "/real")
    parent.write("real/a.lua", "2")
    #expect(watch.takeChanges() == [parent.path + "/link/a.lua"])
    watch.remove(folder: parent.path + "/link")
    watch.remove(folder: parent.path + "/nowhere")
    parent.write("real/a.lua", "3")
    #expect(watch.takeChanges() == [])
  }

  @Test func changesAreBounded() throws {
    let folder = try Folder()
    var watch = try FileWatch()
    try watch.add(folder: folder.path + "/")
    for number in 0..<FileWatch.changesMax { folder.write("\(number)", "") }
    var changes = watch.takeChanges()
    #expect(changes.count == FileWatch.changesMax && changes.contains(folder.path + "/0"))
    for number in 0...FileWatch.changesMax { folder.write("\(number)", "") }
    changes = watch.takeChanges()
    #expect(changes.count == FileWatch.changesMax + 1 && changes.contains(FileWatch.unknown))
    #expect(watch.takeChanges() == [])
  }

  /// The kernel's queue is bounded too, and says when it drops changes (fs.inotify.max_queued_events).
  @Test func whatTheKernelDropsIsUnknown() throws {
    let folder = try Folder()
    for name in ["a", "b"] { folder.write(name, "") }
    let limit = try #require(fopen("/proc/sys/fs/inotify/max_queued_events", "r"))
    defer { fclose(limit) }
    var digits = [CChar](repeating: 0, count: 32)
    fgets(&digits, 32, limit)
    let events = Int(atoi(digits))
    try #require((1...200_000).contains(events))
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    // Equal events that follow each other are one, so the two take turns.
    for _ in 0...events / 2 { for name in ["a", "b"] { #expect(chmod("\(folder.path)/\(name)", 0o600) == 0) } }
    var heard: Set<String> = []
    for _ in 0..<1000 {
      let changes = watch.takeChanges()
      if changes.isEmpty { break }
      heard.formUnion(changes)
    }
    #expect(heard == [folder.path + "/a", folder.path + "/b", FileWatch.unknown])
  }

  @Test func theReactorWaitsForChanges() throws {
    let folder = try Folder()
    var watch = try FileWatch()
    try watch.add(folder: folder.path)
    var reactor = try Reactor()
    try reactor.add(watch.descriptor, .reading, Token(slot: 1, generation: 1))
    #expect(try reactor.wait(until: 0) == 0)
    folder.write("script.lua", "1")
    #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
    #expect(reactor.event(0).readable)
    #expect(watch.takeChanges() == [folder.path + "/script.lua"])
    #expect(try reactor.wait(until: 0) == 0)
  }

  // MARK: Trails

  /// A watch on what decides about `parent/NAME`.
  private func watch(_ parent: Folder, _ name: String, _ watch: inout FileWatch) -> FileTrail {
    let trail = FileTrail(to: "\(parent.path)/\(name)")
    #expect(watch.watch([trail]) == [])
    return trail
  }

  /// Both of a folder that is swapped, as releases are, and of one within it, whose own name is not touched.
  @Test(arguments: ["current/policy.lua", "current/scripts/policy.lua"])
  func aLinkAboveTheFileIsWatched(_ name: String) throws {
    let parent = try Folder()
    for version in ["one", "two"] {
      #expect(mkdir("\(parent.path)/\(version)", 0o700) == 0)
      #expect(mkdir("\(parent.path)/\(version)/scripts", 0o700) == 0)
      parent.write("\(version)/policy.lua", version)
      parent.write("\(version)/scripts/policy.lua", version)
    }
    #expect(symlink("one", parent.path + "/current") == 0)
    var watch = try FileWatch()
    var trail = self.watch(parent, name, &watch)
    #expect(symlink("two", parent.path + "/next") == 0)
    #expect(rename(parent.path + "/next", parent.path + "/current") == 0)
    #expect(watch.takeChanges().intersection(trail.entries) == [parent.path + "/current"])
    trail = self.watch(parent, name, &watch)
    let real = name.replacing("current", with: "two")
    parent.write(name.replacing("current", with: "one"), "old")
    #expect(watch.takeChanges() == [])
    parent.write(real, "three")
    #expect(watch.takeChanges() == ["\(parent.path)/\(real)"])
    #expect(trail.entries.contains("\(parent.path)/\(real)"))
  }

  /// The folder itself keeps its name: only its parent is another one.
  @Test func aFolderAboveThatIsSwappedIsNoticed() throws {
    let parent = try Folder()
    for name in ["app", "app/scripts", "new", "new/scripts"] { #expect(mkdir("\(parent.path)/\(name)", 0o700) == 0) }
    for name in ["app", "new"] { parent.write("\(name)/scripts/policy.lua", name) }
    var watch = try FileWatch()
    var trail = self.watch(parent, "app/scripts/policy.lua", &watch)
    parent.write("unrelated", "")
    #expect(watch.takeChanges() == [])
    #expect(rename(parent.path + "/app", parent.path + "/old") == 0)
    #expect(rename(parent.path + "/new", parent.path + "/app") == 0)
    #expect(watch.takeChanges() == [parent.path + "/app"])
    #expect(trail.entries.contains(parent.path + "/app"))
    trail = self.watch(parent, "app/scripts/policy.lua", &watch)
    parent.write("old/scripts/policy.lua", "late")
    #expect(watch.takeChanges() == [])
    parent.write("app/scripts/policy.lua", "2")
    #expect(watch.takeChanges() == [parent.path + "/app/scripts/policy.lua"])
  }

  @Test func whatIsMissingIsWaitedForWhereItWillCome() throws {
    let parent = try Folder()
    var watch = try FileWatch()
    for folder in ["/app", "/app/scripts"] {
      let trail = self.watch(parent, "app/scripts/policy.lua", &watch)
      #expect(trail.end == parent.path + folder)
      #expect(mkdir(parent.path + folder, 0o700) == 0)
      #expect(watch.takeChanges() == [parent.path + folder])
      #expect(trail.entries.contains(parent.path + folder))
    }
    _ = self.watch(parent, "app/scripts/policy.lua", &watch)
    parent.write("unrelated", "")
    #expect(watch.takeChanges() == [])
    parent.write("app/scripts/policy.lua", "")
    #expect(watch.takeChanges() == [parent.path + "/app/scripts/policy.lua"])
    #expect(FileTrail(to: parent.path + "/app/scripts/policy.lua").end == parent.path + "/app/scripts/policy.lua")
    #expect(unlink(parent.path + "/app/scripts/policy.lua") == 0)
    for folder in ["/app/scripts", "/app"] { #expect(rmdir(parent.path + folder) == 0) }
    #expect(!watch.takeChanges().isDisjoint(with: [parent.path + "/app"]))
  }

  @Test func linksInACircleHaveAnEnd() throws {
    let parent = try Folder()
    #expect(symlink("b", parent.path + "/a") == 0)
    #expect(symlink("../\(parent.path.split(separator: "/").last ?? "")/a", parent.path + "/b") == 0)
    var watch = try FileWatch()
    let trail = self.watch(parent, "a", &watch)
    #expect(trail.entries.isSuperset(of: [parent.path + "/a", parent.path + "/b"]))
    #expect(unlink(parent.path + "/b") == 0)
    parent.write("b", "")
    #expect(watch.takeChanges() == [parent.path + "/b"])
  }

  @Test func aPathIsFollowedAsTheKernelDoes() throws {
    let parent = try Folder()
    for name in ["real", "real/below"] { #expect(mkdir("\(parent.path)/\(name)", 0o700) == 0) }
    parent.write("real/policy.lua", "")
    #expect(symlink("real/below", parent.path + "/link") == 0)
    #expect(symlink(parent.path + "/link/..//./policy.lua", parent.path + "/policy.lua") == 0)
    let trail = FileTrail(to: parent.path + "/./policy.lua")
    for name in ["policy.lua", "link", "real", "real/below", "real/policy.lua"] {
      #expect(trail.entries.contains("\(parent.path)/\(name)"))
    }
    #expect(trail.deciding == [parent.path, parent.path + "/real"])
    #expect(FileTrail(to: "Package.swift").entries.contains { $0.hasPrefix("/") && $0.hasSuffix("/Package.swift") })
    #expect(FileTrail(to: "/nowhere").deciding == ["/"])
  }

  @Test func whatCannotBeWatchedIsNamed() throws {
    let folder = try Folder()
    folder.write("file", "")
    var watch = try FileWatch()
    #expect(throws: SystemError("inotify_add_watch", ENOENT, "cannot watch /nowhere: No such file or directory")) {
      try watch.add(folder: "/nowhere")
    }
    #expect(throws: SystemError.self) { try watch.add(folder: folder.path + "/file") }
  }
}

/// A folder of its own for each test.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/lobbyist_watch_XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", errno) }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.empty(path) }

  func write(_ name: String, _ text: String) {
    guard let file = fopen("\(path)/\(name)", "w") else { preconditionFailure("cannot write \(name)") }
    fputs(text, file)
    fclose(file)
  }

  /// Removes the folder with what is in it; links are not followed.
  private static func empty(_ path: String) {
    guard let stream = opendir(path) else { return }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name == "." || name == ".." { continue }
      let below = "\(path)/\(name)"
      if entry.pointee.d_type == UInt8(DT_DIR) { empty(below) } else { unlink(below) }
    }
    closedir(stream)
    rmdir(path)
  }
}
