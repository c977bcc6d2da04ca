import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Java's own client, java.net.http. It fragments what it sends, and tells of no extension. usage: Client URL */
public final class Client implements WebSocket.Listener {
  static final int[] SIZES = {0, 1, 125, 126, 65535, 65536};
  static final int MESSAGES = 1000;
  static final int PIECES = 7;
  // Several of the relay's pings long: who answers none of them is closed before.
  static final int PATIENCE_MS = 1500;
  static final int WAIT_SECONDS = 10;
  static final String CLOSE_REASON = "Time is up: é 漢字";
  static final HttpClient HTTP = HttpClient.newHttpClient();

  final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
  final CountDownLatch closed = new CountDownLatch(1);
  final StringBuilder text = new StringBuilder();
  final StringBuilder binary = new StringBuilder();
  volatile String ending = "nothing";
  WebSocket socket;

  static void equal(String name, Object got, Object expected) {
    if (got.equals(expected)) {
      System.out.println("PASS " + name);
    } else {
      System.out.println("FAIL " + name + ": expected " + brief(expected) + " got " + brief(got));
    }
  }

  static String brief(Object value) {
    String shown = value.toString();
    return shown.length() <= 200 ? shown : shown.substring(0, 200) + "…";
  }

  static Client open(String url, String... subprotocols) throws Exception {
    Client client = new Client();
    WebSocket.Builder builder = HTTP.newWebSocketBuilder();
    if (subprotocols.length == 2) builder.subprotocols(subprotocols[0], subprotocols[1]);
    client.socket = builder.buildAsync(URI.create(url), client).get(WAIT_SECONDS, TimeUnit.SECONDS);
    return client;
  }

  @Override
  public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      heard.add(text.toString());
      text.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
    while (data.hasRemaining()) binary.append((char) (data.get() & 0xff));
    if (last) {
      heard.add("binary " + binary);
      binary.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onPong(WebSocket socket, ByteBuffer data) {
    heard.add("pong of " + data.remaining() + " bytes");
    socket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    ending = code + " " + reason;
    closed.countDown();
    return null;
  }

  @Override
  public void onError(WebSocket socket, Throwable error) {
    ending = "error: " + error;
    closed.countDown();
  }

  String hear() throws Exception {
    String next = heard.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    return next == null ? "nothing; " + ending : next;
  }

  String ending() throws Exception {
    closed.await(WAIT_SECONDS, TimeUnit.SECONDS);
    return ending;
  }

  void send(CharSequence data, boolean last) throws Exception {
    socket.sendText(data, last).get(WAIT_SECONDS, TimeUnit.SECONDS);
  }

  String answer(String data) throws Exception {
    send(data, true);
    return hear();
  }

  static String textOf(int size) {
    return "é".repeat(size / 4) + "x".repeat(size - size / 4 * 2);
  }

  static byte[] bytesOf(int size) {
    byte[] bytes = new byte[size];
    for (int index = 0; index < size; index++) bytes[index] = (byte) (index % 251);
    return bytes;
  }

  static String asHeard(byte[] bytes) {
    StringBuilder all = new StringBuilder("binary ");
    for (byte one : bytes) all.append((char) (one & 0xff));
    return all.toString();
  }

  void fragments() throws Exception {
    String whole = textOf(60000);
    for (int piece = 0; piece < PIECES; piece++) {
      int start = whole.length() * piece / PIECES, end = whole.length() * (piece + 1) / PIECES;
      send(whole.substring(start, end), piece == PIECES - 1);
    }
    equal("text in fragments", hear(), whole);
    byte[] bytes = bytesOf(60000);
    for (int piece = 0; piece < PIECES; piece++) {
      int start = bytes.length * piece / PIECES, end = bytes.length * (piece + 1) / PIECES;
      ByteBuffer part = ByteBuffer.wrap(Arrays.copyOfRange(bytes, start, end));
      socket.sendBinary(part, piece == PIECES - 1).get(WAIT_SECONDS, TimeUnit.SECONDS);
    }
    equal("binary in fragments", hear(), asHeard(bytes));
  }

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    Client client = open(url, "echo.v1", "echo.v2");
    equal("a subprotocol is chosen", client.socket.getSubprotocol(), "echo.v2");
    for (int size : SIZES) {
      equal("text of " + size + " bytes", client.answer(textOf(size)), textOf(size));
      client.socket.sendBinary(ByteBuffer.wrap(bytesOf(size)), true).get(WAIT_SECONDS, TimeUnit.SECONDS);
      equal("binary of " + size + " bytes", client.hear(), asHeard(bytesOf(size)));
    }
    client.fragments();
    for (int number = 0; number < MESSAGES; number++) client.send(Integer.toString(number), true);
    boolean ordered = true;
    for (int number = 0; number < MESSAGES; number++) ordered &= client.hear().equals(Integer.toString(number));
    equal(MESSAGES + " messages in order", ordered, true);
    client.socket.sendPing(ByteBuffer.wrap(bytesOf(125))).get(WAIT_SECONDS, TimeUnit.SECONDS);
    equal("a ping of 125 bytes is answered", client.hear(), "pong of 125 bytes");
    Thread.sleep(PATIENCE_MS);
    equal("pings are answered", client.answer("still here"), "still here");
    client.send("close 4001", true);
    equal("closed with code and reason", client.ending(), "4001 " + CLOSE_REASON);

    client = open(url);
    equal("no subprotocol is chosen unasked", client.socket.getSubprotocol(), "");
    equal("the relay has heard that close answered", client.answer("ended"), "4001 " + CLOSE_REASON);
    client.send("close", true);
    equal("closed without a code", client.ending(), "1005 ");

    client = open(url);
    client.socket.sendClose(4002, "bye é").get(WAIT_SECONDS, TimeUnit.SECONDS);
    equal("closing is answered", client.ending(), "4002 ");
    client = open(url);
    equal("the relay hears code and reason", client.answer("ended"), "4002 bye é");
    client.send(textOf(65537), true);
    equal("a byte too many", client.ending().substring(0, 4), "1009");
  }
}
