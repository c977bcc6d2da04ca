extension JSONSplice {
  /// How far a plan has come through the text.
  private struct Progress {
    /// The object whose members are planned: where it begins, 0 for the outermost.
    var object: Int32 = 0
    /// Everything before this is planned for.
    var done = 0
    /// Where the first of the removed members since the last kept one begins; negative when there is none.
    var removedStart = -1
    /// Ends of the last member kept and of the last member at all; negative while there is none.
    var keptEnd = -1
    var lastEnd = -1
  }

  /// The bytes of the result; nil when the text is no object, an edit was refused, or one is inside what another
  /// replaces or removes.
  ///
  /// `index` has scanned `text`. Commas and white space between kept members stay as they are: a removed
  /// member goes with the comma behind it, and one with no kept member behind it goes with the comma
  /// before it.
  public mutating func plan(_ text: UnsafeRawBufferPointer, _ index: borrowing JSONIndex) -> Int? {
    precondition(text.count == index.textCount, "not the text that was scanned")
    textCount = -1
    guard index.shape == .object, !isRefused else { return nil }
    segments.removeAll()
    resultCount = 0
    if directCount == editCount { return planDirect(text.count) }
    for position in 0..<editCount { unsafe edits[position].isPlaced = false }
    waitingCount = nestedCount

    var progress = Progress()
    for position in 0..<index.fieldCount {
      unsafe place(index.remembered(position), text, &progress)
    }
    if var scanner = unsafe index.furtherScanner(text) {
      var field = JSONField()
      while scanner.member(&field, first: false, depthMax: JSONScanner.depthLimit) == .found {
        unsafe place(field, text, &progress)
      }
    }
    unsafe finish(text, index.bodyStart, text.count, progress)
    guard waitingCount == 0 else { return nil }
    textCount = text.count
    return resultCount
  }

  /// Plans a nested object, of which the opening brace is copied already, and answers where it ends.
  private mutating func planNested(_ object: Int, _ text: UnsafeRawBufferPointer) -> Int {
    guard var scanner = unsafe JSONScanner(text, at: object + 1) else { preconditionFailure("no text to scan") }
    var progress = Progress(object: Int32(truncatingIfNeeded: object), done: object + 1)
    for position in 0..<editCount where unsafe edits[position].object == progress.object { waitingCount -= 1 }
    var field = JSONField()
    var isFirst = true
    while scanner.member(&field, first: isFirst, depthMax: JSONScanner.depthLimit) == .found {
      unsafe place(field, text, &progress)
      isFirst = false
    }
    unsafe finish(text, object + 1, scanner.position, progress)
    return scanner.position
  }

  /// All places are known: the text is cut at the values, in their order.
  @inline(__always)
  private mutating func planDirect(_ count: Int) -> Int {
    sortDirect()
    var done = 0
    for position in 0..<editCount {
      let edit = unsafe edits[position]
      copy(done..<Int(edit.textStart), fromText: true)
      copy(Int(edit.valueStart)..<Int(edit.end), fromText: false)
      done = Int(edit.textEnd)
    }
    copy(done..<count, fromText: true)
    textCount = count
    return resultCount
  }

  /// Puts edits with known places in the order of the text. There are few: by insertion.
  private mutating func sortDirect() {
    for position in 1..<max(1, editCount) {
      let edit = unsafe edits[position]
      var free = position
      while free > 0, unsafe edits[free - 1].textStart > edit.textStart {
        unsafe edits[free] = edits[free - 1]
        free -= 1
      }
      unsafe edits[free] = edit
    }
  }

  /// Decides about one member of the text.
  private mutating func place(_ field: JSONField, _ text: UnsafeRawBufferPointer, _ progress: inout Progress) {
    let member = field.memberRange
    progress.lastEnd = member.upperBound
    let found = unsafe edit(of: field, in: progress.object, text)
    if let found, unsafe edits[found].isRemoval || edits[found].isPlaced {
      if progress.removedStart < 0 { progress.removedStart = member.lowerBound }
      return
    }
    if progress.removedStart >= 0 {
      unsafe copy(progress.done..<progress.removedStart, of: text)
      progress.done = member.lowerBound
      progress.removedStart = -1
    }
    progress.keptEnd = member.upperBound
    if let found {
      unsafe copy(progress.done..<Int(field.valueStart), of: text)
      copy(unsafe Int(edits[found].valueStart)..<Int(edits[found].end), fromText: false)
      progress.done = member.upperBound
      unsafe edits[found].isPlaced = true
    }
  }

  /// The edit that names this member of an object.
  @inline(__always)
  private mutating func edit(of field: JSONField, in object: Int32, _ text: UnsafeRawBufferPointer) -> Int? {
    for position in 0..<editCount where unsafe edits[position].object == object {
      if unsafe edits[position].textEnd > 0 {
        if unsafe edits[position].textStart == field.valueStart { return position }
        continue
      }
      let key = unsafe edits[position].key
      guard field.mayHaveKey(of: key.count) else { continue }
      let isNamed = unsafe written.withBytes { bytes in
        unsafe field.isNamed(UnsafeRawBufferPointer(rebasing: bytes[key]), in: text)
      }
      if isNamed { return position }
    }
    return nil
  }

  /// Adds the members that an object does not have, and what stands behind its last member up to `end`.
  private mutating func finish(
    _ text: UnsafeRawBufferPointer, _ bodyStart: Int, _ end: Int, _ progress: Progress
  ) {
    var rest = progress.lastEnd
    if progress.lastEnd < 0 {
      rest = bodyStart
      copy(progress.done..<rest, fromText: true)
    } else if progress.removedStart < 0 {
      unsafe copy(progress.done..<rest, of: text)
    } else {
      unsafe copy(progress.done..<(progress.keptEnd < 0 ? progress.removedStart : progress.keptEnd), of: text)
    }
    var needsComma = progress.keptEnd >= 0
    for position in 0..<editCount where unsafe edits[position].object == progress.object {
      let edit = unsafe edits[position]
      if edit.isRemoval || edit.isPlaced { continue }
      copy(Int(edit.memberStart) + (needsComma ? 0 : 1)..<Int(edit.end), fromText: false)
      needsComma = true
    }
    copy(rest..<end, fromText: true)
  }

  /// Copies members as they stand, but for the edits within them.
  private mutating func copy(_ range: Range<Int>, of text: UnsafeRawBufferPointer) {
    var done = range.lowerBound
    while waitingCount > 0, let object = nextObject(in: done..<range.upperBound) {
      copy(done..<object + 1, fromText: true)
      done = unsafe planNested(object, text)
    }
    copy(done..<range.upperBound, fromText: true)
  }

  /// Where the first of the edited objects within a part of the text begins.
  private func nextObject(in range: Range<Int>) -> Int? {
    var first = range.upperBound
    for position in 0..<editCount {
      let object = unsafe Int(edits[position].object)
      if object > 0, object >= range.lowerBound { first = min(first, object) }
    }
    return first < range.upperBound ? first : nil
  }

  private mutating func copy(_ range: Range<Int>, fromText: Bool) {
    guard !range.isEmpty else { return }
    resultCount &+= range.count
    segments.append(
      JSONSegment(
        start: Int32(truncatingIfNeeded: range.lowerBound), count: Int32(truncatingIfNeeded: range.count),
        isFromText: fromText))
  }

  /// Writes the result of the last `plan`, which was for this text, to all of `output`.
  public mutating func write(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
    precondition(textCount == text.count && output.count == resultCount, "not what was planned")
    guard let source = text.baseAddress, let target = output.baseAddress else { return }
    // Every segment is inside the text or the bytes written, and together they are `resultCount` long.
    var done = 0
    for position in 0..<segments.count {
      let segment = segments[position]
      let start = Int(segment.start)
      let count = Int(segment.count)
      if segment.isFromText {
        unsafe (target + done).copyMemory(from: source + start, byteCount: count)
      } else {
        unsafe written.withBytes { bytes in
          if let own = bytes.baseAddress { unsafe (target + done).copyMemory(from: own + start, byteCount: count) }
        }
      }
      done &+= count
    }
  }
}
