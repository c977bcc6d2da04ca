import HTTP

/// The request that a hook looks at, and what it has decided so far.
struct RequestView {
  let head: RequestHead
  let address: String
  let isUpgrade: Bool
  let subprotocols: [String]
  var chosen: String?
  var attachments: [Attachment] = []
  var refusal: RequestAnswer?
  var answer: RequestAnswer?

  /// The hook that has made them is taken back.
  mutating func forgetDecisions() {
    (chosen, attachments, refusal, answer) = (nil, [], nil, nil)
  }
}
