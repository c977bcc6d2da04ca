import LuaHost

/// The operations of api.def, as what may be written in a script.
struct Api {
  struct Parameter {
    let name: String
    let type: String
    let isOptional: Bool

    /// Takes whatever comes: nothing is wrong where it is lacking.
    var takesNothing: Bool { isOptional || type == "value" || type == "bool" }
    /// Takes the rest of the arguments.
    var takesAll: Bool { ["values", "texts", "fields"].contains(type) }
  }

  struct Operation {
    let receiver: String
    let name: String
    let parameters: [Parameter]
    let results: [Value]

    var isMethod: Bool { Api.receivers.contains(receiver) }
    var written: String { receiver + (isMethod ? ":" : ".") + name }
  }

  static let receivers = ["peer", "lobby", "mount", "message", "request"]
  static let shared = Api()

  /// By receiver or library, then by name.
  private(set) var operations: [String: [String: Operation]] = [:]
  private(set) var methodNames: Set<String> = []

  private init() {
    unsafe withUnsafeBytes(of: lh_api_rows) { bytes in
      let rows = unsafe bytes.bindMemory(to: lh_api_row.self)
      for index in rows.indices {
        let operation = unsafe Operation(rows[index])
        operations[operation.receiver, default: [:]][operation.name] = operation
        if operation.isMethod { methodNames.insert(operation.name) }
      }
    }
  }
}

extension Api.Operation {
  fileprivate init(_ row: lh_api_row) {
    receiver = unsafe String(cString: row.receiver)
    name = unsafe String(cString: row.name)
    var isOptional = false
    var parameters: [Api.Parameter] = []
    for word in unsafe String(cString: row.parameters).split(separator: " ") {
      let parts = word.split(separator: ":")
      isOptional = isOptional || word.hasSuffix("?")
      parameters.append(
        Api.Parameter(name: String(parts[0]), type: String(parts[1].prefix { $0 != "?" }), isOptional: isOptional))
    }
    self.parameters = parameters
    let written = unsafe String(cString: row.results)
    // As many as it is asked for: nothing is said about those.
    results = written.contains("...") ? [] : written.split(separator: " ").map { Value(result: String($0)) }
  }
}

extension Value {
  /// A result as api.def writes it.
  fileprivate init(result: String) {
    let isCertain = !result.hasSuffix("?")
    let word = isCertain ? result : String(result.dropLast())
    switch word {
    case "int", "num": self.init(kind: .number, isCertain: isCertain)
    case "text": self.init(kind: .string, isCertain: isCertain)
    case "bool": self.init(kind: .boolean, isCertain: isCertain)
    case "peer", "lobby": self.init(kind: .reference(word), isCertain: isCertain)
    case "peer[]", "lobby[]": self.init(kind: .list(String(word.dropLast(2))), isCertain: isCertain)
    default: self.init()
    }
  }
}
