#include "work_case.hpp"

#include "engine/requests/token_keyring.hpp"

namespace api_test {
namespace {

wire::JsonSchema schema(const char* text) {
  auto compiled = wire::JsonSchema::compile(base::Json::parse(text));
  REQUIRE(compiled);
  return *std::move(compiled);
}

std::vector<engine::jobs::OutsideKind> kinds() {
  using namespace std::chrono_literals;
  engine::jobs::OutsideKind render{.name = WorkCase::kRender};
  render.limits.retry = {.first = 1ms, .longest = 1ms};
  render.limits.running_max = 16;
  render.max_attempts = 3;
  render.result_bytes_max = 1'000;
  render.events = {"picture.rendered"};
  render.args_schema = schema(R"({"type": "object", "required": ["page"],
    "properties": {"page": {"type": "integer", "minimum": 1}}, "additionalProperties": false})");
  render.result_schema = schema(R"({"type": "object", "required": ["url"],
    "properties": {"url": {"type": "string"}}})");
  engine::jobs::OutsideKind print{.name = WorkCase::kPrint};
  print.limits.running_max = 1;
  print.lease = 600s;
  return {render, print};
}

}  // namespace

WorkCase::WorkCase() : ApiCase{{.api = true, .worker = true, .bridge = false}, {}, kinds()} {
  worker = token({.is_worker = true});
}

std::string WorkCase::token(wire::Roles roles) {
  const engine::requests::TokenKeyring keyring{folder.path() / "token-keys.json", clock, log};
  const auto now = clock.wall();
  return keyring.mint({.sub = "printer",
                       .issued_at = now,
                       .expires_at = now + std::chrono::hours{1},
                       .roles = roles});
}

std::string WorkCase::accept(const std::string& kind, const base::Json& args) {
  const base::Json asked{{"kind", kind}, {"args", args}};
  const Answer accepted = post("/v1/jobs", asked.dump(), worker);
  REQUIRE(accepted.status == 202);
  return accepted.body.at("id");
}

Answer WorkCase::claim(int limit, const std::string& kind, int wait_s) {
  const base::Json asked{{"kinds", base::Json::array({kind})}, {"limit", limit}, {"wait", wait_s}};
  return post("/v1/work/claim", asked.dump(), worker);
}

base::Json WorkCase::claimed(const std::string& kind) {
  base::Json jobs;
  REQUIRE(support::eventually([&] {
    jobs = claim(1, kind).body.at("jobs");
    return !jobs.empty();
  }));
  return jobs.at(0);
}

Answer WorkCase::tell(const base::Json& job, const std::string& verb, base::Json body) {
  body["lease"] = job.at("lease");
  const std::string path = "/v1/work/" + job.at("id").get<std::string>() + "/" + verb;
  return post(path, body.dump(), worker);
}

base::Json WorkCase::job(const std::string& id) {
  return get("/v1/jobs/" + id, worker).body;
}

bool WorkCase::becomes(const std::string& id, const std::string& state) {
  return support::eventually([&] { return job(id).at("state") == state; });
}

void WorkCase::let_lease_end(const base::Json& job) {
  const auto id = wire::JobId::parse(job.at("id").get<std::string>());
  const std::string number = std::to_string(id->value());
  onlooker().query(
      "update engine.batch set leased_until = now() - interval '1 s' where worker is not null and "
      "(id = " +
      number + " >> 12 or job_ids @> array[" + number + "::bigint])");
}

}  // namespace api_test
