#include "engine/jobs/job_view.hpp"

#include "base/check.hpp"
#include "base/time_text.hpp"
#include "wire/topic.hpp"

namespace engine::jobs {
namespace {

base::Json json_or_null(const std::optional<std::string>& text) {
  return text ? base::Json::parse(*text) : base::Json{};
}

base::Json progress_of(const JobStatus& status) {
  if (!status.percent) return {};
  return {{"percent", *status.percent}, {"note", status.note}};
}

}  // namespace

base::Json job_view(const JobStatus& status) {
  const auto caller = wire::Caller::parse(status.caller);
  base::check(caller.has_value(), "a stored job has a caller that is none");
  base::Json view{
      {"id", status.id.text()},
      {"kind", status.kind},
      {"state", text_of(status.state)},
      {"version", status.version},
      {"attempt", status.attempt},
      {"max_attempts", status.max_attempts},
      {"progress", progress_of(status)},
      {"partial", base::Json::parse(status.partial)},
      {"result", json_or_null(status.result)},
      {"problem", json_or_null(status.problem)},
      {"created_at", base::utc_text(status.created_at)},
      {"scheduled_at", base::utc_text(status.scheduled_at)},
      {"finalized_at",
       status.finalized_at ? base::Json(base::utc_text(*status.finalized_at)) : base::Json()},
      {"topic", wire::user_job_topic(*caller, status.id)},
  };
  if (status.stop_requested_at) {
    view["cancel_requested_at"] = base::utc_text(*status.stop_requested_at);
  }
  return view;
}

}  // namespace engine::jobs
