import HTTP
import Policy

/// What HTTP that is no WebSocket handshake gets: the policy's answer, or a page that says what this is.
public enum PlainAnswer {
  static let plainText = [HeaderField("Content-Type", "text/plain; charset=utf-8")].compactMap { $0 }

  private static let welcomePage = """
    This is Lobbyist, a WebSocket signaling relay. Point a client at this address, as wss:// where
    browsers reach it by https:// and else as ws://; there is nothing to see for a browser.

    """

  public static func make(for head: RequestHead, mount: Mount, address: String) -> RequestAnswer {
    mount.request(head, address: address) ?? standard(for: head)
  }

  /// Where neither policy nor files have an answer.
  static func standard(for head: RequestHead) -> RequestAnswer {
    guard head.method == "GET" || head.method == "HEAD" else {
      let allow = [HeaderField("Allow", "GET, HEAD")].compactMap { $0 }
      return answer(405, "Only GET is answered here.\n", allow)
    }
    return head.path == "/" ? answer(200, welcomePage) : answer(404, "There is nothing here but WebSockets.\n")
  }

  private static func answer(_ status: Int, _ body: String, _ headers: [HeaderField] = []) -> RequestAnswer {
    RequestAnswer(status: status, headers: headers + plainText, body: Array(body.utf8))
  }
}
