import LuaHost

/// A row of api.def.
struct ApiRow: CustomStringConvertible {
  struct Parameter {
    let name: String
    let type: String
    let isOptional: Bool
  }

  let receiver: String
  let name: String
  let parameters: [Parameter]
  let results: String

  var isMethod: Bool { ["peer", "lobby", "mount", "message", "request"].contains(receiver) }
  var description: String { receiver + (isMethod ? ":" : ".") + name }

  static let all: [ApiRow] = withUnsafeBytes(of: lh_api_rows) { bytes in
    bytes.bindMemory(to: lh_api_row.self).map(ApiRow.init)
  }

  private init(_ row: lh_api_row) {
    receiver = String(cString: row.receiver)
    name = String(cString: row.name)
    results = String(cString: row.results)
    var isOptional = false
    parameters = String(cString: row.parameters).split(separator: " ").map { word in
      let parts = word.split(separator: ":")
      isOptional = isOptional || word.hasSuffix("?")
      return Parameter(
        name: String(parts[0]), type: String(parts[1].prefix { $0 != "?" }), isOptional: isOptional)
    }
  }
}
