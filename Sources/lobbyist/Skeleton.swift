/// A script to start from, and its conversation.
struct Skeleton {
  enum Kind {
    case policy
    case plugin
  }

  let name: String
  let kind: Kind

  init(name: String, _ kind: Kind) throws(UsageError) {
    let isLetter = { (byte: UInt8) in byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") }
    let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    let isUnderscore = { (byte: UInt8) in byte == UInt8(ascii: "_") }
    guard name.utf8.allSatisfy({ isLetter($0) || isDigit($0) || isUnderscore($0) }),
      // Attributes of a plugin begin with its name, as in `peer.NAME_strikes`.
      let first = name.utf8.first, !isDigit(first)
    else {
      throw UsageError("a name is letters, digits and _, no digit first, not '\(name)'")
    }
    guard name != "lobbyist" else { throw UsageError("lobbyist.lua is what a configuration is called") }
    guard name.utf8.count <= Self.nameBytesMax else {
      throw UsageError("a name has at most \(Self.nameBytesMax) characters")
    }
    self.name = name
    self.kind = kind
  }

  /// Attributes that begin with it still are attributes' names.
  private static let nameBytesMax = 48

  var scriptFile: String { "\(name).lua" }
  var conversationFile: String { "\(name).talk" }
  /// A plugin's conversation has a policy of its own, so that it plays wherever no other one is.
  var policyFile: String { "\(name)_policy.lua" }
  /// All files, the script first.
  var files: [(name: String, text: String)] {
    [(scriptFile, script), (conversationFile, conversation)] + (kind == .plugin ? [(policyFile, pluginPolicy)] : [])
  }
  var script: String { kind == .policy ? policy : plugin }
  var conversation: String { kind == .policy ? policyConversation : pluginConversation }
}
