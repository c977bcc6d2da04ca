/// `lobbyist bench`: the load generator and its report.
public enum BenchCommand {
  /// Runs with the arguments behind `bench`. Returns the exit code: 0, 1 (failed), 2 (usage).
  public static func run(_ arguments: [String]) -> Int32 {
    do {
      let options = try BenchOptions.parse(arguments)
      if options.help {
        print(BenchOptions.helpText)
        return 0
      }
      let report = try measure(options)
      print(options.json ? report.json : report.markdown)
      return 0
    } catch {
      complain("lobbyist bench: \(error)")
      return error.exitCode
    }
  }

  private static func measure(_ options: BenchOptions) throws(BenchError) -> Report {
    try IdleMemory.check(connections: options.idle)
    var suite = Suite(options)
    guard let target = options.target else {
      try suite.runAll()
      return suite.report
    }
    suite.report.notes.append("Neither the server nor the generator was pinned to a core.")
    if options.pid == nil {
      suite.report.notes.append("Without --pid there is no CPU time and no memory of the server.")
    }
    try suite.run([Suite.Entrant("server", options.workload, target, pid: options.pid)])
    return suite.report
  }
}
