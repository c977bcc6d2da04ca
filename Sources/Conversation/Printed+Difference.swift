extension Printed {
  /// Texts up to this long are read at a glance.
  private static let plainBytesMax = 60
  private static let bytesBefore = 20
  private static let bytesAfter = 40

  /// Both values; of long strings the part where they begin to differ.
  static func pair(_ expected: TalkValue, _ heard: TalkValue) -> (expected: String, heard: String) {
    if case .string(let wanted) = expected, case .string(let got) = heard, let pair = excerpts(wanted, got) {
      return pair
    }
    return (value(expected), value(heard))
  }

  /// The parts of two long texts where they begin to differ; nil when they are short, or equal.
  static func excerpts(_ expected: [UInt8], _ heard: [UInt8]) -> (expected: String, heard: String)? {
    guard max(expected.count, heard.count) > plainBytesMax, expected != heard else { return nil }
    let common = zip(expected, heard).prefix { $0 == $1 }.count
    return (excerpt(expected, at: common), excerpt(heard, at: common))
  }

  /// `…"a=sendrecv\r\n"… at byte 812 of 2431`
  private static func excerpt(_ bytes: [UInt8], at place: Int) -> String {
    // A cut character would be spelled in digits.
    var start = max(0, place - bytesBefore)
    while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    var end = min(bytes.count, place + bytesAfter)
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    let shown = (start > 0 ? "…" : "") + text(Array(bytes[start..<end])) + (end < bytes.count ? "…" : "")
    return place < bytes.count ? "\(shown) at byte \(place) of \(bytes.count)" : "\(shown), the end at byte \(place)"
  }
}
