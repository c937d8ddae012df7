#include "broker/plugin/access_policy.hpp"

#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

// "filter", "topic" or "client", and any text: what own-ann wants to hear, to say, or to be called.

const fuzz::Target fuzz::target{.name = "access_policy", .mutations = 50'000};

namespace {

using base::check;
using Levels = std::vector<std::string>;

const wire::Caller& ann() {
  static const wire::Caller caller = *wire::Caller::from("own", "ann");
  return caller;
}

Levels levels_of(std::string_view text) {
  Levels levels{""};
  for (const char letter : text) {
    if (letter == '/') {
      levels.emplace_back();
    } else {
      levels.back() += letter;
    }
  }
  return levels;
}

/// MQTT 5, section 4.7, word by word.
bool matches(const Levels& filter, const Levels& topic) {
  const bool is_hidden = topic[0].starts_with('$') && (filter[0] == "+" || filter[0] == "#");
  if (is_hidden) return false;
  for (std::size_t at = 0; at < filter.size(); ++at) {
    if (filter[at] == "#") return true;
    if (at >= topic.size() || (filter[at] != "+" && filter[at] != topic[at])) {
      return false;
    }
  }
  return filter.size() == topic.size();
}

/// What the filter matches when every wildcard stands for this.
Levels instance_of(Levels filter, const std::string& word, std::size_t more) {
  const bool is_open = filter.back() == "#";
  if (is_open) filter.pop_back();
  std::replace(filter.begin(), filter.end(), std::string{"+"}, word);
  if (is_open) filter.insert(filter.end(), more, word);
  return filter;
}

/// What somebody may hear who is own-ann, by the table of the contract.
bool is_readable(const Levels& topic) {
  if (topic.size() < 3 || topic[0] != "earshot" || topic[1] != "v1") return false;
  const std::string& branch = topic[2];
  if (branch == "status") return topic.size() == 3;
  if (branch == "token") return topic.size() == 4 && topic[3] == "own-ann";
  // `users/own-ann/#` is `users/own-ann` as well, where nothing ever is.
  if (branch == "users") return topic.size() >= 4 && topic[3] == "own-ann";
  return (branch == "geo" || branch == "head") && topic.size() <= (branch == "geo" ? 8U : 6U);
}

/// The four letters that a filter of places fixes.
std::string area_of(const Levels& topic) {
  return topic.size() < 5 ? std::string{} : topic[3] + topic[4];
}

void check_filter(std::string_view filter) {
  if (!broker::may_subscribe(ann(), filter)) return;
  const Levels levels = levels_of(filter);
  static const std::vector<Levels> secrets = [] {
    std::vector<Levels> topics;
    for (const char* topic : {"earshot/v1/users/own-bob/jobs/1",
                              "earshot/v1/users/own-bob/replies",
                              "earshot/v1/token/own-bob",
                              "earshot/v1/ingest/own-ann/echo/say",
                              "earshot/v1/ingest/own-bob/echo/say",
                              "$SYS/broker/version",
                              "$CONTROL/earshot/v1",
                              "earshot",
                              "other"}) {
      topics.push_back(levels_of(topic));
    }
    return topics;
  }();
  for (const Levels& secret : secrets) check(!matches(levels, secret), "a secret is heard");

  const std::size_t room = levels[2] == "head" ? 6 : 8;
  std::string area;
  for (const char* word : {"0", "z", "own-bob", "9q8"}) {
    const std::size_t more = levels.size() <= room ? room - (levels.size() - 1) : 0;
    const Levels topic = instance_of(levels, word, more);
    check(matches(levels, topic), "an instance of a filter matches it");
    check(is_readable(topic), "more is heard than may be");
    if (levels[2] != "geo" && levels[2] != "head") continue;
    check(area_of(topic).size() == 4, "four letters are fixed");
    check(area.empty() || area == area_of(topic), "a filter stays within four letters");
    area = area_of(topic);
  }
}

void check_topic(std::string_view topic) {
  check(!broker::may_publish(ann(), topic, /*is_retained=*/true), "nothing retained");
  if (!broker::may_publish(ann(), topic, /*is_retained=*/false)) return;
  if (topic == broker::kControlTopic) return;
  const Levels levels = levels_of(topic);
  check(levels.size() == 6 && levels[0] == "earshot" && levels[1] == "v1" &&
            levels[2] == "ingest" && levels[3] == "own-ann" && !levels[4].empty() &&
            !levels[5].empty(),
        "own ingest topics and no others");
  check(topic.find_first_of("+#$ ") == topic.npos, "levels are plain");
}

void check_client(std::string_view id) {
  if (!broker::may_connect_as(ann(), id)) return;
  check(id.starts_with("own-ann.") && id.size() > 8 && id.size() <= 256, "her own, and no longer");
  check(id.find_first_of("/+#\n") == id.npos && id.find('\0') == id.npos, "plain");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const std::string_view way = words.next();
  if (way == "topic") {
    check_topic(words.rest());
  } else if (way == "client") {
    check_client(words.rest());
  } else {
    check_filter(words.rest());
  }
  return 0;
}
