#include "engine/requests/token_keyring.hpp"

#include "base/error.hpp"
#include "support/hand_clock.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace std::chrono_literals;
using namespace engine::requests;
using Catch::Matchers::Contains;
using std::filesystem::perms;

namespace {

struct KeyringCase {
  support::ScratchFolder folder;
  std::filesystem::path file = folder.path() / "token-keys.json";
  support::HandClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  [[nodiscard]] std::string kid_of_mint(TokenKeyring& keyring) const {
    const auto now = clock.wall();
    const std::string token =
        keyring.mint({.sub = "ann", .issued_at = now, .expires_at = now + 1h});
    for (const auto& key : read_token_keys(file)) {
      const wire::TokenVerifier only{{wire::own_issuer({key.key.public_key()})}, clock};
      if (only.verify(token)) return key.key.kid();
    }
    return {};
  }
  void rotate(TokenKey::Time signs_from) const {
    write_token_keys(
        file, rotated(read_token_keys(file), wire::Algorithm::kEs256, clock.wall(), signs_from));
    // A second write within one tick of the file system's clock looks like none.
    std::filesystem::last_write_time(
        file, std::filesystem::last_write_time(file) + std::chrono::seconds{++touched_});
  }
  mutable int touched_ = 0;
};

}  // namespace

TEST_CASE_METHOD(KeyringCase, "the first start makes a key that nobody else can read", "[unit]") {
  TokenKeyring keyring{file, clock, log};
  CHECK(std::filesystem::status(file).permissions() == (perms::owner_read | perms::owner_write));
  CHECK(keyring.public_keys().size() == 1);
  TokenKeyring again{file, clock, log};
  CHECK(again.public_keys().front().kid() == keyring.public_keys().front().kid());
}

TEST_CASE_METHOD(KeyringCase, "keys that others can read are refused with what to do", "[unit]") {
  { const TokenKeyring keyring{file, clock, log}; }
  std::filesystem::permissions(file, perms::group_read, std::filesystem::perm_options::add);
  CHECK_THROWS_WITH((TokenKeyring{file, clock, log}), Contains("chmod 600"));
}

TEST_CASE_METHOD(KeyringCase, "a file that is no set of keys is refused", "[unit]") {
  for (const char* content : {"{}", "{\"keys\":[]}", "{\"keys\":[{\"private_key\":\"x\"}]}", "["}) {
    INFO(content);
    std::ofstream{file} << content;
    std::filesystem::permissions(file, perms::owner_read | perms::owner_write);
    CHECK_THROWS_AS((TokenKeyring{file, clock, log}), base::Error);
  }
}

TEST_CASE_METHOD(KeyringCase, "the key of an older version moves into the file", "[unit]") {
  const auto key = wire::SigningKey::generate(wire::Algorithm::kEdDsa);
  const auto old = folder.path() / "token-key.pem";
  std::ofstream{old} << key.to_pem();
  std::filesystem::permissions(old, perms::owner_read | perms::owner_write);
  TokenKeyring keyring{file, clock, log};
  CHECK(keyring.public_keys().front().kid() == key.kid());
  CHECK_FALSE(std::filesystem::exists(old));
}

TEST_CASE_METHOD(KeyringCase, "a new key is announced before it signs", "[unit]") {
  TokenKeyring keyring{file, clock, log};
  const std::string first = keyring.public_keys().front().kid();
  rotate(clock.wall() + 60s);
  CHECK(keyring.reload());
  CHECK(keyring.public_keys().size() == 2);
  CHECK(kid_of_mint(keyring) == first);
  clock.pass(59s);
  CHECK(kid_of_mint(keyring) == first);
  clock.pass(1s);
  CHECK_FALSE(kid_of_mint(keyring) == first);
  CHECK_FALSE(keyring.reload());
}

TEST_CASE_METHOD(KeyringCase, "a key is kept as long as what it signed is good", "[unit]") {
  TokenKeyring keyring{file, clock, log};
  const std::string first = keyring.public_keys().front().kid();
  rotate(clock.wall());
  clock.pass(kKeyKept - 1s);
  rotate(clock.wall());
  CHECK(read_token_keys(file).front().key.kid() == first);
  clock.pass(2s);
  rotate(clock.wall());
  CHECK_FALSE(read_token_keys(file).front().key.kid() == first);
}

TEST_CASE_METHOD(KeyringCase, "there are never more than 16 keys", "[unit]") {
  const TokenKeyring keyring{file, clock, log};
  for (int count = 1; count < 16; ++count) rotate(clock.wall());
  CHECK(read_token_keys(file).size() == 16);
  CHECK_THROWS_WITH(rotate(clock.wall()), Contains("16 keys"));
}

TEST_CASE_METHOD(KeyringCase, "a file that was spoiled changes nothing", "[unit]") {
  TokenKeyring keyring{file, clock, log};
  const std::string first = keyring.public_keys().front().kid();
  std::ofstream{file} << "nonsense";
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + 1s);
  CHECK_FALSE(keyring.reload());
  CHECK(keyring.public_keys().front().kid() == first);
}
