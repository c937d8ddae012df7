#include "wire/job_id.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"

// A number, then any text: an id has one text, and texts sort as ids do.

const fuzz::Target fuzz::target{.name = "job_id", .mutations = 20'000};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using base::check;
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const wire::JobId id{words.integer(1, INT64_MAX)};
  check(id.text().size() == 13, "an id has 13 letters");
  check(wire::JobId::parse(id.text()) == id, "an id's text is that id");

  const auto other = wire::JobId::parse(words.rest());
  if (!other) return 0;
  check(other->text() == words.rest() && other->value() > 0, "an id has one text");
  check((*other < id) == (other->text() < id.text()), "texts sort as ids do");
  return 0;
}
