#include "wire/topic.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"

#include <algorithm>
#include <string>

// A geohash, then any topic: names and filters of MQTT, and the way back.

const fuzz::Target fuzz::target{.name = "topic", .mutations = 5'000};

namespace {

using base::check;
using geo::Cell;

/// Source: MQTT 3.1.1, section 4.7; our filters have no `+`.
bool matches(std::string_view filter, std::string_view topic) {
  if (!filter.ends_with("/#")) return filter == topic;
  filter.remove_suffix(2);
  return topic.starts_with(filter) &&
         (topic.size() == filter.size() || topic[filter.size()] == '/');
}

void check_name(std::string_view topic) {
  check(std::count(topic.begin(), topic.end(), '/') <= 7, "seven slashes is what brokers accept");
  for (const char letter : topic) {
    const bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                          (letter >= 'A' && letter <= 'Z') || letter == '_' || letter == '-';
    check(is_plain || letter == '/', "levels are of [A-Za-z0-9_-]");
  }
}

/// What a 7-letter cell is called, and which filters hear it: its own ancestors' and no sibling's.
void check_leaf(const Cell& leaf) {
  const std::string topic = wire::geo_topic(leaf);
  check_name(topic);
  check(wire::cell_of_topic(topic) == leaf, "a cell's topic is that cell's");
  check_name(wire::head_topic(leaf.parent(5)));
  for (int letters = 3; letters <= 7; ++letters) {
    const Cell cell = leaf.parent(letters);
    for (const Cell& sibling : cell.parent(letters - 1).children()) {
      check(matches(wire::geo_filter(sibling), topic) == (sibling == cell),
            "a filter hears its own cells and no others");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const auto cell = geo::parse_cell(words.next());
  if (cell && cell->letters() >= 7) check_leaf(cell->parent(7));

  const auto of_topic = wire::cell_of_topic(words.rest());
  check(!of_topic || wire::geo_topic(*of_topic) == words.rest(),
        "only a topic that we would write is read as one");
  return 0;
}
