#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL has as macros only, which Swift cannot see.

typedef int (*lobbyist_servername_callback)(SSL *session, int *alert, void *argument);

static inline void lobbyist_set_servername_callback(SSL_CTX *context, lobbyist_servername_callback callback) {
  SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline int lobbyist_set_server_name(SSL *session, const char *name) {
  return (int)SSL_set_tlsext_host_name(session, (void *)name);
}

static inline int lobbyist_set_groups(SSL_CTX *context, const char *list) {
  return (int)SSL_CTX_set1_groups_list(context, (void *)list);
}

static inline int lobbyist_set_versions(SSL_CTX *context, int lowest, int highest) {
  return SSL_CTX_set_min_proto_version(context, lowest) && SSL_CTX_set_max_proto_version(context, highest);
}

/// Neither renegotiation nor compression.
static inline void lobbyist_set_options(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

static inline void lobbyist_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

/// Without a store of sessions: whoever comes again brings a ticket.
static inline void lobbyist_store_no_sessions(SSL_CTX *context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int lobbyist_add_to_chain(SSL_CTX *context, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

/// Has a session serve the one certificate of a context as well, unless it has one with the same kind of key.
static inline void lobbyist_serve_also(SSL *session, SSL_CTX *context) {
  STACK_OF(X509) *chain = NULL;
  SSL_CTX_get0_chain_certs(context, &chain);
  ERR_set_mark();
  (void)!SSL_use_cert_and_key(
      session, SSL_CTX_get0_certificate(context), SSL_CTX_get0_privatekey(context), chain, 0);
  ERR_pop_to_mark();
}

/// Whether an error is only that there is nothing more in a text to read.
static inline int lobbyist_is_end_of_text(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// Begins the HMAC with SHA-256 of a ticket.
static inline int lobbyist_begin_ticket_mac(EVP_MAC_CTX *mac, unsigned char *key, size_t count) {
  OSSL_PARAM settings[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, count),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, settings);
}

/// The list of a certificate's names; NULL for none. To be freed by the function below.
static inline GENERAL_NAMES *lobbyist_names(const X509 *certificate) {
  return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline void lobbyist_free_names(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

static inline int lobbyist_names_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

/// The name at a position if it is a DNS name, else NULL. Its bytes are the list's.
static inline const unsigned char *lobbyist_dns_name(const GENERAL_NAMES *names, int index, int *count) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  if (name->type != GEN_DNS) return NULL;
  *count = ASN1_STRING_length(name->d.dNSName);
  return ASN1_STRING_get0_data(name->d.dNSName);
}
