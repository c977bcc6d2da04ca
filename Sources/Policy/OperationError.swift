import Lobby

/// What an operation refuses; becomes a Lua error at the script's line.
struct OperationError: Error {
  let message: String

  init(_ message: String) { self.message = message }
  init(_ refusal: Refusal) { message = refusal.message }
}
