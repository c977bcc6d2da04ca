import HTTP
import Policy

/// From which level on the relay logs.
extension Relay {
  /// `GET /log`
  func tellLogLevel(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    OperatorAnswer(200, .object([("level", .text("\(log.level)"))])).response
  }

  /// `POST /log {"level":"debug"}`: until the configuration says another one, or the end.
  func setLogLevel(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let text = try RequestMembers(request.body, names: ["level"]).required("level")
    guard let level = Log.Level(text) else {
      let known = Log.Level.allCases.map { "\($0)" }.joined(separator: ", ")
      throw OperatorAnswer(422, error: "'\(text)' is no level. There are \(known)")
    }
    let former = log.level
    (log.level, operatorLevel) = (level, level)
    return OperatorAnswer(200, .object([("level", .text("\(level)")), ("former", .text("\(former)"))])).response
  }
}
