import Testing

@testable import Bench

@Suite struct HistogramTests {
  @Test func bucketsAreContiguousAndKeepTheirBound() {
    var previous = -1
    for value in (0 as UInt64)..<100_000 {
      let bucket = Histogram.bucket(of: value)
      #expect(bucket == previous || bucket == previous + 1)
      #expect(Histogram.upperBound(of: bucket) >= value)
      if bucket > 0 { #expect(Histogram.upperBound(of: bucket - 1) < value) }
      previous = bucket
    }
  }

  @Test(arguments: 5..<64) func bucketsAreNoWiderThanOneThirtySecond(exponent: Int) {
    for value in [UInt64(1) << exponent, (UInt64(1) << exponent) + 1, (UInt64(1) << exponent) - 1, UInt64.max] {
      let upper = Histogram.upperBound(of: Histogram.bucket(of: value))
      #expect(upper >= value)
      #expect(upper - value <= value / 32)
    }
  }

  @Test func percentilesOfOneToAThousand() {
    var histogram = Histogram()
    #expect(histogram.percentile(50) == 0)
    for value in (1 as UInt64)...1000 { histogram.record(value * 1000) }
    #expect((500_000...516_000).contains(histogram.percentile(50)))
    #expect((990_000...1_000_000).contains(histogram.percentile(99)))
    #expect(histogram.percentile(100) == 1_000_000)
    #expect((1000...1032).contains(histogram.percentile(0)))
  }

  @Test func recordingManyAtOnceIsRecordingEach() {
    var many = Histogram()
    var each = Histogram()
    many.record(77, times: 16)
    for _ in 0..<16 { each.record(77) }
    #expect(many == each)
    many.add(each)
    #expect(many.total == 32)
    #expect(many.maximum == 77)
  }
}
