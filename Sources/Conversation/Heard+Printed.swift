extension Heard {
  /// As reports show it: bounded in length, on one line.
  public var printed: String { Printed.heard(self) }
}
