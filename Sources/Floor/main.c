/// The yardstick of `lobbyist bench`: what one message costs when nobody looks at it.
///
/// A single-threaded epoll WebSocket echo. Per readable socket: one read into a shared buffer, every
/// whole frame unmasked into one output buffer, one send. One message in flight therefore costs one
/// read and one send; sixteen that arrive together share them. No limits, no fragmentation rules, no
/// UTF-8 check: it is a lower bound, not a server. `floor PORT` (0 lets the kernel choose).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BUFFER_BYTES = 256 * 1024,
  DESCRIPTORS_MAX = 65536,
  EVENTS_MAX = 256,
  SLOW_READER_MS = 1000,
};

/// One socket, found by its descriptor. `partial` holds the bytes of a frame that has not arrived whole.
struct connection {
  bool upgraded;
  size_t partial_bytes;
  uint8_t *partial;
};

static struct connection connections[DESCRIPTORS_MAX];
/// The extra room is for the last block of an unmasking pass, which may read past the end.
static uint8_t input[BUFFER_BYTES + 16];
/// A server frame is four bytes shorter than the client frame it answers, so an answer always fits;
/// the extra room is for the last block of an unmasking pass and for the reply to the upgrade.
static uint8_t output[BUFFER_BYTES + 1024];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// MARK: The upgrade (RFC 6455 §4.2.2)

static uint32_t rotate(uint32_t value, int bits) { return value << bits | value >> (32 - bits); }

static void sha1_block(uint32_t state[5], const uint8_t block[64]) {
  uint32_t words[80];
  for (int i = 0; i < 16; i++) {
    uint32_t word;
    memcpy(&word, block + 4 * i, 4);
    words[i] = ntohl(word);
  }
  for (int i = 16; i < 80; i++) words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);

  uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mix, constant;
    if (i < 20) mix = (b & c) | (~b & d), constant = 0x5A827999;
    else if (i < 40) mix = b ^ c ^ d, constant = 0x6ED9EBA1;
    else if (i < 60) mix = (b & c) | (b & d) | (c & d), constant = 0x8F1BBCDC;
    else mix = b ^ c ^ d, constant = 0xCA62C1D6;
    uint32_t next = rotate(a, 5) + mix + e + constant + words[i];
    e = d, d = c, c = rotate(b, 30), b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/// Base64 of the SHA-1 of the 24-character key and the protocol's GUID: 60 bytes, so always two blocks.
static void accept_key(const char *key, char answer[29]) {
  uint8_t text[128] = {0};
  memcpy(text, key, 24);
  memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
  text[60] = 0x80;
  text[126] = 480 >> 8, text[127] = 480 & 0xff;
  uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  sha1_block(state, text);
  sha1_block(state, text + 64);

  uint8_t digest[21] = {0};
  for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 7; i++) {
    uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | digest[3 * i + 2];
    for (int j = 0; j < 4; j++) answer[4 * i + j] = alphabet[three >> (18 - 6 * j) & 63];
  }
  answer[27] = '=';
  answer[28] = 0;
}

/// Writes the 101 to `output`. Returns its length; 0 when the head is not whole yet; -1 when it is no upgrade.
static int upgrade(const uint8_t *bytes, size_t count, size_t *taken) {
  const uint8_t *end = memmem(bytes, count, "\r\n\r\n", 4);
  if (!end) return count < 8192 ? 0 : -1;
  char head[8192];
  size_t length = (size_t)(end - bytes);
  if (length >= sizeof head) return -1;
  memcpy(head, bytes, length);
  head[length] = 0;
  *taken = length + 4;

  char *key = strcasestr(head, "\r\nSec-WebSocket-Key:");
  if (!key) return -1;
  key += strlen("\r\nSec-WebSocket-Key:");
  while (*key == ' ') key++;
  if (strcspn(key, "\r") != 24) return -1;
  char answer[29];
  accept_key(key, answer);
  return snprintf((char *)output, sizeof output,
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: %s\r\n\r\n", answer);
}

// MARK: Frames (RFC 6455 §5.2)

typedef uint8_t block __attribute__((vector_size(16)));

/// Copies and unmasks in blocks of 16. Reads and writes up to 15 bytes past the end: both buffers have room.
static void unmask(uint8_t *restrict to, const uint8_t *restrict from, size_t count, const uint8_t key[4]) {
  block mask;
  for (int i = 0; i < 16; i++) mask[i] = key[i & 3];
  for (size_t i = 0; i < count; i += sizeof(block)) {
    block bytes;
    memcpy(&bytes, from + i, sizeof bytes);
    bytes ^= mask;
    memcpy(to + i, &bytes, sizeof bytes);
  }
}

struct answer {
  size_t taken;   ///< bytes of input that were whole frames
  size_t written; ///< bytes of output
  bool closing;
};

/// Answers every whole frame of `bytes` into `output` behind the `written` bytes that are there already.
static struct answer echo(const uint8_t *bytes, size_t count, size_t written) {
  struct answer answer = {0, written, false};
  while (!answer.closing && count - answer.taken >= 6) {
    const uint8_t *frame = bytes + answer.taken;
    size_t head = 2, length = frame[1] & 0x7f;
    answer.closing = !(frame[1] & 0x80);  // a client frame must be masked (§5.1)
    if (length == 126) {
      length = (size_t)frame[2] << 8 | frame[3];
      head = 4;
    } else if (length == 127) {
      if (count - answer.taken < 14) break;
      length = 0;
      for (int i = 2; i < 10; i++) length = length << 8 | frame[i];
      head = 10;
      if (length > BUFFER_BYTES) answer.closing = true;
    }
    if (answer.closing || count - answer.taken < head + 4 + length) break;

    uint8_t opcode = frame[0] & 0x0f, *to = output + answer.written;
    answer.taken += head + 4 + length;
    answer.closing = opcode == 8;
    if (opcode == 10) continue;
    memcpy(to, frame, head);
    to[0] = opcode == 9 ? 0x8a : frame[0];
    to[1] &= 0x7f;
    unmask(to + head, frame + head + 4, length, frame + head);
    answer.written += head + length;
  }
  return answer;
}

// MARK: Sockets

static void drop(int descriptor) {
  free(connections[descriptor].partial);
  connections[descriptor] = (struct connection){0};
  close(descriptor);
}

/// One send in the ordinary case. A peer that does not read holds up everybody, for a second at most.
static bool send_all(int descriptor, const uint8_t *bytes, size_t count) {
  while (count > 0) {
    ssize_t sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent < 0) {
      struct pollfd writable = {.fd = descriptor, .events = POLLOUT};
      if (errno != EAGAIN || poll(&writable, 1, SLOW_READER_MS) <= 0) return false;
      continue;
    }
    bytes += sent;
    count -= (size_t)sent;
  }
  return true;
}

/// Keeps what did not make a whole frame until the next read.
static bool keep(struct connection *connection, const uint8_t *bytes, size_t count) {
  connection->partial_bytes = count;
  if (count == 0) return true;
  if (count == BUFFER_BYTES) return false;  // the frame can never become whole
  if (!connection->partial) connection->partial = malloc(BUFFER_BYTES);
  if (!connection->partial) return false;
  memcpy(connection->partial, bytes, count);
  return true;
}

static void readable(int descriptor) {
  struct connection *connection = &connections[descriptor];
  size_t count = connection->partial_bytes;
  if (count > 0) memcpy(input, connection->partial, count);
  ssize_t got = recv(descriptor, input + count, BUFFER_BYTES - count, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return drop(descriptor);
  count += (size_t)got;

  size_t taken = 0;
  int reply = 0;
  if (!connection->upgraded) {
    reply = upgrade(input, count, &taken);
    if (reply < 0) return drop(descriptor);
    connection->upgraded = reply > 0;
  }
  struct answer answer = {0, (size_t)reply, false};
  if (connection->upgraded) answer = echo(input + taken, count - taken, (size_t)reply);
  taken += answer.taken;
  if (!send_all(descriptor, output, answer.written) || answer.closing) return drop(descriptor);
  if (!keep(connection, input + taken, count - taken)) drop(descriptor);
}

static void accept_all(int listener, int poller) {
  for (;;) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (descriptor >= DESCRIPTORS_MAX || epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) < 0) close(descriptor);
  }
}

static int listen_on(uint16_t port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (struct sockaddr *)&address, length) < 0) fail("floor: bind");
  if (listen(listener, 1024) < 0) fail("floor: listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) fail("floor: getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

static void terminate(int number) {
  (void)number;
  _exit(0);
}

int main(int argc, char **argv) {
  char *end = NULL;
  long port = argc == 2 ? strtol(argv[1], &end, 10) : -1;
  if (port < 0 || port > 65535 || end == argv[1] || *end) {
    fprintf(stderr, "usage: floor PORT\n");
    return 2;
  }
  signal(SIGTERM, terminate);
  int listener = listen_on((uint16_t)port), poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
  if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) fail("floor: epoll");
  for (;;) {
    int count = epoll_wait(poller, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener) accept_all(listener, poller);
      else readable(events[i].data.fd);
    }
  }
}
