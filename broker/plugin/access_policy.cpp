#include "broker/plugin/access_policy.hpp"

#include "geo/cell.hpp"

#include <algorithm>
#include <optional>

namespace broker {
namespace {

constexpr std::string_view kRoot = "earshot/v1/";
constexpr std::size_t kClientIdBytesMax = 256;
constexpr std::size_t kFilterBytesMax = 512;  // The longest useful ones have less than 300.
constexpr std::size_t kFirstLevelLetters = 3;
constexpr std::size_t kGeoLetters = 7;
constexpr std::size_t kHeadLetters = 5;

/// The levels of a topic or filter, one after the other.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_{text} {}

  [[nodiscard]] bool is_at_end() const { return !rest_; }

  /// The next level; there is one, as long as it is not at the end.
  [[nodiscard]] std::string_view next() {
    const std::string_view text = *rest_;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
      rest_.reset();
      return text;
    }
    rest_ = text.substr(slash + 1);
    return text.substr(0, slash);
  }

 private:
  std::optional<std::string_view> rest_;
};

bool is_word(std::string_view level) {
  return !level.empty() && std::ranges::all_of(level, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-';
  });
}

bool is_geohash(std::string_view level, std::size_t letters) {
  const bool is_lower_case =
      std::ranges::none_of(level, [](char letter) { return letter >= 'A' && letter <= 'Z'; });
  return level.size() == letters && is_lower_case && geo::parse_cell(level).has_value();
}

/// `9q8/y/+/#`: three letters, then one a level, of `letters` in all; the first `letters_min`
/// fixed. Nothing is below the last letter, so nobody may listen there.
bool is_area_filter(Levels levels, std::size_t letters, std::size_t letters_min) {
  std::size_t fixed = 0;
  bool is_all_fixed = true;
  for (std::size_t seen = 0; !levels.is_at_end();) {
    const std::string_view level = levels.next();
    if (level == "#") return levels.is_at_end() && seen < letters && fixed >= letters_min;
    const std::size_t size = seen == 0 ? kFirstLevelLetters : 1;
    seen += size;
    if (seen > letters) return false;
    if (level == "+") {
      is_all_fixed = false;
    } else if (!is_geohash(level, size)) {
      return false;
    }
    if (is_all_fixed) fixed = seen;
    if (levels.is_at_end()) return seen == letters && fixed >= letters_min;
  }
  return false;
}

/// `<caller>/…`: below their own name everything is theirs.
bool is_own_filter(Levels levels, const wire::Caller& caller) {
  if (levels.is_at_end() || levels.next() != caller.text() || levels.is_at_end()) return false;
  while (!levels.is_at_end()) {
    const std::string_view level = levels.next();
    if (level == "#") return levels.is_at_end();
    if (level != "+" && !is_word(level)) return false;
  }
  return true;
}

}  // namespace

bool may_connect_as(const wire::Caller& caller, std::string_view client_id) {
  const std::string& name = caller.text();
  return client_id.size() <= kClientIdBytesMax && client_id.starts_with(name) &&
         client_id.size() > name.size() + 1 && client_id[name.size()] == '.' &&
         std::ranges::all_of(client_id, [](char letter) {
           return letter == '.' || is_word({&letter, 1});
         });
}

bool may_subscribe(const wire::Caller& caller,
                   std::string_view filter,
                   const PolicyOptions& options) {
  if (filter.size() > kFilterBytesMax || !filter.starts_with(kRoot)) return false;
  Levels levels{filter.substr(kRoot.size())};
  const std::string_view branch = levels.next();
  if (branch == "status") return levels.is_at_end();
  if (levels.is_at_end()) return false;
  if (branch == "geo") return is_area_filter(levels, kGeoLetters, options.geo_letters_min);
  if (branch == "head") return is_area_filter(levels, kHeadLetters, options.geo_letters_min);
  if (branch == "users") return is_own_filter(levels, caller);
  if (branch == "token") return levels.next() == caller.text() && levels.is_at_end();
  return false;
}

bool may_publish(const wire::Caller& caller, std::string_view topic, bool is_retained) {
  if (is_retained) return false;
  if (topic == kControlTopic) return true;
  constexpr std::string_view kIngest = "earshot/v1/ingest/";
  if (!topic.starts_with(kIngest)) return false;
  Levels levels{topic.substr(kIngest.size())};
  if (levels.next() != caller.text() || levels.is_at_end()) return false;
  if (!is_word(levels.next()) || levels.is_at_end()) return false;
  return is_word(levels.next()) && levels.is_at_end();
}

}  // namespace broker
