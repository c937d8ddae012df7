#include "wire/topic.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstddef>

namespace wire {
namespace {

constexpr std::string_view kGeo = "earshot/v1/geo/";
constexpr std::string_view kHead = "earshot/v1/head/";
constexpr std::size_t kFirstLevelLetters = 3;
constexpr std::size_t kAreaLetters = 5;
constexpr std::size_t kLeafLetters = 7;

/// "9q8yyk9" after `prefix` as "9q8/y/y/k/9".
std::string levels(std::string_view prefix, std::string_view letters) {
  std::string topic{prefix};
  topic += letters.substr(0, kFirstLevelLetters);
  for (const char letter : letters.substr(kFirstLevelLetters)) {
    topic += '/';
    topic += letter;
  }
  return topic;
}

}  // namespace

std::string geo_topic(const geo::Cell& leaf) {
  const std::string letters = leaf.text();
  base::check(letters.size() == kLeafLetters, "events are published to 7-letter cells only");
  return levels(kGeo, letters);
}

std::string geo_filter(const geo::Cell& cell) {
  const std::string letters = cell.text();
  base::check(letters.size() >= kFirstLevelLetters && letters.size() <= kLeafLetters,
              "only cells of 3 to 7 letters have a filter");
  return levels(kGeo, letters) + (letters.size() == kLeafLetters ? "" : "/#");
}

std::string head_topic(const geo::Cell& area) {
  const std::string letters = area.text();
  base::check(letters.size() == kAreaLetters, "heads are kept for 5-letter areas only");
  return levels(kHead, letters);
}

std::string head_filter(const geo::Cell& cell) {
  const std::string letters = cell.text().substr(0, kAreaLetters);
  base::check(letters.size() >= kFirstLevelLetters, "only cells of 3 letters and more have heads");
  return levels(kHead, letters) + (letters.size() == kAreaLetters ? "" : "/#");
}

std::string user_job_topic(const Caller& caller, JobId job) {
  return "earshot/v1/users/" + caller.text() + "/jobs/" + job.text();
}

std::string token_topic(const Caller& caller) {
  return "earshot/v1/token/" + caller.text();
}

std::string status_topic() {
  return "earshot/v1/status";
}

std::optional<geo::Cell> cell_of_topic(std::string_view topic) {
  if (!topic.starts_with(kGeo)) return std::nullopt;
  std::string letters{topic.substr(kGeo.size())};
  letters.erase(std::remove(letters.begin(), letters.end(), '/'), letters.end());
  if (letters.size() != kLeafLetters) return std::nullopt;
  const auto cell = geo::parse_cell(letters);
  // Where the slashes stood, and anything else, is right if it comes out the same again.
  if (!cell || geo_topic(*cell) != topic) return std::nullopt;
  return cell;
}

}  // namespace wire
