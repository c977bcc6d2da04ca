/// One socket of a workload: what it sends, and what it hears from its partner.
struct Seat: Sendable {
  var descriptor: Int32
  /// The seat that receives what this one sends; itself in an echo.
  var partner: Int
  var sends: String
  var expects: Expectation
}
