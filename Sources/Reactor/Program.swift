import Glibc

/// The program that this process runs, as it can be started again: by the path that leads to it, not as the file that
/// it is, which may be another one by then.
public struct Program: Sendable, Equatable {
  public let path: String
  /// With the name that it was called by in front.
  public let arguments: [String]

  init(path: String, arguments: [String]) { (self.path, self.arguments) = (path, arguments) }

  /// Nil when it is not to be found. To be made at the start, before the file can have been replaced.
  ///
  /// The path is the one that it was called by, if that leads to what runs; else `/proc/self/exe` knows it.
  public init?(arguments: [String]) {
    let name = arguments.first ?? ""
    let searched = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
    let called = Self.candidates(name, folder: FileSystem.currentFolder, searched: searched).first(where: Self.runs)
    guard let path = called ?? FileSystem.target(ofLink: Self.own) else { return nil }
    self.path = path
    self.arguments = arguments
  }

  private static let own = "/proc/self/exe"

  /// Where a program of this name is looked for, as a shell does.
  static func candidates(_ name: String, folder: String, searched: String) -> [String] {
    if name.hasPrefix("/") { return [name] }
    if name.contains("/") { return [folder + "/" + name] }
    return searched.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
  }

  private static func runs(_ path: String) -> Bool {
    var (this, other) = (stat(), stat())
    guard unsafe stat(own, &this) == 0, unsafe stat(path, &other) == 0 else { return false }
    return this.st_dev == other.st_dev && this.st_ino == other.st_ino
  }
}
