extension Mount {
  /// The scripts of the versions that may run again, or still run for lobbies of their own.
  public var standby: [Scripts] {
    var scripts = elders.map { $0.version.scripts }
    if let former = former?.scripts { scripts.append(former) }
    return scripts
  }
}
