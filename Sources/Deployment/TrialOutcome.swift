import Conversation

/// What a trial has decided.
public enum TrialOutcome: Sendable {
  case passed(mount: MountKey, newLobbies: Bool)
  case refused(DeployRefusal)

  var json: [UInt8] {
    switch self {
    case .passed(let mount, let newLobbies):
      TalkValue.object([.init("mount", .string(mount.text)), .init("new_lobbies", .bool(newLobbies))]).json
    case .refused(let refusal):
      TalkValue.object([
        .init("status", .integer(Int64(refusal.status))), .init("error", .string(refusal.message)),
      ]).json
    }
  }

  init?(parsing bytes: [UInt8]) {
    guard let value = try? TalkValue(parsing: bytes) else { return nil }
    if let status = value["status"]?.number, let error = value["error"]?.text {
      self = .refused(DeployRefusal(status, error))
    } else if let mount = value["mount"]?.text, let newLobbies = value["new_lobbies"]?.flag {
      self = .passed(mount: MountKey(mount), newLobbies: newLobbies)
    } else {
      return nil
    }
  }
}
