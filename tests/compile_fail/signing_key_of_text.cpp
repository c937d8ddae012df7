// A signing key comes from a key, not from any text.
#include "wire/signing_key.hpp"

wire::SigningKey good(std::string_view pem) { return wire::SigningKey::from_pem(pem); }
// Refused: could not convert 'text'
wire::SigningKey bad(std::string_view text) { return text; }
