/// `lobbyist bench`: the load generator and its report.
public enum BenchCommand {
  /// Runs with the arguments behind `bench`. Returns the exit code: 0, 1 (failed), 2 (usage).
  ///
  /// `policies` is how this process runs policies itself.
  public static func run<Policy: LocalPolicy>(_ arguments: [String], policies: Policy.Type) -> Int32 {
    do {
      let options = try BenchOptions.parse(arguments)
      if options.help {
        print(BenchOptions.helpText)
        return 0
      }
      let report = try measure(options, policies)
      print(options.json ? report.json : report.markdown)
      return report.reload?.isSound == false ? 1 : 0
    } catch {
      complain("lobbyist bench: \(error)")
      return error.exitCode
    }
  }

  private static func measure<Policy: LocalPolicy>(
    _ options: BenchOptions, _ policies: Policy.Type
  ) throws(BenchError) -> Report {
    if options.wants(.idle) { try IdleMemory.check(connections: options.idle) }
    if options.wants(.reload) { try IdleMemory.check(connections: options.peers) }
    var suite = try Suite(options)
    if let target = options.target {
      try drive(target, options, &suite)
      return suite.report
    }
    try suite.runAll()
    if options.wants(.hooks) {
      var hooks = HookBench<Policy>(suite)
      suite.report.hooks = try hooks.run()
    }
    return suite.report
  }

  private static func drive(_ target: Target, _ options: BenchOptions, _ suite: inout Suite) throws(BenchError) {
    suite.report.notes.append("Neither the server nor the generator was pinned to a core.")
    if options.pid == nil {
      suite.report.notes.append("Without --pid there is no CPU time and no memory of the server.")
    }
    try suite.run([Entrant("server", try options.workload(), target, pid: options.pid)])
  }
}
