#include "wire/envelope.hpp"

#include "base/check.hpp"
#include "base/json.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "wire/json_text.hpp"

#include <string>

// Cell, offset, prev, seconds, application, type, subject, epoch, then data: always strict JSON.

const fuzz::Target fuzz::target{.name = "envelope", .mutations = 5'000};

namespace {

using base::check;
using base::Json;

constexpr std::int64_t kLastSecond =
    9'223'372'036;  // Of the year 2262: what a clock of nanoseconds can say.

/// The text as JSON can carry it: what is not UTF-8 becomes U+FFFD.
Json carried(std::string_view text) {
  return Json::parse(base::to_text(Json(std::string{text})));
}

wire::Event event_of(fuzz::Words& words, std::string& epoch) {
  const auto cell = geo::parse_cell(words.next());
  const bool is_leaf = cell && cell->letters() >= 7;
  wire::Event event{.source_app = {},
                    .type = {},
                    .subject = {},
                    .cell = is_leaf ? cell->parent(7) : geo::cell_of({.lat = 0, .lon = 0}, 7),
                    .data = {},
                    .at = {}};
  event.offset = words.integer(1, INT64_MAX);
  event.prev = words.integer(0, INT64_MAX);
  event.at =
      std::chrono::system_clock::time_point{std::chrono::seconds{words.integer(0, kLastSecond)}};
  event.source_app = words.next();
  event.type = words.next();
  event.subject = words.next();
  epoch = words.next();
  const auto data = wire::parse_json(words.rest(), {.depth_max = 31});
  event.data = base::to_text(data ? *data : Json(nullptr));
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  std::string epoch;
  const wire::Event event = event_of(words, epoch);
  const std::string text = wire::envelope(event, epoch);
  check(text.find('\n') == std::string::npos, "an envelope is one line");
  check(wire::envelope(event, epoch) == text, "the same event is the same bytes");

  const auto parsed = wire::parse_json(text);
  if (!parsed) {
    // The only thing that plain JSON has and our own reading of it refuses.
    check(text.find("\\u0000") != std::string::npos && Json::accept(text), "an envelope is JSON");
    return 0;
  }
  const Json& json = *parsed;
  check(json.at("offset") == event.offset && json.at("prev") == event.prev, "offsets are exact");
  check(json.at("id") == carried(epoch + ':' + std::to_string(event.offset)), "the id is right");
  check(json.at("source") == carried("/earshot/" + event.source_app), "the source is right");
  check(json.at("type") == carried(event.type), "the type is right");
  check(json.at("subject") == carried(event.subject), "the subject is right");
  check(json.at("cell") == event.cell.text(), "the cell is right");
  check(json.at("data") == Json::parse(event.data), "the data is as it was");
  check(json.at("time").get_ref<const std::string&>().size() == 24, "a time has 24 characters");
  return 0;
}
