#include "broker/plugin/access_control.hpp"

#include "base/json.hpp"
#include "base/private_file.hpp"
#include "base/random.hpp"
#include "wire/signing_key.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>

using broker::AccessControl;
using Verdict = AccessControl::Verdict;
using namespace std::chrono_literals;

namespace {

class SetClock final : public base::Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override { return {}; }
  [[nodiscard]] Wall wall() const override { return now; }
  Wall now{std::chrono::seconds{1'800'000'000}};
};

class Scene {
 public:
  Scene() { std::filesystem::create_directory(folder); }
  ~Scene() { std::filesystem::remove_all(folder); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void trust(const std::vector<wire::PublicKey>& keys) const {
    base::write_private_file(folder / "trust.json", wire::to_trust_text({wire::own_issuer(keys)}));
  }
  void deny(const wire::DenyList& denied) const {
    base::write_private_file(folder / "denied.json", wire::to_text(denied));
  }
  [[nodiscard]] std::string token_of(const char* sub, std::chrono::seconds life = 1h) const {
    return wire::TokenMinter{key, "earshot", "earshot"}.mint(
        {.sub = sub, .issued_at = clock.now, .expires_at = clock.now + life, .roles = {}});
  }
  [[nodiscard]] AccessControl make() {
    broker::AccessOptions options;
    options.trust_file = folder / "trust.json";
    options.deny_file = folder / "denied.json";
    return {std::move(options), clock, [this](const std::string& warning) {
              warnings.push_back(warning);
            }};
  }

  SetClock clock;
  wire::SigningKey key{wire::SigningKey::generate()};
  std::filesystem::path folder{std::filesystem::temp_directory_path() /
                               ("earshot-access-" + base::random_text(10))};
  std::vector<std::string> warnings;
};

int handles[4];  // Only their addresses mean something, as with the broker's clients.

AccessControl::Login login_of(const int& handle, const std::string& token) {
  return {.handle = &handle,
          .client_id = "own-ann.1",
          .username = "own-ann",
          .password = token,
          .is_clean = true};
}

std::string state_of(const AccessControl::Message& message) {
  return base::Json::parse(message.payload).at("state").get<std::string>();
}

}  // namespace

TEST_CASE("a token opens a session of its caller, and of nobody else", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  const std::string token = scene.token_of("ann");
  auto login = login_of(handles[0], token);
  CHECK(access.log_in(login) == Verdict::kYes);
  CHECK(access.caller_of(&handles[0]) == "own-ann");

  const auto refused_with = [&](auto&& change) {
    auto other = login_of(handles[1], token);
    change(other);
    return access.log_in(other) == Verdict::kNo && access.caller_of(&handles[1]).empty();
  };
  CHECK(refused_with([](auto& other) { other.username = ""; }));
  CHECK(refused_with([](auto& other) { other.password = ""; }));
  CHECK(refused_with([](auto& other) { other.username = "own-bob"; }));
  CHECK(refused_with([](auto& other) { other.client_id = "own-bob.1"; }));
  CHECK(refused_with([](auto& other) { other.client_id = ""; }));
  CHECK(refused_with([](auto& other) { other.is_clean = false; }));
  CHECK(refused_with([](auto& other) { other.password = "a.b.c"; }));
  CHECK(access.counters().logins == 1);
  CHECK(access.counters().refused_logins == 7);
}

TEST_CASE("service accounts are the broker's own business", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  auto login = login_of(handles[0], "secret");
  login.username = "relay";
  CHECK(access.log_in(login) == Verdict::kNotOurs);
  CHECK(access.subscribe(&handles[0], "#") == Verdict::kNotOurs);
  CHECK(access.publish(&handles[0], "earshot/v1/status", true) == Verdict::kNotOurs);
  CHECK(access.receive(&handles[0]) == Verdict::kNotOurs);
  CHECK_FALSE(access.refresh(&handles[0], scene.token_of("ann")));
}

TEST_CASE("after the end of a connection its handle means nothing", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  REQUIRE(access.log_in(login_of(handles[0], scene.token_of("ann"))) == Verdict::kYes);
  CHECK(access.publish(&handles[0], "earshot/v1/ingest/own-ann/a/b", false) == Verdict::kYes);
  access.log_out(&handles[0]);
  access.log_out(&handles[0]);
  access.log_out(nullptr);
  CHECK(access.publish(&handles[0], "earshot/v1/ingest/own-ann/a/b", false) == Verdict::kNotOurs);
  CHECK(access.sessions() == 0);
}

TEST_CASE("a client holds 256 filters", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  REQUIRE(access.log_in(login_of(handles[0], scene.token_of("ann"))) == Verdict::kYes);
  const auto job = [](int number) {
    return "earshot/v1/users/own-ann/jobs/" + std::to_string(number);
  };
  for (int number = 0; number < 256; ++number) {
    CHECK(access.subscribe(&handles[0], "#") == Verdict::kNo);  // Counts for nothing.
    CHECK(access.subscribe(&handles[0], job(number)) == Verdict::kYes);
    CHECK(access.subscribe(&handles[0], job(0)) == Verdict::kYes);
  }
  CHECK(access.subscribe(&handles[0], job(256)) == Verdict::kNo);
  CHECK(access.counters().refused_filters == 257);
  access.unsubscribe(&handles[0], job(300));
  CHECK(access.subscribe(&handles[0], job(256)) == Verdict::kNo);
  access.unsubscribe(&handles[0], job(7));
  CHECK(access.subscribe(&handles[0], job(256)) == Verdict::kYes);
  CHECK(access.subscribe(&handles[0], job(7)) == Verdict::kNo);
  access.unsubscribe(&handles[1], job(8));
  access.unsubscribe(nullptr, job(8));
}

TEST_CASE("whoever is asked for again stays, with all they have", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  const std::string first = scene.token_of("ann", 60s);
  REQUIRE(access.log_in(login_of(handles[0], first)) == Verdict::kYes);
  REQUIRE(access.refresh(&handles[0], scene.token_of("ann", 1h)));
  scene.clock.now += 30min;
  CHECK(access.log_in(login_of(handles[0], first)) == Verdict::kYes);
  CHECK(access.receive(&handles[0]) == Verdict::kYes);
  CHECK(access.counters().logins == 1);

  // Only that connection, and only with what opened it.
  CHECK(access.log_in(login_of(handles[1], first)) == Verdict::kNo);
  CHECK(access.log_in(login_of(handles[0], "x")) == Verdict::kNo);
  auto other = login_of(handles[0], first);
  other.username = "own-bob";
  CHECK(access.log_in(other) == Verdict::kNo);
  other.username = "own-ann";
  other.client_id = "own-ann.2";
  CHECK(access.log_in(other) == Verdict::kNo);
  scene.clock.now += 30min;
  CHECK(access.log_in(login_of(handles[0], first)) == Verdict::kNo);
}

TEST_CASE("refused logins cannot fill the log, nor write lines of their own", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  const auto refuse = [&](const std::string& token) {
    REQUIRE(access.log_in(login_of(handles[0], token)) == Verdict::kNo);
  };
  // {"a\nb":1,"a\nb":2} as the header.
  refuse("eyJhXG5iIjoxLCJhXG5iIjoyfQ.e30.AA");
  REQUIRE(scene.warnings.size() == 1);
  CHECK(scene.warnings[0].find('\n') == std::string::npos);
  for (int count = 1; count < 500; ++count) refuse("a.b.c");
  CHECK(scene.warnings.size() == 10);
  static_cast<void>(access.tick());
  CHECK(scene.warnings.back() == "490 more logins refused");
  refuse("a.b.c");
  CHECK(scene.warnings.size() == 12);
  CHECK(access.counters().refused_logins == 501);
}

TEST_CASE("an expired token is told, refused, and cut", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  REQUIRE(access.log_in(login_of(handles[0], scene.token_of("ann", 60s))) == Verdict::kYes);
  CHECK(access.tick().messages.empty());

  scene.clock.now += 30s;
  auto due = access.tick();
  REQUIRE(due.messages.size() == 1);
  CHECK(due.messages[0].client_id == "own-ann.1");
  CHECK(due.messages[0].topic == "earshot/v1/token/own-ann");
  CHECK(state_of(due.messages[0]) == "expiring");
  CHECK(due.kicks.empty());
  CHECK(access.tick().messages.empty());
  CHECK(access.receive(&handles[0]) == Verdict::kYes);

  scene.clock.now += 30s;
  CHECK(access.receive(&handles[0]) == Verdict::kNo);
  CHECK(access.subscribe(&handles[0], "earshot/v1/status") == Verdict::kNo);
  CHECK(access.publish(&handles[0], "earshot/v1/ingest/own-ann/a/b", false) == Verdict::kNo);
  CHECK(access.tick().kicks == std::vector<std::string>{"own-ann.1"});
}

TEST_CASE("a clock that jumps ends what has ended, and no more", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  auto longer = login_of(handles[1], "");
  const std::string short_token = scene.token_of("ann", 10min);
  const std::string long_token = scene.token_of("ann", 1h);
  longer.password = long_token;
  longer.client_id = "own-ann.2";
  REQUIRE(access.log_in(login_of(handles[0], short_token)) == Verdict::kYes);
  REQUIRE(access.log_in(longer) == Verdict::kYes);
  scene.clock.now += 20min;
  CHECK(access.tick().kicks == std::vector<std::string>{"own-ann.1"});
  CHECK(access.receive(&handles[1]) == Verdict::kYes);
}

TEST_CASE("a fresh token keeps a connection open", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  REQUIRE(access.log_in(login_of(handles[0], scene.token_of("ann", 60s))) == Verdict::kYes);
  scene.clock.now += 40s;
  REQUIRE(access.tick().messages.size() == 1);

  for (const std::string& wrong :
       {std::string{}, std::string{"x"}, std::string(100'000, 'x'), scene.token_of("bob")}) {
    const auto reply = access.refresh(&handles[0], wrong);
    REQUIRE(reply);
    CHECK(state_of(*reply) == "refused");
  }
  const auto reply = access.refresh(&handles[0], scene.token_of("ann", 1h));
  REQUIRE(reply);
  CHECK(state_of(*reply) == "refreshed");
  CHECK(reply->client_id == "own-ann.1");
  scene.clock.now += 30min;
  CHECK(access.tick().kicks.empty());
  CHECK(access.receive(&handles[0]) == Verdict::kYes);

  // A shorter one takes nothing away.
  CHECK(state_of(*access.refresh(&handles[0], scene.token_of("ann", 10s))) == "refreshed");
  scene.clock.now += 20s;
  CHECK(access.receive(&handles[0]) == Verdict::kYes);
  CHECK(access.counters().refreshes == 2);
  CHECK(access.counters().refused_refreshes == 4);
}

TEST_CASE("whoever is denied is cut within a tick, and does not come back", "[unit][broker]") {
  Scene scene;
  scene.trust({scene.key.public_key()});
  AccessControl access = scene.make();
  const std::string token = scene.token_of("ann");
  REQUIRE(access.log_in(login_of(handles[0], token)) == Verdict::kYes);
  scene.deny({.callers = {"own-ann"}, .tokens = {}});
  CHECK(access.tick().kicks == std::vector<std::string>{"own-ann.1"});
  access.log_out(&handles[0]);
  CHECK(access.log_in(login_of(handles[0], token)) == Verdict::kNo);
  scene.deny({.callers = {}, .tokens = {}});
  CHECK(access.tick().kicks.empty());
  CHECK(access.log_in(login_of(handles[0], token)) == Verdict::kYes);
}

TEST_CASE("trust may come late, change, and be unreadable", "[unit][broker]") {
  Scene scene;
  AccessControl access = scene.make();
  CHECK(scene.warnings.size() == 1);
  CHECK(access.log_in(login_of(handles[0], scene.token_of("ann"))) == Verdict::kNo);
  scene.trust({scene.key.public_key()});
  static_cast<void>(access.tick());
  CHECK(access.log_in(login_of(handles[0], scene.token_of("ann"))) == Verdict::kYes);

  for (const char* broken : {"", "{}", "nonsense", "{\"issuers\":[]}"}) {
    CAPTURE(broken);
    base::write_private_file(scene.folder / "trust.json", broken);
    base::write_private_file(scene.folder / "denied.json", broken);
    static_cast<void>(access.tick());
    CHECK(access.log_in(login_of(handles[1], scene.token_of("ann"))) == Verdict::kYes);
  }
  const wire::SigningKey next = wire::SigningKey::generate();
  scene.trust({next.public_key()});
  static_cast<void>(access.tick());
  CHECK(access.log_in(login_of(handles[2], scene.token_of("ann"))) == Verdict::kNo);
  // Who is connected stays until the token ends, or is denied.
  CHECK(access.receive(&handles[0]) == Verdict::kYes);
}
