import HTTP

/// What an operator asks for, with its body.
struct OperatorRequest {
  /// Of the connection.
  let slot: UInt32
  let head: RequestHead
  let body: [UInt8]

  /// Part of a list: how many are left out before it, and how many follow at the most.
  struct Page {
    /// Entries of one answer at the most.
    static let countMax = 1000

    let from: Int
    let count: Int
  }

  func page() throws(OperatorAnswer) -> Page {
    Page(from: try number("from", 0...Int(Int32.max)) ?? 0, count: try number("count", 1...Page.countMax) ?? 100)
  }

  func number(_ name: String, _ range: ClosedRange<Int>) throws(OperatorAnswer) -> Int? {
    guard let text = head.query(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw OperatorAnswer(422, error: "\(name)= is a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
