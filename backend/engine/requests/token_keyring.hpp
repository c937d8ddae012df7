#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/log.hpp"
#include "wire/token.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace engine::requests {

/// How long after the end of a guest's token it still proves who the guest was.
inline constexpr std::chrono::hours kGuestRenewal{7 * 24};

/// How long a key is kept after another took over: as long as what it signed is good for anything.
inline constexpr std::chrono::hours kKeyKept = wire::kTokenLifeMax + kGuestRenewal;

/// How long a new key waits before it signs: by then everybody who verifies has read it, which
/// takes three seconds where files are shared at once.
inline constexpr std::chrono::seconds kKeyAnnounced{60};

/// One of our own keys, and since when it signs. Until then it only verifies, so that everybody
/// knows it before the first token that it signed.
struct TokenKey {
  using Time = std::chrono::system_clock::time_point;
  wire::SigningKey key;
  Time signs_from;
};

/// The file that holds our keys, newest last:
/// `{"keys":[{"signs_from_s":…,"private_key":"<PEM>"}]}`. A file that is one PEM is one key.
///
/// Errors: base::Error for a file that others may read, or that holds no such keys.
[[nodiscard]] std::vector<TokenKey> read_token_keys(const std::filesystem::path& file);
/// Mode 0600, whole or not at all. Errors: base::Error.
void write_token_keys(const std::filesystem::path& file, const std::vector<TokenKey>& keys);

/// The key whose turn it is. There is at least one.
[[nodiscard]] const TokenKey& signer(const std::vector<TokenKey>& keys, TokenKey::Time now);

/// `keys` with a new one that signs from `signs_from` on, without those whose last token is good
/// for nothing any more.
///
/// Errors: base::Error when there would be more than 16.
[[nodiscard]] std::vector<TokenKey> rotated(std::vector<TokenKey> keys,
                                            wire::Algorithm algorithm,
                                            TokenKey::Time now,
                                            TokenKey::Time signs_from);

/// Our keys, as the file has them now. Where there is no file one is made, with a first key; or
/// with the key of a `token-key.pem` beside it, which then is removed.
///
/// Threads: any.
class TokenKeyring {
 public:
  /// Errors: base::Error when the file is there and cannot be used.
  TokenKeyring(std::filesystem::path file, const base::Clock& clock, const base::Log& log);

  /// Reads the file again if it is another one. True when the keys changed; an unusable file is
  /// said in the log and changes nothing.
  bool reload();

  /// A token signed by the key whose turn it is.
  [[nodiscard]] std::string mint(const wire::Claims& claims) const;
  /// All of them, also those that do not sign yet, or any more.
  [[nodiscard]] std::vector<wire::PublicKey> public_keys() const;

 private:
  void make_file() const;

  const std::filesystem::path file_;
  const base::Clock& clock_;
  const base::Log& log_;
  base::Guarded<std::vector<TokenKey>> keys_;
  base::Guarded<std::filesystem::file_time_type> read_at_;
};

}  // namespace engine::requests
