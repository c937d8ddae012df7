#include "wire/head.hpp"

#include "base/json.hpp"

namespace wire {

std::string head_text(const Head& head, std::string_view epoch) {
  std::string text = R"({"epoch":)" + base::to_text(base::Json(epoch));
  text += R"(,"offset":)" + std::to_string(head.offset);
  text += R"(,"cells":{)";
  for (const auto& [letter, offset] : head.cells) {
    if (text.back() != '{') text += ',';
    text += '"';
    text += letter;
    text += "\":" + std::to_string(offset);
  }
  text += "}}";
  return text;
}

}  // namespace wire
