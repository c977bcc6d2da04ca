/// A policy inside this process, without sockets. The bench knows no policies; whoever runs it brings its own.
public protocol LocalPolicy: AnyObject {
  associatedtype Peer: LocalClient

  /// `settings` are NAME=VALUE.
  init(script: String, plugins: [String], settings: [String]) throws(BenchError)
  /// `target` is path and query of the URL.
  func connect(_ target: String) throws(BenchError) -> Peer
}

public protocol LocalClient: Client {
  /// Says the same many times over; what others hear of it is dropped. Fails unless each is passed on once.
  func say(_ text: String, times: Int) throws(BenchError)
}
