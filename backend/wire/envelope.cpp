#include "wire/envelope.hpp"

#include "base/json.hpp"
#include "base/time_text.hpp"

#include <algorithm>

namespace wire {
namespace {

/// Text between quotes. What the service makes itself needs no escape, and that is the fast way.
std::string in_quotes(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char letter) {
    return letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
  });
  if (!is_plain) return base::to_text(base::Json(text));
  std::string plain;
  plain.reserve(text.size() + 2);
  plain += '"';
  plain += text;
  plain += '"';
  return plain;
}

}  // namespace

std::string envelope(const Event& event, std::string_view epoch) {
  const std::string offset = std::to_string(event.offset);
  std::string text;
  text.reserve(event.data.size() + 512);  // The rest is about 400 bytes.
  text += R"({"specversion":"1.0","id":)";
  text += in_quotes(std::string{epoch} + ':' + offset);
  text += R"(,"source":)";
  text += in_quotes("/earshot/" + event.source_app);
  text += R"(,"type":)";
  text += in_quotes(event.type);
  text += R"(,"time":)";
  text += in_quotes(base::utc_text(event.at));
  text += R"(,"subject":)";
  text += in_quotes(event.subject);
  text += R"(,"epoch":)";
  text += in_quotes(epoch);
  text += R"(,"offset":)";
  text += offset;
  text += R"(,"prev":)";
  text += std::to_string(event.prev);
  text += R"(,"cell":)";
  text += in_quotes(event.cell.text());
  if (event.traceparent) text += R"(,"traceparent":)" + in_quotes(*event.traceparent);
  if (event.request_id) text += R"(,"requestid":)" + in_quotes(*event.request_id);
  text += R"(,"data":)";
  text += event.data;
  text += '}';
  return text;
}

}  // namespace wire
