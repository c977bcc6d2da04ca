import Conversation

/// A deployment that is on its way in: a folder with what was sent, what the trial is told and what it says.
public struct Staging {
  static let files = "files"
  static let record = "deployment.json"
  private static let request = "request"
  private static let plan = "plan"
  private static let outcome = "outcome"
  private static let output = "output"

  public let path: String
  private let disk: Disk

  public init(_ path: String, _ disk: Disk = Disk()) {
    self.path = path
    self.disk = disk
  }

  // MARK: The relay's side

  /// What has arrived, and what the trial is to know.
  public func put(request: [UInt8], plan: TrialPlan) throws(DeployRefusal) {
    try disk.write(place(Self.request), request, isSynced: false)
    try disk.write(place(Self.plan), plan.json, isSynced: false)
  }

  /// Where what the trial prints goes.
  public var output: String { place(Self.output) }

  /// What it has printed.
  public var report: String {
    let bytes = (try? disk.read(output)) ?? []
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What it has decided; nil when it came to no end.
  public var decision: TrialOutcome? { (try? disk.read(place(Self.outcome))).flatMap { TrialOutcome(parsing: $0) } }

  /// What the trial has written, with another number in place of the one that ran when it began.
  func deployment(replacing number: Int) throws(DeployRefusal) -> Deployment {
    guard var deployment = Deployment(parsing: try disk.read(place(Self.record))) else {
      throw DeployRefusal(500, "\(place(Self.record)): this is not what was written there")
    }
    guard deployment.replaces != number else { return deployment }
    deployment.replaces = number
    try disk.remove(place(Self.record))
    try put(deployment)
    return deployment
  }

  /// Leaves what is kept, all of which is on the disk by now.
  func removeNotes() throws(DeployRefusal) {
    for name in [Self.request, Self.plan, Self.outcome, Self.output] { try disk.remove(place(name)) }
  }

  /// Removes everything; what stays is removed at the next start.
  public func remove() { try? disk.remove(path) }

  // MARK: The trial's side

  public func readRequest() throws(DeployRefusal) -> [UInt8] { try disk.read(place(Self.request)) }

  public func readPlan() throws(DeployRefusal) -> TrialPlan {
    guard let plan = TrialPlan(parsing: try disk.read(place(Self.plan))) else {
      throw DeployRefusal(500, "\(place(Self.plan)): no plan")
    }
    return plan
  }

  /// Writes what was sent to its places, and waits until it is on the disk.
  public func unpack(_ request: DeployRequest) throws(DeployRefusal) {
    // It has been read, and the room is wanted.
    try disk.remove(place(Self.request))
    var folders = [place(Self.files)]
    try disk.makeFolder(folders[0])
    for file in request.files {
      var folder = folders[0]
      for part in file.path.split(separator: "/").dropLast() {
        folder += "/" + part
        if folders.contains(folder) { continue }
        try disk.makeFolder(folder)
        folders.append(folder)
      }
      try disk.write(folders[0] + "/" + file.path, file.bytes, isSynced: true)
    }
    for folder in folders.reversed() { try disk.sync(folder: folder) }
  }

  /// The folder of what was sent.
  public var filesFolder: String { place(Self.files) }

  public func put(_ deployment: Deployment) throws(DeployRefusal) {
    try disk.write(place(Self.record), deployment.json, isSynced: true)
    try disk.sync(folder: path)
  }

  public func put(_ outcome: TrialOutcome) throws(DeployRefusal) {
    try disk.write(place(Self.outcome), outcome.json, isSynced: false)
  }

  private func place(_ name: String) -> String { path + "/" + name }
}
