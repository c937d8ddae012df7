#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "engine/engine.hpp"
#include "support/pg_fixture.hpp"
#include "support/scratch_folder.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace api_test {

struct Answer {
  int status{0};
  base::Json body;
  std::multimap<std::string, std::string> headers;

  [[nodiscard]] std::string header(const std::string& name) const;
};

/// The whole engine with both apps on a database of its own, without a broker, and a client.
class ApiCase : public support::PgFixture {
 public:
  explicit ApiCase(engine::Roles roles = {.api = true, .worker = true, .bridge = false},
                   engine::ApiOptions api = {},
                   std::vector<engine::jobs::OutsideKind> outside_kinds = {});

  /// The token of a new guest.
  [[nodiscard]] std::string guest();
  using Headers = std::multimap<std::string, std::string>;
  [[nodiscard]] Answer get(const std::string& path,
                           const std::string& token,
                           const Headers& more = {});
  [[nodiscard]] Answer post(const std::string& path,
                            const std::string& body,
                            const std::string& token,
                            const std::string& content_type = "application/json");
  [[nodiscard]] Answer remove(const std::string& path, const std::string& token);
  [[nodiscard]] Answer post_with(const Headers& more,
                                 const std::string& path,
                                 const std::string& body,
                                 const std::string& token);
  [[nodiscard]] Answer post_keyed(const std::string& body,
                                  const std::string& token,
                                  const std::string& key);
  /// Another process with other roles, on the same database.
  [[nodiscard]] std::unique_ptr<engine::Engine> another_process(engine::Roles roles);
  [[nodiscard]] std::unique_ptr<engine::Engine> another_process(
      engine::Roles roles,
      std::span<const engine::App* const> its_apps,
      const base::Clock& its_clock);
  /// Looks at a job until it is final.
  [[nodiscard]] base::Json final_job(const std::string& id, const std::string& token);
  /// Asks, waits for the end, and gives the question's id.
  std::string ask(const base::Json& question, const std::string& token);

  void stop() { engine_.reset(); }
  /// The same process again, as after a restart.
  void start(engine::Roles roles = {.api = true, .worker = true, .bridge = false},
             engine::ApiOptions api = {});

  base::SystemClock clock;
  base::Log log{base::LogFormat::kText, base::LogLevel::kError};

  /// token-keys.json, trust.json and denied.json.
  support::ScratchFolder folder;

 private:
  [[nodiscard]] engine::EngineOptions engine_options(engine::Roles roles) const;

  std::vector<engine::jobs::OutsideKind> outside_kinds_;
  std::unique_ptr<engine::Engine> engine_;
};

/// A complete question, to be changed by a test.
[[nodiscard]] base::Json a_question();

}  // namespace api_test
