/// What shall become of one key; offsets into the bytes written for the plan.
struct JSONEdit {
  var isRemoval = false
  /// The key has been met in the text.
  var isPlaced = false
  /// Where the nested object begins whose member this is; 0 for the outermost.
  var object: Int32 = 0
  /// The value in the text that it replaces, when its place is known; else 0.
  var textStart: Int32 = 0
  var textEnd: Int32 = 0
  var keyStart: Int32 = 0
  var keyEnd: Int32 = 0
  /// `,"key":value`, and the value within it.
  var memberStart: Int32 = 0
  var valueStart: Int32 = 0
  var end: Int32 = 0

  var key: Range<Int> { Int(keyStart)..<Int(keyEnd) }
}
