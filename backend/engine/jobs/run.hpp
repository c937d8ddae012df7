#pragma once

#include "base/guarded.hpp"
#include "base/json.hpp"
#include "engine/jobs/job.hpp"
#include "pg/pool.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace engine::jobs {

/// One attempt at a long job: what its handler has of it, and what its supervisor asks of it.
///
/// Threads: any. It outlives its handler.
class Run {
 public:
  static constexpr std::size_t kPartialsMax = 1'000;
  static constexpr std::size_t kPartialBytesMax = std::size_t{256} * 1024;  // In sum.
  static constexpr std::size_t kNoteBytesMax = 1'024;

  /// `database` lends the handler its connections.
  Run(Job job, pg::Pool& database) : job_{std::move(job)}, database_{database} {}

  [[nodiscard]] const Job& job() const noexcept { return job_; }

  /// Says how far the work is. Ten times a second somebody is told, and of the last always.
  /// Units:  `percent` in [0, 100].
  /// Errors: std::length_error for a note longer than kNoteBytesMax; std::out_of_range.
  void progress(int percent, std::string_view note);

  /// Shows a piece of what comes of it before the rest is there.
  /// Errors: std::length_error when there are more, or they are larger, than a job may show.
  void add_partial(const base::Json& piece);

  /// Requested when the work is not wanted any more: cancelled, too long, lost to somebody else, or
  /// the service ends. The handler returns none within a second or so; later its thread is given
  /// up.
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

  /// A connection to read with, given back when the lease ends. What is to be stored is returned
  /// instead, because here nothing keeps a lost run from writing.
  [[nodiscard]] pg::Lease database() const { return database_.acquire(stop()); }

  // For its supervisor.

  enum class StopReason { kNone, kAsked, kTimeLimit, kLost, kShutdown };
  /// The first reason stands.
  void request_stop(StopReason reason);
  [[nodiscard]] StopReason stop_reason() const;

  /// What is to be told: numbered, so that of two on their way the later one stands.
  struct Report {
    std::int32_t number{0};
    std::optional<std::int16_t> percent;
    std::optional<std::string> note;
    std::int32_t first_place{1};
    std::vector<std::string> pieces;  // JSON texts
  };
  /// What is new since the last one; none: nothing.
  [[nodiscard]] std::optional<Report> take_report();
  /// It could not be stored: it is in the next one.
  void give_back(const Report& report);

 private:
  struct State {
    StopReason reason{StopReason::kNone};
    std::int32_t reports{0};
    std::optional<std::int16_t> percent;
    std::optional<std::string> note;
    bool is_told{true};
    std::vector<std::string> pieces;  // All, for a report that has to be made again.
    std::size_t piece_bytes{0};
    std::size_t pieces_told{0};
  };

  const Job job_;
  pg::Pool& database_;
  std::stop_source stop_;
  base::Guarded<State> state_;
};

}  // namespace engine::jobs
