#include "engine/jobs/run.hpp"

#include <algorithm>
#include <stdexcept>

namespace engine::jobs {

void Run::progress(int percent, std::string_view note) {
  if (percent < 0 || percent > 100) throw std::out_of_range{"progress is 0 to 100 percent"};
  if (note.size() > kNoteBytesMax) throw std::length_error{"a note of progress is too long"};
  state_.with([&](State& state) {
    state.percent = static_cast<std::int16_t>(percent);
    state.note = note;
    state.is_told = false;
  });
}

void Run::add_partial(const base::Json& piece) {
  std::string text = base::to_text(piece);
  state_.with([&](State& state) {
    if (state.pieces.size() >= kPartialsMax || state.piece_bytes + text.size() > kPartialBytesMax) {
      throw std::length_error{"a job shows at most 1000 partial results of 256 KiB in sum"};
    }
    state.piece_bytes += text.size();
    state.pieces.push_back(std::move(text));
    state.is_told = false;
  });
}

void Run::request_stop(StopReason reason) {
  state_.with([&](State& state) {
    if (state.reason == StopReason::kNone) state.reason = reason;
  });
  stop_.request_stop();
}

Run::StopReason Run::stop_reason() const {
  return state_.with([](const State& state) { return state.reason; });
}

std::optional<Run::Report> Run::take_report() {
  return state_.with([](State& state) -> std::optional<Report> {
    if (state.is_told) return std::nullopt;
    Report report{.number = ++state.reports,
                  .percent = state.percent,
                  .note = state.note,
                  .first_place = static_cast<std::int32_t>(state.pieces_told) + 1,
                  .pieces = {}};
    report.pieces.assign(state.pieces.begin() + static_cast<std::ptrdiff_t>(state.pieces_told),
                         state.pieces.end());
    state.pieces_told = state.pieces.size();
    state.is_told = true;
    return report;
  });
}

void Run::give_back(const Report& report) {
  state_.with([&](State& state) {
    state.pieces_told =
        std::min(state.pieces_told, static_cast<std::size_t>(report.first_place) - 1);
    state.is_told = false;
  });
}

}  // namespace engine::jobs
