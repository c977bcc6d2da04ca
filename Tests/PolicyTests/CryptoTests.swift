import Policy
import Testing

/// Known answers, as a script gets them.
@Suite struct CryptoTests {
  /// What `code` sends, as hexadecimal digits.
  private func hex(_ code: String) throws -> String {
    let service = try Service.onMessage(
      """
      local function hex(text)
        return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
      end
      peer:send(hex(\(code)))
      """)
    let client = service.connect()
    service.send(client, "")
    #expect(service.failures().map(\.error.message) == [])
    guard case .text(let text)? = service.heard(client).first else { throw ScriptFailure() }
    return text
  }

  private func text(_ code: String) throws -> String {
    let service = try Service.onMessage("peer:send(tostring(\(code)))")
    let client = service.connect()
    service.send(client, "")
    #expect(service.failures().map(\.error.message) == [])
    guard case .text(let text)? = service.heard(client).first else { throw ScriptFailure() }
    return text
  }

  /// FIPS 180-4, and the empty text.
  @Test(arguments: [
    ("''", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("'abc'", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    ("('a'):rep(1000):rep(1000)", "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func sha256(of text: String, is expected: String) throws {
    #expect(try hex("crypto.sha256(\(text))") == expected)
  }

  /// RFC 4231, test cases 1, 2, 3, 6 and 7.
  @Test(arguments: [
    (#"("\x0b"):rep(20), "Hi There""#, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (#""Jefe", "what do ya want for nothing?""#, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (#"("\xaa"):rep(20), ("\xdd"):rep(50)"#, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
      #"("\xaa"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First""#,
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      #"("\xaa"):rep(131), "This is a test using a larger than block-size key and a larger than block-size data. "#
        + #"The key needs to be hashed before being used by the HMAC algorithm.""#,
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
    ("'', ''", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
  ])
  func hmacSHA256(of arguments: String, is expected: String) throws {
    #expect(try hex("crypto.hmac_sha256(\(arguments))") == expected)
  }

  /// RFC 2202, test cases 1, 2, 3 and 6.
  @Test(arguments: [
    (#"("\x0b"):rep(20), "Hi There""#, "b617318655057264e28bc0b6fb378c8ef146be00"),
    (#""Jefe", "what do ya want for nothing?""#, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (#"("\xaa"):rep(20), ("\xdd"):rep(50)"#, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
    (
      #"("\xaa"):rep(80), "Test Using Larger Than Block-Size Key - Hash Key First""#,
      "aa4ae5e15272d00e95705637ce8a3b55ed402112"
    ),
  ])
  func hmacSHA1(of arguments: String, is expected: String) throws {
    #expect(try hex("crypto.hmac_sha1(\(arguments))") == expected)
  }

  /// RFC 4648 §10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64(plain: String, encoded: String) throws {
    let bare = encoded.replacing("=", with: "")
    #expect(try text("crypto.base64_encode('\(plain)')") == encoded)
    #expect(try text("crypto.base64_encode('\(plain)', false)") == encoded)
    #expect(try text("crypto.base64_encode('\(plain)', true)") == bare)
    #expect(try text("crypto.base64_decode('\(encoded)')") == plain)
    #expect(try text("crypto.base64_decode('\(bare)')") == plain)
  }

  @Test func base64OfEveryByteAndBothAlphabets() throws {
    #expect(try text(#"crypto.base64_encode("\xfb\xff\xfe")"#) == "+//+")
    #expect(try text(#"crypto.base64_encode("\xfb\xff\xfe", true)"#) == "-__-")
    let round = """
      (function()
        for length = 0, 20 do
          local bytes = random.bytes(length)
          for _, url in ipairs { true, false } do
            if crypto.base64_decode(crypto.base64_encode(bytes, url)) ~= bytes then return length end
          end
        end
        return "same"
      end)()
      """
    #expect(try text(round) == "same")
  }

  @Test(arguments: [
    "Z", "Zg=", "Zg===", "=", "==", "====", "Zh==", "Zm9=", "Z m9v", "Zm9v\\n", "Zm9%", "Zg==Zg==", "é",
  ])
  func base64ThatIsNone(encoded: String) throws {
    #expect(try text("crypto.base64_decode('\(encoded)')") == "nil")
  }

  @Test func equality() throws {
    for (arguments, expected) in [
      ("'', ''", "true"), ("'a', 'a'", "true"), ("'a', 'b'", "false"), ("'a', 'aa'", "false"), ("'', 'a'", "false"),
      (#""a\0b", "a\0b""#, "true"), (#""a\0b", "a\0c""#, "false"),
    ] {
      #expect(try text("crypto.equal(\(arguments))") == expected, "\(arguments)")
    }
  }

  // MARK: Chance

  @Test func randomTextComesFromItsAlphabet() throws {
    for (code, alphabet) in [
      ("random.text(2000)", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
      ("random.text(2000, 'ab')", "ab"),
    ] {
      let drawn = try text(code)
      #expect(drawn.count == 2000 && Set(drawn) == Set(alphabet))
    }
    #expect(try text("random.text(0)") == "")
    #expect(try text("#random.text(65536)") == "65536")
  }

  @Test func randomIntegersReachTheirBounds() throws {
    #expect(
      try text(
        """
        (function()
          local seen = {}
          for _ = 1, 1000 do seen[random.integer(-2, 2)] = true end
          local count = 0
          for number = -2, 2 do if seen[number] then count = count + 1 end end
          for number in pairs(seen) do if number < -2 or number > 2 then return "out of bounds" end end
          assert(math.type(random.integer(math.mininteger, math.maxinteger)) == "integer")
          return count
        end)()
        """) == "5")
  }

  @Test func aSeedRepeatsWhatAScriptDraws() throws {
    let source = """
      return { on_message = function(peer)
        peer:send(random.text(20) .. random.integer(1, 1000000) .. random.uuid() .. math.random(1000000))
      end }
      """
    let drawn = try [UInt64(1), 1, 2].map { seed in
      let service = try Service(source, seed: seed)
      let client = service.connect()
      service.send(client, "")
      service.send(client, "")
      return service.heard(client)
    }
    #expect(drawn[0] == drawn[1] && drawn[0] != drawn[2])
    #expect(drawn[0].count == 2 && drawn[0][0] != drawn[0][1])
  }
}
