#include "api_case.hpp"

#include "apps/ask_around_me/ask_around_me_app.hpp"
#include "apps/echo/echo_app.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>
#include <httplib.h>

#include <array>

namespace embedded {
std::span<const base::EmbeddedFile> api_test_sql();
}

namespace api_test {
namespace {

std::span<const engine::App* const> apps() {
  static const ask_around_me::AskAroundMeApp ask_around_me_app;
  static const echo::EchoApp echo_app;
  static const std::array<const engine::App*, 2> all{&ask_around_me_app, &echo_app};
  return all;
}

std::span<const pg::MigrationSet> all_tables() {
  static const std::array sets{pg::MigrationSet{"engine", embedded::api_test_sql()},
                               apps()[0]->migrations(),
                               apps()[1]->migrations()};
  return sets;
}

Answer answer_of(const httplib::Result& result) {
  REQUIRE(result);
  Answer answer{.status = result->status, .body = {}, .headers = {}};
  if (!result->body.empty()) answer.body = base::Json::parse(result->body, nullptr, false);
  for (const auto& [name, value] : result->headers) answer.headers.emplace(name, value);
  return answer;
}

httplib::Headers headers_with(const std::string& token) {
  if (token.empty()) return {};
  return {{"Authorization", "Bearer " + token}};
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

ApiCase::ApiCase(engine::Roles roles,
                 engine::ApiOptions api,
                 std::vector<engine::jobs::OutsideKind> outside_kinds)
    : PgFixture{all_tables()}, outside_kinds_{std::move(outside_kinds)} {
  start(roles, std::move(api));
}

void ApiCase::start(engine::Roles roles, engine::ApiOptions api) {
  engine::EngineOptions options = engine_options(roles);
  options.api = std::move(api);
  options.api.http.port = 0;
  options.api.http.handlers.threads = 8;
  options.api.token_key_file = folder.path() / "token-keys.json";
  options.api.trust.kept_keys_dir = folder.path();
  options.api.trust.broker_dir = folder.path();
  engine_ = std::make_unique<engine::Engine>(std::move(options), apps(), clock, log);
  REQUIRE(support::eventually([&] {
    return value_of("select count(*) from engine.node where leased_until > now()") == "1";
  }));
}

engine::EngineOptions ApiCase::engine_options(engine::Roles roles) const {
  engine::EngineOptions options;
  options.roles = roles;
  options.database_url = PgFixture::options().url;
  // scripts/with-services runs it without fsync.
  options.database.is_throw_away = true;
  options.outside_kinds = outside_kinds_;
  return options;
}

std::unique_ptr<engine::Engine> ApiCase::another_process(engine::Roles roles) {
  return another_process(roles, apps(), clock);
}

std::unique_ptr<engine::Engine> ApiCase::another_process(
    engine::Roles roles,
    std::span<const engine::App* const> its_apps,
    const base::Clock& its_clock) {
  return std::make_unique<engine::Engine>(engine_options(roles), its_apps, its_clock, log);
}

std::string ApiCase::guest() {
  const Answer answer = post("/v1/guests", "", "");
  REQUIRE(answer.status == 201);
  return answer.body.at("token");
}

Answer ApiCase::get(const std::string& path, const std::string& token, const Headers& more) {
  httplib::Client client{"127.0.0.1", *engine_->http_port()};
  httplib::Headers headers = headers_with(token);
  headers.insert(more.begin(), more.end());
  return answer_of(client.Get(path, headers));
}

Answer ApiCase::post(const std::string& path,
                     const std::string& body,
                     const std::string& token,
                     const std::string& content_type) {
  httplib::Client client{"127.0.0.1", *engine_->http_port()};
  return answer_of(client.Post(path, headers_with(token), body, content_type));
}

Answer ApiCase::remove(const std::string& path, const std::string& token) {
  httplib::Client client{"127.0.0.1", *engine_->http_port()};
  return answer_of(client.Delete(path, headers_with(token)));
}

Answer ApiCase::post_keyed(const std::string& body,
                           const std::string& token,
                           const std::string& key) {
  return post_with({{"Idempotency-Key", key}}, "/v1/questions", body, token);
}

Answer ApiCase::post_with(const Headers& more,
                          const std::string& path,
                          const std::string& body,
                          const std::string& token) {
  httplib::Client client{"127.0.0.1", *engine_->http_port()};
  httplib::Headers headers = headers_with(token);
  headers.insert(more.begin(), more.end());
  return answer_of(client.Post(path, headers, body, "application/json"));
}

base::Json ApiCase::final_job(const std::string& id, const std::string& token) {
  base::Json job;
  REQUIRE(support::eventually([&] {
    job = get("/v1/jobs/" + id, token).body;
    const std::string state = job.at("state");
    return state == "completed" || state == "discarded";
  }));
  return job;
}

std::string ApiCase::ask(const base::Json& question, const std::string& token) {
  const Answer answer = post("/v1/questions", question.dump(), token);
  REQUIRE(answer.status == 202);
  const std::string id = answer.body.at("id");
  REQUIRE(final_job(id, token).at("state") == "completed");
  return id;
}

base::Json a_question() {
  return {
      {"text", "Where is good coffee?"}, {"kind", "stars"}, {"lat", 37.7793}, {"lon", -122.4193}};
}

}  // namespace api_test
