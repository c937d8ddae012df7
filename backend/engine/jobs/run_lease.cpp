#include "engine/jobs/run_lease.hpp"

#include "wire/base64url.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace engine::jobs {
namespace {

constexpr std::size_t kTextMax = 128;

using Numbers = std::array<std::int64_t, 5>;

// "1.22.3": as many positive numbers, and nothing else.
std::optional<Numbers> numbers_of(std::string_view text) {
  Numbers numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t place = 0; place < numbers.size(); ++place) {
    if (place > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, numbers[place]);
    if (error != std::errc{} || numbers[place] <= 0) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional{numbers} : std::nullopt;
}

}  // namespace

std::string text_of(const RunLease& lease) {
  using std::chrono::milliseconds;
  const auto ends_at = std::chrono::floor<milliseconds>(lease.ends_at).time_since_epoch().count();
  return wire::to_base64url(fmt::format("{}.{}.{}.{}.{}",
                                        lease.job.value(),
                                        lease.batch.value,
                                        lease.attempt,
                                        lease.worker.value,
                                        ends_at));
}

std::optional<RunLease> parse_run_lease(std::string_view text) {
  constexpr std::int64_t kAttemptsMax = std::numeric_limits<std::int16_t>::max();
  constexpr std::int64_t kTimeMax = std::int64_t{1} << 43;  // The year 2248, in milliseconds.
  if (text.size() > kTextMax) return std::nullopt;
  const auto plain = wire::from_base64url(text);
  if (!plain) return std::nullopt;
  const auto numbers = numbers_of(*plain);
  if (!numbers) return std::nullopt;
  const auto [job, batch, attempt, worker, ends_at] = *numbers;
  if (attempt > kAttemptsMax || ends_at > kTimeMax) return std::nullopt;
  return RunLease{.job = wire::JobId{job},
                  .batch = {batch},
                  .attempt = static_cast<std::int16_t>(attempt),
                  .worker = {worker},
                  .ends_at = RunLease::Time{std::chrono::milliseconds{ends_at}}};
}

}  // namespace engine::jobs
