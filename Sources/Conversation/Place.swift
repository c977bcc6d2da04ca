/// Where something stands in a `.talk` file. Lines and columns (bytes) count from 1.
public struct Place: Sendable, Equatable, CustomStringConvertible {
  public let file: String
  public let line: Int
  public let column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String { "\(file):\(line):\(column)" }
}
