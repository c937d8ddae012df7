#include "apps/ask_around_me/ask_question.hpp"
#include "apps/echo/say.hpp"
#include "base/check.hpp"
#include "fuzz/target.hpp"
#include "fuzz/words.hpp"
#include "geo/cell.hpp"
#include "wire/json_text.hpp"
#include "wire/utf8.hpp"

#include <optional>
#include <string>

// A word that names a command, then its body: a 400, or arguments within all limits.

const fuzz::Target fuzz::target{.name = "commands", .mutations = 20'000};

namespace {

using base::check;
using base::Json;
using engine::requests::ParseCommand;

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const auto point = wire::first_code_point(text);
    check(point.has_value(), "stored text is UTF-8");
    check(point->value >= 0x20 || point->value == '\n' || point->value == '\t',
          "stored text has no control character");
    text.remove_prefix(point->bytes);
  }
  return count;
}

void check_text(const Json& args) {
  const std::size_t length = code_points(args.at("text").get<std::string>());
  check(length >= 1 && length <= 280, "a text has 1 to 280 characters");
}

void check_note(const Json& args) {
  check(args.size() == 1, "a note is its text");
  check_text(args);
}

void check_question(const Json& args) {
  check(args.size() == 4, "a question is text, kind, cell and expiry: no exact position");
  check_text(args);
  const std::string kind = args.at("kind").get<std::string>();
  check(kind == "stars" || kind == "places", "the kind is one of two");
  const std::string cell = args.at("cell").get<std::string>();
  check(cell.size() == 7 && geo::parse_cell(cell).has_value(), "the place is a 7-letter cell");
  const auto expires_in_s = args.at("expires_in_s").get<std::int64_t>();
  check(expires_in_s >= 60 && expires_in_s <= 7 * 86'400, "the expiry is in range");
}

void check_problem(const wire::Problem& problem) {
  check(problem.status == 400, "a bad body is the client's fault");
  check(problem.errors.size() <= 20, "listed errors are bounded");
  check(!wire::to_json(problem).dump().empty(), "a problem can be told");  // Throws if not UTF-8.
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto caller = wire::Caller::from("own", "guest-1");
  static const http::Request request;
  fuzz::Words words{fuzz::text_of(bytes, size)};
  const bool is_note = words.next() == "say";
  const auto body = wire::parse_json(words.rest());
  if (!body) return 0;

  const ParseCommand parse = is_note ? &echo::Say::parse : &ask_around_me::AskQuestion::parse;
  const auto args = parse({.http = request, .caller = *caller, .body = *body});
  if (!args) {
    check_problem(args.error());
  } else if (is_note) {
    check_note(*args);
  } else {
    check_question(*args);
  }
  return 0;
}
