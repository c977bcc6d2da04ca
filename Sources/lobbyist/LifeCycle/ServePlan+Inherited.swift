import Glibc
import Reactor

extension ServePlan {
  /// Listens on what has been opened for this process, where nobody has said another address.
  mutating func adopt(_ sockets: [InheritedSocket]) throws(SystemError) {
    let clients = sockets.filter { $0.name != InheritedSocket.adminName }
    if isListenDefault, !clients.isEmpty { listen = clients.map(\.text) }
    guard admin == nil, let own = sockets.first(where: { $0.name == InheritedSocket.adminName }) else { return }
    if let problem = Self.problem(ofAdmin: own.text, adminToken) {
      throw SystemError("LISTEN_FDS", EINVAL, "the socket 'admin': \(problem)")
    }
    admin = own.text
  }
}
