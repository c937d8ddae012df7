#include "wire/json_schema.hpp"

#include <catch2/catch.hpp>

#include <string>

using base::Json;
using wire::JsonSchema;

namespace {

JsonSchema compiled(const char* text) {
  auto schema = JsonSchema::compile(Json::parse(text));
  REQUIRE(schema);
  return *schema;
}

std::string pointers(const JsonSchema& schema, const Json& value) {
  std::string all;
  for (const wire::FieldError& error : schema.errors_of(value, "/args")) all += error.pointer + " ";
  return all;
}

std::string refusal(const char* text) {
  const auto schema = JsonSchema::compile(Json::parse(text));
  return schema ? "" : schema.error();
}

}  // namespace

TEST_CASE("what a schema forbids is named by its place", "[unit][wire]") {
  const JsonSchema schema = compiled(R"({
    "type": "object", "required": ["pages"],
    "properties": {"pages": {"type": "array", "items": {"$ref": "#/definitions/page"}},
                   "pattern": {"type": "string", "maxLength": 3}},
    "definitions": {"page": {"type": "integer", "minimum": 1}}})");
  CHECK(pointers(schema, {{"pages", {1, 2}}, {"pattern", "abc"}}).empty());
  CHECK(pointers(schema, {{"pages", {1, 0}}}).starts_with("/args/pages/1 "));
  CHECK(pointers(schema, {{"pages", {1}}, {"pattern", "abcd"}}).starts_with("/args/pattern "));
  CHECK(pointers(schema, Json::object()).starts_with("/args "));
  CHECK(pointers(schema, 7).starts_with("/args "));
}

TEST_CASE("a schema that would not be kept is refused", "[unit][wire]") {
  CHECK(refusal(R"({"properties": {"a": {"pattern": "^a+$"}}})") == "'pattern' is not supported");
  CHECK(refusal(R"({"items": [{"format": "date-time"}]})") == "'format' is not supported");
  CHECK(refusal(R"({"$ref": "https://example.org/x.json"})") ==
        "'$ref' may only name a place in the same document");
  CHECK_FALSE(refusal(R"({"type": "nothing"})").empty());
  CHECK_FALSE(refusal(R"({"properties": 7})").empty());
  CHECK_FALSE(refusal("[]").empty());
  CHECK(refusal(R"({"const": {"pattern": "x"}})").empty());
}
