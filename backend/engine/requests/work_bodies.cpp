#include "engine/requests/work_bodies.hpp"

#include "engine/jobs/problems.hpp"
#include "engine/requests/preferences.hpp"
#include "engine/requests/taken_field.hpp"
#include "wire/fields.hpp"
#include "wire/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace engine::requests {
namespace {

constexpr std::size_t kKindsMax = 32;
constexpr std::size_t kEventsMax = 100;
constexpr int kClaimMax = 100;
constexpr int kEventLetters = 7;
constexpr wire::TextRule kLeaseRule{.code_points_min = 1, .code_points_max = 128};
constexpr wire::TextRule kNoteRule{.code_points_min = 0, .code_points_max = 256};
constexpr wire::TextRule kNameRule{.code_points_min = 1, .code_points_max = 100};
constexpr wire::TextRule kDetailRule{.code_points_min = 1, .code_points_max = 1'000};

wire::Problem invalid(std::string pointer, std::string detail) {
  return wire::problem::invalid_body(
      {{.pointer = std::move(pointer), .detail = std::move(detail)}});
}

wire::Problem invalid_result(std::vector<wire::FieldError> errors) {
  return {.status = 422,
          .type = "invalid-result",
          .title = "The result is not what its kind allows",
          .detail = "Nothing is stored and the lease is kept: send it again, or fail the attempt.",
          .errors = std::move(errors)};
}

base::Result<std::vector<std::string>, wire::Problem> kinds_of(
    const std::optional<base::Json>& list, const jobs::OutsideRuns& runs) {
  if (!list || !list->is_array() || list->empty() || list->size() > kKindsMax) {
    return base::fail(invalid("/kinds", fmt::format("must be a list of 1 to {} kinds", kKindsMax)));
  }
  std::vector<std::string> kinds;
  std::vector<wire::FieldError> errors;
  for (std::size_t place = 0; place < list->size(); ++place) {
    const base::Json& kind = (*list)[place];
    if (!kind.is_string() || runs.find(kind.get<std::string>()) == nullptr) {
      errors.push_back({.pointer = fmt::format("/kinds/{}", place),
                        .detail = "is not a kind of job that outside workers carry out"});
    } else if (std::ranges::find(kinds, kind.get<std::string>()) == kinds.end()) {
      kinds.push_back(kind.get<std::string>());
    }
  }
  if (!errors.empty()) return base::fail(wire::problem::invalid_body(std::move(errors)));
  return kinds;
}

// Where it happens: one of `cell`, and `lat` with `lon`.
std::optional<geo::Cell> cell_of_event(const std::optional<std::string>& cell,
                                       const std::optional<double>& lat,
                                       const std::optional<double>& lon) {
  if (cell.has_value() == lat.has_value() || lat.has_value() != lon.has_value()) return {};
  if (lat) return geo::cell_of({.lat = *lat, .lon = *lon}, kEventLetters);
  const auto parsed = geo::parse_cell(*cell);
  return parsed && parsed->letters() == kEventLetters ? parsed : std::nullopt;
}

base::Result<outbox::Event, wire::Problem> event_of(base::Json item,
                                                    const jobs::OutsideKind& kind,
                                                    wire::JobId job) {
  auto data = take_field(item, "data");
  wire::Fields fields{item};
  std::string type = fields.text("type", kNameRule);
  const auto cell = fields.optional_text("cell", kNameRule);
  const auto lat = fields.optional_number("lat", -90, 90);
  const auto lon = fields.optional_number("lon", -180, 180);
  auto subject = fields.optional_text("subject", kNameRule);
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  const auto where = cell_of_event(cell, lat, lon);
  if (!where) {
    return base::fail(invalid("/cell", "must be a cell of 7 letters, or else lat and lon"));
  }
  if (!data || !data->is_object()) return base::fail(invalid("/data", "must be a JSON object"));
  if (base::to_text(*data).size() > outbox::kDataBytesMax) {
    return base::fail(invalid("/data", "must be at most 32 KiB"));
  }
  if (std::ranges::find(kind.events, type) == kind.events.end()) {
    return base::fail(
        invalid_result({{.pointer = "/type", .detail = "is not a type that the kind declares"}}));
  }
  return outbox::Event{.type = std::move(type),
                       .subject = subject ? *std::move(subject) : job.text(),
                       .cell = *where,
                       .data = *std::move(data)};
}

base::Result<wire::Problem, wire::Problem> reported_problem(const base::Json& problem) {
  wire::Fields fields{problem};
  wire::Problem reported{
      .status = static_cast<int>(fields.optional_integer("status", 400, 599).value_or(500)),
      .type = fields.optional_text("type", kNameRule).value_or("attempt-failed"),
      .title = fields.optional_text("title", kDetailRule).value_or("The attempt failed"),
      .detail = fields.text("detail", kDetailRule)};
  auto wrong = std::move(fields).finish();
  const auto is_part = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  if (!wrong && !std::ranges::all_of(reported.type, is_part)) {
    wrong = invalid("/type", "must be lower-case words like no-such-picture");
  }
  if (!wrong) return reported;
  for (wire::FieldError& error : wrong->errors) error.pointer.insert(0, "/problem");
  return base::fail(*std::move(wrong));
}

}  // namespace

base::Result<AskedWork, wire::Problem> read_claim(std::string_view body,
                                                  const jobs::OutsideRuns& runs) {
  auto json = wire::parse_json(body);
  if (!json) return base::fail(json.error());
  const auto list = take_field(*json, "kinds");
  wire::Fields fields{*json};
  const auto limit = fields.optional_integer("limit", 1, kClaimMax);
  const auto wait = fields.optional_integer("wait", 0, kWaitMax.count());
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  auto kinds = kinds_of(list, runs);
  if (!kinds) return base::fail(kinds.error());
  return AskedWork{.kinds = *std::move(kinds),
                   .limit = static_cast<int>(limit.value_or(1)),
                   .wait = std::chrono::seconds{wait.value_or(0)}};
}

base::Result<WorkCall, wire::Problem> read_call(const http::Request& request) {
  auto json = wire::parse_json(request.body);
  if (!json) return base::fail(json.error());
  auto text = take_field(*json, "lease");
  const base::Json object = text ? base::Json{{"lease", *text}} : base::Json::object();
  wire::Fields fields{json->is_object() ? object : *json};
  const std::string lease = fields.text("lease", kLeaseRule);
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  const auto job = wire::JobId::parse(request.path_parameters.at("id"));
  const auto held = jobs::parse_run_lease(lease);
  if (!job || !held || held->job != *job) return base::fail(jobs::problem::lease_lost());
  return WorkCall{.lease = *held, .rest = *std::move(json)};
}

base::Result<jobs::OutsideRuns::Progress, wire::Problem> read_progress(base::Json rest) {
  const auto partial = take_field(rest, "partial");
  wire::Fields fields{rest};
  const auto percent = fields.optional_integer("percent", 0, 100);
  jobs::OutsideRuns::Progress progress;
  progress.note = fields.optional_text("note", kNoteRule);
  const auto first = fields.optional_integer("first_place", 1, jobs::Run::kPartialsMax);
  if (auto problem = std::move(fields).finish()) return base::fail(std::move(*problem));
  if (percent) progress.percent = static_cast<std::int16_t>(*percent);
  if (first) progress.first_place = static_cast<std::int32_t>(*first);
  if (!partial) return progress;
  if (!partial->is_array() || partial->size() > jobs::Run::kPartialsMax) {
    return base::fail(invalid("/partial", "must be a list of at most 1000 pieces"));
  }
  for (const base::Json& piece : *partial) progress.pieces.push_back(base::to_text(piece));
  return progress;
}

base::Result<jobs::Completed, wire::Problem> read_completed(base::Json rest,
                                                            const jobs::OutsideKind& kind,
                                                            wire::JobId job) {
  const bool has_result = rest.contains("result");
  auto result = take_field(rest, "result");
  const auto events = take_field(rest, "events");
  if (auto problem = refuse_rest(rest)) return base::fail(std::move(*problem));
  if (!has_result) return base::fail(invalid("/result", "must be there"));
  jobs::Completed completed{.result = result ? *std::move(result) : base::Json{}, .events = {}};
  if (base::to_text(completed.result).size() > kind.result_bytes_max) {
    return base::fail(invalid_result(
        {{.pointer = "/result",
          .detail = fmt::format("must be at most {} bytes", kind.result_bytes_max)}}));
  }
  if (kind.result_schema) {
    auto errors = kind.result_schema->errors_of(completed.result, "/result");
    if (!errors.empty()) return base::fail(invalid_result(std::move(errors)));
  }
  if (!events) return completed;
  if (!events->is_array() || events->size() > kEventsMax) {
    return base::fail(invalid("/events", "must be a list of at most 100 events"));
  }
  for (std::size_t place = 0; place < events->size(); ++place) {
    auto event = event_of((*events)[place], kind, job);
    if (event) {
      completed.events.push_back(*std::move(event));
      continue;
    }
    for (wire::FieldError& error : event.error().errors) {
      error.pointer.insert(0, fmt::format("/events/{}", place));
    }
    return base::fail(event.error());
  }
  return completed;
}

base::Result<jobs::OutsideRuns::Failed, wire::Problem> read_failed(base::Json rest) {
  constexpr std::int64_t kRetryMax_s = 30 * 86'400;
  auto problem = take_field(rest, "problem");
  const auto retry = take_field(rest, "retry");
  wire::Fields fields{rest};
  const auto reason = fields.optional_text("reason", kDetailRule);
  const auto retry_in_s = fields.optional_integer("retry_in_s", 0, kRetryMax_s);
  if (auto wrong = std::move(fields).finish()) return base::fail(std::move(*wrong));
  if (retry && !retry->is_boolean()) {
    return base::fail(invalid("/retry", "must be true or false"));
  }
  if (reason.has_value() == problem.has_value()) {
    return base::fail(invalid("/reason", "must be there, or else a problem"));
  }
  const auto reported = reported_problem(reason ? base::Json{{"detail", *reason}} : *problem);
  if (!reported) return base::fail(reported.error());
  jobs::OutsideRuns::Failed failed{.problem = *reported};
  failed.is_retried = !retry || retry->get<bool>();
  if (retry_in_s) failed.retry_in = std::chrono::seconds{*retry_in_s};
  return failed;
}

std::optional<wire::Problem> refuse_rest(const base::Json& rest) {
  return wire::Fields{rest}.finish();
}

}  // namespace engine::requests
