#include "engine/jobs/job_view.hpp"

#include "base/check.hpp"
#include "base/time_text.hpp"
#include "wire/topic.hpp"

namespace engine::jobs {
namespace {

base::Json json_or_null(const std::optional<std::string>& text) {
  return text ? base::Json::parse(*text) : base::Json{};
}

}  // namespace

base::Json job_view(const JobStatus& status) {
  const auto caller = wire::Caller::parse(status.caller);
  base::check(caller.has_value(), "a stored job has a caller that is none");
  return {
      {"id", status.id.text()},
      {"kind", status.kind},
      {"state", text_of(status.state)},
      {"version", status.version},
      {"attempt", status.attempt},
      {"max_attempts", status.max_attempts},
      {"progress", nullptr},
      {"partial", base::Json::array()},
      {"result", json_or_null(status.result)},
      {"problem", json_or_null(status.problem)},
      {"created_at", base::utc_text(status.created_at)},
      {"scheduled_at", base::utc_text(status.scheduled_at)},
      {"finalized_at",
       status.finalized_at ? base::Json(base::utc_text(*status.finalized_at)) : base::Json()},
      {"topic", wire::user_job_topic(*caller, status.id)},
  };
}

}  // namespace engine::jobs
