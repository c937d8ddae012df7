#include "engine/jobs/job_view.hpp"

#include "base/check.hpp"
#include "base/time_text.hpp"
#include "wire/topic.hpp"

namespace engine::jobs {
namespace {

base::Json json_or_null(const std::optional<std::string>& text) {
  return text ? base::Json::parse(*text) : base::Json{};
}

base::Json array_of(const std::string& text) {
  return text == "[]" ? base::Json::array() : base::Json::parse(text);
}

base::Json progress_of(const JobStatus& status) {
  if (!status.percent) return {};
  return {{"percent", *status.percent}, {"note", status.note}};
}

base::Json time_or_null(const std::optional<JobStatus::Time>& time) {
  return time ? base::Json(base::utc_text(*time)) : base::Json{};
}

}  // namespace

base::Json job_view(const JobStatus& status) {
  const auto caller = wire::Caller::parse(status.caller);
  base::check(caller.has_value(), "a stored job has a caller that is none");
  // Field by field: from a list in braces each would be made twice, and every accepted request
  // waits for this.
  base::Json view = base::Json::object();
  auto& fields = view.get_ref<base::Json::object_t&>();
  fields.reserve(15);
  fields.emplace_back("id", status.id.text());
  fields.emplace_back("kind", status.kind);
  fields.emplace_back("state", text_of(status.state));
  fields.emplace_back("version", status.version);
  fields.emplace_back("attempt", status.attempt);
  fields.emplace_back("max_attempts", status.max_attempts);
  fields.emplace_back("progress", progress_of(status));
  fields.emplace_back("partial", array_of(status.partial));
  fields.emplace_back("result", json_or_null(status.result));
  fields.emplace_back("problem", json_or_null(status.problem));
  fields.emplace_back("created_at", base::utc_text(status.created_at));
  fields.emplace_back("scheduled_at", base::utc_text(status.scheduled_at));
  fields.emplace_back("finalized_at", time_or_null(status.finalized_at));
  fields.emplace_back("topic", wire::user_job_topic(*caller, status.id));
  if (status.stop_requested_at) {
    fields.emplace_back("cancel_requested_at", base::utc_text(*status.stop_requested_at));
  }
  return view;
}

}  // namespace engine::jobs
