/// What one file says, as far as that can be told without running it.
struct Facts {
  struct Use: Equatable {
    let name: String
    let place: Place
    /// Local names that could be meant instead.
    var locals: [String] = []
  }

  struct Start {
    let name: String
    let place: Place
    let receiver: Value
  }

  var globalsRead: [Use] = []
  var globalsWritten: [Use] = []
  var globalsCalled: Set<String> = []
  /// The file itself returns something.
  var returns = false
  /// The file sets `_ENV`, so that its globals are its own business.
  var replacesEnvironment = false
  /// `library.name`, by what is used of it: called or only read.
  var members: [(library: String, use: Use, isCalled: Bool)] = []
  /// Methods called on values of which nothing is known.
  var methodsCalled: [Use] = []
  /// Every name that a function or another value is put under.
  var fieldsDefined: Set<String> = []
  var timersDefined: [Use] = []
  var timersStarted: [Start] = []
  /// Timers may be defined or started whose names are not written here.
  var definesUnknownTimers = false
  var startsUnknownTimers = false
  var modules: [String] = []
  var strings: Set<String> = []
  /// Fields that are read of messages.
  var paths: Set<String> = []
  /// Fields that are read of values of which nothing is known: decoded messages may be among them.
  var fieldsRead: Set<String> = []
  /// Fields that are read of settings, with the names of those.
  var settingsRead: [(use: Use, declared: Set<String>)] = []
  /// Every name that something is assigned to in a table, settings perhaps.
  var fieldsAssigned: Set<String> = []
  /// Settings get fields whose names are not written here.
  var extendsSettings = false
  /// Calls that cannot succeed, or that do less than they seem to.
  var findings: [(place: Place, severity: Finding.Severity, message: String)] = []
}

/// What one reading of a file has found out about its variables, for the next. Variables go by the position of the
/// token that declares them. Whatever is not in here is unknown, which is always true; each reading knows more.
struct Knowledge {
  var values: [Int: Value] = [:]
  /// The variable that the file returns.
  var returned: Int?
  /// What a timer belongs to.
  var timerSubjects: [String: Value] = [:]
}
