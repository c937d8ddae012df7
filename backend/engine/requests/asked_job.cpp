#include "engine/requests/asked_job.hpp"

#include "base/time_text.hpp"
#include "engine/requests/accepted_reply.hpp"
#include "engine/requests/idempotency_key.hpp"
#include "wire/fields.hpp"

#include <fmt/format.h>

#include <utility>

namespace engine::requests {
namespace {

constexpr std::size_t kArgsBytesMax = 64 * 1024;
// A job that waits keeps its day and all later ones from being dropped.
constexpr std::chrono::hours kRunAtMost{30 * 24};
constexpr wire::TextRule kTimeRule{.code_points_min = 1, .code_points_max = 40};
constexpr wire::TextRule kKindRule{.code_points_min = 1, .code_points_max = 100};

wire::Problem invalid(std::string pointer, std::string detail) {
  return wire::problem::invalid_body(
      {{.pointer = std::move(pointer), .detail = std::move(detail)}});
}

const Command* find_command(const CommandRegistry& commands, const std::string& kind) {
  for (const Command& command : commands.all()) {
    if (command.kind == kind && command.pattern.find('{') == std::string::npos) return &command;
  }
  return nullptr;
}

}  // namespace

AskedJobs::AskedJobs(const CommandRegistry& commands,
                     const http::Request& request,
                     const wire::Caller& caller,
                     std::chrono::system_clock::time_point now)
    : commands_{commands}, request_{request}, caller_{caller}, now_{now} {}

base::Result<jobs::JobSpec, wire::Problem> AskedJobs::spec_of(const base::Json& item) const {
  base::Json rest = item;
  base::Json args = base::Json::object();
  if (rest.is_object() && rest.contains("args")) {
    args = std::move(rest.at("args"));
    rest.erase("args");
  }
  wire::Fields fields{rest};
  jobs::JobSpec spec{.kind = fields.text("kind", kKindRule),
                     .caller = caller_.text(),
                     .args = {},
                     .traceparent = traceparent_of(request_),
                     .request_id = request_.request_id};
  const auto priority = fields.optional_integer("priority", -100, 100);
  const auto max_attempts = fields.optional_integer("max_attempts", 1, 100);
  const auto run_at = fields.optional_text("run_at", kTimeRule);
  spec.idempotency_key = fields.optional_text("idempotency_key", kIdempotencyKeyRule);
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  if (spec.idempotency_key && !is_idempotency_key(*spec.idempotency_key)) {
    return base::fail(invalid("/idempotency_key", "must be 1 to 255 visible ASCII characters"));
  }

  if (run_at) {
    spec.run_at = base::parse_utc(*run_at);
    if (!spec.run_at || *spec.run_at > now_ + kRunAtMost) {
      return base::fail(
          invalid("/run_at", "must be a time like 2026-11-23T20:15:03Z, at most 30 days ahead"));
    }
  }

  const Command* const command = find_command(commands_, spec.kind);
  if (command == nullptr) {
    return base::fail(invalid("/kind", "is not a kind of job that can be asked for here"));
  }
  auto checked = args_of(*command, args);
  if (!checked) return base::fail(checked.error());
  spec.args = std::move(*checked);
  spec.priority = static_cast<std::int16_t>(priority.value_or(0));
  spec.max_attempts = static_cast<std::int16_t>(max_attempts.value_or(command->max_attempts));
  return spec;
}

base::Result<std::string, wire::Problem> AskedJobs::args_of(const Command& command,
                                                            const base::Json& args) const {
  const auto checked = command.parse({.http = request_, .caller = caller_, .body = args});
  if (!checked) {
    wire::Problem problem = checked.error();
    for (wire::FieldError& error : problem.errors) error.pointer.insert(0, "/args");
    return base::fail(std::move(problem));
  }
  std::string text = base::to_text(*checked);
  if (text.size() > kArgsBytesMax) {
    return base::fail(invalid("/args", fmt::format("must be at most {} bytes", kArgsBytesMax)));
  }
  return text;
}

}  // namespace engine::requests
