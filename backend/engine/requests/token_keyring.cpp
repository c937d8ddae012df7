#include "engine/requests/token_keyring.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "wire/json_text.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace engine::requests {
namespace {

using std::chrono::seconds;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw base::Error{file.string() + ": " + why};
}

TokenKey key_of(const std::filesystem::path& file, const base::Json& entry) {
  const auto signs_from_s = entry.is_object()
                                ? wire::integer_of(entry.value("signs_from_s", base::Json{}))
                                : std::nullopt;
  if (!signs_from_s || !entry.contains("private_key") || !entry.at("private_key").is_string()) {
    refuse(file, "a key has no integer signs_from_s, or no text private_key");
  }
  return {.key = wire::SigningKey::from_pem(entry.at("private_key").get<std::string>()),
          .signs_from = TokenKey::Time{seconds{*signs_from_s}}};
}

}  // namespace

const TokenKey& signer(const std::vector<TokenKey>& keys, TokenKey::Time now) {
  const TokenKey* best = &keys.front();
  for (const TokenKey& key : keys) {
    if (key.signs_from <= now && key.signs_from >= best->signs_from) best = &key;
  }
  return *best;
}

std::vector<TokenKey> read_token_keys(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) refuse(file, "is not there");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    refuse(file, "can be read by others, who could sign tokens with it: chmod 600 it");
  }
  const std::string text = base::read_small_file(file);
  if (text.starts_with("-----BEGIN")) {
    return {{.key = wire::SigningKey::from_pem(text), .signs_from = TokenKey::Time{}}};
  }
  const auto json = wire::parse_json(text);
  const auto list = json && json->is_object() ? json->find("keys") : base::Json::const_iterator{};
  if (!json || !json->is_object() || list == json->end() || !list->is_array() || list->empty()) {
    refuse(file, "is not an object with a list of keys");
  }
  std::vector<TokenKey> keys;
  try {
    for (const base::Json& entry : *list) keys.push_back(key_of(file, entry));
  } catch (const base::Error& error) {
    refuse(file, error.what());
  }
  return keys;
}

void write_token_keys(const std::filesystem::path& file, const std::vector<TokenKey>& keys) {
  base::Json list = base::Json::array();
  for (const TokenKey& key : keys) {
    list.push_back(
        {{"kid", key.key.kid()},
         {"signs_from_s", std::chrono::floor<seconds>(key.signs_from).time_since_epoch().count()},
         {"private_key", key.key.to_pem()}});
  }
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  base::write_private_file(file, base::Json{{"keys", std::move(list)}}.dump(2) + "\n");
}

std::vector<TokenKey> rotated(std::vector<TokenKey> keys,
                              wire::Algorithm algorithm,
                              TokenKey::Time now,
                              TokenKey::Time signs_from) {
  constexpr std::size_t kKeysMax = 16;
  const TokenKey::Time over = now - kKeyKept;
  std::ranges::sort(keys, {}, &TokenKey::signs_from);
  while (keys.size() > 1 && keys[1].signs_from < over) keys.erase(keys.begin());
  if (keys.size() >= kKeysMax) {
    throw base::Error{
        "there are 16 keys that may still be needed: rotate again when the oldest is "
        "over, or forget them all"};
  }
  keys.push_back({.key = wire::SigningKey::generate(algorithm), .signs_from = signs_from});
  return keys;
}

TokenKeyring::TokenKeyring(std::filesystem::path file,
                           const base::Clock& clock,
                           const base::Log& log)
    : file_{std::move(file)}, clock_{clock}, log_{log} {
  if (!std::filesystem::exists(file_)) make_file();
  read_at_.with([this](auto& at) { at = std::filesystem::last_write_time(file_); });
  keys_.with([this](auto& keys) { keys = read_token_keys(file_); });
}

void TokenKeyring::make_file() const {
  const std::filesystem::path single = file_.parent_path() / "token-key.pem";
  if (std::filesystem::exists(single)) {
    write_token_keys(file_, read_token_keys(single));
    std::filesystem::remove(single);
    log_.info("the key that signs tokens has moved", {{"file", file_.string()}});
    return;
  }
  write_token_keys(file_, rotated({}, wire::Algorithm::kEdDsa, clock_.wall(), clock_.wall()));
  log_.info("a new key signs the tokens", {{"file", file_.string()}});
}

bool TokenKeyring::reload() {
  std::error_code error;
  const auto changed_at = std::filesystem::last_write_time(file_, error);
  const bool is_same =
      error || read_at_.with([&](auto& at) { return std::exchange(at, changed_at) == changed_at; });
  if (is_same) return false;
  try {
    auto keys = read_token_keys(file_);
    keys_.with([&](auto& held) { held = std::move(keys); });
    log_.info("the keys that sign tokens were read again", {{"file", file_.string()}});
    return true;
  } catch (const base::Error& unusable) {
    log_.error("the keys that sign tokens stay as they were", {{"reason", unusable.what()}});
    return false;
  }
}

std::string TokenKeyring::mint(const wire::Claims& claims) const {
  const wire::SigningKey key =
      keys_.with([&](const auto& keys) { return signer(keys, claims.issued_at).key; });
  return wire::TokenMinter{key, std::string{wire::kOwnIssuer}, std::string{wire::kOwnAudience}}
      .mint(claims);
}

std::vector<wire::PublicKey> TokenKeyring::public_keys() const {
  return keys_.with([](const auto& keys) {
    std::vector<wire::PublicKey> all;
    all.reserve(keys.size());
    for (const TokenKey& key : keys) all.push_back(key.key.public_key());
    return all;
  });
}

}  // namespace engine::requests
