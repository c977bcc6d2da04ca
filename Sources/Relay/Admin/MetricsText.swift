import Bytes
import Policy

/// Metrics as Prometheus reads them (text format 0.0.4): families one after the other, each with its help and its type.
struct MetricsText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  enum Kind: String {
    case counter, gauge, histogram
  }

  typealias Labels = [(name: String, value: String)]

  private(set) var text = ""

  /// One series of a family.
  struct Sample {
    var labels: Labels = []
    let value: String

    init(_ labels: Labels = [], _ value: some BinaryInteger) {
      self.labels = labels
      self.value = "\(value)"
    }

    init(_ labels: Labels = [], seconds: Double) {
      self.labels = labels
      value = "\(seconds)"
    }
  }

  /// Nothing for a family without series.
  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    begin(name, kind, help)
    for sample in samples { line(name, sample.labels, sample.value) }
  }

  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
    add(name, kind, help, [Sample([], value)])
  }

  /// A histogram of seconds for each of these labels.
  mutating func add(_ name: String, _ help: String, _ histograms: [(labels: Labels, durations: DurationHistogram)]) {
    guard !histograms.isEmpty else { return }
    begin(name, .histogram, help)
    for (labels, durations) in histograms {
      var passed: UInt64 = 0
      for (bound, count) in zip(DurationHistogram.bounds, durations.counts) {
        passed += count
        line(name + "_bucket", labels + [("le", "\(Double(bound) / 1e9)")], "\(passed)")
      }
      line(name + "_bucket", labels + [("le", "+Inf")], "\(durations.count)")
      line(name + "_sum", labels, "\(Double(durations.sumNanoseconds) / 1e9)")
      line(name + "_count", labels, "\(durations.count)")
    }
  }

  private mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private mutating func line(_ name: String, _ labels: Labels, _ value: String) {
    text += name
    if !labels.isEmpty {
      text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
    }
    text += " \(value)\n"
  }

  private static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
    // By scalar: what stands behind one of these may make one character with it, such as CR LF.
    var text = String.UnicodeScalarView()
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text.append(contentsOf: "\\\\".unicodeScalars)
      case "\"": text.append(contentsOf: "\\\"".unicodeScalars)
      case "\n": text.append(contentsOf: "\\n".unicodeScalars)
      default: text.append(scalar)
      }
    }
    return String(text)
  }
}
