/// An object inside a JSON text, and the name of the member of it that is meant.
@unsafe
public struct JSONParent {
  public let object: JSONField
  /// How many arrays and objects it is in.
  public let depth: Int
  /// Part of the path that led here; there may be no such member.
  public let name: UnsafeRawBufferPointer
}
