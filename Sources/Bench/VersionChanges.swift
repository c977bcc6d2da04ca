/// Has a relay change between two versions of its script again and again, and keeps count.
struct VersionChanges {
  static let perSecond = 10.0
  /// Windows in turns with a change and without one: two for each change.
  static let windowNanoseconds = UInt64(1e9 / perSecond / 2)
  /// How far into its window a change comes. The relay's own watch of the file may reload a tenth of a second after it,
  /// so about then in a later window of this kind.
  private static let leadNanoseconds = windowNanoseconds / 5

  /// How long loading took as the relay says.
  private(set) var loading = Histogram()
  /// From the request to the answer, as seen between two turns of the traffic.
  private(set) var answering = Histogram()
  private(set) var refused = 0

  private let folder: ScriptFolder
  private let adminPort: UInt16
  private let start: UInt64
  private let count: Int
  private var begun = 0
  private var underWay: (call: AdminCall, since: UInt64)?

  /// `count` changes in the windows of the traffic.
  init(_ folder: ScriptFolder, adminPort: UInt16, count: Int, start: UInt64) {
    self.folder = folder
    self.adminPort = adminPort
    self.count = count
    self.start = start
  }

  var asked: Int { Int(answering.total) }
  var isDone: Bool { begun == count && underWay == nil }

  /// Begins a change when one is due, and takes the answer when it is there.
  mutating func turn(_ traffic: inout NumberedTraffic) throws(BenchError) {
    if let (call, since) = underWay {
      guard let answer = try call.answer() else { return }
      let now = LoadGenerator.now()
      take(answer)
      answering.record(now - since)
      traffic.windows.disturb(from: since, to: now)
      traffic.settled = (begun % ScriptFolder.versionCount, now)
      underWay = nil
    }
    let now = LoadGenerator.now()
    let due = start + Self.leadNanoseconds + UInt64(begun) * 2 * Self.windowNanoseconds
    guard begun < count, now >= due else { return }
    begun += 1
    traffic.settled = nil
    try folder.put(begun)
    underWay = (try AdminCall("POST", "/reload", port: adminPort), now)
  }

  private mutating func take(_ answer: String) {
    guard answer.hasPrefix("HTTP/1.1 200"), let time = rawMember("microseconds", of: answer).flatMap({ UInt64($0) })
    else {
      if refused == 0 { complain("bench: a reload was refused: \(answer)") }
      refused += 1
      return
    }
    loading.record(time * 1000)
  }
}
