import Conversation

/// The request to go back.
public struct RollbackRequest: Sendable {
  public var mount: String?
  /// Nil for the deployment that the running one has replaced; 0 for the files that the relay was started with.
  public var to: Int?
  public var newLobbies = false

  public init() {}

  public init(parsing bytes: [UInt8]) throws(DeployRefusal) {
    let fields = try RequestFields(parsing: bytes, names: ["mount", "to", "new_lobbies"])
    mount = try fields.optional("mount", "a string") { $0.text }
    to = try fields.optional("to", "the number of a deployment") { $0.number }
    newLobbies = try fields.optional("new_lobbies", "true or false") { $0.flag } ?? false
  }

  public var json: [UInt8] {
    var members: [TalkValue.Member] = []
    if let mount { members.append(.init("mount", .string(mount))) }
    if let to { members.append(.init("to", .integer(Int64(to)))) }
    if newLobbies { members.append(.init("new_lobbies", .bool(true))) }
    return TalkValue.object(members).json
  }
}
