#include "wire/caller.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "wire/job_id.hpp"
#include "wire/topic.hpp"

// Alias and name of a caller, or the text of both: one caller, one text, fit for a topic.

const fuzz::Target fuzz::target{.name = "caller", .mutations = 20'000};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using base::check;
  const std::string_view input = fuzz::text_of(bytes, size);
  if (const auto caller = wire::Caller::parse(input)) {
    check(caller->text() == input, "a caller has one text");
  }

  fuzz::Words words{input};
  const std::string_view alias = words.next();
  const auto caller = wire::Caller::from(alias, words.rest());
  if (!caller) return 0;
  check(caller->alias() == alias && caller->sub() == words.rest(), "nothing is lost");
  check(caller->text().size() <= 200, "a caller's text is bounded");
  check(wire::Caller::parse(caller->text()) == caller, "the text leads back to the caller");
  const std::string topic = wire::user_job_topic(*caller, wire::JobId{1});
  check(topic.find_first_of("+#") == std::string::npos &&
            topic == "earshot/v1/users/" + caller->text() + "/jobs/0000000000001",
        "no name escapes its level");
  check(caller->text().find('/') == std::string::npos, "a caller is one level");
  return 0;
}
