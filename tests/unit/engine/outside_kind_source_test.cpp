#include "engine/requests/outside_kind_source.hpp"

#include "base/error.hpp"
#include "base/private_file.hpp"
#include "support/scratch_folder.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using base::Json;
using Catch::Matchers::Contains;
using engine::requests::outside_kinds_of;

namespace {

struct KindsCase {
  support::ScratchFolder folder;

  void write(const char* name, const char* content) {
    base::write_private_file(folder.path() / name, content);
  }
  [[nodiscard]] std::vector<engine::jobs::OutsideKind> read(const Json& list) const {
    return outside_kinds_of(list, folder.path());
  }
  [[nodiscard]] std::string refusal(const Json& kind) const {
    try {
      static_cast<void>(read(Json::array({kind})));
    } catch (const base::Error& error) {
      return error.what();
    }
    return "accepted";
  }
};

}  // namespace

TEST_CASE_METHOD(KindsCase,
                 "a kind has the limits that it names, or the usual",
                 "[unit][requests]") {
  write("args.json", R"({"type": "object"})");
  const auto kinds = read({{{"name", "acme.render"}},
                           {{"name", "acme.print"},
                            {"lease_s", 5},
                            {"time_limit_s", 7},
                            {"max_attempts", 2},
                            {"retry_first_s", 3},
                            {"retry_longest_s", 9},
                            {"running_max", 1},
                            {"result_bytes_max", 100},
                            {"events", {"page.printed"}},
                            {"args_schema", "args.json"}}});
  REQUIRE(kinds.size() == 2);
  CHECK(kinds[0].lease == 60s);
  CHECK(kinds[0].limits.running_max == 16);
  CHECK(kinds[0].max_attempts == 5);
  CHECK_FALSE(kinds[0].args_schema);
  CHECK(kinds[1].lease == 5s);
  CHECK(kinds[1].limits.time_limit == 7s);
  CHECK(kinds[1].limits.retry.longest == 9s);
  CHECK(kinds[1].limits.running_max == 1);
  CHECK(kinds[1].result_bytes_max == 100);
  CHECK(kinds[1].events == std::vector<std::string>{"page.printed"});
  CHECK(kinds[1].args_schema);
  CHECK_FALSE(kinds[1].result_schema);
}

TEST_CASE_METHOD(KindsCase, "a kind that is wrong is refused with the place", "[unit][requests]") {
  CHECK_THAT(refusal({{"name", "acme.render"}, {"colour", 1}}), Contains("acme.render: /colour"));
  CHECK_THAT(refusal({{"name", "acme.render"}, {"lease_s", 0}}), Contains("/lease_s"));
  CHECK_THAT(refusal({{"lease_s", 5}}), Contains("/name"));
  CHECK_THAT(refusal({{"name", "render"}}), Contains("is not like"));
  CHECK_THAT(refusal({{"name", "Acme.render"}}), Contains("is not like"));
  CHECK_THAT(refusal({{"name", "acme.a"}, {"events", {"done"}}}), Contains("events"));
  CHECK_THAT(refusal(7), Contains("must be a JSON object"));
  CHECK_THROWS_WITH(read({{{"name", "acme.a"}}, {{"name", "acme.a"}}}), Contains("is there twice"));
  CHECK_THROWS_WITH(read(Json::object()), Contains("not a list"));
}

TEST_CASE_METHOD(KindsCase, "a schema that is none is refused with its file", "[unit][requests]") {
  write("broken.json", "{");
  write("odd.json", R"({"type": "nothing"})");
  const auto with = [&](const char* file) {
    return refusal({{"name", "acme.render"}, {"result_schema", file}});
  };
  CHECK_THAT(with("absent.json"), Contains("absent.json is empty, or not there"));
  CHECK_THAT(with("broken.json"), Contains("broken.json is no JSON:"));
  CHECK_THAT(with("odd.json"), Contains("odd.json is no JSON Schema:"));
}
