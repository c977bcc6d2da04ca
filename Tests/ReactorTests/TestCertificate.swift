import Glibc

@testable import Reactor

/// Two self-signed certificates of these tests, good for a hundred years: for `NAME.test` and `*.NAME.test`.
enum TestCertificate {
  static let one = TLSCertificate(
    name: "one.pem", chain: Array(oneChain.utf8), keyName: "one.key", key: Array(oneKey.utf8))
  static let two = TLSCertificate(
    name: "two.pem", chain: Array(twoChain.utf8), keyName: "two.key", key: Array(twoKey.utf8))

  static let oneChain = """
    -----BEGIN CERTIFICATE-----
    MIIBnjCCAUSgAwIBAgIUHQ+n1qY2cKHqC5A2TAj28kWYZnswCgYIKoZIzj0EAwIw
    EzERMA8GA1UEAwwIb25lLnRlc3QwIBcNMjYxMTIxMjAzMjMxWhgPMjEyNjEwMjgy
    MDMyMzFaMBMxETAPBgNVBAMMCG9uZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
    AQcDQgAE50JEHIrPVrIi16vlyr0PEGFzl+o8x4XpsGPELVOYlaKxt52J4qnrbEu7
    j/m66PEvhZwvjMWxJEcUaKb68SCN3KN0MHIwHQYDVR0OBBYEFPPTEB5GOus4n0q7
    T4Cud8E02TO9MB8GA1UdIwQYMBaAFPPTEB5GOus4n0q7T4Cud8E02TO9MA8GA1Ud
    EwEB/wQFMAMBAf8wHwYDVR0RBBgwFoIIb25lLnRlc3SCCioub25lLnRlc3QwCgYI
    KoZIzj0EAwIDSAAwRQIgGIve4o5xoenvb9OyKDfRJOcopS7KvSaAK/BOwYQ1dWYC
    IQCPRfB/DIwDVdXnBWkihXUeHcurhwwtr4iKxuRBxdm32Q==
    -----END CERTIFICATE-----

    """

  static let oneKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiPzCYBc5r3UorygL
    +rGtEHPtXrpDAdPY6taD2mzGcn+hRANCAATnQkQcis9WsiLXq+XKvQ8QYXOX6jzH
    hemwY8QtU5iVorG3nYniqetsS7uP+bro8S+FnC+MxbEkRxRopvrxII3c
    -----END PRIVATE KEY-----

    """

  static let twoChain = """
    -----BEGIN CERTIFICATE-----
    MIIBnTCCAUSgAwIBAgIUJLjfqYrTxMJQPUWXb4CH/O3SeOYwCgYIKoZIzj0EAwIw
    EzERMA8GA1UEAwwIdHdvLnRlc3QwIBcNMjYxMTIxMjAzMjMxWhgPMjEyNjEwMjgy
    MDMyMzFaMBMxETAPBgNVBAMMCHR3by50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
    AQcDQgAEIjZ+cZeIafrWAdwNTqxaTRbhlls6QwsKlxHSTlXYsDQLP2ve58UsEK4K
    rlGCz7YFZ2om0RQIJM3Kt3NS1iGGLqN0MHIwHQYDVR0OBBYEFCz16L2QRnAerm6j
    whfIIRHengGKMB8GA1UdIwQYMBaAFCz16L2QRnAerm6jwhfIIRHengGKMA8GA1Ud
    EwEB/wQFMAMBAf8wHwYDVR0RBBgwFoIIdHdvLnRlc3SCCioudHdvLnRlc3QwCgYI
    KoZIzj0EAwIDRwAwRAIgK5glh/37xgzjJp7ZPCX6SS1fcWueQr+b1riUIQb9iQkC
    IB4x96eifTvE+tC6LzgDw6CyG4ehcoaTjfS6JcMURVAf
    -----END CERTIFICATE-----

    """

  static let twoKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfqdwW2ZPzIuLCed2
    zg4fCSNSpL9hmtrAmA/jZsM3WAShRANCAAQiNn5xl4hp+tYB3A1OrFpNFuGWWzpD
    CwqXEdJOVdiwNAs/a97nxSwQrgquUYLPtgVnaibRFAgkzcq3c1LWIYYu
    -----END PRIVATE KEY-----

    """
}
