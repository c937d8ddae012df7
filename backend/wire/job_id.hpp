#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wire {

/// The tracking id of a job, on the wire and in the database.
///
/// Shape:  the text is 13 letters of `0123456789abcdefghjkmnpqrstvwxyz`; texts sort as the numbers.
/// Limits: 1 to 2^63-1.
class JobId {
 public:
  explicit JobId(std::int64_t value);

  /// Exactly what `text` gives, and nothing else: no capitals, no shorter forms.
  [[nodiscard]] static std::optional<JobId> parse(std::string_view text);

  [[nodiscard]] std::int64_t value() const { return value_; }
  [[nodiscard]] std::string text() const;

  [[nodiscard]] friend auto operator<=>(const JobId&, const JobId&) = default;

 private:
  std::int64_t value_;
};

}  // namespace wire
