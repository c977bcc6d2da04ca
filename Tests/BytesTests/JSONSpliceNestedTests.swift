import Testing

@testable import Bytes

/// The result of a splice whose keys are paths; nil when there was no plan. A path without a parent is left out.
private func splicedByPath(_ text: some Collection<UInt8>, _ edits: [Edit], _ splice: inout JSONSplice) -> [UInt8]? {
  var index = JSONIndex()
  return withExact(text) { bytes -> [UInt8]? in
    index.scan(bytes)
    splice.begin()
    for edit in edits {
      let path = edit.key
      withExact(path.utf8) { key in
        guard path.contains(".") else { return edit.apply(key, to: &splice) }
        guard let parent = index.parent(of: key, in: bytes) else { return }
        splice.enter(parent)
        edit.apply(parent.name, to: &splice)
        splice.leave()
      }
    }
    guard let count = splice.plan(bytes, index) else { return nil }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { output.deallocate() }
    splice.write(bytes, into: output)
    return Array(output)
  }
}

extension Edit {
  fileprivate var key: String {
    switch self {
    case .set(let key, _), .remove(let key): key
    }
  }

  fileprivate func apply(_ key: UnsafeRawBufferPointer, to splice: inout JSONSplice) {
    switch self {
    case .set(_, let json): withExact(json.utf8) { _ = splice.replace(key, json: $0) }
    case .remove: _ = splice.remove(key)
    }
  }
}

@Suite struct JSONSpliceNestedTests {
  private func splice(_ text: String, _ edits: Edit...) -> String? {
    var splice = JSONSplice()
    return splicedByPath(text.utf8, edits, &splice).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func replacesAddsAndRemoves() {
    let text = #" { "a" : { "b" : 1 , "c":2 } ,"d":3 } "#
    #expect(splice(text, .set("a.b", json: "7")) == #" { "a" : { "b" : 7 , "c":2 } ,"d":3 } "#)
    #expect(splice(text, .set("a.x", json: "7")) == #" { "a" : { "b" : 1 , "c":2,"x":7 } ,"d":3 } "#)
    #expect(splice(text, .remove("a.b")) == #" { "a" : { "c":2 } ,"d":3 } "#)
    #expect(splice(text, .remove("a.c")) == #" { "a" : { "b" : 1 } ,"d":3 } "#)
    #expect(splice(text, .remove("a.b"), .remove("a.c")) == #" { "a" : {  } ,"d":3 } "#)
    #expect(splice(text, .remove("a.x")) == text)
    #expect(splice(#"{"a":{}}"#, .set("a.b", json: "1"), .set("a.c", json: "2")) == #"{"a":{"b":1,"c":2}}"#)
    #expect(splice(#"{"a":{ }}"#, .remove("a.b")) == #"{"a":{ }}"#)
    #expect(splice(#"{"a":{"":1}}"#, .set("a.", json: "2")) == #"{"a":{"":2}}"#)
    #expect(splice(#"{"":{"b":1}}"#, .set(".b", json: "2")) == #"{"":{"b":2}}"#)
  }

  @Test func severalObjectsAtOnce() {
    let text = #"{"a":{"b":{"c":1},"d":2},"e":[0,{"f":3}],"g":4}"#
    #expect(
      splice(text, .set("g", json: "9"), .set("e.1.f", json: "8"), .set("a.b.c", json: "7"), .set("a.d", json: "6"))
        == #"{"a":{"b":{"c":7},"d":6},"e":[0,{"f":8}],"g":9}"#)
    #expect(
      splice(text, .remove("g"), .remove("a.d"), .set("a.b.x", json: "1"), .set("new", json: "0"))
        == #"{"a":{"b":{"c":1,"x":1}},"e":[0,{"f":3}],"new":0}"#)
    #expect(splice(text, .set("a.b.c", json: "7"), .set("a.b.c", json: "8")) == text.replacing("1}", with: "8}"))
    // One key in two objects is two members.
    #expect(splice(#"{"x":1,"a":{"x":1}}"#, .set("x", json: "2"), .set("a.x", json: "3")) == #"{"x":2,"a":{"x":3}}"#)
  }

  /// In the object itself the first place counts, and the others go. (Of objects on the way there is only one.)
  @Test func duplicates() {
    #expect(splice(#"{"a":{"b":2,"c":3,"b":4}}"#, .set("a.b", json: "9")) == #"{"a":{"b":9,"c":3}}"#)
    #expect(splice(#"{"a":{"b":1,"\u0062":2}}"#, .remove("a.b")) == #"{"a":{}}"#)
  }

  @Test func whatIsNotAnObjectHasNoMembers() {
    var index = JSONIndex()
    for (text, path) in [
      (#"{"a":[1]}"#, "a.0"), (#"{"a":1}"#, "a.b"), (#"{"a":null}"#, "a.b"), ("{}", "a.b"), (#"{"a":{}}"#, "a.b.c"),
      (#"{"a.b":{}}"#, "a.b.c"), (#"{"a":{}}"#, "a"), ("[]", "0.a"), ("", "a.b"),
      // Which of two is meant, readers decide in different ways.
      (#"{"a":{},"a":{}}"#, "a.b"), (#"{"a":{},"a":1}"#, "a.b"), (#"{"a":{"b":{},"c":1,"b":{}}}"#, "a.b.c"),
    ] {
      let found = withExact(text.utf8) { bytes in
        index.scan(bytes)
        return withExact(path.utf8) { index.parent(of: $0, in: bytes) != nil }
      }
      #expect(!found, "\(text) \(path)")
    }
  }

  @Test func editsInsideOfEditsAreRefused() {
    let text = #"{"a":{"b":{"c":1}}}"#
    for outer in [Edit.set("a", json: "{}"), .remove("a"), .set("a.b", json: "{}"), .remove("a.b")] {
      #expect(splice(text, outer, .set("a.b.c", json: "2")) == nil)
      #expect(splice(text, .remove("a.b.c"), outer) == nil)
    }
    #expect(splice(text, .set("x", json: "{}"), .set("a.b.c", json: "2")) == #"{"a":{"b":{"c":2}},"x":{}}"#)
  }

  /// The result nests no deeper than a scan accepts.
  @Test func depthIsBounded() {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    for (depth, accepted) in [(62, true), (63, false)] {
      #expect((splice(#"{"a":{}}"#, .set("a.b", json: nested(depth))) != nil) == accepted)
    }
    #expect(splice("{}", .set("a", json: nested(63))) != nil)
    // As deep as a text may be.
    let names = (0..<127).map { _ in "{\"a\":" }.joined()
    let text = names + "{\"b\":1}" + String(repeating: "}", count: 127)
    var index = JSONIndex()
    var splice = JSONSplice()
    let path = String(repeating: "a.", count: 127) + "b"
    withExact(text.utf8) { bytes in
      #expect(index.scan(bytes, depthMax: 128) == .object)
      splice.begin()
      withExact(path.utf8) { path in
        guard let parent = index.parent(of: path, in: bytes) else { return }
        splice.enter(parent)
        splice.replace(parent.name, integer: 12)
      }
      #expect(splice.plan(bytes, index) == text.utf8.count + 1)
    }
  }

  /// Random objects and edits at random paths, against the same edits on decoded members.
  @Test func agreesWithTheReference() {
    var dice = Dice(6)
    var splice = JSONSplice()
    let steps = ["id", "type", "data", "new", "0"]
    var planned = 0
    var nested = 0
    for _ in 0..<3000 {
      let further = Bool.random(using: &dice) ? "" : String(repeating: "\"more\":0,", count: 30)
      let text = "{\(further)\"id\":\(dice.object(depth: 2, members: 4)),\"data\":\(dice.object(depth: 2, members: 4))}"
      let edits = (0..<Int.random(in: 1...3, using: &dice)).map { _ in
        let behind = (0..<Int.random(in: 0...2, using: &dice)).map { _ in "." + steps.randomElement(using: &dice)! }
        let path = ["id", "data", "new"].randomElement(using: &dice)! + behind.joined()
        return Bool.random(using: &dice) ? Edit.remove(path) : .set(path, json: dice.value(depth: 1))
      }
      let result = splicedByPath(text.utf8, edits, &splice)
      if edits.contains(where: { outer in edits.contains { $0.key.hasPrefix(outer.key + ".") } }) { continue }
      // The reference knows no member that stands there twice.
      if edits.contains(where: { Self.isAmbiguous($0.key, in: text) }) { continue }
      planned += 1
      guard var expected = Reference(Array(text.utf8)) else { return }
      var order: [String] = []
      for edit in edits where !order.contains(edit.key) { order.append(edit.key) }
      for key in order {
        guard let last = edits.last(where: { $0.key == key }) else { continue }
        nested += expected.change(key.split(separator: "."), last) && key.contains(".") ? 1 : 0
      }
      #expect(result.flatMap { Reference($0) } == expected, "\(text) \(edits)")
    }
    #expect(planned > 1200 && nested > 500, "the edits miss the texts: \(planned) \(nested)")
  }

  /// Whether a path leads through a name that several members have.
  private static func isAmbiguous(_ path: String, in text: String) -> Bool {
    guard let dot = path.lastIndex(of: ".") else { return false }
    var index = JSONIndex()
    return withExact(text.utf8) { bytes in
      index.scan(bytes)
      let parent = withExact(String(path[..<dot]).utf8) { index.field(path: $0, in: bytes) }
      return parent?.kind == .object && withExact(path.utf8) { index.parent(of: $0, in: bytes) == nil }
    }
  }
}

extension Reference {
  /// Makes the edit at a path; false when it leads into nothing.
  fileprivate mutating func change(_ path: [Substring], _ edit: Edit) -> Bool {
    let name = String(path[0])
    if case .array(var elements) = self, path.count > 1, let at = Int(name), at < elements.count {
      defer { self = .array(elements) }
      return elements[at].change(Array(path.dropFirst()), edit)
    }
    guard case .object(var members) = self else { return false }
    defer { self = .object(members) }
    let known = members.firstIndex { $0.key == name }
    if path.count > 1 { return known.map { members[$0].value.change(Array(path.dropFirst()), edit) } ?? false }
    switch edit {
    case .remove: if let known { members.remove(at: known) }
    case .set(_, let json):
      guard let value = Reference(Array(json.utf8)) else { return false }
      if let known { members[known].value = value } else { members.append(Member(key: name, value: value)) }
    }
    return true
  }
}
