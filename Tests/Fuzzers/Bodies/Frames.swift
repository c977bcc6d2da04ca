import WebSocket

extension Fuzzer {
  /// However a stream of frames is cut, it says the same.
  ///
  /// Input: a byte of options (bit 0: we are the client; bits 1-3: the message limit; bit 4: messages may be compressed), a byte that seeds
  /// the cuts, the stream.
  public static let frames = Fuzzer(name: "frames") { input in
    guard input.count > 2 else { return nil }
    let role: Role = input[0] & 1 == 0 ? .server : .client
    let limits = [0, 1, 16, 125, 126, 300, 4096, 65536]
    let limit = limits[Int(input[0] >> 1 & 7)]
    let stream = Array(input[2...])
    let inflates = input[0] & 16 != 0
    let whole = RecordedEvent.read(stream, role: role, messageBytesMax: limit, inflates: inflates) { $0 }
    var generator = SplitMix(seed: UInt64(input[1]))
    let cut = RecordedEvent.read(stream, role: role, messageBytesMax: limit, inflates: inflates) { left in
      Int.random(in: 1...min(left, 24), using: &generator)
    }
    let bytewise = RecordedEvent.read(stream, role: role, messageBytesMax: limit, inflates: inflates) { _ in 1 }
    guard cut == whole, bytewise == whole else { return "whole: \(whole), cut: \(cut), bytewise: \(bytewise)" }
    let isTooLong = whole.contains { event in
      if limit > 0, case .message(_, let bytes) = event { bytes.count > limit } else { false }
    }
    return isTooLong ? "A message exceeds the limit of \(limit): \(whole)" : nil
  }
}
