import Testing

@testable import Bytes

/// An edit as the tests say it.
enum Edit {
  case set(String, json: String)
  case remove(String)
}

/// The result of a splice; nil when there was no plan.
func spliced(_ text: some Collection<UInt8>, _ edits: [Edit], _ splice: inout JSONSplice) -> [UInt8]? {
  var index = JSONIndex()
  splice.begin()
  for edit in edits {
    switch edit {
    case .set(let key, let json):
      withExact(key.utf8) { key in withExact(json.utf8) { _ = splice.replace(key, json: $0) } }
    case .remove(let key): withExact(key.utf8) { _ = splice.remove($0) }
    }
  }
  return withExact(text) { bytes -> [UInt8]? in
    index.scan(bytes)
    guard let count = splice.plan(bytes, index) else { return nil }
    let output = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { output.deallocate() }
    splice.write(bytes, into: output)
    return Array(output)
  }
}

@Suite struct JSONSpliceTests {
  private func splice(_ text: String, _ edits: Edit...) -> String? {
    var splice = JSONSplice()
    return spliced(text.utf8, edits, &splice).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func replacesInPlace() {
    #expect(splice(#"{"type":4,"id":1,"data":"x"}"#, .set("id", json: "77")) == #"{"type":4,"id":77,"data":"x"}"#)
    #expect(
      splice(#" { "a" : 1 , "b" : 2 } "#, .set("b", json: "[]"), .set("a", json: "3")) == #" { "a" : 3 , "b" : [] } "#)
    #expect(splice(#"{"\u0061":1}"#, .set("a", json: "2")) == #"{"\u0061":2}"#)
    #expect(splice(#"{"a":{"a":1}}"#, .set("a", json: " null ")) == #"{"a": null }"#)
    #expect(splice(#"{"a":1}"#) == #"{"a":1}"#)
  }

  @Test func keepsOneOfDuplicates() {
    #expect(splice(#"{"a":1,"b":2,"a":3}"#, .set("a", json: "9")) == #"{"a":9,"b":2}"#)
    #expect(splice(#"{"a":1,"a":2,"\u0061":3,"b":4}"#, .set("a", json: "9")) == #"{"a":9,"b":4}"#)
    #expect(splice(#"{"a":1,"b":2,"a":3}"#, .remove("a")) == #"{"b":2}"#)
  }

  @Test func adds() {
    #expect(splice("{}", .set("a", json: "1")) == #"{"a":1}"#)
    #expect(splice(" { } ", .set("a", json: "1"), .set("b", json: "2")) == #" {"a":1,"b":2 } "#)
    #expect(splice(#"{"x":0 }"#, .set("b", json: "1"), .set("a", json: "2")) == #"{"x":0,"b":1,"a":2 }"#)
    #expect(splice("{}", .set("q\"\n", json: "1")) == #"{"q\"\n":1}"#)
    #expect(splice(#"{"q\"\n":1}"#, .set("q\"\n", json: "2")) == #"{"q\"\n":2}"#)
    #expect(splice("{}", .set("", json: "1")) == #"{"":1}"#)
  }

  @Test func removes() {
    let text = #"{ "a":1 , "b":2 ,  "c":3 }"#
    #expect(splice(text, .remove("a")) == #"{ "b":2 ,  "c":3 }"#)
    #expect(splice(text, .remove("b")) == #"{ "a":1 , "c":3 }"#)
    #expect(splice(text, .remove("c")) == #"{ "a":1 , "b":2 }"#)
    #expect(splice(text, .remove("a"), .remove("b")) == #"{ "c":3 }"#)
    #expect(splice(text, .remove("b"), .remove("c")) == #"{ "a":1 }"#)
    #expect(splice(text, .remove("c"), .remove("a")) == #"{ "b":2 }"#)
    #expect(splice(text, .remove("a"), .remove("b"), .remove("c")) == "{  }")
    #expect(splice(text, .remove("x")) == text)
    #expect(splice("{}", .remove("x")) == "{}")
    #expect(splice(text, .remove("c"), .set("d", json: "4")) == #"{ "a":1 , "b":2,"d":4 }"#)
    #expect(splice(#"{"a":1}"#, .remove("a"), .set("d", json: "4")) == #"{"d":4}"#)
    #expect(splice(text, .set("b", json: "7"), .remove("c"), .set("d", json: "4")) == #"{ "a":1 , "b":7,"d":4 }"#)
  }

  @Test func theLastWishForAKeyCounts() {
    #expect(splice(#"{"a":1}"#, .set("a", json: "2"), .set("a", json: "3")) == #"{"a":3}"#)
    #expect(splice(#"{"a":1}"#, .set("a", json: "2"), .remove("a")) == "{}")
    #expect(splice("{}", .remove("a"), .set("b", json: "1"), .set("a", json: "2")) == #"{"a":2,"b":1}"#)
  }

  @Test func refusesWhatWouldNotBeJSON() {
    for text in ["[]", "1", "{", "", "{}x"] { #expect(splice(text, .set("a", json: "1")) == nil) }
    for json in ["", " ", "{", "1,2", "x", "\"\u{1}\"", "1\":2"] { #expect(splice("{}", .set("a", json: json)) == nil) }
    var splice = JSONSplice()
    splice.begin()
    let accepted = withExact([0x61]) { key in
      [
        withExact([0x22, 0xFF, 0x22]) { splice.replace(key, json: $0) },
        withExact([0xFF]) { splice.replace(key, string: $0) },
        splice.replace(key, number: .nan), withExact([0xFF]) { splice.remove($0) },
      ]
    }
    #expect(accepted == [false, false, false, false])
    #expect(spliced("{}".utf8, [], &splice) == Array("{}".utf8))
  }

  @Test func bindsTheNumberOfKeys() {
    var splice = JSONSplice()
    let edits = (0..<17).map { Edit.set("k\($0)", json: "\($0)") }
    #expect(spliced("{}".utf8, edits, &splice) == nil)
    let result = spliced("{}".utf8, Array(edits.dropLast()), &splice)
    #expect(result.flatMap { Reference($0) }?["k15"] == .number("15"))
  }

  @Test func writesEveryKindOfValue() {
    var splice = JSONSplice()
    var index = JSONIndex()
    splice.begin()
    func key(_ name: String, _ body: (UnsafeRawBufferPointer) -> Bool) {
      let accepted = withExact(name.utf8) { body($0) }
      #expect(accepted)
    }
    key("i") { splice.replace($0, integer: -42) }
    key("d") { splice.replace($0, number: 0.5) }
    key("s") { key in withExact("a\"\n😀".utf8) { splice.replace(key, string: $0) } }
    key("t") { splice.replace($0, bool: true) }
    key("f") { splice.replace($0, bool: false) }
    key("n") { splice.replace($0, bool: nil) }
    withExact("{}".utf8) { bytes in
      index.scan(bytes)
      let output = UnsafeMutableRawBufferPointer.allocate(byteCount: splice.plan(bytes, index) ?? 0, alignment: 1)
      defer { output.deallocate() }
      splice.write(bytes, into: output)
      #expect(String(decoding: output, as: UTF8.self) == #"{"i":-42,"d":0.5,"s":"a\"\n😀","t":true,"f":false,"n":null}"#)
    }
  }

  @Test func handlesMoreMembersThanAreRemembered() {
    for count in [23, 24, 25, 100] {
      let members = (0..<count).map { "\"k\($0)\":\($0)" }
      let text = "{" + (members + ["\"k3\":\"again\""]).joined(separator: ",") + "}"
      var expected = members
      expected[3] = "\"k3\":null"
      expected[count - 1] = "\"k\(count - 1)\":true"
      expected.remove(at: 10)
      let edits = [
        Edit.set("k3", json: "null"), .set("k\(count - 1)", json: "true"), .remove("k10"), .set("new", json: "1"),
      ]
      var splice = JSONSplice()
      let result = spliced(text.utf8, edits, &splice).map { String(decoding: $0, as: UTF8.self) }
      #expect(result == "{" + (expected + ["\"new\":1"]).joined(separator: ",") + "}")
    }
    // Every other member goes: more pieces than any ordinary plan has.
    let flood = (0..<5000).map { "\"a\":1,\"b\($0)\":2" }.joined(separator: ",")
    let rest = (0..<5000).map { "\"b\($0)\":2" }.joined(separator: ",")
    #expect(splice("{\(flood)}", .remove("a")) == "{\(rest)}")
  }

  /// Random objects and edits, against the same edits on decoded members.
  @Test func agreesWithTheReference() {
    var dice = Dice(4)
    var splice = JSONSplice()
    let keys = ["id", "type", "data", "a", "new", "é", "\n", "😀", "\"", "a long key of 24 bytes…"]
    for _ in 0..<4000 {
      let text = dice.space() + dice.object(depth: 2, members: Bool.random(using: &dice) ? 5 : 40) + dice.space()
      let edits = (0..<Int.random(in: 0...5, using: &dice)).map { _ in
        let key = keys.randomElement(using: &dice)!
        return Bool.random(using: &dice) ? Edit.remove(key) : .set(key, json: dice.value(depth: 1))
      }
      let result = spliced(text.utf8, edits, &splice)
      let decoded = result.flatMap { Reference($0) }
      #expect(decoded == Self.apply(edits, to: Reference(Array(text.utf8))), "\(text) \(edits)")
    }
  }

  private static func apply(_ edits: [Edit], to value: Reference?) -> Reference? {
    guard case .object(var members)? = value else { return nil }
    // The first call decides a key's place, the last one what becomes of it.
    var order: [String] = []
    var wishes: [String: Reference?] = [:]
    for edit in edits {
      let (key, wish): (String, Reference?) =
        switch edit {
        case .set(let key, let json): (key, Reference(Array(json.utf8)))
        case .remove(let key): (key, nil)
        }
      if !order.contains(key) { order.append(key) }
      wishes[key] = .some(wish)
    }
    for key in order {
      guard let wish = wishes[key] else { continue }
      if let known = members.firstIndex(where: { $0.key == key }) {
        if let wish { members[known].value = wish } else { members.remove(at: known) }
      } else if let wish {
        members.append(Reference.Member(key: key, value: wish))
      }
    }
    return .object(members)
  }
}
