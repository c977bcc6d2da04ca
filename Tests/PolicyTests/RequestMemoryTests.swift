import Glibc
import Policy
import Testing

/// What a hook decides over a request again and again does not pile up.
@Suite(.serialized) struct RequestMemoryTests {
  @Test(arguments: ["refuse(403, large)", "choose(large)", "attach('name', large)", "answer(200, large)"])
  func aDecisionTakenBackIsFreed(decision: String) throws {
    let hook = decision.hasPrefix("answer") ? "on_request" : "on_upgrade"
    let service = try Service(
      """
      local large = ("x"):rep(1 << 20)
      return { \(hook) = function(request) for i = 1, 4 do request:\(decision) end end }
      """)
    let large = String(repeating: "x", count: 1 << 20)
    func round() {
      if hook == "on_request" { _ = service.request("GET /") } else { _ = service.upgrade(subprotocols: [large]) }
    }
    round()
    let before = Self.residentBytes
    for _ in 0..<60 { round() }
    let after = Self.residentBytes
    #expect(service.failures().isEmpty)
    // Other tests use memory meanwhile, but hardly as much as three lost texts a round.
    #expect(after - before < 100 << 20, "\((after - before) >> 20) MiB more")
  }

  private static var residentBytes: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let words = String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self).split(separator: " ")
    return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
