#include "base/time_text.hpp"

#include <fmt/chrono.h>

#include <charconv>

namespace base {
namespace {

/// Reads a text from its front; whatever does not fit makes it fail for good.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_{text} {}

  int digits(std::size_t count, int most) {
    int value = 0;
    const std::string_view part = rest_.substr(0, count);
    const auto end = std::from_chars(part.data(), part.data() + part.size(), value);
    const bool is_number = part.size() == count && part.front() != '-' && end.ec == std::errc{} &&
                           end.ptr == part.data() + count;
    is_good_ = is_good_ && is_number && value <= most;
    if (is_good_) rest_.remove_prefix(count);
    return is_good_ ? value : 0;
  }
  bool skips(std::string_view any_of) {
    const bool is_there = !rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos;
    if (is_there) rest_.remove_prefix(1);
    return is_there;
  }
  void expect(std::string_view any_of) { is_good_ = skips(any_of) && is_good_; }
  [[nodiscard]] char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  [[nodiscard]] bool is_done() const { return is_good_ && rest_.empty(); }
  [[nodiscard]] bool is_good() const { return is_good_; }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

std::chrono::milliseconds read_fraction(TimeReader& reader) {
  int value = 0;
  int scale = 100;
  do {
    value += scale * reader.digits(1, 9);
    scale /= 10;
  } while (reader.is_good() && reader.next() >= '0' && reader.next() <= '9');
  return std::chrono::milliseconds{value};
}

std::chrono::minutes read_offset(TimeReader& reader) {
  if (reader.skips("Zz")) return {};
  const int sign = reader.next() == '-' ? -1 : 1;
  reader.expect("+-");
  const std::chrono::hours hours{reader.digits(2, 23)};
  reader.expect(":");
  return sign * (hours + std::chrono::minutes{reader.digits(2, 59)});
}

}  // namespace

std::string utc_text(std::chrono::system_clock::time_point at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(at - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     rest);
}

std::optional<std::chrono::system_clock::time_point> parse_utc(std::string_view text) {
  using namespace std::chrono;
  TimeReader reader{text};
  const year year{reader.digits(4, 9999)};
  reader.expect("-");
  const month month{static_cast<unsigned>(reader.digits(2, 12))};
  reader.expect("-");
  const day day{static_cast<unsigned>(reader.digits(2, 31))};
  reader.expect("Tt ");
  const hours hour{reader.digits(2, 23)};
  reader.expect(":");
  const minutes minute{reader.digits(2, 59)};
  reader.expect(":");
  const seconds second{reader.digits(2, 59)};
  const milliseconds fraction = reader.skips(".") ? read_fraction(reader) : milliseconds{0};
  const minutes offset = read_offset(reader);
  const year_month_day date{year, month, day};
  if (!reader.is_done() || !date.ok()) return std::nullopt;
  // system_clock counts nanoseconds in 64 bits, and those end in 2262.
  if (year < std::chrono::year{1970} || year > std::chrono::year{2261}) return std::nullopt;
  return sys_days{date} + hour + minute + second + fraction - offset;
}

}  // namespace base
