import Glibc

/// The folder in which a relay keeps what was deployed: `MOUNT/NUMBER/` for each deployment, and `MOUNT/current`, which
/// says which one runs. At every moment a crash leaves the old state or the new one.
public final class DeploymentStore {
  /// Deployments on their way in, and on their way out.
  static let hidden = "."
  private static let current = "current"
  /// What `current` is to become, and what it was.
  private static let next = "current.new"
  private static let former = "current.old"

  public let folder: String
  private let disk: Disk
  private let lock: Int32
  private var mounts: [MountKey: (current: Int, all: [Deployment])] = [:]

  /// Opens the store, makes it if need be, and removes what a crash has left. One relay at a time has it; for one that
  /// is about to end it waits these milliseconds.
  public init(_ folder: String, disk: Disk = Disk(), patience milliseconds: Int = 2000) throws(DeployRefusal) {
    self.folder = folder
    self.disk = disk
    try disk.makeFolder(folder)
    lock = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0 else { throw DeployRefusal("open", folder, errno: errno) }
    try Self.take(lock, of: folder, milliseconds)
    for name in try disk.names(in: folder) where name.hasPrefix(Self.hidden) { try disk.remove(folder + "/" + name) }
  }

  deinit {
    guard lock >= 0 else { return }
    // Closing alone would leave it to a process that has just been forked and not yet begun its program. flock(2)
    _ = flock(lock, LOCK_UN)
    close(lock)
  }

  /// Leaves the store to another relay; nothing is to be changed here from now on.
  public func release() { _ = flock(lock, LOCK_UN) }

  /// Has it again.
  public func retake() throws(DeployRefusal) { try Self.take(lock, of: folder, 2000) }

  private static func take(_ lock: Int32, of folder: String, _ milliseconds: Int) throws(DeployRefusal) {
    for tries in 0... {
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { return }
      guard tries * 20 < milliseconds else { break }
      usleep(20_000)
    }
    throw DeployRefusal(500, "\(folder): another relay keeps its deployments there")
  }

  // MARK: What is there

  /// The number of the deployment that runs; 0 for none.
  public func current(of key: MountKey) -> Int { mounts[key]?.current ?? 0 }

  /// By number.
  public func deployments(of key: MountKey) -> [Deployment] { mounts[key]?.all ?? [] }

  public func deployment(_ number: Int, of key: MountKey) -> Deployment? {
    deployments(of: key).first { $0.number == number }
  }

  public func folder(of key: MountKey) -> String { folder + "/" + key.fileName }

  /// The files of a deployment.
  public func files(_ number: Int, of key: MountKey) -> String { "\(folder(of: key))/\(number)/\(Staging.files)" }

  public func nextNumber(of key: MountKey) -> Int { (deployments(of: key).last?.number ?? 0) + 1 }

  /// Reads what there is of a mount, once.
  public func include(_ key: MountKey) throws(DeployRefusal) {
    guard mounts[key] == nil else { return }
    let own = folder(of: key)
    guard disk.kind(of: own) != .none else { return }
    var all: [Deployment] = []
    for name in try disk.names(in: own) {
      guard let number = Int(name), "\(number)" == name else { continue }
      let path = "\(own)/\(name)/\(Staging.record)"
      guard let deployment = Deployment(parsing: try disk.read(path)), deployment.number == number else {
        throw DeployRefusal(500, "\(path): this is not what was written there")
      }
      all.append(deployment)
    }
    all.sort { $0.number < $1.number }
    mounts[key] = (try readCurrent(own, all), all)
  }

  private func readCurrent(_ own: String, _ all: [Deployment]) throws(DeployRefusal) -> Int {
    let path = own + "/" + Self.current
    // A crash before the first one was put into service.
    guard disk.kind(of: path) != .none else { return 0 }
    let text = String(decoding: try disk.read(path), as: UTF8.self)
    guard let number = Int(text.hasSuffix("\n") ? text.dropLast() : text[...]), number >= 0 else {
      throw DeployRefusal(500, "\(path): expected the number of a deployment, or 0 for none")
    }
    guard number == 0 || all.contains(where: { $0.number == number }) else {
      throw DeployRefusal(500, "\(path): there is no deployment \(number) beside it; 0 stands for none")
    }
    return number
  }

  // MARK: Changing it

  /// A folder of its own for what has arrived.
  public func begin() throws(DeployRefusal) -> Staging {
    let path = "\(folder)/\(Self.hidden)incoming-\(UInt64.random(in: .min ... .max))"
    try disk.makeFolder(path)
    return Staging(path, disk)
  }

  /// Gives a finished deployment its number. It replaces what runs now, whatever ran when its trial began.
  public func adopt(_ staging: Staging, of key: MountKey) throws(DeployRefusal) -> Deployment {
    let deployment = try staging.deployment(replacing: current(of: key))
    let number = deployment.number
    guard number == nextNumber(of: key) else {
      throw DeployRefusal(500, "deployment \(number) should be \(nextNumber(of: key))")
    }
    try staging.removeNotes()
    if disk.kind(of: folder(of: key)) == .none {
      try disk.makeFolder(folder(of: key))
      try disk.sync(folder: folder)
    }
    let place = "\(folder(of: key))/\(number)"
    try disk.rename(staging.path, to: place)
    mounts[key, default: (0, [])].all.append(deployment)
    do throws(DeployRefusal) {
      try disk.sync(folder: folder(of: key))
    } catch {
      forget(number, of: key)
      throw error
    }
    return deployment
  }

  /// Makes a deployment, or 0, the one that runs from now on. `load` puts it into service; nothing fails after that.
  /// When `load` refuses it, `current` says again what it said. Should the disk refuse even that, it goes on to say
  /// this number, which therefore stays there.
  public func select<Loaded>(
    _ number: Int, of key: MountKey, load: () throws(DeployRefusal) -> Loaded
  ) throws(DeployRefusal) -> Loaded {
    guard number == 0 || deployment(number, of: key) != nil else {
      throw DeployRefusal(404, "deployment \(number) of \(key.text) is not there any more")
    }
    let own = folder(of: key) + "/"
    try disk.makeFolder(folder(of: key))
    defer { for name in [Self.next, Self.former] { try? disk.remove(own + name) } }
    // Both before anything has changed: to take it back needs no room then.
    let before = current(of: key)
    try write(before, own + Self.former)
    try write(number, own + Self.next)
    try disk.rename(own + Self.next, to: own + Self.current)
    mounts[key, default: (0, [])].current = number
    do throws(DeployRefusal) {
      try disk.sync(folder: folder(of: key))
      return try load()
    } catch {
      do throws(DeployRefusal) {
        try disk.rename(own + Self.former, to: own + Self.current)
      } catch let second {
        throw DeployRefusal(error.status, "\(error.message); and \(second.message)")
      }
      mounts[key]?.current = before
      // It has its name already; at worst a failing machine starts with the one that was refused.
      try? disk.sync(folder: folder(of: key))
      throw error
    }
  }

  private func write(_ number: Int, _ path: String) throws(DeployRefusal) {
    try disk.remove(path)
    try disk.write(path, Array("\(number)\n".utf8), isSynced: true)
  }

  /// Removes a deployment that does not run; the one that a restart would run stays.
  public func forget(_ number: Int, of key: MountKey) {
    guard number != current(of: key) else { return }
    mounts[key]?.all.removeAll { $0.number == number }
    let away = "\(folder)/\(Self.hidden)old-\(UInt64.random(in: .min ... .max))"
    // In one step out of the way. What cannot be removed is removed at the next start.
    guard (try? disk.rename("\(folder(of: key))/\(number)", to: away)) != nil else { return }
    try? disk.remove(away)
  }

  /// Removes the oldest beyond this count, but neither the one that runs nor the one that it replaced, nor these.
  public func trim(to count: Int, of key: MountKey, keeping others: Set<Int> = []) {
    let running = current(of: key)
    let kept = others.union([running, deployment(running, of: key)?.replaces ?? running])
    for deployment in deployments(of: key) where !kept.contains(deployment.number) {
      guard deployments(of: key).count > count else { return }
      forget(deployment.number, of: key)
    }
  }
}
